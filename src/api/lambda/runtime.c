/* api/lambda/runtime.c - the Runtime API's HTTP side: what a worker asks and answers on its own
 * listener. (AWS: Lambda developer guide, "Using the Lambda runtime API for custom runtimes".)
 *
 *   GET  /2018-06-01/runtime/invocation/next
 *   POST /2018-06-01/runtime/invocation/ID/response
 *   POST /2018-06-01/runtime/invocation/ID/error
 *   POST /2018-06-01/runtime/init/error
 *   POST /_dynlog/loaded                       what the worker loaded (functions/reload.h)
 *
 * Extensions and their APIs are refused by name. */
#include "api/api.h"

#define RUNTIME "/2018-06-01/runtime/"

struct next_wait { /* a GET next on its way */
    struct http_request *request;
    struct worker *worker;
    bool answered;
};

static void answer_text(struct http_request *request, int status, const char *text)
{
    http_answer(request, &(struct http_answer){.status = status,
                                               .content_type = "application/json",
                                               .body = bytes_of_text(text)});
}

static void send_next(struct http_request *request, const struct runtime_next *next)
{
    char deadline[DECIMAL_SIZE];
    struct http_header_pair headers[5];
    struct http_answer answer = {.status = 200,
                                 .content_type = "application/json",
                                 .headers = headers,
                                 .body = next->payload};

    headers[answer.header_count++] =
        (struct http_header_pair){BYTES("Lambda-Runtime-Aws-Request-Id"), next->request_id};
    headers[answer.header_count++] = (struct http_header_pair){
        BYTES("Lambda-Runtime-Deadline-Ms"), bytes_decimal(next->deadline_ms, deadline)};
    headers[answer.header_count++] =
        (struct http_header_pair){BYTES("Lambda-Runtime-Invoked-Function-Arn"), next->function_arn};
    headers[answer.header_count++] =
        (struct http_header_pair){BYTES("Lambda-Runtime-Trace-Id"), next->trace_id};
    if (next->client_context.size > 0)
        headers[answer.header_count++] =
            (struct http_header_pair){BYTES("Lambda-Runtime-Client-Context"), next->client_context};
    http_answer(request, &answer);
}

/* next NULL: the worker is stopped, and its connection goes with this answer. */
static void give_next(void *context, const struct runtime_next *next)
{
    struct next_wait *wait = context;

    wait->answered = true;
    if (next != NULL)
        send_next(wait->request, next);
    else
        answer_text(wait->request, 500, "{\"errorType\":\"Stopped\"}");
}

static void next_gone(void *context)
{
    struct next_wait *wait = context;

    if (wait->answered)
        return;
    wait->answered = true;
    worker_next_gone(wait->worker);
    answer_text(wait->request, 500, "{}"); /* nobody is there to take it: frees the request */
}

static void handle_next(struct worker *worker, struct http_request *request)
{
    struct next_wait *wait = ARENA_NEW(http_arena(request), struct next_wait);

    wait->request = request;
    wait->worker = worker;
    http_on_gone(request, next_gone, wait);
    if (!wait->answered)
        worker_next(worker, give_next, wait);
}

static void handle_result(struct worker *worker, struct http_request *request,
                          struct bytes request_id, bool error)
{
    struct bytes body = http_body(request);
    bool known =
        error ? worker_error(worker, request_id, body) : worker_response(worker, request_id, body);

    if (known)
        answer_text(request, 202, "{\"status\":\"OK\"}");
    else
        answer_text(request, 403,
                    "{\"errorType\":\"InvalidRequestID\",\"errorMessage\":\"Invalid "
                    "request ID\"}");
}

static bool streams_response(const struct http_request *request)
{
    return bytes_equal_ignore_case(http_header(request, "lambda-runtime-function-response-mode"),
                                   BYTES("streaming"));
}

/* What extensions ask: of the Extensions API, the Telemetry API and the Logs API. */
static bool is_of_extension(struct bytes path)
{
    return bytes_find(path, BYTES("/extension/")) != SIZE_MAX ||
           bytes_end_with(path, BYTES("/telemetry")) || bytes_end_with(path, BYTES("/logs"));
}

static void handle_loaded(struct worker *worker, struct http_request *request)
{
    worker_loaded(worker, http_body(request));
    answer_text(request, 202, "{}");
}

static void handle_init_error(struct worker *worker, struct http_request *request)
{
    worker_init_error(worker, http_body(request));
    answer_text(request, 202, "{\"status\":\"OK\"}");
}

static void refuse(struct http_request *request, struct bytes path)
{
    if (is_of_extension(path))
        answer_text(request, 403,
                    "{\"errorType\":\"Extension.NotSupported\",\"errorMessage\":\"dynlog runs no "
                    "extensions: they can't be registered, and have no telemetry\"}");
    else
        answer_text(request, 404,
                    "{\"errorType\":\"NotFound\",\"errorMessage\":\"dynlog knows the "
                    "Runtime API of 2018-06-01; extensions are not supported\"}");
}

void api_handle_runtime(void *context, struct http_request *request)
{
    struct worker *worker = context;
    struct bytes path = http_path(request), prefix = BYTES(RUNTIME "invocation/");
    bool post = bytes_equal_text(http_method(request), "POST");
    struct bytes rest =
        bytes_start_with(path, prefix) ? bytes_slice(path, prefix.size, path.size) : BYTES("");
    size_t slash = bytes_find_byte(rest, '/', 0);

    if (!post && bytes_equal_text(rest, "next"))
        handle_next(worker, request);
    else if (post && bytes_equal_text(path, "/_dynlog/loaded"))
        handle_loaded(worker, request);
    else if (post && bytes_equal_text(path, RUNTIME "init/error"))
        handle_init_error(worker, request);
    else if (post && streams_response(request))
        answer_text(request, 400,
                    "{\"errorType\":\"InvalidResponseMode\",\"errorMessage\":"
                    "\"dynlog does not support response streaming\"}");
    else if (post && slash != SIZE_MAX && bytes_end_with(rest, BYTES("/response")))
        handle_result(worker, request, bytes_slice(rest, 0, slash), false);
    else if (post && slash != SIZE_MAX && bytes_end_with(rest, BYTES("/error")))
        handle_result(worker, request, bytes_slice(rest, 0, slash), true);
    else
        refuse(request, path);
}
