/* Tests of functions/remains.c: by their environment, wherever they went. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/remains.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Leads a session of its own; ends when it is killed. */
static int start(const char *variable)
{
    int process = fork();

    if (process == 0) {
        const char *const arguments[] = {"/bin/sleep", "1000", NULL};
        const char *const environment[] = {"FIRST=1", variable, "LAST=1", NULL};

        setsid();
        execve(arguments[0], (char **)(uintptr_t)arguments, (char **)(uintptr_t)environment);
        _exit(1);
    }
    return process;
}

static bool is_killed(int process)
{
    int status = 0;

    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Until it has become the program: before, it has our environment. */
static void wait_for_program(int process)
{
    char path[64], name[8] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", process);
    while (strncmp(name, "sleep", 5) != 0) {
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        if (fgets(name, sizeof name, file) == NULL)
            name[0] = '\0';
        fclose(file);
    }
}

static void whole_variables_count(void **state)
{
    char mine[48], longer[64], other[64];
    int processes[4];
    const char *variables[4] = {mine, mine, longer, other};

    (void)state;
    snprintf(mine, sizeof mine, "STREAM=[$LATEST]%d", getpid());
    snprintf(longer, sizeof longer, "%sx", mine);
    snprintf(other, sizeof other, "X%s", mine);
    for (int i = 0; i < 4; i++) {
        processes[i] = start(variables[i]);
        wait_for_program(processes[i]);
    }
    remains_kill(bytes_of_text(mine));
    assert_true(is_killed(processes[0]));
    assert_true(is_killed(processes[1]));
    for (int i = 2; i < 4; i++) {
        assert_int_equal(kill(processes[i], SIGTERM), 0);
        assert_false(is_killed(processes[i]));
    }
    remains_kill(bytes_of_text(mine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_variables_count)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
