/* store/cache_entry.c - an entry's bytes: rows | prefix | key and value of each row. One block,
 * made once. See cache.h. */
#include "store/cache.h"

#include <string.h>

#define ROWS_SIZE_MIN ((size_t)4 << 10)
/* What malloc() takes for a block of its own. */
#define BLOCK_OVERHEAD 16

/* ---- rows that are collected ---- */

void cache_rows_clear(struct cache_rows *rows)
{
    mem_free(rows->bytes);
    rows->bytes = NULL;
    rows->size = rows->capacity = 0;
    rows->count = 0;
}

static void append(struct cache_rows *rows, struct bytes bytes)
{
    if (bytes.size > 0)
        memcpy(rows->bytes + rows->size, bytes.ptr, bytes.size);
    rows->size += bytes.size;
}

bool cache_rows_add(struct cache_rows *rows, struct bytes key, struct bytes value)
{
    size_t size = rows->size + key.size + value.size;
    /* One row may be larger than a collection of many. */
    size_t limit = rows->count == 0 ? CACHE_ROW_SIZE_MAX : CACHE_COLLECTION_SIZE_MAX;

    if (rows->count == CACHE_COLLECTION_ROWS_MAX || size > limit)
        return false;
    if (size > rows->capacity) {
        rows->capacity = size_max(size_max(ROWS_SIZE_MIN, rows->capacity * 2), size);
        rows->bytes = mem_resize(rows->bytes, rows->capacity);
    }
    rows->list[rows->count++] =
        (struct cache_row){(uint32_t)rows->size, (uint32_t)key.size,
                           (uint32_t)(rows->size + key.size), (uint32_t)value.size};
    append(rows, key);
    append(rows, value);
    return true;
}

/* ---- an entry ---- */

static size_t rows_at(size_t prefix_size)
{
    size_t unit = _Alignof(struct cache_row);

    return (prefix_size + unit - 1) / unit * unit;
}

static const struct cache_row *row_of(const struct cache_entry *entry, size_t row)
{
    return (const struct cache_row *)(const void *)(entry->bytes + rows_at(entry->prefix_size)) +
           row;
}

static void copy(uint8_t *to, const uint8_t *from, uint32_t size)
{
    if (size > 0)
        memcpy(to, from, size);
}

/* Keys and values of `from`, each in a run of its own. */
static void lay_out(struct cache_entry *entry, const struct cache_rows *from)
{
    struct cache_row *to = (struct cache_row *)(void *)(entry->bytes + rows_at(entry->prefix_size));
    uint32_t at = (uint32_t)((uint8_t *)(to + from->count) - entry->bytes);

    for (size_t i = 0; i < from->count; i++) {
        to[i] = from->list[i];
        to[i].key_at = at;
        copy(entry->bytes + at, from->bytes + from->list[i].key_at, to[i].key_size);
        at += to[i].key_size;
    }
    for (size_t i = 0; i < from->count; i++) {
        to[i].value_at = at;
        copy(entry->bytes + at, from->bytes + from->list[i].value_at, to[i].value_size);
        at += to[i].value_size;
    }
}

struct cache_entry *cache_entry_new(enum cache_kind kind, struct bytes prefix, uint64_t hash,
                                    const struct cache_rows *rows)
{
    size_t count = rows != NULL ? rows->count : 0, bytes_size = rows != NULL ? rows->size : 0;
    size_t size = sizeof(struct cache_entry) + rows_at(prefix.size) +
                  count * sizeof(struct cache_row) + bytes_size;
    struct cache_entry *entry = mem_resize(NULL, size); /* all of it is written below */

    *entry = (struct cache_entry){.references = 1,
                                  .kind = (uint8_t)kind,
                                  .prefix_size = (uint32_t)prefix.size,
                                  .count = (uint32_t)count,
                                  .hash = hash,
                                  .size = (uint32_t)(size + BLOCK_OVERHEAD)};
    memcpy(entry->bytes, prefix.ptr, prefix.size);
    if (count > 0)
        lay_out(entry, rows);
    return entry;
}

void cache_entry_release(struct cache_entry *entry)
{
    if (entry != NULL &&
        atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
        mem_free(entry);
}

struct bytes cache_entry_prefix(const struct cache_entry *entry)
{
    return bytes_of(entry->bytes, entry->prefix_size);
}

struct bytes cache_entry_key(const struct cache_entry *entry, size_t row)
{
    const struct cache_row *at = row_of(entry, row);

    return bytes_of(entry->bytes + at->key_at, at->key_size);
}

struct bytes cache_entry_value(const struct cache_entry *entry, size_t row)
{
    const struct cache_row *at = row_of(entry, row);

    return bytes_of(entry->bytes + at->value_at, at->value_size);
}

size_t cache_entry_search(const struct cache_entry *entry, struct bytes key, bool *ret_equal)
{
    size_t low = 0, high = entry->count;

    *ret_equal = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(cache_entry_key(entry, middle), key);

        if (order == 0) {
            *ret_equal = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
