/* Checkpoints: the log is short again, and nothing is lost at any of their moments. */
#include "store/store_test.h"

#include "store/internal.h"

#include <sched.h>

#define LARGE_SIZE ((size_t)1 << 20)

static void put_large(struct store_batch *batch, struct test_work *work)
{
    uint8_t *value = mem_new(LARGE_SIZE), key[8];

    value[0] = (uint8_t)work->number;
    bytes_put_u64(key, work->number);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, 8), bytes_of(value, LARGE_SIZE));
    work->position = store_batch_position(batch);
    mem_free(value);
}

static void put_number(struct test_loop *loop, uint64_t number)
{
    struct test_work work = {.body = put_large, .number = number};

    assert_int_equal(test_do(loop, &work), OK);
    assert_int_equal(work.position, number);
}

static void check_numbers(struct store *store, uint64_t count)
{
    uint64_t number = 0;
    struct bytes key, value;

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);

    while (store_iter_next(iter, &key, &value)) {
        assert_int_equal(bytes_get_u64(key.ptr), ++number);
        assert_int_equal(value.size, LARGE_SIZE);
        assert_int_equal(value.ptr[0], (uint8_t)number);
    }
    assert_int_equal(store_iter_status(iter), OK);
    assert_int_equal(number, count);
    assert_int_equal(store_last_position(store), count);
}

static uint64_t flushed_group(struct store *store)
{
    uint64_t group = 0;

    assert_int_equal(replay_read_flushed(store, &group), OK);
    return group;
}

static void test_what_is_in_tables_is_not_replayed(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    test_loop_open(&loop, store);
    put_number(&loop, 1);
    put_number(&loop, 2);
    assert_int_equal(flushed_group(store), 0);
    assert_in_range(wal_size(&store->wal), 2 * LARGE_SIZE, 3 * LARGE_SIZE);
    assert_int_equal(checkpoint_run(store), OK);
    assert_int_equal(flushed_group(store), 2);
    assert_int_equal(wal_size(&store->wal), 0);
    put_number(&loop, 3);
    test_loop_close(&loop);
    store_close(store);

    store = test_open(folder);
    assert_in_range(wal_size(&store->wal), LARGE_SIZE, 2 * LARGE_SIZE); /* the third alone */
    assert_int_equal(flushed_group(store), 2);
    check_numbers(store, 3);
    store_close(store);
    test_folder_remove(folder);
}

/* By the thread; segments are used again, so their number does not grow. */
static void test_when_the_log_is_long(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct store_figures figures;
    struct test_loop loop;
    uint64_t count = 0;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    test_loop_open(&loop, store);
    while (count < 3 * WAL_SIZE_MAX / LARGE_SIZE) {
        put_number(&loop, ++count);
        while (wal_size(&store->wal) >= WAL_SIZE_MAX) /* the writer does not wait for it; we do */
            sched_yield();
    }
    assert_in_range(flushed_group(store), 2 * WAL_SIZE_MAX / LARGE_SIZE - 1, count);
    check_numbers(store, count);
    assert_in_range(store->wal.count + store->wal.spare_count, 1, 2 * WAL_SPARES_MAX);
    test_loop_close(&loop);
    store_close(store);

    store = test_open(folder);
    check_numbers(store, count);
    store_figures(store, &figures);
    assert_in_range(figures.bytes_on_disk, 1, 3 * WAL_SIZE_MAX);
    store_close(store);
    test_folder_remove(folder);
}

/* A long log is not left to the next open. */
static void test_closing(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    test_loop_open(&loop, store);
    for (uint64_t number = 1; number <= 10; number++)
        put_number(&loop, number);
    test_loop_close(&loop);
    store_close(store);
    store = test_open(folder);
    assert_int_equal(wal_size(&store->wal), 0);
    assert_int_equal(flushed_group(store), 10);
    assert_in_range(store->wal.spare_count, 0, 1);
    check_numbers(store, 10);
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_in_tables_is_not_replayed),
        cmocka_unit_test(test_when_the_log_is_long),
        cmocka_unit_test(test_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
