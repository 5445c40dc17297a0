/* order/keep.c - the index is kept, in the batch of the items; see order.h. */
#include "order/internal.h"

/* ---- runs of a work ---- */

static struct order_run *find_loaded(const struct order_work *work, uint32_t table_id,
                                     const struct order_event *event)
{
    for (struct order_run *run = work->runs; run != NULL; run = run->next)
        if (run->table_id == table_id && bytes_equal(run->type, event->type) &&
            bytes_equal(run->log, event->log))
            return run;
    return NULL;
}

/* Numbers are given in their order, also to several new runs of one work; never twice. */
static enum status next_number(struct order_work *work, uint32_t table_id, uint32_t *ret)
{
    uint8_t room[6];
    struct bytes value;
    enum status status = store_batch_get(
        work->batch, STORE_ORDER, order_key_state(table_id, ORDER_STATE_NEXT_RUN, room), &value);

    *ret = 1;
    if (status == OK && value.size != 4)
        return CORRUPT;
    if (status == OK)
        *ret = bytes_get_u32(value.ptr);
    if (status != OK && status != NOT_FOUND)
        return status;
    for (const struct order_run *run = work->runs; run != NULL; run = run->next)
        if (run->table_id == table_id && run->is_new && run->number >= *ret)
            *ret = run->number + 1;
    return OK;
}

enum status order_load(struct order_work *work, uint32_t table_id, const struct order_event *event,
                       struct order_run **ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct order_run *run = find_loaded(work, table_id, event);
    struct bytes value;

    *ret = run;
    if (run != NULL)
        return OK;
    run = ARENA_NEW(work->arena, struct order_run);
    order_key_begin(&key, table_id, ORDER_RUN);
    order_key_part(&key, event->log);
    order_key_part(&key, event->type);
    run->table_id = table_id;

    enum status status = store_batch_get(work->batch, STORE_ORDER, buffer_bytes(&key), &value);

    if (status == OK) {
        status = order_run_read(value, run);
    } else if (status == NOT_FOUND) {
        run->is_new = true;
        status = next_number(work, table_id, &run->number);
    }
    if (status != OK)
        return status;
    run->key = arena_copy(work->arena, buffer_bytes(&key));
    run->log = arena_copy(work->arena, event->log);
    run->type = arena_copy(work->arena, event->type);
    run->next = work->runs;
    *ret = work->runs = run;
    return OK;
}

/* Of two new runs that are put, the higher one's number counts. */
static bool is_highest_new(const struct order_work *work, const struct order_run *run)
{
    for (const struct order_run *other = work->runs; other != NULL; other = other->next)
        if (other->is_new && other->changed && other->table_id == run->table_id &&
            other->number > run->number)
            return false;
    return true;
}

void order_store(struct order_work *work)
{
    for (struct order_run *run = work->runs; run != NULL; run = run->next) {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(32);
        uint8_t room[6], next[4];

        if (!run->changed)
            continue;
        order_run_print(&value, run);
        store_batch_put_total(work->batch, STORE_ORDER, run->key, buffer_bytes(&value));
        if (!run->is_new || !is_highest_new(work, run))
            continue;
        bytes_put_u32(next, run->number + 1);
        store_batch_put(work->batch, STORE_ORDER,
                        order_key_state(run->table_id, ORDER_STATE_NEXT_RUN, room),
                        bytes_of(next, sizeof next));
    }
}

/* ---- entries ---- */

static void key_of_run(struct buffer *out, const struct order_run *run, uint64_t position)
{
    order_key_begin(out, run->table_id, ORDER_OF_RUN);
    buffer_append_u32(out, run->number);
    buffer_append_u64(out, position);
}

static void key_of_row(struct buffer *out, const struct order_run *run,
                       const struct order_event *event, uint64_t position)
{
    order_key_stream(out, run->table_id, event->log, event->id);
    buffer_append_u64(out, position);
}

static void put_row(struct order_work *work, const struct order_run *run,
                    const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    uint8_t value[12];

    key_of_row(&key, run, event, position);
    bytes_put_u64(value, event->version);
    bytes_put_u32(value + 8, run->number);
    store_batch_put(work->batch, STORE_STREAMS, buffer_bytes(&key), bytes_of(value, sizeof value));
}

/* False: it stands in line. */
static bool has_row(struct order_work *work, const struct order_run *run,
                    const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct bytes value;

    key_of_row(&key, run, event, position);

    enum status status = store_batch_get(work->batch, STORE_STREAMS, buffer_bytes(&key), &value);

    if (status != OK && status != NOT_FOUND)
        store_batch_fail(work->batch, status);
    return status == OK;
}

static void delete_row(struct order_work *work, const struct order_run *run,
                       const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);

    key_of_row(&key, run, event, position);
    store_batch_delete(work->batch, STORE_STREAMS, buffer_bytes(&key));
}

static void add_to_run(struct order_work *work, struct order_run *run,
                       const struct order_event *event, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(8 + KEY_HASH_SIZE_MAX);

    key_of_run(&key, run, position);
    buffer_append_u64(&value, event->version);
    buffer_append(&value, event->id);
    store_batch_put(work->batch, STORE_ORDER, buffer_bytes(&key), buffer_bytes(&value));
    run->events++;
    if (position > run->last_position)
        run->last_position = position;
    run->changed = true;
}

static void take_from_run(struct order_work *work, struct order_run *run, uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);

    assert(run->events > 0);
    key_of_run(&key, run, position);
    store_batch_delete(work->batch, STORE_ORDER, buffer_bytes(&key));
    run->events--;
    run->changed = true;
}

void order_put(struct order_work *work, struct order_run *run, const struct order_event *event,
               uint64_t position)
{
    assert(position > 0);
    add_to_run(work, run, event, position);
    if (!order_line_takes(work, run->table_id, event, position))
        put_row(work, run, event, position);
}

void order_remove(struct order_work *work, struct order_run *run, const struct order_event *event,
                  uint64_t position)
{
    take_from_run(work, run, position);
    if (has_row(work, run, event, position))
        delete_row(work, run, event, position);
    else
        order_line_leave(work, run->table_id, event, position);
}

void order_move(struct order_work *work, struct order_run *from, struct order_run *to,
                const struct order_event *event, uint64_t position)
{
    take_from_run(work, from, position);
    add_to_run(work, to, event, position);
    if (has_row(work, to, event, position))
        put_row(work, to, event, position);
}

/* ---- tables ---- */

void order_begin_table(struct store_batch *batch, uint32_t table_id)
{
    order_filling_store(batch, table_id, &(struct order_filling){.begun = true, .done = true});
}

void order_drop_table(struct store_batch *batch, uint32_t table_id)
{
    uint8_t from[4], to[4];

    bytes_put_u32(from, table_id);
    bytes_put_u32(to, table_id + 1);
    store_batch_delete_range(batch, STORE_ORDER, bytes_of(from, 4), bytes_of(to, 4));
    store_batch_delete_range(batch, STORE_STREAMS, bytes_of(from, 4), bytes_of(to, 4));
}
