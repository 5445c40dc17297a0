/* api/dynamodb/transact_get_items.c - TransactGetItems: up to 100 items as they were at one moment.
 */
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

static enum status decode(struct api_call *call, struct item_read **ret, size_t *ret_count)
{
    const struct json *items = decode_member(call->body, "TransactItems");
    enum status status = OK;

    *ret = ARENA_NEW_ARRAY(call->arena, json_count(items), struct item_read);
    for (struct json_iter it = json_iter(items); status == OK && json_next(&it);)
        status = decode_get(call, decode_member(it.value, "Get"), &(*ret)[(*ret_count)++]);
    return status;
}

static enum status read_all(struct api_call *call, struct item_read *reads, size_t count)
{
    struct store_view *view = store_view_new(call->on->store);
    enum status status = OK;
    size_t size = 0;

    for (size_t i = 0; i < count && status == OK; i++) {
        status = engine_get_item(call->on->engine, view, &reads[i], call->arena, &call->error);
        size += reads[i].size;
    }
    store_view_free(call->on->store, view);
    if (status == OK && size > ENGINE_TRANSACTION_SIZE_MAX)
        return api_invalid(&call->error, "Collection size exceeded: the items of a transaction "
                                         "may have 4 MB together");
    return status;
}

static void answer(struct api_call *call, const struct item_read *reads, size_t count,
                   enum capacity_wanted capacity)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "Responses");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        if (reads[i].found) {
            json_key(&w, "Item");
            json_write_raw(&w, reads[i].item);
        }
        json_end_object(&w);
        capacity_sum_of(&sums, reads[i].table_name)->half_units +=
            2 * capacity_of_read(reads[i].size, true);
    }
    json_end_array(&w);
    capacity_write_all(&w, capacity, &sums, true, true);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_transact_get_items(struct api_call *call)
{
    struct item_read *reads = NULL;
    size_t count = 0;
    enum capacity_wanted capacity = dynamodb_capacity_wanted(call->body);
    enum status status = decode(call, &reads, &count);

    if (status == OK)
        status = read_all(call, reads, count);
    if (status == OK)
        answer(call, reads, count, capacity);
    else
        api_fail_status(call, status);
}
