#include "pipes/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct json *parse(struct arena *arena, const char *text)
{
    const struct json *json = NULL;

    if (text != NULL)
        assert_int_equal(json_parse(arena, bytes_of_text(text), &json, NULL), OK);
    return json;
}

static void test_source(void **state)
{
    static const struct {
        const char *old, *said, *made;
        enum pipe_source_kind source;
    } rows[] = {
        {"", NULL, "{\"SqsQueueParameters\":{\"BatchSize\":10}}", PIPE_SOURCE_QUEUE},
        {"", "{\"DynamoDBStreamParameters\":{\"StartingPosition\":\"LATEST\"}}",
         "{\"DynamoDBStreamParameters\":{\"BatchSize\":50,\"MaximumRecordAgeInSeconds\":-1,"
         "\"MaximumRetryAttempts\":-1,\"ParallelizationFactor\":1,\"StartingPosition\":\"LATEST\"}"
         "}",
         PIPE_SOURCE_STREAM},
        /* what is not said stays */
        {"{\"SqsQueueParameters\":{\"BatchSize\":3},\"FilterCriteria\":{\"Filters\":[{\"Pattern\":"
         "\"{}\"}]}}",
         NULL,
         "{\"SqsQueueParameters\":{\"BatchSize\":3},\"FilterCriteria\":{\"Filters\":[{\"Pattern\":"
         "\"{}\"}]}}",
         PIPE_SOURCE_QUEUE},
        /* no filters are none */
        {"{\"SqsQueueParameters\":{\"BatchSize\":3},\"FilterCriteria\":{\"Filters\":[{\"Pattern\":"
         "\"{}\"}]}}",
         "{\"FilterCriteria\":{\"Filters\":[]},\"SqsQueueParameters\":{}}",
         "{\"SqsQueueParameters\":{\"BatchSize\":10}}", PIPE_SOURCE_QUEUE},
        /* where it began can't be said again */
        {"{\"DynamoDBStreamParameters\":{\"BatchSize\":1,\"StartingPosition\":\"LATEST\"}}",
         "{\"DynamoDBStreamParameters\":{\"BatchSize\":2,\"StartingPosition\":\"TRIM_HORIZON\","
         "\"DeadLetterConfig\":{\"Arn\":\"\"}}}",
         "{\"DynamoDBStreamParameters\":{\"BatchSize\":2,\"MaximumRecordAgeInSeconds\":-1,"
         "\"MaximumRetryAttempts\":-1,\"ParallelizationFactor\":1,\"StartingPosition\":\"LATEST\"}"
         "}",
         PIPE_SOURCE_STREAM},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bytes made = pipe_source_parameters(arena, bytes_of_text(rows[i].old),
                                                   parse(arena, rows[i].said), rows[i].source, 50);

        if (!bytes_equal_text(made, rows[i].made))
            fail_msg("%zu: %.*s", i, BYTES_ARG(made));
    }
}

static void test_target(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes old =
        BYTES("{\"InputTemplate\":\"x\",\"SqsQueueParameters\":{\"MessageGroupId\":\"g\"}}");
    struct bytes made = pipe_parameters_over(
        arena, old, parse(arena, "{\"InputTemplate\":\"\",\"SqsQueueParameters\":{}}"));

    (void)state;
    assert_true(bytes_equal_text(made, "{\"SqsQueueParameters\":{}}"));
    assert_true(bytes_equal(pipe_parameters_over(arena, old, NULL), old));
    assert_int_equal(pipe_parameters_over(arena, (struct bytes){NULL, 0}, parse(arena, "{}")).size,
                     0);
    made = pipe_target_parameters_of(arena, old, PIPE_TARGET_BUS);
    assert_true(bytes_equal_text(made, "{\"InputTemplate\":\"x\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
