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

void id_uuid(char out[ID_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[16];
    size_t at = 0;

    id_random(raw, sizeof raw);
    raw[6] = (uint8_t)((raw[6] & 0x0F) | 0x40);
    raw[8] = (uint8_t)((raw[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof raw; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[raw[i] >> 4];
        out[at++] = digits[raw[i] & 15];
    }
    out[at] = '\0';
}

void id_request(char out[ID_REQUEST_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint8_t raw[ID_REQUEST_SIZE - 1];

    id_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++)
        out[i] = digits[raw[i] % (sizeof digits - 1)];
    out[sizeof raw] = '\0';
}
