/* subscriptions/list.c - what there is: subscriptions, how far they are, what is parked. */
#include "subscriptions/internal.h"

/* ---- how far ---- */

/* Of one moment. */
struct state {
    uint64_t position;
    uint64_t looked_to;       /* events up to it were counted in `open` */
    size_t open;              /* neither done nor parked */
    uint64_t *done_positions; /* behind looked_to */
    size_t done_count;
    size_t members, out;
};

static enum status count_returned(struct subscriptions *all, struct bytes name, struct arena *arena,
                                  struct state *state)
{
    uint64_t *positions = NULL;
    size_t count = 0;
    bool more = false;
    enum status status =
        subscription_keys_load(all->store, KEY_RETURNED, name, 0, SUBSCRIPTION_BEHIND_MAX, arena,
                               &positions, NULL, &count, &more);

    state->open += count;
    return status;
}

static enum status stored_state(struct subscriptions *all, struct bytes name, struct arena *arena,
                                struct state *ret)
{
    bool more = false;
    enum status status = subscription_position_load(all->store, name, &ret->position);

    ret->looked_to = ret->position;
    if (status != OK)
        return status;
    return subscription_keys_load(all->store, KEY_DONE, name, ret->position + 1,
                                  SUBSCRIPTION_WINDOW_MAX, arena, &ret->done_positions, NULL,
                                  &ret->done_count, &more);
}

static void memory_state(const struct subscription *subscription, struct arena *arena,
                         struct state *ret)
{
    ret->position = subscription_position(subscription);
    ret->looked_to = subscription->read_to;
    ret->members = subscription->member_count;
    for (size_t i = 0; i < subscription->window_count; i++)
        if (window_at(subscription, i)->state != ENTRY_DONE)
            ret->open++;
    LIST_EACH (&subscription->members, it)
        ret->out += LIST_ITEM(it, struct subscription_member, in_subscription)->out_count;
    ret->done_positions = ARENA_NEW_ARRAY(arena, subscription->done_count, uint64_t);
    for (size_t i = subscription->done_at; i < subscription->done_count; i++)
        ret->done_positions[ret->done_count++] = subscription->done_positions[i];
}

static enum status load_state(struct subscriptions *all, struct bytes name, struct arena *arena,
                              struct state *ret)
{
    const struct subscription *subscription = NULL;
    enum status status = OK;

    *ret = (struct state){0};
    pthread_mutex_lock(&all->mutex);
    subscription = subscription_active(all, name);
    if (subscription != NULL && subscription->loaded)
        memory_state(subscription, arena, ret);
    else
        status = stored_state(all, name, arena, ret);
    if (status == OK)
        status = count_returned(all, name, arena, ret);
    pthread_mutex_unlock(&all->mutex);
    return status;
}

/* Adds what was not looked at yet. */
static enum status count_behind(struct store *store, const struct subscription_record *record,
                                const struct state *state, size_t *ret)
{
    struct order_read read = {.table_id = record->table_id,
                              .filter = record->filter,
                              .after = state->looked_to,
                              .bare = true};
    struct order_page page = {0};
    size_t done_at = 0;

    *ret = state->open;
    do {
        AUTO(arena_release) struct arena *arena = arena_new();
        enum status status = order_read(store, NULL, &read, arena, &page);

        if (status != OK)
            return status;
        for (size_t i = 0; i < page.count; i++) {
            while (done_at < state->done_count &&
                   state->done_positions[done_at] < page.list[i].position)
                done_at++;
            if (done_at == state->done_count ||
                state->done_positions[done_at] != page.list[i].position)
                ++*ret;
        }
        read.after = page.next;
    } while (!page.at_end && !page.filling && *ret < SUBSCRIPTION_BEHIND_MAX);
    *ret = size_min(*ret, SUBSCRIPTION_BEHIND_MAX);
    return OK;
}

static enum status make_view(struct subscriptions *all, struct bytes name,
                             const struct subscription_record *record, struct arena *arena,
                             struct subscription_view *ret)
{
    struct state state;
    uint64_t *positions = NULL;
    bool more = false;
    enum status status = load_state(all, name, arena, &state);

    *ret = (struct subscription_view){.name = name,
                                      .group = record->group,
                                      .table_name = record->table_name,
                                      .filter = record->filter,
                                      .made_ms = record->made_ms,
                                      .position = state.position,
                                      .members = state.members,
                                      .out = state.out};
    if (status == OK)
        status = count_behind(all->store, record, &state, &ret->behind);
    if (status == OK)
        status = order_last(all->store, NULL, record->table_id, &record->filter, &ret->last);
    if (status == OK)
        status = subscription_keys_load(all->store, KEY_PARKED, name, 0, SUBSCRIPTION_BEHIND_MAX,
                                        arena, &positions, NULL, &ret->parked, &more);
    return status;
}

/* ---- all of them ---- */

enum status subscriptions_list(struct subscriptions *all, struct bytes name, struct arena *arena,
                               struct subscription_view **ret, size_t *ret_count)
{
    struct bytes from, to, key, value;
    struct subscription_view *list = NULL;
    size_t count = 0, capacity = 0;

    subscription_key_bounds(arena, KEY_RECORD, BYTES(""), 0, &from, &to);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(all->store, NULL, STORE_CURSORS, from, to, false);

    while (store_iter_next(iter, &key, &value)) {
        struct subscription_record record;
        struct bytes found = subscription_key_name(key);
        enum status status = OK;

        if (name.size > 0 && !bytes_equal(found, name))
            continue;
        status = subscription_record_read(arena_copy(arena, value), &record);
        list = arena_grow(arena, list, count, count + 1, &capacity, sizeof *list);
        if (status == OK)
            status = make_view(all, arena_copy(arena, found), &record, arena, &list[count]);
        if (status != OK)
            return status;
        count++;
    }
    *ret = list;
    *ret_count = count;
    return store_iter_status(iter);
}

/* ---- parked events ---- */

static enum status look_for(struct subscriptions *all, struct bytes name)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};

    if (name.size == 0 || name.size > SUBSCRIPTION_NAME_SIZE_MAX)
        return NOT_FOUND;
    subscription_key(&key, KEY_RECORD, name, 0);
    return store_get(all->store, NULL, STORE_CURSORS, buffer_bytes(&key), &value);
}

enum status subscriptions_parked(struct subscriptions *all, struct bytes name, uint64_t after,
                                 size_t limit, struct arena *arena,
                                 struct subscription_parked **ret, size_t *ret_count,
                                 bool *ret_more)
{
    struct subscription_parked *list = NULL;
    struct bytes *values = NULL;
    uint64_t *positions = NULL;
    size_t count = 0;
    enum status status = look_for(all, name);

    *ret_count = 0;
    *ret_more = false;
    if (status != OK || after == UINT64_MAX)
        return status;
    status = subscription_keys_load(all->store, KEY_PARKED, name, after + 1, limit, arena,
                                    &positions, &values, &count, ret_more);
    list = ARENA_NEW_ARRAY(arena, count, struct subscription_parked);
    for (size_t i = 0; status == OK && i < count; i++) {
        status = subscription_parked_read(values[i], &list[i]);
        list[i].position = positions[i];
    }
    *ret = list;
    *ret_count = count;
    return status;
}
