/* api/dynamodb/backups.c - CreateBackup, DescribeBackup, ListBackups, DeleteBackup. */
#include "api/dynamodb/backup_json.h"
#include "api/operations.h"

#define LIST_BACKUPS_MAX 100

static struct backup_change *backup_change_new(struct api_call *call,
                                               void (*done)(struct backup_change *change,
                                                            enum status status))
{
    struct backup_change *change = ARENA_NEW(call->arena, struct backup_change);

    change->arena = call->arena;
    change->done = done;
    change->context = call;
    return change;
}

static bool failed(struct backup_change *change, enum status status)
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

static void answer_description(struct api_call *call, const struct engine_backup *backup,
                               const char *status)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "BackupDescription");
    backup_write_description(call, &w, backup, status);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- CreateBackup: it is made when this is answered, but AWS's answer says so ---- */

static void create_done(struct backup_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "BackupDetails");
    backup_write_details(call, &w, &change->backup, "CREATING");
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_create_backup(struct api_call *call)
{
    struct backup_change *change = backup_change_new(call, create_done);
    enum status status = dynamodb_table_name(call->body, &change->table_name, &call->error);

    change->name = decode_string(call->body, "BackupName");
    if (status == OK)
        engine_backup_create(call->on->engine, change);
    else
        api_fail_status(call, status);
}

/* ---- DescribeBackup ---- */

void api_describe_backup(struct api_call *call)
{
    struct bytes table_name = {NULL, 0}, id = {NULL, 0};
    struct engine_backup backup;
    enum status status = backup_decode_arn(call->body, "BackupArn", &table_name, &id, &call->error);

    if (status == OK)
        status = engine_backup_find(call->on->engine, table_name, id, call->arena, &backup);
    if (status == NOT_FOUND)
        status = api_refuse(&call->error, API_BACKUP_NOT_FOUND, "Backup not found: %.*s",
                            BYTES_ARG(decode_string(call->body, "BackupArn")));
    if (status == OK)
        answer_description(call, &backup, backup_status(&backup));
    else
        api_fail_status(call, status);
}

/* ---- DeleteBackup ---- */

static void delete_done(struct backup_change *change, enum status status)
{
    if (!failed(change, status))
        answer_description(change->context, &change->backup, "DELETED");
}

void api_delete_backup(struct api_call *call)
{
    struct backup_change *change = backup_change_new(call, delete_done);
    enum status status =
        backup_decode_arn(call->body, "BackupArn", &change->table_name, &change->id, &call->error);

    if (status == OK)
        engine_backup_delete(call->on->engine, change);
    else
        api_fail_status(call, status);
}

/* ---- ListBackups ---- */

static void decode_type(const struct json *body, struct backup_list *list)
{
    static const char *const words[] = {"USER", "SYSTEM", "AWS_BACKUP", "ALL"};
    size_t word = decode_word(body, "BackupType", words, ARRAY_COUNT(words), 0);

    list->any_type = word == 3;
    list->type = word == 1 ? BACKUP_SYSTEM : BACKUP_USER;
    if (word == 2) /* AWS Backup makes none here */
        list->to_ms = 0;
}

static enum status decode_list(struct api_call *call, struct backup_list *list)
{
    const struct json *body = call->body;
    enum status status = dynamodb_table_name(body, &list->table_name, &call->error);

    list->limit = (size_t)decode_int(body, "Limit", LIST_BACKUPS_MAX);
    if (status == OK)
        status = decode_time_ms(body, "TimeRangeLowerBound", 0, &list->from_ms, &call->error);
    if (status == OK)
        status =
            decode_time_ms(body, "TimeRangeUpperBound", UINT64_MAX, &list->to_ms, &call->error);
    if (status == OK && list->from_ms > list->to_ms)
        return api_invalid(&call->error, "One or more parameter values were invalid: Time range "
                                         "lower bound must be less than or equal to upper bound");
    decode_type(body, list);
    if (status != OK || !decode_has(body, "ExclusiveStartBackupArn"))
        return status;
    return backup_decode_arn(body, "ExclusiveStartBackupArn", &list->after_table_name,
                             &list->after_id, &call->error);
}

void api_list_backups(struct api_call *call)
{
    struct backup_list list = {0};
    enum status status = decode_list(call, &list);

    if (status == OK)
        status = engine_backup_list(call->on->engine, &list, call->arena);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "BackupSummaries");
    json_begin_array(&w);
    for (size_t i = 0; i < list.count; i++)
        backup_write_summary(call, &w, &list.backups[i]);
    json_end_array(&w);
    if (list.more)
        backup_write_arn(call, &w, "LastEvaluatedBackupArn", &list.backups[list.count - 1]);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
