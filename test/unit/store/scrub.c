/* What is scrubbed leaves no trace in the folder: at once, when its last reader lets go, when the
 * store is closed, and after kill -9 at every moment in between. */
#include "store/store_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#define SECRET "a secret of thirty-two bytes....."

static void delete_body(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_delete(batch, STORE_VAULT, BYTES("key"));
    store_batch_scrub(batch, STORE_VAULT);
}

static void delete_key(struct test_loop *loop)
{
    struct test_work work = {.body = delete_body};

    assert_int_equal(test_do(loop, &work), OK);
}

static void put_key(struct test_loop *loop)
{
    assert_int_equal(test_put(loop, STORE_VAULT, "key", SECRET), OK);
    assert_int_equal(test_put(loop, STORE_VAULT, "other", "stays"), OK);
    assert_int_equal(test_put(loop, STORE_ITEMS, "item", "stays"), OK);
}

static bool is_scrubbing(struct store *store)
{
    struct store_figures figures;

    store_figures(store, &figures);
    return figures.scrubbing;
}

/* ---- tests ---- */

/* From the log, from a table of the first level, and from one that was compacted. */
static void test_at_once(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);
    for (int turn = 0; turn < 3; turn++) {
        struct store *store = test_open(folder);

        test_loop_open(&loop, store);
        put_key(&loop);
        if (turn > 0)
            delete_key(&loop), put_key(&loop);
        if (turn > 1)
            delete_key(&loop), put_key(&loop);
        assert_true(test_folder_has(folder, SECRET));
        delete_key(&loop);
        assert_false(is_scrubbing(store));
        assert_false(test_folder_has(folder, SECRET));
        test_expect(store, NULL, STORE_VAULT, "key", NULL);
        test_expect(store, NULL, STORE_VAULT, "other", "stays");
        test_expect(store, NULL, STORE_ITEMS, "item", "stays");
        test_loop_close(&loop);
        store_close(store);
        assert_false(test_folder_has(folder, SECRET));
    }
    test_folder_remove(folder);
}

static void test_readers_keep_it(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;
    struct store_view *view = NULL;
    struct store *store = NULL;

    (void)state;
    test_folder_make(folder);
    store = test_open(folder);
    test_loop_open(&loop, store);
    put_key(&loop);
    view = store_view_new(store);
    delete_key(&loop); /* does not wait for the view */
    assert_true(is_scrubbing(store));
    test_expect(store, NULL, STORE_VAULT, "key", NULL);
    store_view_free(store, view);
    while (is_scrubbing(store)) /* the writer looks again by itself */
        sched_yield();
    assert_false(test_folder_has(folder, SECRET));
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

static void test_closing(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_loop loop;
    struct store_view *view = NULL;
    struct store *store = NULL;

    (void)state;
    test_folder_make(folder);
    store = test_open(folder);
    test_loop_open(&loop, store);
    put_key(&loop);
    view = store_view_new(store);
    delete_key(&loop);
    store_view_free(store, view);
    test_loop_close(&loop);
    store_close(store);
    assert_false(test_folder_has(folder, SECRET));
    test_folder_remove(folder);
}

/* The deletion is durable, and nothing else has been done. */
static void test_killed(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct store *store = NULL;
    int status = 0;

    (void)state;
    test_folder_make(folder);

    pid_t child = fork();

    if (child == 0) {
        struct test_loop loop;

        store = test_open(folder);
        test_loop_open(&loop, store);
        put_key(&loop);
        (void)store_view_new(store);
        delete_key(&loop);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(test_folder_has(folder, SECRET));
    store = test_open(folder);
    assert_false(test_folder_has(folder, SECRET));
    test_expect(store, NULL, STORE_VAULT, "key", NULL);
    test_expect(store, NULL, STORE_VAULT, "other", "stays");
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed), /* first: it forks, and nothing has threads yet */
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_readers_keep_it),
        cmocka_unit_test(test_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
