/* schedule/next.c: due times around the days when clocks change, of rates, and at the ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "schedule/next.h"

static struct zones *zones;

static uint64_t ms_of(const char *text)
{
    uint64_t ms = 0;

    assert_true(clock_parse_iso(bytes_of_text(text), &ms));
    return ms;
}

/* expected NULL: none. The first of a rate is at 2026-01-01T00:00:10Z. */
static void next_is(const char *text, const char *zone_name, const char *after,
                    const char *expected)
{
    struct schedule_expression expression;
    const struct zone *zone = NULL;
    char got[CLOCK_ISO_SIZE] = "never";

    if (zones_find(zones, bytes_of_text(zone_name), &zone) != OK)
        skip(); /* no tz database */
    assert_true(schedule_parse(bytes_of_text(text), SCHEDULE_OF_SCHEDULER, &expression));
    uint64_t next =
        schedule_next_ms(&expression, zone, ms_of("2026-01-01T00:00:10Z"), ms_of(after));

    if (next != SCHEDULE_NEVER)
        clock_format_iso(next, true, got);
    if (expected == NULL ? next != SCHEDULE_NEVER : next != ms_of(expected))
        fail_msg("%s in %s after %s: %s", text, zone_name, after, got);
}

static void test_rates(void **state)
{
    (void)state;
    next_is("rate(5 minutes)", "UTC", "2025-12-31T00:00:00Z", "2026-01-01T00:00:10Z");
    next_is("rate(5 minutes)", "UTC", "2026-01-01T00:00:09.999Z", "2026-01-01T00:00:10Z");
    next_is("rate(5 minutes)", "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:05:10Z");
    next_is("rate(5 minutes)", "UTC", "2026-01-01T00:05:09.999Z", "2026-01-01T00:05:10Z");
    next_is("rate(1 day)", "Europe/Berlin", "2026-03-28T10:00:00Z", "2026-03-29T00:00:10Z");
    next_is("rate(1 day)", "Europe/Berlin", "2026-03-29T10:00:00Z", "2026-03-30T00:00:10Z");
}

static void test_clocks_put_forward(void **state)
{
    (void)state;
    /* 2026-03-29: 02:00 becomes 03:00 */
    next_is("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-28T01:30:00Z");
    next_is("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z");
    next_is("cron(0/30 * * * ? *)", "Europe/Berlin", "2026-03-29T00:30:00Z",
            "2026-03-29T01:00:00Z");
    next_is("cron(30 2 29 MAR ? 2026)", "Europe/Berlin", "2026-01-01T00:00:00Z", NULL);
    next_is("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-01-01T00:00:00Z",
            "2026-03-29T01:30:00Z");
}

static void test_clocks_put_back(void **state)
{
    (void)state;
    /* 2026-10-25: 03:00 becomes 02:00 */
    next_is("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z");
    next_is("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    next_is("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z");
    next_is("cron(0/30 * * * ? *)", "Europe/Berlin", "2026-10-25T00:30:00Z",
            "2026-10-25T02:00:00Z");
    next_is("at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-01-01T00:00:00Z",
            "2026-10-25T00:30:00Z");
    next_is("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T00:00:00Z",
            "2026-11-01T05:30:00Z");
    next_is("cron(30 1 * * ? *)", "America/New_York", "2026-11-01T05:30:00Z",
            "2026-11-02T06:30:00Z");
}

static void test_ends(void **state)
{
    (void)state;
    next_is("cron(0 0 31 FEB ? *)", "UTC", "2026-01-01T00:00:00Z", NULL);
    next_is("cron(0 0 1 1 ? 2030)", "UTC", "2030-01-01T00:00:00Z", NULL);
    next_is("cron(0 0 1 1 ? 2030)", "Pacific/Auckland", "2026-01-01T00:00:00Z",
            "2029-12-31T11:00:00Z");
    next_is("cron(0 12 1 7 ? 2150)", "Europe/Berlin", "2026-01-01T00:00:00Z",
            "2150-07-01T10:00:00Z");
    next_is("at(2026-01-01T00:00:00)", "UTC", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z");
    next_is("at(2026-01-01T00:00:00)", "UTC", "2026-01-01T00:00:00Z", NULL);
    next_is("at(1960-01-01T00:00:00)", "UTC", "1970-01-01T00:00:00Z", NULL);
    next_is("at(0001-01-01T00:00:00)", "Asia/Tokyo", "1970-01-01T00:00:00Z", NULL);
    next_is("at(9999-12-31T23:59:59)", "UTC", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
}

static int set_up(void **state)
{
    (void)state;
    zones = zones_new(ZONE_FOLDER);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_clocks_put_forward),
        cmocka_unit_test(test_clocks_put_back),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
