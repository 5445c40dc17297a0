/* cli/copying.h - a copy that takes a while: made on a thread of its own, with its progress shown.
 */
#ifndef DYNLOG_CLI_COPYING_H
#define DYNLOG_CLI_COPYING_H

#include "cli/progress.h"

#include <stdatomic.h>

/* What copy() returned. total and done are bytes, told by it while it runs. */
MUST_USE enum status cli_copying_watch(struct cli *cli, enum status (*copy)(void *context),
                                       void *context, _Atomic uint64_t *total,
                                       _Atomic uint64_t *done);

#endif
