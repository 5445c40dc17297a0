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

/* server_reader.c */
enum dynlog_status server_subscribe(struct asked *asked,
                                    const struct dynlog_subscription *subscription,
                                    const struct server_state *state, struct dynlog_reader **ret,
                                    struct dynlog_error *error);

#endif
