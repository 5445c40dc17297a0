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

static const char *condition_text(enum destination_condition condition)
{
    switch (condition) {
    case DESTINATION_SUCCESS:
        return "Success";
    case DESTINATION_RETRIES_EXHAUSTED:
        return "RetriesExhausted";
    case DESTINATION_EVENT_AGE_EXCEEDED:
        return "EventAgeExceeded";
    }
    assert(false && "no such condition");
    return "";
}

static void print_request_context(struct json_writer *w, const struct destination_record *record)
{
    AUTO(buffer_free) struct buffer arn = BUFFER_INIT(1024);

    buffer_printf(&arn, "%.*s:$LATEST", BYTES_ARG(record->function_arn));
    json_key(w, "requestContext");
    json_begin_object(w);
    json_member_string(w, "requestId", record->request_id);
    json_member_string(w, "functionArn", buffer_bytes(&arn));
    json_member_text(w, "condition", condition_text(record->condition));
    json_member_int(w, "approximateInvokeCount", record->invoke_count);
    json_end_object(w);
}

static void print_response(struct json_writer *w, const struct destination_record *record)
{
    json_key(w, "responseContext");
    json_begin_object(w);
    json_member_int(w, "statusCode", 200);
    json_member_text(w, "executedVersion", "$LATEST");
    if (record->condition != DESTINATION_SUCCESS)
        json_member_text(w, "functionError", "Unhandled");
    json_end_object(w);
    json_key(w, "responsePayload");
    json_write_raw(w, record->response_payload);
}

void destination_record_print(struct buffer *out, const struct destination_record *record)
{
    struct json_writer w = JSON_WRITER(out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(record->time_ms, true, time);
    json_begin_object(&w);
    json_member_text(&w, "version", "1.0");
    json_member_text(&w, "timestamp", time);
    print_request_context(&w, record);
    json_key(&w, "requestPayload");
    json_write_raw(&w, record->request_payload.size > 0 ? record->request_payload : BYTES("{}"));
    if (record->response_payload.size > 0)
        print_response(&w, record);
    json_end_object(&w);
}
