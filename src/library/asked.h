/* library/asked.h - places that are asked over HTTP: what the files of them share. */
#ifndef DYNLOG_LIBRARY_ASKED_H
#define DYNLOG_LIBRARY_ASKED_H

#include "library/reader.h"

#include <pthread.h>

/* The position of what a write wrote, in the answer of a dynlog. */
#define ASKED_POSITION_HEADER "x-dynlog-position"
/* Asks a dynlog for DynlogPositions beside the items of a Query; others pass over it. */
#define ASKED_POSITIONS_HEADER "X-Dynlog-Positions"

struct asker { /* a client is one thread's at a time: as many as there are threads that ask */
    struct asker *next;
    struct client *client;
};

struct asked {
    struct dynlog base;
    struct arena *arena; /* of the target's texts */
    struct target target;
    int64_t answer_ms;
    pthread_mutex_t mutex;
    struct asker *idle;
    struct streams_kept *kept; /* asked_list.c; NULL: nothing */
};

struct asker *asked_take(struct asked *asked);
void asked_give(struct asked *asked, struct asker *asker);

/* One operation of DynamoDB, or of DynamoDB Streams, which AWS has another host for; target: with
 * its prefix. */
enum status asked_call(struct asked *asked, struct arena *arena, const char *target,
                       struct bytes body, struct client_answer *ret);

enum status asked_call_streams(struct asked *asked, struct arena *arena, const char *target,
                               struct bytes body, struct client_answer *ret);

/* server.c: the rest of struct place_kind. */
enum dynlog_status asked_subscribe(struct dynlog *dynlog,
                                   const struct dynlog_subscription *subscription,
                                   struct dynlog_reader **ret, struct dynlog_error *error);
enum dynlog_status asked_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                              struct dynlog_error *error);
void asked_streams_forget(struct asked *asked);
enum dynlog_status asked_streams(struct dynlog *dynlog, const struct streams_query *query,
                                 struct dynlog_streams **ret, struct dynlog_error *error);
enum dynlog_status asked_position(struct dynlog *dynlog, uint64_t *ret, struct dynlog_error *error);
enum dynlog_status asked_forget(struct dynlog *dynlog, const char *log, const char *id,
                                struct dynlog_error *error);

enum dynlog_status asked_make_private(struct dynlog *dynlog, const char *log,
                                      struct dynlog_error *error);
enum dynlog_status asked_private_logs(struct dynlog *dynlog, struct dynlog_private_logs **ret,
                                      struct dynlog_error *error);

#endif
