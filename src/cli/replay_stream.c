/* cli/replay_stream.c - items that a table's change stream tells of: the last 24 hours. See
 * replay.h.
 *
 * Shards are read one after the other, a parent before its children: their ids begin with the time
 * at which they were made (AWS) or count up (dynlog). What is written after the run began is not
 * waited for: an open shard ends at the first record that is younger, or when nothing came in
 * EMPTY_MAX pages, a closed one where its iterators end. An iterator lives for minutes: one that
 * expired (--rate) begins anew behind the last record. Only new and changed items are events; what
 * was deleted is none. */
#include "cli/replay.h"

#include "cli/output.h"
#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EMPTY_MAX 20 /* AWS gives empty pages where others had records; then pages come at once */
#define EMPTY_CLOSED_MAX                                                                           \
    1000 /* of a closed shard, whose iterators should end: some engines' don't */
#define SHARDS_MAX 100000

struct shard {
    struct bytes id;
    bool is_open;
};

struct stream_source {
    struct replay_source source;
    struct replay *replay;
    struct arena *arena; /* of a page */
    struct bytes arn;    /* the command's arena, as the shards */
    struct shard *shards;
    size_t shard_count, shard_capacity, shard; /* shard: that is read */
    struct buffer iterator;                    /* of the next page; empty: the shard is to begin */
    struct json_iter at;
    struct buffer after; /* the record behind which the shard is read; empty: at its first one */
    bool is_last_page;   /* of the shard */
    unsigned empty;      /* pages, one after the other */
    uint64_t begun_ms, number;
};

static void close_stream(struct replay_source *source)
{
    struct stream_source *stream = CONTAINER_OF(source, struct stream_source, source);

    buffer_free(&stream->iterator);
    buffer_free(&stream->after);
    arena_free(stream->arena);
    mem_free(stream);
}

static enum status call(struct stream_source *stream, struct arena *arena, const char *operation,
                        const struct buffer *body, struct client_answer *ret)
{
    struct client_request request = {
        .service = TARGET_DYNAMODB_STREAMS,
        .method = "POST",
        .path = "/",
        .target =
            arena_copy_text(arena, arena_printf(arena, "DynamoDBStreams_20120810.%s", operation)),
        .body = buffer_bytes(body),
    };

    return client_ask(stream->replay->client, arena, &request, ret);
}

static enum replay_reading fail(struct stream_source *stream, enum status status,
                                const struct client_answer *answer)
{
    cli_client_fail(stream->replay->cli, stream->replay->client, status, answer);
    return REPLAY_UNREADABLE;
}

/* ---- shards ---- */

static int by_id(const void *a, const void *b)
{
    const struct shard *x = a, *y = b;

    return bytes_compare(x->id, y->id);
}

static bool add_shards(struct stream_source *stream, const struct json *description)
{
    struct arena *arena = stream->replay->cli->arena;

    for (struct json_iter it = json_iter(json_get(description, "Shards")); json_next(&it);) {
        const struct json *range = json_get(it.value, "SequenceNumberRange");

        if (stream->shard_count == SHARDS_MAX)
            return false;
        stream->shards =
            arena_grow(arena, stream->shards, stream->shard_count, stream->shard_count + 1,
                       &stream->shard_capacity, sizeof *stream->shards);
        stream->shards[stream->shard_count++] = (struct shard){
            .id = arena_copy(arena, json_get_string(it.value, "ShardId")),
            .is_open = json_get_string(range, "EndingSequenceNumber").size == 0,
        };
    }
    return true;
}

static bool read_shards(struct stream_source *stream, int *ret_exit)
{
    struct bytes last = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
        struct client_answer answer = {0};
        struct json_writer w = JSON_WRITER(&body);
        enum status status = OK;

        json_begin_object(&w);
        json_member_string(&w, "StreamArn", stream->arn);
        json_member_set(&w, "ExclusiveStartShardId", last);
        json_end_object(&w);
        status = call(stream, stream->replay->cli->arena, "DescribeStream", &body, &answer);
        if (status != OK) {
            *ret_exit =
                cli_client_fail(stream->replay->cli, stream->replay->client, status, &answer);
            return false;
        }

        const struct json *description = json_get(answer.json, "StreamDescription");

        if (!add_shards(stream, description))
            break;
        last = json_get_string(description, "LastEvaluatedShardId");
    } while (last.size > 0);
    if (stream->shard_count > 0)
        qsort(stream->shards, stream->shard_count, sizeof *stream->shards, by_id);
    return true;
}

/* Behind the cursor "SHARD SEQUENCE" of a run that goes on; a shard that is gone was trimmed. */
static void begin_at(struct stream_source *stream, struct bytes cursor)
{
    size_t blank = bytes_find_byte(cursor, ' ', 0);
    struct bytes id = bytes_slice(cursor, 0, blank);

    if (blank == SIZE_MAX)
        return;
    while (stream->shard < stream->shard_count &&
           bytes_compare(stream->shards[stream->shard].id, id) < 0)
        stream->shard++;
    if (stream->shard < stream->shard_count && bytes_equal(stream->shards[stream->shard].id, id))
        buffer_append(&stream->after, bytes_slice(cursor, blank + 1, cursor.size));
}

/* ---- pages ---- */

static enum status ask_iterator(struct stream_source *stream, struct client_answer *ret)
{
    struct bytes after = buffer_bytes(&stream->after);
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct json_writer w = JSON_WRITER(&body);
    enum status status = OK;

    json_begin_object(&w);
    json_member_string(&w, "StreamArn", stream->arn);
    json_member_string(&w, "ShardId", stream->shards[stream->shard].id);
    json_member_text(&w, "ShardIteratorType",
                     after.size > 0 ? "AFTER_SEQUENCE_NUMBER" : "TRIM_HORIZON");
    json_member_set(&w, "SequenceNumber", after);
    json_end_object(&w);
    status = call(stream, stream->arena, "GetShardIterator", &body, ret);
    if (status == OK)
        buffer_append(&stream->iterator, json_get_string(ret->json, "ShardIterator"));
    return status;
}

static enum status ask_records(struct stream_source *stream, struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct json_writer w = JSON_WRITER(&body);

    json_begin_object(&w);
    json_member_string(&w, "ShardIterator", buffer_bytes(&stream->iterator));
    json_end_object(&w);
    return call(stream, stream->arena, "GetRecords", &body, ret);
}

static void end_shard(struct stream_source *stream)
{
    stream->shard++;
    stream->empty = 0;
    stream->is_last_page = false;
    stream->at = json_iter(NULL);
    buffer_clear(&stream->iterator);
    buffer_clear(&stream->after);
}

/* It stands still, or has nothing for so long. */
static bool is_over(const struct stream_source *stream, struct bytes next)
{
    bool is_open = stream->shards[stream->shard].is_open;

    if (next.size == 0)
        return true;
    return stream->empty >= (is_open ? EMPTY_MAX : EMPTY_CLOSED_MAX) ||
           (stream->empty > 0 && bytes_equal(next, buffer_bytes(&stream->iterator)));
}

static enum replay_reading read_page(struct stream_source *stream)
{
    struct client_answer answer = {0};
    const struct json *records = NULL;
    struct bytes next;
    enum status status = OK;

    if (stream->is_last_page)
        end_shard(stream);
    if (stream->shard == stream->shard_count)
        return REPLAY_END;
    arena_reset(stream->arena);
    if (stream->iterator.size == 0)
        status = ask_iterator(stream, &answer);
    if (status == OK)
        status = ask_records(stream, &answer);
    if (status == REFUSED && bytes_equal_text(answer.error_name, "TrimmedDataAccessException")) {
        end_shard(stream); /* it grew older than 24 hours while we read */
        return REPLAY_READ;
    }
    if (status == REFUSED && bytes_equal_text(answer.error_name, "ExpiredIteratorException")) {
        buffer_clear(&stream->iterator);
        return REPLAY_READ;
    }
    if (status != OK)
        return fail(stream, status, &answer);
    next = json_get_string(answer.json, "NextShardIterator");
    records = json_get(answer.json, "Records");
    stream->at = json_iter(records);
    stream->empty = json_count(records) == 0 ? stream->empty + 1 : 0;
    stream->is_last_page = is_over(stream, next);
    buffer_clear(&stream->iterator);
    buffer_append(&stream->iterator, next);
    return REPLAY_READ;
}

/* ---- records ---- */

/* False: it is no event. */
static bool read_record(struct stream_source *stream, const struct json *record,
                        struct replay_event *ret)
{
    AUTO(buffer_free) struct buffer item = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    const struct json *change = json_get(record, "dynamodb");
    const struct json *image = json_get(change, "NewImage");
    struct bytes sequence = json_get_string(change, "SequenceNumber");
    double created_s = 0;

    *ret = (struct replay_event){0};
    buffer_clear(&stream->after);
    buffer_append(&stream->after, sequence);
    if (image == NULL)
        return false;
    json_print(&item, image);
    if (!replay_event_of_item(stream->arena, arena_copy(stream->arena, buffer_bytes(&item)), ret) ||
        !bytes_end_with(ret->pk, BYTES("#stream")))
        return false;
    if (json_double(json_get(change, "ApproximateCreationDateTime"), &created_s) && created_s > 0)
        ret->time_ms = (uint64_t)(created_s * 1000);
    ret->cursor = arena_printf(stream->arena, "%.*s %.*s",
                               BYTES_ARG(stream->shards[stream->shard].id), BYTES_ARG(sequence));
    return true;
}

static enum replay_reading next_of_stream(struct replay_source *source, struct replay_event **ret)
{
    struct stream_source *stream = CONTAINER_OF(source, struct stream_source, source);

    for (;;) {
        struct replay_event event;

        if (!json_next(&stream->at)) {
            enum replay_reading reading = read_page(stream);

            if (reading != REPLAY_READ)
                return reading;
            continue;
        }
        if (!read_record(stream, stream->at.value, &event))
            continue;
        if (event.time_ms > stream->begun_ms && stream->shards[stream->shard].is_open) {
            end_shard(stream);
            continue;
        }
        event.number = ++stream->number;
        if (!replay_takes(stream->replay, &event))
            continue;
        *ret = replay_event_new(&event);
        return REPLAY_READ;
    }
}

/* ---- opening ---- */

static bool find_stream(struct stream_source *stream, int *ret_exit)
{
    struct replay *replay = stream->replay;
    const char *table = client_target(replay->client)->table;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct client_answer answer = {0};
    struct json_writer w = JSON_WRITER(&body);
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", table);
    json_end_object(&w);
    status = client_call(replay->client, replay->cli->arena, "DescribeTable", buffer_bytes(&body),
                         &answer);
    if (status != OK) {
        *ret_exit = cli_client_fail(replay->cli, replay->client, status, &answer);
        return false;
    }

    const struct json *described = json_get(answer.json, "Table");
    struct bytes view =
        json_get_string(json_get(described, "StreamSpecification"), "StreamViewType");

    stream->arn = json_get_string(described, "LatestStreamArn");
    if (stream->arn.size > 0 && bytes_find(view, BYTES("NEW")) != SIZE_MAX)
        return true;
    *ret_exit =
        cli_fail(replay->cli, CLI_FAILED,
                 "The table %s has no change stream with new images: replay --from table.", table);
    return false;
}

struct replay_source *replay_open_stream(struct replay *replay, int *ret_exit)
{
    struct stream_source *stream = mem_new(sizeof *stream);

    stream->source = (struct replay_source){.next = next_of_stream, .close = close_stream};
    stream->replay = replay;
    stream->arena = arena_new();
    stream->iterator = BUFFER_INIT((size_t)16 * 1024);
    stream->after = BUFFER_INIT(REPLAY_CURSOR_SIZE_MAX);
    stream->at = json_iter(NULL);
    stream->number = replay->place.done;
    if (!bytes_to_uint64(replay->source_mark, &stream->begun_ms))
        stream->begun_ms = cli_when_server(replay->cli, replay->client);
    if (!find_stream(stream, ret_exit) || !read_shards(stream, ret_exit)) {
        close_stream(&stream->source);
        return NULL;
    }
    begin_at(stream, arena_copy(replay->cli->arena, bytes_of_text(replay->place.cursor)));
    stream->source.mark = arena_printf(replay->cli->arena, "%" PRIu64, stream->begun_ms);
    return &stream->source;
}
