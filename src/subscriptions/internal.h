/* subscriptions/internal.h - what the files of this folder share. Private to subscriptions/.
 *
 *   window    the events behind the position in their order, each in a state; the first of them is
 *             never done: what is done at the front is popped, and the position moves
 *   lane      the events of a stream (of everything, where it is no group) that are not done, in
 *             order; only its first is ever out. Ready: that one waits
 *   returned  events that were parked and have come back: in lanes, not in the window
 *
 * A subscription is in memory while it has members or something is being written of it; else only
 * in the store. All of it is guarded by one mutex, which is not held while the writer works: a
 * work's keys are made before it is submitted (answer.c). */
#ifndef DYNLOG_SUBSCRIPTIONS_INTERNAL_H
#define DYNLOG_SUBSCRIPTIONS_INTERNAL_H

#include "base/map.h"
#include "subscriptions/subscriptions.h"

#include <pthread.h>

struct subscriptions {
    struct store *store;
    struct clock *clock;
    pthread_mutex_t mutex;
    struct map active; /* name -> struct subscription */
    size_t works;      /* under way */
};

/* ---- what the store holds (record.c); docs/format/subscription.md ---- */

enum subscription_key_kind {
    KEY_RECORD = 0,   /* | name -> what it takes */
    KEY_POSITION = 1, /* | name -> everything up to it is done */
    KEY_DONE = 2,     /* | name | 0 | position -> done, behind an event that is not */
    KEY_FAILURES = 3, /* | name | 0 | position -> how often it failed */
    KEY_PARKED = 4,   /* | name | 0 | position -> parked event */
    KEY_RETURNED = 5, /* | name | 0 | position -> parked event: it was, and is to be given again */
};

struct subscription_record {
    bool group;
    uint32_t table_id;
    struct bytes table_name;
    struct order_filter filter;
    uint64_t made_ms;
};

#define SUBSCRIPTION_KEY_SIZE_MAX (SUBSCRIPTION_NAME_SIZE_MAX + 32)
#define SUBSCRIPTION_RECORD_SIZE_MAX ((size_t)16 * 1024)

/* What stands behind the name ends with a zero byte, which no name has. */
void subscription_key(struct buffer *out, enum subscription_key_kind kind, struct bytes name,
                      uint64_t position);
/* All keys of this kind from `position` on; of all names, when it is empty. */
void subscription_key_bounds(struct arena *arena, enum subscription_key_kind kind,
                             struct bytes name, uint64_t position, struct bytes *ret_from,
                             struct bytes *ret_to);
/* Of KEY_DONE and those after it. */
uint64_t subscription_key_position(struct bytes key);
/* Of KEY_RECORD. */
struct bytes subscription_key_name(struct bytes key);

void subscription_record_print(struct buffer *out, const struct subscription_record *record);
MUST_USE enum status subscription_record_read(struct bytes value, struct subscription_record *ret);
void subscription_parked_print(struct buffer *out, const struct subscription_parked *parked);
/* Borrowed from `value`; without its position. */
MUST_USE enum status subscription_parked_read(struct bytes value, struct subscription_parked *ret);

/* Keys of this kind, by position: their positions, and (when ret_values is not NULL) values; at
 * most `limit`. In the arena. */
MUST_USE enum status subscription_keys_load(struct store *store, enum subscription_key_kind kind,
                                            struct bytes name, uint64_t from, size_t limit,
                                            struct arena *arena, uint64_t **ret_positions,
                                            struct bytes **ret_values, size_t *ret_count,
                                            bool *ret_more);
MUST_USE enum status subscription_position_load(struct store *store, struct bytes name,
                                                uint64_t *ret);

/* ---- in memory ---- */

enum entry_state {
    ENTRY_WAITING,
    ENTRY_OUT,     /* a member has it */
    ENTRY_WRITING, /* its answer is being written */
    ENTRY_DONE,    /* durably */
};

struct subscription_entry {
    struct list in_lane, in_member;
    struct subscription_lane *lane;     /* NULL: done */
    struct subscription_member *member; /* ENTRY_OUT */
    enum entry_state state;
    uint64_t position, version;
    uint32_t failures;
    bool returned;     /* not of the window */
    bool has_done_key; /* in the store: deleted once the position has passed it */
    struct bytes log, id, type;
    uint8_t room[];
};

struct subscription_lane {
    struct list entries;
    struct list in_ready; /* a ring of its own: not ready */
    size_t key_size;
    uint8_t key[];
};

/* A key that stands for nothing any more. */
struct subscription_garbage {
    enum subscription_key_kind kind;
    uint64_t position;
};

struct subscription {
    struct subscriptions *all;
    struct arena *arena; /* of its texts */
    struct bytes name;
    struct subscription_record record;
    bool loaded;
    bool changing; /* by a reset or a deletion: nobody joins */

    struct subscription_entry *window[SUBSCRIPTION_WINDOW_MAX]; /* a ring */
    size_t window_begin, window_count;
    uint64_t read_to; /* everything up to it was looked at */
    bool at_end;      /* and when it was, there was no more */
    /* The greatest position that was handed to the writer and did not fail; 0: unknown. */
    uint64_t position_written;
    struct map lanes; /* key -> struct subscription_lane */
    struct list ready;

    /* Of the store, until the window reaches them. */
    uint64_t *done_positions;
    size_t done_count, done_at;
    uint64_t *failure_positions;
    uint32_t *failure_counts;
    size_t failure_count;

    size_t returned_count;
    bool returned_more;   /* in the store there are others, */
    uint64_t returned_to; /* behind this position */

    struct subscription_garbage *garbage;
    size_t garbage_count, garbage_capacity;

    struct list members;
    size_t member_count;
    struct list answers; /* that are being written */
};

struct subscription_member {
    struct subscription *subscription;
    struct list in_subscription;
    struct list out; /* struct subscription_entry */
    size_t out_count, out_max;
    uint32_t tries_max;
    void (*wake)(void *context);
    void *context;
    bool hungry; /* it was told that there is nothing */
};

/* ---- active.c: what is in memory. Under the mutex ---- */

/* The one in memory; else an empty one is made, which is not loaded. */
struct subscription *subscription_activate(struct subscriptions *all, struct bytes name);
/* NULL: it is not in memory. */
struct subscription *subscription_active(struct subscriptions *all, struct bytes name);
/* Takes and releases the mutex, around a work. */
void subscriptions_begin_work(struct subscriptions *all);
void subscriptions_end_work(struct subscriptions *all);
/* Reads what the store holds. NOT_FOUND: there is no such name. */
MUST_USE enum status subscription_load(struct subscription *subscription);
/* Leaves memory, when nobody needs it there. */
void subscription_settle(struct subscription *subscription);
void subscription_wake(struct subscription *subscription);
/* Position, by what is durable. */
uint64_t subscription_position(const struct subscription *subscription);

/* ---- window.c. Under the mutex ---- */

void window_free(struct subscription *subscription);
/* Looks further until an event is ready, the window is full, or there is no more. */
MUST_USE enum status window_fill(struct subscription *subscription);
/* Of the store's returned events, as many as fit. */
MUST_USE enum status window_load_returned(struct subscription *subscription);
/* One that came back just now. */
void window_return(struct subscription *subscription, const struct subscription_parked *parked);
/* The first event that is ready; NULL: none is. */
struct subscription_entry *window_ready(const struct subscription *subscription);
void window_give(struct subscription_entry *entry, struct subscription_member *member);
/* It is no member's any more. */
void window_take(struct subscription_entry *entry);
/* It waits (again): its lane is ready, before all others. */
void window_wait(struct subscription *subscription, struct subscription_entry *entry);
/* It is done or gone: out of its lane; what is done at the window's front is popped. A returned one
 * is freed. */
void window_done(struct subscription *subscription, struct subscription_entry *entry);
struct subscription_entry *window_at(const struct subscription *subscription, size_t index);
/* Nothing is left to do up to where it was read. */
bool window_is_empty(const struct subscription *subscription);
void subscription_throw(struct subscription *subscription, enum subscription_key_kind kind,
                        uint64_t position);

#endif
