/* bus/put_events.c - entries to events, events to deliveries, all of it in one batch; see bus.h.
 *
 *   loop     check the entries, make the events, match them: the plan
 *   writer   events for archives (archive.c), deliveries by their door, the caller's own: one batch
 *   loop     durable: the door is told of each delivery and of the events, the caller of all
 *
 * The plan lives in the put's arena. */
#include "bus/internal.h"

struct bus_plan {
    struct archiving_plan archiving;
    struct bus_delivery *deliveries;
    size_t delivery_count, delivery_capacity;
    enum status status; /* of the writer */
};

/* ---- planning ---- */

/* One event while its rules are found. */
struct matching {
    struct bus *bus;
    struct bus_put *put;
    const struct bus_entry *entry;
    const struct json *event;
    struct bytes text;
    uint64_t time_ms;
    struct archived_event *archived; /* NULL: no archive took it yet */
};

/* The settings may change before the delivery is written: what it says is copied. */
static void plan_delivery(const struct matching *matching, const struct rule *rule,
                          const struct bus_target *target)
{
    struct arena *arena = matching->put->arena;
    struct bus_plan *plan = matching->put->plan;

    plan->deliveries =
        arena_grow(arena, plan->deliveries, plan->delivery_count, plan->delivery_count + 1,
                   &plan->delivery_capacity, sizeof *plan->deliveries);
    plan->deliveries[plan->delivery_count++] = (struct bus_delivery){
        .target_arn = arena_copy(arena, target->arn),
        .target_id = arena_copy(arena, target->id),
        .rule_arn = arena_copy(arena, rule->arn),
        .event_id = bytes_of_text(matching->entry->event_id),
        .payload = input_make(target, arena, matching->text, matching->event),
        .maximum_retry_attempts = target->maximum_retry_attempts,
        .maximum_event_age_s = target->maximum_event_age_s,
        .arena = arena,
    };
}

static void plan_archive(struct matching *matching, const struct archive *archive)
{
    struct archiving_plan *plan = &matching->put->plan->archiving;

    if (matching->entry->replay_name.size > 0)
        return;
    if (matching->archived == NULL) {
        matching->archived = &plan->events[plan->event_count++];
        matching->archived->text = matching->text;
        matching->archived->time_ms = matching->time_ms;
    }
    archiving_plan_add(plan, matching->put->arena, archive, matching->archived);
}

static bool is_chosen(const struct bus_put *put, const struct rule *rule)
{
    for (size_t i = 0; i < put->rule_arn_count; i++)
        if (bytes_equal(put->rule_arns[i], rule->arn))
            return true;
    return put->rule_arn_count == 0;
}

/* A target that cannot be delivered to is left out, as EventBridge does with one that is gone. */
static void rule_found(void *context, void *found)
{
    struct matching *matching = context;
    const struct rule *rule = found;
    const struct bus_door *door = &matching->bus->door;

    if (rule->archive != NULL) {
        plan_archive(matching, rule->archive);
        return;
    }
    if (!is_chosen(matching->put, rule))
        return;
    for (size_t i = 0; i < rule->view.target_count; i++)
        if (door->accepts(door->context, rule->view.targets[i].arn))
            plan_delivery(matching, rule, &rule->view.targets[i]);
}

static void plan_event(struct bus *bus, struct bus_put *put, const struct bus_entry *entry,
                       struct bytes text, uint64_t time_ms)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name_of(entry->bus_name));
    struct matching matching = {bus, put, entry, NULL, text, time_ms, NULL};

    if (event_bus == NULL || event_bus->rules.count == 0)
        return;
    if (json_parse(put->arena, text, &matching.event, NULL) != OK)
        assert(false && "an event that was just written is JSON");
    matcher_match(event_bus->matcher, matching.event, rule_found, &matching);
}

/* ---- writing ---- */

static void write_plan(struct store_batch *batch, struct store_work *work)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);
    const struct bus_door *door = &put->bus->door;
    struct bus_plan *plan = put->plan;

    plan->status = archiving_plan_write(&plan->archiving, batch);
    if (plan->status != OK)
        return;
    for (size_t i = 0; i < plan->delivery_count; i++)
        door->write(door->context, batch, &plan->deliveries[i]);
    if (put->also != NULL)
        put->also(batch, put);
}

static void expect_expiry(struct bus *bus, const struct archiving_plan *plan)
{
    for (size_t i = 0; i < plan->event_count; i++)
        for (size_t j = 0; j < plan->events[i].count; j++) {
            const struct archive_tally *tally = &plan->tallies[plan->events[i].tallies[j]];

            if (!tally->gone && tally->retention_ms != UINT64_MAX)
                archive_expiry_expect(bus, plan->events[i].time_ms + tally->retention_ms);
        }
}

static void plan_written(struct store_work *work, enum status status)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);
    const struct bus_door *door = &put->bus->door;
    const struct bus_plan *plan = put->plan;

    put->bus->in_flight--;
    if (status == OK)
        status = plan->status;
    for (size_t i = 0; status == OK && i < plan->delivery_count; i++)
        door->written(door->context, &put->plan->deliveries[i]);
    if (status == OK && plan->archiving.last_position > 0) {
        expect_expiry(put->bus, &plan->archiving);
        door->archived(door->context, plan->archiving.last_position);
    }
    put->done(put, status);
}

void bus_put_events(struct bus *bus, struct bus_put *put)
{
    struct bus_plan *plan = ARENA_NEW(put->arena, struct bus_plan);

    put->bus = bus;
    put->plan = plan;
    plan->archiving.events = ARENA_NEW_ARRAY(put->arena, put->count, struct archived_event);
    for (size_t i = 0; i < put->count; i++) {
        struct bytes text;
        uint64_t time_ms = 0;

        if (event_make(bus, &put->entries[i], put->arena, &text, &time_ms))
            plan_event(bus, put, &put->entries[i], text, time_ms);
    }
    if (plan->archiving.event_count == 0 && plan->delivery_count == 0 && put->also == NULL) {
        put->done(put, OK);
        return;
    }
    put->work = (struct store_work){.run = write_plan, .done = plan_written};
    bus->in_flight++;
    store_submit(bus->store, bus->port, &put->work);
}
