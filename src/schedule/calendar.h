/* schedule/calendar.h - days and months of the proleptic Gregorian calendar, without a time zone.
 *
 * A local time is the seconds that a clock on the wall has counted since 1970-01-01T00:00:00, as if
 * it had never been put forward or back. zone.h joins local times and UTC. */
#ifndef DYNLOG_SCHEDULE_CALENDAR_H
#define DYNLOG_SCHEDULE_CALENDAR_H

#include "base/base.h"

#define CALENDAR_MINUTE_S 60
#define CALENDAR_HOUR_S 3600
#define CALENDAR_DAY_S 86400

struct calendar_date {
    int32_t year;
    uint32_t month, day; /* from 1 */
};

/* Since 1970-01-01, negative before it. */
int64_t calendar_days(struct calendar_date date);
struct calendar_date calendar_date(int64_t days);
uint32_t calendar_month_size(int32_t year, uint32_t month);
bool calendar_is_leap(int32_t year);
/* 0 is Sunday. */
uint32_t calendar_weekday(int64_t days);

/* Rounded down, also below zero. */
static inline int64_t calendar_floor(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

#endif
