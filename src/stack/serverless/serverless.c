/* stack/serverless/serverless.c - a Serverless Framework file from its text to a struct stack: the
 * order of the steps, the top level, provider and custom. See stack.h and loader.h. */
#include "stack/loader.h"

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

/* The settings of the offline plugins that mean something here; the plugins' other settings
 * (endpoint, readInterval ...) speak of how they work, not of what the stack does. */
static enum status read_custom(struct loader *loader)
{
    struct stack *stack = loader->stack;
    const struct node *custom = node_get(loader->root, "custom");
    const struct node *bridge = NULL, *offline = NULL;
    enum status status = read_map(loader, custom, "custom", false, &custom);

    if (status == OK)
        status = read_map(loader, node_get(custom, "serverless-offline-aws-eventbridge"),
                          "serverless-offline-aws-eventbridge", false, &bridge);
    if (status == OK)
        status = read_map(loader, node_get(custom, "serverless-offline"), "serverless-offline",
                          false, &offline);
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
    return status == OK ? load_dynlog(loader, node_get(custom, "dynlog"), "custom.dynlog") : status;
}

/* ---- the steps ---- */

enum status serverless_read(struct loader *loader)
{
    enum status status = choose_place(loader);

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
        status = load_resources(loader);
    if (status == OK)
        status = read_custom(loader);
    return status;
}
