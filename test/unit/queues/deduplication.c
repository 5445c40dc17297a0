/* test/unit/queues/deduplication.c - ids that are remembered for five minutes. */
#include "queues/queues_test.h"

#define MINUTES_5_MS ((uint64_t)QUEUE_DEDUPLICATION_S * 1000)

static struct test_queues t;

static void five_minutes(void **state)
{
    struct queue_message first, second;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    first = test_send_fifo(&t, "q.fifo", "g", "one", "id");
    clock_advance(t.clock, MINUTES_5_MS - 1);
    second = test_send_fifo(&t, "q.fifo", "other", "two", "id"); /* in the whole queue */
    assert_string_equal(second.message_id, first.message_id);
    assert_int_equal(second.position, first.position);
    clock_advance(t.clock, 1);
    second = test_send_fifo(&t, "q.fifo", "g", "three", "id");
    assert_string_not_equal(second.message_id, first.message_id);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 10), "one three");
    test_check(&t, "q.fifo");
    test_queues_close(&t);
}

static void in_the_group(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(
        test_create(&t, "q.fifo", PAIRS("FifoQueue", "true", "DeduplicationScope", "messageGroup")),
        OK);
    test_send_fifo(&t, "q.fifo", "a", "one", "id");
    test_send_fifo(&t, "q.fifo", "b", "two", "id");
    test_send_fifo(&t, "q.fifo", "a", "three", "id");
    test_expect_figures(&t, "q.fifo", 2, 0, 0);
    test_queues_close(&t);
}

static void by_content(void **state)
{
    struct queue_message message = {.body = BYTES("same"), .group_id = BYTES("g")};
    struct queue_message again = message;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(
        test_create(&t, "q.fifo", PAIRS("FifoQueue", "true", "ContentBasedDeduplication", "true")),
        OK);
    assert_int_equal(test_send_message(&t, "q.fifo", &message, -1), OK);
    assert_int_equal(test_send_message(&t, "q.fifo", &again, -1), OK);
    assert_string_equal(again.message_id, message.message_id);
    test_expect_figures(&t, "q.fifo", 1, 0, 0);
    test_queues_close(&t);
}

/* Also one that was received and deleted since, and after a start anew. */
static void of_what_is_gone(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    test_send_fifo(&t, "q.fifo", "g", "one", "id");
    test = test_receive(&t, "q.fifo", 1);
    assert_int_equal(test_delete(&t, "q.fifo", test_received(test, 0)->receipt_handle), OK);
    test_queues_reopen(&t);
    test_send_fifo(&t, "q.fifo", "g", "one", "id");
    test_expect_figures(&t, "q.fifo", 0, 0, 0);
    test_queues_close(&t);
}

/* New ids pay for old ones: what is remembered does not grow for ever. */
static void old_ones_die_out(void **state)
{
    uint64_t id = 0;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    id = test_view(&t, "q.fifo")->id;
    for (int i = 0; i < 40; i++)
        test_send_fifo(&t, "q.fifo", "g", "x", NULL);
    assert_int_equal(test_count_keys(&t, id, KEY_DEDUPLICATION), 40);
    clock_advance(t.clock, MINUTES_5_MS);
    for (int i = 0; i < 20; i++)
        test_send_fifo(&t, "q.fifo", "g", "x", NULL);
    assert_int_equal(test_count_keys(&t, id, KEY_DEDUPLICATION), 20);
    assert_int_equal(test_count_keys(&t, id, KEY_DEDUPLICATION_TIME), 20);
    test_queues_close(&t);
}

static struct test_receive *receive_attempt(const char *attempt)
{
    struct test_receive *test = ARENA_NEW(t.arena, struct test_receive);

    test->receive = (struct queue_receive){.queue_name = BYTES("q.fifo"),
                                           .maximum = 10,
                                           .visibility_s = 10,
                                           .attempt_id = bytes_of_text(attempt),
                                           .arena = test_call_arena(&t),
                                           .done = test_receive_done};
    queues_receive(t.queues, &test->receive);
    return test_receive_end(&t, test);
}

/* A receive whose answer was lost is asked for again. */
static void attempts(void **state)
{
    struct test_receive *first = NULL, *again = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    test_send_fifo(&t, "q.fifo", "g", "one", NULL);
    test_send_fifo(&t, "q.fifo", "g", "two", NULL);
    first = receive_attempt("a");
    assert_string_equal(test_bodies(&t, first), "one two");
    again = receive_attempt("a");
    assert_string_equal(test_bodies(&t, again), "one two");
    assert_true(bytes_equal(test_received(first, 0)->receipt_handle,
                            test_received(again, 0)->receipt_handle));
    assert_string_equal(test_bodies(&t, receive_attempt("b")), ""); /* the group is in flight */
    /* what was done to one of its messages ends it */
    assert_int_equal(test_delete(&t, "q.fifo", test_received(again, 0)->receipt_handle), OK);
    assert_string_equal(test_bodies(&t, receive_attempt("a")), "");
    test_check(&t, "q.fifo");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_minutes),     cmocka_unit_test(in_the_group),
        cmocka_unit_test(by_content),       cmocka_unit_test(of_what_is_gone),
        cmocka_unit_test(old_ones_die_out), cmocka_unit_test(attempts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
