/* api/dynamodb/query.c - Query and Scan: which items, in what order, which part of them. */
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"

struct query_call {
    struct item_query query;
    enum capacity_wanted capacity;
    bool consistent;
};

static enum status decode_limit(struct api_call *call, struct item_query *query)
{
    int64_t limit = 0;
    bool present = false;
    enum status status = decode_int(call->body, "Limit", &limit, &present, &call->error);

    if (status != OK || !present)
        return status;
    if (limit < 1)
        return decode_refuse(&call->error, arena_printf(call->arena, "%lld", (long long)limit),
                             "limit", "Member must have value greater than or equal to 1");
    query->limit = (uint64_t)limit;
    return OK;
}

static enum status decode_select(struct api_call *call, struct item_query *query)
{
    static const char *const words[] = {"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES",
                                        "SPECIFIC_ATTRIBUTES", "COUNT"};
    enum { ALL, PROJECTED, SPECIFIC, COUNT, UNSAID };
    size_t word = UNSAID;
    bool projects = dynamodb_has(call->body, "ProjectionExpression");
    enum status status =
        decode_word(call->body, "Select", words, ARRAY_COUNT(words), &word, &call->error);

    if (status != OK)
        return status;
    query->count_only = word == COUNT;
    if (word == PROJECTED)
        return api_invalid(&call->error,
                           "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES "
                           "can be used only when Querying using an IndexName");
    if (projects && word != UNSAID && word != SPECIFIC)
        return api_invalid(&call->error, "Cannot specify the ProjectionExpression when choosing to "
                                         "get %s",
                           words[word]);
    if (!projects && word == SPECIFIC)
        return api_invalid(&call->error, "One or more parameter values were invalid: Must specify "
                                         "the AttributesToGet or ProjectionExpression when "
                                         "choosing to get SPECIFIC_ATTRIBUTES");
    return OK;
}

static enum status decode_segments(struct api_call *call, struct item_query *query)
{
    int64_t segment = 0, total = 0;
    bool has_segment = false, has_total = false;
    struct api_error *error = &call->error;
    enum status status = decode_int(call->body, "Segment", &segment, &has_segment, error);

    if (status == OK)
        status = decode_int(call->body, "TotalSegments", &total, &has_total, error);
    if (status != OK || (!has_segment && !has_total))
        return status;
    if (!has_total)
        return api_invalid(error, "The TotalSegments parameter is required but was not present in "
                                  "the request when Segment parameter is present");
    if (!has_segment)
        return api_invalid(error, "The Segment parameter is required but was not present in the "
                                  "request when parameter TotalSegments is present");
    if (total < 1 || total > 1000000)
        return decode_refuse(error, arena_printf(call->arena, "%lld", (long long)total),
                             "totalSegments", "Member must have value %s",
                             total < 1 ? "greater than or equal to 1"
                                       : "less than or equal to 1000000");
    if (segment < 0 || segment >= total)
        return api_invalid(error,
                           "The Segment parameter is zero-based and must be less than parameter "
                           "TotalSegments: Segment: %lld is not less than TotalSegments: %lld",
                           (long long)segment, (long long)total);
    query->segment = (uint32_t)segment;
    query->total_segments = (uint32_t)total;
    return OK;
}

static enum status decode_key_condition(struct api_call *call, struct expr_names *names,
                                        struct item_query *query)
{
    struct bytes text = {NULL, 0};
    enum status status = decode_string(call->body, "KeyConditionExpression", &text, &call->error);

    if (status != OK)
        return status;
    if (!dynamodb_has(call->body, "KeyConditionExpression"))
        return api_invalid(&call->error, "Either the KeyConditions or KeyConditionExpression "
                                         "parameter must be specified in the request.");

    const struct table *table = engine_table_ref(call->on->engine, query->table_name);

    if (table == NULL)
        return api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Requested resource not found");

    struct key_names keys = engine_key_names(table);

    status = expr_parse_key_condition(call->arena, text, names, &keys, &query->condition,
                                      &call->error);
    engine_table_unref(table);
    return status;
}

static enum status decode_expressions(struct api_call *call, struct item_query *query)
{
    struct expr_names *names = ARENA_NEW(call->arena, struct expr_names);
    struct api_error *error = &call->error;
    const struct json *body = call->body;
    bool expressions = dynamodb_has(body, "FilterExpression") ||
                       dynamodb_has(body, "ProjectionExpression") ||
                       dynamodb_has(body, "KeyConditionExpression");
    enum status status = dynamodb_names(call, body, expressions, names, error);

    if (status == OK)
        status = dynamodb_condition(call, body, EXPR_FILTER, names, &query->filter, error);
    if (status == OK)
        status = dynamodb_projection(call, body, names, &query->projection, error);
    if (status == OK && !query->scan)
        status = decode_key_condition(call, names, query);
    if (status == OK)
        status = expr_finish(names, error);
    return status;
}

static enum status decode(struct api_call *call, struct query_call *ret)
{
    struct item_query *query = &ret->query;
    struct api_error *error = &call->error;
    const struct json *body = call->body;
    bool forward = true;
    enum status status = dynamodb_refuse_legacy(body, error);

    if (status == OK)
        status = dynamodb_table_name(body, &query->table_name, error);
    if (status == OK && dynamodb_has(body, "IndexName"))
        status = api_invalid(error, "The table does not have the specified index: %.*s",
                             BYTES_ARG(json_string(json_get(body, "IndexName"))));
    if (status == OK)
        status = dynamodb_capacity_wanted(body, &ret->capacity, error);
    if (status == OK)
        status = decode_bool(body, "ConsistentRead", &ret->consistent, error);
    if (status == OK && !query->scan)
        status = decode_bool(body, "ScanIndexForward", &forward, error);
    if (status == OK)
        status = decode_limit(call, query);
    if (status == OK)
        status = decode_select(call, query);
    if (status == OK && query->scan)
        status = decode_segments(call, query);
    if (status == OK)
        status = dynamodb_item(call, body, "ExclusiveStartKey", &query->start_key, error);
    if (status == OK)
        status = decode_expressions(call, query);
    query->backward = !forward;
    return status;
}

static void answer(struct api_call *call, const struct query_call *asked)
{
    const struct item_query *query = &asked->query;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (!query->count_only) {
        json_key(&w, "Items");
        json_begin_array(&w);
        for (size_t i = 0; i < query->count; i++)
            json_write_raw(&w, query->items[i]);
        json_end_array(&w);
    }
    json_member_int(&w, "Count", (int64_t)query->count);
    json_member_int(&w, "ScannedCount", (int64_t)query->scanned_count);
    if (query->last_key.count > 0) {
        json_key(&w, "LastEvaluatedKey");
        json_write_raw(&w, bytes_of_text(""));
        item_print(out, &query->last_key);
    }
    if (asked->capacity != CAPACITY_NONE) {
        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, asked->capacity, query->table_name,
                       capacity_of_read(query->scanned_size, asked->consistent), false, true);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void run(struct api_call *call, bool scan)
{
    struct query_call asked = {.query = {.scan = scan}};
    enum status status = decode(call, &asked);

    if (status == OK)
        status = engine_query(call->on->engine, &asked.query, call->arena, &call->error);
    if (status == OK)
        answer(call, &asked);
    else
        api_fail_status(call, status);
}

void api_query(struct api_call *call)
{
    run(call, false);
}

void api_scan(struct api_call *call)
{
    run(call, true);
}
