/* store/replay.c - what only the log has is put into a RocksDB that was opened. See wal.h. */
#include "store/internal.h"

enum status replay_read_flushed(struct store *store, uint64_t *ret)
{
    const struct rocks *rocks = &store->rocks;
    struct bytes key = META_FLUSHED;
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get_cf(rocks->db, rocks->options.read, rocks->families[FAMILY_META],
                                 (const char *)key.ptr, key.size, &size, &error);
    enum status status = rocks_status(error);

    if (status == OK && value != NULL && size != 8)
        status = CORRUPT;
    if (status == OK)
        *ret = value != NULL ? bytes_get_u64((const uint8_t *)value) : 0;
    rocksdb_free(value);
    return status;
}

static enum status apply(void *context, struct bytes changes)
{
    struct store *store = context;
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

    return status == OK ? wal_replay(&store->wal, flushed, apply, store, words) : status;
}
