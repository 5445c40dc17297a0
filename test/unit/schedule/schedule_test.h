/* schedule/schedule_test.h - what the schedules' tests share: schedules over a store, with a clock
 * that stands still, and a door that keeps what is due.
 *
 * The door writes each delivery into the batch too (STORE_DELIVERIES, "d" and a position): so a
 * test sees whether due times and deliveries are one batch. */
#ifndef DYNLOG_TEST_SCHEDULE_TEST_H
#define DYNLOG_TEST_SCHEDULE_TEST_H

#include "store/store_test.h"

#include "schedule/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000) /* 2026-07-25T17:20:00Z */
#define MINUTE_MS ((uint64_t)60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DUE_MAX 500

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test_due {
    struct bytes arn, payload; /* of a rule: its name */
    uint64_t scheduled_ms, happened_ms;
    char execution_id[SCHEDULE_EXECUTION_ID_SIZE];
};

struct test_schedules {
    const char *folder; /* NULL: in memory */
    struct arena *arena;
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct schedules *schedules;
    uint64_t seed;
    struct test_due due[DUE_MAX]; /* in the order in which they were told */
    size_t due_count;
    bool refuse_rules; /* the bus has none */
    size_t prepared;
};

/* ---- the door ---- */

static inline void test_keep(struct test_schedules *t, struct bytes arn, struct bytes payload,
                             uint64_t scheduled_ms)
{
    assert_true(t->due_count < DUE_MAX);
    t->due[t->due_count++] = (struct test_due){
        .arn = arena_copy(t->arena, arn),
        .payload = arena_copy(t->arena, payload),
        .scheduled_ms = scheduled_ms,
        .happened_ms = clock_now_ms(t->clock),
    };
}

static inline void test_prepare(void *context, struct schedule_delivery *delivery)
{
    struct test_schedules *t = context;

    t->prepared++;
    delivery->slot = t;
}

static inline void test_put_delivery(struct store_batch *batch, struct bytes value)
{
    uint8_t key[9] = {'d'};

    bytes_put_u64(key + 1, store_batch_position(batch));
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), value);
}

static inline void test_write(void *context, struct store_batch *batch,
                              struct schedule_delivery *delivery)
{
    assert_ptr_equal(delivery->slot, context);
    test_put_delivery(batch, delivery->payload);
}

static inline void test_written(void *context, struct schedule_delivery *delivery)
{
    struct test_schedules *t = context;

    test_keep(t, delivery->schedule->arn, delivery->payload, delivery->scheduled_ms);
    memcpy(t->due[t->due_count - 1].execution_id, delivery->execution_id,
           sizeof delivery->execution_id);
}

struct test_rule_work {
    struct store_work work;
    struct test_schedules *t;
    struct schedule_firing *firing;
};

static inline void test_rule_run(struct store_batch *batch, struct store_work *work)
{
    struct test_rule_work *rule = CONTAINER_OF(work, struct test_rule_work, work);

    test_put_delivery(batch, rule->firing->rule_name);
    schedules_write_rule(batch, rule->firing);
}

static inline void test_rule_done(struct store_work *work, enum status status)
{
    struct test_rule_work *rule = CONTAINER_OF(work, struct test_rule_work, work);

    if (status == OK)
        test_keep(rule->t, rule->firing->rule_name, BYTES(""), rule->firing->scheduled_ms);
    schedules_rule_fired(rule->firing, status);
}

static inline void test_fire_rule(void *context, struct schedule_firing *firing)
{
    struct test_schedules *t = context;
    struct test_rule_work *rule = ARENA_NEW(firing->arena, struct test_rule_work);

    if (t->refuse_rules) {
        schedules_rule_fired(firing, NOT_FOUND);
        return;
    }
    *rule = (struct test_rule_work){{.run = test_rule_run, .done = test_rule_done}, t, firing};
    store_submit(t->store, t->loop.port, &rule->work);
}

/* ---- life ---- */

static inline void test_schedules_attach(struct test_schedules *t)
{
    struct schedules_options options = {
        .place = &test_place,
        .seed = t->seed,
        .door = {t, test_prepare, test_write, test_written, test_fire_rule},
    };

    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = test_open(t->folder);
    test_loop_open(&t->loop, t->store);
    options.store = t->store;
    options.port = t->loop.port;
    options.timers = t->timers;
    assert_int_equal(schedules_open(&options, &t->schedules), OK);
}

static inline void test_schedules_open(struct test_schedules *t)
{
    *t = (struct test_schedules){.arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS)};
    test_schedules_attach(t);
    schedules_start(t->schedules);
}

static inline void test_nothing(struct store_batch *batch, struct test_work *work)
{
    (void)batch, (void)work;
}

/* Until nothing is with the writer. */
static inline void test_settle(struct test_schedules *t)
{
    struct test_work last = {.body = test_nothing};

    while (schedules_busy(t->schedules))
        test_loop_turn(&t->loop);
    assert_int_equal(test_do(&t->loop, &last), OK);
}

static inline void test_schedules_detach(struct test_schedules *t)
{
    while (!schedules_stop(t->schedules))
        test_loop_turn(&t->loop);
    schedules_close(t->schedules);
    test_loop_close(&t->loop);
    store_close(t->store);
    timers_free(t->timers);
}

static inline void test_schedules_close(struct test_schedules *t)
{
    test_schedules_detach(t);
    clock_free(t->clock);
    arena_free(t->arena);
}

/* Stopped, and started again after a while. */
static inline void test_restart(struct test_schedules *t, uint64_t after_ms)
{
    test_schedules_detach(t);
    clock_advance(t->clock, after_ms);
    test_schedules_attach(t);
}

/* From due time to due time, as the server moves a manual clock. */
static inline void test_advance(struct test_schedules *t, uint64_t by_ms)
{
    uint64_t end_ms = clock_now_ms(t->clock) + by_ms;

    test_settle(t);
    while (timers_next_ms(t->timers) <= end_ms) {
        uint64_t now_ms = clock_now_ms(t->clock), next_ms = timers_next_ms(t->timers);

        if (next_ms > now_ms)
            clock_advance(t->clock, next_ms - now_ms);
        timers_run(t->timers);
        test_settle(t);
    }
    clock_advance(t->clock, end_ms - clock_now_ms(t->clock));
}

/* ---- changes ---- */

struct test_change {
    struct schedule_change change;
    bool done;
    enum status status;
};

static inline void test_changed(struct schedule_change *change, enum status status)
{
    struct test_change *test = change->context;

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline void test_begin(struct test_schedules *t, struct test_change *test)
{
    test->change.arena = arena_new(); /* the writer's too, until it is done */
    test->change.done = test_changed;
    test->change.context = test;
    schedules_change(t->schedules, &test->change);
}

/* The answer; the error is in `test`. */
static inline enum status test_finish_change(struct test_schedules *t, struct test_change *test)
{
    while (!test->done)
        test_loop_turn(&t->loop);
    arena_free(test->change.arena);
    return test->status;
}

static inline enum status test_change(struct test_schedules *t, struct test_change *test)
{
    test_begin(t, test);
    return test_finish_change(t, test);
}

#define QUEUE_ARN BYTES("arn:aws:sqs:us-east-1:000000000000:q")

/* Of the default group, enabled, for a queue. */
static inline struct schedule_settings test_settings(struct schedule_settings settings)
{
    settings.enabled = true;
    if (settings.group.size == 0)
        settings.group = BYTES("default");
    settings.target = (struct schedule_target){.arn = QUEUE_ARN,
                                               .retry_attempts = SCHEDULE_RETRY_ATTEMPTS,
                                               .event_age_s = SCHEDULE_EVENT_AGE_S};
    return settings;
}

#define SETTINGS(name_, expression_)                                                               \
    test_settings(                                                                                 \
        (struct schedule_settings){.name = BYTES(name_), .expression = BYTES(expression_)})
/* The same with more settings. */
#define SETTINGS_WITH(name_, expression_, ...)                                                     \
    test_settings((struct schedule_settings){                                                      \
        .name = BYTES(name_), .expression = BYTES(expression_), __VA_ARGS__})

static inline void test_must(struct test_schedules *t, enum schedule_change_kind kind,
                             struct schedule_settings settings)
{
    struct test_change test = {.change = {.kind = kind, .settings = settings}};

    if (test_change(t, &test) != OK)
        fail_msg("%s", test.change.error.message);
    test_settle(t);
}

static inline void test_refused(struct test_schedules *t, enum schedule_change_kind kind,
                                struct schedule_settings settings, enum api_error_kind error,
                                const char *message)
{
    struct test_change test = {.change = {.kind = kind, .settings = settings}};

    assert_int_equal(test_change(t, &test), REFUSED);
    assert_string_equal(test.change.error.message, message);
    assert_int_equal(test.change.error.kind, error);
}

/* The times that were told since, from TEST_NOW_MS on, in minutes. */
static inline void test_due_minutes(struct test_schedules *t, size_t from, const int *minutes,
                                    size_t count)
{
    if (t->due_count - from != count)
        fail_msg("%zu were due, not %zu", t->due_count - from, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal((t->due[from + i].scheduled_ms - TEST_NOW_MS) / MINUTE_MS, minutes[i]);
}

#define DUE_MINUTES(t, from, ...)                                                                  \
    test_due_minutes(t, from, (const int[]){__VA_ARGS__},                                          \
                     sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

#endif
