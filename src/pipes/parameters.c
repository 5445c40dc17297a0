/* pipes/parameters.c - the parameters of one event for its target, with their paths followed. (AWS:
 * EventBridge user guide, "Dynamic path parameters".) See execution.h.
 *
 * A value that is a path stands for what the event has there, before any InputTemplate. What points
 * at nothing, or at an object, is no value: then the event can't be delivered. */
#include "pipes/execution.h"

struct writing {
    const struct pipe_event *event;
    struct arena *arena;
    struct json_writer w;
    struct delivery_error *why;
    bool failed;
};

/* The text that a value comes to. */
static bool follow(struct writing *p, const char *name, struct bytes value, struct bytes *ret)
{
    struct pipe_value found;

    *ret = value;
    if (!pipe_path_is(value))
        return true;
    if (pipe_path_follow(value, p->event, p->arena, &found) && found.type != JSON_OBJECT &&
        found.type != JSON_ARRAY && found.type != JSON_NULL && found.text.size > 0) {
        *ret = found.text;
        return true;
    }
    if (!p->failed)
        delivery_error_set(p->why, "INVALID_PARAMETER", false,
                           "%s: the event has no value at %.*s.", name, BYTES_ARG(value));
    p->failed = true;
    return false;
}

/* Nothing when it is not set; what stands for it then, or "". */
static void member(struct writing *p, const char *name, const struct json *parameters,
                   const char *from, struct bytes otherwise)
{
    struct bytes value = json_get_string(parameters, from);

    if (value.size == 0)
        json_member_set(&p->w, name, otherwise);
    else if (follow(p, from, value, &value))
        json_member_string(&p->w, name, value);
}

static struct bytes source_service(const struct pipe_plan *plan)
{
    return plan->source == PIPE_SOURCE_STREAM ? BYTES("aws:dynamodb") : BYTES("aws:sqs");
}

/* As AWS makes them: source "Pipe NAME", detail type "Event from aws:dynamodb". */
static void write_bus(struct writing *p, const struct pipe_plan *plan)
{
    const struct json *own = plan->target_parameters;
    struct bytes value = {NULL, 0};

    json_key(&p->w, "EventBridgeParameters");
    json_begin_object(&p->w);
    member(p, "DetailType", own, "DetailType",
           arena_printf(p->arena, "Event from %.*s", BYTES_ARG(source_service(plan))));
    member(p, "Source", own, "Source",
           arena_printf(p->arena, "Pipe %.*s", BYTES_ARG(plan->settings.name)));
    json_key(&p->w, "Resources");
    json_begin_array(&p->w);
    for (struct json_iter it = json_iter(json_get(own, "Resources")); json_next(&it);)
        if (follow(p, "Resources", json_string(it.value), &value))
            json_write_string(&p->w, value);
    json_end_array(&p->w);
    member(p, "Time", own, "Time", BYTES(""));
    json_end_object(&p->w);
}

static void write_queue(struct writing *p, const struct json *own)
{
    json_key(&p->w, "SqsParameters");
    json_begin_object(&p->w);
    member(p, "MessageGroupId", own, "MessageGroupId", BYTES(""));
    member(p, "MessageDeduplicationId", own, "MessageDeduplicationId", BYTES(""));
    json_end_object(&p->w);
}

static void write_log(struct writing *p, const struct json *own)
{
    json_key(&p->w, "CloudWatchLogsParameters");
    json_begin_object(&p->w);
    member(p, "LogStreamName", own, "LogStreamName", BYTES(""));
    member(p, "Timestamp", own, "Timestamp", BYTES(""));
    json_end_object(&p->w);
}

bool target_parameters(const struct pipe_plan *plan, const struct pipe_event *event,
                       struct arena *arena, struct bytes *ret, struct delivery_error *why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DELIVERY_PARAMETERS_SIZE_MAX);
    struct writing p = {event, arena, JSON_WRITER(&out), why, false};

    *ret = (struct bytes){NULL, 0};
    json_begin_object(&p.w);
    switch (plan->target) {
    case PIPE_TARGET_BUS:
        write_bus(&p, plan);
        break;
    case PIPE_TARGET_QUEUE:
        write_queue(&p, plan->target_parameters);
        break;
    case PIPE_TARGET_LOG_GROUP:
        write_log(&p, plan->target_parameters);
        break;
    case PIPE_TARGET_FUNCTION:
    case PIPE_TARGET_DESTINATION:
    case PIPE_TARGET_NONE:
        return true;
    }
    json_end_object(&p.w);
    if (p.failed)
        return false;
    if (buffer_failed(&out)) {
        delivery_error_set(why, "INVALID_PARAMETER", false,
                           "The parameters of the target are too large for this event.");
        return false;
    }
    *ret = arena_copy(arena, buffer_bytes(&out));
    return true;
}
