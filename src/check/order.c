/* check/order.c - STORE_ORDER and STORE_STREAMS, held against the items (docs/format/order.md):
 *
 *   1. an event that has a position has exactly one entry in its run
 *   2. it has a row in its stream, or stands in the stream's line; no other rows are there
 *   3. positions of one table's events differ
 *   4. a run counts its entries, and none stands behind its last position
 *
 * Items of a stream come in the order of their versions, and so do most rows that older folders
 * have for each of them: they are read side by side, and only a row out of turn is looked up. */
#include "check/internal.h"

#include "order/internal.h"

#include <stdlib.h>

static const struct check_kind lost_in_run = {
    "order-missing", "who reads the log, or follows it, does not see the event"};
static const struct check_kind stray_in_run = {
    "order-stray", "who reads the log fails at an event that is not there"};
static const struct check_kind lost_in_stream = {
    "stream-missing",
    "who reads the stream by its position does not see the event, or others of it"};
static const struct check_kind bad_line = {
    "line", "who reads the stream by its position does not see its events"};
static const struct check_kind stray_in_stream = {
    "stream-stray", "who reads the stream fails at an event that is not there"};
static const struct check_kind wrong_run = {
    "run", "counts of logs and types are wrong, or a reader that waits misses what is new"};
static const struct check_kind doubled = {
    "position-doubled", "two events claim one place in the order; a reader that stops between them "
                        "misses one"};

/* ---- runs ---- */

static struct check_run *run_of(struct check *check, struct check_table *table, struct bytes names)
{
    struct check_run *run = map_get(&table->runs, names);

    if (run != NULL)
        return run;
    run = ARENA_NEW(check->arena, struct check_run);
    map_put(&table->runs, names, run);
    return run;
}

static void take_run(struct check *check, struct check_table *table, struct bytes key,
                     struct bytes value)
{
    struct order_run record = {0};
    struct bytes rest = bytes_slice(key, ORDER_PREFIX_SIZE, key.size), names = rest, part;
    enum status status = order_run_read(value, &record);

    for (int names_left = 2; status == OK && names_left > 0; names_left--) /* log and type */
        if (!order_key_part_read(&rest, check->scratch, &part))
            status = CORRUPT;
    if (status == OK && rest.size > 0)
        status = CORRUPT;
    if (status != OK) {
        check_find_unreadable(check, STORE_ORDER, key, status, "a run: number, events, position");
        return;
    }
    *run_of(check, table, names) = (struct check_run){.number = record.number,
                                                      .has_record = true,
                                                      .events = record.events,
                                                      .last_position = record.last_position};
}

static void take_state(struct check *check, struct check_table *table, struct bytes key,
                       struct bytes value)
{
    struct order_filling filling = {0};
    enum status status = OK;

    if (key.size == 6 && key.ptr[5] == ORDER_STATE_FILLING) {
        status = order_filling_read(value, &filling);
        table->is_filled = filling.done;
    } else if (key.size == 6 && key.ptr[5] == ORDER_STATE_NEXT_RUN && value.size == 4) {
        table->next_run = bytes_get_u32(value.ptr);
    } else {
        status = CORRUPT;
    }
    if (status != OK)
        check_find_unreadable(check, STORE_ORDER, key, status, "is it filled, or the next run");
}

static void load_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct check_table *table = context;

    if (key.ptr[4] == ORDER_STATE)
        take_state(check, table, key, value);
    else
        take_run(check, table, key, value);
}

/* They are few, and known before the items are read. */
void check_order_load(struct check *check)
{
    for (size_t i = 0; i < check->table_count; i++) {
        struct check_table *table = &check->tables[i];
        uint8_t from[ORDER_PREFIX_SIZE] = {0}, to[ORDER_PREFIX_SIZE] = {0};

        bytes_put_u32(from, table->id);
        bytes_put_u32(to, table->id);
        from[4] = ORDER_STATE;
        to[4] = ORDER_OF_RUN;
        if (!table->is_backup)
            check_scan(check, STORE_ORDER, bytes_of(from, sizeof from), bytes_of(to, sizeof to),
                       load_row, table);
    }
}

/* ---- what must be there ---- */

static void expect_in_run(struct check *check, const struct check_table *table, uint32_t run,
                          const struct order_event *event, uint64_t position)
{
    uint8_t key[ORDER_PREFIX_SIZE + 12];
    uint8_t *value = arena_alloc(check->scratch, 8 + event->id.size);

    bytes_put_u32(key, table->id);
    key[4] = ORDER_OF_RUN;
    bytes_put_u32(key + ORDER_PREFIX_SIZE, run);
    bytes_put_u64(key + ORDER_PREFIX_SIZE + 4, position);
    bytes_put_u64(value, event->version);
    memcpy(value + 8, event->id.ptr, event->id.size);
    facts_expect(check->order_rows, bytes_of(key, sizeof key), bytes_of(value, 8 + event->id.size));
}

/* ---- the line of a stream ---- */

static void next_row(struct check_line *line)
{
    struct bytes key, value;

    if (line->rows == NULL)
        return;
    if (store_iter_next(line->rows, &key, &value)) {
        line->has_rows = true;
        line->row = bytes_get_u64(key.ptr + key.size - 8);
        return;
    }
    store_iter_free(line->rows);
    line->rows = NULL;
}

static void begin_line(struct check *check, struct bytes stream)
{
    struct check_line *line = &check->line;
    struct order_line record = ORDER_LINE;
    struct bytes value;

    store_iter_free(line->rows);
    buffer_clear(&line->stream);
    buffer_append(&line->stream, stream);
    buffer_append_u64(&line->stream, 1);
    line->rows = store_iter_new(check->store, NULL, STORE_STREAMS, buffer_bytes(&line->stream),
                                order_key_behind(check->scratch, stream), false);
    line->stream.size = stream.size;
    line->has_rows = false;
    next_row(line);
    if (check_get(check, STORE_STREAMS, stream, &value) && order_line_read(value, &record) != OK)
        record = ORDER_LINE; /* what stands there is told when its family is read */
    line->first = record.first;
    line->run = record.run;
    line->floor = record.floor;
    line->version = line->position = 0;
}

static bool has_row(struct check *check, uint64_t position)
{
    struct check_line *line = &check->line;
    struct bytes value;

    if (!line->has_rows)
        return false;
    if (line->rows != NULL && line->row == position) {
        next_row(line);
        return true;
    }
    buffer_append_u64(&line->stream, position);

    bool there = check_get(check, STORE_STREAMS, buffer_bytes(&line->stream), &value);

    line->stream.size -= 8;
    return there;
}

/* Behind a version that is missing the line goes on: it is told once. */
static bool is_in_line(struct check_line *line, uint64_t version, uint64_t position)
{
    struct order_line record = {.first = line->first, .run = line->run, .floor = line->floor};
    bool fits = order_line_fits(&record, line->version, line->position, version, position);

    if (!fits && (position <= line->position || version < line->run))
        return false;
    if (!fits)
        line->run = version;
    line->version = version;
    line->position = position;
    return fits;
}

static void expect_in_stream(struct check *check, const struct check_table *table, uint32_t run,
                             const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    uint8_t value[12];

    order_key_stream(&key, table->id, event->log, event->id);
    if (!bytes_equal(buffer_bytes(&key), buffer_bytes(&check->line.stream)))
        begin_line(check, buffer_bytes(&key));
    if (!has_row(check, position) && is_in_line(&check->line, event->version, position))
        return;
    buffer_append_u64(&key, position);
    bytes_put_u64(value, event->version);
    bytes_put_u32(value + 8, run);
    facts_expect(check->stream_rows, buffer_bytes(&key), bytes_of(value, sizeof value));
}

void check_order_expected(struct check *check)
{
    store_iter_free(check->line.rows);
    check->line.rows = NULL;
    buffer_clear(&check->line.stream);
}

struct placed { /* in the spool of positions */
    uint64_t hash, position;
    uint32_t table_id;
};

void check_order_begin(struct check *check)
{
    check->positions = spool_new(sizeof(struct placed));
    check->line.stream = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
}

void check_order_expect(struct check *check, struct check_table *table,
                        const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer names = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct check_run *run = NULL;

    order_key_part(&names, event->log);
    order_key_part(&names, event->type);
    run = run_of(check, table, buffer_bytes(&names));
    expect_in_run(check, table, run->number, event, position);
    expect_in_stream(check, table, run->number, event, position);
    if (check->again)
        return;
    run->counted++;
    run->counted_last = run->counted_last > position ? run->counted_last : position;

    uint8_t place[12];

    bytes_put_u32(place, table->id);
    bytes_put_u64(place + 4, position);

    uint64_t hash = map_hash(bytes_of(place, sizeof place));

    spool_put(check->positions, hash, &(struct placed){hash, position, table->id});
}

/* ---- what is there ---- */

static void tell_stray(struct check *check, enum store_family family, struct bytes key)
{
    if (!check->again)
        check_find(check, &CHECK_STRAY, store_family_name(family), check_bytes_text(check, key),
                   BYTES("an entry of a table whose items can be events"),
                   BYTES("one of another id, or of no known kind"));
}

static void take_order_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    const struct check_table *table =
        key.size > ORDER_PREFIX_SIZE ? check_table_of(check, bytes_get_u32(key.ptr)) : NULL;

    (void)context;
    if (table == NULL || table->is_backup || key.ptr[4] > ORDER_OF_RUN)
        tell_stray(check, STORE_ORDER, key);
    else if (key.ptr[4] == ORDER_OF_RUN)
        facts_there(check->order_rows, key, value);
}

static void compare_run(struct check *check, const struct check_table *table, struct bytes names,
                        const struct check_run *run)
{
    static const char *const parts[] = {"log", "type"};
    static const enum value_type types[] = {VALUE_S, VALUE_S};
    struct bytes what = check_text(check, "%.*s, %.*s", BYTES_ARG(table->what),
                                   BYTES_ARG(check_parts_text(check, names, parts, types, 2)));

    if (!run->has_record) {
        check_find(check, &wrong_run, "order", what,
                   check_text(check, "a run with %llu events", (unsigned long long)run->counted),
                   BYTES("no run"));
        return;
    }
    if (run->events != run->counted)
        check_find(
            check, &wrong_run, "order", what,
            check_text(check, "%llu events: they were counted", (unsigned long long)run->counted),
            check_text(check, "%llu", (unsigned long long)run->events));
    if (run->last_position < run->counted_last)
        check_find(check, &wrong_run, "order", what,
                   check_text(check, "a last position of %llu or behind it",
                              (unsigned long long)run->counted_last),
                   check_text(check, "%llu", (unsigned long long)run->last_position));
    if (run->number == 0 || run->number >= table->next_run)
        check_find(check, &wrong_run, "order", what,
                   check_text(check, "a number below the next one, %u", table->next_run),
                   check_text(check, "%u", run->number));
}

static void compare_runs(struct check *check)
{
    struct bytes names;
    void *value = NULL;

    for (size_t i = 0; i < check->table_count; i++)
        for (size_t at = 0; map_next(&check->tables[i].runs, &at, &names, &value);) {
            arena_reset(check->scratch);
            compare_run(check, &check->tables[i], names, value);
        }
}

static int by_place(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;

    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

static void find_doubles(struct check *check, struct placed *list, size_t count)
{
    qsort(list, count, sizeof *list, by_place);
    for (size_t i = 1; i < count; i++) {
        const struct check_table *table = check_table_of(check, list[i].table_id);

        if (list[i].hash != list[i - 1].hash)
            continue;
        arena_reset(check->scratch);
        check_find(
            check, &doubled, "items", table->what,
            check_text(check, "one event at position %llu", (unsigned long long)list[i].position),
            BYTES("two"));
    }
}

void check_order(struct check *check)
{
    check_scan_all(check, STORE_ORDER, take_order_row, NULL);
    if (check->again)
        return;
    if (!check->damaged[STORE_ITEMS])
        compare_runs(check);
    for (size_t i = 0; i < SPOOL_PARTS && check->status == OK; i++) {
        void *list = NULL;
        size_t count = 0;

        check->status = spool_take(check->positions, i, &list, &count);
        if (check->status == OK)
            find_doubles(check, list, count);
        mem_free(list);
    }
}

static struct bytes stream_text(struct check *check, struct bytes key)
{
    static const char *const parts[] = {"log", "id"};
    static const enum value_type types[] = {VALUE_S, VALUE_S};
    const struct check_table *table = check_table_of(check, bytes_get_u32(key.ptr));
    struct bytes rest = bytes_slice(key, TABLE_ID_SIZE, key.size);

    return check_text(check, "%.*s, %.*s", BYTES_ARG(table->what),
                      BYTES_ARG(check_parts_text(check, rest, parts, types, 2)));
}

/* The key of a row without its position is a line's. */
static bool is_line(struct bytes key)
{
    struct bytes rest = bytes_slice(key, TABLE_ID_SIZE, key.size);

    for (int parts = 2; parts > 0; parts--) { /* log and id */
        size_t size = key_encoded_size(rest, false);

        if (size < 2)
            return false;
        rest = bytes_slice(rest, size, rest.size);
    }
    return rest.size == 0;
}

static void take_line(struct check *check, struct bytes key, struct bytes value)
{
    struct order_line line;
    enum status status = order_line_read(value, &line);

    if (status != OK && !check->again)
        check_find(check, &bad_line, "streams", stream_text(check, key),
                   BYTES("first version, run, floor"), bytes_of_text(status_text(status)));
}

static void take_stream_row(struct check *check, struct bytes key, struct bytes value,
                            void *context)
{
    const struct check_table *table =
        key.size > TABLE_ID_SIZE ? check_table_of(check, bytes_get_u32(key.ptr)) : NULL;

    (void)context;
    if (table == NULL || table->is_backup)
        tell_stray(check, STORE_STREAMS, key);
    else if (is_line(key))
        take_line(check, key, value);
    else
        facts_there(check->stream_rows, key, value);
}

void check_event_streams(struct check *check)
{
    check_scan_all(check, STORE_STREAMS, take_stream_row, NULL);
}

/* ---- what differs ---- */

static struct bytes in_run_text(struct check *check, const struct bytes *value)
{
    if (value == NULL || value->size < 8)
        return value == NULL ? BYTES("nothing") : check_bytes_text(check, *value);
    return check_text(check, "version %llu of the stream with id \"%.*s\"",
                      (unsigned long long)bytes_get_u64(value->ptr),
                      BYTES_ARG(check_bytes_text(check, bytes_slice(*value, 8, value->size))));
}

static void tell_in_run(void *context, struct bytes key, const struct bytes *expected,
                        const struct bytes *there)
{
    struct check *check = context;
    const struct check_table *table = check_table_of(check, bytes_get_u32(key.ptr));
    struct bytes place = check_bytes_text(check, key);

    if (key.size == ORDER_PREFIX_SIZE + 12)
        place = check_text(check, "%.*s, run %u, position %llu", BYTES_ARG(table->what),
                           bytes_get_u32(key.ptr + ORDER_PREFIX_SIZE),
                           (unsigned long long)bytes_get_u64(key.ptr + ORDER_PREFIX_SIZE + 4));
    check_find(check,
               there == NULL      ? &lost_in_run
               : expected == NULL ? &stray_in_run
                                  : &CHECK_DIFFERENT,
               "order", place, in_run_text(check, expected), in_run_text(check, there));
}

void check_order_tell(struct check *check)
{
    facts_tell(check->order_rows, tell_in_run, check);
}

static struct bytes in_stream_text(struct check *check, const struct bytes *value)
{
    if (value == NULL || value->size != 12)
        return value == NULL ? BYTES("nothing") : check_bytes_text(check, *value);
    return check_text(check, "version %llu in run %u",
                      (unsigned long long)bytes_get_u64(value->ptr), bytes_get_u32(value->ptr + 8));
}

static void tell_in_stream(void *context, struct bytes key, const struct bytes *expected,
                           const struct bytes *there)
{
    struct check *check = context;
    struct bytes place = stream_text(check, key);

    if (key.size >= 8)
        place = check_text(check, "%.*s, position %llu", BYTES_ARG(place),
                           (unsigned long long)bytes_get_u64(key.ptr + key.size - 8));
    check_find(check,
               there == NULL      ? &lost_in_stream
               : expected == NULL ? &stray_in_stream
                                  : &CHECK_DIFFERENT,
               "streams", place, in_stream_text(check, expected), in_stream_text(check, there));
}

void check_stream_tell(struct check *check)
{
    facts_tell(check->stream_rows, tell_in_stream, check);
}
