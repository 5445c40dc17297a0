/* test/unit/queues/advance.c - what time alone does: more at once than one work does, and what
 * became due while nobody looked. */
#include "queues/queues_test.h"

static struct test_queues t;

static void retention(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(
        test_create(&t, "q", PAIRS("MessageRetentionPeriod", "60", "VisibilityTimeout", "3600")),
        OK);
    test_send_text(&t, "q", "in flight");
    assert_string_equal(test_receive_bodies(&t, "q", 1), "in flight");
    test_send_text(&t, "q", "ready");
    test_advance(&t, 30000);
    test_send_text(&t, "q", "later");
    test_advance(&t, 29999);
    test_expect_figures(&t, "q", 2, 1, 0);
    test_advance(&t, 1);
    test_expect_figures(&t, "q", 1, 0, 0);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "later");
    test_check(&t, "q");
    test_queues_close(&t);
}

/* RUN_STEP_COUNT_MAX in one work; the next one goes on. */
static void many_at_once(void **state)
{
    const size_t count = RUN_STEP_COUNT_MAX + 20;
    struct queue_entry entries[QUEUE_BATCH_MAX];

    (void)state;
    test_queues_open(&t);
    assert_int_equal(
        test_create(&t, "q", PAIRS("DelaySeconds", "5", "MessageRetentionPeriod", "60")), OK);
    for (size_t i = 0; i < count; i += QUEUE_BATCH_MAX) {
        for (size_t j = 0; j < QUEUE_BATCH_MAX; j++)
            entries[j] = (struct queue_entry){.message = {.body = BYTES("x")}, .delay_s = -1};
        assert_int_equal(test_send_entries(&t, "q", entries, QUEUE_BATCH_MAX), OK);
    }
    test_expect_figures(&t, "q", 0, 0, count);
    test_advance(&t, 5000);
    test_expect_figures(&t, "q", count, 0, 0);
    test_check(&t, "q");
    test_advance(&t, 55000);
    test_expect_figures(&t, "q", 0, 0, 0);
    test_check(&t, "q");
    test_queues_close(&t);
}

static void while_nobody_looked(void **state)
{
    struct queue_message delayed = {.body = BYTES("delayed")};

    (void)state;
    test_queues_open(&t);
    assert_int_equal(
        test_create(&t, "q", PAIRS("MessageRetentionPeriod", "60", "VisibilityTimeout", "70")), OK);
    test_send_text(&t, "q", "old");
    clock_advance(t.clock, 20000);
    assert_int_equal(test_send_message(&t, "q", &delayed, 10), OK);
    clock_advance(t.clock, 40000);
    test_queues_reopen(&t);
    test_settle(&t);
    test_expect_figures(&t, "q", 1, 0, 0);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "delayed");
    test_queues_close(&t);
}

/* The delay of a FIFO queue is of the queue, and follows it when it is set anew. */
static void fifo_delay(void **state)
{
    struct test_receive *waiting = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true", "DelaySeconds", "10")),
                     OK);
    test_send_fifo(&t, "q.fifo", "g", "one", NULL);
    waiting = test_receive_begin(&t, "q.fifo", 1, -1, 20);
    test_advance(&t, 9999);
    assert_false(waiting->done);
    test_advance(&t, 1);
    assert_string_equal(test_bodies(&t, waiting), "one");
    test_send_fifo(&t, "q.fifo", "h", "two", NULL);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 1), "");
    assert_int_equal(test_set(&t, "q.fifo", PAIRS("DelaySeconds", "0")), OK);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 1), "two");
    test_check(&t, "q.fifo");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retention),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(while_nobody_looked),
        cmocka_unit_test(fifo_delay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
