/* stack/lambda.c - what a template has of Lambda: functions, their settings of asynchronous
 * invocation, versions and aliases. Mappings are in source.c, code is in code.c.
 *
 * Functions are declared first, as those of a Serverless file (serverless/functions.c), and read
 * when all else is known that they may speak of. */
#include "stack/loader.h"

static const struct key_rule function_keys[] = {
    {"FunctionName", NULL},
    {"Handler", NULL},
    {"Runtime", NULL},
    {"Code", NULL},
    {"Environment", NULL},
    {"Timeout", NULL},
    {"MemorySize", NULL},
    {"ReservedConcurrentExecutions", NULL},
    {"DeadLetterConfig", NULL},
    {"LoggingConfig", NULL},
    {"PackageType", NULL},
    /* They mean nothing offline. */
    {"Architectures", NULL},
    {"CodeSigningConfigArn", NULL},
    {"Description", NULL},
    {"EphemeralStorage", NULL},
    {"KmsKeyArn", NULL},
    {"RecursiveLoop", NULL},
    {"Role", NULL},
    {"RuntimeManagementConfig", NULL},
    {"SnapStart", NULL},
    {"Tags", NULL},
    {"TracingConfig", NULL},
    {"VpcConfig", NULL},
    /* They would change what happens. */
    {"CapacityProviderConfig", "functions run in processes of this machine"},
    {"DurableConfig", "functions have no durable executions"},
    {"FileSystemConfigs", "no file system is mounted"},
    {"ImageConfig", "container images are not run"},
    {"Layers", "functions run without layers"},
    {"TenancyConfig", "functions have no tenants"},
};

/* ---- declaring ---- */

static enum status is_wanted(struct loader *loader, const struct node *resource, bool *ret)
{
    const struct node *type = node_get(resource, "Type"), *condition = NULL;

    *ret = node_is(type, NODE_STRING) && bytes_equal_text(type->text, "AWS::Lambda::Function");
    condition = node_get(resource, "Condition");
    return *ret && condition != NULL ? conditions_hold(loader, condition, ret) : OK;
}

static enum status declare(struct loader *loader, const struct node_member *resource)
{
    struct bytes name = {0};
    enum status status = references_name(loader, resource->name, resource->value, &name);

    if (status != OK)
        return status;
    loader->functions = arena_grow(loader->arena, loader->functions, loader->function_count,
                                   loader->function_count + 1, &loader->function_capacity,
                                   sizeof *loader->functions);
    loader->functions[loader->function_count++] = (struct loader_function){
        .key = resource->name,
        .name = name,
        .arn = arn_make(loader->arena, &loader->place, "lambda", "function:%.*s", BYTES_ARG(name)),
        .logical_id = resource->name,
        .node = resource->value,
        .resource = true,
        .where = resource->where,
        .enabled = true,
    };
    return OK;
}

enum status lambda_declare(struct loader *loader)
{
    for (size_t i = 0; loader->resources != NULL && i < loader->resources->count; i++) {
        bool wanted = false;
        enum status status = is_wanted(loader, loader->resources->members[i].value, &wanted);

        if (status == OK && wanted)
            status = declare(loader, &loader->resources->members[i]);
        if (status != OK)
            return status;
    }
    return OK;
}

/* ---- a function ---- */

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

enum status lambda_add_environment(struct loader *loader, const struct node *map,
                                   struct stack_function *function)
{
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        enum status status = add_variable(loader, &map->members[i], function);

        if (status != OK)
            return status;
    }
    return OK;
}

static enum status read_environment(struct loader *loader, const struct node *properties,
                                    struct stack_function *function)
{
    static const struct key_rule keys[] = {{"Variables", NULL}};
    const struct node *environment = NULL, *variables = NULL;
    enum status status =
        read_map(loader, node_get(properties, "Environment"), "Environment", false, &environment);

    if (status == OK)
        status =
            read_map(loader, node_get(environment, "Variables"), "Variables", false, &variables);
    if (status != OK)
        return status;
    read_check_keys(loader, environment, keys, ARRAY_COUNT(keys), "Environment");
    function->environment = ARENA_NEW_ARRAY(loader->arena, variables != NULL ? variables->count : 0,
                                            struct stack_variable);
    return lambda_add_environment(loader, variables, function);
}

/* Limits: Lambda's CreateFunction and PutFunctionConcurrency; its defaults. */
static enum status read_numbers(struct loader *loader, const struct node *properties,
                                struct stack_function *function)
{
    int64_t timeout = 3, memory = 128, concurrency = -1;
    enum status status =
        read_integer(loader, node_get(properties, "Timeout"), "Timeout", 1, 900, &timeout);

    if (status == OK)
        status = read_integer(loader, node_get(properties, "MemorySize"), "MemorySize", 128, 10240,
                              &memory);
    if (status == OK)
        status = read_integer(loader, node_get(properties, "ReservedConcurrentExecutions"),
                              "ReservedConcurrentExecutions", 0, INT32_MAX, &concurrency);
    function->timeout_s = (uint32_t)timeout;
    function->memory_mb = (uint32_t)memory;
    function->reserved_concurrency = (int32_t)concurrency;
    return status;
}

static enum status read_dead_letters(struct loader *loader, const struct node *properties,
                                     struct bytes *ret)
{
    static const struct key_rule keys[] = {{"TargetArn", NULL}};
    const struct node *config = NULL, *target = NULL;
    struct arn arn = {0};
    struct bytes text = {0};
    enum status status = read_map(loader, node_get(properties, "DeadLetterConfig"),
                                  "DeadLetterConfig", false, &config);

    if (status != OK)
        return status;
    read_check_keys(loader, config, keys, ARRAY_COUNT(keys), "DeadLetterConfig");
    target = node_get(config, "TargetArn");
    status = read_text(loader, target, "TargetArn", &text);
    if (status != OK || text.size == 0)
        return status;
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, target->where, "TargetArn: expected an ARN, got \"%.*s\"",
                             BYTES_ARG(text));
    if (!bytes_equal_text(arn.service, "sqs")) {
        loader_note(loader, target->where,
                    "not acted on: TargetArn %.*s: dead letters go to queues only",
                    BYTES_ARG(text));
        return OK;
    }
    *ret = text;
    return OK;
}

static enum status read_logging(struct loader *loader, const struct node *properties,
                                struct bytes *ret)
{
    static const struct key_rule keys[] = {{"LogGroup", NULL},
                                           {"LogFormat", NULL},
                                           {"ApplicationLogLevel", NULL},
                                           {"SystemLogLevel", NULL}};
    const struct node *config = NULL;
    enum status status =
        read_map(loader, node_get(properties, "LoggingConfig"), "LoggingConfig", false, &config);

    if (status != OK)
        return status;
    read_check_keys(loader, config, keys, ARRAY_COUNT(keys), "LoggingConfig");
    return read_text(loader, node_get(config, "LogGroup"), "LogGroup", ret);
}

static enum status read_program(struct loader *loader, const struct loader_function *declared,
                                const struct node *properties, struct stack_function *function,
                                bool *ret_known)
{
    enum status status = code_find(loader, declared, properties, &function->code, ret_known);

    if (status != OK || !*ret_known)
        return status;
    status = read_text(loader, node_get(properties, "Handler"), "Handler", &function->handler);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Runtime"), "Runtime", &function->runtime);
    if (status != OK)
        return status;
    if (function->handler.size == 0)
        return loader_refuse(loader, declared->node->where,
                             "%.*s: expected Properties with Handler, as src/handler.handler",
                             BYTES_ARG(declared->key));
    if (function->runtime.size == 0)
        return loader_refuse(loader, declared->node->where,
                             "%.*s: expected Properties with Runtime, as nodejs20.x",
                             BYTES_ARG(declared->key));
    if (function->code.text.size > 0 && !bytes_start_with(function->runtime, BYTES("nodejs")) &&
        !bytes_start_with(function->runtime, BYTES("python")))
        return loader_refuse(loader, node_get(properties, "Code")->where,
                             "ZipFile: expected a Runtime of Node.js or Python with it, got "
                             "\"%.*s\"",
                             BYTES_ARG(function->runtime));
    return OK;
}

enum status lambda_read(struct loader *loader, const struct loader_function *declared)
{
    struct stack *stack = loader->stack;
    const struct node *properties = NULL;
    struct stack_function function = {
        .key = declared->key,
        .name = declared->name,
        .maximum_retry_attempts = -1,
        .maximum_event_age_s = -1,
        .where = declared->where,
    };
    bool known = false;
    enum status status = property_read(loader, declared->key, declared->node, &properties);

    if (status != OK)
        return status;
    read_check_keys(loader, properties, function_keys, ARRAY_COUNT(function_keys), "a function");
    status = read_program(loader, declared, properties, &function, &known);
    if (status != OK || !known)
        return status;
    status = read_environment(loader, properties, &function);
    if (status == OK)
        status = read_numbers(loader, properties, &function);
    if (status == OK)
        status = read_dead_letters(loader, properties, &function.dead_letter_arn);
    if (status == OK)
        status = read_logging(loader, properties, &function.log_group);
    if (status == OK)
        stack->functions[stack->function_count++] = function;
    return status;
}

/* ---- the function that a resource speaks of ---- */

/* *ret NULL, and noted: it is not one of this stack. */
static enum status find_function(struct loader *loader, struct bytes id,
                                 const struct node *properties, struct stack_where where,
                                 const struct loader_function **ret)
{
    struct bytes name = {0};
    enum status status =
        read_text(loader, node_get(properties, "FunctionName"), "FunctionName", &name);

    *ret = NULL;
    if (status != OK)
        return status;
    if (name.size == 0 && node_find(properties, BYTES("FunctionName")) == NULL)
        return loader_refuse(loader, where, "%.*s: expected Properties with FunctionName",
                             BYTES_ARG(id));
    *ret = stack_function_find(loader, name);
    if (*ret == NULL)
        loader_note(loader, where, "not acted on: resource %.*s: no function of this stack",
                    BYTES_ARG(id));
    return OK;
}

/* ---- AWS::Lambda::EventInvokeConfig ---- */

static enum status read_destination(struct loader *loader, const struct node *config,
                                    const char *name, struct stack_destination *ret)
{
    static const struct key_rule keys[] = {{"Destination", NULL}};
    const struct node *map = NULL, *node = NULL;
    const struct loader_function *function = NULL;
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = read_map(loader, node_get(config, name), name, false, &map);

    if (status != OK || map == NULL)
        return status;
    read_check_keys(loader, map, keys, ARRAY_COUNT(keys), name);
    node = node_get(map, "Destination");
    status = read_text(loader, node, "Destination", &text);
    if (status != OK || text.size == 0) /* noted, when it is not known */
        return status;
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where, "Destination: expected an ARN, got \"%.*s\"",
                             BYTES_ARG(text));
    function = stack_function_find(loader, text);
    *ret = function != NULL ? (struct stack_destination){STACK_DESTINATION_FUNCTION, function->name}
                            : (struct stack_destination){STACK_DESTINATION_ARN, text};
    if (function == NULL && !bytes_equal_text(arn.service, "sqs") &&
        !bytes_equal_text(arn.service, "events")) {
        loader_note(loader, node->where,
                    "not acted on: %s %.*s: results go to this stack's functions, queues and buses",
                    name, BYTES_ARG(text));
        *ret = (struct stack_destination){STACK_DESTINATION_NONE, {NULL, 0}};
    }
    return OK;
}

static struct stack_function *function_of(const struct loader *loader, struct bytes name)
{
    for (size_t i = 0; i < loader->stack->function_count; i++)
        if (bytes_equal(loader->stack->functions[i].name, name))
            return &loader->stack->functions[i];
    return NULL;
}

/* A qualifier is not looked at: a function has the settings under each of its names. */
enum status lambda_read_invoke_config(struct loader *loader, struct bytes id,
                                      const struct node *resource)
{
    static const struct key_rule keys[] = {{"FunctionName", NULL},
                                           {"Qualifier", NULL},
                                           {"MaximumRetryAttempts", NULL},
                                           {"MaximumEventAgeInSeconds", NULL},
                                           {"DestinationConfig", NULL}};
    static const struct key_rule destinations[] = {{"OnSuccess", NULL}, {"OnFailure", NULL}};
    const struct node *properties = NULL, *config = NULL;
    const struct loader_function *declared = NULL;
    struct stack_function *function = NULL, none = {0};
    int64_t retries = -1, age = -1;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = find_function(loader, id, properties, resource->where, &declared);
    if (status != OK || declared == NULL)
        return status;
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "an EventInvokeConfig");
    function = function_of(loader, declared->name);
    if (function == NULL) /* its code is nowhere: noted */
        function = &none;
    status = read_integer(loader, node_get(properties, "MaximumRetryAttempts"),
                          "MaximumRetryAttempts", 0, 2, &retries);
    if (status == OK)
        status = read_integer(loader, node_get(properties, "MaximumEventAgeInSeconds"),
                              "MaximumEventAgeInSeconds", 60, 21600, &age);
    if (status == OK)
        status = read_map(loader, node_get(properties, "DestinationConfig"), "DestinationConfig",
                          false, &config);
    if (status != OK)
        return status;
    read_check_keys(loader, config, destinations, ARRAY_COUNT(destinations), "DestinationConfig");
    function->maximum_retry_attempts = (int32_t)retries;
    function->maximum_event_age_s = (int32_t)age;
    status = read_destination(loader, config, "OnSuccess", &function->on_success);
    return status == OK ? read_destination(loader, config, "OnFailure", &function->on_failure)
                        : status;
}

/* ---- versions and aliases ---- */

#define VERSION_ONE "1" /* functions are made anew at each start: this is their first version */

static void add_alias(struct loader *loader, const struct stack_alias *alias)
{
    struct stack *stack = loader->stack;

    stack->aliases =
        arena_grow(loader->arena, stack->aliases, stack->alias_count, stack->alias_count + 1,
                   &loader->alias_capacity, sizeof *stack->aliases);
    stack->aliases[stack->alias_count++] = *alias;
}

enum status lambda_read_version(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"FunctionName", NULL},
        {"Description", NULL},
        {"CodeSha256", NULL},
        {"RuntimePolicy", NULL},
        {"ProvisionedConcurrencyConfig", NULL},
    };
    struct stack_alias alias = {.version = BYTES(VERSION_ONE), .where = resource->where};
    const struct node *properties = NULL;
    const struct loader_function *function = NULL;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = find_function(loader, id, properties, resource->where, &function);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Description"), "Description",
                           &alias.description);
    if (status != OK || function == NULL)
        return status;
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "a version");
    alias.function_name = function->name;
    if (function_of(loader, function->name) != NULL)
        add_alias(loader, &alias);
    return OK;
}

enum status lambda_read_alias(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"FunctionName", NULL},
        {"FunctionVersion", NULL},
        {"Name", NULL},
        {"Description", NULL},
        {"ProvisionedConcurrencyConfig", NULL},
        {"RoutingConfig", "all invocations go to FunctionVersion"},
    };
    struct stack_alias alias = {.version = BYTES("$LATEST"), .where = resource->where};
    const struct node *properties = NULL;
    const struct loader_function *function = NULL;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = find_function(loader, id, properties, resource->where, &function);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Name"), "Name", &alias.name);
    if (status == OK)
        status = read_text(loader, node_get(properties, "FunctionVersion"), "FunctionVersion",
                           &alias.version);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Description"), "Description",
                           &alias.description);
    if (status != OK || function == NULL)
        return status;
    if (alias.name.size == 0)
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with Name",
                             BYTES_ARG(id));
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "an alias");
    alias.function_name = function->name;
    if (function_of(loader, function->name) != NULL)
        add_alias(loader, &alias);
    return OK;
}

enum status lambda_reference(struct loader *loader, const struct node *resource,
                             struct bytes attribute, struct bytes *ret)
{
    struct bytes type = node_get(resource, "Type")->text, name = {0},
                 qualifier = BYTES(VERSION_ONE);
    const struct node *properties = node_get(resource, "Properties");
    const struct loader_function *function = NULL;
    bool alias = bytes_equal_text(type, "AWS::Lambda::Alias");
    enum status status =
        read_text(loader, node_get(properties, "FunctionName"), "FunctionName", &name);

    *ret = (struct bytes){0};
    if (status == OK && alias)
        status = read_text(loader, node_get(properties, "Name"), "Name", &qualifier);
    if (status != OK || (!alias && !bytes_equal_text(type, "AWS::Lambda::Version")))
        return status;
    function = stack_function_find(loader, name);
    if (function == NULL)
        return OK;
    if (bytes_equal_text(attribute, "Version") && !alias)
        *ret = qualifier;
    else if (attribute.size == 0 || bytes_equal_text(attribute, alias ? "AliasArn" : "FunctionArn"))
        *ret = arena_printf(loader->arena, "%.*s:%.*s", BYTES_ARG(function->arn),
                            BYTES_ARG(qualifier));
    return OK;
}
