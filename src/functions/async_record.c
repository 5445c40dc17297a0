/* functions/async_record.c - see async_record.h. */
#include "functions/async_record.h"

#define FORMAT_PLAIN 1
#define REQUEST_ID_SIZE ((size_t)ID_UUID_SIZE - 1)
#define RECORD_HEAD_SIZE (1 + REQUEST_ID_SIZE + 8 + 4 + 4 + 1)
#define STATE_HEAD_SIZE ((size_t)1 + 4 + 8)

void async_key_encode(uint8_t out[ASYNC_KEY_SIZE], enum async_key_kind kind, uint64_t position)
{
    out[0] = (uint8_t)kind;
    bytes_put_u64(out + 1, position);
}

bool async_key_decode(struct bytes key, enum async_key_kind kind, uint64_t *ret_position)
{
    if (key.size != ASYNC_KEY_SIZE || key.ptr[0] != (uint8_t)kind)
        return false;
    *ret_position = bytes_get_u64(key.ptr + 1);
    return true;
}

void async_record_encode(struct buffer *out, const struct async_invocation *invocation)
{
    assert(invocation->function_name.size <= FUNCTION_QUALIFIED_SIZE_MAX);
    buffer_append_byte(out, invocation->sealed ? ASYNC_RECORD_FORMAT : FORMAT_PLAIN);
    buffer_append(out, bytes_of(invocation->request_id, REQUEST_ID_SIZE));
    buffer_append_u64(out, invocation->accepted_ms);
    buffer_append_u64(out, UINT64_MAX); /* see the format */
    buffer_append_byte(out, (uint8_t)invocation->function_name.size);
    buffer_append(out, invocation->function_name);
    buffer_append(out, invocation->payload);
}

enum status async_record_decode(struct bytes value, struct async_invocation *ret)
{
    const uint8_t *at = value.ptr;

    if (value.size < 1 || at[0] < FORMAT_PLAIN)
        return CORRUPT;
    if (at[0] > ASYNC_RECORD_FORMAT)
        return NEWER_FORMAT;
    if (value.size < RECORD_HEAD_SIZE)
        return CORRUPT;
    size_t name_size = at[RECORD_HEAD_SIZE - 1];

    if (name_size > FUNCTION_QUALIFIED_SIZE_MAX || value.size - RECORD_HEAD_SIZE < name_size)
        return CORRUPT;
    *ret = (struct async_invocation){.sealed = at[0] != FORMAT_PLAIN};
    memcpy(ret->request_id, at + 1, REQUEST_ID_SIZE);
    at += 1 + REQUEST_ID_SIZE;
    ret->accepted_ms = bytes_get_u64(at);
    ret->function_name = bytes_slice(value, RECORD_HEAD_SIZE, name_size);
    ret->payload = bytes_slice(value, RECORD_HEAD_SIZE + name_size, value.size);
    return OK;
}

void async_state_encode(struct buffer *out, const struct async_state *state)
{
    buffer_append_byte(out, ASYNC_STATE_FORMAT);
    buffer_append_u32(out, state->attempts);
    buffer_append_u64(out, state->next_ms);
    buffer_append(out, state->last_error);
}

enum status async_state_decode(struct bytes value, struct async_state *ret)
{
    if (value.size < 1 || value.ptr[0] < ASYNC_STATE_FORMAT)
        return CORRUPT;
    if (value.ptr[0] > ASYNC_STATE_FORMAT)
        return NEWER_FORMAT;
    if (value.size < STATE_HEAD_SIZE)
        return CORRUPT;
    ret->attempts = bytes_get_u32(value.ptr + 1);
    ret->next_ms = bytes_get_u64(value.ptr + 5);
    ret->last_error = bytes_slice(value, STATE_HEAD_SIZE, value.size);
    return OK;
}
