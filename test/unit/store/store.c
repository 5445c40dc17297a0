/* Opening, closing, opening again; memory; figures. */
#include "store/store_test.h"

#include <fcntl.h>

static void path_in(char path[TEST_FOLDER_SIZE * 2], const char *folder, const char *name)
{
    snprintf(path, TEST_FOLDER_SIZE * 2, "%s/%s", folder, name);
}

static void put_one(struct store *store, const char *key, const char *value)
{
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, key, value), OK);
    test_loop_close(&loop);
}

static void test_what_was_put_is_there_after_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE], inner[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);
    path_in(inner, folder, "made/on/the/way");

    struct store *store = test_open(inner);

    put_one(store, "a", "1");
    store_close(store);
    store = test_open(inner);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    put_one(store, "b", "");
    store_close(store);
    store = test_open(inner);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    test_expect(store, NULL, STORE_ITEMS, "b", "");
    store_close(store);
    test_folder_remove(folder);
}

static void test_memory_stores_are_apart_and_gone_at_close(void **state)
{
    struct store *first = test_open(NULL), *second = test_open(NULL);
    struct store_figures figures;

    (void)state;
    put_one(first, "a", "1");
    test_expect(first, NULL, STORE_ITEMS, "a", "1");
    test_expect(second, NULL, STORE_ITEMS, "a", NULL);
    store_figures(first, &figures);
    assert_int_equal(figures.bytes_on_disk, 0);
    assert_in_range(figures.memory_size, 1, (size_t)16 << 20);
    store_close(first);
    first = test_open(NULL);
    test_expect(first, NULL, STORE_ITEMS, "a", NULL);
    store_close(second);
    store_close(first);
}

static void test_figures(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct store_figures figures;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    store_figures(store, &figures);
    assert_int_equal(figures.works, 0);
    assert_int_equal(figures.groups, 0);
    /* An empty store is small: nothing is taken from the disk ahead. */
    assert_in_range(figures.bytes_on_disk, 1, 1 << 20);
    put_one(store, "a", "1");
    store_figures(store, &figures);
    assert_int_equal(figures.works, 1);
    assert_int_equal(figures.groups, 1);
    store_close(store);
    test_folder_remove(folder);
}

/* A child that is started while the store is open inherits none of its descriptors. */
static void test_descriptors_close_on_exec(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    size_t checked = 0;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    put_one(store, "a", "1");
    for (int fd = 3; fd < 1024; fd++) {
        char link[64], target[1024];
        ssize_t size = 0;

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        size = readlink(link, target, sizeof target - 1);
        if (size <= 0)
            continue;
        target[size] = '\0';
        if (strstr(target, folder) == NULL)
            continue;
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        checked++;
    }
    assert_in_range(checked, 3, 1024); /* the lock, RocksDB's LOCK, its log at least */
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_is_there_after_a_restart),
        cmocka_unit_test(test_memory_stores_are_apart_and_gone_at_close),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_descriptors_close_on_exec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
