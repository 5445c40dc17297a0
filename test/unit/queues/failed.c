/* A group whose sync failed is answered with the failure, and is taken back: nothing of it comes,
 * and what was there before comes when it is due. The program's fdatasync() fails when it is told
 * to. */
#include "queues/queues_test.h"
#include "store/internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static atomic_int syncs_to_fail;

int fdatasync(int fd)
{
    if (atomic_load(&syncs_to_fail) > 0 && atomic_fetch_sub(&syncs_to_fail, 1) > 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static struct test_queues t;
static char folder[TEST_FOLDER_SIZE];

static int open_all(void **state)
{
    (void)state;
    test_folder_make(folder);
    test_queues_attach(&t, test_open(folder), TEST_NOW_MS);
    t.store->repair_pause_ms = 0;
    assert_int_equal(test_create(&t, "q", NULL), OK);
    test_send_text(&t, "q", "one");
    test_send_text(&t, "q", "two");
    test_settle(&t);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    test_check(&t, "q");
    test_queues_close(&t);
    test_folder_remove(folder);
    return 0;
}

static void test_a_receive(void **state)
{
    struct test_receive *test = NULL;

    (void)state;
    syncs_to_fail = 1;
    test = test_receive_end(&t, test_receive_begin(&t, "q", 10, 30, 0));
    assert_int_equal(test->status, IO_ERROR);
    assert_int_equal(syncs_to_fail, 0);
    test_settle(&t);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one two");
}

static void test_a_delayed_message(void **state)
{
    struct queue_entry entry = {.message = {.body = BYTES("three")}, .delay_s = 5};

    (void)state;
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one two");
    syncs_to_fail = 1;
    assert_int_equal(test_send_entries(&t, "q", &entry, 1), IO_ERROR);
    test_settle(&t);
    test_advance(&t, 5001);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    assert_int_equal(test_send_entries(&t, "q", &entry, 1), OK);
    test_settle(&t);
    test_advance(&t, 5001);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "three");
}

static void test_a_changed_visibility(void **state)
{
    const struct test_receive *test = NULL;

    (void)state;
    test = test_receive_end(&t, test_receive_begin(&t, "q", 1, 3600, 0));
    syncs_to_fail = 1;
    assert_int_equal(test_change_visibility(&t, "q", test_received(test, 0)->receipt_handle, 10),
                     IO_ERROR);
    test_settle(&t);
    test_advance(&t, 10001);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "two");
    test_advance(&t, 3600000);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one two");
}

/* Time has made it ready, and the disk did not take that: who asks next gets it all the same, and
 * does not wait until the queue tries again on its own. */
static void test_what_is_due(void **state)
{
    (void)state;
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one two");
    test_settle(&t);
    syncs_to_fail = 1;
    test_advance(&t, 30000);
    assert_int_equal(syncs_to_fail, 0);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_receive, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_a_delayed_message, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_a_changed_visibility, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_what_is_due, open_all, close_all),
    };

    return cmocka_run_group_tests_name("queues/failed", tests, NULL, NULL);
}
