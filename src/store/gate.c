/* store/gate.c - readers go in and out of the open RocksDB; the writer can shut them out for a
 * moment to exchange it.
 *
 * What always holds: between a gate_shut() that answered true and gate_open(), inside is 0. A
 * reader counts itself in before it looks at `shut`, the writer shuts before it looks at `inside`;
 * both in one order for all threads, so one of them sees the other. */
#include "base/clock.h"
#include "store/internal.h"

#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u

void gate_init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void gate_init(struct gate *gate)
{
    atomic_init(&gate->inside, 0);
    atomic_init(&gate->shut, false);
    pthread_mutex_init(&gate->mutex, NULL);
    gate_init_condition(&gate->moved);
}

void gate_clear(struct gate *gate)
{
    assert(atomic_load(&gate->inside) == 0 && "a view, an iterator or a value was not released");
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->mutex);
}

void gate_enter(struct gate *gate, bool inside_already)
{
    for (;;) {
        atomic_fetch_add(&gate->inside, 1);
        if (inside_already || !atomic_load(&gate->shut))
            return;
        gate_leave(gate);

        pthread_mutex_lock(&gate->mutex);
        while (atomic_load(&gate->shut))
            pthread_cond_wait(&gate->moved, &gate->mutex);
        pthread_mutex_unlock(&gate->mutex);
    }
}

void gate_leave(struct gate *gate)
{
    size_t before = atomic_fetch_sub(&gate->inside, 1);

    assert(before > 0);
    if (before == 1 && atomic_load(&gate->shut)) {
        pthread_mutex_lock(&gate->mutex);
        pthread_cond_broadcast(&gate->moved);
        pthread_mutex_unlock(&gate->mutex);
    }
}

bool gate_shut(struct gate *gate, uint64_t wait_ms)
{
    uint64_t until_ns = clock_monotonic_ns() + wait_ms * NS_PER_MS;
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    int waited = 0;
    bool empty = false;

    pthread_mutex_lock(&gate->mutex);
    atomic_store(&gate->shut, true);
    /* Looked at once more after each wait, and not again: a reader that counts itself in now sees
     * `shut` and turns back, and must not make an empty gate look full. */
    while (!(empty = (atomic_load(&gate->inside) == 0)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&gate->moved, &gate->mutex, &until);
    pthread_mutex_unlock(&gate->mutex);
    if (!empty)
        gate_open(gate);
    return empty;
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    atomic_store(&gate->shut, false);
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}
