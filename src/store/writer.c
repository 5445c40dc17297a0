/* store/writer.c - the one thread that changes the store.
 *
 *              works wait                 put something            written and synced
 *   idle ------------------> run each ------------------> write ----------------------> answer OK
 *     ^                          | nothing put: OK          | failed                        |
 *     |                          | disk nearly full         v                               |
 *     |                          +---- NO_SPACE ----> answer the failure                    |
 *     +------------------------------------------------------+------------------------------+
 *
 * A work may fail its group (store_batch_fail()): then nothing is written, and all are answered so.
 *
 * After a failed write RocksDB takes no more, and the C API has no way to tell it to go on. So it
 * is closed and opened again (repair()), at once and then with the works that come, until that
 * succeeds; while it does not open for writing it is open for reading. `failed` holds why, and
 * works are answered with it without their run().
 *
 * What always holds (store.h, 1 to 4):
 *   - positions of a group are published after it is written, and only then;
 *   - after a failure the last position is read back from what is really there. */
#include "base/clock.h"
#include "store/internal.h"

#include <signal.h>

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

/* ---- failure ---- */

static void fail(struct store *store, enum status status)
{
    store->failed = status;
    store->repair_at_ns = clock_monotonic_ns() + store->repair_pause_ms * NS_PER_MS;
}

enum status store_read_last_position(struct store *store, uint64_t *ret)
{
    const struct rocks *rocks = &store->rocks;
    struct bytes key = META_LAST_POSITION;
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get_cf(rocks->db, rocks->options.read, rocks_family(rocks, FAMILY_META),
                                 (const char *)key.ptr, key.size, &size, &error);
    enum status status = rocks_status(error);

    if (status == OK && value != NULL && size != 8)
        status = CORRUPT;
    if (status == OK)
        *ret = value != NULL ? bytes_get_u64((const uint8_t *)value) : 0;
    rocksdb_free(value);
    return status;
}

/* Closes the failed RocksDB and opens it again: for writing, or, when the disk is still full or the
 * opening fails, for reading. Nobody is inside the gate. */
static enum status exchange(struct store *store, bool disk_is_full)
{
    char words[ROCKS_ERROR_SIZE];
    uint64_t last_position = 0;
    enum status status = NO_SPACE;

    cache_begin_all(&store->cache);
    rocks_close(&store->rocks);
    if (!disk_is_full)
        status = rocks_open_again(&store->rocks, ROCKS_EXISTING, words);
    store->reading_only = status != OK;
    cache_end_all(&store->cache);
    if (status != OK && rocks_open_again(&store->rocks, ROCKS_READ_ONLY, words) != OK)
        return status; /* gets answer IO_ERROR until it opens */

    /* A group whose sync failed may be there all the same; then so are its positions. */
    enum status read = store_read_last_position(store, &last_position);

    if (read == OK)
        atomic_store(&store->last_position, last_position);
    return status != OK ? status : read;
}

static bool repair(struct store *store)
{
    uint64_t before = atomic_load(&store->last_position);
    bool full = store->failed == NO_SPACE && folder_is_full(store->folder);

    if (full && store->reading_only)
        return false;
    if (!gate_shut(&store->gate, STORE_DRAIN_WAIT_MS)) {
        fail(store, store->failed); /* somebody still reads; later */
        return false;
    }

    enum status status = exchange(store, full);

    gate_open(&store->gate);
    if (atomic_load(&store->last_position) != before)
        ports_answer(store, NULL, true);
    if (status != OK) {
        fail(store, status);
        return false;
    }
    store->failed = OK;
    return true;
}

/* True when RocksDB takes writes. Closing one that is in memory would lose everything, and its
 * writes cannot fail for a reason that goes away. */
static bool is_working(struct store *store)
{
    if (store->failed == OK)
        return true;
    return !store->memory && clock_monotonic_ns() >= store->repair_at_ns && repair(store);
}

/* ---- groups ---- */

/* Runs works of the backlog until the group is full; returns them as a list of their own. */
static struct store_work *run_group(struct store *store)
{
    struct store_batch *batch = &store->batch;
    struct store_work *works = store->backlog, *last = NULL;
    size_t count = 0;

    batch_begin(batch, atomic_load(&store->last_position));
    while (store->backlog != NULL && count < STORE_GROUP_WORKS_MAX &&
           batch->size < STORE_GROUP_SIZE_MAX) {
        last = store->backlog;
        store->backlog = last->next;
        last->run(batch, last);
        batch_unpin(batch);
        count++;
    }
    assert(last != NULL); /* nobody runs a group of nothing */
    last->next = NULL;
    atomic_fetch_add(&store->works, count);
    return works;
}

static enum status write_group(struct store *store)
{
    const struct rocks *rocks = &store->rocks;
    char *error = NULL;

    cache_begin(&store->cache, &store->batch);
    rocksdb_write(rocks->db, rocks->options.write, store->batch.changes, &error);

    enum status status = rocks_status(error);

    cache_end(&store->cache, status == OK);

    if (status != OK) {
        fail(store, status);
        return status;
    }
    atomic_store(&store->last_position, store->batch.last_position);
    atomic_fetch_add(&store->groups, 1);
    if (store->batch.scrub != 0)
        scrub_begin(store, store->batch.scrub);
    return OK;
}

static void answer(struct store *store, struct store_work *works, enum status status,
                   bool committed)
{
    for (struct store_work *work = works; work != NULL; work = work->next)
        work->status = status;
    ports_answer(store, works, committed);
}

static void serve_group(struct store *store)
{
    if (!is_working(store)) {
        struct store_work *works = store->backlog;

        store->backlog = NULL;
        answer(store, works, store->failed, false);
        return;
    }

    bool full = !store->memory && folder_is_full(store->folder);
    struct store_work *works = run_group(store);
    bool changed = batch_finish(&store->batch, atomic_load(&store->last_position));
    enum status status = store->batch.status;

    if (status == OK && changed)
        status = full ? NO_SPACE : write_group(store);

    answer(store, works, status, changed && status == OK);
    if (store->failed != OK && !store->memory)
        repair(store);
}

/* ---- the thread ---- */

static void *writer_main(void *context)
{
    struct store *store = context;

    while (fill_backlog(store))
        serve_group(store);
    return NULL;
}

void writer_start(struct store *store)
{
    sigset_t all, before;

    pthread_mutex_init(&store->queue_mutex, NULL);
    gate_init_condition(&store->queue_moved);
    store->queue_tail = &store->queue;
    store->repair_pause_ms = STORE_REPAIR_PAUSE_MS;
    batch_init(&store->batch, store);
    /* Signals belong to the loops. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&store->writer, NULL, writer_main, store) != 0)
        assert(false && "the system gives one more thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(store->writer, "dynlog-writer");
}

void writer_stop(struct store *store)
{
    pthread_mutex_lock(&store->queue_mutex);
    store->stopping = true;
    pthread_mutex_unlock(&store->queue_mutex);
    pthread_cond_signal(&store->queue_moved);
    pthread_join(store->writer, NULL);
    batch_clear(&store->batch);
    pthread_cond_destroy(&store->queue_moved);
    pthread_mutex_destroy(&store->queue_mutex);
}
