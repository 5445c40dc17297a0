/* api/streams/describe_stream.c - DescribeStream. (AWS: DynamoDB Streams API reference.) */
#include "api/dynamodb/table_json.h"
#include "api/operations.h"
#include "api/streams/common.h"

#define SHARDS_PAGE_MAX 100

/* Which shards are asked for. */
struct wanted {
    struct bytes after; /* ExclusiveStartShardId; empty: from the first */
    size_t limit;
    bool children; /* ShardFilter: only those of this parent */
    struct bytes parent;
};

static void write_key_schema(struct json_writer *w, const struct engine_stream *stream)
{
    json_key(w, "KeySchema");
    json_begin_array(w);
    for (size_t i = 0; i < stream->key.count; i++) {
        json_begin_object(w);
        json_member_string(w, "AttributeName", stream->key.attributes[i].name);
        json_member_text(w, "KeyType", i < stream->key.hash_count ? "HASH" : "RANGE");
        json_end_object(w);
    }
    json_end_array(w);
}

static bool is_wanted(const struct engine_stream *stream, const struct stream_shard *shard,
                      const struct wanted *wanted)
{
    char id[STREAM_SHARD_ID_SIZE], parent[STREAM_SHARD_ID_SIZE];

    stream_shard_id_print(stream->stream.id, shard->number, id);
    if (bytes_compare(bytes_of_text(id), wanted->after) <= 0)
        return false;
    if (!wanted->children)
        return true;
    stream_shard_id_print(stream->stream.id, shard->parent, parent);
    return shard->parent != SHARD_NONE && bytes_equal_text(wanted->parent, parent);
}

/* By id, which is by number too. The last one is told when there are more. */
static void write_shards(struct api_call *call, struct json_writer *w,
                         const struct engine_stream *stream, const struct wanted *wanted)
{
    uint64_t now_ms = clock_now_ms(timers_clock(call->on->timers));
    char last[STREAM_SHARD_ID_SIZE] = "";
    size_t written = 0;
    bool more = false;

    json_key(w, "Shards");
    json_begin_array(w);
    for (size_t i = 0; i < stream->stream.shard_count && !more; i++) {
        const struct stream_shard *shard = &stream->stream.shards[i];

        if (!shard_is_readable(shard, now_ms) || !is_wanted(stream, shard, wanted))
            continue;
        more = written == wanted->limit;
        if (more)
            break;
        streams_write_shard(call, w, stream, shard);
        stream_shard_id_print(stream->stream.id, shard->number, last);
        written++;
    }
    json_end_array(w);
    if (more)
        json_member_text(w, "LastEvaluatedShardId", last);
}

static void write_description(struct api_call *call, struct json_writer *w,
                              const struct engine_stream *stream, const struct wanted *wanted)
{
    json_begin_object(w);
    json_member_string(w, "StreamArn", streams_arn(call, stream));
    json_member_string(w, "StreamLabel", stream->stream.label);
    json_member_text(w, "StreamStatus", stream->stream.enabled ? "ENABLED" : "DISABLED");
    json_member_text(w, "StreamViewType", table_view_name(stream->stream.view));
    json_member_epoch(w, "CreationRequestDateTime", stream->stream.created_ms);
    json_member_string(w, "TableName", stream->table_name);
    write_key_schema(w, stream);
    write_shards(call, w, stream, wanted);
    json_end_object(w);
}

static enum status decode_wanted(struct api_call *call, struct wanted *ret)
{
    const struct json *filter = decode_member(call->body, "ShardFilter");

    *ret = (struct wanted){
        .after = decode_string(call->body, "ExclusiveStartShardId"),
        .limit = (size_t)decode_int(call->body, "Limit", SHARDS_PAGE_MAX),
        .children = filter != NULL,
    };
    if (filter == NULL)
        return OK;
    if (!decode_has(filter, "Type") || !decode_has(filter, "ShardId"))
        return api_invalid(&call->error, "ShardFilter must have both a Type and a ShardId");
    ret->parent = decode_string(filter, "ShardId");
    return OK;
}

void api_describe_stream(struct api_call *call)
{
    struct engine_stream stream = {0};
    struct wanted wanted = {0};
    enum status status = decode_wanted(call, &wanted);

    if (status == OK)
        status = streams_find(call, &stream);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "StreamDescription");
    write_description(call, &w, &stream, &wanted);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
