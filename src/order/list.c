/* order/list.c - which logs, types and streams there are; see order.h. */
#include "order/internal.h"

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
    struct buffer prefix, from; /* of the log's streams; where the next stream begins */
};

/* The next stream's id and the entries that are its; NOT_FOUND: there is none. */
static enum status find_next(struct listing *listing, struct bytes *ret_id,
                             struct bytes *ret_prefix)
{
    struct bytes prefix = buffer_bytes(&listing->prefix);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(listing->store, listing->view, STORE_STREAMS, buffer_bytes(&listing->from),
                       order_key_behind(listing->arena, prefix), false);
    struct bytes key, value;

    if (!store_iter_next(iter, &key, &value))
        return store_iter_status(iter) == OK ? NOT_FOUND : store_iter_status(iter);

    struct bytes rest = bytes_slice(key, prefix.size, key.size);

    if (!order_key_part_read(&rest, listing->arena, ret_id) || rest.size != 8)
        return CORRUPT;
    *ret_prefix = arena_copy(listing->arena, bytes_slice(key, 0, key.size - 8));
    return OK;
}

/* Of the last item with the stream's partition key that is an event. Nearly always that is the
 * event which was appended last, and nothing is decoded. */
static enum status highest_version(struct listing *listing, struct order_event *event)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes pk_prefix, item_key, value;

    order_item_key(&key, listing->table_id, event);
    pk_prefix =
        bytes_slice(buffer_bytes(&key), 0,
                    4 + key_encoded_size(bytes_slice(buffer_bytes(&key), 4, key.size), false));

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(listing->store, listing->view, STORE_ITEMS, pk_prefix,
                                             order_key_behind(listing->arena, pk_prefix), true);

    while (store_iter_next(iter, &item_key, &value)) {
        AUTO(arena_release) struct arena *arena = NULL;
        struct item_head head;
        struct order_event found;
        struct item item;

        if (bytes_equal(item_key, buffer_bytes(&key)))
            return OK;

        enum status status = item_head_read(value, &head);

        if (status != OK)
            return status;
        if (head.position == 0)
            continue;
        arena = arena_new();
        status = order_item_read(listing->store, value, arena, &head);
        if (status == OK)
            status = item_decode(arena, head.form, &item);
        if (status != OK)
            return status;
        if (!order_event_of(&item, &found))
            return CORRUPT;
        event->version = found.version;
        return OK;
    }
    return store_iter_status(iter);
}

/* The next stream begins behind this one's entries: an id ends with 00 01, and what follows is no
 * part of it. */
static void step_over(struct listing *listing, struct bytes prefix)
{
    buffer_clear(&listing->from);
    buffer_append(&listing->from, order_key_behind(listing->arena, prefix));
}

static enum status list_streams(struct listing *listing, struct bytes after, size_t limit,
                                struct order_stream *ret, size_t *ret_count, bool *ret_more)
{
    struct bytes prefix = {NULL, 0}, value = {NULL, 0};

    order_key_begin_stream(&listing->prefix, listing->table_id, listing->log);
    buffer_append(&listing->from, buffer_bytes(&listing->prefix));
    if (after.size > 0) {
        order_key_part(&listing->from, after);
        step_over(listing, arena_copy(listing->arena, buffer_bytes(&listing->from)));
    }
    for (;;) {
        struct order_stream stream = {0};
        enum status status = find_next(listing, &stream.id, &prefix);

        *ret_more = status == OK && *ret_count == limit;
        if (status == NOT_FOUND || *ret_more)
            return OK;
        if (status == OK)
            status = last_of(listing->store, listing->view, STORE_STREAMS, prefix, listing->arena,
                             &stream.last_position, &value);
        if (status == OK && value.size == 0) /* it was found just now */
            status = CORRUPT;
        if (status != OK)
            return status;

        struct order_event event = {
            .log = listing->log, .id = stream.id, .version = bytes_get_u64(value.ptr)};

        status = highest_version(listing, &event);
        if (status != OK)
            return status;
        stream.version = event.version;
        ret[(*ret_count)++] = stream;
        step_over(listing, prefix);
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
                              .prefix = BUFFER_INIT(ORDER_KEY_SIZE_MAX),
                              .from = BUFFER_INIT(ORDER_KEY_SIZE_MAX)};

    assert(log.size > 0);
    *ret = ARENA_NEW_ARRAY(arena, size_max(limit, 1), struct order_stream);
    *ret_count = 0;
    *ret_more = false;

    enum status status = list_streams(&listing, after, limit, *ret, ret_count, ret_more);

    if (own != NULL)
        store_view_free(store, own);
    buffer_free(&listing.prefix);
    buffer_free(&listing.from);
    return status;
}
