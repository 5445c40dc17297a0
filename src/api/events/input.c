/* api/events/input.c - what of an event a target gets, as PutTargets is told it; see events.h.
 * (bus/input.h checks and makes it.) */
#include "api/events/events.h"

void events_input(struct api_call *call, const struct json *target, struct bus_target *ret)
{
    const struct json *transformer = decode_member(target, "InputTransformer");
    const struct json *map = decode_member(transformer, "InputPathsMap");
    struct bus_input_path *paths =
        ARENA_NEW_ARRAY(call->arena, json_count(map), struct bus_input_path);

    for (struct json_iter it = json_iter(map); json_next(&it);)
        paths[it.index] = (struct bus_input_path){it.name, json_string(it.value)};
    ret->input = decode_string(target, "Input");
    ret->input_path = decode_string(target, "InputPath");
    ret->input_template = decode_string(transformer, "InputTemplate");
    ret->input_paths = paths;
    ret->input_path_count = json_count(map);
}
