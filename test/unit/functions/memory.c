/* Tests of functions/memory.c: the figure is the whole tree's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB ((size_t)1024 * 1024)

/* A process that uses so much, with a child that does too, or without; ends when it is killed. */
static int start(size_t size_mb, bool with_child)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    int process = fork();

    if (process == 0) {
        bool child = with_child && fork() == 0;
        void *memory =
            mmap(NULL, size_mb * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        memset(memory, 1, size_mb * MB);
        if (write(ready[1], child ? "c" : "p", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    for (int i = 0; i < (with_child ? 2 : 1); i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return process;
}

static void a_tree(void **state)
{
    struct memory_use alone, both;
    int process = start(40, false);

    (void)state;
    assert_true(memory_of_tree(process, &alone));
    assert_true(alone.peak_mb >= 40 && alone.own_mb >= 40);
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, NULL, 0), process);
    assert_false(memory_of_tree(process, &alone));

    int parent = start(40, true);

    assert_true(memory_of_tree(parent, &both));
    assert_true(both.peak_mb >= 80 && both.own_mb >= 80);
    assert_int_equal(kill(parent, SIGSTOP), 0); /* it has a child to be found */
    char path[64], children[64] = "";

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_non_null(fgets(children, sizeof children, file));
    fclose(file);
    assert_int_equal(kill((int)strtol(children, NULL, 10), SIGKILL), 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_tree)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
