/* api/dynamodb/batch_write_item.c - BatchWriteItem: up to 25 puts and deletes, each on its own. All of
 * them go in one group, so nothing is ever left unprocessed: UnprocessedItems is always {}. */
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"

struct batch_write {
    struct api_call *call;
    struct engine_write write;
    enum capacity_wanted capacity;
};

static enum status decode_request(struct api_call *call, struct bytes table_name,
                                  const struct json *request, struct item_write *ret)
{
    const struct json *put = decode_member(request, "PutRequest");
    const struct json *delete = decode_member(request, "DeleteRequest");
    struct api_error *error = &call->error;

    if ((put != NULL) == (delete != NULL))
        return api_invalid(error, "Supplied AttributeValue has %s, must contain exactly one of "
                                  "PutRequest and DeleteRequest",
                           put != NULL ? "more than one datatypes set" : "no request");
    *ret = (struct item_write){.kind = put != NULL ? WRITE_PUT : WRITE_DELETE,
                               .table_name = table_name};
    if (put != NULL && !dynamodb_has(put, "Item"))
        return decode_refuse_null(error, "requestItems.member.1.member.putRequest.item");
    if (put == NULL && !dynamodb_has(delete, "Key"))
        return decode_refuse_null(error, "requestItems.member.1.member.deleteRequest.key");
    return dynamodb_item(call, put != NULL ? put : delete, put != NULL ? "Item" : "Key",
                         &ret->item, error);
}

static enum status decode(struct api_call *call, struct engine_write *write)
{
    const struct json *tables = NULL;
    struct api_error *error = &call->error;
    enum status status = decode_object(call->body, "RequestItems", &tables, error);

    if (status != OK)
        return status;
    if (tables == NULL)
        return decode_refuse_null(error, "requestItems");
    if (json_count(tables) == 0)
        return decode_refuse(error, BYTES("{}"), "requestItems",
                             "Member must have length greater than or equal to 1");
    write->writes = ARENA_NEW_ARRAY(call->arena, ENGINE_BATCH_WRITE_MAX, struct item_write);
    for (struct json_iter table = json_iter(tables); json_next(&table);) {
        if (!json_is(table.value, JSON_ARRAY))
            return api_refuse(error, API_SERIALIZATION, "Unexpected field type");
        if (json_count(table.value) == 0)
            return api_invalid(error, "The batch write request list for a table cannot be null or "
                                      "empty");
        for (struct json_iter it = json_iter(table.value); json_next(&it);) {
            if (write->count == ENGINE_BATCH_WRITE_MAX)
                return api_invalid(error, "Too many items requested for the BatchWriteItem call");
            status = decode_request(call, table.name, it.value, &write->writes[write->count++]);
            if (status != OK)
                return status;
        }
    }
    return OK;
}

static void answer(struct batch_write *batch)
{
    struct buffer *out = api_buffer(batch->call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "UnprocessedItems");
    json_begin_object(&w);
    json_end_object(&w);
    for (size_t i = 0; i < batch->write.count; i++) {
        const struct item_write *item = &batch->write.writes[i];

        capacity_add(&sums, item->table_name, capacity_of_write(item->old_size, item->new_size));
    }
    capacity_write_all(&w, batch->capacity, &sums, false, false);
    json_end_object(&w);
    api_answer(batch->call, buffer_bytes(out));
}

static void done(struct engine_write *write, enum status status)
{
    struct batch_write *batch = CONTAINER_OF(write, struct batch_write, write);

    for (size_t i = 0; status == OK && i < write->count; i++) {
        status = write->writes[i].status;
        if (status == REFUSED) {
            api_fail(batch->call, write->writes[i].error);
            return;
        }
    }
    if (status == OK)
        answer(batch);
    else
        api_fail_status(batch->call, status);
}

void api_batch_write_item(struct api_call *call)
{
    struct batch_write *batch = ARENA_NEW(call->arena, struct batch_write);
    enum status status = OK;

    batch->call = call;
    batch->write = (struct engine_write){.arena = call->arena, .done = done};
    status = dynamodb_capacity_wanted(call->body, &batch->capacity, &call->error);
    if (status == OK)
        status = decode(call, &batch->write);
    if (status == OK)
        engine_write(call->on->engine, call->on->port, &batch->write);
    else
        api_fail_status(call, status);
}
