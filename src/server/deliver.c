/* server/deliver.c - the door to all targets: of rules, and of schedules (delivery/delivery.h).
 *
 *   function           written: an asynchronous invocation
 *   queue              written: a message
 *   event bus          written: planned on the loop, its deliveries in the same batch
 *   API destination    called
 *
 * A kind of target is a row of the table below. */
#include "server/internal.h"

struct target_kind {
    const char *service, *prefix; /* of its ARN; of the ARN's resource */
    enum delivery_way (*find)(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr);
    bool (*write)(struct server *server, struct store_batch *batch, struct delivery *delivery,
                  struct delivery_error *reterr);
    void (*written)(struct server *server, struct delivery *delivery);
    /* What is called has these two, and not those two. */
    void (*call)(struct server *server, struct delivery_call *call);
    void (*cancel)(struct server *server, struct delivery_call *call);
};

/* What the kinds leave in a delivery's slot. */
struct target_slot {
    const struct target_kind *kind;
    struct async_invocation invocation;
    struct queue_letter letter;
    struct bus_plan *plan;
    struct outbound_call call;
};

static struct target_slot *slot_of(const struct delivery *delivery)
{
    return delivery->slot;
}

static const struct json *parameter(const struct delivery *delivery, const char *name)
{
    const struct json *parameters = NULL;

    if (delivery->parameters.size == 0 ||
        json_parse(delivery->arena, delivery->parameters, &parameters, NULL) != OK)
        return NULL;
    return json_get(parameters, name);
}

static enum delivery_way refuse_missing(const struct delivery *delivery, const char *what,
                                        struct delivery_error *reterr)
{
    delivery_error_set(reterr, "NO_RESOURCE", false, "%s %.*s does not exist.", what,
                       BYTES_ARG(delivery->target_arn));
    return DELIVERY_REFUSED;
}

/* ---- functions ---- */

static enum delivery_way find_function(struct server *server, struct delivery *delivery,
                                       struct delivery_error *reterr)
{
    if (functions_find(server->functions, delivery->target_arn) == NULL)
        return refuse_missing(delivery, "Function", reterr);
    if (delivery->payload.size > FUNCTION_EVENT_SIZE_MAX) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "%zu byte payload is too large for the Event invocation type (limit %zu "
                           "bytes)",
                           delivery->payload.size, FUNCTION_EVENT_SIZE_MAX);
        return DELIVERY_REFUSED;
    }
    slot_of(delivery)->invocation = (struct async_invocation){.function_name = delivery->target_arn,
                                                              .payload = delivery->payload};
    return DELIVERY_WRITTEN;
}

static bool write_function(struct server *server, struct store_batch *batch,
                           struct delivery *delivery, struct delivery_error *reterr)
{
    (void)reterr;
    functions_async_write(server->functions, batch, &slot_of(delivery)->invocation);
    return true;
}

static void function_written(struct server *server, struct delivery *delivery)
{
    functions_async_written(server->functions, &slot_of(delivery)->invocation);
}

/* ---- queues ---- */

static enum delivery_way find_queue(struct server *server, struct delivery *delivery,
                                    struct delivery_error *reterr)
{
    const struct queue_view *queue = queues_find_arn(server->queues, delivery->target_arn);
    struct bytes group =
        json_string(json_get(parameter(delivery, "SqsParameters"), "MessageGroupId"));

    if (queue == NULL)
        return refuse_missing(delivery, "Queue", reterr);
    if (queue->settings.fifo && group.size == 0) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The request must contain the parameter MessageGroupId.");
        return DELIVERY_REFUSED;
    }
    if (queue->settings.fifo && !queue->settings.content_based_deduplication) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The queue should either have ContentBasedDeduplication enabled or "
                           "MessageDeduplicationId provided explicitly");
        return DELIVERY_REFUSED;
    }
    slot_of(delivery)->letter = (struct queue_letter){
        .queue_arn = delivery->target_arn,
        .message = {.body = delivery->payload,
                    .group_id = group,
                    .trace_header = delivery->trace_header},
    };
    return DELIVERY_WRITTEN;
}

static bool write_queue(struct server *server, struct store_batch *batch, struct delivery *delivery,
                        struct delivery_error *reterr)
{
    enum status st = queues_write(server->queues, batch, &slot_of(delivery)->letter);

    if (st == NOT_FOUND)
        (void)refuse_missing(delivery, "Queue", reterr);
    else if (st == TOO_LARGE)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "One or more parameters are invalid. Reason: Message must be shorter "
                           "than the queue's MaximumMessageSize.");
    else if (st == MALFORMED)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The message has characters or a MessageGroupId that the queue does not "
                           "take.");
    else if (st != OK)
        delivery_error_set(reterr, "INTERNAL_ERROR", true, "The store can't be read: %s",
                           status_text(st));
    return st == OK;
}

static void queue_written(struct server *server, struct delivery *delivery)
{
    queues_written(server->queues, &slot_of(delivery)->letter);
}

/* ---- event buses ---- */

/* A schedule says what the event is to be. */
static enum delivery_way find_bus_for_schedule(struct server *server, struct delivery *delivery,
                                               const struct json *parameters,
                                               struct delivery_error *reterr)
{
    struct bus_entry *entry = ARENA_NEW(delivery->arena, struct bus_entry);

    entry->bus_name = delivery->target_arn;
    entry->source = json_string(json_get(parameters, "Source"));
    entry->detail_type = json_string(json_get(parameters, "DetailType"));
    entry->detail = delivery->payload;
    entry->resources = arena_printf(delivery->arena, "[\"%.*s\"]", BYTES_ARG(delivery->source_arn));
    if (bus_plan_entry(server->bus, entry, delivery->arena, &slot_of(delivery)->plan))
        return DELIVERY_WRITTEN;
    delivery_error_set(reterr, "INVALID_PARAMETER", false, "%s: %.*s", entry->error_code,
                       BYTES_ARG(entry->error_message));
    return DELIVERY_REFUSED;
}

/* Buses of other accounts and regions are not to be reached from here. */
static bool is_our_bus(struct server *server, struct bytes target_arn)
{
    struct arn arn;

    return arn_parse(target_arn, &arn) && bytes_equal_text(arn.region, server->place.region) &&
           bytes_equal_text(arn.account, server->place.account) &&
           bus_find(server->bus, target_arn) != NULL;
}

static enum delivery_way find_bus(struct server *server, struct delivery *delivery,
                                  struct delivery_error *reterr)
{
    const struct json *parameters = parameter(delivery, "EventBridgeParameters");

    if (!is_our_bus(server, delivery->target_arn))
        return refuse_missing(delivery, "Event bus", reterr);
    if (parameters != NULL)
        return find_bus_for_schedule(server, delivery, parameters, reterr);
    if (delivery->hops > 0) {
        delivery_error_set(reterr, "THIRD_ACCOUNT_HOP_DETECTED", false,
                           "Events received from another event bus cannot be forwarded to a third "
                           "one.");
        return DELIVERY_REFUSED;
    }
    if (bus_plan_event(server->bus, delivery, &slot_of(delivery)->plan))
        return DELIVERY_WRITTEN;
    delivery_error_set(reterr, "INVALID_JSON", false, "The input for the event bus is no event.");
    return DELIVERY_REFUSED;
}

static bool write_bus(struct server *server, struct store_batch *batch, struct delivery *delivery,
                      struct delivery_error *reterr)
{
    if (bus_plan_write(server->bus, batch, slot_of(delivery)->plan) == OK)
        return true;
    delivery_error_set(reterr, "INTERNAL_ERROR", true, "The event bus can't be read.");
    return false;
}

static void bus_written(struct server *server, struct delivery *delivery)
{
    bus_plan_written(server->bus, slot_of(delivery)->plan);
}

/* ---- API destinations ---- */

static enum delivery_way find_destination(struct server *server, struct delivery *delivery,
                                          struct delivery_error *reterr)
{
    if (outbound_destination_of(server->outbound, delivery->target_arn) == NULL)
        return refuse_missing(delivery, "API destination", reterr);
    return DELIVERY_CALLED;
}

static void destination_called(struct outbound_call *out)
{
    struct delivery_error error;

    if (out->outcome == OUTBOUND_DELIVERED) {
        delivery_called(out->context, NULL);
        return;
    }
    delivery_error_set(&error, out->error_code, out->outcome == OUTBOUND_RETRIABLE, "%s",
                       out->error_message);
    error.retry_after_ms = out->retry_after_ms;
    delivery_called(out->context, &error);
}

static void call_destination(struct server *server, struct delivery_call *call)
{
    const struct delivery *delivery = call->delivery;
    struct outbound_call *out = &slot_of(delivery)->call;

    *out = (struct outbound_call){
        .destination_arn = delivery->target_arn,
        .parameters = delivery->parameters,
        .payload = delivery->payload,
        .event = delivery->event.size > 0 ? delivery->event : delivery->payload,
        .done = destination_called,
        .context = call,
    };
    outbound_call(server->outbound, out);
}

static void cancel_destination(struct server *server, struct delivery_call *call)
{
    outbound_cancel(server->outbound, &slot_of(call->delivery)->call);
}

/* ---- the door ---- */

static const struct target_kind kinds[] = {
    {"lambda", "function:", find_function, write_function, function_written, NULL, NULL},
    {"sqs", "", find_queue, write_queue, queue_written, NULL, NULL},
    {"events", "event-bus/", find_bus, write_bus, bus_written, NULL, NULL},
    {"events", "api-destination/", find_destination, NULL, NULL, call_destination,
     cancel_destination},
};

static const struct target_kind *kind_of(struct bytes target_arn)
{
    struct arn arn;

    if (!arn_parse(target_arn, &arn))
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (bytes_equal_text(arn.service, kinds[i].service) &&
            bytes_start_with(arn.resource, bytes_of_text(kinds[i].prefix)))
            return &kinds[i];
    return NULL;
}

/* "arn:...:rule/BUS/NAME", "rule/NAME" and "schedule/GROUP/NAME": the last part. */
static struct bytes last_part(struct bytes arn)
{
    size_t at = arn.size;

    while (at > 0 && arn.ptr[at - 1] != '/')
        at--;
    return bytes_slice(arn, at, arn.size);
}

/* Of a rule on another bus than the default one. */
static struct bytes bus_of_rule(struct bytes arn)
{
    struct bytes resource = {NULL, 0};
    struct arn parsed;

    if (arn_parse(arn, &parsed))
        resource = bytes_slice(parsed.resource, strlen("rule/"), parsed.resource.size);
    size_t name = resource.size - last_part(resource).size;

    return name > 0 ? bytes_slice(resource, 0, name - 1) : BYTES("default");
}

static struct fault_place place_of(const struct delivery *delivery)
{
    struct fault_place place = {0};
    bool of_rule = delivery->source == DELIVERY_OF_RULE;

    place.of[of_rule ? FAULT_RULE : FAULT_SCHEDULE] = last_part(delivery->source_arn);
    if (of_rule)
        place.of[FAULT_BUS] = bus_of_rule(delivery->source_arn);
    place.of[FAULT_TARGET_ID] = delivery->target_id;
    place.of[FAULT_TARGET_ARN] = delivery->target_arn;
    return place;
}

/* A test wants this one to wait before its first attempt. */
static bool is_to_wait(struct server *server, const struct delivery *delivery,
                       struct delivery_error *reterr)
{
    struct fault_place place;
    struct fault_hit hit;

    if (!server->delivery_is_new || !faults_any(server->faults, FAULT_DELAY))
        return false;
    place = place_of(delivery);
    if (!faults_hit(server->faults, FAULT_DELAY, &place, &hit))
        return false;
    delivery_error_set(reterr, "UNKNOWN", true, "A delay that a test asked for.");
    reterr->postponed = true;
    reterr->retry_after_ms = hit.delay_ms;
    return true;
}

/* A test wants this attempt to fail. */
static bool is_to_fail(struct server *server, const struct delivery *delivery,
                       struct delivery_error *reterr)
{
    struct fault_place place;
    struct fault_hit hit;
    const char *code = NULL;

    if (!faults_any(server->faults, FAULT_TARGET_FAILURE))
        return false;
    place = place_of(delivery);
    if (!faults_hit(server->faults, FAULT_TARGET_FAILURE, &place, &hit))
        return false;
    code = delivery_error_code_of(bytes_of_text(hit.error_code));
    delivery_error_set(reterr, code != NULL ? code : "ERROR_FROM_TARGET", hit.retriable,
                       "A fault that a test asked for.");
    return true;
}

static enum delivery_way find(void *context, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    const struct target_kind *kind = kind_of(delivery->target_arn);
    struct target_slot *slot = ARENA_NEW(delivery->arena, struct target_slot);

    if (kind == NULL) /* a rule of an older dynlog, or of a folder that a newer one had */
        return refuse_missing(delivery, "Target", reterr);
    slot->kind = kind;
    delivery->slot = slot;
    if (is_to_wait(context, delivery, reterr) || is_to_fail(context, delivery, reterr))
        return DELIVERY_REFUSED;
    return kind->find(context, delivery, reterr);
}

static bool write_at_target(void *context, struct store_batch *batch, struct delivery *delivery,
                            struct delivery_error *reterr)
{
    return slot_of(delivery)->kind->write(context, batch, delivery, reterr);
}

static void written(void *context, struct delivery *delivery)
{
    slot_of(delivery)->kind->written(context, delivery);
}

static void call(void *context, struct delivery_call *call)
{
    slot_of(call->delivery)->kind->call(context, call);
}

static void cancel(void *context, struct delivery_call *call)
{
    slot_of(call->delivery)->kind->cancel(context, call);
}

/* ---- dead letters ---- */

static enum status write_letter(void *context, struct store_batch *batch,
                                struct delivery_letter *from)
{
    struct server *server = context;
    struct queue_letter *letter = ARENA_NEW(from->arena, struct queue_letter);
    struct message_attribute *attributes =
        ARENA_NEW_ARRAY(from->arena, from->attribute_count, struct message_attribute);

    for (size_t i = 0; i < from->attribute_count; i++)
        attributes[i] = (struct message_attribute){.name = bytes_of_text(from->attributes[i].name),
                                                   .type = BYTES("String"),
                                                   .value = from->attributes[i].value};
    *letter = (struct queue_letter){
        .queue_arn = from->queue_arn,
        .message = {.body = from->body,
                    .attributes = attributes,
                    .attribute_count = from->attribute_count,
                    .trace_header = from->trace_header},
    };
    from->slot = letter;
    return queues_write(server->queues, batch, letter);
}

static void letter_written(void *context, struct delivery_letter *letter)
{
    struct server *server = context;

    queues_written(server->queues, letter->slot);
}

struct delivery_door deliver_door(struct server *server)
{
    return (struct delivery_door){server, find,   write_at_target, written,
                                  call,   cancel, write_letter,    letter_written};
}

/* ---- what the bus hands over ---- */

static void prepare(void *context, struct delivery *delivery)
{
    struct server *server = context;

    server->delivery_is_new = true;
    deliveries_prepare(server->deliveries, delivery);
    server->delivery_is_new = false;
}

static void write_delivery(void *context, struct store_batch *batch, struct delivery *delivery)
{
    struct server *server = context;

    deliveries_write(server->deliveries, batch, delivery);
}

static void delivery_written(void *context, struct delivery *delivery)
{
    struct server *server = context;

    deliveries_written(server->deliveries, delivery);
}

static void archived(void *context, uint64_t last_position)
{
    archiving_offer(context, last_position);
}

/* Replays leave room for live events: a function's invocations run in the order in which they came.
 */
static bool crowded(void *context)
{
    struct server *server = context;
    struct functions_figures figures;

    functions_figures(server->functions, &figures);
    return figures.queued > SERVER_REPLAY_QUEUED_MAX + figures.retrying + figures.shut_out;
}

struct bus_door deliver_bus_door(struct server *server)
{
    return (struct bus_door){.context = server,
                             .prepare = prepare,
                             .write = write_delivery,
                             .written = delivery_written,
                             .archived = archived,
                             .crowded = crowded,
                             .schedule_is_valid = scheduling_is_valid,
                             .rule_changed = scheduling_rule_changed};
}
