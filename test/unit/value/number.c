/* Tests of value/number.c: texts, limits, order, machine integers, sizes. */
#include "value/tools.h"

#define NINES_38 "99999999999999999999999999999999999999"
#define ZEROS_10 "0000000000"
#define ZEROS_50 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10
#define ZEROS_125 ZEROS_50 ZEROS_50 ZEROS_10 ZEROS_10 "00000"

#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"
#define TOO_MANY_DIGITS "Attempting to store more than 38 significant digits in a Number"
#define OVERFLOW_                                                                                  \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDERFLOW_                                                                                 \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

static const struct {
    const char *text, *printed;
} accepted[] = {
    {"0", "0"},
    {"-0", "0"},
    {"+0", "0"},
    {"0.000", "0"},
    {"0e500", "0"},
    {"0e-99999999999999999999", "0"},
    {"1", "1"},
    {"+1", "1"},
    {"-1", "-1"},
    {"007", "7"},
    {"10", "10"},
    {"100.00", "100"},
    {"-12.50", "-12.5"},
    {".5", "0.5"},
    {"+.5", "0.5"},
    {"5.", "5"},
    {"-0.05", "-0.05"},
    {"1e3", "1000"},
    {"1E3", "1000"},
    {"1e+3", "1000"},
    {"1.5e-3", "0.0015"},
    {"12345e-2", "123.45"},
    {"123.45e1", "1234.5"},
    {"0.001e3", "1"},
    {"1e000000000000000000000000000002", "100"},
    {NINES_38, NINES_38},
    {NINES_38 "000", NINES_38 "000"},
    {"0." NINES_38, "0." NINES_38},
    {"000" NINES_38 ".000", NINES_38},
    {"1e125", "1" ZEROS_125},
    {"-1e125", "-1" ZEROS_125},
    {"1" ZEROS_125, "1" ZEROS_125},
    {"10" ZEROS_125 "e-1", "1" ZEROS_125},
    {"1e-130", "0." ZEROS_125 "00001"},
    {"0." ZEROS_125 "00001", "0." ZEROS_125 "00001"},
};

static void test_texts(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        struct number number = number_of(accepted[i].text);

        assert_string_equal(text_of_number(*state, &number), accepted[i].printed);

        struct number again = number_of(accepted[i].printed);

        assert_memory_equal(&number, &again, sizeof number); /* equal numbers, equal bytes */
    }
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"", NOT_NUMERIC},
    {" ", NOT_NUMERIC ":  "},
    {" 1", NOT_NUMERIC ":  1"},
    {"1 ", NOT_NUMERIC ": 1 "},
    {"b", NOT_NUMERIC ": b"},
    {"-", NOT_NUMERIC ": -"},
    {"+-1", NOT_NUMERIC ": +-1"},
    {".", NOT_NUMERIC ": ."},
    {"1.2.3", NOT_NUMERIC ": 1.2.3"},
    {"e5", NOT_NUMERIC ": e5"},
    {".e5", NOT_NUMERIC ": .e5"},
    {"1e", NOT_NUMERIC ": 1e"},
    {"1e+", NOT_NUMERIC ": 1e+"},
    {"1e1.5", NOT_NUMERIC ": 1e1.5"},
    {"1e5x", NOT_NUMERIC ": 1e5x"},
    {"0x10", NOT_NUMERIC ": 0x10"},
    {"NaN", NOT_NUMERIC ": NaN"},
    {"Infinity", NOT_NUMERIC ": Infinity"},
    {"1_000", NOT_NUMERIC ": 1_000"},
    {"1" NINES_38, TOO_MANY_DIGITS},
    {"-1." NINES_38, TOO_MANY_DIGITS},
    {"1000000000000000000000000000000000000.01", TOO_MANY_DIGITS},
    {"1e126", OVERFLOW_},
    {"-1e126", OVERFLOW_},
    {"10e125", OVERFLOW_},
    {"1" ZEROS_125 "0", OVERFLOW_},
    {"1e99999999999999999999999999", OVERFLOW_},
    {"1e9223372036854775807", OVERFLOW_},
    {"1e-131", UNDERFLOW_},
    {"-1e-131", UNDERFLOW_},
    {"0.1e-130", UNDERFLOW_},
    {"1e-99999999999999999999999999", UNDERFLOW_},
    {"1e-9223372036854775808", UNDERFLOW_},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct api_error error = {0};
        struct number number = number_of("42"), before = number;

        if (number_parse(bytes_of_text(refused[i].text), &number, &error) != REFUSED)
            fail_msg("accepted: %s", refused[i].text);
        assert_int_equal(error.kind, API_VALIDATION);
        assert_string_equal(error.message, refused[i].message);
        assert_memory_equal(&number, &before, sizeof number);
    }
}

/* A megabyte of digits is counted, not believed. */
static void test_long_texts(void **state)
{
    const size_t size = (size_t)1 << 20;
    uint8_t *text = arena_alloc(*state, size + 16);
    struct number number = {0};
    struct api_error error = {0};

    memset(text, '0', size);
    memcpy(text + size, "1e-1048570", 10);
    text[0] = '1'; /* 1, 2^20 - 1 zeros, 1 */
    assert_int_equal(number_parse(bytes_of(text, size + 10), &number, &error), REFUSED);
    assert_string_equal(error.message, TOO_MANY_DIGITS);
    text[0] = '0'; /* leading zeros only */
    memcpy(text + size, "1e5", 3);
    assert_int_equal(number_parse(bytes_of(text, size + 3), &number, &error), OK);
    assert_string_equal(text_of_number(*state, &number), "100000");
    text[1] = '.'; /* 0.000...1 brought back by its exponent */
    memcpy(text + size, "1e1048575", 9);
    assert_int_equal(number_parse(bytes_of(text, size + 9), &number, &error), OK);
    assert_string_equal(text_of_number(*state, &number), "1");
    memset(text, '9', size);
    assert_int_equal(number_parse(bytes_of(text, size), &number, &error), REFUSED);
    assert_string_equal(error.message, OVERFLOW_);
}

static void test_longest_text(void **state)
{
    struct number number = number_of("-9.9999999999999999999999999999999999999e-130");

    assert_true(strlen(text_of_number(*state, &number)) == NUMBER_TEXT_MAX);
}

static void test_order(void **state)
{
    static const char *const rising[] = {
        "-9.9999999999999999999999999999999999999e125",
        "-1e125",
        "-1000",
        "-999.9",
        "-100",
        "-12",
        "-11.5",
        "-11",
        "-1.5",
        "-1",
        "-0.9",
        "-0.1",
        "-0.01",
        "-1e-130",
        "0",
        "1e-130",
        "0.01",
        "0.09",
        "0.1",
        "0.11",
        "0.9",
        "1",
        "1.0000000000000000000000000000000000001",
        "1.1",
        "2",
        "9",
        "10",
        "11",
        "99",
        "100",
        "1e10",
        "1.1e10",
        "1e125",
        "9.9999999999999999999999999999999999999e125",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rising); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(rising); k++) {
            struct number a = number_of(rising[i]), b = number_of(rising[k]);
            int order = number_compare(&a, &b);

            if ((order < 0) != (i < k) || (order > 0) != (i > k))
                fail_msg("%s against %s: %d", rising[i], rising[k], order);
            assert_true(number_equal(&a, &b) == (i == k));
        }
    }
}

static void test_int64(void **state)
{
    static const struct {
        int64_t integer;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-1, "-1"},
        {10, "10"},
        {1000000, "1000000"},
        {-907, "-907"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    static const char *const none[] = {"9223372036854775808",
                                       "-9223372036854775809",
                                       "18446744073709551616",
                                       "1e20",
                                       "1e125",
                                       "0.5",
                                       "-1.5",
                                       "100.5",
                                       "1e-130"};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct number number = number_of_int64(cases[i].integer);
        struct number parsed = number_of(cases[i].text);
        int64_t back = 77;

        assert_memory_equal(&number, &parsed, sizeof number);
        assert_string_equal(text_of_number(*state, &number), cases[i].text);
        assert_true(number_to_int64(&number, &back));
        assert_true(back == cases[i].integer);
    }
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        struct number number = number_of(none[i]);
        int64_t back = 77;

        assert_false(number_to_int64(&number, &back));
        assert_true(back == 77);
    }
}

/* Figures measured on AWS by how many bytes of text still fit beside the number in 400 KiB. */
static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"0", 1},
        {"1", 2},
        {"-1", 3},
        {"9", 2},
        {"10", 2},
        {"11", 2},
        {"99", 2},
        {"100", 2},
        {"123", 3},
        {"1234", 3},
        {"1.2", 3}, /* 1 and 2 stand on two sides of the point: two bytes */
        {"0.12", 2},
        {"1e125", 2},
        {"1.1e125", 2},
        {"1.1111e125", 4},
        {"1.11111e125", 4},
        {"1.111111e125", 5},
        {"1.1111111111111111111111111111111111111e125", 20},
        {NINES_38, 20},
        {"1.2345678901234567890123456789012345678", 21},
        {"-1.2345678901234567890123456789012345678", 22},
        {"1e-130", 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct number number = number_of(cases[i].text);

        if (number_size(&number) != cases[i].size)
            fail_msg("%s counts for %zu, not %zu", cases[i].text, number_size(&number),
                     cases[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_texts),        ARENA_TEST(test_refusals), ARENA_TEST(test_long_texts),
        ARENA_TEST(test_longest_text), ARENA_TEST(test_order),    ARENA_TEST(test_int64),
        ARENA_TEST(test_sizes),
    };

    return cmocka_run_group_tests_name("value/number", tests, NULL, NULL);
}
