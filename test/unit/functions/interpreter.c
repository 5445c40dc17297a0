/* Tests of functions/interpreter.c: which program runs a function, with programs that the test
 * makes. */
#include "harness.h"

#include "functions/interpreter.h"

struct test {
    struct harness *h;
    struct interpreters *interpreters;
    struct interpreter_request request;
    bool chosen, idle;
    const char *program, *message; /* copies; program NULL: there is none */
    char *path, *virtual_env, *dynlog_python, *dynlog_node;
};

static char *saved(const char *name)
{
    return mem_copy_text(getenv(name));
}

static void restored(const char *name, char *value)
{
    if (value != NULL)
        setenv(name, value, 1);
    else
        unsetenv(name);
    mem_free(value);
}

static void on_idle(void *context)
{
    struct test *t = context;

    t->idle = true;
}

static void on_chosen(struct interpreter_request *request, const char *program, const char *message)
{
    struct test *t = CONTAINER_OF(request, struct test, request);

    t->chosen = true;
    t->program = program != NULL ? arena_copy_text(t->h->arena, bytes_of_text(program)) : NULL;
    t->message = arena_copy_text(t->h->arena, bytes_of_text(message));
}

static int set_up(void **state)
{
    struct test *t = mem_new(sizeof *t);

    t->h = harness_new();
    t->path = saved("PATH");
    t->virtual_env = saved("VIRTUAL_ENV");
    t->dynlog_python = saved("DYNLOG_PYTHON");
    t->dynlog_node = saved("DYNLOG_NODE");
    unsetenv("VIRTUAL_ENV");
    unsetenv("DYNLOG_PYTHON");
    unsetenv("DYNLOG_NODE");
    t->interpreters = interpreters_new(&t->h->loop, on_idle, t);
    t->request.chosen = on_chosen;
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct test *t = *state;

    interpreters_stop(t->interpreters);
    HARNESS_UNTIL(t->h, !interpreters_busy(t->interpreters));
    interpreters_free(t->interpreters);
    restored("PATH", t->path);
    restored("VIRTUAL_ENV", t->virtual_env);
    restored("DYNLOG_PYTHON", t->dynlog_python);
    restored("DYNLOG_NODE", t->dynlog_node);
    harness_free(t->h);
    mem_free(t);
    return 0;
}

/* The path of NAME in the test's folder. */
static const char *in_folder(struct test *t, const char *name)
{
    return arena_copy_text(t->h->arena, arena_printf(t->h->arena, "%s/%s", t->h->folder, name));
}

/* PATH of folders in the test's folder, and /bin for the shell that the programs need. */
static void set_path(struct test *t, const char *first, const char *second)
{
    setenv("PATH",
           arena_copy_text(t->h->arena, arena_printf(t->h->arena, "%s:%s", in_folder(t, first),
                                                     in_folder(t, second))),
           1);
}

static const char *choose(struct test *t, const char *runtime)
{
    t->chosen = false;
    interpreters_choose(t->interpreters, bytes_of_text(runtime), bytes_of_text(t->h->folder),
                        &t->request);
    HARNESS_UNTIL(t->h, t->chosen);
    return t->program;
}

static void kinds_of_runtimes(void **state)
{
    (void)state;
    assert_int_equal(runtime_kind_of(BYTES("nodejs20.x")), RUNTIME_NODE);
    assert_int_equal(runtime_kind_of(BYTES("nodejs")), RUNTIME_NODE);
    assert_int_equal(runtime_kind_of(BYTES("python3.12")), RUNTIME_PYTHON);
    assert_int_equal(runtime_kind_of(BYTES("python2.7")), RUNTIME_UNKNOWN);
    assert_int_equal(runtime_kind_of(BYTES("provided")), RUNTIME_PROVIDED);
    assert_int_equal(runtime_kind_of(BYTES("provided.al2023")), RUNTIME_PROVIDED);
    assert_int_equal(runtime_kind_of(BYTES("java21")), RUNTIME_UNKNOWN);
    assert_int_equal(runtime_kind_of(BYTES("")), RUNTIME_UNKNOWN);
}

static void node(void **state)
{
    struct test *t = *state;

    set_path(t, "none", "a");
    assert_null(choose(t, "nodejs20.x"));
    assert_true(text_has(t->message, "there is no node on PATH"));
    harness_write(t->h, "a/node", "#!/bin/sh\n");
    assert_string_equal(choose(t, "nodejs20.x"), in_folder(t, "a/node"));
    harness_write(t->h, "none/node", "#!/bin/sh\n");
    assert_string_equal(choose(t, "nodejs20.x"), in_folder(t, "none/node"));
    setenv("DYNLOG_NODE", "/my/node", 1);
    assert_string_equal(choose(t, "nodejs20.x"), "/my/node");
}

/* The one that can import boto3 wins, and is asked once. */
static void python_with_boto3(void **state)
{
    struct test *t = *state;

    harness_write(t->h, "a/python3", "#!/bin/sh\necho /real/a\necho asked >> asked\nexit 1\n");
    harness_write(t->h, "b/python3", "#!/bin/sh\necho /real/b\necho asked >> asked\nexit 0\n");
    set_path(t, "a", "b");
    assert_string_equal(choose(t, "python3.12"), "/real/b");
    assert_string_equal(choose(t, "python3.12"), "/real/b");
    struct bytes asked;

    assert_int_equal(file_read(t->h->arena, in_folder(t, "asked"), 1024, &asked), OK);
    assert_true(bytes_equal_text(asked, "asked\nasked\n"));
}

static void python_without_boto3(void **state)
{
    struct test *t = *state;

    harness_write(t->h, "a/python3", "#!/not/there\n");
    harness_write(t->h, "b/python3", "#!/bin/sh\nexit 1\n");
    set_path(t, "a", "b");
    assert_string_equal(choose(t, "python3.12"), in_folder(t, "a/python3"));
}

static void only_one_python_is_not_asked(void **state)
{
    struct test *t = *state;

    harness_write(t->h, "a/python3", "#!/bin/sh\ntouch asked\n");
    set_path(t, "a", "none");
    assert_string_equal(choose(t, "python3.12"), in_folder(t, "a/python3"));
    assert_false(file_exists(in_folder(t, "asked")));
}

static void python_of_an_environment(void **state)
{
    struct test *t = *state;

    set_path(t, "none", "none");
    assert_null(choose(t, "python3.12"));
    assert_true(text_has(t->message, "there is no python3 on PATH"));
    harness_write(t->h, ".venv/bin/python3", "#!/bin/sh\n");
    assert_string_equal(choose(t, "python3.12"), in_folder(t, ".venv/bin/python3"));
    harness_write(t->h, "venv/bin/python3", "#!/bin/sh\n");
    assert_string_equal(choose(t, "python3.12"), in_folder(t, "venv/bin/python3"));
    harness_write(t->h, "active/bin/python3", "#!/bin/sh\n");
    setenv("VIRTUAL_ENV", in_folder(t, "active"), 1);
    assert_string_equal(choose(t, "python3.12"), in_folder(t, "active/bin/python3"));
    setenv("DYNLOG_PYTHON", "/my/python3", 1);
    assert_string_equal(choose(t, "python3.12"), "/my/python3");
}

static void bootstrap_of_the_folder(void **state)
{
    struct test *t = *state;

    assert_null(choose(t, "provided.al2023"));
    assert_true(text_has(t->message, "Couldn't find valid bootstrap(s): ["));
    harness_write(t->h, "bootstrap", "#!/bin/sh\n");
    assert_string_equal(choose(t, "provided.al2023"), in_folder(t, "bootstrap"));
}

static void a_request_may_be_cancelled(void **state)
{
    struct test *t = *state;

    harness_write(t->h, "a/python3", "#!/bin/sh\nexec sleep 60\n");
    harness_write(t->h, "b/python3", "#!/bin/sh\nexit 0\n");
    set_path(t, "a", "b");
    setenv("PATH",
           arena_copy_text(t->h->arena, arena_printf(t->h->arena, "%s:/bin", getenv("PATH"))), 1);
    interpreters_choose(t->interpreters, BYTES("python3.12"), bytes_of_text(t->h->folder),
                        &t->request);
    assert_false(t->chosen);
    interpreters_cancel(&t->request);
    assert_true(interpreters_busy(t->interpreters));
    interpreters_stop(t->interpreters); /* ends the one that sleeps */
    HARNESS_UNTIL(t->h, t->idle);
    assert_false(t->chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(kinds_of_runtimes),
        TEST(node),
        TEST(python_with_boto3),
        TEST(python_without_boto3),
        TEST(only_one_python_is_not_asked),
        TEST(python_of_an_environment),
        TEST(bootstrap_of_the_folder),
        TEST(a_request_may_be_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
