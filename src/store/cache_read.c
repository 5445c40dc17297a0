/* store/cache_read.c - reads of items that ask the cache, and fill it. See cache.h.
 *
 *   get    the collection? -> its row, or "not there"        the row alone? -> it
 *          nothing: the collection is read as a whole; when that is too large, a note, and the row
 *   run    of one collection: the same, without rows alone
 *
 * A read with a view finds what has not changed since its moment, and keeps what it read when that
 * is still so. */
#include "base/buffer.h"
#include "base/map.h"
#include "store/internal.h"

#define BESIDE_MAX 16 /* collections that are kept beside one that was asked for */

/* The moment that what is read now is at least of. */
static uint64_t moment_of(struct store *store, const struct store_view *view)
{
    return view != NULL ? view_moment(view) : cache_moment(&store->cache);
}

static uint64_t found_by(const struct store_view *view)
{
    return view != NULL ? view_moment(view) : CACHE_NOW;
}

/* ---- a whole collection ---- */

/* The end of the keys with that prefix; empty: there is none. */
static struct bytes behind(struct bytes prefix, uint8_t *room)
{
    size_t size = prefix.size;

    memcpy(room, prefix.ptr, size);
    while (size > 0 && room[size - 1] == 0xFF)
        size--;
    if (size > 0)
        room[size - 1]++;
    return bytes_of(room, size);
}

/* Rows from the beginning of a collection on, one of which was read ahead: the first one that is
 * not its. */
struct run {
    struct store_iter *iter;
    struct bytes key, value; /* ahead */
    bool ahead;
};

/* RocksDB keeps no copy of its blocks: the next read of the collection finds it in the cache.
 * beside: the run goes on behind the collection, to the end of the table. */
static void run_open(struct run *run, struct store *store, const struct store_view *view,
                     struct bytes prefix, bool beside)
{
    uint8_t *room = mem_resize(NULL, prefix.size);
    struct bytes end = behind(beside ? bytes_slice(prefix, 0, CACHE_TABLE_SIZE) : prefix, room);

    *run = (struct run){.iter = store_iter_stored(store, view, STORE_ITEMS, prefix, end, false,
                                                  beside ? ITER_PASSING : ITER_COLLECTION)};
    mem_free(room);
    run->ahead = store_iter_next(run->iter, &run->key, &run->value);
}

/* All rows with that prefix, which come next. TOO_LARGE: they are no collection to keep. */
static enum status run_read(struct run *run, struct bytes prefix, struct cache_rows *rows)
{
    rows->size = rows->count = 0;
    while (run->ahead && bytes_start_with(run->key, prefix)) {
        if (!cache_rows_add(rows, bytes_slice(run->key, prefix.size, run->key.size), run->value))
            return TOO_LARGE;
        run->ahead = store_iter_next(run->iter, &run->key, &run->value);
    }
    return store_iter_status(run->iter);
}

/* Reading on is a fraction of what another beginning costs; so while there is room, what stands
 * behind a collection that was asked for is kept, too, up to one that is kept already. A cache that
 * is empty after a start is warm after a tenth of the reads. */
static void keep_beside(struct store *store, struct run *run, struct cache_rows *rows,
                        uint64_t moment)
{
    AUTO(buffer_free) struct buffer prefix = BUFFER_INIT(SIZE_MAX);

    for (size_t i = 0; i < BESIDE_MAX && run->ahead; i++) {
        struct cache_place place;
        struct cache_entry *entry = NULL;

        cache_place_of(run->key, &place);
        if (place.prefix.size == 0 || !cache_has_room(&store->cache, &place))
            return;
        buffer_clear(&prefix); /* the key's bytes go when the run goes on */
        buffer_append(&prefix, place.prefix);
        place.key = place.prefix = buffer_bytes(&prefix);
        if (run_read(run, place.prefix, rows) != OK)
            return;
        entry = cache_entry_new(CACHE_COLLECTION, place.prefix, place.hash, rows);
        cache_keep(&store->cache, &place, entry, moment, false);
        cache_entry_release(entry);
    }
}

static enum status load(struct store *store, const struct store_view *view,
                        const struct cache_place *place, struct cache_entry **ret)
{
    uint64_t moment = moment_of(store, view);
    bool beside = cache_has_room(&store->cache, place);
    AUTO(cache_rows_clear) struct cache_rows rows;
    enum status status = OK;
    struct run run;

    rows.bytes = NULL;
    rows.capacity = 0;
    run_open(&run, store, view, place->prefix, beside);
    status = run_read(&run, place->prefix, &rows);
    if (status == TOO_LARGE) {
        struct cache_entry *note = cache_entry_new(CACHE_LARGE, place->prefix, place->hash, NULL);

        cache_keep(&store->cache, place, note, moment, true);
        cache_entry_release(note);
    }
    if (status == OK) {
        *ret = cache_entry_new(CACHE_COLLECTION, place->prefix, place->hash, &rows);
        cache_keep(&store->cache, place, *ret, moment, true);
        if (beside)
            keep_beside(store, &run, &rows, moment);
    }
    store_iter_free(run.iter);
    return status;
}

/* ---- one item ---- */

/* Keeps a row that was read, or that it is not there, when that is a whole collection: a key that
 * is nothing but its prefix is the only one with it, because no key begins with another one. */
static void keep_row(struct store *store, const struct cache_place *place, bool found,
                     struct bytes value, uint64_t moment)
{
    bool whole = place->prefix.size > 0 && place->prefix.size == place->key.size;
    uint64_t hash = whole || place->prefix.size == 0 ? place->hash : map_hash(place->key);
    AUTO(cache_rows_clear) struct cache_rows rows;
    struct cache_entry *entry = NULL;

    rows.bytes = NULL;
    rows.size = rows.capacity = 0;
    rows.count = 0;
    if ((!found && !whole) || (found && !cache_rows_add(&rows, (struct bytes){0}, value)))
        return;
    entry = cache_entry_new(whole ? CACHE_COLLECTION : CACHE_ROW, place->key, hash, &rows);
    cache_keep(&store->cache, place, entry, moment, true);
    cache_entry_release(entry);
}

static enum status get_stored(struct store *store, const struct store_view *view,
                              const struct cache_place *place, struct store_value *ret)
{
    uint64_t moment = moment_of(store, view);
    enum status status = store_get_stored(store, view, STORE_ITEMS, place->key, ret);

    if (status == OK || status == NOT_FOUND)
        keep_row(store, place, status == OK, ret->bytes, moment);
    return status;
}

/* Takes the reference. */
static enum status take(struct store *store, struct cache_entry *entry, struct bytes key,
                        struct store_value *ret)
{
    bool found = false;
    size_t row = cache_entry_search(entry, bytes_slice(key, entry->prefix_size, key.size), &found);

    if (!found) {
        cache_entry_release(entry);
        return NOT_FOUND;
    }
    ret->bytes = cache_entry_value(entry, row);
    ret->entry = entry;
    ret->store = store;
    return OK;
}

enum status cache_get(struct store *store, const struct store_view *view, struct bytes key,
                      struct store_value *ret)
{
    struct cache_place place;
    struct cache_entry *entry = NULL;
    bool large = true;

    if (store->cache.size_max == 0)
        return store_get_stored(store, view, STORE_ITEMS, key, ret);
    cache_place_of(key, &place);
    if (place.prefix.size > 0) {
        enum status status = OK;

        entry = cache_find(&store->cache, &place, CACHE_COLLECTION, found_by(view), &large);
        if (entry == NULL && !large && place.prefix.size < key.size) {
            status = load(store, view, &place, &entry);
            large = status == TOO_LARGE;
        }
        if (status != OK && status != TOO_LARGE)
            return status;
    }
    if (entry == NULL && large)
        entry = cache_find(&store->cache, &place, CACHE_ROW, found_by(view), &large);
    return entry != NULL ? take(store, entry, key, ret) : get_stored(store, view, &place, ret);
}

/* ---- a run ---- */

struct cache_entry *cache_collection_of(struct store *store, const struct store_view *view,
                                        struct bytes from, struct bytes to)
{
    struct cache_place place;
    struct cache_entry *entry = NULL;
    bool large = false;

    if (store->cache.size_max == 0 || !cache_place_of_range(from, to, &place))
        return NULL;
    entry = cache_find(&store->cache, &place, CACHE_COLLECTION, found_by(view), &large);
    /* A failure is met again by whoever reads without the cache, and told there. */
    if (entry == NULL && !large && load(store, view, &place, &entry) != OK)
        return NULL;
    return entry;
}
