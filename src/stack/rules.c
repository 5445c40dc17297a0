/* stack/rules.c - a rule and its targets as PutRule and PutTargets, from a function's eventBridge
 * event (events.c) or from an AWS::Events::Rule. */
#include "stack/loader.h"

#include <openssl/evp.h>

#define RULE_NAME_SIZE_MAX 64 /* EventBridge's limit for rule names and target ids */
#define MD5_SIZE 16

/* ---- names ---- */

/* The Serverless Framework's own way to shorten, so that both make the same names. */
static enum status shorten(struct loader *loader, struct bytes name, struct bytes suffix,
                           struct stack_where where, struct bytes *ret)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[2 * MD5_SIZE];
    unsigned size = 0;

    *ret = name;
    if (name.size <= RULE_NAME_SIZE_MAX)
        return OK;
    if (EVP_Digest(name.ptr, name.size, hash, &size, EVP_md5(), NULL) != 1 || size != MD5_SIZE)
        return loader_refuse(loader, where,
                             "\"%.*s\" is longer than %d characters and this machine has no MD5 to "
                             "shorten it: expected a shorter name",
                             BYTES_ARG(name), RULE_NAME_SIZE_MAX);
    for (size_t i = 0; i < MD5_SIZE; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    *ret = arena_printf(loader->arena, "%.*s%.*s-%.*s", (int)(31 - suffix.size),
                        (const char *)name.ptr, (int)sizeof text, text, BYTES_ARG(suffix));
    return OK;
}

enum status rules_name(struct loader *loader, struct bytes function_name, size_t index,
                       struct stack_where where, struct bytes *ret_rule, struct bytes *ret_target)
{
    struct bytes suffix = arena_printf(loader->arena, "rule-%zu", index);
    struct bytes name =
        arena_printf(loader->arena, "%.*s-%.*s", BYTES_ARG(function_name), BYTES_ARG(suffix));
    enum status status = shorten(loader, name, suffix, where, ret_rule);

    if (status != OK)
        return status;
    return shorten(loader, arena_printf(loader->arena, "%.*s-target", BYTES_ARG(*ret_rule)),
                   BYTES("target"), where, ret_target);
}

/* ---- calls ---- */

enum status rules_json(struct loader *loader, const struct node *node, const char *what,
                       bool text_too, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&text);
    const struct json *parsed = NULL;
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node))
        return status;
    if (text_too && node->kind == NODE_STRING) {
        if (json_parse(loader->arena, node->text, &parsed, NULL) != OK)
            return loader_refuse(loader, node->where, "%s: expected a mapping or JSON, got %.*s",
                                 what, BYTES_ARG(node_describe(loader->arena, node)));
        *ret = node->text;
        return OK;
    }
    if (text_too && node->kind != NODE_MAP)
        return loader_refuse(loader, node->where, "%s: expected a mapping or JSON, got %.*s", what,
                             BYTES_ARG(node_describe(loader->arena, node)));
    node_write(&writer, node);
    if (buffer_failed(&text))
        return loader_refuse(loader, node->where, "%s: expected at most %zu bytes", what,
                             LOADER_BODY_SIZE_MAX);
    *ret = arena_copy(loader->arena, buffer_bytes(&text));
    return OK;
}

static void write_target(struct json_writer *writer, const struct rule_target *target)
{
    json_begin_object(writer);
    json_member_string(writer, "Id", target->id);
    json_member_string(writer, "Arn", target->arn);
    if (target->input.size > 0)
        json_member_string(writer, "Input", target->input);
    if (target->input_path.size > 0)
        json_member_string(writer, "InputPath", target->input_path);
    if (target->input_template.ptr != NULL) {
        json_key(writer, "InputTransformer");
        json_begin_object(writer);
        if (target->input_paths != NULL) {
            json_key(writer, "InputPathsMap");
            node_write(writer, target->input_paths);
        }
        json_member_string(writer, "InputTemplate", target->input_template);
        json_end_object(writer);
    }
    if (target->retry_attempts >= 0 || target->event_age_s >= 0) {
        json_key(writer, "RetryPolicy");
        json_begin_object(writer);
        if (target->retry_attempts >= 0)
            json_member_int(writer, "MaximumRetryAttempts", target->retry_attempts);
        if (target->event_age_s >= 0)
            json_member_int(writer, "MaximumEventAgeInSeconds", target->event_age_s);
        json_end_object(writer);
    }
    if (target->dead_letter_arn.size > 0) {
        json_key(writer, "DeadLetterConfig");
        json_begin_object(writer);
        json_member_string(writer, "Arn", target->dead_letter_arn);
        json_end_object(writer);
    }
    json_end_object(writer);
}

static enum status add_put_rule(struct loader *loader, const struct rule *rule)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", rule->name);
    json_member_string(&writer, "EventBusName", rule->bus);
    json_member_string(&writer, "EventPattern", rule->pattern);
    json_member_text(&writer, "State", rule->enabled ? "ENABLED" : "DISABLED");
    if (rule->description.size > 0)
        json_member_string(&writer, "Description", rule->description);
    json_end_object(&writer);
    return loader_add_call(loader, "AWSEvents.PutRule", &body, rule->resource, rule->where);
}

static enum status add_put_targets(struct loader *loader, const struct rule *rule)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Rule", rule->name);
    json_member_string(&writer, "EventBusName", rule->bus);
    json_key(&writer, "Targets");
    json_begin_array(&writer);
    for (size_t i = 0; i < rule->target_count; i++)
        write_target(&writer, &rule->targets[i]);
    json_end_array(&writer);
    json_end_object(&writer);
    return loader_add_call(loader, "AWSEvents.PutTargets", &body, rule->resource, rule->where);
}

enum status rules_add(struct loader *loader, const struct rule *rule)
{
    enum status status = add_put_rule(loader, rule);

    return status == OK ? add_put_targets(loader, rule) : status;
}

/* ---- AWS::Events::Rule ---- */

static enum status read_target_input(struct loader *loader, const struct node *node,
                                     struct rule_target *target)
{
    const struct node *transformer = node_get(node, "InputTransformer");
    enum status status = read_text(loader, node_get(node, "Input"), "Input", &target->input);

    if (status == OK)
        status = read_text(loader, node_get(node, "InputPath"), "InputPath", &target->input_path);
    if (status == OK)
        status = read_map(loader, node_get(transformer, "InputPathsMap"), "InputPathsMap", false,
                          &target->input_paths);
    if (status == OK)
        status = read_text(loader, node_get(transformer, "InputTemplate"), "InputTemplate",
                           &target->input_template);
    return status;
}

static enum status read_target(struct loader *loader, const struct node *node,
                               struct rule_target *target)
{
    static const struct key_rule keys[] = {
        {"Arn", NULL},
        {"Id", NULL},
        {"Input", NULL},
        {"InputPath", NULL},
        {"InputTransformer", NULL},
        {"RetryPolicy", NULL},
        {"DeadLetterConfig", NULL},
        {"RoleArn", NULL},
    };
    const struct node *retry = node_get(node, "RetryPolicy");
    enum status status = read_text(loader, node_get(node, "Id"), "Id", &target->id);

    if (status == OK && target->id.size == 0)
        return loader_refuse(loader, node->where, "a target: expected an Id in it");
    read_check_keys(loader, node, keys, ARRAY_COUNT(keys), "a target");
    if (status == OK)
        status = read_target_input(loader, node, target);
    if (status == OK)
        status = read_integer(loader, node_get(retry, "MaximumRetryAttempts"),
                              "MaximumRetryAttempts", 0, 185, &target->retry_attempts);
    if (status == OK)
        status = read_integer(loader, node_get(retry, "MaximumEventAgeInSeconds"),
                              "MaximumEventAgeInSeconds", 60, 86400, &target->event_age_s);
    if (status == OK)
        status = read_text(loader, node_get(node_get(node, "DeadLetterConfig"), "Arn"),
                           "DeadLetterConfig", &target->dead_letter_arn);
    return status;
}

/* Only the targets that are enabled functions of the stack. */
static enum status read_targets(struct loader *loader, const struct node *list,
                                struct rule_target *targets, size_t *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *node = list->items[i];
        const struct loader_function *function = NULL;
        struct bytes arn = {0};
        enum status status = OK;

        if (!node_is(node, NODE_MAP))
            return loader_refuse(loader, node->where, "a target: expected a mapping, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, node)));
        status = read_text(loader, node_get(node, "Arn"), "Arn", &arn);
        if (status != OK)
            return status;
        function = stack_function_find(loader, arn);
        if (function == NULL) {
            loader_note(loader, node->where,
                        "not acted on: target %.*s: only functions of this stack are called",
                        BYTES_ARG(arn));
            continue;
        }
        if (!function->enabled)
            continue;
        targets[*ret_count] = RULE_TARGET_INIT;
        targets[*ret_count].arn = function->arn;
        status = read_target(loader, node, &targets[*ret_count]);
        if (status != OK)
            return status;
        (*ret_count)++;
    }
    return OK;
}

static enum status read_state(struct loader *loader, const struct node *node, bool *ret)
{
    struct bytes state = BYTES("ENABLED");
    enum status status = read_text(loader, node, "State", &state);

    *ret = !bytes_equal_text(state, "DISABLED");
    if (status == OK && *ret && !bytes_start_with(state, BYTES("ENABLED")))
        return loader_refuse(loader, node->where, "State: expected ENABLED or DISABLED, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    return status;
}

static enum status read_rule(struct loader *loader, struct bytes id, const struct node *properties,
                             struct rule *rule)
{
    const struct node *bus = node_get(properties, "EventBusName");
    enum status status = OK;

    rule->resource = id;
    rule->name =
        arena_printf(loader->arena, "%.*s-%.*s", BYTES_ARG(loader->stack_name), BYTES_ARG(id));
    rule->bus = BYTES("default");
    status = read_text(loader, node_get(properties, "Name"), "Name", &rule->name);
    if (status == OK && bus != NULL)
        status = resources_bus(loader, bus, "EventBusName", &rule->bus);
    if (status == OK)
        status = rules_json(loader, node_get(properties, "EventPattern"), "EventPattern", true,
                            &rule->pattern);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Description"), "Description",
                           &rule->description);
    if (status == OK)
        status = read_state(loader, node_get(properties, "State"), &rule->enabled);
    return status;
}

enum status rules_read_resource(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"Name", NULL},    {"EventBusName", NULL}, {"EventPattern", NULL},
        {"State", NULL},   {"Description", NULL},  {"Targets", NULL},
        {"RoleArn", NULL}, {"Tags", NULL},         {"ScheduleExpression", "schedules do not run"},
    };
    struct rule rule = {.where = resource->where};
    const struct node *properties = NULL, *list = NULL;
    struct rule_target *targets = NULL;
    enum status status = intrinsics_resolve(loader, node_get(resource, "Properties"), &properties);

    if (status != OK)
        return status;
    if (!node_is(properties, NODE_MAP))
        return loader_refuse(loader, resource->where, "%.*s: expected Properties", BYTES_ARG(id));
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "a rule");
    list = node_get(properties, "Targets");
    if (!node_is_nothing(list) && list->kind != NODE_LIST)
        return loader_refuse(loader, list->where, "Targets: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, list)));
    status = read_rule(loader, id, properties, &rule);
    if (status != OK)
        return status;
    if (rule.pattern.size == 0 && node_is_nothing(node_get(properties, "ScheduleExpression")))
        return loader_refuse(loader, resource->where, "%.*s: expected an EventPattern",
                             BYTES_ARG(id));
    if (rule.pattern.size == 0 || rule.bus.size == 0 || node_is_nothing(list))
        return OK; /* noted already, or nobody is called */
    targets = ARENA_NEW_ARRAY(loader->arena, list->count, struct rule_target);
    rule.targets = targets;
    status = read_targets(loader, list, targets, &rule.target_count);
    if (status != OK || rule.target_count == 0)
        return status;
    return rules_add(loader, &rule);
}
