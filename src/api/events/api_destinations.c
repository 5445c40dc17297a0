/* api/events/api_destinations.c - CreateApiDestination, UpdateApiDestination, DeleteApiDestination,
 * DescribeApiDestination, ListApiDestinations. */
#include "api/events/events.h"
#include "api/operations.h"

/* ---- changes ---- */

static uint32_t decode_rate(const struct api_call *call)
{
    int64_t rate = decode_int(call->body, "InvocationRateLimitPerSecond", 0);

    return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

static const char *state_of(const struct api_call *call,
                            const struct outbound_destination *destination)
{
    return outbound_is_active(call->on->outbound, destination) ? "ACTIVE" : "INACTIVE";
}

static void answer(struct outbound_change *change, enum status status)
{
    struct api_call *call = change->context;
    const struct outbound_destination *destination = &change->destination;

    if (events_outbound_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "ApiDestinationArn",
                       outbound_destination_arn(call->on->outbound, call->arena, destination));
    json_member_text(&w, "ApiDestinationState", state_of(call, destination));
    json_member_epoch(&w, "CreationTime", destination->created_ms);
    json_member_epoch(&w, "LastModifiedTime", destination->modified_ms);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void answer_nothing(struct outbound_change *change, enum status status)
{
    if (!events_outbound_failed(change, status))
        api_answer(change->context, BYTES("{}"));
}

static void submit(struct api_call *call, enum outbound_change_kind kind,
                   void (*done)(struct outbound_change *change, enum status status))
{
    struct outbound_change *change = ARENA_NEW(call->arena, struct outbound_change);

    *change = (struct outbound_change){
        .kind = kind,
        .name = decode_string(call->body, "Name"),
        .has_description = decode_has(call->body, "Description"),
        .description = decode_string(call->body, "Description"),
        .connection_arn = decode_string(call->body, "ConnectionArn"),
        .endpoint = decode_string(call->body, "InvocationEndpoint"),
        .method = decode_string(call->body, "HttpMethod"),
        .rate = decode_rate(call),
        .arena = call->arena,
        .done = done,
        .context = call,
    };
    outbound_change(call->on->outbound, change);
}

void api_create_api_destination(struct api_call *call)
{
    submit(call, OUTBOUND_CREATE_DESTINATION, answer);
}

void api_update_api_destination(struct api_call *call)
{
    submit(call, OUTBOUND_UPDATE_DESTINATION, answer);
}

void api_delete_api_destination(struct api_call *call)
{
    submit(call, OUTBOUND_DELETE_DESTINATION, answer_nothing);
}

/* ---- descriptions ---- */

static void write_summary(struct api_call *call, struct json_writer *w,
                          const struct outbound_destination *destination)
{
    json_member_string(w, "ApiDestinationArn",
                       outbound_destination_arn(call->on->outbound, call->arena, destination));
    json_member_string(w, "Name", destination->name);
    json_member_text(w, "ApiDestinationState", state_of(call, destination));
    json_member_string(w, "ConnectionArn", destination->connection_arn);
    json_member_string(w, "InvocationEndpoint", destination->endpoint);
    json_member_string(w, "HttpMethod", destination->method);
    json_member_int(w, "InvocationRateLimitPerSecond", destination->rate);
    json_member_epoch(w, "CreationTime", destination->created_ms);
    json_member_epoch(w, "LastModifiedTime", destination->modified_ms);
}

void api_describe_api_destination(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    const struct outbound_destination *destination =
        outbound_find_destination(call->on->outbound, name);

    if (destination == NULL) {
        api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                   "Failed to describe the api-destination(s). An api-destination '%.*s' does not "
                   "exist.",
                   BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_summary(call, &w, destination);
    if (destination->description.size > 0)
        json_member_string(&w, "Description", destination->description);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_list_api_destinations(struct api_call *call)
{
    struct bytes connection = decode_string(call->body, "ConnectionArn");
    const struct outbound_destination **destinations = NULL;
    struct events_list list;
    size_t all = 0, count = 0;
    enum status status = OK;

    if (connection.size > 0 && decode_has(call->body, "NamePrefix"))
        status = api_invalid(&call->error,
                             "Failed to list the api-destination(s). Request failed because only "
                             "one filter is supported per request, either ConnectionArn or "
                             "NamePrefix.");
    outbound_list_destinations(call->on->outbound, decode_string(call->body, "NamePrefix"),
                               call->arena, &destinations, &all);
    for (size_t i = 0; i < all; i++)
        if (connection.size == 0 || bytes_equal(connection, destinations[i]->connection_arn))
            destinations[count++] = destinations[i];
    if (!events_list_begin(call, status, "ApiDestinations", count, &list))
        return;
    for (size_t i = list.first; i < list.end; i++) {
        json_begin_object(&list.w);
        write_summary(call, &list.w, destinations[i]);
        json_end_object(&list.w);
    }
    events_list_end(&list);
}
