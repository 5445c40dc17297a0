/* schedule/next.c - when a schedule is due; see next.h. */
#include "schedule/next.h"

#include "schedule/calendar.h"

static uint64_t next_of_rate(uint64_t every_ms, uint64_t first_ms, uint64_t after_ms)
{
    if (after_ms < first_ms)
        return first_ms;
    return first_ms + ((after_ms - first_ms) / every_ms + 1) * every_ms;
}

static uint64_t next_of_cron(const struct cron *cron, const struct zone *zone, uint64_t after_ms)
{
    int64_t after_s = calendar_floor((int64_t)after_ms, 1000);
    int64_t minute = calendar_floor(after_s + zone_offset_s(zone, after_s), CALENDAR_MINUTE_S);

    /* Each round is a later local minute. */
    while (cron_next(cron, minute, &minute)) {
        int64_t utc_s = 0;

        if (zone_to_utc(zone, minute * CALENDAR_MINUTE_S, &utc_s) == ZONE_NEVER)
            continue;
        if (utc_s > after_s)
            return (uint64_t)utc_s * 1000;
    }
    return SCHEDULE_NEVER;
}

static uint64_t next_of_at(int64_t at_s, const struct zone *zone, uint64_t after_ms)
{
    int64_t utc_s = 0;

    (void)zone_to_utc(zone, at_s, &utc_s);
    return utc_s >= 0 && (uint64_t)utc_s * 1000 > after_ms ? (uint64_t)utc_s * 1000
                                                           : SCHEDULE_NEVER;
}

uint64_t schedule_next_ms(const struct schedule_expression *expression, const struct zone *zone,
                          uint64_t first_ms, uint64_t after_ms)
{
    switch (expression->kind) {
    case SCHEDULE_RATE:
        return next_of_rate(expression->every_ms, first_ms, after_ms);
    case SCHEDULE_CRON:
        return next_of_cron(&expression->cron, zone, after_ms);
    case SCHEDULE_AT:
        return next_of_at(expression->at_s, zone, after_ms);
    }
    return SCHEDULE_NEVER;
}
