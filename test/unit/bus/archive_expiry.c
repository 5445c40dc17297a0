/* bus/archive_expiry.c: what is too old goes, and figures follow. */
#include "bus/archive_test.h"

static void test_events_go_by_their_time(void **state)
{
    struct test_bus test;

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "day", "", 1);
    test_create_archive(&test, "", "ever", "", 0);
    test_put_numbered(&test, "", 1, TEST_NOW_MS);
    test_put_numbered(&test, "", 2, TEST_NOW_MS - DAY_MS / 2);
    test_put_numbered(&test, "", 3, 0);
    EXPECT_ARCHIVED(&test, "day", 3);
    test_archives_advance(&test, DAY_MS / 2 - 1);
    EXPECT_ARCHIVED(&test, "day", 3);
    test_archives_advance(&test, 60000); /* on the next whole minute */
    EXPECT_ARCHIVED(&test, "day", 2);
    test_archives_advance(&test, DAY_MS / 2);
    EXPECT_ARCHIVED(&test, "day", 0);
    assert_int_equal(test_archive_figures(&test, "day").size, 0);
    EXPECT_ARCHIVED(&test, "ever", 3);
    assert_int_equal(test_all_archived(&test).count, 3);
    test_archives_advance(&test, 400 * DAY_MS);
    EXPECT_ARCHIVED(&test, "ever", 3);
    test_bus_close(&test);
}

/* What is put with a time that is too old is there for a minute at most. */
static void test_an_event_that_is_too_old_already(void **state)
{
    struct test_bus test;

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "day", "", 1);
    test_put_numbered(&test, "", 1, 0);
    test_put_numbered(&test, "", 2, 1000);
    test_archives_settle(&test);
    EXPECT_ARCHIVED(&test, "day", 1);
    test_bus_close(&test);
}

/* More than one step deletes, in several archives, with puts between the steps. */
static void test_many_steps(void **state)
{
    struct test_bus test;
    struct bus_entry entries[300];

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 1);
    test_create_archive(&test, "", "b", "", 2);
    for (size_t i = 0; i < ARRAY_COUNT(entries); i++)
        entries[i] = test_entry("", "{\"n\":7}");
    for (size_t i = 0; i < 10; i++)
        test_put_events(&test, entries, ARRAY_COUNT(entries));
    EXPECT_ARCHIVED(&test, "a", 3000);
    clock_advance(test.clock, DAY_MS + 60000);
    timers_run(test.timers);
    assert_true(bus_busy(test.bus));
    test_put_events(&test, entries, 5);
    test_archives_settle(&test);
    EXPECT_ARCHIVED(&test, "a", 5);
    EXPECT_ARCHIVED(&test, "b", 3005);
    test_archives_advance(&test, 3 * DAY_MS);
    assert_int_equal(test_all_archived(&test).count, 0);
    test_bus_close(&test);
}

static void test_another_retention(void **state)
{
    struct test_bus test;

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    test_put_numbered(&test, "", 1, 0);
    test_archives_advance(&test, 2 * DAY_MS);
    test_put_numbered(&test, "", 2, 0);
    CHANGE_OK(&test, .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("a"), .retention_days = 1,
              .has_retention = true);
    test_archives_settle(&test);
    EXPECT_ARCHIVED(&test, "a", 1);
    CHANGE_OK(&test, .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("a"), .has_retention = true);
    test_archives_advance(&test, 100 * DAY_MS);
    EXPECT_ARCHIVED(&test, "a", 1);
    test_bus_close(&test);
}

/* The archive goes while its step is on its way. */
static void test_deleted_meanwhile(void **state)
{
    struct test_bus test;
    struct test_hold hold;
    struct test_change delete = {.change = {.kind = BUS_DELETE_ARCHIVE, .name = BYTES("a")}};

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 1);
    test_create_archive(&test, "", "b", "", 1);
    for (size_t n = 0; n < 5; n++)
        test_put_numbered(&test, "", n, 0);
    clock_advance(test.clock, DAY_MS + 60000);
    test_hold_writer(&test.loop, &hold);
    test_change_begin(&test, &delete);
    timers_run(test.timers);
    assert_int_equal(test_release_writer(&test.loop, &hold), OK);
    test_change_finish(&test, &delete);
    test_archives_settle(&test);
    EXPECT_ARCHIVED(&test, "b", 0);
    assert_int_equal(test_all_archived(&test).count, 0);
    test_bus_close(&test);
}

/* Stopped in the middle: the next start deletes the rest. */
static void test_it_goes_on_after_a_start(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);
    struct bus_entry entries[2500];

    (void)state;
    test_bus_attach(&test, store);
    test_archives_start(&test);
    test_create_archive(&test, "", "a", "", 1);
    for (size_t i = 0; i < ARRAY_COUNT(entries); i++)
        entries[i] = test_entry("", "{}");
    test_put_events(&test, entries, ARRAY_COUNT(entries));
    clock_advance(test.clock, DAY_MS + 60000);
    timers_run(test.timers);
    test_bus_detach(&test); /* ends with the step that is under way */

    test_bus_attach_at(&test, store, TEST_NOW_MS + DAY_MS + 60000);
    EXPECT_ARCHIVED(&test, "a", 1500);
    test_archives_start(&test);
    test_archives_settle(&test);
    EXPECT_ARCHIVED(&test, "a", 0);
    assert_int_equal(test_all_archived(&test).count, 0);
    test_bus_close(&test);
}

static void test_replays_that_ended_go(void **state)
{
    struct test_bus test;

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    test_start_replay(&test, "r", "", "a", 0, 1);
    test_archives_settle(&test);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_COMPLETED);
    test_archives_advance(&test, 90 * DAY_MS - 60000);
    assert_non_null(bus_find_replay(test.bus, BYTES("r")));
    test_archives_advance(&test, 120000);
    assert_null(bus_find_replay(test.bus, BYTES("r")));
    test_expect(test.loop.store, NULL, STORE_CATALOGUE, "replay/r", NULL);
    test_start_replay(&test, "r", "", "a", 0, 1);
    test_archives_settle(&test);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_go_by_their_time),
        cmocka_unit_test(test_an_event_that_is_too_old_already),
        cmocka_unit_test(test_many_steps),
        cmocka_unit_test(test_another_retention),
        cmocka_unit_test(test_deleted_meanwhile),
        cmocka_unit_test(test_it_goes_on_after_a_start),
        cmocka_unit_test(test_replays_that_ended_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
