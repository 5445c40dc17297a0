/* pipes/enrichment.c - what an enrichment makes of a batch. (AWS: EventBridge user guide, "Event
 * enrichment in Amazon EventBridge Pipes".)
 *
 *   a function           gets the batch as an array, each event through the InputTemplate
 *   an API destination   gets its one event
 *   the answer           an array: each element is an event; anything else is one event
 *   "", {}, []           nothing goes on (AWS: "return an empty response"); [{}] is an empty event
 *
 * See execution.h. */
#include "pipes/execution.h"

static bool is_empty(const struct json *answer)
{
    switch (json_type(answer)) {
    case JSON_NULL:
        return true;
    case JSON_STRING:
        return json_string(answer).size == 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_count(answer) == 0;
    case JSON_BOOL:
    case JSON_NUMBER:
        break;
    }
    return false;
}

static struct bytes text_of(struct execution *e, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);

    json_print(&out, value);
    return arena_copy(e->arena, buffer_bytes(&out));
}

/* What the answer's events are; none: nothing goes on. */
static void take_answer(struct execution *e, struct bytes answer)
{
    const struct json *json = NULL;
    size_t count = 1;

    answer = arena_copy(e->arena, answer);
    if (json_parse(e->arena, answer, &json, NULL) != OK)
        json = NULL;
    if (json_is(json, JSON_ARRAY))
        count = json_count(json);
    e->records = NULL;
    e->count = 0;
    if (answer.size == 0 || (json != NULL && is_empty(json)))
        return;
    e->events = ARENA_NEW_ARRAY(e->arena, count, struct pipe_event);
    e->count = count;
    if (!json_is(json, JSON_ARRAY)) {
        e->events[0] = pipe_event_of(e->arena, answer, false);
        return;
    }
    for (struct json_iter it = json_iter(json); json_next(&it);)
        e->events[it.index] = (struct pipe_event){text_of(e, it.value), it.value, NULL};
}

static void end_enrichment(struct execution *e, enum mapping_outcome outcome, struct bytes answer)
{
    if (outcome != MAPPING_HANDLED) {
        if (outcome != MAPPING_CLOSED) {
            log_step(e, LOG_ENRICHMENT_INVOCATION_FAILED, BYTES(""));
            log_step(e, LOG_ENRICHMENT_STAGE_FAILED, BYTES(""));
        }
        execution_end(e, outcome);
        return;
    }
    take_answer(e, answer);
    log_step(e, LOG_ENRICHMENT_INVOCATION_SUCCEEDED, answer);
    log_step(e, LOG_ENRICHMENT_STAGE_SUCCEEDED, BYTES(""));
    if (e->count > 0) {
        target_begin(e);
        return;
    }
    log_step(e, LOG_TARGET_STAGE_SKIPPED, BYTES(""));
    execution_end(e, MAPPING_HANDLED);
}

static void invoked(struct invocation *invocation)
{
    struct execution *e = invocation->context;

    end_enrichment(e, execution_judge_invocation(e), invocation->result);
}

static void called(struct outbound_call *call)
{
    struct execution *e = call->context;

    end_enrichment(e, execution_judge_call(e), call->answer);
}

void enrichment_begin(struct execution *e)
{
    const struct pipe_plan *plan = e->plan;
    struct bytes payload = {NULL, 0};
    struct pipe_filled filled;

    log_step(e, LOG_ENRICHMENT_STAGE_ENTERED, BYTES(""));
    if (plan->enrichment == PIPE_TARGET_FUNCTION &&
        execution_print_array(e, plan->enrichment_template, &payload)) {
        log_step(e, LOG_ENRICHMENT_INVOCATION_STARTED, payload);
        execution_invoke(e, plan->settings.enrichment, payload, invoked);
    } else if (plan->enrichment == PIPE_TARGET_DESTINATION &&
               execution_fill(e, plan->enrichment_template, &e->events[0], &filled)) {
        log_step(e, LOG_ENRICHMENT_INVOCATION_STARTED, filled.text);
        execution_call(e, plan->settings.enrichment, plan->enrichment_http, filled.text, called);
    } else {
        log_step(e, LOG_ENRICHMENT_STAGE_FAILED, BYTES(""));
        execution_end(e, MAPPING_FAILED);
    }
}
