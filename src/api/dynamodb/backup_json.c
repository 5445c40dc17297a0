/* api/dynamodb/backup_json.c - see backup_json.h. (AWS: DynamoDB API reference,
 * "BackupDescription", "BackupDetails", "BackupSummary".) */
#include "api/dynamodb/backup_json.h"

#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_json.h"
#include "api/shape.h"

static const char *const type_names[] = {[BACKUP_USER] = "USER", [BACKUP_SYSTEM] = "SYSTEM"};

/* ---- ARNs ---- */

/* "table/NAME/backup/ID" */
static bool split_resource(struct bytes resource, struct bytes *ret_table_name,
                           struct bytes *ret_id)
{
    struct bytes middle = BYTES("/backup/");

    if (!bytes_start_with(resource, BYTES("table/")))
        return false;
    resource = bytes_slice(resource, strlen("table/"), resource.size);

    size_t at = bytes_find(resource, middle);

    if (at == SIZE_MAX)
        return false;
    *ret_table_name = bytes_slice(resource, 0, at);
    *ret_id = bytes_slice(resource, at + middle.size, resource.size);
    return shape_name_pattern.matches(*ret_table_name) && shape_name_pattern.matches(*ret_id);
}

enum status backup_decode_arn(const struct json *body, const char *member,
                              struct bytes *ret_table_name, struct bytes *ret_id,
                              struct api_error *reterr)
{
    struct arn arn;

    if (!arn_parse(decode_string(body, member), &arn) ||
        !split_resource(arn.resource, ret_table_name, ret_id))
        return api_invalid(reterr, "Invalid Backup ARN");
    if (!bytes_equal_text(arn.service, "dynamodb"))
        return api_invalid(reterr, "Invalid Request: BackupArn is not valid");
    return OK;
}

void backup_write_arn(struct api_call *call, struct json_writer *w, const char *member,
                      const struct engine_backup *backup)
{
    json_member_string(w, member,
                       arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s/backup/%.*s",
                                BYTES_ARG(backup->table_name), BYTES_ARG(backup->id)));
}

/* ---- what a backup is ---- */

/* What details and summaries have in common. */
static void write_members(struct api_call *call, struct json_writer *w,
                          const struct engine_backup *backup, const char *status)
{
    backup_write_arn(call, w, "BackupArn", backup);
    json_member_string(w, "BackupName", backup->name);
    json_member_int(w, "BackupSizeBytes", (int64_t)backup->size_bytes);
    json_member_text(w, "BackupStatus", status);
    json_member_text(w, "BackupType", type_names[backup->type]);
    json_member_epoch(w, "BackupCreationDateTime", backup->created_ms);
    if (backup->expires_ms != 0)
        json_member_epoch(w, "BackupExpiryDateTime", backup->expires_ms);
}

static void write_source_names(struct api_call *call, struct json_writer *w,
                               const struct engine_backup *backup)
{
    json_member_string(w, "TableName", backup->table_name);
    json_member_string(w, "TableId", backup->table.table_id);
    json_member_string(w, "TableArn",
                       arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s",
                                BYTES_ARG(backup->table_name)));
}

void backup_write_details(struct api_call *call, struct json_writer *w,
                          const struct engine_backup *backup, const char *status)
{
    json_begin_object(w);
    write_members(call, w, backup, status);
    json_end_object(w);
}

void backup_write_summary(struct api_call *call, struct json_writer *w,
                          const struct engine_backup *backup)
{
    json_begin_object(w);
    write_source_names(call, w, backup);
    write_members(call, w, backup, backup_status(backup));
    json_end_object(w);
}

/* ---- the table as it was ---- */

static void write_source(struct api_call *call, struct json_writer *w,
                         const struct engine_backup *backup)
{
    const struct table *table = &backup->table;

    json_begin_object(w);
    write_source_names(call, w, backup);
    json_member_int(w, "TableSizeBytes", (int64_t)backup->size_bytes);
    key_schema_write(w, &table->key);
    json_member_epoch(w, "TableCreationDateTime", table->created_ms);
    json_key(w, "ProvisionedThroughput");
    json_begin_object(w);
    json_member_int(w, "ReadCapacityUnits", (int64_t)table->read_units);
    json_member_int(w, "WriteCapacityUnits", (int64_t)table->write_units);
    json_end_object(w);
    json_member_int(w, "ItemCount", (int64_t)backup->item_count);
    json_member_text(w, "BillingMode",
                     table->billing == BILLING_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED");
    json_end_object(w);
}

/* Only what the table had. */
static void write_features(struct json_writer *w, const struct table *table)
{
    json_begin_object(w);
    index_write_infos(w, table);
    if (table->stream.enabled) {
        json_key(w, "StreamDescription");
        json_begin_object(w);
        json_member_bool(w, "StreamEnabled", true);
        json_member_text(w, "StreamViewType", table_view_name(table->stream.view));
        json_end_object(w);
    }
    if (table->ttl_enabled) {
        json_key(w, "TimeToLiveDescription");
        json_begin_object(w);
        json_member_text(w, "TimeToLiveStatus", "ENABLED");
        json_member_string(w, "AttributeName", table->ttl_attribute);
        json_end_object(w);
    }
    table_write_encryption(w, table);
    json_end_object(w);
}

void backup_write_description(struct api_call *call, struct json_writer *w,
                              const struct engine_backup *backup, const char *status)
{
    json_begin_object(w);
    json_key(w, "BackupDetails");
    backup_write_details(call, w, backup, status);
    json_key(w, "SourceTableDetails");
    write_source(call, w, backup);
    json_key(w, "SourceTableFeatureDetails");
    write_features(w, &backup->table);
    json_end_object(w);
}
