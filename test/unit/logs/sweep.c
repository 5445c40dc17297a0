/* logs/sweep.c: what is deleted step by step, in the middle of which the process may end. */
#include "logs/logs_test.h"

#define MANY (3 * LOG_STEP_COUNT_MAX + 10)

static struct test_logs t;

static int set_up(void **state)
{
    (void)state;
    test_logs_open(&t);
    test_create(&t, "g");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_settle(&t);
    test_check(&t);
    test_logs_close(&t);
    return 0;
}

static void put_many(const char *stream, uint64_t timestamp_ms)
{
    static struct log_input events[MANY];

    for (size_t i = 0; i < MANY; i++)
        events[i] = (struct log_input){timestamp_ms, BYTES("x")};
    if (test_stream(&t, false, "g", stream) != OK)
        assert_int_equal(t.error.kind, API_RESOURCE_ALREADY_EXISTS);
    assert_int_equal(test_put_events(&t, "g", stream, events, MANY), OK);
}

static size_t count_events(void)
{
    return test_count(&t, logs_find(t.logs, BYTES("g"))->id, LOG_KEY_EVENT);
}

static size_t count_doomed(void)
{
    return test_count(&t, 0, LOG_KEY_DOOMED);
}

static void test_stream_in_steps(void **state)
{
    (void)state;
    put_many("a", TEST_NOW_MS);
    put_many("b", TEST_NOW_MS);
    assert_int_equal(test_stream(&t, true, "g", "a"), OK);
    assert_true(logs_busy(t.logs));
    assert_true(count_events() > MANY); /* not in one go */
    assert_int_equal(count_doomed(), 1);
    test_settle(&t);
    assert_int_equal(count_events(), MANY);
    assert_int_equal(count_doomed(), 0);
}

/* The next start goes on, whatever has become of the stream's name. */
static void test_stream_and_restart(void **state)
{
    (void)state;
    put_many("a", TEST_NOW_MS);
    assert_int_equal(test_stream(&t, true, "g", "a"), OK);
    test_logs_reopen(&t);
    assert_true(count_events() > 0);
    assert_int_equal(test_stream(&t, false, "g", "a"), OK);
    test_put_text(&t, "g", "a", TEST_NOW_MS, "new");
    assert_string_equal(test_messages(&t, "g"), "new");
    test_settle(&t);
    assert_int_equal(count_events(), 1);
    assert_int_equal(count_doomed(), 0);
    assert_string_equal(test_messages(&t, "g"), "new");
}

/* The group goes while its stream is being deleted. */
static void test_group_of_doomed(void **state)
{
    (void)state;
    put_many("a", TEST_NOW_MS);
    assert_int_equal(test_stream(&t, true, "g", "a"), OK);
    assert_int_equal(test_change(&t, LOG_DELETE_GROUP, "g", 0), OK);
    test_settle(&t);
    assert_int_equal(count_doomed(), 0);
    test_create(&t, "g");
    assert_int_equal(count_events(), 0);
}

static void test_retention(void **state)
{
    (void)state;
    put_many("a", TEST_NOW_MS - 1);
    put_many("a", TEST_NOW_MS);
    assert_int_equal(test_change(&t, LOG_SET_RETENTION, "g", 1), OK);
    test_settle(&t);
    assert_int_equal(count_events(), 2 * MANY);
    clock_advance(t.clock, LOG_DAY_MS - 1);
    assert_int_equal(strlen(test_messages(&t, "g")), 2 * MANY - 1); /* unseen at once ... */
    assert_int_equal(count_events(), 2 * MANY);
    test_advance(&t, 0); /* ... and deleted within the hour, in steps */
    assert_int_equal(count_events(), MANY);
    test_advance(&t, LOG_SWEEP_INTERVAL_MS);
    assert_int_equal(count_events(), 0);
    assert_int_equal(timers_next_ms(t.timers), clock_waited_ms(t.clock) + LOG_SWEEP_INTERVAL_MS);
    assert_int_equal(test_change(&t, LOG_SET_RETENTION, "g", 0), OK);
    assert_int_equal(timers_next_ms(t.timers), UINT64_MAX);
}

static void test_retention_and_restart(void **state)
{
    (void)state;
    put_many("a", TEST_NOW_MS);
    assert_int_equal(test_change(&t, LOG_SET_RETENTION, "g", 3), OK);
    test_settle(&t);
    clock_advance(t.clock, 3 * LOG_DAY_MS);
    test_logs_reopen(&t);
    test_loop_turn(&t.loop); /* a step or so */
    test_logs_reopen(&t);
    assert_string_equal(test_messages(&t, "g"), "");
    test_settle(&t);
    assert_int_equal(count_events(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stream_in_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stream_and_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group_of_doomed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retention, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_retention_and_restart, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
