/* Two groups on their way: one that is synced, and the next one, which runs, is written and synced
 * before the first one is in RocksDB. */
#include "store/store_test.h"

#include "store/internal.h"

#include <signal.h>

/* The first work keeps the writer until the second one is submitted: so it is a group of its own,
 * and somebody waits for the next one. */
struct pair {
    char folder[TEST_FOLDER_SIZE], inside[TEST_FOLDER_SIZE + 16], away[TEST_FOLDER_SIZE + 16];
    struct store *store;
    struct test_loop loop;
    struct test_hold hold;
    void (*first)(struct store_batch *batch, struct pair *pair);
    void (*second)(struct store_batch *batch, struct pair *pair);
    struct test_work first_work, second_work;
    uint64_t first_position, second_position;
};

static void run_first(struct store_batch *batch, struct test_work *work)
{
    struct pair *pair = work->context;

    pair->first(batch, pair);
    sem_post(&pair->hold.reached);
    sem_wait(&pair->hold.go);
}

/* What the first one put is not in RocksDB: nobody else sees it. */
static void run_second(struct store_batch *batch, struct test_work *work)
{
    struct pair *pair = work->context;

    assert_non_null(pair->store->before);
    assert_ptr_not_equal(pair->store->before, batch);
    pair->second(batch, pair);
}

static void pair_open(struct pair *pair)
{
    *pair = (struct pair){0};
    test_folder_make(pair->folder);
    snprintf(pair->inside, sizeof pair->inside, "%s/store", pair->folder);
    snprintf(pair->away, sizeof pair->away, "%s/away", pair->folder);
    pair->store = test_open(pair->folder);
    pair->store->repair_pause_ms = 0;
    test_loop_open(&pair->loop, pair->store);
    assert_int_equal(test_put(&pair->loop, STORE_ITEMS, "old", "0"), OK);
}

static void pair_run(struct pair *pair, void (*first)(struct store_batch *batch, struct pair *pair),
                     void (*second)(struct store_batch *batch, struct pair *pair))
{
    pair->first = first;
    pair->second = second;
    sem_init(&pair->hold.reached, 0, 0);
    sem_init(&pair->hold.go, 0, 0);
    pair->first_work = (struct test_work){.body = run_first, .context = pair};
    pair->second_work = (struct test_work){.body = run_second, .context = pair};
    test_submit(&pair->loop, &pair->first_work);
    sem_wait(&pair->hold.reached);
    test_submit(&pair->loop, &pair->second_work);
    sem_post(&pair->hold.go);
    test_finish(&pair->loop, &pair->first_work);
    test_finish(&pair->loop, &pair->second_work);
    sem_destroy(&pair->hold.reached);
    sem_destroy(&pair->hold.go);
}

static void pair_expect(struct pair *pair, enum status first, enum status second)
{
    assert_int_equal(pair->first_work.status, first);
    assert_int_equal(pair->second_work.status, second);
}

/* As the next process finds it. */
static void pair_open_again(struct pair *pair)
{
    test_loop_close(&pair->loop);
    store_close(pair->store);
    pair->store = test_open(pair->folder);
    test_loop_open(&pair->loop, pair->store);
}

static void pair_close(struct pair *pair)
{
    test_loop_close(&pair->loop);
    store_close(pair->store);
    test_folder_remove(pair->folder);
}

/* ---- bodies ---- */

static void put(struct store_batch *batch, const char *key, const char *value)
{
    store_batch_put(batch, STORE_ITEMS, bytes_of_text(key), bytes_of_text(value));
}

static void expect_in_batch(struct store_batch *batch, const char *key, const char *expected)
{
    struct bytes value = BYTES("");
    enum status status = store_batch_get(batch, STORE_ITEMS, bytes_of_text(key), &value);

    assert_int_equal(status, expected != NULL ? OK : NOT_FOUND);
    if (expected != NULL)
        assert_true(bytes_equal_text(value, expected));
}

static void put_a(struct store_batch *batch, struct pair *pair)
{
    put(batch, "a", "1");
    put(batch, "b", "1");
    pair->first_position = store_batch_position(batch);
}

static void put_c(struct store_batch *batch, struct pair *pair)
{
    put(batch, "c", "2");
    pair->second_position = store_batch_position(batch);
}

/* ---- what the next one sees ---- */

static void see_a(struct store_batch *batch, struct pair *pair)
{
    expect_in_batch(batch, "a", "1");
    expect_in_batch(batch, "old", "0");
    put(batch, "a", "2");
    expect_in_batch(batch, "a", "2");
    assert_non_null(pair->store->before);
    assert_int_equal(store_last_position(pair->store), 0);
    pair->second_position = store_batch_position(batch);
}

static void test_it_sees_the_group_before(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    pair_run(&pair, put_a, see_a);
    pair_expect(&pair, OK, OK);
    assert_int_equal(pair.first_position, 1);
    assert_int_equal(pair.second_position, 2);
    assert_int_equal(store_last_position(pair.store), 2);
    for (int again = 0; again < 2; again++) {
        test_expect(pair.store, NULL, STORE_ITEMS, "a", "2");
        test_expect(pair.store, NULL, STORE_ITEMS, "b", "1");
        pair_open_again(&pair);
    }
    pair_close(&pair);
}

static void delete_old(struct store_batch *batch, struct pair *pair)
{
    (void)pair;
    put(batch, "x1", "1");
    store_batch_delete(batch, STORE_ITEMS, BYTES("old"));
    store_batch_delete_range(batch, STORE_ITEMS, BYTES("x"), BYTES("y"));
    put(batch, "x2", "1");
}

static void miss_old(struct store_batch *batch, struct pair *pair)
{
    (void)pair;
    expect_in_batch(batch, "old", NULL);
    expect_in_batch(batch, "x1", NULL);
    expect_in_batch(batch, "x2", "1");
    put(batch, "x1", "2");
    expect_in_batch(batch, "x1", "2");
}

static void test_it_misses_what_that_deleted(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    pair_run(&pair, delete_old, miss_old);
    pair_expect(&pair, OK, OK);
    test_expect(pair.store, NULL, STORE_ITEMS, "old", NULL);
    test_expect(pair.store, NULL, STORE_ITEMS, "x1", "2");
    test_expect(pair.store, NULL, STORE_ITEMS, "x2", "1");
    pair_close(&pair);
}

static void get_from_the_store(struct store_batch *batch, struct pair *pair)
{
    (void)batch;
    test_expect(pair->store, NULL, STORE_ITEMS, "a", "1");
    assert_null(pair->store->before);
    assert_int_equal(store_last_position(pair->store), pair->first_position);
}

static void iterate(struct store_batch *batch, struct pair *pair)
{
    struct store_iter *iter =
        store_iter_new(pair->store, NULL, STORE_ITEMS, BYTES("a"), BYTES("b"), false);
    struct bytes key, value;

    assert_null(pair->store->before);
    assert_true(store_iter_next(iter, &key, &value));
    assert_true(bytes_equal_text(value, "1"));
    store_iter_free(iter);
    put(batch, "a", "2");
}

static void take_a_view(struct store_batch *batch, struct pair *pair)
{
    struct store_view *view = store_view_new(pair->store);

    assert_null(pair->store->before);
    test_expect(pair->store, view, STORE_ITEMS, "a", "1");
    store_view_free(pair->store, view);
    put(batch, "a", "2");
}

/* An iterator, a view, a get of the store: the group before is made visible first. */
static void test_who_reads_the_store_sees_it_too(void **state)
{
    void (*const bodies[])(struct store_batch *, struct pair *) = {get_from_the_store, iterate,
                                                                   take_a_view};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct pair pair;

        pair_open(&pair);
        pair_run(&pair, put_a, bodies[i]);
        pair_expect(&pair, OK, OK);
        test_expect(pair.store, NULL, STORE_ITEMS, "a", i == 0 ? "1" : "2");
        pair_close(&pair);
    }
}

static void only_look(struct store_batch *batch, struct pair *pair)
{
    (void)pair;
    expect_in_batch(batch, "a", "1");
}

static void expect_a_visible(struct store_work *work, enum status status)
{
    struct test_work *test = CONTAINER_OF(work, struct test_work, work);
    struct pair *pair = test->context;

    test_expect(pair->store, NULL, STORE_ITEMS, "a", "1");
    test_work_done(work, status);
}

/* Whoever is told of something finds it, even when it asks somebody else. */
static void test_who_saw_it_is_told_when_all_see_it(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    pair.first = put_a;
    pair.second = only_look;
    sem_init(&pair.hold.reached, 0, 0);
    sem_init(&pair.hold.go, 0, 0);
    pair.first_work = (struct test_work){.body = run_first, .context = &pair};
    pair.second_work = (struct test_work){.body = run_second, .context = &pair};
    test_submit(&pair.loop, &pair.first_work);
    sem_wait(&pair.hold.reached);
    pair.second_work.work.run = test_work_run;
    pair.second_work.work.done = expect_a_visible;
    store_submit(pair.store, pair.loop.port, &pair.second_work.work);
    sem_post(&pair.hold.go);
    assert_int_equal(test_finish(&pair.loop, &pair.second_work), OK);
    assert_true(pair.first_work.done);
    sem_destroy(&pair.hold.reached);
    sem_destroy(&pair.hold.go);
    pair_close(&pair);
}

/* ---- room ---- */

static void put_much(struct store_batch *batch, struct pair *pair)
{
    static uint8_t value[WAL_SEGMENT_SIZE];

    (void)pair;
    expect_in_batch(batch, "a", "1");
    store_batch_put(batch, STORE_ITEMS, BYTES("much"), bytes_of(value, sizeof value));
}

/* Two groups on their way are in one segment: the first one is made visible before another begins.
 */
static void test_a_group_that_needs_a_segment(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    pair_run(&pair, put_a, put_much);
    pair_expect(&pair, OK, OK);
    assert_int_equal(pair.store->wal.count, 1);
    pair_open_again(&pair);
    test_expect(pair.store, NULL, STORE_ITEMS, "a", "1");
    pair_close(&pair);
}

/* ---- failures ---- */

/* From here on the log takes nothing. */
static void limit_log(struct store_batch *batch, struct pair *pair)
{
    put_c(batch, pair);
    test_limit_files(1);
}

static void test_the_second_one_fails(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    pair_run(&pair, put_a, limit_log);
    test_limit_files(RLIM_INFINITY);
    pair_expect(&pair, OK, IO_ERROR);
    assert_int_equal(store_last_position(pair.store), 1);
    assert_int_equal(test_put(&pair.loop, STORE_ITEMS, "d", "3"), OK);
    for (int again = 0; again < 2; again++) {
        test_expect(pair.store, NULL, STORE_ITEMS, "a", "1");
        test_expect(pair.store, NULL, STORE_ITEMS, "c", NULL);
        test_expect(pair.store, NULL, STORE_ITEMS, "d", "3");
        pair_open_again(&pair);
    }
    pair_close(&pair);
}

/* RocksDB cannot make a table: then it takes no more writes, also when it could. */
static void break_rocks(struct store_batch *batch, struct pair *pair)
{
    put_a(batch, pair);
    assert_int_equal(rename(pair->inside, pair->away), 0);
    assert_int_not_equal(checkpoint_run(pair->store), OK);
    assert_int_equal(rename(pair->away, pair->inside), 0);
}

static void see_a_and_put_c(struct store_batch *batch, struct pair *pair)
{
    expect_in_batch(batch, "a", "1");
    put_c(batch, pair);
}

static void get_what_cannot_be_shown(struct store_batch *batch, struct pair *pair)
{
    test_expect(pair->store, NULL, STORE_ITEMS, "a", NULL);
    put_c(batch, pair);
}

/* The second one was evaluated with the first one there: both are taken back, though both are on
 * the disk; with them what comes is right. */
static void test_rocksdb_does_not_take_the_first_one(void **state)
{
    void (*const bodies[])(struct store_batch *,
                           struct pair *) = {see_a_and_put_c, get_what_cannot_be_shown, only_look};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct pair pair;

        pair_open(&pair);
        pair_run(&pair, break_rocks, bodies[i]);
        assert_int_not_equal(pair.first_work.status, OK);
        assert_int_equal(pair.second_work.status, pair.first_work.status);
        assert_int_equal(store_last_position(pair.store), 0);
        assert_int_equal(test_put(&pair.loop, STORE_ITEMS, "d", "3"), OK);
        for (int again = 0; again < 2; again++) {
            test_expect(pair.store, NULL, STORE_ITEMS, "old", "0");
            test_expect(pair.store, NULL, STORE_ITEMS, "a", NULL);
            test_expect(pair.store, NULL, STORE_ITEMS, "c", NULL);
            test_expect(pair.store, NULL, STORE_ITEMS, "d", "3");
            pair_open_again(&pair);
        }
        pair_close(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_sees_the_group_before),
        cmocka_unit_test(test_it_misses_what_that_deleted),
        cmocka_unit_test(test_who_reads_the_store_sees_it_too),
        cmocka_unit_test(test_who_saw_it_is_told_when_all_see_it),
        cmocka_unit_test(test_a_group_that_needs_a_segment),
        cmocka_unit_test(test_the_second_one_fails),
        cmocka_unit_test(test_rocksdb_does_not_take_the_first_one),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
