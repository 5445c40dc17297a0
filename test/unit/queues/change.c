/* test/unit/queues/change.c - queues are made, set, tagged, purged and deleted. */
#include "queues/queues_test.h"

static struct test_queues t;

static void creating_twice(void **state)
{
    uint64_t id = 0;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("DelaySeconds", "5")), OK);
    id = test_view(&t, "q")->id;
    assert_int_equal(test_create(&t, "q", NULL), OK); /* says nothing else */
    assert_int_equal(test_create(&t, "q", PAIRS("DelaySeconds", "5")), OK);
    assert_int_equal(test_view(&t, "q")->id, id);
    assert_int_equal(test_create(&t, "q", PAIRS("DelaySeconds", "6")), REFUSED);
    assert_int_equal(t.error.kind, API_QUEUE_NAME_EXISTS);
    test_queues_close(&t);
}

static void names(void **state)
{
    static const struct {
        const char *name;
        bool fifo, good;
    } cases[] = {
        {"a-Z_9", false, true},
        {"", false, false},
        {"a.b", false, false},
        {"a.fifo", false, false},
        {"a", true, false},
        {".fifo", true, false},
        {"a.fifo", true, true},
        {"a.b.fifo", true, false},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", false,
         true},
        {"123456789012345678901234567890123456789012345678901234567890123456789012345678901", false,
         false},
    };

    (void)state;
    test_queues_open(&t);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(
            test_create(&t, cases[i].name, cases[i].fifo ? PAIRS("FifoQueue", "true") : NULL),
            cases[i].good ? OK : REFUSED);
    test_queues_close(&t);
}

/* A wrong attribute among right ones: nothing is set. */
static void setting(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    clock_advance(t.clock, 5000);
    assert_int_equal(test_set(&t, "q", PAIRS("DelaySeconds", "7", "VisibilityTimeout", "x")),
                     REFUSED);
    assert_int_equal(test_view(&t, "q")->settings.delay_s, 0);
    assert_int_equal(test_set(&t, "q", PAIRS("DelaySeconds", "7")), OK);
    assert_int_equal(test_view(&t, "q")->settings.delay_s, 7);
    assert_int_equal(test_view(&t, "q")->modified_ms, TEST_NOW_MS + 5000);
    assert_int_equal(test_view(&t, "q")->created_ms, TEST_NOW_MS);
    assert_int_equal(test_set(&t, "other", PAIRS("DelaySeconds", "7")), REFUSED);
    test_queues_reopen(&t);
    assert_int_equal(test_view(&t, "q")->settings.delay_s, 7);
    test_queues_close(&t);
}

static enum status tag(enum queue_change_kind kind, struct queue_pair *tags, size_t count)
{
    return test_change(&t, &(struct queue_change){
                               .kind = kind, .name = BYTES("q"), .tags = tags, .tag_count = count});
}

static void tags(void **state)
{
    struct queue_pair some[] = {{BYTES("b"), BYTES("2")}, {BYTES("a"), BYTES("1")}};
    struct queue_pair again[] = {{BYTES("b"), BYTES("3")}};
    const struct queue_view *view = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_int_equal(tag(QUEUE_TAG, some, 2), OK);
    assert_int_equal(tag(QUEUE_TAG, again, 1), OK);
    view = test_view(&t, "q");
    assert_int_equal(view->tag_count, 2); /* by name */
    assert_true(bytes_equal_text(view->tags[0].name, "a"));
    assert_true(bytes_equal_text(view->tags[1].value, "3"));
    assert_int_equal(tag(QUEUE_UNTAG, some, 1), OK);
    assert_int_equal(test_view(&t, "q")->tag_count, 1);
    test_queues_close(&t);
}

/* Its messages go with it, and its name is free after a minute. */
static void deleting(void **state)
{
    uint64_t id = 0;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    id = test_view(&t, "q")->id;
    test_send_text(&t, "q", "one");
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "q"), OK);
    assert_null(queues_find(t.queues, BYTES("q")));
    assert_int_equal(test_count_keys(&t, id, KEY_MESSAGE), 0);
    assert_int_equal(test_create(&t, "q", NULL), REFUSED);
    assert_int_equal(t.error.kind, API_QUEUE_DELETED_RECENTLY);
    clock_advance(t.clock, QUEUE_DELETED_RECENTLY_S * 1000 - 1);
    assert_int_equal(test_create(&t, "q", NULL), REFUSED);
    clock_advance(t.clock, 1);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_true(test_view(&t, "q")->id != id);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_queues_close(&t);
}

static void purging(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    test_send_text(&t, "q", "one");
    test_send_text(&t, "q", "two");
    assert_string_equal(test_receive_bodies(&t, "q", 1), "one");
    assert_int_equal(test_do_queue(&t, QUEUE_PURGE, "q"), OK);
    test_expect_figures(&t, "q", 0, 0, 0);
    test_check(&t, "q");
    assert_int_equal(test_do_queue(&t, QUEUE_PURGE, "q"), REFUSED);
    assert_int_equal(t.error.kind, API_PURGE_QUEUE_IN_PROGRESS);
    test_send_text(&t, "q", "three");
    assert_string_equal(test_receive_bodies(&t, "q", 10), "three");
    clock_advance(t.clock, QUEUE_PURGE_INTERVAL_S * 1000);
    assert_int_equal(test_do_queue(&t, QUEUE_PURGE, "q"), OK);
    test_queues_close(&t);
}

/* A FIFO queue that was purged still knows the ids of five minutes. */
static void purging_keeps_deduplication(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    test_send_fifo(&t, "q.fifo", "g", "one", "id");
    assert_int_equal(test_do_queue(&t, QUEUE_PURGE, "q.fifo"), OK);
    test_send_fifo(&t, "q.fifo", "g", "one", "id");
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 10), "");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating_twice),
        cmocka_unit_test(names),
        cmocka_unit_test(setting),
        cmocka_unit_test(tags),
        cmocka_unit_test(deleting),
        cmocka_unit_test(purging),
        cmocka_unit_test(purging_keeps_deduplication),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
