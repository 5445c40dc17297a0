/* value/shard.h - the shards of a change stream: which keys each takes, and which positions. The
 * engine opens and closes them (engine/change_shards.c), the change stream reads along them.
 *
 *         (0, 9]            (10, 16]           above 17
 *     0 ---------- rolled ------ 2 --- rolled ----- 4      all keys, one child
 *     1 ---------- split ------- 3 ----------------------  the lower half of 1's keys
 *                        \------ 5 ----------------------  the upper half
 *
 * What always holds (shards_check()):
 *   1. Of an enabled stream, the open shards cover every hash once: a key has one shard at a time.
 *   2. A shard's records have positions in (begin, end], and a child begins where its parent has
 *      ended: the records of a key, over all its shards, are in the order of their positions.
 *   3. Numbers are given in order and a child's is above its parent's. No two shards of a list have
 *      one slot. */
#ifndef DYNLOG_VALUE_SHARD_H
#define DYNLOG_VALUE_SHARD_H

#include "base/bytes.h"

#define SHARD_NONE UINT32_MAX /* no parent: the stream began with it */
#define SHARD_OPEN UINT64_MAX /* the end of a shard that still takes records */

#define SHARDS_BEGIN_MAX 100 /* of a new stream: one page of DescribeStream tells them all */
/* Open and closed ones in one stream. They stand in their stream's record (128 KB of 1 MiB), and a
 * stream of 100 rolls to 700 in a day. */
#define SHARDS_MAX 1000

#define SHARD_LIFE_MS ((uint64_t)4 * 60 * 60 * 1000) /* AWS: open for about four hours */
/* A closed shard is told of, and can be read, as long as its last record (AWS: a day). */
#define SHARD_CLOSED_LIFE_MS ((uint64_t)24 * 60 * 60 * 1000)

struct stream_shard {
    uint32_t number;               /* the end of its id */
    uint32_t parent;               /* a number, also of a shard that is gone; SHARD_NONE */
    uint32_t hash_from, hash_to;   /* shard_hash() of its partition keys; both belong to it */
    uint64_t begin, end;           /* positions: see above */
    uint64_t opened_ms, closed_ms; /* closed_ms 0: open */
};

static inline bool shard_is_open(const struct stream_shard *shard)
{
    return shard->end == SHARD_OPEN;
}

/* The shard in a record's key (value/change.h). Numbers that are 65,536 apart share one; the
 * positions of their records do not meet. */
static inline uint16_t shard_slot(uint32_t number)
{
    return (uint16_t)number;
}

/* Where a partition key belongs: of its encoded form (docs/format/keys.md). Never to be changed:
 * the records that are there were placed by it. */
uint32_t shard_hash(struct bytes partition_key);
/* The range of part `index` of `count` equal parts of all hashes. */
void shard_range(uint32_t count, uint32_t index, uint32_t *ret_from, uint32_t *ret_to);

/* ---- lists: by number ---- */

/* NULL when it is not there. */
const struct stream_shard *shards_find(const struct stream_shard *list, size_t count,
                                       uint32_t number);
/* The open shard of a hash; NULL when none is open. */
const struct stream_shard *shards_of_hash(const struct stream_shard *list, size_t count,
                                          uint32_t hash);
/* Open for SHARD_LIFE_MS: the next write of its table rolls it. */
static inline bool shard_is_old(const struct stream_shard *shard, uint64_t now_ms)
{
    return shard_is_open(shard) && now_ms >= shard->opened_ms + SHARD_LIFE_MS;
}
/* Can it be read? Not when everything in it is older than a day. */
static inline bool shard_is_readable(const struct stream_shard *shard, uint64_t now_ms)
{
    return shard_is_open(shard) || now_ms < shard->closed_ms + SHARD_CLOSED_LIFE_MS;
}
/* The next number: above all others, and in nobody's slot. */
uint32_t shards_next_number(const struct stream_shard *list, size_t count);
/* What always holds; `enabled`: of its stream. */
bool shards_check(const struct stream_shard *list, size_t count, bool enabled);

#endif
