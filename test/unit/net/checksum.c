/* net/checksum.c against zlib, at each length and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <zlib.h>

#include "base/id.h"
#include "net/http.h"

#define SIZE 1200

static void test_lengths(void **state)
{
    static uint8_t text[SIZE + 16];

    (void)state;
    id_random(text, sizeof text);
    for (size_t size = 0; size <= SIZE; size++) {
        size_t from = size % 16;

        assert_int_equal(http_checksum(bytes_of(text + from, size)), crc32_z(0, text + from, size));
    }
}

static void test_known(void **state)
{
    static uint8_t zeros[64];

    (void)state;
    assert_int_equal(http_checksum(BYTES("123456789")), 0xCBF43926);
    assert_int_equal(http_checksum(BYTES("")), 0);
    assert_int_equal(http_checksum(bytes_of(zeros, sizeof zeros)), crc32_z(0, zeros, 64));
    memset(zeros, 0xFF, sizeof zeros);
    assert_int_equal(http_checksum(bytes_of(zeros, sizeof zeros)), crc32_z(0, zeros, 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths),
                                       cmocka_unit_test(test_known)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
