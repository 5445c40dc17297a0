/* cli/when.h - moments and streams as people write them on a command line. */
#ifndef DYNLOG_CLI_WHEN_H
#define DYNLOG_CLI_WHEN_H

#include "cli/client.h"

/* --since and its like: so long ago (90, 1h30m, 2d), a time (2026-01-31T09:30:00Z), or a day
 * (2026-01-31: its begin, UTC). text NULL: *ret_ms stays. False: said why. */
MUST_USE bool cli_when_read(const struct cli *cli, const char *option, const char *text,
                            uint64_t *ret_ms, int *ret_exit);

/* --stream users/12, or users#12#stream, as its partition key in the arena; text NULL: empty. */
MUST_USE bool cli_stream_read(const struct cli *cli, const char *text, struct bytes *ret_pk,
                              int *ret_exit);

/* "2026-01-31 09:30:00", UTC; "-" for 0. In the arena. */
struct bytes cli_when_text(struct arena *arena, uint64_t time_ms);

/* The machine's time. */
uint64_t cli_when_now(void);
/* By the clock of who is asked: a dynlog may have one of its own. */
uint64_t cli_when_server(const struct cli *cli, struct client *client);

#endif
