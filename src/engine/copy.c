/* engine/copy.c - a page of the items under one id, as a step of a copy takes it. */
#include "engine/internal.h"

static struct bytes key_below(struct arena *arena, uint32_t id, struct bytes rest, bool behind)
{
    uint8_t *key = arena_alloc(arena, TABLE_ID_SIZE + rest.size + behind);

    bytes_put_u32(key, id);
    if (rest.size > 0)
        memcpy(key + TABLE_ID_SIZE, rest.ptr, rest.size);
    return bytes_of(key, TABLE_ID_SIZE + rest.size + behind);
}

struct bytes copy_key(struct arena *arena, uint32_t id, struct bytes rest)
{
    return key_below(arena, id, rest, false);
}

static struct bytes rest_of(struct arena *arena, struct bytes key)
{
    return arena_copy(arena, bytes_slice(key, TABLE_ID_SIZE, key.size));
}

/* A key with a 00 behind it is the next one there can be. */
enum status copy_read(struct engine *engine, const struct store_view *view, uint32_t id,
                      struct bytes after, struct arena *arena, struct copy_page *ret)
{
    struct bytes from = key_below(arena, id, after, after.size > 0);
    struct bytes to = key_below(arena, id + 1, (struct bytes){0}, false), key, value;
    struct copy_page page = {0};
    size_t size = 0;

    page.items = ARENA_NEW_ARRAY(arena, engine->step_count_max, struct copy_item);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(engine->store, view, STORE_ITEMS, from, to, false);

    while (page.count < engine->step_count_max && size < JOB_STEP_SIZE_MAX) {
        if (!store_iter_next(iter, &key, &value)) {
            page.is_last = true;
            break;
        }

        struct copy_item *item = &page.items[page.count++];

        item->key = rest_of(arena, key);

        enum status status = stored_item_read(arena_copy(arena, value), &item->item);

        if (status != OK)
            return status;
        size += key.size + value.size;
    }
    *ret = page;
    return store_iter_status(iter);
}

enum status copy_last_key(struct engine *engine, uint32_t id, struct arena *arena,
                          struct bytes *ret)
{
    struct bytes from = key_below(arena, id, (struct bytes){0}, false);
    struct bytes to = key_below(arena, id + 1, (struct bytes){0}, false), key, value;
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(engine->store, NULL, STORE_ITEMS, from, to, true);

    *ret = (struct bytes){0};
    if (store_iter_next(iter, &key, &value))
        *ret = rest_of(arena, key);
    return store_iter_status(iter);
}
