/* queues/advance.c - what time alone does: what was in flight is ready again, what was delayed is
 * ready, what is older than the retention period goes.
 *
 * A lane's timer is set to the earliest of these times. When it fires, a work does what is due, a
 * bounded number at a time, and finds out when something is due next. */
#include "queues/internal.h"

struct advance {
    struct store_work work;
    struct lane *lane;
    struct queue *queue;
    enum status outcome;
    uint64_t due_ms;
    size_t count;
    bool more;
};

/* ---- on the writer ---- */

/* The message of an index entry, if it still is what the entry says. */
static enum status load_due(struct queue_run *run, struct bytes index_key, enum state_kind kind,
                            struct place *ret_place, struct message_state *ret)
{
    uint64_t due_ms = 0;
    enum status status = OK;

    if (!key_due(index_key, &due_ms, ret_place))
        return CORRUPT;
    status = state_load(run, *ret_place, ret);
    if (status == OK && (ret->kind != kind || ret->due_ms != due_ms))
        return NOT_FOUND;
    return status;
}

/* From in flight or delayed to ready. */
static enum status advance_index(struct queue_run *run, enum front_kind front, enum state_kind kind,
                                 size_t *count)
{
    AUTO(store_iter_release) struct store_iter *iter = run_iter(run, front, NULL);
    struct bytes key, value;
    bool first = true;

    while (*count < RUN_STEP_COUNT_MAX && store_iter_next(iter, &key, &value)) {
        struct message_state state;
        struct place place;
        uint64_t due_ms = 0;
        enum status status = OK;

        if (first)
            run_seen(run, front, key, NULL);
        first = false;
        if (!key_due(key, &due_ms, &place))
            return CORRUPT;
        if (due_ms > run->now_ms) {
            run_due(run, due_ms);
            return OK;
        }
        status = load_due(run, key, kind, &place, &state);
        if (status == NOT_FOUND)
            continue;
        if (status != OK)
            return status;
        message_enter(run, place, &state, STATE_READY, 0);
        ++*count;
    }
    if (first && store_iter_status(iter) == OK)
        run_seen(run, front, (struct bytes){NULL, 0}, NULL);
    return store_iter_status(iter);
}

static enum status expire(struct queue_run *run, size_t *count)
{
    AUTO(store_iter_release) struct store_iter *iter = run_iter(run, FRONT_STATE, NULL);
    struct bytes key, value;
    bool first = true;

    while (*count < RUN_STEP_COUNT_MAX && store_iter_next(iter, &key, &value)) {
        struct message_state state;
        struct place place;
        enum status status = OK;

        if (first)
            run_seen(run, FRONT_STATE, key, NULL);
        first = false;
        if (!key_place(key, &place))
            return CORRUPT;
        if (!message_is_expired(run, place)) {
            run_due(run, place.sent_ms + (uint64_t)run->queue->view.settings.retention_s * 1000);
            return OK;
        }
        status = state_load(run, place, &state);
        if (status == OK)
            status = message_remove(run, place, &state);
        if (status != OK && status != NOT_FOUND)
            return status;
        ++*count;
    }
    if (first && store_iter_status(iter) == OK)
        run_seen(run, FRONT_STATE, (struct bytes){NULL, 0}, NULL);
    return store_iter_status(iter);
}

/* FIFO: the first group whose message is not due yet. */
static enum status find_early(struct queue_run *run)
{
    uint64_t delay_ms = (uint64_t)run->queue->view.settings.delay_s * 1000,
             id = run->queue->view.id;
    struct place youngest = {run->now_ms >= delay_ms ? run->now_ms - delay_ms + 1 : 0, 0}, place;
    struct key from = key_of_place(id, KEY_READY, youngest);
    struct key to = key_of_kind(id, (enum key_kind)(KEY_READY + 1));
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(run->queues->options.store, NULL, STORE_QUEUES,
                                             key_bytes(&from), key_bytes(&to), false);
    struct bytes key, value;

    if (!store_iter_next(iter, &key, &value))
        return store_iter_status(iter);
    if (!key_place(key, &place))
        return CORRUPT;
    run_due(run, place.sent_ms + delay_ms);
    return OK;
}

enum status advance_run(struct queue_run *run, size_t *ret_count, bool *ret_more)
{
    size_t count = 0;
    enum status status = expire(run, &count);

    if (status == OK)
        status = advance_index(run, FRONT_IN_FLIGHT, STATE_IN_FLIGHT, &count);
    if (status == OK && !run->fifo)
        status = advance_index(run, FRONT_DELAYED, STATE_DELAYED, &count);
    if (status == OK && run->fifo && run->queue->view.settings.delay_s > 0)
        status = find_early(run);
    *ret_count = count;
    *ret_more = count >= RUN_STEP_COUNT_MAX;
    return status;
}

static void write_advance(struct store_batch *batch, struct store_work *work)
{
    struct advance *advance = CONTAINER_OF(work, struct advance, work);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct queue_run run;

    advance->outcome = run_begin(&run, advance->lane->queues, batch, advance->queue, arena);
    if (advance->outcome != OK)
        return;
    advance->outcome = advance_run(&run, &advance->count, &advance->more);
    run_end(&run);
    advance->due_ms = run.due_ms;
}

/* ---- on the loop ---- */

#define ADVANCE_AGAIN_MS 1000 /* a disk that was full or failed is asked again */

static void advance_written(struct store_work *work, enum status status)
{
    struct advance *advance = CONTAINER_OF(work, struct advance, work);
    struct lane *lane = advance->lane;

    lane->advancing = false;
    if (status == OK)
        status = advance->outcome;
    if (status == OK && (advance->more || lane->advance_again))
        lane_due(lane, 0);
    else if (status == OK)
        lane_due(lane, advance->due_ms);
    else if (status != REFUSED && !lane->deleted && !lane->queues->stopped)
        timer_set_after(lane->queues->options.wall_timers, &lane->again, ADVANCE_AGAIN_MS);
    if (status == OK)
        lane_wake(lane);
    queue_unref(advance->queue);
    mem_free(advance);
    lane_returned(lane);
}

void lane_advance(struct lane *lane)
{
    struct advance *advance = NULL;

    lane->advance_again = lane->advancing;
    if (lane->advancing || lane->deleted || lane->queues->stopped)
        return;
    advance = mem_new(sizeof *advance);
    advance->work = (struct store_work){.run = write_advance, .done = advance_written};
    advance->lane = lane;
    advance->queue = queue_ref(lane->queue);
    advance->due_ms = UINT64_MAX;
    lane->advancing = true;
    lane_submit(lane, &advance->work);
}
