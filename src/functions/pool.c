/* functions/pool.c - see pool.h. */
#include "functions/pool.h"

#include "functions/worker.h"

size_t pool_limit(const struct function *function)
{
    int32_t reserved = function->version->settings.reserved_concurrency;

    return reserved >= 0 ? (size_t)reserved : function->functions->workers_max;
}

/* Reserved concurrency is of a function, whatever versions of it run. */
static size_t family_count(const struct function *function, bool with_waiting)
{
    const struct function *latest = function->latest;
    size_t count = latest->busy_count + (with_waiting ? latest->waiting_count : 0);

    LIST_EACH (&latest->family, it) {
        const struct function *other = LIST_ITEM(it, struct function, in_family);

        count += other->busy_count + (with_waiting ? other->waiting_count : 0);
    }
    return count;
}

static bool may_run(const struct function *function)
{
    return !function_has_reserved_concurrency(function) ||
           family_count(function, false) < pool_limit(function);
}

bool pool_full(const struct function *function, const char **ret_reason)
{
    const struct functions *functions = function->functions;

    if (function_has_reserved_concurrency(function)) {
        *ret_reason = ",\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\"";
        return family_count(function, true) >= pool_limit(function);
    }
    *ret_reason = ",\"Reason\":\"ConcurrentInvocationLimitExceeded\"";
    return functions->busy_count + functions->waiting_count >= FUNCTION_CONCURRENCY_MAX;
}

void pool_append(struct function *function, struct invocation *invocation)
{
    list_append(&function->waiting, &invocation->in_waiting);
    function->waiting_count++;
    function->functions->waiting_count++;
}

struct invocation *pool_first(struct function *function)
{
    if (list_empty(&function->waiting))
        return NULL;
    struct invocation *first = LIST_ITEM(function->waiting.next, struct invocation, in_waiting);

    list_remove(&first->in_waiting);
    function->waiting_count--;
    function->functions->waiting_count--;
    return first;
}

bool pool_withdraw(struct invocation *invocation)
{
    struct function *function = invocation->function;

    LIST_EACH (&function->waiting, it) {
        if (it != &invocation->in_waiting)
            continue;
        list_remove(it);
        function->waiting_count--;
        function->functions->waiting_count--;
        return true;
    }
    return false;
}

static bool wants_worker(const struct function *function)
{
    return !function->functions->stopping && function->waiting_count > function->coming_count &&
           reload_may_start(function) &&
           function->coming_count < function->functions->starting_at_once_max &&
           function->worker_count < pool_limit(function);
}

static void dispatch(struct function *function)
{
    while (!list_empty(&function->idle) && !list_empty(&function->waiting) && may_run(function)) {
        struct worker *worker = LIST_ITEM(function->idle.next, struct worker, in_idle);

        worker_take(worker, pool_first(function));
    }
    while (wants_worker(function))
        worker_start(function);
}

/* Work is given out now, or a process is started: by one version that takes what another left, too.
 */
static bool has_to_do(const struct function *function)
{
    return function_has_reserved_concurrency(function) || function->reload.warm ||
           (!list_empty(&function->waiting) &&
            (!list_empty(&function->idle) || wants_worker(function)));
}

void pool_dispatch(struct function *function)
{
    if (!has_to_do(function))
        return;
    reload_read(function->functions); /* no save is later than work that is given out now */
    dispatch(function);
    if (function_has_reserved_concurrency(function)) { /* what one version leaves, others take */
        dispatch(function->latest);
        LIST_EACH (&function->latest->family, it)
            dispatch(LIST_ITEM(it, struct function, in_family));
    }
    if (function->reload.warm && !timer_is_set(&function->reload.quiet))
        pool_warm(function);
}

static bool has_worker(const struct function *function)
{
    LIST_EACH (&function->workers, it) {
        const struct worker *worker = LIST_ITEM(it, struct worker, in_workers);

        if (worker->state != WORKER_STOPPING &&
            function_version_is_current(worker->version, function) && !reload_is_stale(worker))
            return true;
    }
    return false;
}

void pool_warm(struct function *function)
{
    if (function->functions->stopping)
        return;
    if (has_worker(function)) {
        function->reload.warm = false;
    } else if (function->worker_count < pool_limit(function)) { /* else when one of them is gone */
        function->reload.warm = false;
        worker_start(function);
    }
}

void pool_retire(struct function *function)
{
    while (!list_empty(&function->idle))
        worker_stop(LIST_ITEM(function->idle.next, struct worker, in_idle));
}
