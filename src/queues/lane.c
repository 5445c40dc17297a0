/* queues/lane.c - the loop's side of a queue: one timer for all that time does to it, and those who
 * wait for its messages (serve.c). See internal.h. */
#include "queues/internal.h"

static void timer_fired(struct timer *timer)
{
    struct lane *lane = CONTAINER_OF(timer, struct lane, timer);

    lane->due_ms = UINT64_MAX;
    lane_advance(lane);
}

static void try_again(struct timer *timer)
{
    lane_advance(CONTAINER_OF(timer, struct lane, again));
}

struct lane *lane_new(struct queues *queues, struct queue *queue)
{
    struct lane *lane = mem_new(sizeof *lane);

    lane->queues = queues;
    lane->queue = queue;
    lane->timer.fire = timer_fired;
    lane->again.fire = try_again;
    lane->due_ms = UINT64_MAX;
    lane->wakes = 1;
    list_init(&lane->waiting);
    pthread_mutex_lock(&queues->mutex);
    void *before = map_put(&queues->lanes, queue->view.name, lane);

    pthread_mutex_unlock(&queues->mutex);
    assert(before == NULL);
    return lane;
}

/* What is due may be due at another time now: the timer looks. */
void lane_replace(struct lane *lane, struct queue *queue)
{
    struct queue *before = lane->queue;

    pthread_mutex_lock(&lane->queues->mutex);
    lane->queue = queue;
    pthread_mutex_unlock(&lane->queues->mutex);
    queue_unref(before);
    lane_due(lane, 0);
}

static void free_when_idle(struct lane *lane)
{
    if (!lane->deleted || lane->works > 0)
        return;
    assert(list_empty(&lane->waiting) && lane->move == NULL);
    timer_cancel(lane->queues->options.timers, &lane->timer);
    timer_cancel(lane->queues->options.wall_timers, &lane->again);
    queue_unref(lane->queue);
    mem_free(lane);
}

void lane_delete(struct lane *lane)
{
    lane->deleted = true;
    timer_cancel(lane->queues->options.timers, &lane->timer);
    timer_cancel(lane->queues->options.wall_timers, &lane->again);
    lane->works++; /* those who are told may come back */
    lane_end_waiting(lane, REFUSED);
    move_lane_deleted(lane);
    lane->works--;
    free_when_idle(lane);
}

void lane_submit(struct lane *lane, struct store_work *work)
{
    struct queues *queues = lane->queues;

    lane->works++;
    queues->works++;
    store_submit(queues->options.store, queues->options.port, work);
}

void lane_returned(struct lane *lane)
{
    struct queues *queues = lane->queues;

    assert(lane->works > 0);
    lane->works--;
    queues->works--;
    free_when_idle(lane);
    if (queues->works == 0 && queues->options.changed != NULL)
        queues->options.changed(queues->options.context);
}

void lane_wake(struct lane *lane)
{
    lane->wakes++;
    lane_serve(lane);
}

void lane_due(struct lane *lane, uint64_t due_ms)
{
    if (due_ms >= lane->due_ms || lane->deleted || lane->queues->stopped)
        return;
    lane->due_ms = due_ms;
    timer_set_at(lane->queues->options.timers, &lane->timer, due_ms);
}

void lane_doubtful(struct lane *lane)
{
    lane_due(lane, 0);
}
