/* library/asked_list.c - which logs and streams there are: a dynlog is asked, of another engine the
 * whole table is read. */
#include "library/server.h"

#include "base/map.h"
#include "library/logs.h"
#include "library/streams.h"

#include <stdlib.h>

#define BODY_SIZE_MAX ((size_t)64 * 1024)
#define PATH_SIZE_MAX ((size_t)64 * 1024)

static struct asked *asked_of(struct dynlog *dynlog)
{
    return CONTAINER_OF(dynlog, struct asked, base);
}

/* ---- a dynlog ---- */

/* DYNLOG_UNSUPPORTED: it is none. */
static enum dynlog_status ask_dynlog(struct asked *asked, struct arena *arena, const char *path,
                                     const struct json **ret, struct dynlog_error *error)
{
    struct client_answer answer = {0};
    enum dynlog_status status = server_ask(asked, arena, "GET", path, &answer, error);

    if (status != DYNLOG_OK && answer.http_status == 404)
        return fault_say(error, DYNLOG_NOT_FOUND, "There is no table %s of events at %s.",
                         asked->target.table, asked->target.url);
    if (status != DYNLOG_OK)
        return status;
    *ret = answer.json;
    return DYNLOG_OK;
}

static enum dynlog_status logs_of_dynlog(struct asked *asked, struct dynlog_logs **ret,
                                         struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);
    const struct json *answer = NULL;
    struct logs_made *made = NULL;

    buffer_append_text(&path, "/_dynlog/logs");
    client_query(&path, "table", bytes_of_text(asked->target.table));

    enum dynlog_status status =
        ask_dynlog(asked, arena, arena_copy_text(arena, buffer_bytes(&path)), &answer, error);

    if (status != DYNLOG_OK)
        return status;
    made = logs_made_new();
    for (struct json_iter it = json_iter(json_get(answer, "logs")); json_next(&it);)
        logs_made_add(made, json_get_string(it.value, "log"), json_get_uint(it.value, "events", 0),
                      json_get_uint(it.value, "lastPosition", 0));
    *ret = logs_made_done(made);
    return DYNLOG_OK;
}

static enum dynlog_status streams_of_dynlog(struct asked *asked, const struct streams_query *query,
                                            struct dynlog_streams **ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);
    const struct json *answer = NULL;
    struct streams_made *made = NULL;

    buffer_append_text(&path, "/_dynlog/streams");
    if (query->after != NULL)
        client_query(&path, "after", bytes_of_text(query->after));
    client_query(&path, "limit", arena_printf(arena, "%zu", query->limit));
    client_query(&path, "log", bytes_of_text(query->log));
    client_query(&path, "table", bytes_of_text(asked->target.table));

    enum dynlog_status status =
        ask_dynlog(asked, arena, arena_copy_text(arena, buffer_bytes(&path)), &answer, error);

    if (status != DYNLOG_OK)
        return status;
    made = streams_made_new();
    for (struct json_iter it = json_iter(json_get(answer, "streams")); json_next(&it);)
        streams_made_add(made, json_get_string(it.value, "id"),
                         json_get_uint(it.value, "version", 0),
                         json_get_uint(it.value, "lastPosition", 0));
    *ret = streams_made_done(made, json_get(answer, "next") != NULL);
    return DYNLOG_OK;
}

/* ---- the whole table ---- */

/* What is counted by name: events of a log, or the highest version of a stream. */
struct scanning {
    struct map numbers; /* name -> uint64_t */
    const char *log;    /* NULL: logs are counted; else its streams */
};

static void scanning_free(struct scanning *scanning)
{
    struct bytes name;
    void *number = NULL;

    for (size_t i = 0; map_next(&scanning->numbers, &i, &name, &number);)
        mem_free(number);
    map_free(&scanning->numbers);
}

static void take_item(struct arena *arena, struct scanning *scanning, const struct item *item)
{
    const char *log = NULL, *id = NULL;
    const struct value *pk = item_get_text(item, "pk"), *sk = item_get_text(item, "sk");
    uint64_t *number = NULL;
    int64_t version = 0;
    struct bytes name;

    if (pk == NULL || pk->type != VALUE_S || sk == NULL || sk->type != VALUE_N ||
        !number_to_int64(&sk->number, &version) || version < 1 ||
        !event_split_key(arena, pk->bytes, &log, &id) ||
        (scanning->log != NULL && strcmp(scanning->log, log) != 0))
        return;
    name = bytes_of_text(scanning->log != NULL ? id : log);
    number = map_get(&scanning->numbers, name);
    if (number == NULL) {
        number = mem_new(sizeof *number);
        map_put(&scanning->numbers, name, number);
    }
    if (scanning->log == NULL)
        ++*number;
    else if ((uint64_t)version > *number)
        *number = (uint64_t)version;
}

static enum dynlog_status scan_page(struct asked *asked, struct scanning *scanning,
                                    struct buffer *next, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", asked->target.table);
    json_member_text(&w, "ProjectionExpression", "pk, sk");
    if (next->size > 0) {
        json_key(&w, "ExclusiveStartKey");
        json_write_raw(&w, buffer_bytes(next));
    }
    json_end_object(&w);
    status = asked_call(asked, arena, "DynamoDB_20120810.Scan", buffer_bytes(&body), &answer);
    if (status != OK)
        return fault_of_answer(error, &asked->target, status, &answer);
    for (struct json_iter it = json_iter(json_get(answer.json, "Items")); json_next(&it);) {
        struct item item = {0};
        struct api_error refusal;

        if (item_from_json(arena, it.value, &item, &refusal) == OK)
            take_item(arena, scanning, &item);
    }
    buffer_clear(next);
    if (json_get(answer.json, "LastEvaluatedKey") != NULL)
        json_print(next, json_get(answer.json, "LastEvaluatedKey"));
    return DYNLOG_OK;
}

static enum dynlog_status scan(struct asked *asked, struct scanning *scanning,
                               struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer next = BUFFER_INIT(BODY_SIZE_MAX);
    enum dynlog_status status = DYNLOG_OK;

    do
        status = scan_page(asked, scanning, &next, error);
    while (status == DYNLOG_OK && next.size > 0);
    return status;
}

static enum dynlog_status logs_of_table(struct asked *asked, struct dynlog_logs **ret,
                                        struct dynlog_error *error)
{
    AUTO(scanning_free) struct scanning scanning = {0};
    enum dynlog_status status = scan(asked, &scanning, error);
    struct logs_made *made = NULL;
    struct bytes name;
    void *number = NULL;

    if (status != DYNLOG_OK)
        return status;
    made = logs_made_new();
    for (size_t i = 0; map_next(&scanning.numbers, &i, &name, &number);)
        logs_made_add(made, name, *(uint64_t *)number, 0);
    *ret = logs_made_done(made);
    return DYNLOG_OK;
}

struct scanned_stream {
    struct bytes id;
    uint64_t version;
};

/* What one reading of the table found, from the page that was given last on: the next page is of
 * it, too, for a table is not read anew for each. */
struct streams_kept {
    struct arena *arena;
    const char *log;
    struct scanned_stream *list; /* by id */
    size_t count, at;
};

static void kept_free(struct streams_kept *kept)
{
    if (kept == NULL)
        return;
    arena_free(kept->arena);
    mem_free(kept);
}

void asked_streams_forget(struct asked *asked)
{
    kept_free(asked->kept);
    asked->kept = NULL;
}

/* NULL: it is not the page behind the one that was given last. */
static struct streams_kept *take_kept(struct asked *asked, const struct streams_query *query)
{
    struct streams_kept *kept = NULL;

    pthread_mutex_lock(&asked->mutex);
    kept = asked->kept;
    if (kept != NULL && query->after != NULL && strcmp(kept->log, query->log) == 0 &&
        bytes_equal_text(kept->list[kept->at - 1].id, query->after))
        asked->kept = NULL;
    else
        kept = NULL;
    pthread_mutex_unlock(&asked->mutex);
    return kept;
}

static void give_kept(struct asked *asked, struct streams_kept *kept)
{
    pthread_mutex_lock(&asked->mutex);
    kept_free(asked->kept);
    asked->kept = kept;
    pthread_mutex_unlock(&asked->mutex);
}

static int by_id(const void *a, const void *b)
{
    const struct scanned_stream *x = a, *y = b;

    return bytes_compare(x->id, y->id);
}

/* The streams behind `after`. */
static struct streams_kept *keep(const struct scanning *scanning, const struct streams_query *query)
{
    struct streams_kept *kept = mem_new(sizeof *kept);
    struct bytes name;
    void *number = NULL;
    size_t capacity = 0;

    kept->arena = arena_new();
    kept->log = arena_copy_text(kept->arena, bytes_of_text(query->log));
    for (size_t i = 0; map_next(&scanning->numbers, &i, &name, &number);) {
        if (query->after != NULL && bytes_compare(name, bytes_of_text(query->after)) <= 0)
            continue;
        kept->list = arena_grow(kept->arena, kept->list, kept->count, kept->count + 1, &capacity,
                                sizeof *kept->list);
        kept->list[kept->count++] =
            (struct scanned_stream){arena_copy(kept->arena, name), *(uint64_t *)number};
    }
    if (kept->count > 0)
        qsort(kept->list, kept->count, sizeof *kept->list, by_id);
    return kept;
}

static enum dynlog_status streams_of_table(struct asked *asked, const struct streams_query *query,
                                           struct dynlog_streams **ret, struct dynlog_error *error)
{
    struct streams_kept *kept = take_kept(asked, query);
    struct streams_made *made = NULL;

    if (kept == NULL) {
        AUTO(scanning_free) struct scanning scanning = {.log = query->log};
        enum dynlog_status status = scan(asked, &scanning, error);

        if (status != DYNLOG_OK)
            return status;
        kept = keep(&scanning, query);
    }
    made = streams_made_new();
    for (size_t end = size_min(kept->count, kept->at + query->limit); kept->at < end; kept->at++)
        streams_made_add(made, kept->list[kept->at].id, kept->list[kept->at].version, 0);
    *ret = streams_made_done(made, kept->at < kept->count);
    if ((*ret)->more)
        give_kept(asked, kept);
    else
        kept_free(kept);
    return DYNLOG_OK;
}

/* ---- ---- */

enum dynlog_status asked_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                              struct dynlog_error *error)
{
    struct asked *asked = asked_of(dynlog);
    enum dynlog_status status = logs_of_dynlog(asked, ret, error);

    return status == DYNLOG_UNSUPPORTED ? logs_of_table(asked, ret, error) : status;
}

enum dynlog_status asked_streams(struct dynlog *dynlog, const struct streams_query *query,
                                 struct dynlog_streams **ret, struct dynlog_error *error)
{
    struct asked *asked = asked_of(dynlog);
    enum dynlog_status status = streams_of_dynlog(asked, query, ret, error);

    return status == DYNLOG_UNSUPPORTED ? streams_of_table(asked, query, ret, error) : status;
}
