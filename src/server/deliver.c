/* server/deliver.c - the door to all targets: of rules, of schedules, and of functions
 * (delivery/delivery.h). A
 * kind of target is a row of the table below; see target.h. */
#include "server/target.h"

struct target_slot *target_slot(const struct delivery *delivery)
{
    return delivery->slot;
}

const struct json *target_parameter(const struct delivery *delivery, const char *name)
{
    const struct json *parameters = NULL;

    if (delivery->parameters.size == 0 ||
        json_parse(delivery->arena, delivery->parameters, &parameters, NULL) != OK)
        return NULL;
    return json_get(parameters, name);
}

enum delivery_way target_refuse_missing(const struct delivery *delivery, const char *what,
                                        struct delivery_error *reterr)
{
    delivery_error_set(reterr, "NO_RESOURCE", false, "%s %.*s does not exist.", what,
                       BYTES_ARG(delivery->target_arn));
    return DELIVERY_REFUSED;
}

/* ---- the door ---- */

static const struct target_kind *const kinds[] = {
    &target_function, &target_queue, &target_bus, &target_log_group, &target_destination,
};

static const struct target_kind *kind_of(struct bytes target_arn)
{
    struct arn arn;

    if (!arn_parse(target_arn, &arn))
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (bytes_equal_text(arn.service, kinds[i]->service) &&
            bytes_start_with(arn.resource, bytes_of_text(kinds[i]->prefix)))
            return kinds[i];
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

    switch (delivery->source) {
    case DELIVERY_OF_RULE:
        place.of[FAULT_RULE] = last_part(delivery->source_arn);
        place.of[FAULT_BUS] = bus_of_rule(delivery->source_arn);
        break;
    case DELIVERY_OF_SCHEDULE:
        place.of[FAULT_SCHEDULE] = last_part(delivery->source_arn);
        break;
    case DELIVERY_OF_FUNCTION:
        place.of[FAULT_FUNCTION] = function_name_of(delivery->source_arn);
        break;
    case DELIVERY_OF_PIPE:
        break;
    }
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

    /* A delay of a function is one of its events, not of what comes after. */
    if (!server->delivery_is_new || delivery->source == DELIVERY_OF_FUNCTION ||
        !faults_any(server->faults, FAULT_DELAY))
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
        return target_refuse_missing(delivery, "Target", reterr);
    slot->kind = kind;
    delivery->slot = slot;
    if (is_to_wait(context, delivery, reterr) || is_to_fail(context, delivery, reterr))
        return DELIVERY_REFUSED;
    return kind->find(context, delivery, reterr);
}

static bool write_at_target(void *context, struct store_batch *batch, struct delivery *delivery,
                            struct delivery_error *reterr)
{
    return target_slot(delivery)->kind->write(context, batch, delivery, reterr);
}

static void written(void *context, struct delivery *delivery)
{
    target_slot(delivery)->kind->written(context, delivery);
}

static void begin_at_target(void *context, struct delivery *delivery,
                            const struct delivery_release *release)
{
    target_slot(delivery)->kind->begin(context, delivery, release);
}

static void call(void *context, struct delivery_call *call)
{
    target_slot(call->delivery)->kind->call(context, call);
}

static void cancel(void *context, struct delivery_call *call)
{
    target_slot(call->delivery)->kind->cancel(context, call);
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
    return (struct delivery_door){.context = server,
                                  .find = find,
                                  .write = write_at_target,
                                  .written = written,
                                  .begin = begin_at_target,
                                  .call = call,
                                  .cancel = cancel,
                                  .write_letter = write_letter,
                                  .letter_written = letter_written};
}

/* ---- what the bus and the functions hand over ---- */

static void prepare(void *context, struct delivery *delivery)
{
    struct server *server = context;

    server->delivery_is_new = true;
    deliveries_prepare(server->deliveries, delivery);
    server->delivery_is_new = false;
}

static bool begin_delivery(void *context, struct delivery *delivery,
                           const struct delivery_release *release)
{
    struct server *server = context;

    return deliveries_begin(server->deliveries, delivery, release);
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

struct destination_door deliver_destination_door(struct server *server)
{
    return (struct destination_door){server, prepare, write_delivery, delivery_written};
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
                             .begin = begin_delivery,
                             .write = write_delivery,
                             .written = delivery_written,
                             .archived = archived,
                             .crowded = crowded,
                             .schedule_is_valid = scheduling_is_valid,
                             .rule_changed = scheduling_rule_changed};
}
