/* functions/function.h - what this folder's files share: the registry's two structures.
 *
 * A struct function is made once a name and stays: queues and workers hang on it. Its settings are
 * a struct function_version, which a changed function replaces; a worker keeps the one that it was
 * started with, until it goes. */
#ifndef DYNLOG_FUNCTIONS_FUNCTION_H
#define DYNLOG_FUNCTIONS_FUNCTION_H

#include "base/map.h"
#include "functions/async.h"
#include "functions/functions.h"
#include "functions/interpreter.h"
#include "functions/reload.h"

struct function_version {
    size_t references; /* the function's own, and one a worker */
    struct arena *arena;
    struct function_settings settings;
    struct bytes arn;
};

struct function {
    struct functions *functions;
    struct function_version *version;

    /* pool.c */
    struct list workers; /* all that are not gone */
    struct list idle;    /* the one that was used last comes first, so that the others grow old */
    struct list waiting; /* invocations without a worker, in the order they came */
    size_t worker_count, waiting_count;
    size_t coming_count; /* workers that will ask for work by themselves: starting, responded */
    size_t busy_count;
    bool init_failed; /* the last worker that was started did not come to its first GET next */

    bool said_extensions;
    struct reload reload;
    struct async_queue async;
};

struct functions {
    struct functions_options options;
    struct arena *arena;   /* of the options */
    struct function **all; /* in name order */
    size_t count, capacity;
    struct map by_name;
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

struct function *function_find(const struct functions *functions, struct bytes name_or_arn);

static inline bool function_has_reserved_concurrency(const struct function *function)
{
    return function->version->settings.reserved_concurrency >= 0;
}

void function_version_ref(struct function_version *version);
void function_version_unref(struct function_version *version);

/* Something ended: tells the owner, and ends the stop when nothing is left. */
void functions_changed(struct functions *functions);

#endif
