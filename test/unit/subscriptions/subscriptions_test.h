/* subscriptions/subscriptions_test.h - a store with events in the one order, put and taken as the
 * engine does it, and the works of subscriptions one after the other. */
#ifndef DYNLOG_TEST_SUBSCRIPTIONS_TEST_H
#define DYNLOG_TEST_SUBSCRIPTIONS_TEST_H

#include "store/store_test.h"

#include "store/internal.h"
#include "subscriptions/internal.h"

#define TABLE 7

/* ---- events ---- */

struct test_event {
    const char *log, *id, *type;
    uint64_t version;
    bool removes;
    uint64_t position; /* of one that is removed */
};

static inline void test_event_key(struct arena *arena, const struct test_event *event,
                                  struct buffer *key)
{
    struct value pk = {.type = VALUE_S,
                       .bytes = arena_printf(arena, "%s#%s#stream", event->log, event->id)};
    struct number sk = number_of_int64((int64_t)event->version);

    buffer_append_u32(key, TABLE);
    key_encode_value(key, &pk);
    number_encode_key(key, &sk);
}

static inline void test_event_put(struct store_batch *batch, struct test_work *work)
{
    const struct test_event *event = work->context;
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(4096);
    struct order_work order = {.batch = batch, .arena = arena};
    struct order_run *run = NULL;
    struct order_event named = {.log = bytes_of_text(event->log),
                                .id = bytes_of_text(event->id),
                                .type = bytes_of_text(event->type),
                                .version = event->version};

    order_begin_table(batch, TABLE);
    test_event_key(arena, event, &key);
    assert_int_equal(order_load(&order, TABLE, &named, &run), OK);
    if (event->removes) {
        store_batch_position(batch);
        store_batch_delete(batch, STORE_ITEMS, buffer_bytes(&key));
        order_remove(&order, run, &named, event->position);
    } else {
        item_head_print(&value, 100, true, false);
        buffer_printf(&value,
                      "{\"pk\":{\"S\":\"%s#%s#stream\"},\"sk\":{\"N\":\"%llu\"},\"log\":{\"S\":"
                      "\"%s\"},\"type\":{\"S\":\"%s\"}}",
                      event->log, event->id, (unsigned long long)event->version, event->log,
                      event->type);
        work->position = store_batch_position(batch);
        item_head_place(value.ptr, work->position, 17);
        store_batch_put(batch, STORE_ITEMS, buffer_bytes(&key), buffer_bytes(&value));
        order_put(&order, run, &named, work->position);
    }
    order_store(&order);
}

/* ---- one world a test ---- */

struct test_world {
    struct store *store;
    struct test_loop loop;
    struct clock *clock;
    struct subscriptions *subscriptions;
    struct arena *arena;
    size_t wakes;
};

static inline void test_world_open(struct test_world *w, const char *folder)
{
    *w = (struct test_world){.store = test_open(folder)};
    w->store->repair_pause_ms = 0; /* the next work after a failure finds the disk as it is then */
    test_loop_open(&w->loop, w->store);
    w->clock = clock_new_manual(1785000000000);
    w->subscriptions = subscriptions_new(w->store, w->clock);
    w->arena = arena_new();
}

static inline void test_world_close(struct test_world *w)
{
    arena_free(w->arena);
    subscriptions_free(w->subscriptions);
    clock_free(w->clock);
    test_loop_close(&w->loop);
    store_close(w->store);
}

static inline uint64_t test_append(struct test_world *w, const char *log, const char *id,
                                   const char *type, uint64_t version)
{
    struct test_event event = {log, id, type, version, false, 0};
    struct test_work work = {.body = test_event_put, .context = &event};

    test_submit(&w->loop, &work);
    assert_int_equal(test_finish(&w->loop, &work), OK);
    subscriptions_committed(w->subscriptions);
    return work.position;
}

static inline void test_remove(struct test_world *w, const char *log, const char *id,
                               const char *type, uint64_t version, uint64_t position)
{
    struct test_event event = {log, id, type, version, true, position};
    struct test_work work = {.body = test_event_put, .context = &event};

    test_submit(&w->loop, &work);
    assert_int_equal(test_finish(&w->loop, &work), OK);
    subscriptions_committed(w->subscriptions);
}

/* ---- works, one after the other ---- */

struct test_join {
    struct subscription_join join;
    bool done;
    enum status status;
};

static inline void test_woken(void *context)
{
    ++*(size_t *)context;
}

static inline void test_joined(struct subscription_join *join, enum status status)
{
    struct test_join *test = CONTAINER_OF(join, struct test_join, join);

    test->done = true;
    test->status = status;
}

/* Begin with {0} and what matters. */
static inline enum status test_join(struct test_world *w, struct test_join *test)
{
    struct subscription_join *join = &test->join;

    if (join->use.table_name.size == 0) {
        join->use.table_name = BYTES("table");
        join->use.table_id = TABLE;
    }
    join->out_max = join->out_max == 0 ? 1 : join->out_max;
    join->tries_max = join->tries_max == 0 ? 3 : join->tries_max;
    join->wake = test_woken;
    join->context = &w->wakes;
    join->done = test_joined;
    test->done = false;
    subscription_join(w->subscriptions, w->loop.port, join);
    while (!test->done)
        test_loop_turn(&w->loop);
    return test->status;
}

static inline struct subscription_member *test_member(struct test_world *w, const char *name,
                                                      bool group, size_t out_max)
{
    struct test_join test = {
        .join = {.use = {.name = bytes_of_text(name), .group = group}, .out_max = out_max}};

    assert_int_equal(test_join(w, &test), OK);
    return test.join.member;
}

struct test_answer {
    struct subscription_answer answer;
    bool done;
    enum status status;
};

static inline void test_answered(struct subscription_answer *answer, enum status status)
{
    struct test_answer *test = CONTAINER_OF(answer, struct test_answer, answer);

    test->done = true;
    test->status = status;
}

static inline enum status test_answer(struct test_world *w, struct subscription_member *member,
                                      struct test_answer *test)
{
    test->done = false;
    test->answer.done = test_answered;
    subscription_answer(member, w->loop.port, &test->answer);
    while (!test->done)
        test_loop_turn(&w->loop);
    return test->status;
}

static inline enum status test_is_done(struct test_world *w, struct subscription_member *member,
                                       uint64_t position)
{
    struct test_answer test = {.answer = {.position = position}};

    return test_answer(w, member, &test);
}

static inline enum status test_failed(struct test_world *w, struct subscription_member *member,
                                      uint64_t position, bool *ret_parked)
{
    struct test_answer test = {
        .answer = {.position = position, .failed = true, .reason = BYTES("no such user")}};
    enum status status = test_answer(w, member, &test);

    *ret_parked = test.answer.parked;
    return status;
}

struct test_change {
    struct subscription_change change;
    bool done;
    enum status status;
};

static inline void test_changed(struct subscription_change *change, enum status status)
{
    struct test_change *test = CONTAINER_OF(change, struct test_change, change);

    test->done = true;
    test->status = status;
}

static inline enum status test_change(struct test_world *w, struct test_change *test)
{
    test->done = false;
    test->change.done = test_changed;
    subscription_change(w->subscriptions, w->loop.port, &test->change);
    while (!test->done)
        test_loop_turn(&w->loop);
    return test->status;
}

static inline struct subscription_view test_view(struct test_world *w, const char *name)
{
    struct subscription_view *list = NULL;
    size_t count = 0;

    assert_int_equal(
        subscriptions_list(w->subscriptions, bytes_of_text(name), w->arena, &list, &count), OK);
    assert_int_equal(count, 1);
    return list[0];
}

/* The next event's position; 0: there is none now. */
static inline uint64_t test_next(struct test_world *w, struct subscription_member *member,
                                 bool *ret_at_end)
{
    struct subscription_event event;
    bool at_end = false;
    enum status status = subscription_next(member, w->arena, &event, &at_end);

    if (ret_at_end != NULL)
        *ret_at_end = at_end;
    if (status == NOT_FOUND)
        return 0;
    assert_int_equal(status, OK);
    return event.position;
}

#endif
