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

/* REFUSED when there is none of that name; ret may be NULL. */
MUST_USE enum status events_find_bus(struct api_call *call, struct bytes name);
MUST_USE enum status events_find_rule(struct api_call *call, struct bytes bus, struct bytes name,
                                      const struct bus_rule **ret);

/* The request's Tags. */
void events_decode_tags(struct api_call *call, struct bus_change *change);

/* A Target's Input, InputPath and InputTransformer. */
void events_input(struct api_call *call, const struct json *target, struct bus_target *ret);

/* A change of the bus in the call's arena; its context is the call. done() answers. */
struct bus_change *events_change(struct api_call *call, enum bus_change_kind kind,
                                 void (*done)(struct bus_change *change, enum status status));
/* True: answered already, because the change failed. */
bool events_change_failed(struct bus_change *change, enum status status);
/* The same for a change of connections and API destinations. */
bool events_outbound_failed(struct outbound_change *change, enum status status);
/* For operations that answer nothing. */
void events_answer_nothing(struct bus_change *change, enum status status);
/* Starts the change, or fails the call. */
void events_submit(struct api_call *call, struct bus_change *change, enum status status);

/* The name in an ARN of EventBridge whose resource begins with `kind` ("event-bus/"). REFUSED with
 * the member in AWS's words when the text is none. */
MUST_USE enum status events_name_in_arn(struct api_call *call, const char *member, struct bytes arn,
                                        const char *kind, const char *what, struct bytes *ret);
/* Of NamePrefix, EventSourceArn and State one at most. */
MUST_USE enum status events_one_filter(struct api_call *call, const char *operation);

/* The answer of a List operation: {MEMBER: [what stands from first to end], "NextToken"}. */
struct events_list {
    struct api_call *call;
    struct json_writer w;
    size_t first, end, count;
};
/* Looks at Limit and NextToken over a list of `count`, and opens the array. False: answered
 * already, because of them or because `status` says that there is no such list. */
bool events_list_begin(struct api_call *call, enum status status, const char *member, size_t count,
                       struct events_list *ret);
/* Closes what was opened, with a NextToken when there is more, and answers. */
void events_list_end(struct events_list *list);

#endif
