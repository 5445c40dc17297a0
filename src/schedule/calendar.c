/* schedule/calendar.c - see calendar.h. The calendar repeats every 400 years; counting years from
 * March puts the day that not every year has at the end. */
#include "schedule/calendar.h"

#define DAYS_OF_400_YEARS 146097
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 */

int64_t calendar_days(struct calendar_date date)
{
    int64_t year = (int64_t)date.year - (date.month <= 2 ? 1 : 0);
    int64_t era = calendar_floor(year, 400);
    int64_t of_era = year - era * 400;
    int64_t month = (date.month + 9) % 12; /* from March */
    int64_t of_year = (153 * month + 2) / 5 + (int64_t)date.day - 1;

    return era * DAYS_OF_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           DAYS_BEFORE_1970;
}

struct calendar_date calendar_date(int64_t days)
{
    int64_t era = calendar_floor(days + DAYS_BEFORE_1970, DAYS_OF_400_YEARS);
    int64_t day = days + DAYS_BEFORE_1970 - era * DAYS_OF_400_YEARS;
    int64_t of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March */

    return (struct calendar_date){
        .year = (int32_t)(era * 400 + of_era + (month >= 10 ? 1 : 0)),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(of_year - (153 * month + 2) / 5 + 1),
    };
}

bool calendar_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

uint32_t calendar_month_size(int32_t year, uint32_t month)
{
    static const uint8_t sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && calendar_is_leap(year) ? 29 : sizes[month - 1];
}

/* 1970-01-01 was a Thursday. */
uint32_t calendar_weekday(int64_t days)
{
    int64_t weekday = (days + 4) % 7;

    return (uint32_t)(weekday < 0 ? weekday + 7 : weekday);
}
