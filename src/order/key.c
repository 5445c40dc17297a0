/* order/key.c - the bytes of the index: docs/format/order.md. */
#include "order/internal.h"

#define RUN_SIZE 21

/* ---- keys ---- */

void order_key_part(struct buffer *out, struct bytes text)
{
    struct value value = {.type = VALUE_S, .bytes = text};

    key_encode_value(out, &value);
}

bool order_key_part_read(struct bytes *rest, struct arena *arena, struct bytes *ret)
{
    size_t size = key_encoded_size(*rest, false), length = 0;
    uint8_t *text = NULL;

    if (size < 2)
        return false;
    text = arena_alloc(arena, size);
    for (size_t i = 0; i < size - 2; i++) {
        text[length++] = rest->ptr[i];
        i += rest->ptr[i] == 0; /* its escape */
    }
    *ret = bytes_of(text, length);
    *rest = bytes_slice(*rest, size, rest->size);
    return true;
}

void order_key_begin(struct buffer *out, uint32_t table_id, enum order_kind kind)
{
    buffer_clear(out);
    buffer_append_u32(out, table_id);
    buffer_append_byte(out, (uint8_t)kind);
}

void order_key_stream(struct buffer *out, uint32_t table_id, struct bytes log, struct bytes id)
{
    buffer_clear(out);
    buffer_append_u32(out, table_id);
    order_key_part(out, log);
    order_key_part(out, id);
}

struct bytes order_key_state(uint32_t table_id, enum order_state state, uint8_t room[6])
{
    bytes_put_u32(room, table_id);
    room[4] = ORDER_STATE;
    room[5] = (uint8_t)state;
    return bytes_of(room, 6);
}

void order_item_key(struct buffer *out, uint32_t table_id, const struct order_event *event)
{
    AUTO(buffer_free) struct buffer pk = BUFFER_INIT(KEY_HASH_SIZE_MAX);
    struct number version = number_of_int64((int64_t)event->version);

    buffer_append(&pk, event->log);
    buffer_append_byte(&pk, '#');
    buffer_append(&pk, event->id);
    buffer_append_text(&pk, "#stream");
    buffer_clear(out);
    buffer_append_u32(out, table_id);
    order_key_part(out, buffer_bytes(&pk));
    number_encode_key(out, &version);
}

struct bytes order_key_behind(struct arena *arena, struct bytes prefix)
{
    uint8_t *behind = arena_alloc(arena, prefix.size);
    size_t size = prefix.size;

    memcpy(behind, prefix.ptr, size);
    while (size > 0 && behind[size - 1] == 0xFF)
        size--;
    if (size > 0)
        behind[size - 1]++;
    return bytes_of(behind, size);
}

/* ---- runs ---- */

enum status order_run_read(struct bytes value, struct order_run *ret)
{
    if (value.size > 0 && value.ptr[0] > ORDER_FORMAT)
        return NEWER_FORMAT;
    if (value.size != RUN_SIZE || value.ptr[0] != ORDER_FORMAT)
        return CORRUPT;
    ret->number = bytes_get_u32(value.ptr + 1);
    ret->events = bytes_get_u64(value.ptr + 5);
    ret->last_position = bytes_get_u64(value.ptr + 13);
    return OK;
}

void order_run_print(struct buffer *out, const struct order_run *run)
{
    buffer_append_byte(out, ORDER_FORMAT);
    buffer_append_u32(out, run->number);
    buffer_append_u64(out, run->events);
    buffer_append_u64(out, run->last_position);
}

static enum status read_run(struct bytes key, struct bytes value, struct arena *arena,
                            struct order_run *ret)
{
    struct bytes rest = bytes_slice(key, ORDER_PREFIX_SIZE, key.size);

    *ret = (struct order_run){.table_id = bytes_get_u32(key.ptr)};
    if (!order_key_part_read(&rest, arena, &ret->log) ||
        !order_key_part_read(&rest, arena, &ret->type) || rest.size > 0)
        return CORRUPT;
    return order_run_read(value, ret);
}

enum status order_runs_load(struct store *store, const struct store_view *view, uint32_t table_id,
                            struct bytes log, struct arena *arena, struct order_run **ret,
                            size_t *ret_count)
{
    AUTO(buffer_free) struct buffer from = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct order_run *runs = NULL;
    struct bytes key, value;
    size_t count = 0, capacity = 0;

    order_key_begin(&from, table_id, ORDER_RUN);
    if (log.size > 0)
        order_key_part(&from, log);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, view, STORE_ORDER, buffer_bytes(&from),
                                             order_key_behind(arena, buffer_bytes(&from)), false);

    while (store_iter_next(iter, &key, &value)) {
        runs = arena_grow(arena, runs, count, count + 1, &capacity, sizeof *runs);

        enum status status = read_run(key, value, arena, &runs[count++]);

        if (status != OK)
            return status;
    }
    *ret = runs;
    *ret_count = count;
    return store_iter_status(iter);
}
