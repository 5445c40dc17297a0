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
    assert(state == LANE_RESTING || lane->begin < lane->end);
}

/* ---- filling ---- */

enum status lane_add(struct lane *lane, const struct change *change)
{
    const struct mapping *mapping = lane->mapping;
    const struct mapping_settings *settings = &mapping->settings;
    enum status st =
        mapping_batch_add(&lane->filling, change, settings->view,
                          mapping->mappings->options.place->region, settings->source_arn);

    if (st != OK) {
        lane->full = lane->filling.count > 0;
        return st;
    }
    if (lane->filling.count == 1 && settings->batch_window_s > 0)
        timer_set_after(mapping->mappings->options.timers, &lane->window,
                        (uint64_t)settings->batch_window_s * 1000);
    lane->full = lane->filling.count >= settings->batch_size;
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

/* What was filled becomes what is run, when its time has come. */
static bool take_filled(struct lane *lane)
{
    struct batch emptied = lane->running;
    bool ready = lane->full || lane->window_over || lane->mapping->settings.batch_window_s == 0;

    if (lane->filling.count == 0 || !ready)
        return false;
    timer_cancel(lane->mapping->mappings->options.timers, &lane->window);
    lane->running = lane->filling;
    lane->filling = emptied;
    mapping_batch_clear(&lane->filling);
    lane->full = lane->window_over = false;
    lane->begin = 0;
    lane->end = lane->running.count;
    return true;
}

/* ---- parts ---- */

/* The part is done with; the next one, or none, is in work. */
static void next_part(struct lane *lane)
{
    lane->mapping->moved = true;
    lane->begin = lane->end;
    if (lane->split_count > 0)
        lane->end = lane->ends[--lane->split_count];
    lane->attempts = 0;
    lane->repeated = lane->delayed = false;
    lane->delay_ms = MAPPING_RETRY_FIRST_MS;
}

static void halve_part(struct lane *lane)
{
    assert(lane->split_count < LANE_SPLITS_MAX);
    lane->ends[lane->split_count++] = lane->end;
    lane->end = lane->begin + (lane->end - lane->begin) / 2;
}

/* Records that are too old are not handed over: a day, or what the mapping says. */
static void drop_old(struct lane *lane)
{
    const struct mapping *mapping = lane->mapping;
    int32_t age_s = mapping->settings.maximum_record_age_s;
    uint64_t age_ms = age_s < 0 ? STREAM_RETENTION_MS : (uint64_t)age_s * 1000;
    uint64_t now_ms = clock_now_ms(timers_clock(mapping->mappings->options.timers));
    size_t begin = lane->begin;

    if (age_ms > STREAM_RETENTION_MS)
        age_ms = STREAM_RETENTION_MS;
    while (lane->begin < lane->end && lane->running.records[lane->begin].time_ms + age_ms < now_ms)
        lane->begin++;
    if (lane->begin == begin)
        return;
    lane->mapping->moved = true;
    AUTO(arena_release) struct arena *arena = arena_new();

    mapping_tell(mapping, arena_printf(arena, "dropped %zu records that were older than %llu s",
                                       lane->begin - begin, (unsigned long long)(age_ms / 1000)));
}

static void give_up(struct lane *lane)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    mapping_tell(lane->mapping, arena_printf(arena, "dropped %zu records after %u attempts",
                                             lane->end - lane->begin, lane->attempts));
    next_part(lane);
}

/* ---- faults that a test asked for ---- */

/* "arn:...:table/NAME/stream/LABEL" */
static struct bytes table_of_stream(struct bytes arn)
{
    size_t begin = bytes_find_byte(arn, '/', 0);

    if (begin == SIZE_MAX)
        return (struct bytes){NULL, 0};
    return bytes_slice(arn, begin + 1, bytes_find_byte(arn, '/', begin + 1) - begin - 1);
}

static bool strikes(const struct lane *lane, enum fault_kind kind, struct fault_hit *ret)
{
    const struct mapping *mapping = lane->mapping;
    struct fault_place place = {
        .of = {[FAULT_FUNCTION] = mapping->settings.function_name,
               [FAULT_TABLE] = table_of_stream(mapping->settings.source_arn)}};

    return faults_hit(mapping->mappings->options.faults, kind, &place, ret);
}

/* Once for each part. */
static bool is_delayed(struct lane *lane)
{
    struct fault_hit hit;

    if (lane->delayed || !strikes(lane, FAULT_DELAY, &hit))
        return false;
    lane->delayed = true;
    lane_enter(lane, LANE_BACKING_OFF);
    timer_set_after(lane->mapping->mappings->options.timers, &lane->back_off, hit.delay_ms);
    return true;
}

/* ---- handing over ---- */

static void back_off(struct lane *lane)
{
    lane_enter(lane, LANE_BACKING_OFF);
    if (mapping_may_go(lane->mapping))
        timer_set_after(lane->mapping->mappings->options.timers, &lane->back_off, lane->delay_ms);
    lane->delay_ms =
        lane->delay_ms * 2 < MAPPING_RETRY_LAST_MS ? lane->delay_ms * 2 : MAPPING_RETRY_LAST_MS;
}

static void on_back_off(struct timer *timer)
{
    struct lane *lane = CONTAINER_OF(timer, struct lane, back_off);

    lane_enter(lane, LANE_RESTING);
    mapping_go(lane->mapping);
}

static void part_failed(struct lane *lane)
{
    const struct mapping_settings *settings = &lane->mapping->settings;
    int32_t retries = settings->maximum_retry_attempts;

    if (settings->bisect_on_error && lane->end - lane->begin > 1) {
        halve_part(lane); /* counts as no attempt */
        lane_enter(lane, LANE_RESTING);
        return;
    }
    lane->attempts++;
    if (retries < 0 || lane->attempts <= (uint32_t)retries) {
        back_off(lane);
        return;
    }
    lane_enter(lane, LANE_RESTING);
    give_up(lane);
}

static void part_handled(struct lane *lane)
{
    lane_enter(lane, LANE_RESTING);
    if (!lane->repeated && strikes(lane, FAULT_DUPLICATE, NULL))
        lane->repeated = true;
    else
        next_part(lane);
}

static void end_part(struct lane *lane, enum mapping_outcome outcome)
{
    switch (outcome) {
    case MAPPING_HANDLED:
        part_handled(lane);
        break;
    case MAPPING_FAILED:
    case MAPPING_PARTLY_FAILED:
        part_failed(lane);
        break;
    case MAPPING_NOT_TAKEN:
        back_off(lane);
        break;
    case MAPPING_CLOSED: /* the cursor stands before it */
        lane_enter(lane, LANE_RESTING);
        break;
    }
}

static void on_done(struct mapping_handover *handover)
{
    struct lane *lane = CONTAINER_OF(handover, struct lane, handover);
    struct mapping *mapping = lane->mapping;
    enum mapping_outcome outcome = handover->outcome;

    if (outcome != MAPPING_CLOSED)
        mapping->last_result = handover->problem != NULL ? handover->problem : MAPPING_RESULT_OK;
    end_part(lane, outcome);
    if (outcome == MAPPING_CLOSED)
        mapping_changed(mapping);
    else if (!lane->handing_over) /* else lane_go() is under way */
        mapping_go(mapping);
}

static void collect_records(struct lane *lane)
{
    size_t count = lane->end - lane->begin;

    if (count > lane->record_capacity) {
        lane->record_capacity = count;
        lane->records = mem_resize(lane->records, count * sizeof *lane->records);
    }
    for (size_t i = 0; i < count; i++)
        lane->records[i] = mapping_batch_record_at(&lane->running, lane->begin + i);
}

static void hand_over(struct lane *lane)
{
    const struct mapping *mapping = lane->mapping;

    collect_records(lane);
    lane->handover = (struct mapping_handover){
        .settings = &mapping->settings,
        .records = lane->records,
        .count = lane->end - lane->begin,
        .done = on_done,
    };
    lane_enter(lane, LANE_RUNNING);
    lane->handing_over = true;
    mapping->consumer.take(mapping->consumer.context, &lane->handover);
    lane->handing_over = false;
}

void lane_go(struct lane *lane)
{
    while (lane->state == LANE_RESTING && mapping_may_go(lane->mapping)) {
        if (lane->begin == lane->end && !take_filled(lane))
            return;
        drop_old(lane);
        if (lane->begin == lane->end)
            next_part(lane);
        else if (!is_delayed(lane))
            hand_over(lane);
    }
}

/* ---- figures, life ---- */

bool lane_busy(const struct lane *lane)
{
    return lane->state != LANE_RESTING || lane->begin < lane->end || lane->filling.count > 0;
}

/* A batch that is with a function, waits to be tried again or for its window to close does not move
 * by itself. */
bool lane_moving(const struct lane *lane)
{
    if (lane->state != LANE_RESTING)
        return false;
    return lane->begin < lane->end || (lane->filling.count > 0 && !timer_is_set(&lane->window));
}

void lane_waits(const struct lane *lane, struct waits *waits)
{
    struct timers *timers = lane->mapping->mappings->options.timers;

    if (lane->state == LANE_BACKING_OFF)
        waits_add(waits, timer_due_ms(timers, &lane->back_off));
    else if (lane->state == LANE_RESTING && timer_is_set(&lane->window))
        waits_add(waits, timer_due_ms(timers, &lane->window));
}

void lane_hurry(struct lane *lane)
{
    struct timers *timers = lane->mapping->mappings->options.timers;

    if (timer_is_set(&lane->window)) {
        timer_cancel(timers, &lane->window);
        lane->window_over = true;
    }
    if (lane->state != LANE_BACKING_OFF)
        return;
    timer_cancel(timers, &lane->back_off);
    lane_enter(lane, LANE_RESTING);
}

uint64_t lane_first(const struct lane *lane)
{
    if (lane->begin < lane->end)
        return lane->running.records[lane->begin].position;
    return lane->filling.count > 0 ? lane->filling.records[0].position : UINT64_MAX;
}

void lane_init(struct lane *lane, struct mapping_shard *shard)
{
    lane->mapping = shard->mapping;
    lane->shard = shard;
    lane->window.fire = on_window;
    lane->back_off.fire = on_back_off;
    lane->delay_ms = MAPPING_RETRY_FIRST_MS;
    mapping_batch_init(&lane->filling);
    mapping_batch_init(&lane->running);
}

void lane_stop(struct lane *lane)
{
    timer_cancel(lane->mapping->mappings->options.timers, &lane->window);
    timer_cancel(lane->mapping->mappings->options.timers, &lane->back_off);
}

void lane_free(struct lane *lane)
{
    lane_stop(lane);
    mapping_batch_free(&lane->filling);
    mapping_batch_free(&lane->running);
    mem_free(lane->records);
}
