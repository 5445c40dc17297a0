/* bus/rule_change.c: rules are put and deleted, what is refused in AWS's words, and since when
 * their schedules count. */
#include "bus/bus_test.h"

#define PATTERN BYTES("{\"source\":[\"shop\"]}")

static void test_rules(void **state)
{
    struct test_bus test;
    const struct bus_rule **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "b", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "", "a", "{\"source\":[\"shop\"]}");
    bus_list_rules(test.bus, BYTES(""), BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 2);
    assert_true(bytes_equal_text(list[0]->name, "a"));
    clock_advance(test.clock, 1000);
    /* put again: the targets and the time stay, the rest is new */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("b"), .pattern = BYTES("{\"a\":[1]}"),
              .role_arn = BYTES("arn:role"), .description = BYTES("words"));

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("default"), BYTES("b"));

    assert_non_null(rule);
    assert_true(bytes_equal_text(rule->pattern, "{\"a\":[1]}"));
    assert_true(bytes_equal_text(rule->role_arn, "arn:role"));
    assert_true(bytes_equal_text(rule->bus_name, "default"));
    assert_false(rule->enabled);
    assert_int_equal(rule->created_ms, TEST_NOW_MS);
    assert_int_equal(rule->target_count, 1);
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .name = BYTES("never-was"));
    test_bus_close(&test);
}

static void test_rules_refused(void **state)
{
    struct test_bus test;
    struct bytes long_name;

    (void)state;
    test_bus_open(&test);
    long_name = arena_printf(test.arena, "%065d", 0);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus x does not exist.",
                   .kind = BUS_PUT_RULE, .bus_name = BYTES("x"), .name = BYTES("r"),
                   .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter(s) EventPattern or ScheduleExpression must be specified.",
                   .kind = BUS_PUT_RULE, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_INVALID_EVENT_PATTERN,
                   "Event pattern is not valid. Reason: Empty objects are not allowed\n"
                   " at [Source: (String)\"{}\"; line: 1, column: 3]",
                   .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = BYTES("{}"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "1 validation error detected: Value "
                   "'00000000000000000000000000000000000000000000000000000000000000000' at 'name' "
                   "failed to satisfy constraint: Member must have length less than or equal to 64",
                   .kind = BUS_PUT_RULE, .name = long_name, .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "1 validation error detected: Value '' at 'name' failed to satisfy "
                   "constraint: Member must have length greater than or equal to 1",
                   .kind = BUS_PUT_RULE, .pattern = PATTERN);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = bytes_slice(long_name, 0, 64),
              .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_SET_RULE_STATE, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_REMOVE_TARGETS, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus x does not exist.",
                   .kind = BUS_DELETE_RULE, .bus_name = BYTES("x"), .name = BYTES("r"));
    test_put_rule(&test, "", "r", "{\"a\":[1]}");
    CHANGE_REFUSED(&test, API_VALIDATION, "Rule can't be deleted since it has targets.",
                   .kind = BUS_DELETE_RULE, .name = BYTES("r"));
    test_bus_close(&test);
}

static void test_scheduled_rules(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .enabled = true);
    assert_int_equal(test.rules_changed, 1);
    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));

    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS);
    clock_advance(test.clock, 1000);
    /* the same again changes nothing; targets and descriptions do not begin it anew */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .enabled = true);
    assert_int_equal(test.rules_changed, 1);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .description = BYTES("d"), .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS);
    /* another expression does, and so does enabling it again */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(2 days)"),
              .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS + 1000);
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("r"), .enabled = false);
    clock_advance(test.clock, 1000);
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("r"), .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS + 2000);
    assert_int_equal(test.rules_changed, 5);
    CHANGE_REFUSED(&test, API_VALIDATION, "Parameter ScheduleExpression is not valid.",
                   .kind = BUS_PUT_RULE, .name = BYTES("x"), .schedule = BYTES("now"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "ScheduleExpression is supported only on the default event bus.",
                   .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("x"),
                   .schedule = BYTES("rate(1 day)"));
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .name = BYTES("r"));
    assert_int_equal(test.rules_changed, 6);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rules_refused),
        cmocka_unit_test(test_scheduled_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
