/* Checksums: RFC 3720's own examples, both ways to the same one, pieces as the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "base/id.h"

static void test_known(void **state)
{
    uint8_t bytes[32];

    (void)state;
    assert_int_equal(crc32c(0, BYTES("")), 0);
    assert_int_equal(crc32c(0, BYTES("123456789")), 0xE3069283u);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(crc32c(0, bytes_of(bytes, 32)), 0x8A9136AAu);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(crc32c(0, bytes_of(bytes, 32)), 0x62A8AB43u);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, bytes_of(bytes, 32)), 0x46DD794Eu);
}

static void test_ways_and_pieces_agree(void **state)
{
    uint8_t bytes[67];
    struct bytes whole = bytes_of(bytes, sizeof bytes);

    (void)state;
    id_random(bytes, sizeof bytes);
    for (size_t from = 0; from < sizeof bytes; from++) {
        struct bytes first = bytes_slice(whole, 0, from), rest = bytes_slice(whole, from, 67);

        assert_int_equal(crc32c(0, rest), crc32c_by_table(0, rest));
        assert_int_equal(crc32c(crc32c(0, first), rest), crc32c(0, whole));
        assert_int_equal(crc32c_by_table(crc32c_by_table(0, first), rest), crc32c(0, whole));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_ways_and_pieces_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
