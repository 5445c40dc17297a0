/* archive/row.c - see internal.h. */
#include "archive/internal.h"

#include "base/clock.h"

#include <stdio.h>

/* Text of a string or a number, empty of anything else: the columns may not be null. */
static struct bytes column_text(const struct json *value)
{
    return json_is(value, JSON_NUMBER) ? json_number_text(value) : json_string(value);
}

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

void archive_row_of(struct arena *arena, const struct json *event, struct archive_row *ret)
{
    const struct json *detail = json_get(event, "detail");

    *ret = (struct archive_row){
        .created_at = created_at(arena, event),
        .log = column_text(json_get(detail, "log")),
        .type = column_text(json_get(detail, "type")),
    };
}

int archive_bind_text(sqlite3_stmt *statement, int place, struct bytes text)
{
    const char *chars = text.ptr != NULL ? (const char *)text.ptr : "";

    return sqlite3_bind_text64(statement, place, chars, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

/* ---- failures ---- */

enum status archive_status_of(int code)
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

enum status archive_fault(sqlite3 *handle, int code, char message[ARCHIVE_MESSAGE_SIZE])
{
    const char *said = handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    const char *why = advice(code);

    if (why != NULL)
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "%s (SQLite: %s)", why, said);
    else
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "SQLite: %s", said);
    return archive_status_of(code);
}
