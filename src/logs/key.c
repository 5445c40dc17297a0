/* logs/key.c - keys in STORE_LOGS (docs/format/logs.md).
 *
 *   group id (8) | kind (1) | ...
 *
 * The group comes first, so that a group goes with one range; numbers are big-endian, so that the
 * order of keys is the order of events. A stream's name ends its key, so names are in their order.
 */
#include "logs/internal.h"

#define HEAD_SIZE 9
#define PLACE_SIZE 16

static void append_u64(struct log_key *key, uint64_t value)
{
    bytes_put_u64(key->bytes + key->size, value);
    key->size += 8;
}

void log_key_kind(struct log_key *key, uint64_t group_id, enum log_key_kind kind)
{
    key->size = 0;
    append_u64(key, group_id);
    key->bytes[key->size++] = (uint8_t)kind;
}

static void append_place(struct log_key *key, struct log_place place)
{
    append_u64(key, place.timestamp_ms);
    append_u64(key, place.position);
}

void log_key_event(struct log_key *key, uint64_t group_id, struct log_place place)
{
    log_key_kind(key, group_id, LOG_KEY_EVENT);
    append_place(key, place);
}

void log_key_stream_name(struct log_key *key, uint64_t group_id, uint64_t stream_id)
{
    log_key_kind(key, group_id, LOG_KEY_STREAM_NAME);
    append_u64(key, stream_id);
}

void log_key_stream(struct log_key *key, uint64_t group_id, struct bytes name)
{
    log_key_kind(key, group_id, LOG_KEY_STREAM);
    assert(key->size + name.size <= sizeof key->bytes);
    if (name.size > 0)
        memcpy(key->bytes + key->size, name.ptr, name.size);
    key->size += name.size;
}

void log_key_stream_event(struct log_key *key, uint64_t group_id, uint64_t stream_id,
                          struct log_place place)
{
    log_key_kind(key, group_id, LOG_KEY_STREAM_EVENT);
    append_u64(key, stream_id);
    append_place(key, place);
}

void log_key_doomed(struct log_key *key, uint64_t group_id, uint64_t stream_id)
{
    log_key_kind(key, 0, LOG_KEY_DOOMED);
    append_u64(key, group_id);
    append_u64(key, stream_id);
}

bool log_key_place(struct bytes key, struct log_place *ret)
{
    const uint8_t *place = NULL;

    if (key.size != HEAD_SIZE + PLACE_SIZE && key.size != HEAD_SIZE + 8 + PLACE_SIZE)
        return false;
    place = key.ptr + key.size - PLACE_SIZE;
    *ret = (struct log_place){bytes_get_u64(place), bytes_get_u64(place + 8)};
    return true;
}

bool log_key_ids(struct bytes key, uint64_t *ret_group_id, uint64_t *ret_stream_id)
{
    if (key.size != HEAD_SIZE + 16)
        return false;
    *ret_group_id = bytes_get_u64(key.ptr + HEAD_SIZE);
    *ret_stream_id = bytes_get_u64(key.ptr + HEAD_SIZE + 8);
    return true;
}

struct bytes log_key_name(struct bytes key)
{
    return bytes_slice(key, HEAD_SIZE, key.size);
}
