/* store/repair.c - a store that could not write, and the way back.
 *
 *   the log failed       the group is taken back (wal.h) before its works are answered, if the disk
 *                        lets us; else with the works that come, until that succeeds. RocksDB is
 *                        not touched: what it has is right.
 *   RocksDB failed       (a flush or a compaction did, in the background) it takes no more, and the
 *                        C API has no way to tell it to go on: it is closed, opened again, and what
 *                        only the log has is replayed. Until then it is read as it is, or, when it
 *                        does not open for writing, for reading.
 *
 * `failed` holds why; until the way back is through, works are answered with it without their
 * run(). */
#include "base/clock.h"
#include "store/internal.h"

#define NS_PER_MS 1000000u

void repair_later(struct store *store, enum status status)
{
    store->failed = status;
    store->repair_at_ns = clock_monotonic_ns() + store->repair_pause_ms * NS_PER_MS;
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
bool repair_now(struct store *store)
{
    enum status status = OK;

    if (store->failed == NO_SPACE && folder_is_full(store->folder))
        return false;
    status = wal_take_back(&store->wal);
    if (status == OK && store->rocks_failed)
        status = exchange_behind_gate(store);
    if (status != OK) {
        repair_later(store, status);
        return false;
    }
    store->failed = OK;
    return true;
}

void repair_look(struct store *store)
{
    enum status status = (enum status)atomic_exchange(&store->checkpoint.failed, (int)OK);

    if (status == OK)
        return;
    store->rocks_failed = true;
    repair_later(store, status);
    store->repair_at_ns = 0;
}

bool repair_try(struct store *store)
{
    if (store->failed == OK)
        return true;
    assert(store->before == NULL);
    return !store->memory && clock_monotonic_ns() >= store->repair_at_ns && repair_now(store);
}
