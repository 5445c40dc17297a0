/* cli/rebuild_feed.h - what rebuild_feed.c and rebuild_give.c share: history on its way into the
 * function.
 *
 *   page --> events it gets --> bundles, one being filled for each lane --> lanes --> invocations
 *
 * A bundle is what one lane gives at once: one event, or, where there are mappings, as many as
 * their smallest batch takes. Streams are spread over lanes, so the events of one are in one
 * bundle, in their order, or in bundles that follow each other. */
#ifndef DYNLOG_CLI_REBUILD_FEED_H
#define DYNLOG_CLI_REBUILD_FEED_H

#include "cli/rebuild.h"

#include <pthread.h>

struct bundle {
    struct rebuild_event **events;
    size_t count, capacity;
    size_t size;                                               /* of their lines and parts */
    size_t records[REBUILD_WAYS_MAX], sizes[REBUILD_WAYS_MAX]; /* of each mapping's batch */
};

struct feeding {
    struct rebuild *on;
    const char *paths[REBUILD_WAYS_MAX]; /* of an invocation, by each way */
    struct lanes *lanes;
    struct client *clients[LANES_MAX]; /* one a lane */
    bool held;                         /* what rebuild_keep() is told */
    struct bundle *open[LANES_MAX];    /* NULL: nothing is being filled */
    uint64_t begin_ns, given;          /* for the rate */
    uint64_t kept_ns;
    uint64_t failed_before;

    pthread_mutex_t lock; /* everything below, and the terminal */
    struct progress progress;
    uint64_t fed, failed;
    size_t waiting_size; /* of bundles that were given, and are not done */
    uint64_t stopped_at; /* position of the event that stopped it; 0: none did */
    const char *message; /* about that one */
    struct arena *arena; /* of the message */
    enum cli_exit exit_status;
};

void bundle_free(struct bundle *bundle);

/* On the lane's thread: all of it, by each way. False: it stops here. */
bool rebuild_give(struct feeding *feeding, unsigned lane, const struct bundle *bundle);

#endif
