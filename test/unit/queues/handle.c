/* test/unit/queues/handle.c - receipt handles: what is printed parses, and nothing else does. */
#include "queues/queues_test.h"

static void round_trip(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct receipt receipts[] = {
        {0, {0, 0}, 0},
        {1, {2, 3}, 4},
        {UINT64_MAX, {UINT64_MAX, UINT64_MAX}, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(receipts); i++) {
        struct bytes text = receipt_print(arena, &receipts[i]);
        struct receipt got;

        assert_int_equal(text.size, 44);
        assert_true(receipt_parse(arena, text, &got));
        assert_int_equal(got.queue_id, receipts[i].queue_id);
        assert_true(place_equal(got.place, receipts[i].place));
        assert_int_equal(got.receives, receipts[i].receives);
    }
}

/* One letter changed, one missing, one more: the check tells. */
static void what_is_none(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct receipt receipt = {1, {2, 3}, 4};
    struct bytes text = receipt_print(arena, &receipt);
    struct receipt got;

    (void)state;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t *changed = arena_alloc(arena, text.size);

        memcpy(changed, text.ptr, text.size);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(receipt_parse(arena, bytes_of(changed, text.size), &got));
        assert_false(receipt_parse(arena, bytes_slice(text, 0, i), &got));
    }
    assert_false(receipt_parse(arena, arena_printf(arena, "%.*sA", BYTES_ARG(text)), &got));
    assert_false(receipt_parse(arena, BYTES("not a handle"), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
