/* stack/serverless/serverless.c - a Serverless Framework file from its text to a struct stack: the
 * order of the steps, the top level, provider and custom. See stack.h and loader.h. */
#include "stack/loader.h"

#include "base/file.h"

static const struct key_rule top_keys[] = {
    {"service", NULL},
    {"provider", NULL},
    {"custom", NULL},
    {"functions", NULL},
    {"resources", NULL},
    {"params", NULL},
    {"stages", NULL},
    /* They say how to deploy. */
    {"app", NULL},
    {"build", NULL},
    {"configValidationMode", NULL},
    {"console", NULL},
    {"dashboard", NULL},
    {"deprecationNotificationMode", NULL},
    {"disabledDeprecations", NULL},
    {"enableLocalInstallationFallback", NULL},
    {"frameworkVersion", NULL},
    {"licenseKey", NULL},
    {"org", NULL},
    {"outputs", NULL},
    {"package", NULL},
    {"plugins", NULL},
    {"tenant", NULL},
    {"unresolvedVariablesNotificationMode", NULL},
    {"variablesResolutionMode", NULL},
    /* They would change what happens. */
    {"layers", "functions run without layers"},
    {"useDotenv", "set the variables in the environment instead"},
    {"stepFunctions", "dynlog has no Step Functions"},
    {"appSync", "dynlog has no AppSync"},
};

static const struct key_rule provider_keys[] = {
    {"name", NULL},
    {"stage", NULL},
    {"region", NULL},
    {"runtime", NULL},
    {"environment", NULL},
    {"timeout", NULL},
    {"memorySize", NULL},
    {"stackName", NULL},
    /* They mean nothing offline. */
    {"alb", NULL},
    {"apiGateway", NULL},
    {"apiKeys", NULL},
    {"apiName", NULL},
    {"architecture", NULL},
    {"cfnRole", NULL},
    {"cloudFront", NULL},
    {"deploymentBucket", NULL},
    {"deploymentMethod", NULL},
    {"deploymentPrefix", NULL},
    {"description", NULL},
    {"disableRollback", NULL},
    {"ecr", NULL},
    {"endpointType", NULL},
    {"eventBridge", NULL},
    {"httpApi", NULL},
    {"iam", NULL},
    {"iamManagedPolicies", NULL},
    {"iamRoleStatements", NULL},
    {"kmsKeyArn", NULL},
    {"lambdaHashingVersion", NULL},
    {"logDataProtectionPolicy", NULL},
    {"logRetentionInDays", NULL},
    {"logs", NULL},
    {"notificationArns", NULL},
    {"profile", NULL},
    {"resourcePolicy", NULL},
    {"restApiId", NULL},
    {"role", NULL},
    {"rolePermissionsBoundary", NULL},
    {"rollbackConfiguration", NULL},
    {"runtimeManagement", NULL},
    {"s3", NULL},
    {"stackParameters", NULL},
    {"stackPolicy", NULL},
    {"stackTags", NULL},
    {"tags", NULL},
    {"tracing", NULL},
    {"usagePlan", NULL},
    {"versionFunctions", NULL},
    {"vpc", NULL},
    {"vpcEndpointIds", NULL},
    {"websocketsApiName", NULL},
    {"websocketsApiRouteSelectionExpression", NULL},
    {"websocketsDescription", NULL},
    {"websocket", NULL},
    /* They would change what happens. */
    {"layers", "functions run without layers"},
};

/* ---- stage, region, service ---- */

/* One value of the provider, before the rest of the file is resolved: everything else needs it. */
static enum status choose(struct loader *loader, const char *option, const char *path,
                          const char *fallback, struct bytes *ret)
{
    struct node *node = NULL;
    struct bytes text = {0};
    enum status status = OK;

    if (option != NULL && option[0] != '\0') {
        *ret = bytes_of_text(option);
        return OK;
    }
    status = variables_walk(loader, loader->root, bytes_of_text(path), &node);
    if (status != OK)
        return status;
    if (!node_scalar_text(node, &text))
        return loader_refuse(loader, node->where, "%s: expected text, got %.*s", path,
                             BYTES_ARG(node_describe(loader->arena, node)));
    *ret = text.size > 0 ? text : bytes_of_text(fallback);
    return OK;
}

static enum status choose_place(struct loader *loader)
{
    struct stack *stack = loader->stack;
    enum status status = choose(loader, loader->options->stage, "provider.stage",
                                LOADER_STAGE_DEFAULT, &stack->stage);

    if (status != OK)
        return status;
    loader->chosen_stage = stack->stage;
    status = choose(loader, loader->options->region, "provider.region", LOADER_REGION_DEFAULT,
                    &stack->region);
    if (status != OK)
        return status;
    loader->chosen_region = stack->region;
    loader->place.region = arena_copy_text(loader->arena, stack->region);
    return OK;
}

/* service: name, or the older {name: name} */
static enum status read_service(struct loader *loader)
{
    struct stack *stack = loader->stack;
    const struct node *node = node_get(loader->root, "service"), *provider = NULL;
    enum status status = OK;

    if (node_is(node, NODE_MAP))
        node = node_get(node, "name");
    status = read_text(loader, node, "service", &stack->service);
    if (status != OK)
        return status;
    if (stack->service.size == 0)
        return loader_refuse(loader, node != NULL ? node->where : loader->root->where,
                             "expected service: with the name of the stack");
    loader->stack_name = arena_printf(loader->arena, "%.*s-%.*s", BYTES_ARG(stack->service),
                                      BYTES_ARG(stack->stage));
    status = read_map(loader, node_get(loader->root, "provider"), "provider", false, &provider);
    if (status != OK)
        return status;
    read_check_keys(loader, provider, provider_keys, ARRAY_COUNT(provider_keys), "provider");
    return read_text(loader, node_get(provider, "stackName"), "stackName", &loader->stack_name);
}

/* ---- custom ---- */

static enum status read_port(struct loader *loader, const struct node *node, const char *what,
                             uint16_t *ret)
{
    int64_t port = 0;
    enum status status = read_integer(loader, node, what, 1, UINT16_MAX, &port);

    if (status == OK)
        *ret = (uint16_t)port;
    return status;
}

static enum status read_dynlog(struct loader *loader, const struct node *dynlog)
{
    static const struct key_rule dynlog_keys[] = {{"archive", NULL}, {"shards", NULL}};
    struct stack *stack = loader->stack;
    int64_t shards = 0;
    enum status status =
        read_text(loader, node_get(dynlog, "archive"), "archive", &stack->archive_path);

    if (status == OK)
        status = read_integer(loader, node_get(dynlog, "shards"), "shards", 1, STACK_SHARDS_MAX,
                              &shards);
    if (status != OK)
        return status;
    stack->shard_count = (uint32_t)shards;
    read_check_keys(loader, dynlog, dynlog_keys, ARRAY_COUNT(dynlog_keys), "custom.dynlog");
    return OK;
}

/* The settings of the offline plugins that mean something here; the plugins' other settings
 * (endpoint, readInterval ...) speak of how they work, not of what the stack does. */
static enum status read_custom(struct loader *loader)
{
    struct stack *stack = loader->stack;
    const struct node *custom = node_get(loader->root, "custom");
    const struct node *bridge = NULL, *offline = NULL, *dynlog = NULL;
    enum status status = read_map(loader, custom, "custom", false, &custom);

    if (status == OK)
        status = read_map(loader, node_get(custom, "serverless-offline-aws-eventbridge"),
                          "serverless-offline-aws-eventbridge", false, &bridge);
    if (status == OK)
        status = read_map(loader, node_get(custom, "serverless-offline"), "serverless-offline",
                          false, &offline);
    if (status == OK)
        status = read_map(loader, node_get(custom, "dynlog"), "dynlog", false, &dynlog);
    if (status == OK)
        status = read_port(loader, node_get(bridge, "port"), "port", &stack->events_port);
    if (status == OK)
        status = read_integer(loader, node_get(bridge, "retryDelayMs"), "retryDelayMs", 0,
                              INT32_MAX, &stack->retry_delay_ms);
    if (status == OK)
        status = read_integer(loader, node_get(bridge, "maximumRetryAttempts"),
                              "maximumRetryAttempts", 0, INT32_MAX, &stack->maximum_retry_attempts);
    if (status == OK)
        status =
            read_port(loader, node_get(offline, "lambdaPort"), "lambdaPort", &stack->lambda_port);
    return status == OK ? read_dynlog(loader, dynlog) : status;
}

/* ---- the steps ---- */

static const char *folder_of(struct arena *arena, const char *path)
{
    struct bytes folder = bytes_of_text(path);

    while (folder.size > 0 && folder.ptr[folder.size - 1] != '/')
        folder.size--;
    if (folder.size == 0)
        return ".";
    while (folder.size > 1 && folder.ptr[folder.size - 1] == '/')
        folder.size--;
    return arena_copy_text(arena, folder);
}

static struct stack *new_stack(struct arena *arena, const struct stack_options *options)
{
    struct stack *stack = ARENA_NEW(arena, struct stack);

    stack->folder = options->path != NULL ? folder_of(arena, options->path) : ".";
    stack->account = bytes_of_text(options->account);
    stack->retry_delay_ms = -1;
    stack->maximum_retry_attempts = -1;
    return stack;
}

static enum status perform_steps(struct loader *loader, struct bytes text)
{
    const char *path = loader->options->path != NULL ? loader->options->path : "serverless.yml";
    enum status status = yaml_parse(loader, path, text, &loader->root);

    if (status != OK)
        return status;
    if (!node_is(loader->root, NODE_MAP))
        return loader_refuse(loader, loader->root->where,
                             "expected a mapping with service, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, loader->root)));
    status = choose_place(loader);
    if (status == OK)
        status = variables_resolve(loader, loader->root);
    if (status != OK)
        return status;
    read_check_keys(loader, loader->root, top_keys, ARRAY_COUNT(top_keys), "the stack file");
    status = read_service(loader);
    if (status == OK)
        status = resources_find(loader);
    if (status == OK)
        status = functions_declare(loader);
    if (status == OK)
        status = resources_read(loader);
    if (status == OK)
        status = functions_read(loader);
    if (status == OK)
        status = resources_read_rules(loader);
    if (status == OK)
        status = read_custom(loader);
    return status;
}

static enum status load(struct arena *arena, const struct stack_options *options, struct bytes text,
                        bool files_readable, const struct stack **ret, struct stack_error *reterr)
{
    struct loader *loader = ARENA_NEW(arena, struct loader);
    enum status status = OK;

    loader->arena = arena;
    loader->options = options;
    loader->error = reterr;
    loader->files_readable = files_readable;
    loader->stack = new_stack(arena, options);
    loader->place = (struct arn_place){"aws", LOADER_REGION_DEFAULT, options->account};
    status = perform_steps(loader, text);
    if (status == OK)
        *ret = loader->stack;
    return status;
}

enum status stack_load_text(struct arena *arena, const struct stack_options *options,
                            struct bytes text, const struct stack **ret, struct stack_error *reterr)
{
    return load(arena, options, text, false, ret, reterr);
}

enum status stack_load(struct arena *arena, const struct stack_options *options,
                       const struct stack **ret, struct stack_error *reterr)
{
    struct bytes text = {0};
    enum status status = file_read(arena, options->path, STACK_FILE_SIZE_MAX, &text);

    if (status == TOO_LARGE) {
        reterr->where = (struct stack_where){options->path, 1, 1};
        reterr->message =
            arena_printf(arena, "expected a stack file of at most %zu bytes", STACK_FILE_SIZE_MAX);
        return REFUSED;
    }
    return status == OK ? load(arena, options, text, true, ret, reterr) : status;
}
