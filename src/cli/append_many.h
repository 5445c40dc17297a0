/* cli/append_many.h - dynlog append --file and --atomic: the events of lines (event_line.h). */
#ifndef DYNLOG_CLI_APPEND_MANY_H
#define DYNLOG_CLI_APPEND_MANY_H

#include "cli/internal.h"

#include <dynlog.h>

#define APPEND_IN_FLIGHT_DEFAULT 16
#define APPEND_ATOMIC_MAX 100 /* AWS: actions of a TransactWriteItems */

struct append_many {
    struct dynlog *dynlog;
    const char *file;                          /* "-": standard input */
    const char *correlation_id, *causation_id; /* of lines that say none; NULL: none */
    unsigned in_flight;
    bool json;
};

/* Several streams at once, the events of one in the order of their lines. A file is read through
 * before anything is appended: with a line that is wrong nothing is. Returns the exit status. */
int cli_append_file(struct cli *cli, const struct append_many *on);
/* All of them in one transaction, or none. */
int cli_append_atomic(struct cli *cli, const struct append_many *on);

/* One event that was appended, to standard output: for people, or a JSON line. line 0: it was none.
 * payload empty: not shown. Returns false when nobody reads it. */
bool cli_append_show(struct cli *cli, bool json, uint64_t line, const struct dynlog_append *append,
                     const char *type, uint64_t version, struct bytes payload);

#endif
