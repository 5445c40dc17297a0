/* store/fragment.h - the form of RocksDB's logs and of its MANIFEST (its db/log_format.h).
 *
 *   blocks of 32 KiB. A record is cut into fragments so that none crosses a block; where no head
 *   fits any more, the rest of a block is zeros. All numbers little-endian.
 *   a fragment   crc32c of what follows the size, masked (4) | size of the bytes (2) | kind (1)
 *                | in a log that is used again: its number (4) | bytes */
#ifndef DYNLOG_STORE_FRAGMENT_H
#define DYNLOG_STORE_FRAGMENT_H

#include "base/crc32c.h"

#define FRAGMENT_BLOCK_SIZE ((size_t)32 << 10)
#define FRAGMENT_HEAD_SIZE ((size_t)7)
#define FRAGMENT_HEAD_AGAIN_SIZE ((size_t)11)

enum fragment_kind {
    FRAGMENT_NONE = 0, /* zeros that nobody wrote on */
    FRAGMENT_FULL,
    FRAGMENT_FIRST,
    FRAGMENT_MIDDLE,
    FRAGMENT_LAST,
    FRAGMENT_AGAIN, /* the same four, in a log that is used again */
    FRAGMENT_AGAIN_LAST = FRAGMENT_AGAIN + 3,
    FRAGMENT_KIND_MAX = 11, /* how a log is compressed */
};

static inline uint32_t fragment_get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline bool fragment_is_again(uint8_t kind)
{
    return kind >= FRAGMENT_AGAIN && kind <= FRAGMENT_AGAIN_LAST;
}

/* What stands in the head for this crc32c: bytes with checksums among them are not their own
 * checksum then. */
static inline uint32_t fragment_mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static inline void fragment_put_little(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

/* Of a part of a record. */
static inline enum fragment_kind fragment_kind_of(bool first, bool last)
{
    if (first)
        return last ? FRAGMENT_FULL : FRAGMENT_FIRST;
    return last ? FRAGMENT_LAST : FRAGMENT_MIDDLE;
}

static inline void fragment_put_head(uint8_t out[FRAGMENT_HEAD_SIZE], enum fragment_kind kind,
                                     struct bytes bytes)
{
    fragment_put_little(out + 4, bytes.size, 2);
    out[6] = (uint8_t)kind;
    fragment_put_little(out, fragment_mask(crc32c(crc32c(0, bytes_of(out + 6, 1)), bytes)), 4);
}

/* The size, with its head, of the whole fragment at the front of what is left of a block; 0: there
 * is none. */
static inline size_t fragment_size(struct bytes rest)
{
    if (rest.size < FRAGMENT_HEAD_SIZE || rest.ptr[6] == FRAGMENT_NONE ||
        rest.ptr[6] > FRAGMENT_KIND_MAX)
        return 0;

    size_t head = fragment_is_again(rest.ptr[6]) ? FRAGMENT_HEAD_AGAIN_SIZE : FRAGMENT_HEAD_SIZE;
    size_t size = head + ((size_t)rest.ptr[4] | (size_t)rest.ptr[5] << 8);

    if (size > rest.size ||
        fragment_mask(crc32c(0, bytes_slice(rest, 6, size - 6))) != fragment_get_u32(rest.ptr))
        return 0;
    return size;
}

#endif
