/* queues/key.c - keys in STORE_QUEUES (docs/format/queue.md).
 *
 *   queue id (8) | kind (1) | ...
 *
 * The queue comes first, so that a queue goes with one range; numbers are big-endian, so that the
 * order of keys is the order of time. Texts have no NUL (check.c), which ends them. */
#include "queues/internal.h"

#define HEAD_SIZE 9

static void append_u64(struct key *key, uint64_t value)
{
    bytes_put_u64(key->bytes + key->size, value);
    key->size += 8;
}

static void append_text(struct key *key, struct bytes text)
{
    assert(key->size + text.size <= sizeof key->bytes);
    if (text.size > 0)
        memcpy(key->bytes + key->size, text.ptr, text.size);
    key->size += text.size;
}

struct key key_of_kind(uint64_t queue_id, enum key_kind kind)
{
    struct key key = {.size = 0};

    append_u64(&key, queue_id);
    key.bytes[key.size++] = (uint8_t)kind;
    return key;
}

struct key key_of_place(uint64_t queue_id, enum key_kind kind, struct place place)
{
    struct key key = key_of_kind(queue_id, kind);

    append_u64(&key, place.sent_ms);
    append_u64(&key, place.position);
    return key;
}

struct key key_of_due(uint64_t queue_id, enum key_kind kind, uint64_t due_ms, struct place place)
{
    struct key key = key_of_kind(queue_id, kind);

    append_u64(&key, due_ms);
    append_u64(&key, place.sent_ms);
    append_u64(&key, place.position);
    return key;
}

struct key key_of_text(uint64_t queue_id, enum key_kind kind, struct bytes text)
{
    struct key key = key_of_kind(queue_id, kind);

    append_text(&key, text);
    return key;
}

struct key key_of_time(uint64_t queue_id, enum key_kind kind, uint64_t time_ms, struct bytes text)
{
    struct key key = key_of_kind(queue_id, kind);

    append_u64(&key, time_ms);
    append_text(&key, text);
    return key;
}

bool key_place(struct bytes key, struct place *ret)
{
    if (key.size != HEAD_SIZE + 16)
        return false;
    *ret =
        (struct place){bytes_get_u64(key.ptr + HEAD_SIZE), bytes_get_u64(key.ptr + HEAD_SIZE + 8)};
    return true;
}

bool key_due(struct bytes key, uint64_t *ret_due_ms, struct place *ret)
{
    if (key.size != HEAD_SIZE + 24)
        return false;
    *ret_due_ms = bytes_get_u64(key.ptr + HEAD_SIZE);
    *ret = (struct place){bytes_get_u64(key.ptr + HEAD_SIZE + 8),
                          bytes_get_u64(key.ptr + HEAD_SIZE + 16)};
    return true;
}

bool key_time(struct bytes key, uint64_t *ret_time_ms, struct bytes *ret_text)
{
    if (key.size < HEAD_SIZE + 8)
        return false;
    *ret_time_ms = bytes_get_u64(key.ptr + HEAD_SIZE);
    *ret_text = bytes_slice(key, HEAD_SIZE + 8, key.size);
    return true;
}
