/* Writes that fail for real, and the way back. */
#include "store/store_test.h"

#include "store/internal.h"

#include <signal.h>

#define VALUE_SIZE ((size_t)64 << 10)
#define FILE_LIMIT ((rlim_t)1 << 20)

/* Puts a value of VALUE_SIZE under its number, and its position. */
static void put_large(struct store_batch *batch, struct test_work *work)
{
    static const uint8_t value[VALUE_SIZE];
    uint8_t key[8];

    bytes_put_u64(key, work->number);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, 8), bytes_of(value, sizeof value));
    work->position = store_batch_position(batch);
}

static bool is_there(struct store *store, const struct store_view *view, uint64_t number)
{
    AUTO(store_value_release) struct store_value value = {0};
    uint8_t key[8];

    bytes_put_u64(key, number);

    enum status status = store_get(store, view, STORE_ITEMS, bytes_of(key, 8), &value);

    assert_true(status == NOT_FOUND || (status == OK && value.bytes.size == VALUE_SIZE));
    return status == OK;
}

static enum status put_number(struct test_loop *loop, uint64_t number)
{
    struct test_work work = {.body = put_large, .number = number};
    enum status status = test_do(loop, &work);

    if (status == OK)
        assert_int_equal(work.position, number);
    return status;
}

/* Fills until a write fails; returns how many succeeded. Numbers and positions both start at 1. */
static uint64_t fill(struct test_loop *loop, enum status *ret_status)
{
    uint64_t number = 1;

    while ((*ret_status = put_number(loop, number)) == OK)
        assert_in_range(++number, 1, 1000);
    return number - 1;
}

static void check_numbers(struct store *store, const struct store_view *view, uint64_t count)
{
    for (uint64_t number = 1; number <= count; number++)
        assert_true(is_there(store, view, number));
    assert_false(is_there(store, view, count + 1));
}

/* The next work after a failure is a try to open RocksDB again, at once. */
static struct store *open_without_pause(const char *folder)
{
    struct store *store = test_open(folder);

    store->repair_pause_ms = 0;
    return store;
}

static void test_failed_write_leaves_no_trace_and_store_recovers(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    enum status status = OK;
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    test_limit_files(FILE_LIMIT);

    uint64_t count = fill(&loop, &status);

    assert_int_equal(status, IO_ERROR);
    assert_in_range(count, 1, FILE_LIMIT / VALUE_SIZE);
    assert_int_equal(store_last_position(store), count);
    check_numbers(store, NULL, count);

    test_limit_files(RLIM_INFINITY);
    assert_int_equal(put_number(&loop, count + 1), OK); /* the position, too, is the next one */
    check_numbers(store, NULL, count + 1);
    test_loop_close(&loop);
    store_close(store);

    store = test_open(folder);
    assert_int_equal(store_last_position(store), count + 1);
    check_numbers(store, NULL, count + 1);
    store_close(store);
    test_folder_remove(folder);
}

/* RocksDB is right as it is: only the log goes on in another place. */
static void test_readers_do_not_hold_recovery_up(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    enum status status = OK;
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    assert_int_equal(put_number(&loop, 1), OK);

    struct store_view *view = store_view_new(store);

    assert_int_equal(put_number(&loop, 2), OK);
    test_limit_files(FILE_LIMIT);
    for (uint64_t number = 3; (status = put_number(&loop, number)) == OK; number++)
        ;
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(status, IO_ERROR);
    assert_int_equal(put_number(&loop, store_last_position(store) + 1), OK);
    check_numbers(store, view, 1);
    store_view_free(store, view);
    check_numbers(store, NULL, store_last_position(store));
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

/* The disk takes nothing at all: the store reads on. */
static void test_reading_goes_on_when_it_cannot_be_opened_again(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    enum status status = OK;
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    test_limit_files(FILE_LIMIT);

    uint64_t count = fill(&loop, &status);

    test_limit_files(0);
    for (int tries = 0; tries < 3; tries++) {
        assert_int_not_equal(put_number(&loop, count + 1), OK);
        check_numbers(store, NULL, count);
        assert_int_equal(store_last_position(store), count);
    }
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(put_number(&loop, count + 1), OK);
    check_numbers(store, NULL, count + 1);
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

/* RocksDB cannot make a table, as when its disk is away; what it does in the background then fails,
 * and it takes no more writes. The store is told as by the checkpoints' thread. */
static void fail_rocks(struct store *store, const char *inside, const char *away)
{
    assert_int_equal(rename(inside, away), 0);
    assert_int_not_equal(checkpoint_run(store), OK);
    atomic_store(&store->checkpoint.failed, (int)IO_ERROR);
}

/* What only its memory had is replayed from the log. While somebody reads it stays as it is. */
static void test_rocksdb_is_opened_again(void **state)
{
    char folder[TEST_FOLDER_SIZE], inside[TEST_FOLDER_SIZE + 16], away[TEST_FOLDER_SIZE + 16];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);
    snprintf(inside, sizeof inside, "%s/store", folder);
    snprintf(away, sizeof away, "%s/away", folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    for (uint64_t number = 1; number <= 10; number++)
        assert_int_equal(put_number(&loop, number), OK);
    fail_rocks(store, inside, away);

    struct store_view *view = store_view_new(store);

    assert_int_equal(put_number(&loop, 11), IO_ERROR);
    check_numbers(store, view, 10);
    check_numbers(store, NULL, 10);
    assert_int_equal(rename(away, inside), 0);
    store_view_free(store, view);
    assert_int_equal(put_number(&loop, 11), OK);
    check_numbers(store, NULL, 11);
    assert_int_equal(checkpoint_run(store), OK);
    test_loop_close(&loop);
    store_close(store);
    store = test_open(folder);
    check_numbers(store, NULL, 11);
    assert_int_equal(store_last_position(store), 11);
    store_close(store);
    test_folder_remove(folder);
}

/* RocksDB's write fails after the group's record was synced: it is taken back. */
static void test_a_group_that_rocksdb_does_not_take(void **state)
{
    char folder[TEST_FOLDER_SIZE], inside[TEST_FOLDER_SIZE + 16], away[TEST_FOLDER_SIZE + 16];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);
    snprintf(inside, sizeof inside, "%s/store", folder);
    snprintf(away, sizeof away, "%s/away", folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    assert_int_equal(put_number(&loop, 1), OK);
    fail_rocks(store, inside, away);
    atomic_store(&store->checkpoint.failed, (int)OK); /* nobody has said so yet */
    assert_int_equal(rename(away, inside), 0);
    assert_int_not_equal(put_number(&loop, 2), OK);
    check_numbers(store, NULL, 1);
    assert_int_equal(put_number(&loop, 2), OK);
    test_loop_close(&loop);
    store_close(store);
    store = test_open(folder);
    check_numbers(store, NULL, 2);
    store_close(store);
    test_folder_remove(folder);
}

/* The whole store is away for a while, as when a disk is: reads say so, and come back with it. */
static void test_store_is_away_for_a_while(void **state)
{
    char folder[TEST_FOLDER_SIZE], inside[TEST_FOLDER_SIZE + 16], away[TEST_FOLDER_SIZE + 16];
    struct test_loop loop;
    struct bytes key, value;

    (void)state;
    test_folder_make(folder);
    snprintf(inside, sizeof inside, "%s/store", folder);
    snprintf(away, sizeof away, "%s/away", folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    assert_int_equal(put_number(&loop, 1), OK);
    fail_rocks(store, inside, away);
    assert_int_equal(put_number(&loop, 2), CORRUPT);

    struct store_value got = {0};
    struct store_iter *iter = store_iter_new(store, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);
    struct store_view *view = store_view_new(store);
    struct store_figures figures;

    assert_int_equal(store_get(store, NULL, STORE_ITEMS, BYTES("k"), &got), IO_ERROR);
    assert_int_equal(store_get(store, view, STORE_ITEMS, BYTES("k"), &got), IO_ERROR);
    assert_false(store_iter_next(iter, &key, &value));
    assert_int_equal(store_iter_status(iter), IO_ERROR);
    store_figures(store, &figures);
    assert_int_equal(figures.memory_size, 0);
    store_iter_free(iter);
    store_view_free(store, view);
    assert_int_equal(store_last_position(store), 1);

    test_folder_remove(inside); /* what RocksDB made on its vain try */
    assert_int_equal(rename(away, inside), 0);
    assert_int_equal(put_number(&loop, 2), OK);
    check_numbers(store, NULL, 2);
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

/* With the pause, a store that just failed answers at once and leaves RocksDB alone for a while. */
static void test_tries_are_apart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    store->repair_pause_ms = 3600 * 1000;
    test_loop_open(&loop, store);

    assert_int_equal(put_number(&loop, 1), OK);
    test_limit_files(0); /* the first try, at once, fails as well */

    struct test_work work = {.body = put_large, .number = 2};

    assert_int_equal(test_do(&loop, &work), IO_ERROR);
    assert_true(work.ran);
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(test_do(&loop, &work), IO_ERROR);
    assert_false(work.ran);
    check_numbers(store, NULL, 1);
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

/* Every other one changes nothing. */
static void put_large_or_look(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[8];
    struct bytes value;

    if (work->number % 2 == 1) {
        put_large(batch, work);
        return;
    }
    bytes_put_u64(key, work->number - 1);
    assert_int_equal(store_batch_get(batch, STORE_ITEMS, bytes_of(key, 8), &value), OK);
}

/* A group shares its fate: works that only read fail with it, for what they saw may not be. */
static void test_all_works_of_a_failed_group_fail(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_hold hold;
    struct test_work works[40];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = open_without_pause(folder);

    test_loop_open(&loop, store);
    test_hold_writer(&loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        works[i] = (struct test_work){.body = put_large_or_look, .number = i + 1};
        test_submit(&loop, &works[i]);
    }
    test_limit_files(FILE_LIMIT);
    assert_int_equal(test_release_writer(&loop, &hold), OK);
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        assert_int_equal(test_finish(&loop, &works[i]), IO_ERROR);
        assert_false(is_there(store, NULL, i + 1));
    }
    test_limit_files(RLIM_INFINITY);
    assert_int_equal(store_last_position(store), 0);
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_write_leaves_no_trace_and_store_recovers),
        cmocka_unit_test(test_readers_do_not_hold_recovery_up),
        cmocka_unit_test(test_reading_goes_on_when_it_cannot_be_opened_again),
        cmocka_unit_test(test_rocksdb_is_opened_again),
        cmocka_unit_test(test_a_group_that_rocksdb_does_not_take),
        cmocka_unit_test(test_store_is_away_for_a_while),
        cmocka_unit_test(test_tries_are_apart),
        cmocka_unit_test(test_all_works_of_a_failed_group_fail),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
