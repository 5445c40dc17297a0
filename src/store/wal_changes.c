/* store/wal_changes.c - what a group's changes name: they are RocksDB's write batch, whose families
 * are numbers. RocksDB, reading a log of its own, passes over a change of a family that it does not
 * know. See wal.h.
 *
 *   sequence (8) | count (4), little-endian | changes:
 *     kind (1) | family (varint), where the kind says so | one or two of: size (varint), bytes
 *
 * (RocksDB: db/write_batch.cc and db/dbformat.h of 7.8.) */
#include "store/wal.h"

#define HEAD_SIZE ((size_t)12)
#define VARINT_SIZE_MAX 5

/* What the writer puts. A kind without a family is of family 0. */
enum kind {
    KIND_DELETE = 0x0,
    KIND_PUT = 0x1,
    KIND_DELETE_OF = 0x4,
    KIND_PUT_OF = 0x5,
    KIND_DELETE_RANGE_OF = 0xE,
    KIND_DELETE_RANGE = 0xF,
};

static bool read_varint(struct bytes *rest, uint32_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < VARINT_SIZE_MAX && i < rest->size; i++) {
        value |= (uint64_t)(rest->ptr[i] & 0x7F) << 7 * i;
        if ((rest->ptr[i] & 0x80) != 0)
            continue;
        *rest = bytes_slice(*rest, i + 1, rest->size);
        *ret = (uint32_t)value;
        return value <= UINT32_MAX;
    }
    return false;
}

static bool skip_bytes(struct bytes *rest)
{
    uint32_t size = 0;

    if (!read_varint(rest, &size) || size > rest->size)
        return false;
    *rest = bytes_slice(*rest, size, rest->size);
    return true;
}

/* A key and a value, or two keys. */
static bool skip_two(struct bytes *rest)
{
    bool first = skip_bytes(rest);

    return first && skip_bytes(rest);
}

/* One change. */
static bool read_change(struct bytes *rest, uint32_t *ret_family)
{
    uint8_t kind = rest->ptr[0];

    *ret_family = 0;
    *rest = bytes_slice(*rest, 1, rest->size);
    switch (kind) {
    case KIND_DELETE:
        return skip_bytes(rest);
    case KIND_PUT:
    case KIND_DELETE_RANGE:
        return skip_two(rest);
    case KIND_DELETE_OF:
        return read_varint(rest, ret_family) && skip_bytes(rest);
    case KIND_PUT_OF:
    case KIND_DELETE_RANGE_OF:
        return read_varint(rest, ret_family) && skip_two(rest);
    default:
        return false;
    }
}

static bool is_among(uint32_t family, const uint32_t *families, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (families[i] == family)
            return true;
    return false;
}

bool wal_changes_are_of(struct bytes changes, const uint32_t *families, size_t count)
{
    struct bytes rest;
    uint32_t family = 0;

    if (changes.size < HEAD_SIZE)
        return false;
    rest = bytes_slice(changes, HEAD_SIZE, changes.size);
    while (rest.size > 0)
        if (!read_change(&rest, &family) || !is_among(family, families, count))
            return false;
    return true;
}
