/* delivery/entry.c - what memory holds of the records, and the lanes that they wait in; see
 * internal.h. */
#include "delivery/internal.h"

/* ---- lanes ---- */

static struct lane *lane_of(struct deliveries *deliveries, const struct delivery *delivery)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(2 * DELIVERY_NAME_SIZE_MAX + 1);

    buffer_append(&key, delivery->source_arn);
    buffer_append_byte(&key, '\0');
    buffer_append(&key, delivery->target_id);
    assert(!buffer_failed(&key));
    struct lane *lane = map_get(&deliveries->lanes, buffer_bytes(&key));

    if (lane != NULL)
        return lane;
    lane = mem_new(sizeof *lane);
    uint8_t *copy = mem_new(key.size);

    memcpy(copy, key.ptr, key.size);
    lane->deliveries = deliveries;
    lane->key = bytes_of(copy, key.size);
    list_init(&lane->waiting);
    map_put(&deliveries->lanes, lane->key, lane);
    return lane;
}

static void lane_free(struct lane *lane)
{
    map_remove(&lane->deliveries->lanes, lane->key);
    mem_free((void *)(uintptr_t)lane->key.ptr);
    mem_free(lane);
}

void lane_dispatch(struct lane *lane)
{
    struct deliveries *deliveries = lane->deliveries;

    if (!deliveries->started || deliveries->stopping || lane->dispatching)
        return;
    lane->dispatching = true; /* what ends at once does not dispatch inside this loop */
    while (!list_empty(&lane->waiting) && lane->running_count < DELIVERY_LANE_RUNNING_MAX)
        attempt_start(LIST_ITEM(lane->waiting.next, struct entry, in_lane));
    lane->dispatching = false;
}

/* ---- entries ---- */

static const bool moves[ENTRY_STATE_COUNT][ENTRY_STATE_COUNT] = {
    [ENTRY_NEW] = {[ENTRY_WAITING] = true, [ENTRY_RETRYING] = true},
    [ENTRY_WAITING] = {[ENTRY_RUNNING] = true, [ENTRY_PAUSED] = true},
    [ENTRY_RUNNING] = {[ENTRY_RETRYING] = true,
                       [ENTRY_SETTLING] = true,
                       [ENTRY_WAITING] = true,
                       [ENTRY_PAUSED] = true},
    [ENTRY_SETTLING] = {[ENTRY_RETRYING] = true},
    [ENTRY_RETRYING] = {[ENTRY_WAITING] = true},
    [ENTRY_PAUSED] = {[ENTRY_WAITING] = true},
};

static bool is_running(enum entry_state state)
{
    return state == ENTRY_RUNNING || state == ENTRY_SETTLING;
}

/* The only place that changes a state, with the lane, the counts and the timer that follow. */
void entry_enter(struct entry *entry, enum entry_state state)
{
    struct deliveries *deliveries = entry->deliveries;
    struct lane *lane = entry->lane;

    assert(moves[entry->state][state]);
    list_remove(&entry->in_lane);
    timer_cancel(deliveries->options.timers, &entry->timer);
    timer_cancel(deliveries->options.wall_timers, &entry->again);
    deliveries->state_counts[entry->state]--;
    deliveries->state_counts[state]++;
    lane->running_count -= is_running(entry->state);
    lane->running_count += is_running(state);
    entry->state = state;
    if (state == ENTRY_WAITING)
        list_append(&lane->waiting, &entry->in_lane);
    if (state == ENTRY_RETRYING)
        timer_set_at(deliveries->options.timers, &entry->timer, entry->next_ms);
    if (state == ENTRY_PAUSED)
        timer_set_after(deliveries->options.wall_timers, &entry->again, DELIVERY_WRITE_AGAIN_MS);
}

static void on_timer(struct timer *timer)
{
    struct entry *entry = CONTAINER_OF(timer, struct entry, timer);

    if (entry->deliveries->stopping)
        return;
    entry_enter(entry, ENTRY_WAITING);
    lane_dispatch(entry->lane);
}

static void on_again(struct timer *timer)
{
    struct entry *entry = CONTAINER_OF(timer, struct entry, again);

    if (entry->deliveries->stopping)
        return;
    if (entry->state == ENTRY_SETTLING) {
        attempt_submit(entry->attempt);
        return;
    }
    entry_enter(entry, ENTRY_WAITING);
    lane_dispatch(entry->lane);
}

struct entry *entry_new(struct deliveries *deliveries, const struct delivery *delivery,
                        uint64_t position)
{
    struct entry *entry = mem_new(sizeof *entry);

    entry->deliveries = deliveries;
    entry->position = position;
    entry->expiry_ms = delivery_expiry_ms(delivery->accepted_ms, delivery->maximum_event_age_s);
    entry->timer.fire = on_timer;
    entry->again.fire = on_again;
    entry->lane = lane_of(deliveries, delivery);
    entry->lane->entry_count++;
    list_append(&deliveries->all, &entry->in_all);
    list_init(&entry->in_lane);
    deliveries->state_counts[ENTRY_NEW]++;
    return entry;
}

void entry_queue(struct entry *entry, uint64_t next_ms)
{
    entry->next_ms = next_ms;
    entry_enter(entry,
                next_ms > deliveries_now_ms(entry->deliveries) ? ENTRY_RETRYING : ENTRY_WAITING);
}

void entry_free(struct entry *entry)
{
    struct deliveries *deliveries = entry->deliveries;
    struct lane *lane = entry->lane;

    timer_cancel(deliveries->options.timers, &entry->timer);
    timer_cancel(deliveries->options.wall_timers, &entry->again);
    list_remove(&entry->in_all);
    list_remove(&entry->in_lane);
    deliveries->state_counts[entry->state]--;
    lane->running_count -= is_running(entry->state);
    lane->entry_count--;
    attempt_free(entry->attempt);
    mem_free(entry);
    if (lane->entry_count == 0)
        lane_free(lane);
    else
        lane_dispatch(lane);
}

void entries_free(struct deliveries *deliveries)
{
    LIST_EACH (&deliveries->all, it)
        entry_free(LIST_ITEM(it, struct entry, in_all));
}

/* ---- at a start ---- */

static struct store_iter *iterate(struct deliveries *deliveries, enum delivery_key_kind kind)
{
    uint8_t from[DELIVERY_KEY_SIZE], to[DELIVERY_KEY_SIZE];

    delivery_key_encode(from, kind, 0);
    delivery_key_encode(to, kind, UINT64_MAX);
    return store_iter_new(deliveries->options.store, NULL, STORE_DELIVERIES,
                          bytes_of(from, sizeof from), bytes_of(to, sizeof to), false);
}

static enum status load_records(struct deliveries *deliveries)
{
    AUTO(store_iter_release)
    struct store_iter *iter = iterate(deliveries, DELIVERY_KEY_RECORD);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct delivery delivery;
        uint64_t position = 0;

        if (!delivery_key_decode(key, DELIVERY_KEY_RECORD, &position))
            return CORRUPT;
        enum status st = delivery_record_decode(value, &delivery);

        if (st != OK)
            return st;
        entry_new(deliveries, &delivery, position);
    }
    return store_iter_status(iter);
}

/* Both are in the order of positions: the list is walked once. */
static enum status load_attempts(struct deliveries *deliveries)
{
    AUTO(store_iter_release)
    struct store_iter *iter = iterate(deliveries, DELIVERY_KEY_ATTEMPTS);
    struct list *at = deliveries->all.next;
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct delivery_attempts attempts;
        uint64_t position = 0;

        if (!delivery_key_decode(key, DELIVERY_KEY_ATTEMPTS, &position))
            return CORRUPT;
        enum status st = delivery_attempts_decode(value, &attempts);

        if (st != OK)
            return st;
        while (at != &deliveries->all && LIST_ITEM(at, struct entry, in_all)->position < position)
            at = at->next;
        if (at == &deliveries->all)
            break;
        struct entry *entry = LIST_ITEM(at, struct entry, in_all);

        if (entry->position == position) {
            entry->failed = attempts.failed;
            entry->next_ms = attempts.next_ms;
        }
    }
    return store_iter_status(iter);
}

enum status entries_load(struct deliveries *deliveries)
{
    enum status st = load_records(deliveries);

    if (st == OK)
        st = load_attempts(deliveries);
    if (st != OK)
        return st;
    LIST_EACH (&deliveries->all, it) {
        struct entry *entry = LIST_ITEM(it, struct entry, in_all);

        entry_queue(entry, entry->next_ms);
    }
    return OK;
}
