/* api/dynlog/log.c - GET /_dynlog/log: events in the one order, from the first on and as they are
 * committed.
 *
 *   ?table=NAME             of one table; else of every table of events
 *   ?log=L &id=ID &type=T   only these; nothing else is looked at
 *   ?from=POSITION          events after it
 *   ?to=POSITION            up to it
 *   ?limit=N                at most so many
 *   ?backward=true          the last one first
 *   ?items=true             each with its item as DynamoDB has it
 *   ?follow=true or false   goes on with new ones, or ends. Unless said: true, but not with to,
 *                           limit or backward
 *   Without from: new ones when it follows, else from the first.
 *
 * While the order of an older table is being filled (order/order.h) who follows waits, and
 * everybody else is refused: 503, IN_USE. So no answer is short because of it.
 *
 * A JSON line each (log_page.h says what is in it), with a blank line every ten seconds that says
 * that the connection is alive. With "Accept: text/event-stream" server-sent events, whose id is
 * the position; Last-Event-ID is from then, or (backward) where it goes on below. Of events of
 * several tables at one position the last has the id: who lost some of them gets all again. A
 * client that does not read what it was sent is not sent more until it does. */
#include "api/dynlog/dynlog.h"
#include "api/dynlog/log_page.h"

#define ALIVE_MS 10000
#define WAITING_SIZE_MAX ((size_t)1024 * 1024)
#define LOOK_AGAIN_MS 20 /* when the client is slow, or the store failed */

struct log_question {
    struct log_page_read read;
    uint64_t to, limit; /* 0: none */
    bool follow, as_events, with_items;
};

struct log_stream {
    struct api *api;
    struct http_request *request;
    struct list in_api;
    struct stream_listener listener;
    struct timer timer;
    struct log_question on; /* read: where it is */
    uint64_t left;          /* events that may still be sent */
};

/* ---- the question ---- */

/* False: it is neither. *ret stays when it is not there. */
static bool read_flag(struct http_request *request, const char *name, bool *ret)
{
    struct bytes text = {NULL, 0};

    if (!http_query(request, name, &text))
        return true;
    *ret = text.size == 0 || bytes_equal_text(text, "true");
    return *ret || bytes_equal_text(text, "false");
}

static bool read_number(struct http_request *request, const char *name, uint64_t *ret)
{
    struct bytes text = {NULL, 0};

    return !http_query(request, name, &text) || bytes_to_uint64(text, ret);
}

static bool wants_events(const struct http_request *request)
{
    return bytes_find(http_header(request, "accept"), BYTES("text/event-stream")) != SIZE_MAX;
}

/* Last-Event-ID is as far as the client has got, however it asked at first. */
static bool read_last_id(struct bytes text, struct log_question *ret)
{
    uint64_t position = 0;

    if (!bytes_to_uint64(text, &position))
        return false;
    if (!ret->read.backward)
        ret->read.after = position;
    else if (ret->read.before == 0 || position < ret->read.before)
        ret->read.before = position > 0 ? position : 1; /* 0: no bound */
    return true;
}

static const char *read_from(struct api *api, struct http_request *request,
                             struct log_question *ret)
{
    struct bytes last = http_header(request, "last-event-id"), text = {NULL, 0};

    ret->read.after = ret->follow ? store_last_position(api->services.store) : 0;
    if (http_query(request, "from", &text) && !bytes_to_uint64(text, &ret->read.after))
        return "from is a position: a number from 0";
    if (ret->as_events && last.size > 0 && !read_last_id(last, ret))
        return "Last-Event-ID is a position: a number";
    return NULL;
}

/* NULL: it is read. Else what is wrong with it. */
static const char *read_question(struct api *api, struct http_request *request,
                                 struct log_question *ret)
{
    struct order_filter *filter = &ret->read.filter;
    struct bytes ignored = {NULL, 0};
    bool ends = http_query(request, "to", &ignored) || http_query(request, "limit", &ignored);

    http_query(request, "table", &ret->read.table);
    http_query(request, "log", &filter->log);
    http_query(request, "id", &filter->id);
    http_query(request, "type", &filter->type);
    ret->as_events = wants_events(request);
    if (filter->id.size > 0 && filter->log.size == 0)
        return "id is one of a log: say which with log";
    if (!read_flag(request, "backward", &ret->read.backward))
        return "backward is true or false";
    ret->follow = !ends && !ret->read.backward;
    if (!read_flag(request, "follow", &ret->follow))
        return "follow is true or false";
    if (!read_flag(request, "items", &ret->with_items))
        return "items is true or false";
    if (ret->follow && ret->read.backward)
        return "backward begins with the last event, so it can't follow new ones";
    if (!read_number(request, "to", &ret->to) || ret->to == UINT64_MAX)
        return "to is a position: a number from 0";
    if (!read_number(request, "limit", &ret->limit) ||
        (http_query(request, "limit", &ignored) && ret->limit == 0))
        return "limit is a number from 1";
    ret->read.before = http_query(request, "to", &ignored) ? ret->to + 1 : 0;
    return read_from(api, request, ret);
}

/* A table that is named is one of events. */
static bool check_table(struct api *api, struct http_request *request, struct bytes name)
{
    const struct table *table = name.size > 0 ? engine_table_ref(api->services.engine, name) : NULL;
    bool is_there = table != NULL, takes = is_there && order_takes(&table->key);

    engine_table_unref(table);
    if (name.size > 0 && !is_there)
        api_dynlog_refuse(
            request, 404,
            arena_printf(http_arena(request), "there is no table %.*s", BYTES_ARG(name)));
    else if (name.size > 0 && !takes)
        api_dynlog_refuse(
            request, 400,
            arena_printf(http_arena(request),
                         "the table %.*s has no events: its keys are not pk (S) and sk (N)",
                         BYTES_ARG(name)));
    return name.size == 0 || takes;
}

/* ---- sending ---- */

static bool is_last_at_position(const struct log_page *page, size_t i)
{
    return i + 1 == page->count || page->list[i + 1].entry.position != page->list[i].entry.position;
}

static void send_event(struct log_stream *stream, struct arena *arena,
                       const struct log_page_event *event, bool with_id)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    if (stream->on.as_events && with_id)
        buffer_printf(&out, "id: %llu\n", (unsigned long long)event->entry.position);
    if (stream->on.as_events)
        buffer_append_text(&out, "data: ");
    log_event_print(&out, arena, event, stream->on.with_items);
    buffer_append_text(&out, stream->on.as_events ? "\n\n" : "\n");
    http_stream_write(stream->request, buffer_bytes(&out));
    stream->left--;
}

static void send_alive(struct log_stream *stream)
{
    http_stream_write(stream->request, stream->on.as_events ? BYTES(":\n\n") : BYTES("\n"));
}

/* It can go on, waits for news, waits because something is slow, or has sent everything. */
enum sent { SENT_PAGE, SENT_ALL, SENT_SLOWLY, SENT_END };

static bool is_over(const struct log_stream *stream, const struct log_page *page)
{
    const struct log_question *on = &stream->on;

    return stream->left == 0 || (page->at_end && !page->filling && !on->follow) ||
           (on->read.before != 0 && !on->read.backward && page->next + 1 >= on->read.before);
}

static enum sent send_page(struct log_stream *stream)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct log_page_read *read = &stream->on.read;
    struct log_page page;

    if (http_stream_waiting(stream->request) > WAITING_SIZE_MAX)
        return SENT_SLOWLY;
    if (log_page_read(stream->api, read, arena, &page) != OK)
        return SENT_SLOWLY;
    for (size_t i = 0; i < page.count && stream->left > 0; i++)
        send_event(stream, arena, &page.list[i], is_last_at_position(&page, i));
    if (is_over(stream, &page))
        return SENT_END;
    *(read->backward ? &read->before : &read->after) = page.next;
    if (page.filling && !stream->on.follow)
        return SENT_SLOWLY;
    return page.at_end ? SENT_ALL : SENT_PAGE;
}

static void leave(struct log_stream *stream)
{
    timer_cancel(stream->api->services.wall_timers, &stream->timer);
    streams_unlisten(&stream->listener);
    list_remove(&stream->in_api);
}

static void send_all(struct log_stream *stream)
{
    struct timers *timers = stream->api->services.wall_timers;
    enum sent sent = SENT_PAGE;

    while (sent == SENT_PAGE)
        sent = send_page(stream);
    if (sent == SENT_END) {
        leave(stream);
        http_stream_end(stream->request);
        return;
    }
    timer_set_after(timers, &stream->timer, sent == SENT_ALL ? ALIVE_MS : LOOK_AGAIN_MS);
}

static bool has_news(const struct log_stream *stream)
{
    return stream->on.read.after < store_last_position(stream->api->services.store);
}

static void committed(struct stream_listener *listener, uint64_t last_position)
{
    struct log_stream *stream = CONTAINER_OF(listener, struct log_stream, listener);

    (void)last_position;
    if (has_news(stream))
        send_all(stream);
}

static void timer_fired(struct timer *timer)
{
    struct log_stream *stream = CONTAINER_OF(timer, struct log_stream, timer);

    if (stream->on.follow && !has_news(stream))
        send_alive(stream);
    send_all(stream);
}

static void gone(void *context)
{
    leave(context);
}

void api_end_streams(struct api *api)
{
    LIST_EACH (&api->log_streams, it) {
        struct log_stream *stream = LIST_ITEM(it, struct log_stream, in_api);

        leave(stream);
        http_stream_end(stream->request);
    }
    api_dynlog_end_journeys(api);
    api_dynlog_end_members(api);
}

void api_dynlog_log(struct api *api, struct http_request *request)
{
    struct log_stream *stream = ARENA_NEW(http_arena(request), struct log_stream);
    const char *wrong = read_question(api, request, &stream->on);
    struct bytes filling = {NULL, 0};

    if (wrong != NULL) {
        api_dynlog_refuse(request, 400, bytes_of_text(wrong));
        return;
    }
    if (!check_table(api, request, stream->on.read.table))
        return;
    filling = log_page_filling(api, stream->on.read.table, http_arena(request));
    if (!stream->on.follow && filling.size > 0) {
        api_dynlog_refuse_filling(request, filling);
        return;
    }
    stream->api = api;
    stream->request = request;
    stream->left = stream->on.limit != 0 ? stream->on.limit : UINT64_MAX;
    stream->listener.committed = committed;
    stream->timer.fire = timer_fired;
    streams_listen(api->services.streams, &stream->listener);
    list_append(&api->log_streams, &stream->in_api);
    http_stream_begin(request, 200,
                      stream->on.as_events ? "text/event-stream" : "application/x-ndjson", gone,
                      stream);
    send_all(stream);
}
