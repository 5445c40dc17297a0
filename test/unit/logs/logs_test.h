/* logs/logs_test.h - what the logs' tests share: logs over a store with a clock that stands still,
 * calls that wait for their answer, and a check of all that always holds (logs/run.c). */
#ifndef DYNLOG_TEST_LOGS_TEST_H
#define DYNLOG_TEST_LOGS_TEST_H

#include "store/store_test.h"

#include "logs/filter.h"
#include "logs/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)
#define TEST_ARN "arn:aws:logs:us-east-1:000000000000:log-group:"

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test_logs {
    struct arena *arena;
    struct test_call *calls;
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct logs *logs;
    struct api_error error; /* of the last call */
};

/* The arena of a call, which is the writer's thread's too until it is done: one for each. */
struct test_call {
    struct test_call *next;
    struct arena *arena;
};

static inline struct arena *test_call_arena(struct test_logs *t)
{
    struct test_call *call = ARENA_NEW(t->arena, struct test_call);

    *call = (struct test_call){t->calls, arena_new()};
    t->calls = call;
    return call->arena;
}

static inline void test_logs_attach(struct test_logs *t, struct store *store, uint64_t now_ms)
{
    *t = (struct test_logs){.arena = arena_new(), .clock = clock_new_manual(now_ms)};
    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = store;
    test_loop_open(&t->loop, store);

    const struct logs_options options = {.store = store,
                                         .port = t->loop.port,
                                         .timers = t->timers,
                                         .wall_timers = t->timers,
                                         .place = &test_place};

    assert_int_equal(logs_open(&options, &t->logs), OK);
}

static inline void test_logs_detach(struct test_logs *t)
{
    while (!logs_stop(t->logs))
        test_loop_turn(&t->loop);
    logs_close(t->logs);
    test_loop_close(&t->loop);
    timers_free(t->timers);
    clock_free(t->clock);
    for (struct test_call *call = t->calls; call != NULL; call = call->next)
        arena_free(call->arena);
    arena_free(t->arena);
}

/* On a store in memory. */
static inline void test_logs_open(struct test_logs *t)
{
    test_logs_attach(t, test_open(NULL), TEST_NOW_MS);
}

static inline void test_logs_close(struct test_logs *t)
{
    struct store *store = t->store;

    test_logs_detach(t);
    store_close(store);
}

/* As after a start anew, at the same time. */
static inline void test_logs_reopen(struct test_logs *t)
{
    struct store *store = t->store;
    uint64_t now_ms = clock_now_ms(t->clock);

    test_logs_detach(t);
    test_logs_attach(t, store, now_ms);
}

/* Timers, and works, until neither is left at this time. */
static inline void test_settle(struct test_logs *t)
{
    while (timers_run(t->timers) > 0 || logs_busy(t->logs))
        if (t->logs->works > 0 || !list_empty(&t->logs->changes))
            test_loop_turn(&t->loop);
}

static inline void test_advance(struct test_logs *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    test_settle(t);
}

/* ---- groups ---- */

struct test_change {
    struct log_change change;
    bool done;
    enum status status;
};

static inline void test_change_done(struct log_change *change, enum status status)
{
    struct test_change *test = CONTAINER_OF(change, struct test_change, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline enum status test_change(struct test_logs *t, enum log_change_kind kind,
                                      const char *name, uint32_t retention_days)
{
    struct test_change test = {.change = {.kind = kind,
                                          .name = bytes_of_text(name),
                                          .retention_days = retention_days,
                                          .arena = test_call_arena(t),
                                          .done = test_change_done}};

    logs_change(t->logs, &test.change);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.change.error;
    return test.status;
}

static inline void test_create(struct test_logs *t, const char *name)
{
    assert_int_equal(test_change(t, LOG_CREATE_GROUP, name, 0), OK);
}

/* ---- streams ---- */

struct test_stream_change {
    struct log_stream_change change;
    bool done;
    enum status status;
};

static inline void test_stream_done(struct log_stream_change *change, enum status status)
{
    struct test_stream_change *test = CONTAINER_OF(change, struct test_stream_change, change);

    test->done = true;
    test->status = status;
}

static inline enum status test_stream(struct test_logs *t, bool deletes, const char *group,
                                      const char *stream)
{
    struct test_stream_change test = {.change = {.deletes = deletes,
                                                 .group_name = bytes_of_text(group),
                                                 .stream_name = bytes_of_text(stream),
                                                 .done = test_stream_done}};

    logs_change_stream(t->logs, &test.change);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.change.error;
    return test.status;
}

/* ---- events ---- */

struct test_put {
    struct log_put put;
    bool done;
    enum status status;
};

static inline void test_put_done(struct log_put *put, enum status status)
{
    struct test_put *test = CONTAINER_OF(put, struct test_put, put);

    test->done = true;
    test->status = status;
}

static inline enum status test_put_events(struct test_logs *t, const char *group,
                                          const char *stream, const struct log_input *events,
                                          size_t count)
{
    struct test_put test = {.put = {.group_name = bytes_of_text(group),
                                    .stream_name = bytes_of_text(stream),
                                    .events = events,
                                    .count = count,
                                    .done = test_put_done}};

    logs_put(t->logs, &test.put);
    while (!test.done)
        test_loop_turn(&t->loop);
    t->error = test.put.error;
    return test.status;
}

static inline void test_put_text(struct test_logs *t, const char *group, const char *stream,
                                 uint64_t timestamp_ms, const char *message)
{
    struct log_input event = {timestamp_ms, bytes_of_text(message)};

    assert_int_equal(test_put_events(t, group, stream, &event, 1), OK);
}

/* A letter in a batch of its own. */
struct test_letter {
    struct test_work work;
    struct test_logs *t;
    struct log_letter letter;
    enum status status;
};

static inline void test_letter_body(struct store_batch *batch, struct test_work *work)
{
    struct test_letter *test = work->context;

    test->status = logs_write(test->t->logs, batch, &test->letter);
}

static inline enum status test_write(struct test_logs *t, const char *group, const char *stream,
                                     uint64_t timestamp_ms, struct bytes message)
{
    struct test_letter test = {
        .work = {.body = test_letter_body},
        .t = t,
        .letter = {bytes_of_text(group), bytes_of_text(stream), {timestamp_ms, message}}};

    test.work.context = &test;
    assert_int_equal(test_do(&t->loop, &test.work), OK);
    return test.status;
}

/* All messages of a group, joined by '|'. */
static inline const char *test_messages(struct test_logs *t, const char *group)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);
    struct log_search search = {.group = logs_find(t->logs, bytes_of_text(group)),
                                .end_ms = UINT64_MAX,
                                .limit = LOG_PAGE_COUNT_MAX,
                                .arena = t->arena};

    assert_non_null(search.group);
    do {
        assert_int_equal(logs_search(t->logs, &search), OK);
        for (size_t i = 0; i < search.count; i++) {
            buffer_append_text(&out, out.size > 0 ? "|" : "");
            buffer_append(&out, search.events[i].message);
        }
        search.token = search.next_token;
    } while (search.token.size > 0);
    return arena_copy_text(t->arena, buffer_bytes(&out));
}

/* ---- what always holds ---- */

static inline bool test_has(struct test_logs *t, const struct log_key *key)
{
    AUTO(store_value_release) struct store_value value = {0};

    return store_get(t->store, NULL, STORE_LOGS, log_key_bytes(key), &value) == OK;
}

/* How many keys of a kind the group has. */
static inline size_t test_count(struct test_logs *t, uint64_t group_id, enum log_key_kind kind)
{
    AUTO(store_iter_release) struct store_iter *iter = NULL;
    struct log_key from, to;
    struct bytes key, value;
    size_t count = 0;

    log_key_kind(&from, group_id, kind);
    log_key_kind(&to, group_id, (enum log_key_kind)(kind + 1));
    iter =
        store_iter_new(t->store, NULL, STORE_LOGS, log_key_bytes(&from), log_key_bytes(&to), false);
    while (store_iter_next(iter, &key, &value))
        count++;
    assert_int_equal(store_iter_status(iter), OK);
    return count;
}

static inline void test_check_events(struct test_logs *t, const struct log_group_view *group)
{
    AUTO(store_iter_release) struct store_iter *iter = NULL;
    struct log_figures counted = {0}, stored = {0};
    struct log_key from, to;
    struct bytes key, value;

    log_key_kind(&from, group->id, LOG_KEY_EVENT);
    log_key_kind(&to, group->id, (enum log_key_kind)(LOG_KEY_EVENT + 1));
    iter =
        store_iter_new(t->store, NULL, STORE_LOGS, log_key_bytes(&from), log_key_bytes(&to), false);
    while (store_iter_next(iter, &key, &value)) {
        struct log_record record;
        struct log_place place;
        struct log_key entry;

        assert_true(log_key_place(key, &place));
        assert_int_equal(log_record_decode(value, &record), OK);
        log_key_stream_event(&entry, group->id, record.stream_id, place);
        assert_true(test_has(t, &entry));
        counted.events++;
        counted.bytes += record.message.size + LOG_EVENT_OVERHEAD;
    }
    assert_int_equal(logs_figures(t->logs, group, &stored), OK);
    assert_int_equal(stored.events, counted.events);
    assert_int_equal(stored.bytes, counted.bytes);
    assert_int_equal(test_count(t, group->id, LOG_KEY_STREAM_EVENT), counted.events);
    assert_int_equal(test_count(t, group->id, LOG_KEY_STREAM),
                     test_count(t, group->id, LOG_KEY_STREAM_NAME));
}

static inline void test_check(struct test_logs *t)
{
    const struct log_group_view **list = NULL;
    size_t count = 0;

    logs_list(t->logs, (struct bytes){NULL, 0}, t->arena, &list, &count);
    for (size_t i = 0; i < count; i++)
        test_check_events(t, list[i]);
}

#endif
