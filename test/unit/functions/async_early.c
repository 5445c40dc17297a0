/* Tests of functions/async_early.c: invocations that begin before they are written. Each end,
 * before, while and after they are written: what the store has then, and who is told. */
#include "harness.h"

#include "functions/async.h"
#include "functions/hold.h"

static int set_up(void **state)
{
    struct harness *h = harness_new();

    harness_write(h, "f.js",
                  "exports.ok = async (event) => { console.log('ok', event.n) }\n"
                  "exports.fails = async (event) => { console.log('try', event.n); "
                  "throw new Error('no ' + event.n) }\n"
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

static void put(struct harness *h, const char *handler,
                const struct function_destination *on_success)
{
    struct function_settings settings = harness_settings(h, "f", "nodejs20.x", handler);

    settings.maximum_retry_attempts = 1;
    if (on_success != NULL)
        settings.on_success = *on_success;
    harness_put(h, &settings);
}

/* ---- a cause ---- */

struct cause {
    struct harness *h;
    struct store_work work;
    struct async_invocation invocation;
    struct async_early early;
    size_t released, ended_well;
    bool written;
};

static void released(struct async_early *early)
{
    struct cause *cause = early->context;

    cause->released++;
    cause->invocation.payload = (struct bytes){NULL, 0}; /* nobody needs it */
}

static void ended_well(struct async_early *early)
{
    struct cause *cause = early->context;

    assert_false(cause->written);
    cause->ended_well++;
}

static struct cause *begin(struct harness *h, const char *payload)
{
    struct cause *cause = ARENA_NEW(h->arena, struct cause);

    cause->h = h;
    cause->early =
        (struct async_early){.released = released, .ended_well = ended_well, .context = cause};
    cause->invocation =
        (struct async_invocation){.function_name = BYTES("f"), .payload = bytes_of_text(payload)};
    id_uuid(cause->invocation.request_id);
    assert_true(functions_async_may_begin(h->functions, BYTES("f")));
    functions_async_begin(h->functions, &cause->invocation, &cause->early);
    return cause;
}

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
    cause->written = true;
}

static void write_it(struct cause *cause)
{
    cause->work = (struct store_work){.run = cause_run, .done = cause_done};
    store_submit(cause->h->store, cause->h->port, &cause->work);
    HARNESS_UNTIL(cause->h, cause->written);
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

static struct functions_figures figures(struct harness *h)
{
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    return figures;
}

static bool has_log(struct harness *h, const char *part)
{
    return text_has(harness_log_text(h), part);
}

/* ---- */

/* It runs without the store; nothing is written of what has ended. */
static void ends_before(void **state)
{
    struct harness *h = *state;

    put(h, "f.ok", NULL);
    functions_start(h->functions);
    struct cause *cause = begin(h, "{\"n\":7}");

    HARNESS_UNTIL(h, atomic_load(&cause->early.ended));
    assert_true(has_log(h, "ok 7"));
    assert_int_equal(figures(h).queued, 1); /* drain waits for the batch */
    assert_int_equal(cause->released, 0);
    write_it(cause);
    assert_int_equal(cause->invocation.position, 0);
    assert_int_equal(cause->released, 1);
    assert_int_equal(figures(h).queued, 0);
    assert_int_equal(stored_count(h), 0);
}

/* Written while it waits for a worker, or runs: from then on it is as any other. */
static void ends_later(void **state)
{
    struct harness *h = *state;

    put(h, "f.ok", NULL);
    functions_start(h->functions);
    struct cause *cause = begin(h, "{\"n\":7}");

    write_it(cause);
    assert_int_not_equal(cause->invocation.position, 0);
    HARNESS_UNTIL(h, figures(h).queued == 0);
    assert_true(has_log(h, "ok 7"));
    assert_int_equal(cause->released, 1);
    assert_int_equal(stored_count(h), 0);
}

/* Who is told of its end is told once it has its place. */
static void destination_is_told(void **state)
{
    struct harness *h = *state;
    struct function_destination bus = {DESTINATION_BUS,
                                       BYTES("arn:aws:events:us-east-1:000000000000:event-bus/b")};

    put(h, "f.ok", &bus);
    functions_start(h->functions);
    struct cause *cause = begin(h, "{\"n\":7}");

    HARNESS_UNTIL(h, has_log(h, "REPORT RequestId"));
    harness_next_tick();
    assert_int_equal(h->told != NULL ? h->told->count : 0, 0);
    write_it(cause);
    HARNESS_UNTIL(h, figures(h).queued == 0);
    assert_int_equal(h->told->count, 1);
    assert_true(bytes_equal_text(h->told->target_id, "OnSuccess"));
    assert_int_equal(cause->released, 1);
    assert_int_equal(stored_count(h), 0);
}

/* A failed attempt is counted when it is written, and tried again from the store. */
static void fails_before(void **state)
{
    struct harness *h = *state;

    put(h, "f.fails", NULL);
    functions_start(h->functions);
    struct cause *cause = begin(h, "{\"n\":7}");

    HARNESS_UNTIL(h, figures(h).retrying == 1);
    assert_int_equal(stored_count(h), 0);
    write_it(cause);
    assert_int_equal(cause->released, 1);
    HARNESS_UNTIL(h, stored_count(h) == 2); /* the invocation, and its attempts */
    harness_advance(h, 60000);
    HARNESS_UNTIL(h, figures(h).queued == 0);
    assert_int_equal(stored_count(h), 0);
    assert_int_equal(cause->released, 1);
}

/* Killed before it was written: the store knows nothing, its cause begins again. Killed after it:
 * it runs from the store. */
static void restarts(void **state)
{
    struct harness *h = *state;

    put(h, "f.hangs", NULL);
    functions_start(h->functions);
    struct cause *lost = begin(h, "{\"n\":1}"), *kept = begin(h, "{\"n\":2}");

    HARNESS_UNTIL(h, has_log(h, "try 1") && has_log(h, "try 2"));
    write_it(kept);
    assert_int_equal(kept->released, 0); /* it runs */
    harness_close_functions(h, 0);
    assert_int_equal(lost->released, 1);
    assert_int_equal(kept->released, 1);
    assert_int_equal(stored_count(h), 1);
    harness_open_functions(h);
    put(h, "f.ok", NULL);
    functions_start(h->functions);
    HARNESS_UNTIL(h, figures(h).queued == 0);
    assert_true(has_log(h, "ok 2"));
    assert_false(has_log(h, "ok 1"));
}

static void does_not_begin(void **state)
{
    struct harness *h = *state;

    put(h, "f.ok", NULL);
    assert_false(functions_async_may_begin(h->functions, BYTES("f"))); /* before the start */
    functions_start(h->functions);
    assert_true(functions_async_may_begin(h->functions, BYTES("f")));
    assert_true(functions_async_may_begin(
        h->functions, BYTES("arn:aws:lambda:us-east-1:000000000000:function:f")));
    assert_false(functions_async_may_begin(h->functions, BYTES("g")));
    struct function_settings settings = *functions_find(h->functions, BYTES("f"));

    settings.reserved_concurrency = 0;
    harness_put(h, &settings);
    assert_false(functions_async_may_begin(h->functions, BYTES("f")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ends_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(destination_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(restarts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_begin, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
