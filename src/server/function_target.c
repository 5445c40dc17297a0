/* server/function_target.c - a function as a target: an asynchronous invocation. */
#include "server/target.h"

/* An input transformer may give lines of strings, which no handler could read. */
static bool is_lines(struct delivery *delivery)
{
    const struct json *ignored = NULL;

    return delivery->payload.size > 0 && delivery->payload.ptr[0] == '"' &&
           json_parse(delivery->arena, delivery->payload, &ignored, NULL) != OK;
}

/* The same each time that the event's cause is read: after a crash it is the same invocation. */
static void name_request(struct delivery *delivery, char out[ID_UUID_SIZE])
{
    struct bytes id = delivery->event_id;

    id_uuid_of(bytes_hash(bytes_slice(id, 0, id.size / 2)) + bytes_hash(delivery->source_arn),
               bytes_hash(bytes_slice(id, id.size / 2, id.size)) + bytes_hash(delivery->target_id),
               out);
}

static enum delivery_way find(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    if (functions_find(server->functions, delivery->target_arn) == NULL)
        return target_refuse_missing(delivery, "Function", reterr);
    if (delivery->payload.size > FUNCTION_EVENT_SIZE_MAX) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "%zu byte payload is too large for the Event invocation type (limit %zu "
                           "bytes)",
                           delivery->payload.size, FUNCTION_EVENT_SIZE_MAX);
        return DELIVERY_REFUSED;
    }
    if (is_lines(delivery)) {
        delivery_error_set(reterr, "INVALID_JSON", false,
                           "Could not parse request body into json.");
        return DELIVERY_REFUSED;
    }
    target_slot(delivery)->invocation = (struct async_invocation){
        .function_name = delivery->target_arn, .payload = delivery->payload};
    if (delivery->id_returns)
        name_request(delivery, target_slot(delivery)->invocation.request_id);
    delivery->may_begin = functions_async_may_begin(server->functions, delivery->target_arn);
    return DELIVERY_WRITTEN;
}

static bool write_invocation(struct server *server, struct store_batch *batch,
                             struct delivery *delivery, struct delivery_error *reterr)
{
    (void)reterr;
    functions_async_write(server->functions, batch, &target_slot(delivery)->invocation);
    return true;
}

static void tell_journey(struct server *server, const struct delivery *delivery)
{
    const struct async_invocation *invocation = &target_slot(delivery)->invocation;
    struct journey_delivery from = {.cause_id = delivery->event_id,
                                    .source_arn = delivery->source_arn,
                                    .target_id = delivery->target_id,
                                    .target_arn = delivery->target_arn,
                                    .position = delivery->position};

    if (delivery->event_id.size > 0)
        journey_invocation(server->journeys,
                           &(struct journey_invocation){
                               .request_id = bytes_of_text(invocation->request_id),
                               .function_name = invocation->function_name,
                               .delivery = &from,
                           });
}

static void released(struct async_early *early)
{
    const struct delivery_release *release = early->context;

    release->released(release->context);
}

static void ended_well(struct async_early *early)
{
    const struct delivery_release *release = early->context;

    release->ended_well(release->context);
}

static void begin(struct server *server, struct delivery *delivery,
                  const struct delivery_release *release)
{
    struct target_slot *slot = target_slot(delivery);

    slot->release = *release;
    slot->early = (struct async_early){
        .released = released, .ended_well = ended_well, .context = &slot->release};
    tell_journey(server, delivery);
    functions_async_begin(server->functions, &slot->invocation, &slot->early);
}

static void written(struct server *server, struct delivery *delivery)
{
    if (target_slot(delivery)->invocation.early == NULL)
        tell_journey(server, delivery);
    functions_async_written(server->functions, &target_slot(delivery)->invocation);
}

const struct target_kind target_function = {
    .service = "lambda",
    .prefix = "function:",
    .find = find,
    .write = write_invocation,
    .written = written,
    .begin = begin,
};
