/* functions/async_private.h - what async.c and async_load.c share: the entry in memory. */
#ifndef DYNLOG_FUNCTIONS_ASYNC_PRIVATE_H
#define DYNLOG_FUNCTIONS_ASYNC_PRIVATE_H

#include "functions/async.h"

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
    char *name;                /* LOADED */
    uint64_t position, accepted_ms, next_ms;
    uint32_t attempts;  /* that ended */
    bool has_state;     /* attempts are in the store */
    uint32_t throttles; /* since the last attempt */
    bool drawn;         /* it is decided whether a fault makes it come twice */
    bool twice;         /* a fault: when it has succeeded, it comes once more */
    bool held;          /* a fault: it waits to be overtaken */
};

/* LOADED; in the order of positions, behind those that are there. */
struct async_entry *async_entry_new(struct functions *functions,
                                    const struct async_invocation *invocation);

#endif
