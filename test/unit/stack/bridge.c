/* test/unit/stack/bridge.c - `eventBridge` of a function. Events start in line 6. */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  f:\n    handler: h.h\n    events:\n"

#define RULE(name, bus, pattern, more)                                                             \
    "{\"Name\":\"" name "\",\"EventBusName\":\"" bus "\",\"EventPattern\":\"" pattern "\"," more "}"
#define TARGETS(rule, bus, id, more)                                                               \
    "{\"Rule\":\"" rule "\",\"EventBusName\":\"" bus "\",\"Targets\":[{\"Id\":\"" id "\","         \
    "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\"" more "}]}"
#define ON "\"State\":\"ENABLED\""

static void bridge(void **state)
{
    LOADED loaded = load(HEAD "      - sqs: arn:aws:sqs:r:a:q\n"
                              "      - eventBridge:\n"
                              "          eventBus: bus\n"
                              "          pattern: {source: [a], detail: {n: [1, null]}}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateEventBus", "{\"Name\":\"bus\"}");
    assert_call(&loaded, 1, "AWSEvents.PutRule",
                RULE("s-local-f-rule-2", "bus",
                     "{\\\"source\\\":[\\\"a\\\"],\\\"detail\\\":{\\\"n\\\":[1,null]}}", ON));
    assert_call(&loaded, 2, "AWSEvents.PutTargets",
                TARGETS("s-local-f-rule-2", "bus", "s-local-f-rule-2-target", ""));
    assert_int_equal(loaded.stack->call_count, 3);
    assert_bytes(loaded.stack->calls[1].resource, "f");
    assert_int_equal(loaded.stack->calls[1].where.line, 7);
    assert_int_equal(loaded.stack->note_count, 0);
}

static void bridge_fields(void **state)
{
    static const struct {
        const char *fields, *rule, *target;
    } cases[] = {
        {"", ON, ""},
        {"input: {a: 1}", ON, ",\"Input\":\"{\\\"a\\\":1}\""},
        {"input: text", ON, ",\"Input\":\"\\\"text\\\"\""},
        {"inputPath: $.detail", ON, ",\"InputPath\":\"$.detail\""},
        {"inputTransformer: {inputPathsMap: {t: $.time}, inputTemplate: '<t>'}", ON,
         ",\"InputTransformer\":{\"InputPathsMap\":{\"t\":\"$.time\"},\"InputTemplate\":\"<t>\"}"},
        {"enabled: false", "\"State\":\"DISABLED\"", ""},
        {"state: DISABLED", "\"State\":\"DISABLED\"", ""},
        {"description: d", ON ",\"Description\":\"d\"", ""},
        {"retryPolicy: {maximumRetryAttempts: 185, maximumEventAge: 60}", ON,
         ",\"RetryPolicy\":{\"MaximumRetryAttempts\":185,\"MaximumEventAgeInSeconds\":60}"},
        {"retryPolicy: {maximumRetryAttempts: 0}", ON,
         ",\"RetryPolicy\":{\"MaximumRetryAttempts\":0}"},
        {"deadLetterQueueArn: arn:aws:sqs:r:a:q", ON,
         ",\"DeadLetterConfig\":{\"Arn\":\"arn:aws:sqs:r:a:q\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[1024], rule[1024], targets[1024];

        snprintf(text, sizeof text,
                 HEAD "      - eventBridge:\n          pattern: {a: [b]}\n          %s\n",
                 cases[i].fields);
        snprintf(rule, sizeof rule,
                 RULE("s-local-f-rule-1", "default", "{\\\"a\\\":[\\\"b\\\"]}", "%s"),
                 cases[i].rule);
        snprintf(targets, sizeof targets,
                 TARGETS("s-local-f-rule-1", "default", "s-local-f-rule-1-target", "%s"),
                 cases[i].target);

        LOADED loaded = load(text);

        assert_call(&loaded, 0, "AWSEvents.PutRule", rule);
        assert_call(&loaded, 1, "AWSEvents.PutTargets", targets);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void bridge_buses(void **state)
{
    static const struct {
        const char *bus;
        size_t notes;
        const char *create; /* NULL: no bus is made */
    } cases[] = {
        {"default", 0, NULL},
        {"arn:aws:events:us-east-1:1:event-bus/default", 0, NULL},
        {"theirs", 0, "{\"Name\":\"theirs\"}"},
        {"arn:aws:events:us-east-1:1:event-bus/theirs", 1, "{\"Name\":\"theirs\"}"},
        {"!Sub 'arn:aws:events:${AWS::Region}:1:event-bus/theirs'", 1, "{\"Name\":\"theirs\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text,
                 HEAD "      - eventBridge:\n          eventBus: %s\n          pattern: {a: [b]}\n",
                 cases[i].bus);

        LOADED loaded = load(text);

        assert_loaded(&loaded);
        assert_int_equal(loaded.stack->note_count, cases[i].notes);
        if (cases[i].notes > 0)
            assert_note(&loaded, 0, 7, 21, "the bus theirs is not one of this stack's");
        assert_int_equal(loaded.stack->call_count, cases[i].create != NULL ? 3 : 2);
        if (cases[i].create != NULL)
            assert_call(&loaded, 0, "AWSEvents.CreateEventBus", cases[i].create);
    }
}

static void bridge_without_a_known_bus(void **state)
{
    LOADED loaded = load(HEAD "      - eventBridge:\n"
                              "          eventBus: ${cf:other-${opt:stage, 'local'}.busArn}\n"
                              "          pattern: {a: [b]}\n");

    (void)state;
    assert_note(&loaded, 0, 7, 21, "${cf:other-local.busArn} cannot be looked up offline");
    assert_note(&loaded, 1, 7, 21, "this subscription, because its bus is not known offline");
    assert_int_equal(loaded.stack->call_count, 0);
    assert_int_equal(loaded.stack->function_count, 1);
}

static void bridge_refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "      - eventBridge: x\n", 6, 22, "eventBridge: expected a mapping, got \"x\""},
        {HEAD "      - eventBridge: {eventBus: b}\n", 6, 22,
         "eventBridge: expected a pattern or a schedule in it"},
        {HEAD "      - eventBridge: {pattern: [a]}\n", 6, 32,
         "pattern: expected a mapping or JSON, got a list"},
        {HEAD "      - eventBridge: {pattern: {}, eventBus: 'arn:aws:sqs:r:a:q'}\n", 6, 46,
         "eventBus: expected the ARN of an event bus"},
        {HEAD "      - eventBridge: {pattern: {}, state: on}\n", 6, 43,
         "state: expected ENABLED or DISABLED, got \"on\""},
        {HEAD "      - eventBridge: {pattern: {}, retryPolicy: {maximumRetryAttempts: 186}}\n", 6,
         72, "expected a whole number from 0 to 185, got 186"},
        {HEAD "      - eventBridge: {pattern: {}, retryPolicy: {maximumEventAge: 59}}\n", 6, 67,
         "expected a whole number from 60 to 86400, got 59"},
        {HEAD "      - eventBridge: {pattern: {}, inputTransformer: {}}\n", 6, 54,
         "inputTransformer: expected inputTemplate in it"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void bridge_with_a_schedule(void **state)
{
    LOADED loaded = load(HEAD "      - eventBridge: {schedule: rate(10 minutes), input: {a: 1}}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.PutRule",
                "{\"Name\":\"s-local-f-rule-1\",\"EventBusName\":\"default\","
                "\"ScheduleExpression\":\"rate(10 minutes)\"," ON "}");
    assert_call(&loaded, 1, "AWSEvents.PutTargets",
                TARGETS("s-local-f-rule-1", "default", "s-local-f-rule-1-target",
                        ",\"Input\":\"{\\\"a\\\":1}\""));
    assert_int_equal(loaded.stack->note_count, 0);
}

static void what_it_made(void **state)
{
    LOADED loaded = load(HEAD "      - eventBridge: {eventBus: bus, pattern: {a: [b]}}\n");

    (void)state;
    assert_made(&loaded, 0, "bus bus", NULL, "{}");
    assert_made(&loaded, 1, "rule s-local-f-rule-1 of bus bus", "AWSEvents.DeleteRule",
                "{\"Name\":\"s-local-f-rule-1\",\"EventBusName\":\"bus\"}");
    assert_made(&loaded, 2, "target s-local-f-rule-1-target of rule s-local-f-rule-1 of bus bus",
                "AWSEvents.RemoveTargets",
                "{\"Rule\":\"s-local-f-rule-1\",\"EventBusName\":\"bus\","
                "\"Ids\":[\"s-local-f-rule-1-target\"]}");
    assert_int_equal(loaded.stack->made_count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridge),         cmocka_unit_test(bridge_fields),
        cmocka_unit_test(bridge_buses),   cmocka_unit_test(bridge_without_a_known_bus),
        cmocka_unit_test(bridge_refused), cmocka_unit_test(bridge_with_a_schedule),
        cmocka_unit_test(what_it_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
