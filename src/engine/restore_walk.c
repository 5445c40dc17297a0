/* engine/restore_walk.c - the items of a restored table: copied, and changes of them undone. See
 * restore.c for the whole.
 *
 * The source goes on changing while it is read, and each page is of a moment of its own. The result
 * is of one moment all the same: an item that did not change since is the same whenever it is read,
 * and of one that did, the history says what it was, in the oldest of its records, which is undone
 * last. Changes after the restore's beginning are undone too, whatever their time: their positions
 * are behind that of the beginning.
 *
 * Each item is put with its index entries and counted, so the table needs nothing more when the
 * walk is over. */
#include "base/map.h"
#include "engine/history.h"
#include "engine/restore.h"

void restore_put_record(struct restore *restore, struct store_batch *batch,
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
    filling->run = (struct write_run){.engine = restore->engine,
                                      .batch = batch,
                                      .arena = restore->scratch,
                                      .order = {.batch = batch, .arena = restore->scratch}};
    filling->plans =
        ARENA_NEW_ARRAY(restore->scratch, restore->engine->step_count_max, struct write_plan);
    filling->count = 0;
}

static enum status decode_new_item(struct write_run *run, struct write_plan *plan)
{
    struct item *item = NULL;

    if (plan->effect != EFFECT_STORE ||
        (plan->table->index_count == 0 && !order_takes(&plan->table->key)))
        return OK;
    item = ARENA_NEW(run->arena, struct item);
    plan->new_item = item;

    enum status status = stored_item_open(&(struct vault_reader){run->engine->store, run->batch},
                                          run->arena, &plan->after);

    return status == OK ? item_decode(run->arena, plan->after.form, item) : status;
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
        write_order_restored(run, plan);
    if (status == OK)
        status = figures_load(run, plan->table->id, &plan->figures);
    if (status == OK)
        status = table_index_evaluate(run, plan);
    if (status == OK)
        status = write_order_evaluate(run, plan);
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
    order_store(&filling->run.order);
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

static enum status load_current(struct write_run *run, struct write_plan *plan)
{
    struct bytes value;
    enum status status = store_batch_get(run->batch, STORE_ITEMS, plan->key, &value);

    if (status == NOT_FOUND)
        return OK;
    return status == OK ? write_read(run, value, &plan->before) : status;
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
        status = load_current(&page->filling->run, plan);
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

/* ---- a step ---- */

enum status restore_walk(struct restore *restore, struct store_batch *batch)
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
        restore_put_record(restore, batch, &restore->next.record);
    return OK;
}
