/* check/history.c - STORE_HISTORY: what items were before their changes (docs/format/history.md).
 */
#include "check/internal.h"

#include "engine/history.h"

static const struct check_kind bad_history = {
    "history", "a restore to a point in time gives an item that never was, or fails"};

/* Of a table, or one that a restore still reads. */
static bool is_known(struct check *check, uint32_t recovery_id)
{
    for (size_t i = 0; i < check->table_count; i++)
        if (check->tables[i].table.recovery_id == recovery_id || check->tables[i].id == recovery_id)
            return true;
    return false;
}

static enum status read_old(struct check *check, struct bytes old)
{
    struct vault_reader reader = {.store = check->store};
    struct stored_item stored;
    struct item item;
    enum status status = OK;

    if (old.size == 0)
        return OK;
    status = stored_item_read(old, &stored);
    if (status == OK)
        status = stored_item_open(&reader, check->scratch, &stored);
    return status == OK ? item_decode(check->scratch, stored.form, &item) : status;
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    uint32_t *known = context;
    struct history history;
    enum status status = history_decode(key, value, &history);

    if (status == OK)
        status = read_old(check, history.old);
    if (status != OK) {
        check_find_unreadable(check, STORE_HISTORY, key, status, "time, key, old item");
        return;
    }
    if (history.position > check->last_position)
        check_find_position(check, &bad_history, "history", check_bytes_text(check, key),
                            history.position);
    if (*known != history.recovery_id && !is_known(check, history.recovery_id))
        check_find_nobodys(check, "history", key, "the past of a table", history.recovery_id);
    else
        *known = history.recovery_id;
}

void check_history(struct check *check)
{
    uint32_t known = 0;

    check_scan_all(check, STORE_HISTORY, take_row, &known);
}
