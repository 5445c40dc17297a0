/* order/merge.c - several runs of entries as one, by position: a heap of iterators and walks. */
#include "order/internal.h"

void order_merge_init(struct order_merge *merge, struct arena *arena, size_t source_count,
                      bool backward)
{
    *merge = (struct order_merge){
        .heap = ARENA_NEW_ARRAY(arena, size_max(source_count, 1), struct order_source),
        .capacity = source_count,
        .backward = backward};
}

static bool comes_first(const struct order_merge *merge, size_t a, size_t b)
{
    uint64_t left = merge->heap[a].position, right = merge->heap[b].position;

    return merge->backward ? left > right : left < right;
}

static void swap(struct order_merge *merge, size_t a, size_t b)
{
    struct order_source source = merge->heap[a];

    merge->heap[a] = merge->heap[b];
    merge->heap[b] = source;
}

static void sink(struct order_merge *merge, size_t at)
{
    for (;;) {
        size_t first = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < merge->count && comes_first(merge, child, first))
                first = child;
        if (first == at)
            return;
        swap(merge, at, first);
        at = first;
    }
}

static void rise(struct order_merge *merge, size_t at)
{
    for (; at > 0 && comes_first(merge, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(merge, at, (at - 1) / 2);
}

/* False: it has no more, and is closed. */
static bool move_on(struct order_merge *merge, struct order_source *source)
{
    struct bytes key;

    if (source->walk != NULL) {
        bool there = order_walk_next(source->walk);

        if (merge->status == OK)
            merge->status = source->walk->status;
        source->position = source->walk->position;
        source->value = source->walk->value.bytes;
        return there;
    }
    if (store_iter_next(source->iter, &key, &source->value)) {
        source->position = bytes_get_u64(key.ptr + key.size - 8);
        return true;
    }
    if (merge->status == OK)
        merge->status = store_iter_status(source->iter);
    store_iter_free(source->iter);
    return false;
}

static void add(struct order_merge *merge, struct order_source source)
{
    assert(merge->count < merge->capacity);
    if (!move_on(merge, &source))
        return;
    merge->heap[merge->count++] = source;
    rise(merge, merge->count - 1);
}

void order_merge_add(struct order_merge *merge, struct store_iter *iter,
                     const struct order_run *run)
{
    add(merge, (struct order_source){.iter = iter, .run = run});
}

void order_merge_add_walk(struct order_merge *merge, struct order_walk *walk)
{
    add(merge, (struct order_source){.walk = walk});
}

const struct order_source *order_merge_top(const struct order_merge *merge)
{
    return merge->status == OK && merge->count > 0 ? &merge->heap[0] : NULL;
}

void order_merge_step(struct order_merge *merge)
{
    if (!move_on(merge, &merge->heap[0]))
        merge->heap[0] = merge->heap[--merge->count];
    sink(merge, 0);
}

void order_merge_close(struct order_merge *merge)
{
    for (size_t i = 0; i < merge->count; i++)
        if (merge->heap[i].iter != NULL)
            store_iter_free(merge->heap[i].iter);
    merge->count = 0;
}
