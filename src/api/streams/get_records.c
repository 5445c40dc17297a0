/* api/streams/get_records.c - GetRecords. (AWS: DynamoDB Streams API reference.)
 *
 * The stream's shards are looked up before the store is read: when a shard is closed, all of its
 * records are there to be seen, and at their end there is no next iterator. */
#include "api/dynamodb/table_json.h"
#include "api/operations.h"
#include "api/streams/common.h"

struct records_call {
    struct stream_iterator iterator;
    struct engine_stream stream;
    const struct stream_shard *shard;
    struct stream_page page;
};

static enum status find_shard(struct api_call *call, struct records_call *records)
{
    const struct bytes any = {NULL, 0};

    if (engine_find_stream(call->on->engine, records->iterator.stream_id, any, any, call->arena,
                           &records->stream) == OK)
        records->shard = streams_find_shard(call, &records->stream, records->iterator.shard);
    return records->shard != NULL
               ? OK
               : api_refuse(&call->error, API_RESOURCE_NOT_FOUND, STREAMS_NO_SHARD_MESSAGE);
}

static enum status decode_records(struct api_call *call, struct records_call *records)
{
    struct api_error *error = &call->error;
    struct stream_iterator *iterator = &records->iterator;

    if (!stream_iterator_parse(decode_string(call->body, "ShardIterator"), iterator))
        return api_invalid(error, "Invalid ShardIterator");
    if (clock_now_ms(timers_clock(call->on->timers)) - iterator->issued_ms >
        STREAM_ITERATOR_LIFE_MS)
        return api_refuse(error, API_EXPIRED_ITERATOR,
                          "The shard iterator has expired. Shard iterators are valid for 15 "
                          "minutes");
    return find_shard(call, records);
}

static enum status read_records(struct api_call *call, struct records_call *records)
{
    struct stream_read read = {
        .known_to = store_last_position(call->on->store),
        .limit = (size_t)decode_int(call->body, "Limit", STREAM_READ_RECORDS_MAX),
        .size_max = STREAM_READ_SIZE_MAX,
    };
    bool trimmed = false;
    enum status status = decode_records(call, records);

    if (status != OK)
        return status;
    read.stream_id = records->iterator.stream_id;
    read.after = records->iterator.after;
    read.shard = records->shard;
    status = streams_read(call->on->streams, &read, call->arena, &records->page, &trimmed);
    return trimmed ? api_refuse(&call->error, API_TRIMMED_DATA_ACCESS, STREAMS_TRIMMED_MESSAGE)
                   : status;
}

static void answer_records(struct api_call *call, struct records_call *records)
{
    const struct engine_stream *stream = &records->stream;
    const struct stream_page *page = &records->page;
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
    records->iterator.after = page->next_after;
    records->iterator.issued_ms = clock_now_ms(timers_clock(call->on->timers));
    if (shard_is_open(records->shard) || !page->at_end) /* a closed shard ends once it is read */
        json_member_string(
            &w, "NextShardIterator",
            stream_iterator_print(call->arena, streams_arn(call, stream), &records->iterator));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_records(struct api_call *call)
{
    struct records_call records = {0};
    enum status status = read_records(call, &records);

    if (status == OK)
        answer_records(call, &records);
    else
        api_fail_status(call, status);
}
