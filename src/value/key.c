/* value/key.c - keys as bytes whose memcmp order is the order of the values (docs/format/keys.md).
 *
 *   S, B   the bytes, each 00 as 00 FF, then 00 01
 *   N      negative 01 | complement of all that follows for its magnitude
 *          zero     02
 *          positive 03 | exponent + 129 (1) | digit pairs, each pair's value + 1 | 00
 *
 * Strings are escaped, not length-prefixed, because "a" must sort before "aa" whatever key part
 * comes next. Digit pairs are 01..64 (hex), so that the end, 00, sorts a number before every longer
 * one with the same beginning; in the complement, where longer is smaller, the end is FF. */
#include "value/value.h"

#define STRING_END 0x01    /* behind a 00 */
#define STRING_ESCAPE 0xFF /* behind a 00 that belongs to the string */

#define NUMBER_NEGATIVE 0x01
#define NUMBER_ZERO 0x02
#define NUMBER_POSITIVE 0x03
#define NUMBER_END 0x00
#define EXPONENT_BIAS 129 /* -129..126 become 0..255 */
#define PAIR_MAX 100      /* "99" + 1 */

/* Sign, exponent, pairs, end. */
#define NUMBER_KEY_SIZE_MAX (2 + (NUMBER_DIGITS_MAX + 1) / 2 + 1)

void number_encode_key(struct buffer *out, const struct number *number)
{
    uint8_t key[NUMBER_KEY_SIZE_MAX];
    uint8_t flip = number->negative ? 0xFF : 0x00;
    size_t size = 0;

    if (number->count == 0) {
        buffer_append_byte(out, NUMBER_ZERO);
        return;
    }
    key[size++] = number->negative ? NUMBER_NEGATIVE : NUMBER_POSITIVE;
    key[size++] = (uint8_t)((number->exponent + EXPONENT_BIAS) ^ flip);
    for (size_t i = 0; i < number->count; i += 2) { /* the digit behind the last one is 0 */
        uint8_t pair = (uint8_t)(number->digits[i] * 10 + number->digits[i + 1]);

        key[size++] = (uint8_t)((pair + 1) ^ flip);
    }
    key[size++] = NUMBER_END ^ flip;
    buffer_append(out, bytes_of(key, size));
}

static void encode_string(struct buffer *out, struct bytes bytes)
{
    size_t start = 0;

    for (;;) {
        size_t zero = bytes_find_byte(bytes, 0x00, start);

        if (zero == SIZE_MAX)
            break;
        buffer_append(out, bytes_slice(bytes, start, zero - start));
        buffer_append(out, bytes_of((uint8_t[]){0x00, STRING_ESCAPE}, 2));
        start = zero + 1;
    }
    buffer_append(out, bytes_slice(bytes, start, bytes.size));
    buffer_append(out, bytes_of((uint8_t[]){0x00, STRING_END}, 2));
}

void key_encode_value(struct buffer *out, const struct value *value)
{
    if (value->type == VALUE_N) {
        number_encode_key(out, &value->number);
        return;
    }
    assert((value->type == VALUE_S || value->type == VALUE_B) && "a key is S, N or B");
    encode_string(out, value->bytes);
}

static size_t encoded_string_size(struct bytes key)
{
    size_t zero = 0;

    for (size_t start = 0;; start = zero + 2) {
        zero = bytes_find_byte(key, 0x00, start);
        if (zero == SIZE_MAX || zero + 1 == key.size)
            return 0;
        if (key.ptr[zero + 1] == STRING_END)
            return zero + 2;
        if (key.ptr[zero + 1] != STRING_ESCAPE)
            return 0;
    }
}

static size_t encoded_number_size(struct bytes key)
{
    if (key.size == 0)
        return 0;
    if (key.ptr[0] == NUMBER_ZERO)
        return 1;
    if (key.ptr[0] != NUMBER_POSITIVE && key.ptr[0] != NUMBER_NEGATIVE)
        return 0;

    uint8_t flip = key.ptr[0] == NUMBER_NEGATIVE ? 0xFF : 0x00;

    for (size_t i = 2; i < key.size && i < NUMBER_KEY_SIZE_MAX; i++) {
        uint8_t pair = key.ptr[i] ^ flip;

        if (pair == NUMBER_END)
            return i > 2 ? i + 1 : 0;
        if (pair > PAIR_MAX)
            return 0;
    }
    return 0;
}

size_t key_encoded_size(struct bytes key, bool number)
{
    return number ? encoded_number_size(key) : encoded_string_size(key);
}
