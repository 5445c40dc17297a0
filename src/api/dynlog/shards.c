/* api/dynlog/shards.c - /_dynlog/shards: the shards of a table's change stream. On AWS they roll
 * and split when the service sees fit; here a test makes them.
 *
 *   GET  ?table=NAME                                    the shards that there are
 *   POST {"table":NAME,"action":"roll"}                 every open one is closed and has a child
 *        {"table":NAME,"action":"split","shard":ID}     this one, and has two
 *
 *   {"table":NAME,"streamArn":ARN,"streamStatus":"ENABLED","shards":[
 *     {"shardId":ID,"parentShardId":ID,"open":false,"hashFrom":0,"hashTo":4294967295,
 *      "startingSequenceNumber":N,"endingSequenceNumber":N,"openedAt":SECONDS,"closedAt":SECONDS}]}
 *
 * Without a shard, all open ones are meant. What is refused changes nothing. */
#include "api/dynlog/dynlog.h"

#define BODY_SIZE_MAX ((size_t)64 * 1024)

/* ---- printing ---- */

static void write_id(struct json_writer *w, const char *name, uint32_t stream_id, uint32_t number)
{
    char text[STREAM_SHARD_ID_SIZE];

    stream_shard_id_print(stream_id, number, text);
    json_member_text(w, name, text);
}

static void write_position(struct json_writer *w, const char *name, uint64_t position)
{
    char text[STREAM_SEQUENCE_SIZE];

    stream_sequence_print(position, text);
    json_member_text(w, name, text);
}

static void write_shard(struct json_writer *w, uint32_t stream_id, const struct stream_shard *shard)
{
    json_begin_object(w);
    write_id(w, "shardId", stream_id, shard->number);
    if (shard->parent != SHARD_NONE)
        write_id(w, "parentShardId", stream_id, shard->parent);
    json_member_bool(w, "open", shard_is_open(shard));
    json_member_int(w, "hashFrom", shard->hash_from);
    json_member_int(w, "hashTo", shard->hash_to);
    write_position(w, "startingSequenceNumber", shard->begin);
    if (!shard_is_open(shard))
        write_position(w, "endingSequenceNumber", shard->end);
    json_member_epoch(w, "openedAt", shard->opened_ms);
    if (!shard_is_open(shard))
        json_member_epoch(w, "closedAt", shard->closed_ms);
    json_end_object(w);
}

static void answer_shards(struct api *api, struct http_request *request, const struct table *table)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct table_stream *stream = &table->stream;
    uint64_t now_ms = clock_now_ms(timers_clock(api->services.timers));

    json_begin_object(&w);
    json_member_string(&w, "table", table->name);
    json_member_string(&w, "streamArn",
                       arn_make(http_arena(request), api->services.place, "dynamodb",
                                "table/%.*s/stream/%.*s", BYTES_ARG(table->name),
                                BYTES_ARG(stream->label)));
    json_member_text(&w, "streamStatus", stream->enabled ? "ENABLED" : "DISABLED");
    json_key(&w, "shards");
    json_begin_array(&w);
    for (size_t i = 0; i < stream->shard_count; i++)
        if (shard_is_readable(&stream->shards[i], now_ms))
            write_shard(&w, stream->id, &stream->shards[i]);
    json_end_array(&w);
    json_end_object(&w);
    api_dynlog_answer(request, 200, buffer_bytes(&out));
}

/* ---- GET ---- */

void api_dynlog_shards(struct api *api, struct http_request *request)
{
    struct bytes name = {NULL, 0};
    const struct table *table = NULL;

    if (!http_query(request, "table", &name)) {
        api_dynlog_refuse(request, 400, BYTES("which table? /_dynlog/shards?table=NAME"));
        return;
    }
    table = engine_table_ref(api->services.engine, name);
    if (table != NULL && table->stream.id != 0)
        answer_shards(api, request, table);
    else
        api_dynlog_refuse(request, 404,
                          table == NULL ? BYTES("there is no such table")
                                        : BYTES("the table has no stream"));
    engine_table_unref(table);
}

/* ---- POST ---- */

struct shards_call {
    struct api *api;
    struct http_request *request;
    struct table_change change;
};

static void changed(struct table_change *change, enum status status)
{
    struct shards_call *call = CONTAINER_OF(change, struct shards_call, change);

    if (status == OK)
        answer_shards(call->api, call->request, &change->table);
    else if (status == REFUSED)
        api_dynlog_refuse(call->request, change->error.kind == API_RESOURCE_NOT_FOUND ? 404 : 400,
                          bytes_of_text(change->error.message));
    else
        api_dynlog_fail(call->request, status);
}

static bool decode_action(const struct json *body, enum shard_action *ret)
{
    struct bytes action = json_string(json_get(body, "action"));

    *ret = bytes_equal_text(action, "split") ? SHARDS_SPLIT : SHARDS_ROLL;
    return bytes_equal_text(action, "split") || bytes_equal_text(action, "roll");
}

/* An id of another stream than the table's present one is of no shard that could be changed. */
static bool decode_shard(struct shards_call *call, const struct json *body)
{
    const struct json *shard = json_get(body, "shard");
    const struct table *table = engine_table_ref(call->api->services.engine, call->change.name);
    uint32_t stream_id = 0;
    bool known = true;

    call->change.shard_change.number = SHARD_NONE;
    if (shard != NULL)
        known = stream_shard_id_parse(json_string(shard), &stream_id,
                                      &call->change.shard_change.number) &&
                table != NULL && stream_id == table->stream.id;
    engine_table_unref(table);
    return known;
}

void api_dynlog_change_shards(struct api *api, struct http_request *request)
{
    struct shards_call *call = ARENA_NEW(http_arena(request), struct shards_call);
    const struct json *body = NULL;
    struct table_change *change = &call->change;

    call->api = api;
    call->request = request;
    change->kind = TABLE_SHARDS;
    change->arena = http_arena(request);
    change->done = changed;
    if (http_body(request).size > BODY_SIZE_MAX ||
        json_parse(change->arena, http_body(request), &body, NULL) != OK ||
        !json_is(json_get(body, "table"), JSON_STRING) ||
        !decode_action(body, &change->shard_change.action)) {
        api_dynlog_refuse(
            request, 400,
            BYTES("expected {\"table\":NAME,\"action\":\"roll\" or \"split\",\"shard\":ID}; "
                  "without a shard every open one is meant"));
        return;
    }
    change->name = json_string(json_get(body, "table"));
    if (!decode_shard(call, body)) {
        api_dynlog_refuse(request, 404, BYTES("the table's stream has no such shard"));
        return;
    }
    engine_change_table(api->services.engine, api->services.port, change);
}
