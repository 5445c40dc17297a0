/* api/events/replays.c - StartReplay, DescribeReplay, ListReplays, CancelReplay. */
#include "api/events/events.h"
#include "api/operations.h"

/* ---- changes ---- */

static void started(struct bus_change *change, enum status status)
{
    struct api_call *call = change->context;
    const struct bus_replay *replay = NULL;

    if (events_change_failed(change, status))
        return;
    replay = bus_find_replay(call->on->bus, change->name);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ReplayArn", bus_replay_arn(call->on->bus, call->arena, change->name));
    json_member_text(&w, "State", bus_replay_states[BUS_REPLAY_STARTING]);
    if (replay != NULL) {
        json_member_epoch(&w, "ReplayStartTime", replay->started_ms);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static enum status decode_destination(struct api_call *call, struct bus_change *change)
{
    const struct json *destination = decode_member(call->body, "Destination");
    const struct json *rules = decode_member(destination, "FilterArns");
    struct bytes *rule_arns = ARENA_NEW_ARRAY(call->arena, json_count(rules), struct bytes);

    for (struct json_iter it = json_iter(rules); json_next(&it);)
        rule_arns[it.index] = json_string(it.value);
    change->rule_arns = rule_arns;
    change->rule_arn_count = json_count(rules);
    return events_name_in_arn(call, "Destination.Arn", decode_string(destination, "Arn"),
                              "event-bus/", "event bus", &change->bus_name);
}

static enum status decode_times(struct api_call *call, struct bus_change *change)
{
    enum status status =
        decode_time_ms(call->body, "EventStartTime", 0, &change->from_ms, &call->error);

    if (status == OK)
        status = decode_time_ms(call->body, "EventEndTime", 0, &change->to_ms, &call->error);
    return status;
}

void api_start_replay(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_START_REPLAY, started);
    enum status status = decode_destination(call, change);

    change->name = decode_string(call->body, "ReplayName");
    change->description = decode_string(call->body, "Description");
    if (status == OK)
        status =
            events_name_in_arn(call, "EventSourceArn", decode_string(call->body, "EventSourceArn"),
                               "archive/", "archive", &change->archive_name);
    if (status == OK)
        status = decode_times(call, change);
    events_submit(call, change, status);
}

static void cancelled(struct bus_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (events_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ReplayArn", bus_replay_arn(call->on->bus, call->arena, change->name));
    json_member_text(&w, "State", bus_replay_states[BUS_REPLAY_CANCELLING]);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_cancel_replay(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_CANCEL_REPLAY, cancelled);

    change->name = decode_string(call->body, "ReplayName");
    events_submit(call, change, OK);
}

/* ---- descriptions ---- */

static void write_replay(struct api_call *call, struct json_writer *w,
                         const struct bus_replay *replay)
{
    json_member_string(w, "ReplayName", replay->name);
    json_member_string(w, "EventSourceArn",
                       bus_archive_arn(call->on->bus, call->arena, replay->archive_name));
    json_member_text(w, "State", bus_replay_states[replay->state]);
    if (replay->reason.size > 0)
        json_member_string(w, "StateReason", replay->reason);
    json_member_epoch(w, "EventStartTime", replay->from_ms);
    json_member_epoch(w, "EventEndTime", replay->to_ms);
    if (replay->has_last)
        json_member_epoch(w, "EventLastReplayedTime", replay->last_ms);
    json_member_epoch(w, "ReplayStartTime", replay->started_ms);
    if (replay->ended_ms > 0)
        json_member_epoch(w, "ReplayEndTime", replay->ended_ms);
}

static void write_destination(struct api_call *call, struct json_writer *w,
                              const struct bus_replay *replay)
{
    json_key(w, "Destination");
    json_begin_object(w);
    json_member_string(w, "Arn", bus_arn(call->on->bus, call->arena, replay->bus_name));
    if (replay->rule_arn_count > 0) {
        json_key(w, "FilterArns");
        json_begin_array(w);
        for (size_t i = 0; i < replay->rule_arn_count; i++)
            json_write_string(w, replay->rule_arns[i]);
        json_end_array(w);
    }
    json_end_object(w);
}

void api_describe_replay(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "ReplayName");
    const struct bus_replay *replay = bus_find_replay(call->on->bus, name);

    if (replay == NULL) {
        api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Replay %.*s does not exist.",
                   BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ReplayArn", bus_replay_arn(call->on->bus, call->arena, name));
    if (replay->description.size > 0)
        json_member_string(&w, "Description", replay->description);
    write_destination(call, &w, replay);
    write_replay(call, &w, replay);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* An archive that is not there has no replays. */
static enum status filter(struct api_call *call, const struct bus_replay **replays, size_t *count)
{
    struct bytes source = decode_string(call->body, "EventSourceArn"), archive = {NULL, 0};
    struct bytes state = decode_string(call->body, "State");
    size_t all = *count;
    enum status status = OK;

    if (source.size > 0)
        status =
            events_name_in_arn(call, "EventSourceArn", source, "archive/", "archive", &archive);
    *count = 0;
    for (size_t i = 0; status == OK && i < all; i++)
        if ((source.size == 0 || bytes_equal(replays[i]->archive_name, archive)) &&
            (state.size == 0 || bytes_equal_text(state, bus_replay_states[replays[i]->state])))
            replays[(*count)++] = replays[i];
    return status;
}

void api_list_replays(struct api_call *call)
{
    const struct bus_replay **replays = NULL;
    struct events_list list;
    size_t count = 0;
    enum status status = events_one_filter(call, "ListReplays");

    bus_list_replays(call->on->bus, decode_string(call->body, "NamePrefix"), call->arena, &replays,
                     &count);
    if (status == OK)
        status = filter(call, replays, &count);
    if (!events_list_begin(call, status, "Replays", count, &list))
        return;
    for (size_t i = list.first; i < list.end; i++) {
        json_begin_object(&list.w);
        write_replay(call, &list.w, replays[i]);
        json_end_object(&list.w);
    }
    events_list_end(&list);
}
