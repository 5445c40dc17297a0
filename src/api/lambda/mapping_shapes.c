/* api/lambda/mapping_shapes.c - the requests of Lambda's operations on event source mappings, each as one
 * object (rest.c). (AWS: its service model.) */
#include "api/shape.h"

#include "base/arn.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define STRUCTURE(name_, members_)                                                                 \
    {                                                                                              \
        .kind = SHAPE_STRUCTURE, .name = name_, SHAPE_MEMBERS(members_)                            \
    }

static bool is_arn(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn);
}

static const struct shape_pattern arn_pattern = {
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
    is_arn};

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape arn = {.kind = SHAPE_STRING, .pattern = &arn_pattern};
static const struct shape function_name = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 140)};
static const struct shape max_items = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 10000)};

static const struct shape_member mapping_members[] = {SHAPE_MEMBER("UUID", &text, REQUIRED)};
const struct shape shape_mapping = STRUCTURE("GetEventSourceMappingRequest", mapping_members);

static const struct shape_member list_mappings_members[] = {
    SHAPE_MEMBER("EventSourceArn", &arn, OPTIONAL),
    SHAPE_MEMBER("FunctionName", &function_name, OPTIONAL),
    SHAPE_MEMBER("Marker", &text, OPTIONAL),
    SHAPE_MEMBER("MaxItems", &max_items, OPTIONAL),
};
const struct shape shape_list_mappings =
    STRUCTURE("ListEventSourceMappingsRequest", list_mappings_members);
