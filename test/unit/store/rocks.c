/* One RocksDB: its ways to open, and its error texts as status. */
#include "store/store_test.h"

#include "base/file.h"
#include "store/internal.h"

static void test_status_of_error_texts(void **state)
{
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"IO error: No space left on device: While appending to file: /x/000004.log: No space left "
         "on device",
         NO_SPACE},
        {"IO error: While fdatasync: /x/000004.log: Disk quota exceeded", NO_SPACE},
        {"IO error: While open a file for appending: /x/000004.log: Permission denied",
         NOT_PERMITTED},
        {"IO error: While mkdir if missing: /x: Read-only file system", NOT_PERMITTED},
        {"Corruption: block checksum mismatch: stored = 1, computed = 2", CORRUPT},
        {"Invalid argument: /x: does not exist (create_if_missing is false)", CORRUPT},
        {"IO error: While appending to file: /x/000004.log: File too large", IO_ERROR},
        {"IO error: While pread offset 0 len 8: /x/000009.sst: Input/output error", IO_ERROR},
        {"Busy", IO_ERROR},
        {"", IO_ERROR},
    };

    (void)state;
    assert_int_equal(rocks_status(NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(rocks_status(strdup(cases[i].text)), cases[i].status);
}

static void put(struct rocks *rocks, size_t family, const char *value)
{
    rocksdb_column_family_handle_t *handle = NULL;
    char *error = NULL;

    assert_int_equal(rocks_make_family(rocks, family, &handle), OK);
    rocksdb_put_cf(rocks->db, rocks->options.write, handle, "k", 1, value, strlen(value), &error);
    assert_int_equal(rocks_status(error), OK);
}

static void expect(const struct rocks *rocks, size_t family, const char *value)
{
    char *error = NULL;
    size_t size = 0;
    char *found = rocksdb_get_cf(rocks->db, rocks->options.read, rocks_family(rocks, family), "k",
                                 1, &size, &error);

    assert_int_equal(rocks_status(error), OK);
    assert_non_null(found);
    assert_true(bytes_equal_text(bytes_of(found, size), value));
    rocksdb_free(found);
}

static void expect_none(const struct rocks *rocks, size_t family)
{
    char *error = NULL;
    size_t size = 0;

    assert_null(rocksdb_get_cf(rocks->db, rocks->options.read, rocks_family(rocks, family), "k", 1,
                               &size, &error));
    assert_int_equal(rocks_status(error), OK);
}

static void test_ways_to_open(void **state)
{
    char folder[TEST_FOLDER_SIZE], words[ROCKS_ERROR_SIZE] = "";
    struct rocks rocks, second;

    (void)state;
    test_folder_make(folder);
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_EXISTING, words), CORRUPT);
    assert_non_null(strstr(words, folder));
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_READ_ONLY, words), CORRUPT);

    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_CREATE, words), OK);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        put(&rocks, i, rocks_family_names[i]);
    assert_int_equal(rocks_open(&second, folder, false, ROCKS_EXISTING, words), IO_ERROR);
    assert_int_equal(rocks_flush(&rocks), OK);
    rocks_close(&rocks);

    assert_int_equal(rocks_open_again(&rocks, ROCKS_READ_ONLY, words), OK);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        expect(&rocks, i, rocks_family_names[i]);
    rocks_close(&rocks);
    rocks_close(&rocks); /* harmless */

    assert_int_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        expect(&rocks, i, rocks_family_names[i]);
    rocks_clear(&rocks);
    rocks_clear(&rocks);
    test_folder_remove(folder);
}

/* A family is made when something is put into it, once, and is there at the next open; also one
 * that a folder from before it lacks. */
static void test_families_are_made_when_they_are_put_into(void **state)
{
    char folder[TEST_FOLDER_SIZE], words[ROCKS_ERROR_SIZE] = "", *error = NULL;
    rocksdb_column_family_handle_t *handle = NULL;
    struct rocks rocks;

    (void)state;
    test_folder_make(folder);
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_CREATE, words), OK);
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        assert_int_equal(rocks_family(&rocks, i) != NULL, i == FAMILY_META);
    put(&rocks, STORE_ITEMS, "item");
    put(&rocks, STORE_HISTORY, "history");
    handle = rocks_family(&rocks, STORE_ITEMS);
    put(&rocks, STORE_ITEMS, "item");
    assert_ptr_equal(rocks_family(&rocks, STORE_ITEMS), handle);
    assert_int_equal(rocks_flush(&rocks), OK);
    rocksdb_drop_column_family(rocks.db, rocks_family(&rocks, STORE_HISTORY), &error);
    assert_int_equal(rocks_status(error), OK);
    rocks_close(&rocks);

    assert_int_equal(rocks_open_again(&rocks, ROCKS_READ_ONLY, words), OK);
    assert_null(rocks_family(&rocks, STORE_HISTORY));
    expect(&rocks, STORE_ITEMS, "item");
    rocks_close(&rocks);
    assert_int_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    expect(&rocks, STORE_ITEMS, "item");
    put(&rocks, STORE_HISTORY, "new");
    expect(&rocks, STORE_HISTORY, "new");
    rocks_clear(&rocks);
    test_folder_remove(folder);
}

static size_t count_options(const char *folder)
{
    AUTO(file_close_folder) DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;
    size_t count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL)
        count += strncmp(entry->d_name, "OPTIONS", strlen("OPTIONS")) == 0;
    return count;
}

/* Neither a file with all options nor what is left of a try to write one: options.c. */
static void test_options_are_not_written(void **state)
{
    char folder[TEST_FOLDER_SIZE], words[ROCKS_ERROR_SIZE] = "";
    struct rocks rocks;

    (void)state;
    test_folder_make(folder);
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_CREATE, words), OK);
    assert_int_equal(count_options(folder), 0);
    put(&rocks, STORE_ITEMS, "item");
    assert_int_equal(count_options(folder), 0);
    assert_int_equal(rocks_flush(&rocks), OK);
    rocks_close(&rocks);
    assert_int_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    assert_int_equal(count_options(folder), 0);
    expect(&rocks, STORE_ITEMS, "item");
    rocks_clear(&rocks);
    test_folder_remove(folder);
}

/* What a later dynlog added is not opened without it. */
static void test_a_family_that_nobody_knows(void **state)
{
    char folder[TEST_FOLDER_SIZE], words[ROCKS_ERROR_SIZE] = "", *error = NULL;
    rocksdb_column_family_handle_t *handle = NULL;
    struct rocks rocks;

    (void)state;
    test_folder_make(folder);
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_CREATE, words), OK);
    handle = rocksdb_create_column_family(rocks.db, rocks.options.of_family[0], "later", &error);
    assert_int_equal(rocks_status(error), OK);
    rocksdb_column_family_handle_destroy(handle);
    rocks_close(&rocks);
    assert_int_not_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    assert_non_null(strstr(words, "later"));
    rocks_clear(&rocks);
    test_folder_remove(folder);
}

/* What was put is in memory only, and gone with it, until it is flushed: the log has it (wal.h). */
static void test_flush(void **state)
{
    char folder[TEST_FOLDER_SIZE], words[ROCKS_ERROR_SIZE];
    static const char *const tables = "rocksdb.live-sst-files-size";
    struct rocks rocks;

    (void)state;
    test_folder_make(folder);
    assert_int_equal(rocks_open(&rocks, folder, false, ROCKS_CREATE, words), OK);
    put(&rocks, STORE_ITEMS, "flushed");
    put(&rocks, STORE_EVENTS, "not flushed");
    assert_int_equal(rocks_flush_family(&rocks, STORE_ITEMS), OK);
    assert_in_range(rocks_figure(&rocks, tables), 1, UINT64_MAX);
    rocks_close(&rocks);
    assert_int_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    expect(&rocks, STORE_ITEMS, "flushed");
    expect_none(&rocks, STORE_EVENTS);
    put(&rocks, STORE_EVENTS, "flushed now");
    assert_int_equal(rocks_flush(&rocks), OK);
    rocks_close(&rocks);
    assert_int_equal(rocks_open_again(&rocks, ROCKS_EXISTING, words), OK);
    expect(&rocks, STORE_EVENTS, "flushed now");
    rocks_clear(&rocks);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_of_error_texts),
        cmocka_unit_test(test_ways_to_open),
        cmocka_unit_test(test_families_are_made_when_they_are_put_into),
        cmocka_unit_test(test_options_are_not_written),
        cmocka_unit_test(test_a_family_that_nobody_knows),
        cmocka_unit_test(test_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
