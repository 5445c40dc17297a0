/* engine/restore.c - a new table from a backup, or from a table's past; see backup.h.
 *
 *   RestoreTable...   the table is there, CREATING, and its restore has a record
 *        |            (one batch; then the answer)
 *      COPY           a page of the source's items a step, in the order of their keys
 *        | to a point in time
 *      UNDO           a page of the source's history a step, from the newest record down to the
 *        |            moment
 *      FINISH         the table is ACTIVE, and its restore has no record any more (one batch)
 *
 *   GIVE UP           what is read is damaged: the table goes, with the record, and it is said
 *
 * What always holds:
 *   1. A table is CREATING for as long as its restore has a record.
 *   2. A restore holds its source (space.c): what is deleted meanwhile goes when it is over.
 *   3. The copy is in the order of keys and the table takes no other writes, so its last key tells
 *      a restart where to go on. How far changes are undone is in the record, in the batch that
 *      undid them.
 *
 * The source goes on changing while it is read, and each page is of a moment of its own. The result
 * is of one moment all the same: an item that did not change since is the same whenever it is read,
 * and of one that did, the history says what it was, in the oldest of its records, which is undone
 * last. Changes after the restore's beginning are undone too, whatever their time: their positions
 * are behind that of the beginning. */
#include "base/map.h"
#include "engine/backup_form.h"
#include "engine/history.h"
#include "engine/internal.h"

/* How far it is. */
struct restore_place {
    struct restore_record record;
    struct buffer after; /* COPY: the key that was copied last */
    bool walked;         /* nothing is left to copy or to undo */
};

struct restore {
    struct job job;
    struct engine *engine;
    struct arena *arena;            /* as long as the restore */
    struct arena *scratch;          /* of one step */
    struct restore_place now, next; /* next: when the step that is under way is durable */
    const struct table *table;      /* the new one, as it was made; a reference */
    struct space items, history;    /* the source; history.id 0: it is a backup */
    /* the table's changes: it is made, and becomes ACTIVE or goes */
    struct table_change_part part;
    struct table_change change;
    struct table_source *source;
    void (*answer)(struct table_change *change, enum status status);
    enum status damage; /* why it is given up; OK: it is not */
};

static struct restore *restore_new(struct engine *engine)
{
    struct restore *restore = mem_new(sizeof *restore);

    restore->engine = engine;
    restore->arena = arena_new();
    restore->scratch = arena_new();
    restore->now.after = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    restore->next.after = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    engine->restore_count++;
    return restore;
}

static void restore_free(struct restore *restore)
{
    restore->engine->restore_count--;
    engine_table_unref(restore->table);
    buffer_free(&restore->now.after);
    buffer_free(&restore->next.after);
    arena_free(restore->scratch);
    arena_free(restore->arena);
    mem_free(restore);
}

static void put_record(struct restore *restore, struct store_batch *batch,
                       const struct restore_record *record)
{
    store_batch_put(batch, STORE_CATALOGUE, restore_key(restore->scratch, record->table_id),
                    restore_print(restore->scratch, record));
}

/* ---- one item of the new table ---- */

/* What one step writes with. */
struct filling {
    struct write_run run;
    struct write_plan *plans; /* evaluated first, all of them, and then put */
    size_t count;
};

static void begin_filling(struct restore *restore, struct store_batch *batch,
                          struct filling *filling)
{
    filling->run =
        (struct write_run){.engine = restore->engine, .batch = batch, .arena = restore->scratch};
    filling->plans =
        ARENA_NEW_ARRAY(restore->scratch, restore->engine->step_count_max, struct write_plan);
    filling->count = 0;
}

static enum status decode_new_item(struct write_run *run, struct write_plan *plan)
{
    struct item *item = NULL;

    if (plan->effect != EFFECT_STORE || plan->table->index_count == 0)
        return OK;
    item = ARENA_NEW(run->arena, struct item);
    plan->new_item = item;
    return item_decode(run->arena, plan->after.form, item);
}

/* From what the new table has under this key to what it gets. */
static enum status evaluate(struct filling *filling, struct write_plan *plan)
{
    struct write_run *run = &filling->run;

    plan->effect = stored_item_exists(&plan->after)    ? EFFECT_STORE
                   : stored_item_exists(&plan->before) ? EFFECT_REMOVE
                                                       : EFFECT_NONE;

    enum status status = decode_new_item(run, plan);

    if (status == OK)
        status = figures_load(run, plan->table->id, &plan->figures);
    if (status == OK)
        status = table_index_evaluate(run, plan);
    if (status == OK)
        status = collection_follow(run, plan);
    return status;
}

static enum status evaluate_all(struct filling *filling)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < filling->count; i++)
        status = evaluate(filling, &filling->plans[i]);
    return status;
}

static void put_all(struct filling *filling)
{
    for (size_t i = 0; i < filling->count; i++)
        write_put(&filling->run, &filling->plans[i]);
    figures_store(&filling->run);
    collections_store(&filling->run);
}

static struct write_plan *add_plan(struct restore *restore, struct filling *filling,
                                   struct bytes key)
{
    struct write_plan *plan = &filling->plans[filling->count++];

    plan->table = restore->table;
    plan->key = copy_key(restore->scratch, restore->now.record.table_id, key);
    return plan;
}

/* ---- COPY ---- */

static enum status copy_some(struct restore *restore, struct filling *filling)
{
    struct restore_place *next = &restore->next;
    struct copy_page page;
    enum status status = copy_read(restore->engine, NULL, next->record.items_id,
                                   buffer_bytes(&restore->now.after), restore->scratch, &page);

    if (status != OK)
        return status;
    for (size_t i = 0; i < page.count; i++)
        add_plan(restore, filling, page.items[i].key)->after = page.items[i].item;
    if (page.count > 0)
        buffer_append(&next->after, page.items[page.count - 1].key);
    if (page.is_last && next->record.recovery_id != 0)
        next->record.phase = RESTORE_UNDO;
    else
        next->walked = page.is_last;
    return OK;
}

/* ---- UNDO ---- */

/* A page of changes; of several changes of one item the oldest counts. */
struct undo_page {
    struct filling *filling;
    struct map by_key; /* of items -> struct write_plan */
    bool is_last;
};

static bool is_part_of_moment(const struct restore_record *record, const struct history *history)
{
    return history->time_ms <= record->time_ms && history->position <= record->position;
}

static enum status load_current(struct store_batch *batch, struct write_plan *plan)
{
    struct bytes value;
    enum status status = store_batch_get(batch, STORE_ITEMS, plan->key, &value);

    if (status == NOT_FOUND)
        return OK;
    return status == OK ? stored_item_read(value, &plan->before) : status;
}

static enum status undo_one(struct restore *restore, const struct history *history,
                            struct undo_page *page)
{
    struct write_plan *plan = map_get(&page->by_key, history->key);
    enum status status = OK;

    restore->next.record.undone = history->position;
    if (plan == NULL) {
        plan = add_plan(restore, page->filling, history->key);
        map_put(&page->by_key, history->key, plan);
        status = load_current(page->filling->run.batch, plan);
    }
    plan->after = (struct stored_item){0};
    if (status == OK && history->old.size > 0)
        status = stored_item_read(arena_copy(restore->scratch, history->old), &plan->after);
    return status;
}

/* Newest first. What is not synced yet changed items after they were copied. */
static enum status read_undos(struct restore *restore, struct undo_page *page)
{
    const struct restore_record *record = &restore->now.record;
    uint8_t from[HISTORY_KEY_SIZE], to[HISTORY_KEY_SIZE];
    bool from_newest = record->undone == 0;
    struct history history;
    struct bytes key, value;
    size_t size = 0;

    history_encode_key(from, record->recovery_id, 0);
    history_encode_key(to, record->recovery_id + from_newest, record->undone);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(restore->engine->store, NULL, STORE_HISTORY, bytes_of(from, sizeof from),
                       bytes_of(to, sizeof to), true);

    for (size_t count = 0; count < restore->engine->step_count_max && size < JOB_STEP_SIZE_MAX;
         count++) {
        page->is_last = !store_iter_next(iter, &key, &value);
        if (page->is_last)
            break;

        enum status status = history_decode(key, value, &history);

        page->is_last = status == OK && is_part_of_moment(record, &history);
        if (page->is_last)
            break;
        if (status == OK)
            status = undo_one(restore, &history, page);
        if (status != OK)
            return status;
        size += value.size;
    }
    return store_iter_status(iter);
}

static enum status undo_some(struct restore *restore, struct filling *filling)
{
    struct undo_page page = {.filling = filling, .by_key = MAP_INIT};
    enum status status = read_undos(restore, &page);

    map_free(&page.by_key);
    restore->next.walked = page.is_last;
    return status;
}

/* ---- the end ---- */

static enum status load_source_spaces(struct restore *restore, struct store_batch *batch)
{
    const struct restore_record *record = &restore->now.record;
    enum status status =
        space_load(batch, restore->scratch, STORE_ITEMS, record->items_id, &restore->items);

    restore->history.id = 0;
    if (status == OK && record->recovery_id != 0)
        status = space_load(batch, restore->scratch, STORE_HISTORY, record->recovery_id,
                            &restore->history);
    return status;
}

static enum status make_active(struct table_change *change, struct table *table,
                               struct api_error *reterr)
{
    (void)change, (void)reterr;
    table->restore = (struct table_restore){0};
    return OK;
}

static void let_go(struct table_change_part *part, struct table_change *change,
                   struct store_batch *batch)
{
    struct restore *restore = CONTAINER_OF(part, struct restore, part);

    store_batch_delete(batch, STORE_CATALOGUE, restore_key(change->arena, change->table.id));
    space_release(batch, change->arena, &restore->items);
    if (restore->history.id != 0)
        space_release(batch, change->arena, &restore->history);
}

/* TABLE_UPDATE: it is ACTIVE. TABLE_DELETE: it goes. */
static enum status end_table(struct restore *restore, struct store_batch *batch,
                             enum table_change_kind kind)
{
    enum status status = load_source_spaces(restore, batch);

    if (status != OK)
        return status;
    restore->part = (struct table_change_part){.accompany = let_go};
    restore->change = (struct table_change){.kind = kind,
                                            .name = restore->now.record.table_name,
                                            .edit = make_active,
                                            .arena = restore->scratch,
                                            .part = &restore->part};
    table_change_run(restore->engine, batch, &restore->change);
    return restore->change.outcome;
}

/* ---- its job ---- */

static enum status walk(struct restore *restore, struct store_batch *batch)
{
    struct filling filling;

    begin_filling(restore, batch, &filling);

    enum status status = restore->now.record.phase == RESTORE_COPY ? copy_some(restore, &filling)
                                                                   : undo_some(restore, &filling);

    if (status == OK)
        status = evaluate_all(&filling);
    if (status != OK)
        return status;
    put_all(&filling);
    if (restore->next.record.phase == RESTORE_UNDO)
        put_record(restore, batch, &restore->next.record);
    return OK;
}

static enum status restore_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct restore *restore = CONTAINER_OF(job, struct restore, job);

    arena_reset(restore->scratch);
    buffer_clear(&restore->next.after);
    restore->next.record = restore->now.record;
    restore->next.walked = restore->now.walked;
    if (!restore->now.walked && restore->damage == OK)
        return walk(restore, batch);
    *ret_done = true;
    return end_table(restore, batch, restore->damage == OK ? TABLE_UPDATE : TABLE_DELETE);
}

static void restore_stepped(struct job *job, enum status status)
{
    struct restore *restore = CONTAINER_OF(job, struct restore, job);
    struct restore_place before = restore->now;

    table_change_publish(restore->engine, &restore->change, status);
    if (status != OK)
        return;
    restore->now = restore->next;
    restore->next = before;
}

static void say(struct restore *restore, enum status why, const char *what)
{
    const struct engine_door *door = &restore->engine->door;
    struct bytes sentence =
        arena_printf(restore->arena, "the table %.*s can't be restored: %s; %s",
                     BYTES_ARG(restore->now.record.table_name), status_text(why), what);

    if (door->failed != NULL)
        door->failed(door->context, arena_copy_text(restore->arena, sentence));
}

static bool is_damage(enum status status)
{
    return status == CORRUPT || status == NEWER_FORMAT;
}

static void restore_ended(struct job *job, enum status status)
{
    struct restore *restore = CONTAINER_OF(job, struct restore, job);

    if (is_damage(status) && restore->damage == OK) {
        restore->damage = status;
        job_start(&restore->engine->jobs, job);
        return;
    }
    if (status == OK && restore->damage != OK)
        say(restore, restore->damage, "it was given up, and the table is gone");
    else if (status != OK && status != CLOSED)
        say(restore, status, "it goes on at the next start");
    restore_free(restore);
}

/* The table is there. CORRUPT: it is not. */
static enum status start(struct restore *restore)
{
    const struct restore_record *record = &restore->now.record;

    restore->table = catalogue_ref_any(&restore->engine->catalogue, record->table_name);
    if (restore->table == NULL || restore->table->id != record->table_id)
        return CORRUPT;
    restore->change = (struct table_change){0};
    restore->job = (struct job){.step = restore_step,
                                .stepped = restore_stepped,
                                .ended = restore_ended,
                                .keeps_trying = true};
    job_start(&restore->engine->jobs, &restore->job);
    return OK;
}

static enum status resume(struct engine *engine, struct bytes text)
{
    struct restore *restore = restore_new(engine);
    struct restore_record *record = &restore->now.record;
    struct bytes last = {0};
    enum status status = restore_parse(restore->arena, arena_copy(restore->arena, text), record);

    if (status == OK && record->phase == RESTORE_COPY)
        status = copy_last_key(engine, record->table_id, restore->arena, &last);
    buffer_append(&restore->now.after, last);
    if (status == OK)
        status = start(restore);
    if (status != OK)
        restore_free(restore);
    return status;
}

enum status restores_resume(struct engine *engine)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_CATALOGUE, RESTORE_PREFIX, RESTORE_END, false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        enum status status = resume(engine, value);

        if (status != OK)
            return status;
    }
    return store_iter_status(iter);
}

/* ---- its beginning: what the new table is made from ---- */

/* Everything that a restored table has of its source; the rest is to be set anew, as on AWS. */
static struct table settings_of(const struct table *source)
{
    struct table table = *source;

    table.stream = (struct table_stream){0};
    table.ttl_attribute = (struct bytes){0};
    table.ttl_enabled = false;
    table.point_in_time_recovery = false;
    table.point_in_time_recovery_since_ms = 0;
    table.recovery_period_days = table.recovery_id = 0;
    table.deletion_protection = false;
    table.table_class = (struct bytes){0};
    table.tags = NULL;
    table.tag_count = 0;
    table.billing_changed_ms = 0;
    table.restore = (struct table_restore){0};
    for (size_t i = 0; i < table.index_count; i++)
        table.indexes[i].backfilling = false; /* filled together with the table */
    return table;
}

static enum status from_backup(struct restore *restore, struct table_change *change,
                               struct store_batch *batch)
{
    const struct table_source *source = restore->source;
    struct restore_record *record = &restore->now.record;
    struct engine_backup backup;
    enum status status = backup_load(restore->engine, batch, change->arena, source->table_name,
                                     source->backup_id, &backup);

    if (status == NOT_FOUND)
        return refuse_missing_backup(restore->engine, change->arena, source->table_name,
                                     source->backup_id, &change->error);
    if (status != OK)
        return status;
    record->items_id = backup.items_id;
    status = load_source_spaces(restore, batch);
    if (status != OK)
        return status;
    if (!backup.available)
        return api_refuse(&change->error, API_BACKUP_IN_USE, "Backup is being created: %.*s",
                          BYTES_ARG(source->backup_arn));
    if (restore->items.readers > 0)
        return api_refuse(&change->error, API_BACKUP_IN_USE,
                          "Backup is being used to restore another table: %.*s",
                          BYTES_ARG(source->backup_arn));
    change->wanted = settings_of(&backup.table);
    change->wanted.restore.backup_arn = source->backup_arn;
    change->wanted.restore.date_time_ms = backup.created_ms;
    return OK;
}

static enum status refuse_time(const struct table_source *source, struct recovery_window window,
                               struct api_error *reterr)
{
    char time[CLOCK_ISO_SIZE], earliest[CLOCK_ISO_SIZE], latest[CLOCK_ISO_SIZE];

    clock_format_iso(source->time_ms, false, time);
    clock_format_iso(window.earliest_ms, false, earliest);
    clock_format_iso(window.latest_ms, false, latest);
    return api_refuse(reterr, API_INVALID_RESTORE_TIME,
                      "RestoreDateTime '%s' must be within EarliestRestorableDateTime '%s' and "
                      "LatestRestorableDateTime '%s'",
                      time, earliest, latest);
}

static enum status from_past(struct restore *restore, struct table_change *change,
                             struct store_batch *batch)
{
    const struct table_source *source = restore->source;
    struct restore_record *record = &restore->now.record;
    struct table table;
    enum status status = catalogue_writer_table(batch, change->arena, source->table_name, &table);

    if (status == NOT_FOUND || (status == OK && table.restore.in_progress))
        return api_refuse(&change->error, API_TABLE_NOT_FOUND, "Table not found: %.*s",
                          BYTES_ARG(source->table_name));
    if (status != OK)
        return status;
    if (!table.point_in_time_recovery)
        return api_refuse(&change->error, API_POINT_IN_TIME_RECOVERY_UNAVAILABLE,
                          "Point in time recovery is not enabled for table '%.*s'",
                          BYTES_ARG(source->table_name));

    struct recovery_window window = engine_recovery_window(restore->engine, &table);

    record->time_ms = source->latest ? window.latest_ms : source->time_ms;
    if (record->time_ms < window.earliest_ms || record->time_ms > window.latest_ms)
        return refuse_time(source, window, &change->error);
    record->items_id = table.id;
    record->recovery_id = table.recovery_id;
    change->wanted = settings_of(&table);
    change->wanted.restore.date_time_ms = record->time_ms;
    return load_source_spaces(restore, batch);
}

static enum status prepare(struct table_change_part *part, struct table_change *change,
                           struct store_batch *batch, uint64_t now_ms)
{
    struct restore *restore = CONTAINER_OF(part, struct restore, part);
    const struct table_source *source = restore->source;
    enum status status = source->backup_id.size > 0 ? from_backup(restore, change, batch)
                                                    : from_past(restore, change, batch);

    (void)now_ms;
    if (status != OK)
        return status;
    change->wanted.restore.in_progress = true;
    change->wanted.restore.table_arn = arn_make(change->arena, &restore->engine->place, "dynamodb",
                                                "table/%.*s", BYTES_ARG(source->table_name));
    return change->edit(change, &change->wanted, &change->error);
}

static void accompany(struct table_change_part *part, struct table_change *change,
                      struct store_batch *batch)
{
    struct restore *restore = CONTAINER_OF(part, struct restore, part);
    struct restore_record *record = &restore->now.record;

    record->table_id = change->table.id;
    record->table_name = arena_copy(restore->arena, change->name);
    record->position = store_batch_position(batch);
    put_record(restore, batch, record);
    space_hold(batch, restore->scratch, &restore->items);
    if (restore->history.id != 0)
        space_hold(batch, restore->scratch, &restore->history);
}

static void begun(struct table_change *change, enum status status)
{
    struct restore *restore = CONTAINER_OF(change, struct table_source, change)->restore;

    change->done = restore->answer;
    change->part = NULL;
    if (status == OK)
        status = start(restore);
    if (status != OK)
        restore_free(restore);
    change->done(change, status);
}

void engine_restore_table(struct engine *engine, struct table_source *source)
{
    struct table_change *change = &source->change;

    assert(engine->started && change->kind == TABLE_CREATE);
    if (engine->restore_count >= RESTORES_MAX) {
        api_refuse(&change->error, API_LIMIT_EXCEEDED,
                   "Subscriber limit exceeded: Only %d restore operations can be done "
                   "simultaneously",
                   RESTORES_MAX);
        change->done(change, REFUSED);
        return;
    }

    struct restore *restore = restore_new(engine);

    restore->source = source;
    restore->answer = change->done;
    restore->part = (struct table_change_part){prepare, accompany};
    source->restore = restore;
    change->done = begun;
    change->part = &restore->part;
    engine_change_table(engine, engine->door.port, change);
}
