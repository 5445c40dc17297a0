/* bus/put_events.c - entries to events, events to deliveries, all of it in one batch; see bus.h.
 *
 *   loop     check the entries, make the events, match them: the plan
 *   writer   events for archives (archive.c), deliveries by their door, the caller's own: one batch
 *   loop     durable: the door is told of each delivery and of the events, the caller of all
 *
 * The plan lives in the put's arena. */
#include "bus/input.h"
#include "bus/internal.h"
#include "journey/journey.h"

struct bus_plan {
    struct arena *arena;
    uint32_t hops;                 /* buses that the event came through before this one */
    const struct bytes *rule_arns; /* only these rules; none: all of the bus */
    size_t rule_arn_count;
    struct archiving_plan archiving;
    struct delivery *deliveries;
    size_t delivery_count, delivery_capacity;
    const struct bus_entry *entries; /* what it is of; refused ones too */
    size_t entry_count;
    struct taken *taken; /* by archives */
    size_t taken_count, taken_capacity;
    bool told;          /* the journeys know of the entries */
    enum status status; /* of the writer, for put_written() */
};

struct taken { /* an event, by an archive: for the journeys */
    const struct bus_entry *entry;
    struct bytes archive_name;
};

static struct bus_plan *plan_new(struct arena *arena, uint32_t hops,
                                 const struct bus_entry *entries, size_t entry_count)
{
    struct bus_plan *plan = ARENA_NEW(arena, struct bus_plan);

    plan->arena = arena;
    plan->hops = hops;
    plan->entries = entries;
    plan->entry_count = entry_count;
    return plan;
}

/* ---- for the journeys, once all of it is durable ---- */

static void note_taken(struct bus_plan *plan, const struct bus_entry *entry,
                       const struct archive *archive)
{
    plan->taken = arena_grow(plan->arena, plan->taken, plan->taken_count, plan->taken_count + 1,
                             &plan->taken_capacity, sizeof *plan->taken);
    plan->taken[plan->taken_count++] =
        (struct taken){entry, arena_copy(plan->arena, archive->view.name)};
}

static void tell_entry(const struct bus *bus, const struct bus_entry *entry)
{
    struct bytes name = bus_name_of(entry->bus_name);

    if (entry->event_id[0] == '\0' || entry->error_code != NULL)
        return;
    journey_event(bus->journeys, &(struct journey_event){
                                     .event_id = bytes_of_text(entry->event_id),
                                     .bus_name = name,
                                     .source = entry->source,
                                     .detail_type = entry->detail_type,
                                     .detail = entry->detail,
                                     .trace_header = entry->asked_by.size > 0 ? entry->asked_by
                                                                              : entry->trace_header,
                                     .replay_name = entry->replay_name,
                                     .position = entry->position,
                                 });
}

static void tell_entries(const struct bus *bus, struct bus_plan *plan)
{
    for (size_t i = 0; bus->journeys != NULL && !plan->told && i < plan->entry_count; i++)
        tell_entry(bus, &plan->entries[i]);
    plan->told = true;
}

static void tell(const struct bus *bus, struct bus_plan *plan)
{
    tell_entries(bus, plan);
    if (bus->journeys == NULL)
        return;
    for (size_t i = 0; i < plan->taken_count; i++)
        journey_archived(bus->journeys, bytes_of_text(plan->taken[i].entry->event_id),
                         plan->taken[i].archive_name);
}

/* ---- planning ---- */

/* One event while its rules are found. */
struct matching {
    struct bus *bus;
    struct bus_plan *plan;
    const struct bus_entry *entry;
    struct input_event event; /* its rule: the one that was found last */
    uint64_t time_ms;
    struct archived_event *archived; /* NULL: no archive took it yet */
};

/* The settings may change before the delivery is written: what it says is copied. */
static void plan_delivery(const struct matching *matching, const struct rule *rule,
                          const struct bus_target *target)
{
    struct bus_plan *plan = matching->plan;
    struct arena *arena = plan->arena;
    struct bytes text = matching->event.text, payload = text;
    bool made = input_make(target, &matching->event, arena, &payload);

    plan->deliveries =
        arena_grow(arena, plan->deliveries, plan->delivery_count, plan->delivery_count + 1,
                   &plan->delivery_capacity, sizeof *plan->deliveries);
    plan->deliveries[plan->delivery_count++] = (struct delivery){
        .source = DELIVERY_OF_RULE,
        .source_arn = arena_copy(arena, rule->arn),
        .target_arn = arena_copy(arena, target->arn),
        .target_id = arena_copy(arena, target->id),
        .parameters = arena_copy(arena, target->parameters),
        .payload = payload,
        .event = payload.ptr == text.ptr ? (struct bytes){NULL, 0} : text,
        .event_id = bytes_of_text(matching->entry->event_id),
        .id_returns = matching->entry->id != NULL,
        .trace_header = arena_copy(arena, matching->entry->trace_header),
        .dead_letter_arn = arena_copy(arena, target->dead_letter_arn),
        .error_code = made ? NULL : "INVALID_JSON",
        .maximum_retry_attempts = target->maximum_retry_attempts,
        .maximum_event_age_s = target->maximum_event_age_s,
        .hops = plan->hops,
        .arena = arena,
    };
}

static void plan_archive(struct matching *matching, const struct archive *archive)
{
    struct bus_plan *plan = matching->plan;

    if (matching->entry->replay_name.size > 0)
        return;
    if (matching->archived == NULL)
        matching->archived = archiving_plan_event(&plan->archiving, plan->arena,
                                                  matching->event.text, matching->time_ms);
    archiving_plan_add(&plan->archiving, plan->arena, archive, matching->archived);
    if (matching->bus->journeys != NULL)
        note_taken(plan, matching->entry, archive);
}

static bool is_chosen(const struct bus_plan *plan, const struct rule *rule)
{
    for (size_t i = 0; i < plan->rule_arn_count; i++)
        if (bytes_equal(plan->rule_arns[i], rule->arn))
            return true;
    return plan->rule_arn_count == 0;
}

static void rule_found(void *context, void *found)
{
    struct matching *matching = context;
    const struct rule *rule = found;

    if (rule->archive != NULL) {
        plan_archive(matching, rule->archive);
        return;
    }
    if (!is_chosen(matching->plan, rule))
        return;
    matching->event.rule_arn = rule->arn;
    matching->event.rule_name = rule->view.name;
    for (size_t i = 0; i < rule->view.target_count; i++)
        plan_delivery(matching, rule, &rule->view.targets[i]);
}

static void plan_event(struct bus *bus, struct bus_plan *plan, const struct bus_entry *entry,
                       struct bytes text, uint64_t time_ms)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name_of(entry->bus_name));
    struct matching matching = {
        bus, plan, entry, {.text = text, .ingested_ms = clock_now_ms(bus->clock)}, time_ms, NULL};

    if (event_bus == NULL || event_bus->rules.count == 0)
        return;
    if (json_parse(plan->arena, text, &matching.event.json, NULL) != OK)
        assert(false && "an event that was just written is JSON");
    matcher_match(event_bus->matcher, matching.event.json, rule_found, &matching);
}

/* The rules are found by now: a target that is a bus of ours plans for itself. */
static void plan_prepare(struct bus *bus, struct bus_plan *plan)
{
    for (size_t i = 0; i < plan->delivery_count; i++)
        bus->door.prepare(bus->door.context, &plan->deliveries[i]);
}

/* ---- writing ---- */

enum status bus_plan_write(struct bus *bus, struct store_batch *batch, struct bus_plan *plan)
{
    enum status st = archiving_plan_write(bus, &plan->archiving, plan->arena, batch);

    for (size_t i = 0; st == OK && i < plan->delivery_count; i++)
        bus->door.write(bus->door.context, batch, &plan->deliveries[i]);
    return st;
}

void bus_plan_written(struct bus *bus, struct bus_plan *plan)
{
    tell(bus, plan);
    for (size_t i = 0; i < plan->delivery_count; i++)
        bus->door.written(bus->door.context, &plan->deliveries[i]);
    if (plan->archiving.last_position == 0)
        return;
    archive_expiry_expect(bus, &plan->archiving);
    bus->door.archived(bus->door.context, plan->archiving.last_position);
}

static void write_put(struct store_batch *batch, struct store_work *work)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);

    put->plan->status = bus_plan_write(put->bus, batch, put->plan);
    if (put->plan->status == OK && put->also != NULL)
        put->also(batch, put);
}

static void put_written(struct store_work *work, enum status status)
{
    struct bus_put *put = CONTAINER_OF(work, struct bus_put, work);

    put->bus->in_flight--;
    if (status == OK)
        status = put->plan->status;
    if (status == OK)
        bus_plan_written(put->bus, put->plan);
    put->done(put, status);
}

/* ---- a rule whose schedule was due ---- */

enum status bus_put_scheduled(struct bus *bus, struct bus_put *put, struct bytes bus_name,
                              struct bytes rule_name, uint64_t time_ms)
{
    struct rule *rule = bus_get_rule(bus, bus_name, rule_name);
    struct bus_entry *entry = ARENA_NEW(put->arena, struct bus_entry);
    struct matching matching = {
        .bus = bus, .entry = entry, .event = {.ingested_ms = clock_now_ms(bus->clock)}};

    if (rule == NULL)
        return NOT_FOUND;
    put->bus = bus;
    put->plan = plan_new(put->arena, 0, entry, 1);
    matching.plan = put->plan;
    matching.event.text = event_make_scheduled(bus, rule, time_ms, put->arena, entry);
    if (json_parse(put->arena, matching.event.text, &matching.event.json, NULL) != OK)
        assert(false && "an event that was just written is JSON");
    rule_found(&matching, rule);
    plan_prepare(bus, put->plan);
    put->work = (struct store_work){.run = write_put, .done = put_written};
    bus->in_flight++;
    store_submit(bus->store, bus->port, &put->work);
    return OK;
}

/* ---- events that are deliveries themselves ---- */

static const struct json *parse_event(struct arena *arena, struct bytes text)
{
    const struct json *event = NULL;

    if (json_parse(arena, text, &event, NULL) != OK || !json_is(event, JSON_OBJECT) ||
        !json_is(json_get(event, "source"), JSON_STRING) ||
        !json_is(json_get(event, "detail-type"), JSON_STRING) ||
        !json_is(json_get(event, "detail"), JSON_OBJECT))
        return NULL;
    return event;
}

/* Without milliseconds when another dynlog made it; without any when nobody did: now. */
static uint64_t time_of(const struct bus *bus, const struct json *event)
{
    uint64_t time_ms = 0;

    return clock_parse_iso(json_string(json_get(event, "time")), &time_ms)
               ? time_ms
               : clock_now_ms(bus->clock);
}

bool bus_plan_event(struct bus *bus, const struct delivery *delivery, struct bus_plan **ret)
{
    struct arena *arena = delivery->arena;
    const struct json *event = parse_event(arena, delivery->payload);
    struct bus_entry *entry = ARENA_NEW(arena, struct bus_entry);

    if (event == NULL || bus_get(bus, bus_name_of(delivery->target_arn)) == NULL)
        return false;
    struct bytes id = bytes_slice(json_string(json_get(event, "id")), 0, ID_UUID_SIZE - 1);

    entry->bus_name = delivery->target_arn;
    entry->replay_name = json_string(json_get(event, "replay-name"));
    entry->trace_header = delivery->trace_header;
    if (id.size > 0)
        memcpy(entry->event_id, id.ptr, id.size);
    *ret = plan_new(arena, delivery->hops + 1, entry, 1);
    plan_event(bus, *ret, entry, delivery->payload, time_of(bus, event));
    plan_prepare(bus, *ret);
    return true;
}

bool bus_plan_entry(struct bus *bus, struct bus_entry *entry, struct arena *arena,
                    struct bus_plan **ret)
{
    struct bytes text;
    uint64_t time_ms = 0;

    if (!event_make(bus, entry, arena, &text, &time_ms))
        return false;
    *ret = plan_new(arena, 0, entry, 1);
    plan_event(bus, *ret, entry, text, time_ms);
    plan_prepare(bus, *ret);
    return true;
}

/* ---- PutEvents ---- */

static void plan_put(struct bus *bus, struct bus_put *put)
{
    struct bus_plan *plan = plan_new(put->arena, 0, put->entries, put->count);

    put->bus = bus;
    put->plan = plan;
    plan->rule_arns = put->rule_arns;
    plan->rule_arn_count = put->rule_arn_count;
    for (size_t i = 0; i < put->count; i++) {
        struct bytes text;
        uint64_t time_ms = 0;

        if (event_make(bus, &put->entries[i], put->arena, &text, &time_ms))
            plan_event(bus, plan, &put->entries[i], text, time_ms);
    }
    plan_prepare(bus, plan);
}

bool bus_begin_events(struct bus *bus, struct bus_put *put, const struct delivery_release *release,
                      size_t *ret_begun)
{
    const struct bus_door *door = &bus->door;

    plan_put(bus, put);
    struct bus_plan *plan = put->plan;

    *ret_begun = 0;
    tell_entries(bus, plan);
    for (size_t i = 0; door->begin != NULL && i < plan->delivery_count; i++)
        *ret_begun += door->begin(door->context, &plan->deliveries[i], release) ? 1 : 0;
    return *ret_begun == plan->delivery_count;
}

void bus_put_events(struct bus *bus, struct bus_put *put)
{
    plan_put(bus, put);
    struct bus_plan *plan = put->plan;

    if (plan->archiving.event_count == 0 && plan->delivery_count == 0 && put->also == NULL) {
        tell(bus, plan);
        put->done(put, OK);
        return;
    }
    put->work = (struct store_work){.run = write_put, .done = put_written};
    bus->in_flight++;
    store_submit(bus->store, bus->port, &put->work);
}
