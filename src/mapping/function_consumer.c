/* mapping/function_consumer.c - the consumer that is a function: a batch is one synchronous
 * invocation. (AWS: Lambda developer guide, "Process DynamoDB records with Lambda".) */
#include "journey/journey.h"
#include "mapping/internal.h"

#include <stdio.h>

/* A state that ends its window early may be larger than an event may be: then it is refused. */
#define EVENT_SIZE_MAX                                                                             \
    (MAPPING_PAYLOAD_SIZE_MAX + FUNCTION_RESPONSE_SIZE_MAX * 2 + MAPPING_ENVELOPE_SIZE_MAX)

struct job { /* one batch that is with the function */
    struct mapping_handover *handover;
    struct invocation invocation;
    struct buffer event;
    struct arena *arena; /* of the answer */
    struct mappings *mappings;
    char trace_header[JOURNEY_TRACE_HEADER_SIZE];
};

static void job_free(struct job *job)
{
    buffer_free(&job->event);
    arena_free(job->arena);
    mem_free(job);
}

/* ---- the event ---- */

static void print_window(struct json_writer *w, const struct mapping_handover *handover)
{
    const struct mapping_window *window = handover->window;
    char start[CLOCK_ISO_SIZE], end[CLOCK_ISO_SIZE];

    clock_format_iso(window->start_ms, false, start);
    clock_format_iso(window->end_ms, false, end);
    json_key(w, "window");
    json_begin_object(w);
    json_member_text(w, "start", start);
    json_member_text(w, "end", end);
    json_end_object(w);
    json_key(w, "state");
    json_write_raw(w, window->state.size > 0 ? window->state : BYTES("{}"));
    json_member_string(w, "shardId", window->shard_id);
    json_member_string(w, "eventSourceARN", handover->settings->source_arn);
    json_member_bool(w, "isFinalInvokeForWindow", window->is_final);
    json_member_bool(w, "isWindowTerminatedEarly", window->is_terminated_early);
}

static void print_event(struct buffer *out, const struct mapping_handover *handover)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Records");
    json_begin_array(&w);
    buffer_append(out, mapping_handover_texts(handover));
    json_end_array(&w);
    if (handover->window != NULL)
        print_window(&w, handover);
    json_end_object(&w);
}

/* ---- how it ends ---- */

static enum mapping_outcome outcome_of(struct job *job, const char **ret_problem)
{
    const struct invocation *invocation = &job->invocation;
    struct mapping_handover *handover = job->handover;
    enum mapping_outcome outcome;

    *ret_problem = NULL;
    if (invocation->status == CLOSED)
        return MAPPING_CLOSED;
    if (invocation->status != OK && invocation->error.kind != API_REQUEST_TOO_LARGE) {
        *ret_problem = invocation->error.kind == API_LAMBDA_TOO_MANY_REQUESTS
                           ? MAPPING_PROBLEM_THROTTLED
                           : MAPPING_PROBLEM_NOT_FOUND;
        return MAPPING_NOT_TAKEN;
    }
    handover->duration_us = invocation->duration_us;
    snprintf(handover->version, sizeof handover->version, "%.*s", (int)sizeof handover->version - 1,
             invocation->version);
    outcome = MAPPING_FAILED;
    if (invocation->status == OK && !invocation->failed)
        outcome = mapping_read_response(handover, job->arena, invocation->result);
    if (outcome != MAPPING_HANDLED)
        *ret_problem = MAPPING_PROBLEM_FAILED;
    if (invocation->failed)
        handover->function_error = "Unhandled";
    return outcome;
}

/* ---- for the journeys ---- */

static void tell_begin(struct job *job)
{
    const struct mapping_handover *handover = job->handover;
    struct journey_batch batch = mapping_told_batch(handover, handover->settings->function_name);

    if (handover->count == 0)
        return; /* the end of a window */
    journey_batch_begins(job->mappings->options.journeys, &batch, job->invocation.request_id,
                         job->trace_header);
    job->invocation.trace_id = bytes_of_text(job->trace_header);
}

static enum journey_result result_of(enum mapping_outcome outcome)
{
    switch (outcome) {
    case MAPPING_HANDLED:
        return JOURNEY_DONE;
    case MAPPING_FAILED:
    case MAPPING_PARTLY_FAILED:
        return JOURNEY_FAILED;
    case MAPPING_NOT_TAKEN:
        return JOURNEY_THROTTLED;
    case MAPPING_CLOSED:
        return JOURNEY_STOPPED;
    }
    return JOURNEY_FAILED;
}

static void tell_end(const struct job *job, enum mapping_outcome outcome, const char *problem)
{
    const struct invocation *invocation = &job->invocation;
    bool failed = invocation->status == OK && invocation->failed;

    journey_batch_attempt(
        job->mappings->options.journeys, invocation->request_id,
        &(struct journey_end){
            .result = result_of(outcome),
            .duration_us = invocation->status == OK ? invocation->duration_us : 0,
            .payload = failed ? invocation->result : BYTES(""),
            .message = !failed && problem != NULL ? bytes_of_text(problem) : BYTES(""),
        });
}

static void on_done(struct invocation *invocation)
{
    struct job *job = CONTAINER_OF(invocation, struct job, invocation);
    struct mapping_handover *handover = job->handover;
    const char *problem = NULL;
    enum mapping_outcome outcome = outcome_of(job, &problem);

    tell_end(job, outcome, problem);

    handover->own = NULL;
    mapping_handover_end(handover, outcome, problem);
    job_free(job);
}

static void take(void *context, struct mapping_handover *handover)
{
    struct mappings *mappings = context;
    struct job *job = mem_new(sizeof *job);

    job->handover = handover;
    job->mappings = mappings;
    job->arena = arena_new();
    job->event = BUFFER_INIT(EVENT_SIZE_MAX);
    print_event(&job->event, handover);
    assert(!buffer_failed(&job->event)); /* the giver keeps to MAPPING_PAYLOAD_SIZE_MAX */
    job->invocation = (struct invocation){
        .function_name = handover->settings->function_name,
        .payload = buffer_bytes(&job->event),
        .wait = true,
        .done = on_done,
    };
    id_uuid(job->invocation.request_id);
    memcpy(handover->request_id, job->invocation.request_id, sizeof handover->request_id);
    handover->own = job;
    tell_begin(job);
    if (job->invocation.trace_id.size == 0)
        functions_make_trace_id(mappings->options.functions, &job->invocation);
    handover->trace_id = job->invocation.trace_id;
    functions_invoke(mappings->options.functions, &job->invocation);
}

static bool withdraw(void *context, struct mapping_handover *handover)
{
    struct mappings *mappings = context;
    struct job *job = handover->own;

    return functions_withdraw(mappings->options.functions, &job->invocation);
}

/* ---- a batch that is given up ---- */

static void print_request(struct json_writer *w, const struct mapping_failure *failure,
                          struct bytes function_arn)
{
    json_key(w, "requestContext");
    json_begin_object(w);
    json_member_text(w, "requestId", failure->request_id);
    json_member_string(w, "functionArn", function_arn);
    json_member_text(w, "condition", failure->condition);
    json_member_uint(w, "approximateInvokeCount", failure->attempts);
    json_end_object(w);
}

/* Of a batch that was never handed over there is none. */
static void print_response(struct json_writer *w, const struct mapping_failure *failure)
{
    if (failure->attempts == 0)
        return;
    json_key(w, "responseContext");
    json_begin_object(w);
    json_member_int(w, "statusCode", 200);
    json_member_text(w, "executedVersion",
                     failure->version != NULL && failure->version[0] != '\0' ? failure->version
                                                                             : "$LATEST");
    if (failure->function_error != NULL)
        json_member_text(w, "functionError", failure->function_error);
    json_end_object(w);
}

/* The record of the guide, member by member. */
static void print_failure(void *context, struct buffer *out, const struct mapping_failure *failure)
{
    const struct mappings *mappings = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct json_writer w = JSON_WRITER(out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(failure->time_ms, true, time);
    json_begin_object(&w);
    print_request(
        &w, failure,
        functions_arn(mappings->options.functions, arena, failure->settings->function_name));
    print_response(&w, failure);
    json_member_text(&w, "version", "1.0");
    json_member_text(&w, "timestamp", time);
    mapping_print_stream_batch(&w, failure);
    json_end_object(&w);
}

struct mapping_consumer mapping_function_consumer(struct mappings *mappings)
{
    return (struct mapping_consumer){
        .context = mappings,
        .take = take,
        .withdraw = withdraw,
        .print_failure = print_failure,
    };
}
