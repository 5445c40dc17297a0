/* store/cache_size.c - how much memory the cache may take. See cache.h.
 *
 * A sixteenth of what there is: dynlog shares the machine with what it is developed for, and most
 * of the rest serves it too, as the system's own copies of RocksDB's files. No more than 512 MB: a
 * million events of the usual size as whole streams, and what an open process should not exceed
 * unasked. No less than 8 MB: with less it would drive out what it has just read. */
#include "base/file.h"
#include "store/cache.h"

#include <unistd.h>

#define SHARE 16
#define SIZE_LEAST ((uint64_t)8 << 20)
#define SIZE_MOST ((uint64_t)512 << 20)

/* A container's limit; "max", or no such file: none. */
#define LIMIT_FILE "/sys/fs/cgroup/memory.max"
#define LIMIT_TEXT_MAX 64

static uint64_t limit_of_group(void)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text;
    uint64_t limit = UINT64_MAX;

    if (file_read(arena, LIMIT_FILE, LIMIT_TEXT_MAX, &text) != OK || text.size == 0)
        return UINT64_MAX;
    if (!bytes_to_uint64(bytes_slice(text, 0, text.size - 1), &limit))
        return UINT64_MAX;
    return limit;
}

size_t cache_size_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    uint64_t memory = pages > 0 && page_size > 0 ? (uint64_t)pages * (uint64_t)page_size : 0;
    uint64_t limit = limit_of_group();
    uint64_t size = (memory < limit ? memory : limit) / SHARE;

    return (size_t)(size < SIZE_LEAST ? SIZE_LEAST : size > SIZE_MOST ? SIZE_MOST : size);
}
