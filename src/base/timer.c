/* base/timer.c - see timer.h. A binary heap; heap[place - 1] is the timer. */
#include "base/timer.h"

struct timers {
    struct clock *clock;
    void (*changed)(void *context);
    void *context;
    struct timer **heap;
    size_t count, capacity;
    uint64_t orders;
    bool running;
};

struct timers *timers_new(struct clock *clock, void (*changed)(void *context), void *context)
{
    struct timers *timers = mem_new(sizeof *timers);

    timers->clock = clock;
    timers->changed = changed;
    timers->context = context;
    return timers;
}

void timers_free(struct timers *timers)
{
    if (timers == NULL)
        return;
    assert(timers->count == 0);
    mem_free(timers->heap);
    mem_free(timers);
}

struct clock *timers_clock(struct timers *timers)
{
    return timers->clock;
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct timers *timers, size_t index, struct timer *timer)
{
    timers->heap[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct timers *timers, size_t index)
{
    struct timer *timer = timers->heap[index];

    while (index > 0 && earlier(timer, timers->heap[(index - 1) / 2])) {
        put(timers, index, timers->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(timers, index, timer);
}

static void sift_down(struct timers *timers, size_t index)
{
    struct timer *timer = timers->heap[index];

    for (size_t child = 2 * index + 1; child < timers->count; child = 2 * index + 1) {
        if (child + 1 < timers->count && earlier(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!earlier(timers->heap[child], timer))
            break;
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

static void remove_at(struct timers *timers, size_t index)
{
    struct timer *last = timers->heap[--timers->count];

    timers->heap[index]->place = 0;
    if (index == timers->count)
        return;
    put(timers, index, last);
    sift_up(timers, index);
    sift_down(timers, last->place - 1);
}

static void tell_changed(struct timers *timers, uint64_t before_ms)
{
    if (!timers->running && timers->changed != NULL && timers_next_ms(timers) != before_ms)
        timers->changed(timers->context);
}

/* `due_ms` is never past: one that is set while others run stands behind all that are due, and
 * hides none of them. */
static void set(struct timers *timers, struct timer *timer, uint64_t due_ms)
{
    uint64_t before_ms = timers_next_ms(timers);

    assert(timer->fire != NULL);
    if (timer->place != 0)
        remove_at(timers, timer->place - 1);
    if (timers->count == timers->capacity) {
        timers->capacity = size_max(16, timers->capacity * 2);
        timers->heap = mem_resize(timers->heap, timers->capacity * sizeof *timers->heap);
    }
    timer->due_ms = due_ms;
    timer->order = timers->orders++;
    put(timers, timers->count++, timer);
    sift_up(timers, timers->count - 1);
    tell_changed(timers, before_ms);
}

void timer_set_after(struct timers *timers, struct timer *timer, uint64_t delay_ms)
{
    set(timers, timer, clock_waited_ms(timers->clock) + delay_ms);
}

void timer_set_at(struct timers *timers, struct timer *timer, uint64_t time_ms)
{
    uint64_t now_ms = clock_now_ms(timers->clock);

    timer_set_after(timers, timer, time_ms > now_ms ? time_ms - now_ms : 0);
}

void timer_cancel(struct timers *timers, struct timer *timer)
{
    uint64_t before_ms = timers_next_ms(timers);

    if (timer->place == 0)
        return;
    remove_at(timers, timer->place - 1);
    tell_changed(timers, before_ms);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->place != 0;
}

uint64_t timers_next_ms(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0]->due_ms : UINT64_MAX;
}

size_t timers_run(struct timers *timers)
{
    uint64_t now = clock_waited_ms(timers->clock);
    uint64_t last_order = timers->orders; /* one that is set while we run waits for the next run */
    size_t fired = 0;

    assert(!timers->running);
    timers->running = true;
    while (timers->count > 0 && timers->heap[0]->due_ms <= now &&
           timers->heap[0]->order < last_order) {
        struct timer *timer = timers->heap[0];

        remove_at(timers, 0);
        timer->fire(timer);
        fired++;
    }
    timers->running = false;
    if (timers->changed != NULL)
        timers->changed(timers->context);
    return fired;
}
