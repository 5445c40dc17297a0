/* net/http.h - an HTTP/1.1 server on a libuv loop. Hop 1 of 7: bytes on sockets -> one request.
 *
 * It knows no body: it hands a whole request to a handler, and the handler answers now or later,
 * from the loop's thread, exactly once. Parsing is llhttp's; ours are connections, limits and
 * order.
 *
 *   accepted -> reading head -> reading body -> handled -> answering -+-> reading head (keep-alive)
 *                   |               |                                 +-> closing
 *                   +-- time-out, malformed, too large: answered 4xx, closing
 *
 * What always holds:
 *   1. Answers leave in the order of their requests (pipelining), whatever order they are given in.
 *   2. A client cannot make the server hold more than HTTP_PIPELINE_MAX requests, and one body
 *      more than HTTP_PIPELINE_SIZE_MAX bytes of bodies and answers: its connection is not read
 *      meanwhile.
 *   3. A request that a web page could forge is refused before its handler (net/guard.h).
 *   4. All clients together cannot make it hold more than HTTP_BODIES_SIZE_MAX bytes of bodies,
 *      HTTP_UNTAKEN_SIZE_MAX of answers and HTTP_CONNECTIONS_MAX connections: those that have
 *      waited longest are given up.
 *   5. Every request that reached its handler is answered by it exactly once, also when its client
 *      is gone: the answer is dropped then.
 *
 * A request lives until it was answered; its bytes and its arena live as long. Answers leave at the
 * end of the loop's turn, those of one connection together (so do not answer from a uv_prepare
 * callback: the loop would sleep first). Everything here belongs to the loop's thread. */
#ifndef DYNLOG_NET_HTTP_H
#define DYNLOG_NET_HTTP_H

#include "base/arena.h"
#include "base/buffer.h"

#include <uv.h>

#define HTTP_BODY_SIZE_MAX ((size_t)16 * 1024 * 1024) /* DynamoDB's BatchWriteItem: 16 MB */
#define HTTP_HEAD_SIZE_MAX ((size_t)64 * 1024) /* target, names and values, 4 more a header */
#define HTTP_HEADER_COUNT_MAX 100
#define HTTP_PIPELINE_MAX 64
#define HTTP_PIPELINE_SIZE_MAX ((size_t)1024 * 1024)
#define HTTP_STREAM_WAITING_MAX ((size_t)16 * 1024 * 1024) /* above it the connection is closed */
#define HTTP_CONNECTIONS_MAX 16384 /* and what the limit of descriptors lets (net/pressure.c) */
/* Of all connections together: bodies of requests, and answers that clients do not take. */
#define HTTP_BODIES_SIZE_MAX ((size_t)512 * 1024 * 1024)
#define HTTP_UNTAKEN_SIZE_MAX ((size_t)512 * 1024 * 1024)
#define HTTP_HEAD_TIMEOUT_MS 30000  /* from a request's first byte to the end of its head */
#define HTTP_BODY_TIMEOUT_MS 120000 /* without progress */
#define HTTP_IDLE_TIMEOUT_MS 300000 /* between requests */

/* The process may open as many descriptors as HTTP_CONNECTIONS_MAX connections need, as far as the
 * system lets it: before http_server_new(), which serves as many as there are for. */
void http_raise_descriptors(void);

struct http_server;
struct http_listener;
struct http_request;
struct http_parcel;

/* Called for every request, on the loop's thread. */
typedef void http_handle_fn(void *context, struct http_request *request);

/* Also has the process ignore SIGPIPE: a client that went away is an error of one write. */
struct http_server *http_server_new(uv_loop_t *loop);
/* Stops accepting, lets what is being handled answer, closes idle connections; `closed` when the
 * last one is gone, or after grace_ms when clients will not go. Then http_server_free(). Handlers
 * may answer even later: such answers are dropped. */
void http_server_close(struct http_server *server, uint64_t grace_ms, void (*closed)(void *context),
                       void *context);
void http_server_free(struct http_server *server);
/* One of so many servers of this process: it gets its part of what clients together may take. */
void http_server_share(struct http_server *server, size_t parts);

struct http_listen_options {
    const char *host; /* "127.0.0.1", "::1", "0.0.0.0", a name is resolved */
    uint16_t port;    /* 0: the kernel picks */
    http_handle_fn *handle;
    void *context;
    bool any_host;    /* do not guard against forged requests */
    bool no_pages;    /* programs alone ask here: what a browser sends is refused, local or not */
    bool shared_port; /* SO_REUSEPORT: the servers of several loops listen on it together */
    const char *cors; /* which web pages are let in (net/cors.h); NULL: none */
    /* No port: connections come by http_take() alone. host is what requests may call it. */
    bool unbound;
    /* Every accepted connection, before anything was read: whether it stays, else it is dealt to
     * another server, for its http_take(). Both or none; NULL: all stay. */
    bool (*stays)(void *context);
    void (*deal)(void *context, struct http_parcel *parcel);
    /* The largest body of a request whose head is read; NULL: HTTP_BODY_SIZE_MAX for all. */
    size_t (*body_size_max)(const struct http_request *request);
};
/* IN_USE when the port is taken; NOT_FOUND when the host is not one of this machine's. A name's
 * first IPv4 address is taken, else its first IPv6 address. IPv6 listeners take IPv6 only, so that
 * 127.0.0.1 and ::1 can share a port number. */
MUST_USE enum status http_listen(struct http_server *server,
                                 const struct http_listen_options *options,
                                 struct http_listener **ret, uint16_t *ret_port);
/* Stops accepting and closes the listener's connections when they are idle. */
void http_listener_close(struct http_listener *listener);

/* ---- a connection goes to another server ---- */

/* In the handler: the request is to be handled by another server, and all that come behind it on
 * its connection. `given` is called on this loop, after the handler and once the answers before it
 * are out, with what is handed to that server's thread for http_take(); not at all when the client
 * goes away before. The request is the caller's no more. */
void http_give(struct http_request *request,
               void (*given)(void *context, struct http_parcel *parcel), void *context);
/* On the thread of the listener's server: takes the parcel, and handles its request. */
void http_take(struct http_listener *listener, struct http_parcel *parcel);
/* Nobody takes it: its connection is closed. On any thread. */
void http_parcel_free(struct http_parcel *parcel);

/* ---- a request ---- */

struct arena *http_arena(struct http_request *request);
struct bytes http_method(const struct http_request *request); /* "POST" */
struct bytes http_path(const struct http_request *request); /* decoded (%2F kept), without query */
struct bytes http_target(const struct http_request *request); /* as it was sent, with query */
/* Empty when it is not there; names without regard to case. */
struct bytes http_header(const struct http_request *request, const char *name);
/* Decoded value of ?name=value; false when it is not there. Bytes in the request's arena. */
bool http_query(struct http_request *request, const char *name, struct bytes *ret);
/* Whole, dechunked and gunzipped. */
struct bytes http_body(const struct http_request *request);
/* Dechunked only: the bytes that a signature covers. */
struct bytes http_body_as_sent(const struct http_request *request);

/* CRC-32 of what is sent, as x-amz-crc32 tells it. */
uint32_t http_checksum(struct bytes bytes);

/* Headers in the order they came, for signatures. */
struct http_header_pair {
    struct bytes name, value;
};
size_t http_headers(const struct http_request *request, const struct http_header_pair **ret);

/* Something of the caller's that is told, once, when the client goes away before the answer or
 * shuts its sending side (most that do are going, and whoever waits for long should not wait for
 * them). The request still has to be answered, in `gone` or later; the answer is sent if the client
 * is there to take it. When the client is gone already, `gone` is called within http_on_gone(); not
 * so in the handler itself, before it returns. */
void http_on_gone(struct http_request *request, void (*gone)(void *context), void *context);

/* Its client asks one thing after the other, and nobody else asks this server: who handles it may
 * take the loop's time. */
bool http_is_alone(const struct http_request *request);

/* Whether a web page of another place sent it, which --cors let in. */
bool http_is_foreign(const struct http_request *request);

/* ---- the answer ---- */

struct http_answer {
    int status;
    const char *content_type;               /* NULL: no body expected */
    const struct http_header_pair *headers; /* extra ones */
    size_t header_count;
    struct bytes body; /* copied before http_answer() returns */
};
void http_answer(struct http_request *request, const struct http_answer *answer);
/* When the client asks for gzip and the body is worth it: true, and *body compressed, in the
 * request's arena. The answer then needs Content-Encoding: gzip. */
bool http_gzip(struct http_request *request, struct bytes *body);

/* An answer in pieces (chunked), for what goes on: tail, logs. After http_stream_begin() the
 * request stays valid until http_stream_end() is called or `gone` returns, whichever is first;
 * `gone` takes the place of http_on_gone()'s, and is never called within these functions except the
 * first. */
void http_stream_begin(struct http_request *request, int status, const char *content_type,
                       void (*gone)(void *context), void *context);
void http_stream_write(struct http_request *request, struct bytes piece);
/* Bytes given to http_stream_write() that the client has not taken yet: slow down above a limit. */
size_t http_stream_waiting(const struct http_request *request);
void http_stream_end(struct http_request *request);

/* ---- figures ---- */
struct http_figures {
    uint64_t connections_open, connections_total, requests_total, refused_total;
};
/* On any thread. */
void http_figures(const struct http_server *server, struct http_figures *ret);

#endif
