/* subscriptions/active.c - subscriptions in memory: loaded when their first member comes, gone when
 * the last one left. */
#include "subscriptions/internal.h"

struct subscriptions *subscriptions_new(struct store *store, struct clock *clock)
{
    struct subscriptions *all = mem_new(sizeof *all);

    all->store = store;
    all->clock = clock;
    pthread_mutex_init(&all->mutex, NULL);
    return all;
}

void subscriptions_free(struct subscriptions *all)
{
    if (all == NULL)
        return;
    assert(all->active.count == 0 && "every member has left, and every work is done");
    map_free(&all->active);
    pthread_mutex_destroy(&all->mutex);
    mem_free(all);
}

bool subscriptions_busy(struct subscriptions *all)
{
    bool busy = false;

    if (all == NULL)
        return false;
    pthread_mutex_lock(&all->mutex);
    busy = all->works > 0 || all->active.count > 0;
    pthread_mutex_unlock(&all->mutex);
    return busy;
}

void subscriptions_begin_work(struct subscriptions *all)
{
    pthread_mutex_lock(&all->mutex);
    all->works++;
    pthread_mutex_unlock(&all->mutex);
}

void subscriptions_end_work(struct subscriptions *all)
{
    pthread_mutex_lock(&all->mutex);
    all->works--;
    pthread_mutex_unlock(&all->mutex);
}

/* ---- one of them ---- */

struct subscription *subscription_active(struct subscriptions *all, struct bytes name)
{
    return map_get(&all->active, name);
}

struct subscription *subscription_activate(struct subscriptions *all, struct bytes name)
{
    struct subscription *subscription = map_get(&all->active, name);

    if (subscription != NULL)
        return subscription;
    subscription = mem_new(sizeof *subscription);
    subscription->all = all;
    subscription->arena = arena_new();
    subscription->name = arena_copy(subscription->arena, name);
    list_init(&subscription->ready);
    list_init(&subscription->members);
    list_init(&subscription->answers);
    map_put(&all->active, name, subscription);
    return subscription;
}

void subscription_settle(struct subscription *subscription)
{
    if (subscription->member_count > 0 || subscription->changing ||
        !list_empty(&subscription->answers))
        return;
    window_free(subscription);
    map_remove(&subscription->all->active, subscription->name);
    arena_free(subscription->arena);
    mem_free(subscription);
}

uint64_t subscription_position(const struct subscription *subscription)
{
    return subscription->window_count > 0 ? window_at(subscription, 0)->position - 1
                                          : subscription->read_to;
}

void subscription_wake(struct subscription *subscription)
{
    LIST_EACH (&subscription->members, it) {
        struct subscription_member *member =
            LIST_ITEM(it, struct subscription_member, in_subscription);

        if (!member->hungry)
            continue;
        member->hungry = false;
        member->wake(member->context);
    }
}

void subscriptions_committed(struct subscriptions *all)
{
    struct bytes name;
    void *subscription = NULL;

    pthread_mutex_lock(&all->mutex);
    for (size_t i = 0; map_next(&all->active, &i, &name, &subscription);)
        subscription_wake(subscription);
    pthread_mutex_unlock(&all->mutex);
}

/* ---- loading ---- */

static enum status load_record(struct subscription *subscription)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = OK;

    subscription_key(&key, KEY_RECORD, subscription->name, 0);
    status = store_get(subscription->all->store, NULL, STORE_CURSORS, buffer_bytes(&key), &value);
    if (status != OK)
        return status;
    return subscription_record_read(arena_copy(subscription->arena, value.bytes),
                                    &subscription->record);
}

/* What fails is in the window, or came back: both are bounded. */
static enum status load_failures(struct subscription *subscription)
{
    struct bytes *values = NULL;
    bool more = false;
    enum status status =
        subscription_keys_load(subscription->all->store, KEY_FAILURES, subscription->name, 0,
                               SIZE_MAX, subscription->arena, &subscription->failure_positions,
                               &values, &subscription->failure_count, &more);

    if (status != OK)
        return status;
    subscription->failure_counts =
        ARENA_NEW_ARRAY(subscription->arena, subscription->failure_count, uint32_t);
    for (size_t i = 0; i < subscription->failure_count; i++) {
        if (values[i].size != 4)
            return CORRUPT;
        subscription->failure_counts[i] = bytes_get_u32(values[i].ptr);
    }
    return OK;
}

enum status subscription_load(struct subscription *subscription)
{
    struct subscriptions *all = subscription->all;
    bool more = false;
    enum status status = load_record(subscription);

    if (status == OK)
        status = subscription_position_load(all->store, subscription->name, &subscription->read_to);
    if (status == OK)
        status = subscription_keys_load(all->store, KEY_DONE, subscription->name, 0, SIZE_MAX,
                                        subscription->arena, &subscription->done_positions, NULL,
                                        &subscription->done_count, &more);
    if (status == OK)
        status = load_failures(subscription);
    if (status == OK)
        status = window_load_returned(subscription);
    subscription->position_written = subscription->read_to;
    subscription->loaded = status == OK;
    return status;
}
