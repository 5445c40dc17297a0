/* Tests of archive/file.c and archive/file_import.c: orders, filters, lines in, old ones out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/file.h"
#include "base/file.h"

#define SQL                                                                                        \
    "create table events (createdAt int not null, log text not null, type text not null,"          \
    " event text not null);"

struct test {
    char folder[256], path[300], message[ARCHIVE_MESSAGE_SIZE];
    struct arena *arena;
    struct archive_file *file;
};

static void setup(struct test *test, const char *sql)
{
    const char *above = getenv("TMPDIR");
    sqlite3 *handle = NULL;

    *test = (struct test){.arena = arena_new()};
    snprintf(test->folder, sizeof test->folder, "%s/dynlog-test-XXXXXX",
             above != NULL ? above : "/tmp");
    assert_non_null(mkdtemp(test->folder));
    snprintf(test->path, sizeof test->path, "%s/db", test->folder);
    if (sql == NULL)
        return;
    assert_int_equal(sqlite3_open(test->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void teardown(struct test *test)
{
    archive_file_close(test->file);
    arena_free(test->arena);
    assert_int_equal(file_remove_folder(test->folder), OK);
}

static void open_as(struct test *test, enum archive_file_mode mode)
{
    archive_file_close(test->file);
    test->file = NULL;
    if (archive_file_open(test->path, mode, &test->file, test->message) != OK)
        fail_msg("%s", test->message);
}

/* The events that the filter takes, joined. */
static const char *events_of(struct test *test, const struct archive_filter *filter)
{
    struct archive_place *places = NULL;
    struct bytes all = {NULL, 0}, event;
    size_t count = 0;
    int64_t row = 0;

    assert_int_equal(archive_file_select(test->file, filter, &places, &count, &row, test->message),
                     OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            archive_file_read(test->file, test->arena, &places[i], &event, test->message), OK);
        all = arena_printf(test->arena, "%.*s%.*s,", BYTES_ARG(all), BYTES_ARG(event));
    }
    mem_free(places);
    return arena_copy_text(test->arena, all);
}

/* ---- times and order ---- */

#define TIMES                                                                                      \
    SQL "insert into events values ('2026-01-31T09:00:01.500Z','users','b','e1'),"                 \
        "('2026-01-31T09:00:01Z','users','a','e2'), (1769850000,'orders','a','e3'),"               \
        "(1769850001500,'users','a','e4'), ('yesterday','users','a','e5'),"                        \
        "(1769850000.25,'users','a','e6')"

static void test_every_form_of_a_time_has_its_place(void **state)
{
    const char *const logs[] = {"users"}, *const types[] = {"a", "c"};
    struct archive_filter window = {.since_ms = 1769850000250, .until_ms = 1769850001500};
    struct archive_filter named = {.logs = logs, .log_count = 1, .types = types, .type_count = 2};
    struct archive_filter rows = {.row_max = 2};
    struct test test;

    (void)state;
    setup(&test, TIMES);
    open_as(&test, ARCHIVE_FILE_READ);
    assert_string_equal(events_of(&test, &(struct archive_filter){0}), "e5,e3,e6,e2,e1,e4,");
    assert_string_equal(events_of(&test, &window), "e6,e2,");
    assert_string_equal(events_of(&test, &named), "e5,e6,e2,e4,");
    assert_string_equal(events_of(&test, &rows), "e2,e1,");
    teardown(&test);
}

static void test_counts(void **state)
{
    struct archive_filter all = {0};
    struct archive_count *counts = NULL;
    struct test test;
    size_t count = 0;

    (void)state;
    setup(&test, TIMES);
    open_as(&test, ARCHIVE_FILE_READ);
    assert_int_equal(
        archive_file_counts(test.file, &all, test.arena, &counts, &count, test.message), OK);
    assert_int_equal(count, 3);
    assert_true(bytes_equal_text(counts[1].log, "users") && bytes_equal_text(counts[1].type, "a"));
    assert_int_equal(counts[1].events, 4);
    assert_int_equal(counts[1].first_ms, 1769850000250);
    assert_int_equal(counts[1].last_ms, 1769850001500);
    assert_int_equal(counts[1].bytes, 8);
    teardown(&test);
}

static void test_a_reader_sees_one_moment(void **state)
{
    struct test test;
    sqlite3 *handle = NULL;

    (void)state;
    setup(&test, "pragma journal_mode = wal;" TIMES);
    open_as(&test, ARCHIVE_FILE_READ);
    assert_int_equal(sqlite3_open(test.path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "delete from events", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_string_equal(events_of(&test, &(struct archive_filter){0}), "e5,e3,e6,e2,e1,e4,");
    open_as(&test, ARCHIVE_FILE_READ);
    assert_string_equal(events_of(&test, &(struct archive_filter){0}), "");
    teardown(&test);
}

static void test_prune(void **state)
{
    struct test test;
    uint64_t deleted = 0;

    (void)state;
    setup(&test, TIMES);
    open_as(&test, ARCHIVE_FILE_CHANGE);
    assert_int_equal(archive_file_prune(test.file, 1769850001500, &deleted, test.message), OK);
    assert_int_equal(deleted, 3);
    assert_int_equal(archive_file_vacuum(test.file, test.message), OK);
    open_as(&test, ARCHIVE_FILE_READ);
    assert_string_equal(events_of(&test, &(struct archive_filter){0}), "e5,e1,e4,");
    teardown(&test);
}

static void test_what_is_no_archive(void **state)
{
    struct test test;

    (void)state;
    setup(&test, NULL);
    assert_int_equal(archive_file_open(test.path, ARCHIVE_FILE_READ, &test.file, test.message),
                     NOT_FOUND);
    assert_int_equal(file_write(test.path, BYTES("no database at all"), 0600), OK);
    assert_int_equal(archive_file_open(test.path, ARCHIVE_FILE_READ, &test.file, test.message),
                     CORRUPT);
    teardown(&test);
    setup(&test, "create table events (id int)");
    assert_int_equal(archive_file_open(test.path, ARCHIVE_FILE_READ, &test.file, test.message),
                     CORRUPT);
    assert_non_null(strstr(test.message, "it has no table events"));
    teardown(&test);
}

/* ---- import ---- */

#define EVENT(id_, time_)                                                                          \
    "{\"id\":\"" id_ "\",\"detail-type\":\"t\",\"source\":\"s\",\"time\":\"" time_                 \
    "\",\"detail\":{\"log\":\"users\",\"key\":{\"pk\":\"users#1#stream\",\"sk\":1}}}"

struct line_case {
    const char *line;
    enum archive_line kind;
    const char *what;
};

static const struct line_case lines[] = {
    {EVENT("1", "2026-01-31T09:00:01Z"), ARCHIVE_LINE_NEW, ""},
    {EVENT("1", "2026-01-31T09:00:02Z"), ARCHIVE_LINE_KNOWN, ""},
    {EVENT("2", "2026-01-31T10:00:00+01:00"), ARCHIVE_LINE_NEW, ""},
    {EVENT("3", "today"), ARCHIVE_LINE_WRONG, "its \"time\" is no time"},
    {EVENT("", "2026-01-31T09:00:01Z"), ARCHIVE_LINE_WRONG, "its \"id\" must be text"},
    {"{", ARCHIVE_LINE_WRONG, "it is no JSON at column"},
    {"[]", ARCHIVE_LINE_WRONG, "it is an array, no event"},
    {"{\"id\":\"1\",\"detail-type\":\"t\",\"source\":\"s\",\"time\":\"2026-01-31T09:00:01Z\"}",
     ARCHIVE_LINE_WRONG, "its \"detail\" must be an object, not nothing"},
};

static void import_lines(struct test *test, bool commit, uint64_t wanted)
{
    AUTO(archive_import_release) struct archive_import *import = NULL;
    uint64_t added = 0;

    assert_int_equal(archive_import_begin(test->file, &import, test->message), OK);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        char what[ARCHIVE_MESSAGE_SIZE] = "";
        enum archive_line kind = ARCHIVE_LINE_WRONG;

        assert_int_equal(
            archive_import_line(import, bytes_of_text(lines[i].line), &kind, what, test->message),
            OK);
        if (wanted == 2)
            assert_int_equal(kind, lines[i].kind);
        if (strstr(what, lines[i].what) == NULL)
            fail_msg("\"%s\" does not contain \"%s\"", what, lines[i].what);
    }
    if (!commit)
        return;
    assert_int_equal(archive_import_commit(import, &added, test->message), OK);
    assert_int_equal(added, wanted);
}

static void test_import(void **state)
{
    struct archive_filter stream = {.pk = BYTES("users#1#stream")};
    struct test test;
    struct bytes event;

    (void)state;
    setup(&test, NULL);
    open_as(&test, ARCHIVE_FILE_MAKE);
    import_lines(&test, false, 2);
    open_as(&test, ARCHIVE_FILE_MAKE);
    assert_string_equal(events_of(&test, &(struct archive_filter){0}), "");
    import_lines(&test, true, 2);
    open_as(&test, ARCHIVE_FILE_MAKE);
    import_lines(&test, true, 0);
    open_as(&test, ARCHIVE_FILE_READ);
    assert_string_equal(
        events_of(&test, &stream),
        EVENT("2", "2026-01-31T10:00:00+01:00") "," EVENT("1", "2026-01-31T09:00:01Z") ",");
    assert_int_equal(archive_file_find(test.file, test.arena, BYTES("2"), &event, test.message),
                     OK);
    assert_int_equal(archive_file_find(test.file, test.arena, BYTES("9"), &event, test.message),
                     NOT_FOUND);
    teardown(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_a_time_has_its_place),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_a_reader_sees_one_moment),
        cmocka_unit_test(test_prune),
        cmocka_unit_test(test_what_is_no_archive),
        cmocka_unit_test(test_import),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
