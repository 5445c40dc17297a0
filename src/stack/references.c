/* stack/references.c - what Ref and Fn::GetAtt find: pseudo parameters, parameters, the stack's own
 * resources and functions.
 *
 * What only AWS could know (an attribute of a resource that dynlog has not) is noted and null; a
 * name that is nowhere in the file is refused, as CloudFormation does. */
#include "stack/loader.h"

/* ---- resources by name ---- */

/* What dynlog makes: the property that names it, and the attributes that are texts around the name.
 */
static const struct resource_type {
    const char *type, *name_property;
    bool name_optional; /* CloudFormation makes one up */
    struct {
        const char *name, *service, *before, *after; /* service NULL: the bare name */
    } attributes[2];
} resource_types[] = {
    {"AWS::DynamoDB::Table",
     "TableName",
     false,
     {{"Arn", "dynamodb", "table/", ""}, {"StreamArn", "dynamodb", "table/", "/stream/*"}}},
    {"AWS::Events::EventBus",
     "Name",
     false,
     {{"Arn", "events", "event-bus/", ""}, {"Name", NULL, "", ""}}},
    {"AWS::Events::Archive",
     "ArchiveName",
     true,
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
        "IamRoleLambdaExecution",
        "LogGroup",
        "ServerlessDeploymentBucket",
        "HttpApi",
        "WebsocketsApi",
        "ApiGatewayRestApi",
        "EventBridgeRule",
        "ServerlessDeploymentBucketPolicy",
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
            *ret = intrinsics_text(loader, parameters[i].value, where);
            return true;
        }
    }
    if (!bytes_start_with(name, BYTES("AWS::")))
        return false;
    *ret = bytes_equal_text(name, "AWS::NoValue")
               ? NULL
               : intrinsics_unknowable(loader, "Ref", name, where);
    return true;
}

enum status references_find(struct loader *loader, struct bytes name, struct stack_where where,
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
            *ret = intrinsics_unknowable(loader, "Ref", name, where);
        return OK;
    }
    if (resource != NULL && type_of(resource->value) != NULL) {
        status = resource_name(loader, name, resource, type_of(resource->value), &text);
        if (status == OK)
            *ret = intrinsics_text(loader, text, where);
        return status;
    }
    if (function != NULL) {
        *ret = intrinsics_text(loader, function->name, where);
        return OK;
    }
    if (resource == NULL && !is_generated(name))
        return refuse_name(loader, "Ref", name, where);
    *ret = intrinsics_unknowable(loader, "Ref", name, where);
    return OK;
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
            node_is_nothing(
                node_get(node_get(resource->value, "Properties"), "StreamSpecification")))
            return loader_refuse(loader, where,
                                 "Fn::GetAtt %.*s.StreamArn: expected a StreamSpecification in "
                                 "the table",
                                 BYTES_ARG(resource->name));
        status = resource_name(loader, resource->name, resource, type, &name);
        if (status != OK)
            return status;
        if (service != NULL)
            name = arn_make(loader->arena, &loader->place, service, "%s%.*s%s",
                            type->attributes[i].before, BYTES_ARG(name), type->attributes[i].after);
        *ret = intrinsics_text(loader, name, where);
        return OK;
    }
    *ret = intrinsics_unknowable(
        loader, "Fn::GetAtt",
        arena_printf(loader->arena, "%.*s.%.*s", BYTES_ARG(resource->name), BYTES_ARG(attribute)),
        where);
    return OK;
}

enum status references_find_attribute(struct loader *loader, struct bytes path,
                                      struct stack_where where, const struct node **ret)
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
        *ret = intrinsics_text(loader, function->arn, where);
    else
        *ret = intrinsics_unknowable(loader, "Fn::GetAtt", path, where);
    return OK;
}
