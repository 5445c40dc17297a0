/* check/spool.c - see spool.h.
 *
 *   a part is its records in memory, and before them runs of records in the file; when all parts
 *   together are too large for the memory, each goes to the file as one more run */
#include "check/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    uint64_t offset;
    size_t count;
};

struct part {
    uint8_t *records;
    size_t count, capacity;
    struct run *runs;
    size_t run_count, run_capacity, filed; /* records in all runs */
};

struct spool {
    size_t record_size, in_memory;
    struct part parts[SPOOL_PARTS];
    int file; /* -1: none yet */
    uint64_t file_size;
    enum status status;
};

struct spool *spool_new(size_t record_size)
{
    struct spool *spool = mem_new(sizeof *spool);

    spool->record_size = record_size;
    spool->file = -1;
    return spool;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    for (size_t i = 0; i < SPOOL_PARTS; i++) {
        mem_free(spool->parts[i].records);
        mem_free(spool->parts[i].runs);
    }
    if (spool->file >= 0)
        close(spool->file);
    mem_free(spool);
}

static enum status open_file(struct spool *spool)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];

    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    if ((size_t)snprintf(path, sizeof path, "%s/dynlog-check-XXXXXX", folder) >= sizeof path)
        return TOO_LARGE;
    spool->file = mkostemp(path, O_CLOEXEC);
    if (spool->file < 0)
        return status_of_errno(errno);
    unlink(path);
    return OK;
}

static enum status write_all(struct spool *spool, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = pwrite(spool->file, bytes, size, (off_t)spool->file_size);

        if (written <= 0)
            return status_of_errno(errno);
        bytes += written;
        size -= (size_t)written;
        spool->file_size += (uint64_t)written;
    }
    return OK;
}

static enum status file_part(struct spool *spool, struct part *part)
{
    if (part->count == 0)
        return OK;
    if (part->run_count == part->run_capacity) {
        part->run_capacity = size_max(16, 2 * part->run_capacity);
        part->runs = mem_resize(part->runs, part->run_capacity * sizeof *part->runs);
    }
    part->runs[part->run_count++] = (struct run){spool->file_size, part->count};

    enum status status = write_all(spool, part->records, part->count * spool->record_size);

    part->filed += part->count;
    part->count = 0;
    return status;
}

static void file_all(struct spool *spool)
{
    if (spool->status == OK && spool->file < 0)
        spool->status = open_file(spool);
    for (size_t i = 0; i < SPOOL_PARTS && spool->status == OK; i++)
        spool->status = file_part(spool, &spool->parts[i]);
    spool->in_memory = 0;
}

void spool_put(struct spool *spool, uint64_t hash, const void *record)
{
    struct part *part = &spool->parts[hash % SPOOL_PARTS];

    if (spool->status != OK)
        return;
    if (part->count == part->capacity) {
        part->capacity = size_max(64, 2 * part->capacity);
        part->records = mem_resize(part->records, part->capacity * spool->record_size);
    }
    memcpy(part->records + part->count++ * spool->record_size, record, spool->record_size);
    spool->in_memory += spool->record_size;
    if (spool->in_memory > SPOOL_MEMORY_SIZE)
        file_all(spool);
}

enum status spool_status(const struct spool *spool)
{
    return spool->status;
}

enum status spool_take(struct spool *spool, size_t at, void **ret, size_t *ret_count)
{
    const struct part *part = &spool->parts[at];
    size_t size = spool->record_size, count = part->filed + part->count;
    uint8_t *all = NULL, *end = NULL;

    if (spool->status != OK)
        return spool->status;
    all = end = mem_new_array(size_max(count, 1), size);
    for (size_t i = 0; i < part->run_count; i++) {
        size_t wanted = part->runs[i].count * size;

        if (pread(spool->file, end, wanted, (off_t)part->runs[i].offset) != (ssize_t)wanted) {
            mem_free(all);
            return spool->status = IO_ERROR;
        }
        end += wanted;
    }
    if (part->count > 0)
        memcpy(end, part->records, part->count * size);
    *ret = all;
    *ret_count = count;
    return OK;
}
