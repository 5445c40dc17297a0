/* functions/worker_init.c - an init that failed: reported, told once for a state of the code, and
 * begun again within the invocation that waits. See worker.h. */
#include "functions/worker_internal.h"

#include "functions/failure.h"
#include "functions/pool.h"

static void report_init(struct worker *worker, const char *status, struct bytes type)
{
    log_init_report(&worker->log, worker->again ? "invoke" : "init",
                    (clock_monotonic_ns() - worker->started_ns) / 1000, status,
                    strcmp(status, "error") == 0 ? type : BYTES(""));
}

bool worker_is_of_told_code(const struct worker *worker)
{
    const struct function *function = worker->function;

    return function->told_failure != 0 && function->told_save == worker->save &&
           function->told_generation == worker->version->generation;
}

/* What was held of the init that failed is told, unless the code as it is failed so before. */
static void tell_failure(struct worker *worker, struct bytes what)
{
    struct function *function = worker->function;
    uint64_t failure = map_hash(what) | 1;

    log_release(&worker->log, !worker_is_of_told_code(worker) || function->told_failure != failure);
    function->told_failure = failure;
    function->told_save = worker->save;
    function->told_generation = worker->version->generation;
}

/* It did not come to its first GET next. Lambda begins again within the invocation that waits, and
 * only then lets it fail. */
static void fail_init(struct worker *worker, const struct worker_ending *ending, struct bytes type,
                      struct bytes what)
{
    struct function *function = worker->function;
    bool again = worker->again || worker->start_error != NULL;
    struct invocation *first;

    worker_drain(worker);
    function->init_failed = true;
    first = again ? pool_first(function) : NULL;
    if (first == NULL) {
        report_init(worker, ending->status, type);
        tell_failure(worker, what);
        worker_stop(worker); /* when it is gone, the next one is started */
        return;
    }
    tell_failure(worker, what);
    worker_adopt(worker, first);
    report_init(worker, ending->status, type);
    worker_end_invocation(worker, ending);
}

void worker_fail_init(struct worker *worker, const char *status, const char *type, const char *what)
{
    AUTO(buffer_free) struct buffer payload = BUFFER_INIT(FAILURE_SIZE_MAX);
    const struct function *function = worker->function;
    const char *request_id = "";

    if (!list_empty(&function->waiting))
        request_id = LIST_ITEM(function->waiting.next, struct invocation, in_waiting)->request_id;
    failure_print(&payload, type, request_id, what);
    fail_init(
        worker,
        &(struct worker_ending){.result = buffer_bytes(&payload), .status = status, .stop = true},
        bytes_of_text(type), bytes_of_text(what));
}

void worker_init_error(struct worker *worker, struct bytes error)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (worker->state == WORKER_STARTING)
        fail_init(worker, &(struct worker_ending){.result = error, .status = "error", .stop = true},
                  failure_type(arena, error), error);
}
