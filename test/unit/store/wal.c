/* The log is written to: segments that take over and come back, groups that are taken back, failing
 * files. */
#include "store/wal_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>

#define LARGE_SIZE ((size_t)3 << 20)

/* ---- a sync that fails ---- */

static int syncs_that_fail;

/* The log finds this one first. What was written is in the file all the same. */
int fdatasync(int fd)
{
    int (*real)(int fd) = NULL;
    void *found = dlsym(RTLD_NEXT, "fdatasync");

    memcpy(&real, &found, sizeof real);
    if (syncs_that_fail > 0) {
        syncs_that_fail--;
        errno = EIO;
        return -1;
    }
    return real(fd);
}

/* ---- */

static void put_large(struct test_wal *t, char first)
{
    uint8_t *room = mem_new(LARGE_SIZE);

    room[0] = (uint8_t)first;
    assert_int_equal(wal_append(&t->wal, bytes_of(room, LARGE_SIZE)), OK);
    wal_accept(&t->wal);
    mem_free(room);
}

static void test_segments_take_over(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    for (char name = 'a'; name <= 'g'; name++)
        put_large(&t, name); /* two fit into a segment */
    assert_int_equal(t.wal.count, 3);
    test_wal_expect(&t, 0, "a b c d e f g");
    assert_int_equal(t.wal.count, 3);
    test_wal_remove(&t);
}

/* A record that is larger than a segment. */
static void test_giant(void **state)
{
    static const size_t size = 3 * WAL_SEGMENT_SIZE;
    struct test_wal t;
    uint8_t *room = mem_new(size);

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "before");
    room[0] = 'G';
    assert_int_equal(wal_append(&t.wal, bytes_of(room, size)), OK);
    wal_accept(&t.wal);
    mem_free(room);
    test_wal_put(&t, "behind");
    test_wal_expect(&t, 0, "before G behind");
    assert_int_equal(t.wal.count, 2);
    wal_retire(&t.wal, 3, 0); /* it is not kept */
    assert_int_equal(test_wal_files(&t), 1);
    test_wal_remove(&t);
}

/* A spare takes over from a file that grows; what came free is used again, and of what stood in it
 * nothing is read. */
static void test_segments_come_back(void **state)
{
    struct test_wal t;
    size_t files = 0;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "small");
    assert_false(wal_wants_spare(&t.wal));
    put_large(&t, 'a');
    assert_true(wal_wants_spare(&t.wal));
    assert_false(wal_wants_spare(&t.wal)); /* it was said */
    wal_prepare(&t.wal);
    wal_prepare(&t.wal); /* there is one: segments may have come back since it was wanted */
    assert_int_equal(t.wal.spare_count, 1);
    put_large(&t, 'b');
    assert_true(t.wal.current.is_ahead);
    assert_int_equal(test_wal_size(&t, t.wal.current.name), WAL_SEGMENT_SIZE);
    assert_int_equal(t.wal.count, 1);
    assert_true(wal_wants_spare(&t.wal));
    wal_prepare(&t.wal);
    put_large(&t, 'c');
    put_large(&t, 'd');
    assert_int_equal(t.wal.count, 2);

    assert_int_equal(wal_size(&t.wal), 4 * (LARGE_SIZE + WAL_RECORD_HEAD_SIZE) + 32);
    wal_retire(&t.wal, 4, atomic_load(&t.wal.appended));
    assert_int_equal(wal_size(&t.wal), 0);
    assert_int_equal(t.wal.count, 0);
    assert_int_equal(t.wal.spare_count, 1); /* the one that grew is gone */
    files = test_wal_files(&t);
    for (char name = 'e'; name <= 'z'; name++) {
        put_large(&t, name);
        wal_retire(&t.wal, atomic_load(&t.wal.last_group) - 1, 0);
        assert_int_equal(test_wal_files(&t), files);
    }
    test_wal_expect(&t, atomic_load(&t.wal.last_group) - 2, "y z");
    test_wal_remove(&t);
}

/* Only what is wholly in tables goes. */
static void test_retiring(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    test_wal_put(&t, "two");
    assert_int_equal(wal_probe(&t.wal), OK);
    test_wal_put(&t, "three");
    wal_retire(&t.wal, 1, 0);
    test_wal_expect(&t, 1, "two three");
    wal_retire(&t.wal, 2, 0);
    test_wal_expect(&t, 2, "three");
    wal_retire(&t.wal, 3, 0);
    test_wal_expect(&t, 3, ""); /* the last one stays */
    test_wal_remove(&t);
}

/* A sync that failed after all bytes were written: the group is refused, and void for ever. */
static void test_a_group_is_taken_back(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    syncs_that_fail = 1;
    assert_int_equal(wal_append(&t.wal, BYTES("refused")), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), OK);
    assert_int_equal(wal_take_back(&t.wal), OK); /* nothing to do */
    test_wal_put(&t, "two");
    test_wal_expect(&t, 0, "one two");
    wal_retire(&t.wal, 1, 0);
    assert_int_equal(test_wal_files(&t), 1); /* the segment is not used again */
    test_wal_remove(&t);
}

/* Even when its bytes are whole on the disk again, as after a power failure: its successor says
 * that they are void. */
static void test_a_refused_group_does_not_come_back(void **state)
{
    uint8_t head[WAL_RECORD_HEAD_SIZE];
    struct wal_header header;
    struct test_wal t;
    size_t at = 0;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    at = t.wal.end;
    header = t.wal.current.header;
    syncs_that_fail = 1;
    assert_int_equal(wal_append(&t.wal, BYTES("refused")), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), OK);
    wal_put_record_head(head, &header, 2, BYTES("refused"));
    test_wal_overwrite(&t, 1, at, bytes_of(head, sizeof head));
    test_wal_expect(&t, 0, "one");
    test_wal_put(&t, "two");
    test_wal_expect(&t, 0, "one two");
    test_wal_remove(&t);
}

/* Taking back fails as well, again and again; the process is killed then. */
static void test_killed_before_it_was_taken_back(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    syncs_that_fail = 5;
    assert_int_equal(wal_append(&t.wal, BYTES("refused")), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), IO_ERROR);
    syncs_that_fail = 0;
    test_wal_expect(&t, 0, "one"); /* its head was overwritten */
    test_wal_put(&t, "two");
    test_wal_expect(&t, 0, "one two");
    assert_int_equal(test_wal_files(&t), 1);
    test_wal_remove(&t);
}

/* The header of a successor that was begun may be on the disk: the segment before gets no more. */
static void test_a_successor_that_was_begun(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    syncs_that_fail = 1;
    assert_int_equal(wal_probe(&t.wal), IO_ERROR);
    test_wal_put(&t, "two");
    assert_int_equal(t.wal.count, 1);
    test_wal_expect(&t, 0, "one two");
    test_wal_remove(&t);
}

/* Files that must not grow: before anything of the group, in the middle of it, and the next one. */
static void test_files_that_do_not_grow(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    test_limit_files(t.wal.end + WAL_RECORD_HEAD_SIZE + 3);
    assert_int_equal(wal_append(&t.wal, BYTES("refused")), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), OK);
    test_wal_put(&t, "two"); /* there is room in the new one */
    test_limit_files(10);
    assert_int_equal(wal_append(&t.wal, BYTES("refused")), IO_ERROR);
    assert_int_equal(wal_take_back(&t.wal), IO_ERROR);
    wal_prepare(&t.wal);
    assert_int_equal(t.wal.spare_count, 0);
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(wal_take_back(&t.wal), OK);
    test_wal_put(&t, "three");
    test_wal_expect(&t, 0, "one two three");
    test_wal_remove(&t);
}

static void test_renewed(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_large(&t, 'a');
    wal_prepare(&t.wal);
    put_large(&t, 'b');
    put_large(&t, 'c');
    put_large(&t, 'd');
    assert_int_equal(wal_renew(&t.wal), OK);
    assert_int_equal(test_wal_files(&t), 1);
    test_wal_put(&t, "behind");
    test_wal_expect(&t, 4, "behind");
    test_wal_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_take_over),
        cmocka_unit_test(test_giant),
        cmocka_unit_test(test_segments_come_back),
        cmocka_unit_test(test_retiring),
        cmocka_unit_test(test_a_group_is_taken_back),
        cmocka_unit_test(test_a_refused_group_does_not_come_back),
        cmocka_unit_test(test_killed_before_it_was_taken_back),
        cmocka_unit_test(test_a_successor_that_was_begun),
        cmocka_unit_test(test_files_that_do_not_grow),
        cmocka_unit_test(test_renewed),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
