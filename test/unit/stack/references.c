/* test/unit/stack/references.c - names and ARNs of resources, by type. */
#include "stack_test.h"

#define EVENTS "arn:aws:events:us-east-1:000000000000:"
#define RESOURCES(properties)                                                                      \
    "resources:\n  Resources:\n    R: {" properties "}\n"                                          \
    "    B: {Type: AWS::Events::EventBus, Properties: {Name: bus}}\n"

static void by_type(void **state)
{
    static const struct value_case cases[] = {
        {"[!Ref R, !GetAtt R.Arn]",
         RESOURCES("Type: AWS::Events::Rule, Properties: {EventPattern: {}}"),
         "{\"v\":[\"s-local-R\",\"" EVENTS "rule/s-local-R\"]}"},
        {"[!Ref R, !GetAtt R.Arn]",
         RESOURCES("Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: !Ref B, "
                   "EventPattern: {}}"),
         "{\"v\":[\"r\",\"" EVENTS "rule/bus/r\"]}"},
        {"!GetAtt R.Arn",
         RESOURCES("Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: !GetAtt B.Arn, "
                   "EventPattern: {}}"),
         "{\"v\":\"" EVENTS "rule/bus/r\"}"},
        {"[!Ref R, !GetAtt R.Arn, !GetAtt R.ArnForPolicy]",
         RESOURCES("Type: AWS::Events::Connection, Properties: {AuthorizationType: API_KEY}"),
         "{\"v\":[\"s-local-R\",\"" EVENTS "connection/s-local-R/CONNECTION\",\"" EVENTS
         "connection/s-local-R\"]}"},
        {"[!Ref R, !GetAtt R.Arn]",
         RESOURCES("Type: AWS::Events::ApiDestination, Properties: {Name: d, ConnectionArn: c, "
                   "InvocationEndpoint: e, HttpMethod: GET}"),
         "{\"v\":[\"d\",\"" EVENTS "api-destination/d/DESTINATION\"]}"},
        {"[!Ref R, !GetAtt R.Arn]",
         RESOURCES("Type: AWS::Scheduler::Schedule, Properties: {Name: n, GroupName: g, "
                   "ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: 'OFF'}, "
                   "Target: {Arn: a}}"),
         "{\"v\":[\"n\",\"arn:aws:scheduler:us-east-1:000000000000:schedule/g/n\"]}"},
        {"!GetAtt R.Arn", RESOURCES("Type: AWS::Scheduler::ScheduleGroup"),
         "{\"v\":\"arn:aws:scheduler:us-east-1:000000000000:schedule-group/s-local-R\"}"},
        {"[!Ref R, !GetAtt R.Arn]",
         RESOURCES("Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /a}"),
         "{\"v\":[\"/a\",\"arn:aws:logs:us-east-1:000000000000:log-group:/a:*\"]}"},
        {"[!Ref R, !GetAtt R.Arn]", RESOURCES("Type: AWS::IAM::Role"),
         "{\"v\":[\"s-local-R\",\"arn:aws:iam::000000000000:role/s-local-R\"]}"},
        {"!Sub '${R} ${R.Arn} ${R.QueueName}'", RESOURCES("Type: AWS::SQS::Queue"),
         "{\"v\":\"http://127.0.0.1:PORT/000000000000/s-local-R "
         "arn:aws:sqs:us-east-1:000000000000:s-local-R s-local-R\"}"},
    };

    (void)state;
    check_values(cases, ARRAY_COUNT(cases), NULL);
}

/* A name that leads back to itself. */
static void cycles(void **state)
{
    LOADED loaded = load_value(
        "!Ref R", RESOURCES("Type: AWS::SQS::Queue, Properties: {QueueName: !Ref R}"), NULL);

    (void)state;
    assert_int_equal(loaded.status, REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_type),
        cmocka_unit_test(cycles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
