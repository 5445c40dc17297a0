/* schedule/next.c against looking at every minute, with the C library's clocks on the wall: random
 * expressions in random zones, around the days when the clocks change. A failure prints the seed;
 * TEST_SEED=N runs that one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/id.h"
#include "schedule/calendar.h"
#include "schedule/next.h"

#define ROUNDS 500
#define LOOK_AHEAD_MINUTES (3 * 24 * 60)
#define LOOK_BACK_MINUTES (26 * 60)

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t)(chance_state % below);
}

/* ---- an expression, as text and as a set of values for each field ---- */

struct field {
    bool in[64];
    char text[80];
};

struct naive {
    struct field minutes, hours, days, months, weekdays;
    bool by_weekday;
    char text[512];
};

static void set_range(struct field *field, uint32_t min, uint32_t max, uint32_t from, uint32_t to,
                      uint32_t step)
{
    uint32_t value = from, size = max - min + 1;
    uint32_t left = to >= from ? to - from : to + size - from;

    for (;;) {
        field->in[value] = true;
        if (left < step)
            return;
        left -= step;
        value = (value - min + step) % size + min;
    }
}

static void random_field(struct field *field, uint32_t min, uint32_t max)
{
    uint32_t a = min + chance(max - min + 1), b = min + chance(max - min + 1);
    uint32_t step = 1 + chance(max < 12 ? max : 12);
    int kind = (int)chance(6);

    if (kind == 0) {
        snprintf(field->text, sizeof field->text, "*");
        set_range(field, min, max, min, max, 1);
    } else if (kind == 1) {
        snprintf(field->text, sizeof field->text, "*/%u", step);
        set_range(field, min, max, min, max, step);
    } else if (kind == 2) {
        snprintf(field->text, sizeof field->text, "%u/%u", a, step);
        set_range(field, min, max, a, max, step);
    } else if (kind == 3) {
        snprintf(field->text, sizeof field->text, "%u-%u", a, b);
        set_range(field, min, max, a, b, 1);
    } else if (kind == 4) {
        snprintf(field->text, sizeof field->text, "%u-%u/%u", a, b, step);
        set_range(field, min, max, a, b, step);
    } else {
        snprintf(field->text, sizeof field->text, "%u,%u", a, b);
        field->in[a] = field->in[b] = true;
    }
}

static void random_expression(struct naive *naive)
{
    *naive = (struct naive){.by_weekday = chance(2) == 0};
    random_field(&naive->minutes, 0, 59);
    random_field(&naive->hours, 0, 23);
    random_field(&naive->days, 1, 31);
    random_field(&naive->months, 1, 12);
    random_field(&naive->weekdays, 1, 7);
    snprintf(naive->text, sizeof naive->text, "cron(%s %s %s %s %s *)", naive->minutes.text,
             naive->hours.text, naive->by_weekday ? "?" : naive->days.text, naive->months.text,
             naive->by_weekday ? naive->weekdays.text : "?");
}

/* ---- every minute ---- */

static struct tm wall(int64_t utc_s)
{
    time_t time = (time_t)utc_s;
    struct tm tm;

    assert_non_null(localtime_r(&time, &tm));
    return tm;
}

static bool same(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday && a->tm_hour == b->tm_hour &&
           a->tm_min == b->tm_min;
}

static bool matches(const struct naive *naive, const struct tm *tm)
{
    return naive->minutes.in[tm->tm_min] && naive->hours.in[tm->tm_hour] &&
           naive->months.in[tm->tm_mon + 1] &&
           (naive->by_weekday ? naive->weekdays.in[tm->tm_wday + 1] : naive->days.in[tm->tm_mday]);
}

static bool was_before(int64_t minute, const struct tm *tm)
{
    for (int64_t back = 1; back <= LOOK_BACK_MINUTES; back++) {
        struct tm before = wall((minute - back) * CALENDAR_MINUTE_S);

        if (same(&before, tm))
            return true;
    }
    return false;
}

/* -1: none in the time that is looked at. */
static int64_t naive_next(const struct naive *naive, int64_t after_minute)
{
    for (int64_t minute = after_minute + 1; minute <= after_minute + LOOK_AHEAD_MINUTES; minute++) {
        struct tm tm = wall(minute * CALENDAR_MINUTE_S);

        if (matches(naive, &tm) && !was_before(minute, &tm))
            return minute;
    }
    return -1;
}

/* ---- both ---- */

/* Zones whose offsets were whole minutes since 1970: then a minute of UTC is one of theirs. */
static const char *const names[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Gaza",
    "Europe/Dublin",
    "America/Nuuk",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Antarctica/Troll",
    "America/Sao_Paulo",
    "Pacific/Kwajalein",
    "Asia/Pyongyang",
    "Pacific/Chatham",
    "Atlantic/Azores",
    "America/Caracas",
};

/* Most of them around a change of the clocks, when the zone has one in the year after. */
static int64_t random_moment(const struct zone *zone)
{
    int64_t day = calendar_days((struct calendar_date){1973 + (int)chance(120), 1, 1});
    int64_t minute = day * 24 * 60 + (int64_t)chance(366 * 24 * 60);

    if (chance(4) == 0)
        return minute;
    for (int64_t at = minute; at < minute + 400 * 24 * 60; at += 60)
        if (zone_offset_s(zone, at * 60) != zone_offset_s(zone, (at + 60) * 60))
            return chance(2) == 0 ? at - (int64_t)chance(36 * 60) : at - 120 + (int64_t)chance(300);
    return minute;
}

static void run_round(struct zones *zones)
{
    const char *name = names[chance(ARRAY_COUNT(names))];
    const struct zone *zone = NULL;
    struct schedule_expression expression;
    struct naive naive;

    if (zones_find(zones, bytes_of_text(name), &zone) != OK)
        skip(); /* no tz database */
    setenv("TZ", name, 1);
    tzset();
    random_expression(&naive);
    if (!schedule_parse(bytes_of_text(naive.text), SCHEDULE_OF_RULES, &expression))
        fail_msg("%s is refused", naive.text);

    int64_t after = random_moment(zone), expected = naive_next(&naive, after);
    uint64_t next = schedule_next_ms(&expression, zone, 0, (uint64_t)after * 60000);
    int64_t got = next == SCHEDULE_NEVER ? INT64_MAX : (int64_t)(next / 60000);

    if (expected < 0 ? got <= after + LOOK_AHEAD_MINUTES : got != expected)
        fail_msg("%s in %s after minute %lld: %lld, not %lld", naive.text, name, (long long)after,
                 (long long)got, (long long)expected);
}

static void test_every_minute(void **state)
{
    const char *given = getenv("TEST_SEED");
    struct zones *zones = zones_new(ZONE_FOLDER);
    uint64_t seed = 0;

    (void)state;
    id_random((uint8_t *)&seed, sizeof seed);
    chance_state = (given != NULL ? strtoull(given, NULL, 10) : seed) | 1;
    print_message("TEST_SEED=%llu\n", (unsigned long long)chance_state);
    for (size_t i = 0; i < ROUNDS; i++)
        run_round(zones);
    zones_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
