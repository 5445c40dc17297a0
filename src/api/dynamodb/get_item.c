/* api/dynamodb/get_item.c - GetItem. */
#include "api/dynamodb/legacy.h"
#include "api/operations.h"

static enum status decode(struct api_call *call, struct item_read *read)
{
    static const struct dynamodb_parameters parameters = {
        .expressions = {"ProjectionExpression"},
        .legacy = {"AttributesToGet"},
    };
    struct api_error *error = &call->error;
    enum status status = dynamodb_table_name(call->body, &read->table_name, error);

    if (status == OK)
        status = dynamodb_check_parameters(call->body, &parameters, error);
    if (status == OK)
        status = dynamodb_item(call, call->body, "Key", &read->key, error);
    if (status == OK)
        status = legacy_attributes_to_get(call, call->body, &read->projection, error);
    if (status == OK)
        status = dynamodb_only_projection(call, call->body, &read->projection, error);
    return status;
}

void api_get_item(struct api_call *call)
{
    struct item_read read = {0};
    enum capacity_wanted capacity = dynamodb_capacity_wanted(call->body);
    bool consistent = decode_bool(call->body, "ConsistentRead", false);
    enum status status = decode(call, &read);

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
        struct capacity consumed = {.table_name = read.table_name,
                                    .half_units = capacity_of_read(read.size, consistent)};

        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, capacity, &consumed, false, true);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
