/* functions/destination.c - see destination.h. */
#include "functions/destination.h"

/* ---- kinds ---- */

static enum status refuse_kind(struct bytes arn, struct bytes service, struct api_error *reterr)
{
    return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                      "The destination ARN %.*s is not supported: dynlog has functions, queues and "
                      "event buses as destinations, no \"%.*s\".",
                      BYTES_ARG(arn), BYTES_ARG(service));
}

static bool is_fifo(struct bytes name)
{
    return bytes_end_with(name, BYTES(".fifo"));
}

enum status function_destination_of(struct bytes text, struct function_destination *ret,
                                    struct api_error *reterr)
{
    enum destination_kind kind = DESTINATION_NONE;
    struct arn arn;

    *ret = (struct function_destination){DESTINATION_NONE, {NULL, 0}};
    if (text.size == 0)
        return OK;
    if (!arn_parse(text, &arn))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The destination ARN %.*s is invalid.", BYTES_ARG(text));
    if (bytes_equal_text(arn.service, "lambda") && function_name_of(text).size > 0)
        kind = DESTINATION_FUNCTION;
    else if (bytes_equal_text(arn.service, "sqs") && !is_fifo(arn.resource))
        kind = DESTINATION_QUEUE;
    else if (bytes_equal_text(arn.service, "events") &&
             bytes_start_with(arn.resource, BYTES("event-bus/")))
        kind = DESTINATION_BUS;
    else if (bytes_equal_text(arn.service, "sns") || bytes_equal_text(arn.service, "s3"))
        return refuse_kind(text, arn.service, reterr);
    if (kind == DESTINATION_NONE)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The destination ARN %.*s is invalid.", BYTES_ARG(text));
    *ret = (struct function_destination){kind, text};
    return OK;
}

enum status function_check_dead_letter(struct bytes text, struct api_error *reterr)
{
    struct arn arn;

    if (text.size == 0)
        return OK;
    if (!arn_parse(text, &arn))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The provided target ARN %.*s is invalid.", BYTES_ARG(text));
    if (bytes_equal_text(arn.service, "sns"))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The dead-letter target %.*s is not supported: dynlog has queues and no "
                          "\"sns\".",
                          BYTES_ARG(text));
    if (!bytes_equal_text(arn.service, "sqs") || is_fifo(arn.resource))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The provided target ARN %.*s is invalid.", BYTES_ARG(text));
    return OK;
}

/* ---- the record ---- */

#define HEAD_SIZE_MAX ((size_t)4096) /* of a record without its payloads */

static const char *condition_text(enum destination_condition condition)
{
    switch (condition) {
    case DESTINATION_SUCCESS:
        return "Success";
    case DESTINATION_RETRIES_EXHAUSTED:
        return "RetriesExhausted";
    case DESTINATION_EVENT_AGE_EXCEEDED:
        return "EventAgeExceeded";
    case DESTINATION_ZERO_CONCURRENCY:
        return "ZeroReservedConcurrency";
    }
    assert(false && "no such condition");
    return "";
}

static bool is_json(struct bytes text)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *ignored = NULL;

    return json_parse(arena, text, &ignored, NULL) == OK;
}

static void print_request_context(struct json_writer *w, const struct destination_record *record)
{
    json_key(w, "requestContext");
    json_begin_object(w);
    json_member_string(w, "requestId", record->request_id);
    json_member_string(w, "functionArn", record->function_arn);
    json_member_text(w, "condition", condition_text(record->condition));
    json_member_int(w, "approximateInvokeCount", record->invoke_count);
    json_end_object(w);
}

static void print_response_context(struct json_writer *w, const struct destination_record *record)
{
    bool ran = record->status != DESTINATION_THROTTLED;

    json_key(w, "responseContext");
    json_begin_object(w);
    json_member_int(w, "statusCode", record->status);
    if (ran)
        json_member_string(w, "executedVersion", record->executed_version);
    if (ran && record->condition != DESTINATION_SUCCESS)
        json_member_text(w, "functionError", "Unhandled");
    json_end_object(w);
}

/* A runtime of the user's own may answer what is no JSON. */
static void print_response_payload(struct json_writer *w, struct bytes payload)
{
    if (payload.size == 0)
        return;
    if (is_json(payload)) {
        json_key(w, "responsePayload");
        json_write_raw(w, payload);
        return;
    }
    json_key(w, "deliveryError");
    json_begin_object(w);
    json_member_int(w, "statusCode", 400);
    json_member_text(w, "errorCode", "InvalidRequestContentException");
    json_member_text(w, "errorMessage",
                     "The function response payload could not be parsed as JSON.");
    json_end_object(w);
}

static void print(struct buffer *out, const struct destination_record *record, bool payloads)
{
    struct json_writer w = JSON_WRITER(out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(record->time_ms, true, time);
    json_begin_object(&w);
    json_member_text(&w, "version", "1.0");
    json_member_text(&w, "timestamp", time);
    print_request_context(&w, record);
    if (payloads) {
        json_key(&w, "requestPayload");
        json_write_raw(&w,
                       record->request_payload.size > 0 ? record->request_payload : BYTES("{}"));
    }
    if (record->status != 0)
        print_response_context(&w, record);
    if (payloads)
        print_response_payload(&w, record->response_payload);
    json_end_object(&w);
}

void destination_record_print(struct buffer *out, const struct destination_record *record)
{
    size_t payloads_size = record->request_payload.size + record->response_payload.size;

    print(out, record, payloads_size <= DESTINATION_RECORD_SIZE_MAX - HEAD_SIZE_MAX);
}

/* ---- the dead letter ---- */

#define LETTER_MESSAGE_SIZE_MAX ((size_t)1024) /* AWS: "the first 1 KB of the error message" */
#define LETTER_ATTRIBUTES_SIZE_MAX ((size_t)16 * 1024)

/* One character for each byte, which a message of a queue may not have. */
static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r';
}

static struct bytes cut(struct arena *arena, struct bytes text)
{
    size_t size = size_min(text.size, LETTER_MESSAGE_SIZE_MAX);

    while (size < text.size && size > 0 && (text.ptr[size] & 0xC0) == 0x80)
        size--;
    uint8_t *copy = arena_alloc(arena, size + 1);

    for (size_t i = 0; i < size; i++)
        copy[i] = is_plain(text.ptr[i]) ? text.ptr[i] : '?';
    return bytes_of(copy, size);
}

static struct bytes error_message(struct arena *arena, const struct destination_record *record)
{
    const struct json *payload = NULL;

    if (record->condition == DESTINATION_ZERO_CONCURRENCY) /* AWS's words, space for space */
        return BYTES("Function not invoked. Function isconfigured with zero reserved concurrent "
                     "executions");
    if (record->status == DESTINATION_THROTTLED)
        return BYTES("Rate Exceeded.");
    if (record->response_payload.size == 0 ||
        json_parse(arena, record->response_payload, &payload, NULL) != OK)
        return BYTES("");
    return cut(arena, json_string(json_get(payload, "errorMessage")));
}

static void print_attribute(struct json_writer *w, const char *name, const char *type,
                            struct bytes value)
{
    if (value.size == 0) /* an attribute without a value is none that a queue takes */
        return;
    json_key(w, name);
    json_begin_object(w);
    json_member_text(w, "DataType", type);
    json_member_string(w, "StringValue", value);
    json_end_object(w);
}

struct bytes destination_letter_attributes(struct arena *arena,
                                           const struct destination_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LETTER_ATTRIBUTES_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_key(&w, "MessageAttributes");
    json_begin_object(&w);
    print_attribute(&w, "RequestID", "String", record->request_id);
    if (record->status != 0)
        print_attribute(&w, "ErrorCode", "Number", arena_printf(arena, "%d", record->status));
    print_attribute(&w, "ErrorMessage", "String", error_message(arena, record));
    json_end_object(&w);
    json_end_object(&w);
    assert(!buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}
