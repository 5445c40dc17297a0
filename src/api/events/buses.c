/* api/events/buses.c - CreateEventBus, DescribeEventBus, ListEventBuses, DeleteEventBus. */
#include "api/events/events.h"
#include "api/operations.h"

#define BUS_NAME_SIZE_MAX 256
#define DESCRIPTION_SIZE_MAX 512

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
    static const char *const unsupported[] = {"EventSourceName", "KmsKeyIdentifier",
                                              "DeadLetterConfig", "LogConfig"};
    struct bus_change *change = events_change(call, BUS_CREATE, created);
    enum status status = events_name(call, "Name", BUS_NAME_SIZE_MAX, &change->name);

    if (status == OK)
        status = decode_string(call->body, "Description", &change->description, &call->error);
    if (status == OK && change->description.size > DESCRIPTION_SIZE_MAX)
        status = decode_refuse(&call->error, change->description, "description",
                               "Member must have length less than or equal to 512");
    for (size_t i = 0; status == OK && i < ARRAY_COUNT(unsupported); i++)
        if (decode_member(call->body, unsupported[i]) != NULL)
            status = api_invalid(&call->error, "dynlog does not support %s yet", unsupported[i]);
    events_submit(call, change, status);
}

void api_delete_event_bus(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_DELETE, events_answer_nothing);
    enum status status = events_name(call, "Name", BUS_NAME_SIZE_MAX, &change->name);

    /* AWS: deleting what is not there is a success. */
    if (status == OK && bus_find(call->on->bus, change->name) == NULL)
        api_answer(call, BYTES("{}"));
    else
        events_submit(call, change, status);
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
    struct bytes name = {NULL, 0};
    const struct bus_description *bus = NULL;
    enum status status = decode_string(call->body, "Name", &name, &call->error);

    if (name.size == 0)
        name = BYTES("default");
    bus = bus_find(call->on->bus, name);
    if (status == OK && bus == NULL)
        status = api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                            "Event bus %.*s does not exist.", BYTES_ARG(name));
    if (status != OK) {
        api_fail_status(call, status);
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
    struct bytes prefix = {NULL, 0};
    const struct bus_description **buses = NULL;
    size_t count = 0, first = 0, end = 0;
    enum status status = decode_string(call->body, "NamePrefix", &prefix, &call->error);

    bus_list(call->on->bus, prefix, call->arena, &buses, &count);
    if (status == OK)
        status = events_page(call, count, &first, &end);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "EventBuses");
    json_begin_array(&w);
    for (size_t i = first; i < end; i++) {
        json_begin_object(&w);
        write_bus(call, &w, buses[i]);
        json_end_object(&w);
    }
    json_end_array(&w);
    events_write_next(&w, end, count);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
