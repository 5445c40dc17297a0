/* bus/target_change.c: targets are put and removed, and what is refused in AWS's words. */
#include "bus/bus_test.h"

#define PATTERN BYTES("{\"source\":[\"shop\"]}")

static void test_targets(void **state)
{
    struct test_bus test;
    struct bus_target targets[BUS_TARGETS_MAX + 1];
    struct bytes ids[] = {BYTES("t0"), BYTES("t3"), BYTES("never-was")};

    (void)state;
    test_bus_open(&test);
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++)
        targets[i] = test_target(
            &test, arena_copy_text(test.arena, arena_printf(test.arena, "t%zu", i)), "f");
    targets[0].json = BYTES("{\"Id\":\"t0\",\"Other\":[1]}");
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = targets,
                   .target_count = BUS_TARGETS_MAX + 1);
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = targets,
              .target_count = BUS_TARGETS_MAX);
    targets[1].input = BYTES("5"); /* the same id again replaces */
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = &targets[1],
              .target_count = 1);

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES(""), BYTES("r"));

    assert_int_equal(rule->target_count, BUS_TARGETS_MAX);
    assert_true(bytes_equal_text(rule->targets[0].json, "{\"Id\":\"t0\",\"Other\":[1]}"));
    assert_true(bytes_equal_text(rule->targets[1].input, "5"));
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"),
                   .targets = &targets[BUS_TARGETS_MAX], .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_REMOVE_TARGETS, .name = BYTES("r"), .target_ids = ids,
              .target_count = ARRAY_COUNT(ids));
    rule = bus_find_rule(test.bus, BYTES(""), BYTES("r"));
    assert_int_equal(rule->target_count, 3);
    assert_true(bytes_equal_text(rule->targets[0].id, "t1"));
    assert_true(bytes_equal_text(rule->targets[2].id, "t4"));
    test_bus_close(&test);
}

static void refuse_target(struct test_bus *test, struct bus_target target, const char *message)
{
    CHANGE_REFUSED(test, API_VALIDATION, message, .kind = BUS_PUT_TARGETS, .name = BYTES("r"),
                   .targets = &target, .target_count = 1);
}

static void test_targets_refused(void **state)
{
    struct test_bus test;
    struct bus_target target;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN);
    target = test_target(&test, "t", "f");
    target.arn = BYTES("function");
    refuse_target(
        &test, target,
        "Parameter function is not valid. Reason: Provided Arn is not in correct format.");
    target = test_target(&test, "t", "f");
    target.input = BYTES("{");
    refuse_target(&test, target, "JSON syntax error in input for target t.");
    target.input = BYTES("{}");
    target.input_path = BYTES("$");
    refuse_target(
        &test, target,
        "Only one of Input, InputPath, or InputTransformer must be provided for target t.");
    target.input = BYTES("");
    target.input_path = BYTES("detail");
    refuse_target(&test, target, "InputPath for target t is invalid.");
    assert_int_equal(bus_find_rule(test.bus, BYTES(""), BYTES("r"))->target_count, 0);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_targets_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
