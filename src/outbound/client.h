/* outbound/client.h - an HTTP client on the loop: one request in, its answer out. Nothing blocks,
 * not even the look-up of a name: libcurl's multi interface, with libuv for its sockets and timer.
 *
 *   outbound_client_send() --> on the wire --> done()
 *                                 |
 *                                 +--> outbound_client_cancel(): gone, no done()
 *
 * What always holds:
 *   1. done() is called once, from the loop, never from within outbound_client_send().
 *   2. Redirects are not followed, cookies not kept, credentials of the machine not sent, and
 *      certificates are checked against the system's store.
 *   3. An answer is held up to its limits and no further: of its head, and of its body.
 *   4. A header with a line end in it is never sent: such a request ends OUTBOUND_UNUSABLE.
 *
 * Time is the machine's, whatever a test's clock says: sockets know no other. One loop thread. */
#ifndef DYNLOG_OUTBOUND_CLIENT_H
#define DYNLOG_OUTBOUND_CLIENT_H

#include "base/arena.h"

#include <uv.h>

#define OUTBOUND_HEAD_SIZE_MAX ((size_t)64 * 1024) /* of an answer */
/* At once, over all targets. Beyond it a request waits for a connection, and its time runs. */
#define OUTBOUND_CONNECTIONS_MAX 512

struct outbound_client;
struct outbound_exchange;

/* Nothing is set up before the first request. `changed` (may be NULL) is called when a request
 * ended: somebody who waits for quiet looks again. */
struct outbound_client *outbound_client_new(uv_loop_t *loop, void (*changed)(void *context),
                                            void *context);
/* Requests under way end without done(). True: nothing of the client is with the loop any more;
 * call again, after the loop has turned, until then. */
bool outbound_client_stop(struct outbound_client *client);
void outbound_client_free(struct outbound_client *client); /* after outbound_client_stop() */

/* Requests whose done() was not called yet. */
size_t outbound_client_in_flight(const struct outbound_client *client);

enum outbound_end {
    OUTBOUND_ANSWERED,     /* with whatever status */
    OUTBOUND_TIMED_OUT,    /* not whole within timeout_ms */
    OUTBOUND_NO_SUCH_HOST, /* the name has no address */
    OUTBOUND_UNREACHABLE,  /* no connection, or it broke */
    OUTBOUND_UNTRUSTED,    /* TLS: no handshake, or a certificate that nobody vouches for */
    OUTBOUND_TOO_LARGE,    /* head or body */
    OUTBOUND_UNUSABLE,     /* the request can't be sent as it is */
};

struct outbound_header {
    struct bytes name, value;
};

struct outbound_request {
    const char *method; /* "POST" */
    struct bytes url;   /* http:// or https:// */
    const struct outbound_header *headers;
    size_t header_count;
    struct bytes body;
    bool has_body;        /* an empty one too */
    bool direct;          /* never through the environment's proxy: the target is this machine */
    bool new_connection;  /* for this request alone */
    uint64_t timeout_ms;  /* from sending to the answer's last byte */
    size_t body_size_max; /* of the answer */
    bool cut_body;        /* what is beyond is not read, and the answer counts; else TOO_LARGE */
    void (*done)(struct outbound_request *request);
    void *context;
    /* Results, until done() returns. */
    enum outbound_end end;
    int status;
    struct outbound_header *answer_headers;
    size_t answer_header_count;
    struct bytes answer_body;
    /* private */
    struct outbound_exchange *exchange;
};

/* The request must live until done() or a cancel; what it points to is copied. */
void outbound_client_send(struct outbound_client *client, struct outbound_request *request);
/* Harmless when it is not under way. */
void outbound_client_cancel(struct outbound_client *client, struct outbound_request *request);

/* The first header of the answer with that name, whatever its case; empty when there is none. */
struct bytes outbound_answer_header(const struct outbound_request *request, const char *name);

#endif
