/* Tests of cli/progress.c, under a clock that the test moves: when a bar comes, how often, how
 * wide, and that its line is empty afterwards. */
#include "cli/output.h"
#include "cli/progress.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct bar_test {
    struct cli cli;
    struct progress progress;
    struct clock *clock;
    char *text;
    size_t size, seen;
};

static void bar_begin(struct bar_test *test, const char *things, uint64_t total, size_t width)
{
    *test = (struct bar_test){.clock = clock_new_manual(1000000)};
    test->cli = (struct cli){.err = open_memstream(&test->text, &test->size),
                             .err_is_terminal = true,
                             .no_colour = true,
                             .width = width};
    test->progress = (struct progress){
        .cli = &test->cli, .things = things, .total = total, .clock = test->clock};
    cli_progress_begin(&test->progress);
}

static void bar_end(struct bar_test *test)
{
    cli_progress_end(&test->progress);
    fclose(test->cli.err);
    clock_free(test->clock);
    free(test->text);
}

/* What was written since the last look. */
static const char *written(struct bar_test *test)
{
    const char *now = NULL;

    fflush(test->cli.err);
    now = test->text + test->seen;
    test->seen = test->size;
    return now;
}

static void pass(struct bar_test *test, uint64_t ms, uint64_t count)
{
    clock_advance(test->clock, ms);
    cli_progress_add(&test->progress, count);
}

/* Nothing within a second; then ten times a second; gone at the end. */
static void test_when(void **state)
{
    struct bar_test test;

    (void)state;
    bar_begin(&test, "events", 10000, 82);
    pass(&test, 999, 1000);
    assert_string_equal(written(&test), "");
    pass(&test, 1, 1000);
    assert_string_equal(
        written(&test),
        "\r 20% [======>                       ] 2,000 of 10,000 events  2,000/s  4 s left");
    pass(&test, 99, 1);
    assert_string_equal(written(&test), "");
    pass(&test, 1, 199);
    assert_string_equal(
        written(&test),
        "\r 22% [======>                       ] 2,200 of 10,000 events  2,000/s  4 s left");
    cli_progress_hide(&test.progress);
    assert_string_equal(
        written(&test),
        "\r                                                                                 \r");
    cli_progress_hide(&test.progress);
    assert_string_equal(written(&test), "");
    bar_end(&test);
}

static void test_fast_work_shows_nothing(void **state)
{
    struct bar_test test;

    (void)state;
    bar_begin(&test, "events", 10, 80);
    for (int i = 0; i < 10; i++)
        pass(&test, 50, 1);
    cli_progress_end(&test.progress);
    assert_string_equal(written(&test), "");
    bar_end(&test);
}

static void test_no_terminal(void **state)
{
    struct bar_test test;

    (void)state;
    bar_begin(&test, "events", 10, 80);
    cli_progress_end(&test.progress);
    test.cli.err_is_terminal = false;
    cli_progress_begin(&test.progress);
    pass(&test, 5000, 1);
    cli_progress_end(&test.progress);
    assert_string_equal(written(&test), "");
    bar_end(&test);
}

static void test_widths(void **state)
{
    static const struct {
        size_t width;
        const char *shown;
    } cases[] = {
        {200, "\r 50% [======================>                     ] 500,000 of 1,000,000 events  "
              "250,000/s  2 s left"},
        {83, "\r 50% [============>           ] 500,000 of 1,000,000 events  250,000/s  2 s left"},
        {62, "\r500,000 of 1,000,000 events  250,000/s  2 s left"},
        {42, "\r500,000 of 1,000,000 events  2 s left"},
        {39, "\r500,000 of 1,000,000 events"},
        {23, "\r500,000 of 1,000,00\xE2\x80\xA6"},
        {1, "\r\xE2\x80\xA6"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bar_test test;

        bar_begin(&test, "events", 1000000, cases[i].width);
        pass(&test, 2000, 500000);
        assert_string_equal(written(&test), cases[i].shown);
        bar_end(&test);
    }
}

static void test_unknown_total_and_bytes(void **state)
{
    struct bar_test test;

    (void)state;
    bar_begin(&test, "events", 0, 80);
    pass(&test, 2000, 3);
    assert_string_equal(written(&test), "\r3 events  1.5/s");
    bar_end(&test);
    bar_begin(&test, NULL, 20000000, 42);
    pass(&test, 1000, 5000000);
    assert_string_equal(written(&test), "\r5.0 MB of 20 MB  5.0 MB/s  3 s left");
    bar_end(&test);
}

/* What an earlier run did counts in the bar, not in the rate; a bar that is full has no time left;
 * one that got shorter leaves nothing behind. */
static void test_going_on(void **state)
{
    struct bar_test test;

    (void)state;
    bar_begin(&test, "events", 1000, 42);
    cli_progress_end(&test.progress);
    test.progress.done = 900;
    cli_progress_begin(&test.progress);
    pass(&test, 1000, 50);
    assert_string_equal(written(&test), "\r950 of 1,000 events  50/s  1 s left");
    pass(&test, 1000, 50);
    assert_string_equal(written(&test), "\r1,000 of 1,000 events  50/s        ");
    bar_end(&test);
}

/* A signal that ends the process clears the line first, and ends it all the same. */
static void test_signal(void **state)
{
    char text[512] = "";
    int fds[2], how = 0;
    size_t size = 0;
    ssize_t got = 0;
    pid_t child = 0;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        struct bar_test test;

        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        bar_begin(&test, "events", 1000, 42);
        test.cli.err = stderr;
        pass(&test, 1000, 50);
        raise(SIGINT);
        _exit(0);
    }
    close(fds[1]);
    while ((got = read(fds[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    close(fds[0]);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGINT);
    assert_string_equal(text, "\r50 of 1,000 events  50/s  19 s left"
                              "\r                                     \r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_fast_work_shows_nothing),
        cmocka_unit_test(test_no_terminal),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_unknown_total_and_bytes),
        cmocka_unit_test(test_going_on),
        cmocka_unit_test(test_signal),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
