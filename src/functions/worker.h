/* functions/worker.h - one live process of a function, and the Runtime API's side of it.
 *
 *                 next                  take
 *      STARTING --------> IDLE ------------------> BUSY
 *          |               ^ |                      |
 *          |          next | | next_gone            | response, error
 *          |               | v                      |
 *          |            RESPONDED <-----------------+
 *          |               |                        |
 *          +------> STOPPING <----------------------+   init error, time-out, crash, age, stop
 *                      |
 *                     GONE      the process is reaped, its handles are closed; freed
 *
 * What always holds (worker_enter() checks it):
 *   1. Only a BUSY worker has an invocation; only an IDLE one has a waiting GET next.
 *   2. An invocation is given to one worker, once, and ends once.
 *   3. A worker that is STOPPING takes nothing any more; its process group was killed.
 *
 * Deadlines and idle lives wait for a process, so they go by wall_timers: who moves the clock by an
 * hour ends no handler. Starting is libuv's affair: init may take FUNCTION_INIT_MS_MAX. When it
 * fails or takes longer, and an invocation waits, the next worker begins `again`, within the
 * invocation: now init and handler have the function's time-out together, and the invocation fails
 * with it.
 *
 * Memory is Lambda's too: the process tree of a busy worker that uses more than the function has is
 * killed (looked at every 100 ms).
 *
 * Memory: worker_start() makes it, the move to GONE frees it. One loop thread. */
#ifndef DYNLOG_FUNCTIONS_WORKER_H
#define DYNLOG_FUNCTIONS_WORKER_H

#include "functions/function.h"
#include "functions/log.h"
#include "functions/process.h"

enum worker_state {
    WORKER_STARTING,
    WORKER_IDLE,
    WORKER_BUSY,
    WORKER_RESPONDED,
    WORKER_STOPPING,
    WORKER_GONE,
    WORKER_STATE_COUNT,
};

struct worker {
    struct functions *functions;
    struct function *function;
    struct function_version *version;
    enum worker_state state;
    struct list in_workers, in_idle;
    uint64_t code, begun_ns; /* reload.h: the number of its code, and when it was started */
    uint64_t save;           /* reload.h */
    bool again;              /* the one before did not come through its init */

    /* starting and ending */
    struct interpreter_request interpreter;
    void *listener; /* of its Runtime API; NULL: closed */
    uint16_t port;
    struct process process;
    bool has_process;             /* process_start() was called: closed() comes */
    struct launch_folder *folder; /* its TMPDIR; NULL: it has none of its own */
    uv_timer_t starting;          /* init's limit; fires at once when the start failed */
    bool starting_open;
    char *start_error; /* why it could not start; NULL: it took too long */
    struct timer age;  /* idle life */
    uint64_t started_ns, init_us;
    uint64_t used_ms; /* by clock_waited_ms() of wall_timers */
    bool reported_init;

    /* GET next that waits */
    void (*next)(void *context, const struct runtime_next *next);
    void *next_context;

    /* the invocation: its bytes may be gone when its caller is, so what is needed is kept here */
    struct invocation *invocation; /* of a BUSY one */
    char request_id[ID_UUID_SIZE];
    uint64_t taken_ns;
    uint64_t drained_ns;   /* what it printed before then has been read */
    bool doomed;           /* a fault: it is killed when its handler answers */
    struct timer deadline; /* from the invocation's beginning to the next GET next */
    struct log log;

    uint64_t memory_read_ns;
    uint32_t memory_used_mb, memory_own_mb;
    bool out_of_memory; /* so it was killed */
};

/* Starts one; failures come later, as an invocation that fails. */
void worker_start(struct function *function);
/* IDLE only: hands it the invocation. */
void worker_take(struct worker *worker, struct invocation *invocation);
/* Kills it, whatever it does. Its invocation, if it has one, must have ended: worker_abandon(). */
void worker_stop(struct worker *worker);
/* Ends its invocation with CLOSED and kills it. */
void worker_abandon(struct worker *worker);

/* `fire` of functions->memory. */
void workers_look_at_memory(struct timer *timer);

/* ---- for launch.c ---- */
void worker_cannot_start(struct worker *worker, struct bytes why);
void worker_cleaned(struct worker *worker);

#endif
