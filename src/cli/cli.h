/* cli/cli.h - the program `dynlog`: its commands, what they print and how they end.
 *
 * A command is one row of the table in cli.c and one file here. On a terminal people are answered,
 * with colour and tables; into a pipe, or with --json, a JSON line a thing. Messages about what
 * went wrong go to stderr. */
#ifndef DYNLOG_CLI_CLI_H
#define DYNLOG_CLI_CLI_H

/* Exit statuses of every command; docs/commands.md lists them. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,      /* what was asked could not be done; stderr says why */
    CLI_USAGE = 2,       /* the command line is wrong */
    CLI_LOST_RACE = 3,   /* somebody else's event stands at that version; a condition fails */
    CLI_UNREACHABLE = 4, /* nothing answers at the endpoint */
    CLI_TIMED_OUT = 5,   /* --timeout passed */
    CLI_FOUND = 6,       /* what was looked at is not as it should be; the answer says how */
};

/* Returns the exit status of the process. */
int cli_main(int argc, char **argv);

#endif
