/* backup/backup.h - a data folder copied whole, and put back.
 *
 *   TO.part/dynlog.lock    held while it is made, so that nobody opens it or takes it for a
 * leftover /functions/     code of functions that clients made /archive.db     the SQLite archive,
 * as one plain file /store/         RocksDB's: the store at one moment /backup.json    what it is a
 * backup of; restoring needs it /format         last: with it, it is a data folder TO all of it,
 * synced and renamed: so what has this name is whole
 *
 * What always holds:
 *   1. TO has everything that was acknowledged before backup_make() was called, and nothing that
 *      was submitted after it returned; of what came between, everything up to one moment.
 *   2. The archive of TO has no event that TO's store has not, and none is in neither: the store
 *      keeps what it hands to SQLite while the copy is made (its caller sees to it), and SQLite's
 *      moment is before the store's.
 *   3. Killed at any moment, there is no TO; a TO.part that nobody holds is a leftover, and the
 * next backup to TO removes it. The source is only read.
 *
 * Blocks; any thread. docs/format/backup-folder.md, docs/adr/0050 */
#ifndef DYNLOG_BACKUP_BACKUP_H
#define DYNLOG_BACKUP_BACKUP_H

#include "store/store.h"

#include <stdatomic.h>

#define BACKUP_FOLDER_FORMAT 1
#define BACKUP_FILE_NAME "backup.json"
#define BACKUP_ARCHIVE_NAME "archive.db"

struct backup_job {
    const char *folder;  /* the data folder */
    struct store *store; /* that has it open; NULL: nobody has */
    const char *archive; /* the SQLite archive; NULL or not there: none */
    const char *to;
    bool own_bytes; /* no hard links to tables of the source */
    uint64_t now_ms;

    /* Told while it runs. */
    _Atomic uint64_t total, done; /* bytes */
    /* results */
    uint64_t position; /* of the store, at least */
    char message[STORE_MESSAGE_SIZE];
};

/* EXISTS: there is something at `to`. IN_USE: a dynlog has the folder open, or another backup is
 * being made there. NO_SPACE, ... On failure nothing is left, and message[] says why. */
MUST_USE enum status backup_make(struct backup_job *job);

struct backup_restore {
    const char *backup, *to;
    const char *archive; /* where the SQLite archive is put; NULL: it stays in the folder */
    bool own_bytes;
    _Atomic uint64_t total, done;
    /* results */
    uint64_t position, made_ms;
    bool has_archive;
    char message[STORE_MESSAGE_SIZE];
};

/* EXISTS: `to` is there and not empty, or `archive` is there. NOT_FOUND: that is no backup. On
 * failure nothing is left. */
MUST_USE enum status backup_put_back(struct backup_restore *job);

#endif
