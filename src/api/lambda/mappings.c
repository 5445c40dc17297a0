/* api/lambda/mappings.c - CreateEventSourceMapping, UpdateEventSourceMapping,
 * DeleteEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings. What a mapping may be
 * is checked where it is made (mapping/registry_check.c); here are its source, and what belongs to
 * sources of another kind. */
#include "api/lambda/mapping_json.h"

#include "api/decode.h"
#include "api/operations.h"
#include "api/dynamodb/table_json.h"
#include "api/streams/common.h"

#define PAGE_MAX 100 /* AWS: also when more are asked for */
#define STREAM_BATCH_SIZE 100
#define QUEUE_BATCH_SIZE 10

/* ---- the source ---- */

/* "arn:aws:SERVICE:..." of sources that dynlog does not have. */
static const struct {
    const char *service, *name;
} others[] = {
    {"kinesis", "Kinesis streams"}, {"kafka", "Kafka"},      {"mq", "message brokers"},
    {"rds", "DocumentDB"},          {"docdb", "DocumentDB"}, {"docdb-elastic", "DocumentDB"},
};

static enum status refuse_source(struct api_call *call, const struct arn *arn, struct bytes text)
{
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        if (bytes_equal_text(arn->service, others[i].service))
            return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                              "dynlog has no %s, so %.*s is no event source here", others[i].name,
                              BYTES_ARG(text));
    return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                      "Unrecognized event source, must be kinesis, dynamodb stream or sqs. "
                      "Unsupported source arn : %.*s",
                      BYTES_ARG(text));
}

static enum status find_stream(struct api_call *call, struct bytes arn,
                               struct mapping_settings *settings)
{
    struct bytes table = {NULL, 0}, label = {NULL, 0};
    struct engine_stream stream;

    if (!streams_split_arn(arn, &table, &label) ||
        engine_find_stream(call->on->engine, 0, table, label, call->arena, &stream) != OK ||
        !bytes_equal(streams_arn(call, &stream), arn))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER, "Stream not found: %.*s",
                          BYTES_ARG(arn));
    settings->source = MAPPING_OF_STREAM;
    settings->stream_id = stream.stream.id;
    settings->view = table_view_name(stream.stream.view);
    return OK;
}

/* "table/NAME/stream/LABEL", not a table. */
static bool is_stream(const struct arn *arn)
{
    return bytes_equal_text(arn->service, "dynamodb") &&
           bytes_find(arn->resource, BYTES("/stream/")) != SIZE_MAX;
}

static enum status decode_source(struct api_call *call, struct mapping_settings *settings)
{
    struct bytes text = decode_string(call->body, "EventSourceArn");
    struct arn arn;

    settings->source_arn = text;
    if (!arn_parse(text, &arn))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER, "Unrecognized event source.");
    if (is_stream(&arn))
        return find_stream(call, text, settings);
    if (!bytes_equal_text(arn.service, "sqs"))
        return refuse_source(call, &arn, text);
    settings->source = MAPPING_OF_QUEUE;
    return OK;
}

static enum status decode_position(struct api_call *call, struct mapping_settings *settings)
{
    struct bytes position = decode_string(call->body, "StartingPosition");

    if (settings->source == MAPPING_OF_QUEUE) {
        if (decode_has(call->body, "StartingPosition") ||
            decode_has(call->body, "StartingPositionTimestamp"))
            return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                              "StartingPosition is not valid for SQS event sources.");
        return OK;
    }
    if (position.size == 0)
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "1 validation error detected: Value null at 'startingPosition' failed to "
                          "satisfy constraint: Member must not be null.");
    if (bytes_equal_text(position, "AT_TIMESTAMP") ||
        decode_has(call->body, "StartingPositionTimestamp"))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "Unsupported starting position for arn type: %.*s",
                          BYTES_ARG(settings->source_arn));
    settings->trim_horizon = bytes_equal_text(position, "TRIM_HORIZON");
    return OK;
}

/* ---- settings ---- */

/* What only one kind of source has. */
static enum status check_kind(struct api_call *call, const struct mapping_settings *settings)
{
    static const char *const of_streams[] = {
        "BisectBatchOnFunctionError", "DestinationConfig",     "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",       "ParallelizationFactor", "TumblingWindowInSeconds"};
    static const char *const of_queues[] = {"ScalingConfig"};
    bool of_queue = settings->source == MAPPING_OF_QUEUE;
    const char *const *names = of_queue ? of_streams : of_queues;
    size_t count = of_queue ? ARRAY_COUNT(of_streams) : ARRAY_COUNT(of_queues);

    for (size_t i = 0; i < count; i++)
        if (decode_has(call->body, names[i]))
            return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                              "Unsupported %s parameter for given event source mapping type.",
                              names[i]);
    return OK;
}

/* {} and {"Filters": []} take them away. */
static void decode_filters(struct api_call *call, struct mapping_settings *settings)
{
    const struct json *list = decode_member(decode_member(call->body, "FilterCriteria"), "Filters");
    struct bytes *filters = ARENA_NEW_ARRAY(call->arena, json_count(list), struct bytes);

    if (!decode_has(call->body, "FilterCriteria"))
        return;
    settings->filter_count = 0;
    for (struct json_iter it = json_iter(list); json_next(&it);)
        filters[settings->filter_count++] = decode_string(it.value, "Pattern");
    settings->filters = filters;
}

static enum status decode_destination(struct api_call *call, struct mapping_settings *settings)
{
    const struct json *config = decode_member(call->body, "DestinationConfig");
    struct bytes queue = decode_string(decode_member(config, "OnFailure"), "Destination");

    if (config == NULL)
        return OK;
    if (decode_string(decode_member(config, "OnSuccess"), "Destination").size > 0)
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "Unsupported DestinationConfig parameter for given event source mapping "
                          "type.");
    if (decode_has(config, "OnFailure") &&
        !decode_has(decode_member(config, "OnFailure"), "Destination"))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "The Destination field is required for an OnFailure configuration.");
    settings->on_failure_arn = queue;
    return OK;
}

/* Members that are there; the rest stays. */
static enum status decode_settings(struct api_call *call, struct mapping_settings *s)
{
    const struct json *body = call->body;
    enum status status = check_kind(call, s);

    s->enabled = decode_bool(body, "Enabled", s->enabled);
    s->batch_size = (uint32_t)decode_int(body, "BatchSize", s->batch_size);
    s->batch_window_s =
        (uint32_t)decode_int(body, "MaximumBatchingWindowInSeconds", s->batch_window_s);
    s->parallelization_factor =
        (uint32_t)decode_int(body, "ParallelizationFactor", s->parallelization_factor);
    s->bisect_on_error = decode_bool(body, "BisectBatchOnFunctionError", s->bisect_on_error);
    s->maximum_retry_attempts =
        (int32_t)decode_int(body, "MaximumRetryAttempts", s->maximum_retry_attempts);
    s->maximum_record_age_s =
        (int32_t)decode_int(body, "MaximumRecordAgeInSeconds", s->maximum_record_age_s);
    s->tumbling_window_s =
        (uint32_t)decode_int(body, "TumblingWindowInSeconds", s->tumbling_window_s);
    if (decode_has(body, "FunctionResponseTypes"))
        s->report_batch_item_failures =
            json_count(decode_member(body, "FunctionResponseTypes")) > 0;
    if (decode_has(body, "ScalingConfig"))
        s->maximum_concurrency =
            (uint32_t)decode_int(decode_member(body, "ScalingConfig"), "MaximumConcurrency", 0);
    if (decode_has(body, "FunctionName"))
        s->function_name = decode_string(body, "FunctionName");
    decode_filters(call, s);
    return status == OK ? decode_destination(call, s) : status;
}

/* ---- changing ---- */

static void changed(struct mapping_registry_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == REFUSED)
        api_fail(call, &change->error);
    else if (status != OK)
        api_fail_status(call, status);
    else
        mapping_json_answer(call, 202, change->uuid);
}

static struct mapping_registry_change *change_new(struct api_call *call,
                                                  enum mapping_registry_change_kind kind)
{
    struct mapping_registry_change *change = ARENA_NEW(call->arena, struct mapping_registry_change);

    change->kind = kind;
    change->uuid = decode_string(call->body, "UUID");
    change->arena = call->arena;
    change->done = changed;
    change->context = call;
    return change;
}

void api_create_event_source_mapping(struct api_call *call)
{
    struct mapping_registry_change *change = change_new(call, REGISTRY_CREATE);
    struct mapping_settings *settings = &change->settings;
    enum status status = decode_source(call, settings);

    settings->enabled = true;
    settings->batch_size =
        settings->source == MAPPING_OF_QUEUE ? QUEUE_BATCH_SIZE : STREAM_BATCH_SIZE;
    settings->parallelization_factor = 1;
    settings->maximum_retry_attempts = settings->maximum_record_age_s = -1;
    if (status == OK)
        status = decode_position(call, settings);
    if (status == OK)
        status = decode_settings(call, settings);
    if (status == OK)
        status = mapping_json_decode_tags(call, decode_member(call->body, "Tags"), change);
    if (status == OK)
        mapping_registry_change(call->on->registry, change);
    else
        api_fail_status(call, status);
}

static void fail_unknown(struct api_call *call)
{
    api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND,
               "The resource you requested does not exist.");
    api_fail(call, &call->error);
}

void api_update_event_source_mapping(struct api_call *call)
{
    struct mapping_registry_change *change = change_new(call, REGISTRY_UPDATE);
    struct mapping_registry_view view;

    if (!mapping_registry_find(call->on->registry, change->uuid, call->arena, &view)) {
        fail_unknown(call);
        return;
    }
    change->settings = *view.settings;
    if (decode_settings(call, &change->settings) == OK)
        mapping_registry_change(call->on->registry, change);
    else
        api_fail(call, &call->error);
}

void api_delete_event_source_mapping(struct api_call *call)
{
    mapping_registry_change(call->on->registry, change_new(call, REGISTRY_DELETE));
}

/* ---- looking ---- */

void api_get_event_source_mapping(struct api_call *call)
{
    struct bytes uuid = decode_string(call->body, "UUID");
    struct mapping_registry_view view;

    if (mapping_registry_find(call->on->registry, uuid, call->arena, &view))
        mapping_json_answer(call, 200, uuid);
    else
        fail_unknown(call);
}

void api_list_event_source_mappings(struct api_call *call)
{
    int64_t limit = decode_int(call->body, "MaxItems", PAGE_MAX);
    struct mapping_registry_query query = {
        .function_name = decode_string(call->body, "FunctionName"),
        .source_arn = decode_string(call->body, "EventSourceArn"),
        .after = decode_string(call->body, "Marker"),
        .limit = limit < PAGE_MAX ? (size_t)limit : PAGE_MAX,
        .arena = call->arena,
    };
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    mapping_registry_list(call->on->registry, &query);
    json_begin_object(&w);
    json_key(&w, "EventSourceMappings");
    json_begin_array(&w);
    for (size_t i = 0; i < query.count; i++)
        mapping_json_write(call, &w, &query.views[i]);
    json_end_array(&w);
    if (query.more)
        json_member_string(&w, "NextMarker", query.views[query.count - 1].uuid);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
