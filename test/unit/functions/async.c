/* Tests of functions/async.c: the durable queue, attempts by the clock, ages, destinations,
 * restarts. */
#include "harness.h"

#include "functions/async.h"
#include "vault/vault_test.h"

static int set_up(void **state)
{
    struct harness *h = harness_new();

    harness_write(
        h, "f.js",
        "exports.ok = async (event) => { console.log('ok', JSON.stringify(event)); "
        "return { done: event.n } }\n"
        "exports.fails = async (event) => { console.log('try', event.n); "
        "throw new Error('no ' + event.n) }\n"
        "exports.shows = async (event) => { console.log('got', JSON.stringify(event)); "
        "throw new Error('no') }\n"
        "exports.exits = async (event) => { console.log('try', event.n); process.exit(1) }\n"
        "exports.hangs = async (event) => { console.log('try', event.n); "
        "await new Promise((r) => setTimeout(r, 60000)) }\n");
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static struct function_settings settings_of(struct harness *h, const char *name,
                                            const char *handler)
{
    return harness_settings(h, name, "nodejs20.x", handler);
}

static void put(struct harness *h, const char *name, const char *handler)
{
    struct function_settings settings = settings_of(h, name, handler);

    harness_put(h, &settings);
}

static struct functions_figures figures(struct harness *h)
{
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    return figures;
}

/* How often a text stands in the log. */
static size_t count_of(struct harness *h, const char *part)
{
    struct bytes rest = buffer_bytes(&h->log);
    size_t count = 0;

    for (;;) {
        size_t at = bytes_find(rest, bytes_of_text(part));

        if (at == SIZE_MAX)
            return count;
        count++;
        rest = bytes_slice(rest, at + 1, rest.size);
    }
}

struct harness_change {
    struct store_work work;
    struct test_work body;
    void (*run)(struct store_batch *batch, struct test_work *work);
    bool done;
};

static void change_run(struct store_batch *batch, struct store_work *work)
{
    struct harness_change *change = CONTAINER_OF(work, struct harness_change, work);

    change->run(batch, &change->body);
}

static void change_done(struct store_work *work, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(work, struct harness_change, work)->done = true;
}

/* A work of another test's fixture, with its context. */
static void harness_work(struct harness *h,
                         void (*run)(struct store_batch *batch, struct test_work *work),
                         void *context)
{
    struct harness_change change = {
        .work = {.run = change_run, .done = change_done}, .body = {.context = context}, .run = run};

    store_submit(h->store, h->port, &change.work);
    HARNESS_UNTIL(h, change.done);
}

/* ---- putting one ---- */

struct cause {
    struct store_work work;
    struct harness *h;
    struct async_invocation invocation;
    bool done;
};

static void cause_run(struct store_batch *batch, struct store_work *work)
{
    struct cause *cause = CONTAINER_OF(work, struct cause, work);

    functions_async_write(cause->h->functions, batch, &cause->invocation);
}

static void cause_done(struct store_work *work, enum status status)
{
    struct cause *cause = CONTAINER_OF(work, struct cause, work);

    assert_int_equal(status, OK);
    functions_async_written(cause->h->functions, &cause->invocation);
    cause->done = true;
}

static struct cause *invoke(struct harness *h, const char *name, const char *payload)
{
    struct cause *cause = ARENA_NEW(h->arena, struct cause);

    cause->h = h;
    cause->work.run = cause_run;
    cause->work.done = cause_done;
    cause->invocation = (struct async_invocation){
        .function_name = bytes_of_text(name),
        .payload = bytes_of_text(payload),
    };
    store_submit(h->store, h->port, &cause->work);
    HARNESS_UNTIL(h, cause->done);
    return cause;
}

/* The function's limits are these from now on. */
static struct cause *invoke_with(struct harness *h, const char *name, const char *payload,
                                 int32_t retries, int32_t age_s)
{
    struct function_settings settings = *functions_find(h->functions, bytes_of_text(name));

    settings.maximum_retry_attempts = retries;
    settings.maximum_event_age_s = age_s;
    harness_put(h, &settings);
    return invoke(h, name, payload);
}

static size_t stored_count(struct harness *h)
{
    struct bytes key, value;
    size_t count = 0;
    struct store_iter *iter =
        store_iter_new(h->store, NULL, STORE_DELIVERIES, BYTES(""), BYTES(""), false);

    while (store_iter_next(iter, &key, &value))
        count++;
    store_iter_free(iter);
    return count;
}

#define UNTIL_EMPTY(h) HARNESS_UNTIL(h, figures(h).queued == 0)
#define UNTIL_RETRYING(h) HARNESS_UNTIL(h, figures(h).retrying > 0)

/* ---- tests ---- */

static void success_leaves_nothing(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    functions_start(h->functions);
    struct cause *cause = invoke(h, "f", "{\"n\":1}");

    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 1);
    assert_int_equal(count_of(h, cause->invocation.request_id), 7);
    assert_int_equal(stored_count(h), 0);
}

static void order_is_first_in_first_out(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.ok");
    const char *at;

    settings.reserved_concurrency = 1;
    harness_put(h, &settings);
    functions_start(h->functions);
    for (int i = 0; i < 20; i++)
        invoke(h, "arn:aws:lambda:us-east-1:000000000000:function:f",
               arena_copy_text(h->arena, arena_printf(h->arena, "{\"n\":%d}", 100 + i)));
    UNTIL_EMPTY(h);
    at = harness_log_text(h);
    for (int i = 0; i < 20; i++) {
        at =
            strstr(at, arena_copy_text(h->arena, arena_printf(h->arena, "ok {\"n\":%d}", 100 + i)));
        assert_non_null(at);
    }
}

/* After 1 minute, after 2 more, then it is over. */
static void attempts_by_the_clock(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.fails");
    put(h, "other", "f.ok");
    functions_start(h->functions);
    invoke(h, "f", "{\"n\":1}");
    UNTIL_RETRYING(h);
    assert_int_equal(count_of(h, "try 1"), 1);
    harness_advance(h, 59999);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 1);
    assert_int_equal(figures(h).retrying, 0);
    UNTIL_RETRYING(h);
    assert_int_equal(count_of(h, "try 1"), 2);
    /* others do not wait for it */
    invoke(h, "other", "{\"n\":2}");
    HARNESS_UNTIL(h, figures(h).queued == 1);
    assert_int_equal(count_of(h, "ok {\"n\":2}"), 1);
    harness_advance(h, 119999);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 1);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 1"), 3);
    assert_int_equal(stored_count(h), 0);
}

static void attempts_and_delay_can_be_set(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.fails");

    settings.retry_delay_ms = 500;
    settings.maximum_retry_attempts = 1;
    harness_put(h, &settings);
    functions_start(h->functions);
    invoke(h, "f", "{\"n\":1}"); /* the function's: 1 */
    UNTIL_RETRYING(h);
    harness_advance(h, 499);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 1);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 1"), 2);
    invoke_with(h, "f", "{\"n\":2}", 0, -1);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 2"), 1);
    invoke_with(h, "f", "{\"n\":3}", 2, -1);
    for (int i = 0; i < 2; i++) {
        UNTIL_RETRYING(h);
        harness_advance(h, 500);
    }
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 3"), 3);
}

#define SECRET "a-plain-name-of-ada"
#define EVENT(payload)                                                                             \
    "{\"detail\":{\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"payload\":" payload "}}"

/* It waits sealed; the attempt after the forgetting and what is told in the end have nothing. */
static void private_payloads_wait_sealed(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.shows");
    struct test_vault_change change = {.log = BYTES("users"), .id = BYTES("12")};

    assert_int_equal(vault_open(h->store, &change.vault), OK);
    h->functions->options.vault = change.vault;
    harness_work(h, test_declare_body, &change);
    settings.maximum_retry_attempts = 1;
    settings.on_failure = (struct function_destination){
        DESTINATION_QUEUE, BYTES("arn:aws:sqs:us-east-1:000000000000:q")};
    harness_put(h, &settings);
    functions_start(h->functions);
    invoke(h, "f", EVENT("{\"name\":\"" SECRET "\"}"));
    UNTIL_RETRYING(h);
    assert_int_equal(count_of(h, "got " EVENT("{\"name\":\"" SECRET "\"}")), 1);
    assert_false(test_family_has(h->store, STORE_DELIVERIES, SECRET));
    harness_work(h, test_forget_body, &change);
    assert_true(change.had_key);
    harness_advance(h, 60000);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "got " EVENT("{},\"forgotten\":true")), 1);
    assert_int_equal(count_of(h, SECRET), 1);
    assert_int_equal(h->told->count, 1);
    assert_int_not_equal(
        bytes_find(h->told->payload, BYTES("\"requestPayload\":" EVENT("{},\"forgotten\":true"))),
        SIZE_MAX);
    h->functions->options.vault = NULL;
    vault_close(change.vault);
}

/* A crash and a time-out are failures like any other. */
static void crashes_and_time_outs_count(void **state)
{
    struct harness *h = *state;

    put(h, "exits", "f.exits");
    put(h, "hangs", "f.hangs");
    functions_start(h->functions);
    invoke_with(h, "exits", "{\"n\":1}", 1, -1);
    UNTIL_RETRYING(h);
    harness_advance(h, 60000);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 1"), 2);
    invoke_with(h, "hangs", "{\"n\":2}", 0, -1);
    HARNESS_UNTIL(h, count_of(h, "try 2") == 1);
    harness_advance(h, 3000);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "Task timed out after 3.00 seconds"), 1);
}

/* The destination's own log says what it got. */
static const struct json *destination_record(struct harness *h)
{
    const char *at = strstr(harness_log_text(h), " ok {\"version\"");
    const struct json *record = NULL;

    assert_non_null(at);
    struct bytes text = bytes_of(at + 4, strcspn(at + 4, "\n"));

    assert_int_equal(json_parse(h->arena, text, &record, NULL), OK);
    return record;
}

static void assert_record(struct harness *h, const struct json *record, const struct cause *cause,
                          const char *condition, int64_t count)
{
    const struct json *context = json_get(record, "requestContext");
    int64_t invoke_count = 0;

    assert_string_equal(json_text_of(h, record, "version"), "1.0");
    assert_string_equal(json_text_of(h, context, "requestId"), cause->invocation.request_id);
    assert_string_equal(json_text_of(h, context, "functionArn"),
                        "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
    assert_string_equal(json_text_of(h, context, "condition"), condition);
    assert_true(json_int64(json_get(context, "approximateInvokeCount"), &invoke_count));
    assert_int_equal(invoke_count, count);
    assert_non_null(json_get(json_get(record, "requestPayload"), "n"));
}

static void put_with_destinations(struct harness *h, const char *handler)
{
    struct function_settings settings = settings_of(h, "f", handler);

    settings.on_failure = (struct function_destination){
        DESTINATION_FUNCTION, BYTES("arn:aws:lambda:us-east-1:000000000000:function:failed")};
    settings.on_success = (struct function_destination){
        DESTINATION_FUNCTION, BYTES("arn:aws:lambda:us-east-1:000000000000:function:succeeded")};
    harness_put(h, &settings);
    put(h, "failed", "f.ok");
    put(h, "succeeded", "f.ok");
    functions_start(h->functions);
}

static void destination_of_a_failure(void **state)
{
    struct harness *h = *state;

    put_with_destinations(h, "f.fails");
    struct cause *cause = invoke(h, "f", "{\"n\":7}");

    UNTIL_RETRYING(h);
    harness_advance(h, 60000);
    UNTIL_RETRYING(h);
    harness_advance(h, 120000);
    UNTIL_EMPTY(h);
    const struct json *record = destination_record(h);
    const struct json *response = json_get(record, "responseContext");
    const struct json *payload = json_get(record, "responsePayload");
    int64_t status = 0;

    assert_record(h, record, cause, "RetriesExhausted", 3);
    assert_string_equal(json_text_of(h, record, "timestamp"), "2026-01-01T00:03:00.000Z");
    assert_true(json_int64(json_get(response, "statusCode"), &status));
    assert_int_equal(status, 200);
    assert_string_equal(json_text_of(h, response, "executedVersion"), "$LATEST");
    assert_string_equal(json_text_of(h, response, "functionError"), "Unhandled");
    assert_string_equal(json_text_of(h, payload, "errorType"), "Error");
    assert_string_equal(json_text_of(h, payload, "errorMessage"), "no 7");
    assert_true(json_is(json_get(payload, "trace"), JSON_ARRAY));
    assert_int_equal(json_count(record), 6);
    assert_int_equal(json_count(response), 3);
    assert_int_equal(stored_count(h), 0);
}

static void destination_of_a_success(void **state)
{
    struct harness *h = *state;

    put_with_destinations(h, "f.ok");
    struct cause *cause = invoke(h, "f", "{\"n\":7}");

    UNTIL_EMPTY(h);
    const struct json *record = destination_record(h);

    assert_record(h, record, cause, "Success", 1);
    assert_null(json_get(json_get(record, "responseContext"), "functionError"));
    assert_int_equal(json_count(json_get(record, "responseContext")), 2);
    int64_t n = 0;

    assert_true(json_int64(json_get(json_get(record, "responsePayload"), "done"), &n));
    assert_int_equal(n, 7);
}

/* It is not tried a second time: its age would be over before. */
static void events_grow_too_old(void **state)
{
    struct harness *h = *state;

    put_with_destinations(h, "f.fails");
    struct cause *cause = invoke_with(h, "f", "{\"n\":7}", -1, 60);

    UNTIL_EMPTY(h);
    const struct json *record = destination_record(h);

    assert_record(h, record, cause, "EventAgeExceeded", 1);
    assert_string_equal(json_text_of(h, json_get(record, "responsePayload"), "errorMessage"),
                        "no 7");
    assert_int_equal(count_of(h, "try 7"), 1);
    assert_int_equal(stored_count(h), 0);
}

/* One second more, and there is time for one attempt more. */
static void events_grow_too_old_after_a_retry(void **state)
{
    struct harness *h = *state;

    put_with_destinations(h, "f.fails");
    struct cause *cause = invoke_with(h, "f", "{\"n\":7}", -1, 61);

    UNTIL_RETRYING(h);
    harness_advance(h, 60000);
    UNTIL_EMPTY(h);
    assert_record(h, destination_record(h), cause, "EventAgeExceeded", 2);
    assert_int_equal(count_of(h, "try 7"), 2);
}

/* As on AWS they do not wait for another setting. */
static void events_of_a_function_without_concurrency(void **state)
{
    struct harness *h = *state;
    struct function_settings settings;

    put_with_destinations(h, "f.ok");
    settings = *functions_find(h->functions, BYTES("f"));
    settings.reserved_concurrency = 0;
    harness_put(h, &settings);
    struct cause *cause = invoke(h, "f", "{\"n\":1}");

    UNTIL_EMPTY(h);
    const struct json *record = destination_record(h);

    assert_record(h, record, cause, "ZeroReservedConcurrency", 0);
    assert_int_equal(json_count(record), 4);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 0);
    assert_int_equal(stored_count(h), 0);
}

/* The one worker is busy: others wait in their order, without an attempt, until they are too old.
 */
static void events_wait_for_concurrency(void **state)
{
    struct harness *h = *state;
    struct function_settings settings;

    put_with_destinations(h, "f.hangs");
    settings = *functions_find(h->functions, BYTES("f"));
    settings.reserved_concurrency = 1;
    settings.timeout_s = 900;
    settings.maximum_event_age_s = 60;
    harness_put(h, &settings);
    invoke(h, "f", "{\"n\":1}");
    HARNESS_UNTIL(h, count_of(h, "try 1") == 1);
    struct cause *second = invoke(h, "f", "{\"n\":2}");

    harness_advance(h, 59999);
    assert_int_equal(figures(h).queued, 2);
    assert_int_equal(figures(h).retrying, 0);
    harness_advance(h, 1);
    HARNESS_UNTIL(h, count_of(h, "ok {\"version\"") == 1);
    const struct json *record = destination_record(h), *response;
    int64_t status = 0;

    assert_record(h, record, second, "EventAgeExceeded", 0);
    response = json_get(record, "responseContext");
    assert_true(json_int64(json_get(response, "statusCode"), &status));
    assert_int_equal(status, 429);
    assert_int_equal(json_count(response), 1);
    assert_null(json_get(record, "responsePayload"));
    assert_int_equal(count_of(h, "try 2"), 0);
}

/* Both are told: the queue of the dead letters has the event alone. */
static void queues_and_dead_letter_queues(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.fails");

    settings.maximum_retry_attempts = 0;
    settings.on_failure = (struct function_destination){
        DESTINATION_QUEUE, BYTES("arn:aws:sqs:us-east-1:000000000000:ends")};
    settings.dead_letter_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:letters");
    harness_put(h, &settings);
    functions_start(h->functions);
    struct cause *cause = invoke(h, "f", "{\"n\":7}");

    UNTIL_EMPTY(h);
    assert_int_equal(h->told->count, 2);
    const struct harness_told *told = h->told; /* the last one */
    const struct json *parameters = NULL, *attributes;

    assert_true(bytes_equal_text(told->target_id, "DeadLetterConfig"));
    assert_true(bytes_end_with(told->target_arn, BYTES(":letters")));
    assert_true(bytes_end_with(told->source_arn, BYTES(":function:f:$LATEST")));
    assert_true(bytes_equal_text(told->payload, "{\"n\":7}"));
    assert_int_equal(json_parse(h->arena, told->parameters, &parameters, NULL), OK);
    attributes = json_get(parameters, "MessageAttributes");
    assert_string_equal(json_text_of(h, json_get(attributes, "RequestID"), "StringValue"),
                        cause->invocation.request_id);
    assert_string_equal(json_text_of(h, json_get(attributes, "ErrorMessage"), "StringValue"),
                        "no 7");
}

/* A success is no matter of the dead-letter queue. */
static void a_bus_is_told(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.ok");

    settings.on_success = (struct function_destination){
        DESTINATION_BUS, BYTES("arn:aws:events:us-east-1:000000000000:event-bus/b")};
    settings.dead_letter_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:letters");
    harness_put(h, &settings);
    functions_start(h->functions);
    invoke(h, "f", "{\"n\":7}");
    UNTIL_EMPTY(h);
    assert_int_equal(h->told->count, 1);
    assert_true(bytes_equal_text(h->told->target_id, "OnSuccess"));
    assert_true(bytes_equal_text(h->told->parameters,
                                 "{\"EventBridgeParameters\":{\"Source\":\"lambda\",\"DetailType\":"
                                 "\"Lambda Function Invocation Result - Success\"}}"));
    assert_true(bytes_start_with(h->told->payload, BYTES("{\"version\":\"1.0\",")));
}

static void restart(struct harness *h, uint64_t grace_ms)
{
    harness_close_functions(h, grace_ms);
    harness_open_functions(h);
}

static void a_restart_goes_on(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.fails");
    put(h, "hangs", "f.hangs");
    functions_start(h->functions);
    invoke(h, "f", "{\"n\":1}");
    UNTIL_RETRYING(h);
    invoke(h, "hangs", "{\"n\":2}");
    HARNESS_UNTIL(h, count_of(h, "try 2") == 1);
    restart(h, 0);
    assert_int_equal(figures(h).queued, 2);
    put(h, "f", "f.fails");
    put(h, "hangs", "f.ok");
    /* what came before functions_start() waits too */
    invoke(h, "hangs", "{\"n\":3}");
    assert_int_equal(figures(h).queued, 3);
    assert_int_equal(figures(h).workers, 0);
    functions_start(h->functions);
    HARNESS_UNTIL(h, figures(h).queued == 1);
    assert_int_equal(count_of(h, "ok {\"n\":2}"), 1);
    assert_int_equal(count_of(h, "ok {\"n\":3}"), 1);
    /* the second and third attempt of the first one, at the times that they had */
    assert_int_equal(count_of(h, "try 1"), 1);
    harness_advance(h, 59999);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 1);
    UNTIL_RETRYING(h);
    restart(h, 0);
    put(h, "f", "f.fails");
    functions_start(h->functions);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 120000);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 1"), 3);
    restart(h, 0);
    assert_int_equal(figures(h).queued, 0);
}

static void functions_that_are_gone(void **state)
{
    struct harness *h = *state;

    invoke(h, "gone", "{}");
    assert_int_equal(stored_count(h), 1);
    functions_start(h->functions);
    UNTIL_EMPTY(h);
    invoke(h, "gone", "{}");
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "dropped an asynchronous invocation: there is no such function"),
                     2);
    assert_int_equal(stored_count(h), 0);
}

/* More than workers: they wait in the store, not in memory, and all of them run. */
static void many(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    functions_start(h->functions);
    for (int i = 0; i < 300; i++)
        invoke(h, "f", "{\"n\":1}");
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 300);
    assert_int_equal(figures(h).invocations_total, 300);
    assert_true(figures(h).workers <= FUNCTION_WORKERS_MAX);
}

/* ---- faults that a test asked for ---- */

static void arm(struct harness *h, enum fault_kind kind, uint64_t count, uint64_t delay_ms)
{
    struct api_error error = {0};
    struct fault fault = {.kind = kind, .probability = 1, .count = count, .delay_ms = delay_ms};

    fault.where.of[FAULT_FUNCTION] = BYTES("f");
    assert_int_equal(faults_add(h->faults, &fault, 1, &error), OK);
}

/* 1, 2, 4 seconds and so on up to 5 minutes; no attempts. */
static void throttled_events_wait_longer_and_longer(void **state)
{
    static const uint64_t waits_ms[] = {1000,  2000,   4000,   8000,   16000, 32000,
                                        64000, 128000, 256000, 300000, 300000};
    struct harness *h = *state;

    put(h, "f", "f.fails");
    functions_start(h->functions);
    arm(h, FAULT_THROTTLE, ARRAY_COUNT(waits_ms), 0);
    invoke(h, "f", "{\"n\":1}");
    for (size_t i = 0; i < ARRAY_COUNT(waits_ms); i++) {
        struct waits waits = functions_waits(h->functions);

        assert_int_equal(waits.count, 1);
        assert_int_equal(waits.due_ms, clock_now_ms(h->clock) + waits_ms[i]);
        assert_int_equal(count_of(h, "try 1"), 0);
        harness_advance(h, waits_ms[i]);
    }
    UNTIL_RETRYING(h);
    assert_int_equal(count_of(h, "try 1"), 1);
    assert_int_equal(figures(h).throttles_total, ARRAY_COUNT(waits_ms));
    functions_hurry(h->functions); /* its two attempts more */
    UNTIL_RETRYING(h);
    functions_hurry(h->functions);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "try 1"), 3);
}

/* What is throttled grows too old at its time, and not later. */
static void throttled_events_grow_too_old(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    functions_start(h->functions);
    arm(h, FAULT_THROTTLE, 0, 0);
    invoke_with(h, "f", "{\"n\":1}", 0, 60);
    for (int i = 0; i < 5; i++)
        harness_advance(h, functions_waits(h->functions).due_ms - clock_now_ms(h->clock));
    assert_int_equal(functions_waits(h->functions).due_ms, clock_now_ms(h->clock) + 29000);
    harness_advance(h, 29000);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "ok"), 0);
}

static void an_event_comes_twice(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    put(h, "g", "f.ok");
    functions_start(h->functions);
    arm(h, FAULT_DUPLICATE, 0, 0);
    invoke(h, "f", "{\"n\":1}");
    invoke(h, "g", "{\"n\":2}");
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 2); /* not three times */
    assert_int_equal(count_of(h, "ok {\"n\":2}"), 1);
}

static void an_event_is_overtaken(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = settings_of(h, "f", "f.ok");

    settings.reserved_concurrency = 1;
    harness_put(h, &settings);
    functions_start(h->functions);
    arm(h, FAULT_REORDER, 2, 0);
    for (int n = 1; n <= 4; n++)
        invoke(h, "f", (const char *)arena_printf(h->arena, "{\"n\":%d}", n).ptr);
    UNTIL_EMPTY(h);
    const char *log = harness_log_text(h);

    assert_true(strstr(log, "ok {\"n\":3}") < strstr(log, "ok {\"n\":1}"));
    assert_true(strstr(log, "ok {\"n\":3}") < strstr(log, "ok {\"n\":2}"));
    arm(h, FAULT_REORDER, 1, 0);
    invoke(h, "f", "{\"n\":5}"); /* nobody comes */
    assert_int_equal(functions_waits(h->functions).due_ms, clock_now_ms(h->clock) + ASYNC_HELD_MS);
    harness_advance(h, ASYNC_HELD_MS);
    UNTIL_EMPTY(h);
}

static void an_event_is_late(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    functions_start(h->functions);
    arm(h, FAULT_DELAY, 0, 5000);
    invoke(h, "f", "{\"n\":1}");
    harness_advance(h, 4999);
    assert_int_equal(figures(h).retrying, 1);
    harness_advance(h, 1);
    UNTIL_EMPTY(h); /* once, though the fault stays */
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 1);
}

/* Its work is done, and nobody heard of it: it is tried again by another process. */
static void a_worker_dies_with_its_answer(void **state)
{
    struct harness *h = *state;

    put(h, "f", "f.ok");
    functions_start(h->functions);
    arm(h, FAULT_KILL_WORKER, 1, 0);
    invoke(h, "f", "{\"n\":1}");
    UNTIL_RETRYING(h);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 1);
    functions_hurry(h->functions);
    UNTIL_EMPTY(h);
    assert_int_equal(count_of(h, "ok {\"n\":1}"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(success_leaves_nothing),
        TEST(order_is_first_in_first_out),
        TEST(attempts_by_the_clock),
        TEST(attempts_and_delay_can_be_set),
        TEST(private_payloads_wait_sealed),
        TEST(crashes_and_time_outs_count),
        TEST(destination_of_a_failure),
        TEST(destination_of_a_success),
        TEST(events_grow_too_old),
        TEST(events_grow_too_old_after_a_retry),
        TEST(events_of_a_function_without_concurrency),
        TEST(events_wait_for_concurrency),
        TEST(queues_and_dead_letter_queues),
        TEST(a_bus_is_told),
        TEST(a_restart_goes_on),
        TEST(functions_that_are_gone),
        TEST(many),
        TEST(throttled_events_wait_longer_and_longer),
        TEST(throttled_events_grow_too_old),
        TEST(an_event_comes_twice),
        TEST(an_event_is_overtaken),
        TEST(an_event_is_late),
        TEST(a_worker_dies_with_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
