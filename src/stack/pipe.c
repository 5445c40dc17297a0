/* stack/pipe.c - AWS::Pipes::Pipe as a request to EventBridge Pipes. */
#include "stack/property_rows.h"

/* ---- sources ---- */

static const struct property filter[] = {
    {.name = "Pattern", .kind = PROPERTY_PATTERN},
};
static const struct property criteria[] = {
    {.name = "Filters", .what = "a filter", LIST_OF(filter)},
};
static const struct property dead_letters[] = {TEXT("Arn")};
static const struct property stream[] = {
    NEEDED("StartingPosition"),
    INTEGER("BatchSize", 1, 10000),
    INTEGER("MaximumBatchingWindowInSeconds", 0, 300),
    INTEGER("MaximumRecordAgeInSeconds", -1, 604800),
    INTEGER("MaximumRetryAttempts", -1, 10000),
    INTEGER("ParallelizationFactor", 1, 10),
    TEXT("OnPartialBatchItemFailure"),
    MAP("DeadLetterConfig", dead_letters),
};
static const struct property queue[] = {
    INTEGER("BatchSize", 1, 10000),
    INTEGER("MaximumBatchingWindowInSeconds", 0, 300),
};
static const struct property source[] = {
    MAP("FilterCriteria", criteria),
    MAP("DynamoDBStreamParameters", stream),
    MAP("SqsQueueParameters", queue),
    {.name = "KinesisStreamParameters", .note = "dynlog has no Kinesis"},
    {.name = "ActiveMQBrokerParameters", .note = "dynlog has no Amazon MQ"},
    {.name = "RabbitMQBrokerParameters", .note = "dynlog has no Amazon MQ"},
    {.name = "ManagedStreamingKafkaParameters", .note = "dynlog has no Kafka"},
    {.name = "SelfManagedKafkaParameters", .note = "dynlog has no Kafka"},
};

/* ---- enrichments and targets ---- */

static const struct property http[] = {
    {.name = "PathParameterValues", .kind = PROPERTY_TEXTS},
    {.name = "HeaderParameters", .kind = PROPERTY_VALUE},
    {.name = "QueryStringParameters", .kind = PROPERTY_VALUE},
};
static const struct property enrichment[] = {
    TEXT("InputTemplate"),
    MAP("HttpParameters", http),
};
static const struct property function[] = {TEXT("InvocationType")};
static const struct property target_queue[] = {TEXT("MessageGroupId"),
                                               TEXT("MessageDeduplicationId")};
static const struct property bus[] = {
    TEXT("DetailType"),
    TEXT("Source"),
    {.name = "Resources", .kind = PROPERTY_TEXTS},
    TEXT("Time"),
    {.name = "EndpointId", .note = "dynlog has no global endpoints"},
};
static const struct property log_group[] = {TEXT("LogStreamName"), TEXT("Timestamp")};
static const struct property target[] = {
    TEXT("InputTemplate"),
    MAP("LambdaFunctionParameters", function),
    MAP("SqsQueueParameters", target_queue),
    MAP("EventBridgeEventBusParameters", bus),
    MAP("CloudWatchLogsParameters", log_group),
    MAP("HttpParameters", http),
    {.name = "StepFunctionStateMachineParameters", .note = "dynlog has no Step Functions"},
    {.name = "KinesisStreamParameters", .note = "dynlog has no Kinesis"},
    {.name = "EcsTaskParameters", .note = "dynlog has no ECS"},
    {.name = "BatchJobParameters", .note = "dynlog has no Batch"},
    {.name = "RedshiftDataParameters", .note = "dynlog has no Redshift"},
    {.name = "SageMakerPipelineParameters", .note = "dynlog has no SageMaker"},
    {.name = "TimestreamParameters", .note = "dynlog has no Timestream"},
};

/* ---- logs ---- */

static const struct property log_destination[] = {TEXT("LogGroupArn")};
static const struct property log_configuration[] = {
    TEXT("Level"),
    {.name = "IncludeExecutionData", .kind = PROPERTY_TEXTS},
    MAP("CloudwatchLogsLogDestination", log_destination),
    {.name = "FirehoseLogDestination", .note = "log records go to log groups"},
    {.name = "S3LogDestination", .note = "log records go to log groups"},
};

/* ---- pipes ---- */

static const struct property pipe_properties[] = {
    ELSEWHERE("Name"),
    TEXT("Description"),
    TEXT("DesiredState"),
    NEEDED("Source"),
    MAP("SourceParameters", source),
    TEXT("Enrichment"),
    MAP("EnrichmentParameters", enrichment),
    NEEDED("Target"),
    MAP("TargetParameters", target),
    ELSEWHERE("RoleArn"),
    MAP("LogConfiguration", log_configuration),
    TEXT("KmsKeyIdentifier"),
    {.name = "Tags", .kind = PROPERTY_VALUE}, /* a mapping, where other resources have a list */
};

static enum status add_pipe(struct loader *loader, struct bytes id, struct bytes name,
                            const struct buffer *body, struct stack_where where)
{
    enum status status = loader_add_call(loader, "Pipes.CreatePipe", body, id, where);

    /* What a request to change one does not have is passed over. */
    if (status == OK)
        status = loader_add_update(loader, "Pipes.UpdatePipe", NULL);
    return status == OK ? loader_add_made_name(loader, "pipe", name, "Pipes.DeletePipe", where)
                        : status;
}

enum status pipe_read(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0}, arn = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Target"), "Target", &arn);
    if (status != OK || (arn.size > 0 && !target_is_ours(loader, arn, resource->where)))
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    status = property_write(loader, &writer, properties, pipe_properties,
                            ARRAY_COUNT(pipe_properties), "a pipe");
    if (status == OK)
        status = property_write_role(loader, &writer, properties);
    json_end_object(&writer);
    return status == OK ? add_pipe(loader, id, name, &body, resource->where) : status;
}
