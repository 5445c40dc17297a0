/* bus/replay_change.c: what StartReplay and CancelReplay refuse, in AWS's words. */
#include "bus/archive_test.h"

#define ARN "arn:aws:events:us-east-1:000000000000:rule/"

#define START .kind = BUS_START_REPLAY, .archive_name = BYTES("a"), .from_ms = 1, .to_ms = 2

static void test_refused(void **state)
{
    struct test_bus test;
    struct bytes rules[] = {BYTES(ARN "r"), BYTES(ARN "x")};

    (void)state;
    test_archives_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    test_create_archive(&test, "", "a", "", 0);
    test_put_rule(&test, "", "r", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "b", "x", "{\"source\":[\"shop\"]}");
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus y does not exist.", START,
                   .name = BYTES("n"), .bus_name = BYTES("y"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter EventSourceArn is not valid. Reason: Archive z does not exist.",
                   .kind = BUS_START_REPLAY, .archive_name = BYTES("z"), .name = BYTES("n"),
                   .to_ms = 1);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not "
                   "permitted.",
                   START, .name = BYTES("n"), .bus_name = BYTES("b"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
                   "EventEndTime.",
                   .kind = BUS_START_REPLAY, .archive_name = BYTES("a"), .name = BYTES("n"),
                   .from_ms = 2, .to_ms = 2);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter Destination.FilterArns is not valid. Reason: Rule x does not exist "
                   "on EventBus default.",
                   START, .name = BYTES("n"), .rule_arns = rules, .rule_arn_count = 2);
    CHANGE_OK(&test, START, .name = BYTES("n"), .rule_arns = rules, .rule_arn_count = 1);
    test_archives_settle(&test);
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Replay n already exists.", START,
                   .name = BYTES("n"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Replay m does not exist.",
                   .kind = BUS_CANCEL_REPLAY, .name = BYTES("m"));
    CHANGE_REFUSED(&test, API_ILLEGAL_STATUS,
                   "Replay n is not in a valid state for this operation.",
                   .kind = BUS_CANCEL_REPLAY, .name = BYTES("n"));
    test_bus_close(&test);
}

/* Ten at a time; those that ended do not count. */
static void test_the_limit(void **state)
{
    struct test_bus test;
    char name[] = "0";

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    test.crowded = true; /* none of them ends */
    for (size_t i = 0; i < BUS_REPLAYS_ACTIVE_MAX; i++, name[0]++)
        CHANGE_OK(&test, START,
                  .name = bytes_of_text(arena_copy_text(test.arena, bytes_of_text(name))));
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.", START,
                   .name = BYTES("more"));
    test.crowded = false;
    bus_look(test.bus);
    test_archives_settle(&test);
    CHANGE_OK(&test, START, .name = BYTES("more"));
    test_archives_settle(&test);
    test_bus_close(&test);
}

/* A replay that cannot be cancelled because the end is on its way. */
static void test_cancel_at_the_end(void **state)
{
    struct test_bus test;
    struct test_hold hold;
    struct test_change start = {.change = {START, .name = BYTES("n")}},
                       cancel = {.change = {.kind = BUS_CANCEL_REPLAY, .name = BYTES("n")}};

    (void)state;
    test_archives_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    test_change_begin(&test, &start);
    test_change_finish(&test, &start); /* nothing to replay: the end is with the writer */
    test_hold_writer(&test.loop, &hold);
    test_change_begin(&test, &cancel);
    assert_int_equal(test_release_writer(&test.loop, &hold), OK);
    test_change_finish(&test, &cancel);
    assert_int_equal(cancel.status, REFUSED);
    test_archives_settle(&test);
    assert_int_equal(test_replay_state(&test, "n"), BUS_REPLAY_COMPLETED);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_the_limit),
        cmocka_unit_test(test_cancel_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
