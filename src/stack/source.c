/* stack/source.c - AWS::Lambda::EventSourceMapping: change stream or queue -> function. */
#include "stack/loader.h"

static const struct key_rule keys[] = {
    {"EventSourceArn", NULL},
    {"FunctionName", NULL},
    {"BatchSize", NULL},
    {"MaximumBatchingWindowInSeconds", NULL},
    {"Enabled", NULL},
    {"FilterCriteria", NULL},
    {"FunctionResponseTypes", NULL},
    {"StartingPosition", NULL},
    {"ParallelizationFactor", NULL},
    {"BisectBatchOnFunctionError", NULL},
    {"MaximumRetryAttempts", NULL},
    {"MaximumRecordAgeInSeconds", NULL},
    {"TumblingWindowInSeconds", NULL},
    {"DestinationConfig", NULL},
    {"ScalingConfig", NULL},
    /* They mean nothing offline. */
    {"KmsKeyArn", NULL},
    {"LoggingConfig", NULL},
    {"MetricsConfig", NULL},
    {"Tags", NULL},
    /* They would change what happens. */
    {"AmazonManagedKafkaEventSourceConfig", "dynlog has no Kafka"},
    {"DocumentDBEventSourceConfig", "dynlog has no DocumentDB"},
    {"ProvisionedPollerConfig", "nothing polls"},
    {"Queues", "dynlog has no message broker"},
    {"SelfManagedEventSource", "dynlog has no Kafka"},
    {"SelfManagedKafkaEventSourceConfig", "dynlog has no Kafka"},
    {"SourceAccessConfigurations", "dynlog has no Kafka"},
    {"StartingPositionTimestamp", "only LATEST and TRIM_HORIZON start a change stream"},
    {"Topics", "dynlog has no Kafka"},
};

static enum status read_uint32(struct loader *loader, const struct node *map, const char *name,
                               int64_t smallest, int64_t largest, uint32_t *ret)
{
    int64_t value = *ret;
    enum status status = read_integer(loader, node_get(map, name), name, smallest, largest, &value);

    *ret = (uint32_t)value;
    return status;
}

static enum status read_int32(struct loader *loader, const struct node *map, const char *name,
                              int64_t smallest, int64_t largest, int32_t *ret)
{
    int64_t value = *ret;
    enum status status = read_integer(loader, node_get(map, name), name, smallest, largest, &value);

    *ret = (int32_t)value;
    return status;
}

/* ---- what both kinds have ---- */

/* {Filters: [{Pattern: text that is JSON}]}; what is in them is checked when the mapping is made.
 */
static enum status read_filters(struct loader *loader, const struct node *properties,
                                struct stack_mapping *mapping)
{
    const struct node *criteria = NULL, *list = NULL;
    struct bytes *filters = NULL;
    enum status status = read_map(loader, node_get(properties, "FilterCriteria"), "FilterCriteria",
                                  false, &criteria);

    list = node_get(criteria, "Filters");
    if (status != OK || node_is_nothing(list))
        return status;
    if (list->kind != NODE_LIST || list->count < 1 || list->count > STACK_FILTERS_MAX)
        return loader_refuse(loader, list->where,
                             "Filters: expected a list of 1 to %d filters, got %.*s",
                             STACK_FILTERS_MAX, BYTES_ARG(node_describe(loader->arena, list)));
    filters = ARENA_NEW_ARRAY(loader->arena, list->count, struct bytes);
    for (size_t i = 0; status == OK && i < list->count; i++) {
        const struct node *pattern = node_get(list->items[i], "Pattern");

        if (node_is_nothing(pattern))
            return loader_refuse(loader, list->items[i]->where,
                                 "Filters: expected {Pattern}, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, list->items[i])));
        status = rules_json(loader, pattern, "Pattern", true, &filters[i]);
    }
    mapping->filters = filters;
    mapping->filter_count = list->count;
    return status;
}

static enum status read_response_types(struct loader *loader, const struct node *properties,
                                       bool *ret)
{
    const struct node *list = node_get(properties, "FunctionResponseTypes");

    if (node_is_nothing(list))
        return OK;
    for (size_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        if (!node_is(list->items[i], NODE_STRING) ||
            !bytes_equal_text(list->items[i]->text, "ReportBatchItemFailures"))
            return loader_refuse(loader, list->items[i]->where,
                                 "FunctionResponseTypes: expected ReportBatchItemFailures, got "
                                 "%.*s",
                                 BYTES_ARG(node_describe(loader->arena, list->items[i])));
        *ret = true;
    }
    if (list->kind != NODE_LIST)
        return loader_refuse(loader, list->where,
                             "FunctionResponseTypes: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, list)));
    return OK;
}

static enum status read_common(struct loader *loader, const struct node *properties,
                               struct stack_mapping *mapping)
{
    enum status status =
        read_boolean(loader, node_get(properties, "Enabled"), "Enabled", &mapping->enabled);

    if (status == OK)
        status = read_uint32(loader, properties, "BatchSize", 1, 10000, &mapping->batch_size);
    if (status == OK)
        status = read_uint32(loader, properties, "MaximumBatchingWindowInSeconds", 0, 300,
                             &mapping->batch_window_s);
    if (status == OK)
        status = read_filters(loader, properties, mapping);
    if (status == OK)
        status = read_response_types(loader, properties, &mapping->report_batch_item_failures);
    return status;
}

/* ---- change streams ---- */

static enum status read_starting_position(struct loader *loader, const struct node *properties,
                                          struct stack_where where, bool *ret)
{
    const struct node *node = node_get(properties, "StartingPosition");
    struct bytes text = {0};
    enum status status = read_text(loader, node, "StartingPosition", &text);

    if (status != OK)
        return status;
    *ret = bytes_equal_text(text, "TRIM_HORIZON");
    if (bytes_equal_text(text, "AT_TIMESTAMP") || (!*ret && !bytes_equal_text(text, "LATEST")))
        return loader_refuse(loader, node != NULL ? node->where : where,
                             "StartingPosition: expected LATEST or TRIM_HORIZON, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    return OK;
}

static enum status read_on_failure(struct loader *loader, const struct node *properties,
                                   struct bytes *ret)
{
    static const struct key_rule config_keys[] = {{"OnFailure", NULL}, {"OnSuccess", NULL}};
    const struct node *config = NULL, *map = NULL, *node = NULL;
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = read_map(loader, node_get(properties, "DestinationConfig"),
                                  "DestinationConfig", false, &config);

    if (status == OK)
        status = read_map(loader, node_get(config, "OnFailure"), "OnFailure", false, &map);
    if (status != OK)
        return status;
    read_check_keys(loader, config, config_keys, ARRAY_COUNT(config_keys), "DestinationConfig");
    node = node_get(map, "Destination");
    status = read_text(loader, node, "Destination", &text);
    if (status != OK || text.size == 0)
        return status;
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where, "Destination: expected an ARN, got \"%.*s\"",
                             BYTES_ARG(text));
    if (bytes_equal_text(arn.service, "sqs"))
        *ret = text;
    else
        loader_note(loader, node->where,
                    "not acted on: OnFailure %.*s: what fails for good goes to queues only",
                    BYTES_ARG(text));
    return OK;
}

static enum status read_stream(struct loader *loader, const struct node *properties,
                               struct stack_mapping *mapping)
{
    const struct node *age = node_get(properties, "MaximumRecordAgeInSeconds");
    enum status status = read_uint32(loader, properties, "ParallelizationFactor", 1, 10,
                                     &mapping->parallelization_factor);

    if (status == OK)
        status = read_boolean(loader, node_get(properties, "BisectBatchOnFunctionError"),
                              "BisectBatchOnFunctionError", &mapping->bisect_on_error);
    if (status == OK)
        status = read_int32(loader, properties, "MaximumRetryAttempts", -1, 10000,
                            &mapping->maximum_retry_attempts);
    if (status == OK)
        status = read_int32(loader, properties, "MaximumRecordAgeInSeconds", -1, 604800,
                            &mapping->maximum_record_age_s);
    if (status == OK && mapping->maximum_record_age_s >= 0 && mapping->maximum_record_age_s < 60)
        return loader_refuse(loader, age->where,
                             "MaximumRecordAgeInSeconds: expected -1, or 60 to 604800, got %d",
                             (int)mapping->maximum_record_age_s);
    if (status == OK)
        status = read_uint32(loader, properties, "TumblingWindowInSeconds", 0, 900,
                             &mapping->tumbling_window_s);
    if (status == OK)
        status = read_starting_position(loader, properties, mapping->where, &mapping->trim_horizon);
    if (status == OK)
        status = read_on_failure(loader, properties, &mapping->on_failure_arn);
    if (status == OK)
        status = mappings_table(loader, node_get(properties, "EventSourceArn"), "EventSourceArn",
                                mapping->where, &mapping->table_name);
    return status;
}

/* ---- queues ---- */

static enum status read_queue(struct loader *loader, const struct node *properties,
                              struct stack_mapping *mapping)
{
    static const struct key_rule scaling_keys[] = {{"MaximumConcurrency", NULL}};
    const struct node *scaling = NULL;
    enum status status =
        read_map(loader, node_get(properties, "ScalingConfig"), "ScalingConfig", false, &scaling);

    if (status != OK)
        return status;
    read_check_keys(loader, scaling, scaling_keys, ARRAY_COUNT(scaling_keys), "ScalingConfig");
    return read_uint32(loader, scaling, "MaximumConcurrency", 2, 1000,
                       &mapping->maximum_concurrency);
}

/* ---- one mapping ---- */

/* *ret: the function's name, also when an alias or a version is meant; empty, and noted: it is not
 * one of this stack. */
static enum status read_function(struct loader *loader, struct bytes id,
                                 const struct node *properties, struct stack_where where,
                                 struct bytes *ret)
{
    const struct loader_function *function = NULL;
    struct bytes name = {0};
    enum status status =
        read_text(loader, node_get(properties, "FunctionName"), "FunctionName", &name);

    if (status != OK)
        return status;
    if (node_find(properties, BYTES("FunctionName")) == NULL)
        return loader_refuse(loader, where, "%.*s: expected Properties with FunctionName",
                             BYTES_ARG(id));
    function = stack_function_find(loader, name);
    for (size_t i = 0; function != NULL && i < loader->stack->function_count; i++)
        if (bytes_equal(loader->stack->functions[i].name, function->name))
            *ret = bytes_start_with(name, function->arn) ? name : function->name;
    if (function == NULL)
        loader_note(loader, where, "not acted on: resource %.*s: no function of this stack",
                    BYTES_ARG(id));
    return OK;
}

/* Of a source whose ARN is not known, and of other services: noted, *ret_known false. */
static enum status read_source(struct loader *loader, struct bytes id,
                               const struct node *properties, struct stack_mapping *mapping,
                               bool *ret_known)
{
    const struct node *node = node_get(properties, "EventSourceArn");
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = read_text(loader, node, "EventSourceArn", &text);

    *ret_known = false;
    if (status != OK)
        return status;
    if (text.size == 0) {
        loader_note(loader, mapping->where,
                    "not acted on: resource %.*s: a source whose ARN is not known offline",
                    BYTES_ARG(id));
        return OK;
    }
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where,
                             "EventSourceArn: expected the ARN of a table's stream or a queue, got "
                             "\"%.*s\"",
                             BYTES_ARG(text));
    mapping->source =
        bytes_equal_text(arn.service, "sqs") ? STACK_MAPPING_QUEUE : STACK_MAPPING_STREAM;
    mapping->queue_arn = mapping->source == STACK_MAPPING_QUEUE ? text : (struct bytes){0};
    mapping->batch_size = mapping->source == STACK_MAPPING_QUEUE ? 10 : 100; /* Lambda's defaults */
    *ret_known =
        mapping->source == STACK_MAPPING_QUEUE || bytes_equal_text(arn.service, "dynamodb");
    if (!*ret_known)
        loader_note(loader, mapping->where,
                    "not acted on: resource %.*s: dynlog has no %.*s to read from", BYTES_ARG(id),
                    BYTES_ARG(arn.service));
    return OK;
}

enum status source_read_mapping(struct loader *loader, struct bytes id, const struct node *resource)
{
    struct stack_mapping mapping = {
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
        .trim_horizon = true,
        .enabled = true,
        .where = resource->where,
    };
    const struct node *properties = NULL;
    bool known = false;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = read_function(loader, id, properties, resource->where, &mapping.function_name);
    if (status == OK)
        status = read_source(loader, id, properties, &mapping, &known);
    if (status != OK || !known)
        return status;
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "an event source mapping");
    status = read_common(loader, properties, &mapping);
    if (status == OK)
        status = mapping.source == STACK_MAPPING_QUEUE ? read_queue(loader, properties, &mapping)
                                                       : read_stream(loader, properties, &mapping);
    if (status == OK && mapping.function_name.size > 0 &&
        (mapping.table_name.size > 0 || mapping.queue_arn.size > 0))
        mappings_add_one(loader, &mapping);
    return status;
}
