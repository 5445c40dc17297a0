/* Tests of mapping/handover.c and function_consumer.c: what answers mean, and the failure record.
 */
#include "fake_consumer.h"

#include "mapping/internal.h"

static const struct {
    const char *answer;
    enum mapping_outcome outcome;
    size_t first_failed; /* of MAPPING_PARTLY_FAILED */
} answers[] = {
    /* complete success */
    {"", MAPPING_HANDLED, 0},
    {"null", MAPPING_HANDLED, 0},
    {"{}", MAPPING_HANDLED, 0},
    {"{\"batchItemFailures\":[]}", MAPPING_HANDLED, 0},
    {"{\"batchItemFailures\":null}", MAPPING_HANDLED, 0},
    {"{\"statusCode\":200}", MAPPING_HANDLED, 0},
    /* complete failure */
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[{\"id\":\"one\"}]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"four\"}]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"two\"},{\"itemIdentifier\":\"four\"}]}",
     MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":1}]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[\"two\"]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":[null]}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":\"two\"}", MAPPING_FAILED, 0},
    {"{\"batchItemFailures\":", MAPPING_FAILED, 0},
    {"[]", MAPPING_FAILED, 0},
    {"\"two\"", MAPPING_FAILED, 0},
    /* from a record on */
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"one\"}]}", MAPPING_PARTLY_FAILED, 0},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"three\"},{\"itemIdentifier\":\"two\"}]}",
     MAPPING_PARTLY_FAILED, 1},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"two\",\"more\":1},"
     "{\"itemIdentifier\":\"two\"}]}",
     MAPPING_PARTLY_FAILED, 1},
};

static void answers_as_aws_reads_them(void **state)
{
    const struct mapping_settings reporting = {.report_batch_item_failures = true}, plain = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct mapping_record records[] = {
            {.identifier = "one"}, {.identifier = "two"}, {.identifier = "three"}};
        struct mapping_handover handover = {
            .settings = &reporting, .records = records, .count = ARRAY_COUNT(records)};
        struct bytes answer = bytes_of_text(answers[i].answer);
        size_t failed = 0;

        if (mapping_read_response(&handover, arena, answer) != answers[i].outcome)
            fail_msg("%s: %d", answers[i].answer, (int)answers[i].outcome);
        while (answers[i].outcome == MAPPING_PARTLY_FAILED && !records[failed].failed)
            failed++;
        assert_int_equal(failed, answers[i].first_failed);
        handover.settings = &plain; /* nobody asked for it */
        assert_int_equal(mapping_read_response(&handover, arena, answer), MAPPING_HANDLED);
    }
}

static const struct {
    const char *answer;
    enum mapping_outcome outcome;
    const char *state;
} states[] = {
    {"{\"state\":{\"a\": 1}}", MAPPING_HANDLED, "{\"a\":1}"},
    {"{\"state\":{},\"batchItemFailures\":[]}", MAPPING_HANDLED, "{}"},
    {"{\"state\":{\"n\":2},\"batchItemFailures\":[{\"itemIdentifier\":\"two\"}]}",
     MAPPING_PARTLY_FAILED, "{\"n\":2}"},
    {"{}", MAPPING_FAILED, ""},
    {"null", MAPPING_FAILED, ""},
    {"", MAPPING_FAILED, ""},
    {"{\"state\":null}", MAPPING_FAILED, ""},
    {"{\"state\":\"text\"}", MAPPING_FAILED, ""},
};

static void a_window_needs_a_state(void **state)
{
    const struct mapping_settings settings = {.report_batch_item_failures = true,
                                              .tumbling_window_s = 60};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct mapping_window window = {0};
        struct mapping_record records[] = {{.identifier = "one"}, {.identifier = "two"}};
        struct mapping_handover handover = {.settings = &settings,
                                            .records = records,
                                            .count = ARRAY_COUNT(records),
                                            .window = &window};

        assert_int_equal(mapping_read_response(&handover, arena, bytes_of_text(states[i].answer)),
                         states[i].outcome);
        assert_true(bytes_equal_text(handover.state, states[i].state));
    }
}

static void the_failure_record_is_lambdas(void **state)
{
    struct test *t = *state;
    const struct mapping_settings settings = settings_of("f");
    struct mapping_consumer consumer = mapping_function_consumer(t->mappings);
    struct mapping_record first = {.time_ms = HARNESS_START_MS},
                          last = {.time_ms = HARNESS_START_MS + 1500};
    struct mapping_failure failure = {
        .settings = &settings,
        .condition = MAPPING_RETRY_ATTEMPTS_EXHAUSTED,
        .attempts = 3,
        .request_id = "316aa6d0-8154-4444-9af7-85d5f4a6bc81",
        .function_error = "Unhandled",
        .time_ms = HARNESS_START_MS + 2717,
        .shard_id = BYTES("shardId-1"),
        .first = &first,
        .last = &last,
        .count = 2,
    };
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    snprintf(first.identifier, sizeof first.identifier, "800000000003126276362");
    snprintf(last.identifier, sizeof last.identifier, "800000000003126276363");
    consumer.print_failure(consumer.context, &out, &failure);
    assert_string_equal(
        arena_copy_text(t->h->arena, buffer_bytes(&out)),
        "{\"requestContext\":{\"requestId\":\"316aa6d0-8154-4444-9af7-85d5f4a6bc81\","
        "\"functionArn\":\"arn:aws:lambda:us-east-1:000000000000:function:f\","
        "\"condition\":\"RetryAttemptsExhausted\",\"approximateInvokeCount\":3},"
        "\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"$LATEST\","
        "\"functionError\":\"Unhandled\"},"
        "\"version\":\"1.0\",\"timestamp\":\"2026-01-01T00:00:02.717Z\","
        "\"DDBStreamBatchInfo\":{\"shardId\":\"shardId-1\","
        "\"startSequenceNumber\":\"800000000003126276362\","
        "\"endSequenceNumber\":\"800000000003126276363\","
        "\"approximateArrivalOfFirstRecord\":\"2026-01-01T00:00:00Z\","
        "\"approximateArrivalOfLastRecord\":\"2026-01-01T00:00:01Z\",\"batchSize\":2,"
        "\"streamArn\":\"arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/now\"}}");
    buffer_clear(&out);
    failure.attempts = 0; /* it was never handed over */
    failure.condition = MAPPING_RECORD_AGE_EXCEEDED;
    consumer.print_failure(consumer.context, &out, &failure);
    assert_true(bytes_find(buffer_bytes(&out), BYTES("responseContext")) == SIZE_MAX);
    assert_true(bytes_find(buffer_bytes(&out), BYTES("\"RecordAgeExceeded\"")) != SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_aws_reads_them),
        cmocka_unit_test(a_window_needs_a_state),
        cmocka_unit_test_setup_teardown(the_failure_record_is_lambdas, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
