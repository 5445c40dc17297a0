/* What the log has after a crash: everything that was accepted; the end told from damage. */
#include "store/wal_test.h"

static void put_three(struct test_wal *t)
{
    test_wal_put(t, "one");
    test_wal_put(t, "two");
    test_wal_put(t, "three");
}

static void test_what_was_put(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    test_wal_expect(&t, 0, "");
    put_three(&t);
    test_wal_expect(&t, 0, "one two three");
    test_wal_expect(&t, 2, "three");
    test_wal_expect(&t, 3, "");
    test_wal_put(&t, "four");
    test_wal_expect(&t, 0, "one two three four");
    test_wal_expect(&t, 0, "one two three four"); /* reading changes nothing */
    test_wal_remove(&t);
}

/* The last record is cut at every byte, or a byte of it is wrong: it is not there, and the log goes
 * on in its place. */
static void test_last_record_is_torn(void **state)
{
    struct test_wal t;
    size_t before = 0, end = 0;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    before = t.wal.end;
    test_wal_put(&t, "the last one");
    end = before + WAL_RECORD_HEAD_SIZE + strlen("the last one");
    for (size_t size = before; size < end; size++) {
        test_wal_cut(&t, 1, size);
        test_wal_expect(&t, 0, "one two three");
        assert_int_equal(t.wal.end, before);
        test_wal_put(&t, "the last one");
        test_wal_expect(&t, 0, "one two three the last one");
        test_wal_flip(&t, 1, size);
        test_wal_expect(&t, 0, "one two three");
        test_wal_put(&t, "the last one");
    }
    test_wal_expect(&t, 0, "one two three the last one");
    test_wal_remove(&t);
}

/* Every byte of an earlier record: told, never cut. */
static void test_damage_in_the_middle(void **state)
{
    struct test_wal t;
    size_t from = 0, to = 0;

    (void)state;
    test_wal_make(&t);
    test_wal_put(&t, "one");
    from = t.wal.end;
    test_wal_put(&t, "two");
    to = from + WAL_RECORD_HEAD_SIZE + 3;
    test_wal_put(&t, "three");
    for (size_t at = from; at < to; at++) {
        test_wal_flip(&t, 1, at);
        test_wal_expect_damage(&t, 0);
        test_wal_flip(&t, 1, at);
    }
    test_wal_expect(&t, 0, "one two three");
    test_wal_remove(&t);
}

static void move_on(struct test_wal *t)
{
    assert_int_equal(wal_probe(&t->wal), OK);
}

/* One copy of a header is enough; without both the segment is missing. */
static void test_headers(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    test_wal_flip(&t, 1, 20);
    test_wal_expect(&t, 0, "one two three");
    move_on(&t);
    test_wal_flip(&t, 1, WAL_HEADER_AGAIN_AT + 20);
    test_wal_expect_damage(&t, 0);
    test_wal_remove(&t);
}

static void test_several_segments(void **state)
{
    char path[TEST_FOLDER_SIZE + 32];
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    move_on(&t);
    test_wal_put(&t, "four");
    move_on(&t);
    move_on(&t); /* one without a group */
    test_wal_put(&t, "five");
    test_wal_expect(&t, 0, "one two three four five");
    test_wal_expect(&t, 4, "five"); /* what is before is of no use */
    assert_int_equal(test_wal_files(&t), 1);
    test_wal_expect_damage(&t, 0);
    test_wal_expect(&t, 4, "five");
    move_on(&t);
    test_wal_put(&t, "six");
    test_wal_path(&t, 4, path);
    assert_int_equal(unlink(path), 0);
    test_wal_expect_damage(&t, 4);
    test_wal_remove(&t);
}

/* The end of a segment that has a successor is damage, too. */
static void test_an_earlier_segment_is_short(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    move_on(&t);
    test_wal_put(&t, "four");
    test_wal_cut(&t, 1, WAL_RECORDS_AT + 2 * WAL_RECORD_HEAD_SIZE);
    test_wal_expect_damage(&t, 0);
    test_wal_remove(&t);
}

/* Tables have more than the log: something is missing. */
static void test_less_than_the_tables(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    test_wal_expect_damage(&t, 4);
    test_wal_remove(&t);
}

static void test_no_log(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    wal_close(&t.wal);
    assert_int_equal(file_remove_folder(t.path), OK);
    assert_int_equal(test_wal_find(&t, 0), NOT_FOUND);
    assert_int_equal(file_make_folder(t.path), OK);
    assert_int_equal(test_wal_find(&t, 0), NOT_FOUND);
    test_wal_remove(&t);
}

static enum status refuse(void *context, struct bytes changes)
{
    (void)context;
    return bytes_equal_text(changes, "two") ? NO_SPACE : OK;
}

static void test_what_cannot_be_applied(void **state)
{
    struct test_wal t;

    (void)state;
    test_wal_make(&t);
    put_three(&t);
    assert_int_equal(wal_replay(&t.wal, 0, UINT64_MAX, refuse, NULL, t.words), NO_SPACE);
    assert_non_null(strstr(t.words, "group 2"));
    assert_int_equal(wal_replay(&t.wal, 0, UINT64_MAX, test_wal_found, &t, t.words), OK);
    assert_string_equal(t.found, "one two three");
    test_wal_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put),
        cmocka_unit_test(test_last_record_is_torn),
        cmocka_unit_test(test_damage_in_the_middle),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_several_segments),
        cmocka_unit_test(test_an_earlier_segment_is_short),
        cmocka_unit_test(test_less_than_the_tables),
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_what_cannot_be_applied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
