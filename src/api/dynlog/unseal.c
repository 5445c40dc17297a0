/* api/dynlog/unseal.c - /_dynlog/unseal: payloads of events that were archived sealed
 * (vault/vault.h, VAULT_EVENT), opened by the keys of now.
 *
 *   POST  [{"pk":"people#12#stream","sk":1,"sealed":"BASE64"},...]    of detail.key, detail.payload
 *
 *   200   [ANSWER,...], in their order; ANSWER is one of
 *           {"payload":...}                     as it was
 *           {"forgotten":true}                  its key was destroyed
 *           {"sealed":false}                    it is no seal: a client's own {"sealed":TEXT}
 *           {"refused":true,"message":...}      a seal, but not one of this place
 *   400   {"refused":true,"index":n,"message":...}   the list, or its entry n, is malformed
 *
 * A key that is not here was destroyed, if the log is private here. Else the seal is another
 * dynlog's, and to call its event forgotten would be to lose it. A seal whose key is here and that
 * does not open stands in a log that is not private because a client put a copy of it there. */
#include "api/dynlog/dynlog.h"

#include "value/stream_key.h"
#include "vault/vault.h"

#define BODY_SIZE_MAX ((size_t)4 * 1024 * 1024) /* several events of the largest size */
#define ENTRIES_MAX 1000

struct unsealing {
    struct api_call *call;
    struct vault_reader reader;
    struct vault_log *logs; /* that are private */
    size_t log_count;
};

struct sealed_entry {
    struct value pk, sk;
    struct bytes sealed;
};

/* ---- what is asked ---- */

static enum status read_entry(struct unsealing *unsealing, size_t index, const struct json *json,
                              struct sealed_entry *ret)
{
    struct api_call *call = unsealing->call;
    const struct json *pk = json_get(json, "pk"), *sk = json_get(json, "sk");
    struct api_error fault;

    if (!json_is(pk, JSON_STRING) || !json_is(sk, JSON_NUMBER) ||
        !json_is(json_get(json, "sealed"), JSON_STRING))
        return api_invalid(
            &call->error, "Entry %zu: expected {\"pk\":TEXT,\"sk\":NUMBER,\"sealed\":TEXT}", index);
    ret->sealed = json_get_string(json, "sealed");
    ret->pk = (struct value){.type = VALUE_S, .bytes = json_string(pk)};
    if (ret->pk.bytes.size == 0 || ret->pk.bytes.size > KEY_HASH_SIZE_MAX)
        return api_invalid(&call->error, "Entry %zu: pk is a text of 1 to %zu bytes", index,
                           KEY_HASH_SIZE_MAX);
    ret->sk = (struct value){.type = VALUE_N};
    if (number_parse(json_number_text(sk), &ret->sk.number, &fault) != OK)
        return api_invalid(&call->error, "Entry %zu: sk: %s", index, fault.message);
    return OK;
}

static enum status read_list(struct api_call *call, const struct json **ret)
{
    struct json_error fault;

    if (call->body_text.size > BODY_SIZE_MAX)
        return api_invalid(&call->error, "At most %zu bytes are unsealed at once: ask in parts",
                           BODY_SIZE_MAX);
    if (json_parse(call->arena, call->body_text, ret, &fault) != OK)
        return api_invalid(&call->error, "The body is not JSON: %s, at line %zu, column %zu",
                           fault.message, fault.line, fault.column);
    if (!json_is(*ret, JSON_ARRAY))
        return api_invalid(&call->error,
                           "expected a list of {\"pk\":TEXT,\"sk\":NUMBER,\"sealed\":TEXT}, not %s",
                           json_type_name(*ret));
    if (json_count(*ret) > ENTRIES_MAX)
        return api_invalid(&call->error, "At most %d entries are unsealed at once: ask in parts",
                           ENTRIES_MAX);
    return OK;
}

/* ---- what is answered ---- */

static bool is_private(const struct unsealing *unsealing, struct bytes pk)
{
    struct bytes log, id;

    if (!stream_key_read(pk, &log, &id))
        return false;
    for (size_t i = 0; i < unsealing->log_count; i++)
        if (bytes_equal(unsealing->logs[i].name, log))
            return true;
    return false;
}

static void write_refusal(struct json_writer *w, const char *why)
{
    json_member_bool(w, "refused", true);
    json_member_text(w, "message", why);
}

static enum status write_answer(struct unsealing *unsealing, const struct sealed_entry *entry,
                                struct json_writer *w)
{
    bool of_private = is_private(unsealing, entry->pk.bytes);
    struct bytes payload;
    enum status status = OK;

    json_begin_object(w);
    if (!vault_is_seal(entry->sealed)) {
        json_member_bool(w, "sealed", false);
        json_end_object(w);
        return OK;
    }
    status = vault_unseal(&unsealing->reader, VAULT_EVENT, &entry->pk, &entry->sk, entry->sealed,
                          unsealing->call->arena, &payload);
    if (status == OK) {
        json_key(w, "payload");
        json_write_raw(w, payload);
    } else if (status == NOT_FOUND && of_private)
        json_member_bool(w, "forgotten", true);
    else if (status == NOT_FOUND)
        write_refusal(w, "it was not sealed here: its key is not in this data folder, and its log "
                         "is not private here");
    else if (status == MALFORMED && of_private)
        write_refusal(w, "it was not sealed here: it was changed, or is another event's");
    else if (status == MALFORMED)
        json_member_bool(w, "sealed", false);
    else
        return status;
    json_end_object(w);
    return OK;
}

enum status api_unseal(struct api_call *call, struct buffer *out, size_t *ret_index)
{
    struct unsealing unsealing = {.call = call, .reader = {.store = call->on->store}};
    struct json_writer w = JSON_WRITER(out);
    const struct json *list = NULL;
    enum status status = read_list(call, &list);

    *ret_index = SIZE_MAX;
    if (status == OK)
        status = vault_logs(engine_vault(call->on->engine), call->arena, &unsealing.logs,
                            &unsealing.log_count);
    if (status != OK)
        return status;
    json_begin_array(&w);
    for (struct json_iter it = json_iter(list); status == OK && json_next(&it);) {
        struct sealed_entry entry;

        *ret_index = it.index;
        status = read_entry(&unsealing, it.index, it.value, &entry);
        if (status == OK)
            status = write_answer(&unsealing, &entry, &w);
    }
    json_end_array(&w);
    return status;
}

/* ---- the door ---- */

static void refuse(struct http_request *request, int http_status, size_t index, const char *why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)64 * 1024);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    if (http_status == 400)
        json_member_bool(&w, "refused", true);
    if (index != SIZE_MAX)
        json_member_uint(&w, "index", index);
    json_member_text(&w, "message", why);
    json_end_object(&w);
    api_dynlog_answer(request, http_status, buffer_bytes(&out));
}

void api_dynlog_unseal(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct api_call *call = ARENA_NEW(http_arena(request), struct api_call);
    size_t index = SIZE_MAX;
    enum status status = OK;

    call->api = api;
    call->on = &api->services;
    call->arena = http_arena(request);
    call->request = request;
    call->body_text = http_body(request);
    status = api_unseal(call, &out, &index);
    if (status == OK)
        api_dynlog_answer(request, 200, buffer_bytes(&out));
    else if (status == REFUSED)
        refuse(request, 400, index, call->error.message);
    else
        refuse(request, 500, SIZE_MAX, status_text(status));
}
