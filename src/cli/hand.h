/* cli/hand.h - events handed to a command of the user's: one process an event, or one that is kept
 * and fed lines.
 *
 *   --exec CMD        sh -c CMD with the event as JSON on its stdin and DYNLOG_LOG, DYNLOG_ID,
 *                     DYNLOG_VERSION, DYNLOG_TYPE, DYNLOG_POSITION, DYNLOG_TRY in its environment;
 *                     exit status 0: done
 *   --exec-lines CMD  sh -c CMD once; a JSON line in, one line out: "done" or "failed REASON". One
 *                     that ends is started again with the next event
 *
 * It has a process group of its own: Ctrl-C ends us once it is done with its event. */
#ifndef DYNLOG_CLI_HAND_H
#define DYNLOG_CLI_HAND_H

#include "cli/internal.h"

#include <dynlog.h>
#include <sys/types.h>

#define HAND_REASON_SIZE 512

struct hand {
    const char *command; /* NULL: events are printed */
    bool lines;
    pid_t pid;  /* of the one that is kept; 0: none */
    int to_fd;  /* its stdin */
    FILE *from; /* its stdout */
};

/* `json`: the event. False: it failed, and why. */
MUST_USE bool cli_hand_over(struct hand *hand, const struct dynlog_event *event, struct bytes json,
                            char reason[HAND_REASON_SIZE]);
/* Its stdin ends, and it is waited for. */
void cli_hand_close(struct hand *hand);

#endif
