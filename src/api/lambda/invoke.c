/* api/lambda/invoke.c - Invoke (RequestResponse, Event, DryRun) and InvokeAsync. An Event is
 * answered once it is in the durable queue, with the id under which it will run. */
#include "api/internal.h"
#include "api/operations.h"
#include "base/base64.h"

#include <stdio.h>

struct invoke_call {
    struct api_call *call;
    struct invocation invocation;
    bool want_log;
    char trace_header[JOURNEY_TRACE_HEADER_SIZE];
};

/* The name of the path, and ?Qualifier; NAME:QUALIFIER in call->path_name is both. REFUSED: there
 * is no such function, or they don't agree. */
static enum status find(struct api_call *call)
{
    struct bytes qualifier = {NULL, 0}, given = {NULL, 0};
    struct bytes name = function_name_split(call->path_name, &qualifier);
    bool asked = http_query(call->request, "Qualifier", &given) && given.size > 0;

    if (asked && bytes_end_with(call->path_name, qualifier) && !bytes_equal(qualifier, given))
        return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                          "The derived qualifier from the function name does not match the "
                          "specified qualifier.");
    if (asked)
        call->path_name = arena_printf(call->arena, "%.*s:%.*s", BYTES_ARG(name), BYTES_ARG(given));
    if (functions_find(call->on->functions, call->path_name) != NULL)
        return OK;
    return api_refuse(
        &call->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Function not found: %.*s",
        BYTES_ARG(functions_arn(call->on->functions, call->arena,
                                name.size > 0 && !asked ? function_name_of(call->path_name)
                                                        : call->path_name)));
}

/* ---- RequestResponse ---- */

static struct bytes log_result(struct invoke_call *invoke)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(FUNCTION_LOG_TAIL_SIZE_MAX * 2);

    base64_encode(&text, invoke->invocation.log_tail);
    return arena_copy(invoke->call->arena, buffer_bytes(&text));
}

static void answer_result(struct invoke_call *invoke)
{
    struct http_header_pair headers[4];
    struct http_answer answer = {
        .status = 200,
        .content_type = "application/json",
        .headers = headers,
        .body = invoke->invocation.result,
    };

    headers[answer.header_count++] = (struct http_header_pair){
        BYTES("x-amzn-RequestId"), bytes_of_text(invoke->invocation.request_id)};
    headers[answer.header_count++] = (struct http_header_pair){
        BYTES("X-Amz-Executed-Version"), bytes_of_text(invoke->invocation.version)};
    if (invoke->invocation.failed)
        headers[answer.header_count++] =
            (struct http_header_pair){BYTES("X-Amz-Function-Error"), BYTES("Unhandled")};
    if (invoke->want_log)
        headers[answer.header_count++] =
            (struct http_header_pair){BYTES("X-Amz-Log-Result"), log_result(invoke)};
    http_answer(invoke->call->request, &answer);
}

/* ---- for the journeys ---- */

static void tell_begin(struct invoke_call *invoke)
{
    const struct api_call *call = invoke->call;
    struct invocation *invocation = &invoke->invocation;
    struct journeys *journeys = call->on->journeys;

    id_uuid(invocation->request_id);
    journey_invocation(journeys, &(struct journey_invocation){
                                     .request_id = bytes_of_text(invocation->request_id),
                                     .function_name = invocation->function_name,
                                     .trace_header = invocation->trace_id,
                                     .synchronous = true,
                                 });
    journey_attempt_begins(journeys, invocation->request_id, invocation->function_name,
                           invoke->trace_header);
    if (invocation->trace_id.size == 0) /* else the handler gets what its client sent */
        invocation->trace_id = bytes_of_text(invoke->trace_header);
}

static void tell_end(const struct invoke_call *invoke)
{
    const struct invocation *invocation = &invoke->invocation;
    bool ran = invocation->status == OK;
    struct journey_end end = {.result = JOURNEY_DONE};

    if (ran) {
        end.duration_us = invocation->duration_us;
        end.result = invocation->failed ? JOURNEY_FAILED : JOURNEY_DONE;
        end.payload = invocation->failed ? invocation->result : BYTES("");
    } else {
        end.result = invocation->status == REFUSED ? JOURNEY_FAILED : JOURNEY_STOPPED;
        end.code = bytes_of_text(api_error_name(invocation->error.kind));
        end.message = bytes_of_text(invocation->error.message);
    }
    journey_attempt_ends(invoke->call->on->journeys, invocation->request_id, &end);
    end.duration_us = 0;
    journey_invocation_ends(invoke->call->on->journeys, invocation->request_id, &end);
}

static void invoked(struct invocation *invocation)
{
    struct invoke_call *invoke = CONTAINER_OF(invocation, struct invoke_call, invocation);

    tell_end(invoke);
    if (invocation->status == OK) {
        answer_result(invoke);
    } else if (invocation->status == REFUSED) {
        api_fail(invoke->call, &invocation->error);
    } else {
        api_refuse(&invoke->call->error, API_SERVICE_UNAVAILABLE, "dynlog is stopping");
        api_fail(invoke->call, &invoke->call->error);
    }
}

static enum status decode_client_context(struct api_call *call, struct bytes *ret)
{
    struct bytes text = http_header(call->request, "x-amz-client-context");
    const struct json *context = NULL;

    if (text.size == 0)
        return OK;
    if (text.size > FUNCTION_CLIENT_CONTEXT_SIZE_MAX)
        return api_refuse(&call->error, API_LAMBDA_INVALID_REQUEST_CONTENT,
                          "Client context must not be larger than %zu bytes.",
                          FUNCTION_CLIENT_CONTEXT_SIZE_MAX);
    if (base64_decode(call->arena, text, ret) != BASE64_NO_FAULT ||
        json_parse(call->arena, *ret, &context, NULL) != OK || !json_is(context, JSON_OBJECT))
        return api_refuse(&call->error, API_LAMBDA_INVALID_REQUEST_CONTENT,
                          "Client context must be a valid Base64-encoded JSON object.");
    return OK;
}

static void invoke_and_wait(struct api_call *call)
{
    struct invoke_call *invoke = ARENA_NEW(call->arena, struct invoke_call);
    enum status status = OK;

    invoke->call = call;
    invoke->want_log = bytes_equal_text(http_header(call->request, "x-amz-log-type"), "Tail");
    invoke->invocation = (struct invocation){
        .function_name = call->path_name,
        .payload = call->body_text,
        .trace_id = http_header(call->request, "x-amzn-trace-id"),
        .done = invoked,
    };
    status = decode_client_context(call, &invoke->invocation.client_context);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    tell_begin(invoke);
    functions_invoke(call->on->functions, &invoke->invocation);
}

/* ---- Event ---- */

struct event_call {
    struct api_call *call;
    struct async_invocation invocation;
    struct store_work work;
};

static void write_event(struct store_batch *batch, struct store_work *work)
{
    struct event_call *event = CONTAINER_OF(work, struct event_call, work);

    functions_async_write(event->call->on->functions, batch, &event->invocation);
}

static void event_written(struct store_work *work, enum status status)
{
    struct event_call *event = CONTAINER_OF(work, struct event_call, work);

    if (status != OK) {
        api_fail_status(event->call, status);
        return;
    }
    struct http_header_pair id = {BYTES("x-amzn-RequestId"),
                                  bytes_of_text(event->invocation.request_id)};
    struct http_answer answer = {
        .status = 202, .content_type = "application/json", .headers = &id, .header_count = 1};

    journey_invocation(event->call->on->journeys,
                       &(struct journey_invocation){
                           .request_id = bytes_of_text(event->invocation.request_id),
                           .function_name = event->invocation.function_name,
                           .trace_header = api_trace_header(event->call),
                       });
    functions_async_written(event->call->on->functions, &event->invocation);
    http_answer(event->call->request, &answer);
}

static void invoke_event(struct api_call *call)
{
    struct event_call *event = ARENA_NEW(call->arena, struct event_call);

    if (call->body_text.size > FUNCTION_EVENT_SIZE_MAX) {
        api_refuse(&call->error, API_REQUEST_TOO_LARGE,
                   "%zu byte payload is too large for the Event invocation type (limit %zu bytes)",
                   call->body_text.size, FUNCTION_EVENT_SIZE_MAX);
        api_fail(call, &call->error);
        return;
    }
    event->call = call;
    event->invocation = (struct async_invocation){
        .function_name = call->path_name,
        .payload = call->body_text.size > 0 ? call->body_text : BYTES("{}"),
    };
    event->work.run = write_event;
    event->work.done = event_written;
    store_submit(call->on->store, call->on->port, &event->work);
}

/* ---- the operations ---- */

static enum status check_payload(struct api_call *call)
{
    const struct json *payload = NULL;

    if (call->body_text.size == 0)
        return OK;
    if (call->body_text.size > FUNCTION_PAYLOAD_SIZE_MAX)
        return api_refuse(&call->error, API_REQUEST_TOO_LARGE,
                          "%zu byte payload is too large for the RequestResponse invocation type "
                          "(limit %zu bytes)",
                          call->body_text.size, FUNCTION_PAYLOAD_SIZE_MAX);
    if (json_parse(call->arena, call->body_text, &payload, NULL) != OK)
        return api_refuse(&call->error, API_LAMBDA_INVALID_REQUEST_CONTENT,
                          "Could not parse request body into json: the payload is not JSON");
    return OK;
}

void api_invoke(struct api_call *call)
{
    struct bytes type = http_header(call->request, "x-amz-invocation-type");
    enum status status = find(call);

    if (status == OK)
        status = check_payload(call);
    if (status != OK) {
        api_fail_status(call, status);
    } else if (type.size == 0 || bytes_equal_text(type, "RequestResponse")) {
        invoke_and_wait(call);
    } else if (bytes_equal_text(type, "Event")) {
        invoke_event(call);
    } else if (bytes_equal_text(type, "DryRun")) {
        api_answer_status(call, 204, BYTES(""));
    } else {
        api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                   "Value '%.*s' at 'invocationType' failed to satisfy constraint: Member must "
                   "satisfy enum value set: [Event, RequestResponse, DryRun]",
                   BYTES_ARG(type));
        api_fail(call, &call->error);
    }
}

void api_invoke_async(struct api_call *call)
{
    enum status status = find(call);

    if (status == OK)
        status = check_payload(call);
    if (status == OK)
        invoke_event(call);
    else
        api_fail_status(call, status);
}
