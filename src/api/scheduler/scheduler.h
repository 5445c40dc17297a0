/* api/scheduler/scheduler.h - what EventBridge Scheduler's operations share. (AWS: EventBridge
 * Scheduler API reference.) */
#ifndef DYNLOG_API_SCHEDULER_SCHEDULER_H
#define DYNLOG_API_SCHEDULER_SCHEDULER_H

#include "api/api.h"
#include "api/decode.h"

/* GroupName; "default" when absent. */
struct bytes scheduler_group(struct api_call *call);

/* A change in the call's arena; its context is the call, its token the request's. done() answers.
 */
struct schedule_change *scheduler_change(struct api_call *call, enum schedule_change_kind kind,
                                         void (*done)(struct schedule_change *change,
                                                      enum status status));
/* True: answered already, because the change failed. */
bool scheduler_failed(struct schedule_change *change, enum status status);
/* For operations that answer nothing. */
void scheduler_answer_nothing(struct schedule_change *change, enum status status);
/* The answer is {MEMBER: its ARN}. */
void scheduler_answer_arn(struct schedule_change *change, enum status status, const char *member);

/* NamePrefix, MaxResults, NextToken. */
MUST_USE enum status scheduler_page(struct api_call *call, struct schedule_page *ret);
/* NextToken, when there is more. */
void scheduler_write_next(struct json_writer *w, const struct schedule_page *page);

/* Tags: [{Key, Value}], into the change. */
void scheduler_decode_tags(struct api_call *call, struct schedule_change *change);

#endif
