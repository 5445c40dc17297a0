/* api/dynlog/logs.c - which event logs, types and streams there are (order/order.h).
 *
 *   GET /_dynlog/logs                    ?table=NAME: of one table; else of every table of events
 *     {"logs":[{"table":"local-dynamodb-logs","log":"users","events":3,"lastPosition":7,
 *               "types":[{"type":"signup","events":2,"lastPosition":6}, ...]}, ...]}
 *
 *   GET /_dynlog/streams?log=users       ?table=NAME, else "local-dynamodb-logs" or the only one
 *                                        ?after=ID: the page behind it; ?limit=N, else 100
 *     {"table":"local-dynamodb-logs","log":"users","streams":[{"id":"12","version":3,
 *      "lastPosition":7}, ...],"next":"12"}       next: for `after`, when there are more
 *
 * 503, IN_USE while the order of an older table is being filled. */
#include "api/dynlog/dynlog.h"

#include "order/order.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000

/* Says why it is not OK. */
static void refuse_status(struct http_request *request, struct bytes table, enum status status)
{
    struct arena *arena = http_arena(request);

    if (status == NOT_FOUND)
        api_dynlog_refuse(request, 404,
                          arena_printf(arena,
                                       "there is no table %.*s of events (keys pk (S) and sk (N))",
                                       BYTES_ARG(table)));
    else if (status == IN_USE)
        api_dynlog_refuse_filling(request, table);
    else
        api_dynlog_refuse(request, 500,
                          arena_printf(arena, "table %.*s can't be read: %s", BYTES_ARG(table),
                                       status_text(status)));
}

/* NOT_FOUND: there is none, or it has no events. IN_USE: it is being filled. */
static enum status find_table(struct api *api, struct bytes name, uint32_t *ret_id)
{
    const struct table *table = engine_table_ref(api->services.engine, name);
    bool takes = table != NULL && order_takes(&table->key), is_filled = false;
    enum status status = NOT_FOUND;

    if (takes)
        *ret_id = table->id;
    engine_table_unref(table);
    if (takes)
        status = order_is_filled(api->services.store, NULL, *ret_id, &is_filled);
    return status == OK && !is_filled ? IN_USE : status;
}

/* ---- logs ---- */

static void print_types(struct json_writer *w, const struct order_count *counts, size_t count)
{
    json_key(w, "types");
    json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(w);
        json_member_string(w, "type", counts[i].type);
        json_member_uint(w, "events", counts[i].events);
        json_member_uint(w, "lastPosition", counts[i].last_position);
        json_end_object(w);
    }
    json_end_array(w);
}

/* One log: counts of its types. */
static void print_log(struct json_writer *w, struct bytes table, const struct order_count *counts,
                      size_t count)
{
    uint64_t events = 0, last = 0;

    for (size_t i = 0; i < count; i++) {
        events += counts[i].events;
        last = counts[i].last_position > last ? counts[i].last_position : last;
    }
    json_begin_object(w);
    json_member_string(w, "table", table);
    json_member_string(w, "log", counts[0].log);
    json_member_uint(w, "events", events);
    json_member_uint(w, "lastPosition", last);
    print_types(w, counts, count);
    json_end_object(w);
}

static enum status print_logs(struct api *api, struct json_writer *w, struct bytes table)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_count *counts = NULL;
    size_t count = 0;
    uint32_t id = 0;
    enum status status = find_table(api, table, &id);

    if (status == OK)
        status = order_counts(api->services.store, NULL, id, (struct bytes){NULL, 0}, arena,
                              &counts, &count);
    for (size_t from = 0, to = 0; status == OK && from < count; from = to) {
        for (to = from; to < count && bytes_equal(counts[to].log, counts[from].log);)
            to++;
        print_log(w, table, &counts[from], to - from);
    }
    return status;
}

void api_dynlog_logs(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct bytes one = {NULL, 0}, *names = &one;
    size_t count = 1;
    bool more = false, named = http_query(request, "table", &one);

    if (!named)
        engine_table_names(api->services.engine, (struct bytes){NULL, 0}, TABLES_MAX,
                           http_arena(request), &names, &count, &more);
    json_begin_object(&w);
    json_key(&w, "logs");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        enum status status = print_logs(api, &w, names[i]);

        if (status != OK && (named || status != NOT_FOUND)) {
            refuse_status(request, names[i], status);
            return;
        }
    }
    json_end_array(&w);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- streams ---- */

struct streams_question {
    struct bytes table, log, after;
    uint64_t limit;
};

/* The one that is asked for, or the only table of events. */
static bool choose_table(struct api *api, struct http_request *request, struct bytes *ret)
{
    struct bytes *names = NULL;
    size_t count = 0, found = 0;
    bool more = false;
    uint32_t id = 0;

    if (http_query(request, "table", ret))
        return true;
    engine_table_names(api->services.engine, (struct bytes){NULL, 0}, TABLES_MAX,
                       http_arena(request), &names, &count, &more);
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_text(names[i], "local-dynamodb-logs")) {
            *ret = names[i];
            return true;
        }
        if (find_table(api, names[i], &id) != NOT_FOUND) {
            found++;
            *ret = names[i];
        }
    }
    return found == 1;
}

static const char *read_question(struct api *api, struct http_request *request,
                                 struct streams_question *ret)
{
    struct bytes text = {NULL, 0};

    *ret = (struct streams_question){.limit = LIMIT_DEFAULT};
    if (!http_query(request, "log", &ret->log) || ret->log.size == 0)
        return "streams are those of a log: say which with log";
    http_query(request, "after", &ret->after);
    if (http_query(request, "limit", &text) &&
        (!bytes_to_uint64(text, &ret->limit) || ret->limit == 0 || ret->limit > LIMIT_MAX))
        return "limit is a number from 1 to 1000";
    if (!choose_table(api, request, &ret->table))
        return "there are several tables of events, or none: say which with table";
    return NULL;
}

static void print_streams(struct buffer *out, const struct streams_question *on,
                          const struct order_stream *streams, size_t count, bool more)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "table", on->table);
    json_member_string(&w, "log", on->log);
    json_key(&w, "streams");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "id", streams[i].id);
        json_member_uint(&w, "version", streams[i].version);
        json_member_uint(&w, "lastPosition", streams[i].last_position);
        json_end_object(&w);
    }
    json_end_array(&w);
    if (more)
        json_member_string(&w, "next", streams[count - 1].id);
    json_end_object(&w);
}

void api_dynlog_streams(struct api *api, struct http_request *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct streams_question on;
    const char *wrong = read_question(api, request, &on);
    struct order_stream *streams = NULL;
    size_t count = 0;
    bool more = false;
    uint32_t id = 0;

    if (wrong != NULL) {
        api_dynlog_refuse(request, 400, bytes_of_text(wrong));
        return;
    }

    enum status status = find_table(api, on.table, &id);

    if (status == OK)
        status = order_streams(api->services.store, NULL, id, on.log, on.after, (size_t)on.limit,
                               http_arena(request), &streams, &count, &more);
    if (status != OK) {
        refuse_status(request, on.table, status);
        return;
    }
    print_streams(&out, &on, streams, count, more);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}
