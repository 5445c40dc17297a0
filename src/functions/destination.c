/* functions/destination.c - see destination.h. */
#include "functions/destination.h"

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
