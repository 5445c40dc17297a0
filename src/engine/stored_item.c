/* engine/stored_item.c - an item as it stands in STORE_ITEMS (value/item_head.h). */
#include "engine/internal.h"

struct stored_item stored_item_make(struct arena *arena, const struct item *item, size_t size,
                                    bool event, struct bytes sealed)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STORED_ITEM_SIZE_MAX);

    item_head_print(&out, size, event, sealed.size > 0);

    size_t head_size = out.size;

    if (sealed.size > 0)
        vault_print_item(&out, item, sealed);
    else
        item_print(&out, item);
    assert(!buffer_failed(&out) && "an item's size bounds its text");

    uint8_t *value = arena_alloc(arena, out.size);

    memcpy(value, out.ptr, out.size);
    return (struct stored_item){.value = bytes_of(value, out.size),
                                .form = bytes_of(value + head_size, out.size - head_size),
                                .kept = bytes_of(value + head_size, out.size - head_size),
                                .sealed = sealed,
                                .size = size,
                                .head = event ? value : NULL};
}

enum status stored_item_read(struct bytes value, struct stored_item *ret)
{
    struct item_head head;
    enum status status = item_head_read(value, &head);

    if (status == OK)
        *ret = (struct stored_item){.value = value,
                                    .form = head.form,
                                    .kept = head.form,
                                    .sealed = head.sealed ? vault_sealed_part(head.form)
                                                          : (struct bytes){0},
                                    .size = head.size,
                                    .position = head.position,
                                    .time_ms = head.time_ms};
    return status;
}

enum status stored_item_open(const struct vault_reader *reader, struct arena *arena,
                             struct stored_item *item)
{
    if (item->sealed.size == 0)
        return OK;
    return vault_open_item(reader, item->kept, arena, &item->form);
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
