/* value/number.c - text, order and size of numbers; see number.h. */
#include "value/number_range.h"

/* value = 0.d1d2d3... x 10^exponent, so 1E-130 has the exponent -129 and 9.9E+125 has 126. */
#define EXPONENT_MIN (-129)
#define EXPONENT_MAX 126
/* Written exponents are held here while they are read: far beyond what any text of digits can bring
 * back into range, far below what would overflow. */
#define WRITTEN_EXPONENT_MAX ((int64_t)1 << 40)

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* ---- text to number ---- */

/* The digits of a significand as they come by. */
struct significand {
    struct number *number; /* takes the first NUMBER_DIGITS_MAX significant digits */
    int64_t point;         /* exponent of the value, without the written one */
    bool any, started;     /* a digit was there; one that is not a leading zero was there */
    bool too_many;         /* a digit other than zero beyond NUMBER_DIGITS_MAX */
    size_t count;          /* significant digits so far, trailing zeros too */
};

static void take_digit(struct significand *s, uint8_t digit, bool after_point)
{
    s->any = true;
    if (digit != 0)
        s->started = true;
    if (!s->started) { /* leading zeros move the point only behind it */
        s->point -= after_point;
        return;
    }
    s->point += !after_point;
    if (s->count < NUMBER_DIGITS_MAX)
        s->number->digits[s->count] = digit;
    else if (digit != 0)
        s->too_many = true;
    s->count++;
}

/* Reads "123.45" from *at on. */
static void read_significand(struct bytes text, size_t *at, struct significand *s)
{
    bool after_point = false;

    for (; *at < text.size; ++*at) {
        uint8_t c = text.ptr[*at];

        if (is_digit(c))
            take_digit(s, (uint8_t)(c - '0'), after_point);
        else if (c == '.' && !after_point)
            after_point = true;
        else
            return;
    }
}

/* Reads "e+10" up to the end of the text; nothing there is zero. False when it is no exponent. */
static bool read_exponent(struct bytes text, size_t at, int64_t *ret)
{
    bool negative = false;
    int64_t exponent = 0;

    if (at == text.size) {
        *ret = 0;
        return true;
    }
    if (text.ptr[at] != 'e' && text.ptr[at] != 'E')
        return false;
    at++;
    if (at < text.size && (text.ptr[at] == '+' || text.ptr[at] == '-'))
        negative = text.ptr[at++] == '-';
    if (at == text.size)
        return false;
    for (; at < text.size; at++) {
        if (!is_digit(text.ptr[at]))
            return false;
        if (exponent < WRITTEN_EXPONENT_MAX)
            exponent = exponent * 10 + (text.ptr[at] - '0');
    }
    *ret = negative ? -exponent : exponent;
    return true;
}

/* Sets the count without trailing zeros. */
static void trim(struct number *number, size_t count)
{
    while (count > 0 && number->digits[count - 1] == 0)
        count--;
    number->count = (uint8_t)count;
}

enum status number_in_range(struct number *number, int64_t exponent, bool too_many,
                            struct api_error *reterr)
{
    if (exponent > EXPONENT_MAX)
        return api_invalid(reterr, "Number overflow. Attempting to store a number with magnitude "
                                   "larger than supported range");
    if (exponent < EXPONENT_MIN)
        return api_invalid(reterr, "Number underflow. Attempting to store a number with magnitude "
                                   "smaller than supported range");
    if (too_many)
        return api_invalid(reterr,
                           "Attempting to store more than 38 significant digits in a Number");
    number->exponent = (int16_t)exponent;
    return OK;
}

enum status number_parse(struct bytes text, struct number *ret, struct api_error *reterr)
{
    struct number number = {0};
    struct significand s = {.number = &number};
    int64_t written = 0;
    size_t at = 0;

    if (text.size == 0)
        return api_invalid(reterr, "The parameter cannot be converted to a numeric value");
    if (text.ptr[0] == '+' || text.ptr[0] == '-')
        number.negative = text.ptr[at++] == '-';
    read_significand(text, &at, &s);
    if (!s.any || !read_exponent(text, at, &written))
        return api_invalid(reterr, "The parameter cannot be converted to a numeric value: %.*s",
                           BYTES_ARG(text));
    if (!s.started) {
        *ret = (struct number){0}; /* zero, whatever its sign and exponent */
        return OK;
    }
    trim(&number, size_min(s.count, NUMBER_DIGITS_MAX));
    if (number_in_range(&number, s.point + written, s.too_many, reterr) != OK)
        return REFUSED;
    *ret = number;
    return OK;
}

/* ---- number to text ---- */

void number_print(struct buffer *out, const struct number *number)
{
    char text[NUMBER_TEXT_MAX];
    size_t size = 0, next = 0;
    int place = number->exponent; /* digits that stand before the point */

    if (number->count == 0) {
        buffer_append_byte(out, '0');
        return;
    }
    if (number->negative)
        text[size++] = '-';
    if (place <= 0)
        text[size++] = '0';
    for (; place > 0; place--, next++)
        text[size++] = (char)('0' + (next < number->count ? number->digits[next] : 0));
    if (next < number->count) {
        text[size++] = '.';
        for (; place < 0; place++)
            text[size++] = '0';
        for (; next < number->count; next++)
            text[size++] = (char)('0' + number->digits[next]);
    }
    assert(size <= sizeof text);
    buffer_append(out, bytes_of(text, size));
}

/* ---- order ---- */

static int compare_magnitude(const struct number *a, const struct number *b)
{
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    return memcmp(a->digits, b->digits, sizeof a->digits); /* unused digits are 0 */
}

static int sign(const struct number *number)
{
    if (number->count == 0)
        return 0;
    return number->negative ? -1 : 1;
}

int number_compare(const struct number *a, const struct number *b)
{
    int sign_a = sign(a), sign_b = sign(b);

    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    if (sign_a == 0)
        return 0;
    return sign_a > 0 ? compare_magnitude(a, b) : compare_magnitude(b, a);
}

bool number_equal(const struct number *a, const struct number *b)
{
    return number_compare(a, b) == 0;
}

/* ---- machine integers ---- */

struct number number_of_int64(int64_t value)
{
    struct number number = {.negative = value < 0};
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint8_t reversed[20]; /* UINT64_MAX has 20 digits */
    size_t count = 0;

    for (; rest > 0; rest /= 10)
        reversed[count++] = (uint8_t)(rest % 10);
    for (size_t i = 0; i < count; i++)
        number.digits[i] = reversed[count - 1 - i];
    number.exponent = (int16_t)count;
    trim(&number, count);
    return number;
}

bool number_to_int64(const struct number *number, int64_t *ret)
{
    uint64_t magnitude = 0;

    if (number->exponent < number->count) /* digits behind the point */
        return false;
    for (int i = 0; i < number->exponent; i++) {
        uint8_t digit = i < number->count ? number->digits[i] : 0;

        if (__builtin_mul_overflow(magnitude, 10u, &magnitude) ||
            __builtin_add_overflow(magnitude, digit, &magnitude))
            return false;
    }
    if (magnitude > (uint64_t)INT64_MAX + (number->negative ? 1 : 0))
        return false;
    *ret = (int64_t)(number->negative ? 0 - magnitude : magnitude);
    return true;
}

/* ---- size ---- */

size_t number_size(const struct number *number)
{
    if (number->count == 0)
        return 1;
    /* AWS keeps two digits a byte, paired from the decimal point: an odd exponent leaves the first
     * digit alone in its byte. */
    size_t alone = number->exponent % 2 != 0;
    size_t pairs = (number->count + alone + 1) / 2;

    return 1 + pairs + number->negative;
}
