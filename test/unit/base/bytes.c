/* Tests of base/bytes.c: order, search, numbers, well-formed UTF-8, big-endian. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"

#include <stdio.h>

static const struct bytes empty = {0};
/* Not a constant: compilers warn of a NULL that they see, even where nothing is read. */
static const char *volatile no_text;

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void test_order(void **state)
{
    static const char *const rising[] = {"", "a", "a\x01", "aa", "ab", "b", "\x7F", "\x80", "\xFF"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rising); i++)
        for (size_t j = 0; j < ARRAY_COUNT(rising); j++) {
            struct bytes a = bytes_of_text(rising[i]), b = bytes_of_text(rising[j]);

            assert_int_equal(sign(bytes_compare(a, b)), (i > j) - (i < j));
            assert_int_equal(bytes_equal(a, b), i == j);
        }
    assert_true(bytes_equal(empty, BYTES("")));
    assert_true(bytes_equal_text(empty, no_text));
    assert_int_equal(bytes_compare(empty, BYTES("")), 0);
    assert_true(bytes_compare(BYTES("a"), BYTES("a\0")) < 0);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(bytes_start_with(BYTES("users"), BYTES("users")));
    assert_true(bytes_start_with(BYTES("users"), empty));
    assert_true(bytes_start_with(empty, empty));
    assert_false(bytes_start_with(BYTES("users"), BYTES("users2")));
    assert_false(bytes_start_with(empty, BYTES("u")));
    assert_true(bytes_end_with(BYTES("a.case"), BYTES(".case")));
    assert_true(bytes_end_with(BYTES(".case"), BYTES(".case")));
    assert_true(bytes_end_with(empty, empty));
    assert_false(bytes_end_with(BYTES("case"), BYTES(".case")));
    assert_false(bytes_end_with(BYTES("a.cases"), BYTES(".case")));
}

static void test_ignore_case(void **state)
{
    (void)state;
    assert_true(bytes_equal_ignore_case(BYTES("Content-TYPE"), BYTES("content-type")));
    assert_true(bytes_equal_ignore_case(BYTES("AZaz"), BYTES("azAZ")));
    assert_true(bytes_equal_ignore_case(empty, BYTES("")));
    assert_false(bytes_equal_ignore_case(BYTES("a"), BYTES("ab")));
    assert_false(bytes_equal_ignore_case(BYTES("@"), BYTES("`"))); /* just before A and a */
    assert_false(bytes_equal_ignore_case(BYTES("["), BYTES("{"))); /* just behind Z and z */
    assert_false(bytes_equal_ignore_case(BYTES("\xC3\x89"), BYTES("\xC3\xA9")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(bytes_find(BYTES("abcabc"), BYTES("bc")), 1);
    assert_int_equal(bytes_find(BYTES("abc"), BYTES("abc")), 0);
    assert_int_equal(bytes_find(BYTES("abc"), BYTES("abcd")), SIZE_MAX);
    assert_int_equal(bytes_find(BYTES("abc"), BYTES("x")), SIZE_MAX);
    assert_int_equal(bytes_find(BYTES("abc"), empty), 0);
    assert_int_equal(bytes_find(empty, empty), 0);
    assert_int_equal(bytes_find(empty, BYTES("a")), SIZE_MAX);
    assert_int_equal(bytes_find(BYTES("a\0b"), BYTES("\0b")), 1);

    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', 0), 1);
    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', 1), 1);
    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', 2), 3);
    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', 4), SIZE_MAX);
    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', 5), SIZE_MAX);
    assert_int_equal(bytes_find_byte(BYTES("a:b:c"), ':', SIZE_MAX), SIZE_MAX);
    assert_int_equal(bytes_find_byte(empty, 0, 0), SIZE_MAX);
}

static void test_slice(void **state)
{
    (void)state;
    assert_true(bytes_equal_text(bytes_slice(BYTES("abcdef"), 0, 6), "abcdef"));
    assert_true(bytes_equal_text(bytes_slice(BYTES("abcdef"), 2, 3), "cde"));
    assert_true(bytes_equal_text(bytes_slice(BYTES("abcdef"), 5, SIZE_MAX), "f"));
    assert_true(bytes_equal_text(bytes_slice(BYTES("abcdef"), 2, 0), ""));
    assert_int_equal(bytes_slice(BYTES("abcdef"), 6, 1).size, 0);
    assert_int_equal(bytes_slice(BYTES("abcdef"), SIZE_MAX, SIZE_MAX).size, 0);
    assert_int_equal(bytes_slice(empty, 0, 1).size, 0);
}

static void test_uint64(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"00018446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0}, /* the addition overflows */
        {"18446744073709551620", false, 0},
        {"184467440737095516150", false, 0}, /* the product overflows */
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"/", false, 0},
        {":", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t value = 12345;

        assert_int_equal(bytes_to_uint64(bytes_of_text(cases[i].text), &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 12345));
    }
}

static void test_int64(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"+1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t value = 12345;

        assert_int_equal(bytes_to_int64(bytes_of_text(cases[i].text), &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 12345));
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\x7F", true},
        {"\xC2\x80", true},         /* the first of two bytes */
        {"\xDF\xBF", true},         /* the last of two bytes */
        {"\xE0\xA0\x80", true},     /* the first of three */
        {"\xED\x9F\xBF", true},     /* just before the surrogates */
        {"\xEE\x80\x80", true},     /* just behind them */
        {"\xEF\xBF\xBF", true},     /* the last of three */
        {"\xF0\x90\x80\x80", true}, /* the first of four */
        {"\xF4\x8F\xBF\xBF", true}, /* U+10FFFF */
        {"a\xC3\xA9z\xE2\x82\xAC", true},
        {"\x80", false}, /* nothing to continue */
        {"\xBF", false},
        {"\xC0\x80", false}, /* overlong */
        {"\xC1\xBF", false},
        {"\xE0\x9F\xBF", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xED\xA0\x80", false}, /* surrogates */
        {"\xED\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", false},
        {"\xFE", false},
        {"\xFF", false},
        {"\xC3", false}, /* cut */
        {"\xE2\x82", false},
        {"\xF0\x9F\x98", false},
        {"ok\xC3", false},
        {"\xC3z", false}, /* not continued */
        {"\xE2\x82z", false},
        {"\xF0\x9F\x98z", false},
        {"\xE2\xC3\xA9", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(bytes_are_utf8(bytes_of_text(cases[i].text)), cases[i].good);
    assert_true(bytes_are_utf8(BYTES("a\0b")));
    assert_true(bytes_are_utf8(empty));
}

static void test_letters_digits_and_others(void **state)
{
    (void)state;
    assert_true(bytes_are_of(BYTES("azAZ09"), ""));
    assert_true(bytes_are_of(BYTES("a-b_c"), "-_"));
    assert_false(bytes_are_of(BYTES("a-b_c"), "-"));
    assert_false(bytes_are_of(BYTES(""), "-_"));
    assert_false(bytes_are_of(BYTES("a\0b"), "-_")); /* the end of `others` is none of them */
    assert_false(bytes_are_of(BYTES("\xC3\xA9"), "-_"));
    assert_false(bytes_are_of(BYTES("@"), ""));
    assert_false(bytes_are_of(BYTES("["), ""));
    assert_false(bytes_are_of(BYTES("{"), ""));
    assert_false(bytes_are_of(BYTES("/"), ""));
    assert_false(bytes_are_of(BYTES(":"), ""));
}

static void test_decimal(void **state)
{
    static const uint64_t numbers[] = {0, 9, 10, 1234567890, UINT64_MAX};
    char room[DECIMAL_SIZE], expected[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        snprintf(expected, sizeof expected, "%llu", (unsigned long long)numbers[i]);
        assert_true(bytes_equal_text(bytes_decimal(numbers[i], room), expected));
    }
}

static void test_hash_never_changes(void **state)
{
    (void)state;
    /* FNV-1a 64: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar" 85944171f73967e8 */
    assert_true(bytes_hash(empty) == (0xcbf29ce484222325u ^ 0xcbf29ce4u));
    assert_true(bytes_hash(BYTES("a")) == (0xaf63dc4c8601ec8cu ^ 0xaf63dc4cu));
    assert_true(bytes_hash(BYTES("foobar")) == (0x85944171f73967e8u ^ 0x85944171u));
}

static void test_big_endian(void **state)
{
    static const uint64_t rising[] = {
        0, 1, 255, 256, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX};
    uint8_t raw[8], before[8];

    (void)state;
    bytes_put_u32(raw, 0x01020304);
    assert_memory_equal(raw, "\1\2\3\4", 4);
    assert_int_equal(bytes_get_u32(raw), 0x01020304);
    bytes_put_u32(raw, UINT32_MAX);
    assert_true(bytes_get_u32(raw) == UINT32_MAX);
    bytes_put_u64(raw, 0x0102030405060708);
    assert_memory_equal(raw, "\1\2\3\4\5\6\7\10", 8);
    for (size_t i = 0; i < ARRAY_COUNT(rising); i++) {
        bytes_put_u64(raw, rising[i]);
        assert_true(bytes_get_u64(raw) == rising[i]);
        if (i > 0)
            assert_true(memcmp(before, raw, 8) < 0);
        memcpy(before, raw, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_ignore_case),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_slice),
        cmocka_unit_test(test_uint64),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_letters_digits_and_others),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_hash_never_changes),
        cmocka_unit_test(test_big_endian),
    };

    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
