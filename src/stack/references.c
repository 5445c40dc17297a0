/* stack/references.c - what Ref and Fn::GetAtt find: pseudo parameters, parameters, the stack's own
 * resources and functions.
 *
 * What only AWS could know (an attribute of a resource that dynlog has not) is noted and null; a
 * name that is nowhere in the file is refused, as CloudFormation does. */
#include "stack/loader.h"

/* ---- resources by name ---- */

#define NAME_SIZE_MAX 64 /* rules, schedules, connections ... */
#define QUEUE_NAME_SIZE_MAX 80
#define TABLE_NAME_SIZE_MAX 255

/* What an attribute is a text around: `%` stands for the resource's name. */
struct attribute {
    const char *name, *service; /* service NULL: the text as it is */
    const char *text;
};

/* What dynlog makes: the property that names it, and what Ref (attribute "") and Fn::GetAtt give.
 * Without a row for Ref it is the name. */
static const struct resource_type {
    const char *type, *name_property;
    bool name_optional; /* CloudFormation makes one up */
    size_t name_size_max;
    struct attribute attributes[4];
} resource_types[] = {
    {"AWS::DynamoDB::Table",
     "TableName",
     true,
     TABLE_NAME_SIZE_MAX,
     {{"Arn", "dynamodb", "table/%"}, {"StreamArn", "dynamodb", "table/%/stream/*"}}},
    {"AWS::DynamoDB::GlobalTable",
     "TableName",
     true,
     TABLE_NAME_SIZE_MAX,
     {{"Arn", "dynamodb", "table/%"}, {"StreamArn", "dynamodb", "table/%/stream/*"}}},
    {"AWS::Lambda::Function",
     "FunctionName",
     true,
     NAME_SIZE_MAX,
     {{"Arn", "lambda", "function:%"}}},
    {"AWS::Events::EventBus",
     "Name",
     false,
     0,
     {{"Arn", "events", "event-bus/%"}, {"Name", NULL, "%"}}},
    {"AWS::Events::Archive",
     "ArchiveName",
     true,
     48,
     {{"Arn", "events", "archive/%"}, {"ArchiveName", NULL, "%"}}},
    {"AWS::Events::Rule", "Name", true, NAME_SIZE_MAX, {{"Arn", "events", "rule/%"}}},
    {"AWS::Events::Connection",
     "Name",
     true,
     NAME_SIZE_MAX,
     {{"Arn", "events", "connection/%/*"}, {"ArnForPolicy", "events", "connection/%"}}},
    {"AWS::Events::ApiDestination",
     "Name",
     true,
     NAME_SIZE_MAX,
     {{"Arn", "events", "api-destination/%/*"}, {"ArnForPolicy", "events", "api-destination/%"}}},
    {"AWS::Scheduler::Schedule", "Name", true, NAME_SIZE_MAX, {{"Arn", "scheduler", "schedule/%"}}},
    {"AWS::Scheduler::ScheduleGroup",
     "Name",
     true,
     NAME_SIZE_MAX,
     {{"Arn", "scheduler", "schedule-group/%"}}},
    {"AWS::SQS::Queue",
     "QueueName",
     true,
     QUEUE_NAME_SIZE_MAX,
     {{"", NULL, "url"}, {"QueueUrl", NULL, "url"}, {"Arn", "sqs", "%"}, {"QueueName", NULL, "%"}}},
    {"AWS::Logs::LogGroup", "LogGroupName", true, 512, {{"Arn", "logs", "log-group:%:*"}}},
    {"AWS::S3::Bucket", "BucketName", true, 63, {{"Arn", NULL, "arn:aws:s3:::%"}}}, /* not made */
    {"AWS::IAM::Role", "RoleName", true, NAME_SIZE_MAX, {{"Arn", "iam", "role/%"}}},
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

static bool has_type(const struct resource_type *type, const char *name)
{
    return strcmp(type->type, name) == 0;
}

/* STACK-ID, as CloudFormation makes it, but without the random letters behind it: the same file
 * must find its things again. Too long: the stack's part is cut. */
static enum status make_name(struct loader *loader, struct bytes id, const struct node *resource,
                             const struct resource_type *type, struct bytes *ret)
{
    struct bytes stack = loader->stack_name, ending = {0};
    bool fifo = false;
    enum status status = OK;

    if (has_type(type, "AWS::SQS::Queue"))
        status = read_boolean(loader, node_get(node_get(resource, "Properties"), "FifoQueue"),
                              "FifoQueue", &fifo);
    if (fifo)
        ending = BYTES(".fifo");
    if (type->name_size_max > 0 && id.size + ending.size + 1 < type->name_size_max)
        stack.size = size_min(stack.size, type->name_size_max - id.size - ending.size - 1);
    *ret = arena_printf(loader->arena, "%.*s-%.*s%.*s", BYTES_ARG(stack), BYTES_ARG(id),
                        BYTES_ARG(ending));
    return status;
}

enum status references_name(struct loader *loader, struct bytes id, const struct node *resource,
                            struct bytes *ret)
{
    const struct resource_type *type = type_of(resource);
    const struct node *properties = node_get(resource, "Properties");
    enum status status = OK;

    assert(type != NULL);
    *ret = (struct bytes){0};
    status = read_text(loader, node_get(properties, type->name_property), type->name_property, ret);
    if (status != OK || ret->size > 0)
        return status;
    if (!type->name_optional)
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with %s",
                             BYTES_ARG(id), type->name_property);
    return make_name(loader, id, resource, type, ret);
}

static struct bytes role_arn(struct loader *loader, struct bytes name)
{
    return arena_printf(loader->arena, "arn:%s:iam::%s:role/%.*s", loader->place.partition,
                        loader->place.account, BYTES_ARG(name));
}

/* The name that the Serverless Framework gives to the one role of its functions. */
struct bytes references_role(struct loader *loader)
{
    return role_arn(loader, arena_printf(loader->arena, "%.*s-%.*s-%s-lambdaRole",
                                         BYTES_ARG(loader->stack->service),
                                         BYTES_ARG(loader->stack->stage), loader->place.region));
}

/* Resources that the Serverless Framework adds when it deploys. */
static bool is_generated(const struct loader *loader, struct bytes id)
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

    for (size_t i = 0; !loader->is_template && i < ARRAY_COUNT(endings); i++) {
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

/* ---- what Ref and Fn::GetAtt give of a resource ---- */

/* Rules and schedules have the bus or group in their ARN, unless it is the default rule's. */
static enum status name_in_arn(struct loader *loader, const struct node_member *resource,
                               const struct resource_type *type, struct bytes *name)
{
    const struct node *properties = node_get(resource->value, "Properties");
    bool rule = has_type(type, "AWS::Events::Rule");
    struct bytes owner = {0};
    enum status status = OK;

    if (!rule && !has_type(type, "AWS::Scheduler::Schedule"))
        return OK;
    status = read_text(loader, node_get(properties, rule ? "EventBusName" : "GroupName"),
                       rule ? "EventBusName" : "GroupName", &owner);
    if (status != OK)
        return status;
    while (rule && bytes_find_byte(owner, '/', 0) != SIZE_MAX) /* a bus by ARN */
        owner = bytes_slice(owner, bytes_find_byte(owner, '/', 0) + 1, owner.size);
    if (owner.size == 0)
        owner = BYTES("default");
    if (!rule || !bytes_equal_text(owner, "default"))
        *name = arena_printf(loader->arena, "%.*s/%.*s", BYTES_ARG(owner), BYTES_ARG(*name));
    return OK;
}

/* The text with the name for `%`, and for `*` what is known later. */
static struct bytes fill_in(struct loader *loader, const struct resource_type *type,
                            const char *text, struct bytes name, struct bytes plain_name)
{
    enum stack_late_kind kind = strncmp(type->type, "AWS::DynamoDB::", 15) == 0 ? STACK_LATE_STREAM
                                : has_type(type, "AWS::Events::Connection")
                                    ? STACK_LATE_CONNECTION
                                    : STACK_LATE_API_DESTINATION;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '%')
            buffer_append(&out, name);
        else if (*at == '*' && !has_type(type, "AWS::Logs::LogGroup"))
            buffer_append(&out, late_mark(loader, kind, plain_name));
        else
            buffer_append_byte(&out, (uint8_t)*at);
    }
    return arena_copy(loader->arena, buffer_bytes(&out));
}

/* attribute "": Ref */
static enum status resource_text(struct loader *loader, const struct node_member *resource,
                                 const struct resource_type *type, const char *attribute,
                                 struct bytes *ret)
{
    struct bytes name = {0}, full = {0};
    const struct attribute *found = NULL;
    enum status status = references_name(loader, resource->name, resource->value, &name);

    for (size_t i = 0; i < ARRAY_COUNT(type->attributes); i++)
        if (type->attributes[i].name != NULL && strcmp(type->attributes[i].name, attribute) == 0)
            found = &type->attributes[i];
    *ret = full = name;
    if (status != OK || found == NULL)
        return status;
    if (strcmp(found->text, "url") == 0) {
        *ret = arena_printf(loader->arena, "http://127.0.0.1:%.*s/%s/%.*s",
                            BYTES_ARG(late_mark(loader, STACK_LATE_PORT, (struct bytes){0})),
                            loader->place.account, BYTES_ARG(name));
        return OK;
    }
    if (has_type(type, "AWS::IAM::Role")) {
        *ret = role_arn(loader, name);
        return OK;
    }
    if (found->service != NULL)
        status = name_in_arn(loader, resource, type, &full);
    *ret = fill_in(loader, type, found->text, full, name);
    if (status == OK && found->service != NULL)
        *ret = arn_make(loader->arena, &loader->place, found->service, "%.*s", BYTES_ARG(*ret));
    return status;
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

/* What has a Condition that does not hold is nowhere. */
static enum status check_made(struct loader *loader, const char *function,
                              const struct node_member *resource, struct stack_where where)
{
    const struct node *condition = node_get(resource->value, "Condition");
    bool made = true;
    enum status status = condition != NULL ? conditions_hold(loader, condition, &made) : OK;

    if (status == OK && !made)
        return loader_refuse(loader, where,
                             "%s: expected a resource of this stack: the Condition of %.*s does "
                             "not hold",
                             function, BYTES_ARG(resource->name));
    return status;
}

/* Versions and aliases: a function's name and more. */
static bool is_qualified(const struct node_member *resource)
{
    const struct node *type = resource != NULL ? node_get(resource->value, "Type") : NULL;

    return node_is(type, NODE_STRING) && (bytes_equal_text(type->text, "AWS::Lambda::Version") ||
                                          bytes_equal_text(type->text, "AWS::Lambda::Alias"));
}

static enum status qualified(struct loader *loader, const struct node_member *resource,
                             struct bytes attribute, struct stack_where where,
                             const struct node **ret)
{
    struct bytes text = {0};
    enum status status = lambda_reference(loader, resource->value, attribute, &text);

    if (status != OK)
        return status;
    *ret = text.size > 0 ? intrinsics_text(loader, text, where)
                         : intrinsics_unknowable(loader, attribute.size > 0 ? "Fn::GetAtt" : "Ref",
                                                 resource->name, where);
    return OK;
}

/* SAM's own names for what it generates: Function.Alias, Function.Version. */
static struct bytes generated_id(const struct loader *loader, struct bytes name)
{
    for (size_t i = 0; i < loader->generated_count; i++)
        if (bytes_equal(loader->generated[i].name, name))
            return loader->generated[i].id;
    return name;
}

enum status references_find(struct loader *loader, struct bytes given, struct stack_where where,
                            const struct node **ret)
{
    struct bytes name = generated_id(loader, given);
    const struct node_member *parameter = node_find(loader->parameters, name);
    const struct node_member *resource = node_find(loader->resources, name);
    const struct loader_function *function = function_of(loader, name);
    struct bytes text = {0};
    enum status status = OK;

    if (pseudo_parameter(loader, name, where, ret))
        return OK;
    if (parameter != NULL) {
        *ret = parameters_value(loader, name);
        if (*ret == NULL)
            *ret = intrinsics_unknowable(loader, "Ref", name, where);
        return OK;
    }
    if (resource != NULL)
        status = check_made(loader, "Ref", resource, where);
    if (status == OK && is_qualified(resource))
        return qualified(loader, resource, BYTES(""), where, ret);
    if (status != OK)
        return status;
    if (resource != NULL && type_of(resource->value) != NULL) {
        status = resource_text(loader, resource, type_of(resource->value), "", &text);
        if (status == OK)
            *ret = intrinsics_text(loader, text, where);
        return status;
    }
    if (function != NULL) {
        *ret = intrinsics_text(loader, function->name, where);
        return OK;
    }
    if (resource == NULL && !is_generated(loader, name))
        return refuse_name(loader, "Ref", name, where);
    *ret = intrinsics_unknowable(loader, "Ref", name, where);
    return OK;
}

static enum status resource_attribute(struct loader *loader, const struct node_member *resource,
                                      struct bytes attribute, struct stack_where where,
                                      const struct node **ret)
{
    const struct resource_type *type = type_of(resource->value);
    const struct node *properties = node_get(resource->value, "Properties");
    struct bytes text = {0};

    for (size_t i = 0; type != NULL && i < ARRAY_COUNT(type->attributes); i++) {
        const char *name = type->attributes[i].name;
        enum status status = OK;

        if (name == NULL || name[0] == '\0' || !bytes_equal_text(attribute, name))
            continue;
        if (bytes_equal_text(attribute, "StreamArn") &&
            !property_has_value(properties, "StreamSpecification"))
            return loader_refuse(loader, where,
                                 "Fn::GetAtt %.*s.StreamArn: expected a StreamSpecification in "
                                 "the table",
                                 BYTES_ARG(resource->name));
        status = resource_text(loader, resource, type, name, &text);
        if (status == OK)
            *ret = intrinsics_text(loader, text, where);
        return status;
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

    if (!bytes_equal(generated_id(loader, path), path))
        return references_find(loader, path, where, ret);
    if (dot == SIZE_MAX)
        return loader_refuse(loader, where, "Fn::GetAtt: expected Resource.Attribute, got \"%.*s\"",
                             BYTES_ARG(path));
    attribute = bytes_slice(path, dot + 1, path.size);
    if (resource != NULL) {
        enum status status = check_made(loader, "Fn::GetAtt", resource, where);

        if (status != OK)
            return status;
    }
    if (is_qualified(resource))
        return qualified(loader, resource, attribute, where, ret);
    if (resource != NULL)
        return resource_attribute(loader, resource, attribute, where, ret);
    if (function == NULL && !is_generated(loader, id))
        return refuse_name(loader, "Fn::GetAtt", id, where);
    if (function != NULL && bytes_equal_text(attribute, "Arn"))
        *ret = intrinsics_text(loader, function->arn, where);
    else
        *ret = intrinsics_unknowable(loader, "Fn::GetAtt", path, where);
    return OK;
}
