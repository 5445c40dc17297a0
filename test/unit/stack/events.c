/* test/unit/stack/events.c - stream and eventBridge, and the kinds that are only noted. Events
 * start in line 6. */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  f:\n    handler: h.h\n    events:\n"
#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2024-01-01T00:00:00.000"

static const struct stack_mapping *mapping_of(const struct loaded *loaded)
{
    assert_loaded(loaded);
    assert_int_equal(loaded->stack->mapping_count, 1);
    return &loaded->stack->mappings[0];
}

static void stream_defaults(void **state)
{
    static const char *const events[] = {
        "      - stream: " ARN "\n",
        "      - stream: {arn: '" ARN "'}\n",
        "      - stream: !Sub '" ARN "'\n",
        "      - stream: {type: dynamodb, arn: !Sub '" ARN "'}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        char text[512];

        snprintf(text, sizeof text, HEAD "%s", events[i]);

        LOADED loaded = load(text);
        const struct stack_mapping *mapping = mapping_of(&loaded);

        assert_bytes(mapping->function_name, "s-local-f");
        assert_bytes(mapping->table_name, "t");
        assert_int_equal(mapping->batch_size, 10);
        assert_int_equal(mapping->batch_window_s, 0);
        assert_int_equal(mapping->parallelization_factor, 1);
        assert_false(mapping->bisect_on_error);
        assert_int_equal(mapping->maximum_retry_attempts, -1);
        assert_int_equal(mapping->maximum_record_age_s, -1);
        assert_true(mapping->trim_horizon);
        assert_true(mapping->enabled);
        assert_int_equal(mapping->where.line, 6);
        assert_int_equal(mapping->where.column, 9);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void stream_fields(void **state)
{
    LOADED loaded = load(HEAD "      - stream:\n"
                              "          arn: " ARN "\n"
                              "          batchSize: 25\n"
                              "          batchWindow: 1\n"
                              "          startingPosition: LATEST\n"
                              "          parallelizationFactor: 4\n"
                              "          bisectBatchOnFunctionError: true\n"
                              "          maximumRetryAttempts: 0\n"
                              "          maximumRecordAgeInSeconds: 60\n"
                              "          enabled: false\n"
                              "          filterPatterns: [{eventName: [INSERT]}]\n"
                              "          functionResponseType: ReportBatchItemFailures\n");
    const struct stack_mapping *mapping = mapping_of(&loaded);

    (void)state;
    assert_int_equal(mapping->batch_size, 25);
    assert_int_equal(mapping->batch_window_s, 1);
    assert_int_equal(mapping->parallelization_factor, 4);
    assert_true(mapping->bisect_on_error);
    assert_int_equal(mapping->maximum_retry_attempts, 0);
    assert_int_equal(mapping->maximum_record_age_s, 60);
    assert_false(mapping->trim_horizon);
    assert_false(mapping->enabled);
    assert_note(&loaded, 0, 16, 11, "filterPatterns of a stream: the function gets every record");
    assert_note(&loaded, 1, 17, 11, "functionResponseType of a stream");
    assert_int_equal(loaded.stack->note_count, 2);
}

static void stream_limits(void **state)
{
    static const struct {
        const char *field;
        int64_t smallest, largest;
    } cases[] = {
        {"batchSize", 1, 10000},
        {"batchWindow", 0, 300},
        {"parallelizationFactor", 1, 10},
        {"maximumRetryAttempts", -1, 10000},
        {"maximumRecordAgeInSeconds", -1, 604800},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const int64_t values[] = {cases[i].smallest, cases[i].largest, cases[i].smallest - 1,
                                  cases[i].largest + 1};

        for (size_t k = 0; k < ARRAY_COUNT(values); k++) {
            char text[512];

            snprintf(text, sizeof text,
                     HEAD "      - stream:\n          arn: " ARN "\n          %s: %lld\n",
                     cases[i].field, (long long)values[k]);

            LOADED loaded = load(text);

            if (k < 2)
                assert_loaded(&loaded);
            else
                assert_refused(&loaded, 8, 13 + strlen(cases[i].field), cases[i].field);
        }
    }
}

static void streams_that_are_not_here(void **state)
{
    static const struct {
        const char *stream, *words;
    } cases[] = {
        {"arn:aws:kinesis:us-east-1:1:stream/k", "a stream of kinesis: only tables have streams"},
        {"{arn: !ImportValue x}", "Fn::ImportValue x"},
        {"{arn: '${cf:other.StreamArn}'}", "${cf:other.StreamArn} cannot be looked up offline"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text, HEAD "      - stream: %s\n", cases[i].stream);

        LOADED loaded = load(text);

        assert_loaded(&loaded);
        assert_int_equal(loaded.stack->mapping_count, 0);
        assert_true(bytes_find(loaded.stack->notes[0].text, bytes_of_text(cases[i].words)) !=
                    SIZE_MAX);
        if (i > 0)
            assert_note(&loaded, 1, 6, 9, "not acted on: a stream whose ARN is not known offline");
    }
}

static void stream_refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "      - stream: {batchSize: 1}\n", 6, 17, "stream: expected arn in it"},
        {HEAD "      - stream: [a]\n", 6, 17, "stream: expected an ARN or a mapping with arn"},
        {HEAD "      - stream: dynamodb\n", 6, 17, "arn: expected the ARN of a table's stream"},
        {HEAD "      - stream: arn:aws:dynamodb:r:a:table/t\n", 6, 17,
         "expected arn:aws:dynamodb:...:table/NAME/stream/..."},
        {HEAD "      - stream: arn:aws:dynamodb:r:a:table//stream/x\n", 6, 17, "expected arn:aws"},
        {HEAD "      - stream:\n          arn: " ARN "\n          batchSize: many\n", 8, 22,
         "batchSize: expected a whole number from 1 to 10000, got \"many\""},
        {HEAD "      - stream:\n          arn: " ARN "\n          startingPosition: AT_TIMESTAMP\n",
         8, 29, "expected LATEST or TRIM_HORIZON, got \"AT_TIMESTAMP\""},
        {HEAD "      - stream:\n          arn: " ARN "\n          maximumRecordAgeInSeconds: 59\n",
         8, 38, "expected -1, or 60 to 604800, got 59"},
        {HEAD "      - stream:\n          arn: " ARN "\n          enabled: maybe\n", 8, 20,
         "enabled: expected true or false, got \"maybe\""},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

#define RULE(name, bus, pattern, more)                                                             \
    "{\"Name\":\"" name "\",\"EventBusName\":\"" bus "\",\"EventPattern\":\"" pattern "\"," more "}"
#define TARGETS(rule, bus, id, more)                                                               \
    "{\"Rule\":\"" rule "\",\"EventBusName\":\"" bus "\",\"Targets\":[{\"Id\":\"" id "\","         \
    "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\"" more "}]}"
#define ON "\"State\":\"ENABLED\""

static void bridge(void **state)
{
    LOADED loaded = load(HEAD "      - schedule: rate(1 day)\n"
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
    assert_note(&loaded, 0, 6, 9, "schedule of events: schedules do not run");
    assert_int_equal(loaded.stack->note_count, 1);
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
         "eventBridge: expected a pattern in it"},
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
        {HEAD "      - http\n", 6, 9, "events: expected a mapping as {stream: ...}, got \"http\""},
        {"service: s\nfunctions:\n  f: {handler: h.h, events: {}}\n", 3, 29,
         "events: expected a list, got a mapping"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void other_kinds_are_noted(void **state)
{
    LOADED loaded = load(HEAD "      - http: GET /x\n"
                              "      - httpApi: {path: /x, method: get}\n"
                              "      - websocket: $connect\n"
                              "      - sqs: arn:aws:sqs:r:a:q\n"
                              "      - evntBridge: {}\n"
                              "      - eventBridge: {pattern: {}, evenBus: b, schedule: x}\n");

    (void)state;
    assert_note(&loaded, 0, 6, 9, "http of events: dynlog serves no API Gateway");
    assert_note(&loaded, 1, 7, 9, "httpApi of events");
    assert_note(&loaded, 2, 8, 9, "websocket of events");
    assert_note(&loaded, 3, 9, 9, "sqs of events: dynlog calls no function from a queue yet");
    assert_note(&loaded, 4, 10, 9,
                "unknown key \"evntBridge\" of events; did you mean \"eventBridge\"?");
    assert_note(&loaded, 5, 11, 36,
                "unknown key \"evenBus\" of eventBridge; did you mean \"eventBus\"?");
    assert_note(&loaded, 6, 11, 48, "schedule of eventBridge: schedules do not run");
    assert_int_equal(loaded.stack->note_count, 7);
}

static void disabled_functions_subscribe_to_nothing(void **state)
{
    LOADED loaded = load("service: s\nfunctions:\n  f:\n    handler: h.h\n    enabled: '1 == 2'\n"
                         "    layers: [x]\n"
                         "    events:\n"
                         "      - stream: " ARN "\n"
                         "      - eventBridge: {pattern: {a: [b]}}\n");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->function_count, 0);
    assert_int_equal(loaded.stack->mapping_count, 0);
    assert_int_equal(loaded.stack->call_count, 0);
    assert_int_equal(loaded.stack->note_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_defaults),
        cmocka_unit_test(stream_fields),
        cmocka_unit_test(stream_limits),
        cmocka_unit_test(streams_that_are_not_here),
        cmocka_unit_test(stream_refused),
        cmocka_unit_test(bridge),
        cmocka_unit_test(bridge_fields),
        cmocka_unit_test(bridge_buses),
        cmocka_unit_test(bridge_without_a_known_bus),
        cmocka_unit_test(bridge_refused),
        cmocka_unit_test(other_kinds_are_noted),
        cmocka_unit_test(disabled_functions_subscribe_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
