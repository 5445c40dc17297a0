/* engine/job.h - long works in short steps: copying a table, filling an index, trimming history.
 * Private to engine/.
 *
 * A job is a chain of works on the store's writer. Between two steps the writer serves whoever
 * waits, so however long the whole takes, nobody waits for more than a step.
 *
 *               step(), writer's thread           stepped(), port's thread
 *   job_start() ----------------------> durable -------------------------> done? --> ended(OK)
 *                    ^                     |                                | no
 *                    +---------------------|--------------------------------+
 *                    | after JOB_RETRY_MS  v the disk is full, or fails
 *                    +---- keeps trying? <-+
 *                                          +-- no ------------------------------> ended(status)
 *
 * What always holds:
 *   1. One step of a job is under way at a time; step() and stepped() never run at once.
 *   2. A step that was not durable left nothing in the store, and step() comes again for it. So
 *      step() keeps how far it got in members that only stepped(OK) makes the job's.
 *   3. A step() that does not return OK has put nothing.
 *   4. ended() comes once, when no step is under way; the job may free itself in it.
 *
 * A job does not survive the process. What goes on after a restart has a record in the store,
 * written by its steps, and its owner starts it again in engine_start().
 *
 * Threads: everything but step() is on the port's thread. */
#ifndef DYNLOG_ENGINE_JOB_H
#define DYNLOG_ENGINE_JOB_H

#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"

/* What one step may put or look at: some milliseconds of the writer. */
#define JOB_STEP_SIZE_MAX ((size_t)512 * 1024)
#define JOB_STEP_COUNT_MAX 1000

#define JOB_RETRY_MS 1000 /* a disk that was full or failed is asked again */

struct jobs {
    struct store *store;
    struct store_port *port;
    struct timers *timers;          /* of the machine's clock: they wait for the disk */
    void (*changed)(void *context); /* a job ended; may be NULL */
    void *context;
    struct list all;
    size_t count;
    bool stopped;
};

struct job {
    /* One bounded step on the writer's thread; *ret_done: there are no more. */
    enum status (*step)(struct job *job, struct store_batch *batch, bool *ret_done);
    /* How the step ended: OK, it is durable; otherwise it left nothing. NULL: nothing to do. */
    void (*stepped)(struct job *job, enum status status);
    /* OK: all steps are durable. CLOSED: cancelled, or the jobs were stopped. Otherwise what
     * step() or the store said. */
    void (*ended)(struct job *job, enum status status);
    bool keeps_trying; /* NO_SPACE and IO_ERROR do not end it */
    /* private */
    struct jobs *jobs;
    struct list place;
    struct store_work work;
    struct timer retry;
    enum status outcome; /* of step() */
    bool under_way, done, cancelled;
};

void jobs_init(struct jobs *jobs, struct store *store, struct store_port *port,
               struct timers *timers, void (*changed)(void *context), void *context);
/* From now on no step begins, and every job ends as soon as its step is over. True: all have.
 * Call again, after the port has run, until then. */
bool jobs_stop(struct jobs *jobs);
/* Jobs that have not ended, those that wait to try again too. */
static inline size_t jobs_count(const struct jobs *jobs)
{
    return jobs->count;
}

/* The job must live until ended(), which comes at once when the jobs are stopped. */
void job_start(struct jobs *jobs, struct job *job);
/* Ends it with CLOSED, now or after the step that is under way (unless that was the last one, and
 * went well: then with OK). */
void job_cancel(struct job *job);

#endif
