/* Folders as they are found: of an older dynlog, without a log, with one that is damaged. */
#include "store/store_test.h"

#include "store/internal.h"

static void path_in(char path[TEST_FOLDER_SIZE * 2], const char *folder, const char *name)
{
    snprintf(path, TEST_FOLDER_SIZE * 2, "%s/%s", folder, name);
}

static void write_format(const char *folder, const char *text)
{
    char path[TEST_FOLDER_SIZE * 2];

    path_in(path, folder, "format");
    assert_int_equal(file_write(path, bytes_of_text(text), 0644), OK);
}

static void put_one(struct store *store, const char *key, const char *value)
{
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, key, value), OK);
    test_loop_close(&loop);
}

/* Format 1: RocksDB's own log has what was acknowledged last. */
static void make_older_folder(const char *folder)
{
    char path[TEST_FOLDER_SIZE * 2], words[ROCKS_ERROR_SIZE];
    rocksdb_writeoptions_t *synced = rocksdb_writeoptions_create();
    rocksdb_column_family_handle_t *items = NULL;
    struct rocks rocks;
    char *error = NULL;

    path_in(path, folder, "store");
    assert_int_equal(rocks_open(&rocks, path, false, ROCKS_CREATE, words), OK);
    rocksdb_writeoptions_set_sync(synced, 1);
    assert_int_equal(rocks_make_family(&rocks, STORE_ITEMS, &items), OK);
    rocksdb_put_cf(rocks.db, synced, items, "a", 1, "1", 1, &error);
    assert_int_equal(rocks_status(error), OK);
    rocksdb_put_cf(rocks.db, synced, rocks_family(&rocks, FAMILY_META), "last-position", 13,
                   "\0\0\0\0\0\0\0\5", 8, &error);
    assert_int_equal(rocks_status(error), OK);
    rocksdb_writeoptions_destroy(synced);
    rocks_clear(&rocks);
    path_in(path, folder, "dynlog.lock");
    assert_int_equal(file_write(path, BYTES(""), 0644), OK);
    write_format(folder, "dynlog store 1\n");
}

static void test_older_folder(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text;

    (void)state;
    test_folder_make(folder);
    make_older_folder(folder);

    struct store *store = test_open(folder);

    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    assert_int_equal(store_last_position(store), 5);
    put_one(store, "b", "2");
    path_in(path, folder, "format");
    assert_int_equal(file_read(arena, path, 100, &text), OK);
    assert_true(bytes_equal_text(text, "dynlog store 2\n")); /* an older one would not see b */
    store_close(store);
    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    test_expect(store, NULL, STORE_ITEMS, "b", "2");
    assert_int_equal(store_last_position(store), 5);
    store_close(store);
    test_folder_remove(folder);
}

/* Killed between the log and the mark: nothing was put yet, and the next one goes on. */
static void test_older_folder_with_a_log(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);
    make_older_folder(folder);
    store_close(test_open(folder));
    write_format(folder, "dynlog store 1\n");
    path_in(path, folder, "log/000001");
    assert_int_equal(truncate(path, 20), 0);

    struct store *store = test_open(folder);

    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    put_one(store, "b", "2");
    store_close(store);
    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "b", "2");
    store_close(store);
    test_folder_remove(folder);
}

static void expect_damage(const char *folder, const char *word)
{
    struct store_options options = {.folder = folder};
    char message[STORE_MESSAGE_SIZE] = "";
    struct store *store = NULL;

    assert_int_equal(store_open(&options, &store, message), CORRUPT);
    assert_non_null(strstr(message, folder));
    assert_non_null(strstr(message, word));
}

/* Never answered with less than was acknowledged. */
static void test_a_damaged_log(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2], away[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    put_one(store, "a", "1");
    put_one(store, "b", "2");
    store_close(store);
    path_in(path, folder, "log");
    path_in(away, folder, "away");
    assert_int_equal(rename(path, away), 0);
    expect_damage(folder, "log");
    assert_int_equal(rename(away, path), 0);
    path_in(path, folder, "log/000001");
    test_file_flip(path, WAL_RECORDS_AT + 30);
    expect_damage(folder, "group 1");
    test_file_flip(path, WAL_RECORDS_AT + 8);
    expect_damage(folder, "group 1");
    test_folder_remove(folder);
}

/* A group names a family that RocksDB does not have: it is not passed over. */
static void test_a_family_that_is_gone(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2], words[ROCKS_ERROR_SIZE];
    char *error = NULL;
    struct rocks rocks;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    put_one(store, "a", "1");
    store_close(store);
    path_in(path, folder, "store");
    assert_int_equal(rocks_open(&rocks, path, false, ROCKS_EXISTING, words), OK);
    rocksdb_drop_column_family(rocks.db, rocks_family(&rocks, STORE_ITEMS), &error);
    assert_int_equal(rocks_status(error), OK);
    rocks_clear(&rocks);
    expect_damage(folder, "group 1");
    test_folder_remove(folder);
}

static bool has(const char *folder, const char *name)
{
    char path[TEST_FOLDER_SIZE * 2];

    path_in(path, folder, name);
    return access(path, F_OK) == 0;
}

/* The log is made for what is put, before its family is; one that stopped in between goes on. */
static void test_a_log_is_made_when_something_is_put(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);
    store_close(test_open(folder));
    assert_true(has(folder, "format"));
    assert_false(has(folder, "log"));

    struct store *store = test_open(folder);

    assert_int_equal(wal_begin(&store->wal), OK);
    store_close(store);
    assert_true(has(folder, "log/000001"));
    path_in(path, folder, "log/000001");
    assert_int_equal(truncate(path, 0), 0);
    store = test_open(folder);
    put_one(store, "a", "1");
    store_close(store);
    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_folder),
        cmocka_unit_test(test_older_folder_with_a_log),
        cmocka_unit_test(test_a_damaged_log),
        cmocka_unit_test(test_a_family_that_is_gone),
        cmocka_unit_test(test_a_log_is_made_when_something_is_put),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
