/* pattern/ranges.c - see ranges.h. */
#include "pattern/ranges.h"

#include <stdlib.h>

void ranges_free(struct ranges *ranges)
{
    mem_free(ranges->items);
    *ranges = (struct ranges){0};
}

void ranges_add(struct ranges *ranges, const struct condition *condition, void *branch)
{
    if (ranges->count == ranges->capacity) {
        ranges->capacity = size_max(4, ranges->capacity * 2);
        ranges->items = mem_resize(ranges->items, ranges->capacity * sizeof *ranges->items);
    }
    ranges->items[ranges->count++] = (struct range){condition, branch, NULL};
    ranges->sorted = false;
}

void ranges_remove(struct ranges *ranges, const struct condition *condition, const void *branch)
{
    for (size_t i = 0; i < ranges->count; i++) {
        if (ranges->items[i].condition != condition || ranges->items[i].branch != branch)
            continue;
        ranges->items[i] = ranges->items[--ranges->count];
        ranges->sorted = false;
        return;
    }
}

/* No lower bound is below all others. */
static int compare_low(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    const struct bound *low_x = &x->condition->low, *low_y = &y->condition->low;

    if (!low_x->set || !low_y->set)
        return (int)low_x->set - (int)low_y->set;
    return decimal_compare(&low_x->number, &low_y->number);
}

/* No upper bound reaches furthest. */
static const struct bound *further(const struct bound *a, const struct bound *b)
{
    if (b == NULL || !a->set)
        return a;
    if (!b->set)
        return b;
    return decimal_compare(&a->number, &b->number) >= 0 ? a : b;
}

/* The tree of items from..to-1; gives how far it reaches, NULL for an empty one. */
static const struct bound *set_reach(struct range *items, size_t from, size_t to)
{
    size_t middle = from + (to - from) / 2;

    if (from == to)
        return NULL;
    const struct bound *reach = &items[middle].condition->high;

    reach = further(reach, set_reach(items, from, middle));
    reach = further(reach, set_reach(items, middle + 1, to));
    items[middle].reach = reach;
    return reach;
}

struct look_up {
    const struct range *items;
    struct leaf leaf; /* of the number */
    void (*found)(void *context, void *branch);
    void *context;
};

/* Recursion is as deep as the tree: the logarithm of its size. */
static void find(struct look_up *look, size_t from, size_t to)
{
    size_t middle = from + (to - from) / 2;

    if (from == to)
        return;
    const struct range *root = &look->items[middle];
    const struct bound *low = &root->condition->low;

    if (root->reach->set && decimal_compare(&look->leaf.number, &root->reach->number) > 0)
        return;
    find(look, from, middle);
    if (low->set && decimal_compare(&look->leaf.number, &low->number) < 0)
        return; /* nor do those to the right, which begin still higher */
    if (condition_holds(root->condition, &look->leaf, NULL))
        look->found(look->context, root->branch);
    find(look, middle + 1, to);
}

void ranges_find(struct ranges *ranges, const struct decimal *number,
                 void (*found)(void *context, void *branch), void *context)
{
    struct look_up look = {ranges->items, {.type = JSON_NUMBER, .number = *number}, found, context};

    if (!ranges->sorted && ranges->count > 0) {
        qsort(ranges->items, ranges->count, sizeof *ranges->items, compare_low);
        set_reach(ranges->items, 0, ranges->count);
        ranges->sorted = true;
    }
    find(&look, 0, ranges->count);
}
