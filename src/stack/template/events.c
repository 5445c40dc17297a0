/* stack/template/events.c - one of the Events of an AWS::Serverless::Function, as the resource that
 * SAM makes of it: FUNCTIONEVENT is its logical id.
 *
 *   DynamoDB, SQS                                AWS::Lambda::EventSourceMapping
 *   EventBridgeRule, CloudWatchEvent, Schedule   AWS::Events::Rule
 *   ScheduleV2                                   AWS::Scheduler::Schedule */
#include "stack/template/template.h"

#define TARGET_ID_SIZE_MAX 64

struct event {
    const struct node_member *function, *member;
    struct bytes alias, id; /* id: the logical id of what is made */
    const struct node *given;
    struct stack_where where;
};

typedef enum status event_reader(struct loader *loader, const struct event *event);

/* Ref or ARN of what is called. */
static struct node *callee(struct loader *loader, const struct event *event)
{
    if (event->alias.size > 0)
        return build_one(loader, "Ref", event->alias, event->where);
    return build_get_attribute(loader, event->function->name, "Arn", event->where);
}

static enum status need(struct loader *loader, const struct event *event, const char *name)
{
    if (property_has_value(event->given, name))
        return OK;
    return loader_refuse(loader, event->where, "event %.*s: expected Properties with %s",
                         BYTES_ARG(event->member->name), name);
}

/* ---- mappings ---- */

static const struct key_rule stream_keys[] = {
    {"Stream", NULL},
    {"BatchSize", NULL},
    {"BisectBatchOnFunctionError", NULL},
    {"DestinationConfig", NULL},
    {"Enabled", NULL},
    {"FilterCriteria", NULL},
    {"FunctionResponseTypes", NULL},
    {"KmsKeyArn", NULL},
    {"MaximumBatchingWindowInSeconds", NULL},
    {"MaximumRecordAgeInSeconds", NULL},
    {"MaximumRetryAttempts", NULL},
    {"MetricsConfig", NULL},
    {"ParallelizationFactor", NULL},
    {"StartingPosition", NULL},
    {"StartingPositionTimestamp", NULL}, /* noted behind the mapping */
    {"TumblingWindowInSeconds", NULL},
};

static const struct key_rule queue_keys[] = {
    {"Queue", NULL},         {"BatchSize", NULL},
    {"Enabled", NULL},       {"FilterCriteria", NULL},
    {"KmsKeyArn", NULL},     {"FunctionResponseTypes", NULL},
    {"MetricsConfig", NULL}, {"MaximumBatchingWindowInSeconds", NULL},
    {"ScalingConfig", NULL}, {"ProvisionedPollerConfig", NULL},
};

/* All of the event's members are the mapping's, but the source. */
static enum status add_mapping(struct loader *loader, const struct event *event, const char *source,
                               const struct key_rule *rules, size_t count)
{
    struct node *properties = build_map(loader, event->where);
    enum status status = need(loader, event, source);

    if (status != OK)
        return status;
    read_check_keys(loader, event->given, rules, count, "an event");
    build_add(loader, properties, BYTES("EventSourceArn"), node_get(event->given, source));
    build_add(loader, properties, BYTES("FunctionName"),
              event->alias.size > 0
                  ? callee(loader, event)
                  : build_one(loader, "Ref", event->function->name, event->where));
    for (size_t i = 1; i < count; i++) /* the source is the first */
        build_add(loader, properties, bytes_of_text(rules[i].name),
                  node_get(event->given, rules[i].name));
    return sam_add(loader, event->id, "AWS::Lambda::EventSourceMapping", properties,
                   event->function);
}

static enum status read_stream(struct loader *loader, const struct event *event)
{
    enum status status = need(loader, event, "Stream");

    if (status == OK)
        status = need(loader, event, "StartingPosition");
    return status == OK
               ? add_mapping(loader, event, "Stream", stream_keys, ARRAY_COUNT(stream_keys))
               : status;
}

static enum status read_queue(struct loader *loader, const struct event *event)
{
    return add_mapping(loader, event, "Queue", queue_keys, ARRAY_COUNT(queue_keys));
}

/* ---- dead letters of a target ---- */

/* {Arn}; or {Type: SQS, QueueLogicalId}, and SAM makes the queue. */
static enum status add_dead_letters(struct loader *loader, const struct event *event,
                                    struct node *target)
{
    static const struct key_rule keys[] = {{"Arn", NULL}, {"Type", NULL}, {"QueueLogicalId", NULL}};
    struct bytes type = {0}, id = arena_printf(loader->arena, "%.*sQueue", BYTES_ARG(event->id));
    const struct node *config = NULL, *arn = NULL;
    struct node *made = NULL;
    enum status status = read_map(loader, node_get(event->given, "DeadLetterConfig"),
                                  "DeadLetterConfig", false, &config);

    if (status == OK)
        status = read_text(loader, node_get(config, "Type"), "Type", &type);
    if (status == OK)
        status = read_text(loader, node_get(config, "QueueLogicalId"), "QueueLogicalId", &id);
    if (status != OK || config == NULL)
        return status;
    read_check_keys(loader, config, keys, ARRAY_COUNT(keys), "DeadLetterConfig");
    arn = node_get(config, "Arn");
    if (arn == NULL && !bytes_equal_text(type, "SQS"))
        return loader_refuse(loader, config->where,
                             "DeadLetterConfig: expected Arn, or Type: SQS, in it");
    made = build_map(loader, config->where);
    build_add(loader, made, BYTES("Arn"),
              arn != NULL ? arn : build_get_attribute(loader, id, "Arn", config->where));
    build_add(loader, target, BYTES("DeadLetterConfig"), made);
    return arn != NULL ? OK
                       : sam_add(loader, id, "AWS::SQS::Queue", build_map(loader, config->where),
                                 event->function);
}

/* ---- rules ---- */

static const struct key_rule rule_keys[] = {
    {"EventBusName", NULL}, {"Pattern", NULL},          {"Input", NULL},
    {"InputPath", NULL},    {"InputTransformer", NULL}, {"RetryPolicy", NULL},
    {"RuleName", NULL},     {"DeadLetterConfig", NULL}, {"State", NULL},
    {"Target", NULL},       {"Enabled", NULL},
};

static const struct key_rule schedule_keys[] = {
    {"Schedule", NULL}, {"Name", NULL},  {"Description", NULL}, {"Enabled", NULL},
    {"State", NULL},    {"Input", NULL}, {"RetryPolicy", NULL}, {"DeadLetterConfig", NULL},
    {"RoleArn", NULL},
};

/* State, else Enabled, which SAM turns into one. */
static enum status add_state(struct loader *loader, const struct event *event,
                             struct node *properties)
{
    bool enabled = true;
    enum status status =
        read_boolean(loader, node_get(event->given, "Enabled"), "Enabled", &enabled);

    if (status != OK)
        return status;
    if (property_has_value(event->given, "State"))
        build_add(loader, properties, BYTES("State"), node_get(event->given, "State"));
    else
        build_add_text(loader, properties, "State", enabled ? BYTES("ENABLED") : BYTES("DISABLED"));
    return OK;
}

static enum status target_id(struct loader *loader, const struct event *event, struct bytes *ret)
{
    struct bytes id = event->id;

    id.size = size_min(id.size, TARGET_ID_SIZE_MAX - strlen("LambdaTarget"));
    *ret = arena_printf(loader->arena, "%.*sLambdaTarget", BYTES_ARG(id));
    return read_text(loader, node_get(node_get(event->given, "Target"), "Id"), "Id", ret);
}

static enum status add_rule(struct loader *loader, const struct event *event,
                            struct node *properties)
{
    static const char *const same[] = {"Input", "InputPath", "InputTransformer", "RetryPolicy",
                                       NULL};
    struct node *target = build_map(loader, event->where);
    struct node *list = node_new(loader->arena, NODE_LIST, event->where);
    struct bytes id = {0};
    enum status status = target_id(loader, event, &id);

    if (status != OK)
        return status;
    build_add(loader, target, BYTES("Arn"), callee(loader, event));
    build_add_text(loader, target, "Id", id);
    build_add_members(loader, target, event->given, same);
    status = add_dead_letters(loader, event, target);
    if (status == OK)
        status = add_state(loader, event, properties);
    build_append(loader, list, target);
    list->state = NODE_DONE;
    build_add(loader, properties, BYTES("Targets"), list);
    return status == OK
               ? sam_add(loader, event->id, "AWS::Events::Rule", properties, event->function)
               : status;
}

static enum status read_rule(struct loader *loader, const struct event *event)
{
    struct node *properties = build_map(loader, event->where);
    enum status status = need(loader, event, "Pattern");

    if (status != OK)
        return status;
    read_check_keys(loader, event->given, rule_keys, ARRAY_COUNT(rule_keys), "an event");
    build_add(loader, properties, BYTES("EventPattern"), node_get(event->given, "Pattern"));
    build_add(loader, properties, BYTES("EventBusName"), node_get(event->given, "EventBusName"));
    build_add(loader, properties, BYTES("Name"), node_get(event->given, "RuleName"));
    return add_rule(loader, event, properties);
}

static enum status read_schedule(struct loader *loader, const struct event *event)
{
    static const char *const same[] = {"Name", "Description", "RoleArn", NULL};
    struct node *properties = build_map(loader, event->where);
    enum status status = need(loader, event, "Schedule");

    if (status != OK)
        return status;
    read_check_keys(loader, event->given, schedule_keys, ARRAY_COUNT(schedule_keys), "an event");
    build_add(loader, properties, BYTES("ScheduleExpression"), node_get(event->given, "Schedule"));
    build_add_members(loader, properties, event->given, same);
    return add_rule(loader, event, properties);
}

/* ---- ScheduleV2 ---- */

static const struct key_rule scheduler_keys[] = {
    {"ScheduleExpression", NULL},
    {"Name", NULL},
    {"GroupName", NULL},
    {"Description", NULL},
    {"State", NULL},
    {"StartDate", NULL},
    {"EndDate", NULL},
    {"ScheduleExpressionTimezone", NULL},
    {"FlexibleTimeWindow", NULL},
    {"Input", NULL},
    {"RetryPolicy", NULL},
    {"DeadLetterConfig", NULL},
    {"KmsKeyArn", NULL},
    {"RoleArn", NULL},
    {"PermissionsBoundary", NULL},
    {"OmitName", NULL},
};

static enum status read_scheduler(struct loader *loader, const struct event *event)
{
    static const char *const same[] = {
        "ScheduleExpression",         "GroupName", "Description", "State", "StartDate", "EndDate",
        "ScheduleExpressionTimezone", "KmsKeyArn", NULL};
    static const char *const of_target[] = {"Input", "RetryPolicy", "RoleArn", NULL};
    struct node *properties = build_map(loader, event->where);
    struct node *target = build_map(loader, event->where);
    const struct node *window = node_get(event->given, "FlexibleTimeWindow");
    bool omit = false;
    enum status status = need(loader, event, "ScheduleExpression");

    if (status == OK)
        status = read_boolean(loader, node_get(event->given, "OmitName"), "OmitName", &omit);
    if (status != OK)
        return status;
    read_check_keys(loader, event->given, scheduler_keys, ARRAY_COUNT(scheduler_keys), "an event");
    if (property_has_value(event->given, "Name"))
        build_add(loader, properties, BYTES("Name"), node_get(event->given, "Name"));
    else if (!omit)
        build_add_text(loader, properties, "Name", event->id);
    build_add_members(loader, properties, event->given, same);
    build_add(loader, properties, BYTES("FlexibleTimeWindow"),
              window != NULL ? window : build_one(loader, "Mode", BYTES("OFF"), event->where));
    build_add(loader, target, BYTES("Arn"), callee(loader, event));
    build_add_members(loader, target, event->given, of_target);
    status = add_dead_letters(loader, event, target);
    build_add(loader, properties, BYTES("Target"), target);
    return status == OK
               ? sam_add(loader, event->id, "AWS::Scheduler::Schedule", properties, event->function)
               : status;
}

/* ---- the kinds ---- */

static const struct kind {
    const char *type;
    event_reader *read; /* NULL: noted */
    const char *note;
    const char *implicit; /* what SAM makes for all such events, which Outputs like to show */
} kinds[] = {
    {"DynamoDB", read_stream, NULL, NULL},
    {"SQS", read_queue, NULL, NULL},
    {"EventBridgeRule", read_rule, NULL, NULL},
    {"CloudWatchEvent", read_rule, NULL, NULL},
    {"Schedule", read_schedule, NULL, NULL},
    {"ScheduleV2", read_scheduler, NULL, NULL},
    {"Api", NULL, "dynlog serves no API Gateway", "ServerlessRestApi"},
    {"HttpApi", NULL, "dynlog serves no API Gateway", "ServerlessHttpApi"},
    {"WebSocketApi", NULL, "dynlog serves no API Gateway", NULL},
    {"AlexaSkill", NULL, "dynlog has no Alexa", NULL},
    {"CloudWatchLogs", NULL, "no function is called from a log group", NULL},
    {"Cognito", NULL, "dynlog has no Cognito", NULL},
    {"DocumentDB", NULL, "dynlog has no DocumentDB", NULL},
    {"IoTRule", NULL, "dynlog has no IoT", NULL},
    {"Kinesis", NULL, "dynlog has no Kinesis", NULL},
    {"MQ", NULL, "dynlog has no message broker", NULL},
    {"MSK", NULL, "dynlog has no Kafka", NULL},
    {"S3", NULL, "dynlog has no S3", NULL},
    {"SelfManagedKafka", NULL, "dynlog has no Kafka", NULL},
    {"SNS", NULL, "dynlog has no SNS", NULL},
};

static enum status refuse_type(struct loader *loader, const struct node *node,
                               const struct node_member *event)
{
    struct bytes names[ARRAY_COUNT(kinds)], near = {0};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        names[i] = bytes_of_text(kinds[i].type);
    if (node_is(node, NODE_STRING))
        near = read_nearest(node->text, names, ARRAY_COUNT(kinds));
    return loader_refuse(
        loader, node != NULL ? node->where : event->where,
        "event %.*s: expected a Type, as DynamoDB, SQS, EventBridgeRule, Schedule, "
        "got %.*s%s%.*s%s",
        BYTES_ARG(event->name), BYTES_ARG(node_describe(loader->arena, node)),
        near.size > 0 ? "; did you mean \"" : "", BYTES_ARG(near), near.size > 0 ? "\"?" : "");
}

static enum status note_kind(struct loader *loader, const struct kind *kind,
                             const struct event *event)
{
    loader_note(loader, event->where, "not acted on: event %.*s of %.*s: %s",
                BYTES_ARG(event->member->name), BYTES_ARG(event->function->name), kind->note);
    if (kind->implicit == NULL || node_get(loader->resources, kind->implicit) != NULL)
        return OK;
    return sam_add(loader, bytes_of_text(kind->implicit), "AWS::ApiGateway::RestApi", NULL,
                   event->function);
}

enum status sam_event(struct loader *loader, const struct node_member *function, struct bytes alias,
                      const struct node_member *member)
{
    const struct node *type = node_get(member->value, "Type");
    struct event event = {
        .function = function,
        .member = member,
        .alias = alias,
        .id = arena_printf(loader->arena, "%.*s%.*s", BYTES_ARG(function->name),
                           BYTES_ARG(member->name)),
        .where = member->value->where,
    };
    enum status status = OK;

    if (!node_is(member->value, NODE_MAP) || !node_is(type, NODE_STRING))
        return refuse_type(loader, type != NULL ? type : member->value, member);
    status =
        read_map(loader, node_get(member->value, "Properties"), "Properties", false, &event.given);
    for (size_t i = 0; status == OK && i < ARRAY_COUNT(kinds); i++)
        if (bytes_equal_text(type->text, kinds[i].type))
            return kinds[i].read != NULL ? kinds[i].read(loader, &event)
                                         : note_kind(loader, &kinds[i], &event);
    return status == OK ? refuse_type(loader, type, member) : status;
}
