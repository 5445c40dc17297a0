/* api/events/buses.c - CreateEventBus, DescribeEventBus, ListEventBuses, DeleteEventBus. */
#include "api/events/events.h"
#include "api/operations.h"

static void created(struct bus_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (events_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "EventBusArn", bus_arn(call->on->bus, call->arena, change->name));
    if (change->description.size > 0)
        json_member_string(&w, "Description", change->description);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_create_event_bus(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_CREATE, created);

    change->name = decode_string(call->body, "Name");
    change->description = decode_string(call->body, "Description");
    events_submit(call, change, OK);
}

void api_delete_event_bus(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_DELETE, events_answer_nothing);

    change->name = decode_string(call->body, "Name");
    /* AWS: deleting what is not there is a success. */
    if (bus_find(call->on->bus, change->name) == NULL)
        api_answer(call, BYTES("{}"));
    else
        events_submit(call, change, OK);
}

static void write_bus(struct api_call *call, struct json_writer *w,
                      const struct bus_description *bus)
{
    json_member_string(w, "Name", bus->name);
    json_member_string(w, "Arn", bus_arn(call->on->bus, call->arena, bus->name));
    if (bus->description.size > 0)
        json_member_string(w, "Description", bus->description);
    json_key(w, "CreationTime");
    json_write_epoch(w, bus->created_ms);
    json_key(w, "LastModifiedTime");
    json_write_epoch(w, bus->modified_ms);
}

void api_describe_event_bus(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    const struct bus_description *bus = NULL;

    if (name.size == 0)
        name = BYTES("default");
    bus = bus_find(call->on->bus, name);
    if (bus == NULL) {
        api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
                   BYTES_ARG(name));
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_bus(call, &w, bus);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_list_event_buses(struct api_call *call)
{
    const struct bus_description **buses = NULL;
    struct events_list list;
    size_t count = 0;

    bus_list(call->on->bus, decode_string(call->body, "NamePrefix"), call->arena, &buses, &count);
    if (!events_list_begin(call, OK, "EventBuses", count, &list))
        return;
    for (size_t i = list.first; i < list.end; i++) {
        json_begin_object(&list.w);
        write_bus(call, &list.w, buses[i]);
        json_end_object(&list.w);
    }
    events_list_end(&list);
}
