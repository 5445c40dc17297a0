/* store/writer.c - the one thread that changes the store: it takes all works that wait, group by
 * group (group.c). What it cannot write, and the way back, is repair.c's. */
#include "base/clock.h"
#include "base/thread.h"
#include "store/internal.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

/* ---- the queue ---- */

void store_submit(struct store *store, struct store_port *port, struct store_work *work)
{
    work->next = NULL;
    work->port = port;
    port->in_flight++;
    pthread_mutex_lock(&store->queue_mutex);
    assert(!store->stopping);

    bool was_empty = store->queue == NULL;

    *store->queue_tail = work;
    store->queue_tail = &work->next;
    pthread_mutex_unlock(&store->queue_mutex);
    if (was_empty)
        pthread_cond_signal(&store->queue_moved);
}

/* Between works, what is to be scrubbed is looked at again. */
static void wait_for_work(struct store *store)
{
    uint64_t until_ns = 0;
    struct timespec until;

    if (atomic_load(&store->scrub) == 0) {
        pthread_cond_wait(&store->queue_moved, &store->queue_mutex);
        return;
    }
    until_ns = clock_monotonic_ns() + STORE_SCRUB_PAUSE_MS * NS_PER_MS;
    until = (struct timespec){.tv_sec = (time_t)(until_ns / NS_PER_S),
                              .tv_nsec = (long)(until_ns % NS_PER_S)};
    if (pthread_cond_timedwait(&store->queue_moved, &store->queue_mutex, &until) == 0)
        return;
    pthread_mutex_unlock(&store->queue_mutex);
    if (store->failed == OK)
        scrub_run(store, 1);
    pthread_mutex_lock(&store->queue_mutex);
}

/* Takes everything that waits. False when the store closes and nothing is left. */
static bool fill_backlog(struct store *store)
{
    if (store->backlog != NULL)
        return true;
    pthread_mutex_lock(&store->queue_mutex);
    while (store->queue == NULL && !store->stopping)
        wait_for_work(store);
    store->backlog = store->queue;
    store->queue = NULL;
    store->queue_tail = &store->queue;
    pthread_mutex_unlock(&store->queue_mutex);
    return store->backlog != NULL;
}

/* ---- the thread ---- */

static void *writer_main(void *context)
{
    struct store *store = context;

    while (fill_backlog(store))
        group_serve(store);
    return NULL;
}

void writer_start(struct store *store)
{
    pthread_mutex_init(&store->queue_mutex, NULL);
    gate_init_condition(&store->queue_moved);
    store->queue_tail = &store->queue;
    store->repair_pause_ms = STORE_REPAIR_PAUSE_MS;
    for (size_t i = 0; i < ARRAY_COUNT(store->batches); i++)
        batch_init(&store->batches[i], store);
    syncer_init(&store->syncer);
    thread_start(&store->writer, "dynlog-writer", writer_main, store);
}

void writer_stop(struct store *store)
{
    pthread_mutex_lock(&store->queue_mutex);
    store->stopping = true;
    pthread_mutex_unlock(&store->queue_mutex);
    pthread_cond_signal(&store->queue_moved);
    pthread_join(store->writer, NULL);
    syncer_stop(&store->syncer);
    for (size_t i = 0; i < ARRAY_COUNT(store->batches); i++)
        batch_clear(&store->batches[i]);
    notes_clear(store);
    pthread_cond_destroy(&store->queue_moved);
    pthread_mutex_destroy(&store->queue_mutex);
}
