/* cli/man.h - the manual pages, made from the table of commands: dynlog(1), and a page for each
 * command, dynlog-append(1). meson writes and installs them.
 *
 * They are in the language of man(7), in ASCII, and go through groff and mandoc without a warning.
 */
#ifndef DYNLOG_CLI_MAN_H
#define DYNLOG_CLI_MAN_H

#include "cli/internal.h"

/* The page of a command; NULL: dynlog(1). */
void cli_man_print(FILE *out, const struct command *command);
/* All of them into a folder, which is made; each under its name, dynlog-append.1. Returns the exit
 * status, and said what was wrong. */
int cli_man_write_all(const struct cli *cli, const char *folder);

#endif
