/* schedule/rule.c: rules with a schedule, as the bus tells of them. */
#include "schedule/schedule_test.h"

static void set(struct test_schedules *t, const char *name, const char *expression,
                uint64_t since_ms)
{
    schedules_set_rule(t->schedules, &(struct schedule_rule){BYTES("default"), bytes_of_text(name),
                                                             bytes_of_text(expression), since_ms});
    test_settle(t);
}

static void forget(struct test_schedules *t, const char *name)
{
    schedules_forget_rule(t->schedules, BYTES("default"), bytes_of_text(name));
    test_settle(t);
}

static void test_what_a_rule_may_have(void **state)
{
    (void)state;
    assert_true(schedules_rule_is_valid(BYTES("rate(1 minute)")));
    assert_true(schedules_rule_is_valid(BYTES("cron(0 10 * * ? *)")));
    assert_false(schedules_rule_is_valid(BYTES("rate(1 minutes)")));
    assert_false(schedules_rule_is_valid(BYTES("at(2026-07-25T17:30:00)")));
}

static void test_a_rate_waits_once(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS);
    set(&t, "b", "cron(25 17 * * ? *)", TEST_NOW_MS);
    assert_int_equal(t.due_count, 0);
    test_advance(&t, 12 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 5, 5, 10);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS); /* something else of it has changed */
    test_advance(&t, 3 * MINUTE_MS);
    DUE_MINUTES(&t, 3, 15);
    test_schedules_close(&t);
}

static void test_changed_and_gone(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS);
    test_advance(&t, 6 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 5);
    set(&t, "a", "rate(2 minutes)", TEST_NOW_MS + 6 * MINUTE_MS);
    test_advance(&t, 4 * MINUTE_MS);
    DUE_MINUTES(&t, 1, 8, 10);
    forget(&t, "a");
    test_advance(&t, HOUR_MS);
    assert_int_equal(t.due_count, 3);
    /* enabled again: it counts from then */
    set(&t, "a", "rate(2 minutes)", TEST_NOW_MS + 70 * MINUTE_MS);
    test_advance(&t, 2 * MINUTE_MS);
    DUE_MINUTES(&t, 3, 72);
    forget(&t, "a");
    forget(&t, "a");
    /* what is none is forgotten */
    set(&t, "a", "rate(2 minutes)", TEST_NOW_MS + 70 * MINUTE_MS);
    set(&t, "a", "no schedule", TEST_NOW_MS + 70 * MINUTE_MS);
    test_advance(&t, HOUR_MS);
    assert_int_equal(t.due_count, 4);
    test_schedules_close(&t);
}

static void test_the_bus_has_it_no_more(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    t.refuse_rules = true;
    set(&t, "a", "rate(1 minute)", TEST_NOW_MS);
    clock_advance(t.clock, 10 * MINUTE_MS); /* ends at once, ten times: no recursion */
    timers_run(t.timers);
    test_settle(&t);
    assert_int_equal(t.due_count, 0);
    test_schedules_close(&t);
}

static bool has_record(struct test_schedules *t, const char *name)
{
    struct store_value value = {0};
    enum status st =
        store_get(t->store, NULL, STORE_CATALOGUE,
                  schedule_rule_key(t->arena, BYTES("default"), bytes_of_text(name)), &value);

    store_value_release(&value);
    return st == OK;
}

static void test_over_a_restart(void **state)
{
    struct test_schedules t = {.arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS)};
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    t.folder = folder;
    test_schedules_attach(&t);
    schedules_start(t.schedules);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS);
    set(&t, "gone", "rate(5 minutes)", TEST_NOW_MS);
    test_advance(&t, 5 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 5, 5);
    assert_true(has_record(&t, "a") && has_record(&t, "gone"));

    /* at the same moment: nothing is due a second time */
    test_restart(&t, 0);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS);
    schedules_start(t.schedules);
    test_settle(&t);
    assert_int_equal(t.due_count, 2);
    assert_false(has_record(&t, "gone")); /* nobody set it */

    /* 23 minutes later: one for all that were missed, at the first of their times */
    test_restart(&t, 23 * MINUTE_MS);
    set(&t, "a", "rate(5 minutes)", TEST_NOW_MS);
    assert_int_equal(t.due_count, 2);
    schedules_start(t.schedules);
    test_settle(&t);
    DUE_MINUTES(&t, 2, 10);
    test_advance(&t, 2 * MINUTE_MS);
    DUE_MINUTES(&t, 3, 30);

    /* given the expression anew: what was due before says nothing */
    test_restart(&t, HOUR_MS);
    set(&t, "a", "rate(5 minutes)", clock_now_ms(t.clock));
    schedules_start(t.schedules);
    test_settle(&t);
    assert_int_equal(t.due_count, 4);
    test_schedules_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_rule_may_have), cmocka_unit_test(test_a_rate_waits_once),
        cmocka_unit_test(test_changed_and_gone),     cmocka_unit_test(test_the_bus_has_it_no_more),
        cmocka_unit_test(test_over_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
