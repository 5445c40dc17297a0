/* bus/input_path.c - what InputPath and InputPathsMap point at (json/path.h); see input.h. */
#include "bus/input.h"

#include "bus/internal.h"
#include "json/path.h"

bool input_path_follow(struct bytes path, const struct json *event, struct arena *arena,
                       struct input_value *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    bool many = json_path_has_star(path);
    struct json_path_search search = {.all = many ? &w : NULL};

    if (many)
        json_begin_array(&w);
    json_path_follow(path, event, &search);
    if (many)
        json_end_array(&w);
    else if (search.first == NULL)
        return false;
    else if (json_is(search.first, JSON_STRING)) {
        *ret = (struct input_value){JSON_STRING, json_string(search.first)};
        return true;
    } else {
        json_print(&text, search.first);
    }
    /* A part of an event is no larger than an event: compact text of compact text. */
    assert(!buffer_failed(&text));
    *ret = (struct input_value){many ? JSON_ARRAY : json_type(search.first),
                                arena_copy(arena, buffer_bytes(&text))};
    return true;
}
