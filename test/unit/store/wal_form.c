/* Bytes of the log's headers and records: what is whole is read, and nothing else. */
#include "store/wal_test.h"

static const struct wal_header header = {
    .sequence = 3, .first_group = 7, .salt = 0x1122334455667788};

static size_t put_record(uint8_t *room, size_t at, const struct wal_header *of, uint64_t group,
                         const char *text)
{
    struct bytes changes = bytes_of_text(text);

    wal_put_record_head(room + at, of, group, changes);
    memcpy(room + at + WAL_RECORD_HEAD_SIZE, changes.ptr, changes.size);
    at += WAL_RECORD_HEAD_SIZE + changes.size;
    return (at + WAL_ALIGNMENT - 1) / WAL_ALIGNMENT * WAL_ALIGNMENT;
}

static void test_header(void **state)
{
    uint8_t bytes[WAL_HEADER_SIZE];
    struct wal_header got = {0};

    (void)state;
    wal_put_header(bytes, &header);
    assert_true(wal_get_header(bytes_of(bytes, sizeof bytes), &got));
    assert_memory_equal(&got, &header, sizeof got);
    for (size_t size = 0; size < sizeof bytes; size++)
        assert_false(wal_get_header(bytes_of(bytes, size), &got));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(wal_get_header(bytes_of(bytes, sizeof bytes), &got));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_records(void **state)
{
    uint8_t room[256] = {0};
    size_t end = put_record(room, put_record(room, 0, &header, 7, "seven"), &header, 8, "");
    struct wal_reader reader = {
        .segment = bytes_of(room, sizeof room), .salt = header.salt, .group = 7};
    struct bytes changes;

    (void)state;
    assert_true(wal_read_record(&reader, &changes));
    assert_true(bytes_equal_text(changes, "seven"));
    assert_true(wal_read_record(&reader, &changes));
    assert_int_equal(changes.size, 0);
    assert_int_equal(reader.at, end);
    assert_int_equal(reader.group, 9);
    assert_false(wal_read_record(&reader, &changes));
    assert_false(wal_has_later(&reader));
}

/* Each bit of a record counts, and each byte that is missing. */
static void test_records_that_are_not_whole(void **state)
{
    uint8_t room[64];
    struct wal_reader reader = {.salt = header.salt, .group = 7};
    size_t size = WAL_RECORD_HEAD_SIZE + 5;
    struct bytes changes;

    (void)state;
    put_record(room, 0, &header, 7, "seven");
    for (size_t there = 0; there < size; there++) {
        reader.segment = bytes_of(room, there);
        assert_false(wal_read_record(&reader, &changes));
    }
    reader.segment = bytes_of(room, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(wal_read_record(&reader, &changes));
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(wal_read_record(&reader, &changes));
}

/* Of an earlier use of the segment, of another group, or of a client that knows the form and not
 * the salt. */
static void test_records_that_are_not_its(void **state)
{
    struct wal_header earlier = header;
    struct wal_reader reader = {.salt = header.salt, .group = 7};
    uint8_t room[256] = {0};
    struct bytes changes;
    size_t at = 0;

    (void)state;
    earlier.salt++;
    reader.segment = bytes_of(room, sizeof room);
    put_record(room, 0, &earlier, 7, "seven");
    assert_false(wal_read_record(&reader, &changes));
    assert_false(wal_has_later(&reader));
    put_record(room, 0, &header, 6, "six");
    assert_false(wal_read_record(&reader, &changes));
    assert_false(wal_has_later(&reader));
    at = put_record(room, 0, &header, 7, "seven");
    put_record(room, at, &earlier, 9, "nine");
    room[WAL_RECORD_HEAD_SIZE] ^= 1;
    assert_false(wal_read_record(&reader, &changes));
    assert_false(wal_has_later(&reader));
    put_record(room, at, &header, 7, "again");
    assert_false(wal_has_later(&reader));
    put_record(room, at, &header, 8, "eight");
    assert_true(wal_has_later(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_records_that_are_not_whole),
        cmocka_unit_test(test_records_that_are_not_its),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
