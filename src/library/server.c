/* library/server.c - what a dynlog server is asked besides DynamoDB's operations. */
#include "library/server.h"

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

enum dynlog_status asked_forget(struct dynlog *dynlog, const char *log, const char *id,
                                struct dynlog_error *error)
{
    (void)log, (void)id;
    return fault_say(error, DYNLOG_UNSUPPORTED, "%s can't forget.", dynlog->place);
}
