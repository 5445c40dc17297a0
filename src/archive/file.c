/* archive/file.c - see file.h. */
#include "archive/file_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>

#define SQL_SIZE_MAX ((size_t)64 * 1024)
#define SECONDS_MAX 1e11 /* a larger number of a time is of milliseconds: as seconds, year 5138 */

static enum status fail(const struct archive_file *file, int code,
                        char message[ARCHIVE_MESSAGE_SIZE])
{
    return archive_fault(file->handle, code, message);
}

enum status archive_file_execute(struct archive_file *file, const char *sql,
                                 char message[ARCHIVE_MESSAGE_SIZE])
{
    int code = sqlite3_exec(file->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? OK : fail(file, code, message);
}

/* ---- dynlog_time(createdAt): milliseconds, null when it is no time ---- */

static struct bytes text_of(sqlite3_value *value)
{
    const void *text = sqlite3_value_text(value);

    return bytes_of(text, (size_t)sqlite3_value_bytes(value));
}

static void time_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint64_t time_ms = 0;
    double number = 0;

    (void)count;
    switch (sqlite3_value_type(values[0])) {
    case SQLITE_TEXT:
        if (clock_parse_iso(text_of(values[0]), &time_ms))
            sqlite3_result_int64(context, (sqlite3_int64)time_ms);
        else
            sqlite3_result_null(context);
        return;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        number = sqlite3_value_double(values[0]);
        if (number >= 0 && number < SECONDS_MAX * 1000)
            sqlite3_result_int64(context,
                                 (sqlite3_int64)(number < SECONDS_MAX ? number * 1000 : number));
        else
            sqlite3_result_null(context);
        return;
    default:
        sqlite3_result_null(context);
    }
}

/* ---- opening ---- */

/* A reader opens for writing where it may: who cannot write leaves SQLite's -wal and -shm behind.
 */
static int open_handle(struct archive_file *file, const char *path, enum archive_file_mode mode)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                (mode == ARCHIVE_FILE_MAKE ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(path, &file->handle, flags, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(file->handle, 1);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(file->handle, ARCHIVE_FILE_BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_create_function(file->handle, "dynlog_time", 1,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, time_function,
                                       NULL, NULL);
    return code;
}

static const char *const opening[] = {
    [ARCHIVE_FILE_READ] = "pragma query_only = 1; begin",
    [ARCHIVE_FILE_CHANGE] = "pragma synchronous = full",
    [ARCHIVE_FILE_MAKE] =
        "pragma journal_mode = wal; pragma synchronous = full; begin immediate;" ARCHIVE_EVENTS_SQL
        "; " ARCHIVE_INDEXES_SQL "; commit",
};

static int prepare(const struct archive_file *file, const char *sql, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v3(file->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

#define READ_SQL "select event from events where rowid = ?"
#define LOOK_SQL "select createdAt, log, type, event from events limit 1"

/* The first look at the file: it is an archive, and its moment is fixed. */
static int look(const struct archive_file *file)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(file, LOOK_SQL, &statement);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

enum status archive_file_open(const char *path, enum archive_file_mode mode,
                              struct archive_file **ret, char message[ARCHIVE_MESSAGE_SIZE])
{
    if (mode != ARCHIVE_FILE_MAKE && !file_exists(path)) {
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "there is no such file");
        return NOT_FOUND;
    }

    AUTO(archive_file_release) struct archive_file *file = mem_new(sizeof *file);
    int code = open_handle(file, path, mode);

    if (code == SQLITE_OK)
        code = sqlite3_exec(file->handle, opening[mode], NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = look(file);
    if (code == SQLITE_OK)
        code = prepare(file, READ_SQL, &file->read);
    if (code != SQLITE_OK) {
        enum status status = fail(file, code, message);

        if ((code & 0xFF) == SQLITE_ERROR)
            snprintf(message, ARCHIVE_MESSAGE_SIZE,
                     "it is no archive: it has no table events(createdAt, log, type, event)");
        return status;
    }
    *ret = file;
    file = NULL;
    return OK;
}

void archive_file_close(struct archive_file *file)
{
    if (file == NULL)
        return;
    sqlite3_finalize(file->read);
    sqlite3_close(file->handle);
    mem_free(file);
}

/* ---- which events ---- */

static void append_list(struct buffer *sql, const char *column, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_printf(sql, i == 0 ? " and %s in (?" : ",?", column);
    if (count > 0)
        buffer_append_text(sql, ")");
}

static void append_where(struct buffer *sql, const struct archive_filter *filter)
{
    buffer_append_text(sql, " from events where 1");
    if (filter->since_ms > 0)
        buffer_append_text(sql, " and dynlog_time(createdAt) >= ?");
    if (filter->until_ms > 0)
        buffer_append_text(sql, " and dynlog_time(createdAt) < ?");
    if (filter->row_max > 0)
        buffer_append_text(sql, " and rowid <= ?");
    append_list(sql, "log", filter->log_count);
    append_list(sql, "type", filter->type_count);
}

static int bind_where(sqlite3_stmt *statement, const struct archive_filter *filter)
{
    int place = 0, code = SQLITE_OK;

    if (filter->since_ms > 0)
        code = sqlite3_bind_int64(statement, ++place, (sqlite3_int64)filter->since_ms);
    if (code == SQLITE_OK && filter->until_ms > 0)
        code = sqlite3_bind_int64(statement, ++place, (sqlite3_int64)filter->until_ms);
    if (code == SQLITE_OK && filter->row_max > 0)
        code = sqlite3_bind_int64(statement, ++place, filter->row_max);
    for (size_t i = 0; code == SQLITE_OK && i < filter->log_count; i++)
        code = archive_bind_text(statement, ++place, bytes_of_text(filter->logs[i]));
    for (size_t i = 0; code == SQLITE_OK && i < filter->type_count; i++)
        code = archive_bind_text(statement, ++place, bytes_of_text(filter->types[i]));
    return code;
}

/* A statement over what the filter takes: SELECT ... from events where ... REST. */
static int prepare_select(const struct archive_file *file, const char *select,
                          const struct archive_filter *filter, const char *rest, sqlite3_stmt **ret)
{
    AUTO(buffer_free) struct buffer sql = BUFFER_INIT(SQL_SIZE_MAX);
    int code = SQLITE_OK;

    buffer_append_text(&sql, select);
    append_where(&sql, filter);
    buffer_append_text(&sql, rest);
    assert(!buffer_failed(&sql)); /* OPTION_TEXTS_MAX question marks */
    code = sqlite3_prepare_v2(file->handle, (const char *)sql.ptr, (int)sql.size, ret, NULL);
    return code == SQLITE_OK ? bind_where(*ret, filter) : code;
}

static struct bytes column_bytes(sqlite3_stmt *statement, int column)
{
    const void *text = sqlite3_column_text(statement, column);

    return bytes_of(text, (size_t)sqlite3_column_bytes(statement, column));
}

static bool is_of_stream(struct arena *arena, struct bytes event, struct bytes pk)
{
    const struct json *json = NULL;

    arena_reset(arena);
    if (json_parse(arena, event, &json, NULL) != OK)
        return false;
    return bytes_equal(json_string(json_get(json_get(json_get(json, "detail"), "key"), "pk")), pk);
}

static void add_place(struct archive_place **list, size_t *count, size_t *capacity,
                      struct archive_place place)
{
    if (*count == *capacity) {
        *capacity = size_max(*capacity * 2, 1024);
        *list = mem_resize(*list, *capacity * sizeof **list);
    }
    (*list)[(*count)++] = place;
}

static int read_places(sqlite3_stmt *statement, struct bytes pk, struct archive_place **ret,
                       size_t *ret_count)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t capacity = 0;
    int code = SQLITE_OK;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct archive_place place = {(uint64_t)sqlite3_column_int64(statement, 0),
                                      sqlite3_column_int64(statement, 1)};

        if (pk.size == 0 || is_of_stream(arena, column_bytes(statement, 2), pk))
            add_place(ret, ret_count, &capacity, place);
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int read_last_row(const struct archive_file *file, int64_t *ret)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(file, "select max(rowid) from events", &statement);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *ret = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

enum status archive_file_select(struct archive_file *file, const struct archive_filter *filter,
                                struct archive_place **ret, size_t *ret_count, int64_t *ret_row,
                                char message[ARCHIVE_MESSAGE_SIZE])
{
    sqlite3_stmt *statement = NULL;
    struct archive_place *list = NULL;
    size_t count = 0;
    int code = read_last_row(file, ret_row);

    if (code == SQLITE_OK)
        code = prepare_select(file,
                              filter->pk.size > 0 ? "select dynlog_time(createdAt), rowid, event"
                                                  : "select dynlog_time(createdAt), rowid",
                              filter, " order by 1, 2", &statement);
    if (code == SQLITE_OK)
        code = read_places(statement, filter->pk, &list, &count);
    sqlite3_finalize(statement);
    if (code != SQLITE_OK) {
        mem_free(list);
        return fail(file, code, message);
    }
    *ret = list;
    *ret_count = count;
    return OK;
}

enum status archive_file_read(struct archive_file *file, struct arena *arena,
                              const struct archive_place *place, struct bytes *ret,
                              char message[ARCHIVE_MESSAGE_SIZE])
{
    int code = sqlite3_bind_int64(file->read, 1, place->row);
    enum status status = OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(file->read);
    if (code == SQLITE_ROW)
        *ret = arena_copy(arena, column_bytes(file->read, 0));
    else if (code == SQLITE_DONE)
        status = NOT_FOUND; /* cannot be: the moment is fixed */
    else
        status = fail(file, code, message);
    sqlite3_reset(file->read);
    return status;
}

/* ---- one by its id ---- */

enum status archive_file_find(struct archive_file *file, struct arena *arena, struct bytes id,
                              struct bytes *ret, char message[ARCHIVE_MESSAGE_SIZE])
{
    AUTO(arena_release) struct arena *scratch = arena_new();
    sqlite3_stmt *statement = NULL;
    bool found = false;
    int code = prepare(file, "select event from events where instr(event, ?)", &statement);

    if (code == SQLITE_OK)
        code = archive_bind_text(statement, 1, id);
    while (code == SQLITE_OK && !found && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct json *json = NULL;
        struct bytes event = column_bytes(statement, 0);

        arena_reset(scratch);
        code = SQLITE_OK;
        found = json_parse(scratch, event, &json, NULL) == OK &&
                bytes_equal(json_get_string(json, "id"), id);
        if (found)
            *ret = arena_copy(arena, event);
    }
    sqlite3_finalize(statement);
    if (found)
        return OK;
    return code == SQLITE_DONE ? NOT_FOUND : fail(file, code, message);
}

/* ---- how many ---- */

#define COUNT_SQL                                                                                  \
    "select log, type, count(*), sum(length(cast(event as blob))),"                                \
    " min(dynlog_time(createdAt)), max(dynlog_time(createdAt))"

enum status archive_file_counts(struct archive_file *file, const struct archive_filter *filter,
                                struct arena *arena, struct archive_count **ret, size_t *ret_count,
                                char message[ARCHIVE_MESSAGE_SIZE])
{
    sqlite3_stmt *statement = NULL;
    size_t capacity = 0;
    int code = prepare_select(file, COUNT_SQL, filter, " group by log, type order by log, type",
                              &statement);

    *ret = NULL;
    *ret_count = 0;
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        code = SQLITE_OK;
        *ret = arena_grow(arena, *ret, *ret_count, *ret_count + 1, &capacity, sizeof **ret);
        (*ret)[(*ret_count)++] = (struct archive_count){
            .log = arena_copy(arena, column_bytes(statement, 0)),
            .type = arena_copy(arena, column_bytes(statement, 1)),
            .events = (uint64_t)sqlite3_column_int64(statement, 2),
            .bytes = (uint64_t)sqlite3_column_int64(statement, 3),
            .first_ms = (uint64_t)sqlite3_column_int64(statement, 4),
            .last_ms = (uint64_t)sqlite3_column_int64(statement, 5),
        };
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? OK : fail(file, code, message);
}

/* ---- old ones out ---- */

enum status archive_file_prune(struct archive_file *file, uint64_t before_ms, uint64_t *ret_deleted,
                               char message[ARCHIVE_MESSAGE_SIZE])
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(file, "delete from events where dynlog_time(createdAt) < ?", &statement);

    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, (sqlite3_int64)before_ms);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *ret_deleted = (uint64_t)sqlite3_changes(file->handle);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? OK : fail(file, code, message);
}

enum status archive_file_vacuum(struct archive_file *file, char message[ARCHIVE_MESSAGE_SIZE])
{
    return archive_file_execute(file, "vacuum; pragma wal_checkpoint(truncate)", message);
}
