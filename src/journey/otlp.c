/* journey/otlp.c - a hop as a Span of OpenTelemetry, in OTLP's JSON form
 * (opentelemetry-proto, trace.proto; OTLP specification, "JSON Protobuf Encoding": ids are hex,
 * 64-bit integers are texts). Names and attributes are those of OpenTelemetry's semantic
 * conventions for messaging, FaaS and AWS; what these have no word for begins with "dynlog.". */
#include "journey/internal.h"

#include <inttypes.h>
#include <stdio.h>

#define SPAN_LINKS_MAX 128 /* OpenTelemetry's default limit of links */

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

/* What a hop is to OpenTelemetry. */
static const struct span_form {
    enum span_kind kind;
    const char *verb; /* name: VERB and the text of `object` */
    enum hop_text object;
    const char *system, *operation, *operation_type; /* messaging.* ; NULL: none */
} forms[HOP_KIND_COUNT] = {
    [HOP_APPEND] = {SPAN_PRODUCER, "append", TEXT_TABLE, NULL, NULL, NULL},
    [HOP_BATCH] = {SPAN_CONSUMER, "process", TEXT_FUNCTION, "aws_dynamodb_streams", "poll",
                   "process"},
    [HOP_EVENT] = {SPAN_PRODUCER, "send", TEXT_BUS, "aws_eventbridge", "PutEvents", "send"},
    [HOP_ARCHIVE] = {SPAN_INTERNAL, "archive", TEXT_ARCHIVE, NULL, NULL, NULL},
    [HOP_RULE] = {SPAN_INTERNAL, "match", TEXT_RULE, NULL, NULL, NULL},
    [HOP_DELIVERY] = {SPAN_PRODUCER, "deliver", TEXT_TARGET, "aws_eventbridge", "deliver", "send"},
    [HOP_INVOCATION] = {SPAN_CONSUMER, "process", TEXT_FUNCTION, NULL, NULL, NULL},
    [HOP_ATTEMPT] = {SPAN_CLIENT, "attempt", TEXT_NONE, NULL, NULL, NULL},
    [HOP_DESTINATION] = {SPAN_PRODUCER, "send", TEXT_TARGET, NULL, NULL, NULL},
    [HOP_LETTER] = {SPAN_PRODUCER, "send", TEXT_TARGET, "aws_sqs", "SendMessage", "send"},
    [HOP_WRITE] = {SPAN_CLIENT, "write", TEXT_TABLE, NULL, NULL, NULL},
    [HOP_SCHEDULE] = {SPAN_PRODUCER, "schedule", TEXT_RULE, NULL, NULL, NULL},
    [HOP_FILTER] = {SPAN_INTERNAL, "filter", TEXT_FUNCTION, NULL, NULL, NULL},
    [HOP_MESSAGE] = {SPAN_CONSUMER, "receive", TEXT_TARGET, "aws_sqs", "ReceiveMessage", "receive"},
};

/* ---- attributes ---- */

static void begin_attribute(struct json_writer *w, const char *key)
{
    json_begin_object(w);
    json_member_text(w, "key", key);
    json_key(w, "value");
    json_begin_object(w);
}

static void end_attribute(struct json_writer *w)
{
    json_end_object(w);
    json_end_object(w);
}

static void text_attribute(struct json_writer *w, const char *key, struct bytes text)
{
    if (text.size == 0)
        return;
    begin_attribute(w, key);
    json_member_string(w, "stringValue", text);
    end_attribute(w);
}

static void number_attribute(struct json_writer *w, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    begin_attribute(w, key);
    json_member_text(w, "intValue", text);
    end_attribute(w);
}

static void database_attributes(struct json_writer *w, const struct hop *hop)
{
    struct bytes table = hop_text(hop, TEXT_TABLE);
    char record_id[RECORD_ID_SIZE];

    text_attribute(w, "db.system.name", BYTES("aws.dynamodb"));
    text_attribute(w, "db.collection.name", table);
    begin_attribute(w, "aws.dynamodb.table_names");
    json_key(w, "arrayValue");
    json_begin_object(w);
    json_key(w, "values");
    json_begin_array(w);
    json_begin_object(w);
    json_member_string(w, "stringValue", table);
    json_end_object(w);
    json_end_array(w);
    json_end_object(w);
    end_attribute(w);
    text_attribute(w, "dynlog.key", hop_text(hop, TEXT_KEY));
    text_attribute(w, "dynlog.change", hop_text(hop, TEXT_CHANGE));
    hop_record_id(hop, record_id);
    text_attribute(w, "dynlog.record.id", bytes_of_text(record_id));
    number_attribute(w, "dynlog.position", hop->position);
}

static void messaging_attributes(struct json_writer *w, const struct hop *hop)
{
    const struct span_form *form = &forms[hop->kind];
    struct bytes destination = hop_text(hop, hop->kind == HOP_EVENT ? TEXT_BUS : TEXT_TARGET);

    text_attribute(w, "messaging.system",
                   hop->of_messages ? BYTES("aws_sqs") : bytes_of_text(form->system));
    text_attribute(w, "messaging.operation.name", bytes_of_text(form->operation));
    text_attribute(w, "messaging.operation.type", bytes_of_text(form->operation_type));
    text_attribute(w, "messaging.destination.name", destination);
    if (hop->kind == HOP_EVENT || hop->kind == HOP_MESSAGE)
        text_attribute(w, "messaging.message.id", hop_text(hop, TEXT_ID));
    if (hop->kind == HOP_BATCH)
        number_attribute(w, "messaging.batch.message_count", hop->number);
}

/* The function of an attempt is that of what it is an attempt of. */
static void function_attributes(struct json_writer *w, const struct hop *hop)
{
    const struct hop *of = hop->kind == HOP_ATTEMPT ? hop->parent : hop;
    struct bytes function = hop_text(of, TEXT_FUNCTION);
    struct bytes id = hop_text(hop, TEXT_ID);

    if (function.size == 0 || hop->kind == HOP_FILTER)
        return;
    text_attribute(w, "faas.invoked_name", function);
    text_attribute(w, "faas.invoked_provider", BYTES("aws"));
    text_attribute(w, "faas.trigger",
                   of->kind == HOP_BATCH ? BYTES("datasource")
                   : of->parent == NULL  ? BYTES("other")
                                         : BYTES("pubsub"));
    text_attribute(w, "faas.invocation_id", id.size > 0 ? id : hop_text(of, TEXT_ID));
}

static void own_attributes(struct json_writer *w, const struct hop *hop)
{
    static const struct {
        enum hop_text text;
        const char *key;
    } own[] = {
        {TEXT_SOURCE, "dynlog.event.source"}, {TEXT_DETAIL_TYPE, "dynlog.event.detail_type"},
        {TEXT_REPLAY, "dynlog.replay"},       {TEXT_ARCHIVE, "dynlog.archive"},
        {TEXT_RULE, "dynlog.rule"},           {TEXT_TARGET_ID, "dynlog.target.id"},
        {TEXT_CONDITION, "dynlog.condition"}, {TEXT_MAPPING, "dynlog.mapping"},
    };

    text_attribute(w, "dynlog.hop", bytes_of_text(hop_kind_text(hop->kind)));
    text_attribute(w, "dynlog.result", bytes_of_text(journey_result_text(hop->result)));
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        text_attribute(w, own[i].key, hop_text(hop, own[i].text));
    if (hop->kind == HOP_ATTEMPT)
        number_attribute(w, "dynlog.attempt", hop->number);
}

static bool is_bad(const struct hop *hop)
{
    return hop->result == JOURNEY_FAILED || hop->result == JOURNEY_DROPPED ||
           hop->result == JOURNEY_LETTER || hop->result == JOURNEY_THROTTLED ||
           hop->result == JOURNEY_SPLIT || hop->result == JOURNEY_RETURNED;
}

static void write_attributes(struct json_writer *w, const struct hop *hop)
{
    struct bytes code = hop_text(hop, TEXT_CODE);

    json_key(w, "attributes");
    json_begin_array(w);
    text_attribute(w, "cloud.provider", BYTES("aws"));
    if (hop->kind == HOP_APPEND || hop->kind == HOP_WRITE)
        database_attributes(w, hop);
    messaging_attributes(w, hop);
    function_attributes(w, hop);
    own_attributes(w, hop);
    if (is_bad(hop))
        text_attribute(w, "error.type", code.size > 0 ? code : BYTES("_OTHER"));
    json_end_array(w);
}

/* ---- who it comes from ---- */

static void write_ids(struct json_writer *w, const struct root *root, uint64_t span)
{
    char text[33];

    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, root->trace.high, root->trace.low);
    json_member_text(w, "traceId", text);
    snprintf(text, sizeof text, "%016" PRIx64, span);
    json_member_text(w, "spanId", text);
}

/* A batch is below the first of its records, or messages, when it has the same trace. */
static uint64_t parent_of(const struct hop *hop)
{
    if (hop->parent != NULL)
        return hop->parent->span;
    if (hop->kind != HOP_BATCH || list_empty(&hop->root->refers))
        return 0;
    const struct hop *of = LIST_ITEM(hop->root->refers.next, struct hop, in_batch)->parent;

    return of->root->trace.low == hop->root->trace.low ? of->span : 0;
}

/* A batch is linked to the writes, or messages, that it is of. */
static void write_links(struct json_writer *w, const struct hop *batch)
{
    size_t count = 0;

    json_key(w, "links");
    json_begin_array(w);
    LIST_EACH (&batch->root->refers, it) {
        const struct hop *of = LIST_ITEM(it, struct hop, in_batch)->parent;

        if (count++ == SPAN_LINKS_MAX)
            break;
        json_begin_object(w);
        write_ids(w, of->root, of->span);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_times(struct json_writer *w, const struct hop *hop)
{
    uint64_t begin = hop->at_ms * 1000000, end = hop->ended_ms * 1000000;
    char text[24];

    if (end < begin + hop->duration_us * 1000)
        end = begin + hop->duration_us * 1000;
    snprintf(text, sizeof text, "%" PRIu64, begin);
    json_member_text(w, "startTimeUnixNano", text);
    snprintf(text, sizeof text, "%" PRIu64, end);
    json_member_text(w, "endTimeUnixNano", text);
}

static struct bytes last_part(struct bytes arn)
{
    size_t at = arn.size;

    while (at > 0 && arn.ptr[at - 1] != '/' && arn.ptr[at - 1] != ':')
        at--;
    return bytes_slice(arn, at, arn.size);
}

static void write_name(struct json_writer *w, const struct hop *hop)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT((size_t)8 * 1024);
    const struct span_form *form = &forms[hop->kind];
    struct bytes object =
        form->object != TEXT_NONE ? last_part(hop_text(hop, form->object)) : bytes_of_text(NULL);

    buffer_append_text(&name, form->verb);
    if (object.size > 0)
        buffer_append_byte(&name, ' ');
    buffer_append(&name, object);
    if (hop->kind == HOP_ATTEMPT)
        buffer_printf(&name, " %u", hop->number);
    json_member_string(w, "name", buffer_bytes(&name));
}

void journey_span_print(const struct journey_span *span, struct buffer *out)
{
    const struct hop *hop = span->hop;
    struct json_writer w = JSON_WRITER(out);
    uint64_t parent = parent_of(hop);
    char text[17];

    json_begin_object(&w);
    write_ids(&w, hop->root, hop->span);
    if (parent != 0) {
        snprintf(text, sizeof text, "%016" PRIx64, parent);
        json_member_text(&w, "parentSpanId", text);
    }
    write_name(&w, hop);
    json_member_int(&w, "kind", forms[hop->kind].kind);
    write_times(&w, hop);
    write_attributes(&w, hop);
    if (hop->kind == HOP_BATCH)
        write_links(&w, hop);
    json_key(&w, "status");
    json_begin_object(&w);
    json_member_int(&w, "code", is_bad(hop) ? 2 : 1);
    if (is_bad(hop))
        json_member_set(&w, "message", hop_text(hop, TEXT_MESSAGE));
    json_end_object(&w);
    json_end_object(&w);
}
