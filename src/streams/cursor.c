/* streams/cursor.c - how far a reader is: name -> position (8, big-endian) in STORE_CURSORS. */
#include "streams/streams.h"

enum status stream_cursor_load_at(struct store *store, const struct store_view *view,
                                  struct bytes name, uint64_t *ret_position)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(store, view, STORE_CURSORS, name, &value);

    if (status != OK)
        return status;
    if (value.bytes.size != 8)
        return CORRUPT;
    *ret_position = bytes_get_u64(value.bytes.ptr);
    return OK;
}

enum status stream_cursor_load(struct store *store, struct bytes name, uint64_t *ret_position)
{
    return stream_cursor_load_at(store, NULL, name, ret_position);
}

void stream_cursor_store(struct store_batch *batch, struct bytes name, uint64_t position)
{
    uint8_t raw[8];

    bytes_put_u64(raw, position);
    store_batch_put(batch, STORE_CURSORS, name, bytes_of(raw, sizeof raw));
}

void stream_cursor_delete(struct store_batch *batch, struct bytes name)
{
    store_batch_delete(batch, STORE_CURSORS, name);
}

void stream_cursor_delete_range(struct store_batch *batch, struct bytes from, struct bytes to)
{
    store_batch_delete_range(batch, STORE_CURSORS, from, to);
}
