/* test/unit/stack/timed.c - `schedule` of a function. Events start in line 6. */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  my-fn:\n    handler: h.h\n    events:\n"
#define ARN "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-my-fn\""
#define RULE(n, expression, more)                                                                  \
    "{\"Name\":\"s-local-MyDashfnEventsRuleSchedule" n "\",\"EventBusName\":\"default\","          \
    "\"ScheduleExpression\":\"" expression "\"," more "}"
#define TARGETS(n, more)                                                                           \
    "{\"Rule\":\"s-local-MyDashfnEventsRuleSchedule" n "\",\"EventBusName\":\"default\","          \
    "\"Targets\":[{\"Id\":\"my-fnSchedule\"," ARN more "}]}"
#define ON "\"State\":\"ENABLED\""

/* Expressions are counted over all of the function's events. */
static void expressions(void **state)
{
    LOADED loaded = load(HEAD "      - schedule: rate(10 minutes)\n"
                              "      - http: GET /\n"
                              "      - schedule: {rate: cron(0 12 * * ? *)}\n"
                              "      - schedule: {rate: [rate(1 day), !Sub 'rate(2 days)']}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.PutRule", RULE("1", "rate(10 minutes)", ON));
    assert_call(&loaded, 1, "AWSEvents.PutTargets", TARGETS("1", ""));
    assert_call(&loaded, 2, "AWSEvents.PutRule", RULE("2", "cron(0 12 * * ? *)", ON));
    assert_call(&loaded, 4, "AWSEvents.PutRule", RULE("3", "rate(1 day)", ON));
    assert_call(&loaded, 6, "AWSEvents.PutRule", RULE("4", "rate(2 days)", ON));
    assert_int_equal(loaded.stack->call_count, 8);
    assert_int_equal(loaded.stack->note_count, 1); /* of http */
}

static void fields(void **state)
{
    static const struct {
        const char *field, *rule, *target;
    } cases[] = {
        {"enabled: false", "\"State\":\"DISABLED\"", ""},
        {"description: d", ON ",\"Description\":\"d\"", ""},
        {"input: {a: 1}", ON, ",\"Input\":\"{\\\"a\\\":1}\""},
        {"input: '{\"a\":1}'", ON, ",\"Input\":\"{\\\"a\\\":1}\""},
        {"input: {body: '{\"a\":1}'}", ON, ",\"Input\":\"{\\\"body\\\":{\\\"a\\\":1}}\""},
        {"inputPath: $.time", ON, ",\"InputPath\":\"$.time\""},
        {"inputTransformer: {inputPathsMap: {t: $.time}, inputTemplate: '<t>'}", ON,
         ",\"InputTransformer\":{\"InputPathsMap\":{\"t\":\"$.time\"},\"InputTemplate\":\"<t>\"}"},
        {"method: eventBus", ON, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[1024], rule[1024], targets[1024];

        snprintf(text, sizeof text,
                 HEAD "      - schedule:\n          rate: rate(1 day)\n          %s\n",
                 cases[i].field);
        snprintf(rule, sizeof rule, RULE("1", "rate(1 day)", "%s"), cases[i].rule);
        snprintf(targets, sizeof targets, TARGETS("1", "%s"), cases[i].target);

        LOADED loaded = load(text);

        assert_call(&loaded, 0, "AWSEvents.PutRule", rule);
        assert_call(&loaded, 1, "AWSEvents.PutTargets", targets);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void named(void **state)
{
    LOADED loaded = load(HEAD "      - schedule: {rate: rate(1 day), name: mine}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.PutRule",
                "{\"Name\":\"mine\",\"EventBusName\":\"default\",\"ScheduleExpression\":"
                "\"rate(1 day)\"," ON "}");
}

static void scheduler(void **state)
{
    LOADED loaded = load(HEAD "      - schedule:\n"
                              "          method: scheduler\n"
                              "          rate: [at(2026-01-01T00:00:00), rate(1 day)]\n"
                              "          timezone: Europe/Stockholm\n"
                              "          input: {a: 1}\n"
                              "          enabled: false\n"
                              "          description: d\n"
                              "          roleArn: arn:aws:iam::1:role/r\n");

    (void)state;
    assert_call(&loaded, 0, "AWSScheduler.CreateSchedule",
                "{\"Name\":\"s-local-MyDashfnEventsRuleSchedule1\",\"Description\":\"d\","
                "\"ScheduleExpression\":\"at(2026-01-01T00:00:00)\","
                "\"ScheduleExpressionTimezone\":\"Europe/Stockholm\",\"State\":\"DISABLED\","
                "\"FlexibleTimeWindow\":{\"Mode\":\"OFF\"},\"Target\":{" ARN
                ",\"RoleArn\":\"arn:aws:iam::1:role/r\",\"Input\":\"{\\\"a\\\":1}\"}}");
    assert_string_equal(loaded.stack->calls[1].target, "AWSScheduler.CreateSchedule");
    assert_string_equal(loaded.stack->calls[1].update, "AWSScheduler.UpdateSchedule");
    assert_int_equal(loaded.stack->call_count, 2);
    assert_int_equal(loaded.stack->note_count, 0);
}

static void a_name_is_cut_in_front(void **state)
{
    LOADED loaded = load("service: a-name-of-a-service-that-is-long-enough\nfunctions:\n  f:\n"
                         "    handler: h.h\n    events:\n      - schedule: rate(1 day)\n");

    (void)state;
    assert_made(&loaded, 0, "rule a-name-of-a-service-that-is-long-enough-loc-FEventsRuleSchedule1",
                "AWSEvents.DeleteRule",
                "{\"Name\":\"a-name-of-a-service-that-is-long-enough-loc-FEventsRuleSchedule1\","
                "\"EventBusName\":\"default\"}");
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "      - schedule: {}\n", 6, 19, "schedule: expected a rate in it"},
        {HEAD "      - schedule:\n", 6, 18, "schedule: expected a rate in it"},
        {HEAD "      - schedule: {rate: []}\n", 6, 19, "schedule: expected a rate in it"},
        {HEAD "      - schedule: {rate: [{a: b}]}\n", 6, 27, "rate: expected text"},
        {HEAD "      - schedule: {rate: [rate(1 day), rate(2 days)], name: n}\n", 6, 19,
         "expected no name with more than one rate"},
        {HEAD "      - schedule: {rate: rate(1 day), method: both}\n", 6, 47,
         "method: expected eventBus or scheduler, got \"both\""},
        {HEAD "      - schedule: {rate: rate(1 day), timezone: UTC}\n", 6, 49,
         "timezone: expected method: scheduler with it"},
        {HEAD "      - schedule: {rate: rate(1 day), method: scheduler, inputPath: $.a}\n", 6, 69,
         "inputPath: expected method: eventBus with it"},
        {HEAD "      - schedule: {rate: rate(1 day), input: {body: x}}\n", 6, 53,
         "body: expected a mapping or JSON"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions),
        cmocka_unit_test(fields),
        cmocka_unit_test(named),
        cmocka_unit_test(scheduler),
        cmocka_unit_test(a_name_is_cut_in_front),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
