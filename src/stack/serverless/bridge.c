/* stack/serverless/bridge.c - `eventBridge` of a function's events: bus -> function, or time ->
 * function, as a rule. The n of its name is the place among all of the function's events, from 1.
 */
#include "stack/loader.h"

static const struct key_rule bridge_keys[] = {
    {"eventBus", NULL},
    {"pattern", NULL},
    {"input", NULL},
    {"inputPath", NULL},
    {"inputTransformer", NULL},
    {"enabled", NULL},
    {"state", NULL},
    {"name", NULL},
    {"description", NULL},
    {"retryPolicy", NULL},
    {"deadLetterQueueArn", NULL},
    {"schedule", NULL},
};

enum status bridge_read_transformer(struct loader *loader, const struct node *bridge,
                                    struct rule_target *target)
{
    static const struct key_rule keys[] = {{"inputPathsMap", NULL}, {"inputTemplate", NULL}};
    const struct node *transformer = NULL, *paths = NULL;
    enum status status = read_map(loader, node_get(bridge, "inputTransformer"), "inputTransformer",
                                  false, &transformer);

    if (status == OK)
        status = read_text(loader, node_get(bridge, "inputPath"), "inputPath", &target->input_path);
    if (status != OK || transformer == NULL)
        return status;
    read_check_keys(loader, transformer, keys, ARRAY_COUNT(keys), "an input transformer");
    if (node_is_nothing(node_get(transformer, "inputTemplate")))
        return loader_refuse(loader, transformer->where,
                             "inputTransformer: expected inputTemplate in it");
    status = intrinsics_resolve(loader, node_get(transformer, "inputPathsMap"), &paths);
    if (status == OK)
        status = read_map(loader, paths, "inputPathsMap", false, &target->input_paths);
    if (status == OK)
        status = read_text(loader, node_get(transformer, "inputTemplate"), "inputTemplate",
                           &target->input_template);
    return status;
}

static enum status read_bridge_retry(struct loader *loader, const struct node *bridge,
                                     struct rule_target *target)
{
    static const struct key_rule keys[] = {{"maximumEventAge", NULL},
                                           {"maximumRetryAttempts", NULL}};
    const struct node *retry = NULL;
    enum status status =
        read_map(loader, node_get(bridge, "retryPolicy"), "retryPolicy", false, &retry);

    if (status != OK)
        return status;
    read_check_keys(loader, retry, keys, ARRAY_COUNT(keys), "a retry policy");
    status = read_integer(loader, node_get(retry, "maximumRetryAttempts"), "maximumRetryAttempts",
                          0, 185, &target->retry_attempts);
    if (status == OK)
        status = read_integer(loader, node_get(retry, "maximumEventAge"), "maximumEventAge", 60,
                              86400, &target->event_age_s);
    if (status == OK)
        status = read_text(loader, node_get(bridge, "deadLetterQueueArn"), "deadLetterQueueArn",
                           &target->dead_letter_arn);
    return status;
}

static enum status read_bridge_state(struct loader *loader, const struct node *bridge, bool *ret)
{
    const struct node *node = node_get(bridge, "state");
    struct bytes state = BYTES("ENABLED");
    enum status status = read_boolean(loader, node_get(bridge, "enabled"), "enabled", ret);

    if (status == OK)
        status = read_text(loader, node, "state", &state);
    if (status != OK)
        return status;
    if (bytes_equal_text(state, "DISABLED"))
        *ret = false;
    else if (!bytes_equal_text(state, "ENABLED"))
        return loader_refuse(loader, node->where,
                             "state: expected ENABLED or DISABLED, got \"%.*s\"", BYTES_ARG(state));
    return OK;
}

/* The bus as text; *ret_known is false when only AWS knows it. */
static enum status read_bridge_bus(struct loader *loader, const struct node *bridge,
                                   struct rule *rule, bool *ret_known)
{
    const struct node *bus = node_get(bridge, "eventBus");
    enum status status = OK;

    rule->bus = BYTES("default");
    *ret_known = true;
    if (bus == NULL)
        return OK;
    status = resources_bus(loader, bus, "eventBus", &rule->bus);
    if (status != OK || rule->bus.size > 0)
        return status;
    *ret_known = false;
    loader_note(loader, bus->where,
                "not acted on: this subscription, because its bus is not known offline");
    return OK;
}

enum status bridge_read(struct loader *loader, const struct loader_function *function,
                        const struct node_member *event, size_t index)
{
    const struct node *bridge = event->value;
    struct rule_target target = RULE_TARGET_INIT;
    struct rule rule = {
        .resource = function->key, .where = event->where, .enabled = true, .target = &target};
    bool bus_known = false;
    enum status status = OK;

    if (!node_is(bridge, NODE_MAP))
        return loader_refuse(loader, bridge->where, "eventBridge: expected a mapping, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, bridge)));
    if (node_is_nothing(node_get(bridge, "pattern")) &&
        node_is_nothing(node_get(bridge, "schedule")))
        return loader_refuse(loader, bridge->where,
                             "eventBridge: expected a pattern or a schedule in it");
    read_check_keys(loader, bridge, bridge_keys, ARRAY_COUNT(bridge_keys), "eventBridge");
    target.arn = function->arn;
    status = rules_name(loader, function->name, index, event->where, &rule.name, &target.id);
    if (status == OK)
        status = read_text(loader, node_get(bridge, "name"), "name", &rule.name);
    if (status == OK)
        status =
            read_text(loader, node_get(bridge, "description"), "description", &rule.description);
    if (status == OK)
        status = rules_json(loader, node_get(bridge, "pattern"), "pattern", true, &rule.pattern);
    if (status == OK)
        status = read_text(loader, node_get(bridge, "schedule"), "schedule", &rule.schedule);
    if (status == OK)
        status = rules_json(loader, node_get(bridge, "input"), "input", false, &target.input);
    if (status == OK)
        status = bridge_read_transformer(loader, bridge, &target);
    if (status == OK)
        status = read_bridge_retry(loader, bridge, &target);
    if (status == OK)
        status = read_bridge_state(loader, bridge, &rule.enabled);
    if (status == OK)
        status = read_bridge_bus(loader, bridge, &rule, &bus_known);
    if (status != OK || !bus_known)
        return status;
    return rules_add(loader, &rule);
}
