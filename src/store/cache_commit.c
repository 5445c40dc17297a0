/* store/cache_commit.c - what the writer tells the cache of a group: cache_begin() before it is
 * written, cache_end() when it is visible or failed. See cache.h.
 *
 *   kept --- a group touches it ---> hidden --- it is visible, and somebody reads the entry --->
 * kept
 *                                      |
 *                                      +------ it failed, or nobody reads it ------> dropped
 *
 * A hidden entry is not found, not driven out and not replaced by a reader: between the two calls
 * it is the writer's. */
#include "store/cache.h"

#include "base/map.h"
#include "store/internal.h"

#define NOTHING SIZE_MAX

/* Of a hidden entry. The last change comes first. */
struct cache_touch {
    struct cache_entry *entry;
    size_t changes;
};

struct cache_change {
    size_t next;
    struct bytes key, value; /* the key is behind the entry's prefix */
    bool deleted;
};

/* Room for one more. */
static void *more(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = size_max(64, *capacity * 2);
    return mem_resize(array, *capacity * size);
}

/* ---- a group begins ---- */

static void set_stamp(struct cache *cache, uint64_t hash)
{
    struct cache_stamp *stamp = cache_stamp_of(cache, hash);

    atomic_store(&stamp->value, 2 * cache->number + 1);
    cache->stamped = more(cache->stamped, cache->stamped_count, &cache->stamped_capacity,
                          sizeof cache->stamped[0]);
    cache->stamped[cache->stamped_count++] = (uint32_t)(stamp - cache->stamps);
}

static void hide(struct cache *cache, struct cache_entry *entry)
{
    if (entry->hidden)
        return;
    cache->touches =
        more(cache->touches, cache->touch_count, &cache->touch_capacity, sizeof cache->touches[0]);
    entry->hidden = true;
    entry->touch = (uint32_t)cache->touch_count;
    cache->touches[cache->touch_count++] = (struct cache_touch){entry, NOTHING};
}

static void add_change(struct cache *cache, struct cache_entry *entry, struct bytes key,
                       struct bytes value, bool deleted)
{
    struct cache_touch *touch = &cache->touches[entry->touch];

    cache->changes = more(cache->changes, cache->change_count, &cache->change_capacity,
                          sizeof cache->changes[0]);
    cache->changes[cache->change_count] = (struct cache_change){
        touch->changes, bytes_slice(key, entry->prefix_size, key.size), value, deleted};
    touch->changes = cache->change_count++;
}

static void touch(struct cache *cache, enum cache_kind kind, struct bytes prefix, uint64_t hash,
                  struct bytes key, struct bytes value, bool deleted)
{
    struct cache_shard *shard = cache_shard_of(cache, hash);
    struct cache_entry *entry = NULL;

    pthread_mutex_lock(&shard->mutex);
    entry = cache_shard_find(shard, kind, prefix, hash);
    if (entry != NULL && entry->kind == CACHE_LARGE) {
        /* It stays large while it grows; with fewer rows another try may be worth it. */
        if (deleted)
            cache_shard_remove(cache, shard, entry);
    } else if (entry != NULL) {
        hide(cache, entry);
        add_change(cache, entry, key, value, deleted);
    }
    pthread_mutex_unlock(&shard->mutex);
}

static void touch_key(void *context, struct bytes key, struct bytes value, bool deleted)
{
    struct cache *cache = context;
    struct cache_place place;

    cache_place_of(key, &place);
    set_stamp(cache, place.hash);
    if (place.prefix.size == 0)
        touch(cache, CACHE_ROW, key, place.hash, key, value, deleted);
    else
        touch(cache, CACHE_COLLECTION, place.prefix, place.hash, key, value, deleted);
    if (place.prefix.size > 0 && atomic_load(&cache->rows) > 0)
        touch(cache, CACHE_ROW, key, map_hash(key), key, value, deleted);
}

void cache_begin(struct cache *cache, const struct store_batch *batch)
{
    if (batch_deletes_range(batch, STORE_ITEMS) || batch->scrub != 0) {
        cache_begin_all(cache);
        return;
    }
    cache->number++;
    batch_each(batch, STORE_ITEMS, touch_key, cache);
}

void cache_begin_all(struct cache *cache)
{
    cache->number++;
    cache->all = true;
    atomic_store(&cache->barrier, 2 * cache->number + 1);
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];

        pthread_mutex_lock(&shard->mutex);
        while (!list_empty(&shard->clock))
            cache_shard_remove(cache, shard,
                               LIST_ITEM(shard->clock.next, struct cache_entry, place));
        pthread_mutex_unlock(&shard->mutex);
    }
}

/* ---- it ends ---- */

/* The changes in the order of their keys; there are few of one collection. */
static void sort(struct cache *cache, struct cache_touch *touch)
{
    size_t sorted = NOTHING;

    for (size_t i = touch->changes, next = 0; i != NOTHING; i = next) {
        struct cache_change *change = &cache->changes[i];
        size_t *at = &sorted;

        next = change->next;
        while (*at != NOTHING && bytes_compare(cache->changes[*at].key, change->key) < 0)
            at = &cache->changes[*at].next;
        change->next = *at;
        *at = i;
    }
    touch->changes = sorted;
}

static bool add_row(struct cache_rows *rows, const struct cache_entry *entry, size_t row)
{
    return cache_rows_add(rows, cache_entry_key(entry, row), cache_entry_value(entry, row));
}

/* False: it would be too large. */
static bool merge(const struct cache *cache, const struct cache_touch *touch,
                  struct cache_rows *rows)
{
    const struct cache_entry *entry = touch->entry;
    size_t row = 0;
    bool fits = true;

    for (size_t i = touch->changes; i != NOTHING && fits; i = cache->changes[i].next) {
        const struct cache_change *change = &cache->changes[i];
        int order = -1;

        for (; row < entry->count && fits; row++) {
            order = bytes_compare(cache_entry_key(entry, row), change->key);
            if (order >= 0)
                break;
            fits = add_row(rows, entry, row);
        }
        if (row < entry->count && order == 0)
            row++;
        if (!change->deleted && fits)
            fits = cache_rows_add(rows, change->key, change->value);
    }
    for (; row < entry->count && fits; row++)
        fits = add_row(rows, entry, row);
    return fits && (entry->kind != CACHE_ROW || rows->count > 0);
}

static void replace(struct cache *cache, struct cache_touch *touch, bool written)
{
    struct cache_entry *entry = touch->entry, *next = NULL;
    struct cache_shard *shard = cache_shard_of(cache, entry->hash);
    AUTO(cache_rows_clear) struct cache_rows rows;
    bool is_read = false;

    rows.bytes = NULL;
    rows.size = rows.capacity = 0;
    rows.count = 0;
    pthread_mutex_lock(&shard->mutex);
    is_read = entry->read;
    pthread_mutex_unlock(&shard->mutex);
    if (written && is_read) {
        sort(cache, touch);
        if (merge(cache, touch, &rows))
            next = cache_entry_new((enum cache_kind)entry->kind, cache_entry_prefix(entry),
                                   entry->hash, &rows);
    }
    pthread_mutex_lock(&shard->mutex);
    cache_shard_remove(cache, shard, entry);
    if (next != NULL) {
        next->since = cache->number;
        cache_shard_put(cache, shard, next);
    }
    pthread_mutex_unlock(&shard->mutex);
}

static void end(struct cache *cache)
{
    for (size_t i = 0; i < cache->stamped_count; i++)
        atomic_store(&cache->stamps[cache->stamped[i]].value, 2 * cache->number + 2);
    if (cache->all)
        atomic_store(&cache->barrier, 2 * cache->number + 2);
    cache->all = false;
    cache->touch_count = cache->change_count = cache->stamped_count = 0;
    atomic_store(&cache->ended, cache->number);
}

void cache_end(struct cache *cache, bool written)
{
    for (size_t i = 0; i < cache->touch_count; i++)
        replace(cache, &cache->touches[i], written);
    end(cache);
}

void cache_end_all(struct cache *cache)
{
    assert(cache->all && cache->touch_count == 0);
    end(cache);
}

/* ---- what a run() reads ---- */

bool cache_peek(struct cache *cache, struct bytes key, bool *ret_found, struct bytes *ret)
{
    struct cache_place place;
    struct cache_entry *entry = NULL;
    bool large = true;
    size_t row = 0;

    *ret_found = false;
    cache_place_of(key, &place);
    if (place.prefix.size > 0)
        entry = cache_find(cache, &place, CACHE_COLLECTION, CACHE_NOW, &large);
    if (entry == NULL && large)
        entry = cache_find(cache, &place, CACHE_ROW, CACHE_NOW, &large);
    if (entry == NULL)
        return false;
    row = cache_entry_search(entry, bytes_slice(key, entry->prefix_size, key.size), ret_found);
    if (!*ret_found) {
        cache_entry_release(entry);
        return true;
    }
    *ret = cache_entry_value(entry, row);
    cache->pinned =
        more(cache->pinned, cache->pinned_count, &cache->pinned_capacity, sizeof cache->pinned[0]);
    cache->pinned[cache->pinned_count++] = entry;
    return true;
}

void cache_unpin(struct cache *cache)
{
    while (cache->pinned_count > 0)
        cache_entry_release(cache->pinned[--cache->pinned_count]);
}
