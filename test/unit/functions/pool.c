/* Tests of functions/pool.c: concurrency, throttling, order, fresh workers. */
#include "harness.h"

static int set_up(void **state)
{
    struct harness *h = harness_new();

    /* waits for a file of the event's name, so that the test says when it ends */
    harness_write(
        h, "gate.js",
        "const { existsSync, watch } = require('fs')\n"
        "exports.handler = async ({ name }) => {\n"
        "  console.log('begun', name)\n"
        "  const open = () => existsSync('open.' + name)\n"
        "  await new Promise((resolve) => {\n"
        "    const watcher = watch('.', () => { if (open()) { watcher.close(); resolve() } })\n"
        "    if (open()) { watcher.close(); resolve() }\n"
        "  })\n"
        "  return [name, process.pid]\n"
        "}\n");
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static void put(struct harness *h, const char *name, int32_t reserved_concurrency)
{
    struct function_settings settings = harness_settings(h, name, "nodejs20.x", "gate.handler");

    settings.reserved_concurrency = reserved_concurrency;
    harness_put(h, &settings);
}

static struct functions_figures figures(struct harness *h)
{
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    return figures;
}

static void begun(struct harness *h, const char *name)
{
    const char *line = arena_copy_text(h->arena, arena_printf(h->arena, " begun %s\n", name));

    HARNESS_UNTIL(h, text_has(harness_log_text(h), line));
}

static void open_gate(struct harness *h, const char *name)
{
    harness_write(h, arena_copy_text(h->arena, arena_printf(h->arena, "open.%s", name)), "");
}

static void assert_throttled(struct call *call, const char *extra)
{
    assert_true(call->done);
    assert_int_equal(call->status, REFUSED);
    assert_int_equal(call->invocation.error.kind, API_LAMBDA_TOO_MANY_REQUESTS);
    assert_string_equal(call->invocation.error.message, "Rate Exceeded.");
    assert_true(bytes_equal_text(call->invocation.error.extra, extra));
}

static void reserved_concurrency_throttles_and_keeps_order(void **state)
{
    struct harness *h = *state;

    put(h, "one", 1);
    struct call *a = call_start(h, "one", "{\"name\":\"a\"}");

    assert_throttled(call_start(h, "one", "{\"name\":\"x\"}"),
                     ",\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\"");
    begun(h, "a");
    assert_throttled(call_start(h, "one", "{\"name\":\"x\"}"),
                     ",\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\"");
    struct call *b = call_start_with(h, "one", "{\"name\":\"b\"}", true);
    struct call *c = call_start_with(h, "one", "{\"name\":\"c\"}", true);

    assert_int_equal(figures(h).running, 1);
    assert_int_equal(figures(h).waiting, 2);
    assert_int_equal(figures(h).workers, 1);
    assert_int_equal(figures(h).throttles_total, 2);
    open_gate(h, "a");
    HARNESS_UNTIL(h, a->done);
    begun(h, "b");
    assert_false(text_has(harness_log_text(h), "begun c"));
    open_gate(h, "c");
    open_gate(h, "b");
    HARNESS_UNTIL(h, c->done);
    assert_true(b->done);
    assert_false(text_has(harness_log_text(h), "begun x"));
    assert_string_equal(strchr(a->result, ','), strchr(c->result, ',')); /* one process for all */
    assert_int_equal(figures(h).workers, 1);
    /* free again at once */
    struct call *d = call_start(h, "one", "{\"name\":\"a\"}");

    HARNESS_UNTIL(h, d->done);
    assert_int_equal(d->status, OK);
}

static void without_any_concurrency_it_never_runs(void **state)
{
    struct harness *h = *state;

    put(h, "none", 0);
    assert_throttled(call_start(h, "none", "{}"),
                     ",\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\"");
    struct call *waiting = call_start_with(h, "none", "{\"name\":\"a\"}", true);

    assert_int_equal(figures(h).workers, 0);
    open_gate(h, "a");
    put(h, "none", -1); /* changed: it may now */
    HARNESS_UNTIL(h, waiting->done);
    assert_int_equal(waiting->status, OK);
}

static void busy_functions_get_more_workers(void **state)
{
    struct harness *h = *state;

    put(h, "many", -1);
    struct call *a = call_start(h, "many", "{\"name\":\"a\"}");
    struct call *b = call_start(h, "many", "{\"name\":\"b\"}");
    struct call *c = call_start(h, "many", "{\"name\":\"c\"}");

    begun(h, "a");
    begun(h, "b");
    begun(h, "c");
    assert_int_equal(figures(h).running, 3);
    assert_int_equal(figures(h).workers, 3);
    open_gate(h, "b");
    HARNESS_UNTIL(h, b->done);
    open_gate(h, "a");
    open_gate(h, "c");
    HARNESS_UNTIL(h, a->done && c->done);
    assert_string_not_equal(strchr(a->result, ','), strchr(b->result, ','));
    /* the one that was used last is used again */
    assert_int_equal(figures(h).workers, 3);
    call_now(h, "many", "{\"name\":\"a\"}");
    assert_int_equal(figures(h).workers, 3);
}

static void changed_functions_get_fresh_workers(void **state)
{
    struct harness *h = *state;

    open_gate(h, "a");
    put(h, "f", -1);
    struct call *first = call_now(h, "f", "{\"name\":\"a\"}");
    struct call *busy = call_start(h, "f", "{\"name\":\"b\"}");

    begun(h, "b");
    put(h, "f", -1);
    struct call *second = call_now(h, "f", "{\"name\":\"a\"}");

    assert_string_not_equal(first->result, second->result);
    assert_false(busy->done); /* what runs may end */
    open_gate(h, "b");
    HARNESS_UNTIL(h, busy->done);
    assert_int_equal(busy->status, OK);
    HARNESS_UNTIL(h, figures(h).workers == 1);
}

static void stopping_waits_for_what_runs(void **state)
{
    struct harness *h = *state;

    put(h, "f", 1);
    struct call *runs = call_start(h, "f", "{\"name\":\"a\"}");
    struct call *waits = call_start_with(h, "f", "{\"name\":\"b\"}", true);

    begun(h, "a");
    functions_stop(h->functions, 60000, harness_stopped, h);
    assert_true(waits->done);
    assert_int_equal(waits->status, CLOSED);
    assert_int_equal(call_start(h, "f", "{}")->status, CLOSED);
    assert_false(h->stopped);
    open_gate(h, "a");
    HARNESS_UNTIL(h, h->stopped);
    assert_int_equal(runs->status, OK);
    functions_close(h->functions);
    h->functions = NULL;
}

static void grace_has_an_end(void **state)
{
    struct harness *h = *state;

    put(h, "f", 1);
    struct call *runs = call_start(h, "f", "{\"name\":\"a\"}");

    begun(h, "a");
    harness_close_functions(h, 1);
    assert_true(runs->done);
    assert_int_equal(runs->status, CLOSED);
}

static void a_warmed_function_has_a_worker(void **state)
{
    struct harness *h = *state;

    put(h, "f", -1);
    put(h, "never", 0);
    functions_warm(h->functions, BYTES("f"));
    functions_warm(h->functions, BYTES("f"));
    functions_warm(h->functions, BYTES("never"));
    functions_warm(h->functions, BYTES("unknown"));
    assert_int_equal(figures(h).workers, 1);
    open_gate(h, "a");
    assert_int_equal(call_now(h, "f", "{\"name\":\"a\"}")->status, OK);
    assert_int_equal(figures(h).workers, 1);
    assert_int_equal(figures(h).invocations_total, 1);
}

static void a_warmed_function_may_be_broken(void **state)
{
    struct harness *h = *state;

    harness_write(h, "broken.js", "exports.handler = async () => {\n  oops oops\n}\n");
    struct function_settings settings = harness_settings(h, "b", "nodejs20.x", "broken.handler");

    harness_put(h, &settings);
    functions_warm(h->functions, BYTES("b"));
    HARNESS_UNTIL(h, figures(h).workers == 0);
    assert_true(text_has(harness_log_text(h), "SyntaxError"));
    assert_true(call_now(h, "b", "{}")->failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(reserved_concurrency_throttles_and_keeps_order),
        TEST(without_any_concurrency_it_never_runs),
        TEST(busy_functions_get_more_workers),
        TEST(changed_functions_get_fresh_workers),
        TEST(stopping_waits_for_what_runs),
        TEST(grace_has_an_end),
        TEST(a_warmed_function_has_a_worker),
        TEST(a_warmed_function_may_be_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
