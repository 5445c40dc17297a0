/* api/lambda/mapping_shapes.c - the requests of Lambda's operations on event source mappings, each
 * as one object (api/rest.h). (AWS: its service model.) */
#include "api/shape.h"

#include "base/arn.h"
#include "mapping/mapping.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define STRUCTURE(name_, members_)                                                                 \
    {                                                                                              \
        .kind = SHAPE_STRUCTURE, .name = (name_), SHAPE_MEMBERS(members_)                          \
    }

/* ---- texts ---- */

static bool is_arn(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn);
}

static bool is_arn_or_empty(struct bytes text)
{
    return text.size == 0 || is_arn(text);
}

static bool is_function_name(struct bytes text)
{
    return bytes_are_of(text, ":-_$");
}

#define ARN_TEXT                                                                                   \
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"

static const struct shape_pattern arn_pattern = {ARN_TEXT, is_arn};
static const struct shape_pattern destination_pattern = {"^$|" ARN_TEXT, is_arn_or_empty};
static const struct shape_pattern name_pattern = {
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
    "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
    is_function_name};

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape date = {.kind = SHAPE_TIMESTAMP};
static const struct shape arn = {.kind = SHAPE_STRING, .pattern = &arn_pattern};
static const struct shape function_name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, 256)};

/* ---- settings ---- */

static const struct shape batch_size = {.kind = SHAPE_INTEGER,
                                        SHAPE_BETWEEN(1, MAPPING_BATCH_SIZE_MAX)};
static const struct shape batch_window = {.kind = SHAPE_INTEGER,
                                          SHAPE_BETWEEN(0, MAPPING_WINDOW_S_MAX)};
static const struct shape parallelization = {.kind = SHAPE_INTEGER,
                                             SHAPE_BETWEEN(1, MAPPING_PARALLELIZATION_MAX)};
static const struct shape record_age = {.kind = SHAPE_INTEGER,
                                        SHAPE_BETWEEN(-1, MAPPING_RECORD_AGE_S_MAX)};
static const struct shape retry_attempts = {.kind = SHAPE_INTEGER,
                                            SHAPE_BETWEEN(-1, MAPPING_RETRY_ATTEMPTS_MAX)};
static const struct shape tumbling_window = {.kind = SHAPE_INTEGER,
                                             SHAPE_BETWEEN(0, MAPPING_TUMBLING_WINDOW_S_MAX)};
static const struct shape position = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"LATEST", "AT_TIMESTAMP", "TRIM_HORIZON", NULL}};

static const struct shape response_type = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"ReportBatchItemFailures", NULL}};
static const struct shape response_types = {
    .kind = SHAPE_LIST, .element = &response_type, SHAPE_AT_MOST(1)};

static const struct shape pattern = {.kind = SHAPE_STRING,
                                     SHAPE_BETWEEN(0, MAPPING_FILTER_SIZE_MAX)};
static const struct shape_member filter_members[] = {SHAPE_MEMBER("Pattern", &pattern, OPTIONAL)};
static const struct shape filter = STRUCTURE("Filter", filter_members);
static const struct shape filters = {.kind = SHAPE_LIST, .element = &filter};
static const struct shape_member criteria_members[] = {SHAPE_MEMBER("Filters", &filters, OPTIONAL)};
static const struct shape criteria = STRUCTURE("FilterCriteria", criteria_members);

static const struct shape destination_arn = {
    .kind = SHAPE_STRING, .pattern = &destination_pattern, SHAPE_BETWEEN(0, 350)};
static const struct shape_member destination_members[] = {
    SHAPE_MEMBER("Destination", &destination_arn, OPTIONAL)};
static const struct shape on_success = STRUCTURE("OnSuccess", destination_members);
static const struct shape on_failure = STRUCTURE("OnFailure", destination_members);
static const struct shape_member destinations_members[] = {
    SHAPE_MEMBER("OnSuccess", &on_success, OPTIONAL),
    SHAPE_MEMBER("OnFailure", &on_failure, OPTIONAL),
};
static const struct shape destinations = STRUCTURE("DestinationConfig", destinations_members);

static const struct shape concurrency = {
    .kind = SHAPE_INTEGER, SHAPE_BETWEEN(MAPPING_CONCURRENCY_MIN, MAPPING_CONCURRENCY_MAX)};
static const struct shape_member scaling_members[] = {
    SHAPE_MEMBER("MaximumConcurrency", &concurrency, OPTIONAL)};
static const struct shape scaling = STRUCTURE("ScalingConfig", scaling_members);

static const struct shape tags = {.kind = SHAPE_MAP, .element = &text};

/* Of both; what belongs to Kafka, brokers, DocumentDB, and what only measures or encrypts, is
 * refused by name. */
#define SETTINGS                                                                                   \
    SHAPE_MEMBER("Enabled", &boolean, OPTIONAL), SHAPE_MEMBER("BatchSize", &batch_size, OPTIONAL), \
        SHAPE_MEMBER("FilterCriteria", &criteria, OPTIONAL),                                       \
        SHAPE_MEMBER("MaximumBatchingWindowInSeconds", &batch_window, OPTIONAL),                   \
        SHAPE_MEMBER("ParallelizationFactor", &parallelization, OPTIONAL),                         \
        SHAPE_MEMBER("DestinationConfig", &destinations, OPTIONAL),                                \
        SHAPE_MEMBER("MaximumRecordAgeInSeconds", &record_age, OPTIONAL),                          \
        SHAPE_MEMBER("BisectBatchOnFunctionError", &boolean, OPTIONAL),                            \
        SHAPE_MEMBER("MaximumRetryAttempts", &retry_attempts, OPTIONAL),                           \
        SHAPE_MEMBER("TumblingWindowInSeconds", &tumbling_window, OPTIONAL),                       \
        SHAPE_MEMBER("FunctionResponseTypes", &response_types, OPTIONAL),                          \
        SHAPE_MEMBER("ScalingConfig", &scaling, OPTIONAL)

#define REFUSED_SETTINGS                                                                           \
    SHAPE_REFUSED("SourceAccessConfigurations"),                                                   \
        SHAPE_REFUSED("AmazonManagedKafkaEventSourceConfig"),                                      \
        SHAPE_REFUSED("SelfManagedKafkaEventSourceConfig"),                                        \
        SHAPE_REFUSED("DocumentDBEventSourceConfig"), SHAPE_REFUSED("KMSKeyArn"),                  \
        SHAPE_REFUSED("MetricsConfig"), SHAPE_REFUSED("LoggingConfig"),                            \
        SHAPE_REFUSED("ProvisionedPollerConfig")

/* ---- operations ---- */

static const struct shape_member create_mapping_members[] = {
    SHAPE_MEMBER("EventSourceArn", &arn, OPTIONAL),
    SHAPE_MEMBER("FunctionName", &function_name, REQUIRED),
    SETTINGS,
    SHAPE_MEMBER("StartingPosition", &position, OPTIONAL),
    SHAPE_MEMBER("StartingPositionTimestamp", &date, OPTIONAL),
    SHAPE_MEMBER("Tags", &tags, OPTIONAL),
    SHAPE_REFUSED("Topics"),
    SHAPE_REFUSED("Queues"),
    SHAPE_REFUSED("SelfManagedEventSource"),
    REFUSED_SETTINGS,
};
const struct shape shape_create_mapping =
    STRUCTURE("CreateEventSourceMappingRequest", create_mapping_members);

static const struct shape_member update_mapping_members[] = {
    SHAPE_MEMBER("UUID", &text, REQUIRED),
    SHAPE_MEMBER("FunctionName", &function_name, OPTIONAL),
    SETTINGS,
    REFUSED_SETTINGS,
};
const struct shape shape_update_mapping =
    STRUCTURE("UpdateEventSourceMappingRequest", update_mapping_members);

static const struct shape_member mapping_members[] = {SHAPE_MEMBER("UUID", &text, REQUIRED)};
const struct shape shape_mapping = STRUCTURE("GetEventSourceMappingRequest", mapping_members);

static const struct shape max_items = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 10000)};
static const struct shape_member list_mappings_members[] = {
    SHAPE_MEMBER("EventSourceArn", &arn, OPTIONAL),
    SHAPE_MEMBER("FunctionName", &function_name, OPTIONAL),
    SHAPE_MEMBER("Marker", &text, OPTIONAL),
    SHAPE_MEMBER("MaxItems", &max_items, OPTIONAL),
};
const struct shape shape_list_mappings =
    STRUCTURE("ListEventSourceMappingsRequest", list_mappings_members);
