/* Sending and receiving: short and long polls, who is woken by what, and when a wait ends. */
#include "queues/queues_test.h"
#include "vault/vault_test.h"

static struct test_queues t;

static void test_send_and_receive(void **state)
{
    const struct queue_received *received = NULL;
    struct queue_message sent;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    sent = test_send_text(&t, "q", "one");
    test_expect_figures(&t, "q", 1, 0, 0);

    struct test_receive *test = test_receive(&t, "q", 10);

    received = test_received(test, 0);
    assert_string_equal(test_bodies(&t, test), "one");
    assert_string_equal(received->message.message_id, sent.message_id);
    assert_int_equal(received->message.sent_ms, TEST_NOW_MS);
    assert_int_equal(received->first_received_ms, TEST_NOW_MS);
    assert_int_equal(received->receive_count, 1);
    assert_true(bytes_equal_text(received->message.sender_id, "000000000000"));
    test_expect_figures(&t, "q", 0, 1, 0);
    test_check(&t, "q");
    assert_string_equal(test_receive_bodies(&t, "q", 10), ""); /* it is in flight */
    assert_int_equal(test_delete(&t, "q", received->receipt_handle), OK);
    test_expect_figures(&t, "q", 0, 0, 0);
    test_check(&t, "q");
    test_queues_close(&t);
}

/* ---- private logs ---- */

#define SECRET "a-plain-name-of-ada"
#define EVENT(payload)                                                                             \
    "{\"detail\":{\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"payload\":" payload "}}"

/* Also where it goes as a dead letter: there it waits until it is received after the forgetting. */
static void test_private_payloads_are_sealed(void **state)
{
    static const char *const redrive[] = {"RedrivePolicy",
                                          "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:"
                                          "000000000000:dead\",\"maxReceiveCount\":1}",
                                          NULL};
    struct vault *vault = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(vault_open(t.store, &vault), OK);
    t.queues->options.vault = vault;
    test_make_private(&t.loop, vault, "users");
    assert_int_equal(test_create(&t, "dead", NULL), OK);
    assert_int_equal(test_create(&t, "q", redrive), OK);
    test_send_text(&t, "q", EVENT("{\"name\":\"" SECRET "\"}"));
    assert_false(test_family_has(t.store, STORE_QUEUES, SECRET));
    assert_string_equal(test_receive_bodies(&t, "q", 10), EVENT("{\"name\":\"" SECRET "\"}"));
    test_advance(&t, 30000);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_expect_figures(&t, "dead", 1, 0, 0);
    assert_false(test_family_has(t.store, STORE_QUEUES, SECRET));
    assert_true(test_forget_stream(&t.loop, "users", "12"));
    assert_string_equal(test_receive_bodies(&t, "dead", 10), EVENT("{},\"forgotten\":true"));
    t.queues->options.vault = NULL;
    vault_close(vault);
    test_queues_close(&t);
}

/* ---- faults that a test asked for ---- */

static void arm(enum fault_kind kind, const char *queue, uint64_t count)
{
    struct api_error error = {0};
    struct fault fault = {.kind = kind, .probability = 1, .count = count};

    fault.where.of[FAULT_QUEUE] = bytes_of_text(queue);
    assert_int_equal(faults_add(t.faults, &fault, 1, &error), OK);
}

/* A message of its own with the same id: deleting one leaves the other, and a copy has no copies.
 */
static void test_a_message_comes_twice(void **state)
{
    char id[ID_UUID_SIZE];

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_int_equal(test_create(&t, "other", NULL), OK);
    test_send_text(&t, "other", "once");
    memcpy(id, test_send_text(&t, "q", "twice").message_id, sizeof id);
    arm(FAULT_DUPLICATE, "q", 0);
    assert_string_equal(test_receive_bodies(&t, "other", 10), "once");
    for (int i = 0; i < 2; i++) {
        struct test_receive *test = test_receive(&t, "q", 10);
        const struct queue_received *received = test_received(test, 0);

        assert_string_equal(test_bodies(&t, test), "twice");
        assert_string_equal(received->message.message_id, id);
        assert_int_equal(received->receive_count, i + 1);
        test_check(&t, "q");
        assert_int_equal(test_delete(&t, "q", received->receipt_handle), OK);
    }
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_expect_figures(&t, "q", 0, 0, 0);
    test_expect_figures(&t, "other", 0, 1, 0);
    test_check(&t, "q");
    test_queues_close(&t);
}

static void test_messages_are_overtaken(void **state)
{
    static const char *const bodies[] = {"a", "b", "c", "d", "e", "f"};

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        test_send_text(&t, "q", bodies[i]);
    arm(FAULT_REORDER, "q", 1);
    assert_string_equal(test_receive_bodies(&t, "q", 1), "b");
    arm(FAULT_REORDER, "q", 2);
    assert_string_equal(test_receive_bodies(&t, "q", 3), "d e f");
    assert_string_equal(test_receive_bodies(&t, "q", 10), "a c");
    test_send_text(&t, "q", "alone"); /* nothing is lost */
    arm(FAULT_REORDER, "q", 0);
    assert_string_equal(test_receive_bodies(&t, "q", 1), "alone");
    test_check(&t, "q");
    test_queues_close(&t);
}

static void test_order_and_maximum(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    for (int i = 0; i < 12; i++) {
        char text[2] = {(char)('a' + i), '\0'};

        test_send_text(&t, "q", arena_copy_text(t.arena, bytes_of_text(text)));
    }
    assert_string_equal(test_receive_bodies(&t, "q", 1), "a");
    assert_string_equal(test_receive_bodies(&t, "q", 10), "b c d e f g h i j k");
    assert_string_equal(test_receive_bodies(&t, "q", 10), "l");
    test_check(&t, "q");
    test_queues_close(&t);
}

static void test_a_send_wakes(void **state)
{
    struct test_receive *first = NULL, *second = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    first = test_receive_begin(&t, "q", 10, -1, 20);
    second = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    assert_false(first->done || second->done);
    test_send_text(&t, "q", "one");
    test_settle(&t);
    assert_true(first->done && !second->done); /* in the order in which they came */
    assert_string_equal(test_bodies(&t, first), "one");
    test_send_text(&t, "q", "two");
    test_settle(&t);
    assert_string_equal(test_bodies(&t, second), "two");
    test_queues_close(&t);
}

static void test_a_wait_ends(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("ReceiveMessageWaitTimeSeconds", "5")), OK);
    test = test_receive_begin(&t, "q", 10, -1, -1); /* as the queue says */
    test_advance(&t, 4999);
    assert_false(test->done);
    test_advance(&t, 1);
    assert_true(test->done && test->status == OK && test->receive.count == 0);
    test = test_receive_begin(&t, "q", 10, -1, 0); /* as the request says */
    test_settle(&t);
    assert_true(test->done);
    test = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    assert_false(test->done);
    queues_receive_no_longer(&test->receive);
    assert_true(test->done && test->status == OK);
    queues_receive_no_longer(&test->receive); /* harmless */
    test_queues_close(&t);
}

/* Also one whose work is with the writer. */
static void test_no_longer_while_served(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    test = test_receive_begin(&t, "q", 10, -1, 20);
    queues_receive_no_longer(&test->receive);
    test_receive_end(&t, test);
    assert_int_equal(test->receive.count, 0);
    test_queues_close(&t);
}

static void test_time_wakes(void **state)
{
    struct test_receive *test = NULL;
    struct queue_message message = {.body = BYTES("later")};

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "3")), OK);
    assert_int_equal(test_send_message(&t, "q", &message, 2), OK);
    test_expect_figures(&t, "q", 0, 0, 1);
    test = test_receive_begin(&t, "q", 10, -1, 20);
    test_advance(&t, 1999);
    assert_false(test->done);
    test_advance(&t, 1); /* the delay is over */
    assert_string_equal(test_bodies(&t, test), "later");
    test = test_receive_begin(&t, "q", 10, -1, 20);
    test_advance(&t, 2999);
    assert_false(test->done);
    test_advance(&t, 1); /* the visibility timeout is */
    assert_string_equal(test_bodies(&t, test), "later");
    assert_int_equal(test_received(test, 0)->receive_count, 2);
    test_check(&t, "q");
    test_queues_close(&t);
}

/* Whoever asks at that very time, before any timer ran. */
static void test_time_counts_without_timer(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "3")), OK);
    test_send_text(&t, "q", "one");
    assert_string_equal(test_receive_bodies(&t, "q", 1), "one");
    clock_advance(t.clock, 2999);
    assert_string_equal(test_receive_bodies(&t, "q", 1), "");
    clock_advance(t.clock, 1);
    assert_string_equal(test_receive_bodies(&t, "q", 1), "one");
    test_queues_close(&t);
}

static void test_visibility_zero(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    test_send_text(&t, "q", "one");
    for (uint32_t i = 1; i <= 3; i++) {
        test = test_receive_end(&t, test_receive_begin(&t, "q", 1, 0, 0));
        assert_string_equal(test_bodies(&t, test), "one");
        assert_int_equal(test_received(test, 0)->receive_count, i);
    }
    test_settle(&t);
    test_expect_figures(&t, "q", 1, 0, 0);
    test_queues_close(&t);
}

/* More than one work serves, and more than one group's messages. */
static void test_many_wait(void **state)
{
    struct test_receive *tests[RUN_RECEIVES_MAX + 20];
    size_t served = 0, done = 0;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++)
        tests[i] = test_receive_begin(&t, "q", 1, -1, 20);
    test_settle(&t);
    for (size_t i = 0; i < ARRAY_COUNT(tests) - 1; i++)
        test_send_text(&t, "q", "x");
    test_settle(&t);
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        done += tests[i]->done;
        served += tests[i]->done && tests[i]->receive.count == 1;
    }
    assert_int_equal(served, ARRAY_COUNT(tests) - 1);
    assert_int_equal(done, served); /* who waits on is not always the last of them */
    test_expect_figures(&t, "q", 0, served, 0);
    test_check(&t, "q");
    test_queues_close(&t);
}

static void test_a_queue_goes(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    test = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "q"), OK);
    assert_true(test->done && test->status == REFUSED);
    assert_int_equal(test->receive.error.kind, API_QUEUE_DOES_NOT_EXIST);
    test = test_receive_end(&t, test_receive_begin(&t, "q", 10, -1, 20));
    assert_int_equal(test->status, REFUSED);
    test_queues_close(&t);
}

/* What is on its way when the queue goes finds it gone. */
static void test_works_of_a_queue_that_goes(void **state)
{
    struct test_change change = {
        .change = {.kind = QUEUE_DELETE, .name = BYTES("q"), .done = test_change_done}};
    struct queue_entry entry = {.message = {.body = BYTES("x")}, .delay_s = -1};
    struct test_send send = {
        .send = {.queue_name = BYTES("q"), .entries = &entry, .count = 1, .done = test_send_done}};
    struct test_receive *receive = NULL;
    uint64_t id = 0;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    id = test_view(&t, "q")->id;
    change.change.arena = test_call_arena(&t);
    send.send.arena = test_call_arena(&t);
    queues_change(t.queues, &change.change);
    queues_send(t.queues, &send.send);
    receive = test_receive_begin(&t, "q", 1, -1, 20);
    test_settle(&t);
    assert_true(change.done && send.done && receive->done);
    assert_int_equal(change.status, OK);
    assert_int_equal(send.status, REFUSED);
    assert_int_equal(receive->status, REFUSED);
    assert_int_equal(test_count_keys(&t, id, KEY_MESSAGE), 0);
    assert_int_equal(test_count_keys(&t, id, KEY_COUNTS), 0);
    test_queues_close(&t);
}

static void test_stop_ends_waiting(void **state)
{
    struct test_receive *waiting = NULL, *served = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    waiting = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    test_send_text(&t, "q", "one");
    test_settle(&t);
    assert_true(waiting->done);
    waiting = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    served = test_receive_begin(&t, "q", 10, -1, 20);
    while (!queues_stop(t.queues))
        test_loop_turn(&t.loop);
    assert_true(waiting->done && served->done);
    assert_int_equal(waiting->status, OK);
    test_queues_close(&t);
}

/* Messages, in whatever state, are there after a start anew. */
static void test_start_anew(void **state)
{
    struct queue_message message = {.body = BYTES("delayed")};

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "10")), OK);
    test_send_text(&t, "q", "in flight");
    assert_string_equal(test_receive_bodies(&t, "q", 1), "in flight");
    assert_int_equal(test_send_message(&t, "q", &message, 5), OK);
    test_send_text(&t, "q", "ready");
    test_queues_reopen(&t);
    test_settle(&t);
    test_expect_figures(&t, "q", 1, 1, 1);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "ready");
    test_advance(&t, 5000);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "delayed");
    test_queues_reopen(&t);
    clock_advance(t.clock, 5000); /* while nobody looked */
    test_queues_reopen(&t);
    test_settle(&t);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "in flight ready");
    test_check(&t, "q");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_and_receive),
        cmocka_unit_test(test_private_payloads_are_sealed),
        cmocka_unit_test(test_order_and_maximum),
        cmocka_unit_test(test_a_message_comes_twice),
        cmocka_unit_test(test_messages_are_overtaken),
        cmocka_unit_test(test_a_send_wakes),
        cmocka_unit_test(test_a_wait_ends),
        cmocka_unit_test(test_no_longer_while_served),
        cmocka_unit_test(test_time_wakes),
        cmocka_unit_test(test_time_counts_without_timer),
        cmocka_unit_test(test_visibility_zero),
        cmocka_unit_test(test_many_wait),
        cmocka_unit_test(test_a_queue_goes),
        cmocka_unit_test(test_works_of_a_queue_that_goes),
        cmocka_unit_test(test_stop_ends_waiting),
        cmocka_unit_test(test_start_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
