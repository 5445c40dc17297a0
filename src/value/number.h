/* value/number.h - DynamoDB's numbers: 38 significant decimal digits, exact.
 *
 * Range: zero, or a magnitude from 1E-130 to 9.9999999999999999999999999999999999999E+125. Numbers
 * are kept normalised: no leading or trailing zero digit, zero is never negative, so equal numbers
 * have equal bytes. (AWS: DynamoDB developer guide, "Supported data types and naming rules".) */
#ifndef DYNLOG_VALUE_NUMBER_H
#define DYNLOG_VALUE_NUMBER_H

#include "base/api_error.h"
#include "base/buffer.h"

#define NUMBER_DIGITS_MAX 38
#define NUMBER_TEXT_MAX 170 /* the longest plain form: "-0." and 130 + 37 digits */

/* value = (-1)^negative x 0.d1d2d3... x 10^exponent; d1 and the last digit are not 0; zero has
 * count 0. */
struct number {
    int16_t exponent;
    uint8_t count;
    bool negative;
    uint8_t digits[NUMBER_DIGITS_MAX]; /* 0-9, the most significant first; unused ones are 0 */
};

/* Decimal text as AWS accepts it: "-12.50", "1e3", "+.5"; surrounding blanks are not accepted.
 * REFUSED with AWS's messages: not a number, more than 38 significant digits, magnitude out of
 * range. */
MUST_USE enum status number_parse(struct bytes text, struct number *ret, struct api_error *reterr);

/* The text that AWS answers with: plain decimal digits, no exponent ("1000", "0.001", "-12.5"). */
void number_print(struct buffer *out, const struct number *number);

int number_compare(const struct number *a, const struct number *b); /* <0, 0, >0 */
bool number_equal(const struct number *a, const struct number *b);

/* Exact; REFUSED with AWS's message when the result needs more than 38 digits or leaves the range.
 * *ret may be one of the operands. */
MUST_USE enum status number_add(const struct number *a, const struct number *b, struct number *ret,
                                struct api_error *reterr);
MUST_USE enum status number_subtract(const struct number *a, const struct number *b,
                                     struct number *ret, struct api_error *reterr);

struct number number_of_int64(int64_t value);
/* False when it is not a whole number or does not fit. */
MUST_USE bool number_to_int64(const struct number *number, int64_t *ret);

/* Bytes that a number counts for in an item's size: 1, and 1 for each two digits paired from the
 * decimal point, one more when negative; zero is 1. */
size_t number_size(const struct number *number);

/* Appends a self-delimiting form whose memcmp order is the order of the numbers. */
void number_encode_key(struct buffer *out, const struct number *number);

#endif
