/* Tests of value/key.c: the order of encodings is the order of values, whatever follows. */
#include "value/tools.h"

#include <stdio.h>

static struct bytes encode(struct arena *arena, const struct value *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(8192);

    key_encode_value(&out, value);
    assert_false(buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

static struct value binary(struct bytes bytes)
{
    return (struct value){.type = VALUE_B, .bytes = bytes};
}

static struct value number(const char *text)
{
    return (struct value){.type = VALUE_N, .number = number_of(text)};
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

/* ---- strings ---- */

static void test_string_bytes(void **state)
{
    static const struct {
        struct bytes value, encoding;
    } cases[] = {
        {{(const uint8_t *)"", 0}, {(const uint8_t *)"\x00\x01", 2}},
        {{(const uint8_t *)"a", 1}, {(const uint8_t *)"a\x00\x01", 3}},
        {{(const uint8_t *)"\x00", 1}, {(const uint8_t *)"\x00\xFF\x00\x01", 4}},
        {{(const uint8_t *)"a\x00\xFF", 3}, {(const uint8_t *)"a\x00\xFF\xFF\x00\x01", 6}},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value value = binary(cases[i].value);

        assert_true(bytes_equal(encode(*state, &value), cases[i].encoding));
    }
}

/* Every string of up to three of these bytes: the ends of the range and the bytes of the escapes.
 */
static const uint8_t letters[] = {0x00, 0x01, 0x02, 'a', 0xFE, 0xFF};
#define LETTERS (sizeof letters)
#define STRINGS (1 + LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS)

static size_t all_strings(struct arena *arena, struct bytes out[STRINGS])
{
    size_t count = 0;

    out[count++] = bytes_of(NULL, 0);
    for (size_t i = 0; count < STRINGS; i++) { /* grows the i-th string by each letter */
        for (size_t k = 0; k < LETTERS; k++) {
            uint8_t *grown = arena_alloc(arena, out[i].size + 1);

            if (out[i].size > 0)
                memcpy(grown, out[i].ptr, out[i].size);
            grown[out[i].size] = letters[k];
            out[count++] = bytes_of(grown, out[i].size + 1);
        }
    }
    return count;
}

static void test_string_order(void **state)
{
    struct bytes strings[STRINGS], encodings[STRINGS];
    size_t count = all_strings(*state, strings);

    for (size_t i = 0; i < count; i++) {
        struct value value = binary(strings[i]);

        encodings[i] = encode(*state, &value);
        assert_int_equal(key_encoded_size(encodings[i], false), encodings[i].size);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            int wanted = sign_of(bytes_compare(strings[i], strings[k]));

            assert_int_equal(sign_of(bytes_compare(encodings[i], encodings[k])), wanted);
            if (wanted == 0)
                continue;
            /* No encoding begins another, so nothing that follows can change the order. */
            size_t common = size_min(encodings[i].size, encodings[k].size);

            assert_true(memcmp(encodings[i].ptr, encodings[k].ptr, common) != 0);
        }
    }
}

static void test_string_sizes(void **state)
{
    static const struct {
        struct bytes key;
        size_t size;
    } cases[] = {
        {{(const uint8_t *)"", 0}, 0},
        {{(const uint8_t *)"a", 1}, 0},
        {{(const uint8_t *)"a\x00", 2}, 0},
        {{(const uint8_t *)"a\x00\x02", 3}, 0},
        {{(const uint8_t *)"a\x00\x01", 3}, 3},
        {{(const uint8_t *)"a\x00\x01z", 4}, 3},
        {{(const uint8_t *)"\x00\xFF\x00", 3}, 0},
        {{(const uint8_t *)"\x00\xFF\x00\x01\x00\x01", 6}, 4},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(key_encoded_size(cases[i].key, false), cases[i].size);
}

/* ---- numbers ---- */

static void test_number_bytes(void **state)
{
    static const struct {
        const char *text;
        struct bytes encoding;
    } cases[] = {
        {"0", {(const uint8_t *)"\x02", 1}},
        {"1", {(const uint8_t *)"\x03\x82\x0B\x00", 4}},
        {"-1", {(const uint8_t *)"\x01\x7D\xF4\xFF", 4}},
        {"12", {(const uint8_t *)"\x03\x83\x0D\x00", 4}},
        {"-12", {(const uint8_t *)"\x01\x7C\xF2\xFF", 4}},
        {"123", {(const uint8_t *)"\x03\x84\x0D\x1F\x00", 5}},
        {"99", {(const uint8_t *)"\x03\x83\x64\x00", 4}},
        {"1.01", {(const uint8_t *)"\x03\x82\x0B\x0B\x00", 5}},
        {"1e-130", {(const uint8_t *)"\x03\x00\x0B\x00", 4}},
        {"1e125", {(const uint8_t *)"\x03\xFF\x0B\x00", 4}},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value value = number(cases[i].text);

        assert_true(bytes_equal(encode(*state, &value), cases[i].encoding));
    }
}

static void check_numbers(struct arena *arena, const struct value *a, const struct value *b)
{
    struct bytes a_key = encode(arena, a), b_key = encode(arena, b);
    int order = 0;

    assert_true(value_compare(a, b, &order));
    if (sign_of(order) != sign_of(bytes_compare(a_key, b_key)))
        fail_msg("%s against %s is %d, their keys are not", text_of_number(arena, &a->number),
                 text_of_number(arena, &b->number), order);
    if (order != 0)
        assert_true(memcmp(a_key.ptr, b_key.ptr, size_min(a_key.size, b_key.size)) != 0);
    assert_int_equal(key_encoded_size(a_key, true), a_key.size);
    for (size_t size = 0; size < a_key.size; size++)
        assert_int_equal(key_encoded_size(bytes_of(a_key.ptr, size), true), 0);
}

static void test_number_order(void **state)
{
    static const char *const texts[] = {
        "-9.9999999999999999999999999999999999999e125",
        "-1e125",
        "-1e10",
        "-100",
        "-99",
        "-12.1",
        "-12",
        "-11",
        "-10.1",
        "-10",
        "-9",
        "-1.1",
        "-1.01",
        "-1",
        "-0.1",
        "-1e-129",
        "-1.1e-130",
        "-1e-130",
        "0",
        "1e-130",
        "1e-129",
        "0.1",
        "0.99",
        "1",
        "1.0000000000000000000000000000000000001",
        "1.01",
        "1.1",
        "9",
        "10",
        "10.1",
        "11",
        "12",
        "99",
        "99.9",
        "100",
        "101",
        "1e10",
        "1e125",
        "9.9999999999999999999999999999999999999e125",
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(texts); k++) {
            struct value a = number(texts[i]), b = number(texts[k]);

            check_numbers(*state, &a, &b);
        }
        arena_reset(*state);
    }
}

/* Few different digits make numbers that share their beginnings. */
static struct value random_number(struct chance *chance, int exponent_low, int exponent_high)
{
    char text[64];
    int size = 0, digits = chance_between(chance, 1, 38);

    if (chance_between(chance, 0, 1) == 0)
        text[size++] = '-';
    text[size++] = '.';
    for (int i = 0; i < digits; i++)
        text[size++] = "1900"[chance_between(chance, 0, i == 0 ? 1 : 3)];
    snprintf(text + size, sizeof text - (size_t)size, "e%d",
             chance_between(chance, exponent_low, exponent_high));
    return number(text);
}

static void test_random_number_order(void **state)
{
    for (uint64_t seed = SEED; seed < SEED + 5000; seed++) {
        struct chance chance = {seed};
        int near = chance_between(&chance, -129, 125);
        bool anywhere = seed % 2 == 0;
        struct value a = random_number(&chance, anywhere ? -129 : near, anywhere ? 126 : near + 1);
        struct value b = random_number(&chance, anywhere ? -129 : near, anywhere ? 126 : near + 1);

        check_numbers(*state, &a, &b);
        arena_reset(*state);
    }
}

static void test_malformed_numbers(void **state)
{
    static const struct bytes keys[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x00", 1},
        {(const uint8_t *)"\x04\x82\x0B\x00", 4},
        {(const uint8_t *)"\x03\x82\x00", 3},     /* no digits */
        {(const uint8_t *)"\x03\x82\x65\x00", 4}, /* a pair above 99 */
        {(const uint8_t *)"\x01\x7D\x9A\xFF", 4},
        {(const uint8_t *)"\x01\x7D\xF4\x00", 4},
        {(const uint8_t *)"\x03\x82\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
                          "\x01\x01\x01\x01\x01\x00",
         24}, /* too many pairs */
    };
    static const struct bytes longer = {(const uint8_t *)"\x03\x82\x0B\x00\x03\x82", 6};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        assert_int_equal(key_encoded_size(keys[i], true), 0);
    assert_int_equal(key_encoded_size(longer, true), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_string_bytes),      ARENA_TEST(test_string_order),
        ARENA_TEST(test_string_sizes),      ARENA_TEST(test_number_bytes),
        ARENA_TEST(test_number_order),      ARENA_TEST(test_random_number_order),
        ARENA_TEST(test_malformed_numbers),
    };

    return cmocka_run_group_tests_name("value/key", tests, NULL, NULL);
}
