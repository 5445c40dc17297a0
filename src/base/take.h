/* base/take.h - reading what the store holds, piece by piece: whoever takes looks once, at the end,
 * whether all of it was there.
 *
 *   struct take take = {.left = value};
 *
 *   ret->time_ms = take_u64(&take);
 *   ret->name = take_text(&take);
 *   return take.failed || take.left.size > 0 ? CORRUPT : OK;
 *
 * Numbers are big-endian, as buffer_append_u32() writes them. Bytes hold as long as what they are
 * taken from. */
#ifndef DYNLOG_BASE_TAKE_H
#define DYNLOG_BASE_TAKE_H

#include "base/bytes.h"

struct take {
    struct bytes left;
    bool failed; /* something was shorter than what was taken, and was given as 0, or empty */
};

struct bytes take_bytes(struct take *take, size_t size);
uint8_t take_byte(struct take *take);
uint32_t take_u32(struct take *take);
uint64_t take_u64(struct take *take);
/* Its size (4), then itself. */
struct bytes take_text(struct take *take);

#endif
