/* stack/serverless/mappings.c - `stream` of a function's events: change stream -> function. */
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

bool node_is_intrinsic(const struct node *node)
{
    return node_is(node, NODE_MAP) && node->count == 1 &&
           (bytes_equal_text(node->members[0].name, "Ref") ||
            bytes_start_with(node->members[0].name, BYTES("Fn::")));
}

enum status mappings_read_stream(struct loader *loader, const struct loader_function *function,
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

    if (node_is(stream, NODE_MAP) && !node_is_intrinsic(stream)) {
        arn = node_get(stream, "arn");
        read_check_keys(loader, stream, stream_keys, ARRAY_COUNT(stream_keys), "a stream");
        status = read_mapping_fields(loader, stream, &mapping);
    } else if (!node_is(stream, NODE_STRING) && !node_is_intrinsic(stream) &&
               !node_is_nothing(stream)) {
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
