/* store/wal_look.c - each segment of a log by itself, for who checks it. See wal.h. */
#include "store/wal.h"

static void free_bytes(struct bytes *bytes)
{
    mem_free((void *)(uintptr_t)bytes->ptr);
}

/* A record was begun there: its head is of this use of the segment. */
static uint64_t size_of_rest(struct bytes segment, size_t at, uint64_t salt)
{
    uint64_t size = 0;

    if (at > segment.size || segment.size - at < WAL_RECORD_HEAD_SIZE ||
        bytes_get_u64(segment.ptr + at + 16) != salt)
        return 0;
    size = WAL_RECORD_HEAD_SIZE + (uint64_t)bytes_get_u32(segment.ptr + at + 4);
    return size < segment.size - at ? size : segment.size - at;
}

/* next: the first group of the next segment; UINT64_MAX: there is none. */
static enum status look_at(const struct wal *wal, const struct wal_file *file, uint64_t next,
                           struct wal_segment *ret)
{
    AUTO(free_bytes) struct bytes bytes = {0};
    struct wal_reader reader = {
        .salt = file->header.salt, .group = file->header.first_group, .at = WAL_RECORDS_AT};
    struct bytes changes;
    enum status status = wal_file_read(wal->folder, file->name, &bytes);

    if (status != OK)
        return status;
    *ret = (struct wal_segment){.name = file->name};
    reader.segment = bytes;
    while (reader.group < next && wal_read_record(&reader, &changes))
        ret->records++;
    ret->is_damaged = next != UINT64_MAX ? reader.group != next : wal_has_later(&reader);
    ret->end = reader.at;
    ret->size = ret->end;
    if (ret->is_damaged)
        ret->size = size_max(bytes.size, reader.at);
    else if (next == UINT64_MAX)
        ret->size += size_of_rest(bytes, reader.at, file->header.salt);
    return OK;
}

enum status wal_look(const struct wal *wal,
                     void (*visit)(void *context, const struct wal_segment *segment), void *context)
{
    struct wal_segment segment;
    enum status status = OK;

    for (size_t i = 0; status == OK && i <= wal->count; i++) {
        bool last = i == wal->count;

        status = look_at(wal, last ? &wal->current : &wal->earlier[i],
                         last ? UINT64_MAX : wal->earlier[i].next_group, &segment);
        if (status == OK)
            visit(context, &segment);
    }
    return status;
}
