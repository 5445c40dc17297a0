/* bus/archive.c: what archives take, and that their figures are those of what is there. */
#include "bus/archive_test.h"

#include "bus/internal.h"

static void test_an_archive_takes_what_its_pattern_says(void **state)
{
    struct test_bus test;
    struct bus_archive_figures all, odd;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    test_create_archive(&test, "b", "all", "", 0);
    test_create_archive(&test, "b", "odd", "{\"detail\":{\"n\":[1,3]}}", 0);
    test_create_archive(&test, "", "other", "", 0);
    for (size_t n = 1; n <= 4; n++)
        test_put_numbered(&test, "b", n, TEST_NOW_MS + n);
    EXPECT_ARCHIVED(&test, "all", 4);
    EXPECT_ARCHIVED(&test, "odd", 2);
    EXPECT_ARCHIVED(&test, "other", 0);
    all = test_archive_figures(&test, "all");
    odd = test_archive_figures(&test, "odd");
    assert_int_equal(all.size, 2 * odd.size); /* events of one length */
    assert_int_equal(test_all_archived(&test).count, 6);
    assert_int_equal(test_all_archived(&test).size, all.size + odd.size);
    test_bus_close(&test);
}

/* SQLite's side gets an event once, however many archives took it; one that none took, not at all.
 */
static void test_what_goes_on_to_sqlite(void **state)
{
    struct test_bus test;
    struct bytes none = {NULL, 0}, key, value;
    size_t numbers[8] = {0}, count = 0;

    (void)state;
    test_bus_open(&test);
    test_create_archive(&test, "", "one", "{\"detail\":{\"n\":[1,2]}}", 0);
    test_create_archive(&test, "", "two", "{\"detail\":{\"n\":[2,3]}}", 0);
    for (size_t n = 1; n <= 4; n++)
        test_put_numbered(&test, "", n, 0);
    assert_int_equal(test.archived_count, 3);

    struct store_iter *iter =
        store_iter_new(test.loop.store, NULL, STORE_EVENTS, none, none, false);

    while (store_iter_next(iter, &key, &value))
        numbers[count++] = test_number_of(value);
    store_iter_free(iter);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], i + 1);
    test_bus_close(&test);
}

static void test_replayed_events_are_not_taken(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{\"n\":1}");

    (void)state;
    test_bus_open(&test);
    test_create_archive(&test, "", "all", "", 0);
    test_create_archive(&test, "", "some", "{\"source\":[\"shop\"]}", 0);
    entry.replay_name = BYTES("again");
    test_put_events(&test, &entry, 1);
    EXPECT_ARCHIVED(&test, "all", 0);
    EXPECT_ARCHIVED(&test, "some", 0);
    assert_int_equal(test.archived_count, 0);
    test_bus_close(&test);
}

/* By archive, by time, then in the order in which they were put. */
static void test_the_order_of_keys(void **state)
{
    static const uint64_t values[] = {0, 1, 255, 256, (uint64_t)1 << 40, UINT64_MAX};
    uint8_t last[ARCHIVE_EVENT_KEY_SIZE] = {0}, next[ARCHIVE_EVENT_KEY_SIZE];
    struct archive_event_key key, again;
    size_t n = ARRAY_COUNT(values);

    (void)state;
    for (size_t i = 0; i < n * n * n; i++) {
        key = (struct archive_event_key){values[i / n / n], values[i / n % n], values[i % n]};
        archive_event_key_encode(&key, next);
        if (i > 0)
            assert_true(memcmp(last, next, sizeof last) < 0);
        assert_true(archive_event_key_decode(bytes_of(next, sizeof next), &again));
        assert_memory_equal(&key, &again, sizeof key);
        memcpy(last, next, sizeof last);
    }
    assert_false(archive_event_key_decode(bytes_of(next, 8), &again));
}

static void test_a_deleted_archive_leaves_nothing(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    test_create_archive(&test, "", "b", "", 0);
    test_create_archive(&test, "", "c", "", 0);
    for (size_t n = 0; n < 5; n++)
        test_put_numbered(&test, "", n, 0);
    CHANGE_OK(&test, .kind = BUS_DELETE_ARCHIVE, .name = BYTES("b"));
    assert_null(bus_find_archive(test.bus, BYTES("b")));
    EXPECT_ARCHIVED(&test, "a", 5);
    EXPECT_ARCHIVED(&test, "c", 5);
    assert_int_equal(test_all_archived(&test).count, 10);
    test_create_archive(&test, "", "b", "", 0); /* a new one of that name is empty */
    EXPECT_ARCHIVED(&test, "b", 0);
    test_bus_close(&test);
}

/* The put was planned when the archive was there, and is written when it is not. */
static void test_an_archive_that_goes_meanwhile(void **state)
{
    struct test_bus test;
    struct test_hold hold;
    struct test_change delete = {.change = {.kind = BUS_DELETE_ARCHIVE, .name = BYTES("gone")}};
    struct bus_entry entries[] = {test_entry("", "{\"n\":1}"), test_entry("x", "{\"n\":2}")};
    struct test_put put = {0};

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("x"));
    test_create_archive(&test, "", "gone", "", 0);
    test_create_archive(&test, "x", "here", "", 0);
    test_hold_writer(&test.loop, &hold);
    test_change_begin(&test, &delete);
    test_put_begin(&test, &put, entries, ARRAY_COUNT(entries));
    assert_int_equal(test_release_writer(&test.loop, &hold), OK);
    test_change_finish(&test, &delete);
    while (!put.done)
        test_loop_turn(&test.loop);
    assert_int_equal(put.status, OK);
    assert_int_equal(delete.status, OK);
    assert_int_equal(test_all_archived(&test).count, 1);
    EXPECT_ARCHIVED(&test, "here", 1);
    test_bus_close(&test);
}

/* Figures of a folder that is opened again, with puts that shared a group. */
static void test_figures_are_there_again(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_bus test;
    struct test_hold hold;
    struct test_put puts[50];
    struct bus_entry entries[50];
    struct store *store = NULL;

    (void)state;
    memset(puts, 0, sizeof puts);
    test_folder_make(folder);
    store = test_open(folder);
    test_bus_attach(&test, store);
    test_create_archive(&test, "", "all", "", 0);
    test_hold_writer(&test.loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(puts); i++) {
        entries[i] = test_entry("", "{}");
        test_put_begin(&test, &puts[i], &entries[i], 1);
    }
    assert_int_equal(test_release_writer(&test.loop, &hold), OK);
    for (size_t i = 0; i < ARRAY_COUNT(puts); i++)
        while (!puts[i].done)
            test_loop_turn(&test.loop);
    EXPECT_ARCHIVED(&test, "all", 50);
    test_bus_detach(&test);
    store_close(store);

    store = test_open(folder);
    test_bus_attach(&test, store);
    EXPECT_ARCHIVED(&test, "all", 50);
    assert_int_equal(test_archive_figures(&test, "all").size, test_all_archived(&test).size);
    test_put_events(&test, entries, 1);
    EXPECT_ARCHIVED(&test, "all", 51);
    test_bus_detach(&test);
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_archive_takes_what_its_pattern_says),
        cmocka_unit_test(test_what_goes_on_to_sqlite),
        cmocka_unit_test(test_replayed_events_are_not_taken),
        cmocka_unit_test(test_the_order_of_keys),
        cmocka_unit_test(test_a_deleted_archive_leaves_nothing),
        cmocka_unit_test(test_an_archive_that_goes_meanwhile),
        cmocka_unit_test(test_figures_are_there_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
