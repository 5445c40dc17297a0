/* delivery/deliveries.c and attempt.c, outcome.c, entry.c: from the batch of the cause to the end,
 * with failures, restarts, lanes and a store that refuses. */
#include "delivery/delivery_test.h"

#include <signal.h>
#include <sys/resource.h>

static struct test_deliveries t;

static void passes(const char *message)
{
    delivery_error_set(&t.error, "THROTTLING", true, "%s", message);
}

static void stays(const char *message)
{
    delivery_error_set(&t.error, "INVALID_PARAMETER", false, "%s", message);
}

static struct delivery *with_letter(struct delivery *delivery)
{
    delivery->dead_letter_arn = BYTES("dead");
    return delivery;
}

static void expect_nothing_left(void)
{
    assert_false(deliveries_busy(t.deliveries));
    assert_int_equal(test_records(&t), 0);
    assert_int_equal(test_figures(&t).lanes, 0);
}

/* ---- written targets ---- */

static void test_written_in_the_batch_of_the_cause(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    test_hand_over(&t, test_delivery(&t, "written:a", "1"));
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/1", "\"1\"");
    assert_int_equal(t.written, 1);
    assert_int_equal(test_figures(&t).delivered_total, 1);
    expect_nothing_left();
    test_deliveries_close(&t);
}

static void test_tried_again_until_it_is_taken(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.retry_delay_ms = 500;
    test_deliveries_restart(&t);
    deliveries_start(t.deliveries);
    t.failing_write = "written:a";
    passes("busy");
    delivery = test_delivery(&t, "written:a", "1");
    test_hand_over(&t, delivery);
    assert_int_equal(test_records(&t), 2);
    assert_int_equal(test_figures(&t).retrying, 1);
    assert_true(deliveries_busy(t.deliveries));
    assert_false(deliveries_running(t.deliveries));
    test_advance(&t, 499);
    assert_int_equal(test_figures(&t).retries_total, 0);
    test_advance(&t, 1);
    assert_int_equal(test_figures(&t).retries_total, 1);
    assert_int_equal(test_figures(&t).retrying, 1);
    t.failing_write = NULL;
    test_advance(&t, 500);
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/1", "\"1\"");
    assert_int_equal(test_figures(&t).retries_total, 2);
    assert_int_equal(t.written, 1);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* Ids of events are others in each run, the moments are the same. */
static void test_moments_do_not_go_by_the_event(void **state)
{
    static const char *const ids[] = {"1", "2"};
    uint64_t due_ms[ARRAY_COUNT(ids)][3];

    (void)state;
    for (size_t run = 0; run < ARRAY_COUNT(ids); run++) {
        test_deliveries_open(&t, NULL);
        t.failing_write = "written:a";
        passes("busy");
        test_hand_over(&t, test_delivery(&t, "written:a", ids[run]));
        for (size_t i = 0; i < ARRAY_COUNT(due_ms[run]); i++) {
            due_ms[run][i] = timers_next_ms(t.timers);
            test_advance(&t, due_ms[run][i] - clock_now_ms(t.clock));
        }
        test_deliveries_close(&t);
    }
    assert_memory_equal(due_ms[0], due_ms[1], sizeof due_ms[0]);
}

/* ---- dead letters ---- */

static void test_an_error_that_stays(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    t.failing_write = "written:a";
    stays("too long");
    test_hand_over(&t, with_letter(test_delivery(&t, "written:a", "1")));
    test_expect_letter(&t, "written:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=INVALID_PARAMETER "
                       "ERROR_MESSAGE=too long RETRY_ATTEMPTS=0");
    test_hand_over(&t, with_letter(test_delivery(&t, "gone", "2")));
    test_expect_letter(&t, "gone", "\"2\"",
                       "\"2\" RULE_ARN=rule TARGET_ARN=gone ERROR_CODE=NO_RESOURCE "
                       "ERROR_MESSAGE=there is no gone RETRY_ATTEMPTS=0");
    assert_int_equal(t.letters_told, 2);
    assert_int_equal(test_figures(&t).failed_total, 2);
    assert_int_equal(test_figures(&t).dead_letters_total, 2);
    assert_int_equal(t.dropped, 0);
    expect_nothing_left();
    test_deliveries_close(&t);
}

static void test_attempts_exhausted(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.failing_write = "written:a";
    passes("busy");
    delivery = with_letter(test_delivery(&t, "written:a", "1"));
    delivery->maximum_retry_attempts = 3;
    test_hand_over(&t, delivery);
    test_advance(&t, 1000 + 2000 + 4000 - 1 - (500 + 1000 + 2000)); /* less than all can take */
    assert_int_equal(t.letters_told, 0);
    test_advance(&t, 10000);
    test_expect_letter(&t, "written:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=THROTTLING "
                       "ERROR_MESSAGE=busy EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts "
                       "RETRY_ATTEMPTS=3");
    assert_int_equal(test_figures(&t).retries_total, 3);
    expect_nothing_left();
    test_deliveries_close(&t);
}

static void test_no_retry_at_all(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.failing = "written:a";
    passes("busy");
    delivery = with_letter(test_delivery(&t, "written:a", "1"));
    delivery->maximum_retry_attempts = 0;
    test_hand_over(&t, delivery);
    test_expect_letter(&t, "written:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=THROTTLING "
                       "ERROR_MESSAGE=busy EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts "
                       "RETRY_ATTEMPTS=0");
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* Given up when the age is over, and not before; with the last error, also after a restart. */
static void test_too_old(void **state)
{
    struct delivery *delivery = NULL;
    uint32_t attempts = 0;
    char expected[512];

    (void)state;
    for (size_t restarted = 0; restarted < 2; restarted++) {
        test_deliveries_open(&t, NULL);
        t.failing_write = "written:a";
        passes("busy");
        delivery = with_letter(test_delivery(&t, "written:a", "1"));
        delivery->maximum_event_age_s = 60;
        test_hand_over(&t, delivery);
        test_advance(&t, 59999);
        assert_int_equal(t.letters_told, 0);
        attempts = (uint32_t)test_figures(&t).retries_total;
        assert_in_range(attempts, 5, 7); /* 1 + 2 + 4 + 8 + 16 s, less up to a half */
        if (restarted == 1) {
            test_deliveries_restart(&t);
            deliveries_start(t.deliveries);
        }
        test_advance(&t, 1);
        snprintf(expected, sizeof expected,
                 "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=THROTTLING "
                 "ERROR_MESSAGE=busy EXHAUSTED_RETRY_CONDITION=MaximumEventAgeInSeconds "
                 "RETRY_ATTEMPTS=%u",
                 attempts);
        test_expect_letter(&t, "written:a", "\"1\"", expected);
        expect_nothing_left();
        test_deliveries_close(&t);
    }
}

/* It waited in its lane, behind others, until it was too old. */
static void test_too_old_before_its_first_attempt(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    for (int i = 0; i < DELIVERY_LANE_RUNNING_MAX; i++)
        test_hand_over(&t, test_delivery(&t, "called:a", "x"));
    delivery = with_letter(test_delivery(&t, "called:a", "1"));
    delivery->maximum_event_age_s = 60;
    test_hand_over(&t, delivery);
    assert_int_equal(test_figures(&t).waiting, 1);
    test_advance(&t, 60000);
    test_answer(&t, 0, NULL);
    test_settle(&t);
    test_settle(&t);
    test_expect_letter(&t, "called:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=called:a ERROR_CODE=TIMEOUT "
                       "ERROR_MESSAGE=The event was too old before its target could be tried. "
                       "EXHAUSTED_RETRY_CONDITION=MaximumEventAgeInSeconds RETRY_ATTEMPTS=0");
    test_deliveries_close(&t);
}

static void test_dropped_and_counted(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    for (int i = 0; i < 3; i++)
        test_hand_over(&t, test_delivery(&t, "gone", "1"));
    assert_int_equal(test_figures(&t).dropped_total, 3);
    assert_int_equal(t.dropped, 1); /* told once */
    assert_string_equal(t.sentence,
                        "dropped what rule has for its target gone (gone): NO_RESOURCE, there is "
                        "no gone. More of the same are only counted");
    t.letter_status = NOT_FOUND;
    test_hand_over(&t, with_letter(test_delivery(&t, "gone", "2")));
    assert_int_equal(t.dropped, 2);
    assert_string_equal(t.sentence,
                        "dropped what rule has for its target gone (gone): NO_RESOURCE, there is "
                        "no gone; and its dead-letter queue dead can't take it. More of the same "
                        "are only counted");
    assert_int_equal(test_figures(&t).failed_total, 4);
    assert_int_equal(test_figures(&t).dead_letters_total, 0);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* A dead-letter queue whose store can't be read now is asked again; nothing is dropped for that. */
static void test_a_letter_that_can_not_be_written_now(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    t.letter_status = IO_ERROR;
    test_hand_over(&t, with_letter(test_delivery(&t, "gone", "1")));
    assert_int_equal(test_figures(&t).failed_total, 0);
    assert_int_equal(test_records(&t), 1);
    test_advance(&t, 3 * DELIVERY_WRITE_AGAIN_MS);
    assert_int_equal(test_records(&t), 1);
    t.letter_status = OK;
    test_advance(&t, DELIVERY_WRITE_AGAIN_MS);
    test_expect_letter(&t, "gone", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=gone ERROR_CODE=NO_RESOURCE "
                       "ERROR_MESSAGE=there is no gone RETRY_ATTEMPTS=0");
    expect_nothing_left();
    test_deliveries_close(&t);
}

static void test_an_input_that_can_not_be_made(void **state)
{
    struct delivery *delivery = NULL;
    struct bytes large;

    (void)state;
    test_deliveries_open(&t, NULL);
    delivery = with_letter(test_delivery(&t, "written:a", "1"));
    delivery->error_code = "INVALID_JSON";
    test_hand_over(&t, delivery);
    test_expect_letter(&t, "written:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=INVALID_JSON "
                       "ERROR_MESSAGE=The input for the target could not be made from the event. "
                       "RETRY_ATTEMPTS=0");
    delivery = with_letter(test_delivery(&t, "written:a", "2"));
    delivery->event = BYTES("{}");
    large.size = DELIVERY_PAYLOAD_SIZE_MAX + 1;
    large.ptr = arena_alloc(t.arena, large.size);
    delivery->payload = large;
    test_hand_over(&t, delivery);
    test_expect_letter(&t, "written:a", "{}",
                       "{} RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=INVALID_PARAMETER "
                       "ERROR_MESSAGE=The input for the target is larger than 4194304 bytes. "
                       "RETRY_ATTEMPTS=0");
    assert_int_equal(t.written, 0);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* ---- called targets ---- */

static void test_called(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    test_hand_over(&t, test_delivery(&t, "called:a", "1"));
    assert_int_equal(t.call_count, 1);
    assert_true(bytes_equal_text(t.calls[0]->delivery->payload, "\"1\""));
    assert_int_equal(test_figures(&t).running, 1);
    assert_int_equal(test_records(&t), 1);
    test_answer(&t, 0, NULL);
    assert_true(deliveries_running(t.deliveries));
    test_settle(&t);
    assert_int_equal(test_figures(&t).delivered_total, 1);
    assert_int_equal(t.written, 0);
    expect_nothing_left();
    /* what ends at once */
    t.hold_calls = false;
    test_hand_over(&t, test_delivery(&t, "called:a", "2"));
    test_settle(&t);
    expect_nothing_left();
    assert_int_equal(test_figures(&t).delivered_total, 2);
    test_deliveries_close(&t);
}

static void test_called_again(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    passes("503");
    t.error.retry_after_ms = 30000;
    delivery = with_letter(test_delivery(&t, "called:a", "1"));
    delivery->maximum_retry_attempts = 1;
    test_hand_over(&t, delivery);
    test_answer(&t, 0, &t.error);
    test_settle(&t);
    test_advance(&t, 29999);
    assert_int_equal(t.call_count, 0);
    test_advance(&t, 1);
    assert_int_equal(t.call_count, 1);
    stays("404");
    test_answer(&t, 0, &t.error);
    test_settle(&t);
    test_expect_letter(&t, "called:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=called:a ERROR_CODE=INVALID_PARAMETER "
                       "ERROR_MESSAGE=404 RETRY_ATTEMPTS=1");
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* ---- restarts ---- */

static void test_a_restart_goes_on_counting(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.failing_write = "written:a";
    passes("busy");
    delivery = with_letter(test_delivery(&t, "written:a", "1"));
    delivery->maximum_retry_attempts = 4;
    test_hand_over(&t, delivery);
    for (int attempt = 0; attempt < 3; attempt++) {
        test_deliveries_restart(&t);
        assert_int_equal(test_figures(&t).retrying, 1);
        deliveries_start(t.deliveries);
        assert_int_equal(deliveries_run_due_now(t.deliveries), 1);
        test_settle(&t);
        assert_int_equal(t.letters_told, 0);
    }
    assert_int_equal(deliveries_run_due_now(t.deliveries), 1);
    test_settle(&t);
    test_expect_letter(&t, "written:a", "\"1\"",
                       "\"1\" RULE_ARN=rule TARGET_ARN=written:a ERROR_CODE=THROTTLING "
                       "ERROR_MESSAGE=busy EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts "
                       "RETRY_ATTEMPTS=4");
    assert_int_equal(deliveries_run_due_now(t.deliveries), 0);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* A call that a stop ends is none that failed, and one that ends well in time is good. */
static void test_a_stop_in_the_middle_of_calls(void **state)
{
    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    passes("cancelled");
    test_hand_over(&t, test_delivery(&t, "called:a", "1"));
    test_hand_over(&t, test_delivery(&t, "called:a", "2"));
    assert_false(deliveries_stop(t.deliveries));
    assert_int_equal(t.cancelled, 2);
    assert_false(deliveries_stop(t.deliveries));
    assert_int_equal(t.cancelled, 2);
    test_answer(&t, 0, NULL);
    test_answer(&t, 0, &t.error);
    while (!deliveries_stop(t.deliveries))
        test_loop_turn(&t.loop);
    assert_int_equal(test_records(&t), 1);
    test_deliveries_restart(&t);
    assert_int_equal(t.call_count, 0); /* not before the start */
    assert_int_equal(test_figures(&t).waiting, 1);
    deliveries_start(t.deliveries);
    assert_int_equal(t.call_count, 1);
    assert_true(bytes_equal_text(t.calls[0]->delivery->event_id, "2"));
    assert_int_equal(test_figures(&t).retries_total, 0);
    test_answer(&t, 0, NULL);
    test_settle(&t);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* All that a delivery says is there after a restart. */
static void test_a_restart_keeps_all_of_it(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    delivery = test_delivery(&t, "called:a", "1");
    delivery->source = DELIVERY_OF_SCHEDULE;
    delivery->scheduled_ms = 7;
    delivery->parameters = BYTES("{\"HttpParameters\":{}}");
    delivery->trace_header = BYTES("Root=1");
    delivery->hops = 1;
    test_hand_over(&t, delivery);
    clock_advance(t.clock, 1000);
    test_deliveries_restart(&t);
    deliveries_start(t.deliveries);
    const struct delivery *got = t.calls[0]->delivery;

    assert_int_equal(got->source, DELIVERY_OF_SCHEDULE);
    assert_int_equal(got->scheduled_ms, 7);
    assert_int_equal(got->accepted_ms, TEST_NOW_MS);
    assert_int_equal(got->hops, 1);
    assert_true(bytes_equal(got->parameters, delivery->parameters));
    assert_true(bytes_equal(got->trace_header, delivery->trace_header));
    test_deliveries_close(&t);
}

static void put_raw(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[DELIVERY_KEY_SIZE];

    delivery_key_encode(key, DELIVERY_KEY_RECORD, work->number);
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key),
                    bytes_of_text(work->context));
}

static void put_bytes(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[DELIVERY_KEY_SIZE];

    delivery_key_encode(key, DELIVERY_KEY_RECORD, work->number);
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key),
                    buffer_bytes(work->context));
}

static void test_damaged_records(void **state)
{
    struct test_work work = {.body = put_raw, .number = 1};
    struct deliveries *deliveries = NULL;

    (void)state;
    test_deliveries_open(&t, NULL);
    /* damaged while we run: dropped, and the lane goes on */
    t.hold_calls = true;
    for (int i = 0; i < DELIVERY_LANE_RUNNING_MAX; i++)
        test_hand_over(&t, test_delivery(&t, "called:a", "x"));
    struct delivery *delivery = test_delivery(&t, "called:a", "1");

    test_hand_over(&t, delivery);
    work.number = delivery->end->position;
    work.context = (void *)(uintptr_t) "\x01";
    assert_int_equal(test_do(&t.loop, &work), OK);
    test_hand_over(&t, test_delivery(&t, "called:a", "2"));
    test_answer(&t, 0, NULL);
    UNTIL(&t, t.calls_made == DELIVERY_LANE_RUNNING_MAX + 1);
    assert_int_equal(test_figures(&t).dropped_total, 1);
    test_deliveries_detach(&t);
    /* at a start */
    const struct deliveries_options options = {
        .store = t.store, .port = t.loop.port, .timers = t.timers};

    assert_int_equal(test_do(&t.loop, &work), OK);
    assert_int_equal(deliveries_open(&options, &deliveries), CORRUPT);
    work.context = (void *)(uintptr_t) "\x03";
    assert_int_equal(test_do(&t.loop, &work), OK);
    assert_int_equal(deliveries_open(&options, &deliveries), NEWER_FORMAT);
    test_loop_close(&t.loop);
    store_close(t.store);
    timers_free(t.timers);
    clock_free(t.clock);
    arena_free(t.arena);
}

/* ---- private logs ---- */

#define SECRET "a-plain-name-of-ada"
#define EVENT                                                                                      \
    "{\"detail\":{\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"payload\":{\"n\":\"" SECRET      \
    "\"}}}"
#define GONE                                                                                       \
    "{\"detail\":{\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"payload\":{},\"forgotten\":"     \
    "true}}"

static struct delivery *of_ada(const char *target, const char *id)
{
    struct delivery *delivery = test_delivery(&t, target, id);

    delivery->payload = BYTES(EVENT);
    return delivery;
}

/* What waits has it sealed; its target gets it plain, or, when it is forgotten meanwhile, not at
 * all, whether the record was loaded by this process or by the one before. */
static void test_what_waits_is_sealed(void **state)
{
    struct delivery *delivery = NULL;

    (void)state;
    test_deliveries_open_private(&t, "users");
    t.failing = "written:a";
    passes("busy");
    test_hand_over(&t, of_ada("written:a", "1"));
    delivery = of_ada("written:a", "2");
    delivery->payload = BYTES("\"made of it\"");
    delivery->event = BYTES(EVENT);
    test_hand_over(&t, with_letter(delivery));
    assert_int_equal(test_records(&t), 4);
    assert_false(test_family_has(t.store, STORE_DELIVERIES, SECRET));
    test_deliveries_restart(&t);
    deliveries_start(t.deliveries);
    t.failing = NULL;
    test_advance(&t, 1000);
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/1", EVENT);
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/2", "\"made of it\"");

    t.failing = "written:a";
    test_hand_over(&t, of_ada("written:a", "3"));
    delivery = of_ada("written:b", "4");
    delivery->payload = BYTES("\"made of it\"");
    delivery->event = BYTES(EVENT);
    t.failing_write = "written:b";
    test_hand_over(&t, with_letter(delivery));
    assert_true(test_forget_stream(&t.loop, "users", "12"));
    t.failing = NULL;
    stays("too long");
    test_advance(&t, 1000);
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/3", GONE);
    test_expect_letter(&t, "written:b", GONE,
                       GONE " RULE_ARN=rule TARGET_ARN=written:b ERROR_CODE=INVALID_PARAMETER "
                            "ERROR_MESSAGE=too long RETRY_ATTEMPTS=1");
    test_deliveries_close(&t);
}

/* Damaged seals drop their delivery, and nothing is made of them. */
static void test_a_seal_that_is_damaged(void **state)
{
    AUTO(buffer_free) struct buffer record = BUFFER_INIT(DELIVERY_RECORD_SIZE_MAX);
    struct test_work work = {.body = put_bytes};
    struct delivery *delivery = NULL;
    struct delivery forged;

    (void)state;
    test_deliveries_open_private(&t, "users");
    t.failing = "written:a";
    passes("busy");
    delivery = of_ada("written:a", "1");
    test_hand_over(&t, delivery);
    forged = *delivery;
    forged.sealed = DELIVERY_SEALED_PAYLOAD;
    delivery_record_encode(&record, &forged); /* its payload says that it is sealed, and is not */
    work.number = delivery->end->position;
    work.context = &record;
    assert_int_equal(test_do(&t.loop, &work), OK);
    t.failing = NULL;
    test_advance(&t, 1000);
    assert_int_equal(test_figures(&t).dropped_total, 1);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* ---- lanes ---- */

/* Neither another target of the rule nor the same target of another rule waits for a stuck one. */
static void test_a_stuck_target_delays_no_other(void **state)
{
    struct delivery *delivery = NULL;
    char id[16];

    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    for (int i = 0; i < 3 * DELIVERY_LANE_RUNNING_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        test_hand_over(&t, test_delivery(&t, "called:stuck", id));
    }
    assert_int_equal(t.call_count, DELIVERY_LANE_RUNNING_MAX);
    test_hand_over(&t, test_delivery(&t, "called:other", "o"));
    assert_int_equal(t.call_count, DELIVERY_LANE_RUNNING_MAX + 1);
    delivery = test_delivery(&t, "called:stuck", "p");
    delivery->source_arn = BYTES("another rule");
    test_hand_over(&t, delivery);
    assert_int_equal(t.call_count, DELIVERY_LANE_RUNNING_MAX + 2);
    assert_int_equal(test_figures(&t).lanes, 3);
    while (deliveries_busy(t.deliveries))
        if (t.call_count > 0)
            test_answer(&t, 0, NULL);
        else
            test_loop_turn(&t.loop);
    assert_int_equal(t.calls_made, 3 * DELIVERY_LANE_RUNNING_MAX + 2);
    expect_nothing_left();
    test_deliveries_close(&t);
}

static void test_order_in_a_lane(void **state)
{
    char id[16];
    int next = 0;

    (void)state;
    test_deliveries_open(&t, NULL);
    t.hold_calls = true;
    for (int i = 0; i < 60; i++) {
        snprintf(id, sizeof id, "%d", i);
        test_hand_over(&t, test_delivery(&t, "called:a", id));
    }
    test_deliveries_restart(&t);
    deliveries_start(t.deliveries);
    while (next < 60) {
        UNTIL(&t, t.call_count > 0);
        snprintf(id, sizeof id, "%d", next++);
        assert_true(bytes_equal_text(t.calls[0]->delivery->event_id, id));
        test_answer(&t, 0, NULL);
    }
    test_settle(&t);
    expect_nothing_left();
    test_deliveries_close(&t);
}

/* ---- a store that refuses ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The end of a call waits until it can be written: the call is not made twice. A written target is
 * tried again, and that does not count. */
static void test_a_store_that_refuses(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    signal(SIGXFSZ, SIG_IGN);
    test_deliveries_open(&t, folder);
    t.hold_calls = true;
    t.failing = "written:a";
    passes("busy");
    test_hand_over(&t, test_delivery(&t, "called:a", "1"));
    test_hand_over(&t, test_delivery(&t, "written:a", "2"));
    limit_files(0);
    t.failing = NULL;
    test_answer(&t, 0, NULL);
    deliveries_run_due_now(t.deliveries);
    UNTIL(&t, t.deliveries->works == 0);
    assert_int_equal(test_figures(&t).delivered_total, 0);
    assert_int_equal(test_figures(&t).running, 1);
    assert_int_equal(test_figures(&t).waiting, 1);
    assert_int_equal(test_figures(&t).retrying, 0);
    limit_files(RLIM_INFINITY);
    /* the store looks at its disk again when it likes: each second of ours asks it */
    while (deliveries_busy(t.deliveries))
        test_advance(&t, DELIVERY_WRITE_AGAIN_MS);
    assert_int_equal(t.calls_made, 1);
    assert_int_equal(test_figures(&t).delivered_total, 2);
    test_expect(t.store, NULL, STORE_CATALOGUE, "at/written:a/2", "\"2\"");
    expect_nothing_left();
    test_deliveries_close(&t);
    test_folder_remove(folder);
}

/* Stopped meanwhile: the next start makes the call again. */
static void test_a_stop_while_the_store_refuses(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    test_deliveries_open(&t, folder);
    t.hold_calls = true;
    test_hand_over(&t, test_delivery(&t, "called:a", "1"));
    limit_files(0);
    test_answer(&t, 0, NULL);
    UNTIL(&t, t.deliveries->works == 0);
    assert_true(deliveries_stop(t.deliveries));
    limit_files(RLIM_INFINITY);
    test_deliveries_restart(&t);
    deliveries_start(t.deliveries);
    assert_int_equal(t.calls_made, 2);
    test_deliveries_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_in_the_batch_of_the_cause),
        cmocka_unit_test(test_tried_again_until_it_is_taken),
        cmocka_unit_test(test_moments_do_not_go_by_the_event),
        cmocka_unit_test(test_an_error_that_stays),
        cmocka_unit_test(test_attempts_exhausted),
        cmocka_unit_test(test_no_retry_at_all),
        cmocka_unit_test(test_too_old),
        cmocka_unit_test(test_too_old_before_its_first_attempt),
        cmocka_unit_test(test_dropped_and_counted),
        cmocka_unit_test(test_a_letter_that_can_not_be_written_now),
        cmocka_unit_test(test_an_input_that_can_not_be_made),
        cmocka_unit_test(test_called),
        cmocka_unit_test(test_called_again),
        cmocka_unit_test(test_a_restart_goes_on_counting),
        cmocka_unit_test(test_a_stop_in_the_middle_of_calls),
        cmocka_unit_test(test_a_restart_keeps_all_of_it),
        cmocka_unit_test(test_damaged_records),
        cmocka_unit_test(test_what_waits_is_sealed),
        cmocka_unit_test(test_a_seal_that_is_damaged),
        cmocka_unit_test(test_a_stuck_target_delays_no_other),
        cmocka_unit_test(test_order_in_a_lane),
        cmocka_unit_test(test_a_store_that_refuses),
        cmocka_unit_test(test_a_stop_while_the_store_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
