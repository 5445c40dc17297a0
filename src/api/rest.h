/* api/rest.h - requests that are asked by paths, as one JSON object each: the members of the body,
 * of the query and of the path. So an operation has one form, whoever asks for it, and its shape
 * looks at all of it. (AWS: the locations of members in its service models.) */
#ifndef DYNLOG_API_REST_H
#define DYNLOG_API_REST_H

#include "api/api.h"

/* A member that stands in the query; `in_query` is its name there. */
struct rest_member {
    const char *in_query, *name;
    enum { REST_TEXT, REST_NUMBER, REST_LIST } kind;
};

#define REST_MEMBERS(array_) (array_), ARRAY_COUNT(array_)

/* Makes call->body_text of the request. name: the member that stands in the path, with its value;
 * NULL: none does. REFUSED with call->error. */
MUST_USE enum status rest_make_body(struct api_call *call, const struct rest_member *members,
                                    size_t member_count, const char *name, struct bytes value);

#endif
