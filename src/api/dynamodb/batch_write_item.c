/* api/dynamodb/batch_write_item.c - BatchWriteItem: up to 25 puts and deletes, each on its own. All
 * of them go in one group, so the only ones that are left unprocessed are those whose item a
 * transaction holds, and those that a test wants throttled: clients send UnprocessedItems again. */
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"
#include "api/throttle.h"

struct batch_write {
    struct api_call *call;
    struct engine_write write;
    /* As the request has them: tables, by ARN perhaps, and what to do. */
    struct bytes given[ENGINE_BATCH_WRITE_MAX];
    const struct json *requests[ENGINE_BATCH_WRITE_MAX];
    /* Left unprocessed: those that are throttled are no part of the write. */
    struct bytes left_given[ENGINE_BATCH_WRITE_MAX];
    const struct json *left[ENGINE_BATCH_WRITE_MAX];
    size_t left_count;
    enum capacity_wanted capacity;
};

static enum status decode_request(struct api_call *call, struct bytes table_name,
                                  const struct json *request, struct item_write *ret)
{
    const struct json *put = decode_member(request, "PutRequest");
    const struct json *delete = decode_member(request, "DeleteRequest");

    if ((put != NULL) == (delete != NULL)) /* AWS says so also when there is none */
        return api_invalid(&call->error,
                           "Supplied AttributeValue has more than one datatypes set, must contain "
                           "exactly one of the supported datatypes");
    *ret = (struct item_write){.kind = put != NULL ? WRITE_PUT : WRITE_DELETE,
                               .table_name = table_name};
    return dynamodb_item(call, put != NULL ? put : delete, put != NULL ? "Item" : "Key", &ret->item,
                         &call->error);
}

static enum status decode_table(struct api_call *call, struct batch_write *batch,
                                struct bytes given, const struct json *requests)
{
    struct engine_write *write = &batch->write;
    struct bytes table_name = {NULL, 0};
    enum status status = dynamodb_name_of(given, &table_name, &call->error);

    for (struct json_iter it = json_iter(requests); status == OK && json_next(&it);) {
        if (write->count == ENGINE_BATCH_WRITE_MAX)
            return api_invalid(&call->error,
                               "Too many items requested for the BatchWriteItem call");
        batch->given[write->count] = given;
        batch->requests[write->count] = it.value;
        status = decode_request(call, table_name, it.value, &write->writes[write->count++]);
    }
    return status;
}

static enum status decode(struct api_call *call, struct batch_write *batch)
{
    const struct json *tables = decode_member(call->body, "RequestItems");
    enum status status = OK;

    if (json_count(tables) == 0)
        return api_invalid(&call->error,
                           "The requestItems parameter is required for BatchWriteItem");
    batch->capacity = dynamodb_capacity_wanted(call->body);
    batch->write.writes = ARENA_NEW_ARRAY(call->arena, ENGINE_BATCH_WRITE_MAX, struct item_write);
    for (struct json_iter it = json_iter(tables); status == OK && json_next(&it);)
        status = decode_table(call, batch, it.name, it.value);
    return status;
}

/* Takes out what a test wants throttled. REFUSED when nothing else is left, as AWS has it. */
static enum status throttle(struct api_call *call, struct batch_write *batch)
{
    struct engine_write *write = &batch->write;
    size_t kept = 0;

    for (size_t i = 0; i < write->count; i++) {
        if (throttle_part(call, FAULT_TABLE, batch->given[i], NULL)) {
            batch->left_given[batch->left_count] = batch->given[i];
            batch->left[batch->left_count++] = batch->requests[i];
            continue;
        }
        batch->given[kept] = batch->given[i];
        batch->requests[kept] = batch->requests[i];
        write->writes[kept++] = write->writes[i];
    }
    write->count = kept;
    if (kept > 0 || batch->left_count == 0)
        return OK;
    return throttle_refuse(call, throttle_name_of(batch->left_given[0]));
}

/* ---- the answer ---- */

static bool is_unprocessed(const struct item_write *item)
{
    return item->status == REFUSED && item->error->kind == API_TRANSACTION_CONFLICT;
}

static void take_unprocessed(struct batch_write *batch)
{
    for (size_t i = 0; i < batch->write.count; i++) {
        if (!is_unprocessed(&batch->write.writes[i]))
            continue;
        batch->left_given[batch->left_count] = batch->given[i];
        batch->left[batch->left_count++] = batch->requests[i];
    }
}

static bool is_first_of_table(const struct batch_write *batch, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (bytes_equal(batch->left_given[i], batch->left_given[at]))
            return false;
    return true;
}

/* A member for each table. */
static void print_unprocessed(struct json_writer *w, const struct batch_write *batch)
{
    json_key(w, "UnprocessedItems");
    json_begin_object(w);
    for (size_t i = 0; i < batch->left_count; i++) {
        if (!is_first_of_table(batch, i))
            continue;
        json_key_bytes(w, batch->left_given[i]);
        json_begin_array(w);
        for (size_t k = i; k < batch->left_count; k++)
            if (bytes_equal(batch->left_given[k], batch->left_given[i]))
                json_write_value(w, batch->left[k]);
        json_end_array(w);
    }
    json_end_object(w);
}

static void answer(struct batch_write *batch)
{
    struct buffer *out = api_buffer(batch->call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    take_unprocessed(batch);
    print_unprocessed(&w, batch);
    for (size_t i = 0; i < batch->write.count; i++) {
        const struct item_write *item = &batch->write.writes[i];

        if (is_unprocessed(item))
            continue;
        capacity_add_write(batch->call->arena, capacity_sum_of(&sums, batch->given[i]), item, 1);
    }
    capacity_write_all(&w, batch->capacity, &sums, false, false);
    if (dynamodb_metrics_wanted(batch->call->body))
        metrics_write_all(&w, batch->write.writes, batch->write.count, batch->given);
    json_end_object(&w);
    api_answer(batch->call, buffer_bytes(out));
}

/* In a batch AWS says less about an item whose key is not there or of another type. */
static void reword_key_fault(struct api_error *error)
{
    static const char *const faults[] = {
        "One or more parameter values were invalid: Missing the key ",
        "One or more parameter values were invalid: Type mismatch for key ",
    };

    for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
        if (bytes_start_with(bytes_of_text(error->message), bytes_of_text(faults[i])))
            api_invalid(error, "The provided key element does not match the schema");
}

static void done(struct engine_write *write, enum status status)
{
    struct batch_write *batch = CONTAINER_OF(write, struct batch_write, write);

    for (size_t i = 0; status == OK && i < write->count; i++) {
        if (is_unprocessed(&write->writes[i]))
            continue;
        status = write->writes[i].status;
        if (status == REFUSED) {
            reword_key_fault(write->writes[i].error);
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
    batch->write = (struct engine_write){
        .arena = call->arena, .trace_header = api_trace_header(call), .done = done};
    status = decode(call, batch);
    if (status == OK)
        status = throttle(call, batch);
    if (status == OK)
        engine_write(call->on->engine, call->on->port, &batch->write);
    else
        api_fail_status(call, status);
}
