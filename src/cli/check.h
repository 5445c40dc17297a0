/* cli/check.h - a folder is checked, by `dynlog check` and of a copy by `dynlog backup --check`. */
#ifndef DYNLOG_CLI_CHECK_H
#define DYNLOG_CLI_CHECK_H

#include "cli/internal.h"

/* Prints what is found and what was looked at; the exit status. archive NULL: DIR/archive.db. */
int cli_check_folder(struct cli *cli, const char *folder, const char *archive, bool gapless,
                     bool json);

#endif
