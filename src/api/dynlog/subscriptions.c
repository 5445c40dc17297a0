/* api/dynlog/subscriptions.c - /_dynlog/subscriptions: what there is, what is parked, changes.
 * docs/subscriptions.md. Members are in members.c.
 *
 *   GET  /_dynlog/subscriptions ?name=N
 *   GET  /_dynlog/subscriptions/parked ?name=N &after=POSITION &limit=N
 *   GET  /_dynlog/subscriptions/position ?at=TIME &table=T    {"position":P}: behind it, what came
 *                                                             since
 *   POST /_dynlog/subscriptions/unpark {"name":N,"position":P} or {"name":N,"all":true}
 *   POST /_dynlog/subscriptions/reset {"name":N,"to":"start", "now", a position or a time}
 *   POST /_dynlog/subscriptions/delete {"name":N} */
#include "api/dynlog/subscriptions.h"

#define BODY_SIZE_MAX ((size_t)64 * 1024)
#define PARKED_MAX 1000 /* in one answer */

/* ---- errors ---- */

void subscriptions_fail(struct http_request *request, enum status status,
                        const struct api_error *error)
{
    if (status != REFUSED) {
        api_dynlog_fail(request, status);
        return;
    }
    assert(error != NULL);

    struct bytes why = bytes_of_text(error->message);

    if (error->kind == API_RESOURCE_NOT_FOUND)
        api_dynlog_refuse_named(request, 404, "NOT_FOUND", why);
    else if (error->kind == API_RESOURCE_IN_USE)
        api_dynlog_refuse_named(request, 409, "IN_USE", why);
    else if (error->kind == API_RESOURCE_ALREADY_EXISTS)
        api_dynlog_refuse_named(request, 409, "CONFLICT", why);
    else
        api_dynlog_refuse_named(request, 400, "INVALID", why);
}

/* ---- tables and beginnings ---- */

uint32_t subscriptions_find_table(struct api *api, struct http_request *request, struct bytes name)
{
    const struct table *table = engine_table_ref(api->services.engine, name);
    bool takes = table != NULL && order_takes(&table->key);
    uint32_t id = takes ? table->id : 0;

    if (table == NULL)
        api_dynlog_refuse_named(
            request, 404, "NOT_FOUND",
            arena_printf(http_arena(request), "There is no table %.*s.", BYTES_ARG(name)));
    else if (!takes)
        api_dynlog_refuse_named(
            request, 400, "INVALID",
            arena_printf(http_arena(request),
                         "The table %.*s has no events: its keys are not pk (S) "
                         "and sk (N).",
                         BYTES_ARG(name)));
    engine_table_unref(table);
    return id;
}

enum status subscriptions_read_from(struct api *api, uint32_t table_id, struct bytes text,
                                    uint64_t *ret)
{
    uint64_t time_ms = 0;

    *ret = 0;
    if (bytes_equal_text(text, "start"))
        return OK;
    if (bytes_equal_text(text, "now")) {
        *ret = store_last_position(api->services.store);
        return OK;
    }
    if (bytes_to_uint64(text, ret))
        return OK;
    if (!clock_parse_iso(text, &time_ms))
        return REFUSED;
    return subscription_position_at(api->services.store, table_id, time_ms, ret);
}

static void refuse_from(struct http_request *request, enum status status, const char *what)
{
    if (status == REFUSED)
        api_dynlog_refuse_named(request, 400, "INVALID",
                                arena_printf(http_arena(request),
                                             "%s is \"start\", \"now\", a position, or a time: "
                                             "2026-01-31T09:30:00Z.",
                                             what));
    else
        subscriptions_fail(request, status, NULL);
}

void api_dynlog_position_at(struct api *api, struct http_request *request)
{
    struct bytes table = BYTES("local-dynamodb-logs"), at = {NULL, 0};
    uint64_t position = 0;
    uint32_t table_id = 0;
    enum status status = OK;

    http_query(request, "table", &table);
    http_query(request, "at", &at);
    table_id = subscriptions_find_table(api, request, table);
    if (table_id == 0)
        return;
    status = subscriptions_read_from(api, table_id, at, &position);
    if (status != OK)
        refuse_from(request, status, "at");
    else
        api_dynlog_answer(
            request, 200,
            arena_printf(http_arena(request), "{\"position\":%llu}", (unsigned long long)position));
}

/* ---- what there is ---- */

static void write_view(struct json_writer *w, const struct subscription_view *view)
{
    json_begin_object(w);
    json_member_string(w, "name", view->name);
    json_member_bool(w, "group", view->group);
    json_member_string(w, "table", view->table_name);
    json_member_set(w, "log", view->filter.log);
    json_member_set(w, "id", view->filter.id);
    json_member_set(w, "type", view->filter.type);
    json_member_uint(w, "position", view->position);
    json_member_uint(w, "last", view->last);
    json_member_uint(w, "behind", view->behind);
    json_member_bool(w, "behindMore", view->behind >= SUBSCRIPTION_BEHIND_MAX);
    json_member_uint(w, "parked", view->parked);
    json_member_uint(w, "members", view->members);
    json_member_uint(w, "out", view->out);
    json_member_uint(w, "made", view->made_ms);
    json_end_object(w);
}

void api_write_subscriptions(struct subscriptions *subscriptions, struct json_writer *w)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct subscription_view *list = NULL;
    size_t count = 0;

    if (subscriptions_list(subscriptions, BYTES(""), arena, &list, &count) != OK)
        count = 0;
    json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        write_view(w, &list[i]);
    json_end_array(w);
}

void api_dynlog_subscriptions(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct subscription_view *list = NULL;
    struct bytes name = {NULL, 0};
    size_t count = 0;
    enum status status = OK;

    http_query(request, "name", &name);
    status =
        subscriptions_list(api->services.subscriptions, name, http_arena(request), &list, &count);
    if (status != OK) {
        subscriptions_fail(request, status, NULL);
        return;
    }
    if (name.size > 0 && count == 0) {
        api_dynlog_refuse_named(request, 404, "NOT_FOUND",
                                arena_printf(http_arena(request),
                                             "There is no subscription \"%.*s\".",
                                             BYTES_ARG(name)));
        return;
    }
    json_begin_object(&w);
    json_key(&w, "subscriptions");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        write_view(&w, &list[i]);
    json_end_array(&w);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

static void write_parked(struct json_writer *w, const struct subscription_parked *parked)
{
    json_begin_object(w);
    json_member_uint(w, "position", parked->position);
    json_member_string(w, "log", parked->log);
    json_member_string(w, "id", parked->id);
    json_member_uint(w, "version", parked->version);
    json_member_string(w, "type", parked->type);
    json_member_uint(w, "tries", parked->tries);
    json_member_string(w, "reason", parked->reason);
    json_member_uint(w, "time", parked->time_ms);
    json_end_object(w);
}

void api_dynlog_parked(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct bytes name = {NULL, 0}, after = {NULL, 0}, limit = {NULL, 0};
    uint64_t after_position = 0, count_max = PARKED_MAX;
    struct subscription_parked *list = NULL;
    size_t count = 0;
    bool more = false;
    enum status status = OK;

    http_query(request, "name", &name);
    if ((http_query(request, "after", &after) && !bytes_to_uint64(after, &after_position)) ||
        (http_query(request, "limit", &limit) &&
         (!bytes_to_uint64(limit, &count_max) || count_max < 1 || count_max > PARKED_MAX))) {
        api_dynlog_refuse_named(request, 400, "INVALID",
                                BYTES("after is a position, limit a number from 1 to 1000."));
        return;
    }
    status = subscriptions_parked(api->services.subscriptions, name, after_position,
                                  (size_t)count_max, http_arena(request), &list, &count, &more);
    if (status == NOT_FOUND) {
        api_dynlog_refuse_named(request, 404, "NOT_FOUND",
                                arena_printf(http_arena(request),
                                             "There is no subscription \"%.*s\".",
                                             BYTES_ARG(name)));
        return;
    }
    if (status != OK) {
        subscriptions_fail(request, status, NULL);
        return;
    }
    json_begin_object(&w);
    json_key(&w, "parked");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        write_parked(&w, &list[i]);
    json_end_array(&w);
    json_member_bool(&w, "more", more);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- changes ---- */

struct change_call {
    struct http_request *request;
    struct subscription_change change;
};

static void changed(struct subscription_change *change, enum status status)
{
    struct change_call *call = CONTAINER_OF(change, struct change_call, change);
    struct arena *arena = http_arena(call->request);
    struct bytes answer = BYTES("{}");

    if (status != OK) {
        subscriptions_fail(call->request, status, &change->error);
        return;
    }
    if (change->kind == SUBSCRIPTION_RESET)
        answer = arena_printf(arena, "{\"position\":%llu}", (unsigned long long)change->position);
    else if (change->kind != SUBSCRIPTION_DELETE)
        answer = arena_printf(arena, "{\"unparked\":%zu,\"more\":%s}", change->count,
                              change->more ? "true" : "false");
    api_dynlog_answer(call->request, 200, answer);
}

/* NULL: it was refused. */
static const struct json *read_body(struct http_request *request, const char *expected)
{
    const struct json *body = NULL;

    if (http_body(request).size <= BODY_SIZE_MAX &&
        json_parse(http_arena(request), http_body(request), &body, NULL) == OK &&
        json_is(json_get(body, "name"), JSON_STRING))
        return body;
    api_dynlog_refuse_named(request, 400, "INVALID",
                            arena_printf(http_arena(request), "Expected %s.", expected));
    return NULL;
}

static void change(struct api *api, struct http_request *request, const struct json *body,
                   enum subscription_change_kind kind, uint64_t position)
{
    struct change_call *call = ARENA_NEW(http_arena(request), struct change_call);

    call->request = request;
    call->change.kind = kind;
    call->change.name = json_string(json_get(body, "name"));
    call->change.position = position;
    call->change.done = changed;
    subscription_change(api->services.subscriptions, api->services.port, &call->change);
}

void api_dynlog_unpark(struct api *api, struct http_request *request)
{
    static const char *const expected =
        "{\"name\":NAME,\"position\":POSITION} or {\"name\":NAME,\"all\":true}";
    const struct json *body = read_body(request, expected);
    uint64_t position = 0;

    if (body == NULL)
        return;
    if (json_bool(json_get(body, "all")))
        change(api, request, body, SUBSCRIPTION_UNPARK_ALL, 0);
    else if (json_uint64(json_get(body, "position"), &position))
        change(api, request, body, SUBSCRIPTION_UNPARK, position);
    else
        api_dynlog_refuse_named(request, 400, "INVALID",
                                arena_printf(http_arena(request), "Expected %s.", expected));
}

void api_dynlog_delete_subscription(struct api *api, struct http_request *request)
{
    const struct json *body = read_body(request, "{\"name\":NAME}");

    if (body != NULL)
        change(api, request, body, SUBSCRIPTION_DELETE, 0);
}

void api_dynlog_reset_subscription(struct api *api, struct http_request *request)
{
    const struct json *body = read_body(request, "{\"name\":NAME,\"to\":POSITION}");
    const struct json *to = json_get(body, "to");
    struct subscription_view *view = NULL;
    struct bytes text;
    uint64_t position = 0;
    uint32_t table_id = 0;
    size_t count = 0;
    enum status status = OK;

    if (body == NULL)
        return;
    text = json_is(to, JSON_NUMBER) ? json_number_text(to) : json_string(to);
    status = subscriptions_list(api->services.subscriptions, json_get_string(body, "name"),
                                http_arena(request), &view, &count);
    if (status == OK && count == 1) { /* of another table than it has now, times say nothing */
        table_id = subscriptions_find_table(api, request, view[0].table_name);
        if (table_id == 0)
            return;
    }
    if (status == OK)
        status = subscriptions_read_from(api, table_id, text, &position);
    if (status != OK)
        refuse_from(request, status, "to");
    else
        change(api, request, body, SUBSCRIPTION_RESET, position);
}
