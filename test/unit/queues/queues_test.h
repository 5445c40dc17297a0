/* queues/queues_test.h - what the queues' tests share: queues over a store with a clock that stands
 * still, calls that wait for their answer, and a check of all that always holds (queues/run.c). */
#ifndef DYNLOG_TEST_QUEUES_TEST_H
#define DYNLOG_TEST_QUEUES_TEST_H

#include "store/store_test.h"

#include "queues/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)
#define TEST_ARN "arn:aws:sqs:us-east-1:000000000000:"

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test_queues {
    struct arena *arena;
    struct test_call *calls;
    struct clock *clock;
    struct faults *faults;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct queues *queues;
    size_t changed;
    struct api_error error; /* of the last call */
};

/* The arena of a call, which is the writer's thread's too until it is done: one for each. */
struct test_call {
    struct test_call *next;
    struct arena *arena;
};

static inline struct arena *test_call_arena(struct test_queues *t)
{
    struct test_call *call = ARENA_NEW(t->arena, struct test_call);

    *call = (struct test_call){t->calls, arena_new()};
    t->calls = call;
    return call->arena;
}

static inline void test_changed(void *context)
{
    struct test_queues *t = context;

    t->changed++;
}

static inline void test_queues_attach(struct test_queues *t, struct store *store, uint64_t now_ms)
{
    *t = (struct test_queues){.arena = arena_new(), .clock = clock_new_manual(now_ms)};
    t->timers = timers_new(t->clock, NULL, NULL);
    t->faults = faults_new();
    t->store = store;
    test_loop_open(&t->loop, store);

    const struct queues_options options = {.store = store,
                                           .port = t->loop.port,
                                           .timers = t->timers,
                                           .faults = t->faults,
                                           .place = &test_place,
                                           .changed = test_changed,
                                           .context = t};

    assert_int_equal(queues_open(&options, &t->queues), OK);
}

static inline void test_queues_detach(struct test_queues *t)
{
    while (!queues_stop(t->queues))
        test_loop_turn(&t->loop);
    queues_close(t->queues);
    test_loop_close(&t->loop);
    timers_free(t->timers);
    faults_free(t->faults);
    clock_free(t->clock);
    for (struct test_call *call = t->calls; call != NULL; call = call->next)
        arena_free(call->arena);
    arena_free(t->arena);
}

/* On a store in memory. */
static inline void test_queues_open(struct test_queues *t)
{
    test_queues_attach(t, test_open(NULL), TEST_NOW_MS);
}

static inline void test_queues_close(struct test_queues *t)
{
    struct store *store = t->store;

    test_queues_detach(t);
    store_close(store);
}

/* As after a start anew, at the same time. What tests have in arenas stays. */
static inline void test_queues_reopen(struct test_queues *t)
{
    struct store *store = t->store;
    struct arena *kept = t->arena;
    struct test_call *calls = t->calls;
    uint64_t now_ms = clock_now_ms(t->clock);

    t->arena = arena_new();
    t->calls = NULL;
    test_queues_detach(t);
    test_queues_attach(t, store, now_ms);
    arena_free(t->arena);
    t->arena = kept;
    t->calls = calls;
}

/* Timers, and works, until neither is left at this time. Move tasks without a rate too. */
static inline void test_settle(struct test_queues *t)
{
    while (timers_run(t->timers) > 0 || t->queues->works > 0 || !list_empty(&t->queues->changes))
        if (t->queues->works > 0 || !list_empty(&t->queues->changes))
            test_loop_turn(&t->loop);
}

static inline void test_advance(struct test_queues *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    test_settle(t);
}

/* ---- changes ---- */

struct test_change {
    struct queue_change change;
    bool done;
    enum status status;
};

static inline void test_change_done(struct queue_change *change, enum status status)
{
    struct test_change *test = CONTAINER_OF(change, struct test_change, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline enum status test_change(struct test_queues *t, const struct queue_change *change)
{
    struct test_change test = {.change = *change};

    test.change.arena = test_call_arena(t);
    test.change.done = test_change_done;
    queues_change(t->queues, &test.change);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.change.error;
    return test.status;
}

/* pairs: name, value, name, value, ..., NULL */
static inline size_t test_pairs(struct test_queues *t, const char *const *pairs,
                                struct queue_pair **ret)
{
    size_t count = 0;

    while (pairs != NULL && pairs[count] != NULL)
        count++;
    *ret = ARENA_NEW_ARRAY(t->arena, count / 2 + 1, struct queue_pair);
    for (size_t i = 0; i < count / 2; i++)
        (*ret)[i] =
            (struct queue_pair){bytes_of_text(pairs[2 * i]), bytes_of_text(pairs[2 * i + 1])};
    return count / 2;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline enum status test_create(struct test_queues *t, const char *name,
                                      const char *const *attributes)
{
    struct queue_change change = {.kind = QUEUE_CREATE, .name = bytes_of_text(name)};

    change.attribute_count = test_pairs(t, attributes, &change.attributes);
    return test_change(t, &change);
}

static inline enum status test_set(struct test_queues *t, const char *name,
                                   const char *const *attributes)
{
    struct queue_change change = {.kind = QUEUE_SET, .name = bytes_of_text(name)};

    change.attribute_count = test_pairs(t, attributes, &change.attributes);
    return test_change(t, &change);
}

static inline enum status test_do_queue(struct test_queues *t, enum queue_change_kind kind,
                                        const char *name)
{
    return test_change(t, &(struct queue_change){.kind = kind, .name = bytes_of_text(name)});
}

static inline const struct queue_view *test_view(struct test_queues *t, const char *name)
{
    const struct queue_view *view = queues_find(t->queues, bytes_of_text(name));

    assert_non_null(view);
    return view;
}

/* ---- sending ---- */

struct test_send {
    struct queue_send send;
    bool done;
    enum status status;
};

static inline void test_send_done(struct queue_send *send, enum status status)
{
    struct test_send *test = CONTAINER_OF(send, struct test_send, send);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

/* Several at once; what came of each is in the entries. */
static inline enum status test_send_entries(struct test_queues *t, const char *name,
                                            struct queue_entry *entries, size_t count)
{
    struct test_send test = {.send = {.queue_name = bytes_of_text(name),
                                      .entries = entries,
                                      .count = count,
                                      .arena = test_call_arena(t),
                                      .done = test_send_done}};

    queues_send(t->queues, &test.send);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.send.error;
    return test.status;
}

static inline enum status test_send_message(struct test_queues *t, const char *name,
                                            struct queue_message *message, int64_t delay_s)
{
    struct queue_entry *entry = ARENA_NEW(t->arena, struct queue_entry);
    enum status status = OK;

    *entry = (struct queue_entry){.message = *message, .delay_s = delay_s};
    status = test_send_entries(t, name, entry, 1);
    *message = entry->message;
    if (status == OK && entry->failed) {
        t->error = entry->error;
        return REFUSED;
    }
    return status;
}

static inline struct queue_message test_send_text(struct test_queues *t, const char *name,
                                                  const char *body)
{
    struct queue_message message = {.body = bytes_of_text(body)};

    assert_int_equal(test_send_message(t, name, &message, -1), OK);
    return message;
}

/* Each with an id of its own, unless one is given. */
static inline struct queue_message test_send_fifo(struct test_queues *t, const char *name,
                                                  const char *group, const char *body,
                                                  const char *id)
{
    struct queue_message message = {.body = bytes_of_text(body), .group_id = bytes_of_text(group)};
    char unique[ID_UUID_SIZE];

    id_uuid(unique);
    message.deduplication_id =
        arena_copy(t->arena, bytes_of_text(id != NULL ? id : (const char *)unique));
    assert_int_equal(test_send_message(t, name, &message, -1), OK);
    return message;
}

/* ---- receiving ---- */

struct test_receive {
    struct queue_receive receive;
    bool done;
    enum status status;
};

static inline void test_receive_done(struct queue_receive *receive, enum status status)
{
    struct test_receive *test = CONTAINER_OF(receive, struct test_receive, receive);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline struct test_receive *test_receive_begin(struct test_queues *t, const char *name,
                                                      size_t maximum, int64_t visibility_s,
                                                      int64_t wait_s)
{
    struct test_receive *test = ARENA_NEW(t->arena, struct test_receive);

    test->receive = (struct queue_receive){.queue_name = bytes_of_text(name),
                                           .maximum = maximum,
                                           .visibility_s = visibility_s,
                                           .wait_s = wait_s,
                                           .arena = test_call_arena(t),
                                           .done = test_receive_done};
    queues_receive(t->queues, &test->receive);
    return test;
}

static inline struct test_receive *test_receive_end(struct test_queues *t,
                                                    struct test_receive *test)
{
    while (!test->done)
        test_loop_turn(&t->loop);
    t->error = test->receive.error;
    return test;
}

/* At once, with the queue's visibility timeout. */
static inline struct test_receive *test_receive(struct test_queues *t, const char *name,
                                                size_t maximum)
{
    struct test_receive *test = test_receive_end(t, test_receive_begin(t, name, maximum, -1, 0));

    assert_int_equal(test->status, OK);
    return test;
}

/* The bodies that were received, joined by blanks. */
static inline const char *test_bodies(struct test_queues *t, const struct test_receive *test)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);

    for (size_t i = 0; i < test->receive.count; i++)
        buffer_printf(&out, "%s%.*s", i > 0 ? " " : "",
                      BYTES_ARG(test->receive.messages[i].message.body));
    return arena_copy_text(t->arena, buffer_bytes(&out));
}

static inline const char *test_receive_bodies(struct test_queues *t, const char *name,
                                              size_t maximum)
{
    return test_bodies(t, test_receive(t, name, maximum));
}

static inline const struct queue_received *test_received(const struct test_receive *test, size_t i)
{
    assert_true(i < test->receive.count);
    return &test->receive.messages[i];
}

/* ---- settling ---- */

struct test_settle_call {
    struct queue_settle settle;
    bool done;
    enum status status;
};

static inline void test_settle_done(struct queue_settle *settle, enum status status)
{
    struct test_settle_call *test = CONTAINER_OF(settle, struct test_settle_call, settle);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline enum status test_settle_receipt(struct test_queues *t, const char *name,
                                              enum queue_settle_kind kind, struct bytes handle,
                                              int64_t visibility_s)
{
    struct queue_receipt *receipt = ARENA_NEW(t->arena, struct queue_receipt);
    struct test_settle_call test = {.settle = {.kind = kind,
                                               .queue_name = bytes_of_text(name),
                                               .receipts = receipt,
                                               .count = 1,
                                               .arena = test_call_arena(t),
                                               .done = test_settle_done}};

    receipt->handle = handle;
    receipt->visibility_s = visibility_s;
    queues_settle(t->queues, &test.settle);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.status == REFUSED ? test.settle.error : receipt->error;
    return test.status == OK && receipt->failed ? REFUSED : test.status;
}

static inline enum status test_delete(struct test_queues *t, const char *name, struct bytes handle)
{
    return test_settle_receipt(t, name, QUEUE_DELETE_MESSAGES, handle, 0);
}

static inline enum status test_change_visibility(struct test_queues *t, const char *name,
                                                 struct bytes handle, int64_t visibility_s)
{
    return test_settle_receipt(t, name, QUEUE_CHANGE_VISIBILITY, handle, visibility_s);
}

/* ---- looking ---- */

static inline void test_expect_error(const struct test_queues *t, enum api_error_kind kind,
                                     const char *message)
{
    assert_string_equal(t->error.message, message);
    assert_int_equal(t->error.kind, kind);
}

static inline void test_expect_figures(struct test_queues *t, const char *name, uint64_t ready,
                                       uint64_t in_flight, uint64_t delayed)
{
    struct queue_figures figures;

    assert_int_equal(queues_figures(t->queues, test_view(t, name), &figures), OK);
    if (figures.ready != ready || figures.in_flight != in_flight || figures.delayed != delayed)
        fail_msg("%s has %llu ready, %llu in flight, %llu delayed", name,
                 (unsigned long long)figures.ready, (unsigned long long)figures.in_flight,
                 (unsigned long long)figures.delayed);
}

static inline bool test_has_key(struct test_queues *t, const struct key *key)
{
    AUTO(store_value_release) struct store_value value = {0};

    return store_get(t->store, NULL, STORE_QUEUES, key_bytes(key), &value) == OK;
}

static inline size_t test_count_keys(struct test_queues *t, uint64_t id, enum key_kind kind)
{
    struct key from = key_of_kind(id, kind), to = key_of_kind(id, (enum key_kind)(kind + 1));
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_QUEUES, key_bytes(&from), key_bytes(&to), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    return count;
}

static inline struct message_state test_state(struct test_queues *t, uint64_t id,
                                              struct place place)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct key key = key_of_place(id, KEY_STATE, place);
    struct message_state state;

    assert_int_equal(store_get(t->store, NULL, STORE_QUEUES, key_bytes(&key), &value), OK);
    assert_int_equal(state_decode(arena_copy(t->arena, value.bytes), &state), OK);
    return state;
}

/* A FIFO group is a chain from head to tail, and its first message is in the index if it is ready.
 */
static inline size_t test_check_group(struct test_queues *t, uint64_t id, struct bytes name,
                                      struct bytes value)
{
    struct group group;
    struct place before = {0, 0}, at;
    size_t count = 0;

    assert_int_equal(group_decode(value, &group), OK);
    for (at = group.head; !place_is_none(at); count++) {
        struct message_state state = test_state(t, id, at);
        struct key ready = key_of_place(id, KEY_READY, at);

        assert_true(bytes_equal(state.group, name));
        assert_true(place_equal(state.previous, before));
        assert_int_equal(test_has_key(t, &ready), state.kind == STATE_READY && count == 0);
        before = at;
        at = state.next;
    }
    assert_true(count > 0 && place_equal(before, group.tail));
    return count;
}

/* All that always holds (queues/run.c). */
static inline void test_check(struct test_queues *t, const char *queue_name)
{
    const struct queue_view *view = test_view(t, queue_name);
    struct counts found = {0}, counts;
    size_t ready = 0, in_groups = 0;
    struct key from = key_of_kind(view->id, KEY_STATE), to = key_of_kind(view->id, KEY_BEHIND);
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_QUEUES, key_bytes(&from), key_bytes(&to), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct message_state state;
        struct place place;
        struct key other;

        assert_true(key_place(key, &place));
        assert_int_equal(state_decode(value, &state), OK);
        other = key_of_place(view->id, KEY_MESSAGE, place);
        assert_true(test_has_key(t, &other));
        found.messages++;
        if (state.kind == STATE_READY && !view->settings.fifo) {
            other = key_of_place(view->id, KEY_READY, place);
            assert_true(test_has_key(t, &other));
            ready++;
        } else if (state.kind != STATE_READY) {
            bool delayed = state.kind == STATE_DELAYED;

            other =
                key_of_due(view->id, delayed ? KEY_DELAYED : KEY_IN_FLIGHT, state.due_ms, place);
            assert_true(test_has_key(t, &other));
            found.delayed += delayed;
            found.in_flight += !delayed;
        }
    }
    store_iter_free(iter);
    from = key_of_kind(view->id, KEY_GROUP);
    to = key_of_kind(view->id, (enum key_kind)(KEY_GROUP + 1));
    iter = store_iter_new(t->store, NULL, STORE_QUEUES, key_bytes(&from), key_bytes(&to), false);
    while (store_iter_next(iter, &key, &value))
        in_groups += test_check_group(t, view->id, bytes_slice(key, 9, key.size), value);
    store_iter_free(iter);
    assert_int_equal(in_groups, view->settings.fifo ? found.messages : 0);
    assert_int_equal(test_count_keys(t, view->id, KEY_MESSAGE), found.messages);
    assert_int_equal(test_count_keys(t, view->id, KEY_IN_FLIGHT), found.in_flight);
    assert_int_equal(test_count_keys(t, view->id, KEY_DELAYED), found.delayed);
    if (!view->settings.fifo)
        assert_int_equal(test_count_keys(t, view->id, KEY_READY), ready);

    AUTO(store_value_release) struct store_value stored = {0};

    from = key_of_kind(view->id, KEY_COUNTS);
    assert_int_equal(store_get(t->store, NULL, STORE_QUEUES, key_bytes(&from), &stored), OK);
    assert_int_equal(counts_decode(stored.bytes, &counts), OK);
    assert_memory_equal(&counts, &found, sizeof counts);
}

#endif
