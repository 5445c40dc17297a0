/* api/dynlog/holds.c - /_dynlog/holds: functions whose asynchronous invocations wait
 * (functions/hold.h).
 *
 *   GET                                     {"holds":[HOLD,...]}
 *   POST    {"function":NAME,"note":{...}}  holds it, or gives its hold another note: HOLD.
 *           "held":false: keeps the note, and does not hold it
 *   DELETE  ?function=NAME                  lets it go: {}
 *           &mappings=UUID,UUID&passed=POSITION  and its mappings of streams go on behind there
 *
 *   HOLD  {"function":NAME,"held":true,"since":ms,"waiting":n,"running":n,"note":{...}}
 *
 * POST and DELETE answer when it is durable. What ran when the hold began is waited for by whoever
 * holds: `running` tells, with the mappings that have not come to rest yet. */
#include "api/dynlog/dynlog.h"

#include "functions/hold.h"

struct hold_call {
    struct api *api;
    struct http_request *request;
    struct function_hold_change change;
    struct mapping_pass pass;
};

static void write_hold(struct api *api, struct json_writer *w, const struct function_hold *hold)
{
    size_t ending = mappings_ending_of(api->services.mappings, hold->name);

    json_begin_object(w);
    json_member_string(w, "function", hold->name);
    json_member_bool(w, "held", hold->held);
    json_member_uint(w, "since", hold->since_ms);
    json_member_uint(w, "waiting", hold->waiting);
    json_member_uint(w, "running", hold->running + ending);
    json_key(w, "note");
    json_write_raw(w, hold->note);
    json_end_object(w);
}

/* wanted empty: all, in a list. */
static void answer_holds(struct api *api, struct http_request *request, struct bytes wanted)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct function_hold *list = NULL;
    size_t count = 0;

    functions_holds(api->services.functions, http_arena(request), &list, &count);
    if (wanted.size == 0) {
        json_begin_object(&w);
        json_key(&w, "holds");
        json_begin_array(&w);
    }
    for (size_t i = 0; i < count; i++)
        if (wanted.size == 0 || bytes_equal(wanted, list[i].name))
            write_hold(api, &w, &list[i]);
    if (wanted.size == 0) {
        json_end_array(&w);
        json_end_object(&w);
    }
    api_dynlog_answer(request, 200, out.size > 0 ? buffer_bytes(&out) : BYTES("{}"));
}

static void changed(struct function_hold_change *change, enum status status)
{
    struct hold_call *call = CONTAINER_OF(change, struct hold_call, change);

    if (status == OK) {
        mappings_look_at_holds(call->api->services.mappings);
        answer_holds(call->api, call->request, change->name);
    } else {
        api_dynlog_fail(call->request, status);
    }
}

static void also_pass(struct function_hold_change *change, struct store_batch *batch)
{
    mapping_pass_write(&CONTAINER_OF(change, struct hold_call, change)->pass, batch);
}

static void change_hold(struct api *api, struct http_request *request, struct bytes name,
                        struct bytes note, bool held, const struct mapping_pass *pass)
{
    struct hold_call *call = ARENA_NEW(http_arena(request), struct hold_call);

    call->api = api;
    call->request = request;
    call->change =
        (struct function_hold_change){.name = name, .note = note, .held = held, .done = changed};
    if (pass != NULL) {
        call->pass = *pass;
        call->change.also = also_pass;
    }
    functions_change_hold(api->services.functions, &call->change);
}

void api_dynlog_get_holds(struct api *api, struct http_request *request)
{
    answer_holds(api, request, (struct bytes){NULL, 0});
}

void api_dynlog_post_holds(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer note = BUFFER_INIT(FUNCTION_HOLD_NOTE_SIZE_MAX);
    struct arena *arena = http_arena(request);
    const struct function_settings *settings = NULL;
    const struct json *body = NULL;

    if (json_parse(arena, http_body(request), &body, NULL) != OK ||
        json_get_string(body, "function").size == 0 ||
        !json_is(json_get(body, "note"), JSON_OBJECT)) {
        api_dynlog_refuse(request, 400, BYTES("expected {\"function\":NAME,\"note\":{...}}"));
        return;
    }
    settings = functions_find(api->services.functions, json_get_string(body, "function"));
    json_print(&note, json_get(body, "note"));
    if (settings == NULL)
        api_dynlog_refuse(request, 404, BYTES("there is no such function"));
    else if (buffer_failed(&note))
        api_dynlog_refuse(request, 400, BYTES("a note has at most 64 kB"));
    else
        change_hold(api, request, arena_copy(arena, settings->name),
                    arena_copy(arena, buffer_bytes(&note)),
                    json_get(body, "held") == NULL || json_bool(json_get(body, "held")), NULL);
}

/* Also of one whose function is gone. */
void api_dynlog_delete_holds(struct api *api, struct http_request *request)
{
    struct bytes name = {NULL, 0}, mappings = {NULL, 0}, passed = {NULL, 0};
    struct api_error error = {.kind = API_NO_ERROR};
    struct mapping_pass pass;
    uint64_t position = 0;

    (void)http_query(request, "mappings", &mappings);
    if (!http_query(request, "function", &name) || name.size == 0 ||
        name.size > FUNCTION_NAME_SIZE_MAX)
        api_dynlog_refuse(request, 400, BYTES("which function? /_dynlog/holds?function=NAME"));
    else if ((mappings.size > 0) != http_query(request, "passed", &passed) ||
             (passed.size > 0 && !bytes_to_uint64(passed, &position)) ||
             position > store_last_position(api->services.store))
        api_dynlog_refuse(request, 400,
                          BYTES("mappings=UUID,UUID go with passed=POSITION, one of the log"));
    else if (mappings_pass(api->services.mappings, name, mappings, position, http_arena(request),
                           &pass, &error) != OK)
        api_dynlog_refuse(request, 400, bytes_of_text(error.message));
    else
        change_hold(api, request, name, (struct bytes){NULL, 0}, false, &pass);
}
