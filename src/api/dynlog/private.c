/* api/dynlog/private.c - /_dynlog/private and /_dynlog/forget: private logs (vault/vault.h).
 *
 *   GET  /_dynlog/private                 {"logs":[{"log":LOG,"declaredAt":SECONDS}]}
 *   PUT, POST /_dynlog/private?log=LOG         {"log":LOG,"changed":true}   false: it was private
 * before POST /_dynlog/forget?log=LOG&id=ID    {"log":LOG,"id":ID,"changed":true}   false: had no
 * key
 *
 * What is refused: 400 {"refused":true,"message":...}, and nothing was changed; and what the disk
 * refuses: 503 {"error":"NO_SPACE" or "UNAVAILABLE","message":...}. */
#include "api/dynlog/dynlog.h"

#include "vault/vault.h"

#define REFUSAL_SIZE_MAX ((size_t)64 * 1024)

static void refuse(struct http_request *request, const char *why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REFUSAL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_bool(&w, "refused", true);
    json_member_text(&w, "message", why);
    json_end_object(&w);
    api_dynlog_answer(request, 400, buffer_bytes(&out));
}

void api_dynlog_private(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct vault_log *logs = NULL;
    size_t count = 0;
    enum status status =
        vault_logs(engine_vault(api->services.engine), http_arena(request), &logs, &count);

    if (status != OK) {
        api_dynlog_fail(request, status);
        return;
    }
    json_begin_object(&w);
    json_key(&w, "logs");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "log", logs[i].name);
        json_member_epoch(&w, "declaredAt", logs[i].declared_ms);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- changes ---- */

struct private_call {
    struct http_request *request;
    struct private_change change;
};

static void changed(struct private_change *change, enum status status)
{
    struct private_call *call = CONTAINER_OF(change, struct private_call, change);
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REFUSAL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (status == REFUSED) {
        refuse(call->request, change->error.message);
        return;
    }
    if (status != OK) {
        api_dynlog_fail(call->request, status);
        return;
    }
    json_begin_object(&w);
    json_member_string(&w, "log", change->log);
    json_member_set(&w, "id", change->id);
    json_member_bool(&w, "changed", change->changed);
    json_end_object(&w);
    api_dynlog_answer(call->request, 200, buffer_bytes(&out));
}

static void ask(struct api *api, struct http_request *request, enum private_change_kind kind)
{
    struct private_call *call = ARENA_NEW(http_arena(request), struct private_call);

    call->request = request;
    call->change.kind = kind;
    call->change.arena = http_arena(request);
    call->change.done = changed;
    if (!http_query(request, "log", &call->change.log)) {
        refuse(request, "which log? ?log=LOG");
        return;
    }
    if (kind == PRIVATE_FORGET && !http_query(request, "id", &call->change.id)) {
        refuse(request, "which stream of the log? ?log=LOG&id=ID");
        return;
    }
    engine_change_private(api->services.engine, api->services.port, &call->change);
}

void api_dynlog_make_private(struct api *api, struct http_request *request)
{
    ask(api, request, PRIVATE_DECLARE);
}

void api_dynlog_forget(struct api *api, struct http_request *request)
{
    ask(api, request, PRIVATE_FORGET);
}
