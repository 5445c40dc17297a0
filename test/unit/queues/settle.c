/* test/unit/queues/settle.c - deletion and change of visibility by receipt handles: each row and
 * column of the table in queues/settle.c. */
#include "queues/queues_test.h"

static struct test_queues t;

static struct bytes receive_one(const char *name)
{
    return test_received(test_receive(&t, name, 1), 0)->receipt_handle;
}

static void open_with_message(bool fifo)
{
    test_queues_open(&t);
    if (fifo) {
        assert_int_equal(
            test_create(&t, "q.fifo", PAIRS("FifoQueue", "true", "VisibilityTimeout", "10")), OK);
        test_send_fifo(&t, "q.fifo", "g", "one", NULL);
    } else {
        assert_int_equal(test_create(&t, "q", PAIRS("VisibilityTimeout", "10")), OK);
        test_send_text(&t, "q", "one");
    }
}

static void standard(void **state)
{
    struct bytes first, second;

    (void)state;
    open_with_message(false);
    first = receive_one("q");
    test_advance(&t, 10000);
    /* not in flight any more: taken back, and deleted */
    assert_int_equal(test_change_visibility(&t, "q", first, 5), OK);
    test_expect_figures(&t, "q", 0, 1, 0);
    test_advance(&t, 5000);
    second = receive_one("q");
    /* received again since: the older handle can do nothing */
    assert_int_equal(test_delete(&t, "q", first), OK);
    test_expect_figures(&t, "q", 0, 1, 0);
    assert_int_equal(test_change_visibility(&t, "q", first, 0), REFUSED);
    test_advance(&t, 10000);
    assert_int_equal(test_delete(&t, "q", second), OK);
    test_expect_figures(&t, "q", 0, 0, 0);
    /* gone */
    assert_int_equal(test_delete(&t, "q", second), OK);
    assert_int_equal(test_change_visibility(&t, "q", second, 0), REFUSED);
    test_check(&t, "q");
    test_queues_close(&t);
}

static void fifo(void **state)
{
    struct bytes first, second;

    (void)state;
    open_with_message(true);
    first = receive_one("q.fifo");
    test_advance(&t, 10000);
    assert_int_equal(test_delete(&t, "q.fifo", first), REFUSED); /* expired */
    assert_int_equal(test_change_visibility(&t, "q.fifo", first, 5), REFUSED);
    second = receive_one("q.fifo");
    assert_int_equal(test_delete(&t, "q.fifo", first), REFUSED);
    assert_int_equal(test_change_visibility(&t, "q.fifo", first, 5), REFUSED);
    assert_int_equal(test_delete(&t, "q.fifo", second), OK);
    assert_int_equal(test_delete(&t, "q.fifo", second), OK); /* gone is fine */
    test_check(&t, "q.fifo");
    test_queues_close(&t);
}

/* To the moment, in both directions; and twelve hours at most since it was received. */
static void visibility(void **state)
{
    struct bytes handle;

    (void)state;
    open_with_message(false);
    handle = receive_one("q");
    assert_int_equal(test_change_visibility(&t, "q", handle, 20), OK);
    test_advance(&t, 19999);
    test_expect_figures(&t, "q", 0, 1, 0);
    test_advance(&t, 1);
    test_expect_figures(&t, "q", 1, 0, 0);
    handle = receive_one("q");
    assert_int_equal(test_change_visibility(&t, "q", handle, 0), OK);
    test_expect_figures(&t, "q", 1, 0, 0);
    handle = receive_one("q");
    test_advance(&t, 1000);
    assert_int_equal(test_change_visibility(&t, "q", handle, QUEUE_VISIBILITY_S_MAX), REFUSED);
    assert_int_equal(test_change_visibility(&t, "q", handle, QUEUE_VISIBILITY_S_MAX - 1), OK);
    test_check(&t, "q");
    test_queues_close(&t);
}

static void a_freed_group_goes_on(void **state)
{
    struct test_receive *waiting = NULL;
    struct bytes handle;

    (void)state;
    open_with_message(true);
    test_send_fifo(&t, "q.fifo", "g", "two", NULL);
    handle = receive_one("q.fifo");
    waiting = test_receive_begin(&t, "q.fifo", 1, -1, 20);
    test_settle(&t);
    assert_false(waiting->done);
    assert_int_equal(test_delete(&t, "q.fifo", handle), OK);
    test_settle(&t);
    assert_string_equal(test_bodies(&t, waiting), "two");
    test_queues_close(&t);
}

static void handles_of_others(void **state)
{
    struct bytes handle;

    (void)state;
    open_with_message(false);
    assert_int_equal(test_create(&t, "other", NULL), OK);
    handle = receive_one("q");
    assert_int_equal(test_delete(&t, "other", handle), REFUSED);
    assert_int_equal(t.error.kind, API_RECEIPT_HANDLE_IS_INVALID);
    assert_int_equal(test_delete(&t, "q", BYTES("nonsense")), REFUSED);
    assert_int_equal(t.error.kind, API_RECEIPT_HANDLE_IS_INVALID);
    test_expect_figures(&t, "q", 0, 1, 0);
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard),          cmocka_unit_test(fifo),
        cmocka_unit_test(visibility),        cmocka_unit_test(a_freed_group_goes_on),
        cmocka_unit_test(handles_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
