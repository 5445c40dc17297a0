/* outbound/event_path.c - see event_path.h. */
#include "outbound/event_path.h"

bool event_path_is(struct bytes text)
{
    return bytes_equal_text(text, "$") || bytes_start_with(text, BYTES("$.")) ||
           bytes_start_with(text, BYTES("$["));
}

/* Up to the next dot or bracket. */
static struct bytes name_at(struct bytes path, size_t at)
{
    size_t end = at;

    while (end < path.size && path.ptr[end] != '.' && path.ptr[end] != '[')
        end++;
    return bytes_slice(path, at, end - at);
}

/* The step at *at; NULL ends the way. */
static const struct json *step(const struct json *value, struct bytes path, size_t *at)
{
    uint64_t index = 0;

    if (path.ptr[*at] == '.') {
        struct bytes name = name_at(path, *at + 1);

        *at += 1 + name.size;
        return name.size > 0 ? json_get_bytes(value, name) : NULL;
    }
    if (path.ptr[*at] != '[')
        return NULL;

    size_t end = bytes_find_byte(path, ']', *at);

    if (end == SIZE_MAX || !json_is(value, JSON_ARRAY) ||
        !bytes_to_uint64(bytes_slice(path, *at + 1, end - *at - 1), &index) ||
        index >= json_count(value))
        return NULL;
    *at = end + 1;
    return json_at(value, (size_t)index);
}

const struct json *event_path_find(const struct json *event, struct bytes path)
{
    size_t at = 1;

    if (!event_path_is(path))
        return NULL;
    while (event != NULL && at < path.size)
        event = step(event, path, &at);
    return event;
}
