/* store/batch.c - the changes of one group: RocksDB's write batch, and beside it a table of the
 * keys in it, because RocksDB reads only what is written and a later run() must see the earlier
 * ones.
 *
 *   changes   every put and delete, in order, as RocksDB will apply it
 *   slots     family + key -> the last value put, or "deleted"; open addressing, a power of two
 *   totals    entries of the slots that are put when the group ends, with their last value
 *   ranges    what was deleted as a range; a newer entry in the slots wins over it
 *
 * A get asks the slots, then the ranges, then those of the group before if RocksDB does not have it
 * yet, then RocksDB. Keys and values of the slots live in the
 * batch's arena until the next group; what came from RocksDB stays pinned until run() returns. */
#include "base/map.h"
#include "store/internal.h"

#define SLOTS_MIN 256
/* A table or a write batch that one large group has grown is not kept for the small ones after it.
 */
#define SLOTS_KEPT_MAX 16384
#define CHANGES_KEPT_SIZE_MAX ((size_t)1 << 20)

struct batch_entry {
    uint64_t hash;
    struct bytes key, value;
    enum store_family family;
    bool deleted;
    bool total;                     /* not in changes yet */
    struct batch_entry *next_total; /* among all that ever were */
    bool in_totals;
};

struct batch_range {
    struct batch_range *next;
    struct bytes from, to;
    enum store_family family;
};

void batch_init(struct store_batch *batch, struct store *store)
{
    *batch = (struct store_batch){.store = store};
    batch->changes = rocksdb_writebatch_create();
    batch->arena = arena_new();
    batch->capacity = SLOTS_MIN;
    batch->slots = mem_new_array(SLOTS_MIN, sizeof(struct batch_entry *));
}

void batch_clear(struct store_batch *batch)
{
    batch_unpin(batch);
    rocksdb_writebatch_destroy(batch->changes);
    arena_free(batch->arena);
    mem_free(batch->slots);
    mem_free(batch->pinned);
}

void batch_begin(struct store_batch *batch, uint64_t last_position)
{
    assert(batch->pinned_count == 0);
    if (batch->size > CHANGES_KEPT_SIZE_MAX) {
        rocksdb_writebatch_destroy(batch->changes);
        batch->changes = rocksdb_writebatch_create();
    } else {
        rocksdb_writebatch_clear(batch->changes);
    }
    if (batch->capacity > SLOTS_KEPT_MAX) {
        mem_free(batch->slots);
        batch->capacity = SLOTS_MIN;
        batch->slots = mem_new_array(SLOTS_MIN, sizeof(struct batch_entry *));
    } else if (batch->used > 0) {
        memset(batch->slots, 0, batch->capacity * sizeof(struct batch_entry *));
    }
    arena_reset(batch->arena);
    batch->used = batch->size = batch->count = 0;
    batch->scrub = 0;
    batch->status = OK;
    batch->ranges = NULL;
    batch->totals = NULL;
    batch->group = ++batch->store->group_number;
    batch->last_position = batch->begin_position = last_position;
}

void batch_unpin(struct store_batch *batch)
{
    cache_unpin(&batch->store->cache);
    while (batch->pinned_count > 0)
        rocksdb_pinnableslice_destroy(batch->pinned[--batch->pinned_count]);
}

/* Together with what was asked for before and is still to be done. */
static void put_scrub(struct store_batch *batch)
{
    struct bytes key = META_SCRUB;
    uint8_t families[4];

    bytes_put_u32(families, batch->scrub | atomic_load(&batch->store->scrub));
    rocksdb_writebatch_put_cf(batch->changes, rocks_family(&batch->store->rocks, FAMILY_META),
                              (const char *)key.ptr, key.size, (const char *)families,
                              sizeof families);
}

/* The log is there before the first family is: a folder with families and no log is damaged. */
static enum status make_family(struct store *store, enum store_family family,
                               rocksdb_column_family_handle_t **ret)
{
    enum status status = OK;

    *ret = rocks_family(&store->rocks, family);
    if (*ret != NULL)
        return OK;
    if (!store->memory)
        status = wal_begin(&store->wal);
    if (status != OK)
        return status;
    status = rocks_make_family(&store->rocks, family, ret);
    store->rocks_failed |= status != OK;
    return status;
}

static void put_change(struct store_batch *batch, enum store_family family, struct bytes key,
                       struct bytes value)
{
    rocksdb_column_family_handle_t *handle = NULL;
    enum status status = make_family(batch->store, family, &handle);

    if (status != OK) {
        store_batch_fail(batch, status);
        return;
    }
    rocksdb_writebatch_put_cf(batch->changes, handle, (const char *)key.ptr, key.size,
                              (const char *)value.ptr, value.size);
}

bool batch_finish(struct store_batch *batch)
{
    uint8_t position[8];
    struct bytes key = META_LAST_POSITION;

    for (const struct batch_entry *entry = batch->totals; entry != NULL; entry = entry->next_total)
        if (entry->total)
            put_change(batch, entry->family, entry->key, entry->value);
    if (batch->last_position > batch->begin_position) {
        bytes_put_u64(position, batch->last_position);
        rocksdb_writebatch_put_cf(batch->changes, rocks_family(&batch->store->rocks, FAMILY_META),
                                  (const char *)key.ptr, key.size, (const char *)position,
                                  sizeof position);
        batch->count++;
    }
    if (batch->scrub != 0) {
        put_scrub(batch);
        batch->count++;
    }
    return batch->count > 0;
}

/* ---- the table ---- */

/* The slot of the key, or the empty one where it belongs. */
static struct batch_entry **find_slot(const struct store_batch *batch, uint64_t hash,
                                      enum store_family family, struct bytes key)
{
    size_t i = (size_t)hash & (batch->capacity - 1);

    for (;; i = (i + 1) & (batch->capacity - 1)) {
        struct batch_entry *entry = batch->slots[i];

        if (entry == NULL ||
            (entry->hash == hash && entry->family == family && bytes_equal(entry->key, key)))
            return &batch->slots[i];
    }
}

static void grow_table(struct store_batch *batch)
{
    struct batch_entry **old = batch->slots;
    size_t old_capacity = batch->capacity;

    batch->capacity *= 2;
    batch->slots = mem_new_array(batch->capacity, sizeof(struct batch_entry *));
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i] != NULL)
            *find_slot(batch, old[i]->hash, old[i]->family, old[i]->key) = old[i];
    mem_free(old);
}

/* Seeded, because keys come from outside; the family spreads equal keys of different families. */
static uint64_t hash_key(enum store_family family, struct bytes key)
{
    return map_hash(key) + (uint64_t)family;
}

static struct batch_entry *entry_of(struct store_batch *batch, enum store_family family,
                                    struct bytes key)
{
    uint64_t hash = hash_key(family, key);
    struct batch_entry **slot = find_slot(batch, hash, family, key);

    assert(family < STORE_FAMILY_COUNT);
    if (*slot != NULL)
        return *slot;
    if ((batch->used + 1) * 2 > batch->capacity) {
        grow_table(batch);
        slot = find_slot(batch, hash, family, key);
    }
    *slot = ARENA_NEW(batch->arena, struct batch_entry);
    **slot =
        (struct batch_entry){.hash = hash, .key = arena_copy(batch->arena, key), .family = family};
    batch->used++;
    return *slot;
}

/* ---- what the group changes ---- */

void batch_each(const struct store_batch *batch, enum store_family family,
                void (*visit)(void *context, struct bytes key, struct bytes value, bool deleted),
                void *context)
{
    for (size_t i = 0; batch->used > 0 && i < batch->capacity; i++) {
        const struct batch_entry *entry = batch->slots[i];

        if (entry != NULL && entry->family == family)
            visit(context, entry->key, entry->value, entry->deleted);
    }
}

bool batch_deletes_range(const struct store_batch *batch, enum store_family family)
{
    for (const struct batch_range *range = batch->ranges; range != NULL; range = range->next)
        if (range->family == family)
            return true;
    return false;
}

/* ---- what run() calls ---- */

static bool in_range(struct bytes key, struct bytes from, struct bytes to)
{
    return bytes_compare(key, from) >= 0 && bytes_compare(key, to) < 0;
}

static bool in_deleted_range(const struct store_batch *batch, enum store_family family,
                             struct bytes key)
{
    for (const struct batch_range *range = batch->ranges; range != NULL; range = range->next)
        if (range->family == family && in_range(key, range->from, range->to))
            return true;
    return false;
}

static void pin(struct store_batch *batch, rocksdb_pinnableslice_t *slice)
{
    if (batch->pinned_count == batch->pinned_capacity) {
        batch->pinned_capacity = size_max(64, batch->pinned_capacity * 2);
        batch->pinned =
            mem_resize(batch->pinned, batch->pinned_capacity * sizeof(rocksdb_pinnableslice_t *));
    }
    batch->pinned[batch->pinned_count++] = slice;
}

static enum status get_written(struct store_batch *batch, enum store_family family,
                               struct bytes key, struct bytes *ret)
{
    const struct rocks *rocks = &batch->store->rocks;
    rocksdb_column_family_handle_t *handle = rocks_family(rocks, family);
    char *error = NULL;
    bool found = false;

    if (family == STORE_ITEMS && cache_peek(&batch->store->cache, key, &found, ret))
        return found ? OK : NOT_FOUND;
    if (handle == NULL)
        return NOT_FOUND;

    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(rocks->db, rocks->options.read, handle,
                                                           (const char *)key.ptr, key.size, &error);
    enum status status = rocks_status(error);

    if (status != OK)
        return status;
    if (slice == NULL)
        return NOT_FOUND;
    pin(batch, slice);
    ret->ptr = (const uint8_t *)rocksdb_pinnableslice_value(slice, &ret->size);
    return OK;
}

/* False: the group did not change it. */
static bool get_changed(const struct store_batch *batch, uint64_t hash, enum store_family family,
                        struct bytes key, struct bytes *ret, enum status *ret_status)
{
    const struct batch_entry *entry = batch->used > 0 ? *find_slot(batch, hash, family, key) : NULL;

    if (entry == NULL && !in_deleted_range(batch, family, key))
        return false;
    *ret_status = entry == NULL || entry->deleted ? NOT_FOUND : OK;
    if (*ret_status == OK)
        *ret = entry->value;
    return true;
}

enum status store_batch_get(struct store_batch *batch, enum store_family family, struct bytes key,
                            struct bytes *ret)
{
    const struct store_batch *before = batch->store->before;
    uint64_t hash = batch->used > 0 || before != NULL ? hash_key(family, key) : 0;
    enum status status = OK;

    assert(family < STORE_FAMILY_COUNT);
    if (get_changed(batch, hash, family, key, ret, &status) ||
        (before != NULL && get_changed(before, hash, family, key, ret, &status)))
        return status;
    return get_written(batch, family, key, ret);
}

void store_batch_put(struct store_batch *batch, enum store_family family, struct bytes key,
                     struct bytes value)
{
    struct batch_entry *entry = entry_of(batch, family, key);

    put_change(batch, family, key, value);
    /* Copied even when the old value's room would do: an earlier store_batch_get() of this run()
     * may have handed that out. */
    entry->value = arena_copy(batch->arena, value);
    entry->deleted = entry->total = false;
    batch->size += key.size + value.size;
    batch->count++;
}

void store_batch_put_total(struct store_batch *batch, enum store_family family, struct bytes key,
                           struct bytes value)
{
    struct batch_entry *entry = entry_of(batch, family, key);

    entry->value = arena_copy(batch->arena, value);
    entry->deleted = false;
    entry->total = true;
    if (entry->in_totals)
        return;
    entry->in_totals = true;
    entry->next_total = batch->totals;
    batch->totals = entry;
    batch->size += key.size + value.size;
    batch->count++;
}

void store_batch_delete(struct store_batch *batch, enum store_family family, struct bytes key)
{
    rocksdb_column_family_handle_t *handle = rocks_family(&batch->store->rocks, family);
    struct batch_entry *entry = entry_of(batch, family, key);

    if (handle != NULL)
        rocksdb_writebatch_delete_cf(batch->changes, handle, (const char *)key.ptr, key.size);
    entry->deleted = true;
    entry->total = false;
    batch->size += key.size;
    batch->count++;
}

void store_batch_delete_range(struct store_batch *batch, enum store_family family,
                              struct bytes from, struct bytes to)
{
    rocksdb_column_family_handle_t *handle = rocks_family(&batch->store->rocks, family);

    assert(family < STORE_FAMILY_COUNT);
    if (bytes_compare(from, to) >= 0)
        return;
    if (handle != NULL)
        rocksdb_writebatch_delete_range_cf(batch->changes, handle, (const char *)from.ptr,
                                           from.size, (const char *)to.ptr, to.size);
    for (size_t i = 0; batch->used > 0 && i < batch->capacity; i++) {
        struct batch_entry *entry = batch->slots[i];

        if (entry == NULL || entry->family != family || !in_range(entry->key, from, to))
            continue;
        entry->deleted = true;
        entry->total = false;
    }

    struct batch_range *range = ARENA_NEW(batch->arena, struct batch_range);

    *range = (struct batch_range){.next = batch->ranges,
                                  .from = arena_copy(batch->arena, from),
                                  .to = arena_copy(batch->arena, to),
                                  .family = family};
    batch->ranges = range;
    batch->size += from.size + to.size;
    batch->count++;
}

void store_batch_fail(struct store_batch *batch, enum status status)
{
    assert(status != OK);
    if (batch->status == OK)
        batch->status = status;
}

void store_batch_scrub(struct store_batch *batch, enum store_family family)
{
    static_assert(STORE_FAMILY_COUNT <= 32, "a bit each");
    assert(family < STORE_FAMILY_COUNT);
    batch->scrub |= UINT32_C(1) << family;
}

uint64_t store_batch_position(struct store_batch *batch)
{
    return ++batch->last_position;
}

uint64_t store_batch_group(const struct store_batch *batch)
{
    return batch->group;
}
