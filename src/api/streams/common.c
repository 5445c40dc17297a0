/* api/streams/common.c - streams and shards as requests name them and answers print them. */
#include "api/streams/common.h"

struct bytes streams_arn(struct api_call *call, const struct engine_stream *stream)
{
    return arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s/stream/%.*s",
                    BYTES_ARG(stream->table_name), BYTES_ARG(stream->stream.label));
}

bool streams_split_arn(struct bytes text, struct bytes *ret_table, struct bytes *ret_label)
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

enum status streams_find(struct api_call *call, struct engine_stream *ret)
{
    struct bytes arn = decode_string(call->body, "StreamArn"), table = {NULL, 0}, label = {NULL, 0};

    if (!streams_split_arn(arn, &table, &label))
        return api_invalid(&call->error, "Invalid StreamArn: %.*s", BYTES_ARG(arn));
    if (engine_find_stream(call->on->engine, 0, table, label, call->arena, ret) != OK)
        return api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                          "Requested resource not found: Stream: %.*s not found", BYTES_ARG(arn));
    return OK;
}

/* ---- shards ---- */

const struct stream_shard *streams_find_shard(struct api_call *call,
                                              const struct engine_stream *stream, uint32_t number)
{
    const struct stream_shard *shard =
        shards_find(stream->stream.shards, stream->stream.shard_count, number);
    uint64_t now_ms = clock_now_ms(timers_clock(call->on->timers));

    return shard != NULL && shard_is_readable(shard, now_ms) ? shard : NULL;
}

uint64_t streams_oldest(struct api_call *call, const struct engine_stream *stream,
                        const struct stream_shard *shard)
{
    uint64_t oldest = streams_trimmed_to(call->on->streams, stream->stream.id);

    if (oldest < shard->begin)
        oldest = shard->begin;
    return oldest < shard->end ? oldest : shard->end;
}

static void write_shard_id(struct json_writer *w, const char *name,
                           const struct engine_stream *stream, uint32_t number)
{
    char text[STREAM_SHARD_ID_SIZE];

    stream_shard_id_print(stream->stream.id, number, text);
    json_member_text(w, name, text);
}

static void write_sequence(struct json_writer *w, const char *name, uint64_t position)
{
    char text[STREAM_SEQUENCE_SIZE];

    stream_sequence_print(position, text);
    json_member_text(w, name, text);
}

/* The range begins at a position that no record has, as long as nothing is trimmed: a client that
 * goes on behind it misses nothing. */
static void write_range(struct api_call *call, struct json_writer *w,
                        const struct engine_stream *stream, const struct stream_shard *shard)
{
    uint64_t oldest = streams_oldest(call, stream, shard);
    bool trimmed = oldest > shard->begin && oldest < shard->end;

    json_key(w, "SequenceNumberRange");
    json_begin_object(w);
    write_sequence(w, "StartingSequenceNumber", trimmed ? oldest + 1 : oldest);
    if (!shard_is_open(shard))
        write_sequence(w, "EndingSequenceNumber", shard->end);
    json_end_object(w);
}

void streams_write_shard(struct api_call *call, struct json_writer *w,
                         const struct engine_stream *stream, const struct stream_shard *shard)
{
    json_begin_object(w);
    write_shard_id(w, "ShardId", stream, shard->number);
    write_range(call, w, stream, shard);
    if (shard->parent != SHARD_NONE)
        write_shard_id(w, "ParentShardId", stream, shard->parent);
    json_end_object(w);
}
