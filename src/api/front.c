/* api/front.c - what is looked at before an operation, as AWS's front end does, and in its order:
 *
 *   1. method and path    GET / is asked for health; other methods than POST are 404
 *   2. content type       a body of another one (CBOR too) is 404, <UnknownOperationException/>
 *   3. the body's JSON    SerializationException
 *   4. the target         UnknownOperationException
 *   5. the signature      net/sigv4.h
 *   6. the body's shape   dispatch.c, shape.h
 *
 * Lambda's and Scheduler's REST paths and dynlog's own questions come to us by their paths, AWS's
 * Query protocol (query.h) by its content type. */
#include "api/internal.h"
#include "api/query.h"
#include "api/throttle.h"

#define JSON_1_0 "application/x-amz-json-1.0"
#define JSON_1_1 "application/x-amz-json-1.1"
#define JSON_PLAIN "application/json"

/* ---- what a request is sent as ---- */

/* "application/json" of "  Application/JSON ; charset=utf-8": one of the three; NULL: another. */
static const char *media_type(struct bytes header)
{
    static const char *const types[] = {JSON_1_0, JSON_1_1, JSON_PLAIN};
    struct bytes type = bytes_slice(header, 0, bytes_find_byte(header, ';', 0));

    while (type.size > 0 && type.ptr[0] == ' ')
        type = bytes_slice(type, 1, type.size);
    while (type.size > 0 && type.ptr[type.size - 1] == ' ')
        type.size--;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (bytes_equal_ignore_case(type, bytes_of_text(types[i])))
            return types[i];
    return NULL;
}

/* DynamoDB speaks version 1.0 of AWS's JSON protocol, EventBridge and CloudWatch Logs 1.1 (and here
 * 1.0 too). */
static bool is_spoken(const struct api_service *service, const char *type)
{
    return type != NULL &&
           (strcmp(type, JSON_1_1) != 0 || service == &api_events || service == &api_logs);
}

/* An answer is in the version in which it was asked. */
static const char *answer_type(const char *type)
{
    return type != NULL ? type : JSON_PLAIN;
}

/* ---- answers without an operation ---- */

static void answer_health(struct api_call *call)
{
    call->content_type = "text/plain";
    api_answer_status(
        call, 200,
        arena_printf(call->arena, "healthy: dynamodb.%s.amazonaws.com ", call->on->place->region));
}

static void answer_unknown(struct api_call *call)
{
    call->content_type = "application/xml";
    api_answer_status(call, 404, BYTES("<UnknownOperationException/>\n"));
}

static void answer_nothing_here(struct http_request *request)
{
    http_answer(request,
                &(struct http_answer){
                    .status = 404,
                    .content_type = JSON_PLAIN,
                    .body = BYTES("{\"message\":\"Nothing answers here. AWS's services are asked "
                                  "with POST / and X-Amz-Target, functions under "
                                  "/2015-03-31/functions, schedules under /schedules, dynlog "
                                  "itself under /_dynlog.\"}"),
                });
}

/* ---- the ways ---- */

/* Anybody's key may sign unless `start --credentials` says whose. */
static enum status check_signature(struct api_call *call)
{
    const struct api_services *on = call->on;

    if (on->keys == NULL)
        return OK;
    return sigv4_check(on->keys, call->request, clock_machine_ms(timers_clock(on->wall_timers)),
                       &call->error);
}

static enum status check_target(struct api_call *call, struct bytes target)
{
    enum status status = call->body_text.size > 0 ? api_parse_body(call) : OK;

    if (status == OK)
        status = api_find_operation(call, target);
    if (status == OK)
        status = call->on->keys != NULL ? check_signature(call)
                                        : sigv4_check_form(call->request, &call->error);
    return status;
}

static void run_target(struct api_call *call, struct bytes target)
{
    const char *type = media_type(http_header(call->request, "content-type"));

    call->service = api_service_of_target(target);
    call->content_type = answer_type(type);
    if (call->body_text.size > 0 && !is_spoken(call->service, type))
        answer_unknown(call);
    else if (check_target(call, target) == OK)
        api_run_operation(call);
    else
        api_fail(call, &call->error);
}

static void run_query(struct api_call *call)
{
    enum status status = query_prepare(call, http_path(call->request));

    if (status == OK)
        status = call->on->keys != NULL ? check_signature(call)
                                        : sigv4_check_form(call->request, &call->error);
    if (status == OK)
        api_run_operation(call);
    else if (status == NOT_FOUND)
        answer_unknown(call);
    else
        api_fail(call, &call->error);
}

static void run_rest(struct api_call *call)
{
    enum status status = OK;

    call->content_type = JSON_PLAIN;
    status = api_lambda_prepare(call);
    if (status == NOT_FOUND)
        answer_nothing_here(call->request);
    else if (status != OK)
        api_fail(call, &call->error);
    else if (call->operation->input != NULL)
        api_run_operation(call);
    else if (throttle_check(call) != OK)
        api_fail(call, &call->error);
    else
        call->operation->run(call);
}

static void run_scheduler(struct api_call *call)
{
    enum status status = OK;

    call->content_type = JSON_PLAIN;
    status = api_scheduler_prepare(call);
    if (status == OK)
        api_run_operation(call);
    else if (status == NOT_FOUND)
        answer_nothing_here(call->request);
    else
        api_fail(call, &call->error);
}

static void run_pipes(struct api_call *call)
{
    enum status status = OK;

    call->content_type = JSON_PLAIN;
    status = api_pipes_prepare(call);
    if (status == OK)
        api_run_operation(call);
    else if (status == NOT_FOUND)
        answer_nothing_here(call->request);
    else
        api_fail(call, &call->error);
}

/* dynlog can be stopped, and its logs read, by its own questions: they are no page's to ask. */
static void run_own(struct api_call *call)
{
    if (http_is_foreign(call->request))
        http_answer(call->request,
                    &(struct http_answer){
                        .status = 403,
                        .content_type = JSON_PLAIN,
                        .body = BYTES("{\"message\":\"Web pages of other places may ask AWS's "
                                      "services here (--cors), not dynlog itself.\"}"),
                    });
    else
        api_dynlog_handle(call->api, call->request);
}

bool api_is_of_items(struct api *api, const struct http_request *request)
{
    const struct api_operation *operation =
        map_get(&api->operations, http_header(request, "x-amz-target"));

    return operation != NULL && api_item_operation_of(operation) != NULL &&
           bytes_equal_text(http_method(request), "POST") &&
           (api->services.journeys == NULL || http_header(request, "x-amzn-trace-id").size == 0);
}

size_t api_body_size_max(const struct http_request *request)
{
    return bytes_start_with(http_path(request), BYTES("/2015-03-31/functions"))
               ? API_LAMBDA_BODY_SIZE_MAX
               : HTTP_BODY_SIZE_MAX;
}

void api_handle(void *context, struct http_request *request)
{
    struct api_call *call = api_call_new(context, http_arena(request));
    struct bytes path = http_path(request), target = http_header(request, "x-amz-target");
    bool is_post = bytes_equal_text(http_method(request), "POST");
    bool is_root = bytes_equal_text(path, "/");

    call->request = request;
    call->body_text = http_body(request);
    if (is_post && target.size == 0 && query_is_spoken(request) &&
        !bytes_start_with(path, BYTES("/_dynlog/")))
        run_query(call);
    else if (is_post && (is_root || target.size > 0) && !bytes_start_with(path, BYTES("/_dynlog/")))
        run_target(call, target);
    else if (is_root && bytes_equal_text(http_method(request), "GET"))
        answer_health(call);
    else if (is_root)
        answer_unknown(call);
    else if (check_signature(call) != OK)
        api_fail(call, &call->error);
    else if (bytes_start_with(path, BYTES("/_dynlog/")))
        run_own(call);
    else if (bytes_start_with(path, BYTES("/20")))
        run_rest(call);
    else if (api_pipes_is_asked(path))
        run_pipes(call);
    else if (api_scheduler_is_asked(path))
        run_scheduler(call);
    else
        answer_nothing_here(request);
}
