/* logs/append.c: lines of those who have many. */
#include "logs/logs_test.h"

static struct test_logs t;
static uint64_t durable;
static size_t told, closed;

static void note_durable(void *context, uint64_t number)
{
    (void)context;
    assert_true(number >= durable);
    durable = number;
    told++;
}

static void note_closed(void *context)
{
    (void)context;
    closed++;
}

static int set_up(void **state)
{
    (void)state;
    durable = told = closed = 0;
    test_logs_open(&t);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_check(&t);
    test_logs_close(&t);
    return 0;
}

static struct log_appender *open_appender(const char *group, const char *stream)
{
    return log_appender_open(t.logs,
                             &(struct log_appender_options){.group_name = bytes_of_text(group),
                                                            .stream_name = bytes_of_text(stream),
                                                            .durable = note_durable,
                                                            .closed = note_closed});
}

static void close_appender(struct log_appender *appender)
{
    log_appender_close(appender);
    test_settle(&t);
    assert_int_equal(closed, 1);
}

/* Group and stream are made on the way. */
static void test_lines(void **state)
{
    struct log_appender *appender = open_appender("/aws/lambda/f", "2026/01/31/[$LATEST]1");

    (void)state;
    assert_null(logs_find(t.logs, BYTES("/aws/lambda/f")));
    assert_false(logs_busy(t.logs));
    assert_int_equal(log_append(appender, TEST_NOW_MS, BYTES("a")), 1);
    assert_int_equal(log_append(appender, TEST_NOW_MS, BYTES("b")), 2);
    assert_true(logs_busy(t.logs));
    test_settle(&t);
    assert_int_equal(durable, 2);
    assert_int_equal(log_appender_durable(appender), 2);
    assert_string_equal(test_messages(&t, "/aws/lambda/f"), "a|b");
    assert_int_equal(log_append(appender, TEST_NOW_MS + 1, BYTES("c")), 3);
    close_appender(appender); /* what waits is written */
    assert_int_equal(durable, 3);
    assert_string_equal(test_messages(&t, "/aws/lambda/f"), "a|b|c");
}

/* Lines gather while a work is with the writer: thousands of them are a few batches. */
static void test_gathering(void **state)
{
    struct log_appender *appender = open_appender("g", "s");
    struct store_figures before, after;
    struct test_hold hold;

    (void)state;
    log_append(appender, TEST_NOW_MS, BYTES("first"));
    test_settle(&t);
    store_figures(t.store, &before);
    test_hold_writer(&t.loop, &hold);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(log_append(appender, TEST_NOW_MS + i, BYTES("a line of a function")),
                         i + 2);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    test_settle(&t);
    store_figures(t.store, &after);
    assert_int_equal(durable, 5001);
    assert_true(after.works - before.works <= 9);
    assert_true(told <= 8);
    close_appender(appender);
}

/* Lines that may wait for others do, until their time is over, somebody hurries, or no more come.
 */
static void test_waiting(void **state)
{
    struct log_appender *appender =
        log_appender_open(t.logs, &(struct log_appender_options){.group_name = BYTES("g"),
                                                                 .stream_name = BYTES("s"),
                                                                 .gather_ms = 25,
                                                                 .durable = note_durable,
                                                                 .closed = note_closed});

    (void)state;
    log_append(appender, TEST_NOW_MS, BYTES("a"));
    clock_advance(t.clock, 24);
    assert_int_equal(timers_run(t.timers), 0);
    assert_int_equal(t.logs->works, 0);
    assert_true(logs_busy(t.logs)); /* a drain has to wait */
    log_append(appender, TEST_NOW_MS, BYTES("b"));
    test_advance(&t, 1);
    assert_int_equal(durable, 2);
    assert_int_equal(told, 1);
    log_append(appender, TEST_NOW_MS, BYTES("c"));
    assert_int_equal(t.logs->works, 0);
    logs_hurry(t.logs);
    test_settle(&t);
    assert_int_equal(durable, 3);
    log_append(appender, TEST_NOW_MS, BYTES("d"));
    close_appender(appender);
    assert_int_equal(durable, 4);
    assert_string_equal(test_messages(&t, "g"), "a|b|c|d");
}

static void test_too_many(void **state)
{
    struct log_appender *appender = open_appender("g", "s");
    struct test_hold hold;
    uint8_t *line = arena_alloc(t.arena, 1024 * 1024);
    uint64_t last = 0, number = 0;

    (void)state;
    memset(line, 'x', 1024 * 1024);
    log_append(appender, TEST_NOW_MS, BYTES("first"));
    test_settle(&t);
    test_hold_writer(&t.loop, &hold);
    while ((number = log_append(appender, TEST_NOW_MS, bytes_of(line, 1000 * 1000))) != 0)
        last = number;
    assert_in_range(last, 17, 18); /* the first is with the writer, sixteen megabytes wait */
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    test_settle(&t);
    assert_int_equal(durable, last);
    assert_int_equal(log_append(appender, TEST_NOW_MS, BYTES("again")), last + 1);
    close_appender(appender);
    assert_int_equal(durable, last + 1);
}

/* What is no UTF-8, empty, or larger than an event. */
static void test_odd_lines(void **state)
{
    struct log_appender *appender = open_appender("g", "s");
    size_t size = 2 * LOG_EVENT_SIZE_MAX;
    uint8_t *line = arena_alloc(t.arena, size);
    struct log_figures figures;

    (void)state;
    log_append(appender, TEST_NOW_MS, BYTES("a\xFF\xC3\xA9\xC3"));
    log_append(appender, TEST_NOW_MS + 1, BYTES(""));
    test_settle(&t);
    assert_string_equal(test_messages(&t, "g"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD| ");
    for (size_t i = 0; i + 1 < size; i += 2) { /* two bytes each: pieces end between them */
        line[i] = 0xC3;
        line[i + 1] = 0xA9;
    }
    assert_int_equal(log_append(appender, TEST_NOW_MS + 2, bytes_of(line, size)), 3);
    test_settle(&t);
    assert_int_equal(durable, 3);
    assert_int_equal(logs_figures(t.logs, logs_find(t.logs, BYTES("g")), &figures), OK);
    assert_int_equal(figures.events, 5);
    close_appender(appender);
}

/* The group is deleted under the appender: it makes it again. */
static void test_group_deleted(void **state)
{
    struct log_appender *appender = open_appender("g", "s");
    struct test_change change = {.change = {.kind = LOG_DELETE_GROUP,
                                            .name = BYTES("g"),
                                            .arena = test_call_arena(&t),
                                            .done = test_change_done}};
    struct test_hold hold;

    (void)state;
    log_append(appender, TEST_NOW_MS, BYTES("old"));
    test_settle(&t);
    test_hold_writer(&t.loop, &hold);
    logs_change(t.logs, &change.change);
    log_append(appender, TEST_NOW_MS, BYTES("new"));
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    test_settle(&t);
    assert_int_equal(change.status, OK);
    assert_int_equal(durable, 2);
    assert_string_equal(test_messages(&t, "g"), "new");
    close_appender(appender);
}

/* Two appenders of one stream, and one that is closed before it has written anything. */
static void test_several(void **state)
{
    struct log_appender *a = open_appender("g", "s"), *b = open_appender("g", "s");
    struct log_appender *idle = open_appender("g", "t");

    (void)state;
    log_append(a, TEST_NOW_MS, BYTES("1"));
    log_append(b, TEST_NOW_MS + 1, BYTES("2"));
    log_append(a, TEST_NOW_MS + 2, BYTES("3"));
    log_appender_close(a);
    log_appender_close(idle);
    assert_int_equal(closed, 1);
    log_appender_close(b);
    test_settle(&t);
    assert_int_equal(closed, 3);
    assert_string_equal(test_messages(&t, "g"), "1|2|3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gathering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
