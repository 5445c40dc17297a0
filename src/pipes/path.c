/* pipes/path.c - see path.h. */
#include "pipes/path.h"

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

/* ---- steps ---- */

struct step {
    enum { STEP_NAME, STEP_INDEX, STEP_ALL } kind;
    struct bytes name;
    uint64_t index;
};

static bool bracket_step(struct bytes path, size_t *at, struct step *ret)
{
    size_t end = bytes_find_byte(path, ']', *at);

    if (end == SIZE_MAX)
        return false;
    struct bytes inside = bytes_slice(path, *at + 1, end - *at - 1);

    *at = end + 1;
    *ret = (struct step){.kind = STEP_ALL};
    if (bytes_equal_text(inside, "*"))
        return true;
    ret->kind = STEP_INDEX;
    return bytes_to_uint64(inside, &ret->index);
}

/* The step at *at, which is behind it then. False when what stands there is none. */
static bool next_step(struct bytes path, size_t *at, struct step *ret)
{
    size_t end = *at + 1;

    if (path.ptr[*at] == '[')
        return bracket_step(path, at, ret);
    if (path.ptr[*at] != '.')
        return false;
    while (end < path.size && path.ptr[end] != '.' && path.ptr[end] != '[')
        end++;
    *ret = (struct step){.kind = STEP_NAME, .name = bytes_slice(path, *at + 1, end - *at - 1)};
    if (bytes_equal_text(ret->name, "*"))
        ret->kind = STEP_ALL;
    *at = end;
    return ret->name.size > 0;
}

bool pipe_path_is(struct bytes text)
{
    return bytes_equal_text(text, "$") || bytes_start_with(text, BYTES("$.")) ||
           bytes_start_with(text, BYTES("$["));
}

bool pipe_path_is_valid(struct bytes path)
{
    struct step step;

    if (!pipe_path_is(path))
        return false;
    for (size_t at = 1; at < path.size;)
        if (!next_step(path, &at, &step))
            return false;
    return true;
}

/* ---- following ---- */

struct following {
    const struct pipe_event *event;
    struct bytes path;
    struct json_writer *all; /* NULL: only the first is wanted */
    const struct json *first;
};

/* The body of a message is the JSON in it, for whoever passes through it or ends there. */
static const struct json *member(const struct following *f, const struct json *object,
                                 struct bytes name)
{
    if (object == f->event->json && f->event->body != NULL && bytes_equal_text(name, BODY))
        return f->event->body;
    return json_get_bytes(object, name);
}

/* Recursion is as deep as the path has stars. */
static void follow(struct following *f, size_t at, const struct json *value)
{
    while (at < f->path.size && value != NULL) {
        struct step step;

        if (!next_step(f->path, &at, &step))
            return;
        if (step.kind == STEP_ALL) {
            for (struct json_iter it = json_iter(value); json_next(&it);)
                follow(f, at, json_is(value, JSON_OBJECT) ? member(f, value, it.name) : it.value);
            return;
        }
        value = step.kind == STEP_NAME ? member(f, value, step.name)
                                       : json_at(value, (size_t)step.index);
    }
    if (value == NULL)
        return;
    if (f->first == NULL)
        f->first = value;
    if (f->all != NULL)
        json_write_value(f->all, value);
}

static bool has_star(struct bytes path)
{
    struct step step = {0};

    for (size_t at = 1; at < path.size && step.kind != STEP_ALL;)
        if (!next_step(path, &at, &step))
            return false;
    return step.kind == STEP_ALL;
}

bool pipe_path_follow(struct bytes path, const struct pipe_event *event, struct arena *arena,
                      struct pipe_value *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    bool many = has_star(path);
    struct following f = {.event = event, .path = path, .all = many ? &w : NULL};

    if (many)
        json_begin_array(&w);
    follow(&f, 1, event->json);
    if (many)
        json_end_array(&w);
    else if (f.first == NULL)
        return false;
    else if (json_is(f.first, JSON_STRING)) {
        *ret = (struct pipe_value){JSON_STRING, json_string(f.first)};
        return true;
    } else if (f.first == event->json)
        pipe_event_print(&text, event);
    else
        json_print(&text, f.first);
    if (buffer_failed(&text))
        return false;
    *ret = (struct pipe_value){many ? JSON_ARRAY : json_type(f.first),
                               arena_copy(arena, buffer_bytes(&text))};
    return true;
}
