/* api/streams/streams.c - ListStreams, DescribeStream, GetShardIterator, GetRecords. (AWS: DynamoDB
 * Streams API reference.) */
#include "api/decode.h"
#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

#define LIST_MAX 100
#define TRIMMED_MESSAGE "The operation attempted to read past the oldest stream record in a shard"

/* arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL */
static struct bytes stream_arn(struct api_call *call, const struct engine_stream *stream)
{
    return arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s/stream/%.*s",
                    BYTES_ARG(stream->table_name), BYTES_ARG(stream->stream.label));
}

/* Table name and label of an ARN; its region and account do not matter. */
static bool split_arn(struct bytes text, struct bytes *ret_table, struct bytes *ret_label)
{
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_start_with(arn.resource, BYTES("table/")))
        return false;

    struct bytes rest = bytes_slice(arn.resource, 6, arn.resource.size);
    size_t at = bytes_find(rest, BYTES("/stream/"));

    if (at == SIZE_MAX)
        return false;
    *ret_table = bytes_slice(rest, 0, at);
    *ret_label = bytes_slice(rest, at + 8, rest.size);
    return true;
}

static enum status find_stream(struct api_call *call, struct engine_stream *ret)
{
    struct bytes arn = decode_string(call->body, "StreamArn"), table = {NULL, 0}, label = {NULL, 0};
    struct engine_stream *streams = NULL;
    size_t count = 0;
    struct api_error *error = &call->error;

    if (!split_arn(arn, &table, &label))
        return api_invalid(error, "Invalid StreamArn: %.*s", BYTES_ARG(arn));
    engine_streams(call->on->engine, call->arena, &streams, &count);
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(streams[i].table_name, table) &&
            bytes_equal(streams[i].stream.label, label)) {
            *ret = streams[i];
            return OK;
        }
    }
    return api_refuse(error, API_RESOURCE_NOT_FOUND,
                      "Requested resource not found: Stream: %.*s not found", BYTES_ARG(arn));
}

/* ---- ListStreams ---- */

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
        last = stream_arn(call, &streams[i]);
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

    if (status == OK && after.size > 0 && !split_arn(after, &table, &label))
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

/* ---- DescribeStream ---- */

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

/* One shard, open as long as its stream is: clients that look for shards only once go on for ever.
 */
static void write_shard(struct api_call *call, struct json_writer *w,
                        const struct engine_stream *stream)
{
    char shard_id[STREAM_SHARD_ID_SIZE], sequence[STREAM_SEQUENCE_SIZE];

    stream_shard_id_print(stream->stream.id, 0, shard_id);
    stream_sequence_print(streams_trimmed_to(call->on->streams, stream->stream.id), sequence);
    json_begin_object(w);
    json_member_text(w, "ShardId", shard_id);
    json_key(w, "SequenceNumberRange");
    json_begin_object(w);
    json_member_text(w, "StartingSequenceNumber", sequence);
    if (!stream->stream.enabled) {
        stream_sequence_print(store_last_position(call->on->store), sequence);
        json_member_text(w, "EndingSequenceNumber", sequence);
    }
    json_end_object(w);
    json_end_object(w);
}

static void write_description(struct api_call *call, struct json_writer *w,
                              const struct engine_stream *stream, bool with_shard)
{
    json_begin_object(w);
    json_member_string(w, "StreamArn", stream_arn(call, stream));
    json_member_string(w, "StreamLabel", stream->stream.label);
    json_member_text(w, "StreamStatus", stream->stream.enabled ? "ENABLED" : "DISABLED");
    json_member_text(w, "StreamViewType", table_view_name(stream->stream.view));
    json_key(w, "CreationRequestDateTime");
    json_write_epoch(w, stream->stream.created_ms);
    json_member_string(w, "TableName", stream->table_name);
    write_key_schema(w, stream);
    json_key(w, "Shards");
    json_begin_array(w);
    if (with_shard)
        write_shard(call, w, stream);
    json_end_array(w);
    json_end_object(w);
}

/* ShardFilter asks for the children of a shard: shards never roll, so there are none. */
static enum status decode_filter(struct api_call *call, bool *ret_filtered)
{
    const struct json *filter = decode_member(call->body, "ShardFilter");

    *ret_filtered = filter != NULL;
    if (filter != NULL && (!decode_has(filter, "Type") || !decode_has(filter, "ShardId")))
        return api_invalid(&call->error, "ShardFilter must have both a Type and a ShardId");
    return OK;
}

void api_describe_stream(struct api_call *call)
{
    struct engine_stream stream = {0};
    bool filtered = false;
    enum status status = decode_filter(call, &filtered);

    if (status == OK)
        status = find_stream(call, &stream);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "StreamDescription");
    write_description(call, &w, &stream,
                      !filtered && !decode_has(call->body, "ExclusiveStartShardId"));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- GetShardIterator ---- */

enum { TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER };
static const char *const iterator_words[] = {"TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER",
                                             "AFTER_SEQUENCE_NUMBER"};

static enum status decode_sequence(struct api_call *call, size_t type, uint64_t *ret_after)
{
    struct bytes text = decode_string(call->body, "SequenceNumber");
    uint64_t position = 0;
    bool wanted = type == AT_SEQUENCE_NUMBER || type == AFTER_SEQUENCE_NUMBER;
    struct api_error *error = &call->error;

    if (!wanted && text.size > 0)
        return api_invalid(error,
                           "The SequenceNumber parameter is only for shard iterators of type "
                           "AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER");
    if (!wanted)
        return OK;
    if (text.size == 0)
        return api_invalid(error, "The SequenceNumber parameter is required for shard iterators of "
                                  "type AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER");
    if (!stream_sequence_parse(text, &position))
        return api_invalid(error, "Invalid SequenceNumber: %.*s", BYTES_ARG(text));
    *ret_after = type == AFTER_SEQUENCE_NUMBER || position == 0 ? position : position - 1;
    return OK;
}

static enum status decode_iterator(struct api_call *call, struct engine_stream *stream,
                                   struct stream_iterator *ret)
{
    size_t type = decode_word(call->body, "ShardIteratorType", iterator_words,
                              ARRAY_COUNT(iterator_words), LATEST);
    struct api_error *error = &call->error;
    enum status status = decode_sequence(call, type, &ret->after);

    if (status == OK)
        status = find_stream(call, stream);
    if (status != OK)
        return status;
    if (!stream_shard_id_parse(decode_string(call->body, "ShardId"), &ret->stream_id,
                               &ret->shard) ||
        ret->stream_id != stream->stream.id || ret->shard != 0)
        return api_refuse(error, API_RESOURCE_NOT_FOUND,
                          "Requested resource not found: Shard does not exist");

    uint64_t oldest = streams_trimmed_to(call->on->streams, stream->stream.id);

    ret->issued_ms = clock_now_ms(timers_clock(call->on->timers));
    if (type == TRIM_HORIZON)
        ret->after = oldest;
    if (type == LATEST)
        ret->after = store_last_position(call->on->store);
    return ret->after < oldest ? api_refuse(error, API_TRIMMED_DATA_ACCESS, TRIMMED_MESSAGE) : OK;
}

void api_get_shard_iterator(struct api_call *call)
{
    struct engine_stream stream = {0};
    struct stream_iterator iterator = {0};
    enum status status = decode_iterator(call, &stream, &iterator);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ShardIterator",
                       stream_iterator_print(call->arena, stream_arn(call, &stream), &iterator));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- GetRecords ---- */

static enum status stream_of_iterator(struct api_call *call, const struct stream_iterator *iterator,
                                      struct engine_stream *ret)
{
    struct engine_stream *streams = NULL;
    size_t count = 0;

    engine_streams(call->on->engine, call->arena, &streams, &count);
    for (size_t i = 0; i < count; i++) {
        if (streams[i].stream.id == iterator->stream_id) {
            *ret = streams[i];
            return OK;
        }
    }
    return api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                      "Requested resource not found: Shard does not exist");
}

static enum status decode_records(struct api_call *call, struct stream_iterator *iterator,
                                  struct engine_stream *stream)
{
    struct api_error *error = &call->error;

    if (!stream_iterator_parse(decode_string(call->body, "ShardIterator"), iterator))
        return api_invalid(error, "Invalid ShardIterator");
    if (clock_now_ms(timers_clock(call->on->timers)) - iterator->issued_ms >
        STREAM_ITERATOR_LIFE_MS)
        return api_refuse(error, API_EXPIRED_ITERATOR,
                          "The shard iterator has expired. Shard iterators are valid for 15 "
                          "minutes");
    return stream_of_iterator(call, iterator, stream);
}

static void answer_records(struct api_call *call, const struct engine_stream *stream,
                           struct stream_iterator *iterator, const struct stream_page *page)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Records");
    json_begin_array(&w);
    for (size_t i = 0; i < page->count; i++) {
        json_write_raw(&w, bytes_of_text(""));
        stream_record_print(out, &page->changes[i], table_view_name(stream->stream.view),
                            call->on->place->region, (struct bytes){NULL, 0});
    }
    json_end_array(&w);
    iterator->after = page->next_after;
    iterator->issued_ms = clock_now_ms(timers_clock(call->on->timers));
    if (stream->stream.enabled || !page->at_end) /* a closed shard ends once it is read */
        json_member_string(&w, "NextShardIterator",
                           stream_iterator_print(call->arena, stream_arn(call, stream), iterator));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_records(struct api_call *call)
{
    struct stream_iterator iterator = {0};
    struct engine_stream stream = {0};
    struct stream_page page = {0};
    int64_t limit = decode_int(call->body, "Limit", STREAM_READ_RECORDS_MAX);
    bool trimmed = false;
    enum status status = decode_records(call, &iterator, &stream);

    if (status == OK)
        status = streams_read(call->on->streams, iterator.stream_id, iterator.shard, iterator.after,
                              (size_t)limit, STREAM_READ_SIZE_MAX, call->arena, &page, &trimmed);
    if (trimmed)
        status = api_refuse(&call->error, API_TRIMMED_DATA_ACCESS, TRIMMED_MESSAGE);
    if (status == OK)
        answer_records(call, &stream, &iterator, &page);
    else
        api_fail_status(call, status);
}
