/* stack/scalar.c - what a plain scalar means: null, a boolean, a number, or text.
 *
 * The rules are those of js-yaml 4, because that is what reads the same file when it is deployed:
 *   null      (empty) ~ null Null NULL
 *   boolean   true True TRUE false False FALSE           (yes, on and off are text)
 *   integer   [-+] 0b101 0o17 0x1F 1_000                  (0123 is decimal)
 *   float     [-+] 1.5 .5 1e3                             (.inf and .nan have no JSON form: text)
 * Numbers become doubles, as in JavaScript, and their text is the text JavaScript would print: that
 * is what a variable of the environment gets. */
#include "stack/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT_SIZE_MAX 512 /* longer runs of digits are text */

static bool is_one_of(struct bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_text(text, words[i]))
            return true;
    }
    return false;
}

static int digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return 99;
}

/* 0x, 0o, 0b: only these have a base of their own. */
static bool parse_based(struct bytes text, double *ret)
{
    int base = 0;
    double value = 0;
    bool digits = false;

    if (text.size < 3 || text.ptr[0] != '0')
        return false;
    if (text.ptr[1] == 'x')
        base = 16;
    else if (text.ptr[1] == 'o')
        base = 8;
    else if (text.ptr[1] == 'b')
        base = 2;
    else
        return false;
    for (size_t i = 2; i < text.size; i++) {
        if (text.ptr[i] == '_')
            continue;
        if (digit_of(text.ptr[i]) >= base)
            return false;
        value = value * base + digit_of(text.ptr[i]);
        digits = true;
    }
    if (!digits || text.ptr[text.size - 1] == '_')
        return false;
    *ret = value;
    return isfinite(value);
}

bool scalar_is_decimal(struct bytes text, double *ret)
{
    char digits[NUMBER_TEXT_SIZE_MAX + 1];
    size_t size = 0, i = 0, before = 0, after = 0;

    if (text.size == 0 || text.size > NUMBER_TEXT_SIZE_MAX)
        return false;
    if (text.ptr[i] == '-' || text.ptr[i] == '+')
        digits[size++] = (char)text.ptr[i++];
    for (; i < text.size && (digit_of(text.ptr[i]) < 10 || text.ptr[i] == '_'); i++) {
        if (text.ptr[i] == '_' && before == 0)
            return false;
        if (text.ptr[i] != '_') {
            digits[size++] = (char)text.ptr[i];
            before++;
        }
    }
    if (i < text.size && text.ptr[i] == '.') {
        digits[size++] = (char)text.ptr[i++];
        for (; i < text.size && digit_of(text.ptr[i]) < 10; i++, after++)
            digits[size++] = (char)text.ptr[i];
    }
    if (before == 0 && after == 0)
        return false;
    if (i < text.size && (text.ptr[i] == 'e' || text.ptr[i] == 'E')) {
        size_t exponent = 0;

        digits[size++] = (char)text.ptr[i++];
        if (i < text.size && (text.ptr[i] == '-' || text.ptr[i] == '+'))
            digits[size++] = (char)text.ptr[i++];
        for (; i < text.size && digit_of(text.ptr[i]) < 10; i++, exponent++)
            digits[size++] = (char)text.ptr[i];
        if (exponent == 0)
            return false;
    }
    if (i != text.size || text.ptr[text.size - 1] == '_')
        return false;
    digits[size] = '\0';
    *ret = strtod(digits, NULL);
    return isfinite(*ret);
}

/* ECMAScript's Number::toString: the shortest digits that read back as the same double, without an
 * exponent between 1e-7 and 1e21. */
struct bytes scalar_number_text(struct arena *arena, double number)
{
    char text[40], digits[24] = "";
    int precision = 1, exponent = 0;
    size_t count = 0;

    if (number == 0)
        return BYTES("0"); /* minus zero too */
    do {
        snprintf(text, sizeof text, "%.*e", precision - 1, fabs(number));
    } while (precision++ < 17 && strtod(text, NULL) != fabs(number));
    for (const char *at = text; *at != 'e'; at++) {
        if (*at != '.')
            digits[count++] = *at;
    }
    while (count > 1 && digits[count - 1] == '0')
        count--;
    exponent =
        (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1; /* the point stands behind so many */

    const char *sign = number < 0 ? "-" : "";
    int size = (int)count;

    if (exponent >= size && exponent <= 21)
        return arena_printf(arena, "%s%.*s%.*s", sign, size, digits, exponent - size,
                            "000000000000000000000");
    if (exponent > 0 && exponent <= 21)
        return arena_printf(arena, "%s%.*s.%.*s", sign, exponent, digits, size - exponent,
                            digits + exponent);
    if (exponent > -6 && exponent <= 0)
        return arena_printf(arena, "%s0.%.*s%.*s", sign, -exponent, "000000", size, digits);
    return arena_printf(arena, "%s%c%s%.*se%+d", sign, digits[0], size > 1 ? "." : "", size - 1,
                        digits + 1, exponent - 1);
}

void scalar_resolve(struct arena *arena, struct bytes plain, struct node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    bool negative = plain.size > 0 && plain.ptr[0] == '-';
    bool sign = negative || (plain.size > 0 && plain.ptr[0] == '+');
    double number = 0;

    node->text = plain;
    if (is_one_of(plain, nulls, ARRAY_COUNT(nulls))) {
        node->kind = NODE_NULL;
    } else if (is_one_of(plain, trues, ARRAY_COUNT(trues))) {
        node->kind = NODE_BOOLEAN;
        node->boolean = true;
    } else if (is_one_of(plain, falses, ARRAY_COUNT(falses))) {
        node->kind = NODE_BOOLEAN;
        node->boolean = false;
    } else if (parse_based(bytes_slice(plain, sign ? 1 : 0, plain.size), &number)) {
        node->kind = NODE_NUMBER;
        node->text = scalar_number_text(arena, negative ? -number : number);
    } else if (scalar_is_decimal(plain, &number)) {
        node->kind = NODE_NUMBER;
        node->text = scalar_number_text(arena, number);
    } else {
        node->kind = NODE_STRING;
    }
}
