/* archive/archive.h - the SQLite archive of a bus: every event exactly once.
 *
 *   events(createdAt, log, type, event)   the public sample's: createdAt ISO text with
 * milliseconds, log and type of detail, the whole event as JSON idx_createdAt, idx_log, idx_type
 * what people query by dynlog_archive(id, position)          how far the store's events are in:
 * moves in the same transaction as the rows, hence exactly once
 *
 * A database file that the sample's own scripts wrote is taken over as it is. SQLite has a thread
 * of its own; events given while it writes wait and go into the next transaction together. */
#ifndef DYNLOG_ARCHIVE_ARCHIVE_H
#define DYNLOG_ARCHIVE_ARCHIVE_H

#include "base/bytes.h"

struct archive;

#define ARCHIVE_MESSAGE_SIZE 512

/* `wake` is called from SQLite's thread when archive_run() has something to tell. `id` names this
 * store (a store made anew must not skip by an old store's position): positions are kept per id. */
MUST_USE enum status archive_open(const char *path, struct bytes id, void (*wake)(void *context),
                                  void *context, struct archive **ret,
                                  char message[ARCHIVE_MESSAGE_SIZE]);
/* Finishes what was given, then closes. */
void archive_close(struct archive *archive);

/* The last position that is in the file, durably. */
uint64_t archive_position(const struct archive *archive);

/* Events in order of position; what is in the file already is passed over. The bytes are copied. An
 * event with `replay-name`, beside or in its detail, is counted as taken but gets no row. */
struct archive_event {
    uint64_t position;
    struct bytes event; /* JSON */
};
void archive_append(struct archive *archive, const struct archive_event *events, size_t count);

/* On the loop's thread, after wake: durable position so far; OK, or why SQLite could not write (it
 * tries again with the next append or archive_retry()). IN_USE: another process has it locked. */
enum status archive_run(struct archive *archive, uint64_t *ret_position,
                        char message[ARCHIVE_MESSAGE_SIZE]);
void archive_retry(struct archive *archive);

#endif
