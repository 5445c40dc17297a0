/* store/writer.c - the one thread that changes the store: it takes all works that wait, group by
 * group (group.c). What it cannot write, and the way back, is repair.c's. */
#include "base/clock.h"
#include "base/thread.h"
#include "store/internal.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u
#define LOG_SHORT_NS (1 * NS_PER_MS)

static bool serve_here(struct store *store, struct store_work *work);

/* ---- the queue ---- */

static void enqueue(struct store *store, struct store_work *work)
{
    pthread_mutex_lock(&store->queue_mutex);
    assert(!store->stopping);

    bool was_empty = store->queue == NULL;

    *store->queue_tail = work;
    store->queue_tail = &work->next;
    pthread_mutex_unlock(&store->queue_mutex);
    if (was_empty)
        pthread_cond_signal(&store->queue_moved);
}

void store_submit(struct store *store, struct store_port *port, struct store_work *work)
{
    work->next = NULL;
    work->port = port;
    port->in_flight++;
    if (!atomic_load_explicit(&port->alone, memory_order_relaxed) || !serve_here(store, work))
        enqueue(store, work);
}

/* Something is to be scrubbed: it is looked at again after a while. */
static void wait_to_scrub(struct store *store)
{
    uint64_t until_ns = clock_monotonic_ns() + STORE_SCRUB_PAUSE_MS * NS_PER_MS;
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};

    if (pthread_cond_timedwait(&store->queue_moved, &store->queue_mutex, &until) == 0)
        return;
    pthread_mutex_unlock(&store->queue_mutex);
    pthread_mutex_lock(&store->serving);
    if (store->failed == OK)
        scrub_run(store, 1);
    pthread_mutex_unlock(&store->serving);
    pthread_mutex_lock(&store->queue_mutex);
}

/* Until works wait, or some that were refused elsewhere. False when the store closes and nothing is
 * left. */
static bool wait_for_work(struct store *store)
{
    bool found = false;

    pthread_mutex_lock(&store->queue_mutex);
    while (store->queue == NULL && !store->stopping && !store->left_refused) {
        if (atomic_load(&store->scrub) != 0)
            wait_to_scrub(store);
        else
            pthread_cond_wait(&store->queue_moved, &store->queue_mutex);
    }
    found = store->queue != NULL || store->left_refused;
    store->left_refused = false;
    pthread_mutex_unlock(&store->queue_mutex);
    return found;
}

/* Takes everything that waits. */
static bool fill_backlog(struct store *store)
{
    if (store->backlog != NULL)
        return true;
    pthread_mutex_lock(&store->queue_mutex);
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

    while (wait_for_work(store)) {
        pthread_mutex_lock(&store->serving);
        group_answer_refused(store);
        while (fill_backlog(store))
            group_serve(store);
        assert(store->before == NULL);
        pthread_mutex_unlock(&store->serving);
    }
    return NULL;
}

/* ---- another thread in its place ---- */

/* Its client is alone, and a change of threads takes as long as the disk. When it does not, waiting
 * for it here would keep the thread from others for too long. */
static bool may_serve_here(const struct store *store)
{
    return store->failed == OK && store->last_count == 1 && store->log_ns < LOG_SHORT_NS &&
           atomic_load(&store->scrub) == 0 && atomic_load(&store->checkpoint.failed) == OK;
}

static bool nobody_waits(struct store *store)
{
    bool nobody = false;

    pthread_mutex_lock(&store->queue_mutex);
    nobody = store->queue == NULL && !store->left_refused;
    pthread_mutex_unlock(&store->queue_mutex);
    return nobody;
}

/* What failed is the writer's: it may have to wait for readers, and this thread may be one. */
static void leave_refused(struct store *store)
{
    pthread_mutex_lock(&store->queue_mutex);
    store->left_refused = true;
    pthread_mutex_unlock(&store->queue_mutex);
    pthread_cond_signal(&store->queue_moved);
}

/* False: the writer is at work, or has to do it. */
static bool serve_here(struct store *store, struct store_work *work)
{
    bool may = false;

    if (pthread_mutex_trylock(&store->serving) != 0)
        return false;
    may = may_serve_here(store) && nobody_waits(store);
    if (may) {
        store->backlog = work;
        if (!group_serve_here(store))
            leave_refused(store);
    }
    pthread_mutex_unlock(&store->serving);
    return may;
}

void writer_start(struct store *store)
{
    pthread_mutex_init(&store->queue_mutex, NULL);
    pthread_mutex_init(&store->serving, NULL);
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
    pthread_mutex_destroy(&store->serving);
}
