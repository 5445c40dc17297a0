/* cli/rebuild_table.c - a table that is emptied, or made like another; see rebuild.h. */
#include "cli/rebuild.h"

#include "cli/output.h"

#include <inttypes.h>

#define DYNAMODB "DynamoDB_20120810."
#define DELETE_MAX 25 /* AWS: requests of a BatchWriteItem */
#define KEYS_MAX 2
#define ACTIVE_PAUSE_MS 50

static bool ask(struct rebuild *on, struct arena *arena, const char *operation,
                const struct buffer *body, struct client_answer *ret)
{
    const char *target = arena_copy_text(arena, arena_printf(arena, DYNAMODB "%s", operation));

    return rebuild_call(on, arena, TARGET_DYNAMODB, target, buffer_bytes(body), ret);
}

static void print_table(struct buffer *body, const char *name)
{
    buffer_append_text(body, "{\"TableName\":");
    json_append_string(body, bytes_of_text(name));
}

bool rebuild_table_exists(struct rebuild *on, const char *name, bool *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_answer answer = {0};
    enum status status = OK;

    print_table(&body, name);
    buffer_append_byte(&body, '}');
    status = client_call(on->client, arena, "DescribeTable", buffer_bytes(&body), &answer);
    *ret = status == OK;
    if (status == OK || bytes_equal_text(answer.error_name, "ResourceNotFoundException"))
        return true;
    on->exit_status = cli_client_fail(on->cli, on->client, status, &answer);
    return false;
}

bool rebuild_table_find(struct rebuild *on, const char *name, const struct json **ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_answer answer = {0};
    bool exists = false;

    if (!rebuild_table_exists(on, name, &exists))
        return false;
    if (!exists)
        return rebuild_fail(on, CLI_FAILED, "There is no table %s.", name);
    print_table(&body, name);
    buffer_append_byte(&body, '}');
    if (!ask(on, on->cli->arena, "DescribeTable", &body, &answer))
        return false;
    *ret = json_get(answer.json, "Table");
    return true;
}

uint64_t rebuild_table_count(const struct json *table)
{
    return json_get_uint(table, "ItemCount", 0);
}

/* ---- emptying ---- */

struct clearing {
    struct rebuild *on;
    const char *name;
    struct bytes keys[KEYS_MAX];
    size_t key_count;
    struct buffer next; /* ExclusiveStartKey; empty: the first page */
    struct progress progress;
};

static bool scan(struct clearing *clearing, struct arena *arena, struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    print_table(&body, clearing->name);
    buffer_append_text(&body, ",\"ConsistentRead\":true,\"ProjectionExpression\":\"#0");
    buffer_append_text(&body, clearing->key_count > 1 ? ",#1\"" : "\"");
    buffer_append_text(&body, ",\"ExpressionAttributeNames\":{");
    for (size_t i = 0; i < clearing->key_count; i++) {
        buffer_printf(&body, "%s\"#%zu\":", i > 0 ? "," : "", i);
        json_append_string(&body, clearing->keys[i]);
    }
    buffer_append_byte(&body, '}');
    if (clearing->next.size > 0) {
        buffer_append_text(&body, ",\"ExclusiveStartKey\":");
        buffer_append(&body, buffer_bytes(&clearing->next));
    }
    buffer_append_byte(&body, '}');
    return ask(clearing->on, arena, "Scan", &body, ret);
}

/* Keys from `at` on; what was not processed is asked for again by scanning again. */
static bool delete_some(struct clearing *clearing, struct arena *arena, const struct json *items,
                        size_t at, size_t *ret_count)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_answer answer = {0};
    size_t left = json_count(items) - at;
    const struct json *again = NULL;

    *ret_count = size_min(left, DELETE_MAX);
    buffer_append_text(&body, "{\"RequestItems\":{");
    json_append_string(&body, bytes_of_text(clearing->name));
    buffer_append_text(&body, ":[");
    for (size_t i = 0; i < *ret_count; i++) {
        buffer_append_text(&body, i > 0 ? ",{\"DeleteRequest\":{\"Key\":"
                                        : "{\"DeleteRequest\":{\"Key\":");
        json_print(&body, json_at(items, at + i));
        buffer_append_text(&body, "}}");
    }
    buffer_append_text(&body, "]}}");
    for (unsigned turn = 0;; turn++) {
        if (!ask(clearing->on, arena, "BatchWriteItem", &body, &answer))
            return false;
        again = json_get(answer.json, "UnprocessedItems");
        if (json_count(again) == 0)
            return true;
        buffer_clear(&body);
        buffer_append_text(&body, "{\"RequestItems\":");
        json_print(&body, again);
        buffer_append_byte(&body, '}');
        client_pause(clearing->on->client, turn);
    }
}

static bool clear_page(struct clearing *clearing, bool *ret_more)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_answer answer = {0};
    const struct json *items = NULL, *next = NULL;

    if (!scan(clearing, arena, &answer))
        return false;
    items = json_get(answer.json, "Items");
    next = json_get(answer.json, "LastEvaluatedKey");
    buffer_clear(&clearing->next);
    if (next != NULL)
        json_print(&clearing->next, next);
    *ret_more = next != NULL;
    for (size_t at = 0, count = 0; at < json_count(items); at += count) {
        if (!delete_some(clearing, arena, items, at, &count))
            return false;
        cli_progress_add(&clearing->progress, count);
        if (!cli_interrupts_pause(&clearing->on->interrupts, 0)) {
            clearing->on->interrupted = true;
            return false;
        }
    }
    return true;
}

bool rebuild_table_clear(struct rebuild *on, const char *name)
{
    struct clearing clearing = {.on = on, .name = name, .next = BUFFER_INIT(REBUILD_BODY_SIZE_MAX)};
    const struct json *table = NULL;
    bool well = rebuild_table_find(on, name, &table), more = true;

    for (struct json_iter it = json_iter(json_get(table, "KeySchema"));
         json_next(&it) && clearing.key_count < KEYS_MAX;)
        clearing.keys[clearing.key_count++] = json_get_string(it.value, "AttributeName");
    clearing.progress = (struct progress){
        .cli = on->cli, .things = "items deleted", .total = rebuild_table_count(table)};
    cli_progress_begin(&clearing.progress);
    while (well && more)
        well = clear_page(&clearing, &more);
    cli_progress_end(&clearing.progress);
    buffer_free(&clearing.next);
    return well;
}

/* ---- one like another ---- */

static void print_member(struct json_writer *w, const struct json *from, const char *name)
{
    if (json_get(from, name) == NULL)
        return;
    json_key(w, name);
    json_write_value(w, json_get(from, name));
}

static bool is_on_demand(const struct json *table)
{
    return bytes_equal_text(json_get_string(json_get(table, "BillingModeSummary"), "BillingMode"),
                            "PAY_PER_REQUEST");
}

static void print_throughput(struct json_writer *w, const struct json *from)
{
    const struct json *throughput = json_get(from, "ProvisionedThroughput");

    json_key(w, "ProvisionedThroughput");
    json_begin_object(w);
    print_member(w, throughput, "ReadCapacityUnits");
    print_member(w, throughput, "WriteCapacityUnits");
    json_end_object(w);
}

static void print_indexes(struct json_writer *w, const struct json *table, const char *kind,
                          bool with_throughput)
{
    const struct json *indexes = json_get(table, kind);

    if (json_count(indexes) == 0)
        return;
    json_key(w, kind);
    json_begin_array(w);
    for (struct json_iter it = json_iter(indexes); json_next(&it);) {
        json_begin_object(w);
        print_member(w, it.value, "IndexName");
        print_member(w, it.value, "KeySchema");
        print_member(w, it.value, "Projection");
        if (with_throughput)
            print_throughput(w, it.value);
        json_end_object(w);
    }
    json_end_array(w);
}

static bool create(struct rebuild *on, const char *name, const struct json *like)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    bool on_demand = is_on_demand(like);

    json_begin_object(&w);
    json_member_text(&w, "TableName", name);
    print_member(&w, like, "AttributeDefinitions");
    print_member(&w, like, "KeySchema");
    json_member_text(&w, "BillingMode", on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
    if (!on_demand)
        print_throughput(&w, like);
    print_indexes(&w, like, "LocalSecondaryIndexes", false);
    print_indexes(&w, like, "GlobalSecondaryIndexes", !on_demand);
    print_member(&w, like, "StreamSpecification");
    json_end_object(&w);
    return ask(on, arena, "CreateTable", &body, &answer);
}

static bool wait_until_active(struct rebuild *on, const char *name)
{
    for (;;) {
        const struct json *table = NULL;

        if (!rebuild_table_find(on, name, &table))
            return false;
        if (bytes_equal_text(json_get_string(table, "TableStatus"), "ACTIVE"))
            return true;
        if (!cli_interrupts_pause(&on->interrupts, ACTIVE_PAUSE_MS)) {
            on->interrupted = true;
            return false;
        }
    }
}

/* Asks what the old table has; the same is set for the new one when it has it. */
static bool copy_setting(struct rebuild *on, const char *name, const struct json *like,
                         const char *ask_for, bool (*print)(struct buffer *, const struct json *),
                         const char *set)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_answer answer = {0};

    print_table(&body, arena_copy_text(arena, json_get_string(like, "TableName")));
    buffer_append_byte(&body, '}');
    if (!ask(on, arena, ask_for, &body, &answer))
        return false;
    buffer_clear(&body);
    print_table(&body, name);
    if (!print(&body, answer.json))
        return true;
    buffer_append_byte(&body, '}');
    return ask(on, arena, set, &body, &answer);
}

static bool print_ttl(struct buffer *body, const struct json *answer)
{
    const struct json *ttl = json_get(answer, "TimeToLiveDescription");

    if (!bytes_equal_text(json_get_string(ttl, "TimeToLiveStatus"), "ENABLED"))
        return false;
    buffer_append_text(body, ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":");
    json_append_string(body, json_get_string(ttl, "AttributeName"));
    buffer_append_byte(body, '}');
    return true;
}

static bool print_recovery(struct buffer *body, const struct json *answer)
{
    const struct json *recovery = json_get(json_get(answer, "ContinuousBackupsDescription"),
                                           "PointInTimeRecoveryDescription");

    buffer_append_text(body, ",\"PointInTimeRecoverySpecification\":{"
                             "\"PointInTimeRecoveryEnabled\":true}");
    return bytes_equal_text(json_get_string(recovery, "PointInTimeRecoveryStatus"), "ENABLED");
}

bool rebuild_table_make(struct rebuild *on, const char *name, const struct json *like)
{
    return create(on, name, like) && wait_until_active(on, name) &&
           copy_setting(on, name, like, "DescribeTimeToLive", print_ttl, "UpdateTimeToLive") &&
           copy_setting(on, name, like, "DescribeContinuousBackups", print_recovery,
                        "UpdateContinuousBackups");
}
