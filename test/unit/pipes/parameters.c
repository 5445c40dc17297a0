/* Tests of pipes/parameters.c: the parameters of a target, with their paths followed. */
#include "pipes/execution.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENT "{\"id\":\"a\",\"n\":7,\"map\":{},\"none\":null,\"body\":\"{\\\"k\\\":\\\"v\\\"}\"}"

static void test_parameters(void **state)
{
    static const struct {
        enum pipe_target_kind target;
        const char *parameters, *made; /* NULL: refused */
    } rows[] = {
        {PIPE_TARGET_BUS, "{}",
         "{\"EventBridgeParameters\":{\"DetailType\":\"Event from aws:sqs\",\"Source\":\"Pipe p\","
         "\"Resources\":[]}}"},
        {PIPE_TARGET_BUS,
         "{\"DetailType\":\"$.id\",\"Source\":\"$.body.k\",\"Resources\":[\"arn\",\"$.n\"],"
         "\"Time\":"
         "\"$.id\"}",
         "{\"EventBridgeParameters\":{\"DetailType\":\"a\",\"Source\":\"v\",\"Resources\":[\"arn\","
         "\"7\"],\"Time\":\"a\"}}"},
        {PIPE_TARGET_BUS, "{\"Source\":\"$.map\"}", NULL},
        {PIPE_TARGET_QUEUE, "{}", "{\"SqsParameters\":{}}"},
        {PIPE_TARGET_QUEUE, "{\"MessageGroupId\":\"$.id\",\"MessageDeduplicationId\":\"$x\"}",
         "{\"SqsParameters\":{\"MessageGroupId\":\"a\",\"MessageDeduplicationId\":\"$x\"}}"},
        {PIPE_TARGET_QUEUE, "{\"MessageGroupId\":\"$.none\"}", NULL},
        {PIPE_TARGET_QUEUE, "{\"MessageGroupId\":\"$.missing\"}", NULL},
        {PIPE_TARGET_LOG_GROUP, "{\"LogStreamName\":\"$.id\",\"Timestamp\":\"$.n\"}",
         "{\"CloudWatchLogsParameters\":{\"LogStreamName\":\"a\",\"Timestamp\":\"7\"}}"},
        {PIPE_TARGET_FUNCTION, "{}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct pipe_plan plan = {.source = PIPE_SOURCE_QUEUE, .target = rows[i].target};
        struct pipe_event event = pipe_event_of(arena, BYTES(EVENT), true);
        struct delivery_error why = {0};
        struct bytes made;

        plan.settings.name = BYTES("p");
        assert_int_equal(
            json_parse(arena, bytes_of_text(rows[i].parameters), &plan.target_parameters, NULL),
            OK);
        assert_int_equal(target_parameters(&plan, &event, arena, &made, &why),
                         rows[i].made != NULL);
        if (rows[i].made == NULL)
            assert_string_equal(why.code, "INVALID_PARAMETER");
        else if (!bytes_equal_text(made, rows[i].made))
            fail_msg("%zu: %.*s", i, BYTES_ARG(made));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parameters)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
