/* archive/database.c - see database.h. */
#include "archive/database.h"

#include "base/clock.h"
#include "json/json.h"

#include <sqlite3.h>

#include <stdio.h>
#include <sys/stat.h>

/* The table exactly as the public sample's script makes it: its tools read this file, and this
 * program goes on with a file of theirs. "int" is its word; SQLite keeps the ISO text that is put
 * there. */
#define EVENTS_SQL                                                                                 \
    "create table if not exists events"                                                            \
    " (createdAt int not null, log text not null, type text not null, event text not null)"

static const char *const schema[] = {
    EVENTS_SQL,
    "create index if not exists idx_createdAt on events(createdAt)",
    "create index if not exists idx_log on events(log)",
    "create index if not exists idx_type on events(type)",
    "create table if not exists dynlog_archive (id text primary key, position int not null)",
};

#define INSERT_SQL "insert into events (createdAt, log, type, event) values (?, ?, ?, ?)"
#define READ_SQL "select position from dynlog_archive where id = ?"
#define MOVE_SQL                                                                                   \
    "insert into dynlog_archive (id, position) values (?, ?)"                                      \
    " on conflict (id) do update set position = excluded.position"

struct database {
    sqlite3 *handle;
    sqlite3_stmt *insert, *move;
    struct bytes id; /* owned */
    char *path;
    bool is_file; /* not in memory */
    dev_t device; /* of the file that is open */
    ino_t inode;
};

/* ---- failures ---- */

static enum status status_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return IN_USE;
    case SQLITE_FULL:
        return NO_SPACE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return NOT_PERMITTED;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* of statements that never change: the tables are not what they expect */
        return CORRUPT;
    default:
        return IO_ERROR;
    }
}

/* What people can do about it. */
static const char *advice(int code)
{
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process has it locked";
    case SQLITE_FULL:
        return "the disk is full";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "it may not be written";
    case SQLITE_CANTOPEN:
        return "it can't be opened or made; its folder must be there and writable";
    case SQLITE_NOTADB:
        return "it is no SQLite database; move it away, or archive to another file";
    case SQLITE_CORRUPT:
        return "it is damaged; move it away, or mend it with sqlite3's .recover";
    case SQLITE_ERROR:
        return "it has tables of these names with other columns; archive to another file";
    default:
        return NULL;
    }
}

static enum status fail(struct database *database, int code, char message[ARCHIVE_MESSAGE_SIZE])
{
    const char *said =
        database->handle != NULL ? sqlite3_errmsg(database->handle) : sqlite3_errstr(code);
    const char *why = advice(code);

    if (why != NULL)
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "%s (SQLite: %s)", why, said);
    else
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "SQLite: %s", said);
    return status_of(code);
}

/* ---- opening ---- */

static int prepare(struct database *database, const char *sql, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

/* Readers go on reading while events are written. A file that somebody else has open in another
 * mode stays in that mode: slower, as safe. */
static int set_modes(struct database *database)
{
    int code = sqlite3_exec(database->handle, "pragma journal_mode = wal", NULL, NULL, NULL);

    if (code != SQLITE_OK && code != SQLITE_BUSY)
        return code;
    return sqlite3_exec(database->handle, "pragma synchronous = full", NULL, NULL, NULL);
}

static int make_tables(struct database *database)
{
    int code = sqlite3_exec(database->handle, "begin immediate", NULL, NULL, NULL);

    for (size_t i = 0; code == SQLITE_OK && i < ARRAY_COUNT(schema); i++)
        code = sqlite3_exec(database->handle, schema[i], NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database->handle, "commit", NULL, NULL, NULL);
    return code;
}

static int bind_text(sqlite3_stmt *statement, int place, struct bytes text)
{
    const char *chars = text.ptr != NULL ? (const char *)text.ptr : "";

    return sqlite3_bind_text64(statement, place, chars, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

static int read_position(struct database *database, uint64_t *ret)
{
    sqlite3_stmt *read = NULL;
    int code = prepare(database, READ_SQL, &read);

    if (code == SQLITE_OK)
        code = bind_text(read, 1, database->id);
    if (code == SQLITE_OK)
        code = sqlite3_step(read);
    *ret = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(read, 0) : 0;
    sqlite3_finalize(read);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int open_file(struct database *database, const char *path, uint64_t *ret_position)
{
    int code =
        sqlite3_open_v2(path, &database->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(database->handle, 1);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(database->handle, DATABASE_BUSY_TIMEOUT_MS);
    if (code == SQLITE_OK)
        code = set_modes(database);
    if (code == SQLITE_OK)
        code = make_tables(database);
    if (code == SQLITE_OK)
        code = prepare(database, INSERT_SQL, &database->insert);
    if (code == SQLITE_OK)
        code = prepare(database, MOVE_SQL, &database->move);
    if (code == SQLITE_OK)
        code = read_position(database, ret_position);
    return code;
}

/* Which file it is, to know it again. */
static void note_file(struct database *database)
{
    struct stat file;

    database->is_file = stat(database->path, &file) == 0;
    if (database->is_file) {
        database->device = file.st_dev;
        database->inode = file.st_ino;
    }
}

bool database_is_there(const struct database *database)
{
    struct stat file;

    if (!database->is_file)
        return true;
    return stat(database->path, &file) == 0 && file.st_dev == database->device &&
           file.st_ino == database->inode;
}

enum status database_open(const char *path, struct bytes id, struct database **ret,
                          uint64_t *ret_position, char message[ARCHIVE_MESSAGE_SIZE])
{
    struct database *database = mem_new(sizeof *database);
    uint8_t *copy = mem_new(id.size + 1);
    uint64_t position = 0;

    if (id.size > 0)
        memcpy(copy, id.ptr, id.size);
    database->id = bytes_of(copy, id.size);
    database->path = mem_copy_text(path);
    int code = open_file(database, path, &position);

    if (code != SQLITE_OK) {
        enum status st = fail(database, code, message);

        database_close(database);
        return st;
    }
    note_file(database);
    *ret = database;
    *ret_position = position;
    return OK;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    union {
        const uint8_t *in;
        uint8_t *out;
    } id = {database->id.ptr};

    sqlite3_finalize(database->insert);
    sqlite3_finalize(database->move);
    sqlite3_close(database->handle); /* the last one out leaves one plain file, without its log */
    mem_free(id.out);
    mem_free(database->path);
    mem_free(database);
}

/* ---- one transaction ---- */

static enum status execute(struct database *database, const char *sql,
                           char message[ARCHIVE_MESSAGE_SIZE])
{
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? OK : fail(database, code, message);
}

/* Runs a prepared statement that gives no rows; `code` is what binding its values gave. */
static enum status run(struct database *database, sqlite3_stmt *statement, int code,
                       char message[ARCHIVE_MESSAGE_SIZE])
{
    enum status st = OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_OK && code != SQLITE_DONE)
        st = fail(database, code, message);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return st;
}

enum status database_begin(struct database *database, char message[ARCHIVE_MESSAGE_SIZE])
{
    return execute(database, "begin immediate", message);
}

/* Text of a string or a number, empty of anything else: the columns may not be null. */
static struct bytes column_text(const struct json *value)
{
    return json_is(value, JSON_NUMBER) ? json_number_text(value) : json_string(value);
}

/* The event's time with milliseconds, whatever it was written with: people sort by this text. */
static struct bytes created_at(struct arena *arena, const struct json *event)
{
    struct bytes text = json_string(json_get(event, "time"));
    char *iso = arena_alloc(arena, CLOCK_ISO_SIZE);
    uint64_t time_ms = 0;

    if (!clock_parse_iso(text, &time_ms))
        return text;
    clock_format_iso(time_ms, true, iso);
    return bytes_of_text(iso);
}

enum status database_insert(struct database *database, struct arena *arena, struct bytes event,
                            char message[ARCHIVE_MESSAGE_SIZE])
{
    const struct json *parsed = NULL;
    sqlite3_stmt *insert = database->insert;

    if (json_parse(arena, event, &parsed, NULL) != OK)
        parsed = NULL; /* it is kept all the same, under empty columns */

    const struct json *detail = json_get(parsed, "detail");
    int code = bind_text(insert, 1, created_at(arena, parsed));

    if (code == SQLITE_OK)
        code = bind_text(insert, 2, column_text(json_get(detail, "log")));
    if (code == SQLITE_OK)
        code = bind_text(insert, 3, column_text(json_get(detail, "type")));
    if (code == SQLITE_OK)
        code = bind_text(insert, 4, event);
    return run(database, insert, code, message);
}

enum status database_commit(struct database *database, uint64_t position,
                            char message[ARCHIVE_MESSAGE_SIZE])
{
    int code = bind_text(database->move, 1, database->id);

    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(database->move, 2, (sqlite3_int64)position);
    enum status st = run(database, database->move, code, message);

    return st == OK ? execute(database, "commit", message) : st;
}

void database_rollback(struct database *database)
{
    if (sqlite3_get_autocommit(database->handle) == 0)
        sqlite3_exec(database->handle, "rollback", NULL, NULL, NULL);
}
