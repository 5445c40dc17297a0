/* api/dynamodb/table_json.c - see table_json.h. (AWS: DynamoDB API reference, "TableDescription".) */
#include "api/dynamodb/table_json.h"

#include <inttypes.h>

static const char *const view_names[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE",
                                         "NEW_AND_OLD_IMAGES"};

const char *table_view_name(enum stream_view view)
{
    return view_names[view];
}

/* ---- writing ---- */

static void write_definition(struct json_writer *w, const struct key_attribute *key)
{
    json_begin_object(w);
    json_member_string(w, "AttributeName", key->name);
    json_member_text(w, "AttributeType", value_type_name(key->type));
    json_end_object(w);
}

static void write_key(struct json_writer *w, const struct key_attribute *key, const char *type)
{
    json_begin_object(w);
    json_member_string(w, "AttributeName", key->name);
    json_member_text(w, "KeyType", type);
    json_end_object(w);
}

static void write_keys(struct json_writer *w, const struct table *table)
{
    bool range = table->range.name.size > 0;

    json_key(w, "AttributeDefinitions");
    json_begin_array(w);
    write_definition(w, &table->hash);
    if (range)
        write_definition(w, &table->range);
    json_end_array(w);
    json_key(w, "KeySchema");
    json_begin_array(w);
    write_key(w, &table->hash, "HASH");
    if (range)
        write_key(w, &table->range, "RANGE");
    json_end_array(w);
}

static void write_billing(struct json_writer *w, const struct table *table)
{
    json_key(w, "ProvisionedThroughput");
    json_begin_object(w);
    json_member_int(w, "NumberOfDecreasesToday", 0);
    json_member_int(w, "ReadCapacityUnits", (int64_t)table->read_units);
    json_member_int(w, "WriteCapacityUnits", (int64_t)table->write_units);
    json_end_object(w);
    if (table->billing == BILLING_PROVISIONED && table->billing_changed_ms == 0)
        return;
    json_key(w, "BillingModeSummary");
    json_begin_object(w);
    json_member_text(w, "BillingMode",
                     table->billing == BILLING_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED");
    if (table->billing_changed_ms > 0) {
        json_key(w, "LastUpdateToPayPerRequestDateTime");
        json_write_epoch(w, table->billing_changed_ms);
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

static void write_settings(struct json_writer *w, const struct table *table)
{
    if (table->sse_enabled) {
        json_key(w, "SSEDescription");
        json_begin_object(w);
        json_member_text(w, "Status", "ENABLED");
        json_member_text(w, "SSEType", "KMS");
        if (table->sse_kms_key.size > 0)
            json_member_string(w, "KMSMasterKeyArn", table->sse_kms_key);
        json_end_object(w);
    }
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
    struct table_figures figures = {0};

    engine_table_figures(call->on->engine, table, &figures);
    json_begin_object(w);
    json_member_string(w, "TableName", table->name);
    json_member_text(w, "TableStatus", status);
    json_member_string(w, "TableArn", arn_make(call->arena, call->on->place, "dynamodb",
                                               "table/%.*s", BYTES_ARG(table->name)));
    json_member_string(w, "TableId", table->table_id);
    json_key(w, "CreationDateTime");
    json_write_epoch(w, table->created_ms);
    write_keys(w, table);
    write_billing(w, table);
    json_member_int(w, "ItemCount", (int64_t)figures.item_count);
    json_member_int(w, "TableSizeBytes", (int64_t)figures.size_bytes);
    write_stream(call, w, table);
    write_settings(w, table);
    json_end_object(w);
}

/* ---- reading ---- */

enum status table_decode_stream(const struct json *body, enum stream_view *ret, bool *ret_present,
                                struct api_error *reterr)
{
    const struct json *specification = NULL;
    bool enabled = false;
    size_t word = 0;
    enum status status = decode_object(body, "StreamSpecification", &specification, reterr);

    *ret = STREAM_NONE;
    *ret_present = specification != NULL;
    if (status != OK || specification == NULL)
        return status;
    status = decode_bool(specification, "StreamEnabled", &enabled, reterr);
    if (status == OK)
        status = decode_word(specification, "StreamViewType", view_names + 1,
                             ARRAY_COUNT(view_names) - 1, &word, reterr);
    if (status != OK)
        return status;

    bool has_view = dynamodb_has(specification, "StreamViewType");

    if (enabled && !has_view)
        return api_invalid(reterr, "One or more parameter values were invalid: StreamViewType must "
                                   "be specified when StreamEnabled is true");
    if (!enabled && has_view)
        return api_invalid(reterr, "One or more parameter values were invalid: StreamViewType must "
                                   "not be specified when StreamEnabled is false");
    if (enabled)
        *ret = (enum stream_view)(word + 1);
    return OK;
}

static enum status decode_units(const struct json *throughput, const char *name, const char *at,
                                uint64_t *ret, struct api_error *reterr)
{
    int64_t units = 0;
    bool present = false;
    enum status status = decode_int(throughput, name, &units, &present, reterr);

    if (status != OK)
        return status;
    if (!present)
        return decode_refuse_null(reterr, at);
    if (units < 1)
        return decode_refuse(reterr, json_number_text(json_get(throughput, name)), at,
                             "Member must have value greater than or equal to 1");
    *ret = (uint64_t)units;
    return OK;
}

enum status table_decode_billing(const struct json *body, struct table *table,
                                 struct api_error *reterr)
{
    static const char *const modes[] = {"PROVISIONED", "PAY_PER_REQUEST"};
    const struct json *throughput = NULL;
    size_t mode = table->billing == BILLING_PAY_PER_REQUEST;
    enum status status = decode_word(body, "BillingMode", modes, ARRAY_COUNT(modes), &mode, reterr);

    if (status == OK)
        status = decode_object(body, "ProvisionedThroughput", &throughput, reterr);
    if (status != OK)
        return status;
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
    status = decode_units(throughput, "ReadCapacityUnits",
                          "provisionedThroughput.readCapacityUnits", &table->read_units, reterr);
    if (status == OK)
        status =
            decode_units(throughput, "WriteCapacityUnits",
                         "provisionedThroughput.writeCapacityUnits", &table->write_units, reterr);
    return status;
}

enum status table_decode_settings(const struct json *body, struct table *table,
                                  struct api_error *reterr)
{
    static const char *const classes[] = {"STANDARD", "STANDARD_INFREQUENT_ACCESS"};
    const struct json *sse = NULL;
    size_t word = 0;
    enum status status = decode_object(body, "SSESpecification", &sse, reterr);

    if (status == OK && sse != NULL)
        status = decode_bool(sse, "Enabled", &table->sse_enabled, reterr);
    if (status == OK && sse != NULL)
        status = decode_string(sse, "KMSMasterKeyId", &table->sse_kms_key, reterr);
    if (status == OK)
        status = decode_bool(body, "DeletionProtectionEnabled", &table->deletion_protection,
                             reterr);
    if (status == OK)
        status = decode_word(body, "TableClass", classes, ARRAY_COUNT(classes), &word, reterr);
    if (status == OK && dynamodb_has(body, "TableClass"))
        table->table_class = bytes_of_text(classes[word]);
    return status;
}

enum status table_decode_tags(struct arena *arena, const struct json *tags,
                              struct table_tag **ret, size_t *ret_count, struct api_error *reterr)
{
    struct table_tag *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct table_tag);
    size_t count = 0;

    for (struct json_iter it = json_iter(tags); json_next(&it);) {
        struct table_tag *tag = &list[count++];
        enum status status = decode_string(it.value, "Key", &tag->key, reterr);

        if (status == OK)
            status = decode_string(it.value, "Value", &tag->value, reterr);
        if (status != OK)
            return status;
        if (tag->key.size == 0 || tag->key.size > 128 || tag->value.size > 256)
            return api_invalid(reterr, "One or more parameter values were invalid: a tag's key has "
                                       "1 to 128 characters and its value at most 256");
        for (size_t i = 0; i + 1 < count; i++)
            if (bytes_equal(list[i].key, tag->key))
                return api_invalid(reterr, "One or more parameter values were invalid: Duplicate "
                                           "tag key: %.*s",
                                   BYTES_ARG(tag->key));
    }
    if (count > TABLE_TAGS_MAX)
        return api_invalid(reterr, "One or more parameter values were invalid: Too many tags: "
                                   "expected at most %d",
                           TABLE_TAGS_MAX);
    *ret = list;
    *ret_count = count;
    return OK;
}

enum status table_refuse_unsupported(const struct json *body, const char *const *members,
                                     size_t count, struct api_error *reterr)
{
    for (size_t i = 0; i < count; i++) {
        const struct json *member = decode_member(body, members[i]);

        if (member != NULL && !(json_is(member, JSON_ARRAY) && json_count(member) == 0))
            return api_invalid(reterr, "dynlog does not support %s yet", members[i]);
    }
    return OK;
}

enum status table_name_of_arn(const struct json *body, struct bytes *ret, struct api_error *reterr)
{
    struct bytes text = {NULL, 0};
    struct arn arn;
    enum status status = decode_string(body, "ResourceArn", &text, reterr);

    if (status != OK)
        return status;
    if (!dynamodb_has(body, "ResourceArn"))
        return decode_refuse_null(reterr, "resourceArn");
    if (!arn_parse(text, &arn) || !bytes_start_with(arn.resource, BYTES("table/")))
        return api_invalid(reterr, "Invalid TableArn: Invalid ResourceArn provided as input %.*s",
                           BYTES_ARG(text));
    *ret = bytes_slice(arn.resource, 6, arn.resource.size);
    return OK;
}
