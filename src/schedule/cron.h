/* schedule/cron.h - the six fields of cron(minutes hours day-of-month month day-of-week year), and
 * when they match next. (AWS: EventBridge user guide, "Cron expressions".)
 *
 *   minutes        0-59                  , - * /
 *   hours          0-23                  , - * /
 *   day-of-month   1-31                  , - * ? / L W      L the last, L-3 three before it,
 *                                                           15W the weekday nearest to the 15th,
 *                                                           LW the last weekday
 *   month          1-12 or JAN-DEC       , - * /
 *   day-of-week    1-7 or SUN-SAT        , - * ? / L #      L is SAT, 6L the last Friday, 3#2 the
 *                                                           second Tuesday (alone in its field)
 *   year           1970-2199             , - * /
 *
 * What always holds: exactly one of the two day fields is `?`. A range may go over the end of its
 * field, as AWS takes it (SAT-SUN, 22-2); years may not. */
#ifndef DYNLOG_SCHEDULE_CRON_H
#define DYNLOG_SCHEDULE_CRON_H

#include "base/buffer.h"

#define CRON_YEAR_MIN 1970
#define CRON_YEAR_MAX 2199
#define CRON_YEAR_WORDS 4

/* Bit n of a set is the value n; of years, the year CRON_YEAR_MIN + n. */
struct cron {
    uint64_t minutes;
    uint32_t hours, months;
    uint64_t years[CRON_YEAR_WORDS];
    bool by_weekday; /* day-of-month is `?` */
    /* by_weekday false */
    uint32_t days, nearest; /* nearest: the n of nW */
    uint32_t before_last;   /* 0 is L, n is L-n */
    bool last_weekday;      /* LW */
    /* by_weekday true; 1 is Sunday */
    uint32_t weekdays, last_weekdays; /* last_weekdays: the n of nL */
    uint32_t nth_weekday, nth;        /* n#m; 0: none */
};

/* The six fields with spaces between. False when they are none of AWS's. */
MUST_USE bool cron_parse(struct bytes text, struct cron *ret);
/* As fields that read back to the same sets. */
void cron_print(struct buffer *out, const struct cron *cron);

/* The first matching minute after the given one, both counted from 1970-01-01T00:00 in local time.
 * False: there is none until the end of CRON_YEAR_MAX. */
MUST_USE bool cron_next(const struct cron *cron, int64_t after_minute, int64_t *ret_minute);

#endif
