/* base/arena.h - memory that is given back all at once: what one request, one group or one file
 * needs.
 *
 * An arena grows by blocks and is reset or freed as a whole. Allocations are zeroed, aligned for
 * any type, and never NULL (base.h). Bounded by what is put in: request bodies have a limit
 * (net/http.h), pages of answers have one (1 MB, 16 MB). One thread at a time. */
#ifndef DYNLOG_BASE_ARENA_H
#define DYNLOG_BASE_ARENA_H

#include "base/bytes.h"

#include <stdarg.h>

struct arena;

NEVER_NULL struct arena *arena_new(void);
void arena_free(struct arena *arena);
static inline void arena_release(struct arena **arena) /* for AUTO() */
{
    arena_free(*arena);
}

/* Forgets everything that was allocated; keeps one block for the next use. */
void arena_reset(struct arena *arena);

NEVER_NULL void *arena_alloc(struct arena *arena, size_t size);
NEVER_NULL void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, count, type)                                                        \
    ((type *)arena_alloc_array((arena), (count), sizeof(type)))

struct bytes arena_copy(struct arena *arena, struct bytes bytes);
/* A NUL-terminated copy. */
NEVER_NULL char *arena_copy_text(struct arena *arena, struct bytes bytes);
struct bytes arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
struct bytes arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Grows an array that lives in the arena: returns room for at least `wanted` elements of `size`,
 * with the first `count` copied. *capacity is read and written. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t wanted, size_t *capacity,
                 size_t size);

/* Bytes that all blocks hold, for figures. */
size_t arena_size(const struct arena *arena);

#endif
