/* mapping/lane.c - see lane.h. */
#include "mapping/internal.h"

static const bool moves[LANE_STATE_COUNT][LANE_STATE_COUNT] = {
    [LANE_RESTING] = {[LANE_RUNNING] = true, [LANE_BACKING_OFF] = true},
    [LANE_RUNNING] = {[LANE_RESTING] = true, [LANE_BACKING_OFF] = true},
    [LANE_BACKING_OFF] = {[LANE_RESTING] = true},
};

/* The only place that changes a state, with the count that follows from it. */
static void lane_enter(struct lane *lane, enum lane_state state)
{
    assert(moves[lane->state][state]);
    if (lane->state == LANE_RUNNING)
        lane->mapping->mappings->in_flight--;
    lane->state = state;
    if (state == LANE_RUNNING)
        lane->mapping->mappings->in_flight++;
    assert(state == LANE_RESTING || lane->begin < lane->end || lane->closing);
}

/* ---- faults that a test asked for ---- */

/* "arn:...:table/NAME/stream/LABEL" */
struct bytes lane_table_name(const struct lane *lane)
{
    struct bytes arn = lane->mapping->settings.source_arn;
    size_t begin = bytes_find_byte(arn, '/', 0);

    if (begin == SIZE_MAX)
        return (struct bytes){NULL, 0};
    return bytes_slice(arn, begin + 1, bytes_find_byte(arn, '/', begin + 1) - begin - 1);
}

static bool strikes(const struct lane *lane, enum fault_kind kind, struct fault_hit *ret)
{
    const struct mapping *mapping = lane->mapping;
    struct fault_place place = {.of = {[FAULT_FUNCTION] = mapping->settings.function_name,
                                       [FAULT_TABLE] = lane_table_name(lane)}};

    return faults_hit(mapping->mappings->options.faults, kind, &place, ret);
}

static struct lane_faults draw_faults(const struct lane *lane)
{
    struct fault_hit hit = {0};
    struct lane_faults faults = {.repeats = strikes(lane, FAULT_DUPLICATE, NULL)};

    if (strikes(lane, FAULT_DELAY, &hit))
        faults.delay_ms = hit.delay_ms;
    return faults;
}

/* ---- filling ---- */

static void begin_filling(struct lane *lane, uint64_t start_ms)
{
    const struct mapping *mapping = lane->mapping;

    lane->filling_start_ms = start_ms;
    lane->filling_faults = draw_faults(lane);
    if (mapping->settings.batch_window_s > 0)
        timer_set_after(mapping->mappings->options.timers, &lane->window,
                        (uint64_t)mapping->settings.batch_window_s * 1000);
}

/* Makes room for the next batch; false when there is none. */
static bool set_aside(struct lane *lane)
{
    size_t size = lane->filling.text.size;

    if (lane->mapping->lane_count == 1 || lane->ready_count == LANE_READY_MAX ||
        lane->ready_size + size > MAPPING_PAYLOAD_SIZE_MAX)
        return false;
    if (lane->ready == NULL)
        lane->ready = mem_new_array(LANE_READY_MAX, sizeof *lane->ready);
    timer_cancel(lane->mapping->mappings->options.timers, &lane->window);
    lane->ready[lane->ready_count++] =
        (struct lane_filled){.batch = lane->filling, .faults = lane->filling_faults};
    lane->ready_size += size;
    mapping_batch_init(&lane->filling, lane->filling.text.size_max);
    lane->full = lane->window_over = false;
    return true;
}

/* False: it has to wait. */
static bool has_room(struct lane *lane, bool full)
{
    lane->full = full;
    return !full || set_aside(lane);
}

enum status lane_add(struct lane *lane, struct bytes text, const struct change *change)
{
    uint64_t start_ms = tumbling_start_of(lane->shard, change->time_ms);
    bool later = lane->filling.count > 0 && start_ms > lane->filling_start_ms;
    enum status st = later ? TOO_LARGE : mapping_batch_add(&lane->filling, text, change);

    if (st != OK && lane->filling.count > 0 && has_room(lane, true))
        st = mapping_batch_add(&lane->filling, text, change);
    if (st != OK)
        return st;
    lane_tell_read(lane, change);
    if (lane->filling.count == 1)
        begin_filling(lane, start_ms);
    (void)has_room(lane, lane->filling.count >= lane->mapping->settings.batch_size);
    return OK;
}

bool lane_is_full(const struct lane *lane)
{
    return lane->full;
}

static void on_window(struct timer *timer)
{
    struct lane *lane = CONTAINER_OF(timer, struct lane, window);

    lane->window_over = true;
    mapping_go(lane->mapping);
}

static bool is_ready(const struct lane *lane)
{
    return lane->full || lane->window_over || lane->mapping->settings.batch_window_s == 0 ||
           tumbling_is_over(lane->shard, lane->filling_start_ms);
}

static void start_batch(struct lane *lane, struct batch batch, struct lane_faults faults)
{
    lane->running = batch;
    lane->faults = faults;
    lane->begin = 0;
    lane->end = batch.count;
}

static void take_ready(struct lane *lane)
{
    struct lane_filled first = lane->ready[0];

    mapping_batch_free(&lane->running);
    lane->ready_size -= first.batch.text.size;
    memmove(lane->ready, lane->ready + 1, --lane->ready_count * sizeof *lane->ready);
    start_batch(lane, first.batch, first.faults);
    if (lane->full)
        (void)set_aside(lane);
}

/* What was filled becomes what is run, when its time has come. */
static bool take_filled(struct lane *lane)
{
    struct batch emptied = lane->running;

    if (lane->ready_count > 0) {
        take_ready(lane);
        return true;
    }
    if (lane->filling.count == 0 || !is_ready(lane))
        return false;
    timer_cancel(lane->mapping->mappings->options.timers, &lane->window);
    start_batch(lane, lane->filling, lane->filling_faults);
    lane->filling = emptied;
    mapping_batch_clear(&lane->filling);
    lane->full = lane->window_over = false;
    tumbling_enter(lane->shard, lane->filling_start_ms);
    return true;
}

/* ---- ends ---- */

static struct timers *timers_of(const struct lane *lane)
{
    return lane->mapping->mappings->options.timers;
}

static void back_off(struct lane *lane)
{
    lane_tell_again(lane, clock_now_ms(timers_clock(timers_of(lane))) + lane->delay_ms);
    lane_enter(lane, LANE_BACKING_OFF);
    if (mapping_may_go(lane->mapping))
        timer_set_after(timers_of(lane), &lane->back_off, lane->delay_ms);
    lane->delay_ms =
        lane->delay_ms * 2 < MAPPING_RETRY_LAST_MS ? lane->delay_ms * 2 : MAPPING_RETRY_LAST_MS;
}

static void on_back_off(struct timer *timer)
{
    struct lane *lane = CONTAINER_OF(timer, struct lane, back_off);

    lane_enter(lane, LANE_RESTING);
    mapping_go(lane->mapping);
}

static void go_on(struct lane *lane, enum lane_again again)
{
    if (again == LANE_LATER)
        back_off(lane);
    else
        lane_enter(lane, LANE_RESTING);
}

static void part_handled(struct lane *lane)
{
    lane_tell_handled(lane);
    tumbling_keep(lane->shard, &lane->handover, lane->handover.count);
    lane_enter(lane, LANE_RESTING);
    if (lane->faults.repeats)
        lane->faults.repeats = false;
    else
        lane_next_part(lane);
}

static void part_partly_failed(struct lane *lane)
{
    size_t count = lane_count_passed(lane);

    tumbling_keep(lane->shard, &lane->handover, count);
    go_on(lane, lane_part_failed_from(lane, count));
}

/* What has grown too old meanwhile is given up at once. */
static void part_not_taken(struct lane *lane)
{
    if (clock_now_ms(timers_clock(timers_of(lane))) > lane_expires_ms(lane))
        lane_enter(lane, LANE_RESTING);
    else
        back_off(lane);
}

static void end_part(struct lane *lane, enum mapping_outcome outcome)
{
    switch (outcome) {
    case MAPPING_HANDLED:
        part_handled(lane);
        break;
    case MAPPING_FAILED:
        go_on(lane, lane_part_failed(lane));
        break;
    case MAPPING_PARTLY_FAILED:
        part_partly_failed(lane);
        break;
    case MAPPING_NOT_TAKEN:
        part_not_taken(lane);
        break;
    case MAPPING_CLOSED: /* the cursor stands before it */
        lane_tell_stopped(lane);
        lane_enter(lane, LANE_RESTING);
        break;
    }
}

/* Of a tumbling window. */
static void end_closing(struct lane *lane, enum mapping_outcome outcome)
{
    bool failed = outcome == MAPPING_FAILED || outcome == MAPPING_PARTLY_FAILED;

    if (outcome == MAPPING_HANDLED)
        tumbling_close(lane->shard);
    if (outcome == MAPPING_NOT_TAKEN || (failed && !tumbling_end_failed(lane))) {
        back_off(lane);
        return;
    }
    lane->delay_ms = MAPPING_RETRY_FIRST_MS;
    lane_enter(lane, LANE_RESTING);
    lane->closing = false;
}

/* What is handed over and not taken afterwards is no attempt. */
static void note_attempt(struct lane *lane)
{
    const struct mapping_handover *handover = &lane->handover;

    if (handover->outcome != MAPPING_FAILED && handover->outcome != MAPPING_PARTLY_FAILED)
        return;
    lane->tried.function_error = handover->function_error;
    memcpy(lane->tried.request_id, handover->request_id, sizeof lane->tried.request_id);
    memcpy(lane->tried.version, handover->version, sizeof lane->tried.version);
}

static void on_done(struct mapping_handover *handover)
{
    struct lane *lane = CONTAINER_OF(handover, struct lane, handover);
    struct mapping *mapping = lane->mapping;
    enum mapping_outcome outcome = handover->outcome;

    timer_cancel(timers_of(lane), &lane->expiry);
    if (outcome != MAPPING_CLOSED)
        mapping->last_result = handover->problem != NULL ? handover->problem : MAPPING_RESULT_OK;
    note_attempt(lane);
    if (lane->closing)
        end_closing(lane, outcome);
    else
        end_part(lane, outcome);
    if (outcome == MAPPING_CLOSED)
        mapping_changed(mapping);
    else if (!lane->handing_over) /* else lane_go() is under way */
        mapping_go(mapping);
}

/* ---- handing over ---- */

static size_t collect_records(struct lane *lane)
{
    size_t count = lane->closing ? 0 : lane->end - lane->begin;

    if (count > lane->record_capacity) {
        lane->record_capacity = count;
        lane->records = mem_resize(lane->records, count * sizeof *lane->records);
    }
    for (size_t i = 0; i < count; i++)
        lane->records[i] = mapping_batch_record_at(&lane->running, lane->begin + i);
    return count;
}

void lane_withdraw(struct lane *lane)
{
    const struct mapping_consumer *consumer = &lane->mapping->consumer;

    if (lane->state == LANE_RUNNING && consumer->withdraw != NULL)
        (void)consumer->withdraw(consumer->context, &lane->handover);
}

/* Upkeep: it may come early. */
static void on_expiry(struct timer *timer)
{
    struct lane *lane = CONTAINER_OF(timer, struct lane, expiry);

    if (clock_now_ms(timers_clock(timers_of(lane))) > lane_expires_ms(lane))
        lane_withdraw(lane);
    else
        timer_set_at(timers_of(lane), timer, lane_expires_ms(lane) + 1);
}

static void hand_over(struct lane *lane)
{
    const struct mapping *mapping = lane->mapping;
    size_t count = collect_records(lane);

    lane->seen = tumbling_seen(lane->shard, lane->closing);
    lane->handover = (struct mapping_handover){
        .settings = &mapping->settings,
        .count = count,
        .records = lane->records,
        .window = lane->shard->tumbling.is_open ? &lane->seen : NULL,
        .done = on_done,
    };
    lane_enter(lane, LANE_RUNNING);
    if (!lane->closing)
        timer_set_at(timers_of(lane), &lane->expiry, lane_expires_ms(lane) + 1);
    lane->handing_over = true;
    mapping->consumer.take(mapping->consumer.context, &lane->handover);
    lane->handing_over = false;
}

/* Something that is to be handed over is in work. */
static bool take_next(struct lane *lane)
{
    bool has_part = lane->begin < lane->end;

    if (!lane->closing &&
        (tumbling_is_overfull(lane->shard) || (!has_part && tumbling_has_ended(lane))))
        lane->closing = true;
    return lane->closing || has_part || take_filled(lane);
}

/* A fault: once a batch. */
static bool is_delayed(struct lane *lane)
{
    if (lane->faults.delay_ms == 0)
        return false;
    lane_enter(lane, LANE_BACKING_OFF);
    timer_set_after(timers_of(lane), &lane->back_off, lane->faults.delay_ms);
    lane->faults.delay_ms = 0;
    return true;
}

static void start_next(struct lane *lane)
{
    if (lane->closing) {
        hand_over(lane);
        return;
    }
    lane_drop_old(lane);
    if (lane->begin == lane->end)
        lane_next_part(lane);
    else if (!is_delayed(lane))
        hand_over(lane);
}

void lane_go(struct lane *lane)
{
    while (lane->state == LANE_RESTING && mapping_may_go(lane->mapping) && take_next(lane))
        start_next(lane);
    tumbling_arm(lane);
}

/* ---- figures, life ---- */

bool lane_busy(const struct lane *lane)
{
    return lane->state != LANE_RESTING || lane->begin < lane->end || lane->ready_count > 0 ||
           lane->filling.count > 0;
}

/* A batch that is with a consumer, waits to be tried again or for its window to close does not move
 * by itself. */
bool lane_moving(const struct lane *lane)
{
    if (lane->state != LANE_RESTING)
        return false;
    return lane->begin < lane->end || lane->ready_count > 0 ||
           (lane->filling.count > 0 && !timer_is_set(&lane->window));
}

void lane_waits(const struct lane *lane, struct waits *waits)
{
    struct timers *timers = timers_of(lane);

    if (lane->state == LANE_BACKING_OFF)
        waits_add(waits, timer_due_ms(timers, &lane->back_off));
    else if (lane->state == LANE_RESTING && timer_is_set(&lane->window))
        waits_add(waits, timer_due_ms(timers, &lane->window));
    else if (lane->state == LANE_RESTING && timer_is_set(&lane->shard->tumbling.due))
        waits_add(waits, timer_due_ms(timers, &lane->shard->tumbling.due));
}

/* A tumbling window is nothing that is tried again: it ends at its time. */
void lane_hurry(struct lane *lane)
{
    if (timer_is_set(&lane->window)) {
        timer_cancel(timers_of(lane), &lane->window);
        lane->window_over = true;
    }
    if (lane->state != LANE_BACKING_OFF)
        return;
    timer_cancel(timers_of(lane), &lane->back_off);
    lane_enter(lane, LANE_RESTING);
}

uint64_t lane_first(const struct lane *lane)
{
    if (lane->begin < lane->end)
        return lane->running.records[lane->begin].position;
    if (lane->ready_count > 0)
        return lane->ready[0].batch.records[0].position;
    return lane->filling.count > 0 ? lane->filling.records[0].position : UINT64_MAX;
}

size_t lane_count(const struct lane *lane)
{
    size_t parts = lane->split_count > 0 ? lane->ends[0] : lane->end;
    size_t count = parts - lane->begin + lane->filling.count;

    for (size_t i = 0; i < lane->ready_count; i++)
        count += lane->ready[i].batch.count;
    return count;
}

/* The whole event is at most MAPPING_PAYLOAD_SIZE_MAX; with windows a state is in it. */
static size_t text_size_max(const struct mapping *mapping)
{
    size_t size = MAPPING_PAYLOAD_SIZE_MAX - sizeof "{\"Records\":[" - sizeof "]}";

    if (mapping->settings.tumbling_window_s > 0)
        size -= MAPPING_STATE_SIZE_MAX + MAPPING_ENVELOPE_SIZE_MAX;
    return size;
}

void lane_init(struct lane *lane, struct mapping_shard *shard)
{
    lane->mapping = shard->mapping;
    lane->shard = shard;
    lane->window.fire = on_window;
    lane->back_off.fire = on_back_off;
    lane->expiry.fire = on_expiry;
    lane->expiry.upkeep = true;
    lane->delay_ms = MAPPING_RETRY_FIRST_MS;
    mapping_batch_init(&lane->filling, text_size_max(lane->mapping));
    mapping_batch_init(&lane->running, text_size_max(lane->mapping));
}

void lane_stop(struct lane *lane)
{
    timer_cancel(timers_of(lane), &lane->window);
    timer_cancel(timers_of(lane), &lane->back_off);
    timer_cancel(timers_of(lane), &lane->expiry);
}

void lane_free(struct lane *lane)
{
    lane_stop(lane);
    for (size_t i = 0; i < lane->ready_count; i++)
        mapping_batch_free(&lane->ready[i].batch);
    mem_free(lane->ready);
    mapping_batch_free(&lane->filling);
    mapping_batch_free(&lane->running);
    mem_free(lane->records);
}
