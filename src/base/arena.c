/* base/arena.c - see arena.h. A list of blocks, the newest first.
 *
 * A request, a page, a look into a record each have an arena, and it rarely has a second block. So
 * each thread keeps some of the blocks that it frees, zeroed as far as they were used: taking one
 * costs no 16 KiB of zeros, and no lock of the C library's heaps, which have few of them. */
#include "base/arena.h"

#include <pthread.h>
#include <stdio.h>

#define BLOCK_SIZE_MIN ((size_t)16 * 1024 - 64) /* with malloc's own head it stays under 16 KiB */

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *newest;
    size_t total;
};

struct arena *arena_new(void)
{
    return mem_new(sizeof(struct arena));
}

/* ---- blocks that a thread keeps ---- */

#if defined(__SANITIZE_ADDRESS__)
#define SPARE_BLOCKS_MAX 0 /* what is freed is to be seen as freed */
#else
#define SPARE_BLOCKS_MAX 16
#endif

struct spares {
    struct block *first;
    size_t count;
    bool told; /* the thread frees them when it ends */
};

static _Thread_local struct spares spares;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void free_spares(void *context)
{
    struct spares *ended = context;

    while (ended->first != NULL) {
        struct block *block = ended->first;

        ended->first = block->older;
        mem_free(block);
    }
    *ended = (struct spares){0};
}

static void make_key(void)
{
    int failed = pthread_key_create(&key, free_spares);

    assert(failed == 0 && "a process has room for a key");
    (void)failed;
}

static void free_block(struct block *block)
{
    if (block->size != BLOCK_SIZE_MIN || spares.count + 1 > SPARE_BLOCKS_MAX) {
        mem_free(block);
        return;
    }
    if (!spares.told) {
        (void)pthread_once(&key_once, make_key);
        spares.told = pthread_setspecific(key, &spares) == 0;
    }
    memset(block->data, 0, block->used);
    block->used = 0;
    block->older = spares.first;
    spares.first = block;
    spares.count++;
}

static struct block *take_block(size_t size)
{
    struct block *block = spares.first;

    if (size != BLOCK_SIZE_MIN || block == NULL) {
        block = mem_new(sizeof *block + size);
        block->size = size;
        return block;
    }
    spares.first = block->older;
    spares.count--;
    return block;
}

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *older = block->older;

        free_block(block);
        block = older;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    free_blocks(arena->newest);
    mem_free(arena);
}

void arena_reset(struct arena *arena)
{
    struct block *kept = arena->newest;

    if (kept == NULL)
        return;
    free_blocks(kept->older);
    kept->older = NULL;
    if (kept->size > 16 * BLOCK_SIZE_MIN) { /* one large request must not pin its memory */
        mem_free(kept);
        arena->newest = NULL;
        arena->total = 0;
        return;
    }
    memset(kept->data, 0, kept->used);
    kept->used = 0;
    arena->total = kept->size;
}

static struct block *add_block(struct arena *arena, size_t needed)
{
    size_t size = size_max(BLOCK_SIZE_MIN, needed);
    struct block *block = NULL;

    assert(needed <= SIZE_MAX - sizeof *block);
    block = take_block(size);
    block->older = arena->newest;
    arena->newest = block;
    arena->total += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t rounded = 0;

    if (__builtin_add_overflow(size, align - 1, &rounded))
        assert(false && "an allocation of nearly all memory");
    rounded &= ~(align - 1);

    struct block *block = arena->newest;

    if (block == NULL || block->size - block->used < rounded)
        block = add_block(arena, rounded);

    void *ptr = block->data + block->used;

    block->used += rounded;
    return ptr;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;

    if (__builtin_mul_overflow(count, size, &total))
        assert(false && "an array larger than memory");
    return arena_alloc(arena, total);
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    uint8_t *copy = arena_alloc(arena, bytes.size);

    if (bytes.size > 0)
        memcpy(copy, bytes.ptr, bytes.size);
    return bytes_of(copy, bytes.size);
}

char *arena_copy_text(struct arena *arena, struct bytes bytes)
{
    char *copy = arena_alloc(arena, bytes.size + 1);

    if (bytes.size > 0)
        memcpy(copy, bytes.ptr, bytes.size);
    return copy;
}

struct bytes arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;

    assert(format != NULL); /* said aloud: under UBSan the compiler sees a way here with NULL */
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);

    va_end(again);
    assert(size >= 0);

    char *text = arena_alloc(arena, (size_t)size + 1);

    vsnprintf(text, (size_t)size + 1, format, args);
    return bytes_of(text, (size_t)size);
}

struct bytes arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct bytes text = arena_vprintf(arena, format, args);

    va_end(args);
    return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t wanted, size_t *capacity,
                 size_t size)
{
    if (wanted <= *capacity)
        return array;

    size_t grown = size_max(wanted, size_max(8, *capacity * 2));
    void *moved = arena_alloc_array(arena, grown, size);

    if (count > 0)
        memcpy(moved, array, count * size);
    *capacity = grown;
    return moved;
}

size_t arena_size(const struct arena *arena)
{
    return arena->total;
}
