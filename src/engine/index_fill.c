/* engine/index_fill.c - the entries of items that were there before their index: UpdateTable makes
 * an index, a job (job.h) goes over the table and fills it, and then it can be read.
 *
 *   UpdateTable: index, backfilling ---> step: some items ---> ... ---> index, not backfilling
 *                                             ^     |
 *      a restart: from the first item         +-----+
 *
 * What always holds:
 *   1. Writes keep the entries of a backfilling index as of any other; an entry that an older item
 *      has not yet is simply not there.
 *   2. A step gives an item the entry that it should have at that point of the batch, whatever came
 *      between: it asks the batch for the item, and the store only for the next key.
 * So filling twice, and writes in any order with it, end in the same entries. */
#include "engine/internal.h"

#include <stdio.h>

struct index_fill {
    struct job job;
    struct engine *engine;
    struct list place; /* in the engine's */
    char *table_name;
    uint32_t index_id;
    struct buffer after, next_after; /* the last key of the steps that are durable, of this step */
    struct table_change change;      /* at the end: the index can be read */
    struct arena *arena;             /* the change's */
};

static void fill_free(struct index_fill *fill)
{
    list_remove(&fill->place);
    buffer_free(&fill->after);
    buffer_free(&fill->next_after);
    arena_free(fill->arena);
    mem_free(fill->table_name);
    mem_free(fill);
}

static struct table_index *find_by_id(const struct table *table, uint32_t id)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].id == id)
            return &table->indexes[i];
    return NULL;
}

/* ---- on the writer's thread ---- */

static enum status fill_item(struct write_run *run, const struct table *table,
                             const struct table_index *index, struct bytes key)
{
    struct bytes value;
    struct stored_item stored;
    struct item item;
    struct index_entry entry;
    enum status status = store_batch_get(run->batch, STORE_ITEMS, key, &value);

    if (status == NOT_FOUND)
        return OK;
    if (status == OK)
        status = write_read(run, value, &stored);
    if (status == OK)
        status = item_decode(run->arena, stored.form, &item);
    if (status != OK)
        return status;
    entry = table_index_entry(table, index, &item, &stored, key, run->arena);
    if (entry.key.size == 0)
        return OK;
    status = store_batch_get(run->batch, STORE_INDEXES, entry.key, &value);
    if (status != NOT_FOUND)
        return status;

    struct figures_entry *figures = NULL;
    static const struct stored_item nothing;

    status = figures_load(run, index->id, &figures);
    if (status != OK)
        return status;
    store_batch_put(run->batch, STORE_INDEXES, entry.key, entry.item.value);
    figures_count(figures, &nothing, &entry.item);
    return OK;
}

static enum status fill_some(struct index_fill *fill, struct write_run *run,
                             const struct table *table, const struct table_index *index,
                             bool *ret_done)
{
    struct query_source source = {STORE_ITEMS, table->id, &table->key};
    struct query_bounds bounds;
    struct bytes key, value;
    size_t size = 0;

    query_bounds_of_source(&source, run->arena, &bounds);
    if (buffer_bytes(&fill->after).size > 0)
        query_bounds_continue(&bounds, buffer_bytes(&fill->after), false, run->arena);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(run->engine->store, NULL, STORE_ITEMS, bounds.from, bounds.to, false);

    for (size_t count = 0; count < JOB_STEP_COUNT_MAX && size < JOB_STEP_SIZE_MAX; count++) {
        if (!store_iter_next(iter, &key, &value)) {
            *ret_done = true;
            return store_iter_status(iter);
        }

        enum status status = fill_item(run, table, index, key);

        if (status != OK) /* a step that fails has put nothing: this one ends before that item */
            return count > 0 ? OK : status;
        size += value.size;
        buffer_clear(&fill->next_after);
        buffer_append(&fill->next_after, key);
    }
    return OK;
}

static enum status step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct index_fill *fill = CONTAINER_OF(job, struct index_fill, job);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct write_run run = {.engine = fill->engine, .batch = batch, .arena = arena};
    const struct table *table = NULL;
    enum status status = catalogue_writer_ref(&fill->engine->catalogue, batch, arena,
                                              bytes_of_text(fill->table_name), &table);
    const struct table_index *index = status == OK ? find_by_id(table, fill->index_id) : NULL;

    if (index == NULL) { /* gone meanwhile */
        *ret_done = true;
        engine_table_unref(table);
        return status == NOT_FOUND ? OK : status;
    }
    status = fill_some(fill, &run, table, index, ret_done);
    if (status == OK)
        figures_store(&run);
    engine_table_unref(table);
    return status;
}

/* ---- on the port's thread ---- */

static void stepped(struct job *job, enum status status)
{
    struct index_fill *fill = CONTAINER_OF(job, struct index_fill, job);

    if (status != OK)
        return;
    buffer_clear(&fill->after);
    buffer_append(&fill->after, buffer_bytes(&fill->next_after));
}

static enum status make_readable(struct table_change *change, struct table *table,
                                 struct api_error *reterr)
{
    struct index_fill *fill = change->context;
    struct table_index *index = find_by_id(table, fill->index_id);

    if (index == NULL)
        return api_refuse(reterr, API_RESOURCE_NOT_FOUND, "the index is gone");
    index->backfilling = false;
    return OK;
}

static void tell_failure(const struct index_fill *fill, enum status status)
{
    const struct engine_door *door = &fill->engine->door;
    char sentence[256 + TABLE_NAME_SIZE_MAX];

    snprintf(sentence, sizeof sentence,
             "an index of table %s cannot be filled: %s; it is tried again at the next start",
             fill->table_name, status_text(status));
    if (door->failed != NULL)
        door->failed(door->context, sentence);
}

static void readable(struct table_change *change, enum status status)
{
    struct index_fill *fill = change->context;
    const struct engine_door *door = &fill->engine->door;

    if (status != OK && status != REFUSED && status != NOT_FOUND)
        tell_failure(fill, status);
    fill_free(fill);
    if (door->changed != NULL)
        door->changed(door->context);
}

static void ended(struct job *job, enum status status)
{
    struct index_fill *fill = CONTAINER_OF(job, struct index_fill, job);

    if (status != OK) {
        if (status != CLOSED)
            tell_failure(fill, status);
        fill_free(fill);
        return;
    }
    fill->change = (struct table_change){.kind = TABLE_UPDATE,
                                         .name = bytes_of_text(fill->table_name),
                                         .edit = make_readable,
                                         .arena = fill->arena,
                                         .done = readable,
                                         .context = fill};
    engine_change_table(fill->engine, fill->engine->door.port, &fill->change);
}

static bool is_filling(const struct engine *engine, uint32_t index_id)
{
    LIST_EACH (&engine->fills, it)
        if (LIST_ITEM(it, struct index_fill, place)->index_id == index_id)
            return true;
    return false;
}

static char *name_of(const struct table *table)
{
    char name[TABLE_NAME_SIZE_MAX + 1];

    snprintf(name, sizeof name, "%.*s", BYTES_ARG(table->name));
    return mem_copy_text(name);
}

void table_index_fill(struct engine *engine, const struct table *table)
{
    for (size_t i = 0; i < table->index_count; i++) {
        const struct table_index *index = &table->indexes[i];

        if (!index->backfilling || is_filling(engine, index->id))
            continue;

        struct index_fill *fill = mem_new(sizeof *fill);

        *fill = (struct index_fill){
            .job = {.step = step, .stepped = stepped, .ended = ended, .keeps_trying = true},
            .engine = engine,
            .table_name = name_of(table),
            .index_id = index->id,
            .after = BUFFER_INIT(TABLE_KEY_SIZE_MAX),
            .next_after = BUFFER_INIT(TABLE_KEY_SIZE_MAX),
            .arena = arena_new()};
        list_append(&engine->fills, &fill->place);
        job_start(&engine->jobs, &fill->job);
    }
}
