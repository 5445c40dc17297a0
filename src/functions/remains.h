/* functions/remains.h - the processes that a worker leaves behind: detached ones, and orphans.
 *
 * They left its process group, so killing that does not reach them; on Lambda they go with their
 * sandbox. They are known by their environment, which has the name of the worker's log stream: no
 * two workers share it, and what a worker starts inherits it. (proc(5): /proc/PID/environ, which
 * shows what a process was started with.) */
#ifndef DYNLOG_FUNCTIONS_REMAINS_H
#define DYNLOG_FUNCTIONS_REMAINS_H

#include "base/bytes.h"

/* SIGKILL for every process of ours that has variable, "NAME=VALUE". Looks at all processes of the
 * machine, some 10 us each: on a thread of the pool. */
void remains_kill(struct bytes variable);

#endif
