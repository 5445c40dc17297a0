/* engine/put.c - PutItem: the item takes the place of whatever stood there. */
#include "engine/internal.h"

static enum status prepare(struct item_write *write, struct write_plan *plan, struct arena *arena,
                           struct api_error *reterr)
{
    size_t size = item_size(&write->item);

    if (table_index_whole_size(plan->table, &write->item, size) > ITEM_SIZE_MAX)
        return api_invalid(reterr, "Item size has exceeded the maximum allowed size");
    if (table_index_check_item(plan->table, &write->item, false, reterr) != OK)
        return REFUSED;
    plan->after = write_make_item(plan, arena, &write->item, size);
    plan->new_item = &write->item;
    return OK;
}

static enum status evaluate(struct write_run *run, struct item_write *write,
                            struct write_plan *plan)
{
    bool idle = false;
    enum status status = write_is_idle(run, plan, &idle);

    if (status != OK)
        return status;
    write->new_size = plan->after.size;
    plan->effect = idle ? EFFECT_NONE : EFFECT_STORE;
    if (write->return_values == RETURN_ALL_OLD)
        write_return_old(run, write, plan);
    return OK;
}

const struct write_meaning write_meaning_put = {prepare, evaluate, true};
