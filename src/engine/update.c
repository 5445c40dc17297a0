/* engine/update.c - UpdateItem: the update applied to the item, or to its key alone when there is
 * none yet. One that only takes attributes away does not make an item be there. */
#include "engine/internal.h"

static enum status prepare(struct item_write *write, struct write_plan *plan, struct arena *arena,
                           struct api_error *reterr)
{
    const struct key_schema *key = &plan->table->key;

    (void)arena;
    for (size_t i = 0; i < key->count && write->update != NULL; i++)
        if (expr_update_names(write->update, key->attributes[i].name))
            return api_invalid(reterr,
                               "One or more parameter values were invalid: "
                               "Cannot update attribute %.*s. This attribute is part of the key",
                               BYTES_ARG(key->attributes[i].name));
    return OK;
}

static struct bytes print_part(struct write_run *run, const struct expr_update *update,
                               const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STORED_ITEM_SIZE_MAX);
    struct item part;

    if (update == NULL || item == NULL)
        return (struct bytes){0};
    expr_updated_part(update, item, run->arena, &part);
    if (part.count == 0)
        return (struct bytes){0};
    item_print(&out, &part);
    return arena_copy(run->arena, buffer_bytes(&out));
}

static void return_values(struct write_run *run, struct item_write *write,
                          const struct write_plan *plan)
{
    switch (write->return_values) {
    case RETURN_NONE:
        break;
    case RETURN_ALL_OLD:
        write_return_old(run, write, plan);
        break;
    case RETURN_UPDATED_OLD:
        write->returned = print_part(run, write->update, plan->old_item);
        break;
    case RETURN_ALL_NEW:
        write->returned = plan->after.form;
        break;
    case RETURN_UPDATED_NEW:
        write->returned = print_part(run, write->update, plan->new_item);
        break;
    }
}

static enum status evaluate(struct write_run *run, struct item_write *write,
                            struct write_plan *plan)
{
    struct item *new_item = ARENA_NEW(run->arena, struct item);
    const struct item *old = NULL;
    bool idle = false;
    enum status status = write_old_item(run, plan, &old);

    if (status != OK)
        return status;

    bool makes = old != NULL || write->update == NULL || !expr_update_only_removes(write->update);

    if (old == NULL)
        old = &write->item;
    *new_item = *old;
    if (write->update != NULL)
        status = expr_apply_update(write->update, old, run->arena, new_item, &run->error);
    if (status != OK || !makes)
        return status;

    size_t size = item_size(new_item);

    if (table_index_whole_size(plan->table, new_item, size) > ITEM_SIZE_MAX)
        return api_invalid(&run->error,
                           "Item size to update has exceeded the maximum allowed size");
    if (table_index_check_item(plan->table, new_item, true, &run->error) != OK)
        return REFUSED;
    plan->after = write_make_item(plan, run->arena, new_item, size);
    plan->new_item = new_item;
    write->new_size = size;
    status = write_is_idle(run, plan, &idle);
    if (status != OK)
        return status;
    plan->effect = idle ? EFFECT_NONE : EFFECT_STORE;
    return_values(run, write, plan);
    return OK;
}

const struct write_meaning write_meaning_update = {prepare, evaluate, false};
