/* schedule/zone_rule.c - POSIX's TZ rules, read and asked; see zone_rule.h. */
#include "schedule/zone_rule.h"

#include "schedule/calendar.h"

#define HOURS_MAX 167 /* RFC 9636, 3.3.1 */
#define OFFSET_HOURS_MAX 24
#define DAYLIGHT_DEFAULT_S CALENDAR_HOUR_S
#define CHANGE_TIME_DEFAULT_S (2 * CALENDAR_HOUR_S)

/* ---- reading ---- */

struct reader {
    struct bytes text;
    size_t at;
};

static uint8_t peek(const struct reader *reader)
{
    return reader->at < reader->text.size ? reader->text.ptr[reader->at] : 0;
}

static bool take(struct reader *reader, uint8_t byte)
{
    if (reader->at >= reader->text.size || reader->text.ptr[reader->at] != byte)
        return false;
    reader->at++;
    return true;
}

static bool read_number(struct reader *reader, uint32_t min, uint32_t max, uint32_t *ret)
{
    uint32_t value = 0;
    size_t from = reader->at;

    while (reader->at - from < 4 && peek(reader) >= '0' && peek(reader) <= '9')
        value = value * 10 + (uint32_t)(reader->text.ptr[reader->at++] - '0');
    *ret = value;
    return reader->at > from && value >= min && value <= max;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Three letters or more; anything else in <>. */
static bool read_name(struct reader *reader)
{
    bool quoted = take(reader, '<');
    size_t from = reader->at;

    for (uint8_t c = peek(reader); c != 0; c = peek(reader)) {
        bool inside = is_letter(c) || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));

        if (!inside)
            break;
        reader->at++;
    }
    return reader->at - from >= 3 && (!quoted || take(reader, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct reader *reader, uint32_t hours_max, int32_t *ret_s)
{
    bool negative = take(reader, '-');
    uint32_t hours = 0, minutes = 0, seconds = 0;

    if (!negative)
        (void)take(reader, '+');
    if (!read_number(reader, 0, hours_max, &hours))
        return false;
    if (take(reader, ':')) {
        if (!read_number(reader, 0, 59, &minutes))
            return false;
        if (take(reader, ':') && !read_number(reader, 0, 59, &seconds))
            return false;
    }
    int32_t value = (int32_t)(hours * CALENDAR_HOUR_S + minutes * CALENDAR_MINUTE_S + seconds);

    *ret_s = negative ? -value : value;
    return true;
}

static bool read_day(struct reader *reader, struct zone_day *ret)
{
    *ret = (struct zone_day){.kind = ZONE_DAY_OF_YEAR, .time_s = CHANGE_TIME_DEFAULT_S};
    if (take(reader, 'M')) {
        ret->kind = ZONE_DAY_OF_WEEK;
        if (!read_number(reader, 1, 12, &ret->month) || !take(reader, '.') ||
            !read_number(reader, 1, 5, &ret->week) || !take(reader, '.') ||
            !read_number(reader, 0, 6, &ret->weekday))
            return false;
    } else if (take(reader, 'J')) {
        ret->kind = ZONE_DAY_JULIAN;
        if (!read_number(reader, 1, 365, &ret->day))
            return false;
    } else if (!read_number(reader, 0, 365, &ret->day)) {
        return false;
    }
    return !take(reader, '/') || read_time(reader, HOURS_MAX, &ret->time_s);
}

bool zone_rule_parse(struct bytes text, struct zone_rule *ret)
{
    struct reader reader = {text, 0};
    struct zone_rule rule = {0};
    int32_t west = 0;

    if (!read_name(&reader) || !read_time(&reader, OFFSET_HOURS_MAX, &west))
        return false;
    rule.standard_s = -west;
    if (reader.at < text.size) {
        rule.has_daylight = true;
        if (!read_name(&reader))
            return false;
        west -= DAYLIGHT_DEFAULT_S;
        if (peek(&reader) != ',' && !read_time(&reader, OFFSET_HOURS_MAX, &west))
            return false;
        rule.daylight_s = -west;
        if (!take(&reader, ',') || !read_day(&reader, &rule.begin) || !take(&reader, ',') ||
            !read_day(&reader, &rule.end))
            return false;
    }
    if (reader.at != text.size)
        return false;
    *ret = rule;
    return true;
}

/* ---- asking ---- */

/* The day's local midnight, and the time of it. */
static int64_t local_time(const struct zone_day *day, int32_t year)
{
    int64_t days = calendar_days((struct calendar_date){year, 1, 1});

    switch (day->kind) {
    case ZONE_DAY_JULIAN:
        days += (int64_t)day->day - 1 + (calendar_is_leap(year) && day->day >= 60 ? 1 : 0);
        break;
    case ZONE_DAY_OF_YEAR:
        days += day->day;
        break;
    case ZONE_DAY_OF_WEEK: {
        int64_t first = calendar_days((struct calendar_date){year, day->month, 1});
        uint32_t of_month = (day->weekday + 7 - calendar_weekday(first)) % 7 + (day->week - 1) * 7;

        if (of_month >= calendar_month_size(year, day->month)) /* the fifth is the last */
            of_month -= 7;
        days = first + of_month;
        break;
    }
    }
    return days * CALENDAR_DAY_S + day->time_s;
}

#define CHANGES 6 /* of three years: a time of 167 hours can fall into the next */

struct change {
    int64_t utc_s;
    int32_t offset_s; /* from then on */
};

/* In the order of their times. Of two at one moment the later one counts: so does daylight time
 * that ends when it begins again, all the year. */
static void list_changes(const struct zone_rule *rule, int32_t year, struct change list[CHANGES])
{
    size_t count = 0;

    for (int32_t beside = -1; beside <= 1; beside++) {
        int32_t of = year + beside;

        list[count++] =
            (struct change){local_time(&rule->begin, of) - rule->standard_s, rule->daylight_s};
        list[count++] =
            (struct change){local_time(&rule->end, of) - rule->daylight_s, rule->standard_s};
    }
    for (size_t i = 1; i < CHANGES; i++)
        for (size_t j = i; j > 0 && list[j - 1].utc_s > list[j].utc_s; j--) {
            struct change later = list[j - 1];

            list[j - 1] = list[j];
            list[j] = later;
        }
}

struct zone_stretch zone_rule_stretch(const struct zone_rule *rule, int64_t utc_s)
{
    struct zone_stretch stretch = {INT64_MIN, INT64_MAX, rule->standard_s};
    struct change list[CHANGES];

    if (!rule->has_daylight)
        return stretch;
    list_changes(rule, calendar_date(calendar_floor(utc_s + rule->standard_s, CALENDAR_DAY_S)).year,
                 list);
    for (size_t i = 0; i < CHANGES; i++) {
        if (list[i].utc_s > utc_s) {
            stretch.to_s = list[i].utc_s;
            break;
        }
        stretch.from_s = list[i].utc_s;
        stretch.offset_s = list[i].offset_s;
    }
    return stretch;
}
