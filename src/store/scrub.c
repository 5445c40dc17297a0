/* store/scrub.c - bytes of what was deleted go from the disk; see store.h, store_batch_scrub().
 *
 *   group with the deletion, and META_SCRUB        durable: nobody reads it any more
 *     | no reader has a moment from before
 *   a checkpoint: flush of all families            nothing needs the log any more
 *   compaction of the families, to the last level  nor have tables
 *   files that are not in use are removed
 *   a new segment; all others are removed          nor has the log
 *     |
 *   META_SCRUB is deleted
 *
 * Killed in between, the next process begins again after the first line. A failure leaves it to be
 * tried again: it is no failure of what was acknowledged. */
#include "store/internal.h"

#include <time.h>

#define MS_NS 1000000

/* ---- readers of earlier moments ---- */

/* A compaction keeps what a snapshot sees. */
static bool is_seen(const struct store *store)
{
    uint64_t oldest = 0;

    if (rocksdb_property_int_cf(store->rocks.db, rocks_family(&store->rocks, FAMILY_META),
                                "rocksdb.oldest-snapshot-sequence", &oldest) != 0)
        return false;
    return oldest != 0 && oldest < store->scrub_sequence;
}

static bool wait_for_readers(const struct store *store, size_t tries)
{
    for (size_t i = 0; is_seen(store); i++) {
        if (i + 1 >= tries)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = MS_NS}, NULL);
    }
    return true;
}

/* ---- what RocksDB is asked for ---- */

/* Forced: a table of the last level is written anew, too. */
static void compact(const struct rocks *rocks, uint32_t families)
{
    rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();

    rocksdb_compactoptions_set_exclusive_manual_compaction(options, 1);
    rocksdb_compactoptions_set_bottommost_level_compaction(options, 2);
    for (size_t i = 0; i < STORE_FAMILY_COUNT; i++) {
        rocksdb_column_family_handle_t *family = rocks_family(rocks, i);

        if ((families >> i & 1) != 0 && family != NULL)
            rocksdb_compact_range_cf_opt(rocks->db, family, options, NULL, 0, NULL, 0);
    }
    rocksdb_compactoptions_destroy(options);
}

/* Turning deletions of files on looks for all files that nobody needs, and removes them before it
 * returns. */
static enum status remove_files(const struct rocks *rocks)
{
    char *error = NULL;

    rocksdb_disable_file_deletions(rocks->db, &error);
    if (rocks_status(error) != OK)
        return IO_ERROR;
    error = NULL;
    rocksdb_enable_file_deletions(rocks->db, 1, &error);
    return rocks_status(error);
}

static enum status forget_mark(struct store *store)
{
    struct bytes key = META_SCRUB;
    rocksdb_writebatch_t *changes = rocksdb_writebatch_create();
    enum status status = OK;

    rocksdb_writebatch_delete_cf(changes, rocks_family(&store->rocks, FAMILY_META),
                                 (const char *)key.ptr, key.size);
    status = store_commit(store, changes);
    rocksdb_writebatch_destroy(changes);
    return status;
}

/* No segment is made or retired meanwhile. */
static enum status renew_log(struct store *store)
{
    enum status status = OK;

    pthread_mutex_lock(&store->checkpoint.running);
    status = wal_renew(&store->wal);
    pthread_mutex_unlock(&store->checkpoint.running);
    return status;
}

/* ---- the way of it ---- */

void scrub_begin(struct store *store, uint32_t families)
{
    atomic_fetch_or(&store->scrub, families);
    store->scrub_sequence = rocksdb_get_latest_sequence_number(store->rocks.db);
    scrub_run(store, STORE_SCRUB_TRIES_MAX);
}

void scrub_run(struct store *store, size_t tries)
{
    uint32_t families = atomic_load(&store->scrub);

    if (families == 0 || !wait_for_readers(store, tries))
        return;

    enum status status = store->memory ? rocks_flush(&store->rocks) : checkpoint_run(store);

    if (status == OK) {
        compact(&store->rocks, families);
        status = remove_files(&store->rocks);
    }
    if (status == OK && !store->memory)
        status = renew_log(store);
    if (status == OK)
        status = forget_mark(store);
    if (status == OK)
        atomic_store(&store->scrub, 0);
}

enum status scrub_load(struct store *store)
{
    const struct rocks *rocks = &store->rocks;
    struct bytes key = META_SCRUB;
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get_cf(rocks->db, rocks->options.read, rocks_family(rocks, FAMILY_META),
                                 (const char *)key.ptr, key.size, &size, &error);
    enum status status = rocks_status(error);

    if (status == OK && value != NULL && size != 4)
        status = CORRUPT;
    if (status == OK && value != NULL) {
        atomic_store(&store->scrub, bytes_get_u32((const uint8_t *)value));
        store->scrub_sequence = rocksdb_get_latest_sequence_number(rocks->db);
        scrub_run(store, 1);
    }
    rocksdb_free(value);
    return status;
}
