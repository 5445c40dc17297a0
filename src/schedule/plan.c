/* schedule/plan.c - due times of a schedule with its dates and its window; see internal.h. */
#include "schedule/internal.h"

/* StartDate and EndDate are for what recurs. What is due at the EndDate is not invoked any more. */
uint64_t plan_next_ms(const struct schedule_timing *timing, uint64_t after_ms)
{
    bool once = timing->expression->kind == SCHEDULE_AT;
    uint64_t next = 0;

    if (!once && timing->start_ms > after_ms + 1)
        after_ms = timing->start_ms - 1;
    next = schedule_next_ms(timing->expression, timing->zone, timing->first_ms, after_ms);
    return !once && timing->end_ms > 0 && next >= timing->end_ms ? SCHEDULE_NEVER : next;
}

/* A rate without a StartDate begins at once, and what is due this very moment is due; only a cron
 * begins with the next minute. */
uint64_t plan_first_ms(const struct schedule_timing *timing, uint64_t now_ms)
{
    bool now_counts = timing->expression->kind != SCHEDULE_CRON && now_ms > 0;

    return plan_next_ms(timing, now_counts ? now_ms - 1 : now_ms);
}

/* Said by the schedule, the time and the seed alone: the same in every run, and another moment for
 * each schedule and each time. */
uint64_t plan_moment_ms(const struct schedule_view *view, uint64_t due_ms, uint64_t seed)
{
    uint64_t window_ms = (uint64_t)view->settings.window_minutes * 60000;
    bool once = bytes_start_with(view->settings.expression, BYTES("at("));
    uint8_t numbers[16];
    uint64_t moment = 0;

    if (window_ms == 0)
        return due_ms;
    bytes_put_u64(numbers, due_ms);
    bytes_put_u64(numbers + 8, seed ^ bytes_hash(view->arn));
    moment = due_ms + bytes_hash(bytes_of(numbers, sizeof numbers)) % window_ms;
    if (!once && view->settings.end_ms > due_ms && moment >= view->settings.end_ms)
        moment = view->settings.end_ms - 1;
    return moment;
}
