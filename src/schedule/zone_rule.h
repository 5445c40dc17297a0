/* schedule/zone_rule.h - the rule at the end of a TZif file: POSIX's TZ, with RFC 9636's additions.
 *
 *   CET-1CEST,M3.5.0,M10.5.0/3        standard time, daylight time, when it begins and ends
 *   <+0330>-3:30                      standard time all the year
 *
 * Offsets are west of Greenwich there, as POSIX has them; here they are what is added to UTC. */
#ifndef DYNLOG_SCHEDULE_ZONE_RULE_H
#define DYNLOG_SCHEDULE_ZONE_RULE_H

#include "base/bytes.h"

struct zone_day {
    enum { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_WEEK } kind;
    uint32_t day;                  /* Jn: 1-365, never 29 February; n: 0-365 */
    uint32_t month, week, weekday; /* Mm.w.d; week 5 is the last one, weekday 0 is Sunday */
    int32_t time_s;                /* of the local day, -167 to 167 hours */
};

struct zone_rule {
    int32_t standard_s, daylight_s;
    bool has_daylight;
    struct zone_day begin, end;
};

MUST_USE bool zone_rule_parse(struct bytes text, struct zone_rule *ret);

/* A stretch of time with one offset: from <= utc < to. */
struct zone_stretch {
    int64_t from_s, to_s;
    int32_t offset_s;
};
struct zone_stretch zone_rule_stretch(const struct zone_rule *rule, int64_t utc_s);

#endif
