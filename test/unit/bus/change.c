/* bus/change.c: changes of one thing are made in order, and what changes nothing is not written. */
#include "bus/bus_test.h"

#define PATTERN BYTES("{\"source\":[\"shop\"]}")

/* All at once, without waiting: each of one rule sees what the one before it did. */
static void test_changes_of_one_rule_in_order(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct bytes id = BYTES("t");
    size_t ended = 0;
    struct test_change changes[] = {
        {.change = {.kind = BUS_CREATE, .name = BYTES("b")}},
        {.change = {.kind = BUS_PUT_RULE,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .pattern = PATTERN,
                    .enabled = true}},
        {.change = {.kind = BUS_PUT_TARGETS,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .target_count = 1}},
        {.change = {.kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("r")}},
        {.change = {.kind = BUS_REMOVE_TARGETS,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .target_ids = &id,
                    .target_count = 1}},
        {.change = {.kind = BUS_DELETE, .name = BYTES("b")}},
        {.change = {.kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("r")}},
        {.change = {.kind = BUS_DELETE, .name = BYTES("b")}},
    };
    static const enum status expected[] = {OK, OK, OK, REFUSED, OK, REFUSED, OK, OK};

    (void)state;
    test_bus_open(&test);
    target = test_target(&test, "t", "f");
    changes[2].change.targets = &target;
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        changes[i].ended = &ended;
        test_change_begin(&test, &changes[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_change_finish(&test, &changes[i]);
        assert_int_equal(changes[i].status, expected[i]);
        assert_int_equal(changes[i].order, i + 1);
    }
    assert_null(bus_find(test.bus, BYTES("b")));
    test_bus_close(&test);
}

/* A stack puts what is there already at every start: nothing is written. */
static void test_a_change_that_changes_nothing(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct test_change put = {
        .change = {.kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN, .enabled = true}};
    struct test_change targets = {
        .change = {.kind = BUS_PUT_TARGETS, .name = BYTES("r"), .target_count = 1}};

    (void)state;
    test_bus_open(&test);
    target = test_target(&test, "t", "f");
    targets.change.targets = &target;
    assert_int_equal(test_change_do(&test, &put), OK);
    assert_int_equal(test_change_do(&test, &targets), OK);
    clock_advance(test.clock, 5);
    test_change_begin(&test, &put);
    assert_true(put.done);
    assert_int_equal(put.status, OK);
    test_change_begin(&test, &targets);
    assert_true(targets.done);
    assert_int_equal(targets.status, OK);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_of_one_rule_in_order),
        cmocka_unit_test(test_a_change_that_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
