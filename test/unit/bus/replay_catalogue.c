/* bus/replay_catalogue.c: replays are there again, and what is no replay is told. */
#include "bus/archive_test.h"

static void test_there_again(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);
    struct bytes rule = BYTES("arn:aws:events:us-east-1:000000000000:rule/r");
    const struct bus_replay *replay = NULL, **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_attach(&test, store);
    test_archives_start(&test);
    test_create_archive(&test, "", "a", "", 0);
    test_put_rule(&test, "", "r", "{\"source\":[\"shop\"]}");
    test_put_numbered(&test, "", 1, TEST_NOW_MS);
    CHANGE_OK(&test, .kind = BUS_START_REPLAY, .name = BYTES("b"), .description = BYTES("words"),
              .archive_name = BYTES("a"), .from_ms = 5, .to_ms = TEST_NOW_MS + 1,
              .rule_arns = &rule, .rule_arn_count = 1);
    test_start_replay(&test, "a", "", "a", 0, 1);
    test_archives_settle(&test);
    test_bus_detach(&test);

    test_bus_attach(&test, store);
    replay = bus_find_replay(test.bus, BYTES("b"));
    assert_non_null(replay);
    assert_int_equal(replay->state, BUS_REPLAY_COMPLETED);
    assert_true(bytes_equal_text(replay->description, "words"));
    assert_true(bytes_equal_text(replay->archive_name, "a"));
    assert_true(bytes_equal_text(replay->bus_name, "default"));
    assert_int_equal(replay->rule_arn_count, 1);
    assert_true(bytes_equal(replay->rule_arns[0], rule));
    assert_int_equal(replay->from_ms, 5);
    assert_int_equal(replay->to_ms, TEST_NOW_MS + 1);
    assert_int_equal(replay->started_ms, TEST_NOW_MS);
    assert_int_equal(replay->ended_ms, TEST_NOW_MS);
    assert_true(replay->has_last);
    assert_int_equal(replay->last_ms, TEST_NOW_MS);
    assert_false(bus_find_replay(test.bus, BYTES("a"))->has_last);
    bus_list_replays(test.bus, BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 2);
    assert_true(bytes_equal_text(list[0]->name, "a"));
    bus_list_replays(test.bus, BYTES("b"), test.arena, &list, &count);
    assert_int_equal(count, 1);
    assert_true(bytes_equal_text(bus_replay_arn(test.bus, test.arena, list[0]->name),
                                 "arn:aws:events:us-east-1:000000000000:replay/b"));
    test_bus_close(&test);
}

static void test_damaged(void **state)
{
    static const struct {
        const char *stored, *cursor;
        enum status status;
    } damaged[] = {
        {"[]", "1234567812345678", CORRUPT},
        {"{\"format\":1}", "1234567812345678", CORRUPT},
        {"{\"format\":1,\"name\":\"r\",\"bus\":\"default\",\"state\":\"DANCING\"}",
         "1234567812345678", CORRUPT},
        {"{\"format\":1,\"name\":\"r\",\"bus\":\"default\",\"state\":\"STARTING\"}", "123",
         CORRUPT},
        {"{\"format\":2}", "1234567812345678", NEWER_FORMAT},
    };
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(damaged); i++) {
        struct store *store = test_open(NULL);
        struct clock *clock = clock_new_manual(TEST_NOW_MS);
        struct bus_door door = {0};
        struct test_loop loop;
        struct bus *bus = NULL;

        test_loop_open(&loop, store);
        assert_int_equal(test_put(&loop, STORE_CATALOGUE, "replay/r", damaged[i].stored), OK);
        assert_int_equal(test_put(&loop, STORE_CURSORS, "replay/r", damaged[i].cursor), OK);
        assert_int_equal(bus_open(store, loop.port, clock, &place, &door, &bus), damaged[i].status);
        test_loop_close(&loop);
        clock_free(clock);
        store_close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_again),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
