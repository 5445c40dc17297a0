/* Answers and news on their way to the loops. */
#include "store/store_test.h"

static void nothing(struct store_batch *batch, struct test_work *work)
{
    (void)batch, (void)work;
}

/* Blocks the writer until it is let go, so that works gather behind it. */
struct stopper {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool reached, released;
};

static void stop_here(struct store_batch *batch, struct test_work *work)
{
    struct stopper *stopper = work->context;

    (void)batch;
    pthread_mutex_lock(&stopper->mutex);
    stopper->reached = true;
    pthread_cond_broadcast(&stopper->moved);
    while (!stopper->released)
        pthread_cond_wait(&stopper->moved, &stopper->mutex);
    pthread_mutex_unlock(&stopper->mutex);
}

static void wait_until_stopped(struct stopper *stopper)
{
    pthread_mutex_lock(&stopper->mutex);
    while (!stopper->reached)
        pthread_cond_wait(&stopper->moved, &stopper->mutex);
    pthread_mutex_unlock(&stopper->mutex);
}

static void release(struct stopper *stopper)
{
    pthread_mutex_lock(&stopper->mutex);
    stopper->released = true;
    pthread_cond_broadcast(&stopper->moved);
    pthread_mutex_unlock(&stopper->mutex);
}

static void put_something(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_put(batch, STORE_ITEMS, BYTES("k"), BYTES("v"));
    store_batch_position(batch);
}

static void test_one_wake_for_a_group(void **state)
{
    struct store *store = test_open(NULL);
    struct stopper stopper = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    struct test_work first = {.body = stop_here, .context = &stopper}, works[100];
    struct test_loop loop, other;
    size_t done = 0;

    (void)state;
    test_loop_open(&loop, store);
    test_loop_open(&other, store);
    test_submit(&loop, &first);
    wait_until_stopped(&stopper);
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        works[i] = (struct test_work){.body = put_something, .done_count = &done};
        test_submit(&loop, &works[i]);
    }
    release(&stopper);
    assert_int_equal(test_finish(&loop, &first), OK);
    while (done < ARRAY_COUNT(works))
        test_loop_turn(&loop);
    /* the first work's group, and the one of all the others */
    assert_in_range(loop.wakes, 1, 2);
    assert_int_equal(loop.commits, 1);
    assert_int_equal(loop.last_position, ARRAY_COUNT(works));

    /* The other loop had no work and hears of the commit all the same, with the last position. */
    while (other.commits == 0)
        test_loop_turn(&other);
    assert_int_equal(other.wakes, 1);
    assert_int_equal(other.last_position, ARRAY_COUNT(works));
    test_loop_close(&other);
    test_loop_close(&loop);
    store_close(store);
}

static void test_commits_between_two_turns_are_told_once(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop, other;

    (void)state;
    test_loop_open(&other, store); /* first, so that it hears of a commit before `loop` does */
    test_loop_open(&loop, store);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "1"), OK);
    assert_int_equal(loop.commits, 5);
    test_loop_turn(&other);
    assert_int_equal(other.wakes, 1);
    assert_int_equal(other.commits, 1);
    test_loop_close(&other);
    test_loop_close(&loop);
    store_close(store);
}

/* done() may submit the same work again, many times. */
struct again {
    struct test_loop *loop;
    struct store_work work;
    size_t left;
};

static void run_again(struct store_batch *batch, struct store_work *work)
{
    (void)work;
    store_batch_position(batch);
}

static void done_again(struct store_work *work, enum status status)
{
    struct again *again = CONTAINER_OF(work, struct again, work);

    assert_int_equal(status, OK);
    if (--again->left > 0)
        store_submit(again->loop->store, again->loop->port, work);
}

static void test_done_submits_again(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop;
    struct again again = {.loop = &loop, .left = 50};

    (void)state;
    again.work.run = run_again;
    again.work.done = done_again;
    test_loop_open(&loop, store);
    store_submit(store, loop.port, &again.work);
    while (again.left > 0)
        test_loop_turn(&loop);
    assert_int_equal(store_last_position(store), 50);
    test_loop_close(&loop);
    store_close(store);
}

/* Closing finishes what waits; its answers are handed out after it. */
static void test_close_finishes_what_waits(void **state)
{
    struct store *store = test_open(NULL);
    struct test_work works[20];
    struct test_loop loop;
    size_t done = 0;

    (void)state;
    test_loop_open(&loop, store);
    for (size_t i = 0; i < ARRAY_COUNT(works); i++) {
        works[i] =
            (struct test_work){.body = i % 2 == 0 ? put_something : nothing, .done_count = &done};
        test_submit(&loop, &works[i]);
    }
    store_close(store);
    assert_int_equal(done, 0);
    store_port_run(loop.port);
    assert_int_equal(done, ARRAY_COUNT(works));
    for (size_t i = 0; i < ARRAY_COUNT(works); i++)
        assert_int_equal(works[i].status, OK);
    test_loop_close(&loop);
}

/* A port without committed() is not woken for what others commit. */
static void test_port_without_committed(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop, silent;

    (void)state;
    test_loop_open(&loop, store);
    test_loop_open(&silent, store);
    store_port_free(silent.port);
    silent.port = store_port_new(store, test_loop_wake, NULL, &silent);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "1"), OK);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "2"), OK);
    assert_int_equal(silent.wakes, 0);
    assert_int_equal(test_put(&silent, STORE_ITEMS, "a", "3"), OK);
    assert_int_equal(silent.wakes, 1);
    test_loop_close(&silent);
    test_loop_close(&loop);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_wake_for_a_group),
        cmocka_unit_test(test_commits_between_two_turns_are_told_once),
        cmocka_unit_test(test_done_submits_again),
        cmocka_unit_test(test_close_finishes_what_waits),
        cmocka_unit_test(test_port_without_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
