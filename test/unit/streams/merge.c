/* The records of several shards as one run, against sorting them all. */
#include "streams/streams_test.h"

#define SLOTS 5
#define RECORDS 60

static struct store_iter *iter_of(struct test_streams *t, uint16_t slot)
{
    uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];

    change_encode_key(from, 1, slot, 0);
    change_encode_key(to, 1, slot, UINT64_MAX);
    return store_iter_new(t->store, NULL, STORE_CHANGES, bytes_of(from, sizeof from),
                          bytes_of(to, sizeof to), false);
}

static void test_nothing_to_merge(void **state)
{
    AUTO(merge_close) struct merge merge = {0};
    struct bytes key, value;

    (void)state;
    assert_false(merge_next(&merge, &key, &value, NULL));
    assert_int_equal(merge.status, OK);
}

/* Whatever shard each record is in, they come by position, with the tag of theirs. */
static void test_by_position(void **state)
{
    struct test_streams t;
    uint32_t slots[RECORDS];
    uint32_t random = 7;

    (void)state;
    test_streams_open(&t, NULL);
    for (size_t i = 0; i < RECORDS; i++) {
        random = random * 1664525 + 1013904223;
        slots[i] = (random >> 24) % (SLOTS - 1); /* the last one stays empty */
        assert_int_equal(test_record(&t, &(struct change){.stream_id = 1,
                                                          .shard = (uint16_t)slots[i],
                                                          .kind = CHANGE_INSERT,
                                                          .keys = BYTES("{}")}),
                         i + 1);
    }
    {
        AUTO(merge_close) struct merge merge = {0};
        struct bytes key, value;
        uint32_t tag = 0;
        size_t count = 0;

        for (uint16_t slot = 0; slot < SLOTS; slot++)
            merge_add(&merge, t.arena, iter_of(&t, slot), slot);
        while (merge_next(&merge, &key, &value, &tag)) {
            struct change change = {0};

            assert_int_equal(change_decode(key, value, &change), OK);
            assert_int_equal(change.position, count + 1);
            assert_int_equal(tag, slots[count++]);
        }
        assert_int_equal(count, RECORDS);
        assert_int_equal(merge.status, OK);
        assert_false(merge_next(&merge, &key, &value, &tag));
    }
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_merge),
        cmocka_unit_test(test_by_position),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
