/* A thread that submits, and has nothing else to do, runs and writes its work itself, when the
 * writer rests; and the writer does what such a thread must not. */
#include "store/store_test.h"

#include "store/internal.h"

#include <signal.h>

struct alone {
    char folder[TEST_FOLDER_SIZE];
    struct store *store;
    struct test_loop loop;
    uint64_t log_ns; /* that the disk is to have taken */
};

static void open_memory(struct alone *alone, const char *folder)
{
    *alone = (struct alone){0};
    alone->store = test_open(folder);
    alone->store->repair_pause_ms = 0;
    test_loop_open(&alone->loop, alone->store);
    assert_int_equal(test_put(&alone->loop, STORE_ITEMS, "old", "0"), OK);
}

static void alone_open(struct alone *alone)
{
    char folder[TEST_FOLDER_SIZE];

    test_folder_make(folder);
    open_memory(alone, folder);
    memcpy(alone->folder, folder, sizeof folder);
}

static void alone_close(struct alone *alone)
{
    test_loop_close(&alone->loop);
    store_close(alone->store);
    if (alone->folder[0] != '\0')
        test_folder_remove(alone->folder);
}

struct put {
    pthread_t ran_on;
    const char *key;
};

static void run_put(struct store_batch *batch, struct test_work *work)
{
    struct put *put = work->context;

    put->ran_on = pthread_self();
    store_batch_put(batch, STORE_ITEMS, bytes_of_text(put->key), BYTES("1"));
}

/* The writer answers before it rests. */
static void rest(struct alone *alone)
{
    pthread_mutex_lock(&alone->store->serving);
    alone->store->log_ns = alone->log_ns;
    pthread_mutex_unlock(&alone->store->serving);
}

/* Submitted by a thread that is alone; true: it was run there. */
static bool put_alone(struct alone *alone, const char *key, enum status expected)
{
    struct put put = {.key = key};
    struct test_work work = {.body = run_put, .context = &put};

    rest(alone);
    store_port_alone(alone->loop.port);
    test_submit(&alone->loop, &work);
    assert_false(work.done);
    store_port_run(alone->loop.port);
    assert_int_equal(test_finish(&alone->loop, &work), expected);
    return work.ran && pthread_equal(put.ran_on, pthread_self());
}

static void test_it_serves_itself_unwoken(void **state)
{
    (void)state;
    for (int memory = 0; memory < 2; memory++) {
        struct alone alone;

        if (memory)
            open_memory(&alone, NULL);
        else
            alone_open(&alone);

        size_t wakes = alone.loop.wakes, commits = alone.loop.commits;

        assert_true(put_alone(&alone, "a", OK));
        assert_int_equal(alone.loop.wakes, wakes);
        assert_int_equal(alone.loop.commits, commits + 1);
        test_expect(alone.store, NULL, STORE_ITEMS, "a", "1");
        assert_int_equal(test_put(&alone.loop, STORE_ITEMS, "b", "1"), OK);
        assert_int_equal(alone.loop.wakes, wakes + 1); /* it is not alone any more */
        assert_true(put_alone(&alone, "c", OK));
        alone_close(&alone);
    }
}

static void test_it_is_as_durable(void **state)
{
    struct alone alone;

    (void)state;
    alone_open(&alone);
    assert_true(put_alone(&alone, "a", OK));
    test_loop_close(&alone.loop);
    store_close(alone.store);
    alone.store = test_open(alone.folder);
    test_loop_open(&alone.loop, alone.store);
    test_expect(alone.store, NULL, STORE_ITEMS, "a", "1");
    alone_close(&alone);
}

static void test_a_slow_disk_is_the_writers(void **state)
{
    struct alone alone;

    (void)state;
    alone_open(&alone);
    alone.log_ns = 20000000;
    assert_false(put_alone(&alone, "a", OK));
    alone_close(&alone);
}

static void test_after_a_group_of_two_the_writer_serves(void **state)
{
    struct alone alone;

    (void)state;
    alone_open(&alone);
    alone.store->last_count = 2;
    assert_false(put_alone(&alone, "a", OK));
    assert_true(put_alone(&alone, "b", OK));
    alone_close(&alone);
}

/* ---- beside the writer ---- */

struct held {
    sem_t reached, go;
};

static void hold(struct store_batch *batch, struct test_work *work)
{
    struct held *held = work->context;

    sem_post(&held->reached);
    sem_wait(&held->go);
    store_batch_put(batch, STORE_ITEMS, BYTES("held"), BYTES("1"));
}

/* What waits for the writer is first; what comes to it is in its order. */
static void test_it_waits_when_the_writer_is_at_work(void **state)
{
    struct put put = {.key = "a"};
    struct held held;
    struct test_work first = {.body = hold, .context = &held};
    struct test_work second = {.body = run_put, .context = &put};
    struct alone alone;

    (void)state;
    sem_init(&held.reached, 0, 0);
    sem_init(&held.go, 0, 0);
    alone_open(&alone);
    test_submit(&alone.loop, &first);
    sem_wait(&held.reached);
    store_port_alone(alone.loop.port);
    test_submit(&alone.loop, &second);
    assert_false(second.ran);
    sem_post(&held.go);
    store_port_run(alone.loop.port);
    assert_int_equal(test_finish(&alone.loop, &second), OK);
    assert_true(first.done);
    assert_false(pthread_equal(put.ran_on, pthread_self()));
    alone_close(&alone);
    sem_destroy(&held.reached);
    sem_destroy(&held.go);
}

#define THREADS 4
#define PUTS 200

struct putter {
    struct store *store;
    pthread_t thread;
    int number;
    size_t here;
};

static void *put_many(void *context)
{
    struct putter *putter = context;
    struct alone alone = {.store = putter->store};
    char key[32];

    test_loop_open(&alone.loop, putter->store);
    for (int i = 0; i < PUTS; i++) {
        snprintf(key, sizeof key, "%d/%d", putter->number, i);
        putter->here += put_alone(&alone, key, OK);
    }
    test_loop_close(&alone.loop);
    return NULL;
}

/* Each believes that it is alone. */
static void test_threads_beside_each_other(void **state)
{
    struct putter putters[THREADS];
    struct alone alone;
    char key[32];

    (void)state;
    alone_open(&alone);
    for (int i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){.store = alone.store, .number = i};
        assert_int_equal(pthread_create(&putters[i].thread, NULL, put_many, &putters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(putters[i].thread, NULL);
    for (int i = 0; i < THREADS * PUTS; i++) {
        snprintf(key, sizeof key, "%d/%d", i / PUTS, i % PUTS);
        test_expect(alone.store, NULL, STORE_ITEMS, key, "1");
    }
    alone_close(&alone);
}

/* ---- failures ---- */

/* The way back may wait for readers, and this thread is one. */
static void test_what_fails_is_the_writers(void **state)
{
    struct alone alone;

    (void)state;
    alone_open(&alone);

    struct store_view *view = store_view_new(alone.store);

    test_limit_files(1);
    assert_true(put_alone(&alone, "a", IO_ERROR));
    test_limit_files(RLIM_INFINITY);
    test_expect(alone.store, view, STORE_ITEMS, "old", "0");
    store_view_free(alone.store, view);
    assert_int_equal(test_put(&alone.loop, STORE_ITEMS, "b", "1"), OK);
    assert_true(put_alone(&alone, "c", OK));
    test_expect(alone.store, NULL, STORE_ITEMS, "a", NULL);
    test_expect(alone.store, NULL, STORE_ITEMS, "b", "1");
    test_expect(alone.store, NULL, STORE_ITEMS, "c", "1");
    alone_close(&alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_serves_itself_unwoken),
        cmocka_unit_test(test_it_is_as_durable),
        cmocka_unit_test(test_a_slow_disk_is_the_writers),
        cmocka_unit_test(test_after_a_group_of_two_the_writer_serves),
        cmocka_unit_test(test_it_waits_when_the_writer_is_at_work),
        cmocka_unit_test(test_threads_beside_each_other),
        cmocka_unit_test(test_what_fails_is_the_writers),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
