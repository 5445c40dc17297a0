/* schedule/due.h - what waits for its time: a heap by time, and the one timer for the earliest.
 *
 * Timers count how long something takes (base/timer.h); a schedule wants a time of day. So a real
 * clock is looked at again at least once a minute while something waits: a machine whose time was
 * set, or that slept, is at most so late. A manual clock is asked for exactly the next time. */
#ifndef DYNLOG_SCHEDULE_DUE_H
#define DYNLOG_SCHEDULE_DUE_H

#include "base/timer.h"

#define DUE_LOOK_MS ((uint64_t)60 * 1000)

/* Part of what is due; begins as {0} with at_ms DUE_NEVER. */
struct due {
    uint64_t at_ms;
    size_t place; /* 1-based in the heap; 0: not in it */
};
#define DUE_NEVER UINT64_MAX

struct due_queue {
    struct due **heap;
    size_t count, capacity;
    struct timers *timers;
    struct timer timer;
};

void due_init(struct due_queue *queue, struct timers *timers, void (*fire)(struct timer *timer));
void due_release(struct due_queue *queue);
/* Sets, moves, or takes out (DUE_NEVER). */
void due_set(struct due_queue *queue, struct due *due, uint64_t at_ms);
/* What is due now, taken out; NULL: nothing. */
struct due *due_take(struct due_queue *queue, uint64_t now_ms);
/* The timer follows the earliest. After changes, once. */
void due_arm(struct due_queue *queue);
/* The timer waits no more. */
void due_disarm(struct due_queue *queue);

#endif
