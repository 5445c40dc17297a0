/* Functions that clients make: code, versions, aliases, what keeps workers and what does not, and
 * what becomes of invocations when their function goes; over a start. */
#include "harness.h"

#include "functions/change.h"

#include <dirent.h>

/* a.py: b() answers [text, version, process]; of "fail" it fails. */
#define ONE                                                                                        \
    "UEsDBBQAAAAAAAAAIVypbJwbewAAAHsAAAAEAAAAYS5weWltcG9ydCBvcwpkZWYgYihlLCBjKToKICAg"             \
    "IGlmIGUgPT0gJ2ZhaWwnOgogICAgICAgIHJhaXNlIFZhbHVlRXJyb3IoZSkKICAgIHJldHVybiBbJ29u"             \
    "ZScsIGMuZnVuY3Rpb25fdmVyc2lvbiwgb3MuZ2V0cGlkKCldClBLAQIUAxQAAAAAAAAAIVypbJwbewAA"             \
    "AHsAAAAEAAAAAAAAAAAAAACkgQAAAABhLnB5UEsFBgAAAAABAAEAMgAAAJ0AAAAAAA=="
#define TWO                                                                                        \
    "UEsDBBQAAAAAAAAAIVzX+QZrewAAAHsAAAAEAAAAYS5weWltcG9ydCBvcwpkZWYgYihlLCBjKToKICAg"             \
    "IGlmIGUgPT0gJ2ZhaWwnOgogICAgICAgIHJhaXNlIFZhbHVlRXJyb3IoZSkKICAgIHJldHVybiBbJ3R3"             \
    "bycsIGMuZnVuY3Rpb25fdmVyc2lvbiwgb3MuZ2V0cGlkKCldClBLAQIUAxQAAAAAAAAAIVzX+QZrewAA"             \
    "AHsAAAAEAAAAAAAAAAAAAACkgQAAAABhLnB5UEsFBgAAAAABAAEAMgAAAJ0AAAAAAA=="

static int set_up(void **state)
{
    *state = harness_new();
    functions_start(((struct harness *)*state)->functions);
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

/* ---- changes ---- */

struct made {
    struct code_job job;
    struct function_change change;
    bool done;
    enum status status;
};

static void job_done(struct code_job *job, enum status status)
{
    struct made *made = CONTAINER_OF(job, struct made, job);

    made->done = true;
    made->status = status;
}

static void change_done(struct function_change *change, enum status status)
{
    struct made *made = CONTAINER_OF(change, struct made, change);

    made->done = true;
    made->status = status;
}

static struct made *made_new(struct harness *h, enum function_change_kind kind, const char *name)
{
    struct made *made = ARENA_NEW(h->arena, struct made);

    made->change.kind = kind;
    made->change.name = bytes_of_text(name);
    made->change.arena = h->arena;
    made->change.done = change_done;
    return made;
}

static enum status change(struct harness *h, struct made *made)
{
    made->done = false;
    functions_change(h->functions, &made->change);
    HARNESS_UNTIL(h, made->done);
    return made->status;
}

/* Unpacks the code, and makes the change that names it. */
static enum status change_code(struct harness *h, struct made *made, const char *zip)
{
    made->job.zip_text = bytes_of_text(zip);
    made->job.done = job_done;
    functions_unpack(h->functions, &made->job);
    HARNESS_UNTIL(h, made->done);
    if (made->status != OK)
        return made->status;
    made->change.configuration.code = bytes_of_text(made->job.hash);
    made->change.configuration.code_size = made->job.size;
    enum status status = change(h, made);

    functions_release_code(h->functions, bytes_of_text(made->job.hash));
    return status;
}

static void create(struct harness *h, const char *name, const char *zip, bool publish)
{
    struct made *made = made_new(h, FUNCTION_CREATE, name);

    made->change.configuration = (struct function_configuration){
        .runtime = BYTES("python3.12"), .handler = BYTES("a.b"), .timeout_s = 30, .memory_mb = 128};
    made->change.publish = publish;
    assert_int_equal(change_code(h, made, zip), OK);
}

static void update(struct harness *h, const char *name, const char *zip, bool publish)
{
    struct made *made = made_new(h, FUNCTION_UPDATE_CODE, name);

    made->change.publish = publish;
    assert_int_equal(change_code(h, made, zip), OK);
}

static void set_alias(struct harness *h, enum function_change_kind kind, uint64_t version)
{
    struct made *made = made_new(h, kind, "f");

    made->change.alias = (struct function_alias){.name = BYTES("live"), .version = version};
    made->change.members = FUNCTION_VERSION;
    assert_int_equal(change(h, made), OK);
}

/* [text, version]; *ret_process may be NULL. */
static const char *answer(struct harness *h, const char *name, int64_t *ret_process)
{
    const struct json *json = call_json(h, call_now(h, name, "{}"));
    int64_t process = 0;

    assert_true(json_int64(json_at(json, 2), &process));
    if (ret_process != NULL)
        *ret_process = process;
    return arena_copy_text(h->arena, arena_printf(h->arena, "%.*s %.*s",
                                                  BYTES_ARG(json_string(json_at(json, 0))),
                                                  BYTES_ARG(json_string(json_at(json, 1)))));
}

static size_t count_code(struct harness *h)
{
    DIR *folder =
        opendir(arena_copy_text(h->arena, arena_printf(h->arena, "%s/functions", h->folder)));
    struct dirent *entry = NULL;
    size_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return count;
}

struct event {
    struct store_work work;
    struct harness *h;
    struct async_invocation invocation;
};

static void event_run(struct store_batch *batch, struct store_work *work)
{
    struct event *event = CONTAINER_OF(work, struct event, work);

    functions_async_write(event->h->functions, batch, &event->invocation);
}

static void event_done(struct store_work *work, enum status status)
{
    struct event *event = CONTAINER_OF(work, struct event, work);

    assert_int_equal(status, OK);
    functions_async_written(event->h->functions, &event->invocation);
}

static void invoke_later(struct harness *h, const char *name, const char *payload)
{
    struct event *event = ARENA_NEW(h->arena, struct event);

    *event = (struct event){.work = {.run = event_run, .done = event_done}, .h = h};
    event->invocation.function_name = bytes_of_text(name);
    event->invocation.payload = bytes_of_text(payload);
    store_submit(h->store, h->port, &event->work);
}

/* ---- tests ---- */

static void versions_and_aliases_run_their_own_code(void **state)
{
    struct harness *h = *state;

    create(h, "f", ONE, true);
    update(h, "f", TWO, true);
    assert_string_equal(answer(h, "f", NULL), "two $LATEST");
    assert_string_equal(answer(h, "f:1", NULL), "one 1");
    assert_string_equal(answer(h, "f:2", NULL), "two 2");
    set_alias(h, FUNCTION_CREATE_ALIAS, 1);
    assert_string_equal(answer(h, "f:live", NULL), "one 1");
    set_alias(h, FUNCTION_UPDATE_ALIAS, 2);
    assert_string_equal(answer(h, "arn:aws:lambda:us-east-1:000000000000:function:f:live", NULL),
                        "two 2");
    assert_null(functions_find(h->functions, BYTES("f:3")));
    assert_int_equal(call_now(h, "f:none", "{}")->status, REFUSED);
}

static void settings_of_invocations_keep_workers(void **state)
{
    struct harness *h = *state;
    struct made *made = made_new(h, FUNCTION_PUT_EVENT_CONFIG, "f");
    int64_t first = 0, second = 0, third = 0;

    create(h, "f", ONE, false);
    answer(h, "f", &first);
    made->change.members = FUNCTION_RETRIES | FUNCTION_AGE;
    made->change.event_config =
        (struct function_event_config){.maximum_retry_attempts = 0, .maximum_event_age_s = 60};
    assert_int_equal(change(h, made), OK);
    assert_int_equal(functions_find(h->functions, BYTES("f"))->maximum_retry_attempts, 0);
    made = made_new(h, FUNCTION_SET_CONCURRENCY, "f");
    made->change.reserved_concurrency = 2;
    assert_int_equal(change(h, made), OK);
    answer(h, "f", &second);
    assert_int_equal(first, second);
    made = made_new(h, FUNCTION_UPDATE_CONFIGURATION, "f");
    made->change.members = FUNCTION_TIMEOUT;
    made->change.configuration.timeout_s = 31;
    assert_int_equal(change(h, made), OK);
    answer(h, "f", &third);
    assert_int_not_equal(second, third);
}

static void code_stays_while_it_is_used(void **state)
{
    struct harness *h = *state;

    create(h, "f", ONE, true);
    create(h, "g", ONE, false);
    assert_int_equal(count_code(h), 1);
    update(h, "f", TWO, false);
    assert_int_equal(count_code(h), 2);
    assert_int_equal(change(h, made_new(h, FUNCTION_DELETE, "g")), OK);
    assert_string_equal(answer(h, "f:1", NULL), "one 1");
    assert_int_equal(change(h, made_new(h, FUNCTION_DELETE, "f")), OK);
    create(h, "h", TWO, false); /* its code is taken behind what is removed */
    HARNESS_UNTIL(h, (timers_run(h->timers), count_code(h) == 1));
    assert_string_equal(answer(h, "h", NULL), "two $LATEST");
}

static void everything_is_there_after_a_start(void **state)
{
    struct harness *h = *state;

    create(h, "f", ONE, true);
    update(h, "f", TWO, false);
    set_alias(h, FUNCTION_CREATE_ALIAS, 1);
    harness_write(h, "functions/new-1/half", "");
    harness_write(h, "functions/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/x",
                  "");
    harness_close_functions(h, 0);
    harness_open_functions(h);
    functions_start(h->functions);
    assert_true(functions_is_stored(h->functions, BYTES("f")));
    assert_string_equal(answer(h, "f", NULL), "two $LATEST");
    assert_string_equal(answer(h, "f:live", NULL), "one 1");
    HARNESS_UNTIL(h, count_code(h) == 2);
}

static void waiting_events_of_a_deleted_function_are_dropped(void **state)
{
    struct harness *h = *state;
    struct functions_figures figures;

    create(h, "f", ONE, false);
    invoke_later(h, "f", "\"fail\"");
    HARNESS_UNTIL(h, (functions_figures(h->functions, &figures), figures.retrying == 1));
    assert_int_equal(change(h, made_new(h, FUNCTION_DELETE, "f")), OK);
    HARNESS_UNTIL(h, (functions_figures(h->functions, &figures), figures.queued == 0));
    assert_true(text_has(harness_log_text(h),
                         "dropped an asynchronous invocation: its function was deleted"));
}

static void a_file_hides_what_a_client_made(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = harness_settings(h, "f", "python3.12", "own.b");

    create(h, "f", ONE, true);
    harness_write(h, "own.py", "def b(e, c):\n    return ['file', c.function_version, 1]\n");
    harness_put(h, &settings);
    assert_false(functions_is_stored(h->functions, BYTES("f")));
    assert_string_equal(answer(h, "f", NULL), "file $LATEST");
    assert_null(functions_find(h->functions, BYTES("f:1")));
    update(h, "f", TWO, false);
    assert_int_equal(count_code(h), 2); /* that of the hidden one too */
    harness_close_functions(h, 0);
    harness_open_functions(h);
    functions_start(h->functions);
    assert_string_equal(answer(h, "f:1", NULL), "one 1");
}

/* Both versions share it. */
static void reserved_concurrency_is_of_the_whole_function(void **state)
{
    struct harness *h = *state;
    struct made *made = made_new(h, FUNCTION_SET_CONCURRENCY, "f");

    create(h, "f", ONE, true);
    made->change.reserved_concurrency = 1;
    assert_int_equal(change(h, made), OK);
    struct call *first = call_start(h, "f:1", "{}"), *second = call_start(h, "f", "{}");

    assert_true(second->done && second->status == REFUSED);
    HARNESS_UNTIL(h, first->done);
    first = call_start_with(h, "f:1", "{}", true);
    second = call_start_with(h, "f", "{}", true);
    HARNESS_UNTIL(h, first->done && second->done);
    assert_true(first->status == OK && second->status == OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_and_aliases_run_their_own_code),
        TEST(settings_of_invocations_keep_workers),
        TEST(code_stays_while_it_is_used),
        TEST(everything_is_there_after_a_start),
        TEST(waiting_events_of_a_deleted_function_are_dropped),
        TEST(a_file_hides_what_a_client_made),
        TEST(reserved_concurrency_is_of_the_whole_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
