/* schedule/due.c - a binary heap of times; see due.h. */
#include "schedule/due.h"

#include <string.h>

void due_init(struct due_queue *queue, struct timers *timers, void (*fire)(struct timer *timer))
{
    *queue = (struct due_queue){.timers = timers, .timer = {.fire = fire}};
}

void due_release(struct due_queue *queue)
{
    due_disarm(queue);
    mem_free(queue->heap);
    queue->heap = NULL;
    queue->count = queue->capacity = 0;
}

static void put(struct due_queue *queue, size_t place, struct due *due)
{
    queue->heap[place - 1] = due;
    due->place = place;
}

static void sift_up(struct due_queue *queue, struct due *due, size_t place)
{
    while (place > 1 && queue->heap[place / 2 - 1]->at_ms > due->at_ms) {
        put(queue, place, queue->heap[place / 2 - 1]);
        place /= 2;
    }
    put(queue, place, due);
}

static void sift_down(struct due_queue *queue, struct due *due, size_t place)
{
    for (;;) {
        size_t child = place * 2;

        if (child > queue->count)
            break;
        if (child < queue->count && queue->heap[child]->at_ms < queue->heap[child - 1]->at_ms)
            child++;
        if (queue->heap[child - 1]->at_ms >= due->at_ms)
            break;
        put(queue, place, queue->heap[child - 1]);
        place = child;
    }
    put(queue, place, due);
}

static void take_out(struct due_queue *queue, struct due *due)
{
    size_t place = due->place;
    struct due *last = queue->heap[queue->count - 1];

    due->place = 0;
    queue->count--;
    if (last == due)
        return;
    if (place > 1 && queue->heap[place / 2 - 1]->at_ms > last->at_ms)
        sift_up(queue, last, place);
    else
        sift_down(queue, last, place);
}

static void grow(struct due_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
    struct due **heap = mem_new_array(capacity, sizeof *heap);

    if (queue->count > 0)
        memcpy(heap, queue->heap, queue->count * sizeof *heap);
    mem_free(queue->heap);
    queue->heap = heap;
    queue->capacity = capacity;
}

void due_set(struct due_queue *queue, struct due *due, uint64_t at_ms)
{
    if (due->place > 0)
        take_out(queue, due);
    due->at_ms = at_ms;
    if (at_ms == DUE_NEVER)
        return;
    if (queue->count == queue->capacity)
        grow(queue);
    sift_up(queue, due, ++queue->count);
}

struct due *due_take(struct due_queue *queue, uint64_t now_ms)
{
    struct due *first = queue->count > 0 ? queue->heap[0] : NULL;

    if (first == NULL || first->at_ms > now_ms)
        return NULL;
    take_out(queue, first);
    return first;
}

void due_arm(struct due_queue *queue)
{
    struct clock *clock = timers_clock(queue->timers);
    uint64_t now_ms = clock_now_ms(clock), at_ms = 0;

    if (queue->count == 0) {
        due_disarm(queue);
        return;
    }
    at_ms = queue->heap[0]->at_ms;
    if (!clock_is_manual(clock) && at_ms > now_ms + DUE_LOOK_MS)
        at_ms = now_ms + DUE_LOOK_MS;
    timer_set_at(queue->timers, &queue->timer, at_ms);
}

void due_disarm(struct due_queue *queue)
{
    timer_cancel(queue->timers, &queue->timer);
}
