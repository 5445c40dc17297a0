/* check/check.h - whether a data folder is what docs/format promises: every row reads, and what
 * several rows tell of one thing agrees. `dynlog check` (cli/check.c) prints it.
 *
 * The folder is only looked at (store_open_reading()): nothing of it changes, so one that a kill
 * left is checked as it is. One that somebody has open is refused with IN_USE.
 *
 * How it looks, so that ten million items need no more memory than ten thousand (but for the names
 * of tables, groups, queues and runs of events):
 *   - every family is read once, in the order of its keys;
 *   - what one family says of another is kept as sums of hashes (facts.h): when they differ, a
 *     second pass finds the rows;
 *   - what needs another order goes through hashes in a file without a name (spool.h), in TMPDIR.
 *
 * What is looked at by which file: internal.h. Threads: one. */
#ifndef DYNLOG_CHECK_CHECK_H
#define DYNLOG_CHECK_CHECK_H

#include "base/arena.h"
#include "store/store.h"

/* What kind of wrong: a word for programs, and what it means for whoever has the folder. */
struct check_kind {
    const char *word;
    const char *means;
};

struct check_finding {
    const struct check_kind *kind;
    const char *family;    /* of the store; or "log", "archive", "code" */
    struct bytes key;      /* readable: table "t", pk "users#12#stream", sk 1 */
    struct bytes expected; /* what should be there */
    struct bytes there;    /* what is */
};

/* Of one kind only so many are told; then how many more there are. */
#define CHECK_FINDINGS_MAX ((size_t)100)

/* One line of what was looked at. */
struct check_part {
    const char *name;
    uint64_t rows, bytes, findings, ms;
    struct bytes remark; /* "3 streams have gaps"; empty: nothing to say */
};

struct check_report {
    /* The bytes hold until it returns. */
    void (*found)(void *context, const struct check_finding *finding);
    /* A kind of which more than CHECK_FINDINGS_MAX were found, at the end. */
    void (*more)(void *context, const struct check_kind *kind, uint64_t count);
    void (*part)(void *context, const struct check_part *part);
    /* Rows since the last call; now and then. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t rows);
    /* True: it is to end where it is. NULL: never. */
    bool (*stopped)(void *context);
    void *context;
};

struct check_options {
    const char *folder;
    const char *archive; /* the SQLite archive of this folder; NULL: it is not looked at */
    bool gapless;        /* a gap in the versions of a stream of events is a finding */
    struct check_report report;
};

struct check_result {
    uint64_t findings, rows, bytes;
    uint64_t last_position;
};

/* OK: it was looked at, whatever was found. Else it could not be: message[] says why, and what to
 * do. CLOSED: it was stopped. */
MUST_USE enum status check_run(const struct check_options *options, struct check_result *ret,
                               char message[STORE_MESSAGE_SIZE]);

#endif
