/* test/unit/queues/key.c - keys in STORE_QUEUES: their order is that of queue, kind, time, place.
 */
#include "queues/queues_test.h"

static int compare(const struct key *a, const struct key *b)
{
    return bytes_compare(key_bytes(a), key_bytes(b));
}

static void numbers_come_back(void **state)
{
    static const uint64_t numbers[] = {0, 1, 255, 256, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        for (size_t j = 0; j < ARRAY_COUNT(numbers); j++) {
            struct place place = {numbers[i], numbers[j]}, got;
            struct key key = key_of_place(7, KEY_STATE, place);
            uint64_t due_ms = 0;

            assert_true(key_place(key_bytes(&key), &got) && place_equal(got, place));
            assert_false(key_due(key_bytes(&key), &due_ms, &got)); /* another kind's */
            key = key_of_due(7, KEY_IN_FLIGHT, numbers[j], place);
            assert_true(key_due(key_bytes(&key), &due_ms, &got));
            assert_true(due_ms == numbers[j] && place_equal(got, place));
            assert_false(key_place(key_bytes(&key), &got));
        }
}

static void order(void **state)
{
    const struct key ordered[] = {
        key_of_kind(1, KEY_ATTEMPT),
        key_of_kind(1, KEY_COUNTS),
        key_of_time(1, KEY_MOVE, 1, BYTES("b")),
        key_of_time(1, KEY_MOVE, 2, BYTES("a")),
        key_of_kind(1, KEY_FIRST_OF_MESSAGES),
        key_of_due(1, KEY_DELAYED, 5, (struct place){9, 9}),
        key_of_due(1, KEY_DELAYED, 6, (struct place){1, 1}),
        key_of_due(1, KEY_IN_FLIGHT, 1, (struct place){1, 1}),
        key_of_place(1, KEY_READY, (struct place){1, 2}),
        key_of_place(1, KEY_READY, (struct place){1, 256}),
        key_of_place(1, KEY_READY, (struct place){2, 1}),
        key_of_kind(1, KEY_BEHIND),
        key_of_kind(2, KEY_ATTEMPT),
        key_of_kind(256, KEY_ATTEMPT),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ordered); i++)
        for (size_t j = 0; j < ARRAY_COUNT(ordered); j++)
            assert_int_equal(compare(&ordered[i], &ordered[j]) < 0, i < j);
}

/* The longest: a group and an id of 128 each, behind a time. */
static void texts_at_their_limit(void **state)
{
    char text[2 * QUEUE_ID_SIZE_MAX + 2];
    struct bytes got;
    uint64_t time_ms = 0;

    (void)state;
    memset(text, 'x', sizeof text);

    struct bytes longest = bytes_of(text, 2 * QUEUE_ID_SIZE_MAX + 1);
    struct key key = key_of_time(1, KEY_DEDUPLICATION_TIME, 42, longest);

    assert_true(key_time(key_bytes(&key), &time_ms, &got));
    assert_int_equal(time_ms, 42);
    assert_true(bytes_equal(got, longest));
    assert_false(key_time(bytes_slice(key_bytes(&key), 0, 16), &time_ms, &got));
    key = key_of_text(1, KEY_DEDUPLICATION, (struct bytes){NULL, 0});
    assert_int_equal(key.size, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(order),
        cmocka_unit_test(texts_at_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
