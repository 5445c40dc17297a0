/* api/streams/shapes.c - the bodies of DynamoDB Streams' operations. (AWS: its service model.) */
#include "api/shape.h"

#include "streams/streams.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

static const struct shape stream_arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(37, 1024)};
static const struct shape shard_id = {.kind = SHAPE_STRING, SHAPE_BETWEEN(28, 65)};
static const struct shape list_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};

static const struct shape_member list_streams[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, OPTIONAL),
    SHAPE_MEMBER("Limit", &list_limit, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartStreamArn", &stream_arn, OPTIONAL),
};
const struct shape shape_list_streams = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_streams)};

static const struct shape filter_type = {.kind = SHAPE_STRING,
                                         .words = (const char *const[]){"CHILD_SHARDS", NULL}};
static const struct shape_member filter_members[] = {
    SHAPE_MEMBER("Type", &filter_type, OPTIONAL),
    SHAPE_MEMBER("ShardId", &shard_id, OPTIONAL),
};
static const struct shape filter = {
    .kind = SHAPE_STRUCTURE, .name = "ShardFilter", SHAPE_MEMBERS(filter_members)};
static const struct shape_member describe_stream[] = {
    SHAPE_MEMBER("StreamArn", &stream_arn, REQUIRED),
    SHAPE_MEMBER("Limit", &list_limit, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartShardId", &shard_id, OPTIONAL),
    SHAPE_MEMBER("ShardFilter", &filter, OPTIONAL),
};
const struct shape shape_describe_stream = {.kind = SHAPE_STRUCTURE,
                                            SHAPE_MEMBERS(describe_stream)};

static const struct shape iterator_type = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER",
                                   "TRIM_HORIZON", NULL}};
static const struct shape sequence_number = {.kind = SHAPE_STRING, SHAPE_BETWEEN(21, 40)};
static const struct shape_member get_shard_iterator[] = {
    SHAPE_MEMBER("StreamArn", &stream_arn, REQUIRED),
    SHAPE_MEMBER("ShardId", &shard_id, REQUIRED),
    SHAPE_MEMBER("ShardIteratorType", &iterator_type, REQUIRED),
    SHAPE_MEMBER("SequenceNumber", &sequence_number, OPTIONAL),
};
const struct shape shape_get_shard_iterator = {.kind = SHAPE_STRUCTURE,
                                               SHAPE_MEMBERS(get_shard_iterator)};

static const struct shape iterator = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 2048)};
static const struct shape records_limit = {.kind = SHAPE_INTEGER,
                                           SHAPE_BETWEEN(1, STREAM_READ_RECORDS_MAX)};
static const struct shape_member get_records[] = {
    SHAPE_MEMBER("ShardIterator", &iterator, REQUIRED),
    SHAPE_MEMBER("Limit", &records_limit, OPTIONAL),
};
const struct shape shape_get_records = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(get_records)};
