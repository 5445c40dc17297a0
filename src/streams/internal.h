/* streams/internal.h - what streams.c, read.c and trim.c share. */
#ifndef DYNLOG_STREAMS_INTERNAL_H
#define DYNLOG_STREAMS_INTERNAL_H

#include "streams/streams.h"

#define STREAM_TRIM_INTERVAL_MS ((uint64_t)60 * 1000)
#define TRIM_RECORDS_MAX 20000 /* looked at in one run, so that the loop goes on */

struct trim; /* trim.c: the deletion of what is older than a day */

struct streams {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct list listeners;
    struct trim *trim;
};

struct trim *trim_new(struct streams *streams);
void trim_free(struct trim *trim);

/* The name under which a stream's trim point is kept, among the cursors. */
struct bytes trim_cursor_name(uint32_t stream_id, char room[32]);

#endif
