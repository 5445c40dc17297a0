/* delivery/delivery_test.h - what the tests of deliveries share: deliveries over a store, a clock
 * that is moved by hand, and a door whose targets do what the test says.
 *
 * A target of that door is known by its ARN: "written:..." has a store of its own (the family
 * STORE_CATALOGUE, "at/ARN/EVENT"), "called:..." is called, anything else is not there. A dead
 * letter stands at "letter/QUEUE/EVENT". */
#ifndef DYNLOG_TEST_DELIVERY_TEST_H
#define DYNLOG_TEST_DELIVERY_TEST_H

#include "vault/vault_test.h"

#include "delivery/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)
#define TEST_CALLS_MAX 256

struct test_deliveries {
    const char *folder; /* NULL: in memory */
    struct arena *arena;
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct deliveries *deliveries;
    struct vault *vault; /* NULL: no log is private */
    int64_t retry_delay_ms, maximum_retry_attempts;
    /* the door; on the writer's thread too, so set only while nothing is under way */
    const char *failing;         /* this target fails, in find(); NULL: none */
    const char *failing_write;   /* in write() */
    struct delivery_error error; /* with this */
    enum status letter_status;
    bool hold_calls; /* calls wait for test_answer() */
    struct delivery_call *calls[TEST_CALLS_MAX];
    size_t call_count, calls_made, cancelled, written, letters_told, dropped, changed;
    char sentence[4096]; /* of what was dropped last */
};

/* ---- the door ---- */

static inline bool test_is(const char *name, struct bytes target_arn)
{
    return name != NULL && bytes_equal_text(target_arn, name);
}

static inline enum delivery_way test_find(void *context, struct delivery *delivery,
                                          struct delivery_error *reterr)
{
    struct test_deliveries *t = context;

    assert_non_null(delivery->arena);
    if (test_is(t->failing, delivery->target_arn)) {
        *reterr = t->error;
        return DELIVERY_REFUSED;
    }
    delivery->slot = t;
    if (bytes_start_with(delivery->target_arn, BYTES("written:")))
        return DELIVERY_WRITTEN;
    if (bytes_start_with(delivery->target_arn, BYTES("called:")))
        return DELIVERY_CALLED;
    delivery_error_set(reterr, "NO_RESOURCE", false, "there is no %.*s",
                       BYTES_ARG(delivery->target_arn));
    return DELIVERY_REFUSED;
}

static inline bool test_write(void *context, struct store_batch *batch, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    struct test_deliveries *t = context;
    struct bytes key = arena_printf(delivery->arena, "at/%.*s/%.*s",
                                    BYTES_ARG(delivery->target_arn), BYTES_ARG(delivery->event_id));

    if (test_is(t->failing_write, delivery->target_arn)) {
        *reterr = t->error;
        return false;
    }
    store_batch_put(batch, STORE_CATALOGUE, key, delivery->payload);
    return true;
}

static inline void test_written(void *context, struct delivery *delivery)
{
    struct test_deliveries *t = context;

    assert_ptr_equal(delivery->slot, t);
    t->written++;
}

static inline void test_call(void *context, struct delivery_call *call)
{
    struct test_deliveries *t = context;

    assert_ptr_equal(call->delivery->slot, t);
    t->calls_made++;
    if (!t->hold_calls) {
        delivery_called(call,
                        test_is(t->failing_write, call->delivery->target_arn) ? &t->error : NULL);
        return;
    }
    assert_true(t->call_count < TEST_CALLS_MAX);
    t->calls[t->call_count++] = call;
}

static inline void test_cancel(void *context, struct delivery_call *call)
{
    struct test_deliveries *t = context;

    (void)call;
    t->cancelled++;
}

static inline enum status test_write_letter(void *context, struct store_batch *batch,
                                            struct delivery_letter *letter)
{
    struct test_deliveries *t = context;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);
    struct bytes id = {NULL, 0};

    if (t->letter_status != OK)
        return t->letter_status;
    buffer_append(&out, letter->body);
    for (size_t i = 0; i < letter->attribute_count; i++) {
        buffer_printf(&out, " %s=%.*s", letter->attributes[i].name,
                      BYTES_ARG(letter->attributes[i].value));
        if (bytes_equal_text(bytes_of_text(letter->attributes[i].name), "TARGET_ARN"))
            id = letter->attributes[i].value;
    }
    assert_true(id.size > 0);
    store_batch_put(batch, STORE_CATALOGUE,
                    arena_printf(letter->arena, "letter/%.*s/%.*s/%.*s",
                                 BYTES_ARG(letter->queue_arn), BYTES_ARG(id),
                                 BYTES_ARG(letter->body)),
                    buffer_bytes(&out));
    letter->slot = t;
    return OK;
}

static inline void test_letter_written(void *context, struct delivery_letter *letter)
{
    struct test_deliveries *t = context;

    assert_ptr_equal(letter->slot, t);
    t->letters_told++;
}

static inline void test_changed(void *context)
{
    struct test_deliveries *t = context;

    t->changed++;
}

static inline void test_dropped(void *context, const char *sentence)
{
    struct test_deliveries *t = context;

    snprintf(t->sentence, sizeof t->sentence, "%s", sentence);
    t->dropped++;
}

/* ---- life ---- */

static inline void test_deliveries_attach(struct test_deliveries *t)
{
    const struct deliveries_options options = {
        .store = t->store,
        .port = t->loop.port,
        .timers = t->timers,
        .vault = t->vault,
        .door = {.context = t,
                 .find = test_find,
                 .write = test_write,
                 .written = test_written,
                 .call = test_call,
                 .cancel = test_cancel,
                 .write_letter = test_write_letter,
                 .letter_written = test_letter_written},
        .retry_delay_ms = t->retry_delay_ms,
        .maximum_retry_attempts = t->maximum_retry_attempts,
        .changed = test_changed,
        .dropped = test_dropped,
        .context = t,
    };

    assert_int_equal(deliveries_open(&options, &t->deliveries), OK);
}

static inline void test_deliveries_open(struct test_deliveries *t, const char *folder)
{
    *t = (struct test_deliveries){.folder = folder,
                                  .arena = arena_new(),
                                  .clock = clock_new_manual(TEST_NOW_MS),
                                  .retry_delay_ms = -1,
                                  .maximum_retry_attempts = -1};
    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = test_open(folder);
    test_loop_open(&t->loop, t->store);
    test_deliveries_attach(t);
    deliveries_start(t->deliveries);
}

/* The same with a log that is private. */
static inline void test_deliveries_open_private(struct test_deliveries *t, const char *log)
{
    test_deliveries_open(t, NULL);
    assert_int_equal(vault_open(t->store, &t->vault), OK);
    test_make_private(&t->loop, t->vault, log);
    t->deliveries->options.vault = t->vault;
}

/* What is under way at a stop ends as a door ends what is cancelled. */
static inline void test_deliveries_detach(struct test_deliveries *t)
{
    struct delivery_error error;

    delivery_error_set(&error, "UNKNOWN", true, "stopped");
    if (!deliveries_stop(t->deliveries)) {
        for (size_t i = 0; i < t->call_count; i++)
            delivery_called(t->calls[i], &error);
        t->call_count = 0;
        while (!deliveries_stop(t->deliveries))
            test_loop_turn(&t->loop);
    }
    deliveries_close(t->deliveries);
}

static inline void test_deliveries_close(struct test_deliveries *t)
{
    test_deliveries_detach(t);
    vault_close(t->vault);
    test_loop_close(&t->loop);
    store_close(t->store);
    timers_free(t->timers);
    clock_free(t->clock);
    arena_free(t->arena);
}

/* Memory is gone, the store is as it was: whatever was under way is made again. Not started. */
static inline void test_deliveries_restart(struct test_deliveries *t)
{
    test_deliveries_detach(t);
    test_deliveries_attach(t);
}

#define UNTIL(t, condition)                                                                        \
    while (!(condition))                                                                           \
    test_loop_turn(&(t)->loop)

static inline struct deliveries_figures test_figures(const struct test_deliveries *t)
{
    struct deliveries_figures figures;

    deliveries_figures(t->deliveries, &figures);
    return figures;
}

/* Until nothing of ours is with the writer. */
static inline void test_settle(struct test_deliveries *t)
{
    UNTIL(t, t->deliveries->works == 0);
}

/* Moves the clock from due time to due time, settling in between. */
static inline void test_advance(struct test_deliveries *t, uint64_t by_ms)
{
    uint64_t until = clock_now_ms(t->clock) + by_ms;

    test_settle(t);
    while (timers_next_ms(t->timers) <= until) {
        uint64_t due = timers_next_ms(t->timers), now = clock_now_ms(t->clock);

        clock_advance(t->clock, due > now ? due - now : 0);
        timers_run(t->timers);
        test_settle(t);
    }
    clock_advance(t->clock, until - clock_now_ms(t->clock));
}

/* ---- handing over ---- */

struct test_cause {
    struct store_work work;
    struct test_deliveries *t;
    struct delivery *delivery;
    bool done;
    enum status status;
};

static inline void test_cause_run(struct store_batch *batch, struct store_work *work)
{
    struct test_cause *cause = CONTAINER_OF(work, struct test_cause, work);

    deliveries_write(cause->t->deliveries, batch, cause->delivery);
}

static inline void test_cause_done(struct store_work *work, enum status status)
{
    struct test_cause *cause = CONTAINER_OF(work, struct test_cause, work);

    cause->done = true;
    cause->status = status;
    if (status == OK)
        deliveries_written(cause->t->deliveries, cause->delivery);
}

static inline struct delivery *test_delivery(struct test_deliveries *t, const char *target,
                                             const char *event_id)
{
    struct delivery *delivery = ARENA_NEW(t->arena, struct delivery);

    *delivery = (struct delivery){
        .source_arn = BYTES("rule"),
        .target_arn = arena_copy(t->arena, bytes_of_text(target)),
        .target_id = arena_copy(t->arena, bytes_of_text(target)),
        .payload = arena_printf(t->arena, "\"%s\"", event_id),
        .event_id = arena_copy(t->arena, bytes_of_text(event_id)),
        .maximum_retry_attempts = -1,
        .maximum_event_age_s = -1,
        .arena = t->arena,
    };
    return delivery;
}

/* Until its batch is durable. */
static inline void test_hand_over(struct test_deliveries *t, struct delivery *delivery)
{
    struct test_cause cause = {
        .work = {.run = test_cause_run, .done = test_cause_done}, .t = t, .delivery = delivery};

    deliveries_prepare(t->deliveries, delivery);
    store_submit(t->store, t->loop.port, &cause.work);
    UNTIL(t, cause.done);
    assert_int_equal(cause.status, OK);
}

static inline void test_answer(struct test_deliveries *t, size_t index,
                               const struct delivery_error *error)
{
    struct delivery_call *call = t->calls[index];

    assert_true(index < t->call_count);
    memmove(&t->calls[index], &t->calls[index + 1],
            (t->call_count - index - 1) * sizeof t->calls[0]);
    t->call_count--;
    delivery_called(call, error);
}

/* ---- looking ---- */

static inline size_t test_count(struct test_deliveries *t, enum store_family family,
                                const char *prefix)
{
    struct store_iter *iter =
        store_iter_new(t->store, NULL, family, bytes_of_text(prefix), BYTES(""), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value) && bytes_start_with(key, bytes_of_text(prefix)))
        count++;
    store_iter_free(iter);
    return count;
}

static inline size_t test_records(struct test_deliveries *t)
{
    return test_count(t, STORE_DELIVERIES, "");
}

static inline void test_expect_letter(struct test_deliveries *t, const char *target,
                                      const char *body, const char *expected)
{
    char key[512];

    snprintf(key, sizeof key, "letter/dead/%s/%s", target, body);
    test_expect(t->store, NULL, STORE_CATALOGUE, key, expected);
}

#endif
