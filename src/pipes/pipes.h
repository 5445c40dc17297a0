/* pipes/pipes.h - EventBridge Pipes: a change stream or a queue -> filter -> enrichment -> target.
 * (AWS: EventBridge user guide, "Amazon EventBridge Pipes"; Pipes API reference.)
 *
 *   source --mapping--> batch --> [enrichment] --> InputTemplate --> target
 *                                  a function,       of each         bus, queue, log group,
 * function: an API            event           written; function (synchronous), destination API
 * destination: called
 *
 * A pipe is a mapping (mapping/mapping.h) with another consumer: the mapping reads, filters,
 * collects batches, tries again, bisects, gives up, writes the dead letter; the pipe takes a batch
 * and says how it ended.
 *
 * What always holds:
 *   1. What a target has of a batch it got in one batch of the store, if it is written; with it
 *      stands a note of the records that it came from (given.c), and no record that is noted is
 *      handed over a second time. So change records reach a bus, a queue, a log group or a function
 *      (FIRE_AND_FORGET) exactly once, whenever the process is killed. A called target, an
 *      enrichment and messages of a queue: at least once, as on AWS.
 *   2. A change of a pipe answers after its sync. A pipe that is there after a crash goes on where
 *      its mapping's cursor stands.
 *   3. Events of one batch reach the target in their order. When one fails, the target has those
 *      before it and none behind it (unless an enrichment made them of the batch: then the whole
 *      batch is tried again).
 *
 * It knows no target that is written: the server hands it a door. Format: docs/format/pipe.md. One
 * loop thread, except where said. */
#ifndef DYNLOG_PIPES_PIPES_H
#define DYNLOG_PIPES_PIPES_H

#include "base/api_error.h"
#include "base/arn.h"
#include "delivery/delivery.h"
#include "functions/functions.h"
#include "journey/journey.h"
#include "json/json.h"
#include "logs/logs.h"
#include "mapping/mapping.h"
#include "outbound/outbound.h"
#include "queues/queues.h"

#define PIPES_COUNT_MAX 1000 /* AWS's quota of an account and region */
#define PIPE_NAME_SIZE_MAX 64
#define PIPE_TAGS_MAX 50
#define PIPE_FILTERS_MAX 5
#define PIPE_STREAM_BATCH_MAX 10000
#define PIPE_STREAM_BATCH 100
#define PIPE_QUEUE_BATCH 10
#define PIPE_BUS_BATCH_MAX 10 /* events that a bus takes of a batch; a queue the same */
#define PIPE_LOG_BATCH_MAX 10000
#define PIPE_REASON_SIZE 513 /* StateReason, with a NUL */

struct pipes;

/* ---- what a pipe is ---- */

struct pipe_tag {
    struct bytes key, value;
};

/* The parameters are JSON objects as DescribePipe tells them, with their defaults; empty: none. */
struct pipe_settings {
    struct bytes name, description, role_arn;
    struct bytes source, enrichment, target; /* ARNs; enrichment empty: none */
    struct bytes kms_key;                    /* kept and told */
    struct bytes source_parameters, enrichment_parameters, target_parameters;
    struct bytes log_configuration;
    bool running;                /* DesiredState */
    const struct pipe_tag *tags; /* by key */
    size_t tag_count;
};

/* AWS's PipeState, as far as it comes about here. */
enum pipe_state {
    PIPE_RUNNING,
    PIPE_STOPPED,
    PIPE_CREATING,
    PIPE_UPDATING,
    PIPE_DELETING,
    PIPE_STARTING,
    PIPE_STOPPING,
    PIPE_CREATE_FAILED,
    PIPE_UPDATE_FAILED,
    PIPE_START_FAILED,
    PIPE_STATE_COUNT,
};
extern const char *const pipe_state_words[PIPE_STATE_COUNT];

struct pipe_view {
    const struct pipe_settings *settings;
    struct bytes arn;
    uint64_t created_ms, modified_ms;
    enum pipe_state state;
    bool deleted;       /* DesiredState is DELETED */
    const char *reason; /* StateReason; "": none */
};

/* ---- life ---- */

struct pipe_door {
    void *context;
    /* Loop: the change stream of that ARN, which is enabled. NOT_FOUND: there is none (any more).
     * *ret_view is AWS's StreamViewType; static. */
    enum status (*find_stream)(void *context, struct bytes arn, uint32_t *ret_id,
                               const char **ret_view);
    /* Targets that are written: find(), write() and written() of deliveries (delivery/delivery.h),
     * whose source is DELIVERY_OF_PIPE. */
    struct delivery_door target;
};

struct pipes_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* tries of the store; NULL: `timers` */
    const struct arn_place *place;
    struct functions *functions; /* may be NULL in tests: then there are none */
    struct outbound *outbound;
    struct queues *queues;
    struct logs *logs;
    struct mappings *mappings;
    struct pipe_door door;
    struct journeys *journeys; /* told what each batch does; may be NULL */
    /* A line for people: why a batch failed; may be NULL. */
    void (*log)(void *context, const struct function_log *log);
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

/* Takes up what the store holds; nothing runs before pipes_start(). */
MUST_USE enum status pipes_open(const struct pipes_options *options, struct pipes **ret);
/* Sources, enrichments and targets that the stack has are there. */
void pipes_start(struct pipes *pipes);
/* Nothing new begins; batches that are with an enrichment or a target may end (functions_stop()
 * sees to that), but for calls of API destinations, which are cancelled. True: nothing is under way
 * any more. Call again, after the port has run, until then. */
bool pipes_stop(struct pipes *pipes);
void pipes_close(struct pipes *pipes); /* after pipes_stop(), and after mappings_free() */

/* ---- looking: descriptions live until the next change ---- */

/* False: there is none. */
bool pipes_find(struct pipes *pipes, struct bytes name, struct arena *arena, struct pipe_view *ret);

struct pipe_page {
    struct bytes name_prefix, source_prefix, target_prefix; /* empty: all */
    int state;                                              /* enum pipe_state; -1: all */
    int desired_running;                                    /* 1, 0; -1: all */
    struct bytes after; /* the name that ended the page before; empty: the first */
    size_t limit;
    /* results, in the arena, in the order of names */
    struct pipe_view *pipes;
    size_t count;
    bool more;
};
void pipes_list(struct pipes *pipes, struct arena *arena, struct pipe_page *page);

struct bytes pipe_arn(const struct arn_place *place, struct arena *arena, struct bytes name);

/* ---- changing ---- */

enum pipe_change_kind {
    PIPE_CREATE, /* settings, parameters */
    PIPE_UPDATE, /* name, role_arn, and what has_... says; parameters that are said. whole: as
                  * PIPE_CREATE */
    PIPE_DELETE,
    PIPE_START,
    PIPE_STOP,
    PIPE_TAG,   /* tags */
    PIPE_UNTAG, /* tags: their keys */
    PIPE_GONE,  /* ours: the last batch of a deleted one has ended */
};

struct pipe_change {
    enum pipe_change_kind kind;
    struct pipe_settings settings; /* what is said; its parameters are results */
    /* PIPE_UPDATE, of a stack file: it says all that the pipe is to be, with the members of
     * PIPE_CREATE. What it does not say is as it is by itself; but where a stream was begun stays,
     * unless the source is another one: then the pipe begins anew. */
    bool whole;
    bool has_description, has_enrichment, has_target, has_desired, has_kms_key;
    /* As the request has them; NULL: not said. */
    const struct json *source_parameters, *enrichment_parameters, *target_parameters;
    const struct json *log_configuration;
    struct arena *arena;
    void (*done)(struct pipe_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED */
    /* results */
    struct pipe_view view; /* with the state that AWS answers: CREATING, UPDATING ... */
    /* private */
    struct pipes *pipes;
    struct store_work work;
    struct list place;
    struct bytes key, stored; /* stored empty: the key is deleted */
    struct pipe_record *record;
    char old_id[ID_UUID_SIZE]; /* it begins anew: whose notes go; "": it does not */
    struct mapping *mapping;   /* PIPE_GONE: its cursors go too; NULL: there is none */
    bool nothing;              /* there is nothing to write */
};
/* REFUSED is told through done() too, perhaps before this returns. Changes are made one after the
 * other, in the order of the calls; the change, its bytes and its arena must live until done(). */
void pipes_change(struct pipes *pipes, struct pipe_change *change);

/* ---- for drain, status and metrics ---- */

/* A change or a batch is with the writer. What is with a function, an API destination or the
 * mapping is theirs to tell. */
bool pipes_moving(const struct pipes *pipes);

struct pipes_figures {
    size_t pipes, running;
    size_t executions; /* batches under way */
    uint64_t executions_total, failed_total;
    uint64_t events_total; /* that reached their targets */
};
void pipes_figures(const struct pipes *pipes, struct pipes_figures *ret);

#endif
