/* queues/move.c - message move tasks: dead letters on their way back to where they came from, or to
 * another queue. (AWS: SQS API reference, StartMessageMoveTask.)
 *
 *              nothing is left, or all that were there at the start have moved
 *   RUNNING ---------------------------------------------------------------> COMPLETED
 *      |-------- CancelMessageMoveTask ------------------------------------> CANCELLED
 *      +-------- a message's source is not known, or is gone --------------> FAILED
 *
 * A task is a chain of works, each of which moves some messages and writes down how many in one
 * batch; a rate makes it wait between them. Its record is in the store under its queue, so that a
 * restart goes on with it. Messages that are in flight or delayed stay. */
#include "queues/internal.h"

#define MOVE_AGAIN_MS 1000 /* a disk that was full or failed is asked again */

struct target { /* a queue that gets messages in one work */
    struct queue *queue;
    struct queue_run run;
    struct target *next;
};

struct move {
    struct queues *queues;
    struct lane *lane; /* the source's */
    struct queue_move task;
    struct arena *arena;              /* its texts */
    struct queue_move_change *cancel; /* who wants to know that it has ended */
    struct timer timer;               /* what its rate lets through next */
    struct timer again;               /* the store refused a step; of wall_timers */
    uint64_t base_ms, base_moved; /* the rate counts from here: the start of the task, or ours */
    /* one step */
    struct store_work work;
    bool stepping;
    struct queue *source;
    struct arena *step_arena;
    struct queue_move after; /* the task as the step leaves it */
    struct target *targets;
    enum status outcome;
};

/* ---- the tasks of a queue ---- */

/* The latest first. */
static struct store_iter *records_of(struct queues *queues, uint64_t queue_id)
{
    struct key from = key_of_kind(queue_id, KEY_MOVE);
    struct key to = key_of_kind(queue_id, (enum key_kind)(KEY_MOVE + 1));

    return store_iter_new(queues->options.store, NULL, STORE_QUEUES, key_bytes(&from),
                          key_bytes(&to), true);
}

enum status queues_list_moves(struct queues *queues, const struct queue_view *source, size_t limit,
                              struct arena *arena, struct queue_move **ret, size_t *ret_count)
{
    AUTO(store_iter_release) struct store_iter *iter = records_of(queues, source->id);
    struct bytes key, value;

    *ret = ARENA_NEW_ARRAY(arena, limit, struct queue_move);
    *ret_count = 0;
    while (*ret_count < limit && store_iter_next(iter, &key, &value)) {
        enum status status = move_decode(arena, value, &(*ret)[*ret_count]);

        if (status != OK)
            return status;
        ++*ret_count;
    }
    return store_iter_status(iter);
}

/* ---- a step, on the writer ---- */

static enum status fail(struct move *move, const char *failure)
{
    move->after.state = MOVE_FAILED;
    move->after.failure = bytes_of_text(failure);
    return OK;
}

/* The queue that a message goes to; NULL: there is none, and the task has failed. */
static struct queue_run *target_of(struct move *move, struct queue_run *run, struct bytes arn)
{
    struct bytes name = queue_name_of_arn(&move->queues->place, arn);
    struct target *target = move->targets;

    while (target != NULL && !bytes_equal(target->queue->view.name, name))
        target = target->next;
    if (target != NULL)
        return &target->run;
    target = ARENA_NEW(move->step_arena, struct target);
    target->queue = queue_ref_named(move->queues, name);
    if (target->queue == NULL || target->queue->view.settings.fifo != run->fifo ||
        run_begin(&target->run, move->queues, run->batch, target->queue, move->step_arena) != OK) {
        queue_unref(target->queue);
        return NULL;
    }
    target->next = move->targets;
    move->targets = target;
    return &target->run;
}

static enum status source_of(struct queue_run *run, struct place place, struct bytes *ret)
{
    struct key key = key_of_place(run->queue->view.id, KEY_MESSAGE, place);
    struct queue_message message;
    struct bytes value;
    enum status status = run_get(run, &key, &value);

    if (status == OK)
        status = message_decode(value, run->arena, &message);
    if (status == OK)
        *ret = message.source_arn;
    return status == NOT_FOUND ? CORRUPT : status;
}

static enum status move_one(struct move *move, struct queue_run *run, struct place place,
                            const struct message_state *state, size_t *copied)
{
    struct bytes arn = move->task.destination_arn;
    struct queue_run *to = NULL;
    char id[ID_UUID_SIZE];
    size_t size = 0;
    enum status status = OK;

    if (arn.size == 0)
        status = source_of(run, place, &arn);
    if (status != OK)
        return status;
    if (arn.size == 0)
        return fail(move, "CouldNotDetermineMessageSource");
    to = target_of(move, run, arn);
    if (to == NULL)
        return fail(move, "AWS.SimpleQueueService.NonExistentQueue");
    status = message_move(run, to, place, state, true, &size, id);
    if (status == OK)
        move->after.moved++;
    *copied += size;
    return status;
}

/* How many may have moved by now. */
static uint64_t allowance(const struct move *move, uint64_t now_ms)
{
    uint64_t allowed = move->task.to_move;

    if (move->task.rate > 0) {
        uint64_t by_rate = move->base_moved + (now_ms - move->base_ms) * move->task.rate / 1000 + 1;

        allowed = by_rate < allowed ? by_rate : allowed;
    }
    return allowed;
}

/* A message and, in a FIFO queue, those of its group behind it. */
static enum status move_from(struct move *move, struct queue_run *run, struct place place,
                             uint64_t allowed, size_t *looked, size_t *copied)
{
    while (!place_is_none(place) && move->after.state == MOVE_RUNNING &&
           move->after.moved < allowed && *looked < RUN_STEP_COUNT_MAX &&
           *copied < RUN_STEP_SIZE_MAX) {
        struct message_state state;
        struct place next;
        enum status status = state_load(run, place, &state);

        ++*looked;
        if (status == NOT_FOUND || (status == OK && state.kind != STATE_READY))
            return OK;
        if (status != OK)
            return status;
        next = state.next;
        status = move_one(move, run, place, &state, copied);
        if (status != OK)
            return status;
        place = next;
    }
    return OK;
}

static enum status move_some(struct move *move, struct queue_run *run)
{
    AUTO(store_iter_release) struct store_iter *iter = run_iter(run, FRONT_READY, NULL);
    uint64_t allowed = allowance(move, run->now_ms);
    size_t looked = 0, copied = 0;
    struct bytes key, value;

    while (move->after.state == MOVE_RUNNING && move->after.moved < allowed &&
           looked < RUN_STEP_COUNT_MAX && copied < RUN_STEP_SIZE_MAX) {
        struct place place;
        enum status status = OK;

        if (!store_iter_next(iter, &key, &value)) {
            if (looked == 0 && store_iter_status(iter) == OK)
                move->after.state = MOVE_COMPLETED;
            return store_iter_status(iter);
        }
        if (!key_place(key, &place))
            return CORRUPT;
        status = move_from(move, run, place, allowed, &looked, &copied);
        if (status != OK)
            return status;
    }
    if (move->after.state == MOVE_RUNNING && move->after.moved >= move->task.to_move)
        move->after.state = MOVE_COMPLETED;
    return OK;
}

static void write_step(struct store_batch *batch, struct store_work *work)
{
    struct move *move = CONTAINER_OF(work, struct move, work);
    struct queue_run run;

    move->after = move->task;
    move->targets = NULL;
    move->outcome = run_begin(&run, move->queues, batch, move->source, move->step_arena);
    if (move->outcome != OK)
        return;
    if (move->cancel != NULL)
        move->after.state = MOVE_CANCELLED;
    else
        move->outcome = move_some(move, &run);
    run_end(&run);
    for (struct target *target = move->targets; target != NULL; target = target->next)
        run_end(&target->run);
    move_put_record(batch, move->source->view.id, &move->after);
}

/* ---- steps, on the loop ---- */

static void step(struct move *move);

/* The task is over, or its queue is gone. */
static void end(struct move *move)
{
    struct queues *queues = move->queues;
    struct queue_move_change *cancel = move->cancel;

    timer_cancel(queues->options.timers, &move->timer);
    timer_cancel(queues->options.wall_timers, &move->again);
    move->lane->move = NULL;
    queues->moves--;
    if (cancel != NULL) {
        cancel->moved = move->task.moved;
        cancel->done(cancel, move->task.state == MOVE_CANCELLED
                                 ? OK
                                 : api_refuse(&cancel->error, API_INVALID_PARAMETER_VALUE,
                                              "Only active tasks can be cancelled."));
    }
    arena_free(move->arena);
    mem_free(move);
    if (queues->options.changed != NULL && !queues->stopped)
        queues->options.changed(queues->options.context);
}

static void wake_targets(struct move *move)
{
    for (struct target *target = move->targets; target != NULL; target = target->next) {
        struct lane *lane = lane_find(move->queues, target->queue->view.name);

        if (lane == NULL)
            continue;
        lane_due(lane, target->run.due_ms);
        lane_wake(lane);
    }
}

static void release_targets(struct move *move)
{
    for (struct target *target = move->targets; target != NULL; target = target->next)
        queue_unref(target->queue);
    move->targets = NULL;
}

/* Whoever wanted it cancelled is told that it was not: the next start goes on with it. */
static void stop(struct move *move)
{
    struct queue_move_change *cancel = move->cancel;

    timer_cancel(move->queues->options.timers, &move->timer);
    timer_cancel(move->queues->options.wall_timers, &move->again);
    if (cancel == NULL || move->stepping)
        return;
    move->cancel = NULL;
    cancel->done(cancel, CLOSED);
}

static void next_step(struct move *move)
{
    struct timers *timers = move->queues->options.timers;
    uint64_t moved = move->task.moved - move->base_moved, rate = move->task.rate;

    if (move->queues->stopped)
        stop(move);
    else if (rate == 0 || move->cancel != NULL)
        step(move);
    else
        timer_set_at(timers, &move->timer, move->base_ms + (moved * 1000 + rate - 1) / rate);
}

static void step_written(struct store_work *work, enum status status)
{
    struct move *move = CONTAINER_OF(work, struct move, work);
    struct lane *lane = move->lane;

    move->stepping = false;
    if (status == OK)
        status = move->outcome;
    if (status == OK) {
        move->task = move->after;
        move->task.failure = arena_copy(move->arena, move->task.failure);
        wake_targets(move);
    }
    release_targets(move);
    queue_unref(move->source);
    arena_free(move->step_arena);
    if (status == REFUSED || lane->deleted || (status == OK && move->task.state != MOVE_RUNNING))
        end(move);
    else if (status == OK)
        next_step(move);
    else if (move->queues->stopped)
        stop(move);
    else
        timer_set_after(move->queues->options.wall_timers, &move->again, MOVE_AGAIN_MS);
    lane_returned(lane);
}

static void step(struct move *move)
{
    timer_cancel(move->queues->options.timers, &move->timer);
    timer_cancel(move->queues->options.wall_timers, &move->again);
    move->stepping = true;
    move->source = queue_ref(move->lane->queue);
    move->step_arena = arena_new();
    move->work = (struct store_work){.run = write_step, .done = step_written};
    lane_submit(move->lane, &move->work);
}

static void timer_fired(struct timer *timer)
{
    step(CONTAINER_OF(timer, struct move, timer));
}

static void try_again(struct timer *timer)
{
    step(CONTAINER_OF(timer, struct move, again));
}

static struct move *move_new(struct lane *lane, const struct queue_move *task)
{
    struct move *move = mem_new(sizeof *move);

    move->queues = lane->queues;
    move->lane = lane;
    move->arena = arena_new();
    move->task = *task;
    move->task.source_arn = arena_copy(move->arena, task->source_arn);
    move->task.destination_arn = arena_copy(move->arena, task->destination_arn);
    move->timer.fire = timer_fired;
    move->again.fire = try_again;
    move->base_ms = queues_now_ms(lane->queues);
    move->base_moved = task->moved;
    lane->move = move;
    lane->queues->moves++;
    return move;
}

/* ---- starting and cancelling ---- */

/* The oldest go, so that QUEUE_MOVE_TASKS_MAX are left with the new one. */
static void forget_old(struct queues *queues, struct store_batch *batch, uint64_t queue_id)
{
    AUTO(store_iter_release) struct store_iter *iter = records_of(queues, queue_id);
    struct bytes key, value;

    for (size_t i = 1; store_iter_next(iter, &key, &value); i++)
        if (i >= QUEUE_MOVE_TASKS_MAX)
            store_batch_delete(batch, STORE_QUEUES, key);
}

static void write_start(struct store_batch *batch, struct store_work *work)
{
    struct queue_move_change *change = CONTAINER_OF(work, struct queue_move_change, work);
    struct move *move = change->move;
    struct queue_run run;

    change->outcome = run_begin(&run, change->queues, batch, move->source, change->arena);
    if (change->outcome != OK)
        return;
    move->task.to_move = run.counts.messages - run.counts.in_flight - run.counts.delayed;
    forget_old(change->queues, batch, move->source->view.id);
    move_put_record(batch, move->source->view.id, &move->task);
}

static void start_written(struct store_work *work, enum status status)
{
    struct queue_move_change *change = CONTAINER_OF(work, struct queue_move_change, work);
    struct move *move = change->move;
    struct lane *lane = move->lane;

    if (status == OK)
        status = change->outcome;
    queue_unref(move->source);
    move->stepping = false;
    if (status == REFUSED)
        queue_refuse_missing(&change->error);
    if (status != OK || lane->deleted)
        end(move);
    else
        next_step(move);
    change->done(change, status);
    lane_returned(lane);
}

static enum status refuse_resource(struct api_error *error, const char *parameter)
{
    return api_refuse(error, API_QUEUES_RESOURCE_NOT_FOUND,
                      "The resource that you specified for the %s parameter doesn't exist.",
                      parameter);
}

static enum status check_start(struct queues *queues, struct queue_move_change *change,
                               struct lane **ret)
{
    const struct queue_view *destination = NULL, **sources = NULL;
    size_t source_count = 0;

    *ret = lane_find(queues, queue_name_of_arn(&queues->place, change->source_arn));
    if (*ret == NULL)
        return refuse_resource(&change->error, "SourceArn");
    queues_list_sources(queues, &(*ret)->queue->view, change->arena, &sources, &source_count);
    if (source_count == 0)
        return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                          "Source queue must be configured as a Dead Letter Queue.");
    if (change->destination_arn.size > 0) {
        destination = queues_find_arn(queues, change->destination_arn);
        if (destination == NULL)
            return refuse_resource(&change->error, "DestinationArn");
        if (destination == &(*ret)->queue->view)
            return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                              "Source queue arn and destination queue arn cannot be the same.");
        if (destination->settings.fifo != (*ret)->queue->view.settings.fifo)
            return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                              "Source queue and destination queue must be of the same type.");
    }
    if ((*ret)->move != NULL)
        return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                          "There is already a task running. Only one active task is allowed for a "
                          "source queue arn at a given time.");
    return OK;
}

static void start(struct queues *queues, struct queue_move_change *change)
{
    struct lane *lane = NULL;
    enum status status = check_start(queues, change, &lane);
    struct queue_move task = {
        .state = MOVE_RUNNING,
        .source_arn = change->source_arn,
        .destination_arn = change->destination_arn,
        .rate = change->rate,
        .started_ms = queues_now_ms(queues),
    };

    if (status != OK) {
        change->done(change, status);
        return;
    }
    id_uuid(change->id);
    memcpy(task.id, change->id, sizeof task.id);
    change->move = move_new(lane, &task);
    change->move->source = queue_ref(lane->queue);
    change->move->stepping = true;
    change->work = (struct store_work){.run = write_start, .done = start_written};
    lane_submit(lane, &change->work);
}

/* Is there a record of it? */
static enum status find_record(struct queues *queues, const struct queue_view *source,
                               const char *id, struct arena *arena, bool *ret)
{
    struct queue_move *list = NULL;
    size_t count = 0;
    enum status status =
        queues_list_moves(queues, source, QUEUE_MOVE_TASKS_MAX, arena, &list, &count);

    *ret = false;
    for (size_t i = 0; i < count; i++)
        *ret = *ret || strcmp(list[i].id, id) == 0;
    return status;
}

static void cancel(struct queues *queues, struct queue_move_change *change)
{
    struct lane *lane = lane_find(queues, queue_name_of_arn(&queues->place, change->source_arn));
    struct move *move = lane != NULL ? lane->move : NULL;
    bool known = false;
    enum status status = OK;

    if (lane == NULL) {
        change->done(change, refuse_resource(&change->error, "SourceArn"));
        return;
    }
    if (move != NULL && strcmp(move->task.id, change->id) == 0 && move->cancel == NULL) {
        move->cancel = change;
        if (!move->stepping)
            step(move);
        return;
    }
    status = find_record(queues, &lane->queue->view, change->id, change->arena, &known);
    if (status == OK && known)
        status = api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                            "Only active tasks can be cancelled.");
    else if (status == OK)
        status = api_refuse(&change->error, API_QUEUES_RESOURCE_NOT_FOUND, "Task does not exist.");
    change->done(change, status);
}

void queues_change_move(struct queues *queues, struct queue_move_change *change)
{
    change->queues = queues;
    if (change->cancel)
        cancel(queues, change);
    else
        start(queues, change);
}

/* ---- starts and ends of the program, and of the queue ---- */

static enum status load_lane(struct lane *lane)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct queue_move *list = NULL;
    size_t count = 0;
    enum status status =
        queues_list_moves(lane->queues, &lane->queue->view, 1, arena, &list, &count);

    if (status == OK && count == 1 && list[0].state == MOVE_RUNNING)
        timer_set_after(lane->queues->options.timers, &move_new(lane, &list[0])->timer, 0);
    return status;
}

enum status moves_load(struct queues *queues)
{
    struct bytes name;
    void *value = NULL;
    enum status status = OK;

    for (size_t i = 0; status == OK && map_next(&queues->lanes, &i, &name, &value);)
        status = load_lane(value);
    return status;
}

void moves_stop(struct queues *queues)
{
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&queues->lanes, &i, &name, &value);) {
        struct lane *lane = value;

        if (lane->move != NULL)
            stop(lane->move);
    }
}

uint64_t move_due_ms(const struct move *move)
{
    return timer_due_ms(move->queues->options.timers, &move->timer);
}

void move_lane_deleted(struct lane *lane)
{
    if (lane->move != NULL && !lane->move->stepping)
        end(lane->move);
}
