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
 *      undid them. */
#include "engine/restore.h"

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

static enum status restore_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct restore *restore = CONTAINER_OF(job, struct restore, job);

    arena_reset(restore->scratch);
    buffer_clear(&restore->next.after);
    restore->next.record = restore->now.record;
    restore->next.walked = restore->now.walked;
    if (!restore->now.walked && restore->damage == OK)
        return restore_walk(restore, batch);
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

/* The table is there, and its job can be started. CORRUPT: it is not. */
static enum status take_up(struct restore *restore)
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
    return OK;
}

static void go_on(struct restore *restore)
{
    job_start(&restore->engine->jobs, &restore->job);
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
        status = take_up(restore);
    if (status == OK)
        go_on(restore);
    else
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
static struct table settings_of(struct arena *arena, const struct table *source)
{
    struct table table = *source;

    table.stream = (struct table_stream){0};
    table.ttl_attribute = (struct bytes){0};
    table.ttl_enabled = false;
    expiry_settle(arena, &table);
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
    change->wanted = settings_of(change->arena, &backup.table);
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
    change->wanted = settings_of(change->arena, &table);
    change->wanted.restore.date_time_ms = record->time_ms;
    if (record->time_ms < table.point_in_time_recovery_since_ms) /* in the same second */
        record->time_ms = table.point_in_time_recovery_since_ms;
    record->items_id = table.id;
    record->recovery_id = table.recovery_id;
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
    restore_put_record(restore, batch, record);
    space_hold(batch, restore->scratch, &restore->items);
    if (restore->history.id != 0)
        space_hold(batch, restore->scratch, &restore->history);
}

/* Who asked is told of the table as it begins, without an item: so that is done first. */
static void begun(struct table_change *change, enum status status)
{
    struct restore *restore = CONTAINER_OF(change, struct table_source, change)->restore;

    change->done = restore->answer;
    change->part = NULL;
    if (status == OK)
        status = take_up(restore);
    change->done(change, status);
    if (status == OK)
        go_on(restore);
    else
        restore_free(restore);
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
