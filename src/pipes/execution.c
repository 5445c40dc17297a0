/* pipes/execution.c - one batch, from the mapping to its end; see execution.h. */
#include "pipes/execution.h"

#include <stdarg.h>
#include <stdio.h>

#define LIST_EXECUTION(it) LIST_ITEM(it, struct execution, place)

bool execution_is_stopping(const struct execution *e)
{
    return e->pipe->pipes->stopped;
}

void execution_explain(struct execution *e, const char *service, const char *format, ...)
{
    va_list args;

    if (e->why[0] != '\0')
        return;
    e->service = service;
    va_start(args, format);
    vsnprintf(e->why, sizeof e->why, format, args);
    va_end(args);
}

/* ---- the end ---- */

static void tell_people(const struct execution *e)
{
    const struct pipes_options *options = &e->pipe->pipes->options;
    struct function_log line = {
        .kind = FUNCTION_LOG_LINE,
        .function_name = e->plan->settings.name,
        .text = bytes_of_text(e->why),
        .from_stderr = true,
    };

    if (options->log != NULL && e->why[0] != '\0')
        options->log(options->context, &line);
}

static void log_end(struct execution *e, enum mapping_outcome outcome)
{
    switch (outcome) {
    case MAPPING_HANDLED:
        log_step(e, LOG_EXECUTION_SUCCEEDED, BYTES(""));
        return;
    case MAPPING_PARTLY_FAILED:
        log_step(e, LOG_EXECUTION_PARTIALLY_FAILED, BYTES(""));
        return;
    case MAPPING_FAILED:
        log_step(e, LOG_EXECUTION_FAILED, BYTES(""));
        return;
    case MAPPING_NOT_TAKEN:
        log_step(e, LOG_EXECUTION_THROTTLED, BYTES(""));
        return;
    case MAPPING_CLOSED:
        return;
    }
}

static const char *problem_of(enum mapping_outcome outcome)
{
    return outcome == MAPPING_HANDLED || outcome == MAPPING_CLOSED
               ? NULL
               : "PROBLEM: Pipe execution failed";
}

void execution_end(struct execution *e, enum mapping_outcome outcome)
{
    struct pipe *pipe = e->pipe;
    struct pipes *pipes = pipe->pipes;
    struct mapping_handover *handover = e->handover;

    assert(!e->calling);
    pipes->executions--;
    pipe->executions--;
    log_end(e, outcome);
    tell_ended(e, outcome);
    tell_people(e);
    pipes->executions_total++;
    if (outcome == MAPPING_FAILED || outcome == MAPPING_PARTLY_FAILED)
        pipes->failed_total++;
    list_remove(&e->place);
    pipe_plan_let_go(e->plan);
    arena_free(e->arena);
    mapping_handover_end(handover, outcome, problem_of(outcome));
    pipes_ended(pipes);
}

/* ---- taking ---- */

/* Those that the target has not got already, in a life before. */
static void collect_events(struct execution *e)
{
    struct mapping_handover *handover = e->handover;
    bool of_queue = e->plan->source == PIPE_SOURCE_QUEUE;

    e->events = ARENA_NEW_ARRAY(e->arena, handover->count, struct pipe_event);
    e->records = ARENA_NEW_ARRAY(e->arena, handover->count, size_t);
    for (size_t i = 0; i < handover->count; i++) {
        if (!of_queue && given_has(e->pipe, handover->records[i].position))
            continue;
        e->records[e->count] = i;
        e->events[e->count++] = pipe_event_of(e->arena, handover->records[i].text, of_queue);
    }
}

static struct execution *execution_new(struct pipe *pipe, struct mapping_handover *handover)
{
    struct arena *arena = arena_new();
    struct execution *e = ARENA_NEW(arena, struct execution);

    e->arena = arena;
    e->pipe = pipe;
    e->plan = pipe_plan_hold(pipe->plan);
    e->handover = handover;
    e->service = "pipes";
    id_uuid(e->id);
    memcpy(handover->request_id, e->id, sizeof e->id);
    list_append(&pipe->pipes->running, &e->place);
    pipe->executions++;
    pipe->pipes->executions++;
    return e;
}

/* The batch as an array; nothing when nobody is to see it. */
static struct bytes batch_for_log(const struct execution *e)
{
    if (!e->plan->log_data)
        return BYTES("");
    return arena_printf(e->arena, "[%.*s]", BYTES_ARG(mapping_handover_texts(e->handover)));
}

static void take(void *context, struct mapping_handover *handover)
{
    struct pipe *pipe = context;
    struct execution *e = execution_new(pipe, handover);

    if (execution_is_stopping(e)) {
        execution_end(e, MAPPING_CLOSED);
        return;
    }
    if (given_load(pipe) != OK) {
        execution_explain(e, "pipes", "the store can't be read");
        execution_end(e, MAPPING_NOT_TAKEN);
        return;
    }
    collect_events(e);
    tell_taken(e);
    log_step(e, LOG_EXECUTION_STARTED, batch_for_log(e));
    if (e->count == 0)
        execution_end(e, MAPPING_HANDLED);
    else if (e->plan->enrichment != PIPE_TARGET_NONE)
        enrichment_begin(e);
    else
        target_begin(e);
}

struct mapping_consumer pipe_consumer(struct pipe *pipe)
{
    return (struct mapping_consumer){
        .context = pipe, .take = take, .print_failure = pipe_print_failure};
}

/* ---- payloads ---- */

bool execution_fill(struct execution *e, struct bytes template, const struct pipe_event *event,
                    struct pipe_filled *ret)
{
    *ret = (struct pipe_filled){event->text, event->json != NULL};
    if (template.size == 0 ||
        pipe_template_fill(template, &e->plan->names, event, clock_now_ms(e->pipe->pipes->clock),
                           e->arena, ret))
        return true;
    execution_explain(e, "pipes", "The event is too large once its InputTemplate is filled in.");
    return false;
}

bool execution_print_array(struct execution *e, struct bytes template, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_PAYLOAD_SIZE_MAX);
    struct pipe_filled filled;

    buffer_append_byte(&out, '[');
    for (size_t i = 0; i < e->count; i++) {
        if (!execution_fill(e, template, &e->events[i], &filled))
            return false;
        if (!filled.is_json) {
            execution_explain(e, "pipes",
                              "The InputTemplate gave what is no JSON, which a function does not "
                              "take.");
            return false;
        }
        if (i > 0)
            buffer_append_byte(&out, ',');
        buffer_append(&out, filled.text);
    }
    buffer_append_byte(&out, ']');
    if (buffer_failed(&out)) {
        execution_explain(e, "pipes", "The batch is larger than a function takes (%zu bytes).",
                          FUNCTION_PAYLOAD_SIZE_MAX);
        return false;
    }
    *ret = arena_copy(e->arena, buffer_bytes(&out));
    return true;
}

/* ---- functions ---- */

void execution_invoke(struct execution *e, struct bytes function, struct bytes payload,
                      void (*done)(struct invocation *invocation))
{
    struct functions *functions = e->pipe->pipes->options.functions;

    e->invocation = (struct invocation){
        .function_name = function, .payload = payload, .wait = true, .done = done, .context = e};
    id_uuid(e->invocation.request_id);
    tell_invoking(e);
    if (functions != NULL) {
        functions_invoke(functions, &e->invocation);
        return;
    }
    e->invocation.status = REFUSED;
    api_refuse(&e->invocation.error, API_LAMBDA_RESOURCE_NOT_FOUND, "There are no functions.");
    done(&e->invocation);
}

enum mapping_outcome execution_judge_invocation(struct execution *e)
{
    const struct invocation *invocation = &e->invocation;
    enum api_error_kind kind = invocation->error.kind;

    tell_invoked(e);
    if (invocation->status == CLOSED)
        return MAPPING_CLOSED;
    if (invocation->status != OK) {
        execution_explain(e, "lambda", "%s", invocation->error.message);
        return kind == API_LAMBDA_TOO_MANY_REQUESTS ? MAPPING_NOT_TAKEN : MAPPING_FAILED;
    }
    if (!invocation->failed)
        return MAPPING_HANDLED;
    execution_explain(e, "lambda", "The function %.*s failed: %.*s",
                      BYTES_ARG(invocation->function_name), BYTES_ARG(invocation->result));
    return MAPPING_FAILED;
}

/* ---- API destinations ---- */

/* Paths of HttpParameters are followed in the event with the JSON in its body. */
static struct bytes event_of(struct execution *e)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);

    if (e->events[0].json == NULL)
        return BYTES("null");
    pipe_event_print(&out, &e->events[0]);
    return buffer_failed(&out) ? e->events[0].text : arena_copy(e->arena, buffer_bytes(&out));
}

void execution_call(struct execution *e, struct bytes destination, struct bytes parameters,
                    struct bytes payload, void (*done)(struct outbound_call *call))
{
    e->call = (struct outbound_call){
        .destination_arn = destination,
        .parameters = parameters,
        .payload = payload,
        .event = event_of(e),
        .done = done,
        .context = e,
    };
    e->calling = true;
    tell_call(e, JOURNEY_RUNNING);
    outbound_call(e->pipe->pipes->options.outbound, &e->call);
}

/* AWS counts what the endpoint answered, and not that it could not be reached. */
static bool is_internal(const char *code)
{
    return strcmp(code, "CONNECTION_FAILURE") == 0 || strcmp(code, "THROTTLING") == 0 ||
           strcmp(code, "INTERNAL_ERROR") == 0;
}

enum mapping_outcome execution_judge_call(struct execution *e)
{
    e->calling = false;
    if (execution_is_stopping(e)) {
        tell_call(e, JOURNEY_STOPPED);
        return MAPPING_CLOSED;
    }
    tell_call(e, e->call.outcome == OUTBOUND_DELIVERED ? JOURNEY_DONE : JOURNEY_FAILED);
    if (e->call.outcome == OUTBOUND_DELIVERED)
        return MAPPING_HANDLED;
    execution_explain(e, "apidestinations", "%s", e->call.error_message);
    return e->call.outcome == OUTBOUND_RETRIABLE && is_internal(e->call.error_code)
               ? MAPPING_NOT_TAKEN
               : MAPPING_FAILED;
}

void executions_cancel(struct pipes *pipes)
{
    LIST_EACH (&pipes->running, it) {
        if (LIST_EXECUTION(it)->calling)
            outbound_cancel(pipes->options.outbound, &LIST_EXECUTION(it)->call);
    }
}
