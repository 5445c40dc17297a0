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
    struct list log_streams; /* GET /_dynlog/log that goes on */
};

extern const struct api_service api_dynamodb, api_streams, api_events, api_lambda;

/* The Lambda operation of a method and path; NULL when there is none. *ret_name, the function's or
 * the mapping's, is a part of the path. */
const struct api_operation *api_lambda_route(struct bytes method, struct bytes path,
                                             struct bytes *ret_name);

/* GET and POST /_dynlog/...: dynlog's own questions, not AWS's. */
void api_dynlog_handle(struct api *api, struct http_request *request);

#endif
