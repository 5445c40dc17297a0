/* api/dynlog/log.c - GET /_dynlog/log: the events of logs as they are committed, a JSON line each.
 *
 *   ?table=NAME     one change stream; else every table with one
 *   ?from=POSITION  events after it; else only new ones
 *   ?log=L &type=T  only these
 *
 *   {"position":7,"time":1785000000000,"log":"users","key":{"pk":"users#12#stream","sk":1},
 *    "type":"signup","payload":{...}}
 *
 * A blank line every ten seconds says that the connection is alive. A client that does not read
 * what it was sent is not sent more until it does. */
#include "api/dynlog/dynlog.h"

#include <stdlib.h>

#define ALIVE_MS 10000
#define WAITING_SIZE_MAX ((size_t)1024 * 1024)
#define PAGE_MAX 500
#define LOOK_AGAIN_MS 20 /* when the client is slow, or the store failed */

struct log_stream {
    struct api *api;
    struct http_request *request;
    struct list in_api;
    struct stream_listener listener;
    struct timer timer;
    struct bytes table, log, type; /* empty: any */
    uint64_t after;
};

/* ---- one event as a line ---- */

static bool matches(const struct bytes wanted, const struct value *value)
{
    return wanted.size == 0 ||
           (value != NULL && value->type == VALUE_S && bytes_equal(wanted, value->bytes));
}

static void print_line(struct buffer *out, const struct change *change, const struct item *item)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "position");
    json_write_uint(&w, change->position);
    json_key(&w, "time");
    json_write_uint(&w, change->time_ms);
    value_member_plain(&w, "log", item_get_text(item, "log"));
    json_key(&w, "key");
    json_begin_object(&w);
    value_member_plain(&w, "pk", item_get_text(item, "pk"));
    value_member_plain(&w, "sk", item_get_text(item, "sk"));
    json_end_object(&w);
    value_member_plain(&w, "type", item_get_text(item, "type"));
    value_member_plain(&w, "payload", item_get_text(item, "payload"));
    json_end_object(&w);
    buffer_append_byte(out, '\n');
}

static void send_change(struct log_stream *stream, struct arena *arena, const struct change *change)
{
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    const struct value *pk = NULL;
    struct item item;

    if (change->kind == CHANGE_REMOVE || change->new_image.size == 0 ||
        item_decode(arena, change->new_image, &item) != OK)
        return;
    pk = item_get_text(&item, "pk");
    if (pk == NULL || pk->type != VALUE_S || !bytes_end_with(pk->bytes, BYTES("#stream")))
        return;
    if (!matches(stream->log, item_get_text(&item, "log")) ||
        !matches(stream->type, item_get_text(&item, "type")))
        return;
    print_line(&line, change, &item);
    http_stream_write(stream->request, buffer_bytes(&line));
}

/* ---- pages of all streams, merged by position ---- */

struct merge {
    struct change *changes;
    size_t count, capacity;
    uint64_t complete_to; /* every stream was read at least this far */
};

static int by_position(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    return x->position < y->position ? -1 : x->position > y->position;
}

/* False: it can't be read now. */
static bool read_stream(struct log_stream *stream, const struct engine_stream *from,
                        struct arena *arena, struct merge *merge)
{
    struct streams *streams = stream->api->services.streams;
    struct stream_page page = {0};
    bool trimmed = false;
    uint64_t after = stream->after, oldest = streams_trimmed_to(streams, from->stream.id);

    if (after < oldest)
        after = oldest;

    struct stream_read read = {.stream_id = from->stream.id,
                               .after = after,
                               .limit = PAGE_MAX,
                               .size_max = WAITING_SIZE_MAX};

    if (streams_read_all(streams, &read, arena, &page, &trimmed) != OK)
        return false;
    if (page.next_after < merge->complete_to)
        merge->complete_to = page.next_after;
    merge->changes = arena_grow(arena, merge->changes, merge->count, merge->count + page.count,
                                &merge->capacity, sizeof *merge->changes);
    for (size_t i = 0; i < page.count; i++)
        merge->changes[merge->count++] = page.changes[i];
    return true;
}

/* Sends what is there; false when the client has to catch up first, or the store can't be read. */
static bool send_page(struct log_stream *stream)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine_stream *streams = NULL;
    size_t count = 0;
    struct merge merge = {.complete_to = store_last_position(stream->api->services.store)};

    if (http_stream_waiting(stream->request) > WAITING_SIZE_MAX)
        return false;
    engine_streams(stream->api->services.engine, arena, &streams, &count);
    for (size_t i = 0; i < count; i++)
        if ((stream->table.size == 0 || bytes_equal(stream->table, streams[i].table_name)) &&
            !read_stream(stream, &streams[i], arena, &merge))
            return false;
    if (merge.count > 0)
        qsort(merge.changes, merge.count, sizeof *merge.changes, by_position);
    for (size_t i = 0; i < merge.count && merge.changes[i].position <= merge.complete_to; i++)
        send_change(stream, arena, &merge.changes[i]);
    if (merge.complete_to > stream->after)
        stream->after = merge.complete_to;
    return true;
}

static void send_all(struct log_stream *stream)
{
    struct timers *timers = stream->api->services.wall_timers;
    bool going = true;

    while (going && stream->after < store_last_position(stream->api->services.store))
        going = send_page(stream);
    timer_set_after(timers, &stream->timer, going ? ALIVE_MS : LOOK_AGAIN_MS);
}

static void committed(struct stream_listener *listener, uint64_t last_position)
{
    (void)last_position;
    send_all(CONTAINER_OF(listener, struct log_stream, listener));
}

static void timer_fired(struct timer *timer)
{
    struct log_stream *stream = CONTAINER_OF(timer, struct log_stream, timer);

    if (stream->after >= store_last_position(stream->api->services.store))
        http_stream_write(stream->request, BYTES("\n"));
    send_all(stream);
}

static void gone(void *context)
{
    struct log_stream *stream = context;

    timer_cancel(stream->api->services.wall_timers, &stream->timer);
    streams_unlisten(&stream->listener);
    list_remove(&stream->in_api);
}

void api_end_streams(struct api *api)
{
    LIST_EACH (&api->log_streams, it) {
        struct log_stream *stream = LIST_ITEM(it, struct log_stream, in_api);

        gone(stream);
        http_stream_end(stream->request);
    }
    api_dynlog_end_journeys(api);
}

void api_dynlog_log(struct api *api, struct http_request *request)
{
    struct log_stream *stream = ARENA_NEW(http_arena(request), struct log_stream);
    struct bytes from = {NULL, 0};

    stream->api = api;
    stream->request = request;
    stream->after = store_last_position(api->services.store);
    if (http_query(request, "from", &from) && !bytes_to_uint64(from, &stream->after)) {
        http_answer(request,
                    &(struct http_answer){
                        .status = 400,
                        .content_type = "application/json",
                        .body = BYTES("{\"message\":\"from is a position: a number from 0\"}")});
        return;
    }
    http_query(request, "table", &stream->table);
    http_query(request, "log", &stream->log);
    http_query(request, "type", &stream->type);
    stream->listener.committed = committed;
    stream->timer.fire = timer_fired;
    streams_listen(api->services.streams, &stream->listener);
    list_append(&api->log_streams, &stream->in_api);
    http_stream_begin(request, 200, "application/x-ndjson", gone, stream);
    send_all(stream);
}
