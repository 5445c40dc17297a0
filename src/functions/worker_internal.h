/* functions/worker_internal.h - what the files of a worker (worker.c tells which) share. One loop
 * thread. */
#ifndef DYNLOG_FUNCTIONS_WORKER_INTERNAL_H
#define DYNLOG_FUNCTIONS_WORKER_INTERNAL_H

#include "functions/worker.h"

/* ---- worker.c ---- */

/* The only place that changes a state, with the counts that follow from it. */
void worker_enter(struct worker *worker, enum worker_state state);
/* What was printed so far is logged now, under the request that the worker has. */
void worker_drain(struct worker *worker);

/* ---- worker_invocation.c ---- */

struct worker_ending {
    struct bytes result;
    const char *status; /* NULL: it succeeded; "error", "timeout" */
    bool stop;          /* the worker goes */
};

/* IDLE, or STARTING when its init fails: the invocation is its own, and BUSY. */
void worker_adopt(struct worker *worker, struct invocation *invocation);
void worker_end_invocation(struct worker *worker, const struct worker_ending *ending);
/* Fails it with an error of the platform's, and the worker goes. */
void worker_fail_invocation(struct worker *worker, const char *status, const char *type,
                            const char *what);
/* `fire` of its deadline. Also of a worker that has answered and does not ask for more: it would
 * never be of use again. */
void worker_deadline_over(struct timer *timer);

/* ---- worker_init.c ---- */

/* With an error of the platform's. */
void worker_fail_init(struct worker *worker, const char *status, const char *type,
                      const char *what);
/* The code as it is failed before, and that was told. */
bool worker_is_of_told_code(const struct worker *worker);

/* ---- worker_memory.c ---- */

/* now_ns: clock_monotonic_ns() */
void worker_measure_memory(struct worker *worker, uint64_t now_ns);
/* From the beginning of an invocation until nobody is BUSY. */
void workers_begin_looking(struct functions *functions);

#endif
