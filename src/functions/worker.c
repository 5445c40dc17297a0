/* functions/worker.c - a worker's life: its states, its process with what that prints, its ends.
 * See worker.h.
 *
 *   worker_invocation.c   what it has to do: an invocation's beginning and end, the Runtime API
 *   worker_init.c         an init that failed
 *   worker_memory.c       what its processes use */
#include "functions/worker_internal.h"

#include "functions/failure.h"
#include "functions/launch.h"
#include "functions/pool.h"

#include <stdio.h>

/* ---- states ---- */

static const bool moves[WORKER_STATE_COUNT][WORKER_STATE_COUNT] = {
    /* to BUSY: when init fails, it takes the invocation that fails with it */
    [WORKER_STARTING] = {[WORKER_IDLE] = true, [WORKER_BUSY] = true, [WORKER_STOPPING] = true},
    [WORKER_IDLE] = {[WORKER_BUSY] = true, [WORKER_RESPONDED] = true, [WORKER_STOPPING] = true},
    [WORKER_BUSY] = {[WORKER_RESPONDED] = true, [WORKER_STOPPING] = true},
    [WORKER_RESPONDED] = {[WORKER_IDLE] = true, [WORKER_STOPPING] = true},
    [WORKER_STOPPING] = {[WORKER_GONE] = true},
};

static bool is_coming(enum worker_state state)
{
    return state == WORKER_STARTING || state == WORKER_RESPONDED;
}

void worker_enter(struct worker *worker, enum worker_state state)
{
    struct function *function = worker->function;
    enum worker_state before = worker->state;

    assert(moves[before][state]);
    if (is_coming(before))
        function->coming_count--;
    if (before == WORKER_IDLE)
        list_remove(&worker->in_idle);
    if (before == WORKER_BUSY) {
        function->busy_count--;
        function->functions->busy_count--;
    }
    worker->state = state;
    if (is_coming(state))
        function->coming_count++;
    if (state == WORKER_IDLE)
        list_insert_before(function->idle.next, &worker->in_idle);
    if (state == WORKER_BUSY) {
        function->busy_count++;
        function->functions->busy_count++;
    }
    assert(worker->invocation == NULL || state == WORKER_BUSY);
    assert((worker->next != NULL) == (state == WORKER_IDLE));
}

static void free_if_gone(struct worker *worker)
{
    struct function *function = worker->function;
    struct functions *functions = worker->functions;

    if (worker->starting_open || worker->has_process || worker->state != WORKER_STOPPING ||
        launch_is_cleaning(worker))
        return;
    worker_enter(worker, WORKER_GONE);
    list_remove(&worker->in_workers);
    function->worker_count--;
    functions->worker_count--;
    log_close(&worker->log);
    mem_free(worker->start_error);
    function_version_unref(worker->version);
    mem_free(worker);
    pool_dispatch(function);
    functions_changed(functions);
}

static void on_starting_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;

    worker->starting_open = false;
    free_if_gone(worker);
}

void worker_stop(struct worker *worker)
{
    struct functions *functions = worker->functions;
    void (*next)(void *context, const struct runtime_next *next) = worker->next;

    if (worker->state == WORKER_STOPPING)
        return;
    worker->next = NULL;
    worker_enter(worker, WORKER_STOPPING);
    if (next != NULL) /* who waits must not ask about this worker any more */
        next(worker->next_context, NULL);
    timer_cancel(functions->options.wall_timers, &worker->deadline);
    timer_cancel(functions->options.wall_timers, &worker->age);
    interpreters_cancel(&worker->interpreter);
    if (worker->has_process)
        process_kill(&worker->process);
    if (worker->listener != NULL)
        functions->options.runtime.close(functions->options.runtime.context, worker->listener);
    worker->listener = NULL;
    uv_close((uv_handle_t *)&worker->starting, on_starting_closed);
}

void worker_abandon(struct worker *worker)
{
    struct invocation *invocation = worker->invocation;

    worker->invocation = NULL;
    worker_stop(worker);
    if (invocation == NULL)
        return;
    invocation->status = CLOSED;
    invocation->done(invocation);
}

/* ---- its process ---- */

void worker_drain(struct worker *worker)
{
    if (worker->has_process)
        process_drain(&worker->process);
}

static void on_line(struct process *process, struct bytes line, bool from_stderr)
{
    struct worker *worker = CONTAINER_OF(process, struct worker, process);
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(FUNCTION_LOG_LINE_SIZE_MAX);

    enum runtime_kind kind = runtime_kind_of(worker->version->settings.runtime);

    if ((kind != RUNTIME_NODE && kind != RUNTIME_PYTHON) ||
        bytes_find_byte(line, '\r', 0) == SIZE_MAX) {
        log_line(&worker->log, line, from_stderr);
        return;
    }
    buffer_append(&text, line); /* a message of several lines is one event: the bootstrap's doing */
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '\r')
            text.ptr[i] = '\n';
    log_line(&worker->log, buffer_bytes(&text), from_stderr);
}

static void on_exited(struct process *process, int64_t exit_status, int signal)
{
    struct worker *worker = CONTAINER_OF(process, struct worker, process);
    const char *type = worker->out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
    char what[128];

    failure_exit_words(exit_status, signal, what, sizeof what);
    if (worker->state == WORKER_STARTING)
        worker_fail_init(worker, "error", type, what);
    else if (worker->state == WORKER_BUSY)
        worker_fail_invocation(worker, "error", type, what);
    else
        worker_stop(worker);
}

static void on_process_closed(struct process *process)
{
    struct worker *worker = CONTAINER_OF(process, struct worker, process);

    worker->has_process = false;
    launch_clean(worker);
    free_if_gone(worker);
}

void worker_cleaned(struct worker *worker)
{
    free_if_gone(worker);
}

/* ---- its start, and its age ---- */

/* Its time to start is over, or it could not be started at all. */
static void on_starting(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    char what[64];

    if (worker->start_error != NULL) {
        worker_fail_init(worker, "error", "Runtime.InvalidEntrypoint", worker->start_error);
        return;
    }
    snprintf(what, sizeof what, "Task timed out after %u.00 seconds",
             worker->version->settings.timeout_s);
    worker_fail_init(worker, "timeout", "Sandbox.Timedout", what);
}

/* Told at the loop's next turn, so that whoever started the worker is not called back meanwhile. */
void worker_cannot_start(struct worker *worker, struct bytes why)
{
    worker->start_error = mem_new(why.size + 1);
    memcpy(worker->start_error, why.ptr, why.size);
    uv_timer_start(&worker->starting, on_starting, 0, 0);
}

static void on_age(struct timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, age);
    struct timers *timers = worker->functions->options.wall_timers;
    uint64_t idle_ms = clock_waited_ms(timers_clock(timers)) - worker->used_ms;

    if (worker->state == WORKER_IDLE && idle_ms >= FUNCTION_IDLE_LIFE_MS)
        worker_stop(worker);
    else if (worker->state == WORKER_IDLE)
        timer_set_after(timers, timer, FUNCTION_IDLE_LIFE_MS - idle_ms);
    else
        timer_set_after(timers, timer, FUNCTION_IDLE_LIFE_MS);
}

static struct worker *worker_new(struct function *function)
{
    struct worker *worker = mem_new(sizeof *worker);
    struct functions *functions = function->functions;

    worker->functions = functions;
    worker->function = function;
    worker->version = function->version;
    function_version_ref(worker->version);
    const struct function_settings *settings = &worker->version->settings;

    worker->deadline.fire = worker_deadline_over;
    worker->age.fire = on_age;
    worker->process.line = on_line;
    worker->process.exited = on_exited;
    worker->process.closed = on_process_closed;
    worker->again = function->init_failed && function->waiting_count > 0;
    worker->log = (struct log){
        .options = &functions->options,
        .function_name = worker->version->settings.name,
        .tail = LOG_TAIL_INIT,
    };
    log_open(&worker->log, settings->disable_logs ? BYTES("") : settings->log_group,
             settings->version);
    list_init(&worker->in_idle);
    list_append(&function->workers, &worker->in_workers);
    function->worker_count++;
    function->coming_count++;
    functions->worker_count++;
    uv_timer_init(functions->options.loop, &worker->starting);
    worker->starting.data = worker;
    worker->starting_open = true;
    worker->started_ns = clock_monotonic_ns();
    return worker;
}

void worker_start(struct function *function)
{
    struct worker *worker = worker_new(function);
    const struct function_settings *settings = &worker->version->settings;
    const struct runtime_door *door = &worker->functions->options.runtime;

    reload_starts(worker);
    if (worker_is_of_told_code(worker) || timer_is_set(&function->reload.quiet))
        log_hold(&worker->log); /* a save may yet be more than one change */
    uv_timer_start(&worker->starting, on_starting,
                   worker->again ? (uint64_t)settings->timeout_s * 1000 : FUNCTION_INIT_MS_MAX, 0);
    worker->listener = door->listen(door->context, worker, &worker->port);
    if (worker->listener == NULL)
        worker_cannot_start(worker,
                            BYTES("cannot listen on a port of 127.0.0.1 for its Runtime API"));
    else
        launch(worker);
}
