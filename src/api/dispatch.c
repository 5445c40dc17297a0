/* api/dispatch.c - from a target to its row of the operation table, and its body checked; see
 * api.h. */
#include "api/internal.h"
#include "api/query.h"
#include "api/shape.h"
#include "api/throttle.h"

struct api *api_new(const struct api_services *services)
{
    struct api *api = mem_new(sizeof *api);
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    api->services = *services;
    if (services->wall_timers == NULL)
        api->services.wall_timers = services->timers;
    api->scratch = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    list_init(&api->log_streams);
    list_init(&api->journey_streams);
    list_init(&api->member_streams);
    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_free) struct buffer target = BUFFER_INIT(256);
        union {
            const struct api_operation *in;
            void *out;
        } row = {&operations[i]};

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
    assert(list_empty(&api->log_streams) && list_empty(&api->journey_streams) &&
           list_empty(&api->member_streams));
    map_free(&api->operations);
    buffer_free(&api->scratch);
    mem_free(api);
}

const struct api_services *api_services_of(const struct api *api)
{
    return &api->services;
}

struct buffer *api_buffer(struct api_call *call)
{
    buffer_clear(&call->api->scratch);
    return &call->api->scratch;
}

const struct api_service *api_service_of_target(struct bytes target)
{
    const struct api_service *services[] = {&api_dynamodb,  &api_streams, &api_events,
                                            &api_scheduler, &api_sqs,     &api_logs,
                                            &api_pipes,     &api_lambda};

    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        struct bytes name = bytes_of_text(services[i]->target);

        if (bytes_start_with(target, name) && target.size > name.size &&
            target.ptr[name.size] == '.')
            return services[i];
    }
    return NULL;
}

struct api_call *api_call_new(struct api *api, struct arena *arena)
{
    struct api_call *call = ARENA_NEW(arena, struct api_call);

    call->api = api;
    call->on = &api->services;
    call->arena = arena;
    call->content_type = "application/x-amz-json-1.0";
    return call;
}

/* ---- an operation of a target ---- */

/* AWS gives no message to a body that is not JSON; people are glad of one. */
enum status api_parse_body(struct api_call *call)
{
    struct json_error error = {0};

    if (json_parse(call->arena, call->body_text, &call->body, &error) != OK)
        return api_refuse(&call->error, API_SERIALIZATION,
                          "The request's body is not JSON: %s, at line %zu, column %zu",
                          error.message, error.line, error.column);
    return OK;
}

/* Why dynlog does not have this operation of AWS's; NULL: it is none, or a newer one. */
static const char *why_missing(const struct api_service *service, struct bytes target)
{
    size_t count = 0;
    const struct api_missing *missing = api_missing_operations(&count);

    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_of_text(missing[i].name);

        if (missing[i].service == service && bytes_end_with(target, name) &&
            target.size == strlen(service->target) + 1 + name.size)
            return missing[i].why;
    }
    return NULL;
}

/* AWS gives no message to an operation that it does not know either. */
enum status api_find_operation(struct api_call *call, struct bytes target)
{
    call->service = api_service_of_target(target);
    call->operation = map_get(&call->api->operations, target);
    if (call->operation != NULL)
        return OK;

    const char *why = why_missing(call->service, target);

    if (why != NULL)
        return api_refuse(&call->error, API_UNKNOWN_OPERATION,
                          "dynlog does not have the operation %.*s: %s", BYTES_ARG(target), why);
    if (target.size == 0)
        return api_refuse(&call->error, API_UNKNOWN_OPERATION,
                          "The header X-Amz-Target names no operation: "
                          "DynamoDB_20120810.ListTables would be one");
    return api_refuse(&call->error, API_UNKNOWN_OPERATION,
                      "dynlog does not know the operation %.*s; `dynlog start --help` names the "
                      "page that lists those it knows",
                      BYTES_ARG(target));
}

void api_run_operation(struct api_call *call)
{
    enum status status = call->body != NULL ? OK : api_parse_body(call);

    if (status == OK && !json_is(call->body, JSON_OBJECT))
        status = api_refuse(&call->error, API_SERIALIZATION,
                            "The request's body is %s where an object was expected",
                            json_type_name(call->body));
    if (status == OK && call->operation->input == NULL)
        status = api_refuse(&call->error, API_UNKNOWN_OPERATION, "%s is asked by its path alone",
                            call->operation->name);
    if (status == OK) {
        call->body = json_unite(call->arena, call->body);
        status = shape_check(call->operation->input, call->body, call->operation->service->package,
                             &call->error);
    }
    if (status == OK)
        status = throttle_check(call);
    if (status == OK)
        call->operation->run(call);
    else
        api_fail(call, &call->error);
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

void api_call_local_with(struct api *api, const char *target, struct api_header header,
                         struct bytes body,
                         void (*done)(void *context, int http_status, struct bytes answer),
                         void *context)
{
    struct arena *arena = arena_new();
    struct local_call *local = ARENA_NEW(arena, struct local_call);
    struct api_call *call = api_call_new(api, arena);

    *local = (struct local_call){arena, done, context};
    call->body_text = body;
    call->local_header = header;
    call->local_done = local_answered;
    call->local_context = local;
    if (api_find_operation(call, bytes_of_text(target)) == OK)
        api_run_operation(call);
    else
        api_fail(call, &call->error);
}

void api_call_local(struct api *api, const char *target, struct bytes body,
                    void (*done)(void *context, int http_status, struct bytes answer),
                    void *context)
{
    api_call_local_with(api, target, (struct api_header){0}, body, done, context);
}

void api_query_local(struct api *api, struct bytes path, struct bytes body,
                     void (*done)(void *context, int http_status, struct bytes answer),
                     void *context)
{
    struct arena *arena = arena_new();
    struct local_call *local = ARENA_NEW(arena, struct local_call);
    struct api_call *call = api_call_new(api, arena);

    *local = (struct local_call){arena, done, context};
    call->body_text = body;
    call->local_done = local_answered;
    call->local_context = local;
    enum status status = query_prepare(call, path);

    if (status == OK)
        api_run_operation(call);
    else
        api_fail_status(call, status);
}
