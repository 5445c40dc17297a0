/* order/filling.c - how far the filling of an older table's index is; see order.h.
 *
 *   format 1 (1) | step (1) | low (8) | high (8) | change position (8) | key       not `filled`: 2
 */
#include "order/internal.h"

#define FILLING_SIZE 26

/* Of a table without a record nothing is known: its filling has not begun. */
enum filling_step { STEP_FILLED = 0, STEP_CHANGES = 1, STEP_ITEMS = 2 };

enum status order_filling_read(struct bytes value, struct order_filling *ret)
{
    *ret = (struct order_filling){0};
    if (value.size > 0 && value.ptr[0] > ORDER_FORMAT)
        return NEWER_FORMAT;
    if (value.size < 2 || value.ptr[0] != ORDER_FORMAT || value.ptr[1] > STEP_ITEMS)
        return CORRUPT;
    ret->begun = true;
    ret->done = value.ptr[1] == STEP_FILLED;
    ret->changes_done = value.ptr[1] == STEP_ITEMS;
    if (ret->done)
        return value.size == 2 ? OK : CORRUPT;
    if (value.size < FILLING_SIZE)
        return CORRUPT;
    ret->low = bytes_get_u64(value.ptr + 2);
    ret->high = bytes_get_u64(value.ptr + 10);
    ret->change_position = bytes_get_u64(value.ptr + 18);
    ret->key = bytes_slice(value, FILLING_SIZE, value.size);
    return OK;
}

void order_filling_print(struct buffer *out, const struct order_filling *filling)
{
    assert(filling->begun);
    buffer_append_byte(out, ORDER_FORMAT);
    buffer_append_byte(out, (uint8_t)(filling->done           ? STEP_FILLED
                                      : filling->changes_done ? STEP_ITEMS
                                                              : STEP_CHANGES));
    if (filling->done)
        return;
    buffer_append_u64(out, filling->low);
    buffer_append_u64(out, filling->high);
    buffer_append_u64(out, filling->change_position);
    buffer_append(out, filling->key);
}

enum status order_filling_load(struct store_batch *batch, uint32_t table_id,
                               struct order_filling *ret)
{
    uint8_t room[6];
    struct bytes value;
    enum status status = store_batch_get(
        batch, STORE_ORDER, order_key_state(table_id, ORDER_STATE_FILLING, room), &value);

    *ret = (struct order_filling){0};
    if (status == NOT_FOUND)
        return OK;
    return status == OK ? order_filling_read(value, ret) : status;
}

void order_filling_store(struct store_batch *batch, uint32_t table_id,
                         const struct order_filling *filling)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(FILLING_SIZE + ORDER_KEY_SIZE_MAX);
    uint8_t room[6];

    order_filling_print(&value, filling);
    store_batch_put(batch, STORE_ORDER, order_key_state(table_id, ORDER_STATE_FILLING, room),
                    buffer_bytes(&value));
}

enum status order_is_filled(struct store *store, const struct store_view *view, uint32_t table_id,
                            bool *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct order_filling filling = {0};
    uint8_t room[6];
    enum status status = store_get(store, view, STORE_ORDER,
                                   order_key_state(table_id, ORDER_STATE_FILLING, room), &value);

    if (status == OK)
        status = order_filling_read(value.bytes, &filling);
    *ret = filling.done;
    return status == NOT_FOUND ? OK : status;
}
