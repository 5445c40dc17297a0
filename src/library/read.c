/* library/read.c - dynlog_read(): the events of one stream, a page at a time; and
 * dynlog_catch_up(), which applies them to a read model. */
#include "library/reader.h"

#include <inttypes.h>

struct stream_reader {
    struct dynlog_reader base;
    char *pk;
    struct arena *page_arena;
    struct stream_query query;
    struct stream_part part;
    size_t at;     /* the next one of the part */
    uint64_t left; /* of the range's limit */
    bool ended;
};

static enum dynlog_status read_part(struct stream_reader *reader, struct dynlog_error *error)
{
    struct dynlog *dynlog = reader->base.dynlog;
    enum dynlog_status status = DYNLOG_OK;

    arena_reset(reader->page_arena);
    reader->part = (struct stream_part){0};
    reader->at = 0;
    reader->query.limit = reader->left < PAGE_EVENTS_MAX ? reader->left : PAGE_EVENTS_MAX;
    status = dynlog->kind->query(dynlog, &reader->query, reader->page_arena, &reader->part, error);
    if (status == DYNLOG_OK && reader->part.count == 0)
        reader->ended = true;
    return status;
}

/* The next query begins behind this one. */
static void pass(struct stream_reader *reader, int64_t version)
{
    struct stream_query *query = &reader->query;

    if (query->backward && version > 0)
        query->to = version - 1;
    else if (!query->backward && version < INT64_MAX)
        query->from = version + 1;
    else
        reader->ended = true;
    if (query->from > query->to || --reader->left == 0)
        reader->ended = true;
}

static enum dynlog_status take(struct stream_reader *reader, struct dynlog_event *ret,
                               struct dynlog_error *error)
{
    const struct item *item = &reader->part.items[reader->at];

    if (!event_of_item(reader->base.arena, item, ret))
        return fault_say(error, DYNLOG_CORRUPT,
                         "The stream %.*s has an item that is no event: its sort key is no whole "
                         "number.",
                         BYTES_ARG(reader->query.pk));
    if (reader->part.places != NULL)
        reader_place(&reader->base, &reader->part.places[reader->at], ret);
    reader->at++;
    pass(reader, (int64_t)ret->version);
    return DYNLOG_OK;
}

static enum dynlog_status stream_next(struct dynlog_reader *base, int64_t wait_ms,
                                      struct dynlog_event *ret, struct dynlog_error *error)
{
    struct stream_reader *reader = CONTAINER_OF(base, struct stream_reader, base);

    (void)wait_ms;
    if (reader->at == reader->part.count && !reader->part.more)
        reader->ended = true;
    if (!reader->ended && reader->at == reader->part.count) {
        enum dynlog_status status = read_part(reader, error);

        if (status != DYNLOG_OK)
            return status;
    }
    return reader->ended ? DYNLOG_END : take(reader, ret, error);
}

static void stream_close(struct dynlog_reader *base)
{
    struct stream_reader *reader = CONTAINER_OF(base, struct stream_reader, base);

    mem_free(reader->pk);
    arena_free(reader->page_arena);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind stream_kind = {.next = stream_next, .close = stream_close};

/* Versions are what a signed number holds. */
static int64_t bound(uint64_t version)
{
    return version > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)version;
}

enum dynlog_status dynlog_read(struct dynlog *dynlog, const char *log, const char *id,
                               const struct dynlog_range *range, struct dynlog_reader **ret,
                               struct dynlog_error *error)
{
    static const struct dynlog_range everything;
    enum dynlog_status status = event_check_name(log, id, error);
    struct stream_reader *reader = NULL;

    *ret = NULL;
    if (status != DYNLOG_OK)
        return status;
    if (range == NULL)
        range = &everything;
    reader = mem_new(sizeof *reader);
    status = reader_init(&reader->base, &stream_kind, dynlog, false, error);
    if (status != DYNLOG_OK) {
        mem_free(reader);
        return status;
    }
    reader->page_arena = arena_new();
    reader->pk =
        mem_copy_text(arena_copy_text(reader->page_arena, event_key(reader->page_arena, log, id)));
    reader->query = (struct stream_query){
        .pk = bytes_of_text(reader->pk),
        .from = bound(range->from),
        .to = range->to == 0 ? INT64_MAX : bound(range->to),
        .backward = range->backward,
    };
    reader->part.more = true; /* nothing was read yet */
    reader->left = range->limit == 0 ? UINT64_MAX : range->limit;
    reader->ended = reader->query.from > reader->query.to;
    *ret = &reader->base;
    return DYNLOG_OK;
}

/* ---- read models ---- */

enum dynlog_status dynlog_catch_up(struct dynlog *dynlog, const char *log, const char *id,
                                   struct dynlog_projection *projection, struct dynlog_error *error)
{
    struct dynlog_range range = {.from = projection->version + 1};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    enum dynlog_status status = dynlog_read(dynlog, log, id, &range, &reader, error);

    while (status == DYNLOG_OK) {
        status = dynlog_next(reader, 0, &event, error);
        if (status != DYNLOG_OK)
            break;
        if (event.version != projection->version + 1) {
            status = fault_say(error, DYNLOG_GAP,
                               "%s/%s has version %" PRIu64 ", but not %" PRIu64 " before it.", log,
                               id, event.version, projection->version + 1);
        } else if (!projection->apply(projection->context, &event)) {
            status = fault_say(error, DYNLOG_STOPPED,
                               "Version %" PRIu64 " of %s/%s could not be applied.", event.version,
                               log, id);
        } else {
            projection->version = event.version;
        }
    }
    dynlog_reader_close(reader);
    return status == DYNLOG_END ? fault_none(error, DYNLOG_OK) : status;
}
