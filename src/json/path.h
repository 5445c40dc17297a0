/* json/path.h - paths to values: what EventBridge takes of JSONPath. (AWS: EventBridge user guide,
 * input transformation of rules and of pipes.)
 *
 *   path = "$" { "." name | "." "*" | "[" digits "]" | "[" "*" "]" }
 *
 * A name goes to the next dot or bracket. A star is all members or elements. Quotes in brackets are
 * refused, as EventBridge refuses them. */
#ifndef DYNLOG_JSON_PATH_H
#define DYNLOG_JSON_PATH_H

#include "json/json.h"

bool json_path_is_valid(struct bytes path);
/* It may point at many values. */
bool json_path_has_star(struct bytes path);

struct json_path_search {
    /* A member of an object; NULL: json_get_bytes() finds it. */
    const struct json *(*member)(void *context, const struct json *object, struct bytes name);
    void *context;
    struct json_writer
        *all; /* gets each value, in the order in which they stand; NULL: none does */
    const struct json *first; /* result; NULL: it points at nothing */
};
/* What the path points at, below the value. Recursion is as deep as the path has stars. */
void json_path_follow(struct bytes path, const struct json *value, struct json_path_search *search);

#endif
