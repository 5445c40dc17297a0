/* pipes/target.c - what the target of a pipe gets of a batch, and how that ended; see execution.h.
 *
 *   function, REQUEST_RESPONSE   the batch as an array; the answer may name records that failed
 *   function, FIRE_AND_FORGET    the batch as an array: one asynchronous invocation, written
 *   bus, queue, log group        each event for itself, written
 *   API destination              its one event, called
 *
 * What is written is written in one batch of the store, with a note of the records (given.c). Of a
 * source that is in order (a stream, a FIFO queue) nothing is written behind an event that fails;
 * of another queue the others are. An enrichment's events are no records: when one fails, all are
 * tried again. */
#include "pipes/execution.h"

static bool is_ordered(const struct execution *e)
{
    return e->plan->source == PIPE_SOURCE_STREAM ||
           bytes_end_with(e->plan->settings.source, BYTES(".fifo"));
}

static bool stops_at_failure(const struct execution *e)
{
    return e->records == NULL || is_ordered(e);
}

static void end_target(struct execution *e, enum mapping_outcome outcome)
{
    if (outcome == MAPPING_HANDLED) {
        log_step(e, LOG_TARGET_INVOCATION_SUCCEEDED, BYTES(""));
        log_step(e, LOG_TARGET_STAGE_SUCCEEDED, BYTES(""));
    } else if (outcome != MAPPING_CLOSED) {
        log_step(e, LOG_TARGET_INVOCATION_FAILED, BYTES(""));
        log_step(e, LOG_TARGET_STAGE_FAILED, BYTES(""));
    }
    execution_end(e, outcome);
}

/* ---- called targets ---- */

static void end_called(struct execution *e, enum mapping_outcome outcome, struct bytes answer)
{
    if (outcome == MAPPING_HANDLED)
        outcome = response_read(e, answer);
    if (outcome == MAPPING_HANDLED)
        e->pipe->pipes->events_total += e->count;
    end_target(e, outcome);
}

static void invoked(struct invocation *invocation)
{
    struct execution *e = invocation->context;

    end_called(e, execution_judge_invocation(e), invocation->result);
}

static void called(struct outbound_call *call)
{
    struct execution *e = call->context;

    end_called(e, execution_judge_call(e), call->answer);
}

static void invoke(struct execution *e)
{
    struct bytes payload = {NULL, 0};

    if (!execution_print_array(e, e->plan->target_template, &payload)) {
        end_target(e, MAPPING_FAILED);
        return;
    }
    log_step(e, LOG_TARGET_INVOCATION_STARTED, payload);
    execution_invoke(e, e->plan->settings.target, payload, invoked);
}

/* {"HttpParameters":{...}}; empty: none. */
static struct bytes http_parameters(struct execution *e)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DELIVERY_PARAMETERS_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (e->plan->target_parameters == NULL)
        return (struct bytes){NULL, 0};
    json_begin_object(&w);
    json_key(&w, "HttpParameters");
    json_write_value(&w, e->plan->target_parameters);
    json_end_object(&w);
    return arena_copy(e->arena, buffer_bytes(&out));
}

static void call(struct execution *e)
{
    struct pipe_filled filled;

    if (!execution_fill(e, e->plan->target_template, &e->events[0], &filled)) {
        end_target(e, MAPPING_FAILED);
        return;
    }
    log_step(e, LOG_TARGET_INVOCATION_STARTED, filled.text);
    execution_call(e, e->plan->settings.target, http_parameters(e), filled.text, called);
}

/* ---- written targets: on the loop ---- */

/* What an event becomes; false: why. */
static bool make_delivery(struct execution *e, size_t index, struct bytes payload)
{
    struct delivery *delivery = &e->deliveries[index];
    struct delivery_error *error = &e->errors[index];
    const struct pipe_door *door = &e->pipe->pipes->options.door;

    *delivery = (struct delivery){
        .source = DELIVERY_OF_PIPE,
        .source_arn = e->plan->names.pipe_arn,
        .target_arn = e->plan->settings.target,
        .payload = payload,
        .event_id = bytes_of_text(e->trace_header[0] != '\0' ? e->id : ""),
        .asked_by = bytes_of_text(e->trace_header),
        .position = tell_position_of(e, index),
        .arena = e->arena,
    };
    if (!target_parameters(e->plan, &e->events[index], e->arena, &delivery->parameters, error))
        return false;
    return door->target.find(door->target.context, delivery, error) == DELIVERY_WRITTEN;
}

static bool prepare_one(struct execution *e, size_t index)
{
    struct delivery_error *error = &e->errors[index];
    struct pipe_filled filled;

    if (!execution_fill(e, e->plan->target_template, &e->events[index], &filled)) {
        delivery_error_set(error, "INVALID_PARAMETER", false, "%s", e->why);
        return false;
    }
    if (e->plan->target == PIPE_TARGET_BUS && !filled.is_json) {
        delivery_error_set(error, "INVALID_JSON", false,
                           "The InputTemplate gave what is no JSON, which a bus does not take.");
        return false;
    }
    return make_delivery(e, index, filled.text);
}

/* The batch as one invocation. False: why. */
static bool prepare_invocation(struct execution *e)
{
    struct bytes payload = {NULL, 0};

    e->delivery_count = 1;
    if (execution_print_array(e, e->plan->target_template, &payload))
        return make_delivery(e, 0, payload);
    delivery_error_set(&e->errors[0], "INVALID_PARAMETER", false, "%s", e->why);
    return false;
}

static void fail_event(struct execution *e, size_t index)
{
    const struct delivery_error *error = &e->errors[index];

    execution_explain(e, "target", "%s: %s", error->code, error->message);
    tell_delivery(e, index, false);
    if (error->retriable)
        e->not_taken = true;
    e->deliveries[index].arena = NULL; /* there is nothing to write */
    e->failed_count++;
}

/* ---- on the writer ---- */

static bool is_prepared(const struct execution *e, size_t index)
{
    return e->deliveries[index].arena != NULL;
}

static void write_run(struct store_batch *batch, struct store_work *work)
{
    struct execution *e = CONTAINER_OF(work, struct execution, work);
    const struct delivery_door *door = &e->pipe->pipes->options.door.target;

    for (size_t i = 0; i < e->delivery_count; i++) {
        if (is_prepared(e, i))
            e->written[i] = door->write(door->context, batch, &e->deliveries[i], &e->errors[i]);
        if (!e->written[i] && stops_at_failure(e))
            break;
    }
    given_note(batch, e);
}

/* ---- durable ---- */

/* The record of a delivery failed; of an ordered source so did all behind it. */
static enum mapping_outcome mark_failed(struct execution *e)
{
    size_t failed = 0;

    if (e->records == NULL || e->delivery_count != e->count) /* an enrichment's, or one for all */
        return MAPPING_FAILED;
    for (size_t i = 0; i < e->count; i++) {
        struct mapping_record *record = &e->handover->records[e->records[i]];

        record->failed = !e->written[i];
        failed += record->failed;
    }
    return failed == e->handover->count ? MAPPING_FAILED : MAPPING_PARTLY_FAILED;
}

/* What may pass counts no attempt. Records that a stream's target has by now are in the notes,
 * which are read again; messages have none, so that those that were written have to end here. */
static enum mapping_outcome outcome_of_writing(struct execution *e, enum mapping_outcome outcome)
{
    if (!e->not_taken || outcome == MAPPING_HANDLED)
        return outcome;
    if (outcome == MAPPING_PARTLY_FAILED && e->plan->source != PIPE_SOURCE_STREAM)
        return outcome;
    e->pipe->given_known = false;
    return MAPPING_NOT_TAKEN;
}

static void write_done(struct store_work *work, enum status status)
{
    struct execution *e = CONTAINER_OF(work, struct execution, work);
    struct pipes *pipes = e->pipe->pipes;
    const struct delivery_door *door = &pipes->options.door.target;
    bool all = true;

    pipes->writing--;
    if (status != OK) {
        execution_explain(e, "pipes", "The store can't be written: %s", status_text(status));
        end_target(e, pipes->stopped ? MAPPING_CLOSED : MAPPING_NOT_TAKEN);
        return;
    }
    for (size_t i = 0; i < e->delivery_count; i++) {
        if (e->written[i]) {
            door->written(door->context, &e->deliveries[i]);
            tell_delivery(e, i, true);
            pipes->events_total += e->delivery_count == 1 ? e->count : 1;
        } else if (is_prepared(e, i) && e->errors[i].code != NULL) {
            fail_event(e, i);
        }
        all = all && e->written[i];
    }
    given_noted(e);
    end_target(e, outcome_of_writing(e, all ? MAPPING_HANDLED : mark_failed(e)));
}

/* ---- written targets: beginning ---- */

/* How many there are to be written: of those in order, up to the first that can't be. */
static size_t prepare(struct execution *e)
{
    size_t ready = 0;

    if (e->plan->fire_and_forget) {
        if (prepare_invocation(e))
            return 1;
        fail_event(e, 0);
        return 0;
    }
    for (size_t i = 0; i < e->count; i++) {
        if (prepare_one(e, i)) {
            ready++;
            continue;
        }
        fail_event(e, i);
        if (stops_at_failure(e)) {
            for (size_t k = i + 1; k < e->count; k++)
                e->deliveries[k].arena = NULL;
            break;
        }
    }
    return e->records == NULL && e->failed_count > 0 ? 0 : ready;
}

/* What the target is to get, behind each other; nothing when nobody is to see it. */
static struct bytes payloads_for_log(const struct execution *e)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_PAYLOAD_SIZE_MAX);

    if (!e->plan->log_data || e->plan->log_level < PIPE_LOG_TRACE)
        return BYTES("");
    if (e->plan->target == PIPE_TARGET_FUNCTION) /* one that has all of them */
        return e->deliveries[0].payload;
    for (size_t i = 0; i < e->delivery_count; i++)
        if (is_prepared(e, i)) {
            buffer_append(&out, out.size == 0 ? BYTES("[") : BYTES(","));
            buffer_append(&out, e->deliveries[i].payload);
        }
    buffer_append(&out, BYTES("]"));
    return arena_copy(e->arena, buffer_bytes(&out));
}

static void write_events(struct execution *e)
{
    struct pipes *pipes = e->pipe->pipes;

    e->delivery_count = e->count;
    e->deliveries = ARENA_NEW_ARRAY(e->arena, e->count, struct delivery);
    e->errors = ARENA_NEW_ARRAY(e->arena, e->count, struct delivery_error);
    e->written = ARENA_NEW_ARRAY(e->arena, e->count, bool);
    if (prepare(e) == 0) {
        end_target(e, e->not_taken ? MAPPING_NOT_TAKEN : MAPPING_FAILED);
        return;
    }
    log_step(e, LOG_TARGET_INVOCATION_STARTED, payloads_for_log(e));
    given_prepare(e);
    pipes->writing++;
    e->work = (struct store_work){.run = write_run, .done = write_done};
    store_submit(pipes->options.store, pipes->options.port, &e->work);
}

void target_begin(struct execution *e)
{
    size_t count_max = pipe_target_count_max(e->plan->target);

    log_step(e, LOG_TARGET_STAGE_ENTERED, BYTES(""));
    if (execution_is_stopping(e)) {
        execution_end(e, MAPPING_CLOSED);
    } else if (e->count > count_max) {
        execution_explain(e, "pipes",
                          "The enrichment gave %zu events, and the target takes %zu at once.",
                          e->count, count_max);
        end_target(e, MAPPING_FAILED);
    } else if (e->plan->target == PIPE_TARGET_DESTINATION) {
        call(e);
    } else if (e->plan->target == PIPE_TARGET_FUNCTION && !e->plan->fire_and_forget) {
        invoke(e);
    } else {
        write_events(e);
    }
}
