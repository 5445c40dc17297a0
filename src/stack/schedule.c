/* stack/schedule.c - AWS::Scheduler::Schedule and ScheduleGroup, and the schedules of functions
 * (timed.c), as requests to EventBridge Scheduler. */
#include "stack/property_rows.h"

#define GROUP_DEFAULT "default"
#define UNIVERSAL "arn:aws:scheduler:::aws-sdk:"

static const struct property window[] = {NEEDED("Mode"),
                                         INTEGER("MaximumWindowInMinutes", 1, 1440)};
static const struct property dead_letters[] = {TEXT("Arn")};
static const struct property retry[] = {INTEGER("MaximumEventAgeInSeconds", 60, 86400),
                                        INTEGER("MaximumRetryAttempts", 0, 185)};
static const struct property bridge[] = {NEEDED("DetailType"), NEEDED("Source")};
static const struct property sqs[] = {TEXT("MessageGroupId")};
static const struct property target[] = {
    NEEDED("Arn"),
    ELSEWHERE("RoleArn"),
    TEXT("Input"),
    MAP("DeadLetterConfig", dead_letters),
    MAP("RetryPolicy", retry),
    MAP("EventBridgeParameters", bridge),
    MAP("SqsParameters", sqs),
    {.name = "EcsParameters", .note = "dynlog has no ECS"},
    {.name = "KinesisParameters", .note = "dynlog has no Kinesis"},
    {.name = "SageMakerPipelineParameters", .note = "dynlog has no SageMaker"},
};
static const struct property schedule[] = {
    ELSEWHERE("Name"),
    TEXT("GroupName"),
    TEXT("Description"),
    NEEDED("ScheduleExpression"),
    TEXT("ScheduleExpressionTimezone"),
    {.name = "StartDate", .kind = PROPERTY_TIME},
    {.name = "EndDate", .kind = PROPERTY_TIME},
    TEXT("State"),
    {.name = "FlexibleTimeWindow", MAP_OF(window), .required = true},
    ELSEWHERE("Target"),
    ELSEWHERE("KmsKeyArn"),
};

/* ---- groups ---- */

enum status schedule_read_group(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct property group[] = {ELSEWHERE("Name"),
                                            {.name = "Tags", .kind = PROPERTY_VALUE}};
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    status =
        property_write(loader, &writer, properties, group, ARRAY_COUNT(group), "a schedule group");
    json_end_object(&writer);
    if (status == OK)
        status =
            loader_add_call(loader, "AWSScheduler.CreateScheduleGroup", &body, id, resource->where);
    return status == OK ? loader_add_made_name(loader, "schedule group", name,
                                               "AWSScheduler.DeleteScheduleGroup", resource->where)
                        : status;
}

/* ---- schedules ---- */

static enum status add_made(struct loader *loader, struct bytes name, struct bytes group,
                            struct stack_where where)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    json_member_string(&writer, "GroupName", group);
    json_end_object(&writer);
    return loader_add_made(
        loader,
        arena_printf(loader->arena, "schedule %.*s/%.*s", BYTES_ARG(group), BYTES_ARG(name)),
        "AWSScheduler.DeleteSchedule", &body, where);
}

enum status schedule_add(struct loader *loader, struct bytes name, struct bytes group,
                         const struct buffer *body, struct bytes resource, struct stack_where where)
{
    enum status status =
        loader_add_call(loader, "AWSScheduler.CreateSchedule", body, resource, where);

    if (status == OK)
        status = loader_add_update(loader, "AWSScheduler.UpdateSchedule", NULL);
    return status == OK
               ? add_made(loader, name, group.size > 0 ? group : BYTES(GROUP_DEFAULT), where)
               : status;
}

static enum status write_target(struct loader *loader, struct json_writer *writer,
                                const struct node *node)
{
    json_key(writer, "Target");
    json_begin_object(writer);
    enum status status =
        property_write(loader, writer, node, target, ARRAY_COUNT(target), "a target");

    if (status == OK)
        status = property_write_role(loader, writer, node);
    json_end_object(writer);
    return status;
}

/* Universal targets: operations of AWS's API. Those of which a delivery can be made. */
static bool is_ours(struct loader *loader, struct bytes arn, struct stack_where where)
{
    static const char *const operations[] = {"sqs:sendMessage", "lambda:invoke",
                                             "eventbridge:putEvents"};
    struct bytes operation = {0};

    if (!bytes_start_with(arn, BYTES(UNIVERSAL)))
        return target_is_ours(loader, arn, where);
    operation = bytes_slice(arn, strlen(UNIVERSAL), arn.size);
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        if (bytes_equal_text(operation, operations[i]))
            return true;
    }
    loader_note(loader, where,
                "not acted on: target %.*s: of AWS's operations only sqs:sendMessage, "
                "lambda:invoke and eventbridge:putEvents are called",
                BYTES_ARG(arn));
    return false;
}

static enum status read_target(struct loader *loader, struct bytes id,
                               const struct node *properties, const struct node **ret,
                               bool *ret_ours)
{
    struct bytes arn = {0};
    enum status status = OK;

    *ret = node_get(properties, "Target");
    if (!node_is(*ret, NODE_MAP) || node_get(*ret, "Arn") == NULL)
        return loader_refuse(loader, properties->where, "%.*s: expected a Target with an Arn",
                             BYTES_ARG(id));
    status = read_text(loader, node_get(*ret, "Arn"), "Arn", &arn);
    *ret_ours = status == OK && is_ours(loader, arn, (*ret)->where);
    return status;
}

enum status schedule_read(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL, *node = NULL;
    struct bytes name = {0}, group = {0};
    bool ours = false;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status == OK)
        status = read_text(loader, node_get(properties, "GroupName"), "GroupName", &group);
    if (status == OK)
        status = read_target(loader, id, properties, &node, &ours);
    if (status != OK || !ours)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    status =
        property_write(loader, &writer, properties, schedule, ARRAY_COUNT(schedule), "a schedule");
    if (status == OK)
        status = write_target(loader, &writer, node);
    json_end_object(&writer);
    return status == OK ? schedule_add(loader, name, group, &body, id, resource->where) : status;
}
