/* value/shard.c - see shard.h. */
#include "value/shard.h"

/* The plain hash alone would not do: its high bits, which ranges go by, hardly know of a key's last
 * byte, and keys that count up would share a shard. (The mixing steps are MurmurHash3's.) */
uint32_t shard_hash(struct bytes partition_key)
{
    uint64_t hash = bytes_hash(partition_key);

    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)((hash ^ hash >> 33) >> 32);
}

void shard_range(uint32_t count, uint32_t index, uint32_t *ret_from, uint32_t *ret_to)
{
    const uint64_t all = (uint64_t)UINT32_MAX + 1;

    assert(index < count);
    *ret_from = (uint32_t)(all * index / count);
    *ret_to = (uint32_t)(all * (index + 1) / count - 1);
}

const struct stream_shard *shards_find(const struct stream_shard *list, size_t count,
                                       uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].number == number)
            return &list[i];
    return NULL;
}

/* From the last one: mostly the open ones stand there. */
const struct stream_shard *shards_of_hash(const struct stream_shard *list, size_t count,
                                          uint32_t hash)
{
    for (size_t i = count; i-- > 0;)
        if (shard_is_open(&list[i]) && list[i].hash_from <= hash && hash <= list[i].hash_to)
            return &list[i];
    return NULL;
}

uint32_t shards_next_number(const struct stream_shard *list, size_t count)
{
    uint32_t number = count > 0 ? list[count - 1].number + 1 : 0;

    for (size_t i = 0; i < count;) {
        bool taken = shard_slot(list[i].number) == shard_slot(number);

        number += taken ? 1 : 0;
        i = taken ? 0 : i + 1;
    }
    return number;
}

/* ---- what always holds ---- */

static bool check_one(const struct stream_shard *list, size_t index)
{
    const struct stream_shard *shard = &list[index];
    const struct stream_shard *parent = shards_find(list, index, shard->parent);

    if (shard->hash_from > shard->hash_to || shard->begin > shard->end)
        return false;
    if (shard->parent != SHARD_NONE && shard->parent >= shard->number)
        return false;
    if (parent != NULL &&
        (shard_is_open(parent) || parent->end > shard->begin ||
         shard->hash_from < parent->hash_from || shard->hash_to > parent->hash_to))
        return false;
    for (size_t i = 0; i < index; i++)
        if (list[i].number >= shard->number ||
            shard_slot(list[i].number) == shard_slot(shard->number))
            return false;
    return true;
}

/* Follows the open ranges from 0 to the end; each hash once. */
static bool covers_all(const struct stream_shard *list, size_t count)
{
    uint64_t covered = 0, next = 0;

    for (size_t i = 0; i < count; i++)
        if (shard_is_open(&list[i]))
            covered += (uint64_t)list[i].hash_to - list[i].hash_from + 1;
    while (next <= UINT32_MAX) {
        const struct stream_shard *shard = shards_of_hash(list, count, (uint32_t)next);

        if (shard == NULL || shard->hash_from != next)
            return false;
        next = (uint64_t)shard->hash_to + 1;
    }
    return covered == next;
}

bool shards_check(const struct stream_shard *list, size_t count, bool enabled)
{
    if (count > SHARDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!check_one(list, i) || (!enabled && shard_is_open(&list[i])))
            return false;
    return !enabled || covers_all(list, count);
}
