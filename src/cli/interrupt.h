/* cli/interrupt.h - Ctrl-C in a command that goes on until then. One a process. */
#ifndef DYNLOG_CLI_INTERRUPT_H
#define DYNLOG_CLI_INTERRUPT_H

#include "cli/internal.h"

#include <dynlog.h>

struct interrupts {
    int fd, write_fd; /* a pipe: Ctrl-C writes into it. -1: it ends the process by itself */
};

void cli_interrupts_catch(struct interrupts *interrupts);
void cli_interrupts_release(struct interrupts *interrupts);
/* Ctrl-C also ends a wait in dynlog_next() of this reader, until the release. */
void cli_interrupts_stop_reader(struct dynlog_reader *reader);
/* False: Ctrl-C. */
MUST_USE bool cli_interrupts_pause(const struct interrupts *interrupts, int ms);
/* The exit status. */
int cli_interrupts_end(const struct cli *cli);

#endif
