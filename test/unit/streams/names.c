/* Sequence numbers, shard ids and iterators: what is printed is read again, what is damaged or
 * foreign is not. */
#include "streams/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- sequence numbers ---- */

static void test_sequence_round_trip(void **state)
{
    static const uint64_t positions[] = {0, 1, 9, 10, 4294967296u, UINT64_MAX - 1, UINT64_MAX};
    char before[STREAM_SEQUENCE_SIZE] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(positions); i++) {
        char text[STREAM_SEQUENCE_SIZE];
        uint64_t position = 7;

        stream_sequence_print(positions[i], text);
        assert_int_equal(strlen(text), 21); /* AWS: 21 to 40 digits */
        assert_true(strcmp(before, text) < 0);
        assert_true(stream_sequence_parse(bytes_of_text(text), &position));
        assert_int_equal(position, positions[i]);
        memcpy(before, text, sizeof before);
    }
}

static void test_sequence_wrong(void **state)
{
    static const char *const wrong[] = {
        "",
        "1",
        "00000000000000000001",  /* too short */
        "000000000000000000001", /* another first digit */
        "200000000000000000001",
        "1000000000000000000011", /* too long */
        "10000000000000000000x",
        "1-0000000000000000001",
        " 10000000000000000001",
        "199999999999999999999", /* above 64 bits */
    };
    uint64_t position = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (stream_sequence_parse(bytes_of_text(wrong[i]), &position))
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_int_equal(position, 7);
}

/* ---- shard ids ---- */

static void test_shard_round_trip(void **state)
{
    static const struct {
        uint32_t stream_id, number;
    } shards[] = {{0, 0}, {1, 2}, {10, 0xABCD}, {10, 0x12345678}, {UINT32_MAX, UINT32_MAX}};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(shards); i++) {
        char text[STREAM_SHARD_ID_SIZE];
        uint32_t stream_id = 0;
        uint32_t number = 0;

        stream_shard_id_print(shards[i].stream_id, shards[i].number, text);
        assert_in_range(strlen(text), 28, 65); /* AWS's limits */
        assert_true(stream_shard_id_parse(bytes_of_text(text), &stream_id, &number));
        assert_int_equal(stream_id, shards[i].stream_id);
        assert_int_equal(number, shards[i].number);
    }
}

static void test_shard_wrong(void **state)
{
    static const char *const wrong[] = {
        "",
        "shardId-",
        "shardId-00000000000000000001-0000000",   /* one digit less */
        "shardId-00000000000000000001-000000000", /* one more */
        "ShardId-00000000000000000001-00000000",
        "shardId-00000000000000000001_00000000",
        "shardId-0000000000000000000x-00000000",
        "shardId-00000000000000000001-0000000g",
        "shardId-00000000000000000001-0000000A", /* we print small letters */
        "shardId-00000000004294967296-00000000", /* a stream id has 32 bits */
        "shardId-99999999999999999999-00000000",
    };
    uint32_t stream_id = 7;
    uint32_t number = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (stream_shard_id_parse(bytes_of_text(wrong[i]), &stream_id, &number))
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_int_equal(stream_id, 7);
    assert_int_equal(number, 7);
}

/* Clients page through shards by their ids as texts. */
static void test_shard_order(void **state)
{
    static const uint32_t numbers[] = {0, 1, 9, 10, 15, 16, 255, 4096, 65535, 65536, UINT32_MAX};
    char before[STREAM_SHARD_ID_SIZE], after[STREAM_SHARD_ID_SIZE];

    (void)state;
    for (size_t i = 1; i < ARRAY_COUNT(numbers); i++) {
        stream_shard_id_print(7, numbers[i - 1], before);
        stream_shard_id_print(7, numbers[i], after);
        assert_true(strcmp(before, after) < 0);
    }
}

/* ---- iterators ---- */

#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/users/stream/2026-01-31T23:59:59.999"

static const struct stream_iterator iterator = {.stream_id = 0x01020304,
                                                .shard = 0x05060506,
                                                .after = 0x0708090A0B0C0D0E,
                                                .issued_ms = 1785000000000};

static void test_iterator_round_trip(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = stream_iterator_print(arena, BYTES(ARN), &iterator);
    struct stream_iterator read = {0};

    (void)state;
    assert_true(bytes_start_with(text, BYTES(ARN "|1|"))); /* as AWS prints it */
    assert_true(text.size <= 2048);                        /* AWS's limit */
    assert_true(stream_iterator_parse(text, &read));
    assert_int_equal(read.stream_id, iterator.stream_id);
    assert_int_equal(read.shard, iterator.shard);
    assert_int_equal(read.after, iterator.after);
    assert_int_equal(read.issued_ms, iterator.issued_ms);
}

/* Whatever one character behind the ARN becomes, the iterator is refused. */
static void test_iterator_damaged(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = stream_iterator_print(arena, BYTES(ARN), &iterator);
    struct stream_iterator read = {0};

    (void)state;
    for (size_t i = sizeof ARN - 1; i < text.size; i++) {
        static const char others[] = "Az09+/=| ";

        for (const char *other = others; *other != '\0'; other++) {
            uint8_t *copy = arena_alloc(arena, text.size);

            if (text.ptr[i] == (uint8_t)*other)
                continue;
            memcpy(copy, text.ptr, text.size);
            copy[i] = (uint8_t)*other;
            if (stream_iterator_parse(bytes_of(copy, text.size), &read))
                fail_msg("taken with %c at %zu", *other, i);
        }
    }
    for (size_t size = 0; size < text.size; size++)
        assert_false(stream_iterator_parse(bytes_slice(text, 0, size), &read));
    assert_int_equal(read.stream_id, 0);
}

static void test_iterator_foreign(void **state)
{
    static const char *const foreign[] = {
        "",
        "|1|",
        ARN,
        ARN "|1|",
        ARN "|1|AAAA",
        ARN "|2|AQIDBAUGBwgJCgsMDQ4AAAGfmcn8AEmA5e0=",
        ARN "|1|AAAAAAAAAAEvUS8jYzSv5oUzYUtqPvTBBcbPa1Yqkg1Q1c3hGZ0DbG+uUqB3w==", /* AWS's own */
        ARN "|1|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",                            /* no check sum */
    };
    struct stream_iterator read = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(foreign); i++)
        if (stream_iterator_parse(bytes_of_text(foreign[i]), &read))
            fail_msg("\"%s\" was taken", foreign[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequence_round_trip), cmocka_unit_test(test_sequence_wrong),
        cmocka_unit_test(test_shard_round_trip),    cmocka_unit_test(test_shard_wrong),
        cmocka_unit_test(test_shard_order),         cmocka_unit_test(test_iterator_round_trip),
        cmocka_unit_test(test_iterator_damaged),    cmocka_unit_test(test_iterator_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
