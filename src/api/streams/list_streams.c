/* api/streams/list_streams.c - ListStreams. (AWS: DynamoDB Streams API reference.) */
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"
#include "api/streams/common.h"

#define LIST_MAX 100

/* Streams come by creation, and so do their labels: the list goes on after a stream that is gone
 * meanwhile as it does after one that is still there. */
static void write_list(struct api_call *call, struct json_writer *w, size_t limit,
                       struct bytes table_name, struct bytes after_label)
{
    struct engine_stream *streams = NULL;
    size_t count = 0, written = 0;
    struct bytes last = {NULL, 0};

    engine_streams(call->on->engine, call->arena, &streams, &count);
    json_key(w, "Streams");
    json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        if ((table_name.size > 0 && !bytes_equal(streams[i].table_name, table_name)) ||
            bytes_compare(streams[i].stream.label, after_label) <= 0)
            continue;
        if (written == limit) {
            json_end_array(w);
            json_member_string(w, "LastEvaluatedStreamArn", last);
            return;
        }
        last = streams_arn(call, &streams[i]);
        json_begin_object(w);
        json_member_string(w, "StreamArn", last);
        json_member_string(w, "TableName", streams[i].table_name);
        json_member_string(w, "StreamLabel", streams[i].stream.label);
        json_end_object(w);
        written++;
    }
    json_end_array(w);
}

void api_list_streams(struct api_call *call)
{
    struct bytes table_name = {NULL, 0}, table = {NULL, 0}, label = {NULL, 0};
    struct bytes after = decode_string(call->body, "ExclusiveStartStreamArn");
    int64_t limit = decode_int(call->body, "Limit", LIST_MAX);
    enum status status = dynamodb_table_name(call->body, &table_name, &call->error);

    if (status == OK && after.size > 0 && !streams_split_arn(after, &table, &label))
        status = api_invalid(&call->error, "Invalid StreamArn: %.*s", BYTES_ARG(after));
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_list(call, &w, (size_t)limit, table_name, label);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
