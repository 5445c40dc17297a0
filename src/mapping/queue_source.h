/* mapping/queue_source.h - a queue as the source of a mapping. (AWS: Lambda developer guide, "Using
 * Lambda with Amazon SQS".)
 *
 * Pollers (poller.h) receive messages; one of them at a time, so that messages are not spread over
 * batches that could be one. The queue wakes a receive that waits; nothing polls. There are
 * QUEUE_SOURCE_POLLERS of them, which is where Lambda begins, or as many as the mapping's maximum
 * concurrency says: so many batches are with the consumer at a time. In a FIFO queue a message is
 * not received while an earlier one of its group is in flight, so a group is handled in order
 * whatever the number of pollers.
 *
 * A queue that is deleted is waited for: when it is there again under its name, it is read again.
 *
 * One loop thread. */
#ifndef DYNLOG_MAPPING_QUEUE_SOURCE_H
#define DYNLOG_MAPPING_QUEUE_SOURCE_H

#include "mapping/internal.h"
#include "mapping/poller.h"
#include "mapping/queue_record.h"

#define QUEUE_SOURCE_POLLERS 5          /* AWS: "five batches at a time"; it adds more under load */
#define QUEUE_SOURCE_DELETIONS_MAX 1000 /* messages in one work: the writer has others to serve */
#define QUEUE_SOURCE_FAILED_MAX 10000   /* remembered for whoever hurries them */
#define QUEUE_SOURCE_HANDLE_SIZE_MAX 48 /* of a receipt handle: 44 (queues/handle.c) */

struct failed_message { /* in flight until then */
    uint64_t visible_ms;
    uint8_t handle[QUEUE_SOURCE_HANDLE_SIZE_MAX];
    size_t handle_size;
};

struct queue_source {
    struct mapping *mapping;
    struct matcher *filters; /* NULL: every message is wanted */
    struct queue_origin origin;
    struct bytes queue_name;
    struct poller **pollers;
    size_t poller_count;
    size_t settling; /* works of the queue that are ours */
    struct failed_message *failed;
    size_t failed_count, failed_capacity;
    bool ending; /* the mapping's settings change, or it goes */
};

extern const struct mapping_reader mapping_queue_reader; /* mapping->queue is its source */

/* Messages that the mapping gets when their time has come: failed before, delayed, or received by
 * somebody else. */
void queue_source_hidden(const struct mapping *mapping, struct waits *waits);

/* ---- of its pollers ---- */

/* Whether the consumer wants it. */
bool queue_source_wants(const struct queue_source *source, const struct queue_received *received);
/* They are done with. The handles are copied. */
void queue_source_delete(struct queue_source *source, const struct bytes *handles, size_t count);
/* It failed: the queue gives it out again then. */
void queue_source_failed(struct queue_source *source, struct bytes handle, uint64_t visible_ms);

#endif
