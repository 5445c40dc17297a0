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
        .function_arn = BYTES("arn:aws:lambda:us-east-2:123456789012:function:my-function:$LATEST"),
        .executed_version = BYTES("$LATEST"),
        .status = 200,
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
}

#define HEAD                                                                                       \
    "{\"version\":\"1.0\",\"timestamp\":\"2019-11-14T18:02:48.568Z\",\"requestContext\":{"         \
    "\"requestId\":\"id\",\"functionArn\":\"arn:f:$LATEST\",\"condition\":"

static void records_of_other_ends(void **state)
{
    static const struct {
        enum destination_condition condition;
        uint32_t count;
        int status;
        const char *response, *expected;
    } cases[] = {
        {DESTINATION_SUCCESS, 1, 200, "{\"done\":true}",
         HEAD "\"Success\",\"approximateInvokeCount\":1},\"requestPayload\":{\"n\":1},"
              "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\"},"
              "\"responsePayload\":{\"done\":true}}"},
        /* a handler that returned nothing */
        {DESTINATION_SUCCESS, 1, 200, "null",
         HEAD "\"Success\",\"approximateInvokeCount\":1},\"requestPayload\":{\"n\":1},"
              "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\"},"
              "\"responsePayload\":null}"},
        {DESTINATION_SUCCESS, 1, 200, "no JSON",
         HEAD "\"Success\",\"approximateInvokeCount\":1},\"requestPayload\":{\"n\":1},"
              "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\"},"
              "\"deliveryError\":{\"statusCode\":400,\"errorCode\":"
              "\"InvalidRequestContentException\",\"errorMessage\":\"The function response payload "
              "could not be parsed as JSON.\"}}"},
        {DESTINATION_EVENT_AGE_EXCEEDED, 2, 200, "",
         HEAD "\"EventAgeExceeded\",\"approximateInvokeCount\":2},\"requestPayload\":{\"n\":1},"
              "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\","
              "\"functionError\":\"Unhandled\"}}"},
        {DESTINATION_EVENT_AGE_EXCEEDED, 0, DESTINATION_THROTTLED, "",
         HEAD "\"EventAgeExceeded\",\"approximateInvokeCount\":0},\"requestPayload\":{\"n\":1},"
              "\"responseContext\":{\"statusCode\":429}}"},
        {DESTINATION_EVENT_AGE_EXCEEDED, 0, 0, "",
         HEAD "\"EventAgeExceeded\",\"approximateInvokeCount\":0},\"requestPayload\":{\"n\":1}}"},
        {DESTINATION_ZERO_CONCURRENCY, 0, 0, "",
         HEAD "\"ZeroReservedConcurrency\",\"approximateInvokeCount\":0},\"requestPayload\":{"
              "\"n\":1}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(DESTINATION_RECORD_SIZE_MAX);
        struct destination_record record = {
            .condition = cases[i].condition,
            .time_ms = 1573754568568,
            .request_id = BYTES("id"),
            .function_arn = BYTES("arn:f:$LATEST"),
            .executed_version = BYTES("$LATEST"),
            .invoke_count = cases[i].count,
            .request_payload = BYTES("{\"n\":1}"),
            .status = cases[i].status,
            .response_payload = bytes_of_text(cases[i].response),
        };

        destination_record_print(&out, &record);
        assert_text(&out, cases[i].expected);
    }
}

/* What no destination takes comes without the payloads; up to there it is whole. */
static void large_records(void **state)
{
    static char payload[DESTINATION_RECORD_SIZE_MAX];

    (void)state;
    memset(payload, '1', sizeof payload);
    for (size_t more = 0; more < 2; more++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(DESTINATION_RECORD_SIZE_MAX);
        struct destination_record record = {
            .request_id = BYTES("id"),
            .function_arn = BYTES("arn"),
            .executed_version = BYTES("$LATEST"),
            .request_payload = bytes_of(payload, DESTINATION_RECORD_SIZE_MAX - 4096 - 2 + more),
            .status = 200,
            .response_payload = BYTES("{}"),
        };

        destination_record_print(&out, &record);
        assert_false(buffer_failed(&out));
        assert_int_equal(bytes_find(buffer_bytes(&out), BYTES("Payload")) == SIZE_MAX, more == 1);
    }
}

static void letters(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    static const struct {
        enum destination_condition condition;
        int status;
        const char *response, *expected;
    } cases[] = {
        {DESTINATION_RETRIES_EXHAUSTED, 200, "{\"errorMessage\":\"no \\u00e9\\u0001\"}",
         "{\"MessageAttributes\":{\"RequestID\":{\"DataType\":\"String\",\"StringValue\":\"id\"},"
         "\"ErrorCode\":{\"DataType\":\"Number\",\"StringValue\":\"200\"},\"ErrorMessage\":{"
         "\"DataType\":\"String\",\"StringValue\":\"no \xc3\xa9?\"}}}"},
        {DESTINATION_EVENT_AGE_EXCEEDED, DESTINATION_THROTTLED, "",
         "{\"MessageAttributes\":{\"RequestID\":{\"DataType\":\"String\",\"StringValue\":\"id\"},"
         "\"ErrorCode\":{\"DataType\":\"Number\",\"StringValue\":\"429\"},\"ErrorMessage\":{"
         "\"DataType\":\"String\",\"StringValue\":\"Rate Exceeded.\"}}}"},
        {DESTINATION_RETRIES_EXHAUSTED, 200, "no JSON",
         "{\"MessageAttributes\":{\"RequestID\":{\"DataType\":\"String\",\"StringValue\":\"id\"},"
         "\"ErrorCode\":{\"DataType\":\"Number\",\"StringValue\":\"200\"}}}"},
        {DESTINATION_ZERO_CONCURRENCY, 0, "",
         "{\"MessageAttributes\":{\"RequestID\":{\"DataType\":\"String\",\"StringValue\":\"id\"},"
         "\"ErrorMessage\":{\"DataType\":\"String\",\"StringValue\":\"Function not invoked. "
         "Function isconfigured with zero reserved concurrent executions\"}}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct destination_record record = {.condition = cases[i].condition,
                                            .request_id = BYTES("id"),
                                            .status = cases[i].status,
                                            .response_payload = bytes_of_text(cases[i].response)};
        const char *text = arena_copy_text(arena, destination_letter_attributes(arena, &record));

        assert_string_equal(text, cases[i].expected);
    }
}

static void kinds_by_their_arns(void **state)
{
    static const struct {
        const char *arn;
        enum destination_kind kind;
        const char *refused; /* part of the message; NULL: taken */
    } cases[] = {
        {"", DESTINATION_NONE, NULL},
        {"arn:aws:lambda:us-east-1:000000000000:function:f", DESTINATION_FUNCTION, NULL},
        {"arn:aws:sqs:us-east-1:000000000000:q", DESTINATION_QUEUE, NULL},
        {"arn:aws:events:us-east-1:000000000000:event-bus/b", DESTINATION_BUS, NULL},
        {"arn:aws:sqs:us-east-1:000000000000:q.fifo", DESTINATION_NONE, "is invalid"},
        {"arn:aws:sns:us-east-1:000000000000:t", DESTINATION_NONE, "no \"sns\""},
        {"arn:aws:s3:::bucket", DESTINATION_NONE, "no \"s3\""},
        {"arn:aws:events:us-east-1:000000000000:rule/r", DESTINATION_NONE, "is invalid"},
        {"q", DESTINATION_NONE, "is invalid"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct function_destination destination = {DESTINATION_BUS, BYTES("x")};
        struct api_error error = {0};
        enum status st = function_destination_of(bytes_of_text(cases[i].arn), &destination, &error);

        assert_int_equal(st, cases[i].refused != NULL ? REFUSED : OK);
        assert_int_equal(destination.kind, cases[i].kind);
        if (cases[i].refused != NULL)
            assert_non_null(strstr(error.message, cases[i].refused));
    }
}

static void dead_letter_queues(void **state)
{
    static const struct {
        const char *arn;
        bool taken;
    } cases[] = {
        {"", true},
        {"arn:aws:sqs:us-east-1:000000000000:q", true},
        {"arn:aws:sqs:us-east-1:000000000000:q.fifo", false},
        {"arn:aws:sns:us-east-1:000000000000:t", false},
        {"arn:aws:lambda:us-east-1:000000000000:function:f", false},
        {"q", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct api_error error = {0};

        assert_int_equal(function_check_dead_letter(bytes_of_text(cases[i].arn), &error),
                         cases[i].taken ? OK : REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_of_a_destination), cmocka_unit_test(records_of_other_ends),
        cmocka_unit_test(large_records),           cmocka_unit_test(letters),
        cmocka_unit_test(kinds_by_their_arns),     cmocka_unit_test(dead_letter_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
