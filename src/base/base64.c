/* base/base64.c - see base64.h. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buffer *out, struct bytes bytes)
{
    size_t text_size = (bytes.size + 2) / 3 * 4;
    uint8_t *to = text_size > 0 ? buffer_reserve(out, text_size) : NULL;
    size_t i = 0;

    if (to == NULL)
        return;
    for (; bytes.size - i >= 3; i += 3, to += 4) {
        uint32_t group =
            (uint32_t)bytes.ptr[i] << 16 | (uint32_t)bytes.ptr[i + 1] << 8 | bytes.ptr[i + 2];

        to[0] = (uint8_t)alphabet[group >> 18];
        to[1] = (uint8_t)alphabet[group >> 12 & 63];
        to[2] = (uint8_t)alphabet[group >> 6 & 63];
        to[3] = (uint8_t)alphabet[group & 63];
    }
    if (i < bytes.size) { /* one or two bytes are left */
        bool two = bytes.size - i == 2;
        uint32_t group = (uint32_t)bytes.ptr[i] << 16 | (two ? (uint32_t)bytes.ptr[i + 1] << 8 : 0);

        to[0] = (uint8_t)alphabet[group >> 18];
        to[1] = (uint8_t)alphabet[group >> 12 & 63];
        to[2] = two ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        to[3] = '=';
    }
    buffer_grew(out, text_size);
}

#define NOT_IN_ALPHABET 0xFF

static uint8_t six_bits(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NOT_IN_ALPHABET;
}

enum base64_fault base64_decode(struct arena *arena, struct bytes text, struct bytes *ret)
{
    size_t padding = 0;

    if (text.size % 4 != 0)
        return BASE64_WRONG_SIZE;
    while (padding < 2 && padding < text.size && text.ptr[text.size - 1 - padding] == '=')
        padding++;

    size_t size = text.size / 4 * 3 - padding;
    uint8_t *bytes = arena_alloc(arena, size);
    uint32_t bits = 0; /* the low `held` of them wait to become bytes */
    unsigned held = 0;

    for (size_t i = 0, at = 0; i < text.size - padding; i++) {
        uint8_t six = six_bits(text.ptr[i]);

        if (six == NOT_IN_ALPHABET)
            return text.ptr[i] == '=' ? BASE64_WRONG_END : BASE64_WRONG_CHARACTER;
        bits = bits << 6 | six;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[at++] = (uint8_t)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    if (bits != 0)
        return BASE64_WRONG_END;
    *ret = bytes_of(bytes, size);
    return BASE64_NO_FAULT;
}
