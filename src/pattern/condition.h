/* pattern/condition.h - one comparison of an event pattern, and the leaf values it is asked about.
 */
#ifndef DYNLOG_PATTERN_CONDITION_H
#define DYNLOG_PATTERN_CONDITION_H

#include "pattern/address.h"
#include "pattern/decimal.h"
#include "json/json.h"

/* A leaf of an event: a string, a number, true, false or null. What only some comparisons need is
 * made when the first of them asks. */
struct leaf {
    enum json_type type;
    struct bytes text;     /* of a string: itself; of a number: its decimal_key() */
    struct decimal number; /* of a number */
    bool truth;            /* of a boolean */
    struct bytes folded;   /* of a string: without case, once leaf_folded() was called */
    enum { ADDRESS_NOT_ASKED, ADDRESS_NONE, ADDRESS_KNOWN } address_state;
    struct address address;
};

/* value: neither array nor object. Numbers' parts live in the arena, texts in the value. */
struct leaf leaf_of(struct arena *arena, const struct json *value);
struct bytes leaf_folded(struct leaf *leaf, struct arena *arena);

enum condition_kind {
    CONDITION_EQUAL,
    CONDITION_EQUAL_IGNORE_CASE,
    CONDITION_PREFIX,
    CONDITION_PREFIX_IGNORE_CASE,
    CONDITION_SUFFIX,
    CONDITION_SUFFIX_IGNORE_CASE,
    CONDITION_WILDCARD,
    CONDITION_NUMERIC,
    CONDITION_CIDR,
    CONDITION_EXISTS,
    CONDITION_ABSENT, /* {"exists": false}: holds when the field has no leaf at all */
};

/* What a leaf is compared with. */
struct operand {
    struct leaf leaf; /* its text is folded already for the kinds that ignore case */
    /* CONDITION_WILDCARD: what stands before, between and after the stars */
    const struct bytes *pieces;
    size_t piece_count;
};

struct bound {
    struct decimal number;
    bool set, open; /* open: the number itself is outside */
};

struct condition {
    enum condition_kind kind;
    bool anything_but; /* holds when none of the operands does */
    const struct operand *operands;
    size_t operand_count;
    struct bound low, high; /* CONDITION_NUMERIC */
    struct network network; /* CONDITION_CIDR */
};

/* CONDITION_ABSENT never holds for a leaf. The arena is for what the leaf keeps. */
bool condition_holds(const struct condition *condition, struct leaf *leaf, struct arena *arena);

#endif
