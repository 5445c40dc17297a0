/* store/wal_form.c - the bytes of the log's headers and records. See wal.h. */
#include "store/wal.h"

#include "base/crc32c.h"

static const uint8_t magic[16] = "dynlog log 1\n";

void wal_put_header(uint8_t out[WAL_HEADER_SIZE], const struct wal_header *header)
{
    memcpy(out, magic, sizeof magic);
    bytes_put_u64(out + 16, header->sequence);
    bytes_put_u64(out + 24, header->first_group);
    bytes_put_u64(out + 32, header->salt);
    bytes_put_u32(out + 40, crc32c(0, bytes_of(out, 40)));
}

bool wal_get_header(struct bytes bytes, struct wal_header *ret)
{
    if (bytes.size < WAL_HEADER_SIZE || memcmp(bytes.ptr, magic, sizeof magic) != 0 ||
        bytes_get_u32(bytes.ptr + 40) != crc32c(0, bytes_of(bytes.ptr, 40)))
        return false;
    ret->sequence = bytes_get_u64(bytes.ptr + 16);
    ret->first_group = bytes_get_u64(bytes.ptr + 24);
    ret->salt = bytes_get_u64(bytes.ptr + 32);
    return true;
}

void wal_put_record_head(uint8_t out[WAL_RECORD_HEAD_SIZE], const struct wal_header *header,
                         uint64_t group, struct bytes changes)
{
    assert(changes.size <= UINT32_MAX);
    bytes_put_u32(out + 4, (uint32_t)changes.size);
    bytes_put_u64(out + 8, group);
    bytes_put_u64(out + 16, header->salt);
    bytes_put_u32(out, crc32c(crc32c(0, bytes_of(out + 4, WAL_RECORD_HEAD_SIZE - 4)), changes));
}

/* A whole record at that place; its group and its changes. The cheap looks come first: nearly all
 * places are none. */
static bool look_at(struct bytes segment, size_t at, uint64_t salt, uint64_t *ret_group,
                    struct bytes *ret)
{
    const uint8_t *head = segment.ptr + at;
    struct bytes changes;

    if (at > segment.size || segment.size - at < WAL_RECORD_HEAD_SIZE ||
        bytes_get_u64(head + 16) != salt)
        return false;
    changes = bytes_of(head + WAL_RECORD_HEAD_SIZE, bytes_get_u32(head + 4));
    if (changes.size > segment.size - at - WAL_RECORD_HEAD_SIZE ||
        bytes_get_u32(head) !=
            crc32c(0, bytes_of(head + 4, WAL_RECORD_HEAD_SIZE - 4 + changes.size)))
        return false;
    *ret_group = bytes_get_u64(head + 8);
    *ret = changes;
    return true;
}

bool wal_read_record(struct wal_reader *reader, struct bytes *ret)
{
    uint64_t group = 0;
    struct bytes changes;

    if (!look_at(reader->segment, reader->at, reader->salt, &group, &changes) ||
        group != reader->group)
        return false;
    reader->at += WAL_RECORD_HEAD_SIZE + changes.size;
    reader->at += (WAL_ALIGNMENT - reader->at % WAL_ALIGNMENT) % WAL_ALIGNMENT;
    reader->group++;
    *ret = changes;
    return true;
}

bool wal_has_later(const struct wal_reader *reader)
{
    uint64_t group = 0;
    struct bytes changes;

    for (size_t at = reader->at; at < reader->segment.size; at += WAL_ALIGNMENT)
        if (look_at(reader->segment, at, reader->salt, &group, &changes) && group > reader->group)
            return true;
    return false;
}
