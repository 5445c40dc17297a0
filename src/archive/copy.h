/* archive/copy.h - a SQLite archive copied as it is at one moment, while others write it; and
 * looked at. One thread at a time; blocks. On failure message[] holds a sentence for people. */
#ifndef DYNLOG_ARCHIVE_COPY_H
#define DYNLOG_ARCHIVE_COPY_H

#include "archive/archive.h"

#include <stdatomic.h>

struct archive_copy;

/* The moment is now: what is written from here on is not in the copy. NOT_FOUND: there is no such
 * file. */
MUST_USE enum status archive_copy_begin(const char *path, struct archive_copy **ret,
                                        char message[ARCHIVE_MESSAGE_SIZE]);
/* Into a file that is not there; it is on the disk, whole, after OK. done (may be NULL): bytes. */
MUST_USE enum status archive_copy_write(struct archive_copy *copy, const char *to,
                                        _Atomic uint64_t *done, char message[ARCHIVE_MESSAGE_SIZE]);
void archive_copy_end(struct archive_copy *copy);                   /* also NULL */
static inline void archive_copy_release(struct archive_copy **copy) /* for AUTO() */
{
    archive_copy_end(*copy);
}

/* What a look at a file that nobody writes tells of it. */
struct archive_look {
    bool is_whole;                    /* SQLite's own check finds nothing */
    char words[ARCHIVE_MESSAGE_SIZE]; /* of it, when it does */
    uint64_t events;
    bool has_position;
    uint64_t position; /* up to which it has the events of the store `id` */
};
/* Nothing of it changes: not even SQLite's files beside it. What its write-ahead log holds is seen
 * through a copy in TMPDIR. NOT_FOUND, CORRUPT (it is no archive). */
MUST_USE enum status archive_look_at(const char *path, struct bytes id, struct archive_look *ret,
                                     char message[ARCHIVE_MESSAGE_SIZE]);

#endif
