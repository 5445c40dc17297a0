/* Tests of base/arena.c: zeroed and aligned, growth, reset, growing arrays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static bool all_zero(const uint8_t *ptr, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (ptr[i] != 0)
            return false;
    return true;
}

static void test_zeroed_aligned_apart(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint8_t *ptrs[200];

    (void)state;
    assert_int_equal(arena_size(arena), 0);
    for (size_t i = 0; i < ARRAY_COUNT(ptrs); i++) {
        ptrs[i] = arena_alloc(arena, i * 7);
        assert_non_null(ptrs[i]);
        assert_int_equal((uintptr_t)ptrs[i] % _Alignof(max_align_t), 0);
        assert_true(all_zero(ptrs[i], i * 7));
        memset(ptrs[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < ARRAY_COUNT(ptrs); i++)
        for (size_t j = 0; j < i * 7; j++)
            assert_int_equal(ptrs[i][j], (uint8_t)i);
    assert_true(arena_size(arena) >= 7 * 199 * 200 / 2);
}

static void test_large(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t size = 1024 * 1024 + 1;
    uint8_t *small = arena_alloc(arena, 3), *large = arena_alloc(arena, size);

    (void)state;
    memset(small, 1, 3);
    assert_true(all_zero(large, size));
    memset(large, 2, size);
    assert_memory_equal(small, "\1\1\1", 3);
    assert_true(arena_size(arena) >= size);
    arena_reset(arena); /* one large request does not pin its memory */
    assert_int_equal(arena_size(arena), 0);
    assert_true(all_zero(arena_alloc(arena, 64), 64));
}

static void test_reset(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t one_block = 0;

    (void)state;
    arena_reset(arena); /* of nothing */
    arena_alloc(arena, 1);
    one_block = arena_size(arena);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            uint8_t *ptr = arena_alloc(arena, 1000);

            assert_true(all_zero(ptr, 1000));
            memset(ptr, 0xAA, 1000);
        }
        assert_true(arena_size(arena) > one_block);
        arena_reset(arena);
        assert_int_equal(arena_size(arena), one_block);
    }
}

static void test_copies(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char text[] = "users";
    struct bytes copy = arena_copy(arena, bytes_of_text(text));
    char *copy_text = arena_copy_text(arena, bytes_of(text, 4));

    (void)state;
    text[0] = 'X';
    assert_true(bytes_equal_text(copy, "users"));
    assert_string_equal(copy_text, "user");
    assert_int_equal(arena_copy(arena, (struct bytes){0}).size, 0);
    assert_string_equal(arena_copy_text(arena, (struct bytes){0}), "");
    assert_true(bytes_equal_text(arena_printf(arena, "%s-%d", "a", 7), "a-7"));
    assert_int_equal(arena_printf(arena, "%s", "").size, 0);
    assert_int_equal(arena_printf(arena, "%*d", 50000, 1).size, 50000);
}

static void test_grow(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint32_t *numbers = NULL;
    size_t capacity = 0, moves = 0;

    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t *grown = arena_grow(arena, numbers, i, i + 1, &capacity, sizeof *numbers);

        assert_true(capacity >= i + 1);
        moves += grown != numbers;
        numbers = grown;
        numbers[i] = i * 3;
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(numbers[i], i * 3);
    assert_in_range(moves, 1, 20); /* by doubling */

    size_t full = capacity;

    assert_ptr_equal(arena_grow(arena, numbers, full, full, &capacity, sizeof *numbers), numbers);
    assert_ptr_not_equal(arena_grow(arena, numbers, full, full + 1, &capacity, sizeof *numbers),
                         numbers);
    assert_true(capacity > full);
}

static void test_free_nothing(void **state)
{
    (void)state;
    arena_free(NULL);
    arena_free(arena_new());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_aligned_apart),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_free_nothing),
    };

    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
