/* schedule/rule.c - rules with a ScheduleExpression; see schedule.h.
 *
 * The bus has the rule; what was due last is ours:
 *
 *   scheduler/rule/BUS/RULE  ->  {"since": when the rule was given its expression or enabled,
 *                                 "last": the due time that happened last}
 *
 * The record is put in the batch of the deliveries. One whose "since" is not the rule's is of an
 * earlier life of the rule and says nothing. So the bus writes nothing of ours, and we nothing of
 * its, and still a due time happens once. */
#include "schedule/internal.h"

static const struct zone *utc_of(struct schedules *schedules)
{
    const struct zone *zone = NULL;
    enum status st = zones_find(schedules->zones, BYTES("UTC"), &zone);

    assert(st == OK && "UTC needs no database");
    return zone;
}

bool schedules_rule_is_valid(struct bytes expression)
{
    struct schedule_expression parsed;

    return schedule_parse(expression, SCHEDULE_OF_RULES, &parsed);
}

/* A rule's rate waits once before it is due. */
static uint64_t next_due(struct schedules *schedules, const struct scheduled_rule *rule,
                         uint64_t after_ms)
{
    return schedule_next_ms(&rule->expression, utc_of(schedules),
                            rule->since_ms + rule->expression.every_ms, after_ms);
}

/* ---- what the bus says ---- */

static enum status read_last(struct schedules *schedules, const struct scheduled_rule *rule,
                             uint64_t *ret_ms)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_value_release) struct store_value value = {0};
    struct rule_record record = {0};
    enum status st =
        store_get(schedules->options.store, NULL, STORE_CATALOGUE, rule->entry.key, &value);

    if (st == OK)
        st = rule_decode(arena, value.bytes, &record);
    *ret_ms = st == OK && record.since_ms == rule->since_ms && record.last_ms > rule->since_ms
                  ? record.last_ms
                  : rule->since_ms;
    return st == NOT_FOUND ? OK : st;
}

static struct scheduled_rule *rule_new(struct schedules *schedules, struct bytes key,
                                       const struct schedule_rule *given)
{
    struct entry *entry = schedule_entry_new(key, sizeof(struct scheduled_rule), ENTRY_RULE);
    struct scheduled_rule *rule = CONTAINER_OF(entry, struct scheduled_rule, entry);

    rule->bus_name = bytes_slice(entry->key, sizeof KEY_RULE - 1, given->bus_name.size);
    rule->rule_name = bytes_slice(entry->key, sizeof KEY_RULE + given->bus_name.size, key.size);
    map_put(&schedules->rules, key, rule);
    return rule;
}

void schedules_set_rule(struct schedules *schedules, const struct schedule_rule *given)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer before = BUFFER_INIT(4096), now = BUFFER_INIT(4096);
    struct bytes key = schedule_rule_key(arena, given->bus_name, given->rule_name);
    struct scheduled_rule *rule = map_get(&schedules->rules, key);
    struct schedule_expression expression;
    uint64_t last_ms = 0;

    if (!schedule_parse(given->expression, SCHEDULE_OF_RULES, &expression)) {
        schedules_forget_rule(schedules, given->bus_name, given->rule_name);
        return;
    }
    if (rule != NULL) {
        schedule_print(&before, &rule->expression);
        schedule_print(&now, &expression);
        if (rule->since_ms == given->since_ms &&
            bytes_equal(buffer_bytes(&before), buffer_bytes(&now)))
            return; /* something else of the rule has changed */
    } else {
        rule = rule_new(schedules, key, given);
    }
    rule->expression = expression;
    rule->since_ms = given->since_ms;
    if (read_last(schedules, rule, &last_ms) != OK)
        last_ms = clock_now_ms(schedules->clock);
    rule->due_ms = next_due(schedules, rule, last_ms);
    rule->entry.missed = !schedules->started && rule->due_ms <= clock_now_ms(schedules->clock);
    schedule_entry_set(schedules, &rule->entry, rule->due_ms);
    schedules_look(schedules);
}

void schedules_forget_rule(struct schedules *schedules, struct bytes bus_name,
                           struct bytes rule_name)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct scheduled_rule *rule =
        map_remove(&schedules->rules, schedule_rule_key(arena, bus_name, rule_name));

    if (rule == NULL)
        return;
    schedule_entry_set(schedules, &rule->entry, DUE_NEVER);
    if (rule->entry.firing)
        rule->entry.gone = true;
    else
        schedule_entry_free(&rule->entry);
    schedules_look(schedules);
}

/* ---- it is due ---- */

void rule_fire(struct schedules *schedules, struct scheduled_rule *rule, uint64_t now_ms)
{
    struct arena *arena = arena_new();
    struct schedule_firing *firing = ARENA_NEW(arena, struct schedule_firing);
    const struct schedule_door *door = &schedules->options.door;
    uint64_t due_ms = rule->due_ms, last_ms = due_ms;
    bool late = !clock_is_manual(schedules->clock) && now_ms > due_ms + SCHEDULE_LATE_MS;

    if (late || rule->entry.missed) /* one for all that nobody was there for */
        last_ms = now_ms;
    *firing = (struct schedule_firing){
        .bus_name = rule->bus_name,
        .rule_name = rule->rule_name,
        .scheduled_ms = due_ms,
        .arena = arena,
        .schedules = schedules,
        .rule = rule,
        .key = rule->entry.key,
        .stored = rule_encode(arena, &(struct rule_record){rule->since_ms, last_ms}),
    };
    rule->entry.firing = true;
    schedules->firing++;
    rule->due_ms = next_due(schedules, rule, last_ms);
    schedule_entry_set(schedules, &rule->entry, rule->due_ms);
    door->fire_rule(door->context, firing);
}

void schedules_write_rule(struct store_batch *batch, struct schedule_firing *firing)
{
    store_batch_put(batch, STORE_CATALOGUE, firing->key, firing->stored);
}

/* When the store refused, the same due time is tried again: unless the rule is another by now. */
void schedules_rule_fired(struct schedule_firing *firing, enum status status)
{
    struct schedules *schedules = firing->schedules;
    struct scheduled_rule *rule = firing->rule;
    struct rule_record record = {0};

    if (status == OK) {
        schedules->due_total++;
        rule->entry.missed = false;
    } else if (rule_decode(firing->arena, firing->stored, &record) == OK &&
               record.since_ms == rule->since_ms && status != NOT_FOUND) {
        rule->due_ms = firing->scheduled_ms;
        schedule_entry_set(schedules, &rule->entry,
                           clock_now_ms(schedules->clock) + SCHEDULE_AGAIN_MS);
    }
    arena_free(firing->arena);
    schedule_entry_fired(schedules, &rule->entry);
}

/* ---- starting ---- */

struct forgetting {
    struct store_work work;
    struct schedules *schedules;
    struct arena *arena;
    struct bytes *keys;
    size_t count, capacity;
};

static void forget_run(struct store_batch *batch, struct store_work *work)
{
    struct forgetting *forgetting = CONTAINER_OF(work, struct forgetting, work);

    for (size_t i = 0; i < forgetting->count; i++)
        store_batch_delete(batch, STORE_CATALOGUE, forgetting->keys[i]);
}

static void forget_done(struct store_work *work, enum status status)
{
    struct forgetting *forgetting = CONTAINER_OF(work, struct forgetting, work);
    struct schedules *schedules = forgetting->schedules;

    (void)status; /* what could not be forgotten now is forgotten at the next start */
    schedules->changing--;
    arena_free(forgetting->arena);
    schedules_ended(schedules);
}

void rules_forget_unset(struct schedules *schedules)
{
    struct arena *arena = arena_new();
    struct forgetting *forgetting = ARENA_NEW(arena, struct forgetting);
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_RULE), BYTES(KEY_RULE_END), false);
    struct bytes key, value;

    forgetting->schedules = schedules;
    forgetting->arena = arena;
    while (store_iter_next(iter, &key, &value)) {
        if (map_has(&schedules->rules, key))
            continue;
        forgetting->keys =
            arena_grow(arena, forgetting->keys, forgetting->count, forgetting->count + 1,
                       &forgetting->capacity, sizeof *forgetting->keys);
        forgetting->keys[forgetting->count++] = arena_copy(arena, key);
    }
    if (forgetting->count == 0) {
        arena_free(arena);
        return;
    }
    schedules->changing++;
    forgetting->work = (struct store_work){.run = forget_run, .done = forget_done};
    store_submit(schedules->options.store, schedules->options.port, &forgetting->work);
}
