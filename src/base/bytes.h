/* base/bytes.h - a borrowed run of bytes with its size.
 *
 * Whoever returns a struct bytes says until when it holds. Bytes are not NUL-terminated; text in
 * them is UTF-8. An empty run may have a NULL pointer. */
#ifndef DYNLOG_BASE_BYTES_H
#define DYNLOG_BASE_BYTES_H

#include "base/base.h"

#include <string.h>

struct bytes {
    const uint8_t *ptr;
    size_t size;
};

/* The bytes of a string literal, without its NUL: BYTES("users"). */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

/* For printf: printf("%.*s", BYTES_ARG(b)). */
#define BYTES_ARG(b) (int)(b).size, (const char *)(b).ptr

static inline struct bytes bytes_of(const void *ptr, size_t size)
{
    return (struct bytes){ptr, size};
}

/* The bytes of a NUL-terminated text; NULL gives an empty run. */
static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.ptr, b.ptr, a.size) == 0);
}

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of_text(text));
}

/* As memcmp, shorter first: the order of keys everywhere. */
int bytes_compare(struct bytes a, struct bytes b);

bool bytes_start_with(struct bytes whole, struct bytes prefix);
bool bytes_end_with(struct bytes whole, struct bytes suffix);
/* ASCII letters only; HTTP header names. */
bool bytes_equal_ignore_case(struct bytes a, struct bytes b);

/* Where part first stands in whole, or SIZE_MAX. */
size_t bytes_find(struct bytes whole, struct bytes part);

/* The first byte at or after `from` that is `byte`, or SIZE_MAX. */
size_t bytes_find_byte(struct bytes whole, uint8_t byte, size_t from);

/* [from, from + size), cut to what is there. */
struct bytes bytes_slice(struct bytes whole, size_t from, size_t size);

/* Text of decimal digits only, no sign, no overflow. False leaves *ret alone. */
MUST_USE bool bytes_to_uint64(struct bytes text, uint64_t *ret);
/* The same with an optional leading '-'. */
MUST_USE bool bytes_to_int64(struct bytes text, int64_t *ret);

/* Of ASCII. */
static inline bool byte_is_letter_or_digit(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}
/* Letters and digits of ASCII and these others, one at least: what most of AWS's names are made of.
 */
bool bytes_are_of(struct bytes text, const char *others);

/* Whole text is well-formed UTF-8 (no surrogates, no overlong forms). */
bool bytes_are_utf8(struct bytes text);

/* The same in every process and every version: for what is on disk or seen by clients. FNV-1a with
 * its high half folded in; maps have a seeded one (base/map.h). */
uint64_t bytes_hash(struct bytes bytes);

#define DECIMAL_SIZE 20 /* of the largest number */
/* In digits, at the end of the room: where much is printed, printf is most of it. */
struct bytes bytes_decimal(uint64_t number, char room[DECIMAL_SIZE]);

/* Big-endian integers, the form of numbers in keys: memcmp order is number order. */
void bytes_put_u32(uint8_t out[4], uint32_t value);
void bytes_put_u64(uint8_t out[8], uint64_t value);
uint32_t bytes_get_u32(const uint8_t in[4]);
uint64_t bytes_get_u64(const uint8_t in[8]);

#endif
