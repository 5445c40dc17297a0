/* logs/read.c: searches by prefix, whether few streams have it or many; tokens of other places. */
#include "logs/logs_test.h"

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
    test_check(&t);
    test_logs_close(&t);
    return 0;
}

static void write_numbered(const char *prefix, size_t number)
{
    char name[32], message[32];

    snprintf(name, sizeof name, "%s%zu", prefix, number);
    snprintf(message, sizeof message, "%zu", number);
    assert_int_equal(test_write(&t, "g", name, TEST_NOW_MS + number, bytes_of_text(message)), OK);
}

/* Pages of what the prefix finds; all in order, each once. */
static void expect_prefix(const char *prefix, size_t limit, size_t wanted)
{
    struct log_search search = {.group = logs_find(t.logs, BYTES("g")),
                                .stream_prefix = bytes_of_text(prefix),
                                .end_ms = UINT64_MAX,
                                .limit = limit,
                                .arena = t.arena};
    uint64_t last_ms = 0;
    size_t seen = 0;

    do {
        assert_int_equal(logs_search(t.logs, &search), OK);
        for (size_t i = 0; i < search.count; i++) {
            assert_true(bytes_start_with(search.events[i].stream_name, bytes_of_text(prefix)));
            assert_true(search.events[i].timestamp_ms > last_ms);
            last_ms = search.events[i].timestamp_ms;
        }
        seen += search.count;
        search.token = search.next_token;
    } while (search.token.size > 0);
    assert_int_equal(seen, wanted);
}

/* Up to LOG_MERGE_MAX streams are walked side by side; of more, the group is walked. */
static void test_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOG_MERGE_MAX; i++) {
        write_numbered("few/", 2 * i);
        write_numbered("other/", 2 * i + 1);
    }
    expect_prefix("few/", 7, LOG_MERGE_MAX);
    write_numbered("few/", 2 * LOG_MERGE_MAX);
    expect_prefix("few/", 7, LOG_MERGE_MAX + 1);
    expect_prefix("few/19", 1000, 5); /* 190, 192, ... 198 */
    expect_prefix("none", 7, 0);
    expect_prefix("", 1000, 2 * LOG_MERGE_MAX + 1);
}

/* A stream that is deleted while a search is under way has no events on the next page. */
static void test_deleted_between_pages(void **state)
{
    struct log_search search = {
        .group = logs_find(t.logs, BYTES("g")), .end_ms = UINT64_MAX, .limit = 1, .arena = t.arena};

    (void)state;
    test_write(&t, "g", "a", TEST_NOW_MS, BYTES("1"));
    test_write(&t, "g", "b", TEST_NOW_MS + 1, BYTES("2"));
    test_write(&t, "g", "a", TEST_NOW_MS + 2, BYTES("3"));
    assert_int_equal(logs_search(t.logs, &search), OK);
    assert_int_equal(search.count, 1);
    search.token = search.next_token;
    assert_int_equal(test_stream(&t, true, "g", "b"), OK);
    assert_int_equal(logs_search(t.logs, &search), OK);
    assert_int_equal(search.count, 1);
    assert_true(bytes_equal_text(search.events[0].message, "3"));
    assert_int_equal(search.next_token.size, 0);
    test_settle(&t);
}

static void test_tokens(void **state)
{
    static const char *const wrong[] = {
        "x",
        "f//s",
        "g/00000178500000000000000000000000000000000000000000000003/s",
        "f/00000178500000000000000000000000000000000000000000000003",
        "f/0000017850000000000000000000000000000000000000000000000a/s",
        "f/99999999999999999999999999999999999999999999999999999999/s",
    };
    struct log_read read = {.group = logs_find(t.logs, BYTES("g")),
                            .stream_name = BYTES("s"),
                            .end_ms = UINT64_MAX,
                            .limit = 10,
                            .arena = t.arena};

    (void)state;
    test_write(&t, "g", "s", TEST_NOW_MS, BYTES("1"));
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        read.token = bytes_of_text(wrong[i]);
        assert_int_equal(logs_read(t.logs, &read), REFUSED);
        assert_string_equal(read.error.message, "The specified nextToken is invalid.");
    }
}

/* From either end of an empty stream both tokens lead to what comes later. */
static void test_empty_stream(void **state)
{
    struct log_read read = {.group = logs_find(t.logs, BYTES("g")),
                            .stream_name = BYTES("s"),
                            .end_ms = UINT64_MAX,
                            .from_head = true,
                            .limit = 10,
                            .arena = t.arena};

    (void)state;
    assert_int_equal(test_stream(&t, false, "g", "s"), OK);
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, 0);
    read.token = read.forward_token;
    test_put_text(&t, "g", "s", TEST_NOW_MS, "later");
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, 1);
    read.token = read.backward_token;
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, 0);
    read.token = read.forward_token; /* of the page before the first event */
    assert_int_equal(logs_read(t.logs, &read), OK);
    assert_int_equal(read.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prefix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deleted_between_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tokens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_stream, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
