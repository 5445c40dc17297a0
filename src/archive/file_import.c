/* archive/file_import.c - lines of JSON into an archive; see file.h.
 *
 *   temp.known     ids of the events that are in the file
 *   temp.incoming  the lines, as rows
 *
 * Both are SQLite's, on disk when they are large. Only the commit locks the file: there it looks
 * once more, at what came into the file meanwhile. */
#include "archive/file_internal.h"

#include "base/clock.h"

#include <stdio.h>

struct archive_import {
    struct archive_file *file;
    struct arena *arena; /* of a line */
    sqlite3_stmt *known, *insert;
};

/* A damaged event has no id. */
#define ID_SQL "case when json_valid(event) then json_extract(event, '$.id') end"

#define BEGIN_SQL                                                                                  \
    "create temp table known (id text primary key) without rowid;"                                 \
    "create temp table incoming (n integer primary key, id text not null unique,"                  \
    " createdAt text, log text, type text, event text);"                                           \
    "create temp table seen as select coalesce(max(rowid), 0) as row from main.events;"            \
    "insert or ignore into temp.known select " ID_SQL " from main.events"                          \
    " where " ID_SQL " is not null"

#define COMMIT_SQL                                                                                 \
    "insert into main.events (createdAt, log, type, event)"                                        \
    " select createdAt, log, type, event from temp.incoming where id not in"                       \
    " (select " ID_SQL " from main.events"                                                         \
    "  where rowid > (select row from temp.seen) and " ID_SQL " is not null) order by n"

enum status archive_import_begin(struct archive_file *file, struct archive_import **ret,
                                 char message[ARCHIVE_MESSAGE_SIZE])
{
    AUTO(archive_import_release) struct archive_import *import = mem_new(sizeof *import);
    enum status status = OK;
    int code = SQLITE_OK;

    import->file = file;
    import->arena = arena_new();
    status = archive_file_execute(file, BEGIN_SQL, message);
    if (status != OK)
        return status;
    code = sqlite3_prepare_v2(file->handle, "select 1 from temp.known where id = ?", -1,
                              &import->known, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(file->handle,
                                  "insert or ignore into temp.incoming"
                                  " (id, createdAt, log, type, event) values (?, ?, ?, ?, ?)",
                                  -1, &import->insert, NULL);
    if (code != SQLITE_OK)
        return archive_fault(file->handle, code, message);
    *ret = import;
    import = NULL;
    return OK;
}

void archive_import_end(struct archive_import *import)
{
    if (import == NULL)
        return;
    sqlite3_finalize(import->known);
    sqlite3_finalize(import->insert);
    arena_free(import->arena);
    mem_free(import);
}

/* ---- a line ---- */

static const char *const texts[] = {"id", "detail-type", "source", "time"};

/* What replays need of an event. */
static bool is_event(const struct json *event, char what[ARCHIVE_MESSAGE_SIZE])
{
    uint64_t time_ms = 0;

    if (!json_is(event, JSON_OBJECT)) {
        snprintf(what, ARCHIVE_MESSAGE_SIZE, "it is %s, no event", json_type_name(event));
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (json_get_string(event, texts[i]).size > 0)
            continue;
        snprintf(what, ARCHIVE_MESSAGE_SIZE, "its \"%s\" must be text, not %s", texts[i],
                 json_type_name(json_get(event, texts[i])));
        return false;
    }
    if (!clock_parse_iso(json_get_string(event, "time"), &time_ms)) {
        snprintf(what, ARCHIVE_MESSAGE_SIZE, "its \"time\" is no time like 2026-01-31T09:30:00Z");
        return false;
    }
    if (json_is(json_get(event, "detail"), JSON_OBJECT))
        return true;
    snprintf(what, ARCHIVE_MESSAGE_SIZE, "its \"detail\" must be an object, not %s",
             json_type_name(json_get(event, "detail")));
    return false;
}

static int is_known(struct archive_import *import, struct bytes id, bool *ret)
{
    int code = archive_bind_text(import->known, 1, id);

    if (code == SQLITE_OK)
        code = sqlite3_step(import->known);
    *ret = code == SQLITE_ROW;
    sqlite3_reset(import->known);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int insert(struct archive_import *import, struct bytes id, const struct json *event,
                  struct bytes line, bool *ret_new)
{
    struct archive_row row;
    int code = archive_bind_text(import->insert, 1, id);

    archive_row_of(import->arena, event, &row);
    if (code == SQLITE_OK)
        code = archive_bind_text(import->insert, 2, row.created_at);
    if (code == SQLITE_OK)
        code = archive_bind_text(import->insert, 3, row.log);
    if (code == SQLITE_OK)
        code = archive_bind_text(import->insert, 4, row.type);
    if (code == SQLITE_OK)
        code = archive_bind_text(import->insert, 5, line);
    if (code == SQLITE_OK)
        code = sqlite3_step(import->insert);
    *ret_new = sqlite3_changes(import->file->handle) > 0;
    sqlite3_reset(import->insert);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

enum status archive_import_line(struct archive_import *import, struct bytes line,
                                enum archive_line *ret, char what[ARCHIVE_MESSAGE_SIZE],
                                char message[ARCHIVE_MESSAGE_SIZE])
{
    const struct json *event = NULL;
    struct json_error fault;
    bool known = false, is_new = false;
    int code = SQLITE_OK;

    arena_reset(import->arena);
    *ret = ARCHIVE_LINE_WRONG;
    if (json_parse(import->arena, line, &event, &fault) != OK) {
        snprintf(what, ARCHIVE_MESSAGE_SIZE, "it is no JSON at column %zu: %s", fault.column,
                 fault.message);
        return OK;
    }
    if (!is_event(event, what))
        return OK;

    struct bytes id = json_get_string(event, "id");

    code = is_known(import, id, &known);
    if (code == SQLITE_OK && !known)
        code = insert(import, id, event, line, &is_new);
    if (code != SQLITE_OK)
        return archive_fault(import->file->handle, code, message);
    *ret = is_new ? ARCHIVE_LINE_NEW : ARCHIVE_LINE_KNOWN;
    return OK;
}

/* ---- all of them ---- */

enum status archive_import_commit(struct archive_import *import, uint64_t *ret_added,
                                  char message[ARCHIVE_MESSAGE_SIZE])
{
    struct archive_file *file = import->file;
    enum status status = archive_file_execute(file, "begin immediate", message);

    *ret_added = 0;
    if (status != OK)
        return status;
    status = archive_file_execute(file, COMMIT_SQL, message);
    *ret_added = (uint64_t)sqlite3_changes(file->handle);
    if (status == OK)
        status = archive_file_execute(file, "commit", message);
    if (status != OK)
        sqlite3_exec(file->handle, "rollback", NULL, NULL, NULL);
    return status;
}
