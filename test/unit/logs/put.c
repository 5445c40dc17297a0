/* logs/put.c: what a batch must be at each limit; the door for other folders; works of one group.
 */
#include "logs/logs_test.h"

static struct test_logs t;

static int set_up(void **state)
{
    (void)state;
    test_logs_open(&t);
    test_create(&t, "g");
    assert_int_equal(test_stream(&t, false, "g", "s"), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_check(&t);
    test_logs_close(&t);
    return 0;
}

static struct bytes message_of_size(size_t size)
{
    uint8_t *message = arena_alloc(t.arena, size);

    memset(message, 'x', size);
    return bytes_of(message, size);
}

static enum status put_one(size_t size)
{
    struct log_input event = {TEST_NOW_MS, message_of_size(size)};

    return test_put_events(&t, "g", "s", &event, 1);
}

static void test_sizes(void **state)
{
    struct log_input two[2] = {{TEST_NOW_MS, message_of_size(LOG_BATCH_SIZE_MAX / 2 - 26)},
                               {TEST_NOW_MS, message_of_size(LOG_BATCH_SIZE_MAX / 2 - 26)}};

    (void)state;
    assert_int_equal(put_one(LOG_EVENT_SIZE_MAX - LOG_EVENT_OVERHEAD), OK);
    assert_int_equal(put_one(LOG_EVENT_SIZE_MAX - LOG_EVENT_OVERHEAD + 1), REFUSED);
    assert_int_equal(test_put_events(&t, "g", "s", two, 2), OK);
    two[1].message = message_of_size(LOG_BATCH_SIZE_MAX / 2 - 25);
    assert_int_equal(test_put_events(&t, "g", "s", two, 2), REFUSED);
}

/* The largest batch is read again, in pages of a megabyte. */
static void test_most_events(void **state)
{
    static struct log_input events[LOG_BATCH_COUNT_MAX];
    struct log_read read = {.group = logs_find(t.logs, BYTES("g")),
                            .stream_name = BYTES("s"),
                            .end_ms = UINT64_MAX,
                            .from_head = true,
                            .limit = LOG_PAGE_COUNT_MAX,
                            .arena = t.arena};

    (void)state;
    for (size_t i = 0; i < LOG_BATCH_COUNT_MAX; i++)
        events[i] = (struct log_input){TEST_NOW_MS + i / 100, BYTES("x")};
    assert_int_equal(test_put_events(&t, "g", "s", events, LOG_BATCH_COUNT_MAX), OK);
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, LOG_BATCH_COUNT_MAX);
    read.token = read.forward_token;
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, 0);
}

static void test_page_size(void **state)
{
    struct log_read read = {.group = logs_find(t.logs, BYTES("g")),
                            .stream_name = BYTES("s"),
                            .end_ms = UINT64_MAX,
                            .limit = LOG_PAGE_COUNT_MAX,
                            .arena = t.arena};
    size_t pages = 0, seen = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(put_one(400 * 1024), OK);
    do {
        assert_int_equal(logs_read(t.logs, &read), OK);
        assert_true(read.count <= 2);
        seen += read.count;
        read.token = read.backward_token;
        pages++;
    } while (read.count > 0);
    assert_int_equal(seen, 5);
    assert_int_equal(pages, 4);
}

/* A search that finds little answers after it has looked at so much. */
static void test_long_search(void **state)
{
    struct log_search search = {.group = logs_find(t.logs, BYTES("g")),
                                .end_ms = UINT64_MAX,
                                .limit = LOG_PAGE_COUNT_MAX,
                                .arena = t.arena};
    size_t pages = 0, seen = 0;

    (void)state;
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(put_one(1000 * 1024), OK);
    test_put_text(&t, "g", "s", TEST_NOW_MS, "needle");
    assert_int_equal(log_filter_parse(t.arena, BYTES("needle"), &search.filter, &t.error), OK);
    do {
        assert_int_equal(logs_search(t.logs, &search), OK);
        seen += search.count;
        search.token = search.next_token;
        pages++;
    } while (search.token.size > 0);
    assert_int_equal(seen, 1);
    assert_int_equal(pages, 3);
}

/* ---- the door ---- */

static void test_door(void **state)
{
    uint64_t now = TEST_NOW_MS;

    (void)state;
    assert_int_equal(test_write(&t, TEST_ARN "g", "made", now, BYTES("a")), OK);
    assert_int_equal(test_write(&t, TEST_ARN "g:*", "made", now + 1, BYTES("b")), OK);
    assert_int_equal(test_write(&t, "g", "s", now + 2, BYTES("c")), OK);
    assert_string_equal(test_messages(&t, "g"), "a|b|c");
    assert_int_equal(test_write(&t, TEST_ARN "none", "s", now, BYTES("x")), NOT_FOUND);
    assert_int_equal(
        test_write(&t, "arn:aws:logs:eu-west-1:000000000000:log-group:g", "s", now, BYTES("x")),
        NOT_FOUND);
    assert_int_equal(test_write(&t, "g", "s", now, BYTES("")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "s", now, BYTES("\xFF")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "a:b", now, BYTES("x")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "", now, BYTES("x")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "s", now - LOG_PAST_MS - 1, BYTES("x")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "s", now + LOG_FUTURE_MS + 1, BYTES("x")), MALFORMED);
    assert_int_equal(test_write(&t, "g", "s", now - LOG_PAST_MS, BYTES("first")), OK);
    assert_int_equal(test_write(&t, "g", "s", now + LOG_FUTURE_MS, BYTES("last")), OK);
    assert_int_equal(
        test_write(&t, "g", "s", now, message_of_size(LOG_EVENT_SIZE_MAX - LOG_EVENT_OVERHEAD + 1)),
        TOO_LARGE);
    assert_string_equal(test_messages(&t, "g"), "first|a|b|c|last");
}

/* ---- works of one group see each other ---- */

static void test_one_group(void **state)
{
    struct test_hold hold;
    struct test_letter letters[3] = {
        {.work = {.body = test_letter_body},
         .t = &t,
         .letter = {BYTES("g"), BYTES("new"), {TEST_NOW_MS, BYTES("1")}}},
        {.work = {.body = test_letter_body},
         .t = &t,
         .letter = {BYTES("g"), BYTES("new"), {TEST_NOW_MS, BYTES("2")}}},
        {.work = {.body = test_letter_body},
         .t = &t,
         .letter = {BYTES("g"), BYTES("new"), {TEST_NOW_MS, BYTES("3")}}},
    };
    struct test_stream_change change = {.change = {.deletes = true,
                                                   .group_name = BYTES("g"),
                                                   .stream_name = BYTES("new"),
                                                   .done = test_stream_done}};

    (void)state;
    test_hold_writer(&t.loop, &hold);
    for (size_t i = 0; i < 2; i++) {
        letters[i].work.context = &letters[i];
        test_submit(&t.loop, &letters[i].work);
    }
    logs_change_stream(t.logs, &change.change);
    letters[2].work.context = &letters[2];
    test_submit(&t.loop, &letters[2].work);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    while (!letters[2].work.done || !change.done)
        test_loop_turn(&t.loop);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(letters[i].status, OK);
    assert_int_equal(change.status, OK);
    test_settle(&t);
    assert_string_equal(test_messages(&t, "g"), "3");
}

/* A group is deleted in the batch in which an event comes: the event goes with it. */
static void test_deleted_meanwhile(void **state)
{
    struct test_hold hold;
    struct log_input event = {TEST_NOW_MS, BYTES("x")};
    struct test_change change = {.change = {.kind = LOG_DELETE_GROUP,
                                            .name = BYTES("g"),
                                            .arena = test_call_arena(&t),
                                            .done = test_change_done}};
    struct test_put before = {.put = {.group_name = BYTES("g"),
                                      .stream_name = BYTES("s"),
                                      .events = &event,
                                      .count = 1,
                                      .done = test_put_done}};
    struct test_put after = before;
    uint64_t id = logs_find(t.logs, BYTES("g"))->id;

    (void)state;
    test_hold_writer(&t.loop, &hold);
    logs_put(t.logs, &before.put);
    logs_change(t.logs, &change.change);
    logs_put(t.logs, &after.put);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    while (!before.done || !after.done || !change.done)
        test_loop_turn(&t.loop);
    assert_int_equal(before.status, OK);
    assert_int_equal(change.status, OK);
    assert_int_equal(after.status, REFUSED);
    assert_string_equal(after.put.error.message, "The specified log group does not exist.");
    assert_int_equal(test_count(&t, id, LOG_KEY_EVENT), 0);
    assert_int_equal(test_count(&t, id, LOG_KEY_FIGURES), 0);
    assert_int_equal(test_count(&t, id, LOG_KEY_STREAM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_most_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_page_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_search, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deleted_meanwhile, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
