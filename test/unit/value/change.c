/* Tests of value/change.c. */
#include "value/change.h"
#include "value/tools.h"

static const struct change full = {
    .stream_id = 0x01020304,
    .shard = 0x0506,
    .position = UINT64_C(0x0708090A0B0C0D0E),
    .kind = CHANGE_MODIFY,
    .flags = CHANGE_BY_TTL,
    .time_ms = 1785000000123,
    .keys = {(const uint8_t *)"{\"a\":1}", 7},
    .new_image = {(const uint8_t *)"new", 3},
    .old_image = {(const uint8_t *)"older", 5},
};

static void encode(const struct change *change, uint8_t key[CHANGE_KEY_SIZE], struct buffer *value)
{
    change_encode_key(key, change->stream_id, change->shard, change->position);
    change_encode(value, change);
}

static void test_bytes(void **state)
{
    static const uint8_t expected_key[CHANGE_KEY_SIZE] = {1, 2, 3,  4,  5,  6,  7,
                                                          8, 9, 10, 11, 12, 13, 14};
    static const uint8_t expected[] = {1,    2,   1, 0x00, 0x00, 0x01, 0x9F, 0x9A, 0x4A, 0x7A,
                                       0x7B, 0,   0, 0,    7,    '{',  '"',  'a',  '"',  ':',
                                       '1',  '}', 0, 0,    0,    3,    'n',  'e',  'w',  0,
                                       0,    0,   5, 'o',  'l',  'd',  'e',  'r'};
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(256);
    uint8_t key[CHANGE_KEY_SIZE];

    (void)state;
    encode(&full, key, &value);
    assert_memory_equal(key, expected_key, sizeof key);
    assert_int_equal(value.size, sizeof expected);
    assert_memory_equal(value.ptr, expected, sizeof expected);
}

static void test_round_trip(void **state)
{
    static const enum change_kind kinds[] = {CHANGE_INSERT, CHANGE_MODIFY, CHANGE_REMOVE};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(kinds) * 4; i++) {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(256);
        uint8_t key[CHANGE_KEY_SIZE];
        struct change change = full, back = {0};

        change.kind = kinds[i / 4];
        if (i & 1)
            change.new_image.size = 0;
        if (i & 2)
            change.old_image.size = 0;
        encode(&change, key, &value);
        assert_int_equal(change_decode(bytes_of(key, sizeof key), buffer_bytes(&value), &back), OK);
        assert_int_equal(back.stream_id, change.stream_id);
        assert_int_equal(back.shard, change.shard);
        assert_true(back.position == change.position);
        assert_int_equal(back.kind, change.kind);
        assert_int_equal(back.flags, change.flags);
        assert_true(back.time_ms == change.time_ms);
        assert_true(bytes_equal(back.keys, change.keys));
        assert_true(bytes_equal(back.new_image, change.new_image));
        assert_true(bytes_equal(back.old_image, change.old_image));
    }
}

/* Records of one shard are in the order of their positions, shards and streams one after the other.
 */
static void test_key_order(void **state)
{
    static const struct {
        uint32_t stream_id;
        uint16_t shard;
        uint64_t position;
    } rising[] = {
        {0, 0, 0},   {0, 0, 1},          {0, 0, 255}, {0, 0, 256}, {0, 0, UINT64_MAX}, {0, 1, 0},
        {0, 256, 0}, {0, UINT16_MAX, 5}, {1, 0, 0},   {256, 0, 0}, {UINT32_MAX, 0, 0},
    };
    uint8_t before[CHANGE_KEY_SIZE], key[CHANGE_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rising); i++) {
        change_encode_key(key, rising[i].stream_id, rising[i].shard, rising[i].position);
        if (i > 0)
            assert_true(memcmp(before, key, sizeof key) < 0);
        memcpy(before, key, sizeof key);
    }
}

static void test_malformed(void **state)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(256);
    uint8_t key[CHANGE_KEY_SIZE];
    struct bytes key_bytes = bytes_of(key, sizeof key);
    struct change change = {.position = 77}, sealed;

    (void)state;
    encode(&full, key, &value);
    for (size_t size = 0; size < value.size; size++) /* cut anywhere */
        assert_int_equal(change_decode(key_bytes, bytes_of(value.ptr, size), &change), CORRUPT);
    for (size_t size = 0; size < sizeof key; size++)
        assert_int_equal(change_decode(bytes_of(key, size), buffer_bytes(&value), &change),
                         CORRUPT);
    value.ptr[0] = 2; /* sealed */
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &sealed), OK);
    assert_true(sealed.sealed);
    value.ptr[0] = 3;
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &change), NEWER_FORMAT);
    value.ptr[0] = 0;
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &change), CORRUPT);
    value.ptr[0] = 1;
    value.ptr[1] = 4; /* no kind */
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &change), CORRUPT);
    value.ptr[1] = 1;
    memset(value.ptr + 11, 0xFF, 4); /* a size beyond the record */
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &change), CORRUPT);
    buffer_clear(&value);
    change_encode(&value, &full);
    buffer_append_byte(&value, 0); /* something behind it */
    assert_int_equal(change_decode(key_bytes, buffer_bytes(&value), &change), CORRUPT);
    assert_int_equal(change.position, 77); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_bytes),
        ARENA_TEST(test_round_trip),
        ARENA_TEST(test_key_order),
        ARENA_TEST(test_malformed),
    };

    return cmocka_run_group_tests_name("value/change", tests, NULL, NULL);
}
