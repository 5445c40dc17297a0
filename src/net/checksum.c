/* net/checksum.c - CRC-32 as zlib's, sixteen bytes at a time where the processor multiplies without
 * carries: x-amz-crc32 goes over every answer, and zlib's way of it was what a page of a Query cost
 * most.
 *
 * A remainder by the polynomial is carried along in 128 bits, four times side by side: multiplied
 * by x^512 (x^128 at the end) modulo the polynomial and added to the next bytes; then made smaller,
 * and divided once (Gopal and others, "Fast CRC computation for generic polynomials using
 * PCLMULQDQ", Intel 2009; the constants are theirs). test/unit/net/checksum.c holds it to zlib at
 * each length. */
#include "net/http.h"

#include <zlib.h>

#if defined(__x86_64__)

#include <immintrin.h>

#define BLOCK_SIZE ((size_t)16)
#define FOLD_SIZE (4 * BLOCK_SIZE)

#define CARRYLESS __attribute__((target("pclmul,sse4.1")))

CARRYLESS static __m128i load(const uint8_t *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* The remainder, multiplied, and the next bytes. */
CARRYLESS static __m128i fold(__m128i remainder, __m128i by, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(remainder, by, 0x00);
    __m128i high = _mm_clmulepi64_si128(remainder, by, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

CARRYLESS static uint32_t reduce(__m128i remainder, __m128i by_128)
{
    const __m128i by_64 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i divisor = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i words = _mm_setr_epi32(~0, 0, ~0, 0);
    __m128i part = _mm_clmulepi64_si128(remainder, by_128, 0x10);

    remainder = _mm_xor_si128(_mm_srli_si128(remainder, 8), part);
    part = _mm_srli_si128(remainder, 4);
    remainder = _mm_clmulepi64_si128(_mm_and_si128(remainder, words), by_64, 0x00);
    remainder = _mm_xor_si128(remainder, part);
    part = _mm_clmulepi64_si128(_mm_and_si128(remainder, words), divisor, 0x10);
    part = _mm_clmulepi64_si128(_mm_and_si128(part, words), divisor, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(remainder, part), 1);
}

/* size: a multiple of BLOCK_SIZE, FOLD_SIZE at least. */
CARRYLESS static uint32_t checksum_of_blocks(const uint8_t *at, size_t size)
{
    const __m128i by_512 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i by_128 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    __m128i remainders[4];
    const uint8_t *end = at + size;

    for (size_t i = 0; i < 4; i++)
        remainders[i] = load(at + i * BLOCK_SIZE);
    remainders[0] = _mm_xor_si128(remainders[0], _mm_cvtsi32_si128(~0));
    for (at += FOLD_SIZE; (size_t)(end - at) >= FOLD_SIZE; at += FOLD_SIZE)
        for (size_t i = 0; i < 4; i++)
            remainders[i] = fold(remainders[i], by_512, load(at + i * BLOCK_SIZE));
    for (size_t i = 1; i < 4; i++)
        remainders[0] = fold(remainders[0], by_128, remainders[i]);
    for (; at < end; at += BLOCK_SIZE)
        remainders[0] = fold(remainders[0], by_128, load(at));
    return ~reduce(remainders[0], by_128);
}

uint32_t http_checksum(struct bytes bytes)
{
    size_t size = bytes.size - bytes.size % BLOCK_SIZE;

    if (size < FOLD_SIZE || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1"))
        return (uint32_t)crc32_z(0, bytes.ptr, bytes.size);
    return (uint32_t)crc32_z(checksum_of_blocks(bytes.ptr, size), bytes.ptr + size,
                             bytes.size - size);
}

#else

uint32_t http_checksum(struct bytes bytes)
{
    return (uint32_t)crc32_z(0, bytes.ptr, bytes.size);
}

#endif
