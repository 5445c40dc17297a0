/* pattern/ranges.c against asking every range: all small ranges, in changing company. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pattern/ranges.h"

#define SIZE 6 /* bounds 0 .. 5 */
#define RANGES_MAX 512

struct test {
    struct arena *arena;
    struct condition conditions[RANGES_MAX];
    size_t count;
    bool in[RANGES_MAX], found[RANGES_MAX];
};

static struct decimal decimal_of(struct arena *arena, double value)
{
    return decimal_parse(arena, arena_printf(arena, "%.1f", value));
}

static void add_condition(struct test *test, int low, bool low_open, int high, bool high_open)
{
    assert_true(test->count < RANGES_MAX);
    test->conditions[test->count++] = (struct condition){
        .kind = CONDITION_NUMERIC,
        .low = {decimal_of(test->arena, low), low >= 0, low_open},
        .high = {decimal_of(test->arena, high), high < SIZE, high_open},
    };
}

/* Every pair of bounds, open and closed, and none. */
static void make_conditions(struct test *test)
{
    for (int low = -1; low < SIZE; low++)
        for (int high = low + 1; high <= SIZE; high++)
            for (int open = 0; open < 4; open++)
                add_condition(test, low, (open & 1) != 0, high, (open & 2) != 0);
}

static void note(void *context, void *branch)
{
    struct test *test = context;
    size_t number = (uintptr_t)branch;

    assert_false(test->found[number]);
    test->found[number] = true;
}

static void check(struct test *test, struct ranges *ranges)
{
    for (double value = -1; value <= SIZE + 1; value += 0.5) {
        struct decimal number = decimal_of(test->arena, value);
        struct leaf leaf = {.type = JSON_NUMBER, .number = number};

        memset(test->found, 0, sizeof test->found);
        ranges_find(ranges, &number, note, test);
        for (size_t i = 0; i < test->count; i++)
            assert_int_equal(test->found[i],
                             test->in[i] && condition_holds(&test->conditions[i], &leaf, NULL));
    }
}

static void test_all_small_ranges(void **state)
{
    static struct test test;
    struct ranges ranges = {0};

    (void)state;
    test.arena = arena_new();
    make_conditions(&test);
    check(&test, &ranges);
    for (size_t step = 0; step < 4 * test.count; step++) {
        size_t i = step * 31 % test.count;

        if (test.in[i])
            ranges_remove(&ranges, &test.conditions[i], (void *)(uintptr_t)i);
        else
            ranges_add(&ranges, &test.conditions[i], (void *)(uintptr_t)i);
        test.in[i] = !test.in[i];
        if (step % 13 == 0)
            check(&test, &ranges);
    }
    ranges_free(&ranges);
    arena_free(test.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_small_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
