/* Groups, answers, positions, many loops at once. */
#include "store/store_test.h"

/* ---- one loop ---- */

static void test_put_is_visible_when_answered(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "1"), OK);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    test_expect(store, NULL, STORE_INDEXES, "a", NULL);
    assert_int_equal(test_put(&loop, STORE_INDEXES, "a", "2"), OK);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    test_expect(store, NULL, STORE_INDEXES, "a", "2");
    assert_int_equal(loop.commits, 2);
    test_loop_close(&loop);
    store_close(store);
}

/* Appends the next number to a list held in one key: right only if each run() sees the one before.
 */
static void append_number(struct store_batch *batch, struct test_work *work)
{
    struct bytes before = BYTES("");
    uint8_t after[8 * 256];
    enum status status = store_batch_get(batch, STORE_ITEMS, BYTES("list"), &before);

    assert_true(status == OK || status == NOT_FOUND);
    assert_true(before.size + 8 <= sizeof after);
    if (before.size > 0)
        memcpy(after, before.ptr, before.size);
    bytes_put_u64(after + before.size, work->number);
    store_batch_put(batch, STORE_ITEMS, BYTES("list"), bytes_of(after, before.size + 8));
    work->position = store_batch_position(batch);
}

static void test_later_works_see_earlier_ones(void **state)
{
    struct store *store = test_open(NULL);
    struct test_work works[200];
    struct test_loop loop;
    size_t done = 0;

    (void)state;
    test_loop_open(&loop, store);
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        works[i] = (struct test_work){.body = append_number, .number = i, .done_count = &done};
        test_submit(&loop, &works[i]);
    }
    while (done < ARRAY_COUNT(works))
        test_loop_turn(&loop);

    AUTO(store_value_release) struct store_value value = {0};

    assert_int_equal(store_get(store, NULL, STORE_ITEMS, BYTES("list"), &value), OK);
    assert_int_equal(value.bytes.size, 8 * ARRAY_COUNT(works));
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        assert_int_equal(works[i].status, OK);
        assert_int_equal(works[i].position, i + 1);
        assert_int_equal(bytes_get_u64(value.bytes.ptr + 8 * i), i);
    }
    assert_int_equal(store_last_position(store), ARRAY_COUNT(works));
    assert_int_equal(loop.last_position, ARRAY_COUNT(works));

    struct store_figures figures;

    store_figures(store, &figures);
    assert_int_equal(figures.works, ARRAY_COUNT(works));
    assert_in_range(figures.groups, 1, ARRAY_COUNT(works));
    store_value_release(&value);
    test_loop_close(&loop);
    store_close(store);
}

static void read_only_body(struct store_batch *batch, struct test_work *work)
{
    struct bytes value;

    (void)work;
    assert_int_equal(store_batch_get(batch, STORE_ITEMS, BYTES("none"), &value), NOT_FOUND);
}

static void test_work_that_changes_nothing_writes_nothing(void **state)
{
    struct store *store = test_open(NULL);
    struct test_work work = {.body = read_only_body};
    struct store_figures figures;
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &work), OK);
    store_figures(store, &figures);
    assert_int_equal(figures.works, 1);
    assert_int_equal(figures.groups, 0);
    assert_int_equal(loop.commits, 0);
    assert_int_equal(store_last_position(store), 0);
    test_loop_close(&loop);
    store_close(store);
}

static void failing_body(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    (void)store_batch_position(batch);
    store_batch_put(batch, STORE_ITEMS, BYTES("failed"), BYTES("1"));
    store_batch_fail(batch, CORRUPT);
}

static void test_a_work_fails_its_group(void **state)
{
    struct store *store = test_open(NULL);
    struct test_work work = {.body = failing_body};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &work), CORRUPT);
    test_expect(store, NULL, STORE_ITEMS, "failed", NULL);
    assert_int_equal(store_last_position(store), 0);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "1"), OK);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    test_expect(store, NULL, STORE_ITEMS, "failed", NULL);
    test_loop_close(&loop);
    store_close(store);
}

static void test_positions_go_on_after_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    for (uint64_t round = 0; round < 3; round++) {
        struct store *store = test_open(folder);
        struct test_work work = {.body = append_number};
        struct test_loop loop;

        assert_int_equal(store_last_position(store), round);
        test_loop_open(&loop, store);
        assert_int_equal(test_do(&loop, &work), OK);
        assert_int_equal(work.position, round + 1);
        test_loop_close(&loop);
        store_close(store);
    }
    test_folder_remove(folder);
}

/* ---- several loops ---- */

#define LOOPS 4
#define IN_FLIGHT 16
#define WORKS_A_LOOP 600

/* change record at its position, as the engine does */
static void put_at_position(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[8], value[8];

    work->position = store_batch_position(batch);
    bytes_put_u64(key, work->position);
    bytes_put_u64(value, work->number);
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, 8), bytes_of(value, 8));
}

/* Invariant 4: every position up to the last is there, from whatever thread one looks. */
static void check_positions(struct store *store, uint64_t *seen)
{
    uint64_t last = store_last_position(store), expected = 0;
    uint8_t from[8], to[8];
    struct bytes key, value;

    if (last < *seen)
        abort();
    expected = last > 50 ? last - 50 : 1;
    bytes_put_u64(from, expected);
    bytes_put_u64(to, last + 1);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, NULL, STORE_CHANGES, bytes_of(from, 8), bytes_of(to, 8), false);

    while (store_iter_next(iter, &key, &value))
        if (bytes_get_u64(key.ptr) != expected++)
            abort();
    if (store_iter_status(iter) != OK || expected != last + 1)
        abort();
    *seen = last;
}

struct crowd_loop {
    struct test_loop loop;
    struct test_work works[IN_FLIGHT];
    uint64_t number, positions[WORKS_A_LOOP];
};

/* cmocka's asserts belong to the main thread: a loop of the crowd aborts. */
static void *crowd_main(void *context)
{
    struct crowd_loop *crowd = context;
    uint64_t submitted = 0, answered = 0, last_position = 0, seen = 0;

    while (answered < WORKS_A_LOOP) {
        for (; submitted < WORKS_A_LOOP && submitted - answered < IN_FLIGHT; submitted++) {
            struct test_work *work = &crowd->works[submitted % IN_FLIGHT];

            *work = (struct test_work){.body = put_at_position,
                                       .number = crowd->number * WORKS_A_LOOP + submitted};
            test_submit(&crowd->loop, work);
        }
        test_loop_turn(&crowd->loop);
        for (; answered < submitted && crowd->works[answered % IN_FLIGHT].done; answered++) {
            const struct test_work *work = &crowd->works[answered % IN_FLIGHT];

            if (work->status != OK || work->position <= last_position ||
                store_last_position(crowd->loop.store) < work->position)
                abort(); /* answers come in the order of the submits, once visible */
            last_position = work->position;
            crowd->positions[answered] = last_position;
        }
        check_positions(crowd->loop.store, &seen);
    }
    return NULL;
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static void test_loops_in_threads(void **state)
{
    struct store *store = test_open(NULL);
    struct crowd_loop *crowd = mem_new_array(LOOPS, sizeof *crowd);
    uint64_t *all = mem_new_array(LOOPS * WORKS_A_LOOP, sizeof *all);
    pthread_t threads[LOOPS];

    (void)state;
    for (size_t i = 0; i < LOOPS; i++) {
        crowd[i].number = i;
        test_loop_open(&crowd[i].loop, store);
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd[i]), 0);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        pthread_join(threads[i], NULL);
        memcpy(all + i * WORKS_A_LOOP, crowd[i].positions, sizeof crowd[i].positions);
    }
    qsort(all, LOOPS * WORKS_A_LOOP, sizeof *all, compare_positions);
    for (size_t i = 0; i < LOOPS * WORKS_A_LOOP; i++)
        assert_int_equal(all[i], i + 1);
    assert_int_equal(store_last_position(store), LOOPS * WORKS_A_LOOP);
    for (size_t i = 0; i < LOOPS; i++)
        test_loop_close(&crowd[i].loop);
    mem_free(all);
    mem_free(crowd);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_is_visible_when_answered),
        cmocka_unit_test(test_later_works_see_earlier_ones),
        cmocka_unit_test(test_work_that_changes_nothing_writes_nothing),
        cmocka_unit_test(test_a_work_fails_its_group),
        cmocka_unit_test(test_positions_go_on_after_a_restart),
        cmocka_unit_test(test_loops_in_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
