/* bus/bus.c - opening, closing and looking up; see bus.h. */
#include "bus/internal.h"

#include <stdlib.h>

#define DEFAULT_BUS "default"
#define BUS_ARN_RESOURCE "event-bus/"

enum status bus_open(struct store *store, struct store_port *port, struct clock *clock,
                     const struct arn_place *place, const struct bus_door *door, struct bus **ret)
{
    struct bus *bus = mem_new(sizeof *bus);

    *bus =
        (struct bus){.store = store, .port = port, .clock = clock, .place = *place, .door = *door};
    list_init(&bus->running);
    list_init(&bus->waiting);
    bus->expiry.due_ms = UINT64_MAX;
    enum status st = bus_catalogue_load(bus);

    if (st == OK)
        st = archived_check_waiting(store);
    if (st != OK) {
        bus_close(bus);
        return st;
    }
    *ret = bus;
    return OK;
}

void bus_close(struct bus *bus)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes name;
    void *event_bus = NULL;

    if (bus == NULL)
        return;
    assert(bus->in_flight == 0 && list_empty(&bus->running) && list_empty(&bus->waiting));
    assert(bus->replays_writing == 0 && !bus->expiry.running);
    archive_expiry_stop(bus);
    for (size_t i = 0; map_next(&bus->replays, &i, &name, &event_bus); i = 0)
        replay_forget(bus, arena_copy(arena, name));
    for (size_t i = 0; map_next(&bus->archives, &i, &name, &event_bus); i = 0)
        archive_forget(bus, arena_copy(arena, name));
    for (size_t i = 0; map_next(&bus->buses, &i, &name, &event_bus); i = 0) {
        struct event_bus *gone = event_bus;

        catalogue_forget_bus(bus, gone->view.name);
    }
    map_free(&bus->buses);
    map_free(&bus->archives);
    map_free(&bus->replays);
    mem_free(bus);
}

/* ---- what goes on by itself ---- */

void bus_start(struct bus *bus, struct timers *timers, struct timers *wall_timers,
               void (*changed)(void *context), void *context)
{
    assert(bus->timers == NULL);
    bus->timers = timers;
    bus->wall_timers = wall_timers;
    bus->changed = changed;
    bus->context = context;
    archive_expiry_start(bus);
    replays_step(bus);
}

bool bus_stop(struct bus *bus)
{
    bus->stopping = true;
    archive_expiry_stop(bus);
    return bus->in_flight == 0 && bus->replays_writing == 0 && !bus->expiry.running &&
           list_empty(&bus->running) && list_empty(&bus->waiting);
}

void bus_look(struct bus *bus)
{
    if (bus->replays_waiting > 0)
        replays_look(bus);
}

bool bus_busy(const struct bus *bus)
{
    if (bus->expiry.running || bus->replays_writing > 0)
        return true;
    return bus->timers != NULL && !bus->stopping && bus->replays_active > 0;
}

size_t bus_in_flight(const struct bus *bus)
{
    return bus->in_flight;
}

struct bytes bus_name_of(struct bytes name_or_arn)
{
    struct arn arn;

    if (name_or_arn.size == 0)
        return BYTES(DEFAULT_BUS);
    if (!arn_parse(name_or_arn, &arn) || !bytes_start_with(arn.resource, BYTES(BUS_ARN_RESOURCE)))
        return name_or_arn;
    return bytes_slice(arn.resource, sizeof BUS_ARN_RESOURCE - 1, arn.resource.size);
}

struct event_bus *bus_get(const struct bus *bus, struct bytes name)
{
    return map_get(&bus->buses, name);
}

struct rule *bus_get_rule(const struct bus *bus, struct bytes bus_name, struct bytes rule_name)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name);

    return event_bus != NULL ? map_get(&event_bus->rules, rule_name) : NULL;
}

const struct bus_description *bus_find(const struct bus *bus, struct bytes name_or_arn)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name_of(name_or_arn));

    return event_bus != NULL ? &event_bus->view : NULL;
}

const struct bus_description *bus_find_arn(const struct bus *bus, struct bytes arn_text)
{
    struct arn arn;

    if (!arn_parse(arn_text, &arn) || !bytes_equal_text(arn.region, bus->place.region) ||
        !bytes_equal_text(arn.account, bus->place.account))
        return NULL;
    return bus_find(bus, arn_text);
}

const struct bus_rule *bus_find_rule(const struct bus *bus, struct bytes bus_name_or_arn,
                                     struct bytes rule_name)
{
    const struct rule *rule = bus_get_rule(bus, bus_name_of(bus_name_or_arn), rule_name);

    return rule != NULL ? &rule->view : NULL;
}

static int compare_buses(const void *a, const void *b)
{
    const struct bus_description *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

static int compare_rules(const void *a, const void *b)
{
    const struct bus_rule *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

void bus_list(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
              const struct bus_description ***ret, size_t *ret_count)
{
    const struct bus_description **list =
        ARENA_NEW_ARRAY(arena, bus->buses.count, const struct bus_description *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&bus->buses, &i, &name, &value);) {
        const struct event_bus *event_bus = value;

        if (bytes_start_with(name, name_prefix))
            list[count++] = &event_bus->view;
    }
    qsort(list, count, sizeof *list, compare_buses);
    *ret = list;
    *ret_count = count;
}

void bus_list_rules(const struct bus *bus, struct bytes bus_name_or_arn, struct bytes name_prefix,
                    struct arena *arena, const struct bus_rule ***ret, size_t *ret_count)
{
    const struct event_bus *event_bus = bus_get(bus, bus_name_of(bus_name_or_arn));
    size_t count = 0, capacity = event_bus != NULL ? event_bus->rules.count : 0;
    const struct bus_rule **list = ARENA_NEW_ARRAY(arena, capacity, const struct bus_rule *);
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; event_bus != NULL && map_next(&event_bus->rules, &i, &name, &value);) {
        const struct rule *rule = value;

        if (bytes_start_with(name, name_prefix))
            list[count++] = &rule->view;
    }
    qsort(list, count, sizeof *list, compare_rules);
    *ret = list;
    *ret_count = count;
}

struct bytes bus_arn(const struct bus *bus, struct arena *arena, struct bytes bus_name)
{
    return arn_make(arena, &bus->place, "events", BUS_ARN_RESOURCE "%.*s", BYTES_ARG(bus_name));
}

/* Rules of the default bus have no bus name in theirs. */
struct bytes bus_rule_arn(const struct bus *bus, struct arena *arena, const struct bus_rule *rule)
{
    if (bytes_equal_text(rule->bus_name, DEFAULT_BUS))
        return arn_make(arena, &bus->place, "events", "rule/%.*s", BYTES_ARG(rule->name));
    return arn_make(arena, &bus->place, "events", "rule/%.*s/%.*s", BYTES_ARG(rule->bus_name),
                    BYTES_ARG(rule->name));
}

void bus_use_vault(struct bus *bus, struct vault *vault)
{
    bus->vault = vault;
}

void bus_record_journeys(struct bus *bus, struct journeys *journeys)
{
    bus->journeys = journeys;
}
