/* library/server.c - what a dynlog server is asked besides DynamoDB's operations, and what stands
 * in for it where another engine answers. */
#include "library/server.h"

#include "base/map.h"
#include "library/logs.h"

#define BODY_SIZE_MAX ((size_t)64 * 1024)

static struct asked *asked_of(struct dynlog *dynlog)
{
    return CONTAINER_OF(dynlog, struct asked, base);
}

static enum dynlog_status say_no_dynlog(struct asked *asked, struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_UNSUPPORTED,
                     "What answers at %s is no dynlog, and this needs one, or a folder.",
                     asked->target.url);
}

enum dynlog_status server_state(struct asked *asked, struct arena *arena, struct server_state *ret,
                                struct dynlog_error *error)
{
    struct client_request request = {
        .method = "GET", .path = "/_dynlog/status", .answer_ms = asked->answer_ms};
    struct client_answer answer = {0};
    enum status status = OK;

    if (asked->target.is_aws)
        return say_no_dynlog(asked, error);

    struct asker *asker = asked_take(asked);

    status = client_ask(asker->client, arena, &request, &answer);
    asked_give(asked, asker);
    /* dynlog itself refuses by name: a signature, a host */
    if (status == REFUSED && answer.error_name.size == 0 && answer.http_status < 500)
        return say_no_dynlog(asked, error);
    if (status != OK)
        return fault_of_answer(error, &asked->target, status, &answer);
    ret->store_id = json_get_string(answer.json, "storeId");
    if (!json_uint64(json_get(answer.json, "position"), &ret->position) ||
        json_get(answer.json, "version") == NULL)
        return say_no_dynlog(asked, error);
    return DYNLOG_OK;
}

enum dynlog_status asked_subscribe(struct dynlog *dynlog,
                                   const struct dynlog_subscription *subscription,
                                   struct dynlog_reader **ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct asked *asked = asked_of(dynlog);
    struct server_state state;
    enum dynlog_status status = server_state(asked, arena, &state, error);

    if (status != DYNLOG_OK)
        return status;
    return server_subscribe(asked, subscription, &state, ret, error);
}

enum dynlog_status asked_position(struct dynlog *dynlog, uint64_t *ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct server_state state;
    enum dynlog_status status = server_state(asked_of(dynlog), arena, &state, error);

    if (status == DYNLOG_UNSUPPORTED)
        return fault_none(error, DYNLOG_OK);
    if (status == DYNLOG_OK)
        *ret = state.position;
    return status;
}

/* Asked again it changes nothing more: whatever was lost on the way may be tried again. */
static enum dynlog_status change_private(struct asked *asked, const char *path,
                                         struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_request request = {.method = "POST", .path = path, .answer_ms = asked->answer_ms};
    struct client_answer answer = {0};
    struct server_state state;
    enum dynlog_status known = server_state(asked, arena, &state, error);
    struct asker *asker = NULL;
    enum status status = OK;

    if (known != DYNLOG_OK)
        return known;
    asker = asked_take(asked);
    status = client_ask(asker->client, arena, &request, &answer);
    asked_give(asked, asker);
    if (status == REFUSED && json_get(answer.json, "refused") != NULL)
        return fault_say(error, DYNLOG_REFUSED, "%.*s",
                         BYTES_ARG(json_get_string(answer.json, "message")));
    return status == OK ? DYNLOG_OK : fault_of_answer(error, &asked->target, status, &answer);
}

enum dynlog_status asked_forget(struct dynlog *dynlog, const char *log, const char *id,
                                struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(BODY_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/forget");
    client_query(&path, "id", bytes_of_text(id));
    client_query(&path, "log", bytes_of_text(log));
    buffer_append_byte(&path, '\0');
    return change_private(asked_of(dynlog), (const char *)path.ptr, error);
}

enum dynlog_status asked_make_private(struct dynlog *dynlog, const char *log,
                                      struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(BODY_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/private");
    client_query(&path, "log", bytes_of_text(log));
    buffer_append_byte(&path, '\0');
    return change_private(asked_of(dynlog), (const char *)path.ptr, error);
}

/* ---- logs, where the whole table is read ---- */

static void count_item(struct arena *arena, struct map *counts, const struct item *item)
{
    const char *log = NULL, *id = NULL;
    const struct value *pk = item_get_text(item, "pk");
    uint64_t *count = NULL;
    struct bytes name;

    if (pk == NULL || pk->type != VALUE_S || !event_split_key(arena, pk->bytes, &log, &id))
        return;
    name = bytes_of_text(log);
    count = map_get(counts, name);
    if (count == NULL) {
        count = mem_new(sizeof *count);
        map_put(counts, name, count);
    }
    ++*count;
}

static enum dynlog_status scan_page(struct asked *asked, struct map *counts, struct buffer *next,
                                    struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", asked->target.table);
    json_member_text(&w, "ProjectionExpression", "pk");
    if (next->size > 0) {
        json_key(&w, "ExclusiveStartKey");
        json_write_raw(&w, buffer_bytes(next));
    }
    json_end_object(&w);
    status = asked_call(asked, arena, "DynamoDB_20120810.Scan", buffer_bytes(&body), &answer);
    if (status != OK)
        return fault_of_answer(error, &asked->target, status, &answer);
    for (struct json_iter it = json_iter(json_get(answer.json, "Items")); json_next(&it);) {
        struct item item = {0};
        struct api_error refusal;

        if (item_from_json(arena, it.value, &item, &refusal) == OK)
            count_item(arena, counts, &item);
    }
    buffer_clear(next);
    if (json_get(answer.json, "LastEvaluatedKey") != NULL)
        json_print(next, json_get(answer.json, "LastEvaluatedKey"));
    return DYNLOG_OK;
}

enum dynlog_status asked_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                              struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer next = BUFFER_INIT(BODY_SIZE_MAX);
    struct map counts = {0};
    struct logs_made *made = NULL;
    enum dynlog_status status = DYNLOG_OK;
    struct bytes name;
    void *count = NULL;

    do
        status = scan_page(asked_of(dynlog), &counts, &next, error);
    while (status == DYNLOG_OK && next.size > 0);
    if (status == DYNLOG_OK)
        made = logs_made_new();
    for (size_t i = 0; map_next(&counts, &i, &name, &count);) {
        if (made != NULL)
            logs_made_add(made, name, *(uint64_t *)count, 0);
        mem_free(count);
    }
    map_free(&counts);
    if (made != NULL)
        *ret = logs_made_done(made);
    return status;
}
