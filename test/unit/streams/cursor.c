/* Cursors: durable names for positions. */
#include "streams/streams_test.h"

struct cursor {
    const char *name;
    uint64_t position;
};

static void store_cursor(struct store_batch *batch, struct test_work *work)
{
    const struct cursor *cursor = work->context;

    stream_cursor_store(batch, bytes_of_text(cursor->name), cursor->position);
}

static void put_cursor(struct test_streams *t, const char *name, uint64_t position)
{
    struct cursor cursor = {name, position};
    struct test_work work = {.body = store_cursor, .context = &cursor};

    test_streams_do(t, &work);
}

static void expect_cursor(struct test_streams *t, const char *name, uint64_t expected)
{
    uint64_t position = 0;

    assert_int_equal(stream_cursor_load(t->store, bytes_of_text(name), &position), OK);
    assert_int_equal(position, expected);
}

static void test_store_and_load(void **state)
{
    struct test_streams t;
    uint64_t position = 7;

    (void)state;
    test_streams_open(&t, NULL);
    assert_int_equal(stream_cursor_load(t.store, BYTES("reader"), &position), NOT_FOUND);
    assert_int_equal(position, 7);
    put_cursor(&t, "reader", 0);
    put_cursor(&t, "reader2", UINT64_MAX);
    expect_cursor(&t, "reader", 0);
    expect_cursor(&t, "reader2", UINT64_MAX);
    put_cursor(&t, "reader", 5);
    expect_cursor(&t, "reader", 5);
    test_streams_close(&t);
}

static void test_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_streams t;

    (void)state;
    test_folder_make(folder);
    test_streams_open(&t, folder);
    put_cursor(&t, "reader", 42);
    test_streams_stop(&t);
    test_streams_start(&t);
    expect_cursor(&t, "reader", 42);
    test_streams_close(&t);
    test_folder_remove(folder);
}

static void test_damaged(void **state)
{
    struct test_streams t;
    uint64_t position = 7;

    (void)state;
    test_streams_open(&t, NULL);
    assert_int_equal(test_put(&t.loop, STORE_CURSORS, "reader", "seven b"), OK);
    assert_int_equal(stream_cursor_load(t.store, BYTES("reader"), &position), CORRUPT);
    assert_int_equal(position, 7);
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_and_load),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
