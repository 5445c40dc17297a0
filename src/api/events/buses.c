/* api/events/buses.c - CreateEventBus, UpdateEventBus, DescribeEventBus, ListEventBuses,
 * DeleteEventBus. */
#include "api/events/events.h"
#include "api/operations.h"

static void write_dead_letters(struct json_writer *w, struct bytes arn)
{
    if (arn.size == 0)
        return;
    json_key(w, "DeadLetterConfig");
    json_begin_object(w);
    json_member_string(w, "Arn", arn);
    json_end_object(w);
}

static void write_set(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

static void answer_settings(struct bus_change *change, enum status status, const char *arn_name)
{
    struct api_call *call = change->context;
    const struct bus_description *bus = NULL;

    if (events_change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    bus = bus_find(call->on->bus, change->name);
    json_begin_object(&w);
    if (bus != NULL) { /* it may be gone by now */
        json_member_string(&w, arn_name, bus_arn(call->on->bus, call->arena, bus->name));
        write_set(&w, "Description", bus->description);
        write_set(&w, "KmsKeyIdentifier", bus->kms_key);
        write_dead_letters(&w, bus->dead_letter_arn);
    }
    if (bus != NULL && change->kind == BUS_UPDATE)
        json_member_string(&w, "Name", bus->name);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void created(struct bus_change *change, enum status status)
{
    answer_settings(change, status, "EventBusArn");
}

static void updated(struct bus_change *change, enum status status)
{
    answer_settings(change, status, "Arn");
}

static void decode_settings(struct api_call *call, struct bus_change *change)
{
    change->description = decode_string(call->body, "Description");
    change->kms_key = decode_string(call->body, "KmsKeyIdentifier");
    change->dead_letter_arn = decode_string(decode_member(call->body, "DeadLetterConfig"), "Arn");
    if (decode_has(call->body, "Description"))
        change->updates |= BUS_UPDATES_DESCRIPTION;
    if (decode_has(call->body, "KmsKeyIdentifier"))
        change->updates |= BUS_UPDATES_KEY;
    if (decode_has(call->body, "DeadLetterConfig"))
        change->updates |= BUS_UPDATES_DEAD_LETTERS;
}

void api_create_event_bus(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_CREATE, created);

    change->name = decode_string(call->body, "Name");
    decode_settings(call, change);
    events_decode_tags(call, change);
    events_submit(call, change, OK);
}

void api_update_event_bus(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_UPDATE, updated);

    change->name = decode_string(call->body, "Name");
    if (change->name.size == 0)
        change->name = BYTES("default");
    decode_settings(call, change);
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
    write_set(w, "Description", bus->description);
    write_set(w, "Policy", bus->policy);
    json_member_epoch(w, "CreationTime", bus->created_ms);
    json_member_epoch(w, "LastModifiedTime", bus->modified_ms);
}

void api_describe_event_bus(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    const struct bus_description *bus = NULL;
    enum status status = OK;

    if (name.size == 0)
        name = BYTES("default");
    status = events_find_bus(call, name);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    bus = bus_find(call->on->bus, name);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_bus(call, &w, bus);
    write_set(&w, "KmsKeyIdentifier", bus->kms_key);
    write_dead_letters(&w, bus->dead_letter_arn);
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
