/* cli/internal.h - what the files of this folder share: where a command reads and writes, and what
 * a command is.
 *
 *   cli.c       the table of commands              options.c   the command line
 *   help.c      what they say of themselves        man.c       the same as manual pages
 *   output.c    colour, width, tables, messages    client.c    what it says when asking failed
 *   event.c     an event in its forms              target.h    the options that say who is asked
 *   prompt.c    questions to a person              keys.c      the keys that they press
 *   progress.c  how far something is               interrupt.c Ctrl-C in a command that goes on
 *
 *   tables/     plain tables: query, scan, get, put and their fellows
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

enum command_group { /* the headings of `dynlog help` (cli_group_title()), in their order */
                     COMMAND_EVENTS,
                     COMMAND_REPLAY,
                     COMMAND_TABLES,
                     COMMAND_SERVER,
                     COMMAND_FUNCTIONS,
                     COMMAND_MORE, /* the last one */
};

struct command {
    const char *name;
    enum command_group group;
    const char *summary;     /* one line, no full stop */
    const char *of_events;   /* NULL; else it stands under Events too, with this summary */
    const char *description; /* sentences for --help; NULL: the summary says it */
    const char *example;     /* lines; each stands in docs/commands.md too */
    struct option_table options;
    size_t options_size; /* of the structure that the options go into */
    int (*run)(struct cli *cli, const void *options);
};

extern const struct command command_start, command_stop, command_clean, command_append,
    command_read, command_tail, command_status, command_drain, command_clock, command_invoke,
    command_logs, command_journey, command_fake, command_doctor, command_menu, command_completion,
    command_help, command_version, command_streams, command_archive, command_replay,
    command_subscriptions, command_parked, command_unpark, command_rebuild, command_private,
    command_forget, command_check, command_backup, command_restore;

/* Plain tables (cli/tables). */
extern const struct command command_tables, command_query, command_scan, command_get, command_put,
    command_update, command_delete;

/* The table, in the order of `dynlog help`. */
const struct command *const *cli_commands(size_t *ret_count);
/* NULL: there is none of that name. */
const struct command *cli_command_find(const char *name);
/* "There is no command ...", with the nearest one. Returns CLI_USAGE. */
int cli_command_unknown(const struct cli *cli, const char *name);

const char *cli_group_title(enum command_group group);

/* What `dynlog` alone shows, and what `dynlog COMMAND --help` does. */
void cli_help_overview(const struct cli *cli);
void cli_help_print(const struct cli *cli, const struct command *command);
/* The lines of an example, indented; one that is too long is broken between two words, as a shell
 * takes it. put() writes a character. */
void cli_help_example(FILE *out, const char *example, size_t indent, size_t width,
                      void (*put)(FILE *out, char c, bool at_start));

/* cli_main() with other streams. */
int cli_run(struct cli *cli, int argc, char **argv);

#endif
