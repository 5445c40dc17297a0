/* api/events/events.h - what EventBridge's operations share. (AWS: EventBridge API reference.) */
#ifndef DYNLOG_API_EVENTS_EVENTS_H
#define DYNLOG_API_EVENTS_EVENTS_H

#include "api/api.h"
#include "api/decode.h"

/* EventBusName: a name or an ARN; "default" when absent. The bus' name. REFUSED: there is no such
 * bus. */
MUST_USE enum status events_bus(struct api_call *call, struct bytes *ret);
/* The rule named by `member` on that bus. */
MUST_USE enum status events_rule(struct api_call *call, const char *member,
                                 const struct bus_rule **ret);

/* A change of the bus in the call's arena; its context is the call. done() answers. */
struct bus_change *events_change(struct api_call *call, enum bus_change_kind kind,
                                 void (*done)(struct bus_change *change, enum status status));
/* True: answered already, because the change failed. */
bool events_change_failed(struct bus_change *change, enum status status);
/* For operations that answer nothing. */
void events_answer_nothing(struct bus_change *change, enum status status);
/* Starts the change, or fails the call. */
void events_submit(struct api_call *call, struct bus_change *change, enum status status);

/* Limit and NextToken over a list of `count`; *ret_first to *ret_end are the page. */
MUST_USE enum status events_page(struct api_call *call, size_t count, size_t *ret_first,
                                 size_t *ret_end);
/* Writes NextToken when more than `end` are there. */
void events_write_next(struct json_writer *w, size_t end, size_t count);

#endif
