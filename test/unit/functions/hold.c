/* Tests of functions/hold.c: what is held waits, over restarts too, and runs in its order when it
 * is let go. */
#include "harness.h"

#include "functions/async.h"
#include "functions/hold.h"

static int set_up(void **state)
{
    struct harness *h = harness_new();

    harness_write(h, "f.js", "exports.f = async (event) => { console.log('got', event.n) }\n");
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static void put(struct harness *h, const char *name)
{
    struct function_settings settings = harness_settings(h, name, "nodejs20.x", "f.f");

    settings.reserved_concurrency = 1; /* one after the other */
    settings.maximum_event_age_s = 60;
    harness_put(h, &settings);
}

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

static void invoke(struct harness *h, const char *name, const char *payload)
{
    struct cause *cause = ARENA_NEW(h->arena, struct cause);

    cause->h = h;
    cause->work.run = cause_run;
    cause->work.done = cause_done;
    cause->invocation.function_name = bytes_of_text(name);
    cause->invocation.payload = bytes_of_text(payload);
    store_submit(h->store, h->port, &cause->work);
    HARNESS_UNTIL(h, cause->done);
}

static void changed(struct function_hold_change *change, enum status status)
{
    assert_int_equal(status, OK);
    *(bool *)change->context = true;
}

static void change(struct harness *h, const char *name, const char *note, bool held)
{
    bool done = false;
    struct function_hold_change change = {.name = bytes_of_text(name),
                                          .note = bytes_of_text(note),
                                          .held = held,
                                          .done = changed,
                                          .context = &done};

    functions_change_hold(h->functions, &change);
    HARNESS_UNTIL(h, done);
}

static size_t hold_count(struct harness *h)
{
    struct function_hold *list = NULL;
    size_t count = 0;

    functions_holds(h->functions, h->arena, &list, &count);
    return count;
}

static struct function_hold the_hold(struct harness *h)
{
    struct function_hold *list = NULL;
    size_t count = 0;

    functions_holds(h->functions, h->arena, &list, &count);
    assert_int_equal(count, 1);
    return list[0];
}

static bool has(struct harness *h, const char *part)
{
    return bytes_find(buffer_bytes(&h->log), bytes_of_text(part)) != SIZE_MAX;
}

static void what_is_held_waits(void **state)
{
    struct harness *h = *state;
    struct function_hold hold;

    put(h, "f");
    put(h, "other");
    functions_start(h->functions);
    change(h, "f", "{\"at\":1}", true);
    invoke(h, "f", "{\"n\":1}");
    invoke(h, "f", "{\"n\":2}");
    invoke(h, "other", "{\"n\":3}");
    HARNESS_UNTIL(h, has(h, "got 3"));                   /* that one is not held */
    assert_false(call_now(h, "f", "{\"n\":4}")->failed); /* how it is fed */
    assert_true(has(h, "got 4"));
    assert_false(has(h, "got 1") || has(h, "got 2"));
    hold = the_hold(h);
    assert_true(hold.held);
    assert_int_equal(hold.waiting, 2);
    assert_int_equal(holds_waiting(h->functions), 2);
    assert_int_equal(hold.since_ms, HARNESS_START_MS);

    harness_advance(h, 1000); /* another note: the same hold */
    change(h, "f", "{\"at\":2}", true);
    assert_int_equal(the_hold(h).since_ms, HARNESS_START_MS);
    assert_true(bytes_equal_text(the_hold(h).note, "{\"at\":2}"));

    change(h, "f", "", false);
    HARNESS_UNTIL(h, has(h, "got 2"));
    assert_true(bytes_find(buffer_bytes(&h->log), BYTES("got 1")) <
                bytes_find(buffer_bytes(&h->log), BYTES("got 2")));
    assert_int_equal(hold_count(h), 0);
}

/* Older than its maximum of 60 s when it is let go: its age counts from then on. */
static void a_restart_holds_on(void **state)
{
    struct harness *h = *state;

    put(h, "f");
    functions_start(h->functions);
    change(h, "f", "{\"at\":7}", true);
    invoke(h, "f", "{\"n\":1}");
    harness_close_functions(h, 0);
    harness_open_functions(h);
    put(h, "f");
    functions_start(h->functions);
    assert_true(the_hold(h).held);
    assert_int_equal(the_hold(h).waiting, 1);
    assert_true(bytes_equal_text(the_hold(h).note, "{\"at\":7}"));
    harness_advance(h, 120000);
    assert_false(call_now(h, "f", "{\"n\":2}")->failed);
    assert_false(has(h, "got 1"));

    change(h, "f", "{\"at\":8}", false); /* let go; the note stays */
    HARNESS_UNTIL(h, has(h, "got 1"));
    assert_false(the_hold(h).held);
    invoke(h, "f", "{\"n\":3}");
    HARNESS_UNTIL(h, has(h, "got 3"));
    harness_close_functions(h, 0);
    harness_open_functions(h);
    assert_true(bytes_equal_text(the_hold(h).note, "{\"at\":8}"));
    change(h, "f", "", false);
    harness_close_functions(h, 0);
    harness_open_functions(h);
    assert_int_equal(hold_count(h), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_held_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart_holds_on, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
