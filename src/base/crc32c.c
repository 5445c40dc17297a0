/* base/crc32c.c - see crc32c.h. The processor's own instruction where there is one (x86 since 2008,
 * 8 bytes at a time), else a table. */
#include "base/crc32c.h"

#include <pthread.h>

#define POLYNOMIAL 0x82F63B78u /* its bits in reverse */

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        table[byte] = crc;
    }
}

uint32_t crc32c_by_table(uint32_t before, struct bytes bytes)
{
    uint32_t crc = ~before;

    pthread_once(&table_once, fill_table);
    for (size_t i = 0; i < bytes.size; i++)
        crc = (crc >> 8) ^ table[(crc ^ bytes.ptr[i]) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before,
                                                                 struct bytes bytes)
{
    uint64_t crc = ~before;
    size_t i = 0;

    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t word;

        memcpy(&word, bytes.ptr + i, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    for (; i < bytes.size; i++)
        crc = __builtin_ia32_crc32qi((uint32_t)crc, bytes.ptr[i]);
    return ~(uint32_t)crc;
}

uint32_t crc32c(uint32_t before, struct bytes bytes)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(before, bytes)
                                            : crc32c_by_table(before, bytes);
}

#else

uint32_t crc32c(uint32_t before, struct bytes bytes)
{
    return crc32c_by_table(before, bytes);
}

#endif
