/* store/read.c - reading: one value, a view, a run of keys. Any thread. What the cache has of items
 * (cache.h) comes from there.
 *
 * Everything handed out (a value, a view, an iterator) counts as a reader inside the gate until it
 * is released: it points into the open RocksDB. A reader that has a view is inside already and
 * never waits at the gate.
 *
 * When RocksDB failed and could not be opened again, rocks.db is NULL: gets answer IO_ERROR,
 * iterators end at once with that status, views are empty. */
#include "store/internal.h"

/* Larger than RocksDB's own 256 KiB: a disk reads in a row while a check looks at what it has. */
#define LOOKING_READAHEAD_SIZE ((size_t)1 << 20)

struct store_view {
    const rocksdb_snapshot_t *snapshot; /* NULL when there is no RocksDB to look at */
    rocksdb_readoptions_t *read;
    uint64_t moment; /* of the cache: taken before the snapshot */
};

/* ---- views ---- */

struct store_view *store_view_new(struct store *store)
{
    struct store_view *view = mem_new(sizeof *view);

    group_catch_up(store);
    gate_enter(&store->gate, false);
    view->read = rocksdb_readoptions_create();
    view->moment = cache_moment(&store->cache);
    if (store->rocks.db != NULL) {
        view->snapshot = rocksdb_create_snapshot(store->rocks.db);
        rocksdb_readoptions_set_snapshot(view->read, view->snapshot);
    }
    return view;
}

void store_view_free(struct store *store, struct store_view *view)
{
    if (view == NULL)
        return;
    rocksdb_readoptions_destroy(view->read);
    if (view->snapshot != NULL)
        rocksdb_release_snapshot(store->rocks.db, view->snapshot);
    mem_free(view);
    gate_leave(&store->gate);
}

uint64_t view_moment(const struct store_view *view)
{
    return view->moment;
}

/* ---- one value ---- */

enum status store_get(struct store *store, const struct store_view *view, enum store_family family,
                      struct bytes key, struct store_value *ret)
{
    group_catch_up(store);
    if (family == STORE_ITEMS)
        return cache_get(store, view, key, ret);
    return store_get_stored(store, view, family, key, ret);
}

enum status store_get_stored(struct store *store, const struct store_view *view,
                             enum store_family family, struct bytes key, struct store_value *ret)
{
    const struct rocks *rocks = &store->rocks;
    rocksdb_pinnableslice_t *slice = NULL;
    enum status status = IO_ERROR;
    char *error = NULL;

    assert(family < STORE_FAMILY_COUNT);
    gate_enter(&store->gate, view != NULL);
    if (rocks->db != NULL) {
        rocksdb_column_family_handle_t *handle = rocks_family(rocks, family);

        if (handle != NULL)
            slice =
                rocksdb_get_pinned_cf(rocks->db, view != NULL ? view->read : rocks->options.read,
                                      handle, (const char *)key.ptr, key.size, &error);
        status = rocks_status(error);
    }
    if (slice == NULL) {
        gate_leave(&store->gate);
        return status == OK ? NOT_FOUND : status;
    }
    ret->bytes.ptr = (const uint8_t *)rocksdb_pinnableslice_value(slice, &ret->bytes.size);
    ret->handle = slice;
    ret->store = store;
    return OK;
}

void store_value_release(struct store_value *value)
{
    if (value->entry != NULL) {
        cache_entry_release(value->entry);
        *value = (struct store_value){0};
    }
    if (value->handle == NULL)
        return;
    rocksdb_pinnableslice_destroy(value->handle);
    gate_leave(&value->store->gate);
    *value = (struct store_value){0};
}

/* ---- a run of keys ---- */

struct store_iter {
    struct store *store;
    rocksdb_iterator_t *rocks; /* NULL: there is nothing between the bounds, or nothing to read */
    rocksdb_readoptions_t *read;
    enum status status;
    char *words; /* RocksDB's, when it failed */
    bool backward, started;
    /* The rows [at, end) of an entry of the cache, instead. */
    struct cache_entry *entry;
    size_t at, end;
    /* RocksDB keeps pointers to both for as long as its iterator lives. */
    struct bytes from, to;
    uint8_t bounds[]; /* of an entry: room for a key */
};

static void open_iter(struct store_iter *iter, const struct store_view *view,
                      enum store_family family, enum iter_kind kind)
{
    const struct rocks *rocks = &iter->store->rocks;
    rocksdb_column_family_handle_t *handle = NULL;

    if (rocks->db == NULL) {
        iter->status = IO_ERROR;
        return;
    }
    handle = rocks_family(rocks, family);
    if (handle == NULL || (iter->to.size > 0 && bytes_compare(iter->from, iter->to) >= 0))
        return; /* RocksDB wants its lower bound below its upper one */

    iter->read = rocksdb_readoptions_create();
    if (view != NULL)
        rocksdb_readoptions_set_snapshot(iter->read, view->snapshot);
    if (iter->from.size > 0)
        rocksdb_readoptions_set_iterate_lower_bound(iter->read, (const char *)iter->from.ptr,
                                                    iter->from.size);
    if (iter->to.size > 0)
        rocksdb_readoptions_set_iterate_upper_bound(iter->read, (const char *)iter->to.ptr,
                                                    iter->to.size);
    rocksdb_readoptions_set_fill_cache(iter->read, kind == ITER_PLAIN && !iter->store->looks);
    /* Else only keys with the prefix of `from` are found. */
    rocksdb_readoptions_set_total_order_seek(iter->read, kind != ITER_COLLECTION);
    if (iter->store->looks) /* everything is read once */
        rocksdb_readoptions_set_readahead_size(iter->read, LOOKING_READAHEAD_SIZE);
    /* Files that an iterator was the last to hold are deleted by a thread of RocksDB, not a loop.
     */
    rocksdb_readoptions_set_background_purge_on_iterator_cleanup(iter->read, 1);
    iter->rocks = rocksdb_create_iterator_cf(rocks->db, iter->read, handle);
}

struct store_iter *store_iter_stored(struct store *store, const struct store_view *view,
                                     enum store_family family, struct bytes from, struct bytes to,
                                     bool backward, enum iter_kind kind)
{
    struct store_iter *iter = mem_new(sizeof *iter + from.size + to.size);

    assert(family < STORE_FAMILY_COUNT);
    *iter = (struct store_iter){.store = store, .backward = backward, .status = OK};
    if (from.size > 0)
        memcpy(iter->bounds, from.ptr, from.size);
    if (to.size > 0)
        memcpy(iter->bounds + from.size, to.ptr, to.size);
    iter->from = bytes_of(iter->bounds, from.size);
    iter->to = bytes_of(iter->bounds + from.size, to.size);
    gate_enter(&store->gate, view != NULL);
    open_iter(iter, view, family, kind);
    return iter;
}

/* Of a collection, which has all keys between the bounds. Takes the reference. */
static struct store_iter *iter_of_entry(struct store *store, struct cache_entry *entry,
                                        struct bytes from, struct bytes to, bool backward)
{
    struct bytes prefix = cache_entry_prefix(entry);
    size_t key_size_max = 0, at = 0, end = entry->count;
    struct store_iter *iter = NULL;
    bool equal = false;

    at = cache_entry_search(entry, bytes_slice(from, prefix.size, from.size), &equal);
    if (bytes_start_with(to, prefix))
        end = cache_entry_search(entry, bytes_slice(to, prefix.size, to.size), &equal);
    for (size_t i = at; i < end; i++)
        key_size_max = size_max(key_size_max, cache_entry_key(entry, i).size);
    iter = mem_resize(NULL, sizeof *iter + prefix.size + key_size_max);
    *iter = (struct store_iter){.store = store,
                                .status = OK,
                                .backward = backward,
                                .entry = entry,
                                .at = at,
                                .end = size_max(at, end)};
    memcpy(iter->bounds, prefix.ptr, prefix.size);
    return iter;
}

struct store_iter *store_iter_new(struct store *store, const struct store_view *view,
                                  enum store_family family, struct bytes from, struct bytes to,
                                  bool backward)
{
    struct cache_entry *entry = NULL;

    group_catch_up(store);
    if (family == STORE_ITEMS)
        entry = cache_collection_of(store, view, from, to);
    if (entry != NULL)
        return iter_of_entry(store, entry, from, to, backward);
    return store_iter_stored(store, view, family, from, to, backward, ITER_PLAIN);
}

void store_iter_free(struct store_iter *iter)
{
    if (iter == NULL)
        return;
    if (iter->entry != NULL) {
        cache_entry_release(iter->entry);
        mem_free(iter);
        return;
    }
    if (iter->rocks != NULL)
        rocksdb_iter_destroy(iter->rocks);
    if (iter->read != NULL)
        rocksdb_readoptions_destroy(iter->read);
    gate_leave(&iter->store->gate);
    mem_free(iter->words);
    mem_free(iter);
}

static bool next_of_entry(struct store_iter *iter, struct bytes *key, struct bytes *value)
{
    size_t prefix_size = iter->entry->prefix_size, row = 0;
    struct bytes rest;

    if (iter->at == iter->end)
        return false;
    row = iter->backward ? --iter->end : iter->at++;
    rest = cache_entry_key(iter->entry, row);
    if (rest.size > 0)
        memcpy(iter->bounds + prefix_size, rest.ptr, rest.size);
    *key = bytes_of(iter->bounds, prefix_size + rest.size);
    *value = cache_entry_value(iter->entry, row);
    return true;
}

static void move(struct store_iter *iter)
{
    if (iter->started && iter->backward)
        rocksdb_iter_prev(iter->rocks);
    else if (iter->started)
        rocksdb_iter_next(iter->rocks);
    else if (iter->backward)
        rocksdb_iter_seek_to_last(iter->rocks);
    else
        rocksdb_iter_seek_to_first(iter->rocks);
    iter->started = true;
}

bool store_iter_next(struct store_iter *iter, struct bytes *key, struct bytes *value)
{
    char *error = NULL;

    if (iter->entry != NULL)
        return next_of_entry(iter, key, value);
    /* Past the end there is nothing to move; RocksDB asserts on it. */
    if (iter->rocks == NULL || (iter->started && !rocksdb_iter_valid(iter->rocks)))
        return false;
    move(iter);
    if (!rocksdb_iter_valid(iter->rocks)) {
        rocksdb_iter_get_error(iter->rocks, &error);
        if (error != NULL && iter->words == NULL)
            iter->words = mem_copy_text(error);
        iter->status = rocks_status(error);
        return false;
    }
    key->ptr = (const uint8_t *)rocksdb_iter_key(iter->rocks, &key->size);
    value->ptr = (const uint8_t *)rocksdb_iter_value(iter->rocks, &value->size);
    return true;
}

enum status store_iter_status(const struct store_iter *iter)
{
    return iter->status;
}

const char *store_iter_words(const struct store_iter *iter)
{
    return iter->words != NULL ? iter->words : "";
}

uint64_t store_last_position(struct store *store)
{
    return atomic_load(&store->last_position);
}
