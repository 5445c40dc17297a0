/* pipes/template.h - what of an event an enrichment or a target gets: an InputTemplate, filled for
 * each event. (AWS: EventBridge user guide, "EventBridge Pipes input transformation".)
 *
 *   template = { text | "<" path ">" | "<aws.pipes." name ">" }      anything else in <> is text
 *
 *   aws.pipes.pipe-arn, .pipe-name, .source-arn, .enrichment-arn, .target-arn
 *   aws.pipes.event.ingestion-time   when the event came to this template, ISO 8601
 *   aws.pipes.event                  the event as it came
 *   aws.pipes.event.json             the same with the JSON in its body (path.h); nothing when the
 *                                    event is no JSON
 *
 *   outside of quotes   a string gets its quotes, all else is put as the JSON that it is; what
 *                       points at nothing gives ""
 *   inside of quotes    a string's characters, escaped; objects and arrays without their quotes
 *                       (AWS: {"key": "value"} becomes "{key: value}"); nothing for nothing
 *
 * A template without a "<" of these is static. What is JSON when it is filled is printed compactly;
 * a text that is none goes to targets that take any text, and to no other. */
#ifndef DYNLOG_PIPES_TEMPLATE_H
#define DYNLOG_PIPES_TEMPLATE_H

#include "base/api_error.h"
#include "pipes/path.h"

#define PIPE_TEMPLATE_SIZE_MAX 8192 /* characters; AWS's limit */

struct pipe_template_names {
    struct bytes pipe_arn, pipe_name, source_arn, enrichment_arn, target_arn;
};

/* REFUSED: a path that is none, a name that there is not; needs_json: or it can never be JSON.
 * `member` is what the message calls it. */
MUST_USE enum status pipe_template_check(struct arena *arena, struct bytes text, bool needs_json,
                                         const char *member, struct api_error *reterr);

struct pipe_filled {
    struct bytes text;
    bool is_json;
};
/* The template must have been checked. False: the text would be larger than an event may be. In the
 * arena. */
MUST_USE bool pipe_template_fill(struct bytes text, const struct pipe_template_names *names,
                                 const struct pipe_event *event, uint64_t now_ms,
                                 struct arena *arena, struct pipe_filled *ret);

#endif
