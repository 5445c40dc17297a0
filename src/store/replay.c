/* store/replay.c - what only the log has is put into a RocksDB that was opened. See wal.h.
 *
 * A group names families by their numbers, which RocksDB gives once and never again. A family is
 * made, durably, before a group names it: one that is not there is damage. */
#include "store/internal.h"

enum status replay_read_flushed(struct store *store, uint64_t *ret)
{
    return rocks_read_number(&store->rocks, META_FLUSHED, ret);
}

bool replay_knows_families(const struct rocks *rocks, struct bytes changes)
{
    uint32_t families[FAMILY_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        rocksdb_column_family_handle_t *family = rocks_family(rocks, i);

        if (family != NULL)
            families[count++] = rocksdb_column_family_handle_get_id(family);
    }
    return wal_changes_are_of(changes, families, count);
}

static enum status apply(void *context, struct bytes changes)
{
    struct store *store = context;

    if (!replay_knows_families(&store->rocks, changes))
        return CORRUPT;

    rocksdb_writebatch_t *batch =
        rocksdb_writebatch_create_from((const char *)changes.ptr, changes.size);
    enum status status = rocks_write(&store->rocks, batch);

    rocksdb_writebatch_destroy(batch);
    return status;
}

enum status replay_log(struct store *store, char words[WAL_WORDS_SIZE])
{
    uint64_t flushed = 0;
    enum status status = replay_read_flushed(store, &flushed);

    if (wal_is_new(&store->wal))
        return status;
    return status == OK ? wal_replay(&store->wal, flushed, UINT64_MAX, apply, store, words)
                        : status;
}
