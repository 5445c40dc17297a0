/* json/path.c - see path.h. */
#include "json/path.h"

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

bool json_path_is_valid(struct bytes path)
{
    struct step step;

    if (path.size == 0 || path.ptr[0] != '$')
        return false;
    for (size_t at = 1; at < path.size;)
        if (!next_step(path, &at, &step))
            return false;
    return true;
}

bool json_path_has_star(struct bytes path)
{
    struct step step = {0};

    for (size_t at = 1; at < path.size && step.kind != STEP_ALL;)
        if (!next_step(path, &at, &step))
            return false;
    return step.kind == STEP_ALL;
}

static const struct json *member_of(const struct json_path_search *search,
                                    const struct json *object, struct bytes name)
{
    return search->member != NULL ? search->member(search->context, object, name)
                                  : json_get_bytes(object, name);
}

static void follow(struct bytes path, size_t at, const struct json *value,
                   struct json_path_search *search)
{
    while (at < path.size && value != NULL) {
        struct step step;

        if (!next_step(path, &at, &step))
            return;
        if (step.kind == STEP_ALL) {
            bool named = search->member != NULL && json_is(value, JSON_OBJECT);

            for (struct json_iter it = json_iter(value); json_next(&it);)
                follow(path, at, named ? member_of(search, value, it.name) : it.value, search);
            return;
        }
        value = step.kind == STEP_NAME ? member_of(search, value, step.name)
                                       : json_at(value, (size_t)step.index);
    }
    if (value == NULL)
        return;
    if (search->first == NULL)
        search->first = value;
    if (search->all != NULL)
        json_write_value(search->all, value);
}

void json_path_follow(struct bytes path, const struct json *value, struct json_path_search *search)
{
    search->first = NULL;
    follow(path, 1, value, search);
}
