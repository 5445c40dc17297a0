/* api/api.h - AWS's wire form: which operation a request asks for, its members checked and decoded,
 * its answer or error printed. Hop 2 of 7.
 *
 * An operation is one row of the table in operations.c, one shape (shape.h) and one function; what
 * it means is in engine/, streams/, bus/ or functions/. The function ends in exactly one
 * api_answer() or api_fail(), at once or later on the loop's thread.
 *
 *   request -> front.c (method, content type, signature) -> dispatch.c (target -> row) -> shape.c
 *           -> operation -> api_answer() / api_fail()
 *
 * All services answer on every port: the X-Amz-Target header or the path tells them apart. */
#ifndef DYNLOG_API_API_H
#define DYNLOG_API_API_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/faults.h"
#include "base/timer.h"
#include "bus/bus.h"
#include "engine/engine.h"
#include "functions/functions.h"
#include "journey/journey.h"
#include "mapping/mapping.h"
#include "mapping/registry.h"
#include "logs/logs.h"
#include "net/http.h"
#include "net/sigv4.h"
#include "outbound/outbound.h"
#include "pipes/pipes.h"
#include "queues/queues.h"
#include "schedule/schedule.h"
#include "streams/streams.h"
#include "subscriptions/subscriptions.h"

#define API_ANSWER_SIZE_MAX ((size_t)64 * 1024 * 1024) /* BatchGetItem: 16 MB, escaped at worst */
/* AWS: "Request must be smaller than 70167211 bytes for the CreateFunction operation". */
#define API_LAMBDA_BODY_SIZE_MAX ((size_t)70167211)

struct api;
struct api_call;
struct shape; /* shape.h */

/* What a clock is asked for. */
enum api_clock_to { API_CLOCK_BY, API_CLOCK_TO, API_CLOCK_NEXT };
struct api_clock_move {
    enum api_clock_to to;
    uint64_t ms; /* API_CLOCK_BY: so long; API_CLOCK_TO: until then */
};
struct api_clock_moved {
    /* OK. REFUSED: it has passed that time already. CLOSED: the server stops. Else: the step after
     * these could not be written down. */
    enum status status;
    uint64_t steps;
};

/* What operations work with. Everything but keys is there; keys NULL: signatures are not checked.
 */
struct api_services {
    struct engine *engine;
    struct streams *streams;
    struct subscriptions *subscriptions;
    struct bus *bus;
    struct queues *queues;
    struct schedules *schedules;
    struct outbound *outbound;
    struct logs *logs;
    struct functions *functions;
    struct mappings *mappings;
    struct pipes *pipes;
    struct mapping_registry *registry; /* of event source mappings */
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* signatures, Date headers, connections; NULL: `timers` */
    struct faults *faults;      /* that a test asked for; NULL: none */
    struct journeys *journeys;  /* NULL: none are recorded */
    const struct arn_place *place;
    const struct sigv4_keys *keys;
    /* /_dynlog/...: what only the server knows */
    struct api_server_door {
        void *context;
        void (*status)(void *context, struct json_writer *w); /* writes members of an open object */
        /* Calls back with its answer once nothing moves anywhere (server/drain.c). retries_now:
         * what waits to be tried again is tried now. */
        void (*drain)(void *context, bool retries_now,
                      void (*drained)(void *waiter, struct bytes json), void *waiter);
        void (*forget_drain)(void *context, void *waiter);
        /* The clock: told, and moved when it is a manual one (server/manual_clock.c). */
        void (*write_clock)(void *context, struct json_writer *w); /* members of an open object */
        bool (*clock_is_manual)(void *context);
        void (*move_clock)(void *context, const struct api_clock_move *move,
                           void (*moved)(void *waiter, const struct api_clock_moved *moved),
                           void *waiter);
        void (*forget_move)(void *context, void *waiter); /* the step under way is the last */
        void (*metrics)(void *context, struct buffer *out);
        void (*stop)(void *context);
        /* A copy of the whole data folder (server/backing_up.c) begins; REFUSED, CONFLICT: why not.
         * Told: members of an open object. */
        enum status (*begin_backup)(void *context, struct bytes to, bool own_bytes,
                                    struct api_error *error);
        void (*write_backup)(void *context, struct json_writer *w);
    } server;
};

struct api *api_new(const struct api_services *services);
void api_free(struct api *api);
/* An array: for /_dynlog/status. */
void api_write_subscriptions(struct subscriptions *subscriptions, struct json_writer *w);
/* Answers that go on for ever (GET /_dynlog/log) end now: the server stops. */
void api_end_streams(struct api *api);

/* The http_handle_fn of every public port; context is the struct api. */
void api_handle(void *api, struct http_request *request);
/* How large its body may be: a zip of Lambda's is larger than anything else. */
size_t api_body_size_max(const struct http_request *request);
/* The http_handle_fn of a worker's private listener; context is the struct worker. */
void api_handle_runtime(void *worker, struct http_request *request);

struct api_header {
    struct bytes name, value;
};

/* The same operations without HTTP: what a stack file asks for. body must live until done();
 * `answer` (JSON, also of an error) until done() returns. */
void api_call_local(struct api *api, const char *target, struct bytes body,
                    void (*done)(void *context, int http_status, struct bytes answer),
                    void *context);
/* With one header beside it, of those that only dynlog knows; its name in lower case. For tests. */
void api_call_local_with(struct api *api, const char *target, struct api_header header,
                         struct bytes body,
                         void (*done)(void *context, int http_status, struct bytes answer),
                         void *context);

/* The same in the Query protocol: the body is a form, the answer XML. path: "/", or a queue's. */
void api_query_local(struct api *api, struct bytes path, struct bytes body,
                     void (*done)(void *context, int http_status, struct bytes answer),
                     void *context);

/* ---- the table of operations ---- */

struct api_service {
    const char *name; /* "DynamoDB" */
    /* "DynamoDB_20120810". Lambda and Scheduler are asked by REST paths; their targets are for
     * api_call_local(). */
    const char *target;
    const char *error_prefix; /* before an error's name: "com.amazonaws.dynamodb.v20120810#" */
    const char *package;      /* before a class's name in messages */
    const char *content_type;
    const char *validation; /* what a ValidationException is called; NULL: that */
};

struct api_operation {
    const struct api_service *service;
    const char *name;
    void (*run)(struct api_call *call);
    const struct shape *input; /* checked before run(); NULL: REST, the body is run()'s */
    const char *note;          /* what differs from AWS; NULL: nothing that we know of */
};

/* Every operation there is: README, console and docs/compatibility.md are printed from it. */
const struct api_operation *api_operations(size_t *ret_count);

/* Operations of AWS's services that dynlog does not have, and why: they answer
 * UnknownOperationException with this reason. */
struct api_missing {
    const struct api_service *service;
    const char *name;
    const char *why;
};
const struct api_missing *api_missing_operations(size_t *ret_count);

/* ---- a call, as operations see it ---- */

struct api_call {
    struct api *api;
    const struct api_services *on;
    const struct api_operation *operation;
    struct arena *arena;
    const struct json *body; /* an object */
    struct bytes body_text;
    struct http_request *request;   /* NULL for a local call */
    struct api_header local_header; /* of a local call; no name: it has none */
    struct bytes path_name;         /* REST: the name in the path, decoded */
    struct bytes zip_text;          /* REST: the ZipFile that rest.c left out of the body; base64 */
    struct api_error error;         /* room for one, for whoever needs it */
    uint64_t position; /* of the last item that it wrote: the header x-dynlog-position; 0: none */
    /* private */
    const struct api_service *service; /* also when it has no such operation */
    const struct query_service *query; /* query.h; NULL: JSON is spoken */
    void (*local_done)(void *context, int http_status, struct bytes answer);
    void *local_context;
    const char *content_type;
};

/* X-Amzn-Trace-Id of who asks; empty: none. */
struct bytes api_trace_header(const struct api_call *call);
/* X-Dynlog-Replay of who asks, the name of a replay; empty: none. */
struct bytes api_replay_name(const struct api_call *call);
/* X-Dynlog-Positions: true. Who asks a Query or Scan wants DynlogPositions beside the items. */
bool api_wants_positions(const struct api_call *call);
/* An empty buffer to print the answer into, the same one for every call: print and answer in one
 * go. */
struct buffer *api_buffer(struct api_call *call);
/* The answer's JSON is copied; the call is gone afterwards. */
void api_answer(struct api_call *call, struct bytes json);
void api_answer_status(struct api_call *call, int http_status, struct bytes json);
void api_fail(struct api_call *call, const struct api_error *error);
/* With a message in place of the error's own, which would be cut. */
void api_fail_with(struct api_call *call, const struct api_error *error, struct bytes message);
/* status REFUSED: call->error; anything else: what the world did. */
void api_fail_status(struct api_call *call, enum status status);

#endif
