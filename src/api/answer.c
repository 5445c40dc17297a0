/* api/answer.c - how an operation ends: AWS's headers, the checksum, the error's form.
 *
 *   target services  {"__type":"com.amazonaws.dynamodb.v20120810#NAME","message":"..."}
 *                    (of some errors it is spelt "Message")
 *   REST services    status, x-amzn-ErrorType: NAME, {"Type":"User","Message":"..."}
 *   Query protocol   XML (query.h); what speaks both says its code beside JSON too:
 *                    x-amzn-query-error: CODE;Sender */
#include "api/internal.h"
#include "api/shape.h"

#include "api/query.h"
#include "base/id.h"

#include <stdio.h>

/* Errors that AWS's protocol layer gives, before any service looks: they carry its prefix. */
static const char *error_prefix(const struct api_service *service, enum api_error_kind kind)
{
    if (service == NULL)
        service = &api_dynamodb;
    if (service->error_prefix[0] == '\0')
        return "";
    if (kind == API_VALIDATION)
        return "com.amazon.coral.validate#";
    if (kind == API_SERIALIZATION || kind == API_UNKNOWN_OPERATION ||
        kind == API_MISSING_AUTHENTICATION_TOKEN || kind == API_INCOMPLETE_SIGNATURE ||
        kind == API_INVALID_SIGNATURE || kind == API_UNRECOGNIZED_CLIENT ||
        kind == API_ACCESS_DENIED || kind == API_INVALID_PARAMETER_VALUE ||
        kind == API_MISSING_PARAMETER)
        return "com.amazon.coral.service#";
    return service->error_prefix;
}

static struct bytes date_of(struct api *api)
{
    uint64_t now_ms = clock_now_ms(timers_clock(api->services.wall_timers));

    if (api->date_s != now_ms / 1000) {
        api->date_s = now_ms / 1000;
        clock_format_http(now_ms, api->date);
    }
    return bytes_of_text(api->date);
}

static void send_answer(struct api_call *call, int http_status, struct bytes body,
                        const struct http_header_pair *more)
{
    char request_id[ID_REQUEST_SIZE], crc[DECIMAL_SIZE], position[DECIMAL_SIZE];
    struct http_header_pair headers[7];
    struct http_answer answer = {
        .status = http_status,
        .content_type = call->content_type,
        .headers = headers,
        .body = body,
    };

    if (call->request == NULL) {
        call->local_done(call->local_context, http_status, body);
        return;
    }
    headers[answer.header_count++] = (struct http_header_pair){BYTES("Date"), date_of(call->api)};
    id_request(request_id);
    headers[answer.header_count++] =
        (struct http_header_pair){BYTES("x-amzn-RequestId"), bytes_of_text(request_id)};
    if (http_gzip(call->request, &answer.body))
        headers[answer.header_count++] =
            (struct http_header_pair){BYTES("Content-Encoding"), BYTES("gzip")};
    /* AWS's is of what is sent, compressed or not. */
    headers[answer.header_count++] = (struct http_header_pair){
        BYTES("x-amz-crc32"), bytes_decimal(http_checksum(answer.body), crc)};
    if (http_status == 429) /* Lambda's retryAfterSeconds */
        headers[answer.header_count++] =
            (struct http_header_pair){BYTES("Retry-After"), BYTES("1")};
    if (call->position > 0) {
        headers[answer.header_count++] = (struct http_header_pair){
            BYTES("x-dynlog-position"), bytes_decimal(call->position, position)};
    }
    if (more != NULL)
        headers[answer.header_count++] = *more;
    http_answer(call->request, &answer);
}

void api_answer(struct api_call *call, struct bytes json)
{
    if (buffer_failed(&call->api->scratch)) { /* never half an answer */
        api_refuse(&call->error, API_INTERNAL,
                   "The answer would be larger than %zu MB; ask for "
                   "fewer items at once",
                   API_ANSWER_SIZE_MAX / (1024 * 1024));
        api_fail(call, &call->error);
        return;
    }
    send_answer(call, 200, call->query != NULL ? query_answer(call, json) : json, NULL);
}

void api_answer_status(struct api_call *call, int http_status, struct bytes json)
{
    send_answer(call, http_status, json, NULL);
}

/* Asked by paths: errors have their names in a header. */
static bool is_rest(const struct api_service *service)
{
    return service == &api_lambda || service == &api_scheduler || service == &api_pipes;
}

/* As AWS's model and its protocol layer spell it. */
static const char *message_name(const struct api_service *service, enum api_error_kind kind)
{
    bool capital = (is_rest(service) && service != &api_pipes) || kind == API_SERIALIZATION ||
                   kind == API_ACCESS_DENIED || kind == API_TRANSACTION_CANCELED ||
                   kind == API_TRANSACTION_IN_PROGRESS || kind == API_IDEMPOTENT_PARAMETER_MISMATCH;

    return capital ? "Message" : "message";
}

/* Of two faults in a body AWS tells a wrong JSON type, wherever it stands. */
static const struct api_error *first_fault(struct api_call *call, const struct api_error *error)
{
    struct api_error *other = NULL;

    if (error->kind != API_VALIDATION || call->operation == NULL ||
        call->operation->input == NULL || !json_is(call->body, JSON_OBJECT))
        return error;
    other = ARENA_NEW(call->arena, struct api_error);
    return shape_check_values(call->operation->input, call->body, call->arena, other) == OK ? error
                                                                                            : other;
}

void api_fail(struct api_call *call, const struct api_error *error)
{
    error = first_fault(call, error);
    api_fail_with(call, error, bytes_of_text(error->message));
}

/* What stands beside an error: empty when nothing does. */
static struct http_header_pair
error_header(struct api_call *call, const struct api_service *service, enum api_error_kind kind)
{
    const struct query_service *query = service != NULL ? query_of(service) : NULL;

    if (query != NULL)
        return (struct http_header_pair){
            BYTES("x-amzn-query-error"),
            arena_printf(call->arena, "%s;%s", query_code(query, kind),
                         api_error_http_status(kind) >= 500 ? "Receiver" : "Sender")};
    if (is_rest(service))
        return (struct http_header_pair){BYTES("x-amzn-ErrorType"),
                                         bytes_of_text(api_error_name(kind))};
    return (struct http_header_pair){{NULL, 0}, {NULL, 0}};
}

/* CloudWatch Logs has a name of its own for what a shape refuses. */
static const char *service_error_name(const struct api_service *service, enum api_error_kind kind)
{
    if (kind == API_VALIDATION && service != NULL && service->validation != NULL)
        return service->validation;
    return api_error_name(kind);
}

void api_fail_with(struct api_call *call, const struct api_error *error, struct bytes message)
{
    const struct api_service *service =
        call->operation != NULL ? call->operation->service : call->service;
    const char *name = service_error_name(service, error->kind);
    bool rest = service == &api_lambda && call->request != NULL; /* locally there is no header */
    struct http_header_pair header = {{NULL, 0}, {NULL, 0}};
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    if (call->query != NULL) {
        send_answer(call, api_error_http_status(error->kind),
                    query_error(call, error->kind, message), NULL);
        return;
    }

    json_begin_object(&w);
    if (rest) {
        json_member_text(&w, "Type",
                         api_error_http_status(error->kind) >= 500 ? "Service" : "User");
        json_member_string(&w, "Message", message);
    } else {
        char type[128];

        snprintf(type, sizeof type, "%s%s", error_prefix(service, error->kind), name);
        json_member_text(&w, "__type", type);
        json_member_string(&w, message_name(service, error->kind), message);
    }
    buffer_append(out, error->extra);
    json_end_object(&w);
    header = error_header(call, service, error->kind);
    send_answer(call, api_error_http_status(error->kind), buffer_bytes(out),
                header.name.size > 0 ? &header : NULL);
}

void api_fail_status(struct api_call *call, enum status status)
{
    if (status != REFUSED)
        api_error_of_status(&call->error, status);
    api_fail(call, &call->error);
}

/* Empty: who asks has not said it. */
static struct bytes header_of(const struct api_call *call, const char *name)
{
    if (call->request != NULL)
        return http_header(call->request, name);
    return bytes_equal_text(call->local_header.name, name) ? call->local_header.value
                                                           : (struct bytes){NULL, 0};
}

struct bytes api_replay_name(const struct api_call *call)
{
    return header_of(call, "x-dynlog-replay");
}

bool api_wants_positions(const struct api_call *call)
{
    return bytes_equal_text(header_of(call, "x-dynlog-positions"), "true");
}

struct bytes api_trace_header(const struct api_call *call)
{
    return header_of(call, "x-amzn-trace-id");
}
