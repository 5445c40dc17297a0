/* test/unit/stack/events.c - the kinds of events that are only noted. Events start in line 6. */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  f:\n    handler: h.h\n    events:\n"
#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2024-01-01T00:00:00.000"

static void other_kinds_are_noted(void **state)
{
    LOADED loaded = load(HEAD "      - http: GET /x\n"
                              "      - httpApi: {path: /x, method: get}\n"
                              "      - websocket: $connect\n"
                              "      - sns: arn:aws:sns:r:a:t\n"
                              "      - evntBridge: {}\n"
                              "      - eventBridge: {pattern: {}, evenBus: b}\n");

    (void)state;
    assert_note(&loaded, 0, 6, 9, "http of events: dynlog serves no API Gateway");
    assert_note(&loaded, 1, 7, 9, "httpApi of events");
    assert_note(&loaded, 2, 8, 9, "websocket of events");
    assert_note(&loaded, 3, 9, 9, "sns of events: dynlog has no SNS");
    assert_note(&loaded, 4, 10, 9,
                "unknown key \"evntBridge\" of events; did you mean \"eventBridge\"?");
    assert_note(&loaded, 5, 11, 36,
                "unknown key \"evenBus\" of eventBridge; did you mean \"eventBus\"?");
    assert_int_equal(loaded.stack->note_count, 6);
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

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "      - http\n", 6, 9, "events: expected a mapping as {stream: ...}, got \"http\""},
        {"service: s\nfunctions:\n  f: {handler: h.h, events: {}}\n", 3, 29,
         "events: expected a list, got a mapping"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_kinds_are_noted),
        cmocka_unit_test(disabled_functions_subscribe_to_nothing),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
