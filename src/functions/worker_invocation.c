/* functions/worker_invocation.c - what a worker has to do: an invocation's end and beginning, and
 * what its runtime says (the Runtime API). See worker.h. */
#include "functions/worker_internal.h"

#include "functions/failure.h"
#include "functions/pool.h"

#include <stdio.h>

/* arn:aws:lambda:REGION:ACCOUNT:function: and a qualified name */
/* What a process prints between its answer and its next invocation belongs to nobody. When both are
 * in one turn of the loop, which takes some microseconds, it had no time to print. */
#define DRAINED_NS ((uint64_t)30000)
#define INVOKED_ARN_SIZE (128 + FUNCTION_QUALIFIED_SIZE_MAX)

/* ---- its end ---- */

void worker_end_invocation(struct worker *worker, const struct worker_ending *ending)
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
    worker_measure_memory(worker, now_ns);
    worker_drain(worker); /* what the handler printed before it answered is its own */
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

void worker_fail_invocation(struct worker *worker, const char *status, const char *type,
                            const char *what)
{
    AUTO(buffer_free) struct buffer payload = BUFFER_INIT(FAILURE_SIZE_MAX);

    failure_print(&payload, type, worker->request_id, what);
    struct worker_ending ending = {
        .result = buffer_bytes(&payload),
        .status = status,
        .stop = true,
    };

    worker_end_invocation(worker, &ending);
}

/* ---- its beginning ---- */

void worker_deadline_over(struct timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, deadline);
    char what[64];

    if (worker->state != WORKER_BUSY) {
        worker_stop(worker);
        return;
    }
    snprintf(what, sizeof what, "Task timed out after %u.00 seconds",
             worker->version->settings.timeout_s);
    worker_drain(worker);
    log_platform(&worker->log, clock_now_ms(timers_clock(worker->functions->options.timers)), what);
    worker_fail_invocation(worker, "timeout", "Sandbox.Timedout", what);
}

static void set_deadline(struct worker *worker)
{
    timer_set_after(worker->functions->options.wall_timers, &worker->deadline,
                    (uint64_t)worker->version->settings.timeout_s * 1000);
}

void worker_adopt(struct worker *worker, struct invocation *invocation)
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
        worker_drain(worker); /* what it printed in between belongs to nobody */
    worker_adopt(worker, invocation);
    reload_started(worker);
    worker->used_ms = clock_waited_ms(timers_clock(timers));
    timer_set_after(timers, &worker->deadline, timeout_ms);
    workers_begin_looking(functions);
    char arn[INVOKED_ARN_SIZE];

    snprintf(arn, sizeof arn, "%.*s%s%s", BYTES_ARG(worker->function->latest->version->arn),
             invocation->qualifier[0] != '\0' ? ":" : "", invocation->qualifier);
    struct runtime_next answer = {
        .request_id = bytes_of_text(worker->request_id),
        .function_arn = bytes_of_text(arn),
        .trace_id = invocation->trace_id,
        .client_context = invocation->client_context,
        .payload = invocation->payload,
        .deadline_ms = clock_machine_ms(functions->machine_clock) + timeout_ms,
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
        worker_end_invocation(
            worker, &(struct worker_ending){.result = buffer_bytes(&payload), .status = "error"});
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
        worker_end_invocation(
            worker, &(struct worker_ending){.result = failure_too_large(), .status = "error"});
        return true;
    }
    worker_end_invocation(worker, &(struct worker_ending){.result = result});
    return true;
}

bool worker_error(struct worker *worker, struct bytes request_id, struct bytes error)
{
    if (!has_request(worker, request_id))
        return false;
    if (dies_of_answer(worker))
        return true;
    worker_end_invocation(worker, &(struct worker_ending){.result = error, .status = "error"});
    return true;
}

void worker_loaded(struct worker *worker, struct bytes paths)
{
    if (worker->state != WORKER_STOPPING)
        reload_loaded(worker, paths);
}
