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
 * A group whose record could not be written or synced is taken back (wal.h) before its works are
 * answered, if the disk lets us; else with the works that come, until that succeeds. RocksDB is not
 * touched: what it has is right. When RocksDB itself fails (a flush or a compaction did, in the
 * background) it takes no more, and the C API has no way to tell it to go on: it is closed, opened
 * again, and what only the log has is replayed. Until then it is read as it is, or, when it does
 * not open for writing, for reading. `failed` holds why, and works are answered with it without
 * their run().
 *
 * What always holds (store.h, 1 to 4):
 *   - a group is in RocksDB only after its record is synced, and answered after both;
 *   - positions of a group are published then, and only then. */
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
    return rocks_read_number(&store->rocks, META_LAST_POSITION, ret);
}

/* Closes the failed RocksDB, opens it again, and replays what its memory had; or, when that fails,
 * opens it for reading only. Nobody is inside the gate. */
static enum status exchange(struct store *store)
{
    char words[ROCKS_ERROR_SIZE];
    uint64_t last_position = 0;
    enum status status = OK;

    rocks_close(&store->rocks);
    status = rocks_open_again(&store->rocks, ROCKS_EXISTING, words);
    if (status == OK)
        status = replay_log(store, words);
    if (status == OK)
        status = store_read_last_position(store, &last_position);
    if (status != OK) {
        rocks_close(&store->rocks);
        /* When that fails, too, gets answer IO_ERROR until it opens. */
        (void)!rocks_read_again(&store->rocks, store->wal.folder, words);
        return status;
    }
    assert(last_position == atomic_load(&store->last_position));
    store->rocks_failed = false;
    return OK;
}

static enum status exchange_behind_gate(struct store *store)
{
    enum status status = OK;

    if (!gate_shut(&store->gate, STORE_DRAIN_WAIT_MS))
        return store->failed; /* somebody still reads; later */
    status = wal_probe(&store->wal);
    cache_begin_all(&store->cache);
    if (status == OK)
        status = exchange(store);
    cache_end_all(&store->cache);
    gate_open(&store->gate);
    return status;
}

/* First the log: while it does not take a new segment, nothing can be written, and the RocksDB that
 * failed still has everything for those who read. */
static bool repair(struct store *store)
{
    enum status status = OK;

    if (store->failed == NO_SPACE && folder_is_full(store->folder))
        return false;
    status = wal_take_back(&store->wal);
    if (status == OK && store->rocks_failed)
        status = exchange_behind_gate(store);
    if (status != OK) {
        fail(store, status);
        return false;
    }
    store->failed = OK;
    return true;
}

/* What the checkpoints' thread met. */
static void look_at_checkpoint(struct store *store)
{
    enum status status = (enum status)atomic_exchange(&store->checkpoint.failed, (int)OK);

    if (status == OK)
        return;
    store->rocks_failed = true;
    fail(store, status);
    store->repair_at_ns = 0;
}

/* True when the log and RocksDB take writes. Closing one that is in memory would lose everything,
 * and its writes cannot fail for a reason that goes away. */
static bool is_working(struct store *store)
{
    look_at_checkpoint(store);
    if (store->failed == OK)
        return true;
    return !store->memory && clock_monotonic_ns() >= store->repair_at_ns && repair(store);
}

static enum status apply(struct store *store, rocksdb_writebatch_t *changes)
{
    enum status status = OK;

    pthread_mutex_lock(&store->checkpoint.applying);
    status = rocks_write(&store->rocks, changes);
    store->rocks_failed = status != OK;
    if (status == OK && !store->memory)
        wal_accept(&store->wal);
    pthread_mutex_unlock(&store->checkpoint.applying);
    return status;
}

enum status store_commit(struct store *store, rocksdb_writebatch_t *changes)
{
    size_t size = 0;
    const char *bytes = rocksdb_writebatch_data(changes, &size);
    enum status status = store->memory ? OK : wal_append(&store->wal, bytes_of(bytes, size));

    if (status == OK)
        status = apply(store, changes);
    if (status != OK) {
        fail(store, status);
        return status;
    }
    if (!store->memory)
        checkpoint_look(store);
    return OK;
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
    enum status status = OK;

    cache_begin(&store->cache, &store->batch);
    status = store_commit(store, store->batch.changes);
    cache_end(&store->cache, status == OK);
    if (status != OK)
        return status;
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

    if (store->rocks_failed && !store->memory)
        fail(store, status); /* it could not make a family */
    if (status == OK && changed)
        status = full ? NO_SPACE : write_group(store);

    /* Before the answer: what is refused is then void, if the disk lets us. */
    if (store->failed != OK && !store->memory)
        repair(store);
    answer(store, works, status, changed && status == OK);
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
