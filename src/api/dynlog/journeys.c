/* api/dynlog/journeys.c - GET /_dynlog/journeys: what happened to events (journey/journey.h).
 *
 *   ?event=EVENT   of this one: its key (users#12#stream/1), its id, its invocation's request id,
 *                  eventID of its change record, its trace (1-...)
 *   ?table=NAME    only of this table's items
 *   ?failed=true   only those that ended badly, or were tried again
 *   ?since=TIME    only those that began then or later: 2026-01-31T09:30:00Z, milliseconds since
 *                  1970, or how long ago (5m)
 *   ?limit=N       at most so many, the newest first; else 20
 *   ?follow=true   goes on: a line for each journey that changed, until the client leaves
 *
 *   {"journeys":[JOURNEY, ...]}     docs/journeys.md
 *
 * An event that nothing was told of, whose item was written a while ago: its append is all there is
 * to say. One that is not known at all: 404, and what to try. */
#include "api/dynlog/dynlog.h"
#include "base/duration.h"

#include <inttypes.h>
#include <stdlib.h>

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 1000
#define FOLLOW_MS 20 /* hops that come together are one line */
#define ALIVE_MS 10000
#define WAITING_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define SEARCHED_TABLES_MAX 100 /* that a key is looked for in */

/* ---- the question ---- */

static bool read_flag(struct http_request *request, const char *name, bool *ret)
{
    struct bytes text = {NULL, 0};

    *ret = false;
    if (!http_query(request, name, &text))
        return true;
    *ret = text.size == 0 || bytes_equal_text(text, "true");
    return *ret || bytes_equal_text(text, "false");
}

static bool read_since(struct http_request *request, uint64_t now_ms, uint64_t *ret)
{
    struct bytes text = {NULL, 0};
    uint64_t ago_ms = 0;

    *ret = 0;
    if (!http_query(request, "since", &text) || clock_parse_iso(text, ret))
        return true;
    if (text.size >= 12 && bytes_to_uint64(text, ret))
        return true;
    if (!duration_parse(text, &ago_ms))
        return false;
    *ret = now_ms > ago_ms ? now_ms - ago_ms : 0;
    return true;
}

static bool read_limit(struct http_request *request, size_t *ret)
{
    struct bytes text = {NULL, 0};
    uint64_t limit = LIMIT_DEFAULT;

    if (http_query(request, "limit", &text) &&
        (!bytes_to_uint64(text, &limit) || limit == 0 || limit > LIMIT_MAX))
        return false;
    *ret = (size_t)limit;
    return true;
}

/* NULL: it is read. Else what is wrong with it. */
static const char *read_query(struct api *api, struct http_request *request,
                              struct journey_query *ret, bool *ret_follow)
{
    uint64_t now_ms = clock_now_ms(timers_clock(api->services.timers));
    struct bytes event = {NULL, 0};

    *ret = (struct journey_query){0};
    http_query(request, "table", &ret->table);
    ret->has_name = http_query(request, "event", &event);
    if (ret->has_name && journey_name_parse(event, &ret->name) != OK)
        return "event is a key (users#12#stream/1), or an id of an event, an invocation, a change "
               "record or a trace";
    if (!read_flag(request, "failed", &ret->failed) || !read_flag(request, "follow", ret_follow))
        return "failed and follow are true or false";
    if (!read_since(request, now_ms, &ret->since_ms))
        return "since is a time (2026-01-31T09:30:00Z), milliseconds since 1970, or how long ago "
               "(5m)";
    if (!read_limit(request, &ret->limit))
        return "limit is a number from 1 to 1000";
    return NULL;
}

/* ---- an append that nothing was told of ---- */

static bool make_value(struct arena *arena, enum value_type type, struct bytes text,
                       struct value *ret)
{
    AUTO(buffer_free) struct buffer wire = BUFFER_INIT(JOURNEY_NAME_SIZE_MAX * 8);
    struct json_writer w = JSON_WRITER(&wire);
    const struct json *json = NULL;
    struct api_error ignored;

    ignored.extra = (struct bytes){NULL, 0};
    json_begin_object(&w);
    json_member_string(&w, value_type_name(type), text);
    json_end_object(&w);
    return json_parse(arena, buffer_bytes(&wire), &json, NULL) == OK &&
           value_from_json(arena, json, ret, &ignored) == OK;
}

/* The sort key stands behind the last slash, as it was printed. */
static bool make_key(struct arena *arena, const struct table *table, struct bytes name,
                     struct item *ret)
{
    const struct key_schema *schema = &table->key;
    size_t slash = name.size;
    struct bytes parts[2] = {name, {NULL, 0}};

    *ret = (struct item){0};
    while (schema->count > 1 && slash > 0 && name.ptr[slash - 1] != '/')
        slash--;
    if (slash == 0)
        return false;
    if (schema->count > 1) {
        parts[0] = bytes_slice(name, 0, slash - 1);
        parts[1] = bytes_slice(name, slash, name.size);
    }
    for (size_t i = 0; i < schema->count && i < ARRAY_COUNT(parts); i++) {
        struct value value;

        if (!make_value(arena, schema->attributes[i].type, parts[i], &value))
            return false;
        item_set(arena, ret, schema->attributes[i].name, value);
    }
    return true;
}

static bool find_in_table(struct api *api, struct arena *arena, struct bytes table_name,
                          struct bytes name, uint64_t *ret_position, uint64_t *ret_time_ms)
{
    const struct table *table = engine_table_ref(api->services.engine, table_name);
    struct item key;
    bool found = table != NULL && make_key(arena, table, name, &key) &&
                 engine_find_append(api->services.engine, table, &key, ret_position, ret_time_ms);

    engine_table_unref(table);
    return found;
}

static void print_append(struct buffer *out, struct bytes table, struct bytes name,
                         uint64_t position, uint64_t time_ms)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "event", name);
    json_member_uint(&w, "began", time_ms);
    json_member_text(&w, "state", "done");
    json_member_bool(&w, "failed", false);
    json_member_bool(&w, "retried", false);
    json_member_text(&w, "note",
                     "no more is known: nothing has read it from a change stream (its table has "
                     "none, or no mapping and no trigger reads it), or its journey was forgotten");
    json_key(&w, "hops");
    json_begin_array(&w);
    json_begin_object(&w);
    json_member_text(&w, "hop", "append");
    json_member_uint(&w, "at", time_ms);
    json_member_int(&w, "after", 0);
    json_member_text(&w, "result", "done");
    json_member_string(&w, "key", name);
    json_member_string(&w, "table", table);
    json_member_uint(&w, "position", position);
    json_end_object(&w);
    json_end_array(&w);
    json_end_object(&w);
}

static size_t print_appends(struct api *api, const struct journey_query *query, struct buffer *out)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes *names = NULL;
    size_t name_count = 0, count = 0;
    bool more = false;

    if (!query->has_name || query->name.kind != JOURNEY_NAME_KEY || query->failed)
        return 0;
    engine_table_names(api->services.engine, (struct bytes){NULL, 0}, SEARCHED_TABLES_MAX, arena,
                       &names, &name_count, &more);
    for (size_t i = 0; i < name_count; i++) {
        uint64_t position = 0, time_ms = 0;

        if ((query->table.size > 0 && !bytes_equal(query->table, names[i])) ||
            !find_in_table(api, arena, names[i], query->name.text, &position, &time_ms) ||
            time_ms < query->since_ms)
            continue;
        if (count++ > 0)
            buffer_append_byte(out, ',');
        print_append(out, names[i], query->name.text, position, time_ms);
    }
    return count;
}

/* ---- one answer ---- */

static void answer_unknown(struct api *api, struct http_request *request)
{
    struct journeys_figures figures;

    journeys_figures(api->services.journeys, &figures);
    api_dynlog_refuse(
        request, 404,
        arena_printf(http_arena(request),
                     "nothing is known of this event. Ask with its key as pk/sk "
                     "(users#12#stream/1), the EventId that PutEvents answered, the request id "
                     "of an invocation, the eventID of a change record or an X-Amzn-Trace-Id. "
                     "Journeys are kept in memory, the latest %zu of them, since the last start",
                     JOURNEYS_COUNT_MAX));
}

static void answer(struct api *api, struct http_request *request, const struct journey_query *query)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    size_t count = 0;

    buffer_append_text(&out, "{\"journeys\":[");
    count = journeys_print(api->services.journeys, query, false, &out);
    if (count == 0)
        count = print_appends(api, query, &out);
    buffer_append_text(&out, "]}");
    if (buffer_failed(&out))
        api_dynlog_refuse(request, 400,
                          BYTES("the answer is too large: ask for fewer, by limit or since"));
    else if (count == 0 && query->has_name)
        answer_unknown(api, request);
    else
        api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- answers that go on ---- */

struct journey_stream {
    struct api *api;
    struct http_request *request;
    struct list in_api;
    struct journey_watcher watcher;
    struct timer timer;
    struct journey_query query;
    struct buffer sent; /* as it was printed last: what did not change is not sent again */
    bool changed;
};

/* The next line; false: there is none. */
static bool take_line(struct bytes *rest, struct bytes *ret)
{
    size_t end = bytes_find_byte(*rest, '\n', 0);

    if (rest->size == 0)
        return false;
    end = end == SIZE_MAX ? rest->size : end + 1;
    *ret = bytes_slice(*rest, 0, end);
    *rest = bytes_slice(*rest, end, rest->size);
    return true;
}

static bool has_line(struct bytes lines, struct bytes wanted)
{
    struct bytes line;

    while (take_line(&lines, &line))
        if (bytes_equal(line, wanted))
            return true;
    return false;
}

static void send_changed(struct journey_stream *stream)
{
    struct buffer now = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct bytes rest, line;

    journeys_print(stream->api->services.journeys, &stream->query, true, &now);
    rest = buffer_bytes(&now);
    while (take_line(&rest, &line))
        if (!has_line(buffer_bytes(&stream->sent), line))
            http_stream_write(stream->request, line);
    buffer_free(&stream->sent);
    stream->sent = now;
}

static void timer_fired(struct timer *timer)
{
    struct journey_stream *stream = CONTAINER_OF(timer, struct journey_stream, timer);
    struct timers *timers = stream->api->services.wall_timers;

    if (http_stream_waiting(stream->request) > WAITING_SIZE_MAX) {
        timer_set_after(timers, timer, FOLLOW_MS);
        return;
    }
    if (stream->changed)
        send_changed(stream);
    else
        http_stream_write(stream->request, BYTES("\n"));
    stream->changed = false;
    timer_set_after(timers, timer, ALIVE_MS);
}

static void changed(struct journey_watcher *watcher)
{
    struct journey_stream *stream = CONTAINER_OF(watcher, struct journey_stream, watcher);

    if (stream->changed)
        return;
    stream->changed = true;
    timer_set_after(stream->api->services.wall_timers, &stream->timer, FOLLOW_MS);
}

static void gone(void *context)
{
    struct journey_stream *stream = context;

    timer_cancel(stream->api->services.wall_timers, &stream->timer);
    journeys_unwatch(&stream->watcher);
    list_remove(&stream->in_api);
    buffer_free(&stream->sent);
}

void api_dynlog_end_journeys(struct api *api)
{
    LIST_EACH (&api->journey_streams, it) {
        struct journey_stream *stream = LIST_ITEM(it, struct journey_stream, in_api);

        gone(stream);
        http_stream_end(stream->request);
    }
}

static void follow(struct api *api, struct http_request *request, const struct journey_query *query)
{
    struct journey_stream *stream = ARENA_NEW(http_arena(request), struct journey_stream);

    stream->api = api;
    stream->request = request;
    stream->query = *query;
    stream->sent = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    stream->watcher.changed = changed;
    stream->timer.fire = timer_fired;
    journeys_watch(api->services.journeys, &stream->watcher);
    list_append(&api->journey_streams, &stream->in_api);
    http_stream_begin(request, 200, "application/x-ndjson", gone, stream);
    changed(&stream->watcher);
}

void api_dynlog_journeys(struct api *api, struct http_request *request)
{
    struct journey_query query;
    bool goes_on = false;
    const char *wrong = read_query(api, request, &query, &goes_on);

    if (wrong != NULL)
        api_dynlog_refuse(request, 400, bytes_of_text(wrong));
    else if (api->services.journeys == NULL)
        api_dynlog_refuse(request, 400,
                          BYTES("no journeys: this dynlog was started with --no-journeys"));
    else if (goes_on)
        follow(api, request, &query);
    else
        answer(api, request, &query);
}
