/* api/dynamodb/query.c - Query and Scan: which items, in what order, which part of them.
 *
 * A header that only dynlog knows, X-Dynlog-Positions: true, adds one member to the answer, of each
 * item where it stands in the one order and when it was appended (docs/events.md):
 *
 *   "DynlogPositions": [{"Position":7,"Time":1785000000000},{}]         {}: it is no event */
#include "api/dynamodb/legacy.h"
#include "api/operations.h"

struct query_call {
    struct item_query query;
    enum capacity_wanted capacity;
};

static enum status decode_select(struct api_call *call, struct item_query *query)
{
    static const char *const words[] = {"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES",
                                        "SPECIFIC_ATTRIBUTES", "COUNT"};
    enum { ALL, PROJECTED, SPECIFIC, COUNT, UNSAID };
    bool gets = decode_has(call->body, "AttributesToGet");
    bool projects = gets || decode_has(call->body, "ProjectionExpression");
    size_t word = decode_word(call->body, "Select", words, ARRAY_COUNT(words), UNSAID);

    query->select = word == COUNT ? SELECT_COUNT : word == ALL ? SELECT_ALL : SELECT_DEFAULT;
    if (projects && word != UNSAID && word != SPECIFIC)
        return api_invalid(&call->error, "Cannot specify the %s when choosing to get %s",
                           gets ? "AttributesToGet" : "ProjectionExpression",
                           word == COUNT ? "only the Count" : words[word]);
    if (word == PROJECTED && query->index_name.size == 0)
        return api_invalid(&call->error, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying "
                                         "using an IndexName");
    if (!projects && word == SPECIFIC)
        return api_invalid(&call->error,
                           "Must specify the AttributesToGet or ProjectionExpression when choosing "
                           "to get SPECIFIC_ATTRIBUTES");
    return OK;
}

static enum status decode_segments(struct api_call *call, struct item_query *query)
{
    bool has_segment = decode_has(call->body, "Segment");
    bool has_total = decode_has(call->body, "TotalSegments");
    int64_t segment = decode_int(call->body, "Segment", 0);
    int64_t total = decode_int(call->body, "TotalSegments", 0);
    struct api_error *error = &call->error;

    if (has_segment && !has_total)
        return api_invalid(error, "The TotalSegments parameter is required but was not present in "
                                  "the request when Segment parameter is present");
    if (has_total && !has_segment)
        return api_invalid(error, "The Segment parameter is required but was not present in the "
                                  "request when parameter TotalSegments is present");
    if (has_total && segment >= total)
        return api_invalid(error,
                           "The Segment parameter is zero-based and must be less than parameter "
                           "TotalSegments: Segment: %lld is not less than TotalSegments: %lld",
                           (long long)segment, (long long)total);
    query->segment = (uint32_t)segment;
    query->total_segments = (uint32_t)total;
    return OK;
}

/* AWS puts its own words before most messages about a value in the key, not before those of numbers
 * and sets. */
static enum status decode_start_key(struct api_call *call, struct item_query *query)
{
    static const char *const bare[] = {"contains duplicates", "number set", "numeric value",
                                       "significant digits", "number with magnitude"};
    struct api_error *error = &call->error;
    enum status status =
        dynamodb_item(call, call->body, "ExclusiveStartKey", &query->start_key, error);

    if (status != REFUSED || error->kind != API_VALIDATION)
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(bare); i++)
        if (bytes_find(bytes_of_text(error->message), bytes_of_text(bare[i])) != SIZE_MAX)
            return status;

    struct bytes why = arena_copy(call->arena, bytes_of_text(error->message));

    return api_invalid(error, "The provided starting key is invalid: %.*s", BYTES_ARG(why));
}

/* KeyConditionExpression, or KeyConditions as `terms`. */
static enum status decode_key_condition(struct api_call *call, struct expr_names *names,
                                        struct key_term *terms, size_t term_count,
                                        struct item_query *query)
{
    const struct table *table = engine_table_ref(call->on->engine, query->table_name);
    struct bytes text = decode_string(call->body, "KeyConditionExpression");
    struct api_error *error = &call->error;

    if (table == NULL)
        return api_refuse(error, API_RESOURCE_NOT_FOUND, "Requested resource not found");

    const struct key_schema *schema = engine_key_schema(table, query->index_name, error);
    enum status status = REFUSED;

    if (schema != NULL && terms != NULL)
        status = expr_match_key_terms(terms, term_count, schema, &query->condition, error);
    else if (schema != NULL)
        status =
            expr_parse_key_condition(call->arena, text, names, schema, &query->condition, error);

    engine_table_unref(table);
    return status;
}

static enum status decode_key_conditions(struct api_call *call, struct item_query *query)
{
    struct key_term *terms = NULL;
    size_t count = 0;
    enum status status = legacy_key_terms(call, call->body, &terms, &count, &call->error);

    return status == OK ? decode_key_condition(call, NULL, terms, count, query) : status;
}

static enum status decode_expressions(struct api_call *call, struct item_query *query)
{
    struct expr_names *names = ARENA_NEW(call->arena, struct expr_names);
    struct api_error *error = &call->error;
    enum status status = dynamodb_names(call, call->body, names, error);
    bool has_text = decode_has(call->body, "KeyConditionExpression");

    if (status == OK)
        status = dynamodb_condition(call, call->body, EXPR_FILTER, names, &query->filter, error);
    if (status == OK)
        status = dynamodb_projection(call, call->body, names, &query->projection, error);
    if (status == OK && !query->scan && has_text)
        status = decode_key_condition(call, names, NULL, 0, query);
    if (status == OK)
        status = expr_finish(names, error);
    if (status == OK && !query->scan && !has_text)
        status = decode_key_conditions(call, query);
    return status;
}

/* In AWS's order, which is not the same for both. */
static enum status decode_legacy(struct api_call *call, struct item_query *query)
{
    const char *name = query->scan ? "ScanFilter" : "QueryFilter";
    struct api_error *error = &call->error;
    enum status status = OK;

    if (decode_has(call->body, name))
        query->filter_name = name;
    if (query->scan)
        status = legacy_attributes_to_get(call, call->body, &query->projection, error);
    if (status == OK)
        status = legacy_filter(call, call->body, name, &query->filter, error);
    if (status == OK && !query->scan)
        status = legacy_attributes_to_get(call, call->body, &query->projection, error);
    return status;
}

static enum status decode(struct api_call *call, struct item_query *query)
{
    static const struct dynamodb_parameters of_scan = {
        .expressions = {"ProjectionExpression", "FilterExpression"},
        .legacy = {"AttributesToGet", "ScanFilter", "ConditionalOperator"},
    };
    static const struct dynamodb_parameters of_query = {
        .expressions = {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
        .legacy = {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"},
    };
    struct api_error *error = &call->error;
    const struct json *body = call->body;
    enum status status = dynamodb_table_name(body, &query->table_name, error);

    query->index_name = decode_string(body, "IndexName");
    query->limit = (uint64_t)decode_int(body, "Limit", 0);
    query->backward = !query->scan && !decode_bool(body, "ScanIndexForward", true);
    if (status == OK)
        status = dynamodb_check_parameters(body, query->scan ? &of_scan : &of_query, error);
    if (status == OK)
        status = decode_legacy(call, query);
    if (status == OK)
        status = decode_start_key(call, query);
    if (status == OK && query->scan)
        status = decode_segments(call, query);
    if (status == OK && !query->scan && !decode_has(body, "KeyConditionExpression") &&
        !decode_has(body, "KeyConditions"))
        status = api_invalid(error, "Either the KeyConditions or KeyConditionExpression parameter "
                                    "must be specified in the request.");
    if (status == OK)
        status = decode_select(call, query);
    if (status == OK)
        status = decode_expressions(call, query);
    return status;
}

/* Of an index, its entries; of the table, the items that they did not have all of. */
static void write_capacity(struct api_call *call, struct json_writer *w,
                           const struct query_call *asked)
{
    const struct item_query *query = &asked->query;
    struct capacity capacity = {.table_name = query->table_name};
    uint64_t half_units = capacity_of_read(query->scanned_size, query->consistent);

    if (query->index_name.size == 0) {
        capacity.half_units = half_units;
    } else {
        capacity.half_units = query->fetched_4k * (query->consistent ? 2 : 1);
        capacity_add_index(call->arena, &capacity, query->index_name, query->index_kind,
                           half_units);
    }
    capacity_write(w, asked->capacity, &capacity, false, true);
}

static void write_positions(struct json_writer *w, const struct item_query *query)
{
    json_key(w, "DynlogPositions");
    json_begin_array(w);
    for (size_t i = 0; i < query->count; i++) {
        const struct item_place *place = &query->places[i];

        json_begin_object(w);
        if (place->position > 0)
            json_member_uint(w, "Position", place->position);
        if (place->time_ms > 0)
            json_member_uint(w, "Time", place->time_ms);
        json_end_object(w);
    }
    json_end_array(w);
}

static void answer(struct api_call *call, const struct query_call *asked)
{
    const struct item_query *query = &asked->query;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (query->select != SELECT_COUNT) {
        json_key(&w, "Items");
        json_begin_array(&w);
        for (size_t i = 0; i < query->count; i++)
            json_write_raw(&w, query->items[i]);
        json_end_array(&w);
        if (query->tells_places)
            write_positions(&w, query);
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
        write_capacity(call, &w, asked);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void run(struct api_call *call, bool scan)
{
    struct query_call asked = {
        .query = {.scan = scan,
                  .consistent = decode_bool(call->body, "ConsistentRead", false),
                  .tells_places = api_wants_positions(call)},
        .capacity = dynamodb_capacity_wanted(call->body),
    };
    enum status status = decode(call, &asked.query);

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
