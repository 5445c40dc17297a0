/* cli/completion.h - what shells complete: the scripts (completion.c), and the names that they ask
 * for while somebody types (completion_values.c). */
#ifndef DYNLOG_CLI_COMPLETION_H
#define DYNLOG_CLI_COMPLETION_H

#include "cli/internal.h"

#define COMPLETION_VALUES_COUNT 4
extern const char *const completion_values[COMPLETION_VALUES_COUNT];

/* Names of a kind, one a line: of the dynlog that the command line so far speaks of. None, and
 * CLI_DONE, when none answers. CLI_USAGE: there is no such kind. */
int cli_completion_values(struct cli *cli, const char *kind, const struct option_texts *words);

#endif
