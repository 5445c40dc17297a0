/* value/item_head.c - see item_head.h. */
#include "value/item_head.h"

#define FORMAT_ITEM 1u
#define FORMAT_EVENT 2u
#define FORMAT_SEALED 2u /* more than the same without */

enum status item_head_read(struct bytes value, struct item_head *ret)
{
    if (value.size > 0 && value.ptr[0] > FORMAT_EVENT + FORMAT_SEALED)
        return NEWER_FORMAT;
    if (value.size <= ITEM_HEAD_SIZE || value.ptr[0] < FORMAT_ITEM)
        return CORRUPT;

    bool sealed = value.ptr[0] > FORMAT_EVENT;
    bool event = value.ptr[0] - (sealed ? FORMAT_SEALED : 0u) == FORMAT_EVENT;
    size_t head_size = event ? ITEM_HEAD_EVENT_SIZE : ITEM_HEAD_SIZE;

    if (value.size <= head_size)
        return CORRUPT;
    *ret = (struct item_head){.form = bytes_slice(value, head_size, value.size),
                              .size = bytes_get_u32(value.ptr) & 0xFFFFFF,
                              .sealed = sealed};
    if (event) {
        ret->position = bytes_get_u64(value.ptr + ITEM_HEAD_SIZE);
        ret->time_ms = bytes_get_u64(value.ptr + ITEM_HEAD_SIZE + 8);
    }
    return OK;
}

void item_head_print(struct buffer *out, size_t size, bool event, bool sealed)
{
    uint32_t format = (event ? FORMAT_EVENT : FORMAT_ITEM) + (sealed ? FORMAT_SEALED : 0u);

    assert(size <= ITEM_SIZE_MAX && ITEM_SIZE_MAX < 1 << 24);
    buffer_append_u32(out, format << 24 | (uint32_t)size);
    if (event) {
        buffer_append_u64(out, 0);
        buffer_append_u64(out, 0);
    }
}

void item_head_place(uint8_t *value, uint64_t position, uint64_t time_ms)
{
    assert(value[0] == FORMAT_EVENT || value[0] == FORMAT_EVENT + FORMAT_SEALED);
    bytes_put_u64(value + ITEM_HEAD_SIZE, position);
    bytes_put_u64(value + ITEM_HEAD_SIZE + 8, time_ms);
}
