/* store/wal_copy.c - groups of a log as a log of their own, while somebody goes on writing to it.
 * See wal.h. */
#include "store/wal.h"

#include <errno.h>
#include <unistd.h>

static enum status copy_group(void *context, struct bytes changes)
{
    struct wal *into = context;
    uint8_t head[WAL_RECORD_HEAD_SIZE];
    uint64_t group = atomic_load(&into->last_group) + 1;
    enum status status = OK;

    wal_put_record_head(head, &into->current.header, group, changes);
    status = wal_file_write(into->fd, into->end, bytes_of(head, sizeof head), changes);
    into->unfinished[into->unfinished_count++] = wal_record_room(changes);
    wal_accept(into);
    return status;
}

enum status wal_copy(const char *folder, uint64_t flushed, uint64_t until, const char *to,
                     char words[WAL_WORDS_SIZE])
{
    struct wal from = {.fd = -1}, into;
    enum status status = OK;

    wal_create(to, flushed, &into);
    status = wal_begin(&into);
    if (status == OK && until > flushed)
        status = wal_open(folder, flushed, true, &from, words);
    if (status == OK && until > flushed)
        status = wal_replay(&from, flushed, until, copy_group, &into, words);
    if (status == OK && fsync(into.fd) != 0)
        status = status_of_errno(errno);
    wal_close(&into);
    wal_close(&from);
    return status;
}
