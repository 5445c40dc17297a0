/* api/dynamodb/continuous_backups.c - UpdateContinuousBackups, DescribeContinuousBackups.
 * Continuous backups are there for every table from its first moment; what is turned on and off is
 * point-in-time recovery. */
#include "api/dynamodb/table_change.h"
#include "api/operations.h"
#include "engine/backup.h"

/* These operations have an exception and words of their own for it. */
static enum status refuse_missing(struct bytes name, struct api_error *error)
{
    return api_refuse(error, API_TABLE_NOT_FOUND, "Table not found: %.*s", BYTES_ARG(name));
}

static void write_recovery(struct api_call *call, struct json_writer *w, const struct table *table)
{
    json_begin_object(w);
    json_member_text(w, "PointInTimeRecoveryStatus",
                     table->point_in_time_recovery ? "ENABLED" : "DISABLED");
    if (table->point_in_time_recovery) {
        struct recovery_window window = engine_recovery_window(call->on->engine, table);

        json_member_int(w, "RecoveryPeriodInDays", table->recovery_period_days);
        json_member_epoch(w, "EarliestRestorableDateTime", window.earliest_ms);
        json_member_epoch(w, "LatestRestorableDateTime", window.latest_ms);
    }
    json_end_object(w);
}

static void answer(struct api_call *call, const struct table *table)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "ContinuousBackupsDescription");
    json_begin_object(&w);
    json_member_text(&w, "ContinuousBackupsStatus", "ENABLED");
    json_key(&w, "PointInTimeRecoveryDescription");
    write_recovery(call, &w, table);
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- UpdateContinuousBackups ---- */

static enum status edit(struct table_change *change, struct table *table, struct api_error *reterr)
{
    struct api_call *call = change->context;
    const struct json *specification =
        decode_member(call->body, "PointInTimeRecoverySpecification");

    (void)reterr;
    table->point_in_time_recovery = decode_bool(specification, "PointInTimeRecoveryEnabled", false);
    table->recovery_period_days = (uint32_t)decode_int(specification, "RecoveryPeriodInDays", 0);
    return OK;
}

static void done(struct table_change *change, enum status status)
{
    if (status == REFUSED && change->error.kind == API_RESOURCE_NOT_FOUND)
        refuse_missing(change->name, &change->error);
    if (!table_change_failed(change, status))
        answer(change->context, &change->table);
}

static enum status check(struct api_call *call)
{
    const struct json *specification =
        decode_member(call->body, "PointInTimeRecoverySpecification");

    if (decode_has(specification, "RecoveryPeriodInDays") &&
        !decode_bool(specification, "PointInTimeRecoveryEnabled", false))
        return api_invalid(&call->error,
                           "Invalid Request: Cannot specify RecoveryPeriodInDays when "
                           "disabling point-in-time recovery.");
    return OK;
}

void api_update_continuous_backups(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_UPDATE, done);
    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);

    change->edit = edit;
    if (status == OK)
        status = check(call);
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}

/* ---- DescribeContinuousBackups ---- */

void api_describe_continuous_backups(struct api_call *call)
{
    struct bytes name = {NULL, 0};
    enum status status = dynamodb_table_name(call->body, &name, &call->error);
    const struct table *table = status == OK ? engine_table_ref(call->on->engine, name) : NULL;

    if (status == OK && table == NULL)
        status = refuse_missing(name, &call->error);
    if (status == OK)
        answer(call, table);
    else
        api_fail_status(call, status);
    engine_table_unref(table);
}
