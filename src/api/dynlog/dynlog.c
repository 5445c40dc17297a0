/* api/dynlog/dynlog.c - /_dynlog/...: what AWS has no API for.
 *
 *   GET  /_dynlog/health       {"status":"ok"}
 *   GET  /_dynlog/status       tables, functions, what is in flight
 *   GET  /_dynlog/metrics      for Prometheus
 *   POST /_dynlog/drain        answers when nothing is in flight (drain.c)
 *   GET, POST /_dynlog/clock   told and, a manual one, moved (clock.c)
 *   POST /_dynlog/stop         an orderly stop, as Ctrl-C
 *   GET  /_dynlog/log          events in the one order, from the first on and live (log.c)
 *   GET  /_dynlog/logs         which logs and types there are, /_dynlog/streams: of a log (logs.c)
 *   GET, POST /_dynlog/shards  of a change stream: told, rolled, split (shards.c)
 *   GET, POST, DELETE /_dynlog/faults   failures on demand (faults.c)
 *   GET, POST /_dynlog/subscriptions   names and groups (subscriptions.c, members.c)
 *   GET  /_dynlog/journeys     what happened to events (journeys.c)
 *   GET, POST, DELETE /_dynlog/holds    functions whose invocations wait (holds.c)
 *   GET, PUT /_dynlog/private  private logs, POST /_dynlog/forget  a stream of one (private.c)
 *   GET, POST /_dynlog/backup  a copy of the data folder: made, and how far it is (backup.c)
 *   POST /_dynlog/unseal       payloads of events that are archived sealed (unseal.c)
 *   GET  /_dynlog/operations   the table of operations */
#include "api/dynlog/dynlog.h"

#define REFUSAL_SIZE_MAX ((size_t)64 * 1024)

void api_dynlog_answer(struct http_request *request, int status, struct bytes body)
{
    http_answer(request, &(struct http_answer){
                             .status = status, .content_type = "application/json", .body = body});
}

void api_dynlog_refuse(struct http_request *request, int status, struct bytes why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REFUSAL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "message", why);
    json_end_object(&w);
    api_dynlog_answer(request, status, buffer_bytes(&out));
}

void api_dynlog_refuse_named(struct http_request *request, int http_status, const char *name,
                             struct bytes why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REFUSAL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "error", name);
    json_member_string(&w, "message", why);
    json_end_object(&w);
    api_dynlog_answer(request, http_status, buffer_bytes(&out));
}

void api_dynlog_fail(struct http_request *request, enum status status)
{
    if (status == NO_SPACE)
        api_dynlog_refuse_named(request, 503, "NO_SPACE", BYTES(API_NO_SPACE_MESSAGE));
    else
        api_dynlog_refuse_named(request, 503, "UNAVAILABLE", bytes_of_text(status_text(status)));
}

void api_dynlog_refuse_filling(struct http_request *request, struct bytes table)
{
    const struct http_header_pair retry = {BYTES("Retry-After"), BYTES("1")};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REFUSAL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "error", "IN_USE");
    json_member_string(&w, "message",
                       arena_printf(http_arena(request),
                                    "the order of the events of table %.*s is being made, because "
                                    "an older dynlog wrote it; ask again in a moment",
                                    BYTES_ARG(table)));
    json_end_object(&w);
    http_answer(request, &(struct http_answer){.status = 503,
                                               .content_type = "application/json",
                                               .headers = &retry,
                                               .header_count = 1,
                                               .body = buffer_bytes(&out)});
}

static void handle_health(struct api *api, struct http_request *request)
{
    (void)api;
    api_dynlog_answer(request, 200,
                      BYTES("{\"status\":\"ok\",\"version\":\"" DYNLOG_VERSION "\"}"));
}

static void handle_status(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    api->services.server.status(api->services.server.context, &w);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

static void handle_metrics(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    api->services.server.metrics(api->services.server.context, &out);
    http_answer(request, &(struct http_answer){.status = 200,
                                               .content_type = "text/plain; version=0.0.4",
                                               .body = buffer_bytes(&out)});
}

static void handle_operations(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    (void)api;
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        json_member_text(&w, "service", operations[i].service->name);
        json_member_text(&w, "operation", operations[i].name);
        json_member_text(&w, "note", operations[i].note);
        json_end_object(&w);
    }
    json_end_array(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

static void handle_stop(struct api *api, struct http_request *request)
{
    api_dynlog_answer(request, 202, BYTES("{\"stopping\":true}"));
    api->services.server.stop(api->services.server.context);
}

/* ---- */

static const struct {
    const char *method, *path;
    void (*handle)(struct api *api, struct http_request *request);
} questions[] = {
    {"GET", "/_dynlog/health", handle_health},
    {"GET", "/_dynlog/status", handle_status},
    {"GET", "/_dynlog/metrics", handle_metrics},
    {"GET", "/_dynlog/operations", handle_operations},
    {"GET", "/_dynlog/log", api_dynlog_log},
    {"GET", "/_dynlog/logs", api_dynlog_logs},
    {"GET", "/_dynlog/streams", api_dynlog_streams},
    {"GET", "/_dynlog/subscriptions", api_dynlog_subscriptions},
    {"GET", "/_dynlog/subscriptions/events", api_dynlog_subscription_events},
    {"GET", "/_dynlog/subscriptions/parked", api_dynlog_parked},
    {"GET", "/_dynlog/subscriptions/position", api_dynlog_position_at},
    {"POST", "/_dynlog/subscriptions/done", api_dynlog_event_done},
    {"POST", "/_dynlog/subscriptions/failed", api_dynlog_event_failed},
    {"POST", "/_dynlog/subscriptions/unpark", api_dynlog_unpark},
    {"POST", "/_dynlog/subscriptions/reset", api_dynlog_reset_subscription},
    {"POST", "/_dynlog/subscriptions/delete", api_dynlog_delete_subscription},
    {"GET", "/_dynlog/journeys", api_dynlog_journeys},
    {"GET", "/_dynlog/shards", api_dynlog_shards},
    {"POST", "/_dynlog/shards", api_dynlog_change_shards},
    {"GET", "/_dynlog/private", api_dynlog_private},
    {"PUT", "/_dynlog/private", api_dynlog_make_private},
    {"POST", "/_dynlog/private", api_dynlog_make_private},
    {"POST", "/_dynlog/forget", api_dynlog_forget},
    {"POST", "/_dynlog/unseal", api_dynlog_unseal},
    {"POST", "/_dynlog/drain", api_dynlog_drain},
    {"GET", "/_dynlog/clock", api_dynlog_clock},
    {"POST", "/_dynlog/clock", api_dynlog_move_clock},
    {"POST", "/_dynlog/stop", handle_stop},
    {"GET", "/_dynlog/faults", api_dynlog_get_faults},
    {"POST", "/_dynlog/faults", api_dynlog_post_faults},
    {"DELETE", "/_dynlog/faults", api_dynlog_delete_faults},
    {"GET", "/_dynlog/holds", api_dynlog_get_holds},
    {"POST", "/_dynlog/holds", api_dynlog_post_holds},
    {"DELETE", "/_dynlog/holds", api_dynlog_delete_holds},
    {"GET", "/_dynlog/backup", api_dynlog_backup},
    {"POST", "/_dynlog/backup", api_dynlog_begin_backup},
};

void api_dynlog_handle(struct api *api, struct http_request *request)
{
    bool path_known = false;

    for (size_t i = 0; i < ARRAY_COUNT(questions); i++) {
        if (!bytes_equal_text(http_path(request), questions[i].path))
            continue;
        path_known = true;
        if (bytes_equal_text(http_method(request), questions[i].method)) {
            questions[i].handle(api, request);
            return;
        }
    }
    if (path_known)
        api_dynlog_answer(
            request, 405,
            BYTES("{\"message\":\"drain, stop, forget, unseal and what changes a subscription are "
                  "asked with POST, private with GET and PUT, shards, the clock and backup with "
                  "GET and POST, faults and holds with GET, POST and DELETE, the others with "
                  "GET\"}"));
    else
        api_dynlog_answer(
            request, 404,
            BYTES("{\"message\":\"dynlog answers /_dynlog/health, status, metrics, "
                  "operations, log, logs, streams, subscriptions, journeys, shards, "
                  "private, forget, unseal, clock, faults, holds, backup, drain and stop\"}"));
}
