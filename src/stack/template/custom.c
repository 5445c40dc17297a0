/* stack/template/custom.c - Custom::EventBridge, by which the Serverless Framework subscribed
 * functions to buses before it used AWS::Events::Rule: version 1, and 2 unless told otherwise. Its
 * helper function makes the bus, the rule and the target; here the rule is read at once. */
#include "stack/template/template.h"

#define TARGET_ID_SIZE_MAX 64

static const struct key_rule keys[] = {
    {"RuleName", NULL}, {"EventBus", NULL}, {"Pattern", NULL},   {"Schedule", NULL},
    {"Input", NULL},    {"State", NULL},    {"InputPath", NULL}, {"InputTransformer", NULL},
};

static enum status read_transformer(struct loader *loader, const struct node *config,
                                    struct rule_target *target)
{
    const struct node *transformer = NULL;
    enum status status = read_map(loader, node_get(config, "InputTransformer"), "InputTransformer",
                                  false, &transformer);

    if (status == OK)
        status = read_text(loader, node_get(config, "InputPath"), "InputPath", &target->input_path);
    if (status == OK)
        status = rules_json(loader, node_get(config, "Input"), "Input", false, &target->input);
    if (status != OK || transformer == NULL)
        return status;
    status = read_map(loader, node_get(transformer, "InputPathsMap"), "InputPathsMap", false,
                      &target->input_paths);
    return status == OK ? read_text(loader, node_get(transformer, "InputTemplate"), "InputTemplate",
                                    &target->input_template)
                        : status;
}

static enum status read_rule(struct loader *loader, const struct node *config, struct rule *rule,
                             struct rule_target *target)
{
    struct bytes state = BYTES("ENABLED");
    enum status status = read_text(loader, node_get(config, "RuleName"), "RuleName", &rule->name);

    if (status == OK)
        status = rules_json(loader, node_get(config, "Pattern"), "Pattern", true, &rule->pattern);
    if (status == OK)
        status = read_text(loader, node_get(config, "Schedule"), "Schedule", &rule->schedule);
    if (status == OK)
        status = read_text(loader, node_get(config, "State"), "State", &state);
    if (status == OK)
        status = read_transformer(loader, config, target);
    rule->enabled = !bytes_equal_text(state, "DISABLED");
    rule->bus = BYTES("default");
    if (status == OK && property_has_value(config, "EventBus"))
        status = resources_bus(loader, node_get(config, "EventBus"), "EventBus", &rule->bus);
    return status;
}

enum status rules_read_custom(struct loader *loader, struct bytes id, const struct node *resource)
{
    struct rule_target target = RULE_TARGET_INIT;
    struct rule rule = {.resource = id, .where = resource->where, .target = &target};
    const struct node *properties = NULL, *config = NULL;
    const struct loader_function *function = NULL;
    struct bytes name = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = read_map(loader, node_get(properties, "EventBridgeConfig"), "EventBridgeConfig",
                          false, &config);
    if (status == OK)
        status = read_text(loader, node_get(properties, "FunctionName"), "FunctionName", &name);
    if (status != OK)
        return status;
    read_check_keys(loader, config, keys, ARRAY_COUNT(keys), "EventBridgeConfig");
    status = read_rule(loader, config, &rule, &target);
    if (status != OK || rule.bus.size == 0)
        return status;
    if (rule.name.size == 0 || (rule.pattern.size == 0 && rule.schedule.size == 0))
        return loader_refuse(loader, resource->where,
                             "%.*s: expected an EventBridgeConfig with RuleName and Pattern or "
                             "Schedule",
                             BYTES_ARG(id));
    function = stack_function_find(loader, name);
    if (function == NULL) {
        loader_note(loader, resource->where,
                    "not acted on: resource %.*s: no function of this stack", BYTES_ARG(id));
        return OK;
    }
    target.arn = function->arn;
    target.id = bytes_slice(arena_printf(loader->arena, "%.*s-target", BYTES_ARG(rule.name)), 0,
                            TARGET_ID_SIZE_MAX);
    return rules_add(loader, &rule);
}
