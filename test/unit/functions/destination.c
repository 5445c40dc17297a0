/* Tests of functions/destination.c: the record, member by member. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/destination.h"

static void assert_text(const struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->size, strlen(expected));
    assert_memory_equal(buffer->ptr, expected, buffer->size);
}

static void record_of_a_destination(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DESTINATION_RECORD_SIZE_MAX);
    struct destination_record record = {
        .condition = DESTINATION_RETRIES_EXHAUSTED,
        .time_ms = 1573754568568,
        .request_id = BYTES("e4b46cbf-b738-xmpl-8880-a18cdf61200e"),
        .function_arn = BYTES("arn:aws:lambda:us-east-2:123456789012:function:my-function"),
        .invoke_count = 3,
        .request_payload = BYTES("{\"ORDER_IDS\":[1,2.50]}"),
        .response_payload = BYTES("{\"errorMessage\":\"broken\"}"),
    };

    (void)state;
    destination_record_print(&out, &record);
    assert_text(
        &out,
        "{\"version\":\"1.0\",\"timestamp\":\"2019-11-14T18:02:48.568Z\",\"requestContext\":{"
        "\"requestId\":\"e4b46cbf-b738-xmpl-8880-a18cdf61200e\",\"functionArn\":\"arn:aws:"
        "lambda:us-east-2:123456789012:function:my-function:$LATEST\",\"condition\":"
        "\"RetriesExhausted\",\"approximateInvokeCount\":3},\"requestPayload\":{\"ORDER_IDS\":["
        "1,2.50]},\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\","
        "\"functionError\":\"Unhandled\"},\"responsePayload\":{\"errorMessage\":\"broken\"}}");
    /* never tried, without a payload */
    buffer_clear(&out);
    record.condition = DESTINATION_EVENT_AGE_EXCEEDED;
    record.invoke_count = 0;
    record.request_payload = record.response_payload = BYTES("");
    destination_record_print(&out, &record);
    assert_text(
        &out, "{\"version\":\"1.0\",\"timestamp\":\"2019-11-14T18:02:48.568Z\",\"requestContext\":{"
              "\"requestId\":\"e4b46cbf-b738-xmpl-8880-a18cdf61200e\",\"functionArn\":\"arn:aws:"
              "lambda:us-east-2:123456789012:function:my-function:$LATEST\",\"condition\":"
              "\"EventAgeExceeded\",\"approximateInvokeCount\":0},\"requestPayload\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_of_a_destination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
