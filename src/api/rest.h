/* api/rest.h - a REST request of AWS's as one JSON object: the members of its body, of its query
 * and of its path, as the service's model names them.
 *
 * So an operation has one form and one shape, whoever asks for it: a client by a path, or a stack
 * file by a target (api_call_local()). */
#ifndef DYNLOG_API_REST_H
#define DYNLOG_API_REST_H

#include "api/api.h"

#define REST_PATH_MEMBERS_MAX 4

/* A member that stands in the query; `in_query` is its name there. */
struct rest_member {
    const char *in_query, *name;
    enum { REST_TEXT, REST_NUMBER, REST_BOOLEAN, REST_LIST } kind;
};

/* `path` has members in braces: "/v1/pipes/{Name}/start". One is a piece of the path, at least one
 * byte without a slash; "{Arn+}" is the rest of it, slashes and all. "/?" at the end: with a slash
 * or without. */
struct rest_route {
    const char *method, *path;
    const struct rest_member *members;
    size_t member_count;
    const char *operation;
    bool raw; /* the body is no JSON object of members: the operation reads it as it came */
};
#define REST_MEMBERS(array_) .members = (array_), .member_count = ARRAY_COUNT(array_)

struct rest_found {
    const struct rest_route *route;
    struct bytes names[REST_PATH_MEMBERS_MAX], values[REST_PATH_MEMBERS_MAX]; /* of the path */
    size_t count;
};

/* The first route of that method and path; false when there is none. */
bool rest_find(const struct rest_route *routes, size_t count, struct bytes method,
               struct bytes path, struct rest_found *ret);

/* Finds the request's operation, and makes call->body_text its object; a raw route's body stays.
 * The first member of the path is call->path_name too. REFUSED with call->error (also when dynlog
 * does not have the operation); NOT_FOUND: there is no such path and method. */
MUST_USE enum status rest_prepare(struct api_call *call, const struct api_service *service,
                                  const struct rest_route *routes, size_t count);

#endif
