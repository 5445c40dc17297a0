/* pattern/decimal.c: JSON numbers by value, compared with what people would say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pattern/decimal.h"

/* Ascending; those of one row are equal. */
static const char *const rows[][5] = {
    {"-1e1000000"},
    {"-9007199254740993"},
    {"-9007199254740992", "-9007199254740992.0"},
    {"-1.5", "-15e-1", "-0.15E+1"},
    {"-1e-1000000"},
    {"0", "-0", "0.000", "0e99", "-0.0e-5"},
    {"1e-1000000", "10e-1000001"},
    {"0.001", "1e-3", "0.1e-2"},
    {"0.0011"},
    {"0.01"},
    {"9"},
    {"10", "1e1", "0.1e2", "10.0"},
    {"299.9999999999999999999999999999999999999"},
    {"300", "3e2", "3.0e2", "300.00", "3E+2"},
    {"9007199254740992"},
    {"9007199254740993"},
    {"12345678901234567890123456789012345678901234567890"},
    {"1e1000000"},
};

static int sign(int order)
{
    return order < 0 ? -1 : order > 0;
}

static void test_order(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(rows); j++) {
            for (size_t x = 0; x < 5 && rows[i][x] != NULL; x++) {
                for (size_t y = 0; y < 5 && rows[j][y] != NULL; y++) {
                    struct decimal a = decimal_parse(arena, bytes_of_text(rows[i][x]));
                    struct decimal b = decimal_parse(arena, bytes_of_text(rows[j][y]));

                    assert_int_equal(sign(decimal_compare(&a, &b)), (i > j) - (i < j));
                    assert_int_equal(bytes_equal(decimal_key(arena, &a), decimal_key(arena, &b)),
                                     i == j);
                }
            }
        }
    }
}

/* Exponents that no integer holds do not wrap around. */
static void test_exponents_beyond_all(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct decimal huge =
        decimal_parse(arena, BYTES("1e99999999999999999999999999999999999999999999"));
    struct decimal tiny =
        decimal_parse(arena, BYTES("1e-99999999999999999999999999999999999999999999"));
    struct decimal one = decimal_parse(arena, BYTES("1"));

    (void)state;
    assert_true(decimal_compare(&huge, &one) > 0);
    assert_true(decimal_compare(&tiny, &one) < 0);
    assert_true(decimal_compare(&tiny, &huge) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_exponents_beyond_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
