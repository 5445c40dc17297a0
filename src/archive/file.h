/* archive/file.h - the SQLite archive for people: what is in it, its events in order, lines in,
 * old ones out. archive.h is how a server writes it; both may be at work at once.
 *
 * Any file with the table events(createdAt, log, type, event) is an archive: the public sample's
 * too, whose createdAt may be ISO text with or without milliseconds, or (other scripts) a number:
 * seconds or milliseconds since 1970.
 *
 * What always holds:
 *   1. The order is that of the events' times, those of one millisecond in the order in which they
 *      came into the file.
 *   2. A file that was opened to be read is seen as it was at the first look, until it is closed.
 *   3. What changes the file changes all that was asked for, or nothing.
 *
 * One thread at a time; blocks. On failure message[] holds a sentence for people. */
#ifndef DYNLOG_ARCHIVE_FILE_H
#define DYNLOG_ARCHIVE_FILE_H

#include "archive/archive.h"
#include "base/arena.h"

/* A server that writes has the file locked for milliseconds; VACUUM of somebody else for longer. */
#define ARCHIVE_FILE_BUSY_MS 10000

struct archive_file;

enum archive_file_mode {
    ARCHIVE_FILE_READ,
    ARCHIVE_FILE_CHANGE,
    ARCHIVE_FILE_MAKE, /* and make it when it is not there */
};

/* NOT_FOUND: there is no such file. CORRUPT: it is no archive. */
MUST_USE enum status archive_file_open(const char *path, enum archive_file_mode mode,
                                       struct archive_file **ret,
                                       char message[ARCHIVE_MESSAGE_SIZE]);
void archive_file_close(struct archive_file *file);                 /* NULL is fine */
static inline void archive_file_release(struct archive_file **file) /* for AUTO() */
{
    archive_file_close(*file);
}

/* ---- which events ---- */

struct archive_filter { /* begin with {0}: all of them */
    uint64_t since_ms;  /* since <= time; 0: no bound */
    uint64_t until_ms;  /* time < until; 0: no bound */
    const char *const *logs;
    const char *const *types;
    size_t log_count, type_count; /* 0: any */
    struct bytes pk;              /* of its key: one stream; empty: any */
    int64_t row_max;              /* only what came into the file up to then; 0: no bound */
};

/* An event whose createdAt is no time has time 0, comes first, and is in no window. */
struct archive_place {
    uint64_t time_ms;
    int64_t row;
};

/* All that the filter takes, in order; mem_free() gives the list back. *ret_row: the row that came
 * last into the file, for row_max. */
MUST_USE enum status archive_file_select(struct archive_file *file,
                                         const struct archive_filter *filter,
                                         struct archive_place **ret, size_t *ret_count,
                                         int64_t *ret_row, char message[ARCHIVE_MESSAGE_SIZE]);
/* The event at a place, in the arena, as it stands there. */
MUST_USE enum status archive_file_read(struct archive_file *file, struct arena *arena,
                                       const struct archive_place *place, struct bytes *ret,
                                       char message[ARCHIVE_MESSAGE_SIZE]);
/* The event with this id. NOT_FOUND. */
MUST_USE enum status archive_file_find(struct archive_file *file, struct arena *arena,
                                       struct bytes id, struct bytes *ret,
                                       char message[ARCHIVE_MESSAGE_SIZE]);

struct archive_count {
    struct bytes log, type;     /* empty: an event of no log */
    uint64_t events, bytes;     /* bytes: of the events as JSON */
    uint64_t first_ms, last_ms; /* 0: not known */
};
/* By log and type, in the arena. filter->pk is not looked at. */
MUST_USE enum status archive_file_counts(struct archive_file *file,
                                         const struct archive_filter *filter, struct arena *arena,
                                         struct archive_count **ret, size_t *ret_count,
                                         char message[ARCHIVE_MESSAGE_SIZE]);

/* ---- lines in (file_import.c) ---- */

struct archive_import;

enum archive_line {
    ARCHIVE_LINE_NEW,
    ARCHIVE_LINE_KNOWN, /* an event of this id is there, or came before */
    ARCHIVE_LINE_WRONG,
};

/* The lines wait in temporary tables, beside the file: a server that writes it is not in the way
 * until the end. */
MUST_USE enum status archive_import_begin(struct archive_file *file, struct archive_import **ret,
                                          char message[ARCHIVE_MESSAGE_SIZE]);
/* `what` says about a WRONG line what it is not. Not OK: SQLite failed. */
MUST_USE enum status archive_import_line(struct archive_import *import, struct bytes line,
                                         enum archive_line *ret, char what[ARCHIVE_MESSAGE_SIZE],
                                         char message[ARCHIVE_MESSAGE_SIZE]);
/* All new lines, in their order. *ret_added: how many. */
MUST_USE enum status archive_import_commit(struct archive_import *import, uint64_t *ret_added,
                                           char message[ARCHIVE_MESSAGE_SIZE]);
/* Without a commit nothing was imported. */
void archive_import_end(struct archive_import *import);                   /* NULL is fine */
static inline void archive_import_release(struct archive_import **import) /* for AUTO() */
{
    archive_import_end(*import);
}

/* ---- old ones out ---- */

/* Deletes what is older than before_ms. *ret_deleted: how many. */
MUST_USE enum status archive_file_prune(struct archive_file *file, uint64_t before_ms,
                                        uint64_t *ret_deleted, char message[ARCHIVE_MESSAGE_SIZE]);
/* Gives what is free in the file back to the disk. IN_USE: somebody else is at it. */
MUST_USE enum status archive_file_vacuum(struct archive_file *file,
                                         char message[ARCHIVE_MESSAGE_SIZE]);

#endif
