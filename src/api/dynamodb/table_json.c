/* api/dynamodb/table_json.c - see table_json.h. (AWS: DynamoDB API reference, "TableDescription".)
 */
#include "api/dynamodb/table_json.h"

#include "api/dynamodb/index_json.h"
#include "api/shape.h"

#include <inttypes.h>

#define UNITS_MAX INT64_C(1000000000000)

static const char *const view_names[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE",
                                         "NEW_AND_OLD_IMAGES"};

const char *table_view_name(enum stream_view view)
{
    return view_names[view];
}

/* ---- writing ---- */

void table_write_throughput(struct json_writer *w, uint64_t read_units, uint64_t write_units)
{
    json_key(w, "ProvisionedThroughput");
    json_begin_object(w);
    json_member_int(w, "NumberOfDecreasesToday", 0);
    json_member_int(w, "ReadCapacityUnits", (int64_t)read_units);
    json_member_int(w, "WriteCapacityUnits", (int64_t)write_units);
    json_end_object(w);
}

static void write_billing(struct json_writer *w, const struct table *table, bool creating)
{
    bool on_demand = table->billing == BILLING_PAY_PER_REQUEST;
    uint64_t changed_ms = table->billing_changed_ms;

    table_write_throughput(w, table->read_units, table->write_units);
    if (!on_demand && changed_ms == 0)
        return;
    if (on_demand && changed_ms == 0 && !creating) /* it was made so */
        changed_ms = table->created_ms;
    json_key(w, "BillingModeSummary");
    json_begin_object(w);
    json_member_text(w, "BillingMode", on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
    if (changed_ms > 0) {
        json_member_epoch(w, "LastUpdateToPayPerRequestDateTime", changed_ms);
    }
    json_end_object(w);
}

static void write_stream(struct api_call *call, struct json_writer *w, const struct table *table)
{
    if (table->stream.id == 0 || table->stream.view == STREAM_NONE)
        return;
    if (table->stream.enabled) {
        json_key(w, "StreamSpecification");
        json_begin_object(w);
        json_member_bool(w, "StreamEnabled", true);
        json_member_text(w, "StreamViewType", table_view_name(table->stream.view));
        json_end_object(w);
    }
    json_member_string(w, "LatestStreamLabel", table->stream.label);
    json_member_string(w, "LatestStreamArn",
                       arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s/stream/%.*s",
                                BYTES_ARG(table->name), BYTES_ARG(table->stream.label)));
}

void table_write_encryption(struct json_writer *w, const struct table *table)
{
    if (!table->sse_enabled)
        return;
    json_key(w, "SSEDescription");
    json_begin_object(w);
    json_member_text(w, "Status", "ENABLED");
    json_member_text(w, "SSEType", "KMS");
    if (table->sse_kms_key.size > 0)
        json_member_string(w, "KMSMasterKeyArn", table->sse_kms_key);
    json_end_object(w);
}

/* As AWS, only while it goes on: an ACTIVE table does not say where it comes from. */
static void write_restore(struct json_writer *w, const struct table_restore *restore)
{
    if (!restore->in_progress)
        return;
    json_key(w, "RestoreSummary");
    json_begin_object(w);
    if (restore->backup_arn.size > 0)
        json_member_string(w, "SourceBackupArn", restore->backup_arn);
    json_member_string(w, "SourceTableArn", restore->table_arn);
    json_member_epoch(w, "RestoreDateTime", restore->date_time_ms);
    json_member_bool(w, "RestoreInProgress", true);
    json_end_object(w);
}

static void write_settings(struct json_writer *w, const struct table *table)
{
    table_write_encryption(w, table);
    if (table->table_class.size > 0) {
        json_key(w, "TableClassSummary");
        json_begin_object(w);
        json_member_string(w, "TableClass", table->table_class);
        json_end_object(w);
    }
    json_member_bool(w, "DeletionProtectionEnabled", table->deletion_protection);
}

void table_write_description(struct api_call *call, struct json_writer *w,
                             const struct table *table, const char *status)
{
    table_write_updated(call, w, table, status, NULL);
}

void table_write_updated(struct api_call *call, struct json_writer *w, const struct table *table,
                         const char *status, const struct json *index_updates)
{
    bool creating = strcmp(status, "CREATING") == 0;
    const struct index_view view = {creating ? "CREATING" : "ACTIVE", index_updates};
    struct table_figures figures = {0};

    engine_figures(call->on->engine, table->id, &figures);
    json_begin_object(w);
    json_member_string(w, "TableName", table->name);
    json_member_text(w, "TableStatus", status);
    json_member_string(
        w, "TableArn",
        arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s", BYTES_ARG(table->name)));
    json_member_string(w, "TableId", table->table_id);
    json_member_epoch(w, "CreationDateTime", table->created_ms);
    key_definitions_write(call->arena, w, table);
    key_schema_write(w, &table->key);
    write_billing(w, table, creating);
    json_member_int(w, "ItemCount", (int64_t)figures.item_count);
    json_member_int(w, "TableSizeBytes", (int64_t)figures.size_bytes);
    index_write_all(call, w, table, &view);
    write_stream(call, w, table);
    write_settings(w, table);
    write_restore(w, &table->restore);
    json_end_object(w);
}

/* ---- reading ---- */

enum status table_decode_stream(const struct json *body, enum stream_view *ret, bool *ret_present,
                                struct api_error *reterr)
{
    const struct json *specification = decode_member(body, "StreamSpecification");
    bool enabled = decode_bool(specification, "StreamEnabled", false);
    bool has_view = decode_has(specification, "StreamViewType");

    *ret = STREAM_NONE;
    *ret_present = specification != NULL;
    if (enabled && !has_view)
        return api_invalid(reterr, "One or more parameter values were invalid: StreamViewType must "
                                   "be specified when StreamEnabled is true");
    if (!enabled && has_view)
        return api_invalid(reterr, "One or more parameter values were invalid: StreamViewType must "
                                   "not be specified when StreamEnabled is false");
    if (enabled)
        *ret = (enum stream_view)decode_word(specification, "StreamViewType", view_names,
                                             ARRAY_COUNT(view_names), STREAM_NONE);
    return OK;
}

static enum status decode_units(const struct json *throughput, const char *name, uint64_t *ret,
                                struct api_error *reterr)
{
    int64_t units = decode_int(throughput, name, 0);

    if (units > UNITS_MAX)
        return api_invalid(reterr, "Given value %" PRId64 " for %s is out of bounds", units, name);
    *ret = (uint64_t)units;
    return OK;
}

enum status table_decode_throughput(const struct json *throughput, uint64_t *ret_read_units,
                                    uint64_t *ret_write_units, struct api_error *reterr)
{
    enum status status = decode_units(throughput, "ReadCapacityUnits", ret_read_units, reterr);

    if (status == OK)
        status = decode_units(throughput, "WriteCapacityUnits", ret_write_units, reterr);
    return status;
}

enum status table_decode_billing(const struct json *body, struct table *table,
                                 struct api_error *reterr)
{
    static const char *const modes[] = {"PROVISIONED", "PAY_PER_REQUEST"};
    const struct json *throughput = decode_member(body, "ProvisionedThroughput");
    size_t mode = decode_word(body, "BillingMode", modes, ARRAY_COUNT(modes),
                              table->billing == BILLING_PAY_PER_REQUEST);

    table->billing = mode == 1 ? BILLING_PAY_PER_REQUEST : BILLING_PROVISIONED;
    if (mode == 1 && throughput != NULL)
        return api_invalid(reterr, "One or more parameter values were invalid: Neither "
                                   "ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                                   "BillingMode is PAY_PER_REQUEST");
    if (mode == 1) {
        table->read_units = table->write_units = 0;
        return OK;
    }
    if (throughput == NULL && table->read_units == 0)
        return api_invalid(reterr, "One or more parameter values were invalid: ReadCapacityUnits "
                                   "and WriteCapacityUnits must both be specified when BillingMode "
                                   "is PROVISIONED");
    if (throughput == NULL)
        return OK;
    return table_decode_throughput(throughput, &table->read_units, &table->write_units, reterr);
}

enum status table_decode_encryption(const struct json *body, const char *member,
                                    struct table *table, struct api_error *reterr)
{
    const struct json *sse = decode_member(body, member);

    if (sse == NULL)
        return OK;
    if (bytes_equal_text(decode_string(sse, "SSEType"), "AES256"))
        return api_invalid(reterr, "One or more parameter values were invalid: SSEType AES256 "
                                   "is not supported. Supported value is KMS");
    table->sse_enabled = decode_bool(sse, "Enabled", false);
    table->sse_kms_key = decode_string(sse, "KMSMasterKeyId");
    return OK;
}

enum status table_decode_settings(const struct json *body, struct table *table,
                                  struct api_error *reterr)
{
    enum status status = table_decode_encryption(body, "SSESpecification", table, reterr);

    if (status != OK)
        return status;
    table->deletion_protection =
        decode_bool(body, "DeletionProtectionEnabled", table->deletion_protection);
    if (decode_has(body, "TableClass"))
        table->table_class = decode_string(body, "TableClass");
    return OK;
}

/* Letters, blanks, digits and a few signs; what is not ASCII is taken for a letter. */
static bool is_tag_text(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c >= 0x80 || (c != '\0' && strchr(" \t\n\r+-=._:/@", c) != NULL)))
            return false;
    }
    return true;
}

enum status table_decode_tags(struct arena *arena, const struct json *tags, struct table_tag **ret,
                              size_t *ret_count, struct api_error *reterr)
{
    struct table_tag *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct table_tag);
    size_t count = 0;

    for (struct json_iter it = json_iter(tags); json_next(&it);) {
        struct table_tag *tag = &list[count++];

        *tag = (struct table_tag){decode_string(it.value, "Key"), decode_string(it.value, "Value")};
        if (!is_tag_text(tag->key) || !is_tag_text(tag->value))
            return api_invalid(reterr,
                               "One or more parameter values were invalid: A tag has only "
                               "letters, blanks, digits and + - = . _ : / @. Tag key: "
                               "%.*s, tag value: %.*s",
                               BYTES_ARG(tag->key), BYTES_ARG(tag->value));
        for (size_t i = 0; i + 1 < count; i++)
            if (bytes_equal(list[i].key, tag->key))
                return api_invalid(reterr,
                                   "One or more parameter values were invalid: Duplicate "
                                   "tag key: %.*s",
                                   BYTES_ARG(tag->key));
    }
    if (count > TABLE_TAGS_MAX)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: Too many tags: "
                           "expected at most %d",
                           TABLE_TAGS_MAX);
    *ret = list;
    *ret_count = count;
    return OK;
}

enum status table_name_of_arn(const struct json *body, struct bytes *ret, struct api_error *reterr)
{
    struct bytes text = decode_string(body, "ResourceArn");
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_start_with(arn.resource, BYTES("table/")) ||
        !shape_name_pattern.matches(bytes_slice(arn.resource, 6, arn.resource.size)))
        return api_invalid(reterr, "Invalid TableArn: Invalid ResourceArn provided as input %.*s",
                           BYTES_ARG(text));
    *ret = bytes_slice(arn.resource, 6, arn.resource.size);
    return OK;
}
