/* streams/names.c - sequence numbers, shard ids and iterators as text; see streams.h. */
#include "streams/streams.h"

#include "base/base64.h"

#include <inttypes.h>
#include <stdio.h>

/* "1" and the position in 20 digits: 21 digits in all, ordered as numbers and as text. */
void stream_sequence_print(uint64_t position, char out[STREAM_SEQUENCE_SIZE])
{
    snprintf(out, STREAM_SEQUENCE_SIZE, "1%020" PRIu64, position);
}

bool stream_sequence_parse(struct bytes text, uint64_t *ret_position)
{
    if (text.size != 21 || text.ptr[0] != '1')
        return false;
    return bytes_to_uint64(bytes_slice(text, 1, 20), ret_position);
}

void stream_shard_id_print(uint32_t stream_id, uint32_t number, char out[STREAM_SHARD_ID_SIZE])
{
    snprintf(out, STREAM_SHARD_ID_SIZE, "shardId-%020" PRIu32 "-%08" PRIx32, stream_id, number);
}

static bool parse_hex(struct bytes text, uint32_t *ret)
{
    uint32_t value = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint32_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret = value;
    return true;
}

bool stream_shard_id_parse(struct bytes text, uint32_t *ret_stream_id, uint32_t *ret_number)
{
    struct bytes prefix = BYTES("shardId-");
    uint64_t stream_id = 0;
    uint32_t number = 0;

    if (text.size != prefix.size + 20 + 1 + 8 || !bytes_start_with(text, prefix) ||
        text.ptr[prefix.size + 20] != '-')
        return false;
    if (!bytes_to_uint64(bytes_slice(text, prefix.size, 20), &stream_id) ||
        !parse_hex(bytes_slice(text, prefix.size + 21, 8), &number))
        return false;
    if (stream_id > UINT32_MAX)
        return false;
    *ret_stream_id = (uint32_t)stream_id;
    *ret_number = number;
    return true;
}

/* stream id (4) | number of the shard (4) | after (8) | issued (8) | check (4) */
#define ITERATOR_SIZE 28

/* FNV-1a: tells a mangled iterator from a whole one; it is no secret. */
static uint32_t check_sum(struct bytes bytes)
{
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ bytes.ptr[i]) * 16777619u;
    return sum;
}

struct bytes stream_iterator_print(struct arena *arena, struct bytes stream_arn,
                                   const struct stream_iterator *iterator)
{
    AUTO(buffer_free) struct buffer raw = BUFFER_INIT(ITERATOR_SIZE);
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096);

    buffer_append_u32(&raw, iterator->stream_id);
    buffer_append_u32(&raw, iterator->shard);
    buffer_append_u64(&raw, iterator->after);
    buffer_append_u64(&raw, iterator->issued_ms);
    buffer_append_u32(&raw, check_sum(buffer_bytes(&raw)));
    buffer_append(&text, stream_arn);
    buffer_append_text(&text, "|1|");
    base64_encode(&text, buffer_bytes(&raw));
    return arena_copy(arena, buffer_bytes(&text));
}

bool stream_iterator_parse(struct bytes text, struct stream_iterator *ret)
{
    size_t bar = bytes_find(text, BYTES("|1|"));
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes raw = {NULL, 0};

    if (bar == SIZE_MAX ||
        base64_decode(arena, bytes_slice(text, bar + 3, text.size), &raw) != BASE64_NO_FAULT ||
        raw.size != ITERATOR_SIZE)
        return false;
    if (bytes_get_u32(raw.ptr + ITERATOR_SIZE - 4) !=
        check_sum(bytes_slice(raw, 0, ITERATOR_SIZE - 4)))
        return false;
    *ret = (struct stream_iterator){
        .stream_id = bytes_get_u32(raw.ptr),
        .shard = bytes_get_u32(raw.ptr + 4),
        .after = bytes_get_u64(raw.ptr + 8),
        .issued_ms = bytes_get_u64(raw.ptr + 16),
    };
    return true;
}
