/* api/dynamodb/settings.c - settings of a table that have operations of their own: time to live,
 * point-in-time recovery, tags. */
#include "api/dynamodb/table_change.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

#define RECOVERY_DAYS 35 /* when the request does not say */

/* The table that the request names, for an operation that only reads; NULL: answered already. */
static const struct table *table_or_fail(struct api_call *call, enum api_error_kind missing)
{
    struct bytes name = {NULL, 0};
    enum status status = dynamodb_table_name(call->body, &name, &call->error);
    const struct table *table = status == OK ? engine_table_ref(call->on->engine, name) : NULL;

    if (status == OK && table == NULL)
        status = api_refuse(&call->error, missing,
                            "Requested resource not found: Table: %.*s not found", BYTES_ARG(name));
    if (status != OK)
        api_fail_status(call, status);
    return table;
}

static void submit_or_fail(struct api_call *call, struct table_change *change, enum status status)
{
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}

/* ---- time to live ---- */

static enum status edit_ttl(struct table_change *change, struct table *table,
                            struct api_error *reterr)
{
    struct api_call *call = change->context;
    const struct json *specification = decode_member(call->body, "TimeToLiveSpecification");
    bool enabled = decode_bool(specification, "Enabled", false);
    struct bytes name = decode_string(specification, "AttributeName");

    if (enabled && table->ttl_enabled && bytes_equal(name, table->ttl_attribute))
        return api_invalid(reterr, "TimeToLive is already enabled");
    if (enabled && table->ttl_enabled)
        return api_invalid(reterr,
                           "TimeToLive is active on a different AttributeName: current "
                           "AttributeName is %.*s",
                           BYTES_ARG(table->ttl_attribute));
    if (!enabled && !table->ttl_enabled)
        return api_invalid(reterr, "TimeToLive is already disabled");
    if (!enabled && !bytes_equal(name, table->ttl_attribute))
        return api_invalid(reterr,
                           "TimeToLive is active on a different AttributeName: current "
                           "AttributeName is %.*s",
                           BYTES_ARG(table->ttl_attribute));
    table->ttl_enabled = enabled;
    table->ttl_attribute = name;
    return OK;
}

static void ttl_done(struct table_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (table_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "TimeToLiveSpecification");
    json_begin_object(&w);
    json_member_bool(&w, "Enabled", change->table.ttl_enabled);
    json_member_string(&w, "AttributeName", change->table.ttl_attribute);
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_update_time_to_live(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_UPDATE, ttl_done);
    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);

    change->edit = edit_ttl;
    submit_or_fail(call, change, status);
}

void api_describe_time_to_live(struct api_call *call)
{
    const struct table *table = table_or_fail(call, API_RESOURCE_NOT_FOUND);

    if (table == NULL)
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "TimeToLiveDescription");
    json_begin_object(&w);
    json_member_text(&w, "TimeToLiveStatus", table->ttl_enabled ? "ENABLED" : "DISABLED");
    if (table->ttl_enabled)
        json_member_string(&w, "AttributeName", table->ttl_attribute);
    json_end_object(&w);
    json_end_object(&w);
    engine_table_unref(table);
    api_answer(call, buffer_bytes(out));
}

/* ---- continuous backups ---- */

static enum status edit_recovery(struct table_change *change, struct table *table,
                                 struct api_error *reterr)
{
    struct api_call *call = change->context;
    const struct json *specification =
        decode_member(call->body, "PointInTimeRecoverySpecification");
    bool enabled = decode_bool(specification, "PointInTimeRecoveryEnabled", false);

    (void)reterr;
    if (enabled && !table->point_in_time_recovery)
        table->point_in_time_recovery_since_ms = clock_now_ms(timers_clock(call->on->timers));
    table->point_in_time_recovery = enabled;
    table->recovery_period_days =
        (uint32_t)decode_int(specification, "RecoveryPeriodInDays", RECOVERY_DAYS);
    return OK;
}

static void answer_backups(struct api_call *call, const struct table *table)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "ContinuousBackupsDescription");
    json_begin_object(&w);
    json_member_text(&w, "ContinuousBackupsStatus", "ENABLED");
    json_key(&w, "PointInTimeRecoveryDescription");
    json_begin_object(&w);
    json_member_text(&w, "PointInTimeRecoveryStatus",
                     table->point_in_time_recovery ? "ENABLED" : "DISABLED");
    if (table->point_in_time_recovery) {
        json_key(&w, "EarliestRestorableDateTime");
        json_write_epoch(&w, table->point_in_time_recovery_since_ms);
        json_key(&w, "LatestRestorableDateTime");
        json_write_epoch(&w, clock_now_ms(timers_clock(call->on->timers)));
        json_member_int(&w, "RecoveryPeriodInDays", table->recovery_period_days);
    }
    json_end_object(&w);
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void recovery_done(struct table_change *change, enum status status)
{
    if (!table_change_failed(change, status))
        answer_backups(change->context, &change->table);
}

void api_update_continuous_backups(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_UPDATE, recovery_done);
    enum status status = dynamodb_table_name(call->body, &change->name, &call->error);

    change->edit = edit_recovery;
    submit_or_fail(call, change, status);
}

void api_describe_continuous_backups(struct api_call *call)
{
    const struct table *table = table_or_fail(call, API_TABLE_NOT_FOUND);

    if (table == NULL)
        return;
    answer_backups(call, table);
    engine_table_unref(table);
}

/* ---- tags ---- */

/* As AWS spells it. */
static void refuse_arn(struct api_call *call, struct api_error *error)
{
    api_refuse(error, API_RESOURCE_NOT_FOUND,
               "Requested resource not found: ResourcArn: %.*s not found",
               BYTES_ARG(decode_string(call->body, "ResourceArn")));
}

static void answer_nothing(struct table_change *change, enum status status)
{
    if (status == REFUSED && change->error.kind == API_RESOURCE_NOT_FOUND)
        refuse_arn(change->context, &change->error);
    if (!table_change_failed(change, status))
        api_answer(change->context, BYTES(""));
}

static enum status edit_tag(struct table_change *change, struct table *table,
                            struct api_error *reterr)
{
    struct api_call *call = change->context;
    struct table_tag *added = NULL, *all = NULL;
    size_t added_count = 0, count = 0;
    enum status status = table_decode_tags(change->arena, json_get(call->body, "Tags"), &added,
                                           &added_count, reterr);

    if (status != OK)
        return status;
    all = ARENA_NEW_ARRAY(change->arena, table->tag_count + added_count, struct table_tag);
    for (size_t i = 0; i < table->tag_count; i++)
        all[count++] = table->tags[i];
    for (size_t i = 0; i < added_count; i++) {
        size_t at = 0;

        while (at < count && !bytes_equal(all[at].key, added[i].key))
            at++;
        all[at] = added[i];
        count += at == count;
    }
    if (count > TABLE_TAGS_MAX)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: Too many tags: "
                           "expected at most %d",
                           TABLE_TAGS_MAX);
    table->tags = all;
    table->tag_count = count;
    return OK;
}

void api_tag_resource(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_UPDATE, answer_nothing);
    enum status status = table_name_of_arn(call->body, &change->name, &call->error);

    if (status == OK && json_count(decode_member(call->body, "Tags")) == 0)
        status = api_invalid(&call->error, "Atleast one Tag needs to be provided as Input.");
    change->edit = edit_tag;
    submit_or_fail(call, change, status);
}

static enum status edit_untag(struct table_change *change, struct table *table,
                              struct api_error *reterr)
{
    struct api_call *call = change->context;
    struct table_tag *kept = ARENA_NEW_ARRAY(change->arena, table->tag_count, struct table_tag);
    size_t count = 0;

    (void)reterr;
    for (size_t i = 0; i < table->tag_count; i++) {
        bool removed = false;

        for (struct json_iter it = json_iter(json_get(call->body, "TagKeys")); json_next(&it);)
            removed = removed || bytes_equal(json_string(it.value), table->tags[i].key);
        if (!removed)
            kept[count++] = table->tags[i];
    }
    table->tags = kept;
    table->tag_count = count;
    return OK;
}

void api_untag_resource(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_UPDATE, answer_nothing);
    enum status status = table_name_of_arn(call->body, &change->name, &call->error);

    if (status == OK && json_count(decode_member(call->body, "TagKeys")) == 0)
        status = api_invalid(&call->error, "Atleast one Tag Key needs to be provided as Input.");
    change->edit = edit_untag;
    submit_or_fail(call, change, status);
}

/* AWS does not tell whether there is such a table: nobody may list the tags of none. */
static enum status refuse_tags_of_none(struct api_call *call)
{
    return api_refuse(&call->error, API_ACCESS_DENIED,
                      "User: arn:%s:iam::%s:root is not authorized to perform: "
                      "dynamodb:ListTagsOfResource on resource: %.*s",
                      call->on->place->partition, call->on->place->account,
                      BYTES_ARG(decode_string(call->body, "ResourceArn")));
}

void api_list_tags_of_resource(struct api_call *call)
{
    struct bytes name = {NULL, 0};
    enum status status = table_name_of_arn(call->body, &name, &call->error);
    const struct table *table = status == OK ? engine_table_ref(call->on->engine, name) : NULL;

    if (status == OK && table == NULL)
        status = refuse_tags_of_none(call);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Tags");
    json_begin_array(&w);
    for (size_t i = 0; i < table->tag_count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "Key", table->tags[i].key);
        json_member_string(&w, "Value", table->tags[i].value);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
    engine_table_unref(table);
    api_answer(call, buffer_bytes(out));
}
