/* api/logs/read_log_events.c - GetLogEvents, FilterLogEvents. */
#include "api/logs/common.h"
#include "logs/filter.h"

static uint64_t read_time(struct api_call *call, const char *name, uint64_t otherwise_ms)
{
    return decode_has(call->body, name) ? (uint64_t)decode_int(call->body, name, 0) : otherwise_ms;
}

static size_t read_limit(struct api_call *call)
{
    return (size_t)decode_int(call->body, "limit", LOG_PAGE_COUNT_MAX);
}

static void write_event(struct json_writer *w, const struct log_event *event)
{
    json_member_int(w, "timestamp", (int64_t)event->timestamp_ms);
    json_member_string(w, "message", event->message);
    json_member_int(w, "ingestionTime", (int64_t)event->ingested_ms);
}

/* ---- GetLogEvents ---- */

static void answer_read(struct api_call *call, const struct log_read *read)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "events");
    json_begin_array(&w);
    for (size_t i = 0; i < read->count; i++) {
        json_begin_object(&w);
        write_event(&w, &read->events[i]);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_member_string(&w, "nextForwardToken", read->forward_token);
    json_member_string(&w, "nextBackwardToken", read->backward_token);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_log_events(struct api_call *call)
{
    struct log_read *read = ARENA_NEW(call->arena, struct log_read);
    enum status status = logs_api_group(call, &read->group);

    read->stream_name = decode_string(call->body, "logStreamName");
    read->start_ms = read_time(call, "startTime", 0);
    read->end_ms = read_time(call, "endTime", UINT64_MAX);
    read->from_head = decode_bool(call->body, "startFromHead", false);
    read->token = decode_string(call->body, "nextToken");
    read->limit = read_limit(call);
    read->arena = call->arena;
    if (status == OK)
        status = logs_read(call->on->logs, read);
    if (status == OK)
        answer_read(call, read);
    else if (status == REFUSED && read->error.kind != API_NO_ERROR)
        api_fail(call, &read->error);
    else
        api_fail_status(call, status);
}

/* ---- FilterLogEvents ---- */

static enum status read_streams(struct api_call *call, struct log_search *search)
{
    const struct json *names = decode_member(call->body, "logStreamNames");
    struct bytes *list = ARENA_NEW_ARRAY(call->arena, json_count(names), struct bytes);

    for (struct json_iter it = json_iter(names); json_next(&it);)
        list[search->stream_count++] = json_string(it.value);
    search->stream_names = list;
    search->stream_prefix = decode_string(call->body, "logStreamNamePrefix");
    if (search->stream_count > 0 && search->stream_prefix.size > 0)
        return api_invalid(&call->error,
                           "logStreamNamePrefix and logStreamNames can't both be specified.");
    return OK;
}

static enum status read_search(struct api_call *call, struct log_search *search)
{
    enum status status = logs_api_group(call, &search->group);

    search->start_ms = read_time(call, "startTime", 0);
    search->end_ms = read_time(call, "endTime", UINT64_MAX);
    search->token = decode_string(call->body, "nextToken");
    search->limit = read_limit(call);
    search->arena = call->arena;
    if (status == OK)
        status = read_streams(call, search);
    if (status == OK)
        status = log_filter_parse(call->arena, decode_string(call->body, "filterPattern"),
                                  &search->filter, &call->error);
    return status;
}

static void answer_search(struct api_call *call, const struct log_search *search)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "events");
    json_begin_array(&w);
    for (size_t i = 0; i < search->count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "logStreamName", search->events[i].stream_name);
        write_event(&w, &search->events[i]);
        json_member_string(&w, "eventId",
                           log_event_id(call->arena, search->group, &search->events[i]));
        json_end_object(&w);
    }
    json_end_array(&w);
    json_key(&w, "searchedLogStreams"); /* empty since 2020 */
    json_begin_array(&w);
    json_end_array(&w);
    if (search->next_token.size > 0)
        json_member_string(&w, "nextToken", search->next_token);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_filter_log_events(struct api_call *call)
{
    struct log_search *search = ARENA_NEW(call->arena, struct log_search);
    enum status status = read_search(call, search);

    if (status == OK)
        status = logs_search(call->on->logs, search);
    if (status == OK)
        answer_search(call, search);
    else if (status == REFUSED && search->error.kind != API_NO_ERROR)
        api_fail(call, &search->error);
    else
        api_fail_status(call, status);
}
