/* pipes/journey.c - what a pipe does with a batch, for the journeys (journey/journey.h); see
 * execution.h.
 *
 *   batch                    told by its mapping (mapping/journey.c)
 *     attempt                each execution, by its id
 *       invocation           an enrichment, or a target that is waited for
 *       delivery             to an API destination, a queue, a log group, an asynchronous function
 *       event                on a bus, told by the bus */
#include "pipes/execution.h"

static struct journeys *journeys_of(const struct execution *e)
{
    return e->pipe->pipes->options.journeys;
}

static bool is_told(const struct execution *e)
{
    return e->trace_header[0] != '\0';
}

/* ---- the attempt ---- */

void tell_taken(struct execution *e)
{
    const struct mapping_handover *handover = e->handover;
    struct journey_batch batch = mapping_told_batch(handover, e->plan->settings.name);

    if (handover->count > 0)
        journey_batch_begins(journeys_of(e), &batch, e->id, e->trace_header);
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

void tell_ended(struct execution *e, enum mapping_outcome outcome)
{
    if (is_told(e))
        journey_batch_attempt(
            journeys_of(e), e->id,
            &(struct journey_end){.result = result_of(outcome), .message = bytes_of_text(e->why)});
}

/* ---- functions that are waited for ---- */

void tell_invoking(struct execution *e)
{
    struct invocation *invocation = &e->invocation;

    if (!is_told(e))
        return;
    journey_invocation(journeys_of(e), &(struct journey_invocation){
                                           .request_id = bytes_of_text(invocation->request_id),
                                           .function_name = invocation->function_name,
                                           .trace_header = bytes_of_text(e->trace_header),
                                           .synchronous = true,
                                       });
    journey_attempt_begins(journeys_of(e), invocation->request_id, invocation->function_name,
                           e->invoked_header);
    invocation->trace_id = bytes_of_text(e->invoked_header);
}

void tell_invoked(struct execution *e)
{
    const struct invocation *invocation = &e->invocation;
    struct journey_end end = {.result = JOURNEY_DONE};

    if (!is_told(e))
        return;
    if (invocation->status == OK) {
        end.duration_us = invocation->duration_us;
        end.result = invocation->failed ? JOURNEY_FAILED : JOURNEY_DONE;
        end.payload = invocation->failed ? invocation->result : BYTES("");
    } else {
        end.result = invocation->status == REFUSED ? JOURNEY_FAILED : JOURNEY_STOPPED;
        end.code = bytes_of_text(api_error_name(invocation->error.kind));
        end.message = bytes_of_text(invocation->error.message);
    }
    journey_attempt_ends(journeys_of(e), invocation->request_id, &end);
    end.duration_us = 0; /* of all of it, as measured */
    journey_invocation_ends(journeys_of(e), invocation->request_id, &end);
}

/* ---- what is called, and what is written ---- */

uint64_t tell_position_of(const struct execution *e, size_t index)
{
    if (!is_told(e) || e->records == NULL || e->plan->fire_and_forget ||
        e->plan->source != PIPE_SOURCE_STREAM)
        return 0;
    return e->handover->records[e->records[index]].position;
}

static void tell(struct execution *e, struct bytes target_arn, uint64_t position,
                 const struct journey_end *end)
{
    struct journey_delivery delivery = {.cause_id = bytes_of_text(e->id),
                                        .source_arn = e->plan->names.pipe_arn,
                                        .target_arn = target_arn,
                                        .position = position};

    if (is_told(e))
        journey_delivery(journeys_of(e), &delivery, end);
}

void tell_call(struct execution *e, enum journey_result result)
{
    struct journey_end end = {.result = result};

    if (result == JOURNEY_FAILED && e->call.error_code != NULL) {
        end.code = bytes_of_text(e->call.error_code);
        end.message = bytes_of_text(e->call.error_message);
    }
    tell(e, e->call.destination_arn, 0, &end);
}

void tell_delivery(struct execution *e, size_t index, bool is_written)
{
    const struct delivery_error *error = &e->errors[index];
    struct journey_end end = {.result = JOURNEY_DONE};

    if (is_written && e->plan->target == PIPE_TARGET_BUS)
        return; /* its event is there */
    if (!is_written)
        end = (struct journey_end){.result = JOURNEY_FAILED,
                                   .code = bytes_of_text(error->code),
                                   .message = bytes_of_text(error->message)};
    tell(e, e->plan->settings.target, tell_position_of(e, index), &end);
}
