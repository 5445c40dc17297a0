/* pipes/path.c - see path.h. */
#include "pipes/path.h"

#include "json/path.h"

#define BODY "body"

/* ---- events ---- */

struct pipe_event pipe_event_of(struct arena *arena, struct bytes text, bool of_queue)
{
    struct pipe_event event = {.text = text};

    if (json_parse(arena, text, &event.json, NULL) != OK)
        event.json = NULL;
    if (of_queue && json_is(json_get(event.json, BODY), JSON_STRING) &&
        json_parse(arena, json_string(json_get(event.json, BODY)), &event.body, NULL) != OK)
        event.body = NULL;
    return event;
}

void pipe_event_print(struct buffer *out, const struct pipe_event *event)
{
    struct json_writer w = JSON_WRITER(out);

    if (event->body == NULL) {
        json_print(out, event->json);
        return;
    }
    json_begin_object(&w);
    for (struct json_iter it = json_iter(event->json); json_next(&it);) {
        json_key_bytes(&w, it.name);
        json_write_value(&w, bytes_equal_text(it.name, BODY) ? event->body : it.value);
    }
    json_end_object(&w);
}

/* ---- paths ---- */

bool pipe_path_is(struct bytes text)
{
    return bytes_equal_text(text, "$") || bytes_start_with(text, BYTES("$.")) ||
           bytes_start_with(text, BYTES("$["));
}

bool pipe_path_is_valid(struct bytes path)
{
    return pipe_path_is(path) && json_path_is_valid(path);
}

/* The body of a message is the JSON in it, for whoever passes through it or ends there. */
static const struct json *member(void *context, const struct json *object, struct bytes name)
{
    const struct pipe_event *event = context;

    if (object == event->json && event->body != NULL && bytes_equal_text(name, BODY))
        return event->body;
    return json_get_bytes(object, name);
}

bool pipe_path_follow(struct bytes path, const struct pipe_event *event, struct arena *arena,
                      struct pipe_value *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    bool many = json_path_has_star(path);
    struct pipe_event of = *event;
    struct json_path_search search = {.member = member, .context = &of, .all = many ? &w : NULL};

    if (many)
        json_begin_array(&w);
    json_path_follow(path, event->json, &search);
    if (many)
        json_end_array(&w);
    else if (search.first == NULL)
        return false;
    else if (json_is(search.first, JSON_STRING)) {
        *ret = (struct pipe_value){JSON_STRING, json_string(search.first)};
        return true;
    } else if (search.first == event->json)
        pipe_event_print(&text, event);
    else
        json_print(&text, search.first);
    if (buffer_failed(&text))
        return false;
    *ret = (struct pipe_value){many ? JSON_ARRAY : json_type(search.first),
                               arena_copy(arena, buffer_bytes(&text))};
    return true;
}
