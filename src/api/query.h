/* api/query.h - AWS's Query protocol over the same operations: SQS speaks it beside JSON, STS, SNS
 * and CloudFormation speak nothing else.
 *
 *   POST / or the path of a resource, Action=NAME&Version=DATE&...   form.h
 *   <NAMEResponse xmlns=".."><NAMEResult>..</NAMEResult>
 *     <ResponseMetadata><RequestId>..</RequestId></ResponseMetadata></NAMEResponse>   xml.h
 *   <ErrorResponse xmlns=".."><Error><Type>Sender</Type><Code>..</Code><Message>..</Message>
 *     <Detail/></Error><RequestId>..</RequestId></ErrorResponse>
 *
 * A service that speaks it is a row of query.c. Its operations are rows of operations.c; they read
 * call->body and print JSON, and need not know which protocol was spoken. */
#ifndef DYNLOG_API_QUERY_H
#define DYNLOG_API_QUERY_H

#include "api/api.h"

struct query_result { /* an operation whose answer has members */
    const char *operation;
    const struct shape *shape;
};

struct query_service {
    const struct api_service *service;
    const char *version, *xmlns;
    const struct query_result *results;
    size_t result_count;
    const char
        *path_member; /* that the request's path stands for when it is not given; NULL: none */
    /* An error's code where it is not its name; NULL: it is. */
    const char *(*code)(enum api_error_kind kind);
    /* What an error says in this protocol where it says something else; NULL: the same. */
    const char *(*message)(enum api_error_kind kind);
};

/* Whether the request is of this protocol, by its Content-Type. */
bool query_is_spoken(const struct http_request *request);
/* Finds the operation and makes call->body. REFUSED with call->error. NOT_FOUND: the form asks for
 * no action. */
MUST_USE enum status query_prepare(struct api_call *call, struct bytes path);
/* The answer's XML, in the call's arena. */
struct bytes query_answer(struct api_call *call, struct bytes json);
struct bytes query_error(struct api_call *call, enum api_error_kind kind, struct bytes message);

/* The code of an error: what "Code" holds here, and x-amzn-query-error beside JSON. */
const char *query_code(const struct query_service *query, enum api_error_kind kind);
/* The Query side of a service that speaks JSON; NULL: it has none. */
const struct query_service *query_of(const struct api_service *service);

/* sqs/query.c */
extern const struct query_service query_sqs;

#endif
