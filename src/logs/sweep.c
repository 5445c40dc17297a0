/* logs/sweep.c - what is deleted step by step, after nobody can see it any more: events of deleted
 * streams, and events that are older than their group's retention period.
 *
 *   DeleteLogStream --> doomed (D) --step--> step --> ... --> D is deleted
 *   every hour, and when a retention period is set: each group that has one --> step --> ...
 *
 * One step at a time, each a bounded work: between two of them the writer serves whoever waits. A
 * deleted stream has a key (D) until its last event is gone, so a start goes on with it; expired
 * events are looked for at each start. */
#include "logs/internal.h"

struct sweep {
    struct store_work work;
    struct logs *logs;
    struct log_doomed *doomed; /* NULL: a group's expired events */
    uint64_t group_id, stream_id, alive_ms;
    enum status outcome;
    bool more;
};

static void begin_next(struct logs *logs);

/* ---- on the writer's thread ---- */

static enum status delete_events(struct log_run *run, struct log_cursor *cursor, bool *ret_more)
{
    size_t count = 0, size = 0;

    while (count < LOG_STEP_COUNT_MAX && size < LOG_STEP_SIZE_MAX) {
        struct log_record record;
        struct log_place place;
        enum status status = log_cursor_next(cursor, &place, &record);

        if (status == NOT_FOUND)
            return OK;
        if (status != OK)
            return status;
        log_run_delete_event(run, place, &record);
        count++;
        size += record.message.size;
    }
    *ret_more = true;
    return OK;
}

static enum status run_step(struct sweep *sweep, struct store_batch *batch)
{
    AUTO(log_cursor_release) struct log_cursor *cursor = NULL;
    struct log_walk walk = {.group_id = sweep->group_id, .to = LOG_PLACE_LAST};
    struct log_run run;
    struct log_key key;
    enum status status = log_run_begin(&run, sweep->logs, batch, sweep->group_id);

    if (sweep->doomed != NULL) {
        walk.stream_ids = &sweep->stream_id;
        walk.stream_count = 1;
    } else {
        walk.to = (struct log_place){sweep->alive_ms, 0};
    }
    if (status == OK) {
        cursor = log_cursor_new(sweep->logs, &walk);
        status = delete_events(&run, cursor, &sweep->more);
        log_run_end(&run);
    }
    if (status != OK && status != NOT_FOUND) /* NOT_FOUND: the group went, and all of it */
        return status;
    if (sweep->doomed != NULL && !sweep->more) {
        log_key_doomed(&key, sweep->group_id, sweep->stream_id);
        store_batch_delete(batch, STORE_LOGS, log_key_bytes(&key));
    }
    return OK;
}

static void write_step(struct store_batch *batch, struct store_work *work)
{
    struct sweep *sweep = CONTAINER_OF(work, struct sweep, work);

    sweep->more = false;
    sweep->outcome = run_step(sweep, batch);
}

/* ---- on the loop ---- */

static void forget_doomed(struct sweep *sweep)
{
    list_remove(&sweep->doomed->place);
    mem_free(sweep->doomed);
}

static void step_written(struct store_work *work, enum status status)
{
    struct sweep *sweep = CONTAINER_OF(work, struct sweep, work);
    struct logs *logs = sweep->logs;

    if (status == OK)
        status = sweep->outcome;
    logs->sweep = NULL;
    if (status == NO_SPACE || status == IO_ERROR) {
        if (sweep->doomed == NULL)
            sweep->more = true;
        timer_set_after(logs->options.wall_timers, &logs->sweep_retry, LOG_AGAIN_MS);
    } else if (sweep->doomed != NULL && (status != OK || !sweep->more)) {
        forget_doomed(sweep); /* what can't be read is tried again by the next start */
    }
    if (sweep->doomed == NULL && sweep->more) {
        struct bytes name;
        void *value = NULL;

        for (size_t i = 0; map_next(&logs->groups, &i, &name, &value);) {
            struct log_group *group = value;

            if (group->view.id == sweep->group_id)
                group->sweep_wanted = true;
        }
    }
    mem_free(sweep);
    begin_next(logs);
    logs_returned(logs);
}

static struct log_group *next_group(const struct logs *logs)
{
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&logs->groups, &i, &name, &value);) {
        struct log_group *group = value;

        if (group->sweep_wanted)
            return group;
    }
    return NULL;
}

static void begin_next(struct logs *logs)
{
    struct log_group *group = NULL;
    struct sweep *sweep = NULL;

    if (logs->sweep != NULL || logs->stopped || timer_is_set(&logs->sweep_retry))
        return;
    if (list_empty(&logs->doomed))
        group = next_group(logs);
    if (list_empty(&logs->doomed) && group == NULL)
        return;
    sweep = mem_new(sizeof *sweep);
    sweep->logs = logs;
    sweep->work = (struct store_work){.run = write_step, .done = step_written};
    if (group == NULL) {
        sweep->doomed = LIST_ITEM(logs->doomed.next, struct log_doomed, place);
        sweep->group_id = sweep->doomed->group_id;
        sweep->stream_id = sweep->doomed->stream_id;
    } else {
        group->sweep_wanted = false;
        sweep->group_id = group->view.id;
        sweep->alive_ms = log_alive_ms(group->view.retention_days, logs_now_ms(logs));
    }
    logs->sweep = sweep;
    logs_submit(logs, &sweep->work);
}

static void retry_now(struct timer *timer)
{
    begin_next(CONTAINER_OF(timer, struct logs, sweep_retry));
}

/* Marks all groups that have a retention period. */
static void look_at_all(struct logs *logs)
{
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&logs->groups, &i, &name, &value);) {
        struct log_group *group = value;

        group->sweep_wanted = group->sweep_wanted || group->view.retention_days > 0;
    }
    begin_next(logs);
}

static void hour_over(struct timer *timer)
{
    struct logs *logs = CONTAINER_OF(timer, struct logs, sweep_timer);

    look_at_all(logs);
    sweep_schedule(logs);
}

void sweep_schedule(struct logs *logs)
{
    bool wanted = false;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; !wanted && map_next(&logs->groups, &i, &name, &value);) {
        const struct log_group *group = value;

        wanted = group->view.retention_days > 0;
    }
    if (!wanted || logs->stopped)
        timer_cancel(logs->options.timers, &logs->sweep_timer);
    else if (!timer_is_set(&logs->sweep_timer))
        timer_set_after(logs->options.timers, &logs->sweep_timer, LOG_SWEEP_INTERVAL_MS);
}

void sweep_group(struct logs *logs, struct log_group *group)
{
    group->sweep_wanted = group->view.retention_days > 0;
    begin_next(logs);
}

static void add_doomed(struct logs *logs, uint64_t group_id, uint64_t stream_id)
{
    struct log_doomed *doomed = mem_new(sizeof *doomed);

    doomed->group_id = group_id;
    doomed->stream_id = stream_id;
    list_append(&logs->doomed, &doomed->place);
}

void sweep_stream(struct logs *logs, uint64_t group_id, uint64_t stream_id)
{
    add_doomed(logs, group_id, stream_id);
    begin_next(logs);
}

bool sweep_busy(const struct logs *logs)
{
    return logs->sweep != NULL;
}

void sweep_stop(struct logs *logs)
{
    timer_cancel(logs->options.timers, &logs->sweep_timer);
    timer_cancel(logs->options.wall_timers, &logs->sweep_retry);
}

enum status sweep_load(struct logs *logs)
{
    AUTO(store_iter_release) struct store_iter *iter = NULL;
    struct log_key from, to;
    struct bytes key, value;

    logs->sweep_timer.fire = hour_over;
    logs->sweep_retry.fire = retry_now;
    log_key_kind(&from, 0, LOG_KEY_DOOMED);
    log_key_kind(&to, 0, (enum log_key_kind)(LOG_KEY_DOOMED + 1));
    iter = store_iter_new(logs->options.store, NULL, STORE_LOGS, log_key_bytes(&from),
                          log_key_bytes(&to), false);
    while (store_iter_next(iter, &key, &value)) {
        uint64_t group_id = 0, stream_id = 0;

        if (!log_key_ids(key, &group_id, &stream_id))
            return CORRUPT;
        add_doomed(logs, group_id, stream_id);
    }
    if (store_iter_status(iter) != OK)
        return store_iter_status(iter);
    look_at_all(logs);
    sweep_schedule(logs);
    return OK;
}
