/* engine/upkeep.c - once a minute, as long as there is something that grows old: deletes history
 * that is older than its table keeps it, and backups whose time is over. One look is under way at a
 * time; the next one does what this one could not.
 *
 * A table's history is not trimmed while a restore walks over it (space.c). */
#include "engine/backup_form.h"
#include "engine/internal.h"

#define UPKEEP_INTERVAL_MS 60000
/* What clients ask for in whole seconds may be that much before what they were told. */
#define WHOLE_SECOND_MS 1000

static uint64_t period_ms(const struct table *table)
{
    return (uint64_t)table->recovery_period_days * 24 * 60 * 60 * 1000;
}

struct recovery_window engine_recovery_window(struct engine *engine, const struct table *table)
{
    uint64_t now_ms = clock_now_ms(engine->clock), period = period_ms(table);
    uint64_t earliest = now_ms > period ? now_ms - period : 0;

    if (earliest < table->point_in_time_recovery_since_ms)
        earliest = table->point_in_time_recovery_since_ms;
    return (struct recovery_window){earliest - earliest % WHOLE_SECOND_MS, now_ms};
}

/* ---- history ---- */

struct trimming {
    struct job job;
    struct engine *engine;
    struct arena *arena;         /* of the list */
    struct arena *scratch;       /* of one step */
    const struct table **tables; /* with recovery, as they were at the beginning; references */
    size_t count, at, next_at;   /* next: when the step that is under way is durable */
};

/* What was dropped since then has nothing to trim. */
static enum status trim_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct trimming *trimming = CONTAINER_OF(job, struct trimming, job);
    const struct table *table = trimming->tables[trimming->at];
    uint64_t now_ms = clock_now_ms(trimming->engine->clock);
    uint64_t kept_ms = period_ms(table) + WHOLE_SECOND_MS;
    struct space history;
    bool over = true;

    arena_reset(trimming->scratch);

    enum status status =
        space_load(batch, trimming->scratch, STORE_HISTORY, table->recovery_id, &history);

    if (status == OK && table->point_in_time_recovery && history.readers == 0 && now_ms > kept_ms)
        status = history_trim(trimming->engine, batch, table->recovery_id, now_ms - kept_ms, &over);
    if (status != OK)
        return status;
    trimming->next_at = trimming->at + over;
    *ret_done = trimming->next_at == trimming->count;
    return OK;
}

static void trim_stepped(struct job *job, enum status status)
{
    struct trimming *trimming = CONTAINER_OF(job, struct trimming, job);

    if (status == OK)
        trimming->at = trimming->next_at;
}

static void trim_ended(struct job *job, enum status status)
{
    struct trimming *trimming = CONTAINER_OF(job, struct trimming, job);

    (void)status; /* the next look begins anew */
    trimming->engine->trimming = false;
    for (size_t i = 0; i < trimming->count; i++)
        engine_table_unref(trimming->tables[i]);
    arena_free(trimming->arena);
    arena_free(trimming->scratch);
    mem_free(trimming);
}

static void trim(struct engine *engine)
{
    struct arena *arena = arena_new();
    const struct table **tables = NULL;
    size_t count = catalogue_recoveries(&engine->catalogue, arena, &tables);

    if (count == 0) {
        arena_free(arena);
        return;
    }

    struct trimming *trimming = mem_new(sizeof *trimming);

    *trimming = (struct trimming){
        .job = {.step = trim_step, .stepped = trim_stepped, .ended = trim_ended},
        .engine = engine,
        .arena = arena,
        .scratch = arena_new(),
        .tables = tables,
        .count = count,
    };
    engine->trimming = true;
    job_start(&engine->jobs, &trimming->job);
}

/* ---- a history that went on for a restore, after recovery was turned off ---- */

static enum status leave_as_is(struct table_change *change, struct table *table,
                               struct api_error *reterr)
{
    (void)change, (void)table, (void)reterr; /* the engine drops it (change_table.c) */
    return OK;
}

static void left_history_dropped(struct table_change *change, enum status status)
{
    struct engine *engine = change->context;

    (void)status; /* the next look tries again */
    engine->dropping--;
    arena_free(change->arena);
    if (engine->door.changed != NULL)
        engine->door.changed(engine->door.context);
}

static void drop_left_history(struct engine *engine, const struct table *table)
{
    struct arena *arena = arena_new();
    struct table_change *change = ARENA_NEW(arena, struct table_change);

    *change = (struct table_change){.kind = TABLE_UPDATE,
                                    .name = arena_copy(arena, table->name),
                                    .edit = leave_as_is,
                                    .arena = arena,
                                    .done = left_history_dropped,
                                    .context = engine};
    engine->dropping++;
    engine_change_table(engine, engine->door.port, change);
}

static void drop_left_histories(struct engine *engine)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct table **tables = NULL;
    size_t count = catalogue_recoveries(&engine->catalogue, arena, &tables);

    for (size_t i = 0; i < count; i++) {
        if (!tables[i]->point_in_time_recovery)
            drop_left_history(engine, tables[i]);
        engine_table_unref(tables[i]);
    }
}

/* ---- backups ---- */

/* True when there are backups that expire, now or later. */
static bool remove_expired(struct engine *engine)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_CATALOGUE, BACKUP_PREFIX, BACKUP_END, false);
    uint64_t now_ms = clock_now_ms(engine->clock);
    struct bytes key, value;
    struct engine_backup backup;
    bool any = false;

    while (store_iter_next(iter, &key, &value)) {
        if (backup_parse(arena, key, value, &backup) == OK && backup.expires_ms != 0) {
            any = true;
            if (now_ms >= backup.expires_ms)
                backup_remove(engine, backup.table_name, backup.id);
        }
        arena_reset(arena);
    }
    return any || store_iter_status(iter) != OK;
}

/* ---- the clock ---- */

static bool any_history(struct engine *engine)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct table **tables = NULL;
    size_t count = catalogue_recoveries(&engine->catalogue, arena, &tables);

    for (size_t i = 0; i < count; i++)
        engine_table_unref(tables[i]);
    return count > 0;
}

static void set_timer(struct engine *engine)
{
    if (!engine->upkeep_stopped && !timer_is_set(&engine->upkeep))
        timer_set_after(engine->door.timers, &engine->upkeep, UPKEEP_INTERVAL_MS);
}

static void look(struct timer *timer)
{
    struct engine *engine = CONTAINER_OF(timer, struct engine, upkeep);

    if (!engine->trimming)
        trim(engine);
    if (engine->dropping == 0)
        drop_left_histories(engine);
    if (remove_expired(engine) || any_history(engine))
        set_timer(engine);
}

void upkeep_start(struct engine *engine)
{
    engine->upkeep = (struct timer){.fire = look, .upkeep = true};
    if (remove_expired(engine) || any_history(engine))
        set_timer(engine);
}

void upkeep_table_changed(struct engine *engine, const struct table *table)
{
    if (table->recovery_id != 0)
        set_timer(engine);
}

void upkeep_stop(struct engine *engine)
{
    engine->upkeep_stopped = true;
    timer_cancel(engine->door.timers, &engine->upkeep);
}
