/* schedule/calendar.c against counting days one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule/calendar.h"

static void test_every_day_from_1899_to_2401(void **state)
{
    struct calendar_date date = {1899, 12, 31};
    int64_t days = calendar_days(date);
    uint32_t weekday = calendar_weekday(days);

    (void)state;
    assert_int_equal(calendar_days((struct calendar_date){1970, 1, 1}), 0);
    assert_int_equal(calendar_weekday(0), 4);
    while (date.year < 2401) {
        struct calendar_date read = calendar_date(days);

        assert_int_equal(calendar_days(date), days);
        assert_int_equal(read.year, date.year);
        assert_int_equal(read.month, date.month);
        assert_int_equal(read.day, date.day);
        assert_int_equal(calendar_weekday(days), weekday);
        days++;
        weekday = (weekday + 1) % 7;
        if (date.day++ == calendar_month_size(date.year, date.month)) {
            date.day = 1;
            if (date.month++ == 12) {
                date.month = 1;
                date.year++;
            }
        }
    }
}

static void test_leap_years(void **state)
{
    (void)state;
    assert_true(calendar_is_leap(2000) && calendar_is_leap(2024));
    assert_false(calendar_is_leap(1900) || calendar_is_leap(2100) || calendar_is_leap(2023));
    assert_int_equal(calendar_month_size(2100, 2), 28);
}

static void test_floor(void **state)
{
    (void)state;
    assert_int_equal(calendar_floor(-1, 60), -1);
    assert_int_equal(calendar_floor(-60, 60), -1);
    assert_int_equal(calendar_floor(-61, 60), -2);
    assert_int_equal(calendar_floor(59, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_from_1899_to_2401),
        cmocka_unit_test(test_leap_years),
        cmocka_unit_test(test_floor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
