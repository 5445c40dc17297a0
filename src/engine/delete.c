/* engine/delete.c - DeleteItem: nothing to delete is no error. */
#include "engine/internal.h"

static enum status evaluate(struct write_run *run, struct item_write *write,
                            struct write_plan *plan)
{
    write->new_size = 0;
    if (!stored_item_exists(&plan->before))
        return OK;
    plan->effect = EFFECT_REMOVE;
    if (write->return_values == RETURN_ALL_OLD)
        write_return_old(run, write, plan);
    return OK;
}

const struct write_meaning write_meaning_delete = {NULL, evaluate, false};
