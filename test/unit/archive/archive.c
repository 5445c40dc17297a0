/* archive/archive.c, archive/database.c: every event once, whatever happens in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/arena.h"
#include "base/file.h"

#define PATH_SIZE 300

/* A folder, an archive in it, and what the archive's thread wakes. */
struct test {
    char folder[PATH_SIZE - 16], path[PATH_SIZE];
    struct archive *archive;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    size_t wakes, seen; /* told, and waited for */
};

static void wake(void *context)
{
    struct test *test = context;

    pthread_mutex_lock(&test->mutex);
    test->wakes++;
    pthread_cond_signal(&test->woken);
    pthread_mutex_unlock(&test->mutex);
}

/* What archive_run() says after the next wake. */
static enum status next_news(struct test *test, uint64_t *position, char *message)
{
    pthread_mutex_lock(&test->mutex);
    while (test->wakes == test->seen)
        pthread_cond_wait(&test->woken, &test->mutex);
    test->seen = test->wakes;
    pthread_mutex_unlock(&test->mutex);
    return archive_run(test->archive, position, message);
}

static void wait_until(struct test *test, uint64_t position)
{
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    uint64_t now = archive_position(test->archive);

    while (now < position)
        if (next_news(test, &now, message) != OK)
            fail_msg("%s", message);
    assert_int_equal(now, position);
}

static void open_as(struct test *test, const char *id)
{
    char message[ARCHIVE_MESSAGE_SIZE] = "";

    if (archive_open(test->path, bytes_of_text(id), wake, test, &test->archive, message) != OK)
        fail_msg("%s", message);
}

static void open_again(struct test *test)
{
    archive_close(test->archive);
    open_as(test, "store 1");
}

static void make_folder(struct test *test)
{
    const char *above = getenv("TMPDIR");

    *test = (struct test){0};
    pthread_mutex_init(&test->mutex, NULL);
    pthread_cond_init(&test->woken, NULL);
    snprintf(test->folder, sizeof test->folder, "%s/dynlog-test-XXXXXX",
             above != NULL ? above : "/tmp");
    assert_non_null(mkdtemp(test->folder));
    snprintf(test->path, sizeof test->path, "%s/db", test->folder);
}

static void begin(struct test *test)
{
    make_folder(test);
    open_as(test, "store 1");
}

static void end(struct test *test)
{
    archive_close(test->archive);
    pthread_cond_destroy(&test->woken);
    pthread_mutex_destroy(&test->mutex);
    assert_int_equal(file_remove_folder(test->folder), OK);
}

static void append(struct test *test, uint64_t position, const char *event)
{
    struct archive_event one = {position, bytes_of_text(event)};

    archive_append(test->archive, &one, 1);
}

/* Positions from..to, in pages of some size. */
static void append_range(struct test *test, uint64_t from, uint64_t to, size_t page)
{
    struct archive_event events[64];
    char texts[64][96];
    size_t count = 0;

    assert_true(page <= ARRAY_COUNT(events));
    for (uint64_t i = from; i <= to; i++) {
        snprintf(texts[count], sizeof texts[count],
                 "{\"time\":\"2026-01-31T23:59:59.%03uZ\",\"detail\":{\"log\":\"users\",\"type\":"
                 "\"t%u\"}}",
                 (unsigned)(i % 1000), (unsigned)i);
        events[count] = (struct archive_event){i, bytes_of_text(texts[count])};
        if (++count == page || i == to) {
            archive_append(test->archive, events, count);
            count = 0;
        }
    }
}

/* ---- reading, as somebody else would ---- */

static sqlite3 *open_sqlite(const char *path)
{
    sqlite3 *handle = NULL;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    return handle;
}

static void run_sql(sqlite3 *handle, const char *sql)
{
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
}

/* All rows, columns joined by '|', rows by a line's end. */
static void expect_rows(const char *path, const char *sql, const char *expected)
{
    sqlite3 *handle = open_sqlite(path);
    sqlite3_stmt *statement = NULL;
    char rows[2048] = "";

    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            size_t size = strlen(rows);

            snprintf(rows + size, sizeof rows - size, "%s%s", i > 0 ? "|" : "",
                     (const char *)sqlite3_column_text(statement, i));
        }
        size_t size = strlen(rows);

        snprintf(rows + size, sizeof rows - size, "\n");
    }
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    assert_string_equal(rows, expected);
}

/* ---- tests ---- */

static void test_rows(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    append(&test, 3,
           "{\"id\":\"a\",\"time\":\"2026-01-31T23:59:59.123Z\","
           "\"detail\":{\"log\":\"users\",\"type\":\"signup\",\"x\":\"'\"}}");
    append(&test, 4, "{\"time\":\"2026-01-31T23:59:59Z\",\"detail\":{\"log\":5}}");
    append(&test, 9, "{\"detail\":\"text\"}");
    append(&test, 10, "no JSON");
    wait_until(&test, 10);
    expect_rows(test.path, "select * from events order by rowid",
                "2026-01-31T23:59:59.123Z|users|signup|"
                "{\"id\":\"a\",\"time\":\"2026-01-31T23:59:59.123Z\","
                "\"detail\":{\"log\":\"users\",\"type\":\"signup\",\"x\":\"'\"}}\n"
                "2026-01-31T23:59:59.000Z|5||"
                "{\"time\":\"2026-01-31T23:59:59Z\",\"detail\":{\"log\":5}}\n"
                "|||{\"detail\":\"text\"}\n"
                "|||no JSON\n");
    expect_rows(test.path,
                "select typeof(createdAt), typeof(log), typeof(event) from events"
                " where createdAt >= '2026-01-31' and log in ('users')",
                "text|text|text\n");
    end(&test);
}

/* What the public sample's own scripts, and people, rely on. */
static void test_schema(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    expect_rows(test.path,
                "select name, sql from sqlite_master where type = 'table' and name = 'events'",
                "events|CREATE TABLE events (createdAt int not null, log text not null, type text "
                "not null, event text not null)\n");
    expect_rows(test.path,
                "select name from sqlite_master where type = 'index' and sql not null"
                " order by name",
                "idx_createdAt\nidx_log\nidx_type\n");
    expect_rows(test.path, "pragma journal_mode", "wal\n");
    end(&test);
}

static void test_once_each(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    append_range(&test, 1, 50, 7);
    append_range(&test, 1, 60, 64); /* the same again, and more */
    wait_until(&test, 60);
    open_again(&test);
    assert_int_equal(archive_position(test.archive), 60);
    append_range(&test, 40, 100, 10);
    wait_until(&test, 100);
    archive_close(test.archive);
    expect_rows(test.path, "select count(*), count(distinct type) from events", "100|100\n");
    /* the last one out leaves one plain file */
    char log[PATH_SIZE + 8];

    snprintf(log, sizeof log, "%s-wal", test.path);
    assert_false(file_exists(log));
    open_as(&test, "store 1");
    end(&test);
}

/* A close writes what was given before it. */
static void test_closing_at_once(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    append_range(&test, 1, 200, 64);
    open_again(&test);
    assert_int_equal(archive_position(test.archive), 200);
    expect_rows(test.path, "select count(*) from events", "200\n");
    end(&test);
}

/* Positions are those of one store: another begins at its own 1. */
static void test_another_store(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    append_range(&test, 1, 5, 5);
    wait_until(&test, 5);
    archive_close(test.archive);
    open_as(&test, "store 2");
    assert_int_equal(archive_position(test.archive), 0);
    append_range(&test, 1, 3, 3);
    wait_until(&test, 3);
    expect_rows(test.path, "select count(*) from events", "8\n");
    expect_rows(test.path, "select * from dynlog_archive order by id", "store 1|5\nstore 2|3\n");
    end(&test);
}

static void test_replays(void **state)
{
    struct test test;

    (void)state;
    begin(&test);
    append(&test, 1, "{\"id\":\"1\",\"replay-name\":\"again\",\"detail\":{}}");
    append(&test, 2, "{\"id\":\"2\",\"detail\":{\"replay-name\":\"again\"}}");
    append(&test, 3, "{\"id\":\"3\",\"detail\":{\"replay-name\":\"\"}}");
    append(&test, 4, "{\"id\":\"4\",\"detail\":{\"text\":\"replay-name\",\"replay-name\":null}}");
    append(&test, 5, "{\"id\":\"5\",\"replay-name\":\"again\",\"detail\":{}}");
    wait_until(&test, 5);
    expect_rows(test.path, "select json_extract(event, '$.id') from events", "3\n4\n");
    end(&test);
}

/* A file that the public sample's script made, which has the table alone. */
static void test_a_file_of_somebody_else(void **state)
{
    struct test test;
    sqlite3 *handle = NULL;

    (void)state;
    make_folder(&test);
    handle = open_sqlite(test.path);
    run_sql(handle, "create table if not exists events (createdAt int not null, log text not null,"
                    " type text not null, event text not null)");
    run_sql(handle, "insert into events values ('2020-01-01T00:00:00.000Z', 'l', 't', '{}')");
    open_as(&test, "store 1"); /* while it is open there */
    append_range(&test, 1, 2, 2);
    wait_until(&test, 2);
    run_sql(handle, "insert into events values ('2027-01-01T00:00:00.000Z', 'l', 't', '{}')");
    sqlite3_close(handle);
    append_range(&test, 3, 3, 1);
    wait_until(&test, 3);
    expect_rows(test.path, "select count(*), min(createdAt), max(createdAt) from events",
                "5|2020-01-01T00:00:00.000Z|2027-01-01T00:00:00.000Z\n");
    end(&test);
}

/* Locked by another connection: told, kept, written once the lock is gone. */
static void test_locked(void **state)
{
    struct test test;
    sqlite3 *other = NULL;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    uint64_t position = 99;

    (void)state;
    begin(&test);
    other = open_sqlite(test.path);
    run_sql(other, "begin immediate");
    append_range(&test, 1, 10, 3);
    assert_int_equal(next_news(&test, &position, message), IN_USE);
    assert_int_equal(position, 0);
    assert_non_null(strstr(message, "another process has it locked"));
    run_sql(other, "commit");
    sqlite3_close(other);
    archive_retry(test.archive);
    while (archive_position(test.archive) < 10)
        next_news(&test, &position, message);
    expect_rows(test.path, "select count(*), count(distinct type) from events", "10|10\n");
    end(&test);
}

/* A reader in the middle of its reading holds nothing up. */
static void test_read_meanwhile(void **state)
{
    struct test test;
    sqlite3 *reader = NULL;

    (void)state;
    begin(&test);
    append_range(&test, 1, 3, 3);
    wait_until(&test, 3);
    reader = open_sqlite(test.path);
    run_sql(reader, "begin; select * from events");
    append_range(&test, 4, 6, 3);
    wait_until(&test, 6);
    sqlite3_close(reader);
    end(&test);
}

/* Somebody deletes the file while it is open: a new one is made, and nothing that comes is lost. */
static void test_deleted_meanwhile(void **state)
{
    struct test test;
    char message[ARCHIVE_MESSAGE_SIZE] = "", name[PATH_SIZE + 8];
    static const char *const ends[] = {"", "-wal", "-shm"};
    uint64_t position = 0;

    (void)state;
    begin(&test);
    append_range(&test, 1, 3, 3);
    wait_until(&test, 3);
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        snprintf(name, sizeof name, "%s%s", test.path, ends[i]);
        unlink(name);
    }
    append_range(&test, 4, 6, 3);
    while (archive_position(test.archive) < 6) {
        if (next_news(&test, &position, message) != OK)
            archive_retry(test.archive);
    }
    expect_rows(test.path, "select count(*) from events", "3\n");
    end(&test);
}

/* ---- what can't be opened ---- */

static void expect_no_archive(struct test *test, enum status expected, const char *words)
{
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive *archive = NULL;

    assert_int_equal(archive_open(test->path, BYTES("store 1"), wake, test, &archive, message),
                     expected);
    assert_null(archive);
    if (strstr(message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", message, words);
}

static void write_file(const char *path, const char *text)
{
    assert_int_equal(file_write(path, bytes_of_text(text), 0600), OK);
}

static void remove_test(struct test *test)
{
    pthread_cond_destroy(&test->woken);
    pthread_mutex_destroy(&test->mutex);
    assert_int_equal(file_remove_folder(test->folder), OK);
}

static void test_no_database(void **state)
{
    struct test test;

    (void)state;
    make_folder(&test);
    write_file(test.path,
               "this is a text of somebody, and longer than one hundred bytes, so that it "
               "has a whole header's worth of it");
    expect_no_archive(&test, CORRUPT, "it is no SQLite database");
    remove_test(&test);
}

static void test_other_columns(void **state)
{
    struct test test;
    sqlite3 *handle = NULL;

    (void)state;
    make_folder(&test);
    handle = open_sqlite(test.path);
    run_sql(handle, "create table events (something)");
    sqlite3_close(handle);
    expect_no_archive(&test, CORRUPT, "other columns");
    remove_test(&test);
}

static void test_no_folder(void **state)
{
    struct test test;

    (void)state;
    make_folder(&test);
    snprintf(test.path, sizeof test.path, "%s/no/db", test.folder);
    expect_no_archive(&test, IO_ERROR, "its folder must be there and writable");
    remove_test(&test);
}

static void test_a_file_that_may_not_be_written(void **state)
{
    struct test test;
    sqlite3 *handle = NULL;

    (void)state;
    if (geteuid() == 0)
        skip(); /* root may write anything */
    make_folder(&test);
    handle = open_sqlite(test.path);
    run_sql(handle, "create table t (c)");
    sqlite3_close(handle);
    assert_int_equal(chmod(test.path, 0400), 0);
    expect_no_archive(&test, NOT_PERMITTED, "it may not be written");
    remove_test(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_once_each),
        cmocka_unit_test(test_closing_at_once),
        cmocka_unit_test(test_another_store),
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_a_file_of_somebody_else),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_read_meanwhile),
        cmocka_unit_test(test_deleted_meanwhile),
        cmocka_unit_test(test_no_database),
        cmocka_unit_test(test_other_columns),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_a_file_that_may_not_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
