/* schedule/fire.c - a schedule that is due; see schedule.h.
 *
 *   loop     its record is read, its target is found (the door), the next due time is computed
 *   writer   if the record is still that one: the delivery and the next due time, in one batch
 *   loop     durable: the door is told, memory learns when it is due again */
#include "schedule/internal.h"

#include "base/id.h"

struct firing {
    struct store_work work;
    struct schedules *schedules;
    struct entry *entry;
    struct arena *arena;
    struct schedule_record record;
    struct bytes before; /* the record's bytes */
    struct bytes stored; /* what is to be there then; empty: it is deleted */
    uint64_t at_ms;      /* when it is due again */
    struct schedule_delivery delivery;
    enum status outcome;
};

/* ---- on the loop: what it is to be ---- */

static void make_execution_id(char out[SCHEDULE_EXECUTION_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[SCHEDULE_EXECUTION_ID_SIZE / 2];

    id_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[2 * sizeof random] = '\0';
}

/* Of the times that nobody was there for, one happens: the next one is behind those whose window is
 * over. A manual clock goes through all of them. */
static uint64_t next_due(struct firing *firing, const struct schedule_timing *timing,
                         uint64_t moment_ms, uint64_t now_ms)
{
    const struct schedule_view *view = &firing->record.view;
    uint64_t window_ms = (uint64_t)view->settings.window_minutes * 60000;
    bool late = !clock_is_manual(firing->schedules->clock) && now_ms > moment_ms + SCHEDULE_LATE_MS;
    uint64_t after_ms = view->due_ms;

    if ((late || firing->entry->missed) && now_ms > after_ms + window_ms)
        after_ms = now_ms - window_ms;
    return plan_next_ms(timing, after_ms);
}

/* False: the zone can't be read. */
static bool plan_next_record(struct firing *firing, uint64_t moment_ms, uint64_t now_ms)
{
    struct schedules *schedules = firing->schedules;
    struct schedule_record next = firing->record;
    const struct schedule_settings *settings = &next.view.settings;
    struct bytes zone_name = settings->timezone.size > 0 ? settings->timezone : BYTES("UTC");
    struct schedule_expression expression;
    const struct zone *zone = NULL;

    if (!schedule_parse(settings->expression, SCHEDULE_OF_SCHEDULER, &expression) ||
        zones_find(schedules->zones, zone_name, &zone) != OK)
        return false;
    struct schedule_timing timing = {&expression, zone, settings->start_ms, settings->end_ms,
                                     next.first_ms};

    next.revision++;
    next.view.due_ms = next_due(firing, &timing, moment_ms, now_ms);
    firing->at_ms = DUE_NEVER;
    if (next.view.due_ms != SCHEDULE_NEVER)
        firing->at_ms = plan_moment_ms(&next.view, next.view.due_ms, schedules->options.seed);
    else if (settings->delete_after)
        return true; /* the last one: nothing is left */
    firing->stored = schedule_encode(firing->arena, &next);
    return true;
}

/* ---- on the writer ---- */

static void firing_run(struct store_batch *batch, struct store_work *work)
{
    struct firing *firing = CONTAINER_OF(work, struct firing, work);
    const struct schedule_door *door = &firing->schedules->options.door;
    struct bytes stored;
    enum status st = store_batch_get(batch, STORE_CATALOGUE, firing->entry->key, &stored);

    if (st == OK && !bytes_equal(stored, firing->before))
        st = CONFLICT; /* somebody was first; its done() knows when it is due */
    firing->outcome = st;
    if (st != OK)
        return;
    door->write(door->context, batch, &firing->delivery);
    if (firing->stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, firing->entry->key, firing->stored);
    else
        store_batch_delete(batch, STORE_CATALOGUE, firing->entry->key);
}

/* ---- on the loop: it happened ---- */

static void firing_done(struct store_work *work, enum status status)
{
    struct firing *firing = CONTAINER_OF(work, struct firing, work);
    struct schedules *schedules = firing->schedules;
    const struct schedule_door *door = &schedules->options.door;
    struct entry *entry = firing->entry;
    bool ends = firing->stored.size == 0;

    if (status == OK)
        status = firing->outcome;
    if (status == OK) {
        schedules->due_total++;
        entry->missed = false;
        door->written(door->context, &firing->delivery);
        schedule_entry_set(schedules, entry, firing->at_ms);
        if (ends && !entry->gone)
            schedule_entry_remove(schedules, entry->key);
    } else if (status != CONFLICT && status != NOT_FOUND) {
        schedule_entry_set(schedules, entry, clock_now_ms(schedules->clock) + SCHEDULE_AGAIN_MS);
    }
    arena_free(firing->arena);
    mem_free(firing);
    schedule_entry_fired(schedules, entry);
}

/* ---- beginning ---- */

static void submit(struct firing *firing)
{
    struct schedules *schedules = firing->schedules;
    const struct schedule_door *door = &schedules->options.door;
    struct schedule_delivery *delivery = &firing->delivery;

    delivery->schedule = &firing->record.view;
    delivery->scheduled_ms = firing->record.view.due_ms;
    delivery->arena = firing->arena;
    make_execution_id(delivery->execution_id);
    delivery->payload = payload_make(delivery, schedules->options.place);
    door->prepare(door->context, delivery);
    firing->entry->firing = true;
    schedules->firing++;
    firing->work = (struct store_work){.run = firing_run, .done = firing_done};
    store_submit(schedules->options.store, schedules->options.port, &firing->work);
}

static enum status read_record(struct firing *firing)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status st = store_get(firing->schedules->options.store, NULL, STORE_CATALOGUE,
                               firing->entry->key, &value);

    if (st != OK)
        return st;
    firing->before = arena_copy(firing->arena, value.bytes);
    return schedule_decode(firing->schedules->options.place, firing->arena, firing->before,
                           &firing->record);
}

/* When it is to be looked at again; 0: it happens now. */
static uint64_t look_at(struct firing *firing, uint64_t now_ms)
{
    struct schedules *schedules = firing->schedules;
    const struct schedule_view *view = &firing->record.view;
    enum status st = read_record(firing);
    uint64_t moment_ms = 0;

    if (st == NOT_FOUND)
        return DUE_NEVER;
    if (st != OK)
        return now_ms + SCHEDULE_AGAIN_MS;
    if (!view->settings.enabled || view->due_ms == SCHEDULE_NEVER)
        return DUE_NEVER;
    moment_ms = plan_moment_ms(view, view->due_ms, schedules->options.seed);
    if (moment_ms > now_ms)
        return moment_ms;
    return plan_next_record(firing, moment_ms, now_ms) ? 0 : now_ms + SCHEDULE_AGAIN_MS;
}

void schedule_fire(struct schedules *schedules, struct entry *entry, uint64_t now_ms)
{
    struct firing *firing = mem_new(sizeof *firing);
    uint64_t again_ms = 0;

    firing->schedules = schedules;
    firing->entry = entry;
    firing->arena = arena_new();
    again_ms = look_at(firing, now_ms);
    if (again_ms == 0) {
        submit(firing);
        return;
    }
    arena_free(firing->arena);
    mem_free(firing);
    schedule_entry_set(schedules, entry, again_ms);
}
