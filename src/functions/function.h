/* functions/function.h - what this folder's files share: the registry's structures.
 *
 *   "NAME"       struct function, FUNCTION_LATEST: holds the record, and is the head of its family
 *   "NAME:3"     FUNCTION_PUBLISHED: a pool and a queue of its own
 *   "NAME:live"  FUNCTION_ALIAS: a queue of its own; what it is asked runs in the pool of the
 * version that it leads to at that moment (function_route())
 *
 * All three are in `by_name` under these names, which are also how asynchronous invocations,
 * mappings and targets speak of them (function_name_of()). A function's settings are a struct
 * function_version, which a changed function replaces; a worker keeps the one that it was started
 * with, until it goes. One that is deleted is `gone`: out of by_name, takes nothing, and is freed
 * when the last invocation and the last worker are through. */
#ifndef DYNLOG_FUNCTIONS_FUNCTION_H
#define DYNLOG_FUNCTIONS_FUNCTION_H

#include "base/map.h"
#include "functions/async.h"
#include "functions/code.h"
#include "functions/folder.h"
#include "functions/functions.h"
#include "functions/interpreter.h"
#include "functions/reload.h"

struct function_version {
    struct functions *functions;
    size_t references; /* the function's own, and one a worker */
    struct arena *arena;
    struct function_settings settings;
    struct bytes arn;    /* with its qualifier, but of $LATEST without */
    struct bytes code;   /* a reference to it (code.h); empty: a stack file's */
    uint64_t generation; /* workers of another one, or of 0, are not used */
};

enum function_kind { FUNCTION_LATEST, FUNCTION_PUBLISHED, FUNCTION_ALIAS };

struct function {
    struct functions *functions;
    struct function_version *version;
    enum function_kind kind;
    char *name; /* "NAME", "NAME:3", "NAME:live" */
    bool gone;
    struct list family, in_family; /* head in $LATEST; all others of its name, by in_family */
    struct function *latest;       /* of its name; itself */
    /* FUNCTION_LATEST */
    struct arena *record_arena;
    const struct function_record *record;
    /* FUNCTION_ALIAS: of the same family */
    struct function *target, *other; /* other NULL: everything goes to target */
    double other_weight;

    /* pool.c */
    struct list workers; /* all that are not gone */
    struct list idle;    /* the one that was used last comes first, so that the others grow old */
    struct list waiting; /* invocations without a worker, in the order they came */
    size_t worker_count, waiting_count;
    size_t coming_count; /* workers that will ask for work by themselves: starting, responded */
    size_t busy_count;
    bool init_failed; /* the last worker that was started did not come to its first GET next */

    uint64_t told_failure;               /* of an init: a hash of what was told of it; 0: nothing */
    uint64_t told_save, told_generation; /* of the worker that it was */

    bool said_extensions;
    struct reload reload;
    struct async_queue async;
};

struct functions {
    struct functions_options options;
    struct arena *arena;   /* of the options */
    struct function **all; /* in name order; those that are gone too, until they are freed */
    size_t count, capacity;
    size_t gone_count;
    struct timer reap; /* frees those that are gone; of wall_timers */
    struct map by_name;
    struct codes *codes;
    struct folder_codes folders;
    uint64_t generation;                  /* the last that was given */
    struct list changes, changes_waiting; /* change.c */
    struct map holds;                     /* hold.c: by name */
    struct interpreters *interpreters;
    struct watcher *watcher; /* NULL: nothing is watched */
    struct timer memory;     /* looks at busy workers */
    struct clock
        *machine_clock; /* what handlers compare deadlines with, also when ours is moved by hand */
    struct async async;
    size_t starting_at_once_max;
    size_t workers_max; /* of a function without reserved concurrency: two a processor, within
                           limits */
    size_t worker_count, waiting_count, busy_count;
    uint64_t invocations_total, errors_total, throttles_total;
    bool started, stopping;
    /* functions_stop() */
    uv_timer_t grace;
    bool told_stopped;
    void (*stopped)(void *context);
    void *stopped_context;
};

/* NULL: there is none. */
struct function *function_find(const struct functions *functions, struct bytes name_or_arn);
/* Whose pool an invocation goes to: of an alias one of its versions, by their weights. */
struct function *function_route(struct function *function);
/* The bytes of a record become what is in memory of that name. NULL record bytes: it is deleted. */
MUST_USE enum status registry_apply(struct functions *functions, struct bytes stored);
void registry_delete(struct functions *functions, struct bytes name);
/* Everything that the store holds. */
MUST_USE enum status registry_load(struct functions *functions);
void registry_init(struct functions *functions);
/* Frees those that are gone and through, soon. */
void registry_reap_soon(struct functions *functions);
void registry_free(struct functions *functions);
/* What the record of a function of a stack file is. */
MUST_USE enum status registry_put(struct functions *functions,
                                  const struct function_settings *settings);

static inline bool function_version_is_current(const struct function_version *version,
                                               const struct function *function)
{
    return !function->gone && version->generation == function->version->generation;
}

static inline bool function_has_reserved_concurrency(const struct function *function)
{
    return function->version->settings.reserved_concurrency >= 0;
}

void function_version_ref(struct function_version *version);
void function_version_unref(struct function_version *version);

/* Something ended: tells the owner, and ends the stop when nothing is left. */
void functions_changed(struct functions *functions);

#endif
