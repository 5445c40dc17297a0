/* schedule/expression.h - ScheduleExpression: rate(), cron(), at(). (AWS: EventBridge user guide,
 * "Setting a schedule pattern"; EventBridge Scheduler user guide, "Schedule types".)
 *
 *   rate(5 minutes)            minute, hour, day and their plurals
 *   cron(0 12 ? * MON-FRI *)   cron.h
 *   at(2026-11-20T13:00:00)    Scheduler's only
 *
 * Rules want `1 minute` and `5 minutes`; Scheduler takes either word with either number. Letter by
 * letter: no space where none stands here, and no capitals. */
#ifndef DYNLOG_SCHEDULE_EXPRESSION_H
#define DYNLOG_SCHEDULE_EXPRESSION_H

#include "schedule/cron.h"

/* Far more than anybody waits, and no sum of two overflows. */
#define SCHEDULE_RATE_MAX 100000000

enum schedule_dialect { SCHEDULE_OF_RULES, SCHEDULE_OF_SCHEDULER };

enum schedule_kind { SCHEDULE_RATE, SCHEDULE_CRON, SCHEDULE_AT };

struct schedule_expression {
    enum schedule_kind kind;
    uint64_t every_ms; /* SCHEDULE_RATE */
    int64_t at_s;      /* SCHEDULE_AT: local time, calendar.h */
    struct cron cron;  /* SCHEDULE_CRON */
};

/* False when it is none. */
MUST_USE bool schedule_parse(struct bytes text, enum schedule_dialect dialect,
                             struct schedule_expression *ret);
/* As an expression that reads back to the same, in both dialects where both have it. */
void schedule_print(struct buffer *out, const struct schedule_expression *expression);

#endif
