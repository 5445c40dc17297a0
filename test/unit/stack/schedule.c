/* test/unit/stack/schedule.c - AWS::Scheduler::Schedule and ScheduleGroup. */
#include "stack_test.h"

#define HEAD                                                                                       \
    "service: s\nfunctions:\n  f: {handler: h.h}\n  off: {handler: h.h, enabled: "                 \
    "false}\nresources:\n  Resources:\n    S:\n      Type: AWS::Scheduler::Schedule\n      "       \
    "Properties:\n"

static void schedule(void **state)
{
    LOADED loaded =
        load(HEAD "        Name: s1\n"
                  "        GroupName: !Ref G\n"
                  "        ScheduleExpression: cron(0 9 * * ? *)\n"
                  "        ScheduleExpressionTimezone: Europe/Stockholm\n"
                  "        StartDate: '2026-01-31T23:59:59Z'\n"
                  "        State: DISABLED\n"
                  "        FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: '15'}\n"
                  "        Target:\n"
                  "          Arn: !GetAtt FLambdaFunction.Arn\n"
                  "          RoleArn: !GetAtt Role.Arn\n"
                  "          Input: '{}'\n"
                  "          DeadLetterConfig: {Arn: a}\n"
                  "          RetryPolicy: {MaximumRetryAttempts: 0}\n"
                  "    G: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: g}}\n"
                  "    Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSScheduler.CreateScheduleGroup", "{\"Name\":\"g\"}");
    assert_call(&loaded, 1, "AWSScheduler.CreateSchedule",
                "{\"Name\":\"s1\",\"GroupName\":\"g\",\"ScheduleExpression\":\"cron(0 9 * * ? *)\","
                "\"ScheduleExpressionTimezone\":\"Europe/Stockholm\",\"StartDate\":1769903999.000,"
                "\"State\":\"DISABLED\",\"FlexibleTimeWindow\":{\"Mode\":\"FLEXIBLE\","
                "\"MaximumWindowInMinutes\":15},\"Target\":{\"Arn\":"
                "\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\",\"Input\":\"{}\","
                "\"DeadLetterConfig\":{\"Arn\":\"a\"},\"RetryPolicy\":{\"MaximumRetryAttempts\":0},"
                "\"RoleArn\":\"arn:aws:iam::000000000000:role/r\"}}");
    assert_string_equal(loaded.stack->calls[1].update, "AWSScheduler.UpdateSchedule");
    assert_made(&loaded, 0, "schedule group g", "AWSScheduler.DeleteScheduleGroup",
                "{\"Name\":\"g\"}");
    assert_made(&loaded, 1, "schedule g/s1", "AWSScheduler.DeleteSchedule",
                "{\"Name\":\"s1\",\"GroupName\":\"g\"}");
    assert_int_equal(loaded.stack->note_count, 0);
}

#define WHEN "        ScheduleExpression: rate(1 hour)\n        FlexibleTimeWindow: {Mode: 'OFF'}\n"

static void without_a_role(void **state)
{
    LOADED loaded = load(HEAD WHEN "        Target: {Arn: !GetAtt FLambdaFunction.Arn}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSScheduler.CreateSchedule",
                "{\"Name\":\"s-local-S\",\"ScheduleExpression\":\"rate(1 "
                "hour)\",\"FlexibleTimeWindow\":{\"Mode\":"
                "\"OFF\"},\"Target\":{\"Arn\":"
                "\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\",\"RoleArn\":"
                "\"arn:aws:iam::000000000000:role/s-local-us-east-1-lambdaRole\"}}");
    assert_made(&loaded, 0, "schedule default/s-local-S", "AWSScheduler.DeleteSchedule",
                "{\"Name\":\"s-local-S\",\"GroupName\":\"default\"}");
}

static void targets_that_are_left_out(void **state)
{
    LOADED off = load(HEAD WHEN "        Target: {Arn: !GetAtt OffLambdaFunction.Arn}\n");
    LOADED sns = load(HEAD WHEN "        Target: {Arn: 'arn:aws:sns:us-east-1:1:t'}\n");

    (void)state;
    assert_loaded(&off);
    assert_int_equal(off.stack->call_count, 0);
    assert_note(&sns, 0, 12, 17, "target arn:aws:sns:us-east-1:1:t: dynlog has no sns");
    assert_int_equal(sns.stack->call_count, 0);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD WHEN, 10, 9, "S: expected a Target with an Arn"},
        {HEAD "        Target: {Arn: a}\n        ScheduleExpression: rate(1 hour)\n", 10, 9,
         "a schedule: expected FlexibleTimeWindow in it"},
        {HEAD WHEN "        Target: {Arn: a}\n        StartDate: tomorrow\n", 13, 20,
         "StartDate: expected a time as 2026-01-31T23:59:59Z, got \"tomorrow\""},
        {HEAD WHEN "        Target: {Arn: a, RetryPolicy: {MaximumRetryAttempts: 186}}\n", 12, 62,
         "MaximumRetryAttempts: expected a whole number from 0 to 185"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule),
        cmocka_unit_test(without_a_role),
        cmocka_unit_test(targets_that_are_left_out),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
