/* A folder that is only looked at: everything that is acknowledged is seen, and no byte changes. */
#include "store/store_test.h"

#include "store/internal.h"

#include <sys/stat.h>

struct looked {
    struct rocks rocks;
    char damage[WAL_WORDS_SIZE], words[ROCKS_ERROR_SIZE];
};

static enum status look(struct looked *looked, const char *folder)
{
    char rocks_path[2 * TEST_FOLDER_SIZE], log_path[2 * TEST_FOLDER_SIZE];

    snprintf(rocks_path, sizeof rocks_path, "%s/store", folder);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    return rocks_open_reading(&looked->rocks, rocks_path, log_path, false, looked->damage,
                              looked->words);
}

static void expect(const struct looked *looked, const char *key, const char *first, size_t size)
{
    const struct rocks *rocks = &looked->rocks;
    rocksdb_column_family_handle_t *items = rocks_family(rocks, STORE_ITEMS);
    char *error = NULL;
    size_t got = 0;
    char *value = items == NULL ? NULL
                                : rocksdb_get_cf(rocks->db, rocks->options.read, items, key,
                                                 strlen(key), &got, &error);

    assert_int_equal(rocks_status(error), OK);
    assert_true((value != NULL) == (first != NULL));
    if (value == NULL)
        return;
    assert_int_equal(got, size);
    assert_memory_equal(value, first, strlen(first));
    rocksdb_free(value);
}

static void put(struct test_loop *loop, const char *key, const char *first, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint8_t *room = arena_alloc(arena, size + 1);

    memset(room, 'x', size);
    memcpy(room, first, strlen(first));
    test_replace(loop, STORE_ITEMS, bytes_of_text(key), bytes_of(room, size));
}

static void delete_body(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_delete(batch, STORE_ITEMS, BYTES("gone"));
    store_batch_position(batch);
}

/* Some of it in tables, some in the log alone, records of every size around RocksDB's blocks. */
static void test_all_of_it(void **state)
{
    static const size_t sizes[] = {1,     100,   32688, 32689, 32690, 32691, 32692,
                                   32693, 32700, 32730, 32768, 65000, 70000, 300000};
    struct test_work delete = {.body = delete_body};
    char folder[TEST_FOLDER_SIZE], before[64], after[64], key[32];
    struct looked looked = {0};
    struct test_loop loop;
    uint64_t position = 0;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    test_loop_open(&loop, store);
    put(&loop, "old", "in a table", 20);
    put(&loop, "gone", "soon", 20);
    put(&loop, "twice", "first", 20);
    assert_int_equal(checkpoint_run(store), OK);
    put(&loop, "twice", "second", 20);
    assert_int_equal(test_do(&loop, &delete), OK);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        snprintf(key, sizeof key, "size %zu", sizes[i]);
        put(&loop, key, "v", sizes[i]);
    }
    test_loop_close(&loop);
    store_close(store);

    test_folder_list(folder, before, sizeof before);
    if (look(&looked, folder) != OK)
        fail_msg("%s", looked.words);
    assert_string_equal(looked.damage, "");
    expect(&looked, "old", "in a table", 20);
    expect(&looked, "gone", NULL, 0);
    expect(&looked, "twice", "second", 20);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        snprintf(key, sizeof key, "size %zu", sizes[i]);
        expect(&looked, key, "v", sizes[i]);
    }
    assert_int_equal(rocks_read_number(&looked.rocks, META_LAST_POSITION, &position), OK);
    assert_int_equal(position, 1);
    rocks_clear(&looked.rocks);
    test_folder_list(folder, after, sizeof after);
    assert_string_equal(before, after);

    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "gone", NULL);
    store_close(store);
    test_folder_remove(folder);
}

static void test_nothing_in_the_log(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct looked looked = {0};

    (void)state;
    test_folder_make(folder);
    store_close(test_open(folder));
    assert_int_equal(look(&looked, folder), OK);
    assert_string_equal(looked.damage, "");
    expect(&looked, "old", NULL, 0);
    rocks_clear(&looked.rocks);
    test_folder_remove(folder);
}

/* What stands before the damage is seen; and a log that is not there is missed. */
static void test_a_damaged_log(void **state)
{
    char folder[TEST_FOLDER_SIZE], log_path[2 * TEST_FOLDER_SIZE];
    struct looked looked = {0};
    struct test_loop loop;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    test_loop_open(&loop, store);
    put(&loop, "a", "1", 1);

    size_t end = store->wal.end;

    put(&loop, "b", "2", 1);
    put(&loop, "c", "3", 1);
    test_loop_close(&loop);
    store_close(store);
    snprintf(log_path, sizeof log_path, "%s/log/000001", folder);
    test_file_flip(log_path, end);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    assert_int_equal(look(&looked, folder), OK);
    assert_non_null(strstr(looked.damage, "group 2"));
    expect(&looked, "a", "1", 1);
    expect(&looked, "b", NULL, 0);
    expect(&looked, "c", NULL, 0);
    rocks_clear(&looked.rocks);
    assert_int_equal(file_remove_folder(log_path), OK);
    assert_int_equal(look(&looked, folder), OK);
    assert_non_null(strstr(looked.damage, "log"));
    rocks_clear(&looked.rocks);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_nothing_in_the_log),
        cmocka_unit_test(test_a_damaged_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
