/* Fuzz target: the commit log's reader (store/wal.h), on segments that were written and damaged.
 *
 * The first byte says which of two things follows. 0: a segment as it is, header and records. Else
 * a script: records to write (their sizes, some of an earlier use of the segment), then bytes to
 * change or where it is cut. What is read is a beginning of what was written, byte for byte; it
 * goes up to the first record that was touched; and a later one that was not touched is seen behind
 * it. Build with -fsanitize=fuzzer,address,undefined. */
#include "store/wal.h"

#define SEGMENT_SIZE ((size_t)16 << 10)
#define RECORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct wal_header header = {.sequence = 2, .first_group = 9, .salt = 0x5A17},
                               earlier = {.sequence = 1, .first_group = 3, .salt = 0x5A16};

struct written {
    size_t at, size; /* with its head, without what aligns the next one */
    bool touched;
};

struct script {
    struct bytes rest;
    uint8_t segment[SEGMENT_SIZE];
    size_t size;
    struct written records[RECORDS_MAX];
    size_t count;
};

static uint8_t next_byte(struct script *script)
{
    uint8_t byte = script->rest.size > 0 ? script->rest.ptr[0] : 0;

    script->rest = bytes_slice(script->rest, 1, script->rest.size);
    return byte;
}

static size_t put_record(struct script *script, size_t at, const struct wal_header *of,
                         uint64_t group, size_t size)
{
    struct bytes changes = bytes_slice(script->rest, 0, size);
    uint8_t *head = script->segment + at;

    wal_put_record_head(head, of, group, changes);
    if (changes.size > 0)
        memcpy(head + WAL_RECORD_HEAD_SIZE, changes.ptr, changes.size);
    return WAL_RECORD_HEAD_SIZE + changes.size;
}

static size_t aligned(size_t at)
{
    return (at + WAL_ALIGNMENT - 1) / WAL_ALIGNMENT * WAL_ALIGNMENT;
}

/* What the segment had before it was used again. */
static void write_earlier(struct script *script)
{
    size_t at = WAL_RECORDS_AT;

    for (uint64_t group = 3; at + 512 < SEGMENT_SIZE; group++)
        at = aligned(at + put_record(script, at, &earlier, group, next_byte(script)));
}

static void write_records(struct script *script)
{
    size_t count = next_byte(script) % RECORDS_MAX, at = WAL_RECORDS_AT;

    while (script->count < count && at + 512 < SEGMENT_SIZE) {
        size_t size =
            put_record(script, at, &header, header.first_group + script->count, next_byte(script));

        script->records[script->count++] = (struct written){.at = at, .size = size};
        at = aligned(at + size);
    }
}

static void touch(struct script *script, size_t from, size_t to)
{
    for (size_t i = 0; i < script->count; i++) {
        struct written *record = &script->records[i];

        if (from < record->at + record->size && to > record->at)
            record->touched = true;
    }
}

static void damage(struct script *script)
{
    script->size = SEGMENT_SIZE;
    while (script->rest.size >= 3) {
        uint8_t change = next_byte(script);
        size_t at = WAL_RECORDS_AT + ((size_t)next_byte(script) << 8 | next_byte(script)) %
                                         (SEGMENT_SIZE - WAL_RECORDS_AT);

        if (change == 0) { /* cut */
            script->size = size_min(script->size, at);
            touch(script, at, SEGMENT_SIZE);
        } else {
            script->segment[at] ^= change;
            touch(script, at, at + 1);
        }
    }
}

/* Two changes of one byte may be none: then a record that was touched is whole, and may be read. */
static void check(const struct script *script)
{
    struct wal_reader reader = {.segment = bytes_of(script->segment, script->size),
                                .salt = header.salt,
                                .group = header.first_group,
                                .at = WAL_RECORDS_AT};
    bool later = false;
    struct bytes changes;
    size_t read = 0;

    while (wal_read_record(&reader, &changes)) {
        assert(read < script->count);
        assert(changes.ptr == script->segment + script->records[read].at + WAL_RECORD_HEAD_SIZE);
        assert(changes.size == script->records[read].size - WAL_RECORD_HEAD_SIZE);
        read++;
    }
    assert(read == script->count || script->records[read].touched);
    for (size_t i = read + 1; i < script->count; i++)
        later = later || !script->records[i].touched;
    assert(!later || wal_has_later(&reader));
    assert(read < script->count || !wal_has_later(&reader));
}

static void read_as_it_is(struct bytes segment)
{
    struct wal_header found = {0};
    struct bytes changes;

    if (!wal_get_header(segment, &found))
        return;

    struct wal_reader reader = {.segment = segment,
                                .salt = found.salt,
                                .group = found.first_group,
                                .at = WAL_HEADER_SIZE + 4}; /* small inputs reach the records */
    uint64_t count = 0;

    while (wal_read_record(&reader, &changes)) {
        assert(changes.ptr >= segment.ptr &&
               changes.ptr + changes.size <= segment.ptr + segment.size);
        count++;
    }
    assert(reader.group == found.first_group + count);
    (void)wal_has_later(&reader);
}

/* Clients do not, so what they store is no record by itself. */
static bool knows_salt(struct bytes data)
{
    uint8_t salt[8];

    bytes_put_u64(salt, header.salt);
    return bytes_find(data, bytes_of(salt, sizeof salt)) != SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script script;

    if (size == 0)
        return 0;
    if (data[0] == 0) {
        read_as_it_is(bytes_of(data + 1, size - 1));
        return 0;
    }
    if (knows_salt(bytes_of(data, size)))
        return 0;
    script = (struct script){.rest = bytes_of(data + 1, size - 1)};
    if (data[0] % 2 == 0)
        write_earlier(&script);
    write_records(&script);
    damage(&script);
    check(&script);
    return 0;
}
