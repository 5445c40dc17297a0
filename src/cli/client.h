/* cli/client.h - the client of a command: of its options, and what it says when an ask failed. */
#ifndef DYNLOG_CLI_CLIENT_H
#define DYNLOG_CLI_CLIENT_H

#include "cli/internal.h"
#include "cli/target.h"
#include "client/client.h"

/* Says what went wrong with an ask that was not OK, and what to do; returns the exit status. */
int cli_client_fail(const struct cli *cli, const struct client *client, enum status status,
                    const struct client_answer *answer);

/* What else there is to say of an AWS error's message: " (...)", or "". */
const char *cli_hint_of_refusal(struct bytes message);

/* Options -> client, or NULL: said why, exit status in *ret_exit. */
struct client *cli_client_open(const struct cli *cli, const struct target_options *options,
                               int *ret_exit);

#endif
