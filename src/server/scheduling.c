/* server/scheduling.c - schedules (schedule/schedule.h), the deliveries that they cause, and the
 * rules of the bus that have one. */
#include "server/internal.h"

/* ---- schedules: a delivery each ---- */

/* {"SqsParameters":{...}} or {"EventBridgeParameters":{...}}; empty: none. */
static struct bytes parameters_of(const struct schedule_target *target, struct arena *arena)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DELIVERY_PARAMETERS_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (target->message_group_id.size == 0 && target->detail_type.size == 0)
        return (struct bytes){NULL, 0};
    json_begin_object(&w);
    if (target->message_group_id.size > 0) {
        json_key(&w, "SqsParameters");
        json_begin_object(&w);
        json_member_string(&w, "MessageGroupId", target->message_group_id);
        json_end_object(&w);
    }
    if (target->detail_type.size > 0) {
        json_key(&w, "EventBridgeParameters");
        json_begin_object(&w);
        json_member_string(&w, "DetailType", target->detail_type);
        json_member_string(&w, "Source", target->source);
        json_end_object(&w);
    }
    json_end_object(&w);
    return arena_copy(arena, buffer_bytes(&out));
}

/* A schedule has one target, which needs no id. An event bus takes the Input as detail: there the
 * default event is none. */
static void prepare(void *context, struct schedule_delivery *due)
{
    struct server *server = context;
    struct delivery *delivery = ARENA_NEW(due->arena, struct delivery);
    const struct schedule_target *target = &due->schedule->settings.target;
    bool to_bus = target->detail_type.size > 0;

    *delivery = (struct delivery){
        .source = DELIVERY_OF_SCHEDULE,
        .source_arn = due->schedule->arn,
        .target_arn = target->arn,
        .parameters = parameters_of(target, due->arena),
        .payload = to_bus && target->input.size == 0 ? BYTES("{}") : due->payload,
        .event_id = bytes_of_text(due->execution_id),
        .dead_letter_arn = target->dead_letter_arn,
        .maximum_retry_attempts = target->retry_attempts,
        .maximum_event_age_s = target->event_age_s,
        .scheduled_ms = due->scheduled_ms,
        .arena = due->arena,
    };
    due->slot = delivery;
    deliveries_prepare(server->deliveries, delivery);
}

static void write_due(void *context, struct store_batch *batch, struct schedule_delivery *due)
{
    struct server *server = context;

    deliveries_write(server->deliveries, batch, due->slot);
}

static void written(void *context, struct schedule_delivery *due)
{
    struct server *server = context;

    deliveries_written(server->deliveries, due->slot);
}

/* ---- rules: an event for their targets ---- */

static void write_rule(struct store_batch *batch, struct bus_put *put)
{
    schedules_write_rule(batch, put->context);
}

static void rule_put(struct bus_put *put, enum status status)
{
    schedules_rule_fired(put->context, status);
}

static void fire_rule(void *context, struct schedule_firing *firing)
{
    struct server *server = context;
    struct bus_put *put = ARENA_NEW(firing->arena, struct bus_put);

    *put = (struct bus_put){
        .arena = firing->arena, .also = write_rule, .done = rule_put, .context = firing};
    if (bus_put_scheduled(server->bus, put, firing->bus_name, firing->rule_name,
                          firing->scheduled_ms) != OK)
        schedules_rule_fired(firing, NOT_FOUND);
}

struct schedule_door scheduling_door(struct server *server)
{
    return (struct schedule_door){server, prepare, write_due, written, fire_rule};
}

/* ---- what the bus says of its rules ---- */

bool scheduling_is_valid(void *context, struct bytes expression)
{
    (void)context;
    return schedules_rule_is_valid(expression);
}

void scheduling_rule_changed(void *context, struct bytes bus_name, struct bytes rule_name)
{
    struct server *server = context;
    const struct bus_rule *rule = bus_find_rule(server->bus, bus_name, rule_name);

    if (rule != NULL && rule->enabled && rule->schedule.size > 0)
        schedules_set_rule(server->schedules,
                           &(struct schedule_rule){rule->bus_name, rule->name, rule->schedule,
                                                   rule->scheduled_ms});
    else
        schedules_forget_rule(server->schedules, bus_name, rule_name);
}

void scheduling_set_rules(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct bus_rule **rules = NULL;
    size_t count = 0;

    bus_list_rules(server->bus, BYTES("default"), (struct bytes){NULL, 0}, arena, &rules, &count);
    for (size_t i = 0; i < count; i++)
        if (rules[i]->schedule.size > 0)
            scheduling_rule_changed(server, rules[i]->bus_name, rules[i]->name);
}
