/* client/client.h - requests to the target: signed, tried again when that is safe, answered with
 * what went wrong in words. The only file of the folder that knows libcurl.
 *
 * A client is one thread's at a time; any number of them may be used side by side.
 *
 * What is tried again, as AWS's SDKs do: a connection that broke, an answer that is damaged (its
 * x-amz-crc32 is another one), a 5xx answer, throttling; with a growing, random pause, and not
 * before a Retry-After. A write whose answer was lost may have been done all the same: the answer
 * says so (`uncertain`), and whoever wrote on a condition looks whether what stands there is its
 * own.
 *
 * Keys of a process (client/credentials.h) are renewed some minutes before they are over, and when
 * the other side says that they are. */
#ifndef DYNLOG_CLIENT_CLIENT_H
#define DYNLOG_CLIENT_CLIENT_H

#include "client/target.h"
#include "json/json.h"

#define CLIENT_TRIES_MAX 6
#define CLIENT_CONNECT_MS 5000
#define CLIENT_ANSWER_MS 10000
#define CLIENT_RETRY_AFTER_MS_MAX 20000           /* a longer wait is the caller's decision */
#define CLIENT_RENEW_MS ((uint64_t)5 * 60 * 1000) /* before keys are over */
#define CLIENT_BODY_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct client;

/* The target must live as long as the client. */
struct client *client_new(const struct target *target);
void client_free(struct client *client);
static inline void client_release(struct client **client) /* for AUTO() */
{
    client_free(*client);
}
const struct target *client_target(const struct client *client);

struct client_header {
    const char *name, *value;
};

struct client_request {
    enum target_service service;
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *path;   /* from the slash, with its query in canonical form (client_query()) */
    const char *target; /* X-Amz-Target; NULL: none */
    const char *content_type;            /* NULL: "application/x-amz-json-1.0" */
    const struct client_header *headers; /* more of them */
    size_t header_count;
    struct bytes body;
    int64_t answer_ms; /* how long an answer may take; 0: CLIENT_ANSWER_MS; -1: for ever */
    bool once;         /* never tried again */
};

struct client_answer {
    int http_status;   /* 0: none came */
    struct bytes head; /* its header lines */
    struct bytes body;
    const struct json *json; /* NULL: the body is none */
    struct bytes error_name; /* AWS's, without its prefix; empty when the answer says none */
    struct bytes message; /* empty when nothing listens on this machine: there is no more to say */
    bool no_space;        /* a dynlog says that its disk is full: nothing was written */
    bool uncertain;       /* a try was sent and may have been done, whatever this answer says */
};

/* OK: an answer of 200 to 299. REFUSED: any other answer. CLOSED: nothing answers. TIMED_OUT: it
 * was sent, and no answer came. The answer lives in the arena, also when not OK. */
MUST_USE enum status client_ask(struct client *client, struct arena *arena,
                                const struct client_request *request, struct client_answer *ret);
/* What refused a path of dynlog's own does not know it: dynlog itself refuses by a name (a
 * signature, a host), and by another one. */
bool client_is_stranger(const struct client_answer *answer);
/* The value of an answer's header; empty: it has none. */
struct bytes client_header(const struct client_answer *answer, const char *name);
/* One operation of DynamoDB: "PutItem". */
MUST_USE enum status client_call(struct client *client, struct arena *arena, const char *operation,
                                 struct bytes body, struct client_answer *ret);

/* Appends "&name=value" ("?" for the first) as a signature wants it: names are given in their
 * order. */
void client_query(struct buffer *path, const char *name, struct bytes value);

/* Waits after the try number `turn` (from 0): random, up to 50 ms, doubled each turn to 3.2 s. */
void client_pause(const struct client *client, unsigned turn);
/* For tests: tries follow each other at once. */
void client_never_pause(struct client *client);

#endif
