/* pipes/path.h - paths into an event, as input templates (<$.detail.id>) and parameters of a target
 * ("$.body.id") have them. (AWS: EventBridge user guide, "EventBridge Pipes input transformation".)
 *
 * The paths are those of json/path.h. With a star the value is an array of what was found, each
 * once, in the order of the event.
 *
 * Implicit body parsing: the body of a message is text, and often that text is JSON. The path
 * "$.body" then is that JSON, and "$.body.id" a member of it. Of a body that is no JSON, "$.body"
 * is the text. Only of a message as the queue has it: what an enrichment answered has no such
 * member. */
#ifndef DYNLOG_PIPES_PATH_H
#define DYNLOG_PIPES_PATH_H

#include "json/json.h"

/* An event on its way through a pipe. */
struct pipe_event {
    struct bytes text;       /* JSON, or what an enrichment answered instead; compact or not */
    const struct json *json; /* NULL: it is no JSON */
    const struct json *body; /* the JSON in the body of a message; NULL: there is none */
};

#define PIPE_EVENT_SIZE_MAX ((size_t)8 * 1024 * 1024) /* more than a batch or an answer may be */

/* text is JSON, or json stays NULL. of_queue: its body may be JSON within. Lives in the arena and
 * in the text. */
struct pipe_event pipe_event_of(struct arena *arena, struct bytes text, bool of_queue);

/* The event as JSON, with its body as JSON too when it is. */
void pipe_event_print(struct buffer *out, const struct pipe_event *event);

struct pipe_value {
    enum json_type type;
    struct bytes text; /* of a string: its characters; else JSON */
};

/* Whether the text is meant as a path: "$", or "$." and "$[" and what follows. */
bool pipe_path_is(struct bytes text);
bool pipe_path_is_valid(struct bytes path);
/* False: it points at nothing (or, of stars, at more than an event may be). In the arena and the
 * event. */
MUST_USE bool pipe_path_follow(struct bytes path, const struct pipe_event *event,
                               struct arena *arena, struct pipe_value *ret);

#endif
