/* Tests of base/id.c: the shapes of ids; no two alike. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/id.h"
#include "base/map.h"

static void test_uuid(void **state)
{
    AUTO(map_free) struct map seen = MAP_INIT;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char id[ID_UUID_SIZE];

        id_uuid(id);
        assert_int_equal(strlen(id), 36);
        for (size_t i = 0; i < 36; i++) {
            if (i == 8 || i == 13 || i == 18 || i == 23)
                assert_int_equal(id[i], '-');
            else
                assert_non_null(strchr("0123456789abcdef", id[i]));
        }
        assert_int_equal(id[14], '4');           /* version */
        assert_non_null(strchr("89ab", id[19])); /* variant */
        assert_null(map_put(&seen, bytes_of_text(id), &seen));
    }
}

static void test_request(void **state)
{
    AUTO(map_free) struct map seen = MAP_INIT;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char id[ID_REQUEST_SIZE];

        id_request(id);
        assert_int_equal(strlen(id), 52);
        assert_int_equal(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), 52);
        assert_null(map_put(&seen, bytes_of_text(id), &seen));
    }
}

static void test_random(void **state)
{
    uint8_t bytes[1000 + 1] = {0};
    size_t counts[256] = {0}, different = 0;

    (void)state;
    bytes[1000] = 0x5A;
    id_random(bytes, 0);
    assert_int_equal(bytes[0], 0);
    id_random(bytes, 1000); /* more than one block */
    assert_int_equal(bytes[1000], 0x5A);
    for (size_t i = 0; i < 1000; i++)
        different += counts[bytes[i]]++ == 0;
    assert_true(different > 200); /* about 251 of 256 are expected */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
