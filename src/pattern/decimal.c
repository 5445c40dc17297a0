/* pattern/decimal.c - see decimal.h. */
#include "pattern/decimal.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The number behind 'e', between the limits. */
static int64_t parse_exponent(struct bytes text)
{
    bool negative = text.size > 0 && text.ptr[0] == '-';
    size_t at = text.size > 0 && !is_digit(text.ptr[0]) ? 1 : 0;
    int64_t exponent = 0;

    for (; at < text.size && exponent < DECIMAL_EXPONENT_MAX; at++)
        exponent = exponent * 10 + (text.ptr[at] - '0');
    if (exponent > DECIMAL_EXPONENT_MAX)
        exponent = DECIMAL_EXPONENT_MAX;
    return negative ? -exponent : exponent;
}

static size_t find_exponent(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return i;
    return text.size;
}

/* The digits without their point, which stood before digit number *ret_point. */
static struct bytes join_digits(struct arena *arena, struct bytes mantissa, size_t *ret_point)
{
    size_t point = bytes_find_byte(mantissa, '.', 0);

    if (point == SIZE_MAX) {
        *ret_point = mantissa.size;
        return mantissa;
    }
    uint8_t *joined = arena_alloc(arena, mantissa.size);

    memcpy(joined, mantissa.ptr, point);
    memcpy(joined + point, mantissa.ptr + point + 1, mantissa.size - point - 1);
    *ret_point = point;
    return bytes_of(joined, mantissa.size - 1);
}

struct decimal decimal_parse(struct arena *arena, struct bytes text)
{
    struct decimal decimal = {0};
    size_t point = 0;

    if (text.size > 0 && text.ptr[0] == '-') {
        decimal.negative = true;
        text = bytes_slice(text, 1, text.size);
    }
    size_t mark = find_exponent(text);
    struct bytes digits = join_digits(arena, bytes_slice(text, 0, mark), &point);
    size_t from = 0, to = digits.size;

    while (from < to && digits.ptr[from] == '0')
        from++;
    while (to > from && digits.ptr[to - 1] == '0')
        to--;
    if (from == to) /* zero, whatever its sign and exponent */
        return (struct decimal){0};
    decimal.digits = bytes_slice(digits, from, to - from);
    decimal.exponent = (int64_t)point - (int64_t)from;
    if (mark < text.size)
        decimal.exponent += parse_exponent(bytes_slice(text, mark + 1, text.size));
    return decimal;
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    return bytes_compare(a->digits, b->digits); /* a shorter one is smaller: no digits end in 0 */
}

/* -1, 0, 1 */
static int sign(const struct decimal *decimal)
{
    if (decimal->digits.size == 0)
        return 0;
    return decimal->negative ? -1 : 1;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    int sign_a = sign(a), sign_b = sign(b);

    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    if (sign_a == 0)
        return 0;
    return sign_a > 0 ? compare_magnitudes(a, b) : compare_magnitudes(b, a);
}

struct bytes decimal_key(struct arena *arena, const struct decimal *decimal)
{
    uint8_t *key = arena_alloc(arena, 9 + decimal->digits.size);

    key[0] = decimal->negative ? '-' : '+';
    bytes_put_u64(key + 1, (uint64_t)decimal->exponent);
    if (decimal->digits.size > 0)
        memcpy(key + 9, decimal->digits.ptr, decimal->digits.size);
    return bytes_of(key, 9 + decimal->digits.size);
}
