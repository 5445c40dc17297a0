/* bus/input_path.c - the paths of InputPath and InputPathsMap; see input.h.
 *
 *   path = "$" { "." name | "." "*" | "[" digits "]" | "[" "*" "]" }
 *
 * That is what EventBridge takes of JSONPath: quotes in brackets are refused, as it refuses them.
 */
#include "bus/input.h"

#include "bus/internal.h"

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

bool input_path_is_valid(struct bytes path)
{
    struct step step;

    if (path.size == 0 || path.ptr[0] != '$')
        return false;
    for (size_t at = 1; at < path.size;)
        if (!next_step(path, &at, &step))
            return false;
    return true;
}

/* Appends the values that the path from `at` on points at, below `value`, each once and in the
 * order of the event; commas between. Recursion is as deep as the path has stars. */
static void follow(struct bytes path, size_t at, const struct json *value, struct json_writer *out,
                   const struct json **ret_first)
{
    while (at < path.size && value != NULL) {
        struct step step;

        if (!next_step(path, &at, &step))
            return;
        if (step.kind == STEP_ALL) {
            for (struct json_iter it = json_iter(value); json_next(&it);)
                follow(path, at, it.value, out, ret_first);
            return;
        }
        value = step.kind == STEP_NAME ? json_get_bytes(value, step.name)
                                       : json_at(value, (size_t)step.index);
    }
    if (value == NULL)
        return;
    if (*ret_first == NULL)
        *ret_first = value;
    if (out != NULL)
        json_write_value(out, value);
}

static bool has_star(struct bytes path)
{
    struct step step = {0};

    for (size_t at = 1; at < path.size && step.kind != STEP_ALL;)
        if (!next_step(path, &at, &step))
            return false;
    return step.kind == STEP_ALL;
}

bool input_path_follow(struct bytes path, const struct json *event, struct arena *arena,
                       struct input_value *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    const struct json *first = NULL;
    bool many = has_star(path);

    if (many)
        json_begin_array(&w);
    follow(path, 1, event, many ? &w : NULL, &first);
    if (many)
        json_end_array(&w);
    else if (first == NULL)
        return false;
    else if (json_is(first, JSON_STRING)) {
        *ret = (struct input_value){JSON_STRING, json_string(first)};
        return true;
    } else {
        json_print(&text, first);
    }
    /* A part of an event is no larger than an event: compact text of compact text. */
    assert(!buffer_failed(&text));
    *ret = (struct input_value){many ? JSON_ARRAY : json_type(first),
                                arena_copy(arena, buffer_bytes(&text))};
    return true;
}
