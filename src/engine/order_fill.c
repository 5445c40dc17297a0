/* engine/order_fill.c - the order of events of a table that an older dynlog wrote: its events get
 * positions, and the index of them its entries (order/order.h). A job goes over the table.
 *
 *   no record --> BEGUN: as many positions are taken as the table has items
 *                   |
 *                 CHANGES: what change records there are still, from the newest down: the events
 *                   |      that they made get the upper ones, in the order of their appends
 *                 ITEMS:   all other events, in the order of keys, get the lower ones
 *                   |
 *                 FILLED
 *
 * What always holds:
 *   1. A step puts positions, entries and how far it is in one batch: a restart goes on there, and
 *      no event gets two positions.
 *   2. Writes go on meanwhile. A new event has its position at once, above all that were taken; an
 *      older one that is overwritten waits for its own (write_order.c).
 *   3. Readers see nothing of the table before it is filled, so nothing moves before their eyes. */
#include "engine/internal.h"

#include "value/change.h"

#include <stdio.h>

struct order_job {
    struct job job;
    struct engine *engine;
    struct list place; /* in the engine's */
    char *table_name;
    uint32_t table_id;
    enum status last; /* how the last step ended */
};

/* One step, on the writer's thread. */
struct order_step {
    struct write_run run;
    const struct table *table;
    struct order_filling filling;
    size_t count, size; /* of what it looked at */
};

static bool step_is_full(const struct order_step *step)
{
    return step->count >= step->run.engine->step_count_max || step->size >= JOB_STEP_SIZE_MAX;
}

/* ---- one event ---- */

/* OK, and *ret false: there is no event there that waits for its position. */
static enum status load_waiting(struct order_step *step, struct bytes key, struct item *ret_item,
                                struct stored_item *ret_stored, struct order_event *ret_event,
                                bool *ret)
{
    struct bytes value;
    enum status status = store_batch_get(step->run.batch, STORE_ITEMS, key, &value);

    *ret = false;
    if (status == NOT_FOUND)
        return OK;
    if (status == OK)
        status = write_read(&step->run, value, ret_stored);
    if (status != OK || ret_stored->position != 0)
        return status;
    status = item_decode(step->run.arena, ret_stored->form, ret_item);
    *ret = status == OK && order_event_of(ret_item, ret_event);
    return status;
}

/* Takes the position that *next tells, when it is needed. */
static enum status place_event(struct order_step *step, struct bytes key, uint64_t time_ms,
                               uint64_t *next, int direction)
{
    struct write_run *run = &step->run;
    struct stored_item stored;
    struct order_event event;
    struct order_run *order = NULL;
    struct item item;
    bool waits = false;
    enum status status = load_waiting(step, key, &item, &stored, &event, &waits);

    step->count++;
    if (status != OK || !waits)
        return status;
    status = order_load(&run->order, step->table->id, &event, &order);
    if (status != OK)
        return status;

    struct stored_item placed =
        stored_item_make(run->arena, &item, stored.size, true, stored.sealed);

    item_head_place(placed.head, *next, time_ms);
    store_batch_put(run->batch, STORE_ITEMS, key, placed.value);
    order_put(&run->order, order, &event, *next);
    *next = direction > 0 ? *next + 1 : *next - 1;
    step->size += placed.value.size;
    return OK;
}

/* ---- CHANGES ---- */

/* The records of one slot of a stream, from the last down. */
struct change_source {
    struct change_source *next;
    struct store_iter *iter;
    struct bytes key, value;
    bool there;
};

static enum status source_step(struct change_source *source)
{
    source->there = store_iter_next(source->iter, &source->key, &source->value);
    return source->there ? OK : store_iter_status(source->iter);
}

static bool has_slot_before(const struct table_stream *stream, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (shard_slot(stream->shards[i].number) == shard_slot(stream->shards[at].number))
            return true;
    return false;
}

static enum status add_sources(struct order_step *step, const struct table_stream *stream,
                               struct change_source **sources)
{
    uint64_t below = step->filling.change_position;
    enum status status = OK;

    for (size_t i = 0; status == OK && i < stream->shard_count; i++) {
        uint16_t slot = shard_slot(stream->shards[i].number);
        struct change_source *source = NULL;
        uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];

        if (has_slot_before(stream, i))
            continue;
        source = ARENA_NEW(step->run.arena, struct change_source);
        change_encode_key(from, stream->id, slot, 0);
        change_encode_key(to, stream->id, slot, below != 0 ? below : UINT64_MAX);
        source->iter = store_iter_new(step->run.engine->store, NULL, STORE_CHANGES,
                                      bytes_of(from, sizeof from), bytes_of(to, sizeof to), true);
        source->next = *sources;
        *sources = source;
        status = source_step(source);
    }
    return status;
}

static struct change_source *newest(struct change_source *sources)
{
    struct change_source *first = NULL;

    for (struct change_source *source = sources; source != NULL; source = source->next)
        if (source->there &&
            (first == NULL || change_key_position(source->key) > change_key_position(first->key)))
            first = source;
    return first;
}

/* Only what made an item tells when that was. Keys of another schema are an earlier table's. */
static enum status place_of_change(struct order_step *step, const struct change_source *source)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    struct change change;
    struct item keys;
    enum status status =
        change_decode(source->key, arena_copy(step->run.arena, source->value), &change);

    step->size += source->value.size / 8; /* reading it costs less than putting */
    if (status == OK && change.kind != CHANGE_INSERT) {
        step->count++;
        return OK;
    }
    if (status == OK)
        status = item_decode(step->run.arena, change.keys, &keys);
    if (status != OK)
        return status;
    if (table_key(step->table, &keys, true, &key, &step->run.error) != OK) {
        step->count++;
        return OK;
    }
    return place_event(step, arena_copy(step->run.arena, buffer_bytes(&key)), change.time_ms,
                       &step->filling.high, -1);
}

static enum status walk_changes(struct order_step *step, struct change_source *sources)
{
    enum status status = OK;

    while (!step_is_full(step)) {
        struct change_source *source = newest(sources);
        size_t before = step->count;

        if (source == NULL) {
            step->filling.changes_done = true;
            return OK;
        }
        status = place_of_change(step, source);
        if (status != OK) /* a step that fails has put nothing: this one ends before it */
            return before > 0 ? OK : status;
        step->filling.change_position = change_key_position(source->key);
        status = source_step(source);
        if (status != OK)
            return OK; /* the next step meets it first */
    }
    return OK;
}

static enum status fill_changes(struct order_step *step)
{
    struct engine_stream *streams = NULL;
    struct change_source *sources = NULL;
    size_t count = 0;
    enum status status = OK;

    engine_streams(step->run.engine, step->run.arena, &streams, &count);
    for (size_t i = 0; status == OK && i < count; i++)
        if (bytes_equal(streams[i].table_name, step->table->name))
            status = add_sources(step, &streams[i].stream, &sources);
    if (status == OK)
        status = walk_changes(step, sources);
    for (; sources != NULL; sources = sources->next)
        store_iter_free(sources->iter);
    return status;
}

/* ---- ITEMS ---- */

static enum status fill_items(struct order_step *step)
{
    struct query_source source = {STORE_ITEMS, step->table->id, &step->table->key};
    struct query_bounds bounds;
    struct bytes key, value;

    query_bounds_of_source(&source, step->run.arena, &bounds);
    if (step->filling.key.size > 0)
        query_bounds_continue(&bounds, step->filling.key, false, step->run.arena);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(step->run.engine->store, NULL, STORE_ITEMS, bounds.from, bounds.to, false);

    while (!step_is_full(step)) {
        size_t before = step->count;

        if (!store_iter_next(iter, &key, &value)) {
            enum status status = store_iter_status(iter);

            step->filling.done = status == OK;
            return before > 0 ? OK : status;
        }
        key = arena_copy(step->run.arena, key);

        enum status status = place_event(step, key, 0, &step->filling.low, 1);

        if (status != OK)
            return before > 0 ? OK : status;
        step->filling.key = key;
    }
    return OK;
}

/* ---- BEGUN ---- */

/* No more than its items can wait for one. */
static enum status begin(struct order_step *step)
{
    struct table_figures figures;
    enum status status = figures_get(step->run.batch, step->run.arena, step->table->id, &figures);

    if (status != OK)
        return status;
    step->filling = (struct order_filling){.begun = true, .done = figures.item_count == 0};
    for (uint64_t i = 0; i < figures.item_count; i++) {
        step->filling.high = store_batch_position(step->run.batch);
        if (i == 0)
            step->filling.low = step->filling.high;
    }
    return OK;
}

static enum status take_step(struct order_step *step)
{
    if (!step->filling.begun)
        return begin(step);
    return step->filling.changes_done ? fill_items(step) : fill_changes(step);
}

static enum status run_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct order_job *filling = CONTAINER_OF(job, struct order_job, job);
    struct engine *engine = filling->engine;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_step step = {.run = {.engine = engine,
                                      .batch = batch,
                                      .arena = arena,
                                      .order = {.batch = batch, .arena = arena}}};
    enum status status = catalogue_writer_ref(&engine->catalogue, batch, arena,
                                              bytes_of_text(filling->table_name), &step.table);

    if (status == OK && step.table->id == filling->table_id)
        status = order_filling_load(batch, filling->table_id, &step.filling);
    else if (status == OK)
        status = NOT_FOUND; /* another one of its name */
    if (status == OK && !step.filling.done)
        status = take_step(&step);
    if (status == OK) {
        order_store(&step.run.order);
        order_filling_store(batch, filling->table_id, &step.filling);
    }
    *ret_done = status == NOT_FOUND || step.filling.done;
    engine_table_unref(step.table);
    return status == NOT_FOUND ? OK : status;
}

/* ---- on the port's thread ---- */

static void stepped(struct job *job, enum status status)
{
    CONTAINER_OF(job, struct order_job, job)->last = status;
}

static void filled(struct job *job, enum status status)
{
    struct order_job *filling = CONTAINER_OF(job, struct order_job, job);
    const struct engine_door *door = &filling->engine->door;
    char sentence[256 + TABLE_NAME_SIZE_MAX];

    if (status != OK && status != CLOSED && door->failed != NULL) {
        snprintf(sentence, sizeof sentence,
                 "the order of the events of table %s cannot be made: %s; it is tried again at the "
                 "next start",
                 filling->table_name, status_text(status));
        door->failed(door->context, sentence);
    }
    list_remove(&filling->place);
    mem_free(filling->table_name);
    mem_free(filling);
}

static bool is_filling(const struct engine *engine, uint32_t table_id)
{
    LIST_EACH (&engine->orders, it)
        if (LIST_ITEM(it, struct order_job, place)->table_id == table_id)
            return true;
    return false;
}

bool engine_fills_order(const struct engine *engine)
{
    return !list_empty(&engine->orders);
}

enum status engine_order_failure(const struct engine *engine)
{
    LIST_EACH (&engine->orders, it) {
        enum status last = LIST_ITEM(it, struct order_job, place)->last;

        if (last != OK)
            return last;
    }
    return OK;
}

void order_fill(struct engine *engine, const struct table *table)
{
    struct order_job *filling = NULL;
    char name[TABLE_NAME_SIZE_MAX + 1];
    bool is_filled = false;

    if (!order_takes(&table->key) || table->restore.in_progress || is_filling(engine, table->id) ||
        (order_is_filled(engine->store, NULL, table->id, &is_filled) == OK && is_filled))
        return;
    snprintf(name, sizeof name, "%.*s", BYTES_ARG(table->name));
    filling = mem_new(sizeof *filling);
    *filling = (struct order_job){
        .job = {.step = run_step, .stepped = stepped, .ended = filled, .keeps_trying = true},
        .engine = engine,
        .table_name = mem_copy_text(name),
        .table_id = table->id,
    };
    list_append(&engine->orders, &filling->place);
    job_start(&engine->jobs, &filling->job);
}
