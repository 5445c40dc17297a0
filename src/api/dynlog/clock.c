/* api/dynlog/clock.c - /_dynlog/clock: what time it is for tables, queues, functions and the bus,
 * and for a manual clock, how it goes on.
 *
 *   GET   {"clock":"manual","now":"2026-01-31T09:30:00.000Z","next":"2026-01-31T09:31:00.000Z"}
 *         next: when something is due next; null when nothing is
 *   POST  {"advance":"1h30m"}, {"advance":"PT90M"}, {"advance":90}   by so long (base/duration.h)
 *         {"to":"2026-02-01T00:00:00Z"}                              until then
 *         {"to":"next"}                                              until something is due
 *
 * POST goes step by step: to the next due time, then everything settles, and on. It answers at the
 * end with what GET answers and the number of steps. A client that goes away ends it after the step
 * that is under way. */
#include "api/dynlog/dynlog.h"

#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>

struct clock_call {
    struct api *api;
    struct http_request *request;
    bool answered;
};

static void answer(struct api *api, struct http_request *request,
                   const struct api_clock_moved *moved)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    api->services.server.write_clock(api->services.server.context, &w);
    if (moved != NULL)
        json_member_int(&w, "steps", (int64_t)moved->steps);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- what is asked for ---- */

#define HOW                                                                                        \
    "{\"advance\":\"1h30m\"}, {\"advance\":\"PT90M\"}, {\"advance\":90}, "                         \
    "{\"to\":\"2026-01-31T09:30:00Z\"} or {\"to\":\"next\"} moves the clock"

static bool read_advance(const struct json *value, struct api_clock_move *ret)
{
    struct bytes text = json_is(value, JSON_NUMBER) ? json_number_text(value) : json_string(value);

    ret->to = API_CLOCK_BY;
    return duration_parse(text, &ret->ms);
}

static bool read_to(const struct json *value, struct api_clock_move *ret)
{
    struct bytes text = json_string(value);

    ret->to = bytes_equal_text(text, "next") ? API_CLOCK_NEXT : API_CLOCK_TO;
    return ret->to == API_CLOCK_NEXT || clock_parse_iso(text, &ret->ms);
}

/* NULL, or what is wrong. */
static const char *read_move(struct arena *arena, struct bytes body, struct api_clock_move *ret)
{
    const struct json *json = NULL, *advance = NULL, *to = NULL;

    if (json_parse(arena, body, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return "The body is no JSON object: " HOW;
    advance = json_get(json, "advance");
    to = json_get(json, "to");
    if (json_count(json) != 1 || (advance == NULL && to == NULL))
        return "The body has either advance or to, and nothing else: " HOW;
    if (advance != NULL && !read_advance(advance, ret))
        return "advance is no duration, or longer than a thousand years: " HOW;
    if (to != NULL && !read_to(to, ret))
        return "to is no time of ISO 8601: " HOW;
    return NULL;
}

/* ---- moving ---- */

static void refuse_past(struct clock_call *call)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(512);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct json_writer w = JSON_WRITER(&out);
    const struct json *json = NULL;
    char message[256];

    json_begin_object(&w);
    call->api->services.server.write_clock(call->api->services.server.context, &w);
    json_end_object(&w);
    if (json_parse(arena, buffer_bytes(&out), &json, NULL) != OK)
        assert(false && "what was printed is JSON");
    snprintf(message, sizeof message, "The clock is at %.*s already and does not go back",
             BYTES_ARG(json_string(json_get(json, "now"))));
    api_dynlog_refuse(call->request, 409, bytes_of_text(message));
}

static void moved(void *waiter, const struct api_clock_moved *result)
{
    struct clock_call *call = waiter;
    char message[256];

    call->answered = true;
    if (result->status == OK) {
        answer(call->api, call->request, result);
    } else if (result->status == REFUSED) {
        refuse_past(call);
    } else {
        snprintf(message, sizeof message,
                 "The clock stopped after %" PRIu64 " steps: %s; ask where it is with GET",
                 result->steps,
                 result->status == CLOSED ? "dynlog stops" : status_text(result->status));
        api_dynlog_refuse(call->request, 503, bytes_of_text(message));
    }
}

static void gone(void *context)
{
    struct clock_call *call = context;

    if (call->answered)
        return;
    call->answered = true;
    call->api->services.server.forget_move(call->api->services.server.context, call);
    api_dynlog_refuse(call->request, 499, BYTES("nobody is there to take it"));
}

void api_dynlog_clock(struct api *api, struct http_request *request)
{
    answer(api, request, NULL);
}

void api_dynlog_move_clock(struct api *api, struct http_request *request)
{
    const struct api_server_door *server = &api->services.server;
    struct clock_call *call = ARENA_NEW(http_arena(request), struct clock_call);
    struct api_clock_move move = {0};
    const char *wrong = read_move(http_arena(request), http_body(request), &move);

    if (wrong != NULL) {
        api_dynlog_refuse(request, 400, bytes_of_text(wrong));
        return;
    }
    if (!server->clock_is_manual(server->context)) {
        api_dynlog_refuse(request, 409,
                          BYTES("The clock is the machine's, which nobody moves: start dynlog with "
                                "--clock manual"));
        return;
    }
    call->api = api;
    call->request = request;
    http_on_gone(request, gone, call);
    server->move_clock(server->context, &move, moved, call);
}
