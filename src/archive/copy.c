/* archive/copy.c - see copy.h. A read transaction of the source's connection is the moment;
 * SQLite's online backup reads its pages. (sqlite.org/backup.html) */
#include "archive/copy.h"

#include "archive/database.h"
#include "archive/internal.h"
#include "base/copy.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES_AT_ONCE 256
#define PAGE_SIZE_SQL "pragma page_size"

struct archive_copy {
    sqlite3 *source;
};

static enum status fail(sqlite3 *handle, int code, char message[ARCHIVE_MESSAGE_SIZE])
{
    return archive_fault(handle, code, message);
}

/* A number that a statement answers; 0 when it answers none. */
static int ask(sqlite3 *handle, const char *sql, uint64_t *ret)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);

    *ret = 0;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- copying ---- */

enum status archive_copy_begin(const char *path, struct archive_copy **ret,
                               char message[ARCHIVE_MESSAGE_SIZE])
{
    struct archive_copy *copy = mem_new(sizeof *copy);
    uint64_t ignored = 0;
    int code = SQLITE_OK;

    if (!file_exists(path)) {
        mem_free(copy);
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "there is no file %s", path);
        return NOT_FOUND;
    }
    code = sqlite3_open_v2(path, &copy->source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(copy->source, DATABASE_BUSY_TIMEOUT_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy->source, "begin", NULL, NULL, NULL);
    if (code == SQLITE_OK) /* a transaction begins with its first look */
        code = ask(copy->source, "select count(*) from sqlite_schema", &ignored);
    if (code != SQLITE_OK) {
        enum status status = fail(copy->source, code, message);

        archive_copy_end(copy);
        return status;
    }
    *ret = copy;
    return OK;
}

static int copy_pages(struct archive_copy *copy, sqlite3 *target, _Atomic uint64_t *done)
{
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", copy->source, "main");
    uint64_t page_size = 0, told = 0;
    int code = backup != NULL ? ask(copy->source, PAGE_SIZE_SQL, &page_size) : SQLITE_ERROR;

    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(backup, PAGES_AT_ONCE);

        uint64_t copied =
            (uint64_t)(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup)) *
            page_size;

        if (done != NULL)
            atomic_fetch_add(done, copied - told);
        told = copied;
    }
    if (backup != NULL && sqlite3_backup_finish(backup) != SQLITE_OK && code == SQLITE_DONE)
        code = SQLITE_ERROR;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

enum status archive_copy_write(struct archive_copy *copy, const char *to, _Atomic uint64_t *done,
                               char message[ARCHIVE_MESSAGE_SIZE])
{
    sqlite3 *target = NULL;
    int code = sqlite3_open_v2(
        to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    enum status status = OK;

    if (code == SQLITE_OK)
        code = sqlite3_exec(target, "pragma synchronous = full", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = copy_pages(copy, target, done);
    /* One plain file: no log beside it. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(target, "pragma journal_mode = delete", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        status = fail(target, code, message);
    sqlite3_close(target);
    return status;
}

void archive_copy_end(struct archive_copy *copy)
{
    if (copy == NULL)
        return;
    sqlite3_close(copy->source);
    mem_free(copy);
}

/* ---- looking ---- */

static int read_position(sqlite3 *handle, struct bytes id, struct archive_look *look)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, "select position from dynlog_archive where id = ?", -1,
                                  &statement, NULL);

    if (code == SQLITE_OK)
        code = archive_bind_text(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    look->has_position = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        look->position = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int check_pages(sqlite3 *handle, struct archive_look *look)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, "pragma integrity_check(1)", -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        snprintf(look->words, sizeof look->words, "%s",
                 (const char *)sqlite3_column_text(statement, 0));
        look->is_whole = strcmp(look->words, "ok") == 0;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum status look_into(const char *uri, struct bytes id, struct archive_look *ret,
                             char message[ARCHIVE_MESSAGE_SIZE])
{
    sqlite3 *handle = NULL;
    int code = sqlite3_open_v2(uri, &handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    enum status status = OK;

    if (code == SQLITE_OK)
        code = check_pages(handle, ret);
    if (code == SQLITE_OK && ret->is_whole)
        code = ask(handle, "select count(*) from events", &ret->events);
    if (code == SQLITE_OK && ret->is_whole)
        code = read_position(handle, id, ret);
    if (code != SQLITE_OK)
        status = fail(handle, code, message);
    sqlite3_close(handle);
    return status;
}

static bool has_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > 0;
}

static enum status look_at_copy(const char *path, const char *log, struct bytes id,
                                struct archive_look *ret, char message[ARCHIVE_MESSAGE_SIZE])
{
    const struct file_copy copy = {0};
    char folder[PATH_MAX], file[PATH_MAX + 8], file_log[PATH_MAX + 16];
    enum status status = file_make_temporary("check", folder, sizeof folder);

    if (status != OK)
        return status;
    snprintf(file, sizeof file, "%s/db", folder);
    snprintf(file_log, sizeof file_log, "%s/db-wal", folder);
    status = file_copy(path, file, &copy);
    if (status == OK)
        status = file_copy(log, file_log, &copy);
    if (status != OK)
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "it can't be copied to TMPDIR: %s",
                 status_text(status));
    else
        status = look_into(file, id, ret, message);
    (void)!file_remove_folder(folder);
    return status;
}

enum status archive_look_at(const char *path, struct bytes id, struct archive_look *ret,
                            char message[ARCHIVE_MESSAGE_SIZE])
{
    char uri[PATH_MAX], log[PATH_MAX];

    *ret = (struct archive_look){0};
    if (!file_exists(path)) {
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "there is no file %s", path);
        return NOT_FOUND;
    }
    if ((size_t)snprintf(uri, sizeof uri, "file:%s?immutable=1", path) >= sizeof uri ||
        (size_t)snprintf(log, sizeof log, "%s-wal", path) >= sizeof log)
        return TOO_LARGE;
    /* In a URI these would begin something else. */
    if (has_bytes(log) || strpbrk(path, "?#%") != NULL)
        return look_at_copy(path, has_bytes(log) ? log : "/dev/null", id, ret, message);
    return look_into(uri, id, ret, message);
}
