/* queues/handle.c - receipt handles: which receive of which message. To clients a text that means
 * nothing.
 *
 *   format 1 (1) | queue id (8) | sent ms (8) | position (8) | receives (4) | check (4)
 *
 * as base64. The check tells a handle from something that is none; it keeps no secret. */
#include "queues/internal.h"

#include "base/base64.h"

#define FORMAT 1
#define CHECKED_SIZE 29
#define SIZE 33
#define TEXT_SIZE_MAX 44

static uint32_t check_of(const uint8_t *bytes)
{
    return (uint32_t)bytes_hash(bytes_of(bytes, CHECKED_SIZE));
}

struct bytes receipt_print(struct arena *arena, const struct receipt *receipt)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(TEXT_SIZE_MAX);
    uint8_t bytes[SIZE] = {FORMAT};

    bytes_put_u64(bytes + 1, receipt->queue_id);
    bytes_put_u64(bytes + 9, receipt->place.sent_ms);
    bytes_put_u64(bytes + 17, receipt->place.position);
    bytes_put_u32(bytes + 25, receipt->receives);
    bytes_put_u32(bytes + CHECKED_SIZE, check_of(bytes));
    base64_encode(&text, bytes_of(bytes, sizeof bytes));
    return arena_copy(arena, buffer_bytes(&text));
}

bool receipt_parse(struct arena *arena, struct bytes handle, struct receipt *ret)
{
    struct bytes bytes = {NULL, 0};

    if (handle.size > TEXT_SIZE_MAX || base64_decode(arena, handle, &bytes) != BASE64_NO_FAULT ||
        bytes.size != SIZE || bytes.ptr[0] != FORMAT ||
        bytes_get_u32(bytes.ptr + CHECKED_SIZE) != check_of(bytes.ptr))
        return false;
    *ret = (struct receipt){
        .queue_id = bytes_get_u64(bytes.ptr + 1),
        .place = {bytes_get_u64(bytes.ptr + 9), bytes_get_u64(bytes.ptr + 17)},
        .receives = bytes_get_u32(bytes.ptr + 25),
    };
    return true;
}
