/* api/dynamodb/transact_get_items.c - TransactGetItems: up to 100 items as they were at one moment.
 */
#include "api/dynamodb/cancellation.h"
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"

static enum status decode_get(struct api_call *call, const struct json *get, struct item_read *ret)
{
    static const struct dynamodb_parameters parameters = {
        .expressions = {"ProjectionExpression"},
    };
    struct api_error *error = &call->error;
    enum status status = dynamodb_table_name(get, &ret->table_name, error);

    if (status == OK)
        status = dynamodb_check_parameters(get, &parameters, error);
    if (status == OK)
        status = dynamodb_item(call, get, "Key", &ret->key, error);
    if (status == OK)
        status = dynamodb_only_projection(call, get, &ret->projection, error);
    return status;
}

static enum status decode(struct api_call *call, struct transact_read **ret, size_t *ret_count)
{
    const struct json *items = decode_member(call->body, "TransactItems");
    enum status status = OK;

    *ret = ARENA_NEW_ARRAY(call->arena, json_count(items), struct transact_read);
    for (struct json_iter it = json_iter(items); status == OK && json_next(&it);)
        status = decode_get(call, decode_member(it.value, "Get"), &(*ret)[(*ret_count)++].read);
    return status;
}

/* A projection that finds nothing in an item gives no Item at all, unlike GetItem's. */
static bool has_answer(const struct item_read *read)
{
    return read->found && !(read->projection != NULL && bytes_equal(read->item, BYTES("{}")));
}

static void answer(struct api_call *call, const struct transact_read *reads, size_t count)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "Responses");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        const struct item_read *read = &reads[i].read;

        json_begin_object(&w);
        if (has_answer(read)) {
            json_key(&w, "Item");
            json_write_raw(&w, read->item);
        }
        json_end_object(&w);
        capacity_sum_of(&sums, read->table_name)->half_units +=
            2 * capacity_of_read(read->size, true);
    }
    json_end_array(&w);
    capacity_write_all(&w, dynamodb_capacity_wanted(call->body), &sums, true, true);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void answer_or_cancel(struct api_call *call, const struct transact_read *reads, size_t count)
{
    struct cancellation_reason *reasons =
        ARENA_NEW_ARRAY(call->arena, count, struct cancellation_reason);
    bool cancelled = false;

    for (size_t i = 0; i < count; i++) {
        reasons[i].error = reads[i].error;
        cancelled = cancelled || reads[i].error != NULL;
    }
    if (cancelled)
        cancellation_fail(call, reasons, count);
    else
        answer(call, reads, count);
}

void api_transact_get_items(struct api_call *call)
{
    struct transact_read *reads = NULL;
    size_t count = 0;
    enum status status = decode(call, &reads, &count);

    if (status == OK)
        status = engine_transact_get(call->on->engine, reads, count, call->arena, &call->error);
    if (status == OK)
        answer_or_cancel(call, reads, count);
    else
        api_fail_status(call, status);
}
