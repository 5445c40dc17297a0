/* schedule/cron.c - when a cron expression matches next; see cron.h.
 *
 * From the coarse to the fine: the days of one month that match are a set of bits, so a month is
 * looked at once whatever its fields say, and 230 years have 2,760 of them: 29 FEB, L, W and # cost
 * no more than that, and neither does an expression that never matches. */
#include "schedule/cron.h"

#include "schedule/calendar.h"

#define DAY_MINUTES (24 * 60)
#define SATURDAY 6
#define SUNDAY 0

/* The lowest value of the set that is at least `from`; `end` when there is none. */
static uint32_t first_from(uint64_t set, uint32_t from, uint32_t end)
{
    uint64_t left = from < 64 ? set >> from << from : 0;

    return left == 0 ? end : (uint32_t)__builtin_ctzll(left);
}

static bool has_year(const struct cron *cron, int32_t year)
{
    uint32_t bit = (uint32_t)(year - CRON_YEAR_MIN);

    return (cron->years[bit / 64] >> (bit % 64) & 1) != 0;
}

/* ---- the days of one month ---- */

struct month {
    uint32_t size;          /* days */
    uint32_t first_weekday; /* of day 1; 0 is Sunday */
};

static uint32_t weekday_of(const struct month *month, uint32_t day)
{
    return (month->first_weekday + day - 1) % 7;
}

/* It stays in its month: a Saturday that is the 1st becomes the 3rd. */
static uint32_t nearest_weekday(const struct month *month, uint32_t day)
{
    uint32_t weekday = weekday_of(month, day);

    if (weekday == SATURDAY)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == SUNDAY)
        return day < month->size ? day + 1 : day - 2;
    return day;
}

static uint32_t days_by_date(const struct cron *cron, const struct month *month)
{
    uint32_t set = cron->days;
    uint32_t last = month->size, last_weekday = weekday_of(month, last);

    assert(month->size >= 28 && month->size <= 31);
    for (uint32_t day = 1; day <= month->size; day++)
        if ((cron->nearest >> day & 1) != 0)
            set |= 1U << nearest_weekday(month, day);
    for (uint32_t before = 0; before < month->size; before++)
        if ((cron->before_last >> before & 1) != 0)
            set |= 1U << (month->size - before);
    if (last_weekday == SATURDAY)
        last -= 1;
    else if (last_weekday == SUNDAY)
        last -= 2;
    if (cron->last_weekday)
        set |= 1U << last;
    return set;
}

static uint32_t days_by_weekday(const struct cron *cron, const struct month *month)
{
    uint32_t set = 0;

    for (uint32_t day = 1; day <= month->size; day++) {
        uint32_t weekday = weekday_of(month, day) + 1;

        if ((cron->weekdays >> weekday & 1) != 0 ||
            ((cron->last_weekdays >> weekday & 1) != 0 && day + 7 > month->size) ||
            (cron->nth_weekday == weekday && (day - 1) / 7 + 1 == cron->nth))
            set |= 1U << day;
    }
    return set;
}

static uint32_t days_of_month(const struct cron *cron, int32_t year, uint32_t month_number)
{
    struct month month = {
        .size = calendar_month_size(year, month_number),
        .first_weekday = calendar_weekday(
            calendar_days((struct calendar_date){.year = year, .month = month_number, .day = 1})),
    };
    uint32_t set = cron->by_weekday ? days_by_weekday(cron, &month) : days_by_date(cron, &month);

    return set & (uint32_t)((UINT64_C(2) << month.size) - 2);
}

/* ---- next ---- */

/* The first matching minute of a day, from `from` on; DAY_MINUTES when there is none. */
static uint32_t first_minute(const struct cron *cron, uint32_t from)
{
    uint32_t hour = first_from(cron->hours, from / 60, 24);
    uint32_t minute = first_from(cron->minutes, hour == from / 60 ? from % 60 : 0, 60);

    if (minute == 60) { /* this hour is over */
        hour = first_from(cron->hours, hour + 1, 24);
        minute = first_from(cron->minutes, 0, 60);
    }
    return hour >= 24 ? DAY_MINUTES : hour * 60 + minute;
}

/* The first matching day of a month, from `from` on; 0 when there is none. */
static uint32_t first_day(const struct cron *cron, int32_t year, uint32_t month, uint32_t from)
{
    uint32_t day = first_from(days_of_month(cron, year, month), from, 0);

    return day;
}

bool cron_next(const struct cron *cron, int64_t after_minute, int64_t *ret_minute)
{
    int64_t start = after_minute < -1 ? 0 : after_minute + 1;
    struct calendar_date from = calendar_date(calendar_floor(start, DAY_MINUTES));
    uint32_t minute = first_minute(cron, (uint32_t)(start % DAY_MINUTES));
    uint32_t day_from = from.day;

    if (minute == DAY_MINUTES) { /* this day is over */
        minute = first_minute(cron, 0);
        day_from++;
    }
    for (int32_t year = from.year; year <= CRON_YEAR_MAX; year++) {
        uint32_t month = year == from.year ? from.month : 1;

        for (; has_year(cron, year) && month <= 12; month++) {
            bool is_first = year == from.year && month == from.month;
            uint32_t day = (cron->months >> month & 1) == 0
                               ? 0
                               : first_day(cron, year, month, is_first ? day_from : 1);

            if (day == 0)
                continue;
            if (!is_first || day != from.day)
                minute = first_minute(cron, 0);
            *ret_minute = calendar_days((struct calendar_date){year, month, day}) * DAY_MINUTES +
                          (int64_t)minute;
            return true;
        }
    }
    return false;
}
