/* stack/serverless/function_logs.c - where a function's lines go: `logs`, `disableLogs`,
 * `logRetentionInDays`. The Framework makes the log group, with the retention, as here. */
#include "stack/loader.h"

static enum status read_logging(struct loader *loader, const struct node *node,
                                struct stack_function *function)
{
    static const struct key_rule keys[] = {
        {"logGroup", NULL},
        {"logFormat", NULL},
        {"applicationLogLevel", "lines are text, and none is left out"},
        {"systemLogLevel", "lines are text, and none is left out"},
    };
    const struct node *map = NULL;
    struct bytes format = {0};
    enum status status = intrinsics_resolve(loader, node_get(node, "logs"), &node);

    if (status != OK || node == NULL || node->kind != NODE_MAP) /* of the provider: other things */
        return status;
    status = read_map(loader, node, "logs", false, &map);
    if (status != OK)
        return status;
    read_check_keys(loader, map, keys, ARRAY_COUNT(keys), "logs");
    status = read_text(loader, node_get(map, "logGroup"), "logGroup", &function->log_group);
    if (status == OK)
        status = read_text(loader, node_get(map, "logFormat"), "logFormat", &format);
    if (status == OK && bytes_equal_ignore_case(format, BYTES("JSON")))
        loader_note(loader, map->where, "not acted on: logFormat: lines are text");
    return status;
}

static enum status add_group(struct loader *loader, const struct stack_function *function,
                             struct bytes name, int64_t days)
{
    static const char *const operations[] = {"Logs_20140328.CreateLogGroup",
                                             "Logs_20140328.PutRetentionPolicy"};
    enum status status = OK;

    for (size_t i = 0; status == OK && i < ARRAY_COUNT(operations); i++) {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
        struct json_writer writer = JSON_WRITER(&body);

        json_begin_object(&writer);
        json_member_string(&writer, "logGroupName", name);
        if (i == 1)
            json_member_int(&writer, "retentionInDays", days);
        json_end_object(&writer);
        status = loader_add_call(loader, operations[i], &body, function->key, function->where);
    }
    return status;
}

/* A resource of the file says what it is to be. */
static bool is_a_resource(struct loader *loader, struct bytes name)
{
    struct bytes begin = arena_printf(loader->arena, "{\"logGroupName\":\"%.*s\"", BYTES_ARG(name));

    for (size_t i = 0; i < loader->stack->call_count; i++)
        if (bytes_start_with(loader->stack->calls[i].body, begin))
            return true;
    return false;
}

enum status function_logs_read(struct loader *loader, const struct node *node,
                               struct stack_function *function)
{
    const struct node *retention = function_inherited(loader, node, "logRetentionInDays");
    struct bytes name = {0};
    int64_t days = -1;
    enum status status =
        read_boolean(loader, node_get(node, "disableLogs"), "disableLogs", &function->disable_logs);

    if (status == OK)
        status = read_logging(loader, node, function);
    if (status == OK)
        status = read_integer(loader, retention, "logRetentionInDays", 1, 3653, &days);
    if (status != OK || days < 0 || function->disable_logs)
        return status;
    name = function->log_group;
    if (name.size == 0)
        name = arena_printf(loader->arena, "/aws/lambda/%.*s", BYTES_ARG(function->name));
    return is_a_resource(loader, name) ? OK : add_group(loader, function, name, days);
}
