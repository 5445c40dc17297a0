/* net/internal.h - what the files of this folder share: the server, a connection, a request.
 *
 *   server.c      listeners, accepting, the one timer, shutting down
 *   connection.c  the state of a connection: reading, deadlines, backpressure, writing, closing
 *   parse.c       llhttp's callbacks: bytes -> request, limits, refusals
 *   request.c     what a handler may ask a request; its memory
 *   answer.c      answers and streams, in the order of their requests
 *   pressure.c    what is given up when all clients together make the server hold too much
 *   move.c        a connection goes to another server
 *   alone.c       a client that asks alone
 *   inflate.c     gzip bodies        guard.c   forged requests
 *   deflate.c     gzip answers       cors.c    web pages that were let in
 *   sigv4.c       signatures         credentials.c   the file of keys
 *
 * Memory: a connection is owned by its server until uv_close() called back; a request by its
 * connection until it was answered, or by its handler when the client went away first. A server's
 * own memory goes when it was freed and its last such request was answered. */
#ifndef DYNLOG_NET_INTERNAL_H
#define DYNLOG_NET_INTERNAL_H

#include "base/list.h"
#include "net/http.h"

#include <llhttp.h>
#include <stdatomic.h>

#define READ_BUFFER_SIZE ((size_t)64 * 1024)
#define LISTEN_BACKLOG 1024
#define SPARE_REQUESTS_MAX 256                   /* kept with their memory for the next requests */
#define SPARE_BUFFERS_MAX 64                     /* the same for bytes to write */
#define SPARE_CAPACITY_MAX (64 * 1024)           /* what grew larger is given back */
#define OUT_SIZE_MAX ((size_t)256 * 1024 * 1024) /* bytes one connection has still to take */
#define LINGER_TIMEOUT_MS 5000

/* What a connection waits for. Each kind has one time-out and one list, so that each list is in
 * order of its deadlines by itself and one timer serves them all. */
enum wait {
    WAIT_IDLE,   /* the next request */
    WAIT_HEAD,   /* the rest of a head */
    WAIT_BODY,   /* more of a body */
    WAIT_WRITE,  /* the client to take bytes */
    WAIT_LINGER, /* the client to close after a refusal */
    WAIT_COUNT,
    WAIT_NONE = WAIT_COUNT, /* nothing of the client's: a handler is at work */
};

struct http_server {
    uv_loop_t *loop;
    uv_timer_t timer; /* the earliest deadline of all connections, or the end of grace */
    /* Both write what the turn's answers left: after polling, and after timers. */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t watch;      /* on: the loop does not sleep */
    unsigned own_handles; /* of these four, still open */

    struct list listeners, connections, unflushed;
    size_t listener_count;
    atomic_size_t connection_count;
    struct list waits[WAIT_COUNT];
    uint64_t timer_due_ms; /* UINT64_MAX when not set */

    /* Limits that tests set lower. */
    uint64_t timeout_ms[WAIT_COUNT];
    size_t connections_max, bodies_max, untaken_max;

    size_t bodies_size;   /* of all requests, read or being read */
    size_t untaken_size;  /* of all answers that wait for their clients */
    int kept_descriptor;  /* -1: it is in use */
    uint8_t *read_buffer; /* READ_BUFFER_SIZE; bytes stay in it only during one callback */
    struct list spare_requests;
    size_t spare_request_count;
    struct buffer spare_buffers[SPARE_BUFFERS_MAX];
    size_t spare_buffer_count;

    /* Any thread may ask for them. */
    struct {
        atomic_ullong connections_total, requests_total, refused_total;
    } figures;
    const struct http_connection *asker; /* of the last request; perhaps it is gone */
    size_t asked_in_a_row;               /* by it alone, each after the answer to the one before */
    uint64_t watch_until_ns;
    bool watches;

    size_t requests_alive; /* also those whose connection is gone */

    bool closing, closed_called, freed;
    uint64_t grace_end_ms;
    void (*closed)(void *context);
    void *closed_context;
};

struct http_listener {
    uv_tcp_t handle;
    struct list in_server;
    struct http_server *server;
    http_handle_fn *handle_request;
    void *context;
    char *host;
    bool any_host, no_pages;
    char *cors; /* NULL: no page is let in */
    bool (*stays)(void *context);
    void (*deal)(void *context, struct http_parcel *parcel);
    size_t (*body_size_max)(const struct http_request *request);
    bool open;
    size_t connection_count; /* a listener lives as long as they do */
};

/*                    a request is whole, its handler has it
 *                 +---------------------------------------+
 *                 v                                       |
 *   accepted --> IDLE ----------> HEAD ----------------> BODY
 *                 | ^    first byte       head is whole
 *    enough waits | | some was
 *                 v | answered
 *                FULL
 *
 *   IDLE, HEAD, BODY, FULL
 *     --> LAST        no more is read: Connection: close, a refusal, the client shut its sending
 *                     side, or we close. What waits is answered, then
 *     --> LINGERING   after a refusal only: the client's bytes are dropped for a while
 *     --> CLOSED      from every state: the client went away, a time-out, the end of grace
 *
 * FULL is not read from; LAST and LINGERING are, to see the end. CLOSED: uv_close() was called. */
enum connection_state {
    CONNECTION_IDLE,
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_FULL,
    CONNECTION_LAST,
    CONNECTION_LINGERING,
    CONNECTION_CLOSED,
};

struct http_connection {
    uv_tcp_t handle;
    struct http_server *server;
    struct http_listener *listener;
    struct list in_server;
    struct list in_unflushed; /* bytes to write, or a state to settle, at the end of this turn */
    struct list in_wait;
    enum wait wait;
    uint64_t deadline_ms;

    enum connection_state state;
    bool keep_alive; /* false: the next answered request is the last */
    bool refused;    /* the client may still be sending: linger */
    bool progress;   /* since the deadline was set */
    bool write_busy; /* in_flight belongs to libuv */
    bool ended;      /* the client has shut its writing side */
    bool overrun;    /* a stream's client takes too little: close at the end of the turn */
    /* Set: it goes to another server with its last request, which is REQUEST_GIVEN. */
    void (*given)(void *context, struct http_parcel *parcel);
    void *given_context;

    llhttp_t parser;
    struct http_request *reading; /* head or body not whole yet; also the last of `requests` */
    size_t head_raw;       /* bytes that came since a head began, or a body grew, in whole reads */
    size_t framing_size;   /* chunk extensions and trailers of the body being read */
    size_t extension_size; /* of the name of the chunk extension being read */
    struct buffer unread;  /* came while FULL, or behind what made it FULL */

    struct list requests; /* in the order of their answers */
    size_t request_count;
    size_t held_size; /* of their bodies */

    struct buffer out;       /* to be written next */
    struct buffer in_flight; /* being written by libuv */
    size_t in_flight_left;
    size_t untaken_size; /* what it adds to its server's */
    uv_write_t write;
    uv_shutdown_t shutdown;
};

/* READING -> HANDLED -> ANSWERED, or HANDLED -> STREAMING -> ANSWERED, or HANDLED -> GIVEN and
 * HANDLED again at another server. */
enum request_state {
    REQUEST_READING,
    REQUEST_HANDLED, /* the handler has it */
    REQUEST_STREAMING,
    REQUEST_GIVEN,    /* nobody has it until it is taken */
    REQUEST_ANSWERED, /* `held` waits for the answers before it */
};

struct http_request {
    struct list in_connection; /* or in the server's spares */
    struct http_server *server;
    struct http_connection *connection; /* NULL: the client went away */
    struct arena *arena;
    enum request_state state;

    struct buffer head; /* target, name, value, name, value, ... */
    struct http_header_pair headers[HTTP_HEADER_COUNT_MAX];
    size_t header_count;
    bool in_name;
    struct bytes target, path, query; /* path: decoded */
    struct bytes raw_path;
    struct bytes authority; /* of an absolute target (http://authority/path), else empty */
    struct buffer body;     /* as it came, dechunked */
    struct buffer inflated; /* of a gzip body */
    bool is_inflated;
    size_t held_size;    /* what it adds to its connection's */
    size_t counted_size; /* what it adds to its server's bodies_size */

    uint8_t method;
    bool old_version;    /* HTTP/1.0 */
    bool keep_alive;     /* after its answer */
    bool wants_continue; /* Expect: 100-continue, not answered yet */
    bool chunked_answer;
    bool is_let_in, is_foreign; /* a page that --cors names sent it; one of another place */
    struct buffer held;         /* the answer, while others before it are not answered */

    void (*gone)(void *context);
    void *gone_context;
};

/* ---- server.c ---- */
/* Frees a server that http_server_free() was called for, once its last request was answered. */
void server_unref(struct http_server *server);
/* The timer fires at the earliest deadline; called when one was set. */
void server_deadline(struct http_server *server, uint64_t deadline_ms);
void server_connection_gone(struct http_connection *connection);
/* More connections than there may be: told so, and closed. */
void server_turn_away(struct http_connection *connection);
/* Buffers for bytes to write: taken when there are some, given back when they were taken. */
struct buffer server_take_buffer(struct http_server *server);
void server_give_buffer(struct http_server *server, struct buffer *buffer);

/* ---- connection.c ---- */
/* The handle is initialised, not open. */
struct http_connection *connection_new(struct http_listener *listener);
enum status connection_start(struct http_connection *connection);
void connection_enter(struct http_connection *connection, enum connection_state state);
void connection_feed(struct http_connection *connection, const uint8_t *ptr, size_t size);
/* The client shut its writing side. */
void connection_ended(struct http_connection *connection);
/* At the end of the turn: write, go on reading, close. */
void connection_unflushed(struct http_connection *connection);
void connection_flush(struct http_connection *connection);
void connection_timed_out(struct http_connection *connection);
/* At once; answers that are not out are dropped. */
void connection_close(struct http_connection *connection);
/* When what it has begun is answered. */
void connection_close_when_idle(struct http_connection *connection);
bool connection_is_full(const struct http_connection *connection);
bool connection_reads(const struct http_connection *connection);
/* Sets the deadline for what it waits for now. */
void connection_rearm(struct http_connection *connection);

/* ---- parse.c ---- */
void parse_init(struct http_connection *connection);
/* Answers the request being read (or a next one that cannot be read) and reads no more. `name` is
 * AWS's name of the error, or one in its manner. */
void parse_refuse(struct http_connection *connection, int status, const char *name,
                  const char *format, ...) PRINTF_LIKE(4, 5);
/* What llhttp_execute() said, other than HPE_OK, HPE_PAUSED and HPE_USER. */
void parse_refuse_error(struct http_connection *connection, llhttp_errno_t error);

/* ---- request.c ---- */
struct http_request *request_new(struct http_connection *connection);
void request_free(struct http_request *request);
void request_free_spares(struct http_server *server);
void request_destroy(struct http_request *request); /* that no server counts */
/* Out of its connection's list, which no longer knows it. */
void request_detach(struct http_request *request);
/* The byte at `at`, and how many bytes it takes in the text: 3 for %41, else 1. */
size_t request_percent_byte(struct bytes text, size_t at, uint8_t *ret);
/* Splits the head into target, path, query and header pairs. */
void request_head_done(struct http_request *request);

/* ---- answer.c ---- */
/* An answered request waits in its connection until all before it are answered; this moves what may
 * leave to the connection's `out`, and frees the requests that are done. */
void answer_advance(struct http_connection *connection);
/* Tells the request's handler that its client went away; a stream is over then. */
void answer_gone(struct http_request *request);
void answer_append_header(struct buffer *out, struct bytes name, struct bytes value);

/* ---- pressure.c ---- */
size_t pressure_connections_max(void);
/* One is kept for bad times, when there is one; given back at the end. */
void pressure_keep_descriptor(struct http_server *server);
void pressure_give_descriptor(struct http_server *server);
/* accept() found no descriptor: afterwards it does. */
void pressure_no_descriptor(struct http_server *server);
/* Of the request that the connection reads. False: it was refused, because there is no room. */
MUST_USE bool pressure_count_body(struct http_connection *connection, size_t size);
void pressure_forget_request(struct http_request *request);
/* When what waits to be written has changed, or the connection was closed. */
void pressure_count_answers(struct http_connection *connection);
/* At the end of a turn: closes connections that take nothing. */
void pressure_drop_answers(struct http_server *server);

/* ---- move.c ---- */
/* It goes to another server, and nothing is left to be answered before. */
bool move_is_ready(const struct http_connection *connection);
void move_give(struct http_connection *connection);
/* Of an accepted connection: true when it is another server's now. */
bool move_deal(struct http_connection *connection);

/* ---- alone.c ---- */
void alone_init(struct http_server *server);
/* A whole request came; an answer has left. */
void alone_asked(struct http_connection *connection);
void alone_answered(struct http_connection *connection);

/* ---- cors.c ---- */
/* Of the answer to a request that was let in. */
void cors_append_headers(struct buffer *out, const struct http_request *request);
bool cors_is_preflight(const struct http_request *request);
void cors_answer_preflight(struct http_request *request);

/* ---- inflate.c ---- */
/* All members of a gzip text. MALFORMED; TOO_LARGE when it does not fit into out. */
MUST_USE enum status inflate_gzip(struct bytes in, struct buffer *out);

#endif
