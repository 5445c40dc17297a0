/* api/dynamodb/table_change.c - see table_change.h; with UpdateTable and DeleteTable. */
#include "api/dynamodb/table_change.h"

#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

#include <inttypes.h>

void table_change_init(struct table_change *change, struct api_call *call,
                       enum table_change_kind kind,
                       void (*done)(struct table_change *change, enum status status))
{
    change->kind = kind;
    change->arena = call->arena;
    change->done = done;
    change->context = call;
}

struct table_change *table_change_new(struct api_call *call, enum table_change_kind kind,
                                      void (*done)(struct table_change *change, enum status status))
{
    struct table_change *change = ARENA_NEW(call->arena, struct table_change);

    table_change_init(change, call, kind, done);
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

struct table_update {
    struct table_change change;
    struct table before; /* set by edit() */
};

/* What UpdateTable changes. */
enum part {
    PART_THROUGHPUT,
    PART_BILLING,
    PART_STREAM,
    PART_INDEXES,
    PART_ENCRYPTION,
    PART_CLASS,
    PART_PROTECTION,
    PART_COUNT,
};

static const struct {
    const char *member;
    const char *alone; /* what AWS says when others are beside it; NULL: they may be */
} parts[PART_COUNT] = {
    [PART_THROUGHPUT] = {"ProvisionedThroughput", NULL},
    [PART_BILLING] = {"BillingMode", NULL},
    [PART_STREAM] = {"StreamSpecification", NULL},
    [PART_INDEXES] = {"GlobalSecondaryIndexUpdates", NULL},
    [PART_ENCRYPTION] = {"SSESpecification", "Server-Side Encryption modification"},
    [PART_CLASS] = {"TableClass", "TableClass modification"},
    [PART_PROTECTION] = {"DeletionProtectionEnabled", "DeletionProtection modification"},
};

static enum status refuse_pair(struct api_error *reterr, const char *pair)
{
    return api_invalid(reterr, "One or more parameter values were invalid: You cannot %s", pair);
}

/* Some of them AWS changes one at a time. */
static enum status check_parts(const struct json *body, struct api_error *reterr)
{
    bool has[PART_COUNT];
    bool online = index_has_online_action(decode_member(body, parts[PART_INDEXES].member));
    size_t count = 0;

    for (size_t i = 0; i < PART_COUNT; i++)
        count += has[i] = decode_has(body, parts[i].member);
    if (count == 0 || (count == 1 && has[PART_INDEXES] &&
                       json_count(decode_member(body, parts[PART_INDEXES].member)) == 0))
        return api_invalid(reterr,
                           "At least one of ProvisionedThroughput, BillingMode, "
                           "UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
                           "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, "
                           "MultiRegionConsistency, DeletionProtectionEnabled, "
                           "OnDemandThroughput, WarmThroughput or TableClass is required");
    for (size_t i = 0; i < PART_COUNT; i++)
        if (has[i] && parts[i].alone != NULL && count > 1)
            return api_invalid(reterr,
                               "One or more parameter values were invalid: %s must be the only "
                               "operation in the request",
                               parts[i].alone);
    if (has[PART_THROUGHPUT] && has[PART_STREAM])
        return refuse_pair(reterr, "modify stream status while updating table IOPS");
    if (has[PART_THROUGHPUT] && online)
        return refuse_pair(reterr, "create or delete index while updating table IOPS");
    if (has[PART_STREAM] && online)
        return refuse_pair(reterr, "create or delete index while changing stream status");
    return OK;
}

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
    struct table before = *table; /* its indexes stay as they are: what changes is a copy */
    enum stream_view view = STREAM_NONE;
    bool has_stream = false;
    enum status status = table_decode_stream(call->body, &view, &has_stream, reterr);

    CONTAINER_OF(change, struct table_update, change)->before = before;

    if (status == OK)
        status = table_decode_billing(call->body, table, reterr);
    if (status == OK)
        status = check_throughput(call->body, &before, table, reterr);
    if (table->billing == BILLING_PAY_PER_REQUEST && before.billing != BILLING_PAY_PER_REQUEST)
        table->billing_changed_ms = clock_now_ms(timers_clock(call->on->timers));
    if (before.billing == BILLING_PAY_PER_REQUEST && before.billing_changed_ms == 0)
        table->billing_changed_ms = before.created_ms; /* it was made so */
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

/* AWS shows an index that goes until it is gone. */
static struct table with_deleted(struct arena *arena, const struct table *before,
                                 const struct table *after, const struct json *updates)
{
    struct table shown = *after;
    size_t count = 0, left = 0;

    shown.indexes =
        ARENA_NEW_ARRAY(arena, before->index_count + after->index_count, struct table_index);
    for (size_t i = 0; i < before->index_count; i++) {
        enum index_action action = INDEX_UPDATE;
        const struct table_index *index = &before->indexes[i];

        if (index_find_action(updates, index->name, &action) && action == INDEX_DELETE)
            shown.indexes[count++] = *index;
        else
            shown.indexes[count++] = after->indexes[left++];
    }
    while (left < after->index_count)
        shown.indexes[count++] = after->indexes[left++];
    shown.index_count = count;
    return shown;
}

static bool is_updating(const struct json *body)
{
    return decode_has(body, parts[PART_THROUGHPUT].member) ||
           decode_has(body, parts[PART_BILLING].member) ||
           decode_has(body, parts[PART_STREAM].member) ||
           decode_has(body, parts[PART_CLASS].member) ||
           index_has_online_action(decode_member(body, parts[PART_INDEXES].member));
}

static void update_done(struct table_change *change, enum status status)
{
    struct table_update *update = CONTAINER_OF(change, struct table_update, change);
    struct api_call *call = change->context;
    const struct json *index_updates = decode_member(call->body, parts[PART_INDEXES].member);

    if (table_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct table shown = with_deleted(call->arena, &update->before, &change->table, index_updates);

    json_begin_object(&w);
    json_key(&w, "TableDescription");
    table_write_updated(call, &w, &shown, is_updating(call->body) ? "UPDATING" : "ACTIVE",
                        index_updates);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_update_table(struct api_call *call)
{
    struct table_update *update = ARENA_NEW(call->arena, struct table_update);
    struct table_change *change = &update->change;

    table_change_init(change, call, TABLE_UPDATE, update_done);
    change->edit = edit;

    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);

    if (status == OK)
        status = check_parts(call->body, &call->error);
    if (status == OK)
        status = index_check_updates(call->body, &call->error);
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}
