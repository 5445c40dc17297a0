/* Numbers against a reading of their text digit by digit: every spelling, over the whole range, at
 * its limits and one past them; and the order of keys against the order of digits. A failure prints
 * its seed; TEST_SEED=N replays it. */
#include "value/tools.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 20000
#define SORTED 400
#define TEXT_MAX 512
#define EXPONENT_MAX 125 /* of the first digit */
#define EXPONENT_MIN -130

#define TOO_MANY_DIGITS "Attempting to store more than 38 significant digits in a Number"
#define OVERFLOW_                                                                                  \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDERFLOW_                                                                                 \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

/* ---- the model: digits as people write them ---- */

/* d1.d2d3... x 10^exponent, no zeros at either end; zero has no digits. */
struct decimal {
    bool negative;
    char digits[TEXT_MAX];
    int count, exponent;
};

static struct decimal decimal_of(const char *text)
{
    struct decimal d = {.negative = *text == '-'};
    int before_point = 0, leading = 0;
    bool behind = false;

    for (text += *text == '-' || *text == '+'; *text != '\0' && *text != 'e' && *text != 'E';
         text++) {
        if (*text == '.') {
            behind = true;
            continue;
        }
        before_point += !behind;
        d.digits[d.count++] = *text;
    }
    while (leading < d.count && d.digits[leading] == '0')
        leading++;
    while (d.count > leading && d.digits[d.count - 1] == '0')
        d.count--;
    memmove(d.digits, d.digits + leading, (size_t)(d.count - leading));
    d.count -= leading;
    if (d.count == 0)
        return (struct decimal){.count = 0};
    d.exponent = before_point - leading - 1 + (*text != '\0' ? (int)strtol(text + 1, NULL, 10) : 0);
    return d;
}

static const char *decimal_print(struct arena *arena, const struct decimal *d)
{
    char *text = arena_alloc(arena, TEXT_MAX);
    size_t size = 0;

    if (d->count == 0)
        return "0";
    if (d->negative)
        text[size++] = '-';
    if (d->exponent < 0)
        text[size++] = '0';
    for (int place = d->exponent < 0 ? -1 : d->exponent;; place--) {
        int digit = d->exponent - place; /* of this place */

        if (place < 0 && digit >= d->count)
            break;
        if (place == -1)
            text[size++] = '.';
        text[size++] = digit >= 0 && digit < d->count ? d->digits[digit] : '0';
    }
    return text;
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
    if (a->count == 0 || b->count == 0)
        return (a->count != 0) - (b->count != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    for (int i = 0; i < a->count && i < b->count; i++)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return a->count < b->count ? -1 : a->count > b->count;
}

static int compare_decimals(const struct decimal *a, const struct decimal *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

/* ---- texts ---- */

/* Zeros, runs of nines, and anything. */
static void add_digits(struct chance *chance, char *text, int *size, int count)
{
    while (count > 0) {
        int run = chance_between(chance, 1, count), kind = chance_between(chance, 0, 2);

        for (int i = 0; i < run; i++)
            text[(*size)++] = (char)(kind == 0   ? '0'
                                     : kind == 1 ? '9'
                                                 : chance_between(chance, '0', '9'));
        count -= run;
    }
}

/* Mostly a number whose first digit stands near a limit, or anywhere. */
static int random_exponent(struct chance *chance)
{
    switch (chance_between(chance, 0, 4)) {
    case 0:
        return EXPONENT_MAX + chance_between(chance, -2, 2);
    case 1:
        return EXPONENT_MIN + chance_between(chance, -2, 2);
    case 2:
        return chance_between(chance, -3, 3);
    default:
        return chance_between(chance, EXPONENT_MIN - 5, EXPONENT_MAX + 5);
    }
}

/* With a sign or none, zeros in front and behind, a point anywhere or none, an exponent or none. */
static void random_text(struct chance *chance, char text[TEXT_MAX])
{
    int size = 0, exponent = random_exponent(chance);
    int digits = chance_between(chance, 0, 2) == 0 ? chance_between(chance, 36, 41)
                                                   : chance_between(chance, 1, 38);
    int before = chance_between(chance, 0, digits), zeros = chance_between(chance, 0, 3);
    const char *sign = (const char *[]){"", "-", "+"}[chance_between(chance, 0, 2)];

    size = snprintf(text, TEXT_MAX, "%s", sign);
    for (int i = 0; i < zeros; i++)
        text[size++] = '0';
    if (before > 0)
        text[size++] = (char)chance_between(chance, '1', '9');
    add_digits(chance, text, &size, before > 0 ? before - 1 : 0);
    if (before < digits) {
        text[size++] = '.';
        add_digits(chance, text, &size, digits - before);
    }
    for (int i = before < digits ? chance_between(chance, 0, 3) : 0; i > 0; i--)
        text[size++] = '0';
    text[size] = '\0';
    if (chance_between(chance, 0, 5) > 0)
        snprintf(text + size, TEXT_MAX - (size_t)size, "%c%s%d", "eE"[chance_between(chance, 0, 1)],
                 exponent - before + 1 >= 0 && chance_between(chance, 0, 1) ? "+" : "",
                 exponent - before + 1);
}

/* ---- reading and printing ---- */

static void check_text(struct arena *arena, uint64_t seed, const char *text)
{
    struct decimal d = decimal_of(text);
    bool too_long = d.count > NUMBER_DIGITS_MAX;
    bool too_large = d.count > 0 && d.exponent > EXPONENT_MAX;
    bool too_small = d.count > 0 && d.exponent < EXPONENT_MIN;
    struct number number = {0};
    struct api_error error = {0};
    enum status st = number_parse(bytes_of_text(text), &number, &error);

    if ((st == OK) != (!too_long && !too_large && !too_small))
        fail_msg("TEST_SEED=%llu: %s: %s", (unsigned long long)seed, text,
                 st == OK ? "not refused" : error.message);
    if (st == OK && strcmp(text_of_number(arena, &number), decimal_print(arena, &d)) != 0)
        fail_msg("TEST_SEED=%llu: %s is %s, not %s", (unsigned long long)seed, text,
                 text_of_number(arena, &number), decimal_print(arena, &d));
    if (st != OK && too_long + too_large + too_small == 1 &&
        strcmp(error.message, too_long    ? TOO_MANY_DIGITS
                              : too_large ? OVERFLOW_
                                          : UNDERFLOW_) != 0)
        fail_msg("TEST_SEED=%llu: %s: %s", (unsigned long long)seed, text, error.message);
    if (st == OK) { /* however it is spelt, its bytes are the same */
        struct number again = number_of(decimal_print(arena, &d));

        assert_memory_equal(&number, &again, sizeof number);
    }
}

/* ---- order ---- */

struct entry {
    struct decimal decimal;
    struct number number;
    struct bytes key;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    return bytes_compare(left->key, right->key);
}

static bool add_entry(struct arena *arena, struct entry *entry, const char *text)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(64);
    struct api_error error = {0};

    if (number_parse(bytes_of_text(text), &entry->number, &error) != OK)
        return false;
    entry->decimal = decimal_of(text);
    number_encode_key(&key, &entry->number);
    entry->key = arena_copy(arena, buffer_bytes(&key));
    return true;
}

/* Sorted by their keys, the numbers rise, and equal keys are equal numbers. */
static void check_order(struct arena *arena, uint64_t seed, struct entry *entries, size_t count)
{
    qsort(entries, count, sizeof *entries, by_key);
    for (size_t i = 1; i < count; i++) {
        const struct entry *a = &entries[i - 1], *b = &entries[i];
        int order = compare_decimals(&a->decimal, &b->decimal);
        int found = number_compare(&a->number, &b->number);

        if (order > 0 || (order == 0) != bytes_equal(a->key, b->key) ||
            (found > 0) - (found < 0) != order)
            fail_msg("TEST_SEED=%llu: %s comes before %s", (unsigned long long)seed,
                     decimal_print(arena, &a->decimal), decimal_print(arena, &b->decimal));
        if (order != 0) /* whatever follows in a key */
            assert_true(memcmp(a->key.ptr, b->key.ptr, size_min(a->key.size, b->key.size)) != 0);
    }
}

/* ---- tests ---- */

static void test_texts(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = clock_monotonic_ns();
    char text[TEXT_MAX];

    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        struct chance chance = {seed};

        random_text(&chance, text);
        check_text(*state, seed, text);
        return;
    }
    for (unsigned i = 0; i < ROUNDS; i++, seed++) {
        struct chance chance = {seed};

        random_text(&chance, text);
        check_text(*state, seed, text);
        arena_reset(*state);
    }
}

/* At each end of the range and of the digits, in each spelling: the last that is taken, and the
 * first that is not. */
static void test_limits(void **state)
{
    for (int count = 37; count <= 40; count++)
        for (int exponent = EXPONENT_MIN - 2; exponent <= EXPONENT_MAX + 2; exponent++)
            for (int point = 0; point <= count; point += count / 3) {
                char text[TEXT_MAX] = "-";
                int size = 1;

                for (int i = 0; i < count; i++) {
                    if (i == point)
                        text[size++] = '.';
                    text[size++] = (char)('1' + i % 9);
                }
                snprintf(text + size, TEXT_MAX - (size_t)size, "e%d", exponent - point + 1);
                check_text(*state, 0, text);
                check_text(*state, 0, text + 1);
                arena_reset(*state);
            }
}

static void test_random_order(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = clock_monotonic_ns();
    struct entry *entries = ARENA_NEW_ARRAY(*state, SORTED, struct entry);
    size_t count = 0;
    char text[TEXT_MAX];

    if (given != NULL && !bytes_to_uint64(bytes_of_text(given), &seed))
        fail_msg("TEST_SEED is a number");
    struct chance chance = {seed};

    while (count < SORTED) {
        random_text(&chance, text);
        count += add_entry(*state, &entries[count], text);
    }
    check_order(*state, seed, entries, count);
}

/* Every number of one or two digits, near every place where something changes. */
static void test_all_short_ones(void **state)
{
    static const int exponents[] = {-130, -129, -128, -3, -2, -1, 0, 1, 2, 3, 123, 124};
    size_t count = 0, most = ARRAY_COUNT(exponents) * 99 * 2 + 1;
    struct entry *entries = ARENA_NEW_ARRAY(*state, most, struct entry);

    for (size_t e = 0; e < ARRAY_COUNT(exponents); e++)
        for (int digits = 1; digits <= 99; digits++)
            for (int negative = 0; negative < 2; negative++) {
                char text[32];

                snprintf(text, sizeof text, "%s%de%d", negative ? "-" : "", digits, exponents[e]);
                count += add_entry(*state, &entries[count], text);
            }
    count += add_entry(*state, &entries[count], "0");
    assert_int_equal(count, most);
    check_order(*state, 0, entries, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_texts),
        ARENA_TEST(test_limits),
        ARENA_TEST(test_random_order),
        ARENA_TEST(test_all_short_ones),
    };

    return cmocka_run_group_tests_name("value/number_model", tests, NULL, NULL);
}
