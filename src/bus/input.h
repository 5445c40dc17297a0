/* bus/input.h - what of an event a target gets: all of it, a constant (Input), what a path points
 * at (InputPath), or a template filled from the event (InputTransformer). (AWS: EventBridge user
 * guide, "Amazon EventBridge input transformation".)
 *
 * A path:  $   $.detail.instance-id   $.resources[0]   $.detail.items[*].sku   $.detail.*
 *
 * A template is one JSON value, or several strings, one a line, in which <name> may stand: a name
 * of InputPathsMap, or one that is there without a path (input_template.c lists them).
 *
 *   outside of quotes   a string gets its quotes; all else is put as the JSON that it is; a path
 *                       that points at nothing gives ""
 *   inside of quotes    a string's characters as they are (AWS: "doesn't escape values"); objects
 *                       and arrays without their quotes; a path that points at nothing gives
 * nothing
 *
 * So a value with a quote or a line's end inside of quotes makes a text that is no JSON. Such an
 * event can't be delivered to that target: INVALID_JSON. What is JSON is printed compactly. */
#ifndef DYNLOG_BUS_INPUT_H
#define DYNLOG_BUS_INPUT_H

#include "bus/bus.h"

#define INPUT_PATHS_MAX 100
#define INPUT_PATH_NAME_SIZE_MAX 256
#define INPUT_PATH_SIZE_MAX 256
#define INPUT_SIZE_MAX 8192 /* bytes of Input, and of InputTemplate */

/* What a path or a name stands for. */
struct input_value {
    enum json_type type;
    struct bytes text; /* of a string its characters; else its JSON */
};

/* ---- input_path.c ---- */

/* False when it points at nothing. A path with a star always points at an array: of all that it
 * finds. The path is valid; the value lives in the arena or in the event. */
bool input_path_follow(struct bytes path, const struct json *event, struct arena *arena,
                       struct input_value *ret);

/* ---- input_template.c ---- */

/* One rule's event on its way to its targets. */
struct input_event {
    struct bytes text; /* the event, compact */
    const struct json *json;
    struct bytes rule_arn, rule_name;
    uint64_t ingested_ms;
};

/* REFUSED: in AWS's words. */
MUST_USE enum status input_template_check(struct arena *arena, const struct bus_target *target,
                                          struct api_error *reterr);
/* False when what it gives is no JSON, or more than an event can be. The template is checked. */
bool input_template_fill(const struct bus_target *target, const struct input_event *event,
                         struct arena *arena, struct bytes *ret);

/* ---- input.c ---- */

/* The checks of a target's Input, InputPath and InputTransformer that its shape does not make. */
MUST_USE enum status input_check(struct arena *arena, const struct bus_target *target,
                                 struct api_error *reterr);
/* False: this event can't be made into the target's input. */
bool input_make(const struct bus_target *target, const struct input_event *event,
                struct arena *arena, struct bytes *ret);

#endif
