/* subscriptions/answer.c - an event is done, failed, or parked: what is written, and what follows
 * from it.
 *
 * The position that is written only covers what is durably done by then, and the event itself when
 * it is the first of the window; so it does not matter which of the answers under way fails. An
 * event behind one that is not done gets a key of its own, which goes once the position has
 * passed it. */
#include "subscriptions/internal.h"

#define VALUE_SIZE_MAX ((size_t)16 * 1024)

struct subscription_write {
    struct subscription_write *next;
    struct bytes key, value;
    bool deletes;
};

/* ---- what is to be written ---- */

static void add(struct subscription_answer *answer, enum subscription_key_kind kind,
                uint64_t position, const struct bytes *value)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct subscription_write *write = ARENA_NEW(answer->arena, struct subscription_write);

    subscription_key(&key, kind, answer->subscription->name, position);
    write->key = arena_copy(answer->arena, buffer_bytes(&key));
    write->deletes = value == NULL;
    if (value != NULL)
        write->value = arena_copy(answer->arena, *value);
    write->next = answer->writes;
    answer->writes = write;
}

static void add_position(struct subscription_answer *answer, uint64_t position)
{
    uint8_t raw[8] = {0};
    struct bytes value = bytes_of(raw, sizeof raw);

    if (position <= answer->subscription->position_written)
        return;
    bytes_put_u64(raw, position);
    add(answer, KEY_POSITION, 0, &value);
    answer->position_written = answer->subscription->position_written = position;
}

/* Where the position will be once the window's first event is done. */
static uint64_t position_behind_first(const struct subscription *subscription)
{
    for (size_t i = 1; i < subscription->window_count; i++)
        if (window_at(subscription, i)->state != ENTRY_DONE)
            return window_at(subscription, i)->position - 1;
    return subscription->read_to;
}

static void add_end(struct subscription_answer *answer)
{
    struct subscription *subscription = answer->subscription;
    struct subscription_entry *entry = answer->entry;
    struct bytes nothing = {NULL, 0};

    if (entry->failures > 0)
        add(answer, KEY_FAILURES, entry->position, NULL);
    if (entry->returned) {
        add(answer, KEY_RETURNED, entry->position, NULL);
    } else if (entry == window_at(subscription, 0)) {
        add_position(answer, position_behind_first(subscription));
    } else {
        add(answer, KEY_DONE, entry->position, &nothing);
        entry->has_done_key = true;
    }
}

static void add_parked(struct subscription_answer *answer)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(VALUE_SIZE_MAX);
    const struct subscription_entry *entry = answer->entry;
    struct subscription_parked parked = {
        .log = entry->log,
        .id = entry->id,
        .type = entry->type,
        .version = entry->version,
        .tries = entry->failures + 1,
        .time_ms = clock_now_ms(answer->subscription->all->clock),
        .reason = answer->reason,
    };
    struct bytes printed;

    subscription_parked_print(&value, &parked);
    printed = buffer_bytes(&value);
    assert(!buffer_failed(&value));
    add(answer, KEY_PARKED, entry->position, &printed);
}

static void add_failure(struct subscription_answer *answer)
{
    uint8_t raw[4] = {0};
    struct bytes value = bytes_of(raw, sizeof raw);

    bytes_put_u32(raw, answer->entry->failures + 1);
    add(answer, KEY_FAILURES, answer->entry->position, &value);
}

/* Whatever the answer is: keys of what is done only go together with a position that has passed
 * them, and it may have moved by what others answered, or by a deletion. */
static void add_garbage(struct subscription_answer *answer)
{
    struct subscription *subscription = answer->subscription;

    add_position(answer, subscription_position(subscription));
    answer->garbage = subscription->garbage;
    answer->garbage_count = subscription->garbage_count;
    subscription->garbage = NULL;
    subscription->garbage_count = subscription->garbage_capacity = 0;
    for (size_t i = 0; i < answer->garbage_count; i++)
        add(answer, answer->garbage[i].kind, answer->garbage[i].position, NULL);
}

static void answer_run(struct store_batch *batch, struct store_work *work)
{
    const struct subscription_answer *answer = CONTAINER_OF(work, struct subscription_answer, work);

    for (const struct subscription_write *write = answer->writes; write != NULL;
         write = write->next)
        if (write->deletes)
            store_batch_delete(batch, STORE_CURSORS, write->key);
        else
            store_batch_put(batch, STORE_CURSORS, write->key, write->value);
}

/* ---- and then ---- */

static void apply(struct subscription_answer *answer)
{
    struct subscription *subscription = answer->subscription;
    struct subscription_entry *entry = answer->entry;

    if (answer->failed && !answer->parked) {
        entry->failures++;
        window_wait(subscription, entry);
    } else {
        window_done(subscription, entry);
    }
}

/* The greatest position of those that may yet be written: a smaller one must not follow it. */
static uint64_t position_under_way(const struct subscription *subscription)
{
    uint64_t position = 0;

    LIST_EACH (&subscription->answers, it) {
        const struct subscription_answer *answer =
            LIST_ITEM(it, struct subscription_answer, in_subscription);

        if (answer->position_written > position)
            position = answer->position_written;
    }
    return position;
}

/* As before: the member has it, or nobody. */
static void undo(struct subscription_answer *answer)
{
    struct subscription *subscription = answer->subscription;
    struct subscription_entry *entry = answer->entry;

    subscription->position_written = position_under_way(subscription);
    entry->has_done_key = false;
    for (size_t i = 0; i < answer->garbage_count; i++)
        subscription_throw(subscription, answer->garbage[i].kind, answer->garbage[i].position);
    if (answer->member == NULL) {
        window_wait(subscription, entry);
        return;
    }
    entry->state = ENTRY_WAITING; /* where it was: the first of its lane */
    window_give(entry, answer->member);
}

static void answer_done(struct store_work *work, enum status status)
{
    struct subscription_answer *answer = CONTAINER_OF(work, struct subscription_answer, work);
    struct subscription *subscription = answer->subscription;
    struct subscriptions *all = subscription->all;

    pthread_mutex_lock(&all->mutex);
    list_remove(&answer->in_subscription);
    if (status == OK)
        apply(answer);
    else
        undo(answer);
    subscription_wake(subscription);
    subscription_settle(subscription);
    pthread_mutex_unlock(&all->mutex);
    arena_free(answer->arena);
    mem_free(answer->garbage);
    answer->done(answer, status);
}

static struct subscription_entry *find_out(const struct subscription_member *member,
                                           uint64_t position)
{
    LIST_EACH (&member->out, it) {
        struct subscription_entry *entry = LIST_ITEM(it, struct subscription_entry, in_member);

        if (entry->position == position)
            return entry;
    }
    return NULL;
}

static void cut_reason(struct bytes *reason)
{
    if (!bytes_are_utf8(*reason))
        *reason = BYTES("(a reason that is no text)");
    if (reason->size <= SUBSCRIPTION_REASON_SIZE_MAX)
        return;
    reason->size = SUBSCRIPTION_REASON_SIZE_MAX;
    while (reason->size > 0 && (reason->ptr[reason->size] & 0xC0) == 0x80)
        reason->size--;
}

static void prepare(struct subscription_answer *answer, struct subscription_entry *entry)
{
    struct subscription_member *member = answer->member;

    answer->entry = entry;
    answer->arena = arena_new();
    window_take(entry);
    entry->state = ENTRY_WRITING;
    answer->parked = answer->failed && entry->failures + 1 >= member->tries_max;
    answer->next_number = answer->failed && !answer->parked ? entry->failures + 2 : 0;
    if (answer->failed && !answer->parked) {
        add_failure(answer);
    } else {
        if (answer->parked)
            add_parked(answer);
        add_end(answer);
    }
    add_garbage(answer);
    list_append(&answer->subscription->answers, &answer->in_subscription);
}

void subscription_answer(struct subscription_member *member, struct store_port *port,
                         struct subscription_answer *answer)
{
    struct subscriptions *all = member->subscription->all;
    struct subscription_entry *entry = NULL;

    answer->member = member;
    answer->subscription = member->subscription;
    answer->writes = NULL;
    answer->parked = false;
    answer->position_written = 0;
    answer->work.run = answer_run;
    answer->work.done = answer_done;
    cut_reason(&answer->reason);
    pthread_mutex_lock(&all->mutex);
    entry = find_out(member, answer->position);
    if (entry != NULL) {
        prepare(answer, entry);
        /* Under the mutex: positions are written in the order in which they were found. */
        store_submit(all->store, port, &answer->work);
    }
    pthread_mutex_unlock(&all->mutex);
    if (entry == NULL)
        answer->done(answer, NOT_FOUND);
}
