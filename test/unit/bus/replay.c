/* bus/replay.c: a window's events once more, for the rules that were chosen; each exactly once,
 * whatever stops it. */
#include "bus/archive_test.h"

/* An archive "all" of the default bus and a rule "rule" for all of it; events 0.. one a second. */
static void open_with_events(struct test_bus *test, size_t count)
{
    test_archives_open(test);
    test_create_archive(test, "", "all", "", 0);
    for (size_t n = 0; n < count; n++)
        test_put_numbered(test, "", n, TEST_NOW_MS + 1000 * n);
    test_put_rule(test, "", "rule", "{\"source\":[\"shop\"]}");
}

static void test_a_window(void **state)
{
    struct test_bus test;
    const struct bus_replay *replay = NULL;

    (void)state;
    open_with_events(&test, 10);
    test_start_replay(&test, "r", "", "all", TEST_NOW_MS + 2000, TEST_NOW_MS + 5000);
    test_archives_settle(&test);
    assert_string_equal(test_replayed(&test, "r"), "2 3 4");
    replay = bus_find_replay(test.bus, BYTES("r"));
    assert_int_equal(replay->state, BUS_REPLAY_COMPLETED);
    assert_true(replay->has_last);
    assert_int_equal(replay->last_ms, TEST_NOW_MS + 4000);
    assert_int_equal(replay->started_ms, TEST_NOW_MS);
    assert_int_equal(replay->ended_ms, TEST_NOW_MS);
    EXPECT_ARCHIVED(&test, "all", 10); /* not archived again */
    test_expect(test.loop.store, NULL, STORE_CURSORS, "replay/r", NULL);
    test_bus_close(&test);
}

static void test_an_empty_window(void **state)
{
    struct test_bus test;

    (void)state;
    open_with_events(&test, 3);
    test_start_replay(&test, "r", "", "all", 0, 5);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 0);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_COMPLETED);
    assert_false(bus_find_replay(test.bus, BYTES("r"))->has_last);
    test_bus_close(&test);
}

/* As the event was put, but for a new id and the replay's name before the resources. */
static void test_the_event(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{ \"n\": 1.50, \"s\": \",\\\"resources\\\":\" }");
    const char *text = NULL, *id = NULL;

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "all", "", 0);
    test_put_rule(&test, "", "rule", "{\"source\":[{\"prefix\":\"sh\"}]}");
    entry.source = BYTES("sh,\"resources\":");
    entry.resources = BYTES("[\"x\"]");
    entry.time_ms = 1000;
    test_put_events(&test, &entry, 1);
    test_start_replay(&test, "r.1", "", "all", 0, TEST_NOW_MS);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 2);
    text = arena_copy_text(test.arena, test.deliveries[1].payload);
    id = strstr(text, "\"id\":\"") + 6;
    assert_memory_not_equal(id, entry.event_id, 36);
    assert_memory_equal(id, test.deliveries[1].event_id.ptr, 36);
    assert_string_equal(id + 36,
                        "\",\"detail-type\":\"order\",\"source\":\"sh,\\\"resources\\\":\","
                        "\"account\":\"000000000000\",\"time\":\"1970-01-01T00:00:01.000Z\","
                        "\"region\":\"us-east-1\",\"replay-name\":\"r.1\",\"resources\":[\"x\"],"
                        "\"detail\":{\"n\":1.50,\"s\":\",\\\"resources\\\":\"}}");
    test_bus_close(&test);
}

/* Other buses may put events whose members stand in any order. */
static void test_an_event_of_another_bus(void **state)
{
    static const char *const events[][2] = {
        {"{\"detail\":{\"n\":1},\"source\":\"s\",\"detail-type\":\"t\"}",
         "\"replay-name\":\"r\",\"detail\":{\"n\":1},\"source\":\"s\",\"detail-type\":\"t\"}"},
        {"{\"version\":\"0\",\"id\":\"5c7a0c1e-6f6e-4b4e-8d1c-2f6a0a7d0c11\",\"detail-type\":\"t\","
         "\"source\":\"s\",\"detail\":{\"n\":1,\"resources\":2}}",
         "\"version\":\"0\",\"detail-type\":\"t\",\"source\":\"s\",\"replay-name\":\"r\","
         "\"detail\":{\"n\":1,\"resources\":2}}"},
        {"{\"id\":\"x\",\"source\":\"s\",\"detail-type\":\"t\",\"resources\":[],\"detail\":{},"
         "\"more\":5}",
         "\"source\":\"s\",\"detail-type\":\"t\",\"replay-name\":\"r\",\"resources\":[],"
         "\"detail\":{},\"more\":5}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        struct test_bus test;
        struct bus_target target;
        struct bus_entry entry = test_entry("", "{}");

        test_archives_open(&test);
        CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
        test_create_archive(&test, "b", "all", "", 0);
        test_put_rule(&test, "b", "rule", "{\"source\":[\"s\"]}");
        target = test_target(&test, "1", "unused");
        target.arn = BYTES("arn:aws:events:us-east-1:000000000000:event-bus/b");
        target.input = bytes_of_text(events[i][0]);
        CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("forward"),
                  .pattern = BYTES("{\"source\":[\"shop\"]}"), .enabled = true);
        CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("forward"), .targets = &target,
                  .target_count = 1);
        test_put_events(&test, &entry, 1);
        EXPECT_ARCHIVED(&test, "all", 1);
        test_forget_deliveries(&test);
        test_start_replay(&test, "r", "b", "all", 0, FAR_MS);
        test_archives_settle(&test);
        assert_int_equal(test.delivery_count, 1);
        const char *text = arena_copy_text(test.arena, test.deliveries[0].payload);

        assert_memory_equal(text, "{\"id\":\"", 7);
        assert_string_equal(text + 7 + 36 + 2, events[i][1]);
        test_bus_close(&test);
    }
}

/* Rules see replay-name; only those that were chosen are asked. */
static void test_rules(void **state)
{
    struct test_bus test;
    struct bytes chosen[] = {BYTES("arn:aws:events:us-east-1:000000000000:rule/some"),
                             BYTES("arn:aws:events:us-east-1:000000000000:rule/live")};

    (void)state;
    open_with_events(&test, 3);
    test_put_rule(&test, "", "some", "{\"detail\":{\"n\":[1]}}");
    test_put_rule(&test, "", "live", "{\"replay-name\":[{\"exists\":false}]}");
    test_put_rule(&test, "", "again", "{\"replay-name\":[\"one\"]}");
    CHANGE_OK(&test, .kind = BUS_START_REPLAY, .name = BYTES("one"), .archive_name = BYTES("all"),
              .to_ms = FAR_MS, .rule_arns = chosen, .rule_arn_count = 2);
    test_archives_settle(&test);
    assert_string_equal(test_replayed(&test, "one"), "1");
    test_forget_deliveries(&test);
    test_start_replay(&test, "two", "", "all", 0, FAR_MS);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 4); /* rule: 3, some: 1 */
    test_bus_close(&test);
}

static struct test_bus *open_with_pages(struct test_bus *test, struct store *store, size_t count)
{
    test_bus_attach(test, store);
    test_archives_start(test);
    test_create_archive(test, "", "all", "", 0);
    for (size_t n = 0; n < count; n++)
        test_put_numbered(test, "", n, TEST_NOW_MS);
    test_put_rule(test, "", "rule", "{\"source\":[\"shop\"]}");
    return test;
}

static void expect_in_order(struct test_bus *test, const char *name, size_t first, size_t count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1 << 20);

    for (size_t n = first; n < first + count; n++)
        buffer_printf(&out, "%s%zu", n > first ? " " : "", n);
    assert_string_equal(test_replayed(test, name),
                        arena_copy_text(test->arena, buffer_bytes(&out)));
}

/* Events of one millisecond over page after page. */
static void test_pages(void **state)
{
    struct test_bus test;
    size_t count = 2 * BUS_REPLAY_PAGE_MAX + 1;

    (void)state;
    open_with_pages(&test, test_open(NULL), count);
    test_start_replay(&test, "r", "", "all", TEST_NOW_MS, TEST_NOW_MS + 1);
    test_archives_settle(&test);
    expect_in_order(&test, "r", 0, count);
    test_bus_close(&test);
}

/* Stopped while a page is on its way, again and again: nothing twice, nothing left out. */
static void test_it_goes_on_after_a_start(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);
    size_t count = 4 * BUS_REPLAY_PAGE_MAX, done = 0, starts = 0;

    (void)state;
    open_with_pages(&test, store, count);
    test_start_replay(&test, "r", "", "all", 0, FAR_MS);
    while (test_replay_state(&test, "r") != BUS_REPLAY_COMPLETED) {
        assert_true(bus_busy(test.bus));
        assert_false(bus_stop(test.bus)); /* a page is with the store */
        while (!bus_stop(test.bus))
            test_loop_turn(&test.loop);
        assert_false(bus_busy(test.bus));
        expect_in_order(&test, "r", done, test.delivery_count);
        done += test.delivery_count;
        test_bus_detach(&test);
        starts++;

        test_bus_attach(&test, store);
        test_archives_start(&test);
    }
    assert_int_equal(done, count);
    assert_true(starts >= count / BUS_REPLAY_PAGE_MAX);
    test_bus_close(&test);
}

static void test_cancel(void **state)
{
    struct test_bus test;
    size_t count = 3 * BUS_REPLAY_PAGE_MAX;

    (void)state;
    open_with_pages(&test, test_open(NULL), count);
    test_start_replay(&test, "r", "", "all", 0, FAR_MS);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_RUNNING);
    CHANGE_OK(&test, .kind = BUS_CANCEL_REPLAY, .name = BYTES("r"));
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_CANCELLING);
    CHANGE_REFUSED(&test, API_ILLEGAL_STATUS,
                   "Replay r is not in a valid state for this operation.",
                   .kind = BUS_CANCEL_REPLAY, .name = BYTES("r"));
    test_archives_settle(&test);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_CANCELLED);
    assert_true(test.delivery_count > 0 && test.delivery_count < count);
    assert_true(test.delivery_count % BUS_REPLAY_PAGE_MAX == 0);
    expect_in_order(&test, "r", 0, test.delivery_count);
    test_expect(test.loop.store, NULL, STORE_CURSORS, "replay/r", NULL);
    test_bus_close(&test);
}

/* Stopped between CANCELLING and CANCELLED. */
static void test_cancel_and_stop(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);
    struct test_change cancel = {.change = {.kind = BUS_CANCEL_REPLAY, .name = BYTES("r")}};

    (void)state;
    open_with_pages(&test, store, 3 * BUS_REPLAY_PAGE_MAX);
    test_start_replay(&test, "r", "", "all", 0, FAR_MS);
    test_change_begin(&test, &cancel);
    while (!bus_stop(test.bus))
        test_loop_turn(&test.loop);
    assert_true(cancel.done);
    test_bus_detach(&test);

    test_bus_attach(&test, store);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_CANCELLING);
    test_archives_start(&test);
    test_archives_settle(&test);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_CANCELLED);
    assert_int_equal(test.delivery_count, 0);
    test_bus_close(&test);
}

static void test_the_archive_goes(void **state)
{
    struct test_bus test;
    const struct bus_replay *replay = NULL;

    (void)state;
    open_with_pages(&test, test_open(NULL), 5 * BUS_REPLAY_PAGE_MAX);
    test.crowded = true; /* so that it is not over before the archive goes */
    test_start_replay(&test, "r", "", "all", 0, FAR_MS);
    CHANGE_OK(&test, .kind = BUS_DELETE_ARCHIVE, .name = BYTES("all"));
    test_create_archive(&test, "", "all", "", 0); /* another one of that name */
    test.crowded = false;
    bus_look(test.bus);
    test_archives_settle(&test);
    replay = bus_find_replay(test.bus, BYTES("r"));
    assert_int_equal(replay->state, BUS_REPLAY_FAILED);
    assert_true(bytes_equal_text(replay->reason, "Archive all does not exist."));
    test_bus_close(&test);
}

/* A replay waits for targets that have much to do, but not for ever. */
static void test_crowded_targets(void **state)
{
    struct test_bus test;
    size_t count = 3 * BUS_REPLAY_PAGE_MAX;

    (void)state;
    open_with_pages(&test, test_open(NULL), count);
    test.crowded = true;
    test_start_replay(&test, "r", "", "all", 0, TEST_NOW_MS + 1);
    bus_look(test.bus);
    assert_int_equal(test.delivery_count, 0);
    assert_int_equal(test_replay_state(&test, "r"), BUS_REPLAY_STARTING);
    assert_true(bus_busy(test.bus));
    clock_advance(test.clock, 1000);
    timers_run(test.timers);
    while (test.delivery_count == 0)
        test_loop_turn(&test.loop);
    assert_int_equal(test.delivery_count, BUS_REPLAY_PAGE_MAX);
    test_put_numbered(&test, "", 7, 0); /* live events go between */
    assert_int_equal(test.delivery_count, BUS_REPLAY_PAGE_MAX + 1);
    test_forget_deliveries(&test);
    test.crowded = false;
    bus_look(test.bus);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, count - BUS_REPLAY_PAGE_MAX);
    test_bus_close(&test);
}

/* What is too old is not replayed, even before it is deleted. */
static void test_retention(void **state)
{
    struct test_bus test;

    (void)state;
    test_archives_open(&test);
    test_put_rule(&test, "", "rule", "{\"source\":[\"shop\"]}");
    test_create_archive(&test, "", "day", "", 1);
    test_put_numbered(&test, "", 0, TEST_NOW_MS - DAY_MS + 10);
    test_put_numbered(&test, "", 1, TEST_NOW_MS - DAY_MS + 11);
    test_forget_deliveries(&test);
    clock_advance(test.clock, 10);
    EXPECT_ARCHIVED(&test, "day", 2);
    test_start_replay(&test, "r", "", "day", 0, FAR_MS);
    test_archives_settle(&test);
    assert_string_equal(test_replayed(&test, "r"), "1");
    test_bus_close(&test);
}

/* Live puts while ten replays run: each put is answered, and all of it arrives. */
static void test_live_events_beside_replays(void **state)
{
    struct test_bus test;
    size_t count = 5 * BUS_REPLAY_PAGE_MAX, live = 0;

    (void)state;
    open_with_pages(&test, test_open(NULL), count);
    for (size_t i = 0; i < BUS_REPLAYS_ACTIVE_MAX; i++)
        test_start_replay(&test, arena_copy_text(test.arena, arena_printf(test.arena, "r%zu", i)),
                          "", "all", 0, TEST_NOW_MS + 1);
    for (; bus_busy(test.bus); live++) {
        struct bus_entry entry = test_entry("", "{\"n\":1}");
        struct test_put put = {0};

        entry.time_ms = TEST_NOW_MS + 1;
        test_put_begin(&test, &put, &entry, 1);
        while (!put.done)
            test_loop_turn(&test.loop);
        assert_int_equal(put.status, OK);
    }
    assert_true(live > 0);
    assert_int_equal(test.delivery_count, BUS_REPLAYS_ACTIVE_MAX * count + live);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_window),
        cmocka_unit_test(test_an_empty_window),
        cmocka_unit_test(test_the_event),
        cmocka_unit_test(test_an_event_of_another_bus),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_it_goes_on_after_a_start),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_and_stop),
        cmocka_unit_test(test_the_archive_goes),
        cmocka_unit_test(test_crowded_targets),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_live_events_beside_replays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
