/* base/timer.h - what is to happen after a while: retries, windows, deadlines.
 *
 * Waiting is measured by clock_waited_ms(): when somebody sets the machine's time, a timeout of
 * three seconds stays one of three seconds. So a timer that was set for a time of day may fire when
 * clock_now_ms() reads a little less, or more, than that: who needs the exact time looks at the
 * clock, and sets it again.
 *
 * Timers belong to one loop thread. The owner of the loop asks timers_next_ms() and calls
 * timers_run() then; with a manual clock, moving the clock calls timers_run(). Timers due at the
 * same millisecond run in the order in which they were set. A timer's callback may set and cancel
 * timers, itself too.
 *
 * Upkeep is looking, now and then, whether something has grown old: nobody waits for that very
 * moment. A clock that is moved by hand over a year would fire it half a million times; so whoever
 * moves one goes from timers_next_step_ms() to the next, which are never upkeep's, and has all
 * upkeep look at each (timers_run_upkeep()). */
#ifndef DYNLOG_BASE_TIMER_H
#define DYNLOG_BASE_TIMER_H

#include "base/clock.h"

struct timers;

struct timer {
    void (*fire)(struct timer *timer);
    bool upkeep; /* fixed before it is set for the first time */
    /* private */
    uint64_t due_ms, order;
    size_t place; /* 1-based in the heap; 0 when not set */
};

/* `changed` (may be NULL) is called when the next due time moved. */
struct timers *timers_new(struct clock *clock, void (*changed)(void *context), void *context);
/* Every timer must be cancelled by then. */
void timers_free(struct timers *timers);

struct clock *timers_clock(struct timers *timers);

/* Sets or moves. */
void timer_set_after(struct timers *timers, struct timer *timer, uint64_t delay_ms);
/* After as long as it is now until `time_ms` of clock_now_ms(); at once when that is past. */
void timer_set_at(struct timers *timers, struct timer *timer, uint64_t time_ms);
void timer_cancel(struct timers *timers, struct timer *timer); /* harmless when not set */
bool timer_is_set(const struct timer *timer);

/* When it is due, as clock_now_ms() will read then if nobody sets the machine's time; UINT64_MAX
 * when it is not set. */
uint64_t timer_due_ms(struct timers *timers, const struct timer *timer);

/* What waits for its time, for whoever asks: how much, and when the first is due. */
struct waits {
    size_t count;
    uint64_t due_ms; /* UINT64_MAX: not known, or nothing waits */
};
#define WAITS_NONE ((struct waits){0, UINT64_MAX})
static inline void waits_add(struct waits *waits, uint64_t due_ms)
{
    waits->count++;
    if (due_ms < waits->due_ms)
        waits->due_ms = due_ms;
}

/* The earliest due time, in clock_waited_ms()'s; UINT64_MAX when none is set. */
uint64_t timers_next_ms(const struct timers *timers);
/* The same of those that are no upkeep. */
uint64_t timers_next_step_ms(const struct timers *timers);
/* Fires everything that is due; returns how many fired. */
size_t timers_run(struct timers *timers);
/* Fires the upkeep that is set, due or not. It must not mind to be early. */
size_t timers_run_upkeep(struct timers *timers);

#endif
