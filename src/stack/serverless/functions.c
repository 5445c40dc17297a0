/* stack/serverless/functions.c - the functions of a stack file. They are declared first (key, name,
 * enabled), because resources, destinations and rules speak of them by name, and read when those
 * are known.
 */
#include "stack/loader.h"

#define RUNTIME_DEFAULT "nodejs20.x"

static const struct key_rule function_keys[] = {
    {"handler", NULL},
    {"runtime", NULL},
    {"environment", NULL},
    {"timeout", NULL},
    {"memorySize", NULL},
    {"onError", NULL},
    {"disableLogs", NULL},
    {"logRetentionInDays", NULL},
    {"logs", NULL},
    {"reservedConcurrency", NULL},
    {"name", NULL},
    {"maximumRetryAttempts", NULL},
    {"maximumEventAge", NULL},
    {"destinations", NULL},
    {"events", NULL},
    {"enabled", NULL},
    {"image", NULL}, /* noted by read_function() */
    /* They mean nothing offline. */
    {"architecture", NULL},
    {"awsKmsKeyArn", NULL},
    {"condition", NULL},
    {"dependsOn", NULL},
    {"description", NULL},
    {"ephemeralStorageSize", NULL},
    {"iamPermissionsBoundary", NULL},
    {"iamRoleStatements", NULL},
    {"iamRoleStatementsInherit", NULL},
    {"iamRoleStatementsName", NULL},
    {"kmsKeyArn", NULL},
    {"logDataProtectionPolicy", NULL},
    {"module", NULL},
    {"package", NULL},
    {"provisionedConcurrency", NULL},
    {"role", NULL},
    {"runtimeManagement", NULL},
    {"snapStart", NULL},
    {"tags", NULL},
    {"tracing", NULL},
    {"versionFunction", NULL},
    {"vpc", NULL},
    {"warmup", NULL},
    /* They would change what happens. */
    {"fileSystemConfig", "no file system is mounted"},
    {"layers", "functions run without layers"},
    {"url", "functions are invoked by name"},
};

/* ---- declaring ---- */

/* The Serverless Framework's: eventHandler -> EventHandlerLambdaFunction, "-" -> Dash. */
static struct bytes logical_id(struct loader *loader, struct bytes key)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);

    for (size_t i = 0; i < key.size; i++) {
        uint8_t byte = key.ptr[i];

        if (byte == '-')
            buffer_append_text(&out, "Dash");
        else if (byte == '_')
            buffer_append_text(&out, "Underscore");
        else
            buffer_append_byte(&out,
                               i == 0 && byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 32) : byte);
    }
    buffer_append_text(&out, "LambdaFunction");
    return arena_copy(loader->arena, buffer_bytes(&out));
}

static enum status declare(struct loader *loader, const struct node_member *member,
                           struct loader_function *function)
{
    struct bytes name =
        arena_printf(loader->arena, "%.*s-%.*s-%.*s", BYTES_ARG(loader->stack->service),
                     BYTES_ARG(loader->stack->stage), BYTES_ARG(member->name));
    enum status status = OK;

    if (!node_is(member->value, NODE_MAP))
        return loader_refuse(loader, member->value->where,
                             "function %.*s: expected a mapping with handler, got %.*s",
                             BYTES_ARG(member->name),
                             BYTES_ARG(node_describe(loader->arena, member->value)));
    status = read_text(loader, node_get(member->value, "name"), "name", &name);
    if (status != OK)
        return status;
    *function = (struct loader_function){
        .key = member->name,
        .name = name,
        .arn = arn_make(loader->arena, &loader->place, "lambda", "function:%.*s", BYTES_ARG(name)),
        .logical_id = logical_id(loader, member->name),
        .node = member->value,
        .where = member->where,
    };
    return enabled_evaluate(loader, node_get(member->value, "enabled"), &function->enabled);
}

enum status functions_declare(struct loader *loader)
{
    const struct node *map = NULL;
    enum status status =
        read_map(loader, node_get(loader->root, "functions"), "functions", true, &map);

    if (status != OK || map == NULL)
        return status;
    loader->functions = ARENA_NEW_ARRAY(loader->arena, map->count, struct loader_function);
    for (size_t i = 0; i < map->count; i++) {
        status = declare(loader, &map->members[i], &loader->functions[loader->function_count]);
        if (status != OK)
            return status;
        loader->function_count++;
    }
    return OK;
}

const struct loader_function *stack_function_find(const struct loader *loader, struct bytes name)
{
    for (size_t i = 0; i < loader->function_count; i++) {
        const struct loader_function *function = &loader->functions[i];

        if (bytes_equal(name, function->key) || bytes_equal(name, function->name) ||
            bytes_equal(name, function->arn))
            return function;
    }
    return NULL;
}

/* ---- environment ---- */

static enum status add_variable(struct loader *loader, const struct node_member *member,
                                struct stack_function *function)
{
    struct stack_variable variable = {.name = member->name};

    if (node_is_nothing(member->value)) /* a null is no variable, as when it is deployed */
        return OK;
    if (!node_scalar_text(member->value, &variable.value))
        return loader_refuse(loader, member->value->where,
                             "environment: %.*s: expected text, a number or a boolean, got %.*s",
                             BYTES_ARG(member->name),
                             BYTES_ARG(node_describe(loader->arena, member->value)));
    for (size_t i = 0; i < function->environment_count; i++) {
        if (bytes_equal(function->environment[i].name, variable.name)) {
            function->environment[i].value = variable.value;
            return OK;
        }
    }
    function->environment[function->environment_count++] = variable;
    return OK;
}

static enum status add_environment(struct loader *loader, const struct node *map,
                                   struct stack_function *function)
{
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        enum status status = add_variable(loader, &map->members[i], function);

        if (status != OK)
            return status;
    }
    return OK;
}

static enum status resolve_environment(struct loader *loader, const struct node *owner,
                                       const struct node **ret)
{
    enum status status = intrinsics_resolve(loader, node_get(owner, "environment"), ret);

    return status == OK ? read_map(loader, *ret, "environment", false, ret) : status;
}

/* The provider's, and over them the function's own. */
static enum status read_environment(struct loader *loader, const struct node *node,
                                    struct stack_function *function)
{
    const struct node *shared = NULL, *own = NULL;
    enum status status = resolve_environment(loader, node_get(loader->root, "provider"), &shared);

    if (status == OK)
        status = resolve_environment(loader, node, &own);
    if (status != OK)
        return status;
    function->environment = ARENA_NEW_ARRAY(
        loader->arena, (shared != NULL ? shared->count : 0) + (own != NULL ? own->count : 0),
        struct stack_variable);
    status = add_environment(loader, shared, function);
    return status == OK ? add_environment(loader, own, function) : status;
}

/* ---- fields ---- */

const struct node *function_inherited(const struct loader *loader, const struct node *node,
                                      const char *name)
{
    const struct node *own = node_get(node, name);

    return node_is_nothing(own) ? node_get(node_get(loader->root, "provider"), name) : own;
}

/* Limits: Lambda's CreateFunction and PutFunctionEventInvokeConfig. */
static enum status read_numbers(struct loader *loader, const struct node *node,
                                struct stack_function *function)
{
    int64_t timeout = 6, memory = 1024, concurrency = -1, retries = -1, age = -1;
    enum status status = read_integer(loader, function_inherited(loader, node, "timeout"),
                                      "timeout", 1, 900, &timeout);

    if (status == OK)
        status = read_integer(loader, function_inherited(loader, node, "memorySize"), "memorySize",
                              128, 10240, &memory);
    if (status == OK)
        status = read_integer(loader, node_get(node, "reservedConcurrency"), "reservedConcurrency",
                              0, INT32_MAX, &concurrency);
    if (status == OK)
        status = read_integer(loader, node_get(node, "maximumRetryAttempts"),
                              "maximumRetryAttempts", 0, 2, &retries);
    if (status == OK)
        status = read_integer(loader, node_get(node, "maximumEventAge"), "maximumEventAge", 60,
                              21600, &age);
    if (status != OK)
        return status;
    function->timeout_s = (uint32_t)timeout;
    function->memory_mb = (uint32_t)memory;
    function->reserved_concurrency = (int32_t)concurrency;
    function->maximum_retry_attempts = (int32_t)retries;
    function->maximum_event_age_s = (int32_t)age;
    return OK;
}

static enum status read_function(struct loader *loader, const struct loader_function *declared)
{
    const struct node *node = declared->node;
    struct stack *stack = loader->stack;
    struct stack_function function = {
        .key = declared->key,
        .name = declared->name,
        .runtime = BYTES(RUNTIME_DEFAULT),
        .where = declared->where,
    };
    enum status status = read_text(loader, node_get(node, "handler"), "handler", &function.handler);

    if (status != OK)
        return status;
    read_check_keys(loader, node, function_keys, ARRAY_COUNT(function_keys), "a function");
    if (function.handler.size == 0 && !node_is_nothing(node_get(node, "image"))) {
        loader_note(loader, declared->where,
                    "not acted on: function %.*s: container images are not run",
                    BYTES_ARG(declared->key));
        return OK;
    }
    if (function.handler.size == 0)
        return loader_refuse(loader, declared->where,
                             "function %.*s: expected a handler, as src/handler.handler",
                             BYTES_ARG(declared->key));
    status = read_text(loader, function_inherited(loader, node, "runtime"), "runtime",
                       &function.runtime);
    if (status == OK)
        status = read_environment(loader, node, &function);
    if (status == OK)
        status = read_numbers(loader, node, &function);
    if (status == OK)
        status = destinations_read(loader, node, &function);
    if (status == OK)
        status = function_logs_read(loader, node, &function);
    if (status != OK)
        return status;
    stack->functions[stack->function_count++] = function;
    return events_read(loader, declared);
}

enum status functions_read(struct loader *loader)
{
    loader->stack->functions =
        ARENA_NEW_ARRAY(loader->arena, loader->function_count, struct stack_function);
    for (size_t i = 0; i < loader->function_count; i++) {
        enum status status = OK;

        if (loader->functions[i].enabled)
            status = read_function(loader, &loader->functions[i]);
        if (status != OK)
            return status;
    }
    return OK;
}
