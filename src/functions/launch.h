/* functions/launch.h - from a worker that is to be to a process that runs: its interpreter, its
 * arguments, its environment, a folder of its own for temporary files; and the end of what is left.
 *
 * The folder is TMPDIR, which Node.js and Python ask for theirs. It is there before the process,
 * and goes with everything in it when the process has gone; on a thread of libuv's pool, because
 * removing is as long as the handler made it. One loop thread. */
#ifndef DYNLOG_FUNCTIONS_LAUNCH_H
#define DYNLOG_FUNCTIONS_LAUNCH_H

#include "base/base.h"

struct worker;

/* The process comes later, or worker_cannot_start() is called. */
void launch(struct worker *worker);
/* The process is gone: so go those that it left behind (remains.h) and its folder, and then
 * worker_cleaned() is called, if launch_is_cleaning(). */
void launch_clean(struct worker *worker);
bool launch_is_cleaning(const struct worker *worker);

#endif
