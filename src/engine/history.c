/* engine/history.c - see history.h. */
#include "engine/history.h"

#include "engine/internal.h"

#define HISTORY_FORMAT 1

/* Where things stand in the value. */
#define VALUE_TIME 1
#define VALUE_KEY_SIZE 9
#define VALUE_HEAD_SIZE 13

void history_encode_key(uint8_t out[HISTORY_KEY_SIZE], uint32_t recovery_id, uint64_t position)
{
    bytes_put_u32(out, recovery_id);
    bytes_put_u64(out + 4, position);
}

void history_encode(struct buffer *out, const struct history *history)
{
    assert(history->key.size > 0 && history->key.size <= TABLE_KEY_SIZE_MAX);
    buffer_append_byte(out, HISTORY_FORMAT);
    buffer_append_u64(out, history->time_ms);
    buffer_append_u32(out, (uint32_t)history->key.size);
    buffer_append(out, history->key);
    buffer_append(out, history->old);
}

enum status history_decode(struct bytes key, struct bytes value, struct history *ret)
{
    if (value.size > 0 && value.ptr[0] > HISTORY_FORMAT)
        return NEWER_FORMAT;
    if (key.size != HISTORY_KEY_SIZE || value.size < VALUE_HEAD_SIZE ||
        value.ptr[0] != HISTORY_FORMAT)
        return CORRUPT;

    size_t key_size = bytes_get_u32(value.ptr + VALUE_KEY_SIZE);

    if (key_size == 0 || key_size > TABLE_KEY_SIZE_MAX || key_size > value.size - VALUE_HEAD_SIZE)
        return CORRUPT;
    *ret = (struct history){
        .recovery_id = bytes_get_u32(key.ptr),
        .position = bytes_get_u64(key.ptr + 4),
        .time_ms = bytes_get_u64(value.ptr + VALUE_TIME),
        .key = bytes_slice(value, VALUE_HEAD_SIZE, key_size),
        .old = bytes_slice(value, VALUE_HEAD_SIZE + key_size, value.size),
    };
    return OK;
}

void history_put(struct write_run *run, const struct write_plan *plan, uint64_t position)
{
    AUTO(buffer_free)
    struct buffer value = BUFFER_INIT(VALUE_HEAD_SIZE + TABLE_KEY_SIZE_MAX + STORED_ITEM_SIZE_MAX);
    struct history history = {
        .time_ms = run->now_ms,
        .key = bytes_slice(plan->key, TABLE_ID_SIZE, plan->key.size),
        .old = plan->before.value,
    };
    uint8_t key[HISTORY_KEY_SIZE];

    if (plan->table->recovery_id == 0)
        return;
    history_encode_key(key, plan->table->recovery_id, position);
    history_encode(&value, &history);
    assert(!buffer_failed(&value));
    store_batch_put(run->batch, STORE_HISTORY, bytes_of(key, sizeof key), buffer_bytes(&value));
}

/* ---- trimming ---- */

/* Deletes the records up to that time, the oldest first, but not more than a step may. */
enum status history_trim(struct engine *engine, struct store_batch *batch, uint32_t recovery_id,
                         uint64_t until_ms, bool *ret_done)
{
    uint8_t from[HISTORY_KEY_SIZE], to[HISTORY_KEY_SIZE];
    struct bytes key, value;
    struct history history;
    uint64_t last = 0;
    size_t count = 0, size = 0;

    history_encode_key(from, recovery_id, 0);
    history_encode_key(to, recovery_id + 1, 0);
    *ret_done = true;

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_HISTORY, bytes_of(from, sizeof from),
                       bytes_of(to, sizeof to), false);

    while (store_iter_next(iter, &key, &value)) {
        enum status status = history_decode(key, value, &history);

        if (status != OK)
            return status;
        if (history.time_ms > until_ms)
            break;
        last = history.position;
        size += value.size;
        if (++count == engine->step_count_max || size >= JOB_STEP_SIZE_MAX) {
            *ret_done = false;
            break;
        }
    }
    if (store_iter_status(iter) != OK)
        return store_iter_status(iter);
    if (count == 0)
        return OK;
    history_encode_key(to, recovery_id, last + 1);
    store_batch_delete_range(batch, STORE_HISTORY, bytes_of(from, sizeof from),
                             bytes_of(to, sizeof to));
    return OK;
}
