/* What run() sees and leaves: the changes of its group over what is written. */
#include "store/store_test.h"

#include "store/internal.h"

#define BODY(name) static void name(struct store_batch *batch, struct test_work *work)

static void expect(struct store_batch *batch, enum store_family family, const char *key,
                   const char *expected)
{
    struct bytes value = BYTES("?");
    enum status status = store_batch_get(batch, family, bytes_of_text(key), &value);

    if (expected == NULL) {
        assert_int_equal(status, NOT_FOUND);
        return;
    }
    assert_int_equal(status, OK);
    assert_true(bytes_equal_text(value, expected));
}

static void put(struct store_batch *batch, enum store_family family, const char *key,
                const char *value)
{
    store_batch_put(batch, family, bytes_of_text(key), bytes_of_text(value));
}

static void expect_run(struct store *store, const char *from, const char *to, const char *expected)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(1024);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, NULL, STORE_ITEMS, bytes_of_text(from), bytes_of_text(to), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value))
        buffer_append(&keys, key);
    assert_int_equal(store_iter_status(iter), OK);
    assert_true(bytes_equal_text(buffer_bytes(&keys), expected));
}

/* The whole group of one test is one run(): cmocka's asserts are thread-local, so a failing one in
 * the writer's thread stops the program, which is a failure just the same. */
static void run_body(struct store *store,
                     void (*body)(struct store_batch *batch, struct test_work *work))
{
    struct test_work work = {.body = body};
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &work), OK);
    test_loop_close(&loop);
}

BODY(put_abc)
{
    (void)work;
    put(batch, STORE_ITEMS, "a", "1");
    put(batch, STORE_ITEMS, "b", "2");
    put(batch, STORE_ITEMS, "c", "3");
}

BODY(see_own_changes)
{
    (void)work;
    expect(batch, STORE_ITEMS, "a", "1");
    put(batch, STORE_ITEMS, "a", "one");
    expect(batch, STORE_ITEMS, "a", "one");
    expect(batch, STORE_CURSORS, "a", NULL);
    put(batch, STORE_CURSORS, "a", "other");
    store_batch_delete(batch, STORE_ITEMS, BYTES("a"));
    expect(batch, STORE_ITEMS, "a", NULL);
    expect(batch, STORE_CURSORS, "a", "other");
    put(batch, STORE_ITEMS, "a", "");
    expect(batch, STORE_ITEMS, "a", "");
    store_batch_delete(batch, STORE_ITEMS, BYTES("never there"));
    expect(batch, STORE_ITEMS, "b", "2");
}

static void test_own_changes(void **state)
{
    struct store *store = test_open(NULL);

    (void)state;
    run_body(store, put_abc);
    run_body(store, see_own_changes);
    test_expect(store, NULL, STORE_ITEMS, "a", "");
    test_expect(store, NULL, STORE_CURSORS, "a", "other");
    test_expect(store, NULL, STORE_ITEMS, "b", "2");
    store_close(store);
}

BODY(hold_values)
{
    struct bytes from_disk, from_group;

    (void)work;
    assert_int_equal(store_batch_get(batch, STORE_ITEMS, BYTES("a"), &from_disk), OK);
    put(batch, STORE_ITEMS, "new", "first");
    assert_int_equal(store_batch_get(batch, STORE_ITEMS, BYTES("new"), &from_group), OK);
    /* a value may be made of one that was read */
    store_batch_put(batch, STORE_ITEMS, from_group, from_disk);
    put(batch, STORE_ITEMS, "new", "again");
    put(batch, STORE_ITEMS, "a", "again");
    for (int i = 0; i < 1000; i++) {
        char key[16];
        struct bytes value;

        snprintf(key, sizeof key, "%d", i);
        put(batch, STORE_ITEMS, key, key);
        assert_int_equal(store_batch_get(batch, STORE_ITEMS, BYTES("c"), &value), OK);
    }
    assert_true(bytes_equal_text(from_disk, "1"));
    assert_true(bytes_equal_text(from_group, "first"));
}

static void test_values_hold_until_run_returns(void **state)
{
    struct store *store = test_open(NULL);

    (void)state;
    run_body(store, put_abc);
    run_body(store, hold_values);
    test_expect(store, NULL, STORE_ITEMS, "first", "1");
    test_expect(store, NULL, STORE_ITEMS, "new", "again");
    test_expect(store, NULL, STORE_ITEMS, "999", "999");
    store_close(store);
}

static void put_total(struct store_batch *batch, const char *key, const char *value)
{
    store_batch_put_total(batch, STORE_ITEMS, bytes_of_text(key), bytes_of_text(value));
}

BODY(count)
{
    (void)work;
    put_total(batch, "kept", "1");
    expect(batch, STORE_ITEMS, "kept", "1");
    put_total(batch, "kept", "2");
    expect(batch, STORE_ITEMS, "kept", "2");
    put_total(batch, "deleted", "1");
    store_batch_delete(batch, STORE_ITEMS, BYTES("deleted"));
    expect(batch, STORE_ITEMS, "deleted", NULL);
    put_total(batch, "in-range", "1");
    store_batch_delete_range(batch, STORE_ITEMS, BYTES("in"), BYTES("io"));
    expect(batch, STORE_ITEMS, "in-range", NULL);
    put_total(batch, "put", "1");
    put(batch, STORE_ITEMS, "put", "whole");
    expect(batch, STORE_ITEMS, "put", "whole");
    put_total(batch, "again", "1");
    store_batch_delete(batch, STORE_ITEMS, BYTES("again"));
    put_total(batch, "again", "2");
}

/* Totals are put when the group ends; whatever else was done with their keys counts all the same.
 */
static void test_totals(void **state)
{
    struct store *store = test_open(NULL);

    (void)state;
    run_body(store, count);
    test_expect(store, NULL, STORE_ITEMS, "kept", "2");
    test_expect(store, NULL, STORE_ITEMS, "put", "whole");
    test_expect(store, NULL, STORE_ITEMS, "again", "2");
    expect_run(store, "a", "z", "againkeptput");
    store_close(store);
}

BODY(delete_b_to_d)
{
    (void)work;
    put(batch, STORE_ITEMS, "bb", "new");
    put(batch, STORE_INDEXES, "bb", "stays");
    store_batch_delete_range(batch, STORE_ITEMS, BYTES("b"), BYTES("d"));
    expect(batch, STORE_ITEMS, "a", "1");
    expect(batch, STORE_ITEMS, "b", NULL);
    expect(batch, STORE_ITEMS, "bb", NULL);
    expect(batch, STORE_ITEMS, "c", NULL);
    expect(batch, STORE_ITEMS, "d", "4");
    expect(batch, STORE_INDEXES, "bb", "stays");
    put(batch, STORE_ITEMS, "c", "after");
    expect(batch, STORE_ITEMS, "c", "after");
    expect(batch, STORE_ITEMS, "cc", NULL);
}

BODY(put_d)
{
    (void)work;
    put(batch, STORE_ITEMS, "cc", "3");
    put(batch, STORE_ITEMS, "d", "4");
}

BODY(delete_nothing)
{
    (void)work;
    store_batch_delete_range(batch, STORE_ITEMS, BYTES("d"), BYTES("d"));
    store_batch_delete_range(batch, STORE_ITEMS, BYTES("d"), BYTES("a"));
    assert_int_equal(batch->count, 0);
}

static void test_delete_range(void **state)
{
    struct store *store = test_open(NULL);

    (void)state;
    run_body(store, put_abc);
    run_body(store, put_d);
    expect_run(store, "", "", "abcccd");
    run_body(store, delete_b_to_d);
    expect_run(store, "", "", "acd");
    test_expect(store, NULL, STORE_ITEMS, "c", "after");
    test_expect(store, NULL, STORE_ITEMS, "cc", NULL);
    test_expect(store, NULL, STORE_INDEXES, "bb", "stays");
    run_body(store, delete_nothing);
    expect_run(store, "", "", "acd");
    store_close(store);
}

/* One work as large as a transaction of AWS may be, and more keys than the table is kept for. */
BODY(put_much)
{
    static uint8_t value[4096];

    (void)work;
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t key[4];

        bytes_put_u32(key, i);
        store_batch_put(batch, STORE_ITEMS, bytes_of(key, 4),
                        bytes_of(value, i % 10 == 0 ? sizeof value : 8));
    }
    for (uint32_t i = 0; i < 10000; i++) {
        struct bytes read;
        uint8_t key[4];

        bytes_put_u32(key, i);
        assert_int_equal(store_batch_get(batch, STORE_ITEMS, bytes_of(key, 4), &read), OK);
        assert_int_equal(read.size, i % 10 == 0 ? sizeof value : 8);
    }
}

BODY(table_is_small_again)
{
    (void)work;
    expect(batch, STORE_ITEMS, "none", NULL);
    assert_in_range(batch->capacity, 1, 16384);
    assert_int_equal(batch->used, 0);
}

static void test_large_group(void **state)
{
    struct store *store = test_open(NULL);

    (void)state;
    run_body(store, put_much);
    run_body(store, table_is_small_again);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_changes), cmocka_unit_test(test_values_hold_until_run_returns),
        cmocka_unit_test(test_totals),      cmocka_unit_test(test_delete_range),
        cmocka_unit_test(test_large_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
