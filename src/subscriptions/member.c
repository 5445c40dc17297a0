/* subscriptions/member.c - members: they come, take events, and go. */
#include "subscriptions/internal.h"

/* ---- coming: the name is looked at, or made, on the writer ---- */

static bool takes_the_same(const struct subscription_record *record,
                           const struct subscription_use *use)
{
    return record->group == use->group && bytes_equal(record->table_name, use->table_name) &&
           bytes_equal(record->filter.log, use->filter.log) &&
           bytes_equal(record->filter.type, use->filter.type) &&
           bytes_equal(record->filter.id, use->filter.id);
}

static struct bytes what_it_takes(struct arena *arena, const struct subscription_record *record)
{
    const struct order_filter *filter = &record->filter;
    struct bytes log = filter->log.size > 0
                           ? arena_printf(arena, "log %.*s", BYTES_ARG(filter->log))
                           : BYTES("every log");
    struct bytes id =
        filter->id.size > 0 ? arena_printf(arena, ", id %.*s", BYTES_ARG(filter->id)) : BYTES("");
    struct bytes type = filter->type.size > 0
                            ? arena_printf(arena, ", type %.*s", BYTES_ARG(filter->type))
                            : BYTES("");

    return arena_printf(arena, "%.*s%.*s%.*s of table %.*s", BYTES_ARG(log), BYTES_ARG(id),
                        BYTES_ARG(type), BYTES_ARG(record->table_name));
}

static enum status refuse_other(struct subscription_join *join,
                                const struct subscription_record *record)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes what = what_it_takes(arena, record);

    return api_refuse(&join->error, API_RESOURCE_ALREADY_EXISTS,
                      "The name \"%.*s\" is a %s of %.*s since its first use. Ask for the same, "
                      "take another name, or delete it.",
                      BYTES_ARG(join->use.name), record->group ? "group" : "subscription",
                      BYTES_ARG(what));
}

static void put_record(struct store_batch *batch, const struct subscription_join *join,
                       const struct subscription_record *record)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(SUBSCRIPTION_RECORD_SIZE_MAX);

    subscription_key(&key, KEY_RECORD, join->use.name, 0);
    subscription_record_print(&value, record);
    store_batch_put(batch, STORE_CURSORS, buffer_bytes(&key), buffer_bytes(&value));
}

static bool is_room(const struct subscription_join *join)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes from, to, key, value;
    size_t count = 0;

    subscription_key_bounds(arena, KEY_RECORD, BYTES(""), 0, &from, &to);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(join->subscriptions->store, NULL, STORE_CURSORS, from, to, false);

    while (store_iter_next(iter, &key, &value))
        count++;
    return count < SUBSCRIPTIONS_MAX;
}

static enum status make(struct store_batch *batch, struct subscription_join *join)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct subscription_record record = {.group = join->use.group,
                                         .table_id = join->use.table_id,
                                         .table_name = join->use.table_name,
                                         .filter = join->use.filter,
                                         .made_ms = clock_now_ms(join->subscriptions->clock)};
    uint8_t position[8];

    if (!is_room(join))
        return api_refuse(&join->error, API_LIMIT_EXCEEDED,
                          "There are %d subscriptions already: delete one.", SUBSCRIPTIONS_MAX);
    put_record(batch, join, &record);
    bytes_put_u64(position, join->use.after);
    subscription_key(&key, KEY_POSITION, join->use.name, 0);
    store_batch_put(batch, STORE_CURSORS, buffer_bytes(&key), bytes_of(position, sizeof position));
    join->is_new = true;
    return OK;
}

static void join_run(struct store_batch *batch, struct store_work *work)
{
    struct subscription_join *join = CONTAINER_OF(work, struct subscription_join, work);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct subscription_record record = {0};
    struct bytes value = {NULL, 0};

    subscription_key(&key, KEY_RECORD, join->use.name, 0);
    join->found = store_batch_get(batch, STORE_CURSORS, buffer_bytes(&key), &value);
    if (join->found == NOT_FOUND) {
        join->found = make(batch, join);
        return;
    }
    if (join->found == OK)
        join->found = subscription_record_read(value, &record);
    if (join->found != OK)
        return;
    if (!takes_the_same(&record, &join->use)) {
        join->found = refuse_other(join, &record);
    } else if (record.table_id != join->use.table_id) {
        /* The table was made anew under its name: its events have later positions. */
        record.table_id = join->use.table_id;
        put_record(batch, join, &record);
    }
}

static struct subscription_member *member_new(struct subscription *subscription,
                                              const struct subscription_join *join)
{
    struct subscription_member *member = mem_new(sizeof *member);

    member->subscription = subscription;
    member->out_max = join->out_max;
    member->tries_max = join->tries_max;
    member->wake = join->wake;
    member->context = join->context;
    list_init(&member->out);
    list_append(&subscription->members, &member->in_subscription);
    subscription->member_count++;
    return member;
}

static enum status enter(struct subscription_join *join, struct subscription *subscription)
{
    enum status status = OK;

    if (subscription->changing)
        return api_refuse(&join->error, API_RESOURCE_IN_USE,
                          "The subscription \"%.*s\" is being changed: try again.",
                          BYTES_ARG(join->use.name));
    if (!subscription->loaded)
        status = subscription_load(subscription);
    if (status == NOT_FOUND) /* deleted since it was looked at */
        return api_refuse(&join->error, API_RESOURCE_IN_USE,
                          "The subscription \"%.*s\" was deleted just now: try again.",
                          BYTES_ARG(join->use.name));
    if (status != OK)
        return status;
    if (!subscription->record.group && subscription->member_count > 0)
        return api_refuse(&join->error, API_RESOURCE_IN_USE,
                          "Somebody else reads as \"%.*s\", and it is no group: it has one reader "
                          "at a time.",
                          BYTES_ARG(join->use.name));
    if (subscription->member_count >= SUBSCRIPTION_MEMBERS_MAX)
        return api_refuse(&join->error, API_LIMIT_EXCEEDED, "The group \"%.*s\" has %d members.",
                          BYTES_ARG(join->use.name), SUBSCRIPTION_MEMBERS_MAX);
    join->member = member_new(subscription, join);
    join->position = subscription_position(subscription);
    return OK;
}

static void join_done(struct store_work *work, enum status status)
{
    struct subscription_join *join = CONTAINER_OF(work, struct subscription_join, work);
    struct subscriptions *all = join->subscriptions;
    struct subscription *subscription = NULL;

    if (status == OK)
        status = join->found;
    if (status == OK) {
        pthread_mutex_lock(&all->mutex);
        subscription = subscription_activate(all, join->use.name);
        status = enter(join, subscription);
        subscription_settle(subscription);
        pthread_mutex_unlock(&all->mutex);
    }
    subscriptions_end_work(all);
    join->done(join, status);
}

static enum status check_join(struct subscription_join *join)
{
    struct bytes name = join->use.name;

    if (name.size > SUBSCRIPTION_NAME_SIZE_MAX || !bytes_are_of(name, "-_."))
        return api_invalid(&join->error,
                           "The name of a subscription has 1 to %zu letters, digits and \"-_.\".",
                           SUBSCRIPTION_NAME_SIZE_MAX);
    if (join->use.filter.id.size > 0 && join->use.filter.log.size == 0)
        return api_invalid(&join->error, "An id is looked for in a log: name that too.");
    if (join->use.filter.log.size + join->use.filter.id.size > KEY_HASH_SIZE_MAX ||
        join->use.filter.type.size > ORDER_TYPE_SIZE_MAX)
        return api_invalid(&join->error, "No log, id or type is that long.");
    if (join->out_max < 1 || join->out_max > SUBSCRIPTION_OUT_MAX)
        return api_invalid(&join->error, "A member has 1 to %d events at a time.",
                           SUBSCRIPTION_OUT_MAX);
    if (join->tries_max < 1 || join->tries_max > SUBSCRIPTION_TRIES_MAX)
        return api_invalid(&join->error, "An event is tried 1 to %d times.",
                           SUBSCRIPTION_TRIES_MAX);
    return OK;
}

void subscription_join(struct subscriptions *all, struct store_port *port,
                       struct subscription_join *join)
{
    enum status status = OK;

    join->subscriptions = all;
    join->member = NULL;
    join->is_new = false;
    join->error.extra = (struct bytes){NULL, 0};
    status = check_join(join);
    if (status != OK) {
        join->done(join, status);
        return;
    }
    join->work.run = join_run;
    join->work.done = join_done;
    subscriptions_begin_work(all);
    store_submit(all->store, port, &join->work);
}

/* ---- going ---- */

void subscription_leave(struct subscription_member *member)
{
    struct subscription *subscription = member->subscription;
    struct subscriptions *all = subscription->all;

    pthread_mutex_lock(&all->mutex);
    /* From the last one on: each goes before all others. */
    while (!list_empty(&member->out)) {
        struct subscription_entry *entry =
            LIST_ITEM(member->out.previous, struct subscription_entry, in_member);

        window_take(entry);
        window_wait(subscription, entry);
    }
    LIST_EACH (&subscription->answers, it) {
        struct subscription_answer *answer =
            LIST_ITEM(it, struct subscription_answer, in_subscription);

        if (answer->member == member)
            answer->member = NULL;
    }
    list_remove(&member->in_subscription);
    subscription->member_count--;
    mem_free(member);
    subscription_wake(subscription);
    subscription_settle(subscription);
    pthread_mutex_unlock(&all->mutex);
}

/* ---- taking an event ---- */

/* NOT_FOUND: it was deleted, or is another one by now. */
static enum status read_event(const struct subscription *subscription,
                              const struct subscription_entry *entry, struct arena *arena,
                              struct subscription_event *ret)
{
    struct order_event event = {.log = entry->log, .id = entry->id, .version = entry->version};
    struct order_entry found;
    enum status status = order_get(subscription->all->store, NULL, subscription->record.table_id,
                                   &event, entry->position, arena, &found);

    if (status != OK)
        return status;
    *ret = (struct subscription_event){.position = entry->position,
                                       .event = found.event,
                                       .item = found.item,
                                       .try_number = entry->failures + 1,
                                       .returned = entry->returned};
    return OK;
}

static void leave_out(struct subscription *subscription, struct subscription_entry *entry)
{
    if (entry->failures > 0)
        subscription_throw(subscription, KEY_FAILURES, entry->position);
    if (entry->returned)
        subscription_throw(subscription, KEY_RETURNED, entry->position);
    window_done(subscription, entry);
}

static enum status take_event(struct subscription_member *member, struct arena *arena,
                              struct subscription_event *ret)
{
    struct subscription *subscription = member->subscription;

    for (;;) {
        struct subscription_entry *entry = NULL;
        enum status status = OK;

        if (subscription->returned_more && subscription->returned_count == 0)
            status = window_load_returned(subscription);
        if (status == OK)
            status = window_fill(subscription);
        if (status != OK)
            return status;
        entry = window_ready(subscription);
        if (entry == NULL)
            return NOT_FOUND;
        status = read_event(subscription, entry, arena, ret);
        if (status == OK)
            window_give(entry, member);
        if (status != NOT_FOUND)
            return status;
        leave_out(subscription, entry);
    }
}

enum status subscription_next(struct subscription_member *member, struct arena *arena,
                              struct subscription_event *ret, bool *ret_at_end)
{
    struct subscription *subscription = member->subscription;
    struct subscriptions *all = subscription->all;
    enum status status = CONFLICT;

    *ret_at_end = false;
    pthread_mutex_lock(&all->mutex);
    if (member->out_count < member->out_max)
        status = take_event(member, arena, ret);
    if (status == NOT_FOUND) {
        member->hungry = true;
        *ret_at_end = window_is_empty(subscription) && subscription->at_end;
    }
    pthread_mutex_unlock(&all->mutex);
    return status;
}
