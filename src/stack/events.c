/* stack/events.c - what calls a function: `events:` with stream and eventBridge; all other kinds
 * are noted. The n of a rule's name is the place among all of the function's events, from 1. */
#include "stack/loader.h"

/* ---- stream: change stream -> function ---- */

static const struct key_rule stream_keys[] = {
    {"arn", NULL},
    {"type", NULL},
    {"batchSize", NULL},
    {"batchWindow", NULL},
    {"startingPosition", NULL},
    {"parallelizationFactor", NULL},
    {"bisectBatchOnFunctionError", NULL},
    {"maximumRetryAttempts", NULL},
    {"maximumRecordAgeInSeconds", NULL},
    {"enabled", NULL},
    {"consumer", NULL}, /* only Kinesis has them */
    {"filterPatterns", "the function gets every record"},
    {"functionResponseType", "a batch succeeds or fails as a whole"},
    {"tumblingWindowInSeconds", "batches carry no window state"},
    {"destinations", "what fails for good is not sent on"},
    {"startingPositionTimestamp", "only LATEST and TRIM_HORIZON start a change stream"},
};

/* The table of arn:...:table/NAME/stream/LABEL. Empty, and noted, when it is no change stream that
 * is known here. */
static enum status read_table_name(struct loader *loader, const struct node *node,
                                   struct stack_where where, struct bytes *ret)
{
    struct bytes text = {0}, rest = {0};
    struct arn arn = {0};
    size_t end = 0;
    enum status status = read_text(loader, node, "arn", &text);

    if (status != OK)
        return status;
    if (text.size == 0) {
        loader_note(loader, where, "not acted on: a stream whose ARN is not known offline");
        return OK;
    }
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where,
                             "arn: expected the ARN of a table's stream, got \"%.*s\"",
                             BYTES_ARG(text));
    if (!bytes_equal_text(arn.service, "dynamodb")) {
        loader_note(loader, where, "not acted on: a stream of %.*s: only tables have streams here",
                    BYTES_ARG(arn.service));
        return OK;
    }
    rest = bytes_slice(arn.resource, strlen("table/"), arn.resource.size);
    end = bytes_find(rest, BYTES("/stream/"));
    if (!bytes_start_with(arn.resource, BYTES("table/")) || end == SIZE_MAX || end == 0)
        return loader_refuse(loader, node->where,
                             "arn: expected arn:aws:dynamodb:...:table/NAME/stream/..., got "
                             "\"%.*s\"",
                             BYTES_ARG(text));
    *ret = bytes_slice(rest, 0, end);
    return OK;
}

static enum status read_uint32(struct loader *loader, const struct node *map, const char *name,
                               int64_t smallest, int64_t largest, uint32_t *ret)
{
    int64_t value = *ret;
    enum status status = read_integer(loader, node_get(map, name), name, smallest, largest, &value);

    if (status == OK)
        *ret = (uint32_t)value;
    return status;
}

static enum status read_int32(struct loader *loader, const struct node *map, const char *name,
                              int64_t smallest, int64_t largest, int32_t *ret)
{
    int64_t value = *ret;
    enum status status = read_integer(loader, node_get(map, name), name, smallest, largest, &value);

    if (status == OK)
        *ret = (int32_t)value;
    return status;
}

static enum status read_starting_position(struct loader *loader, const struct node *node, bool *ret)
{
    struct bytes text = BYTES("TRIM_HORIZON"); /* the Serverless Framework's default */
    enum status status = read_text(loader, node, "startingPosition", &text);

    if (status != OK)
        return status;
    *ret = bytes_equal_text(text, "TRIM_HORIZON");
    if (!*ret && !bytes_equal_text(text, "LATEST"))
        return loader_refuse(loader, node->where,
                             "startingPosition: expected LATEST or TRIM_HORIZON, got \"%.*s\"",
                             BYTES_ARG(text));
    return OK;
}

static enum status read_record_age(struct loader *loader, const struct node *stream, int32_t *ret)
{
    const struct node *node = node_get(stream, "maximumRecordAgeInSeconds");
    enum status status = read_int32(loader, stream, "maximumRecordAgeInSeconds", -1, 604800, ret);

    if (status == OK && *ret >= 0 && *ret < 60)
        return loader_refuse(loader, node->where,
                             "maximumRecordAgeInSeconds: expected -1, or 60 to 604800, got %d",
                             (int)*ret);
    return status;
}

/* Limits: Lambda's CreateEventSourceMapping, for DynamoDB. */
static enum status read_mapping_fields(struct loader *loader, const struct node *stream,
                                       struct stack_mapping *mapping)
{
    enum status status = read_uint32(loader, stream, "batchSize", 1, 10000, &mapping->batch_size);

    if (status == OK)
        status = read_uint32(loader, stream, "batchWindow", 0, 300, &mapping->batch_window_s);
    if (status == OK)
        status = read_uint32(loader, stream, "parallelizationFactor", 1, 10,
                             &mapping->parallelization_factor);
    if (status == OK)
        status = read_boolean(loader, node_get(stream, "bisectBatchOnFunctionError"),
                              "bisectBatchOnFunctionError", &mapping->bisect_on_error);
    if (status == OK)
        status = read_int32(loader, stream, "maximumRetryAttempts", -1, 10000,
                            &mapping->maximum_retry_attempts);
    if (status == OK)
        status = read_record_age(loader, stream, &mapping->maximum_record_age_s);
    if (status == OK)
        status = read_starting_position(loader, node_get(stream, "startingPosition"),
                                        &mapping->trim_horizon);
    if (status == OK)
        status = read_boolean(loader, node_get(stream, "enabled"), "enabled", &mapping->enabled);
    return status;
}

static bool is_intrinsic(const struct node *node)
{
    return node_is(node, NODE_MAP) && node->count == 1 &&
           (bytes_equal_text(node->members[0].name, "Ref") ||
            bytes_start_with(node->members[0].name, BYTES("Fn::")));
}

static enum status read_stream(struct loader *loader, const struct loader_function *function,
                               const struct node_member *event)
{
    struct stack *stack = loader->stack;
    const struct node *stream = event->value, *arn = stream;
    struct stack_mapping mapping = {
        .function_name = function->name,
        .batch_size = 10, /* the Serverless Framework's default */
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
        .trim_horizon = true,
        .enabled = true,
        .where = event->where,
    };
    enum status status = OK;

    if (node_is(stream, NODE_MAP) && !is_intrinsic(stream)) {
        arn = node_get(stream, "arn");
        read_check_keys(loader, stream, stream_keys, ARRAY_COUNT(stream_keys), "a stream");
        status = read_mapping_fields(loader, stream, &mapping);
    } else if (!node_is(stream, NODE_STRING) && !is_intrinsic(stream) && !node_is_nothing(stream)) {
        return loader_refuse(loader, stream->where,
                             "stream: expected an ARN or a mapping with arn, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, stream)));
    }
    if (status == OK && arn == NULL)
        return loader_refuse(loader, stream->where, "stream: expected arn in it");
    if (status == OK)
        status = read_table_name(loader, arn, event->where, &mapping.table_name);
    if (status != OK || mapping.table_name.size == 0)
        return status;
    stack->mappings =
        arena_grow(loader->arena, stack->mappings, stack->mapping_count, stack->mapping_count + 1,
                   &loader->mapping_capacity, sizeof *stack->mappings);
    stack->mappings[stack->mapping_count++] = mapping;
    return OK;
}

/* ---- eventBridge: bus -> function ---- */

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
    {"schedule", "schedules do not run"},
};

static enum status read_bridge_input(struct loader *loader, const struct node *bridge,
                                     struct rule_target *target)
{
    static const struct key_rule keys[] = {{"inputPathsMap", NULL}, {"inputTemplate", NULL}};
    const struct node *transformer = NULL, *paths = NULL;
    enum status status = read_map(loader, node_get(bridge, "inputTransformer"), "inputTransformer",
                                  false, &transformer);

    if (status == OK)
        status = rules_json(loader, node_get(bridge, "input"), "input", false, &target->input);
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

static enum status read_bridge(struct loader *loader, const struct loader_function *function,
                               const struct node_member *event, size_t index)
{
    const struct node *bridge = event->value;
    struct rule_target target = RULE_TARGET_INIT;
    struct rule rule = {.resource = function->key,
                        .where = event->where,
                        .enabled = true,
                        .targets = &target,
                        .target_count = 1};
    bool bus_known = false;
    enum status status = OK;

    if (!node_is(bridge, NODE_MAP))
        return loader_refuse(loader, bridge->where, "eventBridge: expected a mapping, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, bridge)));
    if (node_is_nothing(node_get(bridge, "pattern")) &&
        node_is_nothing(node_get(bridge, "schedule")))
        return loader_refuse(loader, bridge->where, "eventBridge: expected a pattern in it");
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
        status = read_bridge_input(loader, bridge, &target);
    if (status == OK)
        status = read_bridge_retry(loader, bridge, &target);
    if (status == OK)
        status = read_bridge_state(loader, bridge, &rule.enabled);
    if (status == OK)
        status = read_bridge_bus(loader, bridge, &rule, &bus_known);
    if (status != OK || !bus_known || rule.pattern.size == 0)
        return status;
    return rules_add(loader, &rule);
}

/* ---- all kinds ---- */

static const struct key_rule event_keys[] = {
    {"stream", NULL},
    {"eventBridge", NULL},
    {"http", "dynlog serves no API Gateway"},
    {"httpApi", "dynlog serves no API Gateway"},
    {"websocket", "dynlog serves no API Gateway"},
    {"schedule", "schedules do not run"},
    {"sns", "dynlog has no SNS"},
    {"sqs", "dynlog calls no function from a queue yet"},
    {"s3", "dynlog has no S3"},
    {"alb", "dynlog has no load balancer"},
    {"iot", "dynlog has no IoT"},
    {"iotFleetProvisioning", "dynlog has no IoT"},
    {"cloudwatchEvent", "use eventBridge"},
    {"cloudwatchLog", "dynlog has no CloudWatch Logs"},
    {"cognitoUserPool", "dynlog has no Cognito"},
    {"cloudFront", "dynlog has no CloudFront"},
    {"alexaSkill", "dynlog has no Alexa"},
    {"alexaSmartHome", "dynlog has no Alexa"},
    {"kafka", "dynlog has no Kafka"},
    {"msk", "dynlog has no Kafka"},
    {"activemq", "dynlog has no message broker"},
    {"rabbitmq", "dynlog has no message broker"},
};

enum status events_read(struct loader *loader, const struct loader_function *function)
{
    const struct node *events = node_get(function->node, "events");

    if (node_is_nothing(events))
        return OK;
    if (events->kind != NODE_LIST)
        return loader_refuse(loader, events->where, "events: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, events)));
    for (size_t i = 0; i < events->count; i++) {
        const struct node *event = events->items[i];

        if (node_is_nothing(event))
            continue;
        if (event->kind != NODE_MAP || event->count == 0)
            return loader_refuse(loader, event->where,
                                 "events: expected a mapping as {stream: ...}, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, event)));
        read_check_keys(loader, event, event_keys, ARRAY_COUNT(event_keys), "events");
        for (size_t k = 0; k < event->count; k++) {
            enum status status = OK;

            if (bytes_equal_text(event->members[k].name, "stream"))
                status = read_stream(loader, function, &event->members[k]);
            else if (bytes_equal_text(event->members[k].name, "eventBridge"))
                status = read_bridge(loader, function, &event->members[k], i + 1);
            if (status != OK)
                return status;
        }
    }
    return OK;
}
