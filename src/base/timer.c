/* base/timer.c - see timer.h. Two binary heaps, one of upkeep; items[place - 1] is the timer. */
#include "base/timer.h"

struct heap {
    struct timer **items;
    size_t count, capacity;
};

struct timers {
    struct clock *clock;
    void (*changed)(void *context);
    void *context;
    struct heap steps, upkeep;
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
    assert(timers->steps.count == 0 && timers->upkeep.count == 0);
    mem_free(timers->steps.items);
    mem_free(timers->upkeep.items);
    mem_free(timers);
}

struct clock *timers_clock(struct timers *timers)
{
    return timers->clock;
}

/* ---- a heap ---- */

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct heap *heap, size_t index, struct timer *timer)
{
    heap->items[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct heap *heap, size_t index)
{
    struct timer *timer = heap->items[index];

    while (index > 0 && earlier(timer, heap->items[(index - 1) / 2])) {
        put(heap, index, heap->items[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(heap, index, timer);
}

static void sift_down(struct heap *heap, size_t index)
{
    struct timer *timer = heap->items[index];

    for (size_t child = 2 * index + 1; child < heap->count; child = 2 * index + 1) {
        if (child + 1 < heap->count && earlier(heap->items[child + 1], heap->items[child]))
            child++;
        if (!earlier(heap->items[child], timer))
            break;
        put(heap, index, heap->items[child]);
        index = child;
    }
    put(heap, index, timer);
}

static void add(struct heap *heap, struct timer *timer)
{
    if (heap->count == heap->capacity) {
        heap->capacity = size_max(16, heap->capacity * 2);
        heap->items = mem_resize(heap->items, heap->capacity * sizeof *heap->items);
    }
    put(heap, heap->count++, timer);
    sift_up(heap, heap->count - 1);
}

static void remove_at(struct heap *heap, size_t index)
{
    struct timer *last = heap->items[--heap->count];

    heap->items[index]->place = 0;
    if (index == heap->count)
        return;
    put(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, last->place - 1);
}

static uint64_t first_due_ms(const struct heap *heap)
{
    return heap->count > 0 ? heap->items[0]->due_ms : UINT64_MAX;
}

/* ---- both ---- */

static struct heap *heap_of(struct timers *timers, const struct timer *timer)
{
    return timer->upkeep ? &timers->upkeep : &timers->steps;
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
    struct heap *heap = heap_of(timers, timer);

    assert(timer->fire != NULL);
    if (timer->place != 0)
        remove_at(heap, timer->place - 1);
    timer->due_ms = due_ms;
    timer->order = timers->orders++;
    add(heap, timer);
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
    remove_at(heap_of(timers, timer), timer->place - 1);
    tell_changed(timers, before_ms);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->place != 0;
}

uint64_t timer_due_ms(struct timers *timers, const struct timer *timer)
{
    uint64_t now_ms = clock_waited_ms(timers->clock);

    if (timer->place == 0)
        return UINT64_MAX;
    return clock_now_ms(timers->clock) + (timer->due_ms > now_ms ? timer->due_ms - now_ms : 0);
}

uint64_t timers_next_ms(const struct timers *timers)
{
    uint64_t step_ms = first_due_ms(&timers->steps), upkeep_ms = first_due_ms(&timers->upkeep);

    return step_ms < upkeep_ms ? step_ms : upkeep_ms;
}

uint64_t timers_next_step_ms(const struct timers *timers)
{
    return first_due_ms(&timers->steps);
}

/* The first of both heaps; NULL: nothing is set. */
static struct heap *next_heap(struct timers *timers)
{
    struct heap *steps = &timers->steps, *upkeep = &timers->upkeep;

    if (steps->count == 0 || upkeep->count == 0)
        return steps->count > 0 ? steps : upkeep->count > 0 ? upkeep : NULL;
    return earlier(steps->items[0], upkeep->items[0]) ? steps : upkeep;
}

static void fire_first(struct heap *heap)
{
    struct timer *timer = heap->items[0];

    remove_at(heap, 0);
    timer->fire(timer);
}

static void run_ended(struct timers *timers)
{
    timers->running = false;
    if (timers->changed != NULL)
        timers->changed(timers->context);
}

size_t timers_run(struct timers *timers)
{
    uint64_t now = clock_waited_ms(timers->clock);
    uint64_t last_order = timers->orders; /* one that is set while we run waits for the next run */
    size_t fired = 0;

    assert(!timers->running);
    timers->running = true;
    for (struct heap *heap = next_heap(timers);
         heap != NULL && heap->items[0]->due_ms <= now && heap->items[0]->order < last_order;
         heap = next_heap(timers)) {
        fire_first(heap);
        fired++;
    }
    run_ended(timers);
    return fired;
}

/* One that is set while we run has fired, or waits for the next run. */
size_t timers_run_upkeep(struct timers *timers)
{
    uint64_t last_order = timers->orders;
    size_t fired = 0;

    assert(!timers->running);
    timers->running = true;
    for (size_t i = 0; i < timers->upkeep.count;) {
        struct timer *timer = timers->upkeep.items[i];

        if (timer->order >= last_order) {
            i++;
            continue;
        }
        remove_at(&timers->upkeep, i);
        timer->fire(timer);
        fired++;
        i = 0; /* the heap is another one now */
    }
    run_ended(timers);
    return fired;
}
