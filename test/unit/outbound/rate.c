/* rate.h beside a count of what was let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outbound/rate.h"

#define NOW_MS ((uint64_t)1785000000000)

/* A second's worth at once, then one each 1 / rate, and never more than twice the rate in a second.
 */
static void test_so_many_in_a_second(void **state)
{
    (void)state;
    for (uint64_t per_second = 1; per_second <= 300; per_second++) {
        struct rate rate = {0};
        uint64_t now_ms = NOW_MS, taken = 0;

        while (rate_take(&rate, per_second, now_ms) == 0)
            taken++;
        assert_int_equal(taken, per_second);
        for (uint64_t i = 0; i < 10 * per_second; i++) {
            uint64_t wait_ms = rate_take(&rate, per_second, now_ms);

            if (wait_ms > 0) {
                /* it says when, to the millisecond */
                assert_true(rate_take(&rate, per_second, now_ms + wait_ms - 1) > 0);
                now_ms += wait_ms;
                assert_int_equal(rate_take(&rate, per_second, now_ms), 0);
            }
            taken++;
        }
        uint64_t passed_ms = now_ms - NOW_MS;

        assert_true(taken <= per_second + (passed_ms * per_second) / 1000 + 1);
        assert_true(taken + 1 >= per_second + (passed_ms - 4) * per_second / 1000);
    }
}

static void test_it_fills_to_a_second_and_no_further(void **state)
{
    struct rate rate = {0};
    size_t taken = 0;

    (void)state;
    while (rate_take(&rate, 10, NOW_MS) == 0)
        continue;
    while (rate_take(&rate, 10, NOW_MS + 3600000) == 0)
        taken++;
    assert_int_equal(taken, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many_in_a_second),
        cmocka_unit_test(test_it_fills_to_a_second_and_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
