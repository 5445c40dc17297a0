/* value/number_add.c - exact addition and subtraction; see number.h.
 *
 * Both numbers are laid out digit by digit in one row of decimal places that is wide enough for the
 * whole range (10^125 down to the last digit of 1E-130 with 38 digits), added or subtracted there
 * as on paper, and what stands in the row becomes a number again. */
#include "value/number_range.h"

#define PLACES_BEFORE_POINT 127 /* exponent 126 and a carry */
#define PLACES_BEHIND_POINT 168 /* exponent -129 and 38 digits, rounded up */
#define PLACES (PLACES_BEFORE_POINT + PLACES_BEHIND_POINT)

struct row {
    uint8_t places[PLACES]; /* the most significant first */
    size_t from, to;        /* all places outside [from, to) are 0 */
};

static size_t first_place(const struct number *number)
{
    return (size_t)(PLACES_BEFORE_POINT - number->exponent);
}

static void lay_out(struct row *row, const struct number *number)
{
    row->from = first_place(number);
    row->to = row->from + number->count;
    assert(row->from >= 1 && row->to <= PLACES);
    memcpy(row->places + row->from, number->digits, number->count);
}

static void add_to(struct row *row, const struct number *number)
{
    size_t first = first_place(number);
    uint8_t carry = 0;

    for (size_t i = first + number->count; i > first || carry > 0;) {
        i--;
        uint8_t sum = (uint8_t)(row->places[i] + carry);

        if (i >= first)
            sum = (uint8_t)(sum + number->digits[i - first]);
        carry = sum >= 10;
        row->places[i] = (uint8_t)(carry ? sum - 10 : sum);
        row->from = size_min(row->from, i);
    }
    row->to = size_max(row->to, first + number->count);
}

/* The row must be at least as large as the number. */
static void subtract_from(struct row *row, const struct number *number)
{
    size_t first = first_place(number);
    uint8_t borrow = 0;

    for (size_t i = first + number->count; i > first || borrow > 0;) {
        i--;
        uint8_t taken = borrow;

        if (i >= first)
            taken = (uint8_t)(taken + number->digits[i - first]);
        borrow = row->places[i] < taken;
        row->places[i] = (uint8_t)(row->places[i] + (borrow ? 10 : 0) - taken);
    }
    row->to = size_max(row->to, first + number->count);
}

static enum status number_of_row(struct row *row, bool negative, struct number *ret,
                                 struct api_error *reterr)
{
    struct number number = {.negative = negative};

    while (row->from < row->to && row->places[row->from] == 0)
        row->from++;
    while (row->to > row->from && row->places[row->to - 1] == 0)
        row->to--;

    size_t count = row->to - row->from;

    if (count == 0) {
        *ret = (struct number){0};
        return OK;
    }
    if (number_in_range(&number, PLACES_BEFORE_POINT - (int64_t)row->from,
                        count > NUMBER_DIGITS_MAX, reterr) != OK)
        return REFUSED;
    memcpy(number.digits, row->places + row->from, count);
    number.count = (uint8_t)count;
    *ret = number;
    return OK;
}

static int compare_magnitude(struct number a, struct number b)
{
    a.negative = b.negative = false;
    return number_compare(&a, &b);
}

enum status number_add(const struct number *a, const struct number *b, struct number *ret,
                       struct api_error *reterr)
{
    struct row row = {0};
    bool a_is_larger = true;

    if (a->count == 0 || b->count == 0) {
        *ret = a->count == 0 ? *b : *a;
        return OK;
    }
    if (a->negative == b->negative) {
        lay_out(&row, a);
        add_to(&row, b);
        return number_of_row(&row, a->negative, ret, reterr);
    }
    a_is_larger = compare_magnitude(*a, *b) >= 0;
    lay_out(&row, a_is_larger ? a : b);
    subtract_from(&row, a_is_larger ? b : a);
    return number_of_row(&row, a_is_larger ? a->negative : b->negative, ret, reterr);
}

enum status number_subtract(const struct number *a, const struct number *b, struct number *ret,
                            struct api_error *reterr)
{
    struct number minus_b = *b;

    minus_b.negative = b->count > 0 && !b->negative;
    return number_add(a, &minus_b, ret, reterr);
}
