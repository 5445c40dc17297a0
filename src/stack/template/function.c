/* stack/template/function.c - AWS::Serverless::Function: the function, its role, its version and
 * alias, its settings of asynchronous invocation with the queues that SAM makes for them, and its
 * events (events.c). */
#include "stack/template/template.h"

static const struct key_rule keys[] = {
    {"AutoPublishAlias", NULL},
    {"CodeUri", NULL},
    {"DeadLetterQueue", NULL},
    {"Environment", NULL},
    {"EventInvokeConfig", NULL},
    {"Events", NULL},
    {"FunctionName", NULL},
    {"Handler", NULL},
    {"ImageUri", NULL},
    {"InlineCode", NULL},
    {"LoggingConfig", NULL},
    {"MemorySize", NULL},
    {"PackageType", NULL},
    {"ReservedConcurrentExecutions", NULL},
    {"Role", NULL},
    {"Runtime", NULL},
    {"Timeout", NULL},
    /* They mean nothing offline. */
    {"Architectures", NULL},
    {"AssumeRolePolicyDocument", NULL},
    {"AutoPublishAliasAllProperties", NULL},
    {"AutoPublishCodeSha256", NULL},
    {"CodeSigningConfigArn", NULL},
    {"DeploymentPreference", NULL},
    {"Description", NULL},
    {"EphemeralStorage", NULL},
    {"KmsKeyArn", NULL},
    {"PermissionsBoundary", NULL},
    {"Policies", NULL},
    {"PropagateTags", NULL},
    {"ProvisionedConcurrencyConfig", NULL},
    {"PublishToLatestPublished", NULL},
    {"RecursiveLoop", NULL},
    {"RolePath", NULL},
    {"RuntimeManagementConfig", NULL},
    {"SnapStart", NULL},
    {"SourceKMSKeyArn", NULL},
    {"Tags", NULL},
    {"Tracing", NULL},
    {"VersionDeletionPolicy", NULL},
    {"VersionDescription", NULL},
    {"VpcConfig", NULL},
    /* They would change what happens. */
    {"CapacityProviderConfig", "functions run in processes of this machine"},
    {"DurableConfig", "functions have no durable executions"},
    {"FileSystemConfigs", "no file system is mounted"},
    {"FunctionScalingConfig", "functions run in processes of this machine"},
    {"FunctionUrlConfig", "functions are invoked by name"},
    {"ImageConfig", "container images are not run"},
    {"Layers", "functions run without layers"},
    {"TenancyConfig", "functions have no tenants"},
};

static struct bytes join(struct loader *loader, struct bytes id, const char *end)
{
    return arena_printf(loader->arena, "%.*s%s", BYTES_ARG(id), end);
}

/* ---- the function ---- */

/* {Bucket, Key} is {S3Bucket, S3Key}; without anything the code is beside the template. */
static const struct node *code_of(struct loader *loader, const struct node *given,
                                  struct stack_where where)
{
    const struct node *uri = node_get(given, "CodeUri"), *text = node_get(given, "InlineCode");
    struct node *code = build_map(loader, where);

    if (property_has_value(given, "ImageUri")) {
        build_add(loader, code, BYTES("ImageUri"), node_get(given, "ImageUri"));
        return code;
    }
    if (text != NULL) {
        build_add(loader, code, BYTES("ZipFile"), text);
        return code;
    }
    if (node_is(uri, NODE_MAP) && !node_is_intrinsic(uri)) {
        code->where = uri->where;
        build_add(loader, code, BYTES("S3Bucket"), node_get(uri, "Bucket"));
        build_add(loader, code, BYTES("S3Key"), node_get(uri, "Key"));
        return code;
    }
    return uri != NULL ? uri : intrinsics_text(loader, BYTES("."), where);
}

static enum status add_dead_letters(struct loader *loader, const struct node *given,
                                    struct node *properties)
{
    static const struct key_rule queue_keys[] = {{"Type", NULL}, {"TargetArn", NULL}};
    const struct node *queue = NULL;
    struct node *config = NULL;
    enum status status =
        read_map(loader, node_get(given, "DeadLetterQueue"), "DeadLetterQueue", false, &queue);

    if (status != OK || queue == NULL)
        return status;
    read_check_keys(loader, queue, queue_keys, ARRAY_COUNT(queue_keys), "DeadLetterQueue");
    if (node_is_nothing(node_get(queue, "TargetArn")))
        return loader_refuse(loader, queue->where,
                             "DeadLetterQueue: expected {Type, TargetArn} with a TargetArn");
    config = build_map(loader, queue->where);
    build_add(loader, config, BYTES("TargetArn"), node_get(queue, "TargetArn"));
    build_add(loader, properties, BYTES("DeadLetterConfig"), config);
    return OK;
}

static enum status add_lambda(struct loader *loader, const struct node_member *resource,
                              const struct node *given)
{
    static const char *const same[] = {"FunctionName",
                                       "Handler",
                                       "Runtime",
                                       "Timeout",
                                       "MemorySize",
                                       "Environment",
                                       "Description",
                                       "LoggingConfig",
                                       "ReservedConcurrentExecutions",
                                       "PackageType",
                                       NULL};
    static const char *const attributes[] = {"DependsOn",           "DeletionPolicy", "Metadata",
                                             "UpdateReplacePolicy", "UpdatePolicy",   NULL};
    struct stack_where where = resource->value->where;
    struct node *properties = build_map(loader, where), *made = NULL;
    enum status status = OK;

    build_add(loader, properties, BYTES("Code"), code_of(loader, given, where));
    build_add_members(loader, properties, given, same);
    status = add_dead_letters(loader, given, properties);
    if (status == OK)
        status = sam_add(loader, resource->name, "AWS::Lambda::Function", properties, resource);
    if (status != OK)
        return status;
    made = node_get(loader->resources, arena_copy_text(loader->arena, resource->name));
    build_add_members(loader, made, resource->value, attributes);
    if (property_has_value(given, "Role"))
        return OK;
    return sam_add(loader, join(loader, resource->name, "Role"), "AWS::IAM::Role",
                   build_map(loader, where), resource);
}

/* ---- AutoPublishAlias ---- */

static enum status add_alias(struct loader *loader, const struct node_member *resource,
                             const struct node *given, struct bytes *ret)
{
    struct stack_where where = resource->value->where;
    struct node *version = build_map(loader, where), *alias = build_map(loader, where);
    struct bytes id = resource->name, name = {0}, version_id = join(loader, id, "Version");
    enum status status =
        read_text(loader, node_get(given, "AutoPublishAlias"), "AutoPublishAlias", &name);

    *ret = (struct bytes){0};
    if (status != OK || name.size == 0)
        return status;
    *ret = arena_printf(loader->arena, "%.*sAlias%.*s", BYTES_ARG(id), BYTES_ARG(name));
    build_add(loader, version, BYTES("FunctionName"), build_one(loader, "Ref", id, where));
    build_add(loader, version, BYTES("Description"), node_get(given, "VersionDescription"));
    build_add(loader, alias, BYTES("FunctionName"), build_one(loader, "Ref", id, where));
    build_add(loader, alias, BYTES("FunctionVersion"),
              build_get_attribute(loader, version_id, "Version", where));
    build_add_text(loader, alias, "Name", name);
    sam_name(loader, join(loader, id, ".Version"), version_id);
    sam_name(loader, join(loader, id, ".Alias"), *ret);
    status = sam_add(loader, version_id, "AWS::Lambda::Version", version, resource);
    return status == OK ? sam_add(loader, *ret, "AWS::Lambda::Alias", alias, resource) : status;
}

/* ---- EventInvokeConfig ---- */

/* {Type, Destination}; without a Destination SAM makes the queue. */
static enum status add_destination(struct loader *loader, const struct node_member *resource,
                                   const struct node *config, const char *name, struct node *into)
{
    static const struct key_rule destination_keys[] = {{"Type", NULL}, {"Destination", NULL}};
    const struct node *given = NULL, *destination = NULL;
    struct bytes type = {0}, id = {0};
    struct node *made = NULL;
    enum status status = read_map(loader, node_get(config, name), name, false, &given);

    if (status == OK)
        status = read_text(loader, node_get(given, "Type"), "Type", &type);
    if (status != OK || given == NULL)
        return status;
    read_check_keys(loader, given, destination_keys, ARRAY_COUNT(destination_keys), name);
    if (!bytes_equal_text(type, "SQS") && !bytes_equal_text(type, "SNS") &&
        !bytes_equal_text(type, "Lambda") && !bytes_equal_text(type, "EventBridge") &&
        !bytes_equal_text(type, "S3Bucket"))
        return loader_refuse(loader, given->where,
                             "%s: expected Type: SQS, SNS, Lambda, EventBridge or S3Bucket, got "
                             "\"%.*s\"",
                             name, BYTES_ARG(type));
    destination = node_get(given, "Destination");
    made = build_map(loader, given->where);
    if (node_is_nothing(destination) && bytes_equal_text(type, "SQS")) {
        id = arena_printf(loader->arena, "%.*sEventInvokeConfig%sQueue", BYTES_ARG(resource->name),
                          name);
        sam_name(loader, join(loader, resource->name, ".DestinationQueue"), id);
        status = sam_add(loader, id, "AWS::SQS::Queue", build_map(loader, given->where), resource);
        destination = build_get_attribute(loader, id, "Arn", given->where);
    } else if (node_is_nothing(destination) && bytes_equal_text(type, "SNS")) {
        loader_note(loader, given->where, "not acted on: %s: dynlog has no SNS", name);
        return OK;
    } else if (node_is_nothing(destination)) {
        return loader_refuse(loader, given->where, "%s: expected Destination in it", name);
    }
    build_add(loader, made, BYTES("Destination"), destination);
    build_add(loader, into, bytes_of_text(name), made);
    return status;
}

static enum status add_invoke_config(struct loader *loader, const struct node_member *resource,
                                     const struct node *given, struct bytes alias)
{
    static const char *const same[] = {"MaximumEventAgeInSeconds", "MaximumRetryAttempts", NULL};
    static const struct key_rule config_keys[] = {{"MaximumEventAgeInSeconds", NULL},
                                                  {"MaximumRetryAttempts", NULL},
                                                  {"DestinationConfig", NULL}};
    const struct node *config = NULL, *destinations = NULL;
    struct node *properties = NULL, *made = NULL;
    enum status status =
        read_map(loader, node_get(given, "EventInvokeConfig"), "EventInvokeConfig", false, &config);

    if (status == OK)
        status = read_map(loader, node_get(config, "DestinationConfig"), "DestinationConfig", false,
                          &destinations);
    if (status != OK || config == NULL)
        return status;
    read_check_keys(loader, config, config_keys, ARRAY_COUNT(config_keys), "EventInvokeConfig");
    properties = build_map(loader, config->where);
    made = build_map(loader, config->where);
    build_add(loader, properties, BYTES("FunctionName"),
              build_one(loader, "Ref", resource->name, config->where));
    if (alias.size > 0)
        build_add(loader, properties, BYTES("Qualifier"), node_get(given, "AutoPublishAlias"));
    else
        build_add_text(loader, properties, "Qualifier", BYTES("$LATEST"));
    build_add_members(loader, properties, config, same);
    status = add_destination(loader, resource, destinations, "OnSuccess", made);
    if (status == OK)
        status = add_destination(loader, resource, destinations, "OnFailure", made);
    if (status != OK)
        return status;
    build_add(loader, properties, BYTES("DestinationConfig"), made);
    return sam_add(loader, join(loader, resource->name, "EventInvokeConfig"),
                   "AWS::Lambda::EventInvokeConfig", properties, resource);
}

/* ---- all of it ---- */

static enum status add_events(struct loader *loader, const struct node_member *resource,
                              const struct node *given, struct bytes alias)
{
    const struct node *events = NULL;
    enum status status = read_map(loader, node_get(given, "Events"), "Events", false, &events);

    for (size_t i = 0; status == OK && events != NULL && i < events->count; i++)
        status = sam_event(loader, resource, alias, &events->members[i]);
    return status;
}

enum status sam_function(struct loader *loader, const struct node_member *resource,
                         const struct node *globals)
{
    const struct node *given =
        build_merge(loader, globals, node_get(resource->value, "Properties"));
    struct bytes alias = {0};
    enum status status = read_map(loader, given, "Properties", false, &given);

    if (status != OK)
        return status;
    if (given == NULL)
        return loader_refuse(loader, resource->value->where,
                             "%.*s: expected Properties with Handler and Runtime",
                             BYTES_ARG(resource->name));
    read_check_keys(loader, given, keys, ARRAY_COUNT(keys), "a function");
    status = add_lambda(loader, resource, given);
    if (status == OK)
        status = add_alias(loader, resource, given, &alias);
    if (status == OK)
        status = add_invoke_config(loader, resource, given, alias);
    return status == OK ? add_events(loader, resource, given, alias) : status;
}
