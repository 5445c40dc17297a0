/* test/unit/queues/redrive.c - dead letters. */
#include "queues/queues_test.h"

static struct test_queues t;

#define REDRIVE(name, receives)                                                                    \
    "RedrivePolicy",                                                                               \
        "{\"deadLetterTargetArn\":\"" TEST_ARN name "\",\"maxReceiveCount\":" receives "}"

/* Received twice, the third receive moves it: it keeps its id, its time, how often it was received.
 */
static void standard(void **state)
{
    struct queue_message sent;
    const struct queue_received *received = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "dead", NULL), OK);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "1", REDRIVE("dead", "2"))),
                     OK);
    sent = test_send_text(&t, "q", "one");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(test_receive_bodies(&t, "q", 10), "one");
        test_advance(&t, 1000);
    }
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_check(&t, "q");
    test_check(&t, "dead");
    received = test_received(test_receive(&t, "dead", 10), 0);
    assert_string_equal(received->message.message_id, sent.message_id);
    assert_int_equal(received->message.sent_ms, TEST_NOW_MS);
    assert_int_equal(received->receive_count, 3);
    assert_int_equal(received->first_received_ms, TEST_NOW_MS);
    assert_true(bytes_equal_text(received->message.source_arn, TEST_ARN "q"));
    test_queues_close(&t);
}

/* The dead-letter queue's retention counts from when it was sent, not from when it died. */
static void retention_counts_on(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "dead", PAIRS("MessageRetentionPeriod", "60")), OK);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "50", REDRIVE("dead", "1"))),
                     OK);
    test_send_text(&t, "q", "one");
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one");
    test_advance(&t, 50000);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_expect_figures(&t, "dead", 1, 0, 0);
    test_advance(&t, 9999);
    test_expect_figures(&t, "dead", 1, 0, 0);
    test_advance(&t, 1);
    test_expect_figures(&t, "dead", 0, 0, 0);
    test_queues_close(&t);
}

/* The group goes on behind the one that died, and the dead letters keep their group. */
static void fifo(void **state)
{
    const struct queue_received *received = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "dead.fifo", PAIRS("FifoQueue", "true")), OK);
    assert_int_equal(test_create(&t, "q.fifo",
                                 PAIRS("FifoQueue", "true", "VisibilityTimeout", "1",
                                       REDRIVE("dead.fifo", "1"))),
                     OK);
    test_send_fifo(&t, "q.fifo", "g", "one", NULL);
    test_send_fifo(&t, "q.fifo", "g", "two", NULL);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 1), "one");
    test_advance(&t, 1000);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 1), "two");
    test_check(&t, "q.fifo");
    test_check(&t, "dead.fifo");
    received = test_received(test_receive(&t, "dead.fifo", 10), 0);
    assert_true(bytes_equal_text(received->message.body, "one"));
    assert_true(bytes_equal_text(received->message.group_id, "g"));
    assert_int_equal(received->message.sent_ms, TEST_NOW_MS + 1000); /* there it is new */
    test_queues_close(&t);
}

/* Without its dead-letter queue a message is received on and on. */
static void a_queue_that_is_gone(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "dead", NULL), OK);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "1", REDRIVE("dead", "1"))),
                     OK);
    test_send_text(&t, "q", "one");
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "dead"), OK);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(test_receive_bodies(&t, "q", 10), "one");
        test_advance(&t, 1000);
    }
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard),
        cmocka_unit_test(retention_counts_on),
        cmocka_unit_test(fifo),
        cmocka_unit_test(a_queue_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
