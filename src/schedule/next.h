/* schedule/next.h - when a schedule is due. (AWS: EventBridge Scheduler user guide, "Daylight
 * savings time".)
 *
 * What always holds:
 *   1. A cron's local time that the clocks are put forward over is skipped.
 *   2. One that happens twice, because they are put back, is due the first time only.
 *   3. rate() counts time itself, whatever the clocks do: a day has 24 hours.
 *   4. at() of a local time that never is, is due when the clock that was not put forward would
 *      have shown it.
 *   5. It ends: there is an answer, or none, after at most 230 years of days. */
#ifndef DYNLOG_SCHEDULE_NEXT_H
#define DYNLOG_SCHEDULE_NEXT_H

#include "schedule/expression.h"
#include "schedule/zone.h"

#define SCHEDULE_NEVER UINT64_MAX

/* The first due time after `after_ms`; SCHEDULE_NEVER when there is none. first_ms: the first one
 * of a rate. */
uint64_t schedule_next_ms(const struct schedule_expression *expression, const struct zone *zone,
                          uint64_t first_ms, uint64_t after_ms);

#endif
