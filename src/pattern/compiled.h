/* pattern/compiled.h - an event pattern after its check: what the matcher works with.
 *
 * A pattern is a list of branches, of which one must hold; without $or there is one. A branch is a
 * list of fields, which must all hold; a field is a path and a list of conditions, of which one
 * must hold. Everything lives in the arena that it was compiled in. */
#ifndef DYNLOG_PATTERN_COMPILED_H
#define DYNLOG_PATTERN_COMPILED_H

#include "pattern/condition.h"
#include "pattern/pattern.h"

/* $or inside $or multiplies. AWS: "the number of rule combinations must be lower than 1,000". */
#define PATTERN_BRANCHES_MAX 1000

struct pattern_field {
    struct bytes path; /* the names, joined by '.', as AWS joins them */
    const struct condition *conditions;
    size_t condition_count;
};

struct pattern_branch {
    struct pattern_field *fields; /* each path once */
    size_t field_count, field_capacity;
};

struct pattern {
    struct pattern_branch *branches;
    size_t branch_count;
};

MUST_USE enum status pattern_compile(struct arena *arena, struct bytes text, struct pattern *ret,
                                     struct api_error *reterr);

#endif
