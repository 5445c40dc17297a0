/* queues/run.c - one run() on the store's writer, about one queue: the states of its messages, and
 * what follows from them.
 *
 *            insert                    time                 receive
 *   (none) --------> DELAYED ----------------------> READY <-------> IN_FLIGHT --+
 *      |                                               ^     time     |   ^      | visibility
 *      +-----------------------------------------------+              |   +------+
 *                                                                     v
 *   from each of them: removed (deleted, expired, moved, purged)
 *
 * What always holds:
 *   1. A message has a record (m) and a state (s); DELAYED ones an entry in d, IN_FLIGHT ones in f,
 *      at their time; READY ones of a standard queue an entry in r.
 *   2. FIFO: the messages of a group are linked in the order of their arrival; r has an entry of a
 *      group's first message if and only if that one is READY.
 *   3. The counts are the numbers of records, and of entries in f and d.
 *
 * Each function here reads all it needs before it puts anything, so a read that fails leaves the
 * batch as it was. */
#include "queues/internal.h"

enum status run_begin(struct queue_run *run, struct queues *queues, struct store_batch *batch,
                      const struct queue *queue, struct arena *arena)
{
    struct key key = key_of_kind(queue->view.id, KEY_COUNTS);
    struct bytes value;
    enum status status = OK;

    *run = (struct queue_run){
        .queues = queues,
        .batch = batch,
        .queue = queue,
        .arena = arena,
        .now_ms = queues_now_ms(queues),
        .due_ms = UINT64_MAX,
        .fifo = queue->view.settings.fifo,
    };
    status = run_get(run, &key, &value);
    if (status == NOT_FOUND)
        return REFUSED;
    if (status == OK)
        status = counts_decode(value, &run->counts);
    run->counts_before = run->counts;
    return status;
}

void run_end(struct queue_run *run)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct key key = key_of_kind(run->queue->view.id, KEY_COUNTS);

    if (memcmp(&run->counts, &run->counts_before, sizeof run->counts) == 0)
        return;
    counts_encode(&value, &run->counts);
    run_put(run, &key, buffer_bytes(&value));
    run->counts_before = run->counts;
}

void run_due(struct queue_run *run, uint64_t due_ms)
{
    if (due_ms < run->due_ms)
        run->due_ms = due_ms;
}

/* ---- keys ---- */

void run_put(struct queue_run *run, const struct key *key, struct bytes value)
{
    store_batch_put(run->batch, STORE_QUEUES, key_bytes(key), value);
}

void run_delete(struct queue_run *run, const struct key *key)
{
    store_batch_delete(run->batch, STORE_QUEUES, key_bytes(key));
}

enum status run_get(struct queue_run *run, const struct key *key, struct bytes *ret)
{
    return store_batch_get(run->batch, STORE_QUEUES, key_bytes(key), ret);
}

/* ---- fronts ---- */

static const enum key_kind front_kinds[FRONT_COUNT] = {
    [FRONT_READY] = KEY_READY,
    [FRONT_IN_FLIGHT] = KEY_IN_FLIGHT,
    [FRONT_DELAYED] = KEY_DELAYED,
    [FRONT_STATE] = KEY_STATE,
    [FRONT_DEDUPLICATION] = KEY_DEDUPLICATION_TIME,
    [FRONT_ATTEMPT] = KEY_ATTEMPT_TIME,
};

static bool is_less(const struct key *a, const struct key *b)
{
    return bytes_compare(key_bytes(a), key_bytes(b)) < 0;
}

/* What is put is not seen by this group's iterators: it must not be raised over. */
static void lower_front(struct queue_run *run, enum front_kind kind, const struct key *key)
{
    struct front *front = &run->queue->fronts->of[kind];
    uint64_t group = store_batch_group(run->batch);

    if (front->put_group != group || is_less(key, &front->put))
        front->put = *key;
    front->put_group = group;
    if (front->from.size > 0 && is_less(key, &front->from))
        front->from = *key;
}

void run_put_index(struct queue_run *run, enum front_kind kind, const struct key *key)
{
    lower_front(run, kind, key);
    run_put(run, key, (struct bytes){NULL, 0});
}

static struct key end_of(const struct queue_run *run, enum front_kind kind)
{
    return key_of_kind(run->queue->view.id, (enum key_kind)(front_kinds[kind] + 1));
}

struct store_iter *run_iter(struct queue_run *run, enum front_kind kind, const struct key *to)
{
    const struct front *front = &run->queue->fronts->of[kind];
    struct key from = key_of_kind(run->queue->view.id, front_kinds[kind]);
    struct key end = to != NULL ? *to : end_of(run, kind);

    if (front->from.size > 0)
        from = front->from;
    if (!is_less(&from, &end))
        from = end;
    return store_iter_new(run->queues->options.store, NULL, STORE_QUEUES, key_bytes(&from),
                          key_bytes(&end), false);
}

void run_seen(struct queue_run *run, enum front_kind kind, struct bytes first, const struct key *to)
{
    struct front *front = &run->queue->fronts->of[kind];
    struct key key = to != NULL ? *to : end_of(run, kind);

    if (first.size > 0) {
        assert(first.size <= sizeof key.bytes);
        key.size = first.size;
        memcpy(key.bytes, first.ptr, first.size);
    }
    if (front->put_group == store_batch_group(run->batch) && is_less(&front->put, &key))
        key = front->put;
    if (front->from.size == 0 || is_less(&front->from, &key))
        front->from = key;
}

/* ---- states ---- */

enum status state_load(struct queue_run *run, struct place place, struct message_state *ret)
{
    struct key key = key_of_place(run->queue->view.id, KEY_STATE, place);
    struct bytes value;
    enum status status = run_get(run, &key, &value);

    return status == OK ? state_decode(value, ret) : status;
}

static void write_state(struct queue_run *run, struct place place,
                        const struct message_state *state, bool is_new)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(STATE_RECORD_SIZE_MAX);
    struct key key = key_of_place(run->queue->view.id, KEY_STATE, place);

    state_encode(&value, state);
    assert(!buffer_failed(&value));
    if (is_new)
        lower_front(run, FRONT_STATE, &key);
    run_put(run, &key, buffer_bytes(&value));
}

void state_store(struct queue_run *run, struct place place, const struct message_state *state)
{
    write_state(run, place, state, false);
}

static void put_ready(struct queue_run *run, struct place place)
{
    struct key key = key_of_place(run->queue->view.id, KEY_READY, place);

    run_put_index(run, FRONT_READY, &key);
}

static void delete_ready(struct queue_run *run, struct place place)
{
    struct key key = key_of_place(run->queue->view.id, KEY_READY, place);

    run_delete(run, &key);
}

static bool is_in_ready_index(const struct queue_run *run, const struct message_state *state)
{
    return !run->fifo || place_is_none(state->previous);
}

static void leave(struct queue_run *run, struct place place, const struct message_state *state)
{
    struct key key;

    switch (state->kind) {
    case STATE_NONE:
        break;
    case STATE_DELAYED:
        key = key_of_due(run->queue->view.id, KEY_DELAYED, state->due_ms, place);
        run_delete(run, &key);
        run->counts.delayed--;
        break;
    case STATE_READY:
        if (is_in_ready_index(run, state))
            delete_ready(run, place);
        break;
    case STATE_IN_FLIGHT:
        key = key_of_due(run->queue->view.id, KEY_IN_FLIGHT, state->due_ms, place);
        run_delete(run, &key);
        run->counts.in_flight--;
        break;
    }
}

static void enter(struct queue_run *run, struct place place, const struct message_state *state)
{
    struct key key;

    switch (state->kind) {
    case STATE_NONE:
        break;
    case STATE_DELAYED:
        key = key_of_due(run->queue->view.id, KEY_DELAYED, state->due_ms, place);
        run_put_index(run, FRONT_DELAYED, &key);
        run_due(run, state->due_ms);
        run->counts.delayed++;
        break;
    case STATE_READY:
        if (is_in_ready_index(run, state))
            put_ready(run, place);
        break;
    case STATE_IN_FLIGHT:
        key = key_of_due(run->queue->view.id, KEY_IN_FLIGHT, state->due_ms, place);
        run_put_index(run, FRONT_IN_FLIGHT, &key);
        run_due(run, state->due_ms);
        run->counts.in_flight++;
        break;
    }
}

static const bool moves[STATE_IN_FLIGHT + 1][STATE_IN_FLIGHT + 1] = {
    [STATE_NONE] = {[STATE_DELAYED] = true, [STATE_READY] = true},
    [STATE_DELAYED] = {[STATE_READY] = true},
    [STATE_READY] = {[STATE_IN_FLIGHT] = true},
    [STATE_IN_FLIGHT] = {[STATE_READY] = true, [STATE_IN_FLIGHT] = true},
};

void message_enter(struct queue_run *run, struct place place, struct message_state *state,
                   enum state_kind kind, uint64_t due_ms)
{
    bool is_new = state->kind == STATE_NONE;

    assert(moves[state->kind][kind]);
    leave(run, place, state);
    state->kind = kind;
    state->due_ms = due_ms;
    enter(run, place, state);
    write_state(run, place, state, is_new);
}

/* ---- groups of a FIFO queue ---- */

static enum status group_load(struct queue_run *run, struct bytes name, struct group *ret)
{
    struct key key = key_of_text(run->queue->view.id, KEY_GROUP, name);
    struct bytes value;
    enum status status = run_get(run, &key, &value);

    *ret = (struct group){.head = {0, 0}};
    if (status == NOT_FOUND)
        return OK;
    return status == OK ? group_decode(value, ret) : status;
}

static void group_store(struct queue_run *run, struct bytes name, const struct group *group)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct key key = key_of_text(run->queue->view.id, KEY_GROUP, name);

    if (place_is_none(group->head)) {
        run_delete(run, &key);
        return;
    }
    group_encode(&value, group);
    run_put(run, &key, buffer_bytes(&value));
}

/* Behind the last message of its group. */
static enum status link_message(struct queue_run *run, struct place place,
                                struct message_state *state)
{
    struct group group;
    struct message_state last = {.kind = STATE_NONE};
    enum status status = group_load(run, state->group, &group);

    if (status == OK && !place_is_none(group.tail))
        status = state_load(run, group.tail, &last);
    if (status != OK)
        return status == NOT_FOUND ? CORRUPT : status;
    state->previous = group.tail;
    state->next = (struct place){0, 0};
    if (place_is_none(group.tail)) {
        group.head = place;
    } else {
        last.next = place;
        state_store(run, group.tail, &last);
    }
    group.tail = place;
    group_store(run, state->group, &group);
    return OK;
}

static enum status neighbour_load(struct queue_run *run, struct place place,
                                  struct message_state *ret)
{
    enum status status = OK;

    *ret = (struct message_state){.kind = STATE_NONE};
    if (!place_is_none(place))
        status = state_load(run, place, ret);
    return status == NOT_FOUND ? CORRUPT : status;
}

/* The neighbours meet; the one that becomes the first is in the index when it is ready. */
static enum status unlink_message(struct queue_run *run, const struct message_state *state)
{
    struct group group;
    struct message_state previous, next;
    enum status status = group_load(run, state->group, &group);

    if (status == OK)
        status = neighbour_load(run, state->previous, &previous);
    if (status == OK)
        status = neighbour_load(run, state->next, &next);
    if (status != OK)
        return status;
    if (place_is_none(state->previous)) {
        group.head = state->next;
    } else {
        previous.next = state->next;
        state_store(run, state->previous, &previous);
    }
    if (place_is_none(state->next)) {
        group.tail = state->previous;
    } else {
        next.previous = state->previous;
        state_store(run, state->next, &next);
        if (place_is_none(next.previous) && next.kind == STATE_READY)
            put_ready(run, state->next);
    }
    group_store(run, state->group, &group);
    return OK;
}

/* ---- coming and going ---- */

enum status message_insert(struct queue_run *run, struct place place, struct bytes record,
                           struct message_state *state, uint64_t due_ms)
{
    struct key key = key_of_place(run->queue->view.id, KEY_MESSAGE, place);
    enum status status = OK;

    assert(state->kind == STATE_NONE && (state->group.size > 0) == run->fifo);
    if (run->fifo)
        status = link_message(run, place, state);
    if (status != OK)
        return status;
    run_put(run, &key, record);
    run->counts.messages++;
    message_enter(run, place, state, due_ms > run->now_ms ? STATE_DELAYED : STATE_READY, due_ms);
    run_due(run, place.sent_ms + (uint64_t)run->queue->view.settings.retention_s * 1000);
    return OK;
}

enum status message_remove(struct queue_run *run, struct place place,
                           const struct message_state *state)
{
    struct key record = key_of_place(run->queue->view.id, KEY_MESSAGE, place);
    struct key key = key_of_place(run->queue->view.id, KEY_STATE, place);
    enum status status = OK;

    if (run->fifo)
        status = unlink_message(run, state);
    if (status != OK)
        return status;
    leave(run, place, state);
    run_delete(run, &record);
    run_delete(run, &key);
    run->counts.messages--;
    return OK;
}
