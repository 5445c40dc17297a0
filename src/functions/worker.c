/* functions/worker.c - see worker.h. */
#include "functions/worker.h"

#include "functions/failure.h"
#include "functions/launch.h"
#include "functions/memory.h"
#include "functions/pool.h"

#include <stdio.h>

/* What a process prints between its answer and its next invocation belongs to nobody. When both are
 * in one turn of the loop, which takes some microseconds, it had no time to print. */
#define DRAINED_NS ((uint64_t)30000)
#define MEMORY_READ_EVERY_MS ((uint64_t)100) /* it costs 20 us and more; a maximum may be late */

/* arn:aws:lambda:REGION:ACCOUNT:function: and a qualified name */
#define INVOKED_ARN_SIZE (128 + FUNCTION_QUALIFIED_SIZE_MAX)

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

/* The only place that changes a state, with the counts that follow from it. */
static void worker_enter(struct worker *worker, enum worker_state state)
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

/* ---- an invocation's end ---- */

/* What was printed so far is logged now, under the request that the worker has. */
static void drain(struct worker *worker)
{
    if (worker->has_process)
        process_drain(&worker->process);
}

static bool uses_too_much(const struct worker *worker)
{
    return worker->memory_own_mb > worker->version->settings.memory_mb;
}

static void measure_memory(struct worker *worker, uint64_t now_ns)
{
    bool recent = worker->memory_used_mb > 0 &&
                  now_ns - worker->memory_read_ns < MEMORY_READ_EVERY_MS * 1000000;
    struct memory_use use;

    if (!worker->has_process || recent || !memory_of_tree(process_id(&worker->process), &use))
        return;
    if (use.peak_mb > worker->memory_used_mb)
        worker->memory_used_mb = use.peak_mb;
    worker->memory_own_mb = use.own_mb;
    worker->memory_read_ns = now_ns;
}

/* Lambda's kernel ends a process that needs more than the function has. */
static void look_at_memory(struct worker *worker)
{
    measure_memory(worker, clock_monotonic_ns());
    if (worker->state != WORKER_BUSY || !uses_too_much(worker))
        return;
    worker->out_of_memory = true;
    process_kill(&worker->process);
}

void workers_look_at_memory(struct timer *timer)
{
    struct functions *functions = CONTAINER_OF(timer, struct functions, memory);

    for (size_t i = 0; i < functions->count; i++) {
        if (functions->all[i]->busy_count == 0)
            continue;
        LIST_EACH (&functions->all[i]->workers, it)
            look_at_memory(LIST_ITEM(it, struct worker, in_workers));
    }
    if (functions->busy_count > 0)
        timer_set_after(functions->options.wall_timers, timer, MEMORY_READ_EVERY_MS);
}

struct ending {
    struct bytes result;
    const char *status; /* NULL: it succeeded; "error", "timeout" */
    bool stop;          /* the worker goes */
};

static void end_invocation(struct worker *worker, const struct ending *ending)
{
    AUTO(arena_release) struct arena *arena = NULL;
    struct functions *functions = worker->functions;
    struct invocation *invocation = worker->invocation;
    uint64_t now_ns = clock_monotonic_ns();
    bool failed = ending->status != NULL;
    struct log_report report = {
        .duration_us = (now_ns - worker->taken_ns) / 1000,
        .memory_mb = worker->version->settings.memory_mb,
        .init_us = worker->reported_init || worker->again ? 0 : worker->init_us,
        .status = ending->status,
    };

    if (failed && strcmp(ending->status, "timeout") == 0) /* also when a test moved the clock */
        report.duration_us = (uint64_t)worker->version->settings.timeout_s * 1000000;
    if (failed && strcmp(ending->status, "error") == 0) {
        arena = arena_new();
        report.error_type = failure_type(arena, ending->result);
    }
    measure_memory(worker, now_ns);
    drain(worker); /* what the handler printed before it answered is its own */
    worker->drained_ns = now_ns;
    report.billed_ms = (report.duration_us + 999) / 1000;
    report.memory_used_mb = worker->memory_used_mb;
    log_end(&worker->log);
    log_report(&worker->log, &report);

    worker->reported_init = true;
    worker->invocation = NULL;
    worker->log.request_id = BYTES("");
    if (ending->stop)
        worker_stop(worker);
    else
        worker_enter(worker, WORKER_RESPONDED);
    if (failed)
        functions->errors_total++;
    invocation->status = OK;
    invocation->result = ending->result;
    invocation->failed = failed;
    invocation->log_tail = log_tail_bytes(&worker->log.tail);
    invocation->duration_us = report.duration_us;
    invocation->billed_ms = report.billed_ms;
    invocation->memory_used_mb = report.memory_used_mb;
    invocation->done(invocation);
    functions_changed(functions);
}

/* Fails it with an error of the platform's, and the worker goes. */
static void fail_invocation(struct worker *worker, const char *status, const char *type,
                            const char *what)
{
    AUTO(buffer_free) struct buffer payload = BUFFER_INIT(FAILURE_SIZE_MAX);

    failure_print(&payload, type, worker->request_id, what);
    struct ending ending = {
        .result = buffer_bytes(&payload),
        .status = status,
        .stop = true,
    };

    end_invocation(worker, &ending);
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

/* ---- an invocation's beginning ---- */

/* Also of a worker that has answered and does not ask for more: it would never be of use again. */
static void on_deadline(struct timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, deadline);
    char what[64];

    if (worker->state != WORKER_BUSY) {
        worker_stop(worker);
        return;
    }
    snprintf(what, sizeof what, "Task timed out after %u.00 seconds",
             worker->version->settings.timeout_s);
    drain(worker);
    log_platform(&worker->log, clock_now_ms(timers_clock(worker->functions->options.timers)), what);
    fail_invocation(worker, "timeout", "Sandbox.Timedout", what);
}

static void set_deadline(struct worker *worker)
{
    timer_set_after(worker->functions->options.wall_timers, &worker->deadline,
                    (uint64_t)worker->version->settings.timeout_s * 1000);
}

static void adopt(struct worker *worker, struct invocation *invocation)
{
    worker->next = NULL;
    worker_enter(worker, WORKER_BUSY);
    worker->invocation = invocation;
    memcpy(worker->request_id, invocation->request_id, sizeof worker->request_id);
    worker->log.request_id = bytes_of_text(worker->request_id);
    worker->taken_ns = clock_monotonic_ns();
    log_start(&worker->log);
}

/* A test wants the process killed in this invocation: now, or when all is done but the answer. */
static void doom(struct worker *worker)
{
    struct fault_place place = {.of = {[FAULT_FUNCTION] = worker->version->settings.name}};
    struct fault_hit hit;

    worker->doomed = faults_hit(worker->functions->options.faults, FAULT_KILL_WORKER, &place, &hit);
    if (worker->doomed && hit.at_start)
        process_kill(&worker->process);
}

/* Its answer is heard by nobody; that the process is gone ends the invocation. */
static bool dies_of_answer(struct worker *worker)
{
    if (!worker->doomed)
        return false;
    process_kill(&worker->process);
    return true;
}

/* Of the function's time. An init that was begun again within an invocation takes from it. */
static uint64_t left_ms(const struct worker *worker)
{
    uint64_t timeout_ms = (uint64_t)worker->version->settings.timeout_s * 1000;
    uint64_t init_ms = worker->again && !worker->reported_init ? worker->init_us / 1000 : 0;

    return init_ms < timeout_ms ? timeout_ms - init_ms : 1;
}

void worker_take(struct worker *worker, struct invocation *invocation)
{
    struct functions *functions = worker->functions;
    struct timers *timers = functions->options.wall_timers;
    uint64_t timeout_ms = left_ms(worker);
    void (*next)(void *context, const struct runtime_next *next) = worker->next;

    if (clock_monotonic_ns() - worker->drained_ns > DRAINED_NS)
        drain(worker); /* what it printed in between belongs to nobody */
    adopt(worker, invocation);
    reload_started(worker);
    worker->used_ms = clock_waited_ms(timers_clock(timers));
    timer_set_after(timers, &worker->deadline, timeout_ms);
    if (!timer_is_set(&functions->memory))
        timer_set_after(timers, &functions->memory, MEMORY_READ_EVERY_MS);
    char arn[INVOKED_ARN_SIZE];

    snprintf(arn, sizeof arn, "%.*s%s%s", BYTES_ARG(worker->function->latest->version->arn),
             invocation->qualifier[0] != '\0' ? ":" : "", invocation->qualifier);
    struct runtime_next answer = {
        .request_id = bytes_of_text(worker->request_id),
        .function_arn = bytes_of_text(arn),
        .trace_id = invocation->trace_id,
        .client_context = invocation->client_context,
        .payload = invocation->payload,
        .deadline_ms = clock_now_ms(functions->machine_clock) + timeout_ms,
    };

    next(worker->next_context, &answer);
    doom(worker);
}

/* ---- the Runtime API ---- */

static bool has_old_code(const struct worker *worker)
{
    const struct function *function = worker->function;

    if (!reload_is_stale(worker))
        return false;
    return worker->reported_init || function->waiting_count == 0 || !reload_is_restless(function);
}

void worker_next(struct worker *worker,
                 void (*next)(void *context, const struct runtime_next *next), void *context)
{
    struct functions *functions = worker->functions;
    struct timers *timers = functions->options.wall_timers;

    if (worker->state == WORKER_BUSY && worker->doomed) { /* sent with its answer, before it died */
        next(context, NULL);
        return;
    }
    if (worker->state == WORKER_BUSY) {
        AUTO(buffer_free) struct buffer payload = BUFFER_INIT(FAILURE_SIZE_MAX);

        failure_print(&payload, "Runtime.InvalidStateTransition", worker->request_id,
                      "Runtime asked for the next invocation before it answered this one");
        end_invocation(worker,
                       &(struct ending){.result = buffer_bytes(&payload), .status = "error"});
    }
    if (worker->state == WORKER_STOPPING) {
        next(context, NULL);
        return;
    }
    if (worker->state == WORKER_STARTING) {
        uv_timer_stop(&worker->starting);
        worker->init_us = (clock_monotonic_ns() - worker->started_ns) / 1000;
        worker->function->init_failed = false;
        worker->function->told_failure = 0;
        log_release(&worker->log, true);
        worker->used_ms = clock_waited_ms(timers_clock(timers));
        timer_set_after(timers, &worker->age, FUNCTION_IDLE_LIFE_MS);
    }
    timer_cancel(timers, &worker->deadline);
    worker->next = next;
    worker->next_context = context;
    if (worker->state != WORKER_IDLE)
        worker_enter(worker, WORKER_IDLE);
    if (functions->stopping || !function_version_is_current(worker->version, worker->function) ||
        has_old_code(worker))
        worker_stop(worker);
    else
        pool_dispatch(worker->function);
}

void worker_next_gone(struct worker *worker)
{
    if (worker->state != WORKER_IDLE)
        return;
    worker->next = NULL;
    worker_enter(worker, WORKER_RESPONDED);
    set_deadline(worker); /* it may come back, or end */
}

static bool has_request(const struct worker *worker, struct bytes request_id)
{
    return worker->state == WORKER_BUSY && bytes_equal_text(request_id, worker->request_id);
}

bool worker_response(struct worker *worker, struct bytes request_id, struct bytes result)
{
    if (!has_request(worker, request_id))
        return false;
    if (dies_of_answer(worker))
        return true;
    if (result.size > FUNCTION_RESPONSE_SIZE_MAX) {
        end_invocation(worker, &(struct ending){.result = failure_too_large(), .status = "error"});
        return true;
    }
    end_invocation(worker, &(struct ending){.result = result});
    return true;
}

bool worker_error(struct worker *worker, struct bytes request_id, struct bytes error)
{
    if (!has_request(worker, request_id))
        return false;
    if (dies_of_answer(worker))
        return true;
    end_invocation(worker, &(struct ending){.result = error, .status = "error"});
    return true;
}

void worker_loaded(struct worker *worker, struct bytes paths)
{
    if (worker->state != WORKER_STOPPING)
        reload_loaded(worker, paths);
}

/* ---- an end before its time ---- */

static void report_init(struct worker *worker, const char *status, struct bytes type)
{
    log_init_report(&worker->log, worker->again ? "invoke" : "init",
                    (clock_monotonic_ns() - worker->started_ns) / 1000, status,
                    strcmp(status, "error") == 0 ? type : BYTES(""));
}

static bool is_of_told_code(const struct worker *worker)
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

    log_release(&worker->log, !is_of_told_code(worker) || function->told_failure != failure);
    function->told_failure = failure;
    function->told_save = worker->save;
    function->told_generation = worker->version->generation;
}

/* It did not come to its first GET next. Lambda begins again within the invocation that waits, and
 * only then lets it fail. */
static void fail_init(struct worker *worker, const struct ending *ending, struct bytes type,
                      struct bytes what)
{
    struct function *function = worker->function;
    bool again = worker->again || worker->start_error != NULL;
    struct invocation *first;

    drain(worker);
    function->init_failed = true;
    first = again ? pool_first(function) : NULL;
    if (first == NULL) {
        report_init(worker, ending->status, type);
        tell_failure(worker, what);
        worker_stop(worker); /* when it is gone, the next one is started */
        return;
    }
    tell_failure(worker, what);
    adopt(worker, first);
    report_init(worker, ending->status, type);
    end_invocation(worker, ending);
}

/* With an error of the platform's. */
static void fail_init_with(struct worker *worker, const char *status, const char *type,
                           const char *what)
{
    AUTO(buffer_free) struct buffer payload = BUFFER_INIT(FAILURE_SIZE_MAX);
    const struct function *function = worker->function;
    const char *request_id = "";

    if (!list_empty(&function->waiting))
        request_id = LIST_ITEM(function->waiting.next, struct invocation, in_waiting)->request_id;
    failure_print(&payload, type, request_id, what);
    fail_init(worker,
              &(struct ending){.result = buffer_bytes(&payload), .status = status, .stop = true},
              bytes_of_text(type), bytes_of_text(what));
}

void worker_init_error(struct worker *worker, struct bytes error)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (worker->state == WORKER_STARTING)
        fail_init(worker, &(struct ending){.result = error, .status = "error", .stop = true},
                  failure_type(arena, error), error);
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
        fail_init_with(worker, "error", type, what);
    else if (worker->state == WORKER_BUSY)
        fail_invocation(worker, "error", type, what);
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

/* Its time to start is over, or it could not be started at all. */
static void on_starting(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    char what[64];

    if (worker->start_error != NULL) {
        fail_init_with(worker, "error", "Runtime.InvalidEntrypoint", worker->start_error);
        return;
    }
    snprintf(what, sizeof what, "Task timed out after %u.00 seconds",
             worker->version->settings.timeout_s);
    fail_init_with(worker, "timeout", "Sandbox.Timedout", what);
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

    worker->deadline.fire = on_deadline;
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
    if (is_of_told_code(worker) || timer_is_set(&function->reload.quiet))
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
