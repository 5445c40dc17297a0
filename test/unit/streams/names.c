/* test/unit/streams/names.c - streams/names.c: sequence numbers, shard ids and iterators as text. */
#include "records_test.h"

static const uint64_t positions[] = {0, 1, 9, 10, 99, 4294967296u, UINT64_MAX - 1, UINT64_MAX};

static void sequence_numbers_are_ordered_text(void **state)
{
    char before[STREAM_SEQUENCE_SIZE] = "", text[STREAM_SEQUENCE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(positions); i++) {
        uint64_t back = 7;

        stream_sequence_print(positions[i], text);
        assert_int_equal(strlen(text), 21); /* AWS: 21 to 40 digits */
        assert_true(strcmp(before, text) < 0);
        assert_true(stream_sequence_parse(bytes_of_text(text), &back));
        assert_int_equal(back, positions[i]);
        memcpy(before, text, sizeof before);
    }
}

static void other_text_is_no_sequence_number(void **state)
{
    static const char *const wrong[] = {"", "1", "100000000000000000001x",
                                        "10000000000000000000x", "000000000000000000001",
                                        "199999999999999999999", "-10000000000000000001"};
    uint64_t position = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(stream_sequence_parse(bytes_of_text(wrong[i]), &position));
}

static void shard_ids_come_back(void **state)
{
    static const uint32_t streams[] = {0, 1, 77, UINT32_MAX};
    static const uint16_t shards[] = {0, 1, 255, UINT16_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(streams); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(shards); j++) {
            char text[STREAM_SHARD_ID_SIZE];
            uint32_t stream_id = 5;
            uint16_t shard = 5;

            stream_shard_id_print(streams[i], shards[j], text);
            assert_in_range(strlen(text), 28, 65);
            assert_true(stream_shard_id_parse(bytes_of_text(text), &stream_id, &shard));
            assert_int_equal(stream_id, streams[i]);
            assert_int_equal(shard, shards[j]);
        }
    }
}

static void other_text_is_no_shard_id(void **state)
{
    static const char *const wrong[] = {
        "", "shardId-", "shardId-00000000000000000001-0000000", "shardId-00000000000000000001-00010000",
        "shardId-00000000004294967296-00000000", "shardid-00000000000000000001-00000000",
        "shardId-00000000000000000001x00000000", "shardId-00000000000000000001-0000000g"};
    uint32_t stream_id = 0;
    uint16_t shard = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(stream_shard_id_parse(bytes_of_text(wrong[i]), &stream_id, &shard));
}

static void an_iterator_comes_back_or_not_at_all(void **state)
{
    struct stream_test *t = *state;
    struct stream_iterator in = {7, 3, 123456789012345, TEST_NOW_MS}, out = {0};
    struct bytes arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/L");
    struct bytes text = stream_iterator_print(t->arena, arn, &in);

    assert_true(bytes_start_with(text, arn));
    assert_true(stream_iterator_parse(text, &out));
    assert_memory_equal(&in, &out, sizeof in);

    /* Every single changed character behind the ARN is noticed. */
    for (size_t i = arn.size; i < text.size; i++) {
        char *damaged = arena_copy_text(t->arena, text);

        damaged[i] = damaged[i] == 'B' ? 'C' : 'B';
        assert_false(stream_iterator_parse(bytes_of(damaged, text.size), &out));
    }
    assert_false(stream_iterator_parse(bytes_slice(text, 0, text.size - 1), &out));
    assert_false(stream_iterator_parse(BYTES(""), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stream_test_open, stream_test_close)
        TEST(sequence_numbers_are_ordered_text), TEST(other_text_is_no_sequence_number),
        TEST(shard_ids_come_back),               TEST(other_text_is_no_shard_id),
        TEST(an_iterator_comes_back_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
