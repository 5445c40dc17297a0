/* queues/queues.h - message queues, as SQS has them: what is sent waits durably until somebody who
 * received it deletes it. (AWS: SQS developer guide and API reference.)
 *
 *   send --batch--> [delayed] --> ready --receive--> in flight --delete--> gone
 *                                   ^                    |
 *                                   +-- its time is over-+     received too often: to the
 *                                                              dead-letter queue of the queue
 *
 * What always holds:
 *   1. A message is in exactly one of these states, and the store says in which: a send, a receive,
 *      a deletion has happened when its batch is on disk, and not before it is answered.
 *   2. A message that is in flight is given to nobody else until its time is over.
 *   3. In a FIFO queue a message is not given out while an earlier one of its group is there that
 * is in flight or not due; so a group is received in the order in which it was sent.
 *   4. Nothing polls: whoever waits for a message is woken by the commit that brings it or by the
 *      timer that makes it ready. All time is the clock's, but for how long a receive waits: that
 * is a client at a socket, which has its own.
 *
 * Everything that changes is decided on the store's writer, against its batch (internal.h says
 * how), so works of one group see each other. One loop thread, except where said. Formats:
 * docs/format/queue.md. */
#ifndef DYNLOG_QUEUES_QUEUES_H
#define DYNLOG_QUEUES_QUEUES_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/faults.h"
#include "base/id.h"
#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"

#define QUEUE_NAME_SIZE_MAX 80
#define QUEUE_COUNT_MAX 10000 /* AWS has no limit; each takes some memory */
#define QUEUE_MESSAGE_SIZE_MIN 1024
#define QUEUE_MESSAGE_SIZE_MAX ((size_t)1024 * 1024) /* since August 2025; 256 KB before */
#define QUEUE_BATCH_MAX 10 /* entries of one batch, messages of one receive */
#define QUEUE_DELAY_S_MAX 900
#define QUEUE_VISIBILITY_S_MAX 43200
#define QUEUE_WAIT_S_MAX 20
#define QUEUE_RETENTION_S_MIN 60
#define QUEUE_RETENTION_S_MAX 1209600
#define QUEUE_ID_SIZE_MAX 128 /* of MessageGroupId, MessageDeduplicationId and attempt ids */
#define QUEUE_MESSAGE_ATTRIBUTES_MAX 10
#define QUEUE_TAGS_MAX 50
#define QUEUE_MAX_RECEIVES_MAX 1000 /* maxReceiveCount */
#define QUEUE_IN_FLIGHT_MAX 120000  /* of one queue */
#define QUEUE_DEDUPLICATION_S 300   /* how long deduplication and attempt ids are remembered */
#define QUEUE_DELETED_RECENTLY_S 60 /* before the name of a deleted queue may be used again */
#define QUEUE_PURGE_INTERVAL_S 60
#define QUEUE_MOVE_TASKS_MAX 10 /* that are remembered of one queue */
#define QUEUE_MOVE_RATE_MAX 500

struct queues;
struct vault;

struct queues_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* long polls, tries of the store; NULL: `timers` */
    struct faults *faults;      /* that a test asked for; NULL: none */
    struct vault *vault; /* payloads of private logs are sealed in bodies; NULL: nothing is */
    const struct arn_place *place;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    /* A message went to the dead-letter queue, and that is durable; may be NULL. */
    void (*moved)(void *context, const char *message_id, struct bytes from_arn,
                  struct bytes to_arn);
    void *context;
};

/* Timers of what the store holds run from now on, and message move tasks go on. */
MUST_USE enum status queues_open(const struct queues_options *options, struct queues **ret);
/* From now on nobody waits and nothing new begins: receives that wait end without a message. True:
 * nothing is with the store's writer any more. Call again, after the port has run, until then. */
bool queues_stop(struct queues *queues);
void queues_close(struct queues *queues); /* after queues_stop() */
/* A change is with the writer, or a move task runs. Messages that wait for somebody to receive
 * them, delayed or not, are nothing that is under way. */
bool queues_busy(const struct queues *queues);
/* Of that, what moves by itself: all but move tasks that wait for what their rate lets through. */
bool queues_moving(const struct queues *queues);
struct waits queues_waits(const struct queues *queues);

/* ---- queues: descriptions live until the next change ---- */

struct queue_pair { /* an attribute or a tag, as text */
    struct bytes name, value;
};

struct queue_settings {
    uint32_t visibility_s, delay_s, retention_s, wait_s, size_max;
    bool fifo, content_based_deduplication;
    uint32_t deduplication_scope; /* 0: queue, 1: messageGroup */
    uint32_t
        fifo_throughput_limit; /* 0: perQueue, 1: perMessageGroupId; nothing is throttled here */
    struct bytes policy;       /* kept and told; nobody is refused by it */
    struct bytes kms_key;      /* the same; empty: none */
    uint32_t kms_reuse_s;
    bool managed_sse;
    struct bytes redrive_policy, redrive_allow_policy; /* JSON as given; empty: none */
    struct bytes dead_letter_arn;                      /* of redrive_policy */
    uint32_t max_receives;                             /* of redrive_policy */
};

struct queue_view {
    struct bytes name, arn;
    uint64_t id;
    uint64_t created_ms, modified_ms;
    struct queue_settings settings;
    const struct queue_pair *tags; /* by name */
    size_t tag_count;
};

const struct queue_view *queues_find(const struct queues *queues, struct bytes name);
/* By ARN; NULL also when the ARN is another account's or region's, or none. */
const struct queue_view *queues_find_arn(const struct queues *queues, struct bytes arn);
/* In name order; an array in the arena. */
void queues_list(const struct queues *queues, struct bytes name_prefix, struct arena *arena,
                 const struct queue_view ***ret, size_t *ret_count);
/* Those whose dead-letter queue it is. */
void queues_list_sources(const struct queues *queues, const struct queue_view *dead_letters,
                         struct arena *arena, const struct queue_view ***ret, size_t *ret_count);

/* Told of each queue that was made, on the loop's thread: for whoever waits for one. */
struct queue_listener {
    void (*made)(struct queue_listener *listener, const struct queue_view *queue);
    struct list place;
};
void queues_listen(struct queues *queues, struct queue_listener *listener);
void queues_unlisten(struct queue_listener *listener);

struct queue_figures {
    uint64_t ready, in_flight, delayed;
};
MUST_USE enum status queues_figures(struct queues *queues, const struct queue_view *queue,
                                    struct queue_figures *ret);

/* ---- their attributes as text (attributes.c) ---- */

/* All that a queue has under AWS's names, but the figures; the n-th, or false behind the last one.
 * The text lives in the arena or in the queue. */
bool queue_attribute_at(const struct queue_view *queue, size_t n, struct arena *arena,
                        struct queue_pair *ret);
/* Whether GetQueueAttributes may be asked for it. */
bool queue_attribute_is_known(struct bytes name);

/* ---- changing queues ---- */

enum queue_change_kind {
    QUEUE_CREATE,            /* name, attributes, tags */
    QUEUE_SET,               /* name, attributes */
    QUEUE_DELETE,            /* name */
    QUEUE_PURGE,             /* name */
    QUEUE_TAG,               /* name, tags */
    QUEUE_UNTAG,             /* name, tags: their names */
    QUEUE_ADD_PERMISSION,    /* name, label, accounts, actions */
    QUEUE_REMOVE_PERMISSION, /* name, label */
};

struct queue_change {
    enum queue_change_kind kind;
    struct bytes name;
    struct queue_pair *attributes, *tags;
    size_t attribute_count, tag_count;
    struct bytes label, *accounts, *actions;
    size_t account_count, action_count;
    struct arena *arena;
    void (*done)(struct queue_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED */
    /* private */
    struct queues *queues;
    struct store_work work;
    struct list place;
    struct queue_view plan;
    struct queue *before; /* NULL: it is created */
    struct bytes stored;
    bool nothing; /* there is nothing to write */
};
/* REFUSED is told through done() too, perhaps before this returns. Changes are made one after the
 * other, in the order of the calls; the bytes of a change must live until its done(). */
void queues_change(struct queues *queues, struct queue_change *change);

/* ---- messages ---- */

struct message_attribute {
    struct bytes name, type, value; /* value: bytes when it is binary, else text */
    bool binary;
};

struct queue_message {
    struct bytes body;
    const struct message_attribute *attributes;
    size_t attribute_count;
    struct bytes group_id, deduplication_id; /* empty: none */
    struct bytes trace_header;               /* AWSTraceHeader; empty: none */
    struct bytes sender_id;                  /* empty: the account's */
    /* known once it was sent */
    struct bytes source_arn; /* the queue from which it came here as a dead letter; empty: none */
    uint64_t sent_ms, position;
    char message_id[ID_UUID_SIZE];
    bool sealed; /* of a record: the body is a sealed text (vault/vault.h) */
};

/* What a message counts for: its body, and names, types and values of its attributes. */
size_t queue_message_size(const struct queue_message *message);
/* As AWS computes them. */
#define QUEUE_MD5_SIZE 33 /* 32 hexadecimal digits and a NUL */
void queue_md5(struct bytes bytes, char out[QUEUE_MD5_SIZE]);
void queue_attributes_md5(const struct message_attribute *attributes, size_t count,
                          struct arena *arena, char out[QUEUE_MD5_SIZE]);
/* FIFO: "10000000000000000042", for SequenceNumber. Twenty digits, so that texts order as numbers.
 */
struct bytes queue_sequence_number(struct arena *arena, uint64_t position);

/* ---- sending ---- */

struct queue_entry {
    struct queue_message message;
    int64_t delay_s; /* -1: the queue's */
    bool failed;     /* error says why */
    struct api_error error;
};

struct queue_send {
    struct bytes queue_name;
    struct queue_entry *entries;
    size_t count;
    struct arena *arena;
    /* OK: each entry is sent or has failed for itself. REFUSED: error. */
    void (*done)(struct queue_send *send, enum status status);
    void *context;
    struct api_error error;
    /* private */
    struct store_work work;
    struct lane *lane;
    struct queue *queue;
    enum status outcome;
    uint64_t due_ms;
};
/* One batch; entries of a FIFO queue in their order. Told through done(), perhaps before this
 * returns. The send, its bytes and its arena must live until then. */
void queues_send(struct queues *queues, struct queue_send *send);

/* A message for a queue inside somebody else's batch: dead letters of buses and functions. */
struct queue_letter {
    struct bytes queue_arn;
    struct queue_message message; /* group_id too, when the queue may be a FIFO queue */
    /* private: from write() to written() */
    uint64_t queue_id, due_ms;
};
/* On the writer's thread: into the batch. NOT_FOUND: there is no such queue (any more). TOO_LARGE:
 * more than the queue takes. MALFORMED: characters that no message may have, or no group for a FIFO
 * queue. Then nothing was put. */
MUST_USE enum status queues_write(struct queues *queues, struct store_batch *batch,
                                  struct queue_letter *letter);
/* On the loop's thread, once that batch is durable, when queues_write() was OK. */
void queues_written(struct queues *queues, const struct queue_letter *letter);

/* ---- receiving ---- */

struct queue_received {
    struct queue_message message;
    struct bytes receipt_handle;
    uint64_t first_received_ms;
    uint32_t receive_count; /* in all queues it was in */
};

struct queue_receive {
    struct bytes queue_name;
    size_t maximum;       /* 1 to QUEUE_BATCH_MAX */
    int64_t visibility_s; /* -1: the queue's */
    int64_t wait_s;       /* -1: the queue's */
    struct bytes attempt_id;
    struct arena *arena;
    void (*done)(struct queue_receive *receive, enum status status);
    void *context;
    struct api_error error;
    /* results, in the arena */
    struct queue_received *messages;
    size_t count;
    /* private */
    struct lane *lane;
    struct list place;
    struct timer deadline;
    bool serving, over;
    uint64_t arrival, looked; /* looked: at so many of the lane's wakes */
    enum status outcome;
    struct taken *taken;
    uint32_t visibility_used_s;
};
/* Told through done(), perhaps before this returns. The receive must live until then. */
void queues_receive(struct queues *queues, struct queue_receive *receive);
/* Whoever asked is gone or does not want to wait longer: done() comes with what there is, now when
 * it only waits. */
void queues_receive_no_longer(struct queue_receive *receive);

/* ---- what is done to received messages ---- */

struct queue_receipt {
    struct bytes handle;
    int64_t visibility_s; /* QUEUE_CHANGE_VISIBILITY: 0 to QUEUE_VISIBILITY_S_MAX */
    bool failed;
    struct api_error error;
};

enum queue_settle_kind { QUEUE_DELETE_MESSAGES, QUEUE_CHANGE_VISIBILITY };

struct queue_settle {
    enum queue_settle_kind kind;
    struct bytes queue_name;
    struct queue_receipt *receipts;
    size_t count;
    struct arena *arena;
    void (*done)(struct queue_settle *settle, enum status status); /* as queue_send's */
    void *context;
    struct api_error error;
    /* private */
    struct store_work work;
    struct lane *lane;
    struct queue *queue;
    enum status outcome;
    uint64_t due_ms;
};
void queues_settle(struct queues *queues, struct queue_settle *settle);

/* ---- message move tasks: dead letters on their way back ---- */

enum queue_move_state { MOVE_RUNNING, MOVE_COMPLETED, MOVE_CANCELLED, MOVE_FAILED };

struct queue_move {
    char id[ID_UUID_SIZE];
    enum queue_move_state state;
    struct bytes source_arn, destination_arn; /* destination empty: where each came from */
    uint32_t rate;                            /* messages a second; 0: as fast as it goes */
    uint64_t started_ms, moved, to_move;
    struct bytes failure; /* MOVE_FAILED: AWS's word */
};

struct queue_move_change {
    bool cancel;
    struct bytes source_arn, destination_arn; /* start */
    uint32_t rate;
    char id[ID_UUID_SIZE]; /* cancel; start: a result */
    struct arena *arena;
    void (*done)(struct queue_move_change *change, enum status status);
    void *context;
    struct api_error error;
    uint64_t moved; /* cancel: a result */
    /* private */
    struct queues *queues;
    struct store_work work;
    struct move *move;
    enum status outcome;
};
void queues_change_move(struct queues *queues, struct queue_move_change *change);
/* The latest first, at most `limit`; in the arena. */
MUST_USE enum status queues_list_moves(struct queues *queues, const struct queue_view *source,
                                       size_t limit, struct arena *arena, struct queue_move **ret,
                                       size_t *ret_count);

#endif
