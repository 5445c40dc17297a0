/* api/pipes/shapes.c - the requests of EventBridge Pipes' operations, each as one object (rest.c).
 * (AWS: its service model.) */
#include "api/shape.h"

#include "base/arn.h"
#include "pipes/pipes.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define ARN_SIZE_MAX 1600
#define PATH_OR "|(\\$(\\.[\\w_-]+(\\[(\\d+|\\*)\\])*)*)"

/* ---- texts ---- */

static bool is_name(struct bytes text)
{
    return bytes_are_of(text, "-_.");
}

static bool is_arn(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn) && bytes_start_with(arn.partition, BYTES("aws"));
}

/* "smk://HOST:PORT" is a Kafka that somebody runs: refused, by name, by what reads the source. */
static bool is_source(struct bytes text)
{
    return is_arn(text) || bytes_start_with(text, BYTES("smk://"));
}

static bool is_optional_arn(struct bytes text)
{
    return text.size == 0 || is_arn(text);
}

static bool is_path(struct bytes text)
{
    return bytes_start_with(text, BYTES("$"));
}

static bool is_arn_or_path(struct bytes text)
{
    return is_arn(text) || is_path(text);
}

static bool is_role(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn) && bytes_start_with(arn.partition, BYTES("aws")) &&
           bytes_equal_text(arn.service, "iam") && arn.region.size == 0 && arn.account.size == 12 &&
           bytes_start_with(arn.resource, BYTES("role/")) &&
           bytes_are_of(bytes_slice(arn.resource, 5, arn.resource.size), "+=,.@-_/");
}

static bool is_event_source(struct bytes text)
{
    return text.size > 0 && !bytes_start_with(text, BYTES("aws."));
}

static bool is_line(struct bytes text)
{
    return bytes_find_byte(text, '\n', 0) == SIZE_MAX;
}

static bool is_path_parameter(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] != ' ' && (text.ptr[i] < '\t' || text.ptr[i] > '\r'))
            return is_line(text);
    return false;
}

#define ARN_PATTERN                                                                                \
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-]+):([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:"  \
    "(\\d{12})?:(.+)"

static const struct shape_pattern name_pattern = {"[\\.\\-_A-Za-z0-9]+", is_name};
static const struct shape_pattern arn_pattern = {ARN_PATTERN, is_arn};
static const struct shape_pattern source_pattern = {
    "smk://(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\\-]*[a-zA-Z0-9])\\.)*([A-Za-z0-9]|[A-Za-z0-9]"
    "[A-Za-z0-9\\-]*[A-Za-z0-9]):[0-9]{1,5}|" ARN_PATTERN,
    is_source};
static const struct shape_pattern optional_arn_pattern = {"$|" ARN_PATTERN, is_optional_arn};
static const struct shape_pattern path_pattern = {"\\$(\\.[\\w/_-]+(\\[(\\d+|\\*)\\])*)*", is_path};
static const struct shape_pattern arn_or_path_pattern = {ARN_PATTERN PATH_OR, is_arn_or_path};
static const struct shape_pattern role_pattern = {
    "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z0-9+=,.@\\-_/]+", is_role};
static const struct shape_pattern event_source_pattern = {
    "(?=[/\\.\\-_A-Za-z0-9]+)((?!aws\\.).*)" PATH_OR, is_event_source};
static const struct shape_pattern line_pattern = {".*", is_line};
static const struct shape_pattern path_parameter_pattern = {"(?!\\s*$).+" PATH_OR,
                                                            is_path_parameter};

/* ---- pieces ---- */

static const struct shape name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, PIPE_NAME_SIZE_MAX)};
static const struct shape description = {
    .kind = SHAPE_STRING, .pattern = &line_pattern, .sensitive = true, SHAPE_BETWEEN(0, 512)};
static const struct shape arn = {
    .kind = SHAPE_STRING, .pattern = &arn_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape source = {
    .kind = SHAPE_STRING, .pattern = &source_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape optional_arn = {
    .kind = SHAPE_STRING, .pattern = &optional_arn_pattern, SHAPE_BETWEEN(0, ARN_SIZE_MAX)};
static const struct shape role = {
    .kind = SHAPE_STRING, .pattern = &role_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape prefix = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape kms_key = {.kind = SHAPE_STRING, SHAPE_BETWEEN(0, 2048)};
static const struct shape desired = {.kind = SHAPE_STRING,
                                     .words = (const char *const[]){"RUNNING", "STOPPED", NULL}};
static const struct shape current = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){
        "RUNNING", "STOPPED", "CREATING", "UPDATING", "DELETING", "STARTING", "STOPPING",
        "CREATE_FAILED", "UPDATE_FAILED", "START_FAILED", "STOP_FAILED", "DELETE_FAILED",
        "CREATE_ROLLBACK_FAILED", "DELETE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", NULL}};
static const struct shape limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape page_token = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(1, 2048)};
static const struct shape input_template = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(0, 8192)};

/* ---- sources ---- */

static const struct shape pattern = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(0, 4096)};
static const struct shape_member filter_members[] = {
    SHAPE_MEMBER("Pattern", &pattern, OPTIONAL),
};
static const struct shape filter = {
    .kind = SHAPE_STRUCTURE, .name = "Filter", SHAPE_MEMBERS(filter_members)};
static const struct shape filters = {
    .kind = SHAPE_LIST, .element = &filter, SHAPE_BETWEEN(0, PIPE_FILTERS_MAX)};
static const struct shape_member criteria_members[] = {
    SHAPE_MEMBER("Filters", &filters, OPTIONAL),
};
static const struct shape criteria = {
    .kind = SHAPE_STRUCTURE, .name = "FilterCriteria", SHAPE_MEMBERS(criteria_members)};

static const struct shape batch_size = {.kind = SHAPE_INTEGER,
                                        SHAPE_BETWEEN(1, PIPE_STREAM_BATCH_MAX)};
static const struct shape window = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, 300)};
static const struct shape position = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"TRIM_HORIZON", "LATEST", NULL}};
static const struct shape factor = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 10)};
static const struct shape record_age = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(-1, 604800)};
static const struct shape retry_attempts = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(-1, 10000)};
static const struct shape on_partial_failure = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"AUTOMATIC_BISECT", NULL}};
static const struct shape_member dead_letter_members[] = {
    SHAPE_MEMBER("Arn", &arn, OPTIONAL),
};
static const struct shape dead_letter = {
    .kind = SHAPE_STRUCTURE, .name = "DeadLetterConfig", SHAPE_MEMBERS(dead_letter_members)};

#define STREAM_MEMBERS                                                                             \
    SHAPE_MEMBER("BatchSize", &batch_size, OPTIONAL),                                              \
        SHAPE_MEMBER("DeadLetterConfig", &dead_letter, OPTIONAL),                                  \
        SHAPE_MEMBER("OnPartialBatchItemFailure", &on_partial_failure, OPTIONAL),                  \
        SHAPE_MEMBER("MaximumBatchingWindowInSeconds", &window, OPTIONAL),                         \
        SHAPE_MEMBER("MaximumRecordAgeInSeconds", &record_age, OPTIONAL),                          \
        SHAPE_MEMBER("MaximumRetryAttempts", &retry_attempts, OPTIONAL),                           \
        SHAPE_MEMBER("ParallelizationFactor", &factor, OPTIONAL)

static const struct shape_member stream_members[] = {
    STREAM_MEMBERS,
    SHAPE_MEMBER("StartingPosition", &position, REQUIRED),
};
static const struct shape stream = {.kind = SHAPE_STRUCTURE,
                                    .name = "PipeSourceDynamoDBStreamParameters",
                                    SHAPE_MEMBERS(stream_members)};
static const struct shape_member update_stream_members[] = {STREAM_MEMBERS};
static const struct shape update_stream = {.kind = SHAPE_STRUCTURE,
                                           .name = "UpdatePipeSourceDynamoDBStreamParameters",
                                           SHAPE_MEMBERS(update_stream_members)};
static const struct shape_member queue_members[] = {
    SHAPE_MEMBER("BatchSize", &batch_size, OPTIONAL),
    SHAPE_MEMBER("MaximumBatchingWindowInSeconds", &window, OPTIONAL),
};
static const struct shape queue = {
    .kind = SHAPE_STRUCTURE, .name = "PipeSourceSqsQueueParameters", SHAPE_MEMBERS(queue_members)};

#define OTHER_SOURCES                                                                              \
    SHAPE_REFUSED("KinesisStreamParameters"), SHAPE_REFUSED("ActiveMQBrokerParameters"),           \
        SHAPE_REFUSED("RabbitMQBrokerParameters"),                                                 \
        SHAPE_REFUSED("ManagedStreamingKafkaParameters"),                                          \
        SHAPE_REFUSED("SelfManagedKafkaParameters")

static const struct shape_member source_members[] = {
    SHAPE_MEMBER("FilterCriteria", &criteria, OPTIONAL),
    SHAPE_MEMBER("DynamoDBStreamParameters", &stream, OPTIONAL),
    SHAPE_MEMBER("SqsQueueParameters", &queue, OPTIONAL),
    OTHER_SOURCES,
};
static const struct shape source_parameters = {
    .kind = SHAPE_STRUCTURE, .name = "PipeSourceParameters", SHAPE_MEMBERS(source_members)};
static const struct shape_member update_source_members[] = {
    SHAPE_MEMBER("FilterCriteria", &criteria, OPTIONAL),
    SHAPE_MEMBER("DynamoDBStreamParameters", &update_stream, OPTIONAL),
    SHAPE_MEMBER("SqsQueueParameters", &queue, OPTIONAL),
    OTHER_SOURCES,
};
static const struct shape update_source_parameters = {.kind = SHAPE_STRUCTURE,
                                                      .name = "UpdatePipeSourceParameters",
                                                      SHAPE_MEMBERS(update_source_members)};

/* ---- enrichments and targets ---- */

static const struct shape path_parameter = {
    .kind = SHAPE_STRING, .pattern = &path_parameter_pattern, .sensitive = true};
static const struct shape path_parameters = {
    .kind = SHAPE_LIST, .element = &path_parameter, SHAPE_BETWEEN(0, 1)};
static const struct shape header_key = {
    .kind = SHAPE_STRING, .pattern = &shape_header_key_pattern, SHAPE_BETWEEN(0, 512)};
static const struct shape header_value = {.kind = SHAPE_STRING,
                                          .pattern = &shape_header_value_pattern,
                                          .sensitive = true,
                                          SHAPE_BETWEEN(0, 512)};
static const struct shape headers = {
    .kind = SHAPE_MAP, .key = &header_key, .element = &header_value};
static const struct shape query_key = {
    .kind = SHAPE_STRING, .pattern = &shape_query_key_pattern, SHAPE_BETWEEN(0, 512)};
static const struct shape query_value = {.kind = SHAPE_STRING,
                                         .pattern = &shape_query_value_pattern,
                                         .sensitive = true,
                                         SHAPE_BETWEEN(0, 512)};
static const struct shape queries = {.kind = SHAPE_MAP, .key = &query_key, .element = &query_value};
static const struct shape_member http_members[] = {
    SHAPE_MEMBER("PathParameterValues", &path_parameters, OPTIONAL),
    SHAPE_MEMBER("HeaderParameters", &headers, OPTIONAL),
    SHAPE_MEMBER("QueryStringParameters", &queries, OPTIONAL),
};
static const struct shape http = {
    .kind = SHAPE_STRUCTURE, .name = "PipeTargetHttpParameters", SHAPE_MEMBERS(http_members)};

static const struct shape_member enrichment_members[] = {
    SHAPE_MEMBER("InputTemplate", &input_template, OPTIONAL),
    SHAPE_MEMBER("HttpParameters", &http, OPTIONAL),
};
static const struct shape enrichment_parameters = {
    .kind = SHAPE_STRUCTURE, .name = "PipeEnrichmentParameters", SHAPE_MEMBERS(enrichment_members)};

static const struct shape invocation = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"REQUEST_RESPONSE", "FIRE_AND_FORGET", NULL}};
static const struct shape_member function_members[] = {
    SHAPE_MEMBER("InvocationType", &invocation, OPTIONAL),
};
static const struct shape function = {.kind = SHAPE_STRUCTURE,
                                      .name = "PipeTargetLambdaFunctionParameters",
                                      SHAPE_MEMBERS(function_members)};

static const struct shape message_id = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(0, 100)};
static const struct shape_member target_queue_members[] = {
    SHAPE_MEMBER("MessageGroupId", &message_id, OPTIONAL),
    SHAPE_MEMBER("MessageDeduplicationId", &message_id, OPTIONAL),
};
static const struct shape target_queue = {.kind = SHAPE_STRUCTURE,
                                          .name = "PipeTargetSqsQueueParameters",
                                          SHAPE_MEMBERS(target_queue_members)};

static const struct shape detail_type = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(1, 128)};
static const struct shape event_source = {.kind = SHAPE_STRING,
                                          .pattern = &event_source_pattern,
                                          .sensitive = true,
                                          SHAPE_BETWEEN(1, 256)};
static const struct shape resource = {
    .kind = SHAPE_STRING, .pattern = &arn_or_path_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape resources = {
    .kind = SHAPE_LIST, .element = &resource, SHAPE_BETWEEN(0, 10)};
static const struct shape path = {
    .kind = SHAPE_STRING, .pattern = &path_pattern, SHAPE_BETWEEN(1, 256)};
static const struct shape_member bus_members[] = {
    SHAPE_MEMBER("DetailType", &detail_type, OPTIONAL),
    SHAPE_MEMBER("Source", &event_source, OPTIONAL),
    SHAPE_MEMBER("Resources", &resources, OPTIONAL),
    SHAPE_MEMBER("Time", &path, OPTIONAL),
    SHAPE_REFUSED("EndpointId"),
};
static const struct shape bus = {.kind = SHAPE_STRUCTURE,
                                 .name = "PipeTargetEventBridgeEventBusParameters",
                                 SHAPE_MEMBERS(bus_members)};

static const struct shape log_stream = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 256)};
static const struct shape_member log_group_members[] = {
    SHAPE_MEMBER("LogStreamName", &log_stream, OPTIONAL),
    SHAPE_MEMBER("Timestamp", &path, OPTIONAL),
};
static const struct shape log_group = {.kind = SHAPE_STRUCTURE,
                                       .name = "PipeTargetCloudWatchLogsParameters",
                                       SHAPE_MEMBERS(log_group_members)};

static const struct shape_member target_members[] = {
    SHAPE_MEMBER("InputTemplate", &input_template, OPTIONAL),
    SHAPE_MEMBER("LambdaFunctionParameters", &function, OPTIONAL),
    SHAPE_MEMBER("SqsQueueParameters", &target_queue, OPTIONAL),
    SHAPE_MEMBER("EventBridgeEventBusParameters", &bus, OPTIONAL),
    SHAPE_MEMBER("CloudWatchLogsParameters", &log_group, OPTIONAL),
    SHAPE_MEMBER("HttpParameters", &http, OPTIONAL),
    SHAPE_REFUSED("StepFunctionStateMachineParameters"),
    SHAPE_REFUSED("KinesisStreamParameters"),
    SHAPE_REFUSED("EcsTaskParameters"),
    SHAPE_REFUSED("BatchJobParameters"),
    SHAPE_REFUSED("RedshiftDataParameters"),
    SHAPE_REFUSED("SageMakerPipelineParameters"),
    SHAPE_REFUSED("TimestreamParameters"),
};
static const struct shape target_parameters = {
    .kind = SHAPE_STRUCTURE, .name = "PipeTargetParameters", SHAPE_MEMBERS(target_members)};

/* ---- logs ---- */

static const struct shape level = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"OFF", "ERROR", "INFO", "TRACE", NULL}};
static const struct shape data_word = {.kind = SHAPE_STRING,
                                       .words = (const char *const[]){"ALL", NULL}};
static const struct shape data = {.kind = SHAPE_LIST, .element = &data_word};
static const struct shape_member log_destination_members[] = {
    SHAPE_MEMBER("LogGroupArn", &arn, REQUIRED),
};
static const struct shape log_destination = {.kind = SHAPE_STRUCTURE,
                                             .name = "CloudwatchLogsLogDestinationParameters",
                                             SHAPE_MEMBERS(log_destination_members)};
static const struct shape_member log_members[] = {
    SHAPE_MEMBER("CloudwatchLogsLogDestination", &log_destination, OPTIONAL),
    SHAPE_MEMBER("Level", &level, REQUIRED),
    SHAPE_MEMBER("IncludeExecutionData", &data, OPTIONAL),
    SHAPE_REFUSED("FirehoseLogDestination"),
    SHAPE_REFUSED("S3LogDestination"),
};
static const struct shape log_configuration = {
    .kind = SHAPE_STRUCTURE, .name = "PipeLogConfigurationParameters", SHAPE_MEMBERS(log_members)};

/* ---- pipes ---- */

static const struct shape tag_value = {
    .kind = SHAPE_STRING, .sensitive = true, SHAPE_BETWEEN(0, 256)};
static const struct shape tags = {.kind = SHAPE_MAP,
                                  .key = &shape_tag_key,
                                  .element = &tag_value,
                                  SHAPE_BETWEEN(1, PIPE_TAGS_MAX)};
static const struct shape tag_keys = {
    .kind = SHAPE_LIST, .element = &shape_tag_key, SHAPE_BETWEEN(0, PIPE_TAGS_MAX)};

static const struct shape_member create_pipe[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("DesiredState", &desired, OPTIONAL),
    SHAPE_MEMBER("Source", &source, REQUIRED),
    SHAPE_MEMBER("SourceParameters", &source_parameters, OPTIONAL),
    SHAPE_MEMBER("Enrichment", &optional_arn, OPTIONAL),
    SHAPE_MEMBER("EnrichmentParameters", &enrichment_parameters, OPTIONAL),
    SHAPE_MEMBER("Target", &arn, REQUIRED),
    SHAPE_MEMBER("TargetParameters", &target_parameters, OPTIONAL),
    SHAPE_MEMBER("RoleArn", &role, REQUIRED),
    SHAPE_MEMBER("Tags", &tags, OPTIONAL),
    SHAPE_MEMBER("LogConfiguration", &log_configuration, OPTIONAL),
    SHAPE_MEMBER("KmsKeyIdentifier", &kms_key, OPTIONAL),
};
const struct shape shape_create_pipe = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(create_pipe)};

static const struct shape_member update_pipe[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("DesiredState", &desired, OPTIONAL),
    SHAPE_MEMBER("SourceParameters", &update_source_parameters, OPTIONAL),
    SHAPE_MEMBER("Enrichment", &optional_arn, OPTIONAL),
    SHAPE_MEMBER("EnrichmentParameters", &enrichment_parameters, OPTIONAL),
    SHAPE_MEMBER("Target", &arn, OPTIONAL),
    SHAPE_MEMBER("TargetParameters", &target_parameters, OPTIONAL),
    SHAPE_MEMBER("RoleArn", &role, REQUIRED),
    SHAPE_MEMBER("LogConfiguration", &log_configuration, OPTIONAL),
    SHAPE_MEMBER("KmsKeyIdentifier", &kms_key, OPTIONAL),
};
const struct shape shape_update_pipe = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(update_pipe)};

/* DescribePipe, DeletePipe, StartPipe, StopPipe */
static const struct shape_member pipe_name[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
};
const struct shape shape_pipe = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(pipe_name)};

static const struct shape_member list_pipes[] = {
    SHAPE_MEMBER("NamePrefix", &name, OPTIONAL),
    SHAPE_MEMBER("DesiredState", &desired, OPTIONAL),
    SHAPE_MEMBER("CurrentState", &current, OPTIONAL),
    SHAPE_MEMBER("SourcePrefix", &prefix, OPTIONAL),
    SHAPE_MEMBER("TargetPrefix", &prefix, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &limit, OPTIONAL),
};
const struct shape shape_list_pipes = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_pipes)};

static const struct shape_member tag_pipe[] = {
    SHAPE_MEMBER("resourceArn", &arn, REQUIRED),
    SHAPE_MEMBER("tags", &tags, REQUIRED),
};
const struct shape shape_tag_pipe = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(tag_pipe)};

static const struct shape_member untag_pipe[] = {
    SHAPE_MEMBER("resourceArn", &arn, REQUIRED),
    SHAPE_MEMBER("tagKeys", &tag_keys, REQUIRED),
};
const struct shape shape_untag_pipe = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(untag_pipe)};

static const struct shape_member list_tags_of_pipe[] = {
    SHAPE_MEMBER("resourceArn", &arn, REQUIRED),
};
const struct shape shape_list_tags_of_pipe = {.kind = SHAPE_STRUCTURE,
                                              SHAPE_MEMBERS(list_tags_of_pipe)};
