/* api/dynamodb/table_change.c - see table_change.h; with UpdateTable and DeleteTable. */
#include "api/dynamodb/table_change.h"

#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

#include <inttypes.h>

struct table_change *table_change_new(struct api_call *call, enum table_change_kind kind,
                                      void (*done)(struct table_change *change, enum status status))
{
    struct table_change *change = ARENA_NEW(call->arena, struct table_change);

    change->kind = kind;
    change->arena = call->arena;
    change->done = done;
    change->context = call;
    return change;
}

bool table_change_failed(struct table_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        return false;
    if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
    return true;
}

void table_answer_description(struct table_change *change, enum status status,
                              const char *table_status)
{
    struct api_call *call = change->context;

    if (table_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "TableDescription");
    table_write_description(call, &w, &change->table, table_status);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- DeleteTable ---- */

static void delete_done(struct table_change *change, enum status status)
{
    table_answer_description(change, status, "DELETING");
}

void api_delete_table(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_DELETE, delete_done);
    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);

    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}

/* ---- UpdateTable ---- */

static enum status check_throughput(const struct json *body, const struct table *before,
                                    const struct table *after, struct api_error *reterr)
{
    bool given = decode_has(body, "ProvisionedThroughput");

    if (!given && bytes_equal_text(decode_string(body, "BillingMode"), "PROVISIONED"))
        return api_invalid(reterr, "One or more parameter values were invalid: "
                                   "ProvisionedThroughput must be specified when BillingMode is "
                                   "PROVISIONED");
    if (!given || before->billing != after->billing || before->read_units != after->read_units ||
        before->write_units != after->write_units)
        return OK;
    return api_invalid(
        reterr,
        "The provisioned throughput for the table will not change. The requested value equals the "
        "current value. Current ReadCapacityUnits provisioned for the table: %" PRIu64
        ". Requested ReadCapacityUnits: %" PRIu64
        ". Current WriteCapacityUnits provisioned for the table: %" PRIu64
        ". Requested WriteCapacityUnits: %" PRIu64
        ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request "
        "higher limits.",
        before->read_units, after->read_units, before->write_units, after->write_units);
}

/* On the writer's thread: the body is applied to the table as it is now. */
static enum status edit(struct table_change *change, struct table *table, struct api_error *reterr)
{
    struct api_call *call = change->context;
    struct table before = *table;
    enum stream_view view = STREAM_NONE;
    bool has_stream = false;
    enum status status = table_decode_stream(call->body, &view, &has_stream, reterr);

    if (status == OK)
        status = table_decode_billing(call->body, table, reterr);
    if (status == OK)
        status = check_throughput(call->body, &before, table, reterr);
    if (table->billing == BILLING_PAY_PER_REQUEST && before.billing != BILLING_PAY_PER_REQUEST)
        table->billing_changed_ms = clock_now_ms(timers_clock(call->on->timers));
    if (status == OK)
        status = index_decode_updates(call->arena, call->body, table, reterr);
    if (status == OK)
        status = table_decode_settings(call->body, table, reterr);
    if (status != OK || !has_stream)
        return status;
    if (view != STREAM_NONE && table->stream.enabled)
        return api_invalid(reterr, "Table already has an enabled stream: TableName: %.*s",
                           BYTES_ARG(table->name));
    if (view == STREAM_NONE && !table->stream.enabled)
        return api_invalid(reterr, "Table has no stream to disable: TableName: %.*s",
                           BYTES_ARG(table->name));
    table->stream.enabled = view != STREAM_NONE;
    if (view != STREAM_NONE)
        table->stream.view = view;
    return OK;
}

static void update_done(struct table_change *change, enum status status)
{
    table_answer_description(change, status, "UPDATING");
}

void api_update_table(struct api_call *call)
{
    static const char *const changes[] = {
        "StreamSpecification", "BillingMode", "ProvisionedThroughput",
        "SSESpecification",    "TableClass",  "DeletionProtectionEnabled"};
    struct table_change *change = table_change_new(call, TABLE_UPDATE, update_done);
    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);
    bool any = false;

    for (size_t i = 0; i < ARRAY_COUNT(changes); i++)
        any = any || decode_has(call->body, changes[i]);
    any = any || json_count(decode_member(call->body, "GlobalSecondaryIndexUpdates")) > 0;
    if (status == OK && !any)
        status =
            api_invalid(&call->error,
                        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                        "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is "
                        "required");
    if (status == OK)
        status = index_check_updates(call->body, &call->error);
    change->edit = edit;
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}
