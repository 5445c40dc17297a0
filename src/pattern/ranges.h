/* pattern/ranges.h - numeric conditions, and which of many hold for a number: an interval tree.
 *
 * The ranges stand in an array in the order of their lower bounds, which is read as a balanced
 * tree: the root in the middle, what is before it left, what is behind it right. Each knows how far
 * the ranges below it reach, so a look-up goes only where one may hold. Sorted anew by the first
 * look-up after a change. */
#ifndef DYNLOG_PATTERN_RANGES_H
#define DYNLOG_PATTERN_RANGES_H

#include "pattern/condition.h"

struct range {
    const struct condition *condition; /* CONDITION_NUMERIC */
    void *branch;
    const struct bound *reach; /* the furthest upper bound of this one and those below */
};

struct ranges {
    struct range *items;
    size_t count, capacity;
    bool sorted;
};

void ranges_free(struct ranges *ranges);
void ranges_add(struct ranges *ranges, const struct condition *condition, void *branch);
void ranges_remove(struct ranges *ranges, const struct condition *condition, const void *branch);

/* Calls found() with the branch of every range that has the number. */
void ranges_find(struct ranges *ranges, const struct decimal *number,
                 void (*found)(void *context, void *branch), void *context);

#endif
