/* check/archives.c - STORE_ARCHIVES and STORE_EVENTS: events that archives keep, and those that
 * SQLite has not taken yet (docs/format/bus.md). */
#include "check/internal.h"

#include "bus/internal.h"
#include "json/json.h"

static const struct check_kind wrong_figures = {
    "archive-figures", "DescribeArchive tells EventCount and SizeBytes by it"};
static const struct check_kind no_event = {
    "archive-event", "a replay of the archive fails at it, or gives something that is no event"};

struct walk {
    uint64_t id;
    struct bytes name; /* empty: nobody's */
    bool is_known, has_figures;
    struct bus_archive_figures told, counted;
};

static void check_event(struct check *check, const char *family, struct bytes key,
                        struct bytes value)
{
    const struct json *json = NULL;
    struct bytes text;
    enum status status = bus_archived_text(value, &text);

    if (status == OK &&
        (json_parse(check->scratch, text, &json, NULL) != OK ||
         json_get_string(json, "id").size == 0 || json_get_string(json, "time").size == 0))
        status = CORRUPT;
    if (status != OK)
        check_find(check, &no_event, family, check_bytes_text(check, key),
                   BYTES("an event as JSON, with id and time"), bytes_of_text(status_text(status)));
    else if (value.ptr[0] != '{')
        check_sealed_text(check, family, key, bytes_slice(value, 1, value.size));
}

static void end_archive(struct check *check, const struct walk *walk)
{
    if (walk->is_known &&
        (walk->told.count != walk->counted.count || walk->told.size != walk->counted.size))
        check_find(check, &wrong_figures, "archives",
                   check_text(check, "archive \"%.*s\"", BYTES_ARG(walk->name)),
                   check_text(check, "%llu events, %llu bytes: they were counted",
                              (unsigned long long)walk->counted.count,
                              (unsigned long long)walk->counted.size),
                   check_text(check, "%llu events, %llu bytes",
                              (unsigned long long)walk->told.count,
                              (unsigned long long)walk->told.size));
}

static void begin_archive(struct check *check, struct walk *walk, struct bytes key)
{
    *walk = (struct walk){.id = bytes_get_u64(key.ptr)};
    walk->is_known = check_id_name(check, CHECK_ARCHIVE, walk->id, &walk->name);
    if (!walk->is_known)
        check_find_nobodys(check, "archives", key, "an event of an archive", walk->id);
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct walk *walk = context;
    struct archive_event_key place;

    if (key.size < ARCHIVE_ID_SIZE) {
        check_find_unreadable(check, STORE_ARCHIVES, key, CORRUPT, "the id of an archive");
        return;
    }
    if (walk->id != bytes_get_u64(key.ptr)) {
        end_archive(check, walk);
        begin_archive(check, walk, key);
    }
    if (key.size == ARCHIVE_ID_SIZE && value.size == 16) {
        walk->has_figures = true;
        walk->told =
            (struct bus_archive_figures){bytes_get_u64(value.ptr), bytes_get_u64(value.ptr + 8)};
    } else if (archive_event_key_decode(key, &place) && place.position <= check->last_position) {
        walk->counted.count++;
        walk->counted.size += archived_size(value);
        check_event(check, "archives", key, value);
    } else {
        check_find_unreadable(check, STORE_ARCHIVES, key, CORRUPT,
                              "figures, or an event by its time and a position");
    }
}

static void take_waiting(struct check *check, struct bytes key, struct bytes value, void *context)
{
    (void)context;
    if (key.size != 8 || bytes_get_u64(key.ptr) > check->last_position)
        check_find_unreadable(check, STORE_EVENTS, key, CORRUPT, "a position");
    else
        check_event(check, "events", key, value);
}

void check_archives(struct check *check)
{
    struct walk walk = {0};

    check_scan_all(check, STORE_ARCHIVES, take_row, &walk);
    if (!check->damaged[STORE_ARCHIVES])
        end_archive(check, &walk);
}

void check_events(struct check *check)
{
    check_scan_all(check, STORE_EVENTS, take_waiting, NULL);
}
