/* bus/input.c - Input, InputPath, InputTransformer: which one a target has; see input.h. */
#include "bus/input.h"

#include "bus/internal.h"
#include "json/path.h"

static enum status check_path(const struct bus_target *target, struct bytes path,
                              struct api_error *reterr)
{
    if (json_path_is_valid(path))
        return OK;
    return api_invalid(reterr, "InputPath for target %.*s is invalid.", BYTES_ARG(target->id));
}

enum status input_check(struct arena *arena, const struct bus_target *target,
                        struct api_error *reterr)
{
    const struct json *parsed = NULL;
    enum status st = OK;

    if ((target->input.size > 0) + (target->input_path.size > 0) +
            (target->input_template.size > 0) >
        1)
        return api_invalid(reterr,
                           "Only one of Input, InputPath, or InputTransformer must be provided for "
                           "target %.*s.",
                           BYTES_ARG(target->id));
    if (target->input.size > 0 && json_parse(arena, target->input, &parsed, NULL) != OK)
        return api_invalid(reterr, "JSON syntax error in input for target %.*s.",
                           BYTES_ARG(target->id));
    if (target->input_path.size > 0)
        return check_path(target, target->input_path, reterr);
    for (size_t i = 0; st == OK && i < target->input_path_count; i++)
        st = check_path(target, target->input_paths[i].path, reterr);
    if (st == OK && target->input_template.size > 0)
        st = input_template_check(arena, target, reterr);
    return st;
}

bool input_make(const struct bus_target *target, const struct input_event *event,
                struct arena *arena, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer quoted = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    struct input_value found;

    if (target->input_template.size > 0)
        return input_template_fill(target, event, arena, ret);
    *ret = event->text;
    if (target->input.size > 0)
        *ret = arena_copy(arena, target->input);
    if (target->input_path.size == 0)
        return true;
    *ret = BYTES("null");
    if (!input_path_follow(target->input_path, event->json, arena, &found))
        return true;
    *ret = found.text;
    if (found.type == JSON_STRING) {
        json_append_string(&quoted, found.text);
        *ret = arena_copy(arena, buffer_bytes(&quoted));
    }
    return true;
}
