/* test/unit/stack/rules.c - names of rules, and AWS::Events::Rule. */
#include "stack_test.h"

static struct bytes name_of(const struct loaded *loaded, const char *target, const char *member)
{
    const struct json *body = NULL;

    assert_loaded(loaded);
    for (size_t i = 0; i < loaded->stack->call_count; i++) {
        if (strcmp(loaded->stack->calls[i].target, target) != 0)
            continue;
        assert_int_equal(json_parse(loaded->arena, loaded->stack->calls[i].body, &body, NULL), OK);
        if (strcmp(target, "AWSEvents.PutTargets") == 0)
            body = json_at(json_get(body, "Targets"), 0);
        return json_string(json_get(body, member));
    }
    fail_msg("no %s", target);
    return BYTES("");
}

/* The hashes are md5 of the whole name, as `printf NAME | md5sum` prints it. */
static void names(void **state)
{
    static const struct {
        const char *function, *rule, *target;
    } cases[] = {
        {"f", "s-local-f-rule-1", "s-local-f-rule-1-target"},
        /* the target has 64 characters */
        {"f23456789012345678901234567890123456789012",
         "s-local-f23456789012345678901234567890123456789012-rule-1",
         "s-local-f23456789012345678901234567890123456789012-rule-1-target"},
        /* 65: a hash */
        {"f234567890123456789012345678901234567890123",
         "s-local-f234567890123456789012345678901234567890123-rule-1",
         "s-local-f2345678901234567c7b99d364e49a9813fea6db2fcd2811a-target"},
        /* the rule has 64 */
        {"f234567890123456789012345678901234567890123456789",
         "s-local-f234567890123456789012345678901234567890123456789-rule-1",
         "s-local-f2345678901234567783a9cb8c85fab3534dfc59d0dcc9f00-target"},
        /* 65: a hash in a hash */
        {"f2345678901234567890123456789012345678901234567890",
         "s-local-f234567890123456702eafc96d4f21a6398bb66f3d393b282-rule-1",
         "s-local-f2345678901234567db2e9a3df5d766e9e041a6f7b926f315-target"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text,
                 "service: s\nfunctions:\n  %s:\n    handler: h.h\n    events:\n"
                 "      - eventBridge: {pattern: {source: [x]}}\n",
                 cases[i].function);

        LOADED loaded = load(text);

        assert_bytes(name_of(&loaded, "AWSEvents.PutRule", "Name"), cases[i].rule);
        assert_bytes(name_of(&loaded, "AWSEvents.PutTargets", "Id"), cases[i].target);
    }
}

#define FUNCTIONS                                                                                  \
    "service: s\n"                                                                                 \
    "functions:\n"                                                                                 \
    "  f: {handler: h.h}\n"                                                                        \
    "  off: {handler: h.h, enabled: false}\n"                                                      \
    "resources:\n"                                                                                 \
    "  Resources:\n"                                                                               \
    "    Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}\n"                            \
    "    Rule:\n"                                                                                  \
    "      Type: AWS::Events::Rule\n"                                                              \
    "      Properties:\n"

static void resource(void **state)
{
    LOADED loaded = load(FUNCTIONS "        EventBusName: !Ref Bus\n"
                                   "        Description: d\n"
                                   "        State: DISABLED\n"
                                   "        EventPattern: {source: [a]}\n"
                                   "        Targets:\n"
                                   "          - Id: one\n"
                                   "            Arn: !GetAtt FLambdaFunction.Arn\n"
                                   "            InputPath: $.detail\n"
                                   "            RetryPolicy: {MaximumRetryAttempts: 3}\n"
                                   "            DeadLetterConfig: {Arn: 'arn:aws:sqs:r:a:q'}\n"
                                   "          - Id: two\n"
                                   "            Arn: !GetAtt OffLambdaFunction.Arn\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateEventBus", "{\"Name\":\"bus\"}");
    assert_call(&loaded, 1, "AWSEvents.PutRule",
                "{\"Name\":\"s-local-Rule\",\"EventBusName\":\"bus\",\"EventPattern\":"
                "\"{\\\"source\\\":[\\\"a\\\"]}\",\"State\":\"DISABLED\",\"Description\":\"d\"}");
    assert_call(&loaded, 2, "AWSEvents.PutTargets",
                "{\"Rule\":\"s-local-Rule\",\"EventBusName\":\"bus\",\"Targets\":[{\"Id\":\"one\","
                "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\","
                "\"InputPath\":\"$.detail\",\"RetryPolicy\":{\"MaximumRetryAttempts\":3},"
                "\"DeadLetterConfig\":{\"Arn\":\"arn:aws:sqs:r:a:q\"}}]}");
    assert_int_equal(loaded.stack->call_count, 3);
    assert_int_equal(loaded.stack->note_count, 0);
}

/* Of all kinds that dynlog delivers to, with all that a target may have. */
static void resource_targets(void **state)
{
    LOADED loaded =
        load(FUNCTIONS
             "        EventPattern: '{\"source\":[\"a\"]}'\n"
             "        RoleArn: !GetAtt Role.Arn\n"
             "        Targets:\n"
             "          - {Id: q, Arn: !GetAtt Queue.Arn, SqsParameters: {MessageGroupId: g}}\n"
             "          - {Id: b, Arn: !GetAtt Bus.Arn, RoleArn: r}\n"
             "          - {Id: l, Arn: !GetAtt Logs.Arn}\n"
             "          - Id: a\n"
             "            Arn: !GetAtt Api.Arn\n"
             "            HttpParameters: {HeaderParameters: {h: v}, PathParameterValues: [p]}\n"
             "            InputTransformer: {InputPathsMap: {t: $.time}, InputTemplate: <t>}\n"
             "            RetryPolicy: {MaximumEventAgeInSeconds: '60'}\n"
             "          - {Id: s, Arn: 'arn:aws:sns:us-east-1:1:t'}\n"
             "          - {Id: o, Arn: 'arn:aws:lambda:us-east-1:1:function:other'}\n"
             "    Queue: {Type: AWS::SQS::Queue}\n"
             "    Role: {Type: AWS::IAM::Role}\n"
             "    Logs: {Type: AWS::Logs::LogGroup}\n"
             "    Api:\n"
             "      Type: AWS::Events::ApiDestination\n"
             "      Properties: {ConnectionArn: c, InvocationEndpoint: 'https://a', HttpMethod: "
             "POST}\n");

    (void)state;
    assert_note(&loaded, 0, 22, 13, "target arn:aws:sns:us-east-1:1:t: dynlog has no sns");
    assert_note(&loaded, 1, 23, 13,
                "target arn:aws:lambda:us-east-1:1:function:other: of functions only this stack's");
    assert_int_equal(loaded.stack->note_count, 2);
    assert_call_of(&loaded, "AWSEvents.PutRule", 0,
                   "{\"Name\":\"s-local-Rule\",\"EventBusName\":\"default\",\"EventPattern\":"
                   "\"{\\\"source\\\":[\\\"a\\\"]}\",\"State\":\"ENABLED\",\"RoleArn\":"
                   "\"arn:aws:iam::000000000000:role/s-local-Role\"}");
    assert_call_of(
        &loaded, "AWSEvents.PutTargets", 0,
        "{\"Rule\":\"s-local-Rule\",\"EventBusName\":\"default\",\"Targets\":["
        "{\"Id\":\"q\",\"Arn\":\"arn:aws:sqs:us-east-1:000000000000:s-local-Queue\","
        "\"SqsParameters\":{\"MessageGroupId\":\"g\"}},"
        "{\"Id\":\"b\",\"Arn\":\"arn:aws:events:us-east-1:000000000000:event-bus/bus\","
        "\"RoleArn\":\"r\"},"
        "{\"Id\":\"l\",\"Arn\":\"arn:aws:logs:us-east-1:000000000000:log-group:s-local-Logs:*\"},"
        "{\"Id\":\"a\",\"Arn\":\"arn:aws:events:us-east-1:000000000000:api-destination/s-local-Api/"
        "DESTINATION\",\"InputTransformer\":{\"InputPathsMap\":{\"t\":\"$.time\"},"
        "\"InputTemplate\":\"<t>\"},\"RetryPolicy\":{\"MaximumEventAgeInSeconds\":60},"
        "\"HttpParameters\":{\"PathParameterValues\":[\"p\"],\"HeaderParameters\":{\"h\":\"v\"}}}]"
        "}");
}

static void resource_without_targets(void **state)
{
    LOADED loaded =
        load(FUNCTIONS "        EventPattern: {}\n"
                       "        Targets: [{Id: s, Arn: 'arn:aws:sns:us-east-1:1:t'}]\n");

    (void)state;
    assert_call(&loaded, 1, "AWSEvents.PutRule",
                "{\"Name\":\"s-local-Rule\",\"EventBusName\":\"default\",\"EventPattern\":"
                "\"{}\",\"State\":\"ENABLED\"}");
    assert_int_equal(loaded.stack->call_count, 2);
}

static void resource_with_a_schedule(void **state)
{
    LOADED loaded = load(
        FUNCTIONS "        ScheduleExpression: rate(1 minute)\n"
                  "        Targets: [{Id: a, Arn: !GetAtt FLambdaFunction.Arn, Input: '{}'}]\n");

    (void)state;
    assert_call(&loaded, 1, "AWSEvents.PutRule",
                "{\"Name\":\"s-local-Rule\",\"EventBusName\":\"default\","
                "\"ScheduleExpression\":\"rate(1 minute)\",\"State\":\"ENABLED\"}");
    assert_call(
        &loaded, 2, "AWSEvents.PutTargets",
        "{\"Rule\":\"s-local-Rule\",\"EventBusName\":\"default\",\"Targets\":[{\"Id\":\"a\","
        "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\","
        "\"Input\":\"{}\"}]}");
    assert_int_equal(loaded.stack->note_count, 0);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {FUNCTIONS "        Targets: []\n", 9, 7,
         "Rule: expected an EventPattern or a ScheduleExpression"},
        {FUNCTIONS "        EventPattern: nonsense\n", 11, 23, "expected a mapping or JSON"},
        {FUNCTIONS "        EventPattern: [a]\n", 11, 23, "expected a mapping or JSON, got a list"},
        {FUNCTIONS "        EventPattern: {}\n        State: on\n", 12, 16,
         "expected ENABLED or DISABLED"},
        {FUNCTIONS "        EventPattern: {}\n        Targets: x\n", 12, 18, "expected a list"},
        {FUNCTIONS "        EventPattern: {}\n        Targets: [x]\n", 12, 19,
         "expected a mapping"},
        {FUNCTIONS "        EventPattern: {}\n        Targets: [{Arn: f}]\n", 12, 19,
         "a target: expected Id in it"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(resource),
        cmocka_unit_test(resource_targets),
        cmocka_unit_test(resource_without_targets),
        cmocka_unit_test(resource_with_a_schedule),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
