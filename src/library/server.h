/* library/server.h - what only a dynlog server answers: /_dynlog/... */
#ifndef DYNLOG_LIBRARY_SERVER_H
#define DYNLOG_LIBRARY_SERVER_H

#include "library/asked.h"

struct server_state {
    uint64_t position;     /* of the last write that is visible */
    struct bytes store_id; /* in the arena */
};
/* DYNLOG_UNSUPPORTED: it is AWS, or something else that is no dynlog. */
enum dynlog_status server_state(struct asked *asked, struct arena *arena, struct server_state *ret,
                                struct dynlog_error *error);
/* A path of dynlog's own, of a place that is one. Whatever was lost on the way is tried again: for
 * what changes nothing more when it is asked again. What was answered is in *ret, also when not
 * OK. */
enum dynlog_status server_ask(struct asked *asked, struct arena *arena, const char *method,
                              const char *path, struct client_answer *ret,
                              struct dynlog_error *error);

/* A line of /_dynlog/log. False: it is none. Texts in the arena. */
bool server_event_of_line(struct arena *arena, struct bytes line, struct dynlog_event *ret);

/* shard_reader.c: where another engine answers */
enum dynlog_status shards_subscribe(struct asked *asked,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error);

/* server_reader.c; server_member.c: under a name */
enum dynlog_status server_join(struct asked *asked, const struct dynlog_subscription *subscription,
                               const struct server_state *state, struct dynlog_reader **ret,
                               struct dynlog_error *error);

enum dynlog_status server_subscribe(struct asked *asked,
                                    const struct dynlog_subscription *subscription,
                                    const struct server_state *state, struct dynlog_reader **ret,
                                    struct dynlog_error *error);

#endif
