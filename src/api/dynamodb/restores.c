/* api/dynamodb/restores.c - RestoreTableFromBackup, RestoreTableToPointInTime: what the new table
 * has other than its source, and the errors. */
#include "api/dynamodb/backup_json.h"
#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_change.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

/* ---- overrides: on the writer's thread, onto what the source has ---- */

/* The mode that the new table has; its throughput is given if and only if that makes sense. */
static enum status override_billing(const struct json *body, struct table *table,
                                    struct api_error *reterr)
{
    static const char *const modes[] = {"PROVISIONED", "PAY_PER_REQUEST"};
    const struct json *throughput = decode_member(body, "ProvisionedThroughputOverride");
    size_t mode =
        decode_word(body, "BillingModeOverride", modes, ARRAY_COUNT(modes), ARRAY_COUNT(modes));

    if (mode == 1 && throughput != NULL)
        return api_invalid(reterr, "Invalid Request: Cannot override ProvisionedThroughput if "
                                   "BillingMode is overridden to PAY_PER_REQUEST");
    if (mode == 0 && throughput == NULL)
        return api_invalid(reterr, "Invalid Request: Must override ProvisionedThroughput if "
                                   "BillingMode is overridden to PROVISIONED");
    if (mode == ARRAY_COUNT(modes) && throughput != NULL &&
        table->billing == BILLING_PAY_PER_REQUEST)
        return api_invalid(reterr, "Invalid Request: Cannot override ProvisionedThroughput unless "
                                   "BillingMode is PROVISIONED");
    if (mode == 0)
        table->billing = BILLING_PROVISIONED;
    if (mode == 1) {
        table->billing = BILLING_PAY_PER_REQUEST;
        table->read_units = table->write_units = 0;
    }
    if (throughput == NULL)
        return OK;
    return table_decode_throughput(throughput, &table->read_units, &table->write_units, reterr);
}

static enum status edit(struct table_change *change, struct table *table, struct api_error *reterr)
{
    struct api_call *call = change->context;
    enum status status = override_billing(call->body, table, reterr);

    if (status == OK)
        status = index_decode_overrides(change->arena, call->body, table, reterr);
    if (status == OK)
        status = table_decode_encryption(call->body, "SSESpecificationOverride", table, reterr);
    return status;
}

/* ---- both operations ---- */

static void done(struct table_change *change, enum status status)
{
    table_answer_description(change, status, "CREATING");
}

static struct table_source *source_new(struct api_call *call)
{
    struct table_source *source = ARENA_NEW(call->arena, struct table_source);

    source->change = (struct table_change){.kind = TABLE_CREATE,
                                           .name = decode_string(call->body, "TargetTableName"),
                                           .edit = edit,
                                           .arena = call->arena,
                                           .done = done,
                                           .context = call};
    return source;
}

static void restore_or_fail(struct api_call *call, struct table_source *source, enum status status)
{
    if (status == OK)
        engine_restore_table(call->on->engine, source);
    else
        api_fail_status(call, status);
}

void api_restore_table_from_backup(struct api_call *call)
{
    struct table_source *source = source_new(call);
    enum status status = backup_decode_arn(call->body, "BackupArn", &source->table_name,
                                           &source->backup_id, &call->error);

    source->backup_arn = decode_string(call->body, "BackupArn");
    restore_or_fail(call, source, status);
}

/* ---- RestoreTableToPointInTime ---- */

static enum status decode_moment(struct api_call *call, struct table_source *source)
{
    bool has_time = decode_has(call->body, "RestoreDateTime");

    source->latest = decode_bool(call->body, "UseLatestRestorableTime", false);
    if (source->latest && has_time)
        return api_invalid(&call->error,
                           "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime "
                           "cannot be set for point-in-time restore request. Please specify either "
                           "RestoreDateTime time or UseLatestRestorableTime");
    if (!source->latest && !has_time)
        return api_invalid(&call->error, "Invalid Request: Either one of RestoreDateTime or "
                                         "UseLatestRestorableTime must be specified, but not both");
    return decode_time_ms(call->body, "RestoreDateTime", 0, &source->time_ms, &call->error);
}

static enum status decode_source(struct api_call *call, struct table_source *source)
{
    struct bytes name = decode_string(call->body, "SourceTableName");
    struct bytes arn = decode_string(call->body, "SourceTableArn");

    if (name.size > 0 && arn.size > 0)
        return api_invalid(&call->error,
                           "Must provide exactly one of: sourceTableArn, sourceTableName");
    if (name.size == 0 && arn.size == 0)
        return api_invalid(&call->error,
                           "The parameter 'TableName' is required but was not present "
                           "in the request");
    if (arn.size == 0) {
        source->table_name = name;
        return OK;
    }
    if (!bytes_start_with(arn, BYTES("arn:")))
        return api_invalid(&call->error,
                           "One or more parameter values were invalid: ARNs must start with "
                           "'arn:': %.*s",
                           BYTES_ARG(arn));
    if (dynamodb_name_of(arn, &source->table_name, &call->error) != OK)
        return api_invalid(&call->error, "Invalid Request: sourceTableArn is not a valid ARN");
    return OK;
}

void api_restore_table_to_point_in_time(struct api_call *call)
{
    struct table_source *source = source_new(call);
    enum status status = decode_moment(call, source);

    if (status == OK)
        status = decode_source(call, source);
    restore_or_fail(call, source, status);
}
