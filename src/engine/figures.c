/* engine/figures.c - how many items a table has and how large they are, exactly: counted by the
 * writer, in the batch of the change that it counts.
 *
 *   engine/figures/ID (8 hexadecimal digits)  ->  item count (8) | bytes by item_size() (8) */
#include "engine/internal.h"

#define FIGURES_SIZE 16

static struct bytes figures_key(struct arena *arena, uint32_t table_id)
{
    return arena_printf(arena, "engine/figures/%08x", table_id);
}

static enum status figures_read(struct bytes value, struct table_figures *ret)
{
    if (value.size != FIGURES_SIZE)
        return CORRUPT;
    *ret = (struct table_figures){bytes_get_u64(value.ptr), bytes_get_u64(value.ptr + 8)};
    return OK;
}

enum status figures_get(struct store_batch *batch, struct arena *arena, uint32_t id,
                        struct table_figures *ret)
{
    struct bytes value;
    enum status status = store_batch_get(batch, STORE_CATALOGUE, figures_key(arena, id), &value);

    *ret = (struct table_figures){0};
    if (status == NOT_FOUND)
        return OK;
    return status == OK ? figures_read(value, ret) : status;
}

enum status figures_load(struct write_run *run, uint32_t table_id, struct figures_entry **ret)
{
    struct figures_entry *entry = run->figures;

    while (entry != NULL && entry->table_id != table_id)
        entry = entry->next;
    if (entry != NULL) {
        *ret = entry;
        return OK;
    }

    struct table_figures now;
    enum status status = figures_get(run->batch, run->arena, table_id, &now);

    if (status != OK)
        return status;
    entry = ARENA_NEW(run->arena, struct figures_entry);
    *entry = (struct figures_entry){.next = run->figures, .table_id = table_id, .now = now};
    run->figures = entry;
    *ret = entry;
    return OK;
}

void figures_count(struct figures_entry *figures, const struct stored_item *before,
                   const struct stored_item *after)
{
    struct table_figures *now = &figures->now;

    if (stored_item_exists(before)) {
        assert(now->item_count > 0 && now->size_bytes >= before->size);
        now->item_count--;
        now->size_bytes -= before->size;
    }
    if (stored_item_exists(after)) {
        now->item_count++;
        now->size_bytes += after->size;
    }
    figures->changed = true;
}

void figures_store(struct write_run *run)
{
    uint8_t value[FIGURES_SIZE];

    for (struct figures_entry *entry = run->figures; entry != NULL; entry = entry->next) {
        if (!entry->changed)
            continue;
        bytes_put_u64(value, entry->now.item_count);
        bytes_put_u64(value + 8, entry->now.size_bytes);
        store_batch_put_total(run->batch, STORE_CATALOGUE, figures_key(run->arena, entry->table_id),
                              bytes_of(value, sizeof value));
    }
}

void figures_remove(struct store_batch *batch, struct arena *arena, uint32_t table_id)
{
    store_batch_delete(batch, STORE_CATALOGUE, figures_key(arena, table_id));
}

void engine_figures(struct engine *engine, uint32_t id, struct table_figures *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_value_release) struct store_value value = {0};

    *ret = (struct table_figures){0};
    if (store_get(engine->store, NULL, STORE_CATALOGUE, figures_key(arena, id), &value) != OK ||
        figures_read(value.bytes, ret) != OK)
        *ret = (struct table_figures){0};
}
