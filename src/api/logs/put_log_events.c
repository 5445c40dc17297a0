/* api/logs/put_log_events.c - PutLogEvents. The sequence token is taken and means nothing, as on
 * AWS since 2023. */
#include "api/logs/common.h"

/* AWS still answers with one. */
#define NEXT_TOKEN "49000000000000000000000000000000000000000000000000000002"

static void write_rejected(struct json_writer *w, const struct log_put *put)
{
    if (put->too_old_end < 0 && put->expired_end < 0 && put->too_new_start < 0)
        return;
    json_key(w, "rejectedLogEventsInfo");
    json_begin_object(w);
    if (put->too_new_start >= 0)
        json_member_int(w, "tooNewLogEventStartIndex", put->too_new_start);
    if (put->too_old_end >= 0)
        json_member_int(w, "tooOldLogEventEndIndex", put->too_old_end);
    if (put->expired_end >= 0)
        json_member_int(w, "expiredLogEventEndIndex", put->expired_end);
    json_end_object(w);
}

static void events_put(struct log_put *put, enum status status)
{
    struct api_call *call = put->context;

    if (status == REFUSED) {
        api_fail(call, &put->error);
        return;
    }
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_text(&w, "nextSequenceToken", NEXT_TOKEN);
    write_rejected(&w, put);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_put_log_events(struct api_call *call)
{
    struct log_put *put = ARENA_NEW(call->arena, struct log_put);
    const struct json *list = decode_member(call->body, "logEvents");
    struct log_input *events = ARENA_NEW_ARRAY(call->arena, json_count(list), struct log_input);

    for (struct json_iter it = json_iter(list); json_next(&it);)
        events[put->count++] = (struct log_input){(uint64_t)decode_int(it.value, "timestamp", 0),
                                                  decode_string(it.value, "message")};
    put->group_name = decode_string(call->body, "logGroupName");
    put->stream_name = decode_string(call->body, "logStreamName");
    put->events = events;
    put->done = events_put;
    put->context = call;
    logs_put(call->on->logs, put);
}
