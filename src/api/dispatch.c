/* api/dispatch.c - from a request to its row of the operation table; see api.h. */
#include "api/internal.h"
#include "api/shape.h"

struct api *api_new(const struct api_services *services)
{
    struct api *api = mem_new(sizeof *api);
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    api->services = *services;
    api->scratch = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    list_init(&api->log_streams);
    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_free) struct buffer target = BUFFER_INIT(256);
        union {
            const struct api_operation *in;
            void *out;
        } row = {&operations[i]};

        if (operations[i].service->target == NULL)
            continue;
        buffer_printf(&target, "%s.%s", operations[i].service->target, operations[i].name);
        void *twice = map_put(&api->operations, buffer_bytes(&target), row.out);

        assert(twice == NULL);
    }
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    assert(list_empty(&api->log_streams));
    map_free(&api->operations);
    buffer_free(&api->scratch);
    mem_free(api);
}

struct buffer *api_buffer(struct api_call *call)
{
    buffer_clear(&call->api->scratch);
    return &call->api->scratch;
}

static const struct api_service *service_of_target(struct bytes target)
{
    const struct api_service *services[] = {&api_dynamodb, &api_streams, &api_events};

    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        struct bytes name = bytes_of_text(services[i]->target);

        if (bytes_start_with(target, name) && target.size > name.size &&
            target.ptr[name.size] == '.')
            return services[i];
    }
    return NULL;
}

/* AWS gives no message to a body that is not JSON; people are glad of one. */
static enum status parse_body(struct api_call *call, const struct json **ret)
{
    struct json_error error = {0};

    if (json_parse(call->arena, call->body_text, ret, &error) != OK)
        return api_refuse(&call->error, API_SERIALIZATION,
                          "The request's body is not JSON: %s, at line %zu, column %zu",
                          error.message, error.line, error.column);
    if (!json_is(*ret, JSON_OBJECT))
        return api_refuse(&call->error, API_SERIALIZATION,
                          "The request's body is %s where an object was expected",
                          json_type_name(*ret));
    *ret = json_unite(call->arena, *ret);
    return OK;
}

/* Looks the operation up, parses and checks the body, runs it. */
static void run_target(struct api_call *call, struct bytes target)
{
    const struct json *body = NULL;

    call->service = service_of_target(target);
    call->operation = map_get(&call->api->operations, target);
    if (call->operation == NULL) {
        api_refuse(&call->error, API_UNKNOWN_OPERATION,
                   "dynlog does not know the operation %.*s; `dynlog start --help` names the page "
                   "that lists those it knows",
                   BYTES_ARG(target));
        api_fail(call, &call->error);
        return;
    }
    if (parse_body(call, &body) != OK ||
        shape_check(call->operation->input, body, call->operation->service->package,
                    &call->error) != OK) {
        api_fail(call, &call->error);
        return;
    }
    call->body = body;
    call->operation->run(call);
}

static struct api_call *new_call(struct api *api, struct arena *arena)
{
    struct api_call *call = ARENA_NEW(arena, struct api_call);

    call->api = api;
    call->on = &api->services;
    call->arena = arena;
    call->content_type = "application/x-amz-json-1.0";
    return call;
}

/* Answers in the version of the JSON protocol in which it was asked. */
static const char *answer_type(struct http_request *request)
{
    struct bytes asked = http_header(request, "content-type");

    if (bytes_start_with(asked, BYTES("application/x-amz-json-1.1")))
        return "application/x-amz-json-1.1";
    if (bytes_start_with(asked, BYTES("application/json")))
        return "application/json";
    return "application/x-amz-json-1.0";
}

static void answer_health(struct http_request *request)
{
    http_answer(request, &(struct http_answer){
                             .status = 200,
                             .content_type = "text/plain",
                             .body = BYTES("healthy: dynlog " DYNLOG_VERSION "\n"),
                         });
}

static void answer_nothing_here(struct http_request *request)
{
    http_answer(request,
                &(struct http_answer){
                    .status = 404,
                    .content_type = "application/json",
                    .body = BYTES("{\"message\":\"Nothing answers here. AWS's services are asked "
                                  "with POST / and X-Amz-Target, functions under "
                                  "/2015-03-31/functions, dynlog itself under /_dynlog.\"}"),
                });
}

static void run_rest(struct api *api, struct http_request *request)
{
    struct api_call *call = new_call(api, http_arena(request));

    call->request = request;
    call->body_text = http_body(request);
    call->service = &api_lambda;
    call->content_type = "application/json";
    call->operation = api_lambda_route(http_method(request), http_path(request), &call->path_name);
    if (call->operation == NULL)
        answer_nothing_here(request);
    else
        call->operation->run(call);
}

static bool signature_fails(struct api *api, struct api_call *call)
{
    if (api->services.keys == NULL)
        return false;
    return sigv4_check(api->services.keys, call->request,
                       clock_now_ms(timers_clock(api->services.timers)), &call->error) != OK;
}

void api_handle(void *context, struct http_request *request)
{
    struct api *api = context;
    struct bytes path = http_path(request);
    struct bytes target = http_header(request, "x-amz-target");
    struct api_call *call = new_call(api, http_arena(request));

    call->request = request;
    call->body_text = http_body(request);
    call->content_type = answer_type(request);
    call->service = service_of_target(target);
    if (target.size == 0 && bytes_equal_text(path, "/") &&
        !bytes_equal_text(http_method(request), "POST")) {
        answer_health(request);
    } else if (signature_fails(api, call)) {
        api_fail(call, &call->error);
    } else if (bytes_start_with(path, BYTES("/_dynlog/"))) {
        api_dynlog_handle(api, request);
    } else if (target.size > 0 && bytes_equal_text(http_method(request), "POST")) {
        run_target(call, target);
    } else if (bytes_start_with(path, BYTES("/20"))) {
        run_rest(api, request);
    } else {
        answer_nothing_here(request);
    }
}

/* ---- without HTTP ---- */

struct local_call {
    struct arena *arena;
    void (*done)(void *context, int http_status, struct bytes answer);
    void *context;
};

static void local_answered(void *context, int http_status, struct bytes answer)
{
    struct local_call *local = context;

    local->done(local->context, http_status, answer);
    arena_free(local->arena);
}

void api_call_local(struct api *api, const char *target, struct bytes body,
                    void (*done)(void *context, int http_status, struct bytes answer),
                    void *context)
{
    struct arena *arena = arena_new();
    struct local_call *local = ARENA_NEW(arena, struct local_call);
    struct api_call *call = new_call(api, arena);

    *local = (struct local_call){arena, done, context};
    call->body_text = body;
    call->local_done = local_answered;
    call->local_context = local;
    run_target(call, bytes_of_text(target));
}
