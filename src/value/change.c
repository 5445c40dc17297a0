/* value/change.c - see change.h. */
#include "value/change.h"

#define CHANGE_FORMAT 1
#define CHANGE_FORMAT_SEALED 2

/* Where things stand in the key and in the value. */
#define KEY_SHARD 4
#define KEY_POSITION 6
#define VALUE_KIND 1
#define VALUE_FLAGS 2
#define VALUE_TIME 3
#define VALUE_HEAD_SIZE 11

void change_encode_key(uint8_t out[CHANGE_KEY_SIZE], uint32_t stream_id, uint16_t shard,
                       uint64_t position)
{
    bytes_put_u32(out, stream_id);
    out[KEY_SHARD] = (uint8_t)(shard >> 8);
    out[KEY_SHARD + 1] = (uint8_t)shard;
    bytes_put_u64(out + KEY_POSITION, position);
}

uint64_t change_key_position(struct bytes key)
{
    assert(key.size == CHANGE_KEY_SIZE);
    return bytes_get_u64(key.ptr + KEY_POSITION);
}

void change_decode_key(struct bytes key, struct change *ret)
{
    assert(key.size == CHANGE_KEY_SIZE);
    ret->stream_id = bytes_get_u32(key.ptr);
    ret->shard = (uint16_t)(key.ptr[KEY_SHARD] << 8 | key.ptr[KEY_SHARD + 1]);
    ret->position = change_key_position(key);
}

static void append_sized(struct buffer *out, struct bytes bytes)
{
    assert(bytes.size <= UINT32_MAX);
    buffer_append_u32(out, (uint32_t)bytes.size);
    buffer_append(out, bytes);
}

void change_encode(struct buffer *out, const struct change *change)
{
    buffer_append_byte(out, change->sealed ? CHANGE_FORMAT_SEALED : CHANGE_FORMAT);
    buffer_append_byte(out, (uint8_t)change->kind);
    buffer_append_byte(out, change->flags);
    buffer_append_u64(out, change->time_ms);
    append_sized(out, change->keys);
    append_sized(out, change->new_image);
    append_sized(out, change->old_image);
}

static bool take_sized(struct bytes *rest, struct bytes *ret)
{
    if (rest->size < 4)
        return false;

    size_t size = bytes_get_u32(rest->ptr);

    if (size > rest->size - 4)
        return false;
    *ret = bytes_slice(*rest, 4, size);
    *rest = bytes_slice(*rest, 4 + size, rest->size);
    return true;
}

enum status change_decode(struct bytes key, struct bytes value, struct change *ret)
{
    struct change change = {0};

    if (value.size > 0 && value.ptr[0] > CHANGE_FORMAT_SEALED)
        return NEWER_FORMAT;
    if (key.size != CHANGE_KEY_SIZE || value.size < VALUE_HEAD_SIZE ||
        value.ptr[0] < CHANGE_FORMAT || value.ptr[VALUE_KIND] < CHANGE_INSERT ||
        value.ptr[VALUE_KIND] > CHANGE_REMOVE)
        return CORRUPT;
    change_decode_key(key, &change);
    change.sealed = value.ptr[0] == CHANGE_FORMAT_SEALED;
    change.kind = (enum change_kind)value.ptr[VALUE_KIND];
    change.flags = value.ptr[VALUE_FLAGS];
    change.time_ms = bytes_get_u64(value.ptr + VALUE_TIME);

    struct bytes rest = bytes_slice(value, VALUE_HEAD_SIZE, value.size);

    if (!take_sized(&rest, &change.keys) || !take_sized(&rest, &change.new_image) ||
        !take_sized(&rest, &change.old_image) || rest.size != 0 || change.keys.size == 0)
        return CORRUPT;
    *ret = change;
    return OK;
}
