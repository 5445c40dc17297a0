/* outbound/internal.h - what the files of this folder share; see outbound.h. Everything here
 * belongs to the loop's thread.
 *
 *   struct outbound --> struct connection (by name) --> struct token      (OAuth)
 *                   --> struct destination (by name) --> struct gate      (its rate)
 *
 * The catalogue in the store is the truth. Connections and destinations are made from the bytes
 * that the store holds (catalogue.c), never changed, and replaced as a whole once a change is
 * durable; tokens and gates go over to the new one. */
#ifndef DYNLOG_OUTBOUND_INTERNAL_H
#define DYNLOG_OUTBOUND_INTERNAL_H

#include "base/map.h"
#include "outbound/client.h"
#include "outbound/outbound.h"
#include "outbound/rate.h"

#define OUTBOUND_NAME_SIZE_MAX 64
#define OUTBOUND_PARAMETERS_SIZE_MAX ((size_t)64 * 1024) /* of one ConnectionHttpParameters */
/* A connection: twice those, and texts of 2 KB; JSON may make six of a character. */
#define OUTBOUND_STORED_SIZE_MAX ((size_t)2 * 1024 * 1024)
#define OUTBOUND_TOKEN_SIZE_MAX ((size_t)16 * 1024)
#define OUTBOUND_TOKEN_ANSWER_SIZE_MAX ((size_t)64 * 1024)
/* AWS fetches a token anew that has less than this left when it is needed. */
#define OUTBOUND_TOKEN_LEFT_MS ((uint64_t)60 * 1000)

struct token {
    struct outbound *outbound;
    struct connection *connection; /* whose it is */
    char *value;                   /* NULL: none */
    uint64_t expires_ms;           /* UINT64_MAX: not said */
    uint64_t serial;               /* one more with each token */
    bool fetching;
    bool stale; /* the connection changed since the request was made */
    struct outbound_request request;
    struct list waiting; /* struct running */
};

struct gate {
    struct outbound *outbound;
    struct destination *destination;
    struct rate rate;
    struct timer timer;
    struct list waiting; /* struct running */
};

struct connection {
    struct outbound_connection view;
    struct arena *arena; /* holds all of it */
    struct token *token; /* OUTBOUND_OAUTH */
};

struct destination {
    struct outbound_destination view;
    struct arena *arena;
    struct gate *gate;
};

struct outbound {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct arn_place place;
    void (*changed)(void *context);
    void *context;
    struct outbound_client *client;
    struct map connections, destinations;
    struct list changes;   /* the first one runs */
    bool line_busy;        /* it does, or its end is being told */
    struct list calls;     /* struct running, wherever they are */
    struct list cancelled; /* of these: to be told so */
    uv_async_t wake;       /* tells them */
    bool wake_closed;
    size_t call_count, waiting, held;
    uint64_t delivered, failed;
    bool stopped;
};

uint64_t outbound_now_ms(const struct outbound *outbound);
void outbound_tell_changed(struct outbound *outbound);
struct connection *outbound_connection_of(const struct outbound *outbound, struct bytes arn);

/* ---- authorization.c ---- */

/* What the change says, over what was there. */
void authorization_over(struct outbound_authorization *authorization,
                        const struct outbound_authorization *old);
/* What no shape says. `verb`: "create", "update". */
MUST_USE enum status authorization_check(enum outbound_type type,
                                         const struct outbound_authorization *authorization,
                                         const char *verb, struct api_error *reterr);

/* ---- catalogue.c: settings as the store holds them (docs/format/outbound.md) ---- */

struct bytes outbound_connection_key(struct arena *arena, struct bytes name);
struct bytes outbound_destination_key(struct arena *arena, struct bytes name);
struct bytes outbound_encode_connection(struct arena *arena,
                                        const struct outbound_connection *connection);
struct bytes outbound_encode_destination(struct arena *arena,
                                         const struct outbound_destination *destination);
/* The stored bytes become what is in memory, instead of what was there under that name. CORRUPT or
 * NEWER_FORMAT when they can't. */
MUST_USE enum status outbound_apply_connection(struct outbound *outbound, struct bytes stored);
MUST_USE enum status outbound_apply_destination(struct outbound *outbound, struct bytes stored);
void outbound_forget_connection(struct outbound *outbound, struct bytes name);
void outbound_forget_destination(struct outbound *outbound, struct bytes name);
MUST_USE enum status outbound_catalogue_load(struct outbound *outbound);

/* ---- change.c ---- */

/* Unless the connection has another id by then, or no parameters. */
void outbound_set_state(struct outbound *outbound, const struct outbound_connection *connection,
                        enum outbound_state state, const char *reason);

/* ---- token.c ---- */

struct token *token_new(struct outbound *outbound);
/* It belongs to this one now. `fresh`: whatever it holds was another authorization's. */
void token_move(struct token *token, struct connection *connection, bool fresh);
void token_free(struct token *token); /* whoever waits for it is told, and a request ends */
/* The token, when there is one that will live for a while; else NULL, and the call waits. */
const char *token_get(struct token *token, struct running *running);
/* The target did not take it. */
void token_drop(struct token *token);
/* A connection that is AUTHORIZING becomes AUTHORIZED, or DEAUTHORIZED. */
void token_fetch(struct token *token);

/* ---- call.c ---- */

struct running;
/* For a token, until that goes on with it. */
void running_wait(struct running *running, struct list *list);
/* All that wait here for a token: there it is, or there is none. */
void running_token_there(struct list *waiting, const char *value);
void running_token_failed(struct list *waiting, const char *why);

void running_end_cancelled(struct outbound *outbound);
void running_forget_all(struct outbound *outbound); /* without done() */

struct gate *gate_new(struct outbound *outbound);
void gate_move(struct gate *gate, struct destination *destination);
void gate_free(struct gate *gate); /* whoever waits is told that the destination is gone */

/* ---- request.c: the HTTP request of a call, without sending it ---- */

/* REFUSED: why[] says what is wrong with the parameters. */
MUST_USE enum status request_of_call(struct arena *arena,
                                     const struct outbound_destination *destination,
                                     const struct outbound_connection *connection,
                                     const char *token, const struct outbound_call *call,
                                     struct outbound_request *ret, char why[OUTBOUND_MESSAGE_SIZE]);
/* The request for a token. */
void request_of_token(struct arena *arena, const struct outbound_authorization *authorization,
                      struct outbound_request *ret);
/* Headers that a target or a connection can't set: they are EventBridge's own or would change
 * what the request is. They are left out. */
bool request_header_is_reserved(struct bytes name);

#endif
