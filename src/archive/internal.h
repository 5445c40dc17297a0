/* archive/internal.h - what the files of this folder share: what an event is as a row, and what a
 * code of SQLite's means. */
#ifndef DYNLOG_ARCHIVE_INTERNAL_H
#define DYNLOG_ARCHIVE_INTERNAL_H

#include "archive/archive.h"
#include "base/arena.h"
#include "json/json.h"

#include <sqlite3.h>

/* The table exactly as the public sample's script makes it: its tools read this file, and this
 * program goes on with a file of theirs. "int" is its word; SQLite keeps the ISO text that is put
 * there. */
#define ARCHIVE_EVENTS_SQL                                                                         \
    "create table if not exists events"                                                            \
    " (createdAt int not null, log text not null, type text not null, event text not null)"
#define ARCHIVE_INDEXES_SQL                                                                        \
    "create index if not exists idx_createdAt on events(createdAt);"                               \
    "create index if not exists idx_log on events(log);"                                           \
    "create index if not exists idx_type on events(type)"

struct archive_row {
    struct bytes created_at; /* its time with milliseconds: people sort by this text */
    struct bytes log, type;  /* of its detail; empty when it has none */
};
/* `event` may be NULL: what is no JSON is kept all the same, under empty columns. */
void archive_row_of(struct arena *arena, const struct json *event, struct archive_row *ret);

int archive_bind_text(sqlite3_stmt *statement, int place, struct bytes text);

enum status archive_status_of(int code);
/* The same, and a sentence for people in message[]. handle: NULL when there is none. */
enum status archive_fault(sqlite3 *handle, int code, char message[ARCHIVE_MESSAGE_SIZE]);

#endif
