/* cli/rebuild_door.c - what is asked of the server; see rebuild.h. */
#include "cli/rebuild.h"

#include "cli/function.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <inttypes.h>
#include <stdarg.h>

#define HOLDS "/_dynlog/holds"
#define FUNCTIONS "/2015-03-31/functions/"
#define QUIET_PAUSE_MS 20

bool rebuild_fail(struct rebuild *on, enum cli_exit exit_status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    on->exit_status =
        cli_fail(on->cli, exit_status, "%s",
                 arena_copy_text(on->cli->arena, arena_vprintf(on->cli->arena, format, args)));
    va_end(args);
    return false;
}

bool rebuild_ask(struct rebuild *on, struct arena *arena, const struct client_request *request,
                 struct client_answer *ret)
{
    enum status status = client_ask(on->client, arena, request, ret);

    if (status == OK)
        return true;
    on->exit_status = cli_client_fail(on->cli, on->client, status, ret);
    return false;
}

bool rebuild_call(struct rebuild *on, struct arena *arena, enum target_service service,
                  const char *target, struct bytes body, struct client_answer *ret)
{
    struct client_request request = {
        .service = service,
        .method = "POST",
        .path = "/",
        .target = target,
        .content_type = service != TARGET_DYNAMODB ? "application/x-amz-json-1.1" : NULL,
        .body = body,
    };

    return rebuild_ask(on, arena, &request, ret);
}

bool rebuild_get(struct rebuild *on, struct arena *arena, enum target_service service,
                 struct bytes path, struct client_answer *ret)
{
    struct client_request request = {
        .service = service, .method = "GET", .path = arena_copy_text(arena, path)};

    return rebuild_ask(on, arena, &request, ret);
}

bool rebuild_position(struct rebuild *on, uint64_t *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *status = NULL;

    if (!cli_server_status(on->cli, on->client, arena, &status, &on->exit_status))
        return false;
    *ret = (uint64_t)cli_server_number(status, "position");
    return true;
}

/* ---- the note ---- */

/* What must be the same when it goes on. */
static void print_plan(const struct rebuild *on, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_text(&w, "way", on->on->into != NULL ? "into" : "clear");
    json_member_text(&w, "table", on->on->into != NULL ? on->on->into : on->on->clear);
    json_member_text(&w, "variable", on->on->variable != NULL ? on->on->variable : "");
    json_member_text(&w, "log", on->on->log != NULL ? on->on->log : "");
    json_member_text(&w, "logs", client_target(on->client)->table);
    json_key(&w, "types");
    json_begin_array(&w);
    for (size_t i = 0; i < on->on->types.count; i++)
        json_write_text(&w, on->on->types.texts[i]);
    json_end_array(&w);
    json_end_object(&w);
}

static void print_note(const struct rebuild *on, struct buffer *out)
{
    const struct rebuild_note *note = &on->note;
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_text(&w, "by", "rebuild");
    json_key(&w, "plan");
    print_plan(on, out);
    w.comma = true;
    json_member_text(&w, "stage", note->stage);
    json_member_uint(&w, "at", note->at);
    json_member_uint(&w, "to", note->to);
    json_member_uint(&w, "fed", note->fed);
    json_member_uint(&w, "failed", note->failed);
    if (note->before != NULL)
        json_member_text(&w, "before", note->before);
    if (note->version != NULL)
        json_member_text(&w, "version", note->version);
    if (note->aliases != NULL)
        json_member_text(&w, "aliases", note->aliases);
    json_end_object(&w);
}

static const char *text_of(struct rebuild *on, const struct json *note, const char *name)
{
    struct bytes text = json_get_string(note, name);

    return text.size > 0 ? arena_copy_text(on->cli->arena, text) : NULL;
}

static bool is_same_plan(const struct rebuild *on, const struct json *plan)
{
    AUTO(buffer_free) struct buffer ours = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    AUTO(buffer_free) struct buffer theirs = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    print_plan(on, &ours);
    json_print(&theirs, plan);
    return bytes_equal(buffer_bytes(&ours), buffer_bytes(&theirs));
}

static bool read_note(struct rebuild *on, const struct json *hold)
{
    const struct json *note = json_get(hold, "note"), *plan = json_get(note, "plan");
    bool into = bytes_equal_text(json_get_string(plan, "way"), "into");

    if (!bytes_equal_text(json_get_string(note, "by"), "rebuild"))
        return rebuild_fail(on, CLI_FAILED,
                            "%s is held by somebody else than `dynlog rebuild`: see GET " HOLDS ".",
                            on->function);
    on->held = json_bool(json_get(hold, "held"));
    if (!on->on->cancel && !is_same_plan(on, plan))
        return rebuild_fail(
            on, CLI_FAILED,
            "%s is being rebuilt another way: %s %.*s. Give the same options as then, and it "
            "goes on; or end it with `dynlog rebuild %s --cancel`.",
            on->function, into ? "--into" : "--clear", BYTES_ARG(json_get_string(plan, "table")),
            on->function);
    on->note = (struct rebuild_note){
        .stage = text_of(on, note, "stage"),
        .at = json_get_uint(note, "at", 0),
        .to = json_get_uint(note, "to", 0),
        .fed = json_get_uint(note, "fed", 0),
        .failed = json_get_uint(note, "failed", 0),
        .before = text_of(on, note, "before"),
        .variable = text_of(on, plan, "variable"),
        .version = text_of(on, note, "version"),
        .aliases = text_of(on, note, "aliases"),
    };
    return true;
}

static const struct json *find_hold(const struct rebuild *on, const struct json *answer)
{
    for (struct json_iter it = json_iter(json_get(answer, "holds")); json_next(&it);)
        if (bytes_equal_text(json_get_string(it.value, "function"), on->function))
            return it.value;
    return NULL;
}

static bool ask_holds(struct rebuild *on, struct arena *arena, const struct json **ret)
{
    struct client_request request = {.method = "GET", .path = HOLDS};
    struct client_answer answer = {0};

    if (!rebuild_ask(on, arena, &request, &answer))
        return false;
    *ret = find_hold(on, answer.json);
    return true;
}

bool rebuild_keep(struct rebuild *on, bool held)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_request request = {
        .method = "POST", .path = HOLDS, .content_type = "application/json"};
    struct client_answer answer = {0};

    buffer_append_text(&body, "{\"function\":");
    json_append_string(&body, bytes_of_text(on->function));
    buffer_printf(&body, ",\"held\":%s,\"note\":", held ? "true" : "false");
    print_note(on, &body);
    buffer_append_byte(&body, '}');
    request.body = buffer_bytes(&body);
    if (!rebuild_ask(on, arena, &request, &answer))
        return false;
    on->held = held;
    return true;
}

/* UUIDs of mappings of streams, with commas between them. */
static void print_streams(const struct rebuild *on, struct buffer *out)
{
    for (size_t i = 0; i < on->ways->count; i++)
        if (on->ways->list[i].kind == REBUILD_BY_STREAM)
            buffer_printf(out, "%s%s", out->size > 0 ? "," : "", on->ways->list[i].uuid);
}

bool rebuild_let_go(struct rebuild *on, bool passed)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    AUTO(buffer_free) struct buffer streams = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct client_request request = {.method = "DELETE"};
    struct client_answer answer = {0};

    buffer_append_text(&path, HOLDS);
    client_query(&path, "function", bytes_of_text(on->function));
    if (passed)
        print_streams(on, &streams);
    if (streams.size > 0) {
        client_query(&path, "mappings", buffer_bytes(&streams));
        client_query(&path, "passed", arena_printf(arena, "%" PRIu64, on->note.to));
    }
    request.path = arena_copy_text(arena, buffer_bytes(&path));
    if (!rebuild_ask(on, arena, &request, &answer))
        return false;
    on->held = false;
    return true;
}

bool rebuild_wait_quiet(struct rebuild *on)
{
    for (;;) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct json *hold = NULL;

        if (!ask_holds(on, arena, &hold))
            return false;
        if (json_get_uint(hold, "running", 0) == 0)
            return true;
        if (!cli_interrupts_pause(&on->interrupts, QUIET_PAUSE_MS)) {
            on->interrupted = true;
            return false;
        }
    }
}

/* ---- the function ---- */

static const char *function_path(const struct rebuild *on, struct arena *arena, const char *version,
                                 const char *rest)
{
    return arena_copy_text(arena, arena_printf(arena, FUNCTIONS "%s%s%s%s", on->function, rest,
                                               version != NULL ? "?Qualifier=" : "",
                                               version != NULL ? version : ""));
}

static bool look_at_function(struct rebuild *on)
{
    struct arena *arena = on->cli->arena;
    struct client_request request = {.service = TARGET_LAMBDA,
                                     .method = "GET",
                                     .path = function_path(on, arena, NULL, "/configuration")};
    struct client_answer answer = {0};
    enum status status = client_ask(on->client, arena, &request, &answer);

    if (status == REFUSED && answer.http_status == 404)
        return rebuild_fail(on, CLI_FAILED, "There is no function %s at %s.", on->function,
                            client_target(on->client)->url);
    if (status != OK) {
        on->exit_status = cli_client_fail(on->cli, on->client, status, &answer);
        return false;
    }
    on->configuration = answer.json;
    on->arn = arena_copy_text(arena, json_get_string(answer.json, "FunctionArn"));
    return true;
}

bool rebuild_look(struct rebuild *on)
{
    const struct json *hold = NULL;

    on->function = cli_function_name(on->cli, on->client, on->on->function);
    if (!look_at_function(on) || !ask_holds(on, on->cli->arena, &hold))
        return false;
    if (!on->on->cancel &&
        !cli_server_wait_for_order(on->cli, on->client, &on->interrupts, &on->exit_status))
        return false;
    return hold == NULL || read_note(on, hold);
}

const char *rebuild_variable(const struct rebuild *on, const char *name)
{
    const struct json *variables =
        json_get(json_get(on->configuration, "Environment"), "Variables");
    const struct json *value = json_get(variables, name);

    return value != NULL ? arena_copy_text(on->cli->arena, json_string(value)) : NULL;
}

bool rebuild_set_variable(struct rebuild *on, const char *name, const char *value)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_request request = {.service = TARGET_LAMBDA,
                                     .method = "PUT",
                                     .path = function_path(on, arena, NULL, "/configuration"),
                                     .content_type = "application/json"};
    struct client_answer answer = {0};

    buffer_append_text(&body, "{\"Environment\":{\"Variables\":");
    json_begin_object(&w);
    for (struct json_iter it =
             json_iter(json_get(json_get(on->configuration, "Environment"), "Variables"));
         json_next(&it);) {
        json_key_bytes(&w, it.name);
        if (bytes_equal_text(it.name, name))
            json_write_text(&w, value);
        else
            json_write_value(&w, it.value);
    }
    json_end_object(&w);
    buffer_append_text(&body, "}}");
    request.body = buffer_bytes(&body);
    return rebuild_ask(on, arena, &request, &answer);
}

bool rebuild_publish(struct rebuild *on, const char **ret)
{
    struct arena *arena = on->cli->arena;
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "POST",
        .path = function_path(on, arena, NULL, "/versions"),
        .content_type = "application/json",
        .body = BYTES("{\"Description\":\"dynlog rebuild\"}"),
    };
    struct client_answer answer = {0};

    if (!rebuild_ask(on, arena, &request, &answer))
        return false;
    *ret = arena_copy_text(arena, json_get_string(answer.json, "Version"));
    return true;
}

bool rebuild_has_version(struct rebuild *on, const char *version, bool *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_request request = {.service = TARGET_LAMBDA,
                                     .method = "GET",
                                     .path = function_path(on, arena, version, "/configuration")};
    struct client_answer answer = {0};
    enum status status = client_ask(on->client, arena, &request, &answer);
    const struct json *variables = json_get(json_get(answer.json, "Environment"), "Variables");

    *ret = status == OK &&
           bytes_equal_text(json_get_string(variables, on->on->variable), on->on->into);
    if (status == OK || (status == REFUSED && answer.http_status == 404))
        return true;
    on->exit_status = cli_client_fail(on->cli, on->client, status, &answer);
    return false;
}

void rebuild_drop_version(struct rebuild *on, const char *version)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_request request = {.service = TARGET_LAMBDA,
                                     .method = "DELETE",
                                     .path = function_path(on, arena, version, "")};
    struct client_answer answer = {0};

    (void)!client_ask(on->client, arena, &request, &answer); /* it would do no harm */
}

bool rebuild_move_alias(struct rebuild *on, struct bytes alias, struct bytes version)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "PUT",
        .path = arena_copy_text(arena, arena_printf(arena, FUNCTIONS "%s/aliases/%.*s",
                                                    on->function, BYTES_ARG(alias))),
        .content_type = "application/json"};
    struct client_answer answer = {0};

    json_begin_object(&w);
    json_member_string(&w, "FunctionVersion", version);
    json_key(&w, "RoutingConfig");
    json_write_raw(&w, BYTES("{\"AdditionalVersionWeights\":{}}"));
    json_end_object(&w);
    request.body = buffer_bytes(&body);
    return rebuild_ask(on, arena, &request, &answer);
}

const char *rebuild_invocation_path(const struct rebuild *on, const char *qualifier)
{
    return function_path(on, on->cli->arena, qualifier, "/invocations");
}
