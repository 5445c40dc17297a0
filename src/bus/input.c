/* bus/input.c - what of an event a target gets: all of it, a constant (Input), or what a path
 * points at (InputPath); see internal.h. A path that points at nothing gives null. */
#include "bus/internal.h"

/* One step of a path: a name, or an index when the name has no pointer. */
struct step {
    struct bytes name;
    uint64_t index;
};

/* ['name'] or ["name"]: the text between the quotes. `from` is behind the bracket. */
static bool quoted_step(struct bytes path, size_t *at, struct step *ret)
{
    uint8_t quote = path.ptr[*at];
    size_t end = bytes_find_byte(path, quote, *at + 1);

    if (end == SIZE_MAX || end + 1 >= path.size || path.ptr[end + 1] != ']')
        return false;
    *ret = (struct step){.name = bytes_of(path.ptr + *at + 1, end - *at - 1)};
    *at = end + 2;
    return true;
}

static bool bracket_step(struct bytes path, size_t *at, struct step *ret)
{
    size_t end = bytes_find_byte(path, ']', *at);

    if (*at < path.size && (path.ptr[*at] == '\'' || path.ptr[*at] == '"'))
        return quoted_step(path, at, ret);
    *ret = (struct step){0};
    if (end == SIZE_MAX || !bytes_to_uint64(bytes_slice(path, *at, end - *at), &ret->index))
        return false;
    *at = end + 1;
    return true;
}

/* False when what stands at *at is no step. */
static bool next_step(struct bytes path, size_t *at, struct step *ret)
{
    size_t end = *at + 1;

    if (path.ptr[*at] == '[') {
        ++*at;
        return bracket_step(path, at, ret);
    }
    if (path.ptr[*at] != '.')
        return false;
    while (end < path.size && path.ptr[end] != '.' && path.ptr[end] != '[')
        end++;
    *ret = (struct step){.name = bytes_of(path.ptr + *at + 1, end - *at - 1)};
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

/* NULL when there is nothing. The path is valid. */
static const struct json *follow(struct bytes path, const struct json *value)
{
    struct step step;

    for (size_t at = 1; at < path.size && value != NULL;) {
        if (!next_step(path, &at, &step))
            return NULL;
        value = step.name.ptr != NULL ? json_get_bytes(value, step.name)
                                      : json_at(value, (size_t)step.index);
    }
    return value;
}

struct bytes input_make(const struct bus_target *target, struct arena *arena,
                        struct bytes event_text, const struct json *event)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_EVENT_SIZE_MAX);

    if (target->input.size > 0)
        return arena_copy(arena, target->input);
    if (target->input_path.size == 0 || bytes_equal_text(target->input_path, "$"))
        return event_text;

    const struct json *found = follow(target->input_path, event);

    if (found == NULL)
        return BYTES("null");
    json_print(&out, found);
    return arena_copy(arena, buffer_bytes(&out));
}
