/* bus/bus_test.h - what the bus's tests share: a bus over a store with a clock that stands still,
 * and a door that notes what it is given. */
#ifndef DYNLOG_TEST_BUS_TEST_H
#define DYNLOG_TEST_BUS_TEST_H

#include "store/store_test.h"

#include "bus/bus.h"

#define TEST_NOW_MS 1769903999123u /* 2026-01-31T23:59:59.123Z */
#define TEST_TARGET "arn:aws:lambda:us-east-1:000000000000:function:%s"

struct test_bus {
    struct arena *arena;
    struct clock *clock;
    struct timers *timers;
    struct test_loop loop;
    struct bus *bus;
    bool crowded; /* what the door says */
    /* the door's notes, in the test's arena */
    struct delivery *deliveries;
    size_t asked, delivery_count, delivery_capacity;
    size_t written_batch; /* on the writer's thread; read once the batch is durable */
    uint64_t archived_to;
    size_t archived_count, rules_changed;
};

/* A target that is a bus plans for itself, as the server's does. */
static inline void test_door_prepare(void *context, struct delivery *delivery)
{
    struct test_bus *test = context;
    struct bus_plan *plan = NULL;

    test->asked++;
    if (bytes_find(delivery->target_arn, BYTES(":event-bus/")) != SIZE_MAX && delivery->hops == 0 &&
        bus_plan_event(test->bus, delivery, &plan))
        delivery->slot = plan;
}

static inline void test_door_write(void *context, struct store_batch *batch,
                                   struct delivery *delivery)
{
    struct test_bus *test = context;
    char key[32];

    if (delivery->slot != NULL) {
        if (bus_plan_write(test->bus, batch, delivery->slot) != OK)
            assert(false && "nothing is wrong with the disk");
        return;
    }
    snprintf(key, sizeof key, "delivery%zu", ++test->written_batch);
    store_batch_put(batch, STORE_DELIVERIES, bytes_of_text(key), delivery->payload);
    delivery->slot = test;
}

static inline void test_door_written(void *context, struct delivery *delivery)
{
    struct test_bus *test = context;
    struct delivery *note = NULL;

    if (delivery->slot != test) {
        bus_plan_written(test->bus, delivery->slot);
        return;
    }
    test->deliveries =
        arena_grow(test->arena, test->deliveries, test->delivery_count, test->delivery_count + 1,
                   &test->delivery_capacity, sizeof *test->deliveries);
    note = &test->deliveries[test->delivery_count++];
    *note = *delivery;
    note->target_arn = arena_copy(test->arena, delivery->target_arn);
    note->target_id = arena_copy(test->arena, delivery->target_id);
    note->source_arn = arena_copy(test->arena, delivery->source_arn);
    note->event_id = arena_copy(test->arena, delivery->event_id);
    note->payload = arena_copy(test->arena, delivery->payload);
    note->event = arena_copy(test->arena, delivery->event);
    note->parameters = arena_copy(test->arena, delivery->parameters);
    note->dead_letter_arn = arena_copy(test->arena, delivery->dead_letter_arn);
}

static inline void test_door_archived(void *context, uint64_t last_position)
{
    struct test_bus *test = context;

    test->archived_to = last_position;
    test->archived_count++;
}

static inline bool test_door_schedule_is_valid(void *context, struct bytes expression)
{
    (void)context;
    return bytes_start_with(expression, BYTES("rate("));
}

static inline void test_door_rule_changed(void *context, struct bytes bus_name,
                                          struct bytes rule_name)
{
    struct test_bus *test = context;

    (void)bus_name, (void)rule_name;
    test->rules_changed++;
}

static inline bool test_door_crowded(void *context)
{
    const struct test_bus *test = context;

    return test->crowded;
}

/* At a time of its own, for what is opened again later. */
static inline void test_bus_attach_at(struct test_bus *test, struct store *store, uint64_t now_ms)
{
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};
    struct bus_door door = {.context = test,
                            .prepare = test_door_prepare,
                            .write = test_door_write,
                            .written = test_door_written,
                            .archived = test_door_archived,
                            .crowded = test_door_crowded,
                            .schedule_is_valid = test_door_schedule_is_valid,
                            .rule_changed = test_door_rule_changed};

    *test = (struct test_bus){.arena = arena_new(), .clock = clock_new_manual(now_ms)};
    test->timers = timers_new(test->clock, NULL, NULL);
    test_loop_open(&test->loop, store);
    assert_int_equal(bus_open(store, test->loop.port, test->clock, &place, &door, &test->bus), OK);
}

static inline void test_bus_attach(struct test_bus *test, struct store *store)
{
    test_bus_attach_at(test, store, TEST_NOW_MS);
}

static inline void test_bus_detach(struct test_bus *test)
{
    while (!bus_stop(test->bus))
        test_loop_turn(&test->loop);
    bus_close(test->bus);
    test_loop_close(&test->loop);
    timers_free(test->timers);
    clock_free(test->clock);
    arena_free(test->arena);
}

/* On a store in memory. */
static inline void test_bus_open(struct test_bus *test)
{
    test_bus_attach(test, test_open(NULL));
}

static inline void test_bus_close(struct test_bus *test)
{
    struct store *store = test->loop.store;

    test_bus_detach(test);
    store_close(store);
}

/* ---- changes ---- */

struct test_change {
    struct bus_change change;
    bool done;
    enum status status;
    size_t order; /* which one of all ended, from 1 */
    size_t *ended;
};

static inline void test_change_done(struct bus_change *change, enum status status)
{
    struct test_change *test = CONTAINER_OF(change, struct test_change, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
    if (test->ended != NULL)
        test->order = ++*test->ended;
}

static inline void test_change_begin(struct test_bus *test, struct test_change *change)
{
    change->change.arena = test->arena;
    change->change.done = test_change_done;
    change->done = false;
    bus_change(test->bus, &change->change);
}

static inline void test_change_finish(struct test_bus *test, const struct test_change *change)
{
    while (!change->done)
        test_loop_turn(&test->loop);
}

static inline enum status test_change_do(struct test_bus *test, struct test_change *change)
{
    test_change_begin(test, change);
    test_change_finish(test, change);
    return change->status;
}

/* OK; the change as the tests write it. */
#define CHANGE_OK(test, ...)                                                                       \
    do {                                                                                           \
        struct test_change change_ = {.change = {__VA_ARGS__}};                                    \
        if (test_change_do((test), &change_) != OK)                                                \
            fail_msg("%s", change_.change.error.message);                                          \
    } while (0)

#define CHANGE_REFUSED(test, kind_, message_, ...)                                                 \
    do {                                                                                           \
        struct test_change change_ = {.change = {__VA_ARGS__}};                                    \
        assert_int_equal(test_change_do((test), &change_), REFUSED);                               \
        assert_string_equal(change_.change.error.message, (message_));                             \
        assert_int_equal(change_.change.error.kind, (kind_));                                      \
    } while (0)

static inline struct bus_target test_target(struct test_bus *test, const char *id,
                                            const char *function)
{
    return (struct bus_target){
        .id = bytes_of_text(id),
        .arn = arena_printf(test->arena, TEST_TARGET, function),
        .maximum_retry_attempts = -1,
        .maximum_event_age_s = -1,
    };
}

/* A rule of a bus with one target, which has the rule's name. */
static inline void test_put_rule(struct test_bus *test, const char *bus_name, const char *name,
                                 const char *pattern)
{
    struct bus_target target = test_target(test, "1", name);

    CHANGE_OK(test, .kind = BUS_PUT_RULE, .bus_name = bytes_of_text(bus_name),
              .name = bytes_of_text(name), .pattern = bytes_of_text(pattern), .enabled = true);
    CHANGE_OK(test, .kind = BUS_PUT_TARGETS, .bus_name = bytes_of_text(bus_name),
              .name = bytes_of_text(name), .targets = &target, .target_count = 1);
}

/* ---- puts ---- */

struct test_put {
    struct bus_put put;
    bool done;
    enum status status;
};

static inline void test_put_done(struct bus_put *put, enum status status)
{
    struct test_put *test = CONTAINER_OF(put, struct test_put, put);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline void test_put_begin(struct test_bus *test, struct test_put *put,
                                  struct bus_entry *entries, size_t count)
{
    put->put.entries = entries;
    put->put.count = count;
    put->put.arena = test->arena;
    put->put.done = test_put_done;
    put->done = false;
    bus_put_events(test->bus, &put->put);
}

static inline void test_put_events(struct test_bus *test, struct bus_entry *entries, size_t count)
{
    struct test_put put = {0};

    test_put_begin(test, &put, entries, count);
    while (!put.done)
        test_loop_turn(&test->loop);
    assert_int_equal(put.status, OK);
    assert_int_equal(bus_in_flight(test->bus), 0);
}

static inline struct bus_entry test_entry(const char *bus_name, const char *detail)
{
    return (struct bus_entry){
        .bus_name = bytes_of_text(bus_name),
        .source = BYTES("shop"),
        .detail_type = BYTES("order"),
        .detail = bytes_of_text(detail),
    };
}

#endif
