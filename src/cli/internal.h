/* cli/internal.h - what the files of this folder share: where a command reads and writes, and what
 * a command is.
 *
 *   cli.c       the table of commands, help        options.c   the command line
 *   output.c    colour, width, tables, messages    client.c    what it says when asking failed
 *   event.c     an event in its forms              target.h    the options that say who is asked
 *
 * and a file a command. */
#ifndef DYNLOG_CLI_INTERNAL_H
#define DYNLOG_CLI_INTERNAL_H

#include "base/arena.h"
#include "cli/cli.h"
#include "cli/options.h"

#include <stdio.h>

struct command;

/* One run of one command. */
struct cli {
    struct arena *arena;           /* what lives as long as the command */
    const struct command *command; /* NULL before one is known */
    FILE *in, *out, *err;
    bool in_is_terminal, out_is_terminal, err_is_terminal;
    bool no_colour; /* NO_COLOR, or a terminal that knows none */
    size_t width;   /* columns of the terminal */
};

struct command {
    const char *name;
    const char *summary;     /* one line, no full stop */
    const char *description; /* sentences for --help; NULL: the summary says it */
    const char *example;     /* lines; each stands in docs/commands.md too */
    struct option_table options;
    size_t options_size; /* of the structure that the options go into */
    int (*run)(struct cli *cli, const void *options);
};

extern const struct command command_start, command_stop, command_clean, command_append,
    command_read, command_tail, command_status, command_drain, command_clock, command_invoke,
    command_logs, command_journey, command_private, command_forget;

/* cli_main() with other streams. */
int cli_run(struct cli *cli, int argc, char **argv);

#endif
