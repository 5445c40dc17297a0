/* server/bus_target.c - an event bus as a target: an event, planned on the loop; its deliveries are
 * in the same batch. */
#include "server/target.h"

/* A schedule is the resource of its event, a function's end has the bus too, as on AWS, and a pipe
 * says which there are. */
static struct bytes resources_of(const struct delivery *delivery, const struct json *parameters)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DELIVERY_PARAMETERS_SIZE_MAX);

    if (delivery->source == DELIVERY_OF_FUNCTION)
        return arena_printf(delivery->arena, "[\"%.*s\",\"%.*s\"]", BYTES_ARG(delivery->target_arn),
                            BYTES_ARG(delivery->source_arn));
    if (delivery->source != DELIVERY_OF_PIPE)
        return arena_printf(delivery->arena, "[\"%.*s\"]", BYTES_ARG(delivery->source_arn));
    json_print(&out, json_get(parameters, "Resources"));
    return arena_copy(delivery->arena, buffer_bytes(&out));
}

static enum delivery_way refuse_entry(struct delivery_error *reterr, const char *code,
                                      struct bytes message)
{
    delivery_error_set(reterr, "INVALID_PARAMETER", false, "%s: %.*s", code, BYTES_ARG(message));
    return DELIVERY_REFUSED;
}

/* A schedule, a pipe or a function's destination says what the event is to be. */
static enum delivery_way find_entry(struct server *server, struct delivery *delivery,
                                    const struct json *parameters, struct delivery_error *reterr)
{
    struct bus_entry *entry = ARENA_NEW(delivery->arena, struct bus_entry);
    struct bytes time = json_get_string(parameters, "Time");

    entry->bus_name = delivery->target_arn;
    entry->source = json_string(json_get(parameters, "Source"));
    entry->detail_type = json_string(json_get(parameters, "DetailType"));
    entry->detail = delivery->payload;
    entry->resources = resources_of(delivery, parameters);
    entry->asked_by = delivery->asked_by;
    entry->position = delivery->position;
    if (time.size > 0 && !clock_parse_iso(time, &entry->time_ms))
        return refuse_entry(reterr, "InvalidArgument", BYTES("Time is no RFC 3339 date."));
    if (bus_entry_size(entry, delivery->arena) > BUS_ENTRY_SIZE_MAX)
        return refuse_entry(reterr, "ValidationException",
                            BYTES("Total size of the entries in the request is over the limit."));
    if (bus_plan_entry(server->bus, entry, delivery->arena, &target_slot(delivery)->plan))
        return DELIVERY_WRITTEN;
    return refuse_entry(reterr, entry->error_code, entry->error_message);
}

static enum delivery_way find(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    const struct json *parameters = target_parameter(delivery, "EventBridgeParameters");

    if (bus_find_arn(server->bus, delivery->target_arn) == NULL)
        return target_refuse_missing(delivery, "Event bus", reterr);
    if (parameters != NULL)
        return find_entry(server, delivery, parameters, reterr);
    if (delivery->hops > 0) {
        delivery_error_set(reterr, "THIRD_ACCOUNT_HOP_DETECTED", false,
                           "Events received from another event bus cannot be forwarded to a third "
                           "one.");
        return DELIVERY_REFUSED;
    }
    if (bus_plan_event(server->bus, delivery, &target_slot(delivery)->plan))
        return DELIVERY_WRITTEN;
    delivery_error_set(reterr, "INVALID_JSON", false, "The input for the event bus is no event.");
    return DELIVERY_REFUSED;
}

static bool write_plan(struct server *server, struct store_batch *batch, struct delivery *delivery,
                       struct delivery_error *reterr)
{
    if (bus_plan_write(server->bus, batch, target_slot(delivery)->plan) == OK)
        return true;
    delivery_error_set(reterr, "INTERNAL_ERROR", true, "The event bus can't be read.");
    return false;
}

static void written(struct server *server, struct delivery *delivery)
{
    bus_plan_written(server->bus, target_slot(delivery)->plan);
}

const struct target_kind target_bus = {
    .service = "events",
    .prefix = "event-bus/",
    .find = find,
    .write = write_plan,
    .written = written,
};
