/* mapping/poller.h - one batch of a queue at a time: received, filtered, handed over, deleted.
 *
 *   RESTING ----> FILLING ----> RUNNING ----> RESTING
 *                 received,     with the        ^
 *                 collected     consumer        |
 *                               |    ^          |
 *                               v    |          |
 *                            BACKING_OFF -------+ its messages can be received again
 *
 * A batch is what was received until batch_size, the batch window or what an event may hold; what
 * an event can't hold of it is the next part, handed over after the first one.
 *
 * What becomes of messages: those that match no filter are deleted when they were received; those
 * of a batch that was handled are deleted, all in one work; what failed is left alone, and the
 * queue gives it out again when its visibility timeout is over, or makes a dead letter of it. A
 * batch that was not taken (throttled, no such function) is offered again as long as nobody else
 * can receive its messages.
 *
 * What always holds: a poller has messages only in FILLING, RUNNING and BACKING_OFF; a message that
 * is with a poller is in flight in the queue until `visible_ms`. */
#ifndef DYNLOG_MAPPING_POLLER_H
#define DYNLOG_MAPPING_POLLER_H

#include "mapping/consumer.h"
#include "mapping/mapping.h"
#include "queues/queues.h"

enum poller_state {
    POLLER_RESTING,
    POLLER_FILLING,
    POLLER_RUNNING,
    POLLER_BACKING_OFF,
    POLLER_STATE_COUNT
};

struct queue_source;

struct poller {
    struct queue_source *source;
    enum poller_state state;

    /* the batch */
    struct arena *arena; /* of its messages */
    struct queue_received *messages;
    size_t count, capacity;
    size_t size;         /* of their bodies and attributes */
    uint64_t visible_ms; /* when the first of them can be received again */

    /* filling */
    struct queue_receive receive;
    bool receiving;
    struct timer window; /* from the first message on */
    struct timer again;  /* the store failed */
    bool window_over;

    /* the part [begin, end) that is handed over */
    size_t begin, end;
    struct buffer text;
    struct mapping_record *records;
    size_t record_capacity;
    struct mapping_handover handover;
    bool taking, ended;  /* take() has not returned; done() was called */
    struct timer expiry; /* at visible_ms */
    bool expired;
    uint64_t delay_ms; /* before it is offered again */
    struct timer back_off;
};

struct poller *poller_new(struct queue_source *source);
void poller_free(struct poller *poller); /* resting */

/* Receives. */
void poller_begin(struct poller *poller);
/* Ends as soon as it can: what it has received is handed over now, and not offered again. */
void poller_end(struct poller *poller);
/* The process stops: nothing new, no timers; what was received is left to the queue. */
void poller_stop(struct poller *poller);

/* ---- journey.c ---- */

/* For the journeys: no filter takes it. */
void poller_tell_filtered(const struct poller *poller, const struct queue_received *received);
/* It was handled, or can be received again. */
void poller_tell_message(const struct poller *poller, size_t index, bool handled);
/* How the hand-over ended; next_ms: when it is offered again, 0: it is not. */
void poller_tell_batch(const struct poller *poller, uint64_t next_ms);

void poller_waits(const struct poller *poller, struct waits *waits);
void poller_hurry(struct poller *poller);

#endif
