/* subscriptions/window.c - the events behind a position: read ahead, in lanes, given and done; see
 * internal.h. Everything under the mutex. */
#include "subscriptions/internal.h"

#define FILL_COUNT 256    /* events looked at ahead at a time */
#define RETURNED_MAX 1024 /* in memory at a time */
#define GARBAGE_CAPACITY_MIN 16

/* ---- keys that stand for nothing any more ---- */

void subscription_throw(struct subscription *subscription, enum subscription_key_kind kind,
                        uint64_t position)
{
    if (subscription->garbage_count == subscription->garbage_capacity) {
        subscription->garbage_capacity =
            size_max(subscription->garbage_capacity * 2, GARBAGE_CAPACITY_MIN);
        subscription->garbage = mem_resize(
            subscription->garbage, subscription->garbage_capacity * sizeof *subscription->garbage);
    }
    subscription->garbage[subscription->garbage_count++] =
        (struct subscription_garbage){kind, position};
}

/* ---- lanes ---- */

static struct bytes lane_key(struct arena *arena, const struct subscription *subscription,
                             struct bytes log, struct bytes id)
{
    if (!subscription->record.group)
        return BYTES("");
    return arena_printf(arena, "%.*s#%.*s", BYTES_ARG(log), BYTES_ARG(id)); /* no log has a '#' */
}

static struct subscription_lane *find_lane(struct subscription *subscription, struct bytes log,
                                           struct bytes id)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes key = lane_key(arena, subscription, log, id);
    struct subscription_lane *lane = map_get(&subscription->lanes, key);

    if (lane != NULL)
        return lane;
    lane = mem_new(sizeof *lane + key.size);
    list_init(&lane->entries);
    list_init(&lane->in_ready);
    lane->key_size = key.size;
    if (key.size > 0)
        memcpy(lane->key, key.ptr, key.size);
    map_put(&subscription->lanes, key, lane);
    return lane;
}

static struct subscription_entry *first_of(const struct subscription_lane *lane)
{
    return list_empty(&lane->entries)
               ? NULL
               : LIST_ITEM(lane->entries.next, struct subscription_entry, in_lane);
}

/* Puts it among the ready ones, or takes it from them, by the state of its first. An empty one is
 * freed. (In a ring whose only element is the head, next is the head: at the front is at the end.)
 */
static void look_at_lane(struct subscription *subscription, struct subscription_lane *lane,
                         bool at_front)
{
    struct subscription_entry *first = first_of(lane);
    bool ready = first != NULL && first->state == ENTRY_WAITING;

    if (ready && !at_front && !list_empty(&lane->in_ready))
        return; /* it keeps its turn */
    list_remove(&lane->in_ready);
    if (ready)
        list_insert_before(at_front ? subscription->ready.next : &subscription->ready,
                           &lane->in_ready);
    if (first == NULL) {
        map_remove(&subscription->lanes, bytes_of(lane->key, lane->key_size));
        mem_free(lane);
    }
}

/* By position, but never before one that is out. What is read ahead goes to the end; what comes
 * back, or failed, has only such before it that came back. */
static void place_in_lane(struct subscription_lane *lane, struct subscription_entry *entry)
{
    struct list *place = lane->entries.next;

    while (place != &lane->entries) {
        const struct subscription_entry *other =
            LIST_ITEM(place, struct subscription_entry, in_lane);

        if (other->state == ENTRY_WAITING && other->position > entry->position)
            break;
        place = place->next;
    }
    list_insert_before(place, &entry->in_lane);
}

static void enter_lane(struct subscription *subscription, struct subscription_entry *entry)
{
    struct subscription_lane *lane = find_lane(subscription, entry->log, entry->id);

    entry->lane = lane;
    if (entry->returned)
        place_in_lane(lane, entry);
    else
        list_append(&lane->entries, &entry->in_lane);
    look_at_lane(subscription, lane, entry->returned);
}

/* ---- entries ---- */

static struct bytes keep(uint8_t **room, struct bytes text)
{
    struct bytes kept = bytes_of(*room, text.size);

    if (text.size > 0)
        memcpy(*room, text.ptr, text.size);
    *room += text.size;
    return kept;
}

static struct subscription_entry *entry_new(uint64_t position, const struct order_event *event)
{
    struct subscription_entry *entry =
        mem_new(sizeof *entry + event->log.size + event->id.size + event->type.size);
    uint8_t *room = entry->room;

    list_init(&entry->in_lane);
    list_init(&entry->in_member);
    entry->position = position;
    entry->version = event->version;
    entry->log = keep(&room, event->log);
    entry->id = keep(&room, event->id);
    entry->type = keep(&room, event->type);
    return entry;
}

struct subscription_entry *window_at(const struct subscription *subscription, size_t index)
{
    return subscription->window[(subscription->window_begin + index) % SUBSCRIPTION_WINDOW_MAX];
}

bool window_is_empty(const struct subscription *subscription)
{
    return subscription->window_count == 0 && subscription->returned_count == 0 &&
           !subscription->returned_more;
}

static void pop_done(struct subscription *subscription)
{
    while (subscription->window_count > 0) {
        struct subscription_entry *first = window_at(subscription, 0);

        if (first->state != ENTRY_DONE)
            return;
        if (first->has_done_key)
            subscription_throw(subscription, KEY_DONE, first->position);
        mem_free(first);
        subscription->window_begin = (subscription->window_begin + 1) % SUBSCRIPTION_WINDOW_MAX;
        subscription->window_count--;
    }
}

/* ---- reading ahead ---- */

/* Of the store: whether it is done behind a gap. Positions only grow, on both sides. */
static bool was_done(struct subscription *subscription, uint64_t position)
{
    while (subscription->done_at < subscription->done_count &&
           subscription->done_positions[subscription->done_at] < position)
        /* its event is gone */
        subscription_throw(subscription, KEY_DONE,
                           subscription->done_positions[subscription->done_at++]);
    if (subscription->done_at == subscription->done_count ||
        subscription->done_positions[subscription->done_at] != position)
        return false;
    subscription->done_at++;
    return true;
}

/* Of the store as it was loaded: right for what is looked at for the first time. */
static uint32_t failures_of(const struct subscription *subscription, uint64_t position)
{
    for (size_t i = 0; i < subscription->failure_count; i++)
        if (subscription->failure_positions[i] == position)
            return subscription->failure_counts[i];
    return 0;
}

static void add_entry(struct subscription *subscription, const struct order_entry *found)
{
    struct subscription_entry *entry = entry_new(found->position, &found->event);
    size_t at = (subscription->window_begin + subscription->window_count) % SUBSCRIPTION_WINDOW_MAX;

    assert(subscription->window_count < SUBSCRIPTION_WINDOW_MAX);
    subscription->window[at] = entry;
    subscription->window_count++;
    if (was_done(subscription, found->position)) {
        entry->state = ENTRY_DONE;
        entry->has_done_key = true;
        return;
    }
    entry->failures = failures_of(subscription, found->position);
    enter_lane(subscription, entry);
}

static enum status fill_page(struct subscription *subscription, bool *ret_more)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_page page = {0};
    struct order_read read = {
        .table_id = subscription->record.table_id,
        .filter = subscription->record.filter,
        .after = subscription->read_to,
        .limit = size_min(FILL_COUNT, SUBSCRIPTION_WINDOW_MAX - subscription->window_count),
        .bare = true,
    };
    enum status status = order_read(subscription->all->store, NULL, &read, arena, &page);

    if (status != OK)
        return status;
    for (size_t i = 0; i < page.count; i++)
        add_entry(subscription, &page.list[i]);
    subscription->read_to = page.next;
    subscription->at_end = page.at_end && !page.filling;
    pop_done(subscription);
    *ret_more = !page.at_end && !page.filling;
    return OK;
}

enum status window_fill(struct subscription *subscription)
{
    bool more = true;

    while (more && list_empty(&subscription->ready) &&
           subscription->window_count < SUBSCRIPTION_WINDOW_MAX) {
        enum status status = OK;

        if (subscription->at_end &&
            subscription->read_to >= store_last_position(subscription->all->store))
            return OK;
        status = fill_page(subscription, &more);
        if (status != OK)
            return status;
    }
    return OK;
}

/* ---- events that come back ---- */

/* Whoever loaded the subscription may have seen it already. */
static bool is_here(const struct subscription *subscription,
                    const struct subscription_parked *parked)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct subscription_lane *lane =
        map_get(&subscription->lanes, lane_key(arena, subscription, parked->log, parked->id));

    if (lane == NULL)
        return false;
    LIST_EACH (&lane->entries, it) {
        const struct subscription_entry *entry = LIST_ITEM(it, struct subscription_entry, in_lane);

        if (entry->returned && entry->position == parked->position)
            return true;
    }
    return false;
}

static void add_returned(struct subscription *subscription,
                         const struct subscription_parked *parked, uint32_t failures)
{
    struct order_event event = {parked->log, parked->id, parked->type, parked->version};
    struct subscription_entry *entry = NULL;

    if (is_here(subscription, parked))
        return;
    if (subscription->returned_count >= RETURNED_MAX || subscription->returned_more) {
        if (!subscription->returned_more || parked->position <= subscription->returned_to)
            subscription->returned_to = parked->position - 1;
        subscription->returned_more = true;
        return;
    }
    entry = entry_new(parked->position, &event);
    entry->returned = true;
    entry->failures = failures;
    subscription->returned_count++;
    enter_lane(subscription, entry);
}

void window_return(struct subscription *subscription, const struct subscription_parked *parked)
{
    add_returned(subscription, parked, 0);
}

static enum status load_failures(const struct subscription *subscription, uint64_t position,
                                 uint32_t *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = OK;

    *ret = 0;
    subscription_key(&key, KEY_FAILURES, subscription->name, position);
    status = store_get(subscription->all->store, NULL, STORE_CURSORS, buffer_bytes(&key), &value);
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    if (value.bytes.size != 4)
        return CORRUPT;
    *ret = bytes_get_u32(value.bytes.ptr);
    return OK;
}

enum status window_load_returned(struct subscription *subscription)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint64_t *positions = NULL;
    struct bytes *values = NULL;
    size_t count = 0;
    bool more = false;
    enum status status =
        subscription_keys_load(subscription->all->store, KEY_RETURNED, subscription->name,
                               subscription->returned_more ? subscription->returned_to + 1 : 0,
                               RETURNED_MAX, arena, &positions, &values, &count, &more);

    if (status != OK)
        return status;
    subscription->returned_more = false;
    subscription->returned_to = more ? positions[count - 1] : 0;
    for (size_t i = 0; status == OK && i < count; i++) {
        struct subscription_parked parked = {.position = positions[i]};
        uint32_t failures = 0;

        status = subscription_parked_read(values[i], &parked);
        if (status == OK)
            status = load_failures(subscription, parked.position, &failures);
        if (status == OK) {
            add_returned(subscription, &parked, failures);
        } else { /* it is tried again from here */
            more = true;
            subscription->returned_to = positions[i] - 1;
        }
    }
    subscription->returned_more = more;
    return status;
}

/* ---- states ---- */

struct subscription_entry *window_ready(const struct subscription *subscription)
{
    if (list_empty(&subscription->ready))
        return NULL;
    return first_of(LIST_ITEM(subscription->ready.next, struct subscription_lane, in_ready));
}

void window_give(struct subscription_entry *entry, struct subscription_member *member)
{
    assert(entry->state == ENTRY_WAITING);
    entry->state = ENTRY_OUT;
    entry->member = member;
    list_append(&member->out, &entry->in_member);
    member->out_count++;
    list_remove(&entry->lane->in_ready);
}

void window_take(struct subscription_entry *entry)
{
    assert(entry->state == ENTRY_OUT);
    list_remove(&entry->in_member);
    entry->member->out_count--;
    entry->member = NULL;
}

void window_wait(struct subscription *subscription, struct subscription_entry *entry)
{
    entry->state = ENTRY_WAITING;
    list_remove(&entry->in_lane);
    place_in_lane(entry->lane, entry);
    look_at_lane(subscription, entry->lane, true);
}

void window_done(struct subscription *subscription, struct subscription_entry *entry)
{
    struct subscription_lane *lane = entry->lane;

    entry->state = ENTRY_DONE;
    entry->lane = NULL;
    list_remove(&entry->in_lane);
    look_at_lane(subscription, lane, false);
    if (entry->returned) {
        subscription->returned_count--;
        mem_free(entry);
    } else {
        pop_done(subscription);
    }
}

/* ---- leaving memory ---- */

void window_free(struct subscription *subscription)
{
    struct bytes key;
    void *value = NULL;

    for (size_t i = 0; map_next(&subscription->lanes, &i, &key, &value);) {
        struct subscription_lane *lane = value;

        LIST_EACH (&lane->entries, it) {
            struct subscription_entry *entry = LIST_ITEM(it, struct subscription_entry, in_lane);

            list_remove(&entry->in_lane);
            if (entry->returned)
                mem_free(entry);
        }
        mem_free(lane);
    }
    map_free(&subscription->lanes);
    for (size_t i = 0; i < subscription->window_count; i++)
        mem_free(window_at(subscription, i));
    mem_free(subscription->garbage);
}
