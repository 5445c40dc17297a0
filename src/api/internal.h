/* api/internal.h - what dispatch.c, answer.c and the services share. */
#ifndef DYNLOG_API_INTERNAL_H
#define DYNLOG_API_INTERNAL_H

#include "api/api.h"
#include "base/list.h"
#include "base/map.h"

struct api {
    struct api_services services;
    struct map operations; /* "DynamoDB_20120810.PutItem" -> struct api_operation */
    struct buffer scratch; /* where answers are printed: one loop thread, one answer at a time */
    char date[CLOCK_HTTP_SIZE]; /* of date_s: answers of one second share it */
    uint64_t date_s;
    struct list log_streams;     /* GET /_dynlog/log that goes on */
    struct list journey_streams; /* GET /_dynlog/journeys that goes on */
    struct list member_streams;  /* GET /_dynlog/subscriptions/events that goes on */
    bool ending;                 /* the server stops: nobody becomes a member any more */
};

extern const struct api_service api_dynamodb, api_streams, api_events, api_scheduler, api_sqs,
    api_logs, api_pipes, api_lambda;

/* ---- dispatch.c ---- */
struct api_call *api_call_new(struct api *api, struct arena *arena);
const struct api_service *api_service_of_target(struct bytes target); /* NULL: none */
/* All three: REFUSED with call->error. call->body is any JSON. */
MUST_USE enum status api_parse_body(struct api_call *call);
MUST_USE enum status api_find_operation(struct api_call *call, struct bytes target);
/* Looks at the body (and parses it, when it is not yet), runs, and answers. */
void api_run_operation(struct api_call *call);

/* The Lambda operation of a method and path; NULL when there is none. *ret_name, the function's or
 * the mapping's, is a part of the path. */
const struct api_operation *api_lambda_route(struct bytes method, struct bytes path,
                                             struct bytes *ret_name);
/* As api_scheduler_prepare(). Of Invoke and InvokeAsync the body stays as it is, and
 * call->path_name is the function's. */
MUST_USE enum status api_lambda_prepare(struct api_call *call);

/* Whether a path is of EventBridge Scheduler's. */
bool api_scheduler_is_asked(struct bytes path);
/* Finds the operation of a REST request and makes call->body_text of it. REFUSED with call->error;
 * NOT_FOUND: there is no such path and method. */
MUST_USE enum status api_scheduler_prepare(struct api_call *call);

/* The same for EventBridge Pipes. */
bool api_pipes_is_asked(struct bytes path);
MUST_USE enum status api_pipes_prepare(struct api_call *call);

/* GET and POST /_dynlog/...: dynlog's own questions, not AWS's. */
void api_dynlog_handle(struct api *api, struct http_request *request);

#endif
