/* engine/check.c - ConditionCheck of a transaction: the condition held, and that is all. */
#include "engine/internal.h"

static enum status evaluate(struct write_run *run, struct item_write *write,
                            struct write_plan *plan)
{
    (void)run, (void)write, (void)plan;
    return OK;
}

const struct write_meaning write_meaning_check = {NULL, evaluate, false};
