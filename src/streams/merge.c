/* streams/merge.c - the records of several shards as one run, by position. Few shards have
 * something at a time, so the smallest is looked for one by one. */
#include "streams/internal.h"

struct merge_source {
    struct merge_source *next;
    struct store_iter *iter;
    struct bytes key, value; /* of its next record */
    uint32_t tag;
    bool there;
};

static void step(struct merge *merge, struct merge_source *source)
{
    source->there = store_iter_next(source->iter, &source->key, &source->value);
    if (!source->there && merge->status == OK)
        merge->status = store_iter_status(source->iter);
}

void merge_add(struct merge *merge, struct arena *arena, struct store_iter *iter, uint32_t tag)
{
    struct merge_source *source = ARENA_NEW(arena, struct merge_source);

    source->iter = iter;
    source->tag = tag;
    source->next = merge->sources;
    merge->sources = source;
    step(merge, source);
}

static struct merge_source *first_of(const struct merge *merge)
{
    struct merge_source *first = NULL;

    for (struct merge_source *source = merge->sources; source != NULL; source = source->next)
        if (source->there &&
            (first == NULL || change_key_position(source->key) < change_key_position(first->key)))
            first = source;
    return first;
}

/* The record that was given last holds until now: only then its source moves on. */
bool merge_next(struct merge *merge, struct bytes *key, struct bytes *value, uint32_t *ret_tag)
{
    if (merge->current != NULL)
        step(merge, merge->current);
    merge->current = merge->status == OK ? first_of(merge) : NULL;
    if (merge->current == NULL)
        return false;
    *key = merge->current->key;
    *value = merge->current->value;
    if (ret_tag != NULL)
        *ret_tag = merge->current->tag;
    return true;
}

void merge_close(struct merge *merge)
{
    for (struct merge_source *source = merge->sources; source != NULL; source = source->next)
        store_iter_free(source->iter);
    *merge = (struct merge){0};
}
