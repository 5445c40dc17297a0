/* schedule/cron.c: the next minute, by hand and against looking at each day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/id.h"
#include "schedule/calendar.h"
#include "schedule/cron.h"

#define DAY_MINUTES (24 * 60)

static int64_t minute_of(int year, unsigned month, unsigned day, unsigned hour, unsigned minute)
{
    return calendar_days((struct calendar_date){year, month, day}) * DAY_MINUTES +
           (int64_t)hour * 60 + (int64_t)minute;
}

static struct cron cron_of(const char *text)
{
    struct cron cron;

    if (!cron_parse(bytes_of_text(text), &cron))
        fail_msg("%s is no cron", text);
    return cron;
}

static void next_is(const char *text, int64_t after, int64_t expected)
{
    struct cron cron = cron_of(text);
    int64_t next = -1;

    if (!cron_next(&cron, after, &next))
        next = -1;
    if (next != expected) {
        struct calendar_date date = calendar_date(calendar_floor(next, DAY_MINUTES));

        fail_msg("%s: %d-%02u-%02u, minute %d", text, date.year, date.month, date.day,
                 (int)(next % DAY_MINUTES));
    }
}

static void test_next(void **state)
{
    (void)state;
    next_is("* * * * ? *", minute_of(2026, 11, 26, 23, 59), minute_of(2026, 11, 27, 0, 0));
    next_is("0 10 * * ? *", minute_of(2026, 12, 31, 10, 0), minute_of(2027, 1, 1, 10, 0));
    next_is("0 10 * * ? *", minute_of(2026, 12, 31, 9, 59), minute_of(2026, 12, 31, 10, 0));
    next_is("30 8,20 ? * MON-FRI *", minute_of(2026, 11, 27, 20, 30),
            minute_of(2026, 11, 30, 8, 30));
    next_is("0 0 29 FEB ? *", minute_of(2096, 3, 1, 0, 0), minute_of(2104, 2, 29, 0, 0));
    next_is("0 0 29 2 ? *", minute_of(2026, 1, 1, 0, 0), minute_of(2028, 2, 29, 0, 0));
    next_is("0 0 L * ? *", minute_of(2028, 2, 1, 0, 0), minute_of(2028, 2, 29, 0, 0));
    next_is("0 0 L-2 * ? *", minute_of(2026, 2, 1, 0, 0), minute_of(2026, 2, 26, 0, 0));
    next_is("0 0 L-30 * ? *", minute_of(2026, 2, 1, 0, 0), minute_of(2026, 3, 1, 0, 0));
    next_is("0 0 LW * ? *", minute_of(2026, 2, 1, 0, 0), minute_of(2026, 2, 27, 0, 0));
    next_is("0 0 1W * ? *", minute_of(2026, 7, 31, 0, 0), minute_of(2026, 8, 3, 0, 0));
    next_is("0 0 15W * ? *", minute_of(2026, 8, 1, 0, 0), minute_of(2026, 8, 14, 0, 0));
    next_is("0 0 16W * ? *", minute_of(2026, 8, 1, 0, 0), minute_of(2026, 8, 17, 0, 0));
    next_is("0 0 31W * ? *", minute_of(2026, 5, 1, 0, 0), minute_of(2026, 5, 29, 0, 0));
    next_is("0 0 ? * 6L *", minute_of(2026, 11, 1, 0, 0), minute_of(2026, 11, 27, 0, 0));
    next_is("0 0 ? * 3#2 *", minute_of(2026, 11, 1, 0, 0), minute_of(2026, 11, 10, 0, 0));
    next_is("0 0 ? * SUN#5 *", minute_of(2026, 9, 1, 0, 0), minute_of(2026, 11, 29, 0, 0));
    next_is("0 0 ? FEB THU#5 *", minute_of(2026, 9, 1, 0, 0), minute_of(2052, 2, 29, 0, 0));
    next_is("0/25 0/23 * * ? *", minute_of(2026, 9, 1, 0, 50), minute_of(2026, 9, 1, 23, 0));
}

static void test_there_is_none(void **state)
{
    (void)state;
    next_is("0 0 31 FEB ? *", 0, -1);
    next_is("0 0 30 2 ? *", minute_of(2199, 1, 1, 0, 0), -1);
    next_is("* * * * ? 2025", minute_of(2025, 12, 31, 23, 59), -1);
    next_is("* * * * ? *", minute_of(2199, 12, 31, 23, 59), -1);
    next_is("* * * * ? *", minute_of(2199, 12, 31, 23, 58), minute_of(2199, 12, 31, 23, 59));
    next_is("* * * * ? *", minute_of(2500, 1, 1, 0, 0), -1);
    next_is("5 0 1 1 ? 1970", -1000000, 5);
}

/* ---- against looking at each day ---- */

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t)(chance_state % below);
}

/* Day fields, and what each means, said a second time and in another way. */
static bool day_matches(int kind, uint32_t n, uint32_t m, int64_t days)
{
    struct calendar_date date = calendar_date(days);
    struct calendar_date week_before = calendar_date(days - 7 * (int64_t)m);
    uint32_t weekday = calendar_weekday(days) + 1;
    bool working = weekday != 1 && weekday != 7;

    switch (kind) {
    case 0: /* n */
        return date.day == n;
    case 1: /* L */
        return calendar_date(days + 1).day == 1;
    case 2: /* LW: a working day, and no other one until the month ends */
        for (int64_t later = days + 1; calendar_date(later).month == date.month; later++)
            if (calendar_weekday(later) != 0 && calendar_weekday(later) != 6)
                return false;
        return working;
    case 3: /* nL: a week later is another month */
        return weekday == n % 7 + 1 && calendar_date(days + 7).month != date.month;
    case 4: /* n#m: m weeks before is another month, and a week less is not */
        return weekday == n % 7 + 1 && week_before.month != date.month &&
               calendar_date(days - 7 * ((int64_t)m - 1)).month == date.month;
    default: /* nW */
        if (!working)
            return false;
        for (uint32_t away = 0; away <= 2; away++)
            for (int sign = -1; sign <= 1; sign += 2) {
                int64_t wanted = days + sign * (int64_t)away;
                struct calendar_date there = calendar_date(wanted);
                uint32_t there_weekday = calendar_weekday(wanted);

                if (there.month != date.month || there.day != n)
                    continue;
                if (away == 0)
                    return true;
                if (away == 1) /* Saturday's Friday, Sunday's Monday */
                    return (there_weekday == 6) == (sign > 0) &&
                           (there_weekday == 6 || there_weekday == 0);
                /* only where the nearer one is another month's */
                return (there_weekday == 6 && there.day == 1 && sign < 0) ||
                       (there_weekday == 0 && calendar_date(wanted + 1).day == 1 && sign > 0);
            }
        return false;
    }
}

static void check_days(void)
{
    int kind = (int)chance(6);
    uint32_t n = chance(31) + 1, m = chance(5) + 1;
    uint32_t month_step = chance(3) + 1;
    int64_t from =
        calendar_days((struct calendar_date){1971 + (int)chance(220), 1, 1}) + (int64_t)chance(366);
    int64_t next = -1, expected = -1;
    char text[80], day[8] = "?", weekday[8] = "?";
    struct cron cron;

    if (kind == 0)
        snprintf(day, sizeof day, "%u", n);
    else if (kind == 1)
        snprintf(day, sizeof day, "L");
    else if (kind == 2)
        snprintf(day, sizeof day, "LW");
    else if (kind == 3)
        snprintf(weekday, sizeof weekday, "%uL", n % 7 + 1);
    else if (kind == 4)
        snprintf(weekday, sizeof weekday, "%u#%u", n % 7 + 1, m);
    else
        snprintf(day, sizeof day, "%uW", n);
    snprintf(text, sizeof text, "7 3 %s 2/%u %s *", day, month_step, weekday);
    cron = cron_of(text);
    for (int64_t at = from; at < from + 12 * 366 && expected < 0; at++)
        if (calendar_date(at).month >= 2 && (calendar_date(at).month - 2) % month_step == 0 &&
            calendar_date(at).year <= CRON_YEAR_MAX && day_matches(kind, n, m, at))
            expected = at * DAY_MINUTES + 3 * 60 + 7;
    if (!cron_next(&cron, from * DAY_MINUTES, &next))
        next = -1;
    if (expected < 0 && next > from * DAY_MINUTES + 12 * 366 * (int64_t)DAY_MINUTES)
        return; /* behind where we looked */
    if (next != expected)
        fail_msg("%s after day %lld: minute %lld, not %lld", text, (long long)from, (long long)next,
                 (long long)expected);
}

static void test_against_each_day(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3000; i++)
        check_days();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_there_is_none),
        cmocka_unit_test(test_against_each_day),
    };

    id_random((uint8_t *)&chance_state, sizeof chance_state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
