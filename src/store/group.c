/* store/group.c - one group of works, from their run() to their answers.
 *
 *   run each --> record in the log --> synced --> in RocksDB, visible, answered
 *      |               | failed                        | failed
 *      +---------------+-------------------------------+----> refused: taken back, then answered
 *
 * When works wait, a group that is synced is put into RocksDB while the next one is on its way to
 * the disk:
 *
 *   group 1   run | write, sync | ..... | visible, answered
 *   group 2                     | run | write, sync ........ | ..... | visible, answered
 *   group 3                                                  | run | write, sync ...
 *
 * What group 1 put, a run() of group 2 gets from group 1's batch (store_batch_get()); before one
 * makes an iterator or a view, group 1 is made visible (group_catch_up()). A work that puts nothing
 * is answered after that, too: it may tell what it has seen there.
 *
 * What always holds (store.h, 1 to 4):
 *   - a group is in RocksDB only after its record is synced, and answered after both;
 *   - groups become visible, and are answered, in their order; positions are published then;
 *   - a group is written when the one before is synced, so it is refused when that one is. */
#include "base/clock.h"
#include "store/internal.h"

#define SPACE_LOOK_NS 10000000u

/* The store whose group this thread serves. */
static _Thread_local const struct store *written;

/* ---- visible ---- */

static enum status apply(struct store *store, rocksdb_writebatch_t *changes)
{
    enum status status = OK;

    pthread_mutex_lock(&store->checkpoint.applying);
    status = rocks_write(&store->rocks, changes);
    if (status == OK && !store->memory)
        wal_accept(&store->wal);
    pthread_mutex_unlock(&store->checkpoint.applying);
    if (status != OK) {
        store->rocks_failed = true;
        repair_later(store, status);
    } else if (!store->memory) {
        checkpoint_look(store);
    }
    return status;
}

enum status store_commit(struct store *store, rocksdb_writebatch_t *changes)
{
    size_t size = 0;
    const char *bytes = rocksdb_writebatch_data(changes, &size);
    enum status status = OK;

    assert(store->before == NULL);
    if (!store->memory)
        status = wal_append(&store->wal, bytes_of(bytes, size));
    if (status == OK)
        return apply(store, changes);
    repair_later(store, status);
    return status;
}

static void set_status(struct store_work *works, enum status status)
{
    for (; works != NULL; works = works->next)
        works->status = status;
}

/* They are answered when what could be taken back is. What they noted was never so. */
static void refuse(struct store *store, struct store_work *works, enum status status)
{
    struct store_work **tail = &store->refused;

    notes_clear(store);
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = works;
    set_status(works, status);
}

static void answer(struct store *store, struct store_work *works, enum status status,
                   bool committed)
{
    set_status(works, status);
    ports_answer(store, works, committed);
}

/* The group before, which is synced, becomes visible and is answered. Nothing to do when there is
 * none. Not OK: its works are refused. */
static enum status show(struct store *store)
{
    struct store_batch *batch = store->before;
    enum status status = OK;

    if (batch == NULL)
        return OK;
    store->before = NULL;
    cache_begin(&store->cache, batch);
    status = apply(store, batch->changes);
    cache_end(&store->cache, status == OK);
    if (status != OK) {
        refuse(store, store->before_works, status);
        return status;
    }
    atomic_store(&store->last_position, batch->last_position);
    atomic_fetch_add(&store->groups, 1);
    if (batch->scrub != 0)
        scrub_begin(store, batch->scrub);
    answer(store, store->before_works, OK, true);
    return OK;
}

void group_catch_up(struct store *store)
{
    if (written != store || store->before == NULL)
        return;

    enum status status = show(store);

    if (status != OK)
        store_batch_fail(store->batch, status);
}

/* ---- durable ---- */

/* The record goes to the disk beside the group before, which becomes visible meanwhile. */
static enum status log_beside(struct store *store, struct bytes changes)
{
    enum status status = wal_write(&store->wal, changes), shown = OK;

    if (status != OK)
        return status;
    syncer_begin(&store->syncer, store->wal.fd);
    shown = show(store);
    status = wal_synced(&store->wal, syncer_end(&store->syncer));
    return shown != OK ? shown : status;
}

static enum status log_alone(struct store *store, struct bytes changes)
{
    uint64_t began_ns = clock_monotonic_ns();
    enum status status = wal_append(&store->wal, changes);

    store->log_ns = (store->log_ns + clock_monotonic_ns() - began_ns) / 2;
    return status;
}

static enum status log_group(struct store *store, const struct store_batch *batch)
{
    size_t size = 0;
    const char *bytes = rocksdb_writebatch_data(batch->changes, &size);
    struct bytes changes = bytes_of(bytes, size);
    enum status status = OK;

    if (store->memory)
        return OK;
    if (store->before != NULL && wal_has_room(&store->wal, changes))
        return log_beside(store, changes);
    status = show(store);
    return status == OK ? log_alone(store, changes) : status;
}

/* ---- a group ---- */

/* Runs works of the backlog until the group is full; returns them as a list of their own. */
static struct store_work *run_works(struct store *store, struct store_batch *batch)
{
    struct store_work *works = store->backlog, *last = NULL;
    uint64_t count = 0;

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
    store->last_count = count;
    atomic_fetch_add(&store->works, count);
    return works;
}

static struct store_work *run_group(struct store *store)
{
    struct store_batch *batch =
        store->before == &store->batches[0] ? &store->batches[1] : &store->batches[0];

    store->batch = batch;
    batch_begin(batch, store->before != NULL ? store->before->last_position
                                             : atomic_load(&store->last_position));
    return run_works(store, batch);
}

/* Makes it durable: then it is the group before. False: nothing of it was put, or it was refused,
 * and its works are on their way. */
static bool write_group(struct store *store, struct store_work *works, bool full)
{
    struct store_batch *batch = store->batch;
    bool changed = batch_finish(batch);
    enum status status = batch->status;

    if (store->rocks_failed && !store->memory)
        repair_later(store, status); /* it could not make a family */
    if (status == OK && changed && full)
        status = NO_SPACE;
    else if (status == OK && changed) {
        status = log_group(store, batch);
        if (status != OK)
            repair_later(store, status);
    }

    /* What these works have seen others see, too, before they are told; or it never was. */
    enum status shown = show(store);

    if (status == OK)
        status = shown;
    if (status == OK && changed) {
        store->before = batch;
        store->before_works = works;
        return true;
    }
    if (status == OK)
        answer(store, works, OK, false);
    else
        refuse(store, works, status);
    return false;
}

/* Somebody waits for the next group, and it can go beside this one. */
static bool is_followed(struct store *store)
{
    bool followed = store->backlog != NULL;

    if (store->memory || store->failed != OK || store->batch->scrub != 0)
        return false;
    if (!followed) {
        pthread_mutex_lock(&store->queue_mutex);
        followed = store->queue != NULL;
        pthread_mutex_unlock(&store->queue_mutex);
    }
    return followed;
}

/* What is refused is void before it is told, if the disk lets us. */
void group_answer_refused(struct store *store)
{
    struct store_work *works = store->refused;

    if (works == NULL)
        return;
    if (store->failed != OK && !store->memory)
        repair_now(store);
    store->refused = NULL;
    ports_answer(store, works, false);
}

static void refuse_backlog(struct store *store)
{
    struct store_work *works = store->backlog;

    store->backlog = NULL;
    answer(store, works, store->failed, false);
}

/* The reserve holds what is written before the next look. */
static bool is_full(struct store *store)
{
    uint64_t now_ns = clock_monotonic_ns();

    if (store->memory || (now_ns < store->space_at_ns && !store->full))
        return false;
    store->full = folder_is_full(store->folder);
    store->space_at_ns = now_ns + SPACE_LOOK_NS;
    return store->full;
}

/* One group of a store that takes writes. */
static void serve(struct store *store)
{
    bool full = is_full(store);
    struct store_work *works = run_group(store);

    if (write_group(store, works, full) && !is_followed(store))
        (void)!show(store);
}

void group_serve(struct store *store)
{
    written = store;
    repair_look(store);
    if (store->failed != OK)
        (void)!show(store);
    group_answer_refused(store);
    if (repair_try(store))
        serve(store);
    else
        refuse_backlog(store);
    group_answer_refused(store);
    written = NULL;
}

bool group_serve_here(struct store *store)
{
    written = store;
    serve(store);
    written = NULL;
    return store->refused == NULL;
}
