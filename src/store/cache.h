/* store/cache.h - items that were read, kept as they were read, so that reading them again asks
 * nobody: in front of STORE_ITEMS alone. No other folder includes it.
 *
 *   cache.c         places, finding, keeping, eviction
 *   cache_entry.c   an entry's bytes
 *   cache_commit.c  what the writer tells: a group begins to be written, and ends
 *   cache_read.c    reads that ask the cache, and fill it
 *
 * What is kept is an item collection - all rows of one partition key, a stream of events - as a
 * whole, because a whole one also knows what is not there, and because streams are read as wholes.
 * Of a collection that is too large for that there is a note, and its rows are kept one by one.
 *
 *   COLLECTION  table id | partition key -> all its rows, in the order of their keys
 *   LARGE       table id | partition key -> nothing: it is not worth a try
 *   ROW         whole key                -> one row
 *
 * What always holds:
 *   1. An entry that can be found has exactly what RocksDB has: of no earlier moment, and of none
 *      that is not durable yet.
 *   2. An entry never changes; a new one takes its place. Who has a reference may read without a
 *      lock.
 *   3. A view finds an entry only when nothing of it changed since the view's moment.
 *   4. All entries together take no more than size_max, but for those that readers still hold.
 *
 * How 1 and 3 are kept: groups that are written are numbered. `ended` is the last one that is
 * visible and told of. A stamp - a slot of a table, by the hash of a collection - says which group
 * changed something of it last: 2 * number + 1 while that group is written, 2 * number + 2 after
 * it. The barrier is such a stamp for everything.
 *
 *   writer   cache_begin(): stamps are set, entries that the group touches are hidden
 *            RocksDB writes, syncs, publishes
 *            cache_end(): hidden entries are replaced or dropped, stamps set, `ended` moves on
 *   reader   moment = ended; reads RocksDB; keeps what it read if, under the shard's lock, neither
 *            the stamp nor the barrier is of a group later than that moment
 *
 * So between a group's begin and its end whoever asks for what it touches asks RocksDB, and keeps
 * nothing; and what was read before a begin is not kept after it. A view's moment is `ended` before
 * its snapshot was taken: what changed by then it sees.
 *
 * Threads: any reads; begin, end and clear are the writer's. */
#ifndef DYNLOG_STORE_CACHE_H
#define DYNLOG_STORE_CACHE_H

#include "base/bytes.h"
#include "base/list.h"

#include <pthread.h>
#include <stdatomic.h>

struct store_batch;

/* A whole collection is at most this: about a hundred events. Larger ones are seldom read as wholes
 * (a page of a Query is a part of them), and the writer copies one that it changes. */
#define CACHE_COLLECTION_SIZE_MAX ((size_t)32 << 10)
#define CACHE_COLLECTION_ROWS_MAX 256
/* Of a row that stands alone: larger items cost more to send than to read. */
#define CACHE_ROW_SIZE_MAX ((size_t)64 << 10)

#define CACHE_TABLE_SIZE 4 /* of the table's id, which a key begins with */

#define CACHE_SHARDS 64
#define CACHE_STAMPS 16384 /* a large group touches a quarter of them */

/* "Now": every entry that can be found is of it. */
#define CACHE_NOW UINT64_MAX

enum cache_kind {
    CACHE_COLLECTION,
    CACHE_LARGE,
    CACHE_ROW,
};

struct cache_row {
    uint32_t key_at, key_size; /* behind the prefix */
    uint32_t value_at, value_size;
};

/* What a search looks at comes first: the head fills one line of the processor's cache. */
struct cache_entry {
    uint64_t hash;            /* of the prefix */
    uint64_t since;           /* the last group that changed it, or a later one that did not */
    struct cache_entry *next; /* in its bucket; this and the next five: under the shard's lock */
    struct list place;        /* in the clock */
    bool used;                /* since the clock's hand was here */
    bool read;                /* since it was kept: the writer replaces what somebody reads */
    bool hidden;              /* the group that is written touches it */
    uint8_t kind;             /* enum cache_kind */
    uint32_t touch;           /* hidden: its place among the writer's touches */
    uint32_t prefix_size, count;
    atomic_uint references;
    uint32_t size;   /* memory */
    uint8_t bytes[]; /* prefix, rows, their keys, their values: see cache_entry.c */
};

struct cache_shard {
    _Alignas(64) pthread_mutex_t mutex;
    struct cache_entry **buckets;
    size_t capacity, count;
    size_t size;
    struct list clock;
};

/* Atomic by itself. */
struct cache_stamp {
    _Atomic uint64_t value;
};

struct cache_touch;
struct cache_change;

struct cache {
    size_t size_max; /* 0: nothing is kept */
    struct cache_shard shards[CACHE_SHARDS];
    struct cache_stamp *stamps;
    _Atomic uint64_t barrier;
    _Atomic uint64_t ended;
    atomic_size_t rows; /* entries that are rows, or are about to be */

    /* The writer's own. */
    uint64_t number; /* of the last group that began */
    bool all;        /* it touches everything */
    struct cache_touch *touches;
    size_t touch_count, touch_capacity;
    struct cache_change *changes;
    size_t change_count, change_capacity;
    uint32_t *stamped;
    size_t stamped_count, stamped_capacity;
    struct cache_entry **pinned;
    size_t pinned_count, pinned_capacity;
};

void cache_init(struct cache *cache, size_t size_max);
void cache_clear(struct cache *cache); /* frees; nobody reads */
size_t cache_size(struct cache *cache);
/* What a machine of this much memory spares: a share, with a least and a most. */
size_t cache_size_of_machine(void);

/* ---- places ---- */

/* Where a key belongs. Borrowed from the key. */
struct cache_place {
    struct bytes key;
    /* Table id and partition key; empty: the key has none that can be told, and is alone. Keys with
     * this prefix, and only they, have it as theirs. */
    struct bytes prefix;
    uint64_t hash; /* of the prefix, or of a key that is alone */
};

/* Of a place's prefix; 0: it has none. Files have it in their filters (options.c): another answer
 * for a key would be another name there. */
size_t cache_prefix_size(struct bytes key);
void cache_place_of(struct bytes key, struct cache_place *ret);
/* True when all keys in [from, to) are of one collection. */
bool cache_place_of_range(struct bytes from, struct bytes to, struct cache_place *ret);

/* ---- finding and keeping ---- */

/* The last group that is visible. Asked before RocksDB is read. */
uint64_t cache_moment(const struct cache *cache);
/* An entry of that kind with a reference for the caller, or NULL. A collection that is LARGE is
 * told. */
struct cache_entry *cache_find(struct cache *cache, const struct cache_place *place,
                               enum cache_kind kind, uint64_t moment, bool *ret_large);
/* Nothing of the collection is kept, and if it were, nothing would be driven out. */
bool cache_has_room(struct cache *cache, const struct cache_place *place);
/* Keeps the entry, and takes its own reference, unless something of it changed since the moment.
 * read: somebody asked for it. */
void cache_keep(struct cache *cache, const struct cache_place *place, struct cache_entry *entry,
                uint64_t moment, bool read);

/* ---- entries ---- */

/* The rows of an entry that is to be made, in the order of their keys. */
struct cache_rows {
    uint8_t *bytes;
    size_t size, capacity;
    uint32_t count;
    struct cache_row list[CACHE_COLLECTION_ROWS_MAX];
};

void cache_rows_clear(struct cache_rows *rows); /* also for AUTO() */
/* False: it would be too large. */
bool cache_rows_add(struct cache_rows *rows, struct bytes key, struct bytes value);
struct cache_entry *cache_entry_new(enum cache_kind kind, struct bytes prefix, uint64_t hash,
                                    const struct cache_rows *rows);
void cache_entry_release(struct cache_entry *entry);
struct bytes cache_entry_prefix(const struct cache_entry *entry);
/* A row's key behind the prefix. */
struct bytes cache_entry_key(const struct cache_entry *entry, size_t row);
struct bytes cache_entry_value(const struct cache_entry *entry, size_t row);
/* The first row whose key, behind the prefix, is not less. */
size_t cache_entry_search(const struct cache_entry *entry, struct bytes key, bool *ret_equal);

/* ---- the shards' inside, for cache_commit.c ---- */

struct cache_shard *cache_shard_of(struct cache *cache, uint64_t hash);
struct cache_stamp *cache_stamp_of(struct cache *cache, uint64_t hash);
/* With the lock. */
struct cache_entry *cache_shard_find(struct cache_shard *shard, enum cache_kind kind,
                                     struct bytes prefix, uint64_t hash);
void cache_shard_put(struct cache *cache, struct cache_shard *shard, struct cache_entry *entry);
void cache_shard_remove(struct cache *cache, struct cache_shard *shard, struct cache_entry *entry);

/* ---- the writer ---- */

/* The group is about to be written; its keys and values hold until cache_end(). */
void cache_begin(struct cache *cache, const struct store_batch *batch);
/* It is visible (`written`), or failed. */
void cache_end(struct cache *cache, bool written);
/* Everything may be different now: between the two nothing is found or kept. */
void cache_begin_all(struct cache *cache);
void cache_end_all(struct cache *cache);

/* For a run(): what is kept of the key. NULL ret->ptr with true: it is not there. False: not known.
 * The bytes hold until cache_unpin(). */
bool cache_peek(struct cache *cache, struct bytes key, bool *ret_found, struct bytes *ret);
void cache_unpin(struct cache *cache);

#endif
