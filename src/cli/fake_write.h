/* cli/fake_write.h - the events of fake users into a table, several requests in flight.
 *
 * Every event is put on the condition that nothing stands at its key, and the answer to a failed
 * condition has what stands there: the same content is skipped, other content is counted and never
 * touched. A BatchWriteItem has no conditions, so a request is a TransactWriteItems of
 * FAKE_BATCH_MAX puts; on AWS, where a write in a transaction costs twice as much, a PutItem.
 *
 * What always holds:
 *   1. The order is the sample's: the signups of all users, then all their telephone numbers, and
 *      so on. An event is asked for when those of the version before have all been answered: a
 *      stream never has version 3 without 2, whenever we stop.
 *   2. written + skipped + different is the number of events that are settled; what an interrupted
 *      run had in flight is settled too, before fake_write_end() answers.
 *
 * Threads: one for each request in flight; start, stop, and end are the caller's. */
#ifndef DYNLOG_CLI_FAKE_WRITE_H
#define DYNLOG_CLI_FAKE_WRITE_H

#include "cli/client.h"
#include "cli/fake_user.h"

#define FAKE_BATCH_MAX 100    /* actions of a TransactWriteItems */
#define FAKE_IN_FLIGHT_MAX 64 /* connections; more only wait for each other */
#define FAKE_DIFFERENT_MAX 3  /* keys that are named; the others are counted */

struct fake_writing; /* private */

struct fake_plan {
    const struct target *target;
    const char *log;
    uint64_t seed, users;
    unsigned in_flight;
    bool single; /* a PutItem an event */
};

struct fake_count {
    uint64_t written, skipped, different;
};

struct fake_end {
    struct fake_count count;
    struct bytes different[FAKE_DIFFERENT_MAX]; /* "users#12#stream/3" */
    enum status status;                         /* not OK: a request failed, and ended it */
    struct client_answer answer;                /* its answer */
    struct client *client;                      /* who asked */
};

struct fake_writing *fake_write_begin(const struct fake_plan *plan);
/* Readable when all is over. */
int fake_write_fd(const struct fake_writing *writing);
struct fake_count fake_write_count(struct fake_writing *writing);
/* No more requests. */
void fake_write_stop(struct fake_writing *writing);
/* Waits for those in flight. What *ret points to lives until fake_write_free(). */
void fake_write_end(struct fake_writing *writing, struct fake_end *ret);
void fake_write_free(struct fake_writing *writing);

#endif
