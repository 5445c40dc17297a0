/* functions/async_private.h - what async.c, async_end.c and async_load.c share: the entry in
 * memory.
 *
 *   async.c       states, queues, attempts
 *   async_early.c what began before it was written
 *   async_end.c   what is written: a counted attempt, the end with what its destinations are told
 *   async_load.c  what the store holds, at a start */
#ifndef DYNLOG_FUNCTIONS_ASYNC_PRIVATE_H
#define DYNLOG_FUNCTIONS_ASYNC_PRIVATE_H

#include "functions/async.h"
#include "functions/destination.h"

struct async_write;

enum entry_state {
    ENTRY_LOADED, /* in async.unresolved: its function is not looked up yet */
    ENTRY_WAITING,
    ENTRY_RUNNING,
    ENTRY_RETRYING,
    ENTRY_ENDING,
    ENTRY_STATE_COUNT,
};

struct async_entry {
    struct functions *functions;
    struct function *function; /* NULL while LOADED, and of one whose function is not there */
    enum entry_state state;
    struct list in_all, in_queue;
    struct timer timer;        /* RETRYING: the next attempt */
    struct timer write_again;  /* ENDING, when the store refused it; of wall_timers */
    struct async_write *write; /* ENDING, when the store refused it */
    /* async_early.c: where its bytes are in memory; NULL: in the store alone */
    const struct async_invocation *memory;
    bool unwritten;                                    /* it has no position yet */
    struct async_write *waiting_first, **waiting_tail; /* for its position, in order */
    char *name;                                        /* LOADED */
    uint64_t position, accepted_ms, next_ms;
    uint64_t waiting_ms; /* since then it is WAITING */
    uint32_t attempts;   /* that ended */
    bool has_state;      /* attempts are in the store */
    uint32_t throttles;  /* since the last attempt */
    bool drawn;          /* it is decided whether a fault makes it come twice */
    bool twice;          /* a fault: when it has succeeded, it comes once more */
    bool held;           /* a fault: it waits to be overtaken */
};

uint64_t async_now_ms(const struct functions *functions);

/* LOADED; in the order of positions, behind those that are there. */
struct async_entry *async_entry_new(struct functions *functions,
                                    const struct async_invocation *invocation);
/* The only place that changes a state. */
void async_entry_enter(struct async_entry *entry, enum entry_state state);
void async_entry_free(struct async_entry *entry);
/* Its payload is sealed, when it says so. */
MUST_USE enum status async_entry_load(const struct async_entry *entry, struct store_value *value,
                                      struct async_invocation *ret);

/* ---- async_early.c ---- */

/* functions_async_written() of one that began early. */
void async_early_written(const struct async_invocation *invocation);
/* It ended well, and nobody is told. False: it is written, or being written; its end has to be. */
MUST_USE bool async_early_end(struct async_entry *entry);
/* Its run is over: once it is written, nothing of it stays in memory. */
void async_early_ran(struct async_entry *entry);
/* Of an entry that is freed. */
void async_early_release(struct async_entry *entry);

/* ---- async_journey.c: what becomes of one that has no attempt, for the journeys ---- */

/* RETRYING: there was no concurrency left for it. */
void async_tell_throttled(const struct async_entry *entry);
/* WAITING: it ends untried, perhaps because there was no concurrency left for it all the time. */
void async_tell_untried(const struct async_entry *entry, const struct async_invocation *invocation,
                        bool throttled);
void async_tell_dropped(const struct async_entry *entry, const char *why);

/* ---- async_end.c ---- */

/* Its attempts and its next_ms go into the store, with the payload of the failure. */
void async_count(struct async_entry *entry, struct bytes error);

struct async_ending {
    enum destination_condition condition;
    const struct async_invocation *invocation;
    int status;            /* as in struct destination_record */
    struct bytes response; /* empty: none, or unknown */
    struct bytes version;  /* that ran; empty: the function's */
};
/* ENDING: it leaves the store in the batch that tells its destination, and is freed. */
void async_end(struct async_entry *entry, const struct async_ending *ending);
/* The same, and nobody is told: its function is not there, or it is damaged. */
void async_drop(struct async_entry *entry);
/* ENDING: it ended while it was being written. */
void async_end_written(struct async_entry *entry);
/* The store refused it a while ago. */
void async_end_again(struct async_entry *entry);
/* It is written by now: so can be what waited for that. */
void async_write_waiting(struct async_entry *entry);
/* It is freed without. */
void async_write_forget(struct async_entry *entry);
void async_write_free(struct async_write *write);

#endif
