/* pattern/decimal.h - JSON numbers compared by value, at any precision: 300, 3e2 and 300.0 are one
 * number, and 9007199254740993 is not 9007199254740992, as it would be in a double.
 *
 * value = (-1)^negative x 0.d1d2d3... x 10^exponent; d1 and the last digit are not 0; zero has no
 * digits, exponent 0 and no sign. Hence equal numbers have equal parts. */
#ifndef DYNLOG_PATTERN_DECIMAL_H
#define DYNLOG_PATTERN_DECIMAL_H

#include "base/arena.h"

/* Exponents beyond this are all one: such a number has no use but to be large (or small). */
#define DECIMAL_EXPONENT_MAX ((int64_t)1 << 58)

struct decimal {
    int64_t exponent;
    struct bytes digits; /* '0'-'9' */
    bool negative;
};

/* text: a JSON number. The digits live in the arena, or in the text. */
struct decimal decimal_parse(struct arena *arena, struct bytes text);

int decimal_compare(const struct decimal *a, const struct decimal *b); /* <0, 0, >0 */

/* Bytes that are equal exactly when the numbers are; in the arena. */
struct bytes decimal_key(struct arena *arena, const struct decimal *decimal);

#endif
