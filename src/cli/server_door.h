/* cli/server_door.h - what only a dynlog answers: /_dynlog/... */
#ifndef DYNLOG_CLI_SERVER_DOOR_H
#define DYNLOG_CLI_SERVER_DOOR_H

#include "cli/client.h"
#include "cli/interrupt.h"

/* GET /_dynlog/status. False: said why (nothing answers, or something that is no dynlog), exit
 * status in *ret_exit. */
MUST_USE bool cli_server_status(struct cli *cli, struct client *client, struct arena *arena,
                                const struct json **ret, int *ret_exit);

/* The same, saying nothing; *ret_answer as client_ask() gave it. REFUSED: it is no dynlog. */
MUST_USE enum status cli_server_ask_status(struct client *client, struct arena *arena,
                                           const struct json **ret,
                                           struct client_answer *ret_answer);

/* While a dynlog makes the order of an older table's events nobody can read them: says so once, and
 * waits. False: Ctrl-C, or nothing answers, which was told. */
MUST_USE bool cli_server_wait_for_order(struct cli *cli, struct client *client,
                                        const struct interrupts *interrupts, int *ret_exit);

/* Of an answer to it: something answers there that is no dynlog. */
bool cli_server_is_another(enum status status, const struct client_answer *answer);

/* A whole number of a status, 0 when it is not there. */
int64_t cli_server_number(const struct json *object, const char *name);

/* "waits for 2 invocations, 3 deliveries": what is not done yet, from a status; "" when nothing. */
struct bytes cli_server_busy(struct arena *arena, const struct json *status);

#endif
