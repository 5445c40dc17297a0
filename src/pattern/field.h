/* pattern/field.h - the paths that patterns name, as a tree; and the leaves of one event, hung onto
 * it.
 *
 * Only the members of an event that stand in the tree are looked at. A name that holds dots is the
 * same as its parts inside each other, as in AWS: "a.b" and {"a": {"b": ...}} are one path. Arrays
 * add nothing to a path: each of their elements is a leaf, or leads to leaves, of the same path;
 * but leaves remember in which element of which array they stand (array consistency, matcher.c).
 *
 *   detail.items                       element 1 of "items"   element 2
 *   {"items": [{"id": 1, "n": 5},   -> id 1, n 5
 *              {"id": 2, "n": 7}]}                            id 2, n 7 */
#ifndef DYNLOG_PATTERN_FIELD_H
#define DYNLOG_PATTERN_FIELD_H

#include "pattern/index.h"

#define NO_LEAF SIZE_MAX
#define NO_ELEMENT 0 /* a leaf outside all arrays of objects; elements count from 1 */

/* A child, with eight bytes made of its name, which tell most names apart. */
struct field_child {
    uint64_t tag;
    struct field *field;
};

/* As long as there are no more children than this, they are looked through instead of hashed. */
#define FIELD_FEW_CHILDREN 16

struct field {
    struct field *parent;
    struct map children;                        /* by name */
    struct field_child few[FIELD_FEW_CHILDREN]; /* the same, while they are few */
    struct bytes name;
    size_t uses;      /* of this path, or of one below */
    size_t leaf_uses; /* of this path itself */
    struct index index;
    /* of the event with this number; older ones are no more */
    uint64_t event_number;
    size_t first_leaf, last_leaf;
};

/* The field of a path, made when it is not there; each acquire has its release. */
struct field *field_acquire(struct field *root, struct bytes path);
void field_release(struct field *field);
/* Frees what is below and in it, but not the field itself. */
void field_clear(struct field *root);

struct event_leaf {
    struct leaf leaf;
    size_t element;
    size_t next; /* of the same field; NO_LEAF at the end */
};

/* An element of an array that is an object or an array itself. Numbered in the order of the event,
 * so that what stands inside element e has the numbers e+1 .. end-1. */
struct event_element {
    size_t parent;     /* the element around; NO_ELEMENT */
    size_t end, depth; /* depth from 1 */
    const struct field *array;
};

struct event_leaves {
    struct arena *arena; /* what leaves need; until the next event */
    uint64_t event_number;
    struct event_leaf *leaves;
    size_t leaf_count, leaf_capacity;
    struct event_element *elements; /* number 0 is not used */
    size_t element_count, element_capacity;
    struct field **fields; /* those that have leaves */
    size_t field_count, field_capacity;
};

void event_leaves_free(struct event_leaves *leaves);
/* Forgets the event before. The event must live as long as its leaves are used. */
void event_leaves_take(struct event_leaves *leaves, struct field *root, const struct json *event);
/* The field's first leaf in this event, or NO_LEAF. */
size_t event_leaves_first(const struct event_leaves *leaves, const struct field *field);

#endif
