/* bus/put_events.c - entries to events, events to deliveries, all of it in one batch; see bus.h.
 *
 *   loop     check the entries, make the events, match them: the plan
 *   writer   events of archived buses, deliveries by their door, the caller's own: one batch
 *   loop     durable: the door is told of each delivery and of the events, the caller of all
 *
 * The plan lives in the put's arena. */
#include "bus/input.h"
#include "bus/internal.h"

/* An event is kept for the archive under its position: big-endian, so they are read in order. */
#define EVENT_KEY_SIZE 8

struct bus_plan {
    struct bytes *archived; /* events as JSON */
    size_t archived_count;
    struct bus_delivery *deliveries;
    size_t delivery_count, delivery_capacity;
    uint64_t last_position; /* of an archived event */
};

/* ---- planning ---- */

/* One event while its rules are found. */
struct matching {
    struct bus *bus;
    struct bus_put *put;
    const struct bus_entry *entry;
    struct input_event event; /* its rule: the one that was found last */
};

/* The settings may change before the delivery is written: what it says is copied. */
static void plan_delivery(const struct matching *matching, const struct rule *rule,
                          const struct bus_target *target)
{
    struct arena *arena = matching->put->arena;
    struct bus_plan *plan = matching->put->plan;
    struct bytes payload = matching->event.text;
    bool made = input_make(target, &matching->event, arena, &payload);

    plan->deliveries =
        arena_grow(arena, plan->deliveries, plan->delivery_count, plan->delivery_count + 1,
                   &plan->delivery_capacity, sizeof *plan->deliveries);
    plan->deliveries[plan->delivery_count++] = (struct bus_delivery){
        .target_arn = arena_copy(arena, target->arn),
        .target_id = arena_copy(arena, target->id),
        .rule_arn = arena_copy(arena, rule->arn),
        .event_id = bytes_of_text(matching->entry->event_id),
        .payload = made ? payload : matching->event.text,
        .error_code = made ? NULL : "INVALID_JSON",
        .maximum_retry_attempts = target->maximum_retry_attempts,
        .maximum_event_age_s = target->maximum_event_age_s,
        .arena = arena,
    };
}

/* A target that cannot be delivered to is left out, as EventBridge does with one that is gone. */
static void rule_found(void *context, void *found)
{
    struct matching *matching = context;
    const struct rule *rule = found;
    const struct bus_door *door = &matching->bus->door;

    matching->event.rule_arn = rule->arn;
    matching->event.rule_name = rule->view.name;
    for (size_t i = 0; i < rule->view.target_count; i++)
        if (door->accepts(door->context, rule->view.targets[i].arn))
            plan_delivery(matching, rule, &rule->view.targets[i]);
}

static void plan_event(struct bus *bus, struct bus_put *put, const struct bus_entry *entry,
                       struct bytes text)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name_of(entry->bus_name));
    struct matching matching = {
        bus, put, entry, {.text = text, .ingested_ms = clock_now_ms(bus->clock)}};

    if (event_bus->view.archived && entry->replay_name.size == 0)
        put->plan->archived[put->plan->archived_count++] = text;
    if (event_bus->rules.count == 0)
        return;
    if (json_parse(put->arena, text, &matching.event.json, NULL) != OK)
        assert(false && "an event that was just written is JSON");
    matcher_match(event_bus->matcher, matching.event.json, rule_found, &matching);
}

/* ---- writing ---- */

static void write_plan(struct store_batch *batch, struct store_work *work)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);
    const struct bus_door *door = &put->bus->door;
    struct bus_plan *plan = put->plan;

    for (size_t i = 0; i < plan->archived_count; i++) {
        uint8_t key[EVENT_KEY_SIZE];

        plan->last_position = store_batch_position(batch);
        bytes_put_u64(key, plan->last_position);
        store_batch_put(batch, STORE_EVENTS, bytes_of(key, sizeof key), plan->archived[i]);
    }
    for (size_t i = 0; i < plan->delivery_count; i++)
        door->write(door->context, batch, &plan->deliveries[i]);
    if (put->also != NULL)
        put->also(batch, put);
}

static void plan_written(struct store_work *work, enum status status)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);
    const struct bus_door *door = &put->bus->door;
    const struct bus_plan *plan = put->plan;

    put->bus->in_flight--;
    for (size_t i = 0; status == OK && i < plan->delivery_count; i++)
        door->written(door->context, &put->plan->deliveries[i]);
    if (status == OK && plan->archived_count > 0)
        door->archived(door->context, plan->last_position);
    put->done(put, status);
}

void bus_put_events(struct bus *bus, struct bus_put *put)
{
    struct bus_plan *plan = ARENA_NEW(put->arena, struct bus_plan);

    put->bus = bus;
    put->plan = plan;
    plan->archived = ARENA_NEW_ARRAY(put->arena, put->count, struct bytes);
    for (size_t i = 0; i < put->count; i++) {
        struct bytes text;

        if (event_make(bus, &put->entries[i], put->arena, &text))
            plan_event(bus, put, &put->entries[i], text);
    }
    if (plan->archived_count == 0 && plan->delivery_count == 0 && put->also == NULL) {
        put->done(put, OK);
        return;
    }
    put->work = (struct store_work){.run = write_plan, .done = plan_written};
    bus->in_flight++;
    store_submit(bus->store, bus->port, &put->work);
}
