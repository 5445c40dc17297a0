/* test/unit/cli/terminal_test.h - a pseudo terminal with somebody at it: waits for a text, then
 * presses keys. */
#ifndef DYNLOG_TEST_TERMINAL_TEST_H
#define DYNLOG_TEST_TERMINAL_TEST_H

#include "cli_test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <termios.h>

struct terminal_step {
    const char *wait; /* until this was shown, behind the last step's */
    const char *keys;
};

struct terminal {
    int outer;
    struct cli cli;
    struct arena *arena;
    struct termios before;
    const struct terminal_step *steps;
    size_t step_count;
    pthread_t person;
    char shown[65536];
    size_t shown_size;
};

static inline void *terminal_person(void *context)
{
    struct terminal *on = context;
    size_t step = 0, seen = 0;
    ssize_t count = 1;

    while (count > 0 && on->shown_size + 1 < sizeof on->shown) {
        count = read(on->outer, on->shown + on->shown_size, sizeof on->shown - 1 - on->shown_size);
        on->shown_size += count > 0 ? (size_t)count : 0;
        on->shown[on->shown_size] = '\0';
        while (step < on->step_count) {
            const char *found = strstr(on->shown + seen, on->steps[step].wait);

            if (found == NULL)
                break;
            seen = (size_t)(found - on->shown) + strlen(on->steps[step].wait);
            (void)!write(on->outer, on->steps[step].keys, strlen(on->steps[step].keys));
            step++;
        }
    }
    return NULL;
}

static inline void terminal_open(struct terminal *on, const struct terminal_step *steps,
                                 size_t step_count)
{
    int inner = -1;

    memset(on, 0, sizeof *on);
    on->steps = steps;
    on->step_count = step_count;
    on->outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(on->outer >= 0);
    assert_int_equal(grantpt(on->outer), 0);
    assert_int_equal(unlockpt(on->outer), 0);
    inner = open(ptsname(on->outer), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(inner >= 0);
    assert_int_equal(tcgetattr(inner, &on->before), 0);
    on->arena = arena_new();
    on->cli = (struct cli){.arena = on->arena,
                           .in = fdopen(dup(inner), "r"),
                           .out = fdopen(inner, "w"),
                           .in_is_terminal = true,
                           .out_is_terminal = true,
                           .err_is_terminal = true,
                           .width = 80};
    on->cli.err = on->cli.out;
    setenv("TERM", "xterm", 1);
    assert_int_equal(pthread_create(&on->person, NULL, terminal_person, on), 0);
}

/* The terminal is as it was. */
static inline void terminal_close(struct terminal *on)
{
    struct termios now;

    assert_int_equal(tcgetattr(fileno(on->cli.in), &now), 0);
    assert_int_equal(now.c_lflag, on->before.c_lflag);
    assert_int_equal(now.c_iflag, on->before.c_iflag);
    fclose(on->cli.in);
    fclose(on->cli.out);
    pthread_join(on->person, NULL);
    close(on->outer);
    arena_free(on->arena);
}

#endif
