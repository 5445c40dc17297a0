/* api/tag_shapes.c - tags, as most services have them: keys of 1 to 128 characters, values of at
 * most 256, {Key, Value} in a list. Those that differ have shapes of their own. */
#include "api/shape.h"

const struct shape shape_tag_key = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 128)};
static const struct shape tag_value = {.kind = SHAPE_STRING, SHAPE_AT_MOST(256)};
static const struct shape_member tag_members[] = {
    SHAPE_MEMBER("Key", &shape_tag_key, SHAPE_REQUIRED),
    SHAPE_MEMBER("Value", &tag_value, SHAPE_REQUIRED),
};
static const struct shape tag = {
    .kind = SHAPE_STRUCTURE, .name = "Tag", SHAPE_MEMBERS(tag_members)};

const struct shape shape_tags = {.kind = SHAPE_LIST, .element = &tag};
const struct shape shape_tag_keys = {.kind = SHAPE_LIST, .element = &shape_tag_key};
