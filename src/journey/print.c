/* journey/print.c - a journey as JSON (docs/journeys.md has its members). */
#include "journey/internal.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const kind_texts[HOP_KIND_COUNT] = {
    [HOP_APPEND] = "append",      [HOP_BATCH_REF] = "batch",
    [HOP_BATCH] = "batch",        [HOP_EVENT] = "event",
    [HOP_ARCHIVE] = "archive",    [HOP_RULE] = "rule",
    [HOP_DELIVERY] = "delivery",  [HOP_INVOCATION] = "invocation",
    [HOP_ATTEMPT] = "attempt",    [HOP_DESTINATION] = "destination",
    [HOP_LETTER] = "dead-letter", [HOP_WRITE] = "write",
    [HOP_SCHEDULE] = "schedule",  [HOP_FILTER] = "filter",
    [HOP_MESSAGE] = "message",
};

static const char *const text_names[TEXT_KIND_COUNT] = {
    [TEXT_ID] = "id",
    [TEXT_KEY] = "key",
    [TEXT_PK] = "pk",
    [TEXT_SK] = "sk",
    [TEXT_TABLE] = "table",
    [TEXT_CHANGE] = "change",
    [TEXT_MAPPING] = "mapping",
    [TEXT_FUNCTION] = "function",
    [TEXT_BUS] = "bus",
    [TEXT_SOURCE] = "source",
    [TEXT_DETAIL_TYPE] = "detailType",
    [TEXT_REPLAY] = "replay",
    [TEXT_ARCHIVE] = "archive",
    [TEXT_RULE] = "rule",
    [TEXT_TARGET_ID] = "targetId",
    [TEXT_TARGET] = "target",
    [TEXT_CONDITION] = "condition",
    [TEXT_CODE] = "code",
    [TEXT_MESSAGE] = "message",
};

static const char *const result_texts[JOURNEY_RESULT_COUNT] = {
    [JOURNEY_DONE] = "done",          [JOURNEY_RUNNING] = "running",
    [JOURNEY_WAITING] = "waiting",    [JOURNEY_RETRYING] = "retrying",
    [JOURNEY_FAILED] = "failed",      [JOURNEY_THROTTLED] = "throttled",
    [JOURNEY_SPLIT] = "split",        [JOURNEY_DROPPED] = "dropped",
    [JOURNEY_LETTER] = "dead-letter", [JOURNEY_FILTERED] = "filtered",
    [JOURNEY_STOPPED] = "stopped",    [JOURNEY_RETURNED] = "returned",
};

const char *hop_kind_text(enum hop_kind kind)
{
    return kind_texts[kind];
}

const char *journey_result_text(enum journey_result result)
{
    return result_texts[result];
}

bool hop_is_of(const struct hop *hop, const struct root *journey)
{
    return (hop->kind != HOP_EVENT && hop->kind != HOP_DELIVERY) || hop->position == 0 ||
           hop->root == journey || journey->top->kind != HOP_APPEND ||
           hop->position == journey->top->position;
}

/* ---- state ---- */

static void look(const struct hop *hop, const struct root *journey, struct journey_state *state)
{
    if (!hop_is_of(hop, journey))
        return;
    state->open |= hop_is_open(hop);
    if (hop->kind == HOP_ATTEMPT)
        state->retried |= hop->result == JOURNEY_FAILED;
    else
        state->failed |= hop->result == JOURNEY_FAILED || hop->result == JOURNEY_DROPPED ||
                         hop->result == JOURNEY_LETTER;
    if (hop->shared != NULL)
        look(hop->shared, journey, state);
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        look(child, journey, state);
}

struct journey_state journey_state_of(const struct root *journey)
{
    struct journey_state state = {0};

    look(journey->top, journey, &state);
    return state;
}

static uint64_t count_omitted(const struct hop *hop)
{
    uint64_t count = hop->parent == NULL ? hop->root->omitted : 0;

    if (hop->shared != NULL)
        return count_omitted(hop->shared);
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        count += count_omitted(child);
    return count;
}

/* ---- JSON ---- */

void hop_record_id(const struct hop *hop, char out[RECORD_ID_SIZE])
{
    out[0] = '\0';
    if (hop->kind == HOP_APPEND && hop->stream != 0)
        snprintf(out, RECORD_ID_SIZE, "%016" PRIx64 "%016" PRIx64, hop->stream, hop->position);
}

static void write_texts(struct json_writer *w, const struct hop *hop)
{
    char record_id[RECORD_ID_SIZE];

    hop_record_id(hop, record_id);
    json_member_set(w, "eventID", bytes_of_text(record_id));
    for (enum hop_text name = TEXT_NONE + 1; name < TEXT_KIND_COUNT; name++)
        json_member_set(w, text_names[name], hop_text(hop, name));
}

static void message_id_print(const struct hop *hop, char out[ID_UUID_SIZE])
{
    uint64_t high = hop->message[0], low = hop->message[1];

    snprintf(out, ID_UUID_SIZE, "%08x-%04x-%04x-%04x-%012" PRIx64, (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
             low & 0xffffffffffff);
}

static void write_numbers(struct json_writer *w, const struct hop *hop)
{
    if (hop_is_sent(hop)) {
        char id[ID_UUID_SIZE];

        message_id_print(hop, id);
        json_member_text(w, "messageId", id);
    }
    if (hop->position != 0 && hop->kind != HOP_BATCH)
        json_member_uint(w, "position", hop->position);
    if (hop->kind == HOP_BATCH)
        json_member_uint(w, hop->of_messages ? "messages" : "records", hop->number);
    if (hop->kind == HOP_ATTEMPT)
        json_member_uint(w, "attempt", hop->number);
    if (hop->attempts > 0)
        json_member_uint(w, "attempts", hop->attempts);
    if (hop->synchronous)
        json_member_bool(w, "synchronous", true);
    if (hop->duration_us > 0) {
        char text[32];

        snprintf(text, sizeof text, "%" PRIu64 ".%03u", hop->duration_us / 1000,
                 (unsigned)(hop->duration_us % 1000));
        json_key(w, "durationMs");
        json_write_raw(w, bytes_of_text(text));
    }
    if (hop->next_ms > 0 && hop->result == JOURNEY_RETRYING)
        json_member_uint(w, "nextAt", hop->next_ms);
}

static void write_trace(struct json_writer *w, const struct root *root)
{
    char text[TRACE_TEXT_SIZE];

    if (!trace_is_set(&root->trace))
        return;
    trace_print(&root->trace, text);
    json_member_text(w, "trace", text);
}

static void write_hop(struct json_writer *w, const struct hop *hop, const struct root *journey)
{
    char span[17];

    if (!hop_is_of(hop, journey))
        return;
    if (hop->shared != NULL)
        hop = hop->shared;
    snprintf(span, sizeof span, "%016" PRIx64, hop->span);
    json_begin_object(w);
    json_member_text(w, "hop", kind_texts[hop->kind]);
    json_member_uint(w, "at", hop->at_ms);
    json_member_int(w, "after", (int64_t)(hop->at_ms - journey->top->at_ms));
    json_member_text(w, "result", result_texts[hop->result]);
    write_texts(w, hop);
    write_numbers(w, hop);
    json_member_text(w, "span", span);
    if (hop->kind == HOP_BATCH)
        write_trace(w, hop->root);
    if (hop->first != NULL) {
        json_key(w, "hops");
        json_begin_array(w);
        for (const struct hop *child = hop->first; child != NULL; child = child->next)
            write_hop(w, child, journey);
        json_end_array(w);
    }
    json_end_object(w);
}

static const char *state_text(struct journey_state state)
{
    if (state.open)
        return "under way";
    return state.failed ? "failed" : "done";
}

void journey_print(const struct root *journey, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);
    struct journey_state state = journey_state_of(journey);
    struct bytes key = hop_text(journey->top, TEXT_KEY);
    uint64_t omitted = count_omitted(journey->top);

    json_begin_object(&w);
    json_member_string(&w, "event", key.size > 0 ? key : hop_text(journey->top, TEXT_ID));
    json_member_uint(&w, "began", journey->top->at_ms);
    json_member_text(&w, "state", state_text(state));
    json_member_bool(&w, "failed", state.failed);
    json_member_bool(&w, "retried", state.retried);
    write_trace(&w, journey);
    if (omitted > 0)
        json_member_uint(&w, "omitted", omitted);
    json_key(&w, "hops");
    json_begin_array(&w);
    write_hop(&w, journey->top, journey);
    json_end_array(&w);
    json_end_object(&w);
}
