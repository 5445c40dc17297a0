/* subscriptions/change.c - parked events come back; a subscription is reset or deleted.
 *
 * A reset and a deletion need a subscription that nobody uses: it is held in memory meanwhile, so
 * that nobody joins. Unparking goes beside everything else: an event that is parked is nobody's. */
#include "subscriptions/internal.h"

#define VALUE_SIZE_MAX ((size_t)16 * 1024)

static enum status refuse_unknown(struct subscription_change *change)
{
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND, "There is no subscription \"%.*s\".",
                      BYTES_ARG(change->name));
}

static bool is_unpark(const struct subscription_change *change)
{
    return change->kind == SUBSCRIPTION_UNPARK || change->kind == SUBSCRIPTION_UNPARK_ALL;
}

/* ---- on the writer ---- */

/* *ret false: another one has brought it back meanwhile. */
static enum status unpark_one(struct store_batch *batch, const struct subscription_change *change,
                              const struct subscription_parked *parked, bool *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer copy = BUFFER_INIT(VALUE_SIZE_MAX);
    struct bytes value = {NULL, 0};
    enum status status = OK;

    subscription_key(&key, KEY_PARKED, change->name, parked->position);
    status = store_batch_get(batch, STORE_CURSORS, buffer_bytes(&key), &value);
    *ret = status == OK;
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    buffer_append(&copy, value);
    store_batch_delete(batch, STORE_CURSORS, buffer_bytes(&key));
    subscription_key(&key, KEY_RETURNED, change->name, parked->position);
    store_batch_put(batch, STORE_CURSORS, buffer_bytes(&key), buffer_bytes(&copy));
    return OK;
}

static enum status unpark(struct store_batch *batch, struct subscription_change *change)
{
    size_t kept = 0;

    for (size_t i = 0; i < change->count; i++) {
        bool is_there = false;
        enum status status = unpark_one(batch, change, &change->parked[i], &is_there);

        if (status != OK)
            return status;
        if (is_there)
            change->parked[kept++] = change->parked[i];
    }
    change->count = kept;
    return OK;
}

static void delete_range(struct store_batch *batch, const struct subscription_change *change,
                         enum subscription_key_kind kind, uint64_t from_position)
{
    struct bytes from, to;

    subscription_key_bounds(change->arena, kind, change->name, from_position, &from, &to);
    store_batch_delete_range(batch, STORE_CURSORS, from, to);
}

static void delete_key(struct store_batch *batch, const struct subscription_change *change,
                       enum subscription_key_kind kind)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);

    subscription_key(&key, kind, change->name, 0);
    store_batch_delete(batch, STORE_CURSORS, buffer_bytes(&key));
}

static enum status remove_all(struct store_batch *batch, struct subscription_change *change)
{
    delete_key(batch, change, KEY_RECORD);
    delete_key(batch, change, KEY_POSITION);
    for (enum subscription_key_kind kind = KEY_DONE; kind <= KEY_RETURNED; kind++)
        delete_range(batch, change, kind, 0);
    return OK;
}

/* What is parked or came back behind the new position comes by itself. */
static enum status reset(struct store_batch *batch, struct subscription_change *change)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    uint8_t raw[8];

    bytes_put_u64(raw, change->position);
    subscription_key(&key, KEY_POSITION, change->name, 0);
    store_batch_put(batch, STORE_CURSORS, buffer_bytes(&key), bytes_of(raw, sizeof raw));
    delete_range(batch, change, KEY_DONE, 0);
    delete_range(batch, change, KEY_FAILURES, 0);
    delete_range(batch, change, KEY_PARKED, change->position + 1);
    delete_range(batch, change, KEY_RETURNED, change->position + 1);
    return OK;
}

static void change_run(struct store_batch *batch, struct store_work *work)
{
    struct subscription_change *change = CONTAINER_OF(work, struct subscription_change, work);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct bytes value;

    subscription_key(&key, KEY_RECORD, change->name, 0);
    change->found = store_batch_get(batch, STORE_CURSORS, buffer_bytes(&key), &value);
    if (change->found == NOT_FOUND)
        change->found = refuse_unknown(change);
    if (change->found != OK)
        return;
    switch (change->kind) {
    case SUBSCRIPTION_UNPARK:
    case SUBSCRIPTION_UNPARK_ALL:
        change->found = unpark(batch, change);
        break;
    case SUBSCRIPTION_RESET:
        change->found = reset(batch, change);
        break;
    case SUBSCRIPTION_DELETE:
        change->found = remove_all(batch, change);
        break;
    }
}

/* ---- and then ---- */

static enum status refuse_not_parked(struct subscription_change *change)
{
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND,
                      "No event at position %llu is parked in \"%.*s\".",
                      (unsigned long long)change->position, BYTES_ARG(change->name));
}

static void bring_back(struct subscription_change *change, struct subscription *subscription)
{
    if (subscription == NULL || !subscription->loaded)
        return;
    for (size_t i = 0; i < change->count; i++)
        window_return(subscription, &change->parked[i]);
    subscription_wake(subscription);
}

static void change_done(struct store_work *work, enum status status)
{
    struct subscription_change *change = CONTAINER_OF(work, struct subscription_change, work);
    struct subscriptions *all = change->subscriptions;
    struct subscription *subscription = NULL;

    if (status == OK)
        status = change->found;
    if (status == OK && change->kind == SUBSCRIPTION_UNPARK && change->count == 0)
        status = refuse_not_parked(change);
    pthread_mutex_lock(&all->mutex);
    subscription = subscription_active(all, change->name);
    if (is_unpark(change)) {
        if (status == OK)
            bring_back(change, subscription);
    } else {
        subscription->changing = false;
        subscription_settle(subscription);
    }
    pthread_mutex_unlock(&all->mutex);
    subscriptions_end_work(all);
    arena_free(change->arena);
    change->done(change, status);
}

/* ---- before ---- */

static enum status find_parked(struct subscription_change *change)
{
    bool one = change->kind == SUBSCRIPTION_UNPARK, more = false;
    enum status status = OK;

    if (one && change->position == 0)
        return refuse_not_parked(change);
    status = subscriptions_parked(change->subscriptions, change->name,
                                  one ? change->position - 1 : 0, one ? 1 : SUBSCRIPTION_UNPARK_MAX,
                                  change->arena, &change->parked, &change->count, &more);
    if (status == NOT_FOUND)
        return refuse_unknown(change);
    change->more = !one && more;
    if (status == OK && one &&
        (change->count == 0 || change->parked[0].position != change->position))
        return refuse_not_parked(change);
    return status;
}

static enum status hold(struct subscription_change *change)
{
    struct subscriptions *all = change->subscriptions;
    struct subscription *subscription = subscription_active(all, change->name);

    if (subscription != NULL)
        return api_refuse(&change->error, API_RESOURCE_IN_USE,
                          "The subscription \"%.*s\" is in use: end its readers first.",
                          BYTES_ARG(change->name));
    subscription_activate(all, change->name)->changing = true;
    return OK;
}

static enum status prepare(struct subscription_change *change)
{
    enum status status = OK;

    if (change->name.size == 0 || change->name.size > SUBSCRIPTION_NAME_SIZE_MAX)
        return refuse_unknown(change);
    if (is_unpark(change))
        return find_parked(change);
    pthread_mutex_lock(&change->subscriptions->mutex);
    status = hold(change);
    pthread_mutex_unlock(&change->subscriptions->mutex);
    return status;
}

void subscription_change(struct subscriptions *all, struct store_port *port,
                         struct subscription_change *change)
{
    enum status status = OK;

    change->subscriptions = all;
    change->arena = arena_new();
    change->count = 0;
    change->more = false;
    change->error.extra = (struct bytes){NULL, 0};
    change->work.run = change_run;
    change->work.done = change_done;
    status = prepare(change);
    if (status == OK) {
        subscriptions_begin_work(all);
        store_submit(all->store, port, &change->work);
        return;
    }
    arena_free(change->arena);
    change->done(change, status);
}
