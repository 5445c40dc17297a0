/* engine/change_table.c - CreateTable, UpdateTable and its sisters, DeleteTable, and the frame of
 * changes of shards (change_shards.c): by the writer, in order with the writes of items. What is on
 * disk and what readers see meanwhile: catalogue.h.
 *
 * A table's stream: enabled -> closed (disabled, or the table deleted) -> 24 hours later not
 * readable. A closed stream stays in its table's record until another one takes its place or the
 * table goes; then it gets a record of its own. */
#include "base/id.h"
#include "engine/backup.h"
#include "engine/internal.h"

/* ---- reading what is there ---- */

static enum status load_table(struct change_run *run)
{
    return catalogue_writer_table(run->batch, run->change->arena, run->change->name, &run->before);
}

static enum status refuse_unknown(struct change_run *run)
{
    return api_refuse(&run->change->error, API_RESOURCE_NOT_FOUND,
                      "Requested resource not found: Table: %.*s not found",
                      BYTES_ARG(run->change->name));
}

/* ---- streams ---- */

/* ISO 8601 without its zone, as AWS's labels are. */
static struct bytes new_label(struct change_run *run)
{
    char text[CLOCK_ISO_SIZE];
    struct catalogue_state *state = &run->state;

    state->last_label_ms =
        run->now_ms > state->last_label_ms ? run->now_ms : state->last_label_ms + 1;
    clock_format_iso(state->last_label_ms, true, text);
    return arena_copy(run->change->arena, bytes_of(text, strlen(text) - 1));
}

static void open_stream(struct change_run *run, struct table_stream *stream)
{
    stream->id = run->state.next_id++;
    stream->label = new_label(run);
    stream->created_ms = run->now_ms;
    stream->closed_ms = 0;
    stream->enabled = true;
    shards_begin(run, stream);
}

static void close_stream(struct change_run *run, struct table_stream *stream)
{
    if (!stream->enabled)
        return;
    stream->closed_ms = run->now_ms;
    stream->enabled = false;
    shards_end(run, stream);
}

/* The table has no place for this stream any more; it stays readable. */
static void leave_stream(struct change_run *run, const struct table *table,
                         struct table_stream stream)
{
    struct table_change *change = run->change;

    close_stream(run, &stream);
    if (!stream_is_readable(&stream, run->now_ms))
        return;
    change->left = (struct engine_stream){table->name, stream, table->key};
    store_batch_put(run->batch, STORE_CATALOGUE, catalogue_stream_key(change->arena, stream.id),
                    catalogue_print_stream(change->arena, &change->left));
}

/* From what edit() wants of the stream (its view, whether it is enabled) to what it becomes. */
static void settle_stream(struct change_run *run, struct table *table)
{
    bool wanted = table->stream.enabled && table->stream.view != STREAM_NONE;
    enum stream_view view = table->stream.view;
    const struct table_stream *before = &run->before.stream;

    table->stream = *before;
    if (before->enabled && (!wanted || view != before->view))
        close_stream(run, &table->stream);
    if (!wanted || table->stream.enabled)
        return;
    if (before->id != 0)
        leave_stream(run, &run->before, table->stream);
    table->stream.view = view;
    open_stream(run, &table->stream);
}

/* ---- point-in-time recovery ---- */

static uint64_t days_ms(uint32_t days)
{
    return (uint64_t)days * 24 * 60 * 60 * 1000;
}

/* A past that was trimmed does not come back with a longer period. */
static uint64_t since_with_other_period(const struct change_run *run)
{
    const struct table *before = &run->before;
    uint64_t period = days_ms(before->recovery_period_days);
    uint64_t kept = run->now_ms > period ? run->now_ms - period : 0;
    uint64_t since = before->point_in_time_recovery_since_ms;

    return kept > since ? kept : since;
}

/* What is left of recovery when it is off: its history goes on for restores that read it, and is
 * dropped when there are none (upkeep.c asks again). */
static enum status end_recovery(struct change_run *run, struct table *table, struct space *dropped)
{
    struct space history = {0};
    enum status status = OK;

    table->point_in_time_recovery_since_ms = 0;
    table->recovery_period_days = 0;
    if (table->recovery_id != 0)
        status =
            space_load(run->batch, run->change->arena, STORE_HISTORY, table->recovery_id, &history);
    if (status != OK || history.readers > 0)
        return status;
    *dropped = history;
    table->recovery_id = 0;
    return OK;
}

/* From what edit() wants of it (whether it is on, the period) to what it becomes; *dropped: the
 * history that goes, id 0: none. */
static enum status settle_recovery(struct change_run *run, struct table *table,
                                   struct space *dropped)
{
    const struct table *before = &run->before;
    uint32_t days = table->recovery_period_days;

    table->recovery_id = before->recovery_id;
    table->point_in_time_recovery_since_ms = before->point_in_time_recovery_since_ms;
    if (!table->point_in_time_recovery)
        return end_recovery(run, table, dropped);
    if (!before->point_in_time_recovery) {
        if (table->recovery_id == 0)
            table->recovery_id = run->state.next_id++;
        table->point_in_time_recovery_since_ms = run->now_ms;
        table->recovery_period_days = days != 0 ? days : RECOVERY_PERIOD_DAYS_MAX;
        return OK;
    }
    table->recovery_period_days = days != 0 ? days : before->recovery_period_days;
    if (table->recovery_period_days != before->recovery_period_days)
        table->point_in_time_recovery_since_ms = since_with_other_period(run);
    return OK;
}

/* Records of streams that nobody can read any more. Not exact to the moment, so it looks at what is
 * synced and not at the batch. */
static void forget_old_streams(struct change_run *run)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(run->engine->store, NULL, STORE_CATALOGUE,
                                             CATALOGUE_STREAM_PREFIX, CATALOGUE_STREAM_END, false);
    struct bytes key, value;
    struct engine_stream stream;

    while (store_iter_next(iter, &key, &value))
        if (catalogue_parse_stream(run->change->arena, value, &stream) == OK &&
            !stream_is_readable(&stream.stream, run->now_ms))
            store_batch_delete(run->batch, STORE_CATALOGUE, key);
}

/* ---- indexes ---- */

/* From what edit() wants of the indexes to what they become: a new one is to be filled, unless the
 * table is empty; of one that is gone nothing stays. */
static enum status settle_indexes(struct change_run *run, struct table *table)
{
    const struct table *before = &run->before;
    struct table_figures figures;

    expiry_settle(run->change->arena, table);

    enum status status = figures_get(run->batch, run->change->arena, table->id, &figures);

    if (status != OK)
        return status;
    for (size_t i = 0; i < table->index_count; i++) {
        if (table->indexes[i].id != 0)
            continue;
        table->indexes[i].id = run->state.next_id++;
        table->indexes[i].backfilling = figures.item_count > 0;
    }
    for (size_t i = 0; i < before->index_count; i++)
        if (table_find_index(table, before->indexes[i].name) == NULL)
            table_index_remove(run->batch, run->change->arena, before->indexes[i].id);
    return OK;
}

/* ---- the four changes ---- */

static void put_table(struct change_run *run, const struct table *table)
{
    struct arena *arena = run->change->arena;

    store_batch_put(run->batch, STORE_CATALOGUE, catalogue_table_key(arena, table->name),
                    catalogue_print_table(arena, table));
    run->change->table = *table;
}

static enum status refuse_taken(struct change_run *run, const struct table *there)
{
    struct table_change *change = run->change;
    const struct table_restore *restore = &there->restore;

    if (change->part == NULL)
        return api_refuse(&change->error, API_RESOURCE_IN_USE,
                          restore->in_progress ? "Table is being used: %.*s"
                                               : "Table already exists: %.*s",
                          BYTES_ARG(change->name));
    if (!restore->in_progress)
        return api_refuse(&change->error, API_TABLE_ALREADY_EXISTS, "Table already exists: %.*s",
                          BYTES_ARG(change->name));
    return api_refuse(
        &change->error, API_TABLE_IN_USE, "Table: %.*s is already being restored from %s: %.*s",
        BYTES_ARG(change->name), restore->backup_arn.size > 0 ? "backup" : "table",
        BYTES_ARG(restore->backup_arn.size > 0 ? restore->backup_arn : restore->table_arn));
}

static enum status check_creation(struct change_run *run)
{
    enum status status = load_table(run);

    if (status == OK)
        return refuse_taken(run, &run->before);
    if (status != NOT_FOUND)
        return status;
    if (run->state.table_count >= TABLES_MAX)
        return api_refuse(&run->change->error, API_LIMIT_EXCEEDED,
                          "Subscriber limit exceeded: There is a limit of %d tables per subscriber",
                          TABLES_MAX);
    return OK;
}

static enum status create_table(struct change_run *run)
{
    struct table_change *change = run->change;
    struct table table;
    char uuid[ID_UUID_SIZE];
    enum status status = OK;

    if (change->part != NULL)
        status = change->part->prepare(change->part, change, run->batch, run->now_ms);
    if (status == OK)
        status = check_creation(run);
    if (status != OK)
        return status;
    table = change->wanted;
    id_uuid(uuid);
    table.name = change->name;
    table.id = run->state.next_id++;
    table.table_id = arena_copy(change->arena, bytes_of_text(uuid));
    table.created_ms = run->now_ms;
    for (size_t i = 0; i < table.index_count; i++)
        table.indexes[i].id = run->state.next_id++;
    if (table.stream.enabled && table.stream.view != STREAM_NONE)
        open_stream(run, &table.stream);
    else
        table.stream = (struct table_stream){0};
    run->state.table_count++;
    put_table(run, &table);
    if (order_takes(&table.key))
        order_begin_table(run->batch, table.id);
    return OK;
}

static enum status update_table(struct change_run *run)
{
    struct table_change *change = run->change;
    struct space dropped = {0};
    enum status status = load_table(run);

    if (status == NOT_FOUND ||
        (status == OK && run->before.restore.in_progress && change->part == NULL))
        return refuse_unknown(run);
    if (status != OK)
        return status;

    struct table table = run->before;

    status = change->edit(change, &table, &change->error);
    if (status == OK)
        status = settle_recovery(run, &table, &dropped);
    if (status != OK)
        return status;
    status = settle_indexes(run, &table); /* before anything is put: it reads */
    if (status != OK)
        return status;
    settle_stream(run, &table);
    if (dropped.id != 0)
        space_drop(run->batch, change->arena, &dropped);
    put_table(run, &table);
    return OK;
}

static bool is_being_indexed(const struct table *table)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind == INDEX_GLOBAL && table->indexes[i].backfilling)
            return true;
    return false;
}

static enum status check_deletion(struct change_run *run)
{
    struct api_error *error = &run->change->error;

    if (run->before.restore.in_progress && run->change->part == NULL)
        return api_refuse(error, API_RESOURCE_IN_USE,
                          "Attempt to change a resource which is still in use: Table is being "
                          "created: %.*s",
                          BYTES_ARG(run->change->name));
    if (run->before.deletion_protection)
        return api_invalid(error, "Resource cannot be deleted as it is currently protected "
                                  "against deletion. Disable deletion protection first.");
    if (is_being_indexed(&run->before))
        return api_refuse(error, API_RESOURCE_IN_USE,
                          "Attempt to change a resource which is still in use: Cannot delete table "
                          "while indexes are being created, updated, or deleted.");
    return OK;
}

/* With point-in-time recovery its items stay, as a backup. */
static enum status drop_items(struct change_run *run)
{
    struct arena *arena = run->change->arena;
    const struct table *table = &run->before;
    struct space items, history = {0};
    struct engine_backup backup;
    enum status status = space_load(run->batch, arena, STORE_ITEMS, table->id, &items);

    if (status == OK && table->recovery_id != 0)
        status = space_load(run->batch, arena, STORE_HISTORY, table->recovery_id, &history);
    if (status == OK && table->point_in_time_recovery)
        status = backup_of_deleted_table(run->engine, run->batch, arena, table, &backup);
    if (status != OK)
        return status;
    if (history.id != 0)
        space_drop(run->batch, arena, &history);
    if (table->point_in_time_recovery)
        backup_store(run->batch, arena, &backup);
    else
        space_drop(run->batch, arena, &items);
    figures_remove(run->batch, arena, table->id);
    collections_remove(run->batch, table->id);
    order_drop_table(run->batch, table->id);
    for (size_t i = 0; i < table->index_count; i++)
        table_index_remove(run->batch, arena, table->indexes[i].id);
    return OK;
}

static enum status delete_table(struct change_run *run)
{
    struct table_change *change = run->change;
    enum status status = load_table(run);

    if (status == NOT_FOUND)
        return refuse_unknown(run);
    if (status == OK)
        status = check_deletion(run);
    if (status == OK)
        status = drop_items(run);
    if (status != OK)
        return status;

    const struct table *table = &run->before;

    store_batch_delete(run->batch, STORE_CATALOGUE,
                       catalogue_table_key(change->arena, table->name));
    leave_stream(run, table, table->stream);
    run->state.table_count--;
    change->table = *table;
    return OK;
}

static enum status change_shards(struct change_run *run)
{
    enum status status = load_table(run);

    if (status == NOT_FOUND)
        return refuse_unknown(run);
    if (status != OK)
        return status;

    struct table table = run->before;

    status = shards_change(run, &table.stream);
    if (status != OK)
        return status;
    if (run->idle)
        run->change->table = table;
    else
        put_table(run, &table);
    return OK;
}

static enum status change_of_kind(struct change_run *run)
{
    switch (run->change->kind) {
    case TABLE_CREATE:
        return create_table(run);
    case TABLE_UPDATE:
        return update_table(run);
    case TABLE_DELETE:
        return delete_table(run);
    case TABLE_SHARDS:
        return change_shards(run);
    }
    assert(false && "a kind of change that does not exist");
}

/* ---- on its way through the writer ---- */

void table_change_run(struct engine *engine, struct store_batch *batch, struct table_change *change)
{
    struct change_run run = {
        .engine = engine, .batch = batch, .change = change, .now_ms = clock_now_ms(engine->clock)};

    change->order = 0;
    change->left = (struct engine_stream){0};
    change->outcome = catalogue_writer_state(batch, change->arena, &run.state);
    if (change->outcome == OK)
        change->outcome = change_of_kind(&run);
    if (change->outcome != OK || run.idle)
        return;
    store_batch_put(batch, STORE_CATALOGUE, CATALOGUE_STATE_KEY,
                    catalogue_print_state(change->arena, &run.state));
    forget_old_streams(&run);
    if (change->part != NULL)
        change->part->accompany(change->part, change, batch);
    change->order = catalogue_changed(&engine->catalogue);
}

void table_change_publish(struct engine *engine, struct table_change *change, enum status status)
{
    if (change->order == 0)
        return;
    catalogue_publish(&engine->catalogue, change, status == OK, clock_now_ms(engine->clock));
    change->order = 0;
    if (status != OK || !engine->started)
        return;
    upkeep_table_changed(engine, &change->table);
    if (change->kind == TABLE_UPDATE) {
        table_index_fill(engine, &change->table);
        order_fill(engine, &change->table);
        expiry_look(engine->expiry);
    }
}

static void run_change(struct store_batch *batch, struct store_work *work)
{
    struct table_change *change = CONTAINER_OF(work, struct table_change, work);

    table_change_run(change->engine, batch, change);
}

static void change_done(struct store_work *work, enum status status)
{
    struct table_change *change = CONTAINER_OF(work, struct table_change, work);

    table_change_publish(change->engine, change, status);
    change->done(change, status == OK ? change->outcome : status);
}

void engine_change_table(struct engine *engine, struct store_port *port,
                         struct table_change *change)
{
    change->engine = engine;
    change->outcome = OK;
    change->order = 0;
    change->work = (struct store_work){.run = run_change, .done = change_done};
    store_submit(engine->store, port, &change->work);
}
