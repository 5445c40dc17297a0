/* schedule/universal.c: what universal targets come to, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule/internal.h"

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

#define SQS "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
#define LAMBDA "arn:aws:scheduler:::aws-sdk:lambda:invoke"
#define BUS "arn:aws:scheduler:::aws-sdk:eventbridge:putEvents"

static const struct {
    const char *arn, *input;
    const char *error; /* NULL: it is taken */
    const char *target, *payload, *group, *source;
} cases[] = {
    {SQS, "{\"QueueUrl\":\"http://localhost:8000/000000000000/q\",\"MessageBody\":\"hello\"}", NULL,
     "arn:aws:sqs:us-east-1:000000000000:q", "hello", "", ""},
    {SQS, "{\"QueueUrl\":\"http://h/1/q.fifo\",\"MessageBody\":\"b\",\"MessageGroupId\":\"g\"}",
     NULL, "arn:aws:sqs:us-east-1:1:q.fifo", "b", "g", ""},
    {SQS, "{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}", "The QueueUrl q is none", 0, 0, 0, 0},
    {SQS, "{\"QueueUrl\":\"http://h/1/\",\"MessageBody\":\"b\"}",
     "The QueueUrl http://h/1/ is none", 0, 0, 0, 0},
    {SQS, "{\"QueueUrl\":\"http://h/1/q\"}",
     "The Input of this target must have a MessageBody that is a text.", 0, 0, 0, 0},
    {SQS, "{\"QueueUrl\":\"http://h/1/q\",\"MessageBody\":\"b\",\"DelaySeconds\":5}",
     "dynlog does not support DelaySeconds in the Input of this target", 0, 0, 0, 0},
    {SQS, "{\"Queue\":1}", "dynlog does not support Queue in the Input of this target", 0, 0, 0, 0},
    {SQS, "[]", "The Input of this target must be well-formed JSON.", 0, 0, 0, 0},
    {SQS, "", "The Input of this target must be well-formed JSON.", 0, 0, 0, 0},
    {LAMBDA, "{\"FunctionName\":\"f\",\"InvocationType\":\"Event\",\"Payload\":\"{\\\"a\\\":1}\"}",
     NULL, "arn:aws:lambda:us-east-1:000000000000:function:f", "{\"a\":1}", "", ""},
    {LAMBDA,
     "{\"FunctionName\":\"arn:aws:lambda:us-east-1:0:function:g\",\"InvocationType\":\"Event\"}",
     NULL, "arn:aws:lambda:us-east-1:0:function:g", "{}", "", ""},
    {LAMBDA, "{\"FunctionName\":\"f\"}",
     "dynlog invokes functions of universal targets asynchronously only: InvocationType must be "
     "Event",
     0, 0, 0, 0},
    {LAMBDA, "{\"FunctionName\":\"f\",\"InvocationType\":\"Event\",\"Payload\":\"no\"}",
     "The Payload of this target must be well-formed JSON.", 0, 0, 0, 0},
    {BUS, "{\"Entries\":[{\"Source\":\"s\",\"DetailType\":\"t\",\"Detail\":\"{}\"}]}", NULL,
     "arn:aws:events:us-east-1:000000000000:event-bus/default", "{}", "", "s"},
    {BUS, "{\"Entries\":[]}", "dynlog puts exactly one entry for a universal target", 0, 0, 0, 0},
    {BUS, "{\"Entries\":[{\"Source\":\"s\",\"DetailType\":\"t\",\"Detail\":\"1\"}]}",
     "The Detail of an event must be a JSON object.", 0, 0, 0, 0},
    {BUS, "{\"Entries\":[{\"Source\":\"s\",\"Time\":1}]}",
     "dynlog does not support Time in the Input of this target", 0, 0, 0, 0},
    {"arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "{}",
     "dynlog does not have the universal target ec2:stopInstances; it has sqs:sendMessage, "
     "lambda:invoke and eventbridge:putEvents",
     0, 0, 0, 0},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct schedule_target target = {.arn = bytes_of_text(cases[i].arn)};
        struct schedule_resolved resolved;
        struct api_error error = {0};
        enum status status = universal_resolve(&place, arena, &target,
                                               bytes_of_text(cases[i].input), &resolved, &error);

        assert_true(universal_is(target.arn));
        assert_int_equal(status, cases[i].error == NULL ? OK : REFUSED);
        if (status != OK) {
            assert_string_equal(error.message, cases[i].error);
            continue;
        }
        assert_true(bytes_equal_text(resolved.target.arn, cases[i].target));
        assert_true(bytes_equal_text(resolved.payload, cases[i].payload));
        assert_true(bytes_equal_text(resolved.target.message_group_id, cases[i].group));
        assert_true(bytes_equal_text(resolved.target.source, cases[i].source));
    }
    assert_false(universal_is(BYTES("arn:aws:sqs:us-east-1:000000000000:q")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
