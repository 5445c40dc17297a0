/* delivery/delivery.h - something for one target, with its attempts: an event for a target of a
 * rule, what a schedule has for its target, what a function's destination is told. (AWS:
 * EventBridge user guide, "How EventBridge retries delivering events" and "Using dead-letter
 * queues".)
 *
 *   cause --batch--> at its target                                   (written targets, as a rule)
 *              |
 *              +---> waiting ---> running ---> at its target, or in its dead-letter queue,
 *                       ^            |         or dropped and counted
 *                       +- retrying -+
 *
 * There are two ways to a target. Written: the target has a durable store of its own (a function's
 * asynchronous invocations, a queue, another bus, a log group) and takes the delivery in the very
 * batch of its cause (docs/adr/0007-deliveries-in-the-targets-queue.md). Called: the target is
 * somewhere else (an API destination), so the delivery is a record in the store first. What a
 * written target could not take for a reason that may pass is a record too.
 *
 * What always holds:
 *   1. A delivery is in the store from the batch of its cause until the batch that puts it at its
 *      target, or into its dead-letter queue, or drops it.
 *   2. Attempts are counted in the store: a restart goes on counting. An attempt that a restart
 *      interrupts does not count and is made again: at least once.
 *   3. Memory holds a small entry for each record; its payload is read when it runs. Payloads of
 *      private logs are sealed in it (vault/vault.h), and what was forgotten meanwhile is not in
 * it.
 *   4. Each target of each source has a lane of its own (source and target id), so that one slow
 *      target delays no other. A lane begins its deliveries in the order of their positions, but
 *      for those that were tried before, and has at most DELIVERY_LANE_RUNNING_MAX under way.
 *
 * It knows no target: the server hands it a door. Format: docs/format/delivery.md. One loop thread,
 * except where said. */
#ifndef DYNLOG_DELIVERY_DELIVERY_H
#define DYNLOG_DELIVERY_DELIVERY_H

#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"

#define DELIVERY_RETRY_ATTEMPTS_MAX 185 /* also the default */
#define DELIVERY_EVENT_AGE_S_MIN 60
#define DELIVERY_EVENT_AGE_S_MAX 86400 /* also the default */
/* AWS says "exponential back off and jitter" and no numbers. Each wait is twice the one before, up
 * to ten minutes, less up to a half of it: so 185 retries take about 22 hours, within the 24. */
#define DELIVERY_RETRY_FIRST_MS ((uint64_t)1000)
#define DELIVERY_RETRY_LONGEST_MS ((uint64_t)10 * 60 * 1000)
#define DELIVERY_LANE_RUNNING_MAX 16
#define DELIVERY_WRITE_AGAIN_MS ((uint64_t)1000) /* after the store refused (a full disk) */
/* A payload is at most what an event may be (BUS_EVENT_SIZE_MAX), and may stand there twice: as the
 * target gets it and as the event it was made from. */
#define DELIVERY_PAYLOAD_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define DELIVERY_NAME_SIZE_MAX 2048 /* of an ARN, an id, a header */
#define DELIVERY_PARAMETERS_SIZE_MAX ((size_t)64 * 1024)

struct deliveries;
struct journeys;
struct vault;

enum delivery_source {
    DELIVERY_OF_RULE,     /* RULE_ARN in the dead letter, whose body is the event */
    DELIVERY_OF_SCHEDULE, /* SCHEDULE_ARN and more; the body is the payload */
    DELIVERY_OF_FUNCTION, /* to a destination or dead-letter queue: it has none of its own */
    DELIVERY_OF_PIPE,     /* never a record: its source tries again (pipes/pipes.h) */
};

/* ---- what went wrong ---- */

#define DELIVERY_ERROR_MESSAGE_SIZE 1024

/* ERROR_CODE and ERROR_MESSAGE of the dead letter. AWS's codes: CONNECTION_FAILURE,
 * ERROR_FROM_TARGET, FAILED_TO_ASSUME_ROLE, INTERNAL_ERROR, INVALID_JSON, INVALID_PARAMETER,
 * NO_PERMISSIONS, NO_RESOURCE, RESOURCE_LIMIT_EXCEEDED, SDK_CLIENT_ERROR,
 * THIRD_ACCOUNT_HOP_DETECTED, THROTTLING, TIMEOUT, UNKNOWN ... */
struct delivery_error {
    const char *code; /* static */
    bool retriable;   /* it may pass. Else: dead letter (or dropped) at once */
    /* Not before so long from now (Retry-After); 0: as the back-off says. The longer one counts. */
    uint64_t retry_after_ms;
    bool postponed; /* of a new one: this is no attempt, it only waits for retry_after_ms */
    char message[DELIVERY_ERROR_MESSAGE_SIZE];
};
/* The static code of that name; NULL: AWS has none. */
const char *delivery_error_code_of(struct bytes name);
/* Characters that a message of a queue may not have become '?'; what is too long is cut. */
void delivery_error_set(struct delivery_error *error, const char *code, bool retriable,
                        const char *format, ...) PRINTF_LIKE(4, 5);

/* ---- a delivery ---- */

enum delivery_way {
    DELIVERY_WRITTEN,
    DELIVERY_CALLED,
    DELIVERY_REFUSED, /* there is no such target, or it can't take this one now: see the error */
};

/* Its bytes must live until deliveries_written(), or until the batch has failed. */
struct delivery {
    enum delivery_source source;
    struct bytes source_arn; /* of the rule, schedule or function */
    struct bytes target_arn, target_id;
    /* JSON object of the target's own parameters, as its API gave them: {"SqsParameters":{...}},
     * {"HttpParameters":{...}}, {"EventBridgeParameters":{...}}; of a function for a queue
     * {"MessageAttributes":{...}}; empty: none. */
    struct bytes parameters;
    struct bytes payload;  /* what the target gets; JSON, or text of an input transformer */
    struct bytes event;    /* of a rule: the event itself, as JSON; empty: the payload is it */
    struct bytes event_id; /* of a rule: the event's; of a schedule: EXECUTION_ID; of a function:
                              the request id of the invocation; of a pipe: its attempt's, for the
                              journeys */
    bool id_returns; /* of a rule: when a crash makes the event again, it has this id; and so its
                        invocations have theirs */
    struct bytes trace_header;    /* X-Ray; empty: none */
    struct bytes asked_by;        /* of a pipe: the trace header of its attempt, for the journeys */
    uint64_t position;            /* of a pipe: the change record that it is made of; 0: none */
    struct bytes dead_letter_arn; /* of a queue; empty: none */
    int32_t maximum_retry_attempts; /* -1: the default */
    int32_t maximum_event_age_s;    /* -1: the default */
    uint64_t accepted_ms;           /* the age counts from here; 0: now */
    uint64_t scheduled_ms;          /* of a schedule: SCHEDULED_TIME */
    uint32_t hops;                  /* buses that the event came through before this one */
    const char *error_code; /* NULL; else AWS's ERROR_CODE: it can't be delivered whatever the door
                               says (an input that is no JSON) */
    struct arena *arena; /* for the door and for us, also on the writer; goes with the delivery */
    void *slot;          /* the door's, from find() to written() */
    bool may_begin;      /* of find(): the target could begin with it before it is written */
    /* private */
    bool begun;
    uint8_t sealed; /* of a record: which of payload and event are sealed texts (record.h) */
    enum delivery_way way;
    struct delivery_error *error;
    struct delivery_end *end;
};

/* ---- calls: out of the process ---- */

struct delivery_call {
    const struct delivery *delivery; /* holds until delivery_called() */
    void *slot;                      /* the door's */
};
/* The end of a call; error NULL: the target took it. The error is copied. On the loop's thread,
 * once, perhaps before door.call() returned; the call is gone then. After a cancel an error does
 * not count as an attempt. */
void delivery_called(struct delivery_call *call, const struct delivery_error *error);

/* ---- dead letters ---- */

#define DELIVERY_LETTER_ATTRIBUTES_MAX 9

struct delivery_attribute { /* DataType String */
    const char *name;
    struct bytes value;
};
struct delivery_letter {
    struct bytes queue_arn, body;
    struct delivery_attribute attributes[DELIVERY_LETTER_ATTRIBUTES_MAX];
    size_t attribute_count;
    struct bytes trace_header;
    struct arena *arena;
    void *slot; /* the door's, from write_letter() to letter_written() */
};

/* ---- the door ---- */

struct delivery_release { /* of who keeps a delivery that begins before it is written */
    void (*released)(void *context);
    void (*ended_well)(
        void *context); /* before it is written, or never: there is nothing to write */
    void *context;
};

struct delivery_door {
    void *context;
    /* Loop: which way to this target; REFUSED: *reterr. Also whatever write() will need and only
     * the loop can know, into the arena. Asked again for each attempt. */
    enum delivery_way (*find)(void *context, struct delivery *delivery,
                              struct delivery_error *reterr);
    /* Writer: into the target's durable store. False: *reterr, and nothing was put. */
    bool (*write)(void *context, struct store_batch *batch, struct delivery *delivery,
                  struct delivery_error *reterr);
    /* Loop: that batch is durable. */
    void (*written)(void *context, struct delivery *delivery);
    /* Loop: ends in delivery_called(), perhaps at once. */
    void (*call)(void *context, struct delivery_call *call);
    /* Loop, at a stop: the call is to end soon. It ends in delivery_called() all the same, not
     * before this returns. */
    void (*cancel)(void *context, struct delivery_call *call);
    /* Writer: OK, or why the queue does not take it (NOT_FOUND, TOO_LARGE, MALFORMED: it never
     * will), and nothing was put. */
    enum status (*write_letter)(void *context, struct store_batch *batch,
                                struct delivery_letter *letter);
    /* Loop: that batch is durable. */
    void (*letter_written)(void *context, struct delivery_letter *letter);
    /* Loop: the target begins with it now, which find() said it may. Delivery and bytes live until
     * `release` was called as well. write() and written() follow. */
    void (*begin)(void *context, struct delivery *delivery, const struct delivery_release *release);
};

struct deliveries_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* tries of the store; NULL: `timers` */
    struct delivery_door door;
    struct journeys *journeys; /* NULL: nobody asks */
    struct vault *vault;       /* records have payloads of private logs sealed; NULL: plain */
    /* The stack file's, instead of the back-off and of every retry policy; -1: not said. */
    int64_t retry_delay_ms, maximum_retry_attempts;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    /* A delivery was dropped; told once for each target and code. May be NULL. */
    void (*dropped)(void *context, const char *sentence);
    void *context;
};

/* ---- life ---- */

/* Takes up what the store holds; it runs once deliveries_start() was called. */
MUST_USE enum status deliveries_open(const struct deliveries_options *options,
                                     struct deliveries **ret);
/* The stack file's settings from now on, as in the options: each attempt that ends goes by them. */
void deliveries_set_retries(struct deliveries *deliveries, int64_t retry_delay_ms,
                            int64_t maximum_retry_attempts);
/* All targets that the stack has are there. */
void deliveries_start(struct deliveries *deliveries);
/* Nothing new begins, and calls are cancelled. True: nothing is under way any more. Call again,
 * after the port has run, until then. The records stay for the next start. */
bool deliveries_stop(struct deliveries *deliveries);
void deliveries_close(struct deliveries *deliveries); /* after deliveries_stop() */

/* ---- handing over: prepare, write in your own batch, written ----
 *
 * A cause that is durable already, and is found again after a crash, may let its delivery begin in
 * between: prepare, begin, write, written. The target gets it again when the batch is never
 * written. */

/* Loop: finds the target. Delivery and bytes must live as said above. */
void deliveries_prepare(struct deliveries *deliveries, struct delivery *delivery);
/* Loop: true, the target has begun with it. False: not before it is written. */
MUST_USE bool deliveries_begin(struct deliveries *deliveries, struct delivery *delivery,
                               const struct delivery_release *release);
/* Writer: to its target, or as a record, or as a dead letter. It can't fail for itself. */
void deliveries_write(struct deliveries *deliveries, struct store_batch *batch,
                      struct delivery *delivery);
/* Loop, once that batch is durable. */
void deliveries_written(struct deliveries *deliveries, struct delivery *delivery);

/* ---- for drain, status and metrics ---- */

struct deliveries_figures {
    size_t running;  /* attempts under way, and writes of their ends */
    size_t waiting;  /* for their turn in their lane */
    size_t retrying; /* for their time */
    size_t lanes;
    uint64_t delivered_total;    /* at their targets */
    uint64_t retries_total;      /* attempts after the first one */
    uint64_t failed_total;       /* given up: AWS's FailedInvocations; the next two are parts */
    uint64_t dead_letters_total; /* InvocationsSentToDlq */
    uint64_t dropped_total;      /* without a dead-letter queue, or not taken by it */
};
void deliveries_figures(const struct deliveries *deliveries, struct deliveries_figures *ret);
/* Something is under way, or waits for its turn or its time. */
bool deliveries_busy(const struct deliveries *deliveries);
/* The same, but for what only waits for its time. */
bool deliveries_running(const struct deliveries *deliveries);
struct waits deliveries_waits(const struct deliveries *deliveries);
/* What waits for its time is tried now, as if it had come; returns how many. */
size_t deliveries_run_due_now(struct deliveries *deliveries);

#endif
