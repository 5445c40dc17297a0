/* api/dynamodb/batch_get_item.c - BatchGetItem: up to 100 items of several tables, at most 16 MB;
 * what does not fit comes back as UnprocessedKeys. */
#include "api/dynamodb/legacy.h"
#include "api/operations.h"

struct table_keys {     /* one table of the request */
    struct bytes given; /* as the request names it: an ARN, perhaps */
    struct bytes table_name;
    const struct json *request; /* as it came, for UnprocessedKeys */
    const struct json *keys;
    const struct expr_projection *projection;
    bool consistent;
    size_t first, count; /* of its reads */
};

struct batch_get {
    struct table_keys *tables;
    size_t table_count;
    struct item_read reads[ENGINE_BATCH_GET_MAX];
    size_t read_count, processed;
    enum capacity_wanted capacity;
};

static enum status decode_keys(struct api_call *call, struct batch_get *batch,
                               struct table_keys *table)
{
    struct api_error *error = &call->error;

    table->first = batch->read_count;
    for (struct json_iter it = json_iter(table->keys); json_next(&it);) {
        struct item_read *read = &batch->reads[batch->read_count];

        if (batch->read_count == ENGINE_BATCH_GET_MAX)
            return api_invalid(error, "Too many items requested for the BatchGetItem call");
        *read =
            (struct item_read){.table_name = table->table_name, .projection = table->projection};
        enum status status = item_from_json(call->arena, it.value, &read->key, error);

        if (status != OK)
            return status;
        for (size_t i = table->first; i < batch->read_count; i++)
            if (item_equal(&batch->reads[i].key, &read->key))
                return api_invalid(error, "Provided list of item keys contains duplicates");
        batch->read_count++;
    }
    table->count = batch->read_count - table->first;
    return OK;
}

static enum status decode_table(struct api_call *call, struct batch_get *batch, struct bytes name,
                                const struct json *request)
{
    static const struct dynamodb_parameters parameters = {
        .expressions = {"ProjectionExpression"},
        .legacy = {"AttributesToGet"},
    };
    struct table_keys *table = &batch->tables[batch->table_count++];
    struct api_error *error = &call->error;
    enum status status = OK;

    *table = (struct table_keys){
        .given = name,
        .request = request,
        .keys = decode_member(request, "Keys"),
        .consistent = decode_bool(request, "ConsistentRead", false),
    };
    status = dynamodb_name_of(name, &table->table_name, error);
    if (status == OK)
        status = dynamodb_check_parameters(request, &parameters, error);
    if (status == OK)
        status = legacy_attributes_to_get(call, request, &table->projection, error);
    if (status == OK)
        status = dynamodb_only_projection(call, request, &table->projection, error);
    if (status == OK)
        status = decode_keys(call, batch, table);
    return status;
}

static enum status decode(struct api_call *call, struct batch_get *batch)
{
    const struct json *tables = decode_member(call->body, "RequestItems");
    enum status status = OK;

    if (json_count(tables) == 0)
        return api_invalid(&call->error, "The requestItems parameter is required for BatchGetItem");
    batch->capacity = dynamodb_capacity_wanted(call->body);
    batch->tables = ARENA_NEW_ARRAY(call->arena, json_count(tables), struct table_keys);
    for (struct json_iter it = json_iter(tables); status == OK && json_next(&it);)
        status = decode_table(call, batch, it.name, it.value);
    return status;
}

/* Reads until the answer is full: 16 MB are never exceeded. */
static enum status read_all(struct api_call *call, struct batch_get *batch)
{
    size_t size = 0;

    for (; batch->processed < batch->read_count; batch->processed++) {
        struct item_read *read = &batch->reads[batch->processed];
        enum status status =
            engine_get_item(call->on->engine, NULL, read, call->arena, &call->error);

        if (status != OK)
            return status;
        size += read->size;
        if (size > ENGINE_BATCH_GET_SIZE_MAX)
            return OK;
    }
    return OK;
}

static void write_responses(struct json_writer *w, const struct batch_get *batch)
{
    json_key(w, "Responses");
    json_begin_object(w);
    for (size_t t = 0; t < batch->table_count; t++) {
        const struct table_keys *table = &batch->tables[t];

        json_key_bytes(w, table->given);
        json_begin_array(w);
        for (size_t i = table->first; i < table->first + table->count; i++)
            if (i < batch->processed && batch->reads[i].found)
                json_write_raw(w, batch->reads[i].item);
        json_end_array(w);
    }
    json_end_object(w);
}

/* A table's request again, with the keys that were not read. */
static void write_unprocessed_table(struct json_writer *w, const struct batch_get *batch,
                                    const struct table_keys *table)
{
    json_key_bytes(w, table->given);
    json_begin_object(w);
    for (struct json_iter it = json_iter(table->request); json_next(&it);) {
        json_key_bytes(w, it.name);
        if (!bytes_equal_text(it.name, "Keys")) {
            json_write_value(w, it.value);
            continue;
        }
        json_begin_array(w);
        for (struct json_iter key = json_iter(table->keys); json_next(&key);)
            if (table->first + key.index >= batch->processed)
                json_write_value(w, key.value);
        json_end_array(w);
    }
    json_end_object(w);
}

static void write_unprocessed(struct json_writer *w, const struct batch_get *batch)
{
    json_key(w, "UnprocessedKeys");
    json_begin_object(w);
    for (size_t t = 0; t < batch->table_count; t++) {
        const struct table_keys *table = &batch->tables[t];

        if (table->first + table->count > batch->processed)
            write_unprocessed_table(w, batch, table);
    }
    json_end_object(w);
}

static void answer(struct api_call *call, const struct batch_get *batch)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    write_responses(&w, batch);
    write_unprocessed(&w, batch);
    for (size_t t = 0; t < batch->table_count; t++) {
        const struct table_keys *table = &batch->tables[t];

        for (size_t i = table->first; i < table->first + table->count && i < batch->processed; i++)
            capacity_sum_of(&sums, table->given)->half_units +=
                capacity_of_read(batch->reads[i].size, table->consistent);
    }
    capacity_write_all(&w, batch->capacity, &sums, false, true);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_batch_get_item(struct api_call *call)
{
    struct batch_get *batch = ARENA_NEW(call->arena, struct batch_get);
    enum status status = decode(call, batch);

    if (status == OK)
        status = read_all(call, batch);
    if (status == OK)
        answer(call, batch);
    else
        api_fail_status(call, status);
}
