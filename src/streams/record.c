/* streams/record.c - one change record as AWS prints it. (AWS: DynamoDB Streams API reference,
 * "Record"; Lambda developer guide, "Using Lambda with DynamoDB".) */
#include "streams/streams.h"

#include <inttypes.h>
#include <stdio.h>

const char *stream_kind_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_INSERT:
        return "INSERT";
    case CHANGE_MODIFY:
        return "MODIFY";
    case CHANGE_REMOVE:
        return "REMOVE";
    }
    assert(false && "a change has one of three kinds");
    return "";
}

void stream_event_id_print(const struct change *change, char out[STREAM_EVENT_ID_SIZE])
{
    snprintf(out, STREAM_EVENT_ID_SIZE, "%08" PRIx32 "%08x%016" PRIx64, change->stream_id,
             (unsigned)change->shard, change->position);
}

/* Keys and images, counted as items are. */
static size_t record_size(const struct change *change)
{
    const struct bytes parts[] = {change->keys, change->new_image, change->old_image};
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t size = 0;

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        struct item item;

        if (parts[i].size > 0 && item_decode(arena, parts[i], &item) == OK)
            size += item_size(&item);
    }
    return size;
}

static void print_image(struct json_writer *w, const char *name, struct bytes image)
{
    if (image.size == 0)
        return;
    json_key(w, name);
    json_write_raw(w, image);
}

static void print_dynamodb(struct json_writer *w, const struct change *change, const char *view)
{
    char sequence[STREAM_SEQUENCE_SIZE];

    stream_sequence_print(change->position, sequence);
    json_key(w, "dynamodb");
    json_begin_object(w);
    json_member_int(w, "ApproximateCreationDateTime", (int64_t)(change->time_ms / 1000));
    print_image(w, "Keys", change->keys);
    print_image(w, "NewImage", change->new_image);
    print_image(w, "OldImage", change->old_image);
    json_member_text(w, "SequenceNumber", sequence);
    json_member_int(w, "SizeBytes", (int64_t)record_size(change));
    json_member_text(w, "StreamViewType", view);
    json_end_object(w);
}

/* The service itself removed the item. Lambda spells the members small. */
static void print_identity(struct json_writer *w, bool for_lambda)
{
    json_key(w, "userIdentity");
    json_begin_object(w);
    json_member_text(w, for_lambda ? "type" : "Type", "Service");
    json_member_text(w, for_lambda ? "principalId" : "PrincipalId", "dynamodb.amazonaws.com");
    json_end_object(w);
}

void stream_record_print(struct buffer *out, const struct change *change, const char *view,
                         const char *region, struct bytes source_arn)
{
    struct json_writer w = JSON_WRITER(out);
    bool for_lambda = source_arn.size > 0;
    char event_id[STREAM_EVENT_ID_SIZE];

    json_begin_object(&w);
    stream_event_id_print(change, event_id);
    json_member_text(&w, "eventID", event_id);
    json_member_text(&w, "eventName", stream_kind_name(change->kind));
    json_member_text(&w, "eventVersion", "1.1");
    json_member_text(&w, "eventSource", "aws:dynamodb");
    json_member_text(&w, "awsRegion", region);
    print_dynamodb(&w, change, view);
    if (change->flags & CHANGE_BY_TTL)
        print_identity(&w, for_lambda);
    if (for_lambda)
        json_member_string(&w, "eventSourceARN", source_arn);
    json_end_object(&w);
}
