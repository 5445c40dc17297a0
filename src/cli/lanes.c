/* cli/lanes.c - see lanes.h. */
#include "cli/lanes.h"

#include "base/clock.h"
#include "base/map.h"

#include <pthread.h>
#include <time.h>

struct waiting {
    uint64_t number;
    void *thing;
};

struct lane {
    struct lanes *lanes;
    unsigned index;
    pthread_t thread;
    pthread_cond_t changed; /* something was given, or all is over */
    struct waiting ring[LANE_WAITING_MAX];
    size_t first, count; /* the first one runs, or is next */
};

struct lanes {
    struct lanes_work work;
    pthread_mutex_t lock;    /* everything below, and what is in the lanes */
    pthread_cond_t went_on;  /* something has run */
    bool stopped, over;      /* over: no more will be given */
    unsigned running;        /* things that run now */
    uint64_t given, settled; /* numbers */
    struct lane lanes[LANES_MAX];
};

/* The first that has not run is at the front of its lane. */
static void settle(struct lanes *lanes)
{
    uint64_t settled = lanes->given;

    for (unsigned i = 0; i < lanes->work.count; i++) {
        const struct lane *lane = &lanes->lanes[i];

        if (lane->count > 0 && lane->ring[lane->first].number - 1 < settled)
            settled = lane->ring[lane->first].number - 1;
    }
    if (settled > lanes->settled)
        lanes->settled = settled;
}

static bool wait_for_work(struct lane *lane)
{
    struct lanes *lanes = lane->lanes;

    while (lane->count == 0 && !lanes->stopped && !lanes->over)
        pthread_cond_wait(&lane->changed, &lanes->lock);
    return lane->count > 0 && !lanes->stopped;
}

static void *run_lane(void *context)
{
    struct lane *lane = context;
    struct lanes *lanes = lane->lanes;

    pthread_mutex_lock(&lanes->lock);
    while (wait_for_work(lane)) {
        void *thing = lane->ring[lane->first].thing;
        bool well = false;

        lanes->running++;
        pthread_mutex_unlock(&lanes->lock);
        well = lanes->work.run(lanes->work.context, lane->index, thing);
        lanes->work.drop(lanes->work.context, thing);
        pthread_mutex_lock(&lanes->lock);
        lanes->running--;
        lanes->stopped = lanes->stopped || !well;
        if (well) { /* what did not go well is not settled: it is where to go on */
            lane->first = (lane->first + 1) % LANE_WAITING_MAX;
            lane->count--;
            settle(lanes);
        } else {
            lane->ring[lane->first].thing = NULL;
        }
        pthread_cond_broadcast(&lanes->went_on);
    }
    pthread_mutex_unlock(&lanes->lock);
    return NULL;
}

static struct timespec time_after(int wait_ms)
{
    uint64_t at_ns = clock_monotonic_ns() + (uint64_t)wait_ms * 1000000;

    return (struct timespec){(time_t)(at_ns / 1000000000), (long)(at_ns % 1000000000)};
}

struct lanes *lanes_new(const struct lanes_work *work)
{
    struct lanes *lanes = mem_new(sizeof *lanes);
    pthread_condattr_t monotonic;

    assert(work->count >= 1 && work->count <= LANES_MAX);
    lanes->work = *work;
    pthread_mutex_init(&lanes->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&lanes->went_on, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (unsigned i = 0; i < work->count; i++) {
        struct lane *lane = &lanes->lanes[i];

        lane->lanes = lanes;
        lane->index = i;
        pthread_cond_init(&lane->changed, NULL);

        int error = pthread_create(&lane->thread, NULL, run_lane, lane);

        assert(error == 0); /* out of memory, as mem_new() */
    }
    return lanes;
}

unsigned lanes_lane(const struct lanes *lanes, struct bytes stream)
{
    return (unsigned)(map_hash(stream) % lanes->work.count);
}

enum lanes_given lanes_give_some(struct lanes *lanes, struct bytes stream, uint64_t number,
                                 void *thing, int wait_ms)
{
    struct lane *lane = &lanes->lanes[lanes_lane(lanes, stream)];
    struct timespec until = time_after(wait_ms);
    enum lanes_given given = LANES_TAKEN;
    int error = 0;

    pthread_mutex_lock(&lanes->lock);
    assert(number > lanes->given);
    while (!lanes->stopped && lane->count == LANE_WAITING_MAX && error == 0)
        error = pthread_cond_timedwait(&lanes->went_on, &lanes->lock, &until);
    if (lanes->stopped) {
        given = LANES_STOPPED;
    } else if (lane->count == LANE_WAITING_MAX) {
        given = LANES_FULL;
    } else {
        lane->ring[(lane->first + lane->count++) % LANE_WAITING_MAX] =
            (struct waiting){number, thing};
        pthread_cond_signal(&lane->changed);
    }
    pthread_mutex_unlock(&lanes->lock);
    return given;
}

enum lanes_given lanes_give(struct lanes *lanes, struct bytes stream, uint64_t number, void *thing,
                            int wait_ms)
{
    enum lanes_given given = lanes_give_some(lanes, stream, number, thing, wait_ms);

    if (given == LANES_TAKEN)
        lanes_pass(lanes, number);
    return given;
}

void lanes_pass(struct lanes *lanes, uint64_t number)
{
    pthread_mutex_lock(&lanes->lock);
    assert(number >= lanes->given);
    lanes->given = number;
    settle(lanes);
    pthread_mutex_unlock(&lanes->lock);
}

uint64_t lanes_settled(struct lanes *lanes)
{
    uint64_t settled = 0;

    pthread_mutex_lock(&lanes->lock);
    settled = lanes->settled;
    pthread_mutex_unlock(&lanes->lock);
    return settled;
}

static void wake_all(struct lanes *lanes)
{
    for (unsigned i = 0; i < lanes->work.count; i++)
        pthread_cond_signal(&lanes->lanes[i].changed);
    pthread_cond_broadcast(&lanes->went_on);
}

void lanes_stop(struct lanes *lanes)
{
    pthread_mutex_lock(&lanes->lock);
    lanes->stopped = true;
    wake_all(lanes);
    pthread_mutex_unlock(&lanes->lock);
}

static bool is_through(const struct lanes *lanes)
{
    if (lanes->running > 0)
        return false;
    for (unsigned i = 0; i < lanes->work.count && !lanes->stopped; i++)
        if (lanes->lanes[i].count > 0)
            return false;
    return true;
}

bool lanes_wait(struct lanes *lanes, int wait_ms)
{
    struct timespec until = time_after(wait_ms);
    bool through = false;
    int error = 0;

    pthread_mutex_lock(&lanes->lock);
    while (!is_through(lanes) && error == 0)
        error = pthread_cond_timedwait(&lanes->went_on, &lanes->lock, &until);
    through = is_through(lanes);
    pthread_mutex_unlock(&lanes->lock);
    return through;
}

static void drop_waiting(struct lanes *lanes, struct lane *lane)
{
    for (; lane->count > 0; lane->count--) {
        if (lane->ring[lane->first].thing != NULL)
            lanes->work.drop(lanes->work.context, lane->ring[lane->first].thing);
        lane->first = (lane->first + 1) % LANE_WAITING_MAX;
    }
}

void lanes_free(struct lanes *lanes)
{
    if (lanes == NULL)
        return;
    pthread_mutex_lock(&lanes->lock);
    lanes->over = true;
    wake_all(lanes);
    pthread_mutex_unlock(&lanes->lock);
    for (unsigned i = 0; i < lanes->work.count; i++) {
        pthread_join(lanes->lanes[i].thread, NULL);
        drop_waiting(lanes, &lanes->lanes[i]);
        pthread_cond_destroy(&lanes->lanes[i].changed);
    }
    pthread_cond_destroy(&lanes->went_on);
    pthread_mutex_destroy(&lanes->lock);
    mem_free(lanes);
}
