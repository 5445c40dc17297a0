/* pattern/index.h - for one path: which branches of which patterns a leaf makes worth a look.
 *
 * A branch stands in the index of one of its fields only, under each of that field's conditions
 * (its guard, matcher.c chooses it). What compares for equality, by prefix or by suffix is found by
 * hashing the leaf, numeric ranges in a tree; networks, wildcards and anything-but are asked one by
 * one, wildcards after a look at what they need (grams.h). */
#ifndef DYNLOG_PATTERN_INDEX_H
#define DYNLOG_PATTERN_INDEX_H

#include "base/map.h"
#include "pattern/grams.h"
#include "pattern/ranges.h"

struct index_list {
    void **branches;
    size_t count, capacity;
};

struct index_size {
    size_t size, count;
};

/* Texts by their first or last bytes: one look-up for each size that occurs. */
struct index_affixes {
    struct map lists;
    struct index_size *sizes;
    size_t size_count, size_capacity;
};

struct index_asked {
    const struct condition *condition;
    void *branch;
    struct grams needed; /* by a wildcard; nothing by others */
};

struct index {
    struct map texts, numbers, folded_texts;
    struct index_list truths[2], nulls;
    struct index_affixes prefixes, suffixes, folded_prefixes, folded_suffixes;
    struct ranges ranges;
    struct index_asked *asked;
    size_t asked_count, asked_capacity;
    size_t sieved_count; /* of those asked: how many are wildcards */
};

void index_list_add(struct index_list *list, void *branch);
void index_list_drop(struct index_list *list, const void *branch);

void index_free(struct index *index);

/* How many other branches a leaf that passes the condition leads to, about. */
size_t index_cost(const struct index *index, const struct condition *condition);

/* The condition is kept until it is removed. Not for CONDITION_ABSENT. */
void index_add(struct index *index, const struct condition *condition, void *branch);
void index_remove(struct index *index, const struct condition *condition, void *branch);

/* Calls found() with the branches of all conditions that hold for the leaf; one may come twice. */
void index_probe(struct index *index, struct leaf *leaf, struct arena *arena,
                 void (*found)(void *context, void *branch), void *context);

#endif
