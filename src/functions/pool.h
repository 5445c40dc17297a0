/* functions/pool.h - which worker takes which invocation, and when one more is started.
 *
 * Invocations wait in the order in which they came. The idle worker that was used last takes the
 * first of them; when none is idle, workers are started up to the function's limit, but only a few
 * at once: starting costs a processor, and the warm ones are usually through with the queue before.
 */
#ifndef DYNLOG_FUNCTIONS_POOL_H
#define DYNLOG_FUNCTIONS_POOL_H

#include "functions/function.h"

/* Processes that the function may have at a time. */
size_t pool_limit(const struct function *function);
/* At the concurrency limit, so that a caller who does not wait is throttled; *ret_reason is AWS's,
 * as a member of the error's JSON. */
bool pool_full(const struct function *function, const char **ret_reason);

void pool_append(struct function *function, struct invocation *invocation);
/* The first that waits, taken out; NULL when none does. */
struct invocation *pool_first(struct function *function);

/* Gives work to idle workers and starts new ones. Called whenever either may have changed. */
void pool_dispatch(struct function *function);

/* Starts a worker of a function that has none of its code as it is now. */
void pool_warm(struct function *function);

/* Idle workers go now; those that work, when they have responded. */
void pool_retire(struct function *function);

#endif
