/* stack/plan.h - what differs between two states of a stack file: what a running server is about to
 * do when its file has changed, in words for people.
 *
 * A thing is known by its kind and name ("rule users-local-handler-rule-1", "function ..."):
 * another name is another thing. Texts that only provisioning knows are compared by what they stand
 * for. */
#ifndef DYNLOG_STACK_PLAN_H
#define DYNLOG_STACK_PLAN_H

#include "stack/stack.h"

enum plan_step_kind {
    PLAN_ADD,
    PLAN_CHANGE,
    PLAN_REMOVE,
    PLAN_STAYS, /* it is not in the file any more, and has data: it stays */
};

struct plan_step {
    enum plan_step_kind kind;
    struct bytes what;
    struct bytes details; /* of a change: "timeout 6 -> 10, environment"; else empty */
};

struct plan {
    struct plan_step *steps; /* what is added, changed, removed, stays */
    size_t count;
    /* Settings that a server takes up when it starts and at no other time ("region, port"); empty:
     * none has changed. */
    struct bytes at_next_start;
};

/* In the arena; points into both stacks. */
void plan_make(struct arena *arena, const struct stack *before, const struct stack *after,
               struct plan *ret);

/* What a plan calls it: "alias live of NAME". */
struct bytes stack_alias_text(struct arena *arena, const struct stack_alias *alias);

#endif
