/* api/streams/common.h - what the files of DynamoDB Streams' operations share. */
#ifndef DYNLOG_API_STREAMS_COMMON_H
#define DYNLOG_API_STREAMS_COMMON_H

#include "api/api.h"
#include "api/decode.h"

#define STREAMS_TRIMMED_MESSAGE                                                                    \
    "The operation attempted to read past the oldest stream record in a shard"
#define STREAMS_NO_SHARD_MESSAGE "Requested resource not found: Shard does not exist"

/* arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL */
struct bytes streams_arn(struct api_call *call, const struct engine_stream *stream);
/* Table name and label of an ARN; its region and account do not matter. */
bool streams_split_arn(struct bytes text, struct bytes *ret_table, struct bytes *ret_label);
/* The stream of the body's StreamArn; REFUSED fills the call's error. */
MUST_USE enum status streams_find(struct api_call *call, struct engine_stream *ret);

/* A shard that can be read; NULL when there is none of this number (any more). */
const struct stream_shard *streams_find_shard(struct api_call *call,
                                              const struct engine_stream *stream, uint32_t number);
/* The position behind which a shard's oldest record is. */
uint64_t streams_oldest(struct api_call *call, const struct engine_stream *stream,
                        const struct stream_shard *shard);

/* {"ShardId":...,"SequenceNumberRange":{...},"ParentShardId":...} */
void streams_write_shard(struct api_call *call, struct json_writer *w,
                         const struct engine_stream *stream, const struct stream_shard *shard);

#endif
