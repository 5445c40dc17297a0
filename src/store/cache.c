/* store/cache.c - where an entry belongs, how it is found, kept, and driven out. See cache.h.
 *
 * Eviction is a clock: an entry that was used since the hand was at it gets another turn. What is
 * read once, by a scan's gets for example, goes before what is read again and again. */
#include "store/cache.h"

#include "base/map.h"
#include "value/value.h"

#define BUCKETS_MIN 64

/* ---- places ---- */

/* The first byte tells how the partition key is read: an encoded number begins with 01, 02 or 03
 * (docs/format/keys.md), and so does now and then a string, which then is cut where a number would
 * end, or is alone. That does no harm: what counts is that every key which begins with a prefix has
 * that prefix, and each of the two codes says by itself where it ends. */
size_t cache_prefix_size(struct bytes key)
{
    struct bytes rest = bytes_slice(key, CACHE_TABLE_SIZE, key.size);

    if (rest.size == 0)
        return 0;

    size_t size = key_encoded_size(rest, rest.ptr[0] >= 1 && rest.ptr[0] <= 3);

    return size > 0 ? CACHE_TABLE_SIZE + size : 0;
}

void cache_place_of(struct bytes key, struct cache_place *ret)
{
    size_t size = cache_prefix_size(key);

    *ret = (struct cache_place){.key = key, .prefix = bytes_slice(key, 0, size)};
    ret->hash = map_hash(size > 0 ? ret->prefix : key);
}

/* The least bytes above everything that begins with the prefix are `to`. */
static bool ends_prefix(struct bytes prefix, struct bytes to)
{
    size_t size = prefix.size;

    while (size > 0 && prefix.ptr[size - 1] == 0xFF)
        size--;
    return size > 0 && to.size == size && to.ptr[size - 1] == prefix.ptr[size - 1] + 1 &&
           memcmp(to.ptr, prefix.ptr, size - 1) == 0;
}

bool cache_place_of_range(struct bytes from, struct bytes to, struct cache_place *ret)
{
    struct bytes prefix = bytes_slice(from, 0, cache_prefix_size(from));

    if (prefix.size == 0 || (!bytes_start_with(to, prefix) && !ends_prefix(prefix, to)))
        return false;
    *ret = (struct cache_place){.key = prefix, .prefix = prefix, .hash = map_hash(prefix)};
    return true;
}

struct cache_shard *cache_shard_of(struct cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> 58];
}

struct cache_stamp *cache_stamp_of(struct cache *cache, uint64_t hash)
{
    static_assert(CACHE_SHARDS == 64, "six bits of the hash");
    static_assert((CACHE_STAMPS & (CACHE_STAMPS - 1)) == 0, "a power of two");
    return &cache->stamps[(hash >> 32) & (CACHE_STAMPS - 1)];
}

/* ---- a shard ---- */

static struct cache_entry **bucket_of(struct cache_shard *shard, uint64_t hash)
{
    return &shard->buckets[hash & (shard->capacity - 1)];
}

struct cache_entry *cache_shard_find(struct cache_shard *shard, enum cache_kind kind,
                                     struct bytes prefix, uint64_t hash)
{
    if (shard->capacity == 0)
        return NULL;
    for (struct cache_entry *it = *bucket_of(shard, hash); it != NULL; it = it->next)
        if (it->hash == hash && (it->kind == CACHE_ROW) == (kind == CACHE_ROW) &&
            bytes_equal(cache_entry_prefix(it), prefix))
            return it;
    return NULL;
}

static void grow(struct cache_shard *shard)
{
    struct cache_entry **old = shard->buckets;
    size_t old_capacity = shard->capacity;

    shard->capacity = size_max(BUCKETS_MIN, old_capacity * 2);
    shard->buckets = mem_new_array(shard->capacity, sizeof(struct cache_entry *));
    for (size_t i = 0; i < old_capacity; i++)
        for (struct cache_entry *it = old[i], *next = NULL; it != NULL; it = next) {
            struct cache_entry **bucket = bucket_of(shard, it->hash);

            next = it->next;
            it->next = *bucket;
            *bucket = it;
        }
    mem_free(old);
}

void cache_shard_remove(struct cache *cache, struct cache_shard *shard, struct cache_entry *entry)
{
    struct cache_entry **at = bucket_of(shard, entry->hash);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    list_remove(&entry->place);
    shard->count--;
    shard->size -= entry->size;
    if (entry->kind == CACHE_ROW)
        atomic_fetch_sub(&cache->rows, 1);
    cache_entry_release(entry);
}

/* Each entry is looked at twice at most: hidden ones are never driven out. */
static void evict(struct cache *cache, struct cache_shard *shard)
{
    size_t size_max = cache->size_max / CACHE_SHARDS;

    for (size_t steps = 2 * shard->count; shard->size > size_max && steps > 0; steps--) {
        struct cache_entry *entry = LIST_ITEM(shard->clock.next, struct cache_entry, place);

        if (!entry->hidden && !entry->used) {
            cache_shard_remove(cache, shard, entry);
            continue;
        }
        entry->used = false;
        list_remove(&entry->place);
        list_append(&shard->clock, &entry->place);
    }
}

void cache_shard_put(struct cache *cache, struct cache_shard *shard, struct cache_entry *entry)
{
    struct cache_entry **bucket = NULL;

    if (2 * shard->count >= shard->capacity) /* few share a bucket: each costs a wait for memory */
        grow(shard);
    bucket = bucket_of(shard, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    list_append(&shard->clock, &entry->place);
    shard->count++;
    shard->size += entry->size;
    if (entry->kind == CACHE_ROW)
        atomic_fetch_add(&cache->rows, 1);
    evict(cache, shard);
}

/* ---- finding and keeping ---- */

uint64_t cache_moment(const struct cache *cache)
{
    return atomic_load(&cache->ended);
}

struct cache_entry *cache_find(struct cache *cache, const struct cache_place *place,
                               enum cache_kind kind, uint64_t moment, bool *ret_large)
{
    bool alone = kind == CACHE_ROW && place->prefix.size > 0;
    uint64_t hash = alone ? map_hash(place->key) : place->hash;
    struct cache_shard *shard = cache_shard_of(cache, hash);
    struct cache_entry *entry = NULL;

    *ret_large = false;
    pthread_mutex_lock(&shard->mutex);
    entry = cache_shard_find(shard, kind, kind == CACHE_ROW ? place->key : place->prefix, hash);
    if (entry != NULL)
        entry->used = entry->read = true;
    if (entry != NULL && entry->kind == CACHE_LARGE)
        *ret_large = true;
    if (entry != NULL && (*ret_large || entry->hidden || entry->since > moment))
        entry = NULL;
    if (entry != NULL)
        atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&shard->mutex);
    return entry;
}

static uint64_t group_of_stamp(uint64_t stamp)
{
    return stamp == 0 ? 0 : (stamp - 2) / 2;
}

bool cache_has_room(struct cache *cache, const struct cache_place *place)
{
    struct cache_shard *shard = cache_shard_of(cache, place->hash);
    bool has = false;

    pthread_mutex_lock(&shard->mutex);
    has = shard->size + CACHE_COLLECTION_SIZE_MAX < cache->size_max / CACHE_SHARDS &&
          cache_shard_find(shard, CACHE_COLLECTION, place->prefix, place->hash) == NULL;
    pthread_mutex_unlock(&shard->mutex);
    return has;
}

void cache_keep(struct cache *cache, const struct cache_place *place, struct cache_entry *entry,
                uint64_t moment, bool read)
{
    struct cache_shard *shard = cache_shard_of(cache, entry->hash);
    struct cache_entry *before = NULL;
    uint64_t stamp = 0;

    if (entry->size > cache->size_max / CACHE_SHARDS)
        return;
    pthread_mutex_lock(&shard->mutex);
    /* Told before the stamps are looked at: the writer sets them before it looks whether there are
     * rows. One of the two sees the other. */
    if (entry->kind == CACHE_ROW)
        atomic_fetch_add(&cache->rows, 1);
    stamp = atomic_load(&cache_stamp_of(cache, place->hash)->value);
    if (stamp < atomic_load(&cache->barrier))
        stamp = atomic_load(&cache->barrier);
    before = cache_shard_find(shard, entry->kind, cache_entry_prefix(entry), entry->hash);
    if (stamp <= 2 * moment + 2 && (before == NULL || !before->hidden)) {
        if (before != NULL)
            cache_shard_remove(cache, shard, before);
        entry->since = group_of_stamp(stamp);
        entry->read = read;
        atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
        cache_shard_put(cache, shard, entry);
    }
    if (entry->kind == CACHE_ROW)
        atomic_fetch_sub(&cache->rows, 1);
    pthread_mutex_unlock(&shard->mutex);
}

/* ---- the whole ---- */

void cache_init(struct cache *cache, size_t size_max)
{
    cache->size_max = size_max;
    cache->stamps = mem_new_array(CACHE_STAMPS, sizeof cache->stamps[0]);
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        pthread_mutex_init(&cache->shards[i].mutex, NULL);
        list_init(&cache->shards[i].clock);
    }
}

void cache_clear(struct cache *cache)
{
    if (cache->stamps == NULL)
        return;
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];

        while (!list_empty(&shard->clock))
            cache_shard_remove(cache, shard,
                               LIST_ITEM(shard->clock.next, struct cache_entry, place));
        mem_free(shard->buckets);
        pthread_mutex_destroy(&shard->mutex);
    }
    mem_free(cache->stamps);
    mem_free(cache->touches);
    mem_free(cache->changes);
    mem_free(cache->stamped);
    mem_free(cache->pinned);
}

size_t cache_size(struct cache *cache)
{
    size_t size = 0;

    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];

        pthread_mutex_lock(&shard->mutex);
        size += shard->size + shard->capacity * sizeof(struct cache_entry *);
        pthread_mutex_unlock(&shard->mutex);
    }
    return size;
}
