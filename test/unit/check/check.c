/* check/check.c - a folder that the engine wrote has nothing wrong; one damaged row is told, and
 * nothing else is. */
#include "check/check_test.h"

#include "engine/index_test.h"
#include "order/internal.h"
#include "store/internal.h"

#include <sys/stat.h>

#define EVENTS 6 /* three of two streams each */

static void append_events(struct test_check *test)
{
    test_create(&test->t, "log", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (int version = 1; version <= EVENTS / 2; version++) {
        test_append(&test->t, "log", "users", "1", version, "signup");
        test_append(&test->t, "log", "users", "2", version, version == 1 ? "signup" : "rename");
    }
}

static void put_indexed(struct test_check *test)
{
    static const struct test_index indexes[] = {
        {"by_a", INDEX_GLOBAL, "a:S", PROJECTION_ALL, NULL},
        {"by_n", INDEX_LOCAL, "pk:S / n:N", PROJECTION_INCLUDE, "b"},
    };

    test_create_indexed(&test->t, "people", "pk:S / sk:S", STREAM_KEYS_ONLY, indexes,
                        ARRAY_COUNT(indexes));
    test_put_item(&test->t, "people",
                  "{'pk':{'S':'x'},'sk':{'S':'1'},'a':{'S':'A'},'n':{'N':'5'},'b':{'S':'b'}}");
    test_put_item(&test->t, "people", "{'pk':{'S':'x'},'sk':{'S':'2'},'n':{'N':'6'}}");
    test_put_item(&test->t, "people", "{'pk':{'S':'y'},'sk':{'S':'1'},'a':{'S':'A'}}");
    test_put_item(&test->t, "people", "{'pk':{'S':'y'},'sk':{'S':'1'},'a':{'S':'B'}}");
    test_step_on(
        &test->t, "people",
        &(struct test_step){.kind = WRITE_DELETE, .item = "{'pk':{'S':'x'},'sk':{'S':'2'}}"}, NULL);
}

static void open_with_events(struct test_check *test)
{
    test_check_open(test);
    append_events(test);
    put_indexed(test);
    test_check_let_go(test);
    test_expect_found(test, "");
}

/* ---- nothing wrong ---- */

static void test_clean(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    assert_true(test.result.rows > 30);
    test.gapless = true;
    test_expect_found(&test, "");
    test_check_end(&test);
}

static void test_empty(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    test_check_let_go(&test);
    test_expect_found(&test, "");
    test_check_end(&test);
}

/* What is written over, deleted and written again, and a table that goes. */
static void test_clean_after_changes(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    append_events(&test);
    put_indexed(&test);
    test_put_item(&test.t, "log", test_event(&test.t, "users", "1", 2, "other"));
    test_step_on(&test.t, "log",
                 &(struct test_step){.kind = WRITE_DELETE,
                                     .item = "{'pk':{'S':'users#2#stream'},'sk':{'N':'2'}}"},
                 NULL);
    test_append(&test.t, "log", "users", "2", 2, "again");
    test_drop(&test.t, "people");
    put_indexed(&test);
    test_check_let_go(&test);
    test_expect_found(&test, "");
    test_check_end(&test);
}

/* ---- could not look ---- */

static void test_not_ours(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    test_check_run(&test);
    assert_int_equal(test.status, IN_USE);
    test_check_let_go(&test);

    char format[TEST_FOLDER_SIZE + 16];

    snprintf(format, sizeof format, "%s/format", test.folder);
    assert_int_equal(unlink(format), 0);
    test_check_run(&test);
    assert_int_equal(test.status, NOT_FOUND);
    test_check_end(&test);
}

/* ---- one row ---- */

static void test_missing_in_run(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    /* The last rows of the family are entries of runs. */
    test_delete_row(&test, STORE_ORDER, 2 + 2 + EVENTS - 1);
    test_expect_found(&test, "order-missing order table \"log\", run 2, position 7; ");
    test_check_end(&test);
}

/* Of users#3 version 2 begins the line, so there is a record of it; version 1 has a row. */
static void open_with_a_line(struct test_check *test)
{
    test_check_open(test);
    append_events(test);
    for (int version = 2; version <= 4; version++)
        test_append(&test->t, "log", "users", "3", version, "signup"); /* at 8, 9, 10 */
    test_append(&test->t, "log", "users", "3", 1, "late");             /* at 11 */
    test_check_let_go(test);
    test_expect_found(test, "");
}

static void test_missing_in_stream(void **state)
{
    struct test_check test;

    (void)state;
    open_with_a_line(&test);
    test_delete_row(&test, STORE_STREAMS, 1);
    test_expect_found(
        &test, "stream-missing streams table \"log\", log \"users\", id \"3\", position 11; ");
    test_check_end(&test);
}

static void test_missing_line(void **state)
{
    struct test_check test;

    (void)state;
    open_with_a_line(&test);
    test_delete_row(&test, STORE_STREAMS, 0);
    test_expect_found(
        &test, "stream-missing streams table \"log\", log \"users\", id \"3\", position 8; ");
    test_check_end(&test);
}

static void test_damaged_line(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_a_line(&test);
    test_row(&test, STORE_STREAMS, 0, arena, &key, &value);
    bytes_put_u64((uint8_t *)(uintptr_t)value.ptr + 1, 0); /* its first version */
    test_damage_row(&test, STORE_STREAMS, key, value);
    test_check_run(&test);
    assert_int_equal(test.status, OK);
    assert_true(bytes_find(buffer_bytes(&test.found),
                           BYTES("line streams table \"log\", log \"users\", id \"3\"; ")) !=
                SIZE_MAX);
    test_check_end(&test);
}

/* A row of an event that stands in line, or of none. */
static void test_stray_in_stream(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_a_line(&test);
    test_row(&test, STORE_STREAMS, 1, arena, &key, &value);
    bytes_put_u64((uint8_t *)(uintptr_t)key.ptr + key.size - 8, 7);
    test_damage_row(&test, STORE_STREAMS, key, value);
    test_expect_found(&test,
                      "stream-stray streams table \"log\", log \"users\", id \"3\", position 7; ");
    test_damage_row(&test, STORE_STREAMS, key, (struct bytes){0});
    bytes_put_u64((uint8_t *)(uintptr_t)key.ptr + key.size - 8, 9);
    test_damage_row(&test, STORE_STREAMS, key, value);
    test_check_run(&test);
    assert_int_equal(test.status, OK);
    assert_true(bytes_find(buffer_bytes(&test.found),
                           BYTES("stream-missing streams table \"log\", log \"users\", id \"3\", "
                                 "position 10; ")) != SIZE_MAX);
    test_check_end(&test);
}

/* The line ends before it, for its readers. */
static void test_missing_in_line(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    test_delete_row(&test, STORE_ITEMS, 1);
    test_check_run(&test);
    assert_int_equal(test.status, OK);
    assert_true(bytes_find(buffer_bytes(&test.found),
                           BYTES("stream-missing streams table \"log\", log \"users\", id \"1\", "
                                 "position 6; ")) != SIZE_MAX);
    test_check_end(&test);
}

static void test_stray_in_run(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_events(&test);
    test_row(&test, STORE_ORDER, 2 + 2, arena, &key, &value);
    key = arena_copy(arena, key);
    bytes_put_u64((uint8_t *)(uintptr_t)key.ptr + key.size - 8, 1);
    test_damage_row(&test, STORE_ORDER, key, value);
    test_expect_found(&test, "order-stray order table \"log\", run 1, position 1; ");
    test_check_end(&test);
}

/* The item goes, and everything else stays. */
static void test_missing_item(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    test_delete_row(&test, STORE_ITEMS, EVENTS - 1);
    test_check_run(&test);
    assert_int_equal(test.status, OK);

    struct bytes found = buffer_bytes(&test.found);

    assert_true(bytes_find(found, BYTES("change-item items")) != SIZE_MAX);
    assert_true(bytes_find(found, BYTES("order-stray order")) != SIZE_MAX);
    assert_true(bytes_find(found, BYTES("figures catalogue table \"log\"")) != SIZE_MAX);
    assert_true(bytes_find(found, BYTES("run order table \"log\"")) != SIZE_MAX);
    test_check_end(&test);
}

static void test_doubled_position(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes first, second, value;
    uint8_t *copy = NULL;

    (void)state;
    open_with_events(&test);
    test_row(&test, STORE_ITEMS, 0, arena, &first, &value);
    copy = arena_alloc(arena, ITEM_HEAD_EVENT_SIZE);
    memcpy(copy, value.ptr, ITEM_HEAD_EVENT_SIZE);
    test_row(&test, STORE_ITEMS, 1, arena, &second, &value);
    memcpy((uint8_t *)(uintptr_t)value.ptr + ITEM_HEAD_SIZE, copy + ITEM_HEAD_SIZE, 8);
    test_damage_row(&test, STORE_ITEMS, second, value);
    test_check_run(&test);
    assert_true(bytes_find(buffer_bytes(&test.found),
                           BYTES("position-doubled items table \"log\"")) != SIZE_MAX);
    test_check_end(&test);
}

static void test_gap(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    append_events(&test);
    test_append(&test.t, "log", "users", "3", 2, "late");
    test_check_let_go(&test);
    test_expect_found(&test, "");
    test.gapless = true;
    test_expect_found(&test, "gap items table \"log\", stream users#3; ");
    test_check_end(&test);
}

/* ---- changes ---- */

static void test_missing_change(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    /* The last change of "x" / "2" is REMOVE: before it there is an INSERT. */
    test_delete_row(&test, STORE_CHANGES, EVENTS + 4);
    test_expect_found(&test,
                      "change-item items table \"people\", item {\"pk\":{\"S\":\"x\"},\"sk\":"
                      "{\"S\":\"2\"}}, change at position 10; ");
    test_check_end(&test);
}

static void test_missing_change_of_event(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    append_events(&test);
    clock_advance(test.t.clock, 1000);
    test_append(&test.t, "log", "users", "4", 1, "late");
    test_check_let_go(&test);
    test_expect_found(&test, "");
    test_delete_row(&test, STORE_CHANGES, EVENTS);
    test_expect_found(&test, "change-missing changes table \"log\", an event that was appended "
                             "after its stream began; ");
    test_check_end(&test);
}

static void test_broken_chain(void **state)
{
    struct test_check test;

    (void)state;
    test_check_open(&test);
    test_create(&test.t, "log", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (int i = 0; i < 3; i++)
        test_put_item(&test.t, "log",
                      (const char *)arena_printf(
                          test.t.arena, "{'pk':{'S':'a'},'sk':{'N':'1'},'i':{'N':'%d'}}%c", i, '\0')
                          .ptr);
    test_check_let_go(&test);
    test_expect_found(&test, "");
    test_delete_row(&test, STORE_CHANGES, 1);
    test_expect_found(&test,
                      "change-chain changes table \"log\", item {\"pk\":{\"S\":\"a\"},\"sk\":"
                      "{\"N\":\"1\"}}, change at position 4; ");
    test_check_end(&test);
}

/* ---- indexes, counts ---- */

static void test_missing_entry(void **state)
{
    struct test_check test;

    (void)state;
    open_with_events(&test);
    test_delete_row(&test, STORE_INDEXES, 2); /* behind the collections "x" and "y" */
    test_expect_found(&test, "figures catalogue index \"by_a\" of table \"people\"; index-missing "
                             "indexes index \"by_a\" of table \"people\", a \"A\", pk \"x\", sk "
                             "\"1\"; ");
    test_check_end(&test);
}

static void test_stray_entry(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_events(&test);
    test_row(&test, STORE_INDEXES, 2, arena, &key, &value);
    ((uint8_t *)(uintptr_t)key.ptr)[4] = 'Z';
    test_damage_row(&test, STORE_INDEXES, key, value);
    test_expect_found(&test, "figures catalogue index \"by_a\" of table \"people\"; index-stray "
                             "indexes index \"by_a\" of table \"people\", a \"Z\", pk \"x\", sk "
                             "\"1\"; ");
    test_check_end(&test);
}

static void test_wrong_count(void **state)
{
    struct test_check test;
    uint8_t value[16];

    (void)state;
    open_with_events(&test);
    bytes_put_u64(value, EVENTS + 1);
    bytes_put_u64(value + 8, 1);
    test_damage_row(&test, STORE_CATALOGUE, BYTES("engine/figures/00000001"),
                    bytes_of(value, sizeof value));
    test_expect_found(&test, "figures catalogue table \"log\"; ");
    test_check_end(&test);
}

static void test_wrong_collection(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_events(&test);
    test_row(&test, STORE_INDEXES, 0, arena, &key, &value);
    ((uint8_t *)(uintptr_t)value.ptr)[7]++;
    test_damage_row(&test, STORE_INDEXES, key, value);
    test_expect_found(&test, "collection indexes item collection of table \"people\", pk \"x\"; ");
    test_check_end(&test);
}

static void test_unreadable_rows(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_check test;
    struct bytes key, value;

    (void)state;
    open_with_events(&test);
    test_row(&test, STORE_CHANGES, 0, arena, &key, &value);
    test_damage_row(&test, STORE_CHANGES, key, BYTES("?"));
    test_expect_found(&test, "unreadable changes 0000000200000000000000000002; ");
    test_damage_row(&test, STORE_CHANGES, key, value);
    test_damage_row(&test, STORE_CATALOGUE, BYTES("engine/x"), BYTES("y"));
    test_expect_found(&test, "stray catalogue engine/x; ");
    test_check_end(&test);
}

/* ---- bytes of files ---- */

/* The largest file with that ending in that folder. */
static void find_file(const struct test_check *test, const char *below, const char *ending,
                      char path[PATH_MAX], size_t *ret_size)
{
    char folder[TEST_FOLDER_SIZE + 8], one[PATH_MAX];
    const struct dirent *entry = NULL;
    struct stat st;

    *ret_size = 0;
    snprintf(folder, sizeof folder, "%s/%s", test->folder, below);

    DIR *entries = opendir(folder);

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (!bytes_end_with(bytes_of_text(entry->d_name), bytes_of_text(ending)))
            continue;
        assert_true((size_t)snprintf(one, sizeof one, "%s/%s", folder, entry->d_name) < sizeof one);
        assert_int_equal(stat(one, &st), 0);
        if ((size_t)st.st_size > *ret_size) {
            *ret_size = (size_t)st.st_size;
            snprintf(path, PATH_MAX, "%s", one);
        }
    }
    closedir(entries);
    assert_true(*ret_size > 0);
}

static void find_manifest(const struct test_check *test, char path[PATH_MAX])
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes current;

    snprintf(path, PATH_MAX, "%s/store/CURRENT", test->folder);
    assert_int_equal(file_read(arena, path, 100, &current), OK);
    snprintf(path, PATH_MAX, "%s/store/%.*s", test->folder, (int)current.size - 1,
             (const char *)current.ptr);
}

static void test_flipped_in_log(void **state)
{
    struct test_check test;
    char path[PATH_MAX];
    size_t size = 0;

    (void)state;
    open_with_events(&test);
    find_file(&test, "log", "1", path, &size);
    test_file_flip(path, WAL_RECORDS_AT + (size - WAL_RECORDS_AT) / 2);
    test_check_run(&test);
    assert_int_equal(test.status, OK);
    assert_true(bytes_find(buffer_bytes(&test.found), BYTES("damaged-log log log/000001")) !=
                SIZE_MAX);
    test_file_flip(path, WAL_RECORDS_AT + (size - WAL_RECORDS_AT) / 2);
    test_expect_found(&test, "");
    test_check_end(&test);
}

/* What a power failure leaves of a group that was not acknowledged. */
static void test_torn_log(void **state)
{
    struct test_check test;
    char path[PATH_MAX];
    size_t size = 0;

    (void)state;
    open_with_events(&test);
    find_file(&test, "log", "1", path, &size);
    assert_int_equal(truncate(path, (off_t)size - 3), 0);
    test_expect_found(&test, "");
    test_check_end(&test);
}

/* And of a change of the tables that was not finished; each is said, and none is a finding. */
static void test_torn_manifest(void **state)
{
    struct test_check test;
    char path[PATH_MAX];
    size_t log_size = 0;

    (void)state;
    open_with_events(&test);
    test_expect_found(&test, "");
    assert_int_equal(test.remarks.size, 0);
    find_file(&test, "log", "1", path, &log_size);
    assert_int_equal(truncate(path, (off_t)log_size - 3), 0);
    find_manifest(&test, path);

    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_int_equal(fwrite("????\3\0\1???", 10, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    test_expect_found(&test, "");
    assert_true(bytes_find(buffer_bytes(&test.remarks), BYTES("was not acknowledged; store/")) !=
                SIZE_MAX);
    assert_true(bytes_find(buffer_bytes(&test.remarks), BYTES(" ends in 10 bytes of a change")) !=
                SIZE_MAX);
    test_check_end(&test);
}

/* What the log has goes to tables. */
static void flush(const char *folder)
{
    struct store *store = test_open(folder);

    assert_int_equal(checkpoint_run(store), OK);
    store_close(store);
}

static void test_flipped_in_table(void **state)
{
    struct test_check test;
    char path[PATH_MAX];
    size_t size = 0;

    (void)state;
    open_with_events(&test);
    flush(test.folder);
    find_file(&test, "store", ".sst", path, &size);
    test_file_flip(path, 40);
    test_check_run(&test);
    assert_int_equal(test.status, OK);
    assert_true(bytes_start_with(buffer_bytes(&test.found), BYTES("damaged-file ")));
    assert_int_equal(test.result.findings, 1); /* and what it can't be compared with is none */
    test_file_flip(path, 40);
    test_expect_found(&test, "");
    test_check_end(&test);
}

/* ---- other families ---- */

static void expect_after(struct test_check *test, enum store_family family, struct bytes key,
                         struct bytes value, const char *expected)
{
    test_damage_row(test, family, key, value);
    test_expect_found(test, expected);
    test_damage_row(test, family, key, (struct bytes){0});
    test_expect_found(test, "");
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static void test_one_row_of_each(void **state)
{
    static const struct {
        enum store_family family;
        struct bytes key, value;
        const char *expected;
    } rows[] = {
        {STORE_CATALOGUE, TEXT("rule/b/r"), TEXT("{\"format\":1,\"name\":\"r\",\"bus\":\"b\"}"),
         "bus-missing catalogue rule/b/r; "},
        {STORE_CATALOGUE, TEXT("queue/q"), TEXT("{\"format\":9}"),
         "unreadable catalogue queue/q; "},
        {STORE_CATALOGUE, TEXT("nobody's"), TEXT("x"), "stray catalogue nobody's; "},
        {STORE_CURSORS, TEXT("trigger/9"), TEXT("\x00\x00\x00\x00\x00\x00\xFF\x00"),
         "cursor cursors trigger/9; "},
        {STORE_CURSORS, TEXT("trigger/9"), TEXT("x"), "unreadable cursors trigger/9; "},
        {STORE_DELIVERIES, TEXT("d\0\0\0\0\0\0\0\1"), TEXT("x"),
         "unreadable deliveries 640000000000000001; "},
        {STORE_EVENTS, TEXT("\0\0\0\0\0\0\0\1"), TEXT("{}"),
         "archive-event events 0000000000000001; "},
        {STORE_VAULT, TEXT("\x09x"), TEXT("x"), "unreadable vault 0978; "},
        {STORE_ITEMS, TEXT("\0\0\xFF\0x\0\1"), TEXT("x"), "stray items 0000FF00780001; "},
    };
    struct test_check test;

    (void)state;
    open_with_events(&test);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        expect_after(&test, rows[i].family, rows[i].key, rows[i].value, rows[i].expected);
    test_check_end(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_clean_after_changes),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_missing_in_run),
        cmocka_unit_test(test_missing_in_stream),
        cmocka_unit_test(test_missing_line),
        cmocka_unit_test(test_damaged_line),
        cmocka_unit_test(test_stray_in_stream),
        cmocka_unit_test(test_missing_in_line),
        cmocka_unit_test(test_stray_in_run),
        cmocka_unit_test(test_missing_item),
        cmocka_unit_test(test_doubled_position),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_missing_change),
        cmocka_unit_test(test_missing_change_of_event),
        cmocka_unit_test(test_broken_chain),
        cmocka_unit_test(test_missing_entry),
        cmocka_unit_test(test_stray_entry),
        cmocka_unit_test(test_wrong_count),
        cmocka_unit_test(test_wrong_collection),
        cmocka_unit_test(test_unreadable_rows),
        cmocka_unit_test(test_flipped_in_log),
        cmocka_unit_test(test_torn_log),
        cmocka_unit_test(test_torn_manifest),
        cmocka_unit_test(test_flipped_in_table),
        cmocka_unit_test(test_one_row_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
