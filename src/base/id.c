/* base/id.c - see id.h. */
#include "base/id.h"

#include <sys/random.h>

static _Thread_local uint8_t pool[256];
static _Thread_local size_t pool_left;

void id_random(uint8_t *out, size_t size)
{
    while (size > 0) {
        if (pool_left == 0) { /* the kernel gives up to 256 bytes in one piece */
            if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
                assert(false && "the kernel gives 256 random bytes");
            pool_left = sizeof pool;
        }
        size_t take = size_min(size, pool_left);

        memcpy(out, pool + (sizeof pool - pool_left), take);
        pool_left -= take;
        out += take;
        size -= take;
    }
}

static void print_uuid(uint8_t raw[16], char out[ID_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    raw[6] = (uint8_t)((raw[6] & 0x0F) | 0x40);
    raw[8] = (uint8_t)((raw[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[raw[i] >> 4];
        out[at++] = digits[raw[i] & 15];
    }
    out[at] = '\0';
}

void id_uuid(char out[ID_UUID_SIZE])
{
    uint8_t raw[16];

    id_random(raw, sizeof raw);
    print_uuid(raw, out);
}

/* One to one (splitmix64's last step). */
static uint64_t scatter(uint64_t n)
{
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
    return n ^ (n >> 31);
}

void id_uuid_of(uint64_t high, uint64_t low, char out[ID_UUID_SIZE])
{
    uint8_t raw[16];
    uint64_t first = scatter(high + 0x9e3779b97f4a7c15U);

    bytes_put_u64(raw, first);
    bytes_put_u64(raw + 8, scatter(low ^ first));
    print_uuid(raw, out);
}

/* ---- ids of requests ---- */

/* xoshiro256** (Blackman and Vigna), which the kernel's bytes begin: these ids tell requests apart,
 * and are nobody's secret. */
static _Thread_local uint64_t request_state[4];

static uint64_t rotate(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

static uint64_t next_word(void)
{
    uint64_t *s = request_state, word = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return word;
}

/* 32 bits are a fraction: each digit is its whole part after multiplying by their number. */
#define DIGITS_OF_WORD 6 /* 36^6 is less than 2^32 */

void id_request(char out[ID_REQUEST_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t fraction = 0;

    while ((request_state[0] | request_state[1] | request_state[2] | request_state[3]) == 0)
        id_random((uint8_t *)request_state, sizeof request_state);
    for (size_t i = 0; i < ID_REQUEST_SIZE - 1; i++) {
        if (i % DIGITS_OF_WORD == 0)
            fraction = next_word() >> 32;
        fraction *= sizeof digits - 1;
        out[i] = digits[fraction >> 32];
        fraction &= UINT32_MAX;
    }
    out[ID_REQUEST_SIZE - 1] = '\0';
}
