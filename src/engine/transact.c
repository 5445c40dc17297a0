/* engine/transact.c - TransactWriteItems: all or none. Every write is evaluated against the store
 * as it was before the transaction (no two touch one item), then all are applied, or none is. One
 * writer runs one transaction after the other, so their order is a serial one; those that meet are
 * told apart before they get here (conflict.c).
 *
 * What refuses the whole comes first, in this order: a token that was used for something else, a
 * table that is not there, faults of the request itself, two operations on one item, 4 MB. */
#include "engine/internal.h"

/* AWS looks at these before the transaction begins: they need no stored item. */
bool transact_refuses_whole(const struct api_error *error)
{
    static const char *const faults[] = {
        "One or more parameter values are not valid.", /* an empty value for a key */
        "Item size has exceeded the maximum allowed size",
    };

    for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
        if (bytes_start_with(bytes_of_text(error->message), bytes_of_text(faults[i])))
            return error->kind == API_VALIDATION;
    return false;
}

static enum status check_faults(struct engine_write *write)
{
    for (size_t i = 0; i < write->count; i++) {
        const struct item_write *one = &write->writes[i];

        if (one->status != REFUSED || !transact_refuses_whole(one->error))
            continue;
        write->error = *one->error;
        return REFUSED;
    }
    return OK;
}

static enum status check_size(struct engine_write *write, size_t size)
{
    if (size <= ENGINE_TRANSACTION_SIZE_MAX)
        return OK;
    return api_invalid(&write->error, "Transaction request size cannot exceed %zu bytes",
                       ENGINE_TRANSACTION_SIZE_MAX);
}

/* What the request alone brings along. */
static enum status check_request_size(struct engine_write *write)
{
    size_t size = 0;

    for (size_t i = 0; i < write->count; i++)
        size += write->plans[i].after.size;
    return check_size(write, size);
}

static enum status check_whole(struct write_run *run, struct engine_write *write)
{
    enum status status = OK;

    for (size_t i = 0; i < write->count; i++)
        if (write->plans[i].table == NULL)
            return refuse_missing_table(&write->error);
    status = check_faults(write);
    if (status == OK && write_keys_repeat(write, run->arena))
        status = api_invalid(&write->error, "Transaction request cannot include multiple "
                                            "operations on one item");
    return status == OK ? check_request_size(write) : status;
}

/* OK with *ret_hold false: some are REFUSED. Anything else is the store's. */
static enum status evaluate_each(struct write_run *run, struct engine_write *write, bool *ret_hold)
{
    *ret_hold = true;
    for (size_t i = 0; i < write->count; i++) {
        struct item_write *one = &write->writes[i];

        if (one->status == OK)
            write_evaluate(run, one, &write->plans[i]);
        if (one->status != OK && one->status != REFUSED)
            return one->status;
        *ret_hold = *ret_hold && one->status == OK;
    }
    return OK;
}

static enum status check_items_size(struct engine_write *write)
{
    size_t size = 0;

    for (size_t i = 0; i < write->count; i++)
        size += size_max(write->writes[i].old_size, write->writes[i].new_size);
    return check_size(write, size);
}

enum status transact_run(struct write_run *run, struct engine_write *write)
{
    bool hold = false;
    enum status status = OK;

    if (write->token.size > 0)
        status = token_check(run, write);
    if (status != OK || write->repeated)
        return status;
    status = check_whole(run, write);
    if (status == OK)
        status = evaluate_each(run, write, &hold);
    if (status == OK && !hold)
        return check_faults(write);
    if (status == OK)
        status = check_items_size(write);
    if (status != OK)
        return status;
    for (size_t i = 0; i < write->count; i++)
        write_apply(run, &write->writes[i], &write->plans[i]);
    if (write->token.size > 0)
        token_remember(run, write);
    return OK;
}
