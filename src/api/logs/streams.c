/* api/logs/streams.c - CreateLogStream, DeleteLogStream, DescribeLogStreams. */
#include "api/logs/common.h"

#include <inttypes.h>

#define PAGE_MAX 50

static void stream_changed(struct log_stream_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        api_answer(call, BYTES("{}"));
    else if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
}

static void change_stream(struct api_call *call, bool deletes)
{
    struct log_stream_change *change = ARENA_NEW(call->arena, struct log_stream_change);

    change->deletes = deletes;
    change->group_name = decode_string(call->body, "logGroupName");
    change->stream_name = decode_string(call->body, "logStreamName");
    change->done = stream_changed;
    change->context = call;
    logs_change_stream(call->on->logs, change);
}

void api_create_log_stream(struct api_call *call)
{
    change_stream(call, false);
}

void api_delete_log_stream(struct api_call *call)
{
    change_stream(call, true);
}

/* ---- described ---- */

/* By time a token is the last stream's time and name: "1785000000000/name". */
static enum status read_after(struct api_call *call, struct log_stream_list *list)
{
    struct bytes token = {NULL, 0};
    size_t slash = 0;
    enum status status = logs_api_token(call, &token);

    if (status != OK || token.size == 0)
        return status;
    list->has_after = true;
    list->after_name = token;
    if (!list->by_time)
        return OK;
    slash = bytes_find_byte(token, '/', 0);
    if (slash == SIZE_MAX || !bytes_to_uint64(bytes_slice(token, 0, slash), &list->after_ms))
        return api_invalid(&call->error, "The specified nextToken is invalid.");
    list->after_name = bytes_slice(token, slash + 1, token.size);
    return OK;
}

static enum status read_list(struct api_call *call, struct log_stream_list *list)
{
    enum status status = logs_api_group(call, &list->group);

    list->arena = call->arena;
    list->prefix = decode_string(call->body, "logStreamNamePrefix");
    list->by_time = bytes_equal_text(decode_string(call->body, "orderBy"), "LastEventTime");
    list->descending = decode_bool(call->body, "descending", false);
    list->limit = (size_t)decode_int(call->body, "limit", PAGE_MAX);
    if (status == OK && list->by_time && list->prefix.size > 0)
        return api_invalid(&call->error,
                           "Cannot order by LastEventTime with a logStreamNamePrefix.");
    return status == OK ? read_after(call, list) : status;
}

static void write_stream(struct api_call *call, struct json_writer *w,
                         const struct log_group_view *group, const struct log_stream_view *stream)
{
    json_begin_object(w);
    json_member_string(w, "logStreamName", stream->name);
    json_member_int(w, "creationTime", (int64_t)stream->created_ms);
    if (stream->has_events) {
        json_member_int(w, "firstEventTimestamp", (int64_t)stream->first_ms);
        json_member_int(w, "lastEventTimestamp", (int64_t)stream->last_ms);
        json_member_int(w, "lastIngestionTime", (int64_t)stream->ingested_ms);
    }
    json_member_string(w, "uploadSequenceToken",
                       arena_printf(call->arena, "%056" PRIu64, stream->id));
    json_member_string(w, "arn",
                       arena_printf(call->arena, "%.*s:log-stream:%.*s", BYTES_ARG(group->arn),
                                    BYTES_ARG(stream->name)));
    json_member_int(w, "storedBytes", 0); /* AWS tells no more since 2019 */
    json_end_object(w);
}

static void answer_list(struct api_call *call, const struct log_stream_list *list)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "logStreams");
    json_begin_array(&w);
    for (size_t i = 0; i < list->count; i++)
        write_stream(call, &w, list->group, &list->streams[i]);
    json_end_array(&w);
    if (list->more) {
        const struct log_stream_view *last = &list->streams[list->count - 1];

        logs_api_write_token(&w, list->by_time ? arena_printf(call->arena, "%" PRIu64 "/%.*s",
                                                              last->last_ms, BYTES_ARG(last->name))
                                               : last->name);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_describe_log_streams(struct api_call *call)
{
    struct log_stream_list list = {.limit = 0};
    enum status status = read_list(call, &list);

    if (status == OK)
        status = logs_list_streams(call->on->logs, &list);
    if (status == OK)
        answer_list(call, &list);
    else
        api_fail_status(call, status);
}
