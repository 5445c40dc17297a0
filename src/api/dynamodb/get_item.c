/* api/dynamodb/get_item.c - GetItem. */
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"

static enum status decode(struct api_call *call, struct item_read *read, bool *ret_consistent)
{
    struct expr_names *names = ARENA_NEW(call->arena, struct expr_names);
    struct api_error *error = &call->error;
    enum status status = dynamodb_refuse_legacy(call->body, error);

    if (status == OK)
        status = dynamodb_table_name(call->body, &read->table_name, error);
    if (status == OK && !dynamodb_has(call->body, "Key"))
        status = decode_refuse_null(error, "key");
    if (status == OK)
        status = decode_bool(call->body, "ConsistentRead", ret_consistent, error);
    if (status == OK)
        status = dynamodb_item(call, call->body, "Key", &read->key, error);
    if (status == OK)
        status = dynamodb_names(call, call->body, dynamodb_has(call->body, "ProjectionExpression"),
                                names, error);
    if (status == OK)
        status = dynamodb_projection(call, call->body, names, &read->projection, error);
    if (status == OK)
        status = expr_finish(names, error);
    return status;
}

void api_get_item(struct api_call *call)
{
    struct item_read read = {0};
    enum capacity_wanted capacity = CAPACITY_NONE;
    bool consistent = false;
    enum status status = dynamodb_capacity_wanted(call->body, &capacity, &call->error);

    if (status == OK)
        status = decode(call, &read, &consistent);
    if (status == OK)
        status = engine_get_item(call->on->engine, NULL, &read, call->arena, &call->error);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (read.found) {
        json_key(&w, "Item");
        json_write_raw(&w, read.item);
    }
    if (capacity != CAPACITY_NONE) {
        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, capacity, read.table_name, capacity_of_read(read.size, consistent),
                       false, true);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
