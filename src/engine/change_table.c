/* engine/change_table.c - CreateTable, UpdateTable and its sisters, DeleteTable, and the frame of
 * changes of shards (change_shards.c): by the writer, in order with the writes of items. What is on
 * disk and what readers see meanwhile: catalogue.h.
 *
 * A table's stream: enabled -> closed (disabled, or the table deleted) -> 24 hours later not
 * readable. A closed stream stays in its table's record until another one takes its place or the
 * table goes; then it gets a record of its own. */
#include "base/id.h"
#include "engine/internal.h"

/* ---- reading what is there ---- */

static enum status load_state(struct change_run *run)
{
    struct bytes text;
    enum status status = store_batch_get(run->batch, STORE_CATALOGUE, CATALOGUE_STATE_KEY, &text);

    if (status == OK)
        return catalogue_parse_state(run->change->arena, text, &run->state);
    run->state = (struct catalogue_state){.next_id = 1};
    return status == NOT_FOUND ? OK : status;
}

/* Copied: the text in the batch holds only until run() returns. */
static enum status load_table(struct change_run *run)
{
    struct arena *arena = run->change->arena;
    struct bytes text;
    struct table table;
    enum status status = store_batch_get(run->batch, STORE_CATALOGUE,
                                         catalogue_table_key(arena, run->change->name), &text);

    if (status == OK)
        status = catalogue_parse_table(arena, text, &table);
    if (status == OK)
        run->before = table_copy(arena, &table);
    return status;
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

static enum status create_table(struct change_run *run)
{
    struct table_change *change = run->change;
    struct table table = change->wanted;
    char uuid[ID_UUID_SIZE];
    enum status status = load_table(run);

    if (status == OK)
        return api_refuse(&change->error, API_RESOURCE_IN_USE, "Table already exists: %.*s",
                          BYTES_ARG(change->name));
    if (status != NOT_FOUND)
        return status;
    if (run->state.table_count >= TABLES_MAX)
        return api_refuse(&change->error, API_LIMIT_EXCEEDED,
                          "Subscriber limit exceeded: There is a limit of %d tables per subscriber",
                          TABLES_MAX);
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
    return OK;
}

static enum status update_table(struct change_run *run)
{
    struct table_change *change = run->change;
    enum status status = load_table(run);

    if (status == NOT_FOUND)
        return refuse_unknown(run);
    if (status != OK)
        return status;

    struct table table = run->before;

    status = change->edit(change, &table, &change->error);
    if (status != OK)
        return status;
    settle_stream(run, &table);
    status = settle_indexes(run, &table);
    if (status != OK)
        return status;
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

static enum status delete_table(struct change_run *run)
{
    struct table_change *change = run->change;
    enum status status = load_table(run);
    uint8_t from[4], to[4];

    if (status == NOT_FOUND)
        return refuse_unknown(run);
    if (status != OK)
        return status;

    const struct table *table = &run->before;

    if (table->deletion_protection)
        return api_invalid(&change->error,
                           "Resource cannot be deleted as it is currently protected "
                           "against deletion. Disable deletion protection first.");
    if (is_being_indexed(table))
        return api_refuse(&change->error, API_RESOURCE_IN_USE,
                          "Attempt to change a resource which is still in use: Cannot delete table "
                          "while indexes are being created, updated, or deleted.");
    bytes_put_u32(from, table->id);
    bytes_put_u32(to, table->id + 1);
    store_batch_delete_range(run->batch, STORE_ITEMS, bytes_of(from, 4), bytes_of(to, 4));
    figures_remove(run->batch, change->arena, table->id);
    collections_remove(run->batch, table->id);
    for (size_t i = 0; i < table->index_count; i++)
        table_index_remove(run->batch, change->arena, table->indexes[i].id);
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

static void run_change(struct store_batch *batch, struct store_work *work)
{
    struct table_change *change = CONTAINER_OF(work, struct table_change, work);
    struct engine *engine = change->engine;
    struct change_run run = {
        .engine = engine, .batch = batch, .change = change, .now_ms = clock_now_ms(engine->clock)};

    change->outcome = load_state(&run);
    if (change->outcome == OK)
        change->outcome = change_of_kind(&run);
    if (change->outcome != OK || run.idle)
        return;
    store_batch_put(batch, STORE_CATALOGUE, CATALOGUE_STATE_KEY,
                    catalogue_print_state(change->arena, &run.state));
    forget_old_streams(&run);
    change->order = catalogue_changed(&engine->catalogue);
}

static void change_done(struct store_work *work, enum status status)
{
    struct table_change *change = CONTAINER_OF(work, struct table_change, work);
    struct engine *engine = change->engine;

    if (change->order != 0)
        catalogue_publish(&engine->catalogue, change, status == OK, clock_now_ms(engine->clock));
    if (change->order != 0 && status == OK && change->kind == TABLE_UPDATE && engine->started) {
        table_index_fill(engine, &change->table);
        expiry_look(engine->expiry);
    }
    change->done(change, status == OK ? change->outcome : status);
}

void engine_change_table(struct engine *engine, struct store_port *port,
                         struct table_change *change)
{
    change->engine = engine;
    change->outcome = OK;
    change->order = 0;
    change->left = (struct engine_stream){0};
    change->work = (struct store_work){.run = run_change, .done = change_done};
    store_submit(engine->store, port, &change->work);
}
