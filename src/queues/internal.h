/* queues/internal.h - what the files of this folder share; see queues.h.
 *
 *   queues.c         opening and closing, looking queues up
 *   lane.c           the loop's side of a queue: its timer, its waiting receives
 *   attributes.c     attributes of queues as text, their defaults and limits
 *   policy.c         RedrivePolicy, RedriveAllowPolicy, permissions
 *   catalogue.c      a queue as the store holds it; snapshots
 *   change.c         CreateQueue, SetQueueAttributes and their sisters
 *   check.c          what a message must be
 *   digest.c         MD5 and SHA-256
 *   record.c         a message, its state and a queue's counts as bytes
 *   key.c            keys in STORE_QUEUES, and where iterators begin
 *   run.c            one run() on the writer: states of messages and what follows from them
 *   deduplication.c  ids that are remembered for five minutes
 *   send.c           messages into a queue; the door for other folders
 *   receive.c        messages out of a queue, on the writer
 *   serve.c          whoever waits for messages, on the loop
 *   handle.c         receipt handles
 *   settle.c         deletion, change of visibility
 *   redrive.c        dead letters
 *   advance.c        what time alone does: visibility, delays, retention
 *   move.c           message move tasks
 *   move_record.c    one of them as bytes
 *
 * Who decides: what a message's state is stands in the store, and a run() on the writer reads and
 * changes it through its batch. Point reads see the works of the same group; iterators do not. So
 * an iterator over an index (ready, in flight, delayed) only proposes: what it gives is checked by
 * a point read, and what it misses is found by the next run, which the commit wakes. Links between
 * the messages of a FIFO group are points too, so the order in a group never depends on an
 * iterator.
 *
 * Threads: struct queue is shared and never changes, but for its fronts, which are the writer's.
 * struct queues and struct lane are the loop's; the map of lanes is read by the writer under the
 * mutex, to find a queue by its name. */
#ifndef DYNLOG_QUEUES_INTERNAL_H
#define DYNLOG_QUEUES_INTERNAL_H

#include "base/buffer.h"
#include "base/map.h"
#include "queues/queues.h"

#include <pthread.h>
#include <stdatomic.h>

/* A message as the store holds it: the largest one, and what is around it. */
#define MESSAGE_RECORD_SIZE_MAX (QUEUE_MESSAGE_SIZE_MAX + 16 * 1024)
/* A sealed body may be four times as large (VAULT_TEXT_SIZE_MAX). */
#define MESSAGE_STORED_SIZE_MAX (5 * QUEUE_MESSAGE_SIZE_MAX)
#define STATE_RECORD_SIZE_MAX 512
/* A queue's attributes and tags as JSON: policies are at most 20 KB (IAM), controls grow sixfold.
 */
#define QUEUE_RECORD_SIZE_MAX ((size_t)1024 * 1024)

/* What one run looks at before it lets others have the writer. */
#define RUN_STEP_COUNT_MAX 1000
#define RUN_STEP_SIZE_MAX ((size_t)1024 * 1024) /* of messages that are copied */
#define RUN_RECEIVES_MAX 100                    /* receives that one work serves */

/* ---- key.c ---- */

/* Where a message stands in its queue. */
struct place {
    uint64_t sent_ms, position; /* position 0: nowhere */
};

static inline bool place_is_none(struct place place)
{
    return place.position == 0;
}

static inline bool place_equal(struct place a, struct place b)
{
    return a.sent_ms == b.sent_ms && a.position == b.position;
}

/* Capital letters stay when a queue is purged: in the order of keys they stand before the small. */
enum key_kind {
    KEY_ATTEMPT = 'A',
    KEY_ATTEMPT_TIME = 'B',
    KEY_COUNTS = 'Q',
    KEY_MOVE = 'T',
    KEY_DEDUPLICATION = 'X',
    KEY_DEDUPLICATION_TIME = 'Y',
    KEY_FIRST_OF_MESSAGES = 'a',
    KEY_DELAYED = 'd',
    KEY_IN_FLIGHT = 'f',
    KEY_GROUP = 'g',
    KEY_MESSAGE = 'm',
    KEY_READY = 'r',
    KEY_STATE = 's',
    KEY_BEHIND = 'z',
};

/* Queue and kind; three numbers; or a number and texts: a group and an id, each ended. */
#define KEY_SIZE_MAX (9 + 8 + 2 * (QUEUE_ID_SIZE_MAX + 1))

struct key {
    uint8_t bytes[KEY_SIZE_MAX];
    size_t size;
};

static inline struct bytes key_bytes(const struct key *key)
{
    return bytes_of(key->bytes, key->size);
}

struct key key_of_kind(uint64_t queue_id, enum key_kind kind);
struct key key_of_place(uint64_t queue_id, enum key_kind kind, struct place place);
struct key key_of_due(uint64_t queue_id, enum key_kind kind, uint64_t due_ms, struct place place);
struct key key_of_text(uint64_t queue_id, enum key_kind kind, struct bytes text);
struct key key_of_time(uint64_t queue_id, enum key_kind kind, uint64_t time_ms, struct bytes text);
/* The numbers of a key of that kind. False: it is none. */
MUST_USE bool key_place(struct bytes key, struct place *ret);
MUST_USE bool key_due(struct bytes key, uint64_t *ret_due_ms, struct place *ret);
MUST_USE bool key_time(struct bytes key, uint64_t *ret_time_ms, struct bytes *ret_text);

/* Where an iterator over a kind of keys begins. A queue's front is made of deleted keys, which
 * every iterator from the very front would step over; so the first key that was there is
 * remembered.
 *
 *   raised   to the first key that an iterator gives, but not over what the group itself has put,
 *            because iterators do not see that
 *   lowered  to each key that is put
 *
 * The writer's alone. Nothing of it is on the disk. */
struct front {
    struct key from; /* size 0: the very front */
    struct key put;  /* the smallest key that was put by the group */
    uint64_t put_group;
};

enum front_kind {
    FRONT_READY,
    FRONT_IN_FLIGHT,
    FRONT_DELAYED,
    FRONT_STATE,
    FRONT_DEDUPLICATION,
    FRONT_ATTEMPT,
    FRONT_COUNT,
};

struct fronts {
    atomic_uint references;
    struct front of[FRONT_COUNT];
};

/* ---- catalogue.c ---- */

struct queue {
    struct queue_view view;
    struct arena *arena; /* holds all of it */
    struct fronts *fronts;
    atomic_uint references;
};

struct queue *queue_ref(struct queue *queue);
void queue_unref(struct queue *queue); /* also NULL */
struct bytes catalogue_queue_key(struct arena *arena, struct bytes name);
/* Empty when it is larger than QUEUE_RECORD_SIZE_MAX. */
struct bytes catalogue_encode_queue(struct arena *arena, const struct queue_view *view);
/* A snapshot with one reference; fronts NULL: new ones. CORRUPT, NEWER_FORMAT. */
MUST_USE enum status catalogue_decode_queue(const struct arn_place *place, struct bytes stored,
                                            struct fronts *fronts, struct queue **ret);
MUST_USE enum status queue_catalogue_load(struct queues *queues);

/* ---- the loop's structures ---- */

struct move;

/* The loop's side of one queue. */
struct lane {
    struct queues *queues;
    struct queue *queue;
    struct list waiting; /* struct queue_receive */
    uint64_t arrivals;   /* of receives, so that they keep their order */
    uint64_t wakes;      /* counts what may have made a message ready */
    bool serving;        /* a receive is with the writer */
    bool advancing, advance_again;
    bool deleted;
    size_t works; /* with the writer, whose done() needs the lane */
    struct timer timer;
    struct timer again; /* the store refused what was due; of wall_timers */
    uint64_t due_ms; /* when something of the queue becomes ready or expires; UINT64_MAX: nothing */
    bool was_purged;
    uint64_t purged_ms;
    struct move *move; /* that takes from here; NULL: none runs */
};

struct queues {
    struct queues_options options;
    struct arn_place place;
    pthread_mutex_t mutex; /* for changes of the map and of lanes' queues */
    struct map lanes;      /* name -> struct lane */
    struct map deleted;    /* name -> uint64_t: when; for QueueDeletedRecently */
    struct list listeners; /* struct queue_listener */
    struct list changes;   /* that wait; the first one runs */
    bool changing, stopped;
    size_t works; /* with the writer */
    size_t moves; /* that run */
};

static inline uint64_t queues_now_ms(const struct queues *queues)
{
    return clock_now_ms(timers_clock(queues->options.timers));
}

struct lane *lane_find(const struct queues *queues, struct bytes name);
/* A reference; any thread. NULL: there is none. */
struct queue *queue_ref_named(struct queues *queues, struct bytes name);
/* The name in an ARN of this account and region; empty when it is none. Any thread. */
struct bytes queue_name_of_arn(const struct arn_place *place, struct bytes arn);
struct bytes queue_arn(struct arena *arena, const struct arn_place *place, struct bytes name);

enum status queue_refuse_missing(struct api_error *error);

/* ---- lane.c ---- */

struct lane *lane_new(struct queues *queues, struct queue *queue);
void lane_replace(struct lane *lane, struct queue *queue);
/* The queue is gone: those who wait are told, the lane goes when its last work is back. */
void lane_delete(struct lane *lane);
/* A work of the lane goes to the writer, or is back: then the lane may be gone. */
void lane_submit(struct lane *lane, struct store_work *work);
void lane_returned(struct lane *lane);
/* Something is ready, or will be at that time. */
void lane_wake(struct lane *lane);
void lane_due(struct lane *lane, uint64_t due_ms);
/* A work's group failed, and may be there all the same (store.h): what is due is looked at anew. */
void lane_doubtful(struct lane *lane);

/* ---- serve.c ---- */
void lane_serve(struct lane *lane);
void lane_end_waiting(struct lane *lane, enum status status);

/* ---- attributes.c ---- */

void settings_init(struct queue_settings *settings, bool fifo);
/* One attribute; the value is checked and lives in the arena. creating: FifoQueue may be set. */
MUST_USE enum status settings_set(struct queue_settings *settings, struct bytes name,
                                  struct bytes value, bool creating, struct arena *arena,
                                  struct api_error *error);
/* What a queue was given of its own: the n-th attribute as text, or false behind the last. */
bool settings_at(const struct queue_settings *settings, size_t n, struct arena *arena,
                 struct queue_pair *ret);
/* The name of an attribute that is given and differs from what the queue has; NULL: none. */
MUST_USE enum status settings_differ(const struct queue_settings *settings,
                                     const struct queue_pair *attributes, size_t count,
                                     struct arena *arena, struct api_error *error,
                                     struct bytes *ret_name);

/* ---- policy.c ---- */

/* Reads RedrivePolicy into the settings. */
MUST_USE enum status policy_read_redrive(struct queue_settings *settings, struct bytes value,
                                         struct arena *arena, struct api_error *error);
MUST_USE enum status policy_check_allow(struct bytes value, struct arena *arena,
                                        struct api_error *error);
/* Whether the queue's dead-letter queue is there, of the same kind, and lets itself be used. */
MUST_USE enum status policy_check_target(const struct queues *queues, const struct queue_view *view,
                                         struct arena *arena, struct api_error *error);
MUST_USE enum status policy_add_permission(struct queue_view *view,
                                           const struct queue_change *change,
                                           const struct arn_place *place, struct api_error *error);
MUST_USE enum status policy_remove_permission(struct queue_view *view,
                                              const struct queue_change *change,
                                              struct api_error *error);

/* ---- check.c ---- */

/* REFUSED with AWS's words. delay_s -1: not said. */
MUST_USE enum status message_check(const struct queue_settings *settings,
                                   const struct queue_message *message, int64_t delay_s,
                                   struct api_error *error);
bool message_text_is_allowed(struct bytes text);
/* 1 to 128 of the printable ASCII characters but the blank. */
bool message_id_is_valid(struct bytes id);

/* ---- digest.c ---- */

#define SHA256_SIZE 65 /* 64 hexadecimal digits and a NUL */
void queue_sha256(struct bytes bytes, char out[SHA256_SIZE]);

/* ---- record.c ---- */

void message_encode(struct buffer *out, const struct queue_message *message);
/* Bytes point into the value, the body as it is stored. CORRUPT, NEWER_FORMAT. sent_ms and position
 * are the key's. */
MUST_USE enum status message_decode(struct bytes value, struct arena *arena,
                                    struct queue_message *ret);

enum state_kind { STATE_NONE, STATE_DELAYED, STATE_READY, STATE_IN_FLIGHT };

struct message_state {
    enum state_kind kind;
    uint64_t due_ms; /* STATE_DELAYED, STATE_IN_FLIGHT: until then */
    uint64_t received_ms, first_received_ms;
    uint32_t receives;        /* from this queue; receipt handles carry it */
    uint32_t receives_before; /* from queues that it was in before */
    bool changed;             /* its visibility, since it was received */
    /* of a FIFO queue: */
    struct place previous, next; /* in its group */
    struct bytes group;
};

void state_encode(struct buffer *out, const struct message_state *state);
MUST_USE enum status state_decode(struct bytes value, struct message_state *ret);

struct group { /* of a FIFO queue, while it has messages */
    struct place head, tail;
};

void group_encode(struct buffer *out, const struct group *group);
MUST_USE enum status group_decode(struct bytes value, struct group *ret);

struct counts {
    uint64_t messages, in_flight, delayed;
};

void counts_encode(struct buffer *out, const struct counts *counts);
MUST_USE enum status counts_decode(struct bytes value, struct counts *ret);

/* ---- run.c ---- */

/* One run() on the writer's thread, about one queue. */
struct queue_run {
    struct queues *queues;
    struct store_batch *batch;
    const struct queue *queue;
    struct arena *arena;
    uint64_t now_ms;
    struct counts counts, counts_before;
    uint64_t due_ms; /* the earliest time at which something that was put is due; else UINT64_MAX */
    bool fifo;
};

/* REFUSED: the queue is gone. Nothing has to be ended then. */
MUST_USE enum status run_begin(struct queue_run *run, struct queues *queues,
                               struct store_batch *batch, const struct queue *queue,
                               struct arena *arena);
/* Puts what changed of the counts. */
void run_end(struct queue_run *run);
void run_due(struct queue_run *run, uint64_t due_ms);

void run_put(struct queue_run *run, const struct key *key, struct bytes value);
/* With the front of its kind. */
void run_put_index(struct queue_run *run, enum front_kind kind, const struct key *key);
void run_delete(struct queue_run *run, const struct key *key);
MUST_USE enum status run_get(struct queue_run *run, const struct key *key, struct bytes *ret);

/* From the front of a kind up to `to`, which is not given; NULL: to its end. */
struct store_iter *run_iter(struct queue_run *run, enum front_kind kind, const struct key *to);
/* The first key that such an iterator gave; size 0: it gave none below `to`. */
void run_seen(struct queue_run *run, enum front_kind kind, struct bytes first,
              const struct key *to);

MUST_USE enum status state_load(struct queue_run *run, struct place place,
                                struct message_state *ret);
void state_store(struct queue_run *run, struct place place, const struct message_state *state);

/* The only place that changes what state a message is in; index entries and counts follow. */
void message_enter(struct queue_run *run, struct place place, struct message_state *state,
                   enum state_kind kind, uint64_t due_ms);
/* A new message at the end of its queue, of its group; DELAYED when due_ms is in the future. */
MUST_USE enum status message_insert(struct queue_run *run, struct place place, struct bytes record,
                                    struct message_state *state, uint64_t due_ms);
MUST_USE enum status message_remove(struct queue_run *run, struct place place,
                                    const struct message_state *state);

static inline bool message_is_expired(const struct queue_run *run, struct place place)
{
    return place.sent_ms + (uint64_t)run->queue->view.settings.retention_s * 1000 <= run->now_ms;
}

/* FIFO: not due yet, by the delay that its queue has now. */
static inline bool message_is_early(const struct queue_run *run, struct place place)
{
    return run->fifo &&
           place.sent_ms + (uint64_t)run->queue->view.settings.delay_s * 1000 > run->now_ms;
}

/* ---- deduplication.c ---- */

/* Whether that id was sent within five minutes; then *ret is the message that it was. */
MUST_USE enum status deduplication_find(struct queue_run *run, const struct queue_message *message,
                                        bool *ret_found, struct queue_message *ret);
void deduplication_remember(struct queue_run *run, const struct queue_message *message);

/* A receive that can be asked for again. */
struct taken {
    struct place place;
    uint32_t receives, receive_count;
    uint64_t first_received_ms;
};

/* Its messages, if they are all still as they were; else none. */
MUST_USE enum status attempt_find(struct queue_run *run, struct bytes id, struct taken *ret,
                                  size_t *ret_count);
void attempt_remember(struct queue_run *run, struct bytes id, const struct taken *taken,
                      size_t count);

/* ---- receive.c ---- */

/* What one run gave to those who wait. */
struct receive_run {
    struct queue_run run;
    struct queue *dead_letters; /* of the queue; NULL: none */
    struct queue_run dead;
    bool dead_begun;
    size_t looked, copied; /* against RUN_STEP_... */
    bool again;            /* more would be there now */
    bool moved;            /* something went to the dead-letter queue */
    /* Which, when there is an options.moved: mem_free() is the caller's. */
    char (*moved_ids)[ID_UUID_SIZE];
    size_t moved_count;
};

/* For those of the receives that are not over; their taken[] and count are filled. */
MUST_USE enum status receive_run(struct receive_run *rr, struct queue_receive **receives,
                                 size_t count, bool advance);

/* ---- redrive.c ---- */

/* Copies a message into another queue and removes it here. fresh: as a new message, with an id of
 * its own: ret_id. *ret_size is what was copied. */
MUST_USE enum status message_move(struct queue_run *from, struct queue_run *to, struct place place,
                                  const struct message_state *state, bool fresh, size_t *ret_size,
                                  char ret_id[ID_UUID_SIZE]);

/* ---- advance.c ---- */

/* What time alone does: at most RUN_STEP_COUNT_MAX messages. *ret_more: there are more. When
 * something is next due is noted in the run. */
MUST_USE enum status advance_run(struct queue_run *run, size_t *ret_count, bool *ret_more);
void lane_advance(struct lane *lane);

/* ---- handle.c ---- */

struct receipt {
    uint64_t queue_id;
    struct place place;
    uint32_t receives;
};

struct bytes receipt_print(struct arena *arena, const struct receipt *receipt);
MUST_USE bool receipt_parse(struct arena *arena, struct bytes handle, struct receipt *ret);

/* ---- move_record.c ---- */

void move_put_record(struct store_batch *batch, uint64_t queue_id, const struct queue_move *task);
/* Texts in the arena. CORRUPT, NEWER_FORMAT. */
MUST_USE enum status move_decode(struct arena *arena, struct bytes value, struct queue_move *ret);

/* ---- move.c ---- */

MUST_USE enum status moves_load(struct queues *queues);
/* Those that run end as they are; the next start goes on with them. True: none is with the writer.
 */
void moves_stop(struct queues *queues);
void move_lane_deleted(struct lane *lane);
/* When what its rate lets through next is due; UINT64_MAX: it does not wait. */
uint64_t move_due_ms(const struct move *move);

#endif
