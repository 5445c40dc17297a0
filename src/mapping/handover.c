/* mapping/handover.c - what consumers share: a batch's texts, the answer to it, the record of one
 * that was given up; see consumer.h. */
#include "mapping/internal.h"

struct bytes mapping_handover_texts(const struct mapping_handover *handover)
{
    if (handover->count == 0)
        return (struct bytes){NULL, 0};
    const struct bytes first = handover->records[0].text;
    const struct bytes last = handover->records[handover->count - 1].text;

    return bytes_of(first.ptr, (size_t)(last.ptr - first.ptr) + last.size);
}

/* ---- ReportBatchItemFailures ---- */

static bool mark(struct mapping_handover *handover, struct bytes identifier)
{
    for (size_t i = 0; identifier.size > 0 && i < handover->count; i++) {
        if (!bytes_equal_text(identifier, handover->records[i].identifier))
            continue;
        handover->records[i].failed = true;
        return true;
    }
    return false;
}

/* An empty list, one that is null or not there, and an empty answer: success. An item without an
 * identifier, with an empty one, or with one that no record has: failure of the whole batch. */
static enum mapping_outcome read_failures(struct mapping_handover *handover,
                                          const struct json *answer)
{
    const struct json *failures = json_get(answer, "batchItemFailures");
    enum mapping_outcome outcome = MAPPING_HANDLED;

    if (failures == NULL || json_is(failures, JSON_NULL))
        return MAPPING_HANDLED;
    if (!json_is(failures, JSON_ARRAY))
        return MAPPING_FAILED;
    for (struct json_iter it = json_iter(failures); json_next(&it);) {
        if (!mark(handover, json_get_string(it.value, "itemIdentifier")))
            return MAPPING_FAILED;
        outcome = MAPPING_PARTLY_FAILED;
    }
    return outcome;
}

/* ---- TumblingWindowInSeconds ---- */

/* An answer without a state is a failure. */
static bool read_state(struct mapping_handover *handover, struct arena *arena,
                       const struct json *answer)
{
    const struct json *state = json_get(answer, "state");
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(FUNCTION_RESPONSE_SIZE_MAX * 2);

    if (!json_is(state, JSON_OBJECT))
        return false;
    json_print(&text, state);
    if (buffer_failed(&text))
        return false;
    handover->state = arena_copy(arena, buffer_bytes(&text));
    return true;
}

enum mapping_outcome mapping_read_response(struct mapping_handover *handover, struct arena *arena,
                                           struct bytes result)
{
    const struct json *answer = NULL;

    for (size_t i = 0; i < handover->count; i++)
        handover->records[i].failed = false;
    if (handover->window == NULL && !handover->settings->report_batch_item_failures)
        return MAPPING_HANDLED;
    if (result.size > 0 && json_parse(arena, result, &answer, NULL) != OK)
        return MAPPING_FAILED;
    if (answer != NULL && !json_is(answer, JSON_NULL) && !json_is(answer, JSON_OBJECT))
        return MAPPING_FAILED;
    if (handover->window != NULL && !read_state(handover, arena, answer))
        return MAPPING_FAILED;
    return handover->settings->report_batch_item_failures ? read_failures(handover, answer)
                                                          : MAPPING_HANDLED;
}

/* ---- a batch that was given up ---- */

static void member_second(struct json_writer *w, const char *name, uint64_t time_ms)
{
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(time_ms, false, time);
    json_member_text(w, name, time);
}

void mapping_print_stream_batch(struct json_writer *w, const struct mapping_failure *failure)
{
    json_key(w, "DDBStreamBatchInfo");
    json_begin_object(w);
    json_member_string(w, "shardId", failure->shard_id);
    json_member_text(w, "startSequenceNumber", failure->first->identifier);
    json_member_text(w, "endSequenceNumber", failure->last->identifier);
    member_second(w, "approximateArrivalOfFirstRecord", failure->first->time_ms);
    member_second(w, "approximateArrivalOfLastRecord", failure->last->time_ms);
    json_member_uint(w, "batchSize", failure->count);
    json_member_string(w, "streamArn", failure->settings->source_arn);
    json_end_object(w);
}
