/* outbound/outbound.h - Connections and API destinations, and the calls to them: HTTP requests out
 * of the process. (AWS: EventBridge user guide, "API destinations" and "Connections".)
 *
 *   delivery --> outbound_call() --> its turn (rate limit) --> a token (OAuth) --> HTTP request
 *                                                                                      |
 *                          done(): delivered, to be tried again, or failed  <----------+
 *
 * A connection says how calls are authorized, an API destination where they go:
 *
 *   CREATING is passed over    +------------- update --------------+
 *                              v                                   |
 *   BASIC, API_KEY ------> AUTHORIZED --- 401, 407, deauthorize --> DEAUTHORIZED
 *                              ^                                   ^
 *   OAuth --> AUTHORIZING -----+--- no token ----------------------+
 *
 * What always holds:
 *   1. A change answers after its sync. One that is not durable has changed nothing.
 *   2. Secrets (passwords, values of keys, client secrets, parameters with IsValueSecret, tokens)
 *      are in the store and in requests, and nowhere else: in no answer, message or log line. A
 *      token is in memory only.
 *   3. An API destination gets at most a second's worth of its rate at once, and then its rate.
 *      Calls beyond it wait here; their deliveries are in the store.
 *
 * Rates and the lives of tokens go by the clock that a test can move; sockets by the machine's
 * (client.h). One loop thread, but for the writer's part of a change. Format of what is stored:
 * docs/format/outbound.md. */
#ifndef DYNLOG_OUTBOUND_OUTBOUND_H
#define DYNLOG_OUTBOUND_OUTBOUND_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/list.h"
#include "base/timer.h"
#include "json/json.h"
#include "store/store.h"

#include <uv.h>

#define OUTBOUND_CONNECTIONS_COUNT_MAX 3000  /* AWS's quotas */
#define OUTBOUND_DESTINATIONS_COUNT_MAX 3000 /* of an account and region */
#define OUTBOUND_RATE_MAX 300                /* invocations per second; also what is not said */
#define OUTBOUND_CALL_TIMEOUT_MS ((uint64_t)5000)      /* AWS: user guide */
#define OUTBOUND_ANSWER_SIZE_MAX ((size_t)1024 * 1024) /* AWS sends Range: bytes=0-1048575 */
#define OUTBOUND_MESSAGE_SIZE 512

struct outbound;

struct outbound_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    uv_loop_t *loop;
    const struct arn_place *place;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

MUST_USE enum status outbound_open(const struct outbound_options *options, struct outbound **ret);
/* Nothing new is called, and calls under way end without done(). True: nothing of ours is with the
 * store or the loop any more; call again, after the port has run, until then. */
bool outbound_stop(struct outbound *outbound);
void outbound_close(struct outbound *outbound); /* after outbound_stop() */

/* ---- how calls are authorized ---- */

enum outbound_type { OUTBOUND_BASIC, OUTBOUND_OAUTH, OUTBOUND_API_KEY, OUTBOUND_TYPE_COUNT };
extern const char *const outbound_type_words[OUTBOUND_TYPE_COUNT]; /* AWS's */

struct outbound_parameter {
    struct bytes key, value;
    bool secret; /* IsValueSecret: the value is never answered */
};
struct outbound_parameter_list {
    bool set; /* perhaps to nothing */
    struct outbound_parameter *items;
    size_t count;
};
struct outbound_parameters {
    bool set;
    struct outbound_parameter_list headers, query, body;
};

struct outbound_authorization {
    /* User name and password; a key's name and value; a client's id and secret. */
    struct bytes name, secret;
    struct bytes endpoint, method;                    /* OUTBOUND_OAUTH: where tokens come from */
    struct outbound_parameters token_parameters;      /* OUTBOUND_OAUTH: of the request for one */
    struct outbound_parameters invocation_parameters; /* of every call */
};
/* AWS's AuthParameters, of which those of the type count. What is missing stays empty. Bytes are
 * the document's. */
void outbound_authorization_read(struct arena *arena, const struct json *parameters,
                                 enum outbound_type type, struct outbound_authorization *ret);
/* The same way back, as members of an open object; without secrets as DescribeConnection has it. */
void outbound_authorization_write(struct json_writer *w, enum outbound_type type,
                                  const struct outbound_authorization *authorization,
                                  bool with_secrets);

/* ---- what there is: descriptions live until the next change of the thing ---- */

enum outbound_state {
    OUTBOUND_AUTHORIZED,
    OUTBOUND_AUTHORIZING,
    OUTBOUND_DEAUTHORIZED,
    OUTBOUND_DEAUTHORIZING, /* answered, and passed over */
    OUTBOUND_DELETING,      /* likewise */
    OUTBOUND_STATE_COUNT,
};
extern const char *const outbound_state_words[OUTBOUND_STATE_COUNT];

struct outbound_connection {
    struct bytes name, id, description;
    struct bytes secret_id; /* empty: without parameters, it was deauthorized */
    enum outbound_type type;
    enum outbound_state state;
    struct bytes state_reason;
    uint64_t created_ms, modified_ms, authorized_ms;
    struct outbound_authorization authorization;
};

struct outbound_destination {
    struct bytes name, id, description, connection_arn, endpoint, method;
    uint32_t rate; /* invocations per second */
    uint64_t created_ms, modified_ms;
};

const struct outbound_connection *outbound_find_connection(const struct outbound *outbound,
                                                           struct bytes name);
const struct outbound_destination *outbound_find_destination(const struct outbound *outbound,
                                                             struct bytes name);
/* That of this ARN, with its id; NULL also when another one has its name now. */
const struct outbound_destination *outbound_destination_of(const struct outbound *outbound,
                                                           struct bytes arn);
/* In the order of their names; arrays in the arena. */
void outbound_list_connections(const struct outbound *outbound, struct bytes name_prefix,
                               struct arena *arena, const struct outbound_connection ***ret,
                               size_t *ret_count);
void outbound_list_destinations(const struct outbound *outbound, struct bytes name_prefix,
                                struct arena *arena, const struct outbound_destination ***ret,
                                size_t *ret_count);
/* ACTIVE: its connection is there and authorized. */
bool outbound_is_active(const struct outbound *outbound,
                        const struct outbound_destination *destination);

struct bytes outbound_connection_arn(const struct outbound *outbound, struct arena *arena,
                                     const struct outbound_connection *connection);
struct bytes outbound_secret_arn(const struct outbound *outbound, struct arena *arena,
                                 const struct outbound_connection *connection);
struct bytes outbound_destination_arn(const struct outbound *outbound, struct arena *arena,
                                      const struct outbound_destination *destination);

/* ---- changing it ---- */

enum outbound_change_kind {
    OUTBOUND_CREATE_CONNECTION,
    OUTBOUND_UPDATE_CONNECTION, /* what is said replaces, the rest stays */
    OUTBOUND_DEAUTHORIZE_CONNECTION,
    OUTBOUND_DELETE_CONNECTION,
    OUTBOUND_CREATE_DESTINATION,
    OUTBOUND_UPDATE_DESTINATION, /* likewise */
    OUTBOUND_DELETE_DESTINATION,
    OUTBOUND_SET_STATE, /* of a connection: ours */
};

struct outbound_change {
    enum outbound_change_kind kind;
    struct bytes name;
    bool has_description;
    struct bytes description;
    /* connections */
    bool has_type;
    enum outbound_type type;
    const struct json *parameters; /* AuthParameters; NULL: not said */
    /* destinations; empty or 0: not said */
    struct bytes connection_arn, endpoint, method;
    uint32_t rate;

    struct arena *arena;
    void (*done)(struct outbound_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED: AWS's name and message */
    /* What it is now, or was before it was deleted: name, id, type, state, rate, times, and the
     * connection's ARN. */
    struct outbound_connection connection;
    struct outbound_destination destination;
    /* private */
    struct outbound *outbound;
    struct store_work work;
    struct list place;
    enum outbound_state state; /* OUTBOUND_SET_STATE */
    struct bytes id, reason;
    struct bytes key, stored; /* stored empty: the key is deleted */
};
/* REFUSED is told through done() too, perhaps before this returns. Changes are made one after the
 * other, in the order of the calls; the bytes of a change must live until its done(). */
void outbound_change(struct outbound *outbound, struct outbound_change *change);

/* ---- calls ---- */

enum outbound_outcome {
    OUTBOUND_DELIVERED,
    OUTBOUND_RETRIABLE, /* it may pass */
    OUTBOUND_FAILED,    /* it will not: no other attempt */
};

struct outbound_call {
    struct bytes destination_arn;
    /* JSON object with the target's HttpParameters, {"HttpParameters":{...}}; empty: none. Values
     * that are a path ("$.detail.id") stand for what the event has there. */
    struct bytes parameters;
    struct bytes payload, event;
    void (*done)(struct outbound_call *call);
    void *context;
    /* results */
    enum outbound_outcome outcome;
    const char *error_code; /* ERROR_CODE of a dead letter; static, NULL when delivered */
    char error_message[OUTBOUND_MESSAGE_SIZE];
    uint64_t retry_after_ms; /* not before; 0: not said */
    struct bytes answer;     /* the body of what was answered, cut to OUTBOUND_ANSWER_SIZE_MAX;
                                until done() returns */
    /* private */
    struct running *running;
};
/* The call and its bytes must live until done(), which is called once, on the loop, perhaps before
 * this returns. */
void outbound_call(struct outbound *outbound, struct outbound_call *call);
/* It ends soon, OUTBOUND_RETRIABLE, but not before this returns. */
void outbound_cancel(struct outbound *outbound, struct outbound_call *call);

/* ---- for drain and status ---- */

struct outbound_figures {
    size_t waiting;     /* calls, for a token */
    size_t held;        /* calls, by the rate of their API destination */
    size_t in_flight;   /* requests, those for tokens too */
    uint64_t delivered; /* since the start */
    uint64_t failed;    /* attempts that did not deliver */
};
void outbound_figures(const struct outbound *outbound, struct outbound_figures *ret);
/* A call, a request or a change is under way. */
bool outbound_busy(const struct outbound *outbound);
/* The same, but for calls that their rate holds; and these. */
bool outbound_moving(const struct outbound *outbound);
struct waits outbound_waits(const struct outbound *outbound);

#endif
