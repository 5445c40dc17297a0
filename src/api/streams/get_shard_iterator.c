/* api/streams/get_shard_iterator.c - GetShardIterator. (AWS: DynamoDB Streams API reference.) */
#include "api/operations.h"
#include "api/streams/common.h"

enum { TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER };
static const char *const iterator_words[] = {"TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER",
                                             "AFTER_SEQUENCE_NUMBER"};

static bool goes_by_number(size_t type)
{
    return type == AT_SEQUENCE_NUMBER || type == AFTER_SEQUENCE_NUMBER;
}

static enum status refuse_number(struct api_call *call)
{
    return api_invalid(&call->error, "Invalid SequenceNumber: %.*s",
                       BYTES_ARG(decode_string(call->body, "SequenceNumber")));
}

static enum status decode_number(struct api_call *call, size_t type, uint64_t *ret_position)
{
    struct bytes text = decode_string(call->body, "SequenceNumber");
    struct api_error *error = &call->error;

    if (!goes_by_number(type) && text.size > 0)
        return api_invalid(error,
                           "The SequenceNumber parameter is only for shard iterators of type "
                           "AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER");
    if (!goes_by_number(type))
        return OK;
    if (text.size == 0)
        return api_invalid(error, "The SequenceNumber parameter is required for shard iterators of "
                                  "type AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER");
    return stream_sequence_parse(text, ret_position) ? OK : refuse_number(call);
}

static enum status find_shard(struct api_call *call, const struct engine_stream *stream,
                              const struct stream_shard **ret)
{
    struct bytes id = decode_string(call->body, "ShardId");
    uint32_t stream_id = 0, number = 0;

    if (stream_shard_id_parse(id, &stream_id, &number) && stream_id == stream->stream.id)
        *ret = streams_find_shard(call, stream, number);
    return *ret != NULL
               ? OK
               : api_refuse(&call->error, API_RESOURCE_NOT_FOUND, STREAMS_NO_SHARD_MESSAGE);
}

/* A number is of this shard when it lies in its range: at or above where it begins, and not above
 * its end or, of an open one, all that was ever written. */
static enum status place_by_number(struct api_call *call, const struct engine_stream *stream,
                                   const struct stream_shard *shard, bool at, uint64_t position,
                                   uint64_t *ret_after)
{
    uint64_t last = shard_is_open(shard) ? store_last_position(call->on->store) : shard->end;
    uint64_t after = at && position > 0 ? position - 1 : position;

    if (position > last)
        return refuse_number(call);
    if (position >= shard->begin && after < shard->begin)
        after = shard->begin; /* where it begins there is no record */
    if (after < streams_oldest(call, stream, shard))
        return api_refuse(&call->error, API_TRIMMED_DATA_ACCESS, STREAMS_TRIMMED_MESSAGE);
    *ret_after = after;
    return OK;
}

static enum status find_place(struct api_call *call, const struct engine_stream *stream,
                              const struct stream_shard *shard, size_t type, uint64_t position,
                              uint64_t *ret_after)
{
    uint64_t last = store_last_position(call->on->store);

    if (goes_by_number(type))
        return place_by_number(call, stream, shard, type == AT_SEQUENCE_NUMBER, position,
                               ret_after);
    if (type == TRIM_HORIZON)
        *ret_after = streams_oldest(call, stream, shard);
    else
        *ret_after = last < shard->end ? last : shard->end;
    return OK;
}

static enum status decode_iterator(struct api_call *call, struct engine_stream *stream,
                                   struct stream_iterator *ret)
{
    size_t type = decode_word(call->body, "ShardIteratorType", iterator_words,
                              ARRAY_COUNT(iterator_words), LATEST);
    const struct stream_shard *shard = NULL;
    uint64_t position = 0;
    enum status status = decode_number(call, type, &position);

    if (status == OK)
        status = streams_find(call, stream);
    if (status == OK)
        status = find_shard(call, stream, &shard);
    if (status != OK)
        return status;
    ret->stream_id = stream->stream.id;
    ret->shard = shard->number;
    ret->issued_ms = clock_now_ms(timers_clock(call->on->timers));
    return find_place(call, stream, shard, type, position, &ret->after);
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
                       stream_iterator_print(call->arena, streams_arn(call, &stream), &iterator));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
