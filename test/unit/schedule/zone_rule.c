/* schedule/zone_rule.c: rules as tz files have them, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule/calendar.h"
#include "schedule/zone_rule.h"

static int64_t utc(int year, unsigned month, unsigned day, unsigned hour, unsigned minute)
{
    return calendar_days((struct calendar_date){year, month, day}) * CALENDAR_DAY_S +
           (int64_t)hour * CALENDAR_HOUR_S + (int64_t)minute * CALENDAR_MINUTE_S;
}

static void changes(const char *text, int64_t at_s, int32_t before_s, int32_t after_s)
{
    struct zone_rule rule;

    assert_true(zone_rule_parse(bytes_of_text(text), &rule));
    struct zone_stretch before = zone_rule_stretch(&rule, at_s - 1);
    struct zone_stretch after = zone_rule_stretch(&rule, at_s);

    assert_int_equal(before.offset_s, before_s);
    assert_int_equal(after.offset_s, after_s);
    assert_int_equal(before.to_s, at_s);
    assert_int_equal(after.from_s, at_s);
}

static void test_changes(void **state)
{
    (void)state;
    changes("CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 3, 25, 1, 0), 3600, 7200);
    changes("CET-1CEST,M3.5.0,M10.5.0/3", utc(2040, 10, 28, 1, 0), 7200, 3600);
    changes("EST5EDT,M3.2.0,M11.1.0", utc(2050, 3, 13, 7, 0), -18000, -14400);
    /* the southern half, half an hour, negative daylight time, times beyond a day */
    changes("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", utc(2050, 10, 1, 15, 30), 37800, 39600);
    changes("IST-1GMT0,M10.5.0,M3.5.0/1", utc(2040, 10, 28, 1, 0), 3600, 0);
    changes("EET-2EEST,M3.4.4/50,M10.4.4/50", utc(2040, 3, 24, 0, 0), 7200, 10800);
    changes("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", utc(2040, 3, 25, 1, 0), -7200, -3600);
    changes("AAA0BBB,J60/0,J300/0", utc(2028, 3, 1, 0, 0), 0, 3600);
    changes("AAA0BBB,59/0,299/0", utc(2028, 2, 29, 0, 0), 0, 3600);
}

static void test_all_the_year(void **state)
{
    struct zone_rule rule;

    (void)state;
    assert_true(zone_rule_parse(BYTES("<+0330>-3:30"), &rule));
    assert_false(rule.has_daylight);
    assert_int_equal(zone_rule_stretch(&rule, 0).offset_s, 12600);
    assert_true(zone_rule_stretch(&rule, 0).to_s == INT64_MAX);
    /* RFC 9636, 3.3.1: permanent daylight time */
    assert_true(zone_rule_parse(BYTES("XXX3EDT4,0/0,J365/23"), &rule));
    for (unsigned month = 1; month <= 12; month++)
        for (unsigned day = 1; day <= 28; day++)
            assert_int_equal(zone_rule_stretch(&rule, utc(2040, month, day, 3, 0)).offset_s,
                             -14400);
}

static void test_no_rules(void **state)
{
    static const char *const texts[] = {
        "",
        "A",
        "CET",
        "C1",
        "CET-",
        "CET-25",
        "CET-1:60",
        "CET-1CEST",
        "<+03-3",
        "<+3>-3",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J1",
        "CET-1CEST,366,1",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-1CEST,M3.5.0,M10.5.0/",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST99,M3.5.0,M10.5.0",
    };
    struct zone_rule rule;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (zone_rule_parse(bytes_of_text(texts[i]), &rule))
            fail_msg("%s is taken", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_all_the_year),
        cmocka_unit_test(test_no_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
