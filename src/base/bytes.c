/* base/bytes.c - see bytes.h. */
#include "base/bytes.h"

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = size_min(a.size, b.size);
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

bool bytes_start_with(struct bytes whole, struct bytes prefix)
{
    return whole.size >= prefix.size &&
           (prefix.size == 0 || memcmp(whole.ptr, prefix.ptr, prefix.size) == 0);
}

bool bytes_end_with(struct bytes whole, struct bytes suffix)
{
    return whole.size >= suffix.size &&
           (suffix.size == 0 ||
            memcmp(whole.ptr + (whole.size - suffix.size), suffix.ptr, suffix.size) == 0);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool bytes_equal_ignore_case(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

size_t bytes_find(struct bytes whole, struct bytes part)
{
    if (part.size == 0)
        return 0;
    const uint8_t *at = whole.size > 0 ? memmem(whole.ptr, whole.size, part.ptr, part.size) : NULL;

    return at != NULL ? (size_t)(at - whole.ptr) : SIZE_MAX;
}

size_t bytes_find_byte(struct bytes whole, uint8_t byte, size_t from)
{
    if (from >= whole.size)
        return SIZE_MAX;
    const uint8_t *at = memchr(whole.ptr + from, byte, whole.size - from);

    return at != NULL ? (size_t)(at - whole.ptr) : SIZE_MAX;
}

struct bytes bytes_slice(struct bytes whole, size_t from, size_t size)
{
    if (from >= whole.size)
        return (struct bytes){NULL, 0};
    return bytes_of(whole.ptr + from, size_min(size, whole.size - from));
}

bool bytes_to_uint64(struct bytes text, uint64_t *ret)
{
    uint64_t value = 0;

    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value))
            return false;
    }
    *ret = value;
    return true;
}

bool bytes_to_int64(struct bytes text, int64_t *ret)
{
    bool negative = text.size > 0 && text.ptr[0] == '-';
    uint64_t magnitude = 0;

    if (!bytes_to_uint64(negative ? bytes_slice(text, 1, text.size) : text, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

/* How many bytes the well-formed sequence at `at` has, 0 when it is not one (Unicode, table 3-7).
 */
static size_t utf8_sequence_size(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    uint8_t second_min = 0x80, second_max = 0xBF;
    size_t size = 0;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        size = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        size = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        size = 4;
    if (size == 0 || left < size)
        return 0;
    if (first == 0xE0)
        second_min = 0xA0;
    else if (first == 0xED)
        second_max = 0x9F;
    else if (first == 0xF0)
        second_min = 0x90;
    else if (first == 0xF4)
        second_max = 0x8F;
    if (at[1] < second_min || at[1] > second_max)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (at[i] < 0x80 || at[i] > 0xBF)
            return 0;
    return size;
}

bool bytes_are_of(struct bytes text, const char *others)
{
    for (size_t i = 0; i < text.size; i++)
        if (!byte_is_letter_or_digit(text.ptr[i]) &&
            (text.ptr[i] == 0 || strchr(others, text.ptr[i]) == NULL))
            return false;
    return text.size > 0;
}

bool bytes_are_utf8(struct bytes text)
{
    size_t i = 0;

    while (i < text.size) {
        uint64_t word = 0;

        if (text.size - i >= sizeof word) { /* ASCII, nearly always */
            memcpy(&word, text.ptr + i, sizeof word);
            if ((word & 0x8080808080808080U) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t size = utf8_sequence_size(text.ptr + i, text.size - i);

        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

uint64_t bytes_hash(struct bytes bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.ptr[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

struct bytes bytes_decimal(uint64_t number, char room[DECIMAL_SIZE])
{
    size_t at = DECIMAL_SIZE;

    do {
        room[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return bytes_of(room + at, DECIMAL_SIZE - at);
}

void bytes_put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
}

void bytes_put_u64(uint8_t out[8], uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
}

uint32_t bytes_get_u32(const uint8_t in[4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t bytes_get_u64(const uint8_t in[8])
{
    return (uint64_t)bytes_get_u32(in) << 32 | bytes_get_u32(in + 4);
}
