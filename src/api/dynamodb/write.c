/* api/dynamodb/write.c - what the operations that write one item decode in the same way. */
#include "api/dynamodb/write.h"

#include "api/dynamodb/legacy.h"

/* In the order of enum return_values. */
static const char *const return_words[] = {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW",
                                           "UPDATED_NEW"};

static const struct dynamodb_parameters update_parameters = {
    .expressions = {"UpdateExpression", "ConditionExpression"},
    .legacy = {"AttributeUpdates", "Expected", "ConditionalOperator"},
};
static const struct dynamodb_parameters other_parameters = {
    .expressions = {"ConditionExpression"},
    .legacy = {"Expected", "ConditionalOperator"},
};

static enum status check_parameters(const struct json *body, enum write_kind kind,
                                    bool takes_legacy, struct api_error *reterr)
{
    struct dynamodb_parameters parameters =
        kind == WRITE_UPDATE ? update_parameters : other_parameters;

    if (!takes_legacy)
        parameters.legacy[0] = NULL;
    return dynamodb_check_parameters(body, &parameters, reterr);
}

static enum status decode_return_values(const struct json *body, enum write_kind kind,
                                        enum return_values *ret, struct api_error *reterr)
{
    *ret = (enum return_values)decode_word(body, "ReturnValues", return_words,
                                           ARRAY_COUNT(return_words), RETURN_NONE);
    if (kind == WRITE_UPDATE || *ret == RETURN_NONE || *ret == RETURN_ALL_OLD)
        return OK;
    return api_invalid(reterr, kind == WRITE_PUT ? "ReturnValues can only be ALL_OLD or NONE"
                                                 : "Return values set to invalid value");
}

static enum status decode_update(struct api_call *call, const struct json *body,
                                 struct expr_names *names, struct item_write *ret,
                                 struct api_error *reterr)
{
    if (!decode_has(body, "UpdateExpression"))
        return OK;
    return expr_parse_update(call->arena, decode_string(body, "UpdateExpression"), names,
                             &ret->update, reterr);
}

static enum status decode_expressions(struct api_call *call, const struct json *body,
                                      enum write_kind kind, struct item_write *ret,
                                      struct api_error *reterr)
{
    struct expr_names *names = ARENA_NEW(call->arena, struct expr_names);
    enum status status = dynamodb_names(call, body, names, reterr);

    if (status == OK && kind == WRITE_UPDATE)
        status = decode_update(call, body, names, ret, reterr);
    if (status == OK)
        status = dynamodb_condition(call, body, EXPR_CONDITION, names, &ret->condition, reterr);
    if (status == OK)
        status = expr_finish(names, reterr);
    return status;
}

enum status dynamodb_write(struct api_call *call, const struct json *body, enum write_kind kind,
                           bool takes_legacy, struct item_write *ret, struct api_error *reterr)
{
    enum status status = OK;

    *ret = (struct item_write){.kind = kind};
    ret->return_old_on_failure =
        bytes_equal_text(decode_string(body, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD");
    status = dynamodb_table_name(body, &ret->table_name, reterr);
    if (status == OK)
        status = check_parameters(body, kind, takes_legacy, reterr);
    if (status == OK)
        status = dynamodb_item(call, body, kind == WRITE_PUT ? "Item" : "Key", &ret->item, reterr);
    if (status == OK)
        status = decode_return_values(body, kind, &ret->return_values, reterr);
    if (status == OK && takes_legacy && kind == WRITE_UPDATE)
        status = legacy_updates(call, body, &ret->update, reterr);
    if (status == OK && takes_legacy)
        status = legacy_expected(call, body, &ret->condition, reterr);
    if (status == OK)
        status = decode_expressions(call, body, kind, ret, reterr);
    return status;
}

/* ---- PutItem, UpdateItem, DeleteItem ---- */

struct single_write {
    struct api_call *call;
    struct engine_write write;
    struct item_write item;
    enum capacity_wanted capacity;
    bool metrics;
};

static void answer_single(struct single_write *single)
{
    struct api_call *call = single->call;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    call->position = single->item.position;
    json_begin_object(&w);
    if (single->item.returned.size > 0) {
        json_key(&w, "Attributes");
        json_write_raw(&w, single->item.returned);
    }
    if (single->capacity != CAPACITY_NONE) {
        struct capacity capacity = {.table_name = single->item.table_name};

        capacity_add_write(call->arena, &capacity, &single->item, 1);
        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, single->capacity, &capacity, false, false);
    }
    if (single->metrics && single->item.collection_key.count > 0) {
        json_key(&w, "ItemCollectionMetrics");
        metrics_write(&w, &single->item);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ConditionalCheckFailedException carries the item when it was asked for. */
static void fail_single(struct single_write *single)
{
    struct api_error *error = single->item.error;

    if (single->item.old.size > 0)
        error->extra =
            arena_printf(single->call->arena, ",\"Item\":%.*s", BYTES_ARG(single->item.old));
    api_fail(single->call, error);
}

static void single_done(struct engine_write *write, enum status status)
{
    struct single_write *single = CONTAINER_OF(write, struct single_write, write);

    if (status == OK)
        status = single->item.status;
    if (status == OK)
        answer_single(single);
    else if (status == REFUSED && single->item.error != NULL)
        fail_single(single);
    else if (status == REFUSED)
        api_fail(single->call, &write->error);
    else
        api_fail_status(single->call, status);
}

void dynamodb_write_one(struct api_call *call, enum write_kind kind)
{
    struct single_write *single = ARENA_NEW(call->arena, struct single_write);
    enum status status = dynamodb_write(call, call->body, kind, true, &single->item, &call->error);

    single->call = call;
    single->capacity = dynamodb_capacity_wanted(call->body);
    single->metrics = dynamodb_metrics_wanted(call->body);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    single->write = (struct engine_write){
        .writes = &single->item,
        .count = 1,
        .arena = call->arena,
        .trace_header = api_trace_header(call),
        .done = single_done,
    };
    engine_write(call->on->engine, call->on->port, &single->write);
}
