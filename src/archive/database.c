/* archive/database.c - see database.h. */
#include "archive/database.h"

#include "archive/internal.h"

#include <sys/stat.h>

static const char *const schema[] = {
    ARCHIVE_EVENTS_SQL,
    ARCHIVE_INDEXES_SQL,
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

static enum status fail(struct database *database, int code, char message[ARCHIVE_MESSAGE_SIZE])
{
    return archive_fault(database->handle, code, message);
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

static int read_position(struct database *database, uint64_t *ret)
{
    sqlite3_stmt *read = NULL;
    int code = prepare(database, READ_SQL, &read);

    if (code == SQLITE_OK)
        code = archive_bind_text(read, 1, database->id);
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

enum status database_insert(struct database *database, struct arena *arena, struct bytes event,
                            char message[ARCHIVE_MESSAGE_SIZE])
{
    const struct json *parsed = NULL;
    sqlite3_stmt *insert = database->insert;

    if (json_parse(arena, event, &parsed, NULL) != OK)
        parsed = NULL; /* it is kept all the same, under empty columns */

    struct archive_row row;

    archive_row_of(arena, parsed, &row);
    int code = archive_bind_text(insert, 1, row.created_at);

    if (code == SQLITE_OK)
        code = archive_bind_text(insert, 2, row.log);
    if (code == SQLITE_OK)
        code = archive_bind_text(insert, 3, row.type);
    if (code == SQLITE_OK)
        code = archive_bind_text(insert, 4, event);
    return run(database, insert, code, message);
}

enum status database_commit(struct database *database, uint64_t position,
                            char message[ARCHIVE_MESSAGE_SIZE])
{
    int code = archive_bind_text(database->move, 1, database->id);

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
