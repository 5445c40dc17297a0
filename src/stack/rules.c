/* stack/rules.c - a rule and its targets as PutRule and PutTargets, from a function's eventBridge
 * event (events.c) or from an AWS::Events::Rule. */
#include "stack/property_rows.h"

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
    if (rule->pattern.size > 0)
        json_member_string(&writer, "EventPattern", rule->pattern);
    if (rule->schedule.size > 0)
        json_member_string(&writer, "ScheduleExpression", rule->schedule);
    json_member_text(&writer, "State", rule->enabled ? "ENABLED" : "DISABLED");
    if (rule->description.size > 0)
        json_member_string(&writer, "Description", rule->description);
    if (rule->role.size > 0)
        json_member_string(&writer, "RoleArn", rule->role);
    json_end_object(&writer);
    return loader_add_call(loader, "AWSEvents.PutRule", &body, rule->resource, rule->where);
}

/* ---- targets of a resource ---- */

static const struct property transformer[] = {{.name = "InputPathsMap", .kind = PROPERTY_VALUE},
                                              NEEDED("InputTemplate")};
static const struct property retry[] = {INTEGER("MaximumEventAgeInSeconds", 60, 86400),
                                        INTEGER("MaximumRetryAttempts", 0, 185)};
static const struct property dead_letters[] = {TEXT("Arn")};
static const struct property sqs[] = {TEXT("MessageGroupId")};
static const struct property http[] = {{.name = "PathParameterValues", .kind = PROPERTY_VALUE},
                                       {.name = "HeaderParameters", .kind = PROPERTY_VALUE},
                                       {.name = "QueryStringParameters", .kind = PROPERTY_VALUE}};
static const struct property target_properties[] = {
    NEEDED("Id"),
    NEEDED("Arn"),
    TEXT("RoleArn"),
    TEXT("Input"),
    TEXT("InputPath"),
    MAP("InputTransformer", transformer),
    MAP("RetryPolicy", retry),
    MAP("DeadLetterConfig", dead_letters),
    MAP("SqsParameters", sqs),
    MAP("HttpParameters", http),
    {.name = "AppSyncParameters", .note = "dynlog has no AppSync"},
    {.name = "BatchParameters", .note = "dynlog has no Batch"},
    {.name = "EcsParameters", .note = "dynlog has no ECS"},
    {.name = "KinesisParameters", .note = "dynlog has no Kinesis"},
    {.name = "RedshiftDataParameters", .note = "dynlog has no Redshift"},
    {.name = "RunCommandParameters", .note = "dynlog has no Systems Manager"},
    {.name = "SageMakerPipelineParameters", .note = "dynlog has no SageMaker"},
};

bool target_is_ours(struct loader *loader, struct bytes arn, struct stack_where where)
{
    const struct loader_function *function = NULL;
    struct arn parts = {0};

    if (arn.size == 0) {
        loader_note(loader, where, "not acted on: a target whose ARN is not known offline");
        return false;
    }
    function = stack_function_find(loader, arn);
    if (function != NULL)
        return function->enabled;
    if (!arn_parse(arn, &parts)) /* AWS's own check tells what is wrong with it */
        return true;
    if (bytes_equal_text(parts.service, "lambda")) {
        loader_note(loader, where,
                    "not acted on: target %.*s: of functions only this stack's are called",
                    BYTES_ARG(arn));
        return false;
    }
    if (bytes_equal_text(parts.service, "sqs") || bytes_equal_text(parts.service, "events") ||
        bytes_equal_text(parts.service, "logs"))
        return true;
    loader_note(loader, where, "not acted on: target %.*s: dynlog has no %.*s", BYTES_ARG(arn),
                BYTES_ARG(parts.service));
    return false;
}

static struct bytes rule_text(struct loader *loader, const struct rule *rule)
{
    return bytes_equal_text(rule->bus, "default")
               ? arena_printf(loader->arena, "rule %.*s", BYTES_ARG(rule->name))
               : arena_printf(loader->arena, "rule %.*s of bus %.*s", BYTES_ARG(rule->name),
                              BYTES_ARG(rule->bus));
}

static enum status add_made_rule(struct loader *loader, const struct rule *rule)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", rule->name);
    json_member_string(&writer, "EventBusName", rule->bus);
    json_end_object(&writer);
    return loader_add_made(loader, rule_text(loader, rule), "AWSEvents.DeleteRule", &body,
                           rule->where);
}

static enum status add_made_target(struct loader *loader, const struct rule *rule, struct bytes id)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Rule", rule->name);
    json_member_string(&writer, "EventBusName", rule->bus);
    json_key(&writer, "Ids");
    json_begin_array(&writer);
    json_write_string(&writer, id);
    json_end_array(&writer);
    json_end_object(&writer);
    return loader_add_made(loader,
                           arena_printf(loader->arena, "target %.*s of %.*s", BYTES_ARG(id),
                                        BYTES_ARG(rule_text(loader, rule))),
                           "AWSEvents.RemoveTargets", &body, rule->where);
}

/* Of a resource; *ret_id is empty when the target is left out. */
static enum status write_resource_target(struct loader *loader, struct json_writer *writer,
                                         const struct node *node, struct bytes *ret_id)
{
    struct bytes arn = {0};
    enum status status = OK;

    *ret_id = (struct bytes){0};
    if (!node_is(node, NODE_MAP))
        return loader_refuse(loader, node->where, "a target: expected a mapping, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    status = read_text(loader, node_get(node, "Arn"), "Arn", &arn);
    if (status != OK)
        return status;
    if (arn.size == 0 && node_find(node, BYTES("Arn")) == NULL)
        return loader_refuse(loader, node->where, "a target: expected Arn in it");
    if (!target_is_ours(loader, arn, node->where))
        return OK;
    json_begin_object(writer);
    status = property_write(loader, writer, node, target_properties, ARRAY_COUNT(target_properties),
                            "a target");
    json_end_object(writer);
    return status == OK ? read_text(loader, node_get(node, "Id"), "Id", ret_id) : status;
}

static enum status write_targets(struct loader *loader, struct json_writer *writer,
                                 const struct rule *rule, size_t *ret_count)
{
    size_t count = rule->target != NULL ? 1 : rule->targets != NULL ? rule->targets->count : 0;

    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct bytes id = {0};
        enum status status = OK;

        if (rule->target != NULL) {
            write_target(writer, rule->target);
            id = rule->target->id;
        } else {
            status = write_resource_target(loader, writer, rule->targets->items[i], &id);
        }
        if (status == OK && id.size > 0)
            status = add_made_target(loader, rule, id);
        if (status != OK)
            return status;
        *ret_count += id.size > 0 ? 1 : 0;
    }
    return OK;
}

static enum status add_put_targets(struct loader *loader, const struct rule *rule)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    size_t count = 0;
    enum status status = OK;

    json_begin_object(&writer);
    json_member_string(&writer, "Rule", rule->name);
    json_member_string(&writer, "EventBusName", rule->bus);
    json_key(&writer, "Targets");
    json_begin_array(&writer);
    status = write_targets(loader, &writer, rule, &count);
    json_end_array(&writer);
    json_end_object(&writer);
    return status != OK || count == 0 ? status
                                      : loader_add_call(loader, "AWSEvents.PutTargets", &body,
                                                        rule->resource, rule->where);
}

/* A rule whose targets are all left out is made too: it can be asked about, and calls nobody. */
enum status rules_add(struct loader *loader, const struct rule *rule)
{
    enum status status = add_put_rule(loader, rule);

    if (status == OK)
        status = add_made_rule(loader, rule);
    return status == OK ? add_put_targets(loader, rule) : status;
}

/* ---- AWS::Events::Rule ---- */

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

/* *ret_known: false when only AWS knows the rule's bus. */
static enum status read_rule(struct loader *loader, const struct node *properties,
                             struct rule *rule, bool *ret_known)
{
    const struct node *bus = node_get(properties, "EventBusName");
    enum status status = OK;

    rule->bus = BYTES("default");
    if (bus != NULL)
        status = resources_bus(loader, bus, "EventBusName", &rule->bus);
    *ret_known = rule->bus.size > 0;
    if (status == OK)
        status = rules_json(loader, node_get(properties, "EventPattern"), "EventPattern", true,
                            &rule->pattern);
    if (status == OK)
        status = read_text(loader, node_get(properties, "ScheduleExpression"), "ScheduleExpression",
                           &rule->schedule);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Description"), "Description",
                           &rule->description);
    if (status == OK)
        status = read_text(loader, node_get(properties, "RoleArn"), "RoleArn", &rule->role);
    if (status == OK)
        status = read_state(loader, node_get(properties, "State"), &rule->enabled);
    return status;
}

enum status rules_read_resource(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"Name", NULL},  {"EventBusName", NULL}, {"EventPattern", NULL},
        {"State", NULL}, {"Description", NULL},  {"Targets", NULL},
        {"Tags", NULL},  {"RoleArn", NULL},      {"ScheduleExpression", NULL},
    };
    struct rule rule = {.resource = id, .where = resource->where};
    const struct node *properties = NULL;
    bool known = false;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &rule.name);
    if (status != OK)
        return status;
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "a rule");
    if (property_has_value(properties, "Targets"))
        rule.targets = node_get(properties, "Targets");
    if (rule.targets != NULL && rule.targets->kind != NODE_LIST)
        return loader_refuse(loader, rule.targets->where, "Targets: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, rule.targets)));
    status = read_rule(loader, properties, &rule, &known);
    if (status != OK || !known)
        return status;
    if (rule.pattern.size == 0 && rule.schedule.size == 0)
        return loader_refuse(loader, resource->where,
                             "%.*s: expected an EventPattern or a ScheduleExpression",
                             BYTES_ARG(id));
    return rules_add(loader, &rule);
}
