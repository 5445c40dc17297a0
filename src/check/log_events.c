/* check/log_events.c - STORE_LOGS: log streams and their events (docs/format/logs.md, "What always
 * holds"). */
#include "check/internal.h"

#include "logs/internal.h"

#define HEAD_SIZE 9         /* id, letter */
#define EVENT_SIZE_EXTRA 26 /* of each event, beside its message: AWS's */

static const struct check_kind lost_event = {
    "log-event", "a log event is not found in its stream, or a stream has one that is not there"};
static const struct check_kind lost_stream = {
    "log-stream", "a log stream is not found by its name, or its events are not shown"};
static const struct check_kind wrong_figures = {"log-figures",
                                                "DescribeLogGroups tells storedBytes by it"};

struct walk {
    uint64_t id;
    struct bytes name;
    bool begun, is_known, has_figures;
    struct log_figures told, counted;
};

static bool has(struct check *check, const struct log_key *key, struct bytes *ret)
{
    return check_get(check, STORE_LOGS, log_key_bytes(key), ret);
}

static void tell(struct check *check, const struct check_kind *kind, const struct walk *walk,
                 struct bytes key, const char *expected)
{
    check_find(
        check, kind, "logs",
        check_text(check, "log group \"%.*s\", %c, %.*s", BYTES_ARG(walk->name), key.ptr[8],
                   BYTES_ARG(check_bytes_text(check, bytes_slice(key, HEAD_SIZE, key.size)))),
        bytes_of_text(expected), BYTES("none"));
}

static enum status read_event(struct check *check, struct walk *walk, struct bytes key,
                              struct bytes value)
{
    struct log_record record;
    struct log_place place = {0};
    struct log_key wanted;
    struct bytes there;
    enum status status = log_record_decode(value, &record);

    if (status != OK || !log_key_place(key, &place))
        return status != OK ? status : CORRUPT;
    walk->counted.events++;
    walk->counted.bytes += record.message.size + EVENT_SIZE_EXTRA;
    log_key_stream_event(&wanted, walk->id, record.stream_id, place);
    if (!has(check, &wanted, &there))
        tell(check, &lost_event, walk, key, "an entry in its stream");
    return place.position <= check->last_position ? OK : CORRUPT;
}

static enum status read_stream_event(struct check *check, struct walk *walk, struct bytes key,
                                     struct bytes value)
{
    struct log_record record;
    struct log_place place = {0};
    struct log_key wanted;
    struct bytes there;

    if (!log_key_place(key, &place) || key.size != HEAD_SIZE + 24 || value.size != 0)
        return CORRUPT;
    log_key_event(&wanted, walk->id, place);
    if (!has(check, &wanted, &there) || log_record_decode(there, &record) != OK ||
        record.stream_id != bytes_get_u64(key.ptr + HEAD_SIZE))
        tell(check, &lost_event, walk, key, "the event of this stream");
    return OK;
}

static enum status read_stream(struct check *check, struct walk *walk, struct bytes key,
                               struct bytes value)
{
    struct log_stream_view stream = {0};
    struct log_key wanted;
    struct bytes name;
    enum status status = log_stream_decode(value, &stream);

    if (status != OK)
        return status;
    log_key_stream_name(&wanted, walk->id, stream.id);
    if (!has(check, &wanted, &name) || !bytes_equal(name, log_key_name(key)))
        tell(check, &lost_stream, walk, key, "its name under its id");
    return OK;
}

static enum status read_name(struct check *check, struct walk *walk, struct bytes key,
                             struct bytes value)
{
    struct log_key wanted;
    struct bytes there;

    if (key.size != HEAD_SIZE + 8)
        return CORRUPT;
    log_key_stream(&wanted, walk->id, value);
    if (!has(check, &wanted, &there))
        tell(check, &lost_stream, walk, key, "the stream of that name");
    return OK;
}

static enum status read_figures(struct check *check, struct walk *walk, struct bytes key,
                                struct bytes value)
{
    (void)check, (void)key;
    walk->has_figures = true;
    return log_figures_decode(value, &walk->told);
}

static enum status read_doomed(struct check *check, struct walk *walk, struct bytes key,
                               struct bytes value)
{
    uint64_t group_id = 0, stream_id = 0;

    (void)check, (void)walk;
    return log_key_ids(key, &group_id, &stream_id) && value.size == 0 ? OK : CORRUPT;
}

static const struct {
    char letter;
    enum status (*read)(struct check *check, struct walk *walk, struct bytes key,
                        struct bytes value);
    const char *expected;
} rows[] = {
    {LOG_KEY_FIGURES, read_figures, "figures of the group"},
    {LOG_KEY_DOOMED, read_doomed, "a deleted stream"},
    {LOG_KEY_EVENT, read_event, "an event"},
    {LOG_KEY_STREAM_NAME, read_name, "a stream's name"},
    {LOG_KEY_STREAM, read_stream, "a stream"},
    {LOG_KEY_STREAM_EVENT, read_stream_event, "an event of a stream"},
};

static void end_group(struct check *check, const struct walk *walk)
{
    if (!walk->is_known || (walk->has_figures && walk->told.events == walk->counted.events &&
                            walk->told.bytes == walk->counted.bytes))
        return;
    check_find(check, &wrong_figures, "logs",
               check_text(check, "log group \"%.*s\"", BYTES_ARG(walk->name)),
               check_text(check, "%llu events, %llu bytes: they were counted",
                          (unsigned long long)walk->counted.events,
                          (unsigned long long)walk->counted.bytes),
               check_text(check, "%llu events, %llu bytes", (unsigned long long)walk->told.events,
                          (unsigned long long)walk->told.bytes));
}

/* Group 0 has what is to be deleted of others. */
static void begin_group(struct check *check, struct walk *walk, struct bytes key)
{
    *walk = (struct walk){.begun = true, .id = bytes_get_u64(key.ptr)};
    walk->is_known = check_id_name(check, CHECK_LOG_GROUP, walk->id, &walk->name);
    if (!walk->is_known && walk->id != 0)
        check_find_nobodys(check, "logs", key, "a row of a log group", walk->id);
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct walk *walk = context;
    enum status status = CORRUPT;
    const char *expected = "the id of a log group and a letter";

    if (key.size >= HEAD_SIZE && (!walk->begun || walk->id != bytes_get_u64(key.ptr))) {
        end_group(check, walk);
        begin_group(check, walk, key);
    }
    for (size_t i = 0; key.size >= HEAD_SIZE && i < ARRAY_COUNT(rows); i++) {
        if ((char)key.ptr[8] != rows[i].letter)
            continue;
        status = rows[i].read(check, walk, key, value);
        expected = rows[i].expected;
    }
    if (status != OK)
        check_find_unreadable(check, STORE_LOGS, key, status, expected);
}

void check_log_events(struct check *check)
{
    struct walk walk = {0};

    check_scan_all(check, STORE_LOGS, take_row, &walk);
    if (!check->damaged[STORE_LOGS])
        end_group(check, &walk);
}
