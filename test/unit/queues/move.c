/* test/unit/queues/move.c - message move tasks: back to where each came from, or to one queue; with
 * a rate, over a start anew, cancelled, failed. */
#include "queues/queues_test.h"

static struct test_queues t;

struct test_move {
    struct queue_move_change change;
    bool done;
    enum status status;
};

static void move_done(struct queue_move_change *change, enum status status)
{
    struct test_move *test = CONTAINER_OF(change, struct test_move, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static enum status change_move(struct test_move *test)
{
    test->done = false;
    test->change.arena = test_call_arena(&t);
    test->change.done = move_done;
    queues_change_move(t.queues, &test->change);
    while (!test->done)
        test_loop_turn(&t.loop);
    t.error = test->change.error;
    return test->status;
}

/* to NULL: where each came from */
static enum status start(const char *to, uint32_t rate, char id[ID_UUID_SIZE])
{
    struct test_move test = {.change = {.source_arn = BYTES(TEST_ARN "dead"), .rate = rate}};
    enum status status = OK;

    if (to != NULL)
        test.change.destination_arn = arena_printf(t.arena, TEST_ARN "%s", to);
    status = change_move(&test);
    if (status == OK && id != NULL)
        memcpy(id, test.change.id, ID_UUID_SIZE);
    return status;
}

static enum status cancel(const char *id, uint64_t *ret_moved)
{
    struct test_move test = {.change = {.cancel = true, .source_arn = BYTES(TEST_ARN "dead")}};
    enum status status = OK;

    memcpy(test.change.id, id, ID_UUID_SIZE);
    status = change_move(&test);
    *ret_moved = test.change.moved;
    return status;
}

static struct queue_move latest(void)
{
    struct queue_move *list = NULL;
    size_t count = 0;

    assert_int_equal(queues_list_moves(t.queues, test_view(&t, "dead"), 10, t.arena, &list, &count),
                     OK);
    assert_true(count > 0);
    return list[0];
}

static void make_dead(const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        test_send_text(&t, name, arena_copy_text(t.arena, arena_printf(t.arena, "%s%zu", name, i)));
    for (size_t i = 0; i < count; i++)
        test_receive(&t, name, 1);
    test_advance(&t, 1000);
    assert_string_equal(test_receive_bodies(&t, name, 10), "");
}

/* Queues a and b, whose messages die at their second receive. */
static void open_queues(void)
{
    static const char *const names[] = {"a", "b"};

    test_queues_open(&t);
    assert_int_equal(test_create(&t, "dead", NULL), OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(test_create(&t, names[i],
                                     PAIRS("VisibilityTimeout", "1", "RedrivePolicy",
                                           "{\"deadLetterTargetArn\":\"" TEST_ARN
                                           "dead\",\"maxReceiveCount\":1}")),
                         OK);
}

static void back_to_where_they_came_from(void **state)
{
    const struct queue_received *received = NULL;

    (void)state;
    open_queues();
    make_dead("a", 3);
    make_dead("b", 2);
    test_expect_figures(&t, "dead", 5, 0, 0);
    assert_int_equal(start(NULL, 0, NULL), OK);
    test_settle(&t);
    assert_int_equal(latest().state, MOVE_COMPLETED);
    assert_int_equal(latest().moved, 5);
    assert_int_equal(latest().to_move, 5);
    test_expect_figures(&t, "dead", 0, 0, 0);
    received = test_received(test_receive(&t, "b", 1), 0);
    assert_true(bytes_equal_text(received->message.body, "b0"));
    assert_int_equal(received->receive_count, 1); /* a new message */
    assert_int_equal(received->message.source_arn.size, 0);
    test_expect_figures(&t, "a", 3, 0, 0);
    test_check(&t, "a");
    test_check(&t, "dead");
    assert_false(queues_busy(t.queues));
    test_queues_close(&t);
}

/* Two a second: the first at once. */
static void a_rate(void **state)
{
    (void)state;
    open_queues();
    make_dead("a", 4);
    assert_int_equal(start("b", 2, NULL), OK);
    test_settle(&t);
    assert_int_equal(latest().moved, 1);
    assert_true(queues_busy(t.queues));
    test_advance(&t, 499);
    assert_int_equal(latest().moved, 1);
    test_advance(&t, 1);
    assert_int_equal(latest().moved, 2);
    test_advance(&t, 1000);
    assert_int_equal(latest().moved, 4);
    assert_int_equal(latest().state, MOVE_COMPLETED);
    test_expect_figures(&t, "b", 4, 0, 0);
    test_queues_close(&t);
}

/* A start anew goes on with it, from what was moved. */
static void over_a_start_anew(void **state)
{
    char id[ID_UUID_SIZE];

    (void)state;
    open_queues();
    make_dead("a", 6);
    assert_int_equal(start("b", 1, id), OK);
    test_settle(&t);
    test_advance(&t, 2000);
    assert_int_equal(latest().moved, 3);
    test_queues_reopen(&t);
    assert_true(queues_busy(t.queues));
    assert_int_equal(latest().state, MOVE_RUNNING);
    assert_string_equal(latest().id, id);
    assert_int_equal(start("b", 1, NULL), REFUSED); /* one at a time, also after it */
    test_settle(&t);
    assert_int_equal(latest().moved, 4); /* the first one at once */
    test_advance(&t, 1000);
    assert_int_equal(latest().moved, 5);
    test_queues_reopen(&t);
    test_advance(&t, 1000);
    assert_int_equal(latest().moved, 6);
    assert_int_equal(latest().state, MOVE_COMPLETED);
    assert_false(queues_busy(t.queues));
    test_expect_figures(&t, "b", 6, 0, 0);
    test_check(&t, "b");
    test_check(&t, "dead");
    test_queues_reopen(&t); /* one that is over stays so */
    assert_false(queues_busy(t.queues));
    assert_int_equal(latest().state, MOVE_COMPLETED);
    test_queues_close(&t);
}

static void cancelling(void **state)
{
    char id[ID_UUID_SIZE];
    uint64_t moved = 0;

    (void)state;
    open_queues();
    make_dead("a", 3);
    assert_int_equal(start("b", 1, id), OK);
    test_settle(&t);
    assert_int_equal(cancel("01234567-0123-0123-0123-0123456789ab", &moved), REFUSED);
    assert_int_equal(t.error.kind, API_QUEUES_RESOURCE_NOT_FOUND);
    assert_int_equal(cancel(id, &moved), OK);
    assert_int_equal(moved, 1);
    assert_int_equal(latest().state, MOVE_CANCELLED);
    assert_int_equal(cancel(id, &moved), REFUSED); /* it is not active */
    test_advance(&t, 60000);
    test_expect_figures(&t, "dead", 2, 0, 0);
    assert_int_equal(start("b", 0, NULL), OK); /* another may begin */
    test_settle(&t);
    test_expect_figures(&t, "dead", 0, 0, 0);
    test_queues_close(&t);
}

/* One that was sent to the dead-letter queue itself came from nowhere; one's queue may be gone. */
static void failing(void **state)
{
    (void)state;
    open_queues();
    test_send_text(&t, "dead", "nobody's");
    assert_int_equal(start(NULL, 0, NULL), OK);
    test_settle(&t);
    assert_int_equal(latest().state, MOVE_FAILED);
    assert_true(bytes_equal_text(latest().failure, "CouldNotDetermineMessageSource"));
    assert_int_equal(test_do_queue(&t, QUEUE_PURGE, "dead"), OK);
    make_dead("a", 1);
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "a"), OK);
    assert_int_equal(start(NULL, 0, NULL), OK);
    test_settle(&t);
    assert_int_equal(latest().state, MOVE_FAILED);
    assert_true(bytes_equal_text(latest().failure, "AWS.SimpleQueueService.NonExistentQueue"));
    test_expect_figures(&t, "dead", 1, 0, 0); /* it stays */
    test_queues_close(&t);
}

static void refused(void **state)
{
    (void)state;
    open_queues();
    assert_int_equal(test_create(&t, "c.fifo", PAIRS("FifoQueue", "true")), OK);
    assert_int_equal(start("nowhere", 0, NULL), REFUSED);
    assert_int_equal(t.error.kind, API_QUEUES_RESOURCE_NOT_FOUND);
    assert_int_equal(start("dead", 0, NULL), REFUSED);
    assert_int_equal(start("c.fifo", 0, NULL), REFUSED);
    assert_int_equal(test_set(&t, "a", PAIRS("RedrivePolicy", "")), OK);
    assert_int_equal(test_set(&t, "b", PAIRS("RedrivePolicy", "")), OK);
    assert_int_equal(start("b", 0, NULL), REFUSED); /* nobody's dead-letter queue */
    test_expect_error(&t, API_INVALID_PARAMETER_VALUE,
                      "Source queue must be configured as a Dead Letter Queue.");
    test_queues_close(&t);
}

/* Ten are remembered. */
static void old_ones_are_forgotten(void **state)
{
    struct queue_move *list = NULL;
    size_t count = 0;
    char id[ID_UUID_SIZE];

    (void)state;
    open_queues();
    for (size_t i = 0; i < QUEUE_MOVE_TASKS_MAX + 3; i++) {
        assert_int_equal(start("b", 0, id), OK);
        test_advance(&t, 1);
    }
    assert_int_equal(
        queues_list_moves(t.queues, test_view(&t, "dead"), 100, t.arena, &list, &count), OK);
    assert_int_equal(count, QUEUE_MOVE_TASKS_MAX);
    assert_string_equal(list[0].id, id);
    test_queues_close(&t);
}

static void the_queue_goes(void **state)
{
    (void)state;
    open_queues();
    make_dead("a", 3);
    assert_int_equal(start("b", 1, NULL), OK);
    test_settle(&t);
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "dead"), OK);
    test_settle(&t);
    assert_false(queues_busy(t.queues));
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_to_where_they_came_from),
        cmocka_unit_test(a_rate),
        cmocka_unit_test(over_a_start_anew),
        cmocka_unit_test(cancelling),
        cmocka_unit_test(failing),
        cmocka_unit_test(refused),
        cmocka_unit_test(old_ones_are_forgotten),
        cmocka_unit_test(the_queue_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
