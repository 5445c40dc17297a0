/* api/dynlog/members.c - members of subscriptions: their connections, and what they answer.
 *
 *   GET  /_dynlog/subscriptions/events ?name=N &group=true &table=T &log=L &id=ID &type=T
 *                                      &from=START &out=N &tries=N &was=TOKEN
 *   POST /_dynlog/subscriptions/done   {"member":TOKEN,"position":P}
 *   POST /_dynlog/subscriptions/failed {"member":TOKEN,"position":P,"reason":TEXT}
 *
 * docs/subscriptions.md says what stands in the lines. The connection is the member: when it ends,
 * the member has left; so it has when its client comes back and says that it was that one, though
 * nothing was heard of its connection's end. A client that does not read what it was sent is not
 * sent more. */
#include "api/dynlog/log_page.h"
#include "api/dynlog/subscriptions.h"

#include "base/id.h"

#define ALIVE_MS 10000
#define LOOK_AGAIN_MS 20 /* when the client is slow, or the store failed */
#define WAITING_SIZE_MAX ((size_t)1024 * 1024)
#define BODY_SIZE_MAX ((size_t)64 * 1024)

struct member_stream {
    struct api *api;
    struct http_request *request;
    struct list in_api;
    struct subscription_join join;
    struct subscription_member *member; /* NULL: not yet, or not any more */
    struct timer pump;                  /* there may be something */
    struct timer alive;
    char token[ID_UUID_SIZE];
    bool as_events, gone;
    bool told_end; /* and sent nothing since */
};

/* ---- lines ---- */

static void send_line(struct member_stream *stream, const char *kind, uint64_t position,
                      struct bytes json)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    if (stream->as_events) {
        if (position > 0)
            buffer_printf(&out, "id: %llu\n", (unsigned long long)position);
        buffer_printf(&out, "event: %s\ndata: ", kind);
    }
    buffer_append(&out, json);
    buffer_append_text(&out, stream->as_events ? "\n\n" : "\n");
    http_stream_write(stream->request, buffer_bytes(&out));
    timer_set_after(stream->api->services.wall_timers, &stream->alive, ALIVE_MS);
}

static void send_member(struct member_stream *stream)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "member", stream->token);
    json_member_string(&w, "name", stream->join.use.name);
    json_member_uint(&w, "position", stream->join.position);
    json_member_bool(&w, "new", stream->join.is_new);
    json_end_object(&w);
    send_line(stream, "member", 0, buffer_bytes(&out));
}

/* A line of /_dynlog/log with one member more. */
static void send_event(struct member_stream *stream, struct arena *arena,
                       const struct subscription_event *event)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct log_page_event line = {
        .table = stream->join.use.table_name,
        .entry = {.position = event->position, .event = event->event, .item = event->item}};

    log_event_print(&out, arena, &line, false);
    assert(out.size > 0 && out.ptr[out.size - 1] == '}');
    out.size--;
    buffer_printf(&out, ",\"try\":%u%s}", event->try_number,
                  event->returned ? ",\"returned\":true" : "");
    send_line(stream, "event", event->position, buffer_bytes(&out));
}

static void send_end(struct member_stream *stream)
{
    char text[64];
    int size = snprintf(text, sizeof text, "{\"end\":%llu}",
                        (unsigned long long)store_last_position(stream->api->services.store));

    send_line(stream, "end", 0, bytes_of(text, (size_t)size));
    stream->told_end = true;
}

/* ---- sending what there is ---- */

static void look_again(struct member_stream *stream, uint64_t after_ms)
{
    timer_set_after(stream->api->services.wall_timers, &stream->pump, after_ms);
}

static void pump(struct member_stream *stream)
{
    while (stream->member != NULL) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct subscription_event event;
        bool at_end = false;
        enum status status = OK;

        if (http_stream_waiting(stream->request) > WAITING_SIZE_MAX) {
            look_again(stream, LOOK_AGAIN_MS);
            return;
        }
        status = subscription_next(stream->member, arena, &event, &at_end);
        if (status == OK) {
            send_event(stream, arena, &event);
            stream->told_end = false;
            continue;
        }
        if (status == NOT_FOUND && at_end && !stream->told_end)
            send_end(stream);
        if (status != NOT_FOUND && status != CONFLICT)
            look_again(stream, LOOK_AGAIN_MS);
        return;
    }
}

static void pump_fired(struct timer *timer)
{
    pump(CONTAINER_OF(timer, struct member_stream, pump));
}

/* Within a call of subscriptions': later, on the loop. */
static void wake(void *context)
{
    look_again(context, 0);
}

static void alive_fired(struct timer *timer)
{
    struct member_stream *stream = CONTAINER_OF(timer, struct member_stream, alive);

    http_stream_write(stream->request, stream->as_events ? BYTES(":\n\n") : BYTES("\n"));
    timer_set_after(stream->api->services.wall_timers, &stream->alive, ALIVE_MS);
}

/* ---- coming and going ---- */

static void leave(struct member_stream *stream)
{
    subscription_leave(stream->member);
    stream->member = NULL;
    timer_cancel(stream->api->services.wall_timers, &stream->pump);
    timer_cancel(stream->api->services.wall_timers, &stream->alive);
    list_remove(&stream->in_api);
}

static void stream_gone(void *context)
{
    leave(context);
}

static void gone_before(void *context)
{
    struct member_stream *stream = context;

    stream->gone = true;
}

void api_dynlog_end_members(struct api *api)
{
    api->ending = true;
    LIST_EACH (&api->member_streams, it) {
        struct member_stream *stream = LIST_ITEM(it, struct member_stream, in_api);

        leave(stream);
        http_stream_end(stream->request);
    }
}

static void joined(struct subscription_join *join, enum status status)
{
    struct member_stream *stream = CONTAINER_OF(join, struct member_stream, join);

    if (status != OK) {
        subscriptions_fail(stream->request, status, &join->error);
        return;
    }
    if (stream->gone || stream->api->ending) {
        subscription_leave(join->member);
        api_dynlog_refuse_named(stream->request, 503, "UNAVAILABLE", BYTES("It is being stopped."));
        return;
    }
    id_uuid(stream->token);
    stream->member = join->member;
    list_append(&stream->api->member_streams, &stream->in_api);
    http_stream_begin(stream->request, 200,
                      stream->as_events ? "text/event-stream" : "application/x-ndjson", stream_gone,
                      stream);
    if (stream->member == NULL)
        return; /* it went within that */
    send_member(stream);
    pump(stream);
}

static bool read_number(struct http_request *request, const char *name, uint64_t otherwise,
                        uint64_t max, uint64_t *ret)
{
    struct bytes text = {NULL, 0};

    *ret = otherwise;
    if (!http_query(request, name, &text))
        return true;
    return bytes_to_uint64(text, ret) && *ret >= 1 && *ret <= max;
}

/* NULL: it is read. Else what is wrong with it. */
static const char *read_join(struct http_request *request, struct subscription_join *join)
{
    struct bytes group = {NULL, 0};
    uint64_t out = 0, tries = 0;

    join->use.table_name = BYTES("local-dynamodb-logs");
    http_query(request, "name", &join->use.name);
    http_query(request, "table", &join->use.table_name);
    http_query(request, "log", &join->use.filter.log);
    http_query(request, "id", &join->use.filter.id);
    http_query(request, "type", &join->use.filter.type);
    join->use.group = http_query(request, "group", &group) && !bytes_equal_text(group, "false");
    if (join->use.group && group.size > 0 && !bytes_equal_text(group, "true"))
        return "group is true or false.";
    if (!read_number(request, "out", 1, SUBSCRIPTION_OUT_MAX, &out))
        return "out is a number from 1 to 100: how many events a member has at a time.";
    if (!read_number(request, "tries", SUBSCRIPTION_TRIES_DEFAULT, SUBSCRIPTION_TRIES_MAX, &tries))
        return "tries is a number from 1 to 1000: so many failures park an event.";
    join->out_max = (size_t)out;
    join->tries_max = (uint32_t)tries;
    return NULL;
}

static struct member_stream *find_member(struct api *api, struct bytes token)
{
    LIST_EACH (&api->member_streams, it) {
        struct member_stream *stream = LIST_ITEM(it, struct member_stream, in_api);

        if (bytes_equal_text(token, stream->token))
            return stream;
    }
    return NULL;
}

/* The connection that broke for its client, and perhaps not for us. */
static void end_earlier(struct api *api, struct http_request *request)
{
    struct member_stream *stream = NULL;
    struct bytes was = {NULL, 0};

    if (!http_query(request, "was", &was))
        return;
    stream = find_member(api, was);
    if (stream == NULL)
        return;
    leave(stream);
    http_stream_end(stream->request);
}

static void refuse_invalid(struct http_request *request, const char *why)
{
    api_dynlog_refuse_named(request, 400, "INVALID", bytes_of_text(why));
}

void api_dynlog_subscription_events(struct api *api, struct http_request *request)
{
    struct member_stream *stream = ARENA_NEW(http_arena(request), struct member_stream);
    struct subscription_join *join = &stream->join;
    const char *wrong = read_join(request, join);
    struct bytes from = BYTES("now");
    enum status status = OK;

    if (wrong != NULL) {
        refuse_invalid(request, wrong);
        return;
    }
    join->use.table_id = subscriptions_find_table(api, request, join->use.table_name);
    if (join->use.table_id == 0)
        return;
    http_query(request, "from", &from);
    status = subscriptions_read_from(api, join->use.table_id, from, &join->use.after);
    if (status != OK) {
        if (status == REFUSED)
            refuse_invalid(request, "from is \"start\", \"now\", a position, or a time: "
                                    "2026-01-31T09:30:00Z.");
        else
            subscriptions_fail(request, status, NULL);
        return;
    }
    stream->api = api;
    stream->request = request;
    stream->as_events =
        bytes_find(http_header(request, "accept"), BYTES("text/event-stream")) != SIZE_MAX;
    stream->pump.fire = pump_fired;
    stream->alive.fire = alive_fired;
    join->wake = wake;
    join->context = stream;
    join->done = joined;
    http_on_gone(request, gone_before, stream);
    end_earlier(api, request);
    subscription_join(api->services.subscriptions, api->services.port, join);
}

/* ---- answers ---- */

struct answer_call {
    struct api *api;
    struct http_request *request;
    struct bytes token;
    struct subscription_answer answer;
};

static void refuse_given_back(struct http_request *request)
{
    api_dynlog_refuse_named(request, 409, "IN_USE",
                            BYTES("This member does not have that event: its connection ended and "
                                  "the event was given back, or it was answered already."));
}

static void answered(struct subscription_answer *answer, enum status status)
{
    struct answer_call *call = CONTAINER_OF(answer, struct answer_call, answer);
    struct member_stream *stream = find_member(call->api, call->token);
    struct bytes json = BYTES("{}");

    if (answer->failed && answer->parked)
        json = BYTES("{\"parked\":true}");
    else if (answer->failed)
        json = arena_printf(http_arena(call->request), "{\"parked\":false,\"try\":%u}",
                            answer->next_number);
    if (status == OK)
        api_dynlog_answer(call->request, 200, json);
    else if (status == NOT_FOUND)
        refuse_given_back(call->request);
    else
        subscriptions_fail(call->request, status, NULL);
    if (stream != NULL)
        pump(stream); /* it has room for another one */
}

static void answer(struct api *api, struct http_request *request, bool failed)
{
    struct answer_call *call = ARENA_NEW(http_arena(request), struct answer_call);
    struct member_stream *stream = NULL;
    const struct json *body = NULL;

    if (http_body(request).size > BODY_SIZE_MAX ||
        json_parse(http_arena(request), http_body(request), &body, NULL) != OK ||
        !json_is(json_get(body, "member"), JSON_STRING) ||
        !json_uint64(json_get(body, "position"), &call->answer.position)) {
        refuse_invalid(request, failed ? "Expected {\"member\":TOKEN,\"position\":POSITION,"
                                         "\"reason\":TEXT}."
                                       : "Expected {\"member\":TOKEN,\"position\":POSITION}.");
        return;
    }
    call->api = api;
    call->request = request;
    call->token = json_string(json_get(body, "member"));
    call->answer.failed = failed;
    call->answer.reason = json_string(json_get(body, "reason"));
    call->answer.done = answered;
    stream = find_member(api, call->token);
    if (stream == NULL)
        refuse_given_back(request);
    else
        subscription_answer(stream->member, api->services.port, &call->answer);
}

void api_dynlog_event_done(struct api *api, struct http_request *request)
{
    answer(api, request, false);
}

void api_dynlog_event_failed(struct api *api, struct http_request *request)
{
    answer(api, request, true);
}
