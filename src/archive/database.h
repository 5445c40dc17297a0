/* archive/database.h - the SQLite file of an archive: its tables, its statements, one transaction
 * for many events. One thread at a time; blocks. See archive.h for the tables. */
#ifndef DYNLOG_ARCHIVE_DATABASE_H
#define DYNLOG_ARCHIVE_DATABASE_H

#include "archive/archive.h"
#include "base/arena.h"

/* Another process has the file locked: so long a try waits for it. Events stay queued and are tried
 * again, so this only bounds how long a close can take and how soon people are told. */
#define DATABASE_BUSY_TIMEOUT_MS 1000

struct database;

/* Makes the file and its tables when they are not there. *ret_position: how far the events of `id`
 * are in. On failure message[] holds a sentence for people. */
MUST_USE enum status database_open(const char *path, struct bytes id, struct database **ret,
                                   uint64_t *ret_position, char message[ARCHIVE_MESSAGE_SIZE]);
void database_close(struct database *database);

/* The path still leads to the open file. SQLite goes on writing into one that somebody deleted. */
bool database_is_there(const struct database *database);

/* All rows and the position, or nothing. IN_USE: locked, try again. Anything else: open it anew. */
MUST_USE enum status database_begin(struct database *database, char message[ARCHIVE_MESSAGE_SIZE]);
MUST_USE enum status database_insert(struct database *database, struct arena *arena,
                                     struct bytes event, char message[ARCHIVE_MESSAGE_SIZE]);
MUST_USE enum status database_commit(struct database *database, uint64_t position,
                                     char message[ARCHIVE_MESSAGE_SIZE]);
void database_rollback(struct database *database); /* harmless outside a transaction */

#endif
