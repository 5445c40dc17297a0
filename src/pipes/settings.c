/* pipes/settings.c - the parameters of a pipe: of a request over those that are there, with AWS's
 * defaults; see internal.h.
 *
 * AWS (API reference, UpdatePipe): what is not said stays; but the parameters of one service
 * ("DynamoDBStreamParameters") are replaced as a whole, and what is not said in them becomes the
 * default. StartingPosition can't be said again, and stays. */
#include "pipes/internal.h"

#define SIZE_MAX_TEXT PIPE_RECORD_SIZE_MAX

static const struct json *parse(struct arena *arena, struct bytes text)
{
    const struct json *json = NULL;

    if (text.size == 0 || json_parse(arena, text, &json, NULL) != OK)
        return NULL;
    return json;
}

static bool is_there(const struct json *value)
{
    return value != NULL && !json_is(value, JSON_NULL);
}

static const struct json *member(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return is_there(value) ? value : NULL;
}

static struct bytes take(struct arena *arena, const struct buffer *out)
{
    assert(!buffer_failed(out) && "a request's body is smaller");
    return arena_copy(arena, buffer_bytes(out));
}

static void copy_member(struct json_writer *w, const struct json *object, const char *name)
{
    const struct json *value = member(object, name);

    if (value == NULL)
        return;
    json_key(w, name);
    json_write_value(w, value);
}

static void member_or(struct json_writer *w, const struct json *object, const char *name,
                      int64_t otherwise)
{
    int64_t value = otherwise;

    if (!json_int64(member(object, name), &value))
        value = otherwise;
    json_member_int(w, name, value);
}

/* ---- sources ---- */

static void write_stream(struct json_writer *w, const struct json *said, const struct json *old,
                         uint32_t batch_max)
{
    const struct json *position = member(old, "StartingPosition");
    const struct json *dead_letters = member(said, "DeadLetterConfig");

    if (position == NULL)
        position = member(said, "StartingPosition");
    json_key(w, "DynamoDBStreamParameters");
    json_begin_object(w);
    member_or(w, said, "BatchSize", (int64_t)size_min(PIPE_STREAM_BATCH, batch_max));
    if (json_get_string(dead_letters, "Arn").size > 0)
        copy_member(w, said, "DeadLetterConfig");
    copy_member(w, said, "MaximumBatchingWindowInSeconds");
    member_or(w, said, "MaximumRecordAgeInSeconds", -1);
    member_or(w, said, "MaximumRetryAttempts", -1);
    copy_member(w, said, "OnPartialBatchItemFailure");
    member_or(w, said, "ParallelizationFactor", 1);
    if (position != NULL) {
        json_key(w, "StartingPosition");
        json_write_value(w, position);
    }
    json_end_object(w);
}

static void write_queue(struct json_writer *w, const struct json *said, uint32_t batch_max)
{
    json_key(w, "SqsQueueParameters");
    json_begin_object(w);
    member_or(w, said, "BatchSize", (int64_t)size_min(PIPE_QUEUE_BATCH, batch_max));
    copy_member(w, said, "MaximumBatchingWindowInSeconds");
    json_end_object(w);
}

/* No filters are no criteria. */
static void write_filters(struct json_writer *w, const struct json *said, const struct json *old)
{
    const struct json *from = member(said, "FilterCriteria") != NULL ? said : old;

    if (json_count(json_get(json_get(from, "FilterCriteria"), "Filters")) > 0)
        copy_member(w, from, "FilterCriteria");
}

struct bytes pipe_source_parameters(struct arena *arena, struct bytes old, const struct json *said,
                                    enum pipe_source_kind source, uint32_t batch_max)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX_TEXT);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *before = parse(arena, old);
    bool of_stream = source == PIPE_SOURCE_STREAM;
    const char *name = of_stream ? "DynamoDBStreamParameters" : "SqsQueueParameters";
    const struct json *own = member(said, name), *own_before = member(before, name);

    json_begin_object(&w);
    if (own == NULL && own_before != NULL)
        copy_member(&w, before, name);
    else if (of_stream)
        write_stream(&w, own, own_before, batch_max);
    else
        write_queue(&w, own, batch_max);
    write_filters(&w, said, before);
    json_end_object(&w);
    return take(arena, &out);
}

struct bytes pipe_starting_position(struct arena *arena, struct bytes parameters)
{
    const struct json *own = member(parse(arena, parameters), "DynamoDBStreamParameters");
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX_TEXT);
    struct json_writer w = JSON_WRITER(&out);

    if (own == NULL)
        return (struct bytes){NULL, 0};
    json_begin_object(&w);
    json_key(&w, "DynamoDBStreamParameters");
    json_begin_object(&w);
    copy_member(&w, own, "StartingPosition");
    json_end_object(&w);
    json_end_object(&w);
    return take(arena, &out);
}

/* ---- enrichments, targets ---- */

/* "" takes an InputTemplate away. */
static bool is_cleared(struct bytes name, const struct json *value)
{
    return bytes_equal_text(name, "InputTemplate") && json_string(value).size == 0;
}

struct bytes pipe_parameters_over(struct arena *arena, struct bytes old, const struct json *said)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX_TEXT);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *before = parse(arena, old);
    size_t count = 0;

    json_begin_object(&w);
    for (struct json_iter it = json_iter(before); json_next(&it);) {
        if (is_there(json_get_bytes(said, it.name)))
            continue;
        json_key_bytes(&w, it.name);
        json_write_value(&w, it.value);
        count++;
    }
    for (struct json_iter it = json_iter(said); json_next(&it);) {
        if (!is_there(it.value) || is_cleared(it.name, it.value))
            continue;
        json_key_bytes(&w, it.name);
        json_write_value(&w, it.value);
        count++;
    }
    json_end_object(&w);
    return count > 0 ? take(arena, &out) : (struct bytes){NULL, 0};
}

const char *pipe_parameters_name(enum pipe_target_kind target)
{
    switch (target) {
    case PIPE_TARGET_BUS:
        return "EventBridgeEventBusParameters";
    case PIPE_TARGET_QUEUE:
        return "SqsQueueParameters";
    case PIPE_TARGET_LOG_GROUP:
        return "CloudWatchLogsParameters";
    case PIPE_TARGET_FUNCTION:
        return "LambdaFunctionParameters";
    case PIPE_TARGET_DESTINATION:
        return "HttpParameters";
    case PIPE_TARGET_NONE:
        return NULL;
    }
    return NULL;
}

struct bytes pipe_target_parameters_of(struct arena *arena, struct bytes parameters,
                                       enum pipe_target_kind target)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX_TEXT);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *before = parse(arena, parameters);
    size_t count = 0;

    json_begin_object(&w);
    for (struct json_iter it = json_iter(before); json_next(&it);) {
        if (!bytes_equal_text(it.name, "InputTemplate") &&
            !bytes_equal_text(it.name, pipe_parameters_name(target)))
            continue;
        json_key_bytes(&w, it.name);
        json_write_value(&w, it.value);
        count++;
    }
    json_end_object(&w);
    return count > 0 ? take(arena, &out) : (struct bytes){NULL, 0};
}
