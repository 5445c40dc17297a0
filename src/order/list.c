/* order/list.c - which logs, types and streams there are; see order.h. */
#include "order/internal.h"
#include "value/stream_key.h"

/* ---- types of logs ---- */

/* The position of the last entry that begins so, and its value in the arena; 0, and no bytes: there
 * is none. */
static enum status last_of(struct store *store, const struct store_view *view,
                           enum store_family family, struct bytes prefix, struct arena *arena,
                           uint64_t *ret, struct bytes *ret_value)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, view, family, prefix, order_key_behind(arena, prefix), true);
    struct bytes key, value;

    *ret = 0;
    *ret_value = (struct bytes){NULL, 0};
    if (!store_iter_next(iter, &key, &value))
        return store_iter_status(iter);
    if (key.size < 8 || value.size < 8)
        return CORRUPT;
    *ret = bytes_get_u64(key.ptr + key.size - 8);
    *ret_value = arena_copy(arena, value);
    return OK;
}

static enum status count_run(struct store *store, const struct store_view *view,
                             const struct order_run *run, struct arena *arena,
                             struct order_count *ret)
{
    AUTO(buffer_free) struct buffer prefix = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes value;

    *ret = (struct order_count){.log = run->log, .type = run->type, .events = run->events};
    order_key_begin(&prefix, run->table_id, ORDER_OF_RUN);
    buffer_append_u32(&prefix, run->number);
    return last_of(store, view, STORE_ORDER, buffer_bytes(&prefix), arena, &ret->last_position,
                   &value);
}

static enum status count_runs(struct store *store, const struct store_view *view, uint32_t table_id,
                              struct bytes log, struct arena *arena, struct order_count **ret,
                              size_t *ret_count)
{
    struct order_run *runs = NULL;
    size_t run_count = 0;
    enum status status = order_runs_load(store, view, table_id, log, arena, &runs, &run_count);

    *ret = ARENA_NEW_ARRAY(arena, size_max(run_count, 1), struct order_count);
    *ret_count = 0;
    for (size_t i = 0; status == OK && i < run_count; i++)
        if (runs[i].events > 0)
            status = count_run(store, view, &runs[i], arena, &(*ret)[(*ret_count)++]);
    return status;
}

enum status order_counts(struct store *store, const struct store_view *view, uint32_t table_id,
                         struct bytes log, struct arena *arena, struct order_count **ret,
                         size_t *ret_count)
{
    struct store_view *own = view == NULL ? store_view_new(store) : NULL;
    enum status status =
        count_runs(store, view != NULL ? view : own, table_id, log, arena, ret, ret_count);

    if (own != NULL)
        store_view_free(store, own);
    return status;
}

/* ---- streams ---- */

struct listing {
    struct store *store;
    const struct store_view *view;
    uint32_t table_id;
    struct bytes log;
    struct arena *arena;
    struct buffer from; /* where the next stream begins */
    struct bytes to;    /* behind the log's */
};

/* The next partition key that is a stream's, and its items; NOT_FOUND: there is none. */
static enum status find_next(struct listing *listing, struct bytes *ret_id,
                             struct bytes *ret_prefix)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(listing->store, listing->view, STORE_ITEMS,
                                             buffer_bytes(&listing->from), listing->to, false);
    struct bytes key, value, pk, log;

    if (!store_iter_next(iter, &key, &value)) {
        enum status status = store_iter_status(iter);

        return status == OK ? NOT_FOUND : status;
    }

    struct bytes rest = bytes_slice(key, 4, key.size);

    if (!order_key_part_read(&rest, listing->arena, &pk))
        return CORRUPT;
    *ret_prefix = arena_copy(listing->arena, bytes_slice(key, 0, key.size - rest.size));
    if (!stream_key_read(pk, &log, ret_id) || !bytes_equal(log, listing->log))
        *ret_id = (struct bytes){NULL, 0};
    return OK;
}

/* Of the last item with the stream's partition key that is an event. Nearly always that is the
 * event which was appended last, and nothing is decoded. */
static enum status highest_version(struct listing *listing, struct bytes prefix,
                                   struct order_event *event)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes item_key, value;

    order_item_key(&key, listing->table_id, event);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(listing->store, listing->view, STORE_ITEMS, prefix,
                                             order_key_behind(listing->arena, prefix), true);

    while (store_iter_next(iter, &item_key, &value)) {
        AUTO(arena_release) struct arena *arena = NULL;
        struct item_head head;
        struct order_event found;

        if (bytes_equal(item_key, buffer_bytes(&key)))
            return OK;

        enum status status = item_head_read(value, &head);

        if (status != OK)
            return status;
        if (head.position == 0)
            continue;
        arena = arena_new();
        status = order_event_read(listing->store, value, arena, &head, &found);
        if (status == OK)
            event->version = found.version;
        return status;
    }
    return store_iter_status(iter);
}

/* The last one of those in line. */
static enum status last_in_line(struct listing *listing, struct bytes id, uint64_t *ret_position,
                                uint64_t *ret_version, bool *ret_has_rows)
{
    struct order_walk walk = {.store = listing->store,
                              .view = listing->view,
                              .table_id = listing->table_id,
                              .backward = true};

    order_walk_begin(&walk, listing->log, id);
    if (order_walk_next(&walk)) {
        *ret_position = walk.position;
        *ret_version = walk.version;
    }
    *ret_has_rows = walk.has_rows;
    order_walk_end(&walk);
    return walk.status;
}

/* Its last position 0: it has no event. */
static enum status make_stream(struct listing *listing, struct bytes id, struct bytes prefix,
                               struct order_stream *ret)
{
    AUTO(buffer_free) struct buffer rows = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct order_event event = {.log = listing->log, .id = id};
    struct bytes value = {NULL, 0};
    bool has_rows = false;
    uint64_t position = 0;
    enum status status = last_in_line(listing, id, &ret->last_position, &event.version, &has_rows);

    ret->id = id;
    if (status == OK && has_rows) {
        order_key_stream(&rows, listing->table_id, listing->log, id);
        status = last_of(listing->store, listing->view, STORE_STREAMS, buffer_bytes(&rows),
                         listing->arena, &position, &value);
        if (status == OK && value.size != 12)
            status = CORRUPT;
    }
    if (status == OK && position > ret->last_position) {
        ret->last_position = position;
        event.version = bytes_get_u64(value.ptr);
    }
    if (status == OK && ret->last_position != 0)
        status = highest_version(listing, prefix, &event);
    ret->version = event.version;
    return status;
}

/* The next stream begins behind this one's items: a partition key ends with 00 01, and what follows
 * is no part of it. */
static void step_over(struct listing *listing, struct bytes prefix)
{
    struct bytes behind = order_key_behind(listing->arena, prefix);

    buffer_clear(&listing->from);
    buffer_append(&listing->from, behind);
}

/* False: no partition key is that long. */
static bool begin_listing(struct listing *listing, struct bytes after)
{
    AUTO(buffer_free) struct buffer pk = BUFFER_INIT(KEY_HASH_SIZE_MAX);

    buffer_append(&pk, listing->log);
    buffer_append_byte(&pk, '#');
    buffer_append_u32(&listing->from, listing->table_id);
    order_key_part(&listing->from, buffer_bytes(&pk));
    listing->from.size -= 2; /* without its end: those that begin so */
    listing->to = order_key_behind(listing->arena, buffer_bytes(&listing->from));
    if (after.size > 0) {
        buffer_append(&pk, after);
        buffer_append_text(&pk, "#stream");
        buffer_clear(&listing->from);
        buffer_append_u32(&listing->from, listing->table_id);
        order_key_part(&listing->from, buffer_bytes(&pk));
        step_over(listing, arena_copy(listing->arena, buffer_bytes(&listing->from)));
    }
    return !buffer_failed(&pk);
}

static enum status list_streams(struct listing *listing, struct bytes after, size_t limit,
                                struct order_stream *ret, size_t *ret_count, bool *ret_more)
{
    if (!begin_listing(listing, after))
        return OK;
    for (;;) {
        struct order_stream stream = {0};
        struct bytes id, prefix;
        enum status status = find_next(listing, &id, &prefix);

        if (status == NOT_FOUND)
            return OK;
        if (status == OK && id.size > 0)
            status = make_stream(listing, id, prefix, &stream);
        if (status != OK)
            return status;
        step_over(listing, prefix);
        if (stream.last_position == 0)
            continue;
        *ret_more = *ret_count == limit;
        if (*ret_more)
            return OK;
        ret[(*ret_count)++] = stream;
    }
}

enum status order_streams(struct store *store, const struct store_view *view, uint32_t table_id,
                          struct bytes log, struct bytes after, size_t limit, struct arena *arena,
                          struct order_stream **ret, size_t *ret_count, bool *ret_more)
{
    struct store_view *own = view == NULL ? store_view_new(store) : NULL;
    struct listing listing = {.store = store,
                              .view = view != NULL ? view : own,
                              .table_id = table_id,
                              .log = log,
                              .arena = arena,
                              .from = BUFFER_INIT(ORDER_KEY_SIZE_MAX)};

    assert(log.size > 0);
    *ret = ARENA_NEW_ARRAY(arena, size_max(limit, 1), struct order_stream);
    *ret_count = 0;
    *ret_more = false;

    enum status status = list_streams(&listing, after, limit, *ret, ret_count, ret_more);

    if (own != NULL)
        store_view_free(store, own);
    buffer_free(&listing.from);
    return status;
}
