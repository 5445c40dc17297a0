/* schedule/schedules.c - opening, closing, waiting, looking; see schedule.h. */
#include "schedule/internal.h"

/* ---- entries ---- */

struct entry *schedule_entry_new(struct bytes key, size_t size, enum entry_kind kind)
{
    struct entry *entry = mem_new(size + key.size);
    uint8_t *behind = (uint8_t *)entry + size;

    memcpy(behind, key.ptr, key.size);
    entry->kind = kind;
    entry->due.at_ms = DUE_NEVER;
    entry->key = bytes_of(behind, key.size);
    return entry;
}

void schedule_entry_free(struct entry *entry)
{
    assert(entry->due.place == 0 && !entry->firing);
    mem_free(entry);
}

void schedule_entry_set(struct schedules *schedules, struct entry *entry, uint64_t at_ms)
{
    if (entry->firing)
        entry->due.at_ms = at_ms; /* schedule_entry_fired() puts it into the heap */
    else
        due_set(&schedules->due, &entry->due, at_ms);
}

void schedule_entry_fired(struct schedules *schedules, struct entry *entry)
{
    schedules->firing--;
    entry->firing = false;
    if (entry->gone)
        schedule_entry_free(entry);
    else
        due_set(&schedules->due, &entry->due, entry->due.at_ms);
    schedules_look(schedules);
    schedules_ended(schedules);
}

void schedule_entry_put(struct schedules *schedules, struct bytes key, uint64_t at_ms)
{
    struct entry *entry = map_get(&schedules->entries, key);

    if (entry == NULL) {
        entry = schedule_entry_new(key, sizeof *entry, ENTRY_SCHEDULE);
        map_put(&schedules->entries, key, entry);
    }
    entry->missed = false;
    schedule_entry_set(schedules, entry, at_ms);
}

void schedule_entry_remove(struct schedules *schedules, struct bytes key)
{
    struct entry *entry = map_remove(&schedules->entries, key);

    if (entry == NULL)
        return;
    schedule_entry_set(schedules, entry, DUE_NEVER);
    if (entry->firing)
        entry->gone = true;
    else
        schedule_entry_free(entry);
}

/* ---- waiting ---- */

void schedules_ended(struct schedules *schedules)
{
    if (schedules->options.changed != NULL)
        schedules->options.changed(schedules->options.context);
}

void schedules_look(struct schedules *schedules)
{
    uint64_t now_ms = clock_now_ms(schedules->clock);

    if (!schedules->started || schedules->stopped || schedules->looking)
        return;
    schedules->looking = true; /* what ends at once comes back here: the loop goes on anyway */
    while (schedules->firing < SCHEDULE_FIRING_MAX) {
        struct due *due = due_take(&schedules->due, now_ms);
        struct entry *entry = due != NULL ? CONTAINER_OF(due, struct entry, due) : NULL;

        if (entry == NULL)
            break;
        if (entry->kind == ENTRY_SCHEDULE)
            schedule_fire(schedules, entry, now_ms);
        else
            rule_fire(schedules, CONTAINER_OF(entry, struct scheduled_rule, entry), now_ms);
    }
    schedules->looking = false;
    if (schedules->firing < SCHEDULE_FIRING_MAX)
        due_arm(&schedules->due);
    else
        due_disarm(&schedules->due); /* the end of one looks again */
}

static void timer_fired(struct timer *timer)
{
    struct due_queue *due = CONTAINER_OF(timer, struct due_queue, timer);

    schedules_look(CONTAINER_OF(due, struct schedules, due));
}

/* ---- opening and closing ---- */

static enum status load_schedules(struct schedules *schedules)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_SCHEDULE), BYTES(KEY_SCHEDULE_END), false);
    uint64_t now_ms = clock_now_ms(schedules->clock), at_ms = 0;
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct schedule_record record;
        enum status st = schedule_decode(schedules->options.place, arena, value, &record);

        if (st != OK)
            return st;
        at_ms = record.view.due_ms == SCHEDULE_NEVER || !record.view.settings.enabled
                    ? DUE_NEVER
                    : plan_moment_ms(&record.view, record.view.due_ms, schedules->options.seed);
        schedule_entry_put(schedules, key, at_ms);
        struct entry *entry = map_get(&schedules->entries, key);

        entry->missed = at_ms <= now_ms;
        arena_reset(arena);
    }
    return store_iter_status(iter);
}

static enum status count_groups(struct schedules *schedules)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_GROUP), BYTES(KEY_GROUP_END), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value))
        schedules->group_count++;
    return store_iter_status(iter);
}

enum status schedules_open(const struct schedules_options *options, struct schedules **ret)
{
    struct schedules *schedules = mem_new(sizeof *schedules);
    enum status st = OK;

    schedules->options = *options;
    if (schedules->options.zone_folder == NULL)
        schedules->options.zone_folder = ZONE_FOLDER;
    schedules->clock = timers_clock(options->timers);
    schedules->zones = zones_new(schedules->options.zone_folder);
    due_init(&schedules->due, options->timers, timer_fired);
    st = load_schedules(schedules);
    if (st == OK)
        st = count_groups(schedules);
    if (st != OK) {
        schedules_close(schedules);
        return st;
    }
    *ret = schedules;
    return OK;
}

void schedules_start(struct schedules *schedules)
{
    rules_forget_unset(schedules);
    schedules->started = true;
    schedules_look(schedules);
}

bool schedules_stop(struct schedules *schedules)
{
    schedules->stopped = true;
    due_disarm(&schedules->due);
    return schedules->changing + schedules->firing == 0;
}

static void free_entries(struct schedules *schedules, struct map *map, size_t at)
{
    struct bytes key;
    void *value = NULL;

    for (size_t i = 0; map_next(map, &i, &key, &value);) {
        struct entry *entry = (void *)((char *)value + at);

        due_set(&schedules->due, &entry->due, DUE_NEVER);
        schedule_entry_free(entry);
    }
    map_free(map);
}

void schedules_close(struct schedules *schedules)
{
    if (schedules == NULL)
        return;
    assert(schedules->changing + schedules->firing == 0);
    free_entries(schedules, &schedules->entries, 0);
    free_entries(schedules, &schedules->rules, offsetof(struct scheduled_rule, entry));
    due_release(&schedules->due);
    zones_free(schedules->zones);
    mem_free(schedules);
}

bool schedules_busy(const struct schedules *schedules)
{
    return schedules->changing + schedules->firing > 0;
}

void schedules_figures(const struct schedules *schedules, struct schedules_figures *ret)
{
    *ret = (struct schedules_figures){
        .schedules = schedules->entries.count,
        .rules = schedules->rules.count,
        .due_total = schedules->due_total,
    };
}
