/* library/server.c - what a dynlog server is asked besides DynamoDB's operations. */
#include "library/server.h"

#include "library/logs.h"

#include <inttypes.h>

#define PATH_SIZE_MAX ((size_t)64 * 1024)

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
    if (status == REFUSED && client_is_stranger(&answer))
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

    if (status == DYNLOG_UNSUPPORTED)
        return shards_subscribe(asked, subscription, ret, error);
    if (status != DYNLOG_OK)
        return status;
    return subscription->name != NULL ? server_join(asked, subscription, &state, ret, error)
                                      : server_subscribe(asked, subscription, &state, ret, error);
}

enum dynlog_status asked_position(struct dynlog *dynlog, uint64_t *ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct server_state state = {0};
    enum dynlog_status status = server_state(asked_of(dynlog), arena, &state, error);

    if (status == DYNLOG_UNSUPPORTED)
        return fault_none(error, DYNLOG_OK);
    if (status == DYNLOG_OK)
        *ret = state.position;
    return status;
}

enum dynlog_status server_ask(struct asked *asked, struct arena *arena, const char *method,
                              const char *path, struct client_answer *ret,
                              struct dynlog_error *error)
{
    struct client_request request = {.method = method, .path = path, .answer_ms = asked->answer_ms};
    struct server_state state;
    enum dynlog_status known = server_state(asked, arena, &state, error);
    struct asker *asker = NULL;
    enum status status = OK;

    if (known != DYNLOG_OK)
        return known;
    asker = asked_take(asked);
    status = client_ask(asker->client, arena, &request, ret);
    asked_give(asked, asker);
    if (status == REFUSED && json_get(ret->json, "refused") != NULL)
        return fault_say(error, DYNLOG_REFUSED, "%.*s",
                         BYTES_ARG(json_get_string(ret->json, "message")));
    return status == OK ? DYNLOG_OK : fault_of_answer(error, &asked->target, status, ret);
}

static enum dynlog_status change_private(struct asked *asked, const char *path,
                                         struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_answer answer = {0};

    return server_ask(asked, arena, "POST", path, &answer, error);
}

enum dynlog_status asked_forget(struct dynlog *dynlog, const char *log, const char *id,
                                struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/forget");
    client_query(&path, "id", bytes_of_text(id));
    client_query(&path, "log", bytes_of_text(log));
    buffer_append_byte(&path, '\0');
    return change_private(asked_of(dynlog), (const char *)path.ptr, error);
}

enum dynlog_status asked_make_private(struct dynlog *dynlog, const char *log,
                                      struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/private");
    client_query(&path, "log", bytes_of_text(log));
    buffer_append_byte(&path, '\0');
    return change_private(asked_of(dynlog), (const char *)path.ptr, error);
}

enum dynlog_status asked_private_logs(struct dynlog *dynlog, struct dynlog_private_logs **ret,
                                      struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_answer answer = {0};
    struct private_logs_made *made = NULL;
    enum dynlog_status status =
        server_ask(asked_of(dynlog), arena, "GET", "/_dynlog/private", &answer, error);

    if (status != DYNLOG_OK)
        return status;
    made = private_logs_made_new();
    for (struct json_iter it = json_iter(json_get(answer.json, "logs")); json_next(&it);) {
        double seconds = 0;

        if (!json_double(json_get(it.value, "declaredAt"), &seconds))
            seconds = 0;
        private_logs_made_add(made, json_get_string(it.value, "log"),
                              (uint64_t)(seconds * 1000 + 0.5));
    }
    *ret = private_logs_made_done(made);
    return DYNLOG_OK;
}

/* ---- one line ---- */

bool server_event_of_line(struct arena *arena, struct bytes line, struct dynlog_event *ret)
{
    const struct json *json = NULL, *key = NULL, *meta = NULL, *payload = NULL;
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(EVENT_TEXT_SIZE_MAX);
    struct dynlog_event event = {0};

    if (json_parse(arena, line, &json, NULL) != OK)
        return false;
    key = json_get(json, "key");
    meta = json_get(json, "meta");
    payload = json_get(json, "payload");
    if (!json_uint64(json_get(json, "position"), &event.position) ||
        !json_uint64(json_get(key, "sk"), &event.version) ||
        !event_split_key(arena, json_get_string(key, "pk"), &event.log, &event.id))
        return false;
    event.type = arena_copy_text(arena, json_get_string(json, "type"));
    event.time_ms = json_get_uint(meta, "time", json_get_uint(json, "time", 0));
    event.forgotten = json_bool(json_get(json, "forgotten"));
    if (payload != NULL && !event.forgotten) {
        json_print(&text, payload);
        event.payload = arena_copy_text(arena, buffer_bytes(&text));
        event.payload_size = text.size;
    }
    event.event_id = reader_text(arena, json_get_string(meta, "id"));
    event.correlation_id = reader_text(arena, json_get_string(meta, "correlationId"));
    event.causation_id = reader_text(arena, json_get_string(meta, "causationId"));
    event.try_number = (uint32_t)json_get_uint(json, "try", 0);
    event.cursor = arena_copy_text(arena, arena_printf(arena, "%" PRIu64, event.position));
    *ret = event;
    return true;
}
