/* store/replay.c - what only the log has is put into a RocksDB that was opened. See wal.h. */
#include "store/internal.h"

enum status replay_read_flushed(struct store *store, uint64_t *ret)
{
    return rocks_read_number(&store->rocks, META_FLUSHED, ret);
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

    return status == OK ? wal_replay(&store->wal, flushed, UINT64_MAX, apply, store, words) : status;
}
