/* stack/serverless/mappings.c - `stream` and `sqs` of a function's events: event source mappings.
 */
#include "stack/loader.h"

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
    {"filterPatterns", NULL},
    {"functionResponseType", NULL},
    {"tumblingWindowInSeconds", NULL},
    {"destinations", NULL},
    {"startingPositionTimestamp", "only LATEST and TRIM_HORIZON start a change stream"},
};

static const struct key_rule queue_keys[] = {
    {"arn", NULL},
    {"batchSize", NULL},
    {"maximumBatchingWindow", NULL},
    {"enabled", NULL},
    {"functionResponseType", NULL},
    {"filterPatterns", NULL},
    {"maximumConcurrency", NULL},
};

enum status mappings_table(struct loader *loader, const struct node *node, const char *what,
                           struct stack_where where, struct bytes *ret)
{
    struct bytes text = {0}, rest = {0};
    struct arn arn = {0};
    size_t end = 0;
    enum status status = read_text(loader, node, what, &text);

    if (status != OK)
        return status;
    if (text.size == 0) {
        loader_note(loader, where, "not acted on: a stream whose ARN is not known offline");
        return OK;
    }
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where,
                             "%s: expected the ARN of a table's stream, got \"%.*s\"", what,
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
                             "%s: expected arn:aws:dynamodb:...:table/NAME/stream/..., got "
                             "\"%.*s\"",
                             what, BYTES_ARG(text));
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

bool node_is_intrinsic(const struct node *node)
{
    return node_is(node, NODE_MAP) && node->count == 1 &&
           (bytes_equal_text(node->members[0].name, "Ref") ||
            bytes_start_with(node->members[0].name, BYTES("Fn::")));
}

/* ---- what both kinds have ---- */

/* A list of patterns, each a mapping or JSON; what is in them is checked when the mapping is made.
 */
static enum status read_filters(struct loader *loader, const struct node *event,
                                struct stack_mapping *mapping)
{
    const struct node *list = node_get(event, "filterPatterns");
    struct bytes *filters = NULL;
    enum status status = intrinsics_resolve(loader, list, &list);

    if (status != OK || node_is_nothing(list))
        return status;
    if (list->kind != NODE_LIST || list->count < 1 || list->count > STACK_FILTERS_MAX)
        return loader_refuse(loader, list->where,
                             "filterPatterns: expected a list of 1 to %d patterns, got %.*s",
                             STACK_FILTERS_MAX, BYTES_ARG(node_describe(loader->arena, list)));
    filters = ARENA_NEW_ARRAY(loader->arena, list->count, struct bytes);
    for (size_t i = 0; status == OK && i < list->count; i++) {
        if (node_is_nothing(list->items[i]))
            return loader_refuse(loader, list->items[i]->where,
                                 "filterPatterns: expected a pattern, got nothing");
        status = rules_json(loader, list->items[i], "filterPatterns", true, &filters[i]);
    }
    mapping->filters = filters;
    mapping->filter_count = list->count;
    return status;
}

static enum status read_response_type(struct loader *loader, const struct node *event, bool *ret)
{
    const struct node *node = node_get(event, "functionResponseType");
    struct bytes text = {0};
    enum status status = read_text(loader, node, "functionResponseType", &text);

    if (status != OK || text.size == 0)
        return status;
    if (!bytes_equal_text(text, "ReportBatchItemFailures"))
        return loader_refuse(loader, node->where,
                             "functionResponseType: expected ReportBatchItemFailures, got "
                             "\"%.*s\"",
                             BYTES_ARG(text));
    *ret = true;
    return OK;
}

static enum status read_common_fields(struct loader *loader, const struct node *event,
                                      struct stack_mapping *mapping)
{
    enum status status =
        read_boolean(loader, node_get(event, "enabled"), "enabled", &mapping->enabled);

    if (status == OK)
        status = read_response_type(loader, event, &mapping->report_batch_item_failures);
    if (status == OK)
        status = read_filters(loader, event, mapping);
    return status;
}

void mappings_add_one(struct loader *loader, const struct stack_mapping *mapping)
{
    struct stack *stack = loader->stack;

    stack->mappings =
        arena_grow(loader->arena, stack->mappings, stack->mapping_count, stack->mapping_count + 1,
                   &loader->mapping_capacity, sizeof *stack->mappings);
    stack->mappings[stack->mapping_count++] = *mapping;
}

/* Where the ARN of an event stands: in it, or it is one. */
static enum status find_arn(struct loader *loader, const struct node *event, const char *what,
                            const struct node **ret, bool *ret_has_fields)
{
    *ret = event;
    *ret_has_fields = node_is(event, NODE_MAP) && !node_is_intrinsic(event);
    if (*ret_has_fields)
        *ret = node_get(event, "arn");
    else if (!node_is(event, NODE_STRING) && !node_is_intrinsic(event) && !node_is_nothing(event))
        return loader_refuse(loader, event->where,
                             "%s: expected an ARN or a mapping with arn, got %.*s", what,
                             BYTES_ARG(node_describe(loader->arena, event)));
    if (*ret == NULL)
        return loader_refuse(loader, event->where, "%s: expected arn in it", what);
    return OK;
}

/* ---- stream ---- */

/* destinations: {onFailure: ARN}, or {onFailure: {type, arn}}. */
static enum status read_on_failure(struct loader *loader, const struct node *stream,
                                   struct bytes *ret)
{
    static const struct key_rule keys[] = {{"onFailure", NULL}},
                                 inside[] = {{"arn", NULL}, {"type", NULL}};
    const struct node *map = NULL, *node = NULL;
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status =
        read_map(loader, node_get(stream, "destinations"), "destinations", false, &map);

    if (status != OK || map == NULL)
        return status;
    read_check_keys(loader, map, keys, ARRAY_COUNT(keys), "destinations");
    node = node_get(map, "onFailure");
    if (node_is(node, NODE_MAP) && !node_is_intrinsic(node)) {
        read_check_keys(loader, node, inside, ARRAY_COUNT(inside), "onFailure");
        if (node_get(node, "arn") == NULL)
            return loader_refuse(loader, node->where, "onFailure: expected arn in it");
        node = node_get(node, "arn");
    }
    status = read_text(loader, node, "onFailure", &text);
    if (status != OK || text.size == 0) /* noted, when it was an intrinsic */
        return status;
    if (!arn_parse(text, &arn))
        return loader_refuse(loader, node->where, "onFailure: expected an ARN, got \"%.*s\"",
                             BYTES_ARG(text));
    if (bytes_equal_text(arn.service, "sqs"))
        *ret = text;
    else
        loader_note(loader, node->where,
                    "not acted on: onFailure %.*s: what fails for good goes to queues only",
                    BYTES_ARG(text));
    return OK;
}

/* Limits: Lambda's CreateEventSourceMapping, for DynamoDB. */
static enum status read_stream_fields(struct loader *loader, const struct node *stream,
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
        status = read_uint32(loader, stream, "tumblingWindowInSeconds", 0, 900,
                             &mapping->tumbling_window_s);
    if (status == OK)
        status = read_on_failure(loader, stream, &mapping->on_failure_arn);
    if (status == OK)
        status = read_common_fields(loader, stream, mapping);
    return status;
}

static void init_mapping(struct stack_mapping *mapping, const struct loader_function *function,
                         const struct node_member *event)
{
    *mapping = (struct stack_mapping){
        .function_name = function->name,
        .batch_size = 10, /* the Serverless Framework's default */
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
        .trim_horizon = true,
        .enabled = true,
        .where = event->where,
    };
}

enum status mappings_read_stream(struct loader *loader, const struct loader_function *function,
                                 const struct node_member *event)
{
    const struct node *stream = event->value, *arn = NULL;
    struct stack_mapping mapping;
    bool has_fields = false;
    enum status status = find_arn(loader, stream, "stream", &arn, &has_fields);

    init_mapping(&mapping, function, event);
    mapping.source = STACK_MAPPING_STREAM;
    if (status == OK && has_fields) {
        read_check_keys(loader, stream, stream_keys, ARRAY_COUNT(stream_keys), "a stream");
        status = read_stream_fields(loader, stream, &mapping);
    }
    if (status == OK)
        status = mappings_table(loader, arn, "arn", event->where, &mapping.table_name);
    if (status == OK && mapping.table_name.size > 0)
        mappings_add_one(loader, &mapping);
    return status;
}

/* ---- sqs ---- */

static enum status read_queue_arn(struct loader *loader, const struct node *node,
                                  struct stack_where where, struct bytes *ret)
{
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = read_text(loader, node, "arn", &text);

    if (status != OK)
        return status;
    if (text.size == 0)
        loader_note(loader, where, "not acted on: a queue whose ARN is not known offline");
    else if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "sqs"))
        return loader_refuse(loader, node->where, "arn: expected the ARN of a queue, got \"%.*s\"",
                             BYTES_ARG(text));
    *ret = text;
    return OK;
}

/* Limits: Lambda's CreateEventSourceMapping, for SQS. */
static enum status read_queue_fields(struct loader *loader, const struct node *queue,
                                     struct stack_mapping *mapping)
{
    enum status status = read_uint32(loader, queue, "batchSize", 1, 10000, &mapping->batch_size);

    if (status == OK)
        status =
            read_uint32(loader, queue, "maximumBatchingWindow", 0, 300, &mapping->batch_window_s);
    if (status == OK)
        status = read_uint32(loader, queue, "maximumConcurrency", 2, 1000,
                             &mapping->maximum_concurrency);
    if (status == OK)
        status = read_common_fields(loader, queue, mapping);
    return status;
}

enum status mappings_read_queue(struct loader *loader, const struct loader_function *function,
                                const struct node_member *event)
{
    const struct node *queue = event->value, *arn = NULL;
    struct stack_mapping mapping;
    bool has_fields = false;
    enum status status = find_arn(loader, queue, "sqs", &arn, &has_fields);

    init_mapping(&mapping, function, event);
    mapping.source = STACK_MAPPING_QUEUE;
    if (status == OK && has_fields) {
        read_check_keys(loader, queue, queue_keys, ARRAY_COUNT(queue_keys), "sqs");
        status = read_queue_fields(loader, queue, &mapping);
    }
    if (status == OK)
        status = read_queue_arn(loader, arn, event->where, &mapping.queue_arn);
    if (status == OK && mapping.queue_arn.size > 0)
        mappings_add_one(loader, &mapping);
    return status;
}
