/* api/dynlog/drain.c - POST /_dynlog/drain: answers when nothing moves any more (server/drain.c
 * says what that is).
 *
 *   no body, {}           {"drained":true}; with a manual clock also
 * {"drained":false,"waiting":[...]}: only time can bring the rest
 *   {"retries":"now"}     what waits to be tried again is tried now, until it has ended */
#include "api/dynlog/dynlog.h"

struct drain_call {
    struct api *api;
    struct http_request *request;
    bool answered;
};

static void drained(void *context, struct bytes json)
{
    struct drain_call *drain = context;

    drain->answered = true;
    api_dynlog_answer(drain->request, 200, json);
}

static void gone(void *context)
{
    struct drain_call *drain = context;

    if (drain->answered)
        return;
    drain->answered = true;
    drain->api->services.server.forget_drain(drain->api->services.server.context, drain);
    api_dynlog_answer(drain->request, 499, BYTES("{}")); /* nobody is there to take it */
}

/* False: it is neither empty nor one of those above. */
static bool read_body(struct arena *arena, struct bytes body, bool *ret_retries_now)
{
    const struct json *json = NULL, *retries = NULL;

    *ret_retries_now = false;
    if (body.size == 0)
        return true;
    if (json_parse(arena, body, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return false;
    retries = json_get(json, "retries");
    *ret_retries_now = bytes_equal_text(json_string(retries), "now");
    return json_count(json) == (retries != NULL) && (retries == NULL || *ret_retries_now);
}

void api_dynlog_drain(struct api *api, struct http_request *request)
{
    struct drain_call *drain = ARENA_NEW(http_arena(request), struct drain_call);
    bool retries_now = false;

    if (!read_body(http_arena(request), http_body(request), &retries_now)) {
        api_dynlog_answer(request, 400,
                          BYTES("{\"message\":\"drain has no body, or {\\\"retries\\\":\\\"now\\\"}"
                                "\"}"));
        return;
    }
    drain->api = api;
    drain->request = request;
    http_on_gone(request, gone, drain);
    api->services.server.drain(api->services.server.context, retries_now, drained, drain);
}
