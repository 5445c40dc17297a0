/* functions/hold.h - functions whose asynchronous invocations wait until somebody lets them go: a
 * read model is being made anew (dynlog rebuild), and nobody else may write into it meanwhile.
 * Their event source mappings stand still too (mapping/life.c).
 *
 *   held --> what comes in is written and waits in its place --> let go --> runs in that order
 *
 * What always holds:
 *   1. Nothing is lost: an invocation that waits is in the store as any other, and so is the hold,
 *      over restarts, until somebody ends it.
 *   2. Synchronous invocations run as ever: that is how the function is fed.
 *   3. The age of what waited counts from when it was let go: it was not its fault.
 *
 * A hold has a note, an object of whoever holds: where he goes on after he was interrupted. There
 * may be a note without holding anything yet.
 * Format: docs/format/function.md. The loop's thread. */
#ifndef DYNLOG_FUNCTIONS_HOLD_H
#define DYNLOG_FUNCTIONS_HOLD_H

#include "functions/functions.h"

#define FUNCTION_HOLD_NOTE_SIZE_MAX ((size_t)64 * 1024)

struct function_hold {
    struct bytes name;
    struct bytes note; /* JSON */
    bool held;         /* false: there is only the note */
    uint64_t since_ms;
    size_t waiting; /* asynchronous invocations */
    size_t running; /* invocations of any kind that its workers have now */
};

/* In no order. Bytes hold until the next change. */
void functions_holds(const struct functions *functions, struct arena *arena,
                     struct function_hold **ret, size_t *ret_count);

struct function_hold_change {
    struct bytes name; /* of the function, bare */
    struct bytes note; /* JSON; empty: it is let go, and forgotten */
    bool held;         /* false: it is let go, and the note kept */
    /* On the writer's thread, in the batch of the change; NULL: there is nothing else in it. */
    void (*also)(struct function_hold_change *change, struct store_batch *batch);
    /* OK: durable, and so it is now. */
    void (*done)(struct function_hold_change *change, enum status status);
    void *context;
    /* private */
    struct functions *functions;
    struct store_work work;
    struct buffer key, value;
    uint64_t since_ms;
};
/* Holds it, gives its hold another note, or lets it go. The change must live until done(). */
void functions_change_hold(struct functions *functions, struct function_hold_change *change);

/* Of NAME or NAME:QUALIFIER: the whole function is, with its versions and aliases. */
bool functions_is_held(const struct functions *functions, struct bytes name);

/* ---- for this folder ---- */

MUST_USE enum status holds_load(struct functions *functions);
void holds_free(struct functions *functions);
/* Of the family of this function. */
bool holds_has(const struct function *function);
/* Asynchronous invocations of all held functions that wait. */
size_t holds_waiting(const struct functions *functions);

#endif
