/* Tests of functions/reload.c: who runs the new code and when, with a runtime that starts in a
 * millisecond (examples/bootstrap-c): its answer is what a file said when it was started. */
#include "harness.h"

#include "functions/function.h"

#include <dirent.h>

#define RELOADS 200 /* scripts/soak makes more; each is some 20 ms of a sanitizer's fork */

static int set_up(void **state)
{
    *state = harness_new();
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

/* The program that meson built beside this one. */
static void copy_bootstrap(struct harness *h)
{
    char program[PATH_MAX] = "";
    struct bytes content;

    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    char *name = strrchr(program, '/') + 1;

    snprintf(name, sizeof program - (size_t)(name - program), "bootstrap");
    assert_int_equal(file_read(h->arena, program, (size_t)64 * 1024 * 1024, &content), OK);
    const char *path = arena_copy_text(h->arena, arena_printf(h->arena, "%s/bootstrap", h->folder));

    assert_int_equal(file_write_unsynced(path, content, 0755), OK);
}

static void put_greeter(struct harness *h, int32_t concurrency, bool reload)
{
    struct function_variable environment[] = {
        {BYTES("GREETING_FILE"), arena_printf(h->arena, "%s/greeting.txt", h->folder)}};
    struct function_settings settings = harness_settings(h, "greet", "provided.al2023", "main.x");

    settings.environment = environment;
    settings.environment_count = 1;
    settings.reserved_concurrency = concurrency;
    h->functions->options.reload = reload;
    harness_put(h, &settings);
}

/* As editors do that write the file itself. */
static void save(struct harness *h, const char *name, const char *text)
{
    FILE *file =
        fopen(arena_copy_text(h->arena, arena_printf(h->arena, "%s/%s", h->folder, name)), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_greets(struct harness *h, const char *greeting)
{
    struct call *call = call_now(h, "greet", "{}");

    assert_int_equal(call->status, OK);
    assert_string_equal(json_text_of(h, call_json(h, call), "greeting"), greeting);
}

static struct functions_figures figures(struct harness *h)
{
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    return figures;
}

static void the_next_invocation_runs_it(void **state)
{
    struct harness *h = *state;

    copy_bootstrap(h);
    save(h, "greeting.txt", "one");
    put_greeter(h, -1, true);
    assert_greets(h, "one");
    assert_greets(h, "one");
    save(h, "greeting.txt", "two");
    assert_greets(h, "two");
    assert_true(
        text_has(harness_log_text(h), "NOTE  greeting.txt changed: starting with the new code\n"));
    assert_int_equal(
        unlink(arena_copy_text(h->arena, arena_printf(h->arena, "%s/greeting.txt", h->folder))), 0);
    assert_greets(h, "hello");
    save(h, "greeting.txt", "three"); /* it looked for it */
    assert_greets(h, "three");
    copy_bootstrap(h);
    assert_greets(h, "three");
    assert_true(text_has(harness_log_text(h), "NOTE  bootstrap changed"));
}

static void code_that_nobody_watches_stays(void **state)
{
    struct harness *h = *state;

    copy_bootstrap(h);
    save(h, "greeting.txt", "one");
    put_greeter(h, -1, false);
    assert_greets(h, "one");
    save(h, "greeting.txt", "two");
    assert_greets(h, "one");
    assert_null(h->functions->watcher);
    put_greeter(h, -1, true); /* changed: fresh workers */
    assert_greets(h, "two");
    put_greeter(h, -1, false);
    assert_int_equal(watcher_folders(h->functions->watcher), 0);
}

/* With one worker at a time: who was asked before the save may run either, who came after it the
 * new one. */
static void busy_workers_end_first(void **state)
{
    struct harness *h = *state;
    struct call *calls[8];

    copy_bootstrap(h);
    save(h, "greeting.txt", "one");
    put_greeter(h, 1, true);
    assert_greets(h, "one");
    HARNESS_UNTIL(h, !list_empty(&h->functions->all[0]->idle));
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        if (i == ARRAY_COUNT(calls) / 2)
            save(h, "greeting.txt", "two");
        calls[i] = call_start_with(h, "greet", "{}", true);
    }
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        HARNESS_UNTIL(h, calls[i]->done);
        assert_int_equal(calls[i]->status, OK);
        assert_false(calls[i]->failed);
        if (i >= ARRAY_COUNT(calls) / 2)
            assert_true(text_has(calls[i]->result, "two"));
    }
    assert_true(text_has(calls[0]->result, "one"));
}

/* Nobody asks: after a while of quiet it is warm again, once for all that changed. */
static void warm_again(void **state)
{
    struct harness *h = *state;

    copy_bootstrap(h);
    save(h, "greeting.txt", "one");
    put_greeter(h, -1, true);
    assert_greets(h, "one");
    for (int i = 0; i < 5; i++) {
        save(h, "greeting.txt", "two");
        reload_read(h->functions);
    }
    HARNESS_UNTIL(h, figures(h).workers == 0);
    harness_next_tick();
    harness_advance(h, RELOAD_QUIET_MS - 1);
    assert_int_equal(figures(h).workers, 0);
    harness_advance(h, 1);
    assert_int_equal(figures(h).workers, 1);
    const struct function *function = h->functions->all[0];

    HARNESS_UNTIL(h, !list_empty(&function->idle));
    assert_greets(h, "two");
    assert_int_equal(figures(h).workers, 1);
    /* one that had no worker stays without */
    harness_advance(h, FUNCTION_IDLE_LIFE_MS);
    HARNESS_UNTIL(h, figures(h).workers == 0);
    save(h, "greeting.txt", "three");
    reload_read(h->functions);
    harness_advance(h, RELOAD_QUIET_MS);
    assert_int_equal(figures(h).workers, 0);
    assert_greets(h, "three");
}

static void a_bootstrap_that_is_not_there(void **state)
{
    struct harness *h = *state;

    put_greeter(h, -1, true);
    assert_true(text_has(call_now(h, "greet", "{}")->result, "Runtime.InvalidEntrypoint"));
    copy_bootstrap(h);
    assert_greets(h, "hello");
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void nothing_is_left_of_many(void **state)
{
    struct harness *h = *state;
    size_t descriptors = 0, folders = 0, paths = 0;
    char text[32];

    copy_bootstrap(h);
    save(h, "greeting.txt", "first");
    put_greeter(h, 1, true);
    assert_greets(h, "first");
    for (int i = 0; i < RELOADS; i++) {
        snprintf(text, sizeof text, "number %d", i);
        save(h, "greeting.txt", text);
        assert_greets(h, text);
        if (i != 1)
            continue;
        descriptors = open_descriptors();
        folders = watcher_folders(h->functions->watcher);
        paths = watched_count(&h->functions->all[0]->reload.watched);
    }
    assert_int_equal(figures(h).workers, 1);
    assert_int_equal(open_descriptors(), descriptors);
    assert_int_equal(watcher_folders(h->functions->watcher), folders);
    assert_int_equal(watched_count(&h->functions->all[0]->reload.watched), paths);
    assert_int_equal(h->door.listeners, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_next_invocation_runs_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(code_that_nobody_watches_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(busy_workers_end_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(warm_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bootstrap_that_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_many, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
