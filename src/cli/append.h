/* cli/append.h - one conditional put: the next event of a stream, or none. Kept apart from the
 * command so that tests can race it.
 *
 * Versions of a stream only grow, so a stream that was read at version N is either still there or
 * has N + 1: a put of N + 1 on attribute_not_exists(pk) leaves no gap and overwrites nothing. */
#ifndef DYNLOG_CLI_APPEND_H
#define DYNLOG_CLI_APPEND_H

#include "cli/client.h"
#include "value/value.h"

#define APPEND_TRIES_MAX 16 /* versions that others may take while we try */
#define APPEND_NEXT (-1)    /* whatever the version is */

struct append {
    struct bytes pk;
    struct item item; /* without sk */
    int64_t expected; /* version, 0: no event yet; APPEND_NEXT */
};

struct appended {
    struct item item;
    int64_t version; /* of the new event; after CONFLICT: where the stream is */
};

/* CONFLICT: the stream is at another version than expected, or too many others were first. Other
 * statuses as client_ask(). */
MUST_USE enum status cli_append(struct client *client, struct arena *arena,
                                const struct append *append, struct appended *ret,
                                struct client_answer *ret_answer);

#endif
