/* engine/transact.c - TransactWriteItems: all or none. Every write is evaluated against the store
 * as it was before the transaction (no two touch one item), then all are applied, or none is. One
 * writer runs one transaction after the other, so none ever conflicts with another. */
#include "engine/internal.h"

static enum status check_whole(struct write_run *run, struct engine_write *write)
{
    for (size_t i = 0; i < write->count; i++)
        if (write->plans[i].table == NULL)
            return refuse_missing_table(&write->error);
    if (write_keys_repeat(write, run->arena))
        return api_invalid(&write->error, "Transaction request cannot include multiple operations "
                                          "on one item");
    return OK;
}

static bool evaluate_each(struct write_run *run, struct engine_write *write)
{
    bool hold = true;

    for (size_t i = 0; i < write->count; i++) {
        struct item_write *one = &write->writes[i];

        if (one->status == OK)
            write_evaluate(run, one, &write->plans[i]);
        hold = hold && one->status == OK;
    }
    return hold;
}

static enum status check_size(struct engine_write *write)
{
    size_t size = 0;

    for (size_t i = 0; i < write->count; i++)
        size += size_max(write->writes[i].old_size, write->writes[i].new_size);
    if (size > ENGINE_TRANSACTION_SIZE_MAX)
        return api_invalid(&write->error, "Transaction request size cannot exceed %zu bytes",
                           ENGINE_TRANSACTION_SIZE_MAX);
    return OK;
}

enum status transact_run(struct write_run *run, struct engine_write *write)
{
    enum status status = OK;

    if (write->token.size > 0)
        status = token_check(run, write);
    if (status != OK || write->repeated)
        return status;
    status = check_whole(run, write);
    if (status != OK || !evaluate_each(run, write))
        return status;
    status = check_size(write);
    if (status != OK)
        return status;
    for (size_t i = 0; i < write->count; i++)
        write_apply(run, &write->writes[i], &write->plans[i]);
    if (write->token.size > 0)
        token_remember(run, write);
    return OK;
}
