/* Tests of value/number_add.c: cases, and a model that adds digit by digit in a fixed row. */
#include "value/tools.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define NINES_38 "99999999999999999999999999999999999999"

static const struct {
    const char *a, *b, *sum, *difference; /* a message stands where it is refused */
} cases[] = {
    {"0", "0", "0", "0"},
    {"1", "0", "1", "1"},
    {"0", "5", "5", "-5"},
    {"1", "1", "2", "0"},
    {"-1", "1", "0", "-2"},
    {"5", "7", "12", "-2"},
    {"9", "1", "10", "8"},
    {"999", "1", "1000", "998"},
    {"1000", "1", "1001", "999"},
    {"0.1", "0.2", "0.3", "-0.1"},
    {"1.5", "-2.25", "-0.75", "3.75"},
    {"1e20", "1e-17", "100000000000000000000.00000000000000001",
     "99999999999999999999.99999999999999999"},
    {NINES_38, "1", "100000000000000000000000000000000000000",
     "99999999999999999999999999999999999998"},
    {"99999999999999999999999999999999999990", "9", NINES_38,
     "99999999999999999999999999999999999981"},
};

static const struct {
    const char *a, *b, *message;
} refused[] = {
    {"1e38", "1", "Attempting to store more than 38 significant digits in a Number"},
    {"1e125", "1e-130", "Attempting to store more than 38 significant digits in a Number"},
    {"9e125", "1e125",
     "Number overflow. Attempting to store a number with magnitude larger than supported range"},
    {"9.9999999999999999999999999999999999999e125", "0.0000000000000000000000000000000000001e125",
     "Number overflow. Attempting to store a number with magnitude larger than supported range"},
    {"1.5e-130", "-1e-130",
     "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
};

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct number a = number_of(cases[i].a), b = number_of(cases[i].b), result = {0};
        struct api_error error = {0};

        assert_int_equal(number_add(&a, &b, &result, &error), OK);
        assert_string_equal(text_of_number(*state, &result), cases[i].sum);
        assert_int_equal(number_add(&b, &a, &result, &error), OK);
        assert_string_equal(text_of_number(*state, &result), cases[i].sum);
        assert_int_equal(number_subtract(&a, &b, &result, &error), OK);
        assert_string_equal(text_of_number(*state, &result), cases[i].difference);
        assert_int_equal(number_subtract(&a, &a, &result, &error), OK);
        assert_string_equal(text_of_number(*state, &result), "0");
    }
}

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct number a = number_of(refused[i].a), b = number_of(refused[i].b);
        struct number result = number_of("42"), before = result;
        struct api_error error = {0};

        assert_int_equal(number_add(&a, &b, &result, &error), REFUSED);
        assert_int_equal(error.kind, API_VALIDATION);
        assert_string_equal(error.message, refused[i].message);
        assert_memory_equal(&result, &before, sizeof result);
    }
}

static void test_result_over_operand(void **state)
{
    struct number a = number_of("40"), b = number_of("2");
    struct api_error error = {0};

    assert_int_equal(number_add(&a, &b, &a, &error), OK);
    assert_string_equal(text_of_number(*state, &a), "42");
    assert_int_equal(number_subtract(&b, &a, &b, &error), OK);
    assert_string_equal(text_of_number(*state, &b), "-40");
}

/* ---- the model: signed digits in 320 places, normalised at the end; slow and plain ---- */

#define PLACES 320
#define POINT 140 /* this many places stand before the point */

struct model {
    int places[PLACES]; /* may be negative or above 9 until settled */
};

static void model_add(struct model *model, const char *text, int sign)
{
    const char *dot = strchr(text, '.');
    size_t whole = dot != NULL ? (size_t)(dot - text) : strlen(text);

    if (*text == '-') {
        model_add(model, text + 1, -sign);
        return;
    }
    for (size_t i = 0, place = POINT - whole; text[i] != '\0'; i++)
        if (text[i] != '.')
            model->places[place++] += sign * (text[i] - '0');
}

/* Carries so that every place is 0..9; returns the sign that is left over at the top. */
static int model_settle(struct model *model)
{
    int carry = 0;

    for (size_t i = PLACES; i-- > 0;) {
        int here = model->places[i] + carry;

        carry = here >= 0 ? here / 10 : -((9 - here) / 10);
        model->places[i] = here - carry * 10;
    }
    return carry;
}

static const char *model_print(struct arena *arena, struct model *model)
{
    char *text = arena_alloc(arena, PLACES + 3);
    size_t size = 0, from = 0, to = PLACES;

    if (model_settle(model) < 0) {
        for (size_t i = 0; i < PLACES; i++)
            model->places[i] = -model->places[i];
        model->places[0] += 10; /* takes back what was left over: the magnitude is positive */
        model_settle(model);
        text[size++] = '-';
    }
    while (from < POINT - 1 && model->places[from] == 0)
        from++;
    while (to > POINT && model->places[to - 1] == 0)
        to--;
    for (size_t i = from; i < to; i++) {
        if (i == POINT)
            text[size++] = '.';
        text[size++] = (char)('0' + model->places[i]);
    }
    return text;
}

#define TOO_LONG "Attempting to store more than 38 significant digits in a Number"
#define TOO_LARGE                                                                                  \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define TOO_SMALL                                                                                  \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

/* How many significant digits, and whether the magnitude is in range, by looking at the text: NULL,
 * or what is wrong. */
static const char *why_not(const char *text)
{
    size_t first = SIZE_MAX, last = 0, place = 0;
    size_t whole = strcspn(text, ".") - (text[0] == '-');

    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == '.')
            continue;
        if (*text != '0') {
            last = place;
            if (first == SIZE_MAX)
                first = place;
        }
        place++;
    }
    /* The first digit stands for 10^(whole - first - 1): at most 10^125, at least 10^-130. */
    if (first != SIZE_MAX && whole > first + 126)
        return TOO_LARGE;
    if (first != SIZE_MAX && first > whole + 129)
        return TOO_SMALL;
    return first != SIZE_MAX && last - first >= 38 ? TOO_LONG : NULL;
}

static struct number random_number(struct chance *chance, int exponent_low, int exponent_high)
{
    char text[64];
    int digits = chance_between(chance, 1, chance_between(chance, 1, 38));
    int size = 0;

    if (chance_between(chance, 0, 1) == 0)
        text[size++] = '-';
    text[size++] = '.';
    text[size++] = (char)chance_between(chance, '1', '9');
    for (int i = 1; i < digits; i++) /* runs of 0 and 9 make the long carries */
        text[size++] = chance_between(chance, 0, 2) == 0 ? (char)chance_between(chance, '0', '9')
                                                         : "09"[chance_between(chance, 0, 1)];
    snprintf(text + size, sizeof text - (size_t)size, "e%d",
             chance_between(chance, exponent_low, exponent_high));
    return number_of(text);
}

static void check_against_model(struct arena *arena, uint64_t seed, const struct number *a,
                                const struct number *b, bool subtract)
{
    struct model model = {0};
    struct api_error error = {0};
    struct number result = {0};
    const char *a_text = text_of_number(arena, a), *b_text = text_of_number(arena, b);
    enum status st =
        subtract ? number_subtract(a, b, &result, &error) : number_add(a, b, &result, &error);

    model_add(&model, a_text, 1);
    model_add(&model, b_text, subtract ? -1 : 1);

    const char *expected = model_print(arena, &model), *wrong = why_not(expected);

    if ((st == OK) != (wrong == NULL) || (st != OK && strcmp(error.message, wrong) != 0) ||
        (st == OK && strcmp(text_of_number(arena, &result), expected) != 0))
        fail_msg("seed %llu: %s %c %s is %s, not %s", (unsigned long long)seed, a_text,
                 subtract ? '-' : '+', b_text, expected,
                 st == OK ? text_of_number(arena, &result) : error.message);
    if (st == OK) { /* normalised: the same bytes as the parsed text */
        struct number again = number_of(expected);

        assert_memory_equal(&result, &again, sizeof result);
    }
    model = (struct model){0};
    model_add(&model, a_text, 1);
    model_add(&model, b_text, -1);
    expected = model_print(arena, &model);

    int order = number_compare(a, b);

    if ((order < 0) != (expected[0] == '-') || (order == 0) != (strcmp(expected, "0") == 0))
        fail_msg("seed %llu: %s against %s gives %d", (unsigned long long)seed, a_text, b_text,
                 order);
}

static void test_model(void **state)
{
    for (uint64_t seed = SEED; seed < SEED + 6000; seed++) {
        struct chance chance = {seed};
        int near = chance_between(&chance, -129, 126 - 40);
        bool anywhere = seed % 4 == 0;
        struct number a =
            random_number(&chance, anywhere ? -129 : near, anywhere ? 126 : near + 40);
        struct number b =
            random_number(&chance, anywhere ? -129 : near, anywhere ? 126 : near + 40);

        check_against_model(*state, seed, &a, &b, seed % 2 == 0);
        arena_reset(*state);
    }
}

/* Sums and differences about the ends of the range, and about 38 digits: two numbers of which each
 * stands near one of these. A fresh seed each time; TEST_SEED=N replays one. */
static void test_limits(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = clock_monotonic_ns(), end = seed + 6000;

    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed))
        end = seed + 1;
    for (; seed < end; seed++) {
        static const int lows[] = {122, 80, -129, -129, 0, 0};
        static const int highs[] = {126, 126, -126, -88, 2, 2};
        struct chance chance = {seed};
        int place = chance_between(&chance, 0, 5), apart = place < 4 ? 0 : 35;
        struct number a = random_number(&chance, lows[place], highs[place]);
        struct number b = random_number(&chance, lows[place] - apart, highs[place] - apart);

        check_against_model(*state, seed, &a, &b, false);
        check_against_model(*state, seed, &b, &a, true);
        arena_reset(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_cases), ARENA_TEST(test_refusals), ARENA_TEST(test_result_over_operand),
        ARENA_TEST(test_model), ARENA_TEST(test_limits),
    };

    return cmocka_run_group_tests_name("value/number_add", tests, NULL, NULL);
}
