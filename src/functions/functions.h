/* functions/functions.h - Lambda functions: settings, warm workers, synchronous and asynchronous
 * invocation. Hop 7 of 7. (AWS: Lambda developer guide.)
 *
 * A function's code runs in worker processes that speak the public Runtime API. One worker handles
 * one invocation at a time; a busy function gets more workers up to its concurrency; idle ones stay
 * warm for a while. Workers are started in the function's folder, with its environment and nothing
 * of dynlog's own.
 *
 *   a worker:  starting -> idle -> busy -> responded -> idle ...     any -> stopping -> gone
 *              (an init error, a crash, a time-out: the invocation fails with AWS's payload, the
 * worker goes, the next invocation gets a fresh one; worker.h has the drawing)
 *
 * Asynchronous invocations are durable: written in the batch of whatever causes them, tried, tried
 * again (2 more times after 1 and 2 minutes of the clock, unless set otherwise); then their
 * destination is told. At least once.
 *
 * One loop thread, except where said. */
#ifndef DYNLOG_FUNCTIONS_FUNCTIONS_H
#define DYNLOG_FUNCTIONS_FUNCTIONS_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/faults.h"
#include "base/id.h"
#include "base/list.h"
#include "base/timer.h"
#include "delivery/delivery.h"
#include "json/json.h"
#include "store/store.h"

#include <stdatomic.h>
#include <uv.h>

#define FUNCTION_PAYLOAD_SIZE_MAX ((size_t)6 * 1024 * 1024) /* synchronous, both ways */
#define FUNCTION_RESPONSE_SIZE_MAX ((size_t)6291556)        /* AWS: 6 MB and 100 bytes */
#define FUNCTION_EVENT_SIZE_MAX ((size_t)1024 * 1024)       /* asynchronous */
#define FUNCTION_CLIENT_CONTEXT_SIZE_MAX ((size_t)3583)     /* AWS: in base64 */
#define FUNCTION_NAME_SIZE_MAX 64
#define FUNCTION_QUALIFIER_SIZE_MAX 128 /* "$LATEST", a version, an alias */
#define FUNCTION_QUALIFIED_SIZE_MAX (FUNCTION_NAME_SIZE_MAX + 1 + FUNCTION_QUALIFIER_SIZE_MAX)
#define FUNCTION_TIMEOUT_S_MAX 900
#define FUNCTION_CONCURRENCY_MAX 1000 /* AWS: per account; see also FUNCTION_WORKERS_MAX */
/* Processes that a function without reserved concurrency may have: two a processor, but at least
 * and at most these. Lambda would start a thousand; on one machine they would only wait for each
 * other. */
#define FUNCTION_WORKERS_MIN 4
#define FUNCTION_WORKERS_MAX 16
#define FUNCTION_IDLE_LIFE_MS                                                                      \
    ((uint64_t)10 * 60 * 1000) /* a worker that nothing asked for leaves */
#define FUNCTION_INIT_MS_MAX                                                                       \
    ((uint64_t)10 * 1000) /* before the first GET next; then once more within the invocation */
#define FUNCTION_LOG_LINE_SIZE_MAX ((size_t)256 * 1024) /* CloudWatch's largest log event */
#define FUNCTION_LOG_TAIL_SIZE_MAX ((size_t)4 * 1024)   /* X-Amz-Log-Result */
#define FUNCTION_TRACE_ID_SIZE 80                       /* one that we make, with its NUL */

struct function;
struct functions;
struct journeys;
struct vault;
struct worker;

struct function_variable {
    struct bytes name, value;
};

enum destination_kind {
    DESTINATION_NONE,
    DESTINATION_FUNCTION,
    DESTINATION_QUEUE,
    DESTINATION_BUS
};
struct function_destination {
    enum destination_kind kind;
    struct bytes arn;
};
/* An empty ARN is none. REFUSED, in AWS's words: no ARN, a FIFO queue; by name: a topic, a bucket
 * and what else dynlog does not have. Whether it is there is seen when something is delivered to
 * it. */
MUST_USE enum status function_destination_of(struct bytes arn, struct function_destination *ret,
                                             struct api_error *reterr);
/* The same for a dead-letter queue, which is a standard queue. */
MUST_USE enum status function_check_dead_letter(struct bytes arn, struct api_error *reterr);

struct function_alias; /* record.h */

/* What a function is. Bytes are copied by functions_put(). */
struct function_settings {
    struct bytes name;
    struct bytes version; /* that runs: "$LATEST" (also when it is empty), "3" */
    struct bytes handler; /* "src/handler.handler" */
    struct bytes runtime; /* "nodejs20.x", "python3.12", "provided.al2023" */
    struct bytes folder;  /* absolute path of the code */
    struct bytes archive; /* it was unpacked from a zip with this SHA-256; empty: it was not */
    uint64_t archive_size;
    struct bytes description;
    const struct function_variable *environment;
    size_t environment_count;
    uint32_t timeout_s; /* 1-900 */
    uint32_t memory_mb;
    int32_t reserved_concurrency;   /* -1: none; 0: never runs */
    int32_t maximum_retry_attempts; /* asynchronous; -1: 2 */
    int64_t retry_delay_ms;         /* offline override of the 1 and 2 minutes; -1: AWS's */
    int32_t maximum_event_age_s;    /* -1: 6 hours */
    struct function_destination on_success, on_failure;
    struct bytes dead_letter_arn; /* DeadLetterConfig's queue; empty: none */
    struct bytes log_group;       /* LoggingConfig's LogGroup; empty: /aws/lambda/NAME */
    bool disable_logs;            /* a stack file's: its lines are in no log group */
    /* Of functions_put(): version 1, which is as $LATEST is now, and aliases of $LATEST or of it,
     * in order of their names. All have the settings of asynchronous invocation above. */
    bool published;
    struct bytes published_description;
    const struct function_alias *aliases;
    size_t alias_count;
};

/* Per-worker listener of the Runtime API: the port tells which worker speaks, because its paths do
 * not. The server hands this over; it knows HTTP. */
struct runtime_door {
    void *context;
    /* Listens on a port of 127.0.0.1 for this worker alone. NULL: it can't. */
    void *(*listen)(void *context, struct worker *worker, uint16_t *ret_port);
    /* Closes the listener and its connections. No worker_...() call for that worker after it. */
    void (*close)(void *context, void *listener);
};

/* The way to destinations and dead-letter queues: deliveries (delivery/delivery.h). */
struct destination_door {
    void *context;
    /* On the loop's thread, before the put: deliveries_prepare(). */
    void (*prepare)(void *context, struct delivery *delivery);
    /* On the writer's thread, into the batch: deliveries_write(). */
    void (*write)(void *context, struct store_batch *batch, struct delivery *delivery);
    /* On the loop's thread, after the batch is durable: deliveries_written(). */
    void (*written)(void *context, struct delivery *delivery);
};

/* CloudWatch's side of what workers print: one log stream a worker, made with its first line. All
 * on the loop's thread; nothing waits. */
struct function_log_door {
    void *context;
    void *(*open)(void *context, struct bytes group, struct bytes stream);
    void (*append)(void *context, void *stream, uint64_t time_ms, struct bytes text);
    void (*close)(void *context, void *stream); /* what was appended is kept all the same */
};

/* Where lines of handlers go. Called on the loop's thread. */
enum function_log_kind {
    FUNCTION_LOG_START,
    FUNCTION_LOG_LINE,
    FUNCTION_LOG_END,
    FUNCTION_LOG_REPORT,
    FUNCTION_LOG_NOTE /* dynlog's own about the function, for the developer: on Lambda it is not */
};
struct function_log {
    enum function_log_kind kind;
    struct bytes function_name, request_id; /* request_id empty: outside an invocation */
    struct bytes
        text; /* START, END, REPORT lines as CloudWatch words them; else the handler's line */
    bool from_stderr;
};

struct functions_options {
    uv_loop_t *loop;
    struct store *store;
    struct store_port *port;
    struct timers *timers;      /* what Lambda does at a time: retries, windows, ages of events */
    struct timers *wall_timers; /* what waits for processes and the disk; NULL: `timers` */
    struct faults *faults;      /* that a test asked for; NULL: none */
    struct journeys *journeys;  /* NULL: nobody asks */
    struct vault *vault; /* payloads of private logs are sealed in what waits; NULL: nothing is */
    const struct arn_place *place;
    struct runtime_door runtime;
    struct destination_door destinations; /* prepare NULL: nobody is told of ends */
    const char *
        runtimes_folder; /* our bootstraps: FOLDER/node/bootstrap.mjs, FOLDER/python/bootstrap.py */
    bool reload; /* what changes of the code of stack files' functions runs from the next invocation
                    on */
    /* where each worker gets a folder of its own as TMPDIR, empty; NULL: the machine's */
    const char *temporary_folder;
    /* environment that every handler gets: AWS_ENDPOINT_URL and its sisters */
    const struct function_variable *environment;
    size_t environment_count;
    /* where the code of functions lies that clients make (functions/code.h); NULL: they can't */
    const char *code_folder;
    void (*log)(void *context, const struct function_log *log); /* may be NULL */
    struct function_log_door log_streams;                       /* open NULL: there are none */
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

/* While it is true, code of functions that clients made stays, though they are deleted: it is
 * copied.
 */
void functions_keep_code(struct functions *functions, bool kept);

/* Takes up the asynchronous invocations that the store holds; they run once their function was put
 * and functions_start() was called. */
MUST_USE enum status functions_open(const struct functions_options *options,
                                    struct functions **ret);
/* After all functions of the stack were put: waiting invocations of functions that are not there
 * are dropped with a log line, as EventBridge does with a target that is gone; the rest start. */
void functions_start(struct functions *functions);
/* No new invocations: those that wait end with CLOSED. Running ones may end until grace_ms of real
 * time, then workers are killed and their invocations end with CLOSED; asynchronous ones stay in
 * the store and run after the next start. `stopped` when no process and no write is left; not
 * before this returns. The loop and the store's port must go on running until then. */
void functions_stop(struct functions *functions, uint64_t grace_ms, void (*stopped)(void *context),
                    void *context);
/* After `stopped`. */
void functions_close(struct functions *functions);

/* ---- settings ----
 *
 * A stack file's functions are in memory: the file is read at every start. Those that clients make
 * (functions/change.h) are in the store, and there from functions_open() on. What a client changes
 * of a stack file's holds until the next start. */

/* New or changed; a changed function gets fresh workers. One of the same name that a client made is
 * hidden by it, with its versions and aliases, until a start without this one. REFUSED: runtime or
 * handler that dynlog cannot run, with what was expected. */
MUST_USE enum status functions_put(struct functions *functions,
                                   const struct function_settings *settings,
                                   struct api_error *reterr);
/* Whether a client made it. */
bool functions_is_stored(const struct functions *functions, struct bytes name);
/* Name, ARN or ACCOUNT:function:NAME, with or without a qualifier: of a version its settings, of an
 * alias those of the version that it leads to. NULL: there is none. Holds until the next change. */
const struct function_settings *functions_find(const struct functions *functions,
                                               struct bytes name_or_arn);
/* NAME, or NAME:QUALIFIER of a published version or an alias, of NAME, NAME:$LATEST, NAME:3,
 * ACCOUNT:function:NAME:live and ARNs; empty when the text is none of them. Points into the text;
 * knows no registry, so any thread may ask. */
struct bytes function_name_of(struct bytes name_or_arn);
/* Where its lines are in CloudWatch Logs: as its settings say, or /aws/lambda/NAME. In the arena.
 */
struct bytes function_log_group(struct arena *arena, const struct function_settings *settings);
/* The same without the qualifier, which *ret_qualifier is; "$LATEST" when there is none. */
struct bytes function_name_split(struct bytes name_or_arn, struct bytes *ret_qualifier);
/* $LATEST of each. */
void functions_list(const struct functions *functions, struct arena *arena,
                    const struct function_settings ***ret, size_t *ret_count); /* in name order */
struct bytes functions_arn(const struct functions *functions, struct arena *arena,
                           struct bytes name);

/* Starts a worker of a function that has none, so that its first event does not wait for one; an
 * unknown name is ignored. Nobody waits for it: when it cannot start, its log says why, and the
 * next invocation tries again. */
void functions_warm(struct functions *functions, struct bytes name_or_arn);

/* ---- synchronous invocation ---- */

struct invocation {
    struct bytes function_name;    /* as functions_find() takes it */
    struct bytes payload;          /* JSON; empty: {} */
    struct bytes client_context;   /* JSON (decoded); empty: none */
    struct bytes trace_id;         /* empty: made */
    char request_id[ID_UUID_SIZE]; /* filled by functions_invoke() when empty */
    bool wait; /* at the concurrency limit: wait for a free worker instead of being throttled */
    void (*done)(struct invocation *invocation);
    void *context;

    /* results, until done() returns */
    enum status
        status; /* OK: it ran (perhaps badly); REFUSED: error says why not; CLOSED: stopping */
    struct api_error error; /* ResourceNotFound, TooManyRequests, ... */
    struct bytes result;    /* JSON; or AWS's error payload {errorType, errorMessage, trace} */
    char version[FUNCTION_QUALIFIER_SIZE_MAX + 1]; /* that ran: "$LATEST", "3" */
    bool failed;                                   /* X-Amz-Function-Error: Unhandled */
    struct bytes log_tail;                         /* the last 4 KB of its log lines, not encoded */
    uint64_t duration_us, billed_ms;
    uint32_t memory_used_mb;

    /* private */
    struct function *function;
    char qualifier[FUNCTION_QUALIFIER_SIZE_MAX + 1]; /* as it was asked for; empty: none */
    struct list in_waiting;
    char made_trace_id[FUNCTION_TRACE_ID_SIZE];
};
/* Fills in trace_id as functions_invoke() would: for who has to know it before. */
void functions_make_trace_id(const struct functions *functions, struct invocation *invocation);
/* The invocation and its bytes must live until done(), which is called once: before this returns
 * when it is refused, later otherwise. A caller that goes away changes nothing: as on Lambda, what
 * was taken runs to its end. */
void functions_invoke(struct functions *functions, struct invocation *invocation);

/* True: no worker had taken it; it has ended as one that was throttled. False: it runs. */
bool functions_withdraw(struct functions *functions, struct invocation *invocation);

/* ---- asynchronous invocation ----
 *
 * As a rule an invocation runs once the batch of its cause is durable. When the cause itself is
 * durable already and is found again after a crash (a change record that the built-in trigger has
 * not passed), its invocation may begin before it is written: then nobody waits for a second sync.
 *
 *   functions_async_begin() ---- runs, at once or in its turn
 *            |                       |
 *   functions_async_write()     ended before: nothing is written of it. Else it is in the store
 *            |                       |
 *   functions_async_written() -- from here on it is as any other; ends that tell somebody waited
 *
 * After a crash before the batch it runs again, with the same request id: at least once. */

struct async_entry;

/* Of one that began before it was written; private but for the first three. */
struct async_early {
    /* Its invocation's bytes are not needed any more; after functions_async_written(), or when the
     * functions are closed. */
    void (*released)(struct async_early *early);
    void (*ended_well)(struct async_early *early); /* once, before it is written, or never */
    void *context;
    struct async_entry *entry; /* the loop's */
    atomic_bool ended;         /* well, and nobody is to be told: it needs no record */
};

struct async_invocation {
    struct bytes function_name, payload;
    char request_id[ID_UUID_SIZE]; /* filled by functions_async_write() when empty */
    uint64_t position;             /* its place in the queue; filled by functions_async_write() */
    uint64_t accepted_ms;          /* its age counts from here; filled by functions_async_write() */
    bool sealed;                   /* of a record: the payload is a sealed text (async_record.h) */
    struct async_early *early;     /* NULL: it begins when it is written */
};
/* On the loop's thread. Whether functions_async_begin() would begin it now: its function is there,
 * nobody holds it, no test asked for a fault, and no log is private (what was forgotten meanwhile
 * is only known to the store). */
MUST_USE bool functions_async_may_begin(const struct functions *functions,
                                        struct bytes function_name);
/* The same; the request id is set. Invocation, early and the payload must live until released(). */
void functions_async_begin(struct functions *functions, struct async_invocation *invocation,
                           struct async_early *early);
/* On the writer's thread: into the batch (STORE_DELIVERIES). When payloads of private logs can't be
 * sealed now, the group fails. */
void functions_async_write(struct functions *functions, struct store_batch *batch,
                           struct async_invocation *invocation);
/* On the loop's thread, once that batch is durable: runs it as soon as a worker is free. */
void functions_async_written(struct functions *functions,
                             const struct async_invocation *invocation);

/* ---- in flight: for drain and status ---- */
struct functions_figures {
    size_t running;  /* invocations in workers */
    size_t waiting;  /* for a worker */
    size_t queued;   /* asynchronous: not ended, with those that wait for a retry */
    size_t retrying; /* of these: waiting for their time */
    size_t shut_out; /* of waiting: their function may not run (concurrency 0) */
    size_t held;     /* of queued: until somebody lets them go (hold.h) */
    size_t workers;
    size_t changing; /* changes that are being written; 1 more: code is unpacked or removed */
    uint64_t invocations_total, errors_total, throttles_total;
};
void functions_figures(const struct functions *functions, struct functions_figures *ret);
/* Asynchronous invocations that wait for their time: `retrying`. */
struct waits functions_waits(const struct functions *functions);
/* Those that wait for their next attempt make it now. */
void functions_hurry(struct functions *functions);

/* ---- the Runtime API, called by its HTTP side (api/lambda/runtime.c) ---- */

/* What the answer to GET .../invocation/next carries. Bytes until the worker's next call. */
struct runtime_next {
    struct bytes request_id, function_arn, trace_id, client_context, payload;
    uint64_t deadline_ms;
};
/* Answers through `next` when there is work, at once or later; with NULL when the worker is stopped
 * first: then it may be gone already when its connection is, and worker_next_gone() must not be
 * called. */
void worker_next(struct worker *worker,
                 void (*next)(void *context, const struct runtime_next *next), void *context);
/* The connection that waited in worker_next() is gone. */
void worker_next_gone(struct worker *worker);
/* False: not the request that this worker has. */
MUST_USE bool worker_response(struct worker *worker, struct bytes request_id, struct bytes result);
MUST_USE bool worker_error(struct worker *worker, struct bytes request_id, struct bytes error);
void worker_init_error(struct worker *worker, struct bytes error);
/* What it loaded (functions/reload.h); a path that Lambda does not have. */
void worker_loaded(struct worker *worker, struct bytes paths);

#endif
