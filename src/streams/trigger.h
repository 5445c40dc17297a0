/* streams/trigger.h - the built-in trigger: change records of log streams become bus events,
 * exactly once. Used when a stack has no trigger function of its own.
 *
 * INSERT and MODIFY records of items whose pk ends in "#stream" become events with source
 * "dynamodb-log", detail type "stream changes" and detail
 *     {"log":L,"key":{"pk":P,"sk":N},"type":T,"payload":{...}}
 * When the entry would pass EventBridge's limit (TRIGGER_DETAIL_SIZE_MAX), detail has
 * "partial":true and payload only {"id":...}; then {}, and then log and type are left out too.
 * Other records are skipped.
 *
 * Exactly once: the events and the cursor are written in one batch, through the door. One put is in
 * flight at a time, and the records of all shards are read as one run by position, so the order of
 * writes is the order of events, also while shards roll and split. */
#ifndef DYNLOG_STREAMS_TRIGGER_H
#define DYNLOG_STREAMS_TRIGGER_H

#include "streams/streams.h"

#define TRIGGER_BATCH_MAX 500 /* change records in one put */
#define TRIGGER_DETAIL_SIZE_MAX                                                                    \
    ((size_t)256 * 1024 - 1024) /* PutEvents: 256 KB with names and time */

struct trigger_event {
    struct bytes detail; /* JSON */
    uint64_t position;   /* of the change record */
};

struct trigger_put { /* what the trigger asks the bus to do in one batch */
    struct trigger_event *events;
    size_t count; /* may be 0: only the cursor moves */
    struct arena *arena;
    void (*also)(struct store_batch *batch, struct trigger_put *put); /* in the same batch */
    void (*done)(struct trigger_put *put, enum status status);
};

struct trigger_door {
    void *context;
    void (*put)(void *context, struct trigger_put *put);
    void (*changed)(void *context); /* in_flight may have changed: drain looks again */
    struct journeys *journeys;      /* NULL: nobody asks */
    struct bytes table_name;        /* for them; must live as long as the trigger */
};

struct trigger;

/* name: of the cursor. Starts where the cursor stands, or at from_position for a new one. */
struct trigger *trigger_new(struct streams *streams, struct store *store, struct timers *timers,
                            struct bytes name, uint32_t stream_id, uint64_t from_position,
                            const struct trigger_door *door);
void trigger_free(struct trigger *trigger); /* stops; nothing of it may be in flight */
/* Stops reading more; true when nothing is in flight any more. */
bool trigger_stop(struct trigger *trigger);
/* Records up to here are on the bus. */
uint64_t trigger_cursor(const struct trigger *trigger);
/* Committed records that it has not handed over yet, whether or not a put is under way. */
bool trigger_busy(struct trigger *trigger);

#endif
