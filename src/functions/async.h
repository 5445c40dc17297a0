/* functions/async.h - asynchronous invocations: a durable queue, attempts, destinations.
 *
 *   WAITING ----> RUNNING ----> ENDING ----> (gone)      ENDING: its removal is being written,
 * together ^             |             ^                     with what its destination is told
 *      |             v             |
 *      +-------- RETRYING ---------+   too old, no concurrency
 *
 * What always holds:
 *   1. An invocation is in the store from the batch of its cause to the batch of its end. One that
 *      began before that batch (functions_async_begin()) and has ended by then never is.
 *   2. Memory holds one small entry for each; its payload is read when it runs. Of one that is not
 *      written yet, or runs since then, the payload is where its cause has it.
 *   3. A function's entries run in the order of their positions, but for those that were tried
 * before.
 *   4. Attempts are counted in the store, so a restart goes on counting. An attempt that a restart
 *      interrupts does not count: it is made again.
 *   5. What meets the concurrency limit waits in its place, and runs as soon as a worker is free;
 * it is no attempt, and its age is its only limit. With a reserved concurrency of 0 nothing waits:
 *      it ends at once, as on AWS.
 *
 * What is held (hold.h) waits too, and has no age meanwhile.
 *
 * Waiting costs nobody but the function itself: each has its own queue. Format:
 * docs/format/invocation.md. One loop thread, except functions_async_write(). */
#ifndef DYNLOG_FUNCTIONS_ASYNC_H
#define DYNLOG_FUNCTIONS_ASYNC_H

#include "functions/functions.h"

#define ASYNC_RETRY_ATTEMPTS 2 /* AWS's default */
#define ASYNC_RETRY_FIRST_MS ((uint64_t)60 * 1000)
#define ASYNC_RETRY_NEXT_MS ((uint64_t)120 * 1000)
#define ASYNC_EVENT_AGE_S ((uint64_t)6 * 60 * 60) /* AWS's default */
/* AWS: "The retry interval increases exponentially from 1 second after the first attempt to a
 * maximum of 5 minutes", for throttled invocations, which are no attempts. */
#define ASYNC_THROTTLED_FIRST_MS ((uint64_t)1000)
#define ASYNC_THROTTLED_LONGEST_MS ((uint64_t)5 * 60 * 1000)
/* An invocation that is to be overtaken waits no longer than this for a later one. */
#define ASYNC_HELD_MS ((uint64_t)1000)
#define ASYNC_WRITE_AGAIN_MS ((uint64_t)1000) /* after the store refused (a full disk) */
/* Of those that began before they were written and wait for a worker: above it they are read from
 * the store when they run, as all others. */
#define ASYNC_MEMORY_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define ASYNC_LAST_ERROR_SIZE_MAX ((size_t)256 * 1024) /* kept for the destination */

struct function;

/* Of all functions. */
struct async {
    struct list all;
    struct list unresolved; /* what came before functions_start() */
    size_t count;           /* entries */
    size_t retrying_count;
    size_t writing_count; /* works that the store has */
    size_t memory_size;   /* of payloads that are where their causes have them */
};

/* Of one function. */
struct async_queue {
    struct list waiting;
    size_t running_count;
    bool dispatching;
    size_t held_count;
    struct timer oldest; /* who waits for concurrency grows too old all the same */
    struct timer again;  /* the store could not give a payload; of wall_timers */
};

void async_init(struct async *async);
MUST_USE enum status async_load(struct functions *functions);
void async_start(struct functions *functions);
struct waits async_waits(const struct functions *functions);
void async_hurry(struct functions *functions);
void async_free(struct functions *functions); /* entries only; the store keeps them */

void async_queue_init(struct async_queue *queue);
void async_queue_free(struct function *function);
void async_dispatch(struct function *function);
/* Its function is gone: what waits is dropped, with a line in its log; what runs may end. */
void async_forget(struct function *function);
bool async_has_entries(const struct function *function);

#endif
