/* store/checkpoint.c - what is only in the log and in RocksDB's memory goes to tables, so that the
 * log stays short; and segments are written ahead of the writer. A thread does it, when the writer
 * asks.
 *
 *   number of the last group | flush of every family | META_FLUSHED = that number, and its flush
 *     | segments with no later group are used again
 *
 * The families are flushed one after the other, and RocksDB flushes them by itself, too: a table
 * may have more than META_FLUSHED says. That does no harm (wal.h, 4). */
#include "base/thread.h"
#include "store/internal.h"

/* ---- one checkpoint ---- */

static enum status put_flushed(struct store *store, uint64_t group)
{
    const struct rocks *rocks = &store->rocks;
    struct bytes key = META_FLUSHED;
    uint8_t number[8];
    char *error = NULL;

    bytes_put_u64(number, group);
    rocksdb_put_cf(rocks->db, rocks->options.write, rocks_family(rocks, FAMILY_META),
                   (const char *)key.ptr, key.size, (const char *)number, sizeof number, &error);
    return rocks_status(error);
}

enum status checkpoint_run(struct store *store)
{
    struct checkpoint *checkpoint = &store->checkpoint;

    pthread_mutex_lock(&checkpoint->running);

    uint64_t appended = atomic_load(&store->wal.appended);
    uint64_t group = atomic_load(&store->wal.last_group);
    enum status status = rocks_flush(&store->rocks);

    if (status == OK)
        status = put_flushed(store, group);
    if (status == OK)
        status = rocks_flush_family(&store->rocks, FAMILY_META);
    if (status == OK)
        wal_retire(&store->wal, group, appended);
    pthread_mutex_unlock(&checkpoint->running);
    return status;
}

/* ---- the thread ---- */

static void run_asked(struct store *store)
{
    enum status status = OK;

    gate_enter(&store->gate, false);
    if (store->rocks.db != NULL)
        status = checkpoint_run(store);
    gate_leave(&store->gate);
    if (status != OK)
        atomic_store(&store->checkpoint.failed, (int)status);
}

/* Not when it would take room from what is acknowledged. */
static void prepare_asked(struct store *store)
{
    if (folder_is_full(store->folder))
        return;
    pthread_mutex_lock(&store->checkpoint.running);
    wal_prepare(&store->wal);
    pthread_mutex_unlock(&store->checkpoint.running);
}

static unsigned wait_until_asked(struct checkpoint *checkpoint)
{
    unsigned asked = 0;

    pthread_mutex_lock(&checkpoint->mutex);
    while (checkpoint->asked == 0)
        pthread_cond_wait(&checkpoint->moved, &checkpoint->mutex);
    asked = checkpoint->asked;
    checkpoint->asked = 0;
    pthread_mutex_unlock(&checkpoint->mutex);
    return asked;
}

static void *checkpoint_main(void *context)
{
    struct store *store = context;
    unsigned asked = 0;

    while (((asked = wait_until_asked(&store->checkpoint)) & CHECKPOINT_STOP) == 0) {
        if ((asked & CHECKPOINT_SPARE) != 0)
            prepare_asked(store);
        if ((asked & CHECKPOINT_FLUSH) != 0)
            run_asked(store);
        if ((asked & CHECKPOINT_FLUSH) != 0)
            atomic_store(&store->checkpoint.flushing, false);
    }
    return NULL;
}

/* The writer. A store that little is put into has no such thread. */
static void start(struct store *store)
{
    struct checkpoint *checkpoint = &store->checkpoint;

    thread_start(&checkpoint->thread, "dynlog-flush", checkpoint_main, store);
    checkpoint->started = true;
}

static void ask(struct store *store, unsigned what)
{
    struct checkpoint *checkpoint = &store->checkpoint;

    if (!checkpoint->started)
        start(store);
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->asked |= what;
    pthread_mutex_unlock(&checkpoint->mutex);
    pthread_cond_signal(&checkpoint->moved);
}

void checkpoint_look(struct store *store)
{
    if (wal_wants_spare(&store->wal))
        ask(store, CHECKPOINT_SPARE);
    if (wal_size(&store->wal) >= store->wal.size_max &&
        !atomic_exchange(&store->checkpoint.flushing, true))
        ask(store, CHECKPOINT_FLUSH);
}

void checkpoint_stop(struct store *store)
{
    if (!store->checkpoint.started)
        return;
    ask(store, CHECKPOINT_STOP);
    pthread_join(store->checkpoint.thread, NULL);
    store->checkpoint.started = false;
}
