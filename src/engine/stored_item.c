/* engine/stored_item.c - an item as it stands in STORE_ITEMS (docs/format/keys.md).
 *
 *   format 1 (1) | item_size() (3, big-endian) | stored form (docs/format/item.md)
 *
 * The size stands beside the item because pages, limits, capacity and figures ask for it: so a
 * GetItem is a copy, and a Scan without a filter decodes nothing. */
#include "engine/internal.h"

#define STORED_ITEM_FORMAT 1

struct stored_item stored_item_make(struct arena *arena, const struct item *item, size_t size)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STORED_ITEM_SIZE_MAX);

    assert(size <= ITEM_SIZE_MAX && ITEM_SIZE_MAX < 1 << 24);
    buffer_append_u32(&out, (uint32_t)STORED_ITEM_FORMAT << 24 | (uint32_t)size);
    item_print(&out, item);
    assert(!buffer_failed(&out) && "an item's size bounds its text");

    struct bytes value = arena_copy(arena, buffer_bytes(&out));

    return (struct stored_item){value, bytes_slice(value, STORED_ITEM_HEAD_SIZE, value.size), size};
}

enum status stored_item_read(struct bytes value, struct stored_item *ret)
{
    if (value.size > 0 && value.ptr[0] > STORED_ITEM_FORMAT)
        return NEWER_FORMAT;
    if (value.size <= STORED_ITEM_HEAD_SIZE || value.ptr[0] != STORED_ITEM_FORMAT)
        return CORRUPT;
    *ret = (struct stored_item){.value = value,
                                .form = bytes_slice(value, STORED_ITEM_HEAD_SIZE, value.size),
                                .size = bytes_get_u32(value.ptr) & 0xFFFFFF};
    return OK;
}

enum status stored_item_project(const struct stored_item *item,
                                const struct expr_projection *projection, struct arena *arena,
                                struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STORED_ITEM_SIZE_MAX);
    struct item whole, part;

    if (projection == NULL) {
        *ret = arena_copy(arena, item->form);
        return OK;
    }

    enum status status = item_decode(arena, item->form, &whole);

    if (status != OK)
        return status;
    expr_project(projection, &whole, arena, &part);
    item_print(&out, &part);
    *ret = arena_copy(arena, buffer_bytes(&out));
    return OK;
}
