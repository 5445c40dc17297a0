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
 * Exactly once: the events and the cursor are written in one batch, through the door. One such
 * batch is in flight at a time, and the records of all shards are read as one run by position, so
 * the order of writes is the order of events, also while shards roll and split.
 *
 * Nobody waits for that batch who need not (docs/adr/0055): the records are durable, and say
 * everything that their events are made of. So the door may let targets begin with an event at
 * once; a page whose targets all did is written TRIGGER_WAIT_MS later, with the pages that came
 * meanwhile. After a crash before that the same records make the same events, and targets get them
 * again.
 *
 *   read ---> begun ---> (waits for others, and for its ends) ---> being written ---> gone
 *
 * What has ended well by then is in no batch; so of targets that keep up a batch has nothing but
 * the cursor (docs/adr/0063). A page that waits for nothing takes those before it along. */
#ifndef DYNLOG_STREAMS_TRIGGER_H
#define DYNLOG_STREAMS_TRIGGER_H

#include "streams/streams.h"

#define TRIGGER_BATCH_MAX 500 /* change records in one page */
/* So much of what was handled is handled again after a crash; so many batches a second it costs. */
#define TRIGGER_WAIT_MS ((uint64_t)25)
/* Pages that are not written yet: when the disk is slow, those that follow get longer instead. None
 * is read while TRIGGER_BATCH_MAX events wait for the next batch, so it has fewer than two of them.
 */
#define TRIGGER_PAGES_MAX 256
#define TRIGGER_PAGES_SIZE_MAX ((size_t)4 * 1024 * 1024) /* with more, they are written at once */
/* Targets that are slower than the records that come are helped by nobody who reads on: what is not
 * read waits in its change record, for nothing. So no page is read while this many events have
 * begun and not ended, until half of them have.
 *
 * But a target that stands still must not hold up the others, nor be why much is handled again.
 * What has not ended TRIGGER_LATE_MS after it began is written; and when a quarter of what may have
 * begun did not end within TRIGGER_SLOW_MS, nothing waits for ends for TRIGGER_HASTY_MS. */
#define TRIGGER_BEGUN_MAX 256
#define TRIGGER_LATE_MS ((uint64_t)100)
#define TRIGGER_SLOW_MS ((uint64_t)200)
#define TRIGGER_HASTY_MS ((uint64_t)5 * 1000)
/* Who has not reached the last record for so long reads and writes as fast as the disk lets it: a
 * record lives for a day. */
#define TRIGGER_BEHIND_MS ((uint64_t)60 * 1000)
#define TRIGGER_DETAIL_SIZE_MAX                                                                    \
    ((size_t)256 * 1024 - 1024) /* PutEvents: 256 KB with names and time */

struct trigger_event {
    struct bytes detail; /* JSON */
    uint64_t position;   /* of the change record */
    uint64_t time_ms;    /* its time */
};

struct trigger_put { /* what the trigger asks the bus to do: the events of one page */
    struct trigger_event *events;
    size_t count; /* may be 0: only the cursor moves */
    struct arena *arena;
    struct trigger_put *next; /* in the same batch, behind this one */
    void *slot;               /* the door's, from begin() to done() */
    /* Once for a batch, of its first put: the cursor behind the last one that could be written, in
     * the same batch; the end. last NULL: none was. */
    void (*also)(struct store_batch *batch, struct trigger_put *last);
    void (*done)(struct trigger_put *first, struct trigger_put *last, enum status status);
    /* The door lets go of what begin() said that it keeps; also after done(). */
    void (*released)(struct trigger_put *put);
    /* Of what begin() said that it keeps, one has ended well before it was written: the batch has
     * nothing of it. */
    void (*ended_well)(struct trigger_put *put);
};

struct trigger_door {
    void *context;
    /* May be NULL. Targets begin with what they can; *ret_kept: so many times released() will be
     * called, until when the put must live. True: nobody waits for the batch. */
    bool (*begin)(void *context, struct trigger_put *put, size_t *ret_kept);
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
/* Records up to here are on the bus, durably. */
uint64_t trigger_cursor(const struct trigger *trigger);
/* What waits for others is written now: somebody waits for it. */
void trigger_hurry(struct trigger *trigger);
/* Committed records that it has not handed over yet, whether or not a put is under way. */
bool trigger_busy(struct trigger *trigger);

#endif
