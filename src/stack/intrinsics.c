/* stack/intrinsics.c - CloudFormation's functions: Ref, Fn::GetAtt, Fn::Sub and the others, resolved
 * against the stack's own resources, functions, parameters, conditions and mappings.
 *
 * What only AWS could know (an import, an attribute of a resource that dynlog has not) is noted and
 * becomes null. A name that is nowhere in the file is refused, as CloudFormation does. AWS::NoValue is
 * NULL, and a list or mapping leaves it out. */
#include "stack/loader.h"

typedef enum status intrinsic(struct loader *loader, const struct node *argument,
                              struct stack_where where, const struct node **ret);

static enum status resolve(struct loader *loader, const struct node *node, const struct node **ret);

static const struct node *text_node(struct loader *loader, struct bytes text,
                                    struct stack_where where)
{
    struct node *node = node_new_string(loader->arena, text, where);

    node->state = NODE_DONE;
    return node;
}

static const struct node *null_node(struct loader *loader, struct stack_where where)
{
    struct node *node = node_new(loader->arena, NODE_NULL, where);

    node->state = NODE_DONE;
    return node;
}

/* ---- resources by name ---- */

/* What dynlog makes: the property that names it, and the attributes that are texts around the name. */
static const struct resource_type {
    const char *type, *name_property;
    bool name_optional; /* CloudFormation makes one up */
    struct {
        const char *name, *service, *before, *after; /* service NULL: the bare name */
    } attributes[2];
} resource_types[] = {
    {"AWS::DynamoDB::Table", "TableName", false,
     {{"Arn", "dynamodb", "table/", ""}, {"StreamArn", "dynamodb", "table/", "/stream/*"}}},
    {"AWS::Events::EventBus", "Name", false,
     {{"Arn", "events", "event-bus/", ""}, {"Name", NULL, "", ""}}},
    {"AWS::Events::Archive", "ArchiveName", true,
     {{"Arn", "events", "archive/", ""}, {"ArchiveName", NULL, "", ""}}},
    {"AWS::Events::Rule", "Name", true, {{NULL, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL}}},
};

static const struct resource_type *type_of(const struct node *resource)
{
    struct bytes type = {0};

    if (!node_is(resource, NODE_MAP) || !node_scalar_text(node_get(resource, "Type"), &type))
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(resource_types); i++) {
        if (bytes_equal_text(type, resource_types[i].type))
            return &resource_types[i];
    }
    return NULL;
}

static enum status resource_name(struct loader *loader, struct bytes id,
                                 const struct node_member *resource,
                                 const struct resource_type *type, struct bytes *ret)
{
    const struct node *properties = node_get(resource->value, "Properties");
    enum status status = OK;

    *ret = (struct bytes){0};
    status = read_text(loader, node_get(properties, type->name_property), type->name_property, ret);
    if (status != OK || ret->size > 0)
        return status;
    if (!type->name_optional)
        return loader_refuse(loader, resource->value->where, "%.*s: expected Properties with %s",
                             BYTES_ARG(id), type->name_property);
    *ret = arena_printf(loader->arena, "%.*s-%.*s", BYTES_ARG(loader->stack_name), BYTES_ARG(id));
    return OK;
}

/* Resources that the Serverless Framework adds when it deploys. */
static bool is_generated(struct bytes id)
{
    static const char *const endings[] = {
        "IamRoleLambdaExecution", "LogGroup", "ServerlessDeploymentBucket", "HttpApi",
        "WebsocketsApi", "ApiGatewayRestApi", "EventBridgeRule", "ServerlessDeploymentBucketPolicy",
    };

    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
        if (bytes_end_with(id, bytes_of_text(endings[i])))
            return true;
    }
    return false;
}

static enum status refuse_name(struct loader *loader, const char *function, struct bytes id,
                               struct stack_where where)
{
    size_t count = node_is(loader->resources, NODE_MAP) ? loader->resources->count : 0;
    struct bytes *names = ARENA_NEW_ARRAY(loader->arena, count, struct bytes), near = {0};

    for (size_t i = 0; i < count; i++)
        names[i] = loader->resources->members[i].name;
    near = read_nearest(id, names, count);
    return loader_refuse(loader, where,
                         "%s: expected the name of a resource of this stack, got \"%.*s\"%s%.*s%s",
                         function, BYTES_ARG(id), near.size > 0 ? "; did you mean \"" : "",
                         BYTES_ARG(near), near.size > 0 ? "\"?" : "");
}

static const struct node *unknowable(struct loader *loader, const char *function, struct bytes name,
                                     struct stack_where where)
{
    loader_note(loader, where, "not acted on: %s %.*s: its value is not known offline and stays empty",
                function, BYTES_ARG(name));
    return null_node(loader, where);
}

static const struct loader_function *function_of(const struct loader *loader, struct bytes id)
{
    for (size_t i = 0; i < loader->function_count; i++) {
        if (bytes_equal(loader->functions[i].logical_id, id))
            return &loader->functions[i];
    }
    return NULL;
}

/* ---- Ref and Fn::GetAtt ---- */

/* False: no pseudo parameter. */
static bool pseudo_parameter(struct loader *loader, struct bytes name, struct stack_where where,
                             const struct node **ret)
{
    const struct {
        const char *name;
        struct bytes value;
    } parameters[] = {
        {"AWS::Region", bytes_of_text(loader->place.region)},
        {"AWS::AccountId", bytes_of_text(loader->place.account)},
        {"AWS::Partition", bytes_of_text(loader->place.partition)},
        {"AWS::StackName", loader->stack_name},
        {"AWS::URLSuffix", BYTES("amazonaws.com")},
    };

    for (size_t i = 0; i < ARRAY_COUNT(parameters); i++) {
        if (bytes_equal_text(name, parameters[i].name)) {
            *ret = text_node(loader, parameters[i].value, where);
            return true;
        }
    }
    if (!bytes_start_with(name, BYTES("AWS::")))
        return false;
    *ret = bytes_equal_text(name, "AWS::NoValue") ? NULL : unknowable(loader, "Ref", name, where);
    return true;
}

static enum status ref_name(struct loader *loader, struct bytes name, struct stack_where where,
                            const struct node **ret)
{
    const struct node_member *parameter = node_find(loader->parameters, name);
    const struct node_member *resource = node_find(loader->resources, name);
    const struct loader_function *function = function_of(loader, name);
    struct bytes text = {0};
    enum status status = OK;

    if (pseudo_parameter(loader, name, where, ret))
        return OK;
    if (parameter != NULL) {
        *ret = node_get(parameter->value, "Default");
        if (node_is_nothing(*ret))
            *ret = unknowable(loader, "Ref", name, where);
        return OK;
    }
    if (resource != NULL && type_of(resource->value) != NULL) {
        status = resource_name(loader, name, resource, type_of(resource->value), &text);
        if (status == OK)
            *ret = text_node(loader, text, where);
        return status;
    }
    if (function != NULL) {
        *ret = text_node(loader, function->name, where);
        return OK;
    }
    if (resource == NULL && !is_generated(name))
        return refuse_name(loader, "Ref", name, where);
    *ret = unknowable(loader, "Ref", name, where);
    return OK;
}

static enum status ref(struct loader *loader, const struct node *argument, struct stack_where where,
                       const struct node **ret)
{
    if (!node_is(argument, NODE_STRING))
        return loader_refuse(loader, where, "Ref: expected the name of a resource, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return ref_name(loader, argument->text, where, ret);
}

static enum status resource_attribute(struct loader *loader, const struct node_member *resource,
                                      struct bytes attribute, struct stack_where where,
                                      const struct node **ret)
{
    const struct resource_type *type = type_of(resource->value);
    struct bytes name = {0};

    for (size_t i = 0; type != NULL && i < ARRAY_COUNT(type->attributes); i++) {
        const char *service = type->attributes[i].service;
        enum status status = OK;

        if (type->attributes[i].name == NULL ||
            !bytes_equal_text(attribute, type->attributes[i].name))
            continue;
        if (bytes_equal_text(attribute, "StreamArn") &&
            node_is_nothing(node_get(node_get(resource->value, "Properties"),
                                     "StreamSpecification")))
            return loader_refuse(loader, where,
                                 "Fn::GetAtt %.*s.StreamArn: expected a StreamSpecification in "
                                 "the table",
                                 BYTES_ARG(resource->name));
        status = resource_name(loader, resource->name, resource, type, &name);
        if (status != OK)
            return status;
        if (service != NULL)
            name = arn_make(loader->arena, &loader->place, service, "%s%.*s%s",
                            type->attributes[i].before, BYTES_ARG(name),
                            type->attributes[i].after);
        *ret = text_node(loader, name, where);
        return OK;
    }
    *ret = unknowable(loader, "Fn::GetAtt",
                      arena_printf(loader->arena, "%.*s.%.*s", BYTES_ARG(resource->name),
                                   BYTES_ARG(attribute)),
                      where);
    return OK;
}

static enum status attribute_of(struct loader *loader, struct bytes path, struct stack_where where,
                                const struct node **ret)
{
    size_t dot = bytes_find_byte(path, '.', 0);
    struct bytes id = bytes_slice(path, 0, dot), attribute = {0};
    const struct node_member *resource = node_find(loader->resources, id);
    const struct loader_function *function = function_of(loader, id);

    if (dot == SIZE_MAX)
        return loader_refuse(loader, where, "Fn::GetAtt: expected Resource.Attribute, got \"%.*s\"",
                             BYTES_ARG(path));
    attribute = bytes_slice(path, dot + 1, path.size);
    if (resource != NULL)
        return resource_attribute(loader, resource, attribute, where, ret);
    if (function == NULL && !is_generated(id))
        return refuse_name(loader, "Fn::GetAtt", id, where);
    if (function != NULL && bytes_equal_text(attribute, "Arn"))
        *ret = text_node(loader, function->arn, where);
    else
        *ret = unknowable(loader, "Fn::GetAtt", path, where);
    return OK;
}

static enum status join_parts(struct loader *loader, const struct node *list, struct bytes separator,
                              const char *what, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);

    for (size_t i = 0; i < list->count; i++) {
        struct bytes text = {0};

        if (!node_scalar_text(list->items[i], &text))
            return loader_refuse(loader, list->items[i]->where, "%s: expected text, got %.*s", what,
                                 BYTES_ARG(node_describe(loader->arena, list->items[i])));
        if (i > 0)
            buffer_append(&out, separator);
        buffer_append(&out, text);
    }
    if (buffer_failed(&out))
        return loader_refuse(loader, list->where, "%s: expected at most %zu bytes of text", what,
                             LOADER_TEXT_SIZE_MAX);
    *ret = arena_copy(loader->arena, buffer_bytes(&out));
    return loader_count_text(loader, list->where, out.size);
}

static enum status get_attribute(struct loader *loader, const struct node *argument,
                                 struct stack_where where, const struct node **ret)
{
    struct bytes path = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (node_is(argument, NODE_LIST))
        status = join_parts(loader, argument, BYTES("."), "Fn::GetAtt", &path);
    else if (node_is(argument, NODE_STRING))
        path = argument->text;
    else
        return loader_refuse(loader, where,
                             "Fn::GetAtt: expected Resource.Attribute or [Resource, Attribute], "
                             "got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return status != OK ? status : attribute_of(loader, path, where, ret);
}

/* ---- functions of text ---- */

static enum status substitute_one(struct loader *loader, struct bytes name,
                                  const struct node *values, struct stack_where where,
                                  struct bytes *ret)
{
    const struct node_member *value = node_find(values, name);
    const struct node *node = NULL;
    enum status status = OK;

    if (value != NULL)
        node = value->value;
    else if (bytes_find_byte(name, '.', 0) != SIZE_MAX)
        status = attribute_of(loader, name, where, &node);
    else
        status = ref_name(loader, name, where, &node);
    if (status != OK)
        return status;
    if (!node_scalar_text(node, ret))
        return loader_refuse(loader, where, "Fn::Sub: ${%.*s}: expected text, got %.*s",
                             BYTES_ARG(name), BYTES_ARG(node_describe(loader->arena, node)));
    return OK;
}

static enum status substitute_text(struct loader *loader, struct bytes text,
                                   const struct node *values, struct stack_where where,
                                   const struct node **ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    size_t at = 0;

    while (at < text.size) {
        size_t end = 0;
        struct bytes value = {0};
        enum status status = OK;

        if (!bytes_start_with(bytes_slice(text, at, 2), BYTES("${"))) {
            buffer_append_byte(&out, text.ptr[at++]);
            continue;
        }
        end = bytes_find_byte(text, '}', at);
        if (end == SIZE_MAX)
            return loader_refuse(loader, where, "Fn::Sub: expected \"}\" behind \"${\"");
        if (text.ptr[at + 2] == '!') { /* ${!Literal} is the text ${Literal} */
            buffer_append_text(&out, "${");
            value = bytes_slice(text, at + 3, end - at - 2);
        } else {
            status = substitute_one(loader, bytes_slice(text, at + 2, end - at - 2), values, where,
                                    &value);
        }
        if (status != OK)
            return status;
        buffer_append(&out, value);
        at = end + 1;
    }
    if (buffer_failed(&out))
        return loader_refuse(loader, where, "Fn::Sub: expected at most %zu bytes of text",
                             LOADER_TEXT_SIZE_MAX);
    *ret = text_node(loader, arena_copy(loader->arena, buffer_bytes(&out)), where);
    return loader_count_text(loader, where, out.size);
}

static enum status substitute(struct loader *loader, const struct node *argument,
                              struct stack_where where, const struct node **ret)
{
    const struct node *text = argument, *values = NULL;

    if (node_is(argument, NODE_LIST) && argument->count == 2) {
        enum status status = resolve(loader, argument->items[1], &values);

        if (status != OK)
            return status;
        text = argument->items[0];
    }
    if (!node_is(text, NODE_STRING) || (values != NULL && values->kind != NODE_MAP))
        return loader_refuse(loader, where, "Fn::Sub: expected text, or [text, mapping], got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return substitute_text(loader, text->text, values, where, ret);
}

static enum status join(struct loader *loader, const struct node *argument, struct stack_where where,
                        const struct node **ret)
{
    struct bytes separator = {0}, text = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &separator) ||
        !node_is(argument->items[1], NODE_LIST))
        return loader_refuse(loader, where, "Fn::Join: expected [separator, [text, ...]]");
    status = join_parts(loader, argument->items[1], separator, "Fn::Join", &text);
    if (status == OK)
        *ret = text_node(loader, text, where);
    return status;
}

static enum status split(struct loader *loader, const struct node *argument,
                         struct stack_where where, const struct node **ret)
{
    struct bytes separator = {0}, text = {0};
    struct node *list = node_new(loader->arena, NODE_LIST, where);
    size_t capacity = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &separator) || separator.size == 0 ||
        !node_scalar_text(argument->items[1], &text))
        return loader_refuse(loader, where, "Fn::Split: expected [separator, text]");
    for (;;) {
        size_t end = bytes_find(text, separator);
        struct node *item = node_new_string(loader->arena, bytes_slice(text, 0, end), where);

        status = loader_count_node(loader, where);
        if (status != OK)
            return status;
        item->state = NODE_DONE;
        list->items = arena_grow(loader->arena, list->items, list->count, list->count + 1,
                                 &capacity, sizeof *list->items);
        list->items[list->count++] = item;
        if (end == SIZE_MAX)
            break;
        text = bytes_slice(text, end + separator.size, text.size);
    }
    list->state = NODE_DONE;
    *ret = list;
    return OK;
}

static enum status select_item(struct loader *loader, const struct node *argument,
                               struct stack_where where, const struct node **ret)
{
    struct bytes index_text = {0};
    uint64_t index = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &index_text) ||
        !bytes_to_uint64(index_text, &index) || !node_is(argument->items[1], NODE_LIST))
        return loader_refuse(loader, where, "Fn::Select: expected [index, [value, ...]]");
    if (index >= argument->items[1]->count)
        return loader_refuse(loader, where, "Fn::Select: expected an index below %zu, got %llu",
                             argument->items[1]->count, (unsigned long long)index);
    *ret = argument->items[1]->items[index];
    return OK;
}

static enum status import_value(struct loader *loader, const struct node *argument,
                                struct stack_where where, const struct node **ret)
{
    struct bytes name = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_scalar_text(argument, &name) || name.size == 0)
        return loader_refuse(loader, where, "Fn::ImportValue: expected the name of an export");
    *ret = unknowable(loader, "Fn::ImportValue", name, where);
    return OK;
}

/* ---- conditions and mappings ---- */

static enum status condition(struct loader *loader, const struct node *node,
                             struct stack_where where, bool *ret);

static enum status condition_list(struct loader *loader, const struct node *list, bool all,
                                  struct stack_where where, bool *ret)
{
    bool result = all;

    if (!node_is(list, NODE_LIST) || list->count == 0)
        return loader_refuse(loader, where, "%s: expected a list of conditions",
                             all ? "Fn::And" : "Fn::Or");
    for (size_t i = 0; i < list->count; i++) {
        bool one = false;
        enum status status = condition(loader, list->items[i], where, &one);

        if (status != OK)
            return status;
        result = all ? result && one : result || one;
    }
    *ret = result;
    return OK;
}

static enum status equals(struct loader *loader, const struct node *list, struct stack_where where,
                          bool *ret)
{
    struct bytes a = {0}, b = {0};
    enum status status = resolve(loader, list, &list);

    if (status != OK)
        return status;
    if (!node_is(list, NODE_LIST) || list->count != 2 || !node_scalar_text(list->items[0], &a) ||
        !node_scalar_text(list->items[1], &b))
        return loader_refuse(loader, where, "Fn::Equals: expected [value, value]");
    *ret = bytes_equal(a, b);
    return OK;
}

static enum status condition_function(struct loader *loader, const struct node_member *function,
                                      bool *ret)
{
    const struct node *argument = function->value;
    enum status status = OK;

    if (bytes_equal_text(function->name, "Condition"))
        return intrinsics_condition(loader, argument, ret);
    if (bytes_equal_text(function->name, "Fn::Equals"))
        return equals(loader, argument, function->where, ret);
    if (bytes_equal_text(function->name, "Fn::And"))
        return condition_list(loader, argument, true, function->where, ret);
    if (bytes_equal_text(function->name, "Fn::Or"))
        return condition_list(loader, argument, false, function->where, ret);
    if (!bytes_equal_text(function->name, "Fn::Not") || !node_is(argument, NODE_LIST) ||
        argument->count != 1)
        return loader_refuse(loader, function->where,
                             "expected Fn::Equals, Fn::And, Fn::Or, Fn::Not: [one condition], or "
                             "Condition");
    status = condition(loader, argument->items[0], function->where, ret);
    *ret = !*ret;
    return status;
}

static enum status condition(struct loader *loader, const struct node *node,
                             struct stack_where where, bool *ret)
{
    enum status status = loader_count_node(loader, where);

    if (status != OK)
        return status;
    if (!node_is(node, NODE_MAP) || node->count != 1)
        return loader_refuse(loader, node != NULL ? node->where : where,
                             "expected a condition, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    if (loader->intrinsic_depth >= STACK_VARIABLE_DEPTH_MAX)
        return loader_refuse(loader, node->where,
                             "expected at most %d functions that lead to each other",
                             STACK_VARIABLE_DEPTH_MAX);
    loader->intrinsic_depth++;
    status = condition_function(loader, &node->members[0], ret);
    loader->intrinsic_depth--;
    return status;
}

enum status intrinsics_condition(struct loader *loader, const struct node *name, bool *ret)
{
    const struct node_member *named = NULL;

    if (!node_is(name, NODE_STRING) ||
        (named = node_find(loader->conditions, name->text)) == NULL)
        return loader_refuse(loader, name->where,
                             "Condition: expected the name of one of the stack's Conditions, got "
                             "%.*s",
                             BYTES_ARG(node_describe(loader->arena, name)));
    return condition(loader, named->value, name->where, ret);
}

static enum status if_else(struct loader *loader, const struct node *argument,
                           struct stack_where where, const struct node **ret)
{
    bool holds = false;
    enum status status = OK;

    if (!node_is(argument, NODE_LIST) || argument->count != 3)
        return loader_refuse(loader, where, "Fn::If: expected [condition, value, value]");
    status = intrinsics_condition(loader, argument->items[0], &holds);
    return status != OK ? status : resolve(loader, argument->items[holds ? 1 : 2], ret);
}

static enum status find_in_map(struct loader *loader, const struct node *argument,
                               struct stack_where where, const struct node **ret)
{
    const struct node *node = loader->mappings;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 3)
        return loader_refuse(loader, where, "Fn::FindInMap: expected [mapping, key, key]");
    for (size_t i = 0; i < argument->count; i++) {
        struct bytes name = {0};
        const struct node_member *member = NULL;

        if (node_scalar_text(argument->items[i], &name))
            member = node_find(node, name);
        if (member == NULL)
            return loader_refuse(loader, argument->items[i]->where,
                                 "Fn::FindInMap: expected a name that stands in the stack's "
                                 "Mappings, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, argument->items[i])));
        node = member->value;
    }
    *ret = node;
    return OK;
}

/* ---- any value ---- */

static enum status not_performed(struct loader *loader, const struct node *argument,
                                 struct stack_where where, const struct node **ret)
{
    (void)argument;
    *ret = unknowable(loader, "this function", BYTES("is not performed"), where);
    return OK;
}

static const struct {
    const char *name;
    intrinsic *perform;
} functions[] = {
    {"Ref", ref},
    {"Fn::GetAtt", get_attribute},
    {"Fn::Sub", substitute},
    {"Fn::Join", join},
    {"Fn::Split", split},
    {"Fn::Select", select_item},
    {"Fn::ImportValue", import_value},
    {"Fn::If", if_else},
    {"Fn::FindInMap", find_in_map},
    {"Fn::Base64", not_performed},
    {"Fn::Cidr", not_performed},
    {"Fn::GetAZs", not_performed},
    {"Fn::Length", not_performed},
    {"Fn::ToJsonString", not_performed},
    {"Fn::Transform", not_performed},
};

static enum status copy_list(struct loader *loader, const struct node *node, const struct node **ret)
{
    struct node *copy = node_new(loader->arena, NODE_LIST, node->where);

    copy->items = ARENA_NEW_ARRAY(loader->arena, node->count, struct node *);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = NULL;
        enum status status = resolve(loader, node->items[i], &item);

        if (status != OK)
            return status;
        if (item != NULL)
            copy->items[copy->count++] = (struct node *)(uintptr_t)item; /* nobody writes it any more */
    }
    copy->state = NODE_DONE;
    *ret = copy;
    return OK;
}

static enum status copy_map(struct loader *loader, const struct node *node, const struct node **ret)
{
    struct node *copy = node_new(loader->arena, NODE_MAP, node->where);

    copy->members = ARENA_NEW_ARRAY(loader->arena, node->count, struct node_member);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *value = NULL;
        enum status status = resolve(loader, node->members[i].value, &value);

        if (status != OK)
            return status;
        if (value == NULL)
            continue;
        copy->members[copy->count] = node->members[i];
        copy->members[copy->count++].value = (struct node *)(uintptr_t)value;
    }
    copy->state = NODE_DONE;
    *ret = copy;
    return OK;
}

static enum status perform(struct loader *loader, const struct node *node, size_t function,
                           const struct node **ret)
{
    enum status status = OK;

    if (loader->intrinsic_depth >= STACK_VARIABLE_DEPTH_MAX)
        return loader_refuse(loader, node->where,
                             "%s: expected at most %d functions that lead to each other",
                             functions[function].name, STACK_VARIABLE_DEPTH_MAX);
    loader->intrinsic_depth++;
    status = functions[function].perform(loader, node->members[0].value, node->where, ret);
    loader->intrinsic_depth--;
    return status;
}

/* node is never NULL here. */
static enum status resolve(struct loader *loader, const struct node *node, const struct node **ret)
{
    enum status status = loader_count_node(loader, node->where);

    if (status != OK)
        return status;
    if (node->kind == NODE_LIST)
        return copy_list(loader, node, ret);
    if (node->kind != NODE_MAP) {
        *ret = node;
        return OK;
    }
    for (size_t i = 0; node->count == 1 && i < ARRAY_COUNT(functions); i++) {
        if (bytes_equal_text(node->members[0].name, functions[i].name))
            return perform(loader, node, i, ret);
    }
    return copy_map(loader, node, ret);
}

enum status intrinsics_resolve(struct loader *loader, const struct node *node,
                               const struct node **ret)
{
    *ret = NULL;
    return node == NULL ? OK : resolve(loader, node, ret);
}
