/* api/logs/groups.c - CreateLogGroup, DeleteLogGroup, DescribeLogGroups, PutRetentionPolicy,
 * DeleteRetentionPolicy. */
#include "api/logs/common.h"

#define PAGE_MAX 50

/* ---- created and deleted ---- */

void api_create_log_group(struct api_call *call)
{
    struct log_change *change = logs_api_change(call, LOG_CREATE_GROUP);
    enum status status = OK;

    change->kms_key = decode_string(call->body, "kmsKeyId");
    change->class = decode_string(call->body, "logGroupClass");
    change->tags = logs_api_tags(call, "tags", &change->tag_count);
    if (bytes_equal_ignore_case(bytes_slice(change->name, 0, 4), BYTES("aws/")))
        status = api_invalid(&call->error, "Log groups starting with AWS/ are reserved for AWS.");
    logs_api_submit(call, change, status);
}

void api_delete_log_group(struct api_call *call)
{
    logs_api_submit(call, logs_api_change(call, LOG_DELETE_GROUP), OK);
}

/* ---- retention ---- */

#define RETENTION_DAYS                                                                             \
    "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "      \
    "2922, 3288, 3653"

static bool is_retention(int64_t days)
{
    static const int64_t allowed[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                      365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++)
        if (days == allowed[i])
            return true;
    return false;
}

void api_put_retention_policy(struct api_call *call)
{
    struct log_change *change = logs_api_change(call, LOG_SET_RETENTION);
    int64_t days = decode_int(call->body, "retentionInDays", 0);
    enum status status = OK;

    if (!is_retention(days))
        status = decode_refuse(&call->error, arena_printf(call->arena, "%lld", (long long)days),
                               "retentionInDays", "Member must satisfy enum value set: [%s]",
                               RETENTION_DAYS);
    change->retention_days = status == OK ? (uint32_t)days : 0;
    logs_api_submit(call, change, status);
}

void api_delete_retention_policy(struct api_call *call)
{
    logs_api_submit(call, logs_api_change(call, LOG_SET_RETENTION), OK);
}

/* ---- described ---- */

/* AWS tells less of groups that are looked for by a pattern. */
static enum status write_group(struct api_call *call, struct json_writer *w,
                               const struct log_group_view *group, bool brief)
{
    struct log_figures figures = {0, 0};
    enum status status = logs_figures(call->on->logs, group, &figures);

    if (status == NOT_FOUND) /* it is being deleted: the loop hears of it soon */
        status = OK;

    json_begin_object(w);
    json_member_string(w, "logGroupName", group->name);
    json_member_int(w, "creationTime", (int64_t)group->created_ms);
    json_member_string(w, "arn", arena_printf(call->arena, "%.*s:*", BYTES_ARG(group->arn)));
    if (!brief && status == OK) {
        if (group->retention_days > 0)
            json_member_int(w, "retentionInDays", group->retention_days);
        json_member_int(w, "metricFilterCount", 0);
        json_member_int(w, "storedBytes", (int64_t)figures.bytes);
        if (group->kms_key.size > 0)
            json_member_string(w, "kmsKeyId", group->kms_key);
        json_member_string(w, "logGroupClass", group->class);
        json_member_string(w, "logGroupArn", group->arn);
    }
    json_end_object(w);
    return status;
}

struct group_query {
    struct bytes pattern, class, after;
    bool other_accounts; /* only of others: there are none */
};

static bool is_asked_for(const struct group_query *query, const struct log_group_view *group)
{
    return !query->other_accounts &&
           (query->pattern.size == 0 || bytes_find(group->name, query->pattern) != SIZE_MAX) &&
           (query->class.size == 0 || bytes_equal(group->class, query->class)) &&
           (query->after.size == 0 || bytes_compare(group->name, query->after) > 0);
}

static bool asks_own_account(struct api_call *call)
{
    const struct json *accounts = decode_member(call->body, "accountIdentifiers");

    for (struct json_iter it = json_iter(accounts); json_next(&it);)
        if (bytes_equal_text(json_string(it.value), call->on->place->account))
            return true;
    return json_count(accounts) == 0 || !decode_bool(call->body, "includeLinkedAccounts", false);
}

static enum status read_query(struct api_call *call, struct group_query *query)
{
    *query = (struct group_query){
        .pattern = decode_string(call->body, "logGroupNamePattern"),
        .class = decode_string(call->body, "logGroupClass"),
        .other_accounts = !asks_own_account(call),
    };
    if (query->pattern.size > 0 && decode_has(call->body, "logGroupNamePrefix"))
        return api_invalid(&call->error,
                           "LogGroup name prefix and LogGroup name pattern are mutually exclusive "
                           "parameters.");
    return logs_api_token(call, &query->after);
}

static enum status write_groups(struct api_call *call, struct json_writer *w,
                                const struct group_query *query)
{
    const struct log_group_view **list = NULL;
    struct bytes last = {NULL, 0};
    size_t all = 0, count = 0, limit = (size_t)decode_int(call->body, "limit", PAGE_MAX);
    enum status status = OK;
    bool more = false;

    logs_list(call->on->logs, decode_string(call->body, "logGroupNamePrefix"), call->arena, &list,
              &all);
    json_begin_object(w);
    json_key(w, "logGroups");
    json_begin_array(w);
    for (size_t i = 0; status == OK && !more && i < all; i++) {
        if (!is_asked_for(query, list[i]))
            continue;
        more = count == limit;
        if (more)
            continue;
        status = write_group(call, w, list[i], query->pattern.size > 0);
        last = list[i]->name;
        count++;
    }
    json_end_array(w);
    if (more)
        logs_api_write_token(w, last);
    json_end_object(w);
    return status;
}

void api_describe_log_groups(struct api_call *call)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct group_query query;
    enum status status = read_query(call, &query);

    if (status == OK)
        status = write_groups(call, &w, &query);
    if (status == OK)
        api_answer(call, buffer_bytes(out));
    else
        api_fail_status(call, status);
}
