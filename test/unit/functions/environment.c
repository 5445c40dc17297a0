/* Tests of functions/environment.c: who wins, and that nothing else gets in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/environment.h"

#include <stdlib.h>

static const char *value_of(char *const *environment, const char *name)
{
    size_t size = strlen(name);
    const char *found = NULL;

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            assert_null(found); /* a name stands once */
            found = *environment + size + 1;
        }
    return found;
}

static char **make(struct arena *arena, const struct function_variable *own, size_t own_count,
                   const char *runtime)
{
    const struct function_variable common[] = {
        {BYTES("AWS_ENDPOINT_URL"), BYTES("http://127.0.0.1:8000")},
        {BYTES("AWS_ENDPOINT_URL_S3"), BYTES("http://127.0.0.1:1")},
    };
    struct function_settings settings = {
        .name = BYTES("f"),
        .handler = BYTES("x.handler"),
        .runtime = bytes_of_text(runtime),
        .folder = BYTES("/the/folder"),
        .memory_mb = 256,
        .environment = own,
        .environment_count = own_count,
    };
    struct environment_options options = {
        .settings = &settings,
        .common = common,
        .common_count = ARRAY_COUNT(common),
        .region = "eu-north-1",
        .runtime_folder = "/the/runtimes",
        .runtime_api_port = 4711,
        .log_group = BYTES("/aws/lambda/f"),
        .log_stream = BYTES("2026/01/01/[$LATEST]00"),
    };

    return environment_make(arena, &options);
}

static void lambdas_variables(void **state)
{
    static const char *const expected[][2] = {
        {"_HANDLER", "x.handler"},
        {"AWS_REGION", "eu-north-1"},
        {"AWS_DEFAULT_REGION", "eu-north-1"},
        {"AWS_LAMBDA_FUNCTION_NAME", "f"},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
        {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"},
        {"AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]00"},
        {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
        {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:4711"},
        {"AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"},
        {"LAMBDA_TASK_ROOT", "/the/folder"},
        {"LAMBDA_RUNTIME_DIR", "/the/runtimes"},
        {"TZ", ":UTC"},
        {"IS_OFFLINE", "true"},
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:8000"},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    char **environment = make(arena, NULL, 0, "nodejs20.x");

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_string_equal(value_of(environment, expected[i][0]), expected[i][1]);
    assert_null(value_of(make(arena, NULL, 0, "provided.al2023"), "AWS_EXECUTION_ENV"));
}

static void who_wins(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct function_variable own[] = {
        {BYTES("AWS_ENDPOINT_URL_S3"), BYTES("https://elsewhere")},
        {BYTES("AWS_ACCESS_KEY_ID"), BYTES("mine")},
        {BYTES("AWS_REGION"), BYTES("no")},
        {BYTES("TZ"), BYTES("Europe/Stockholm")},
        {BYTES("TWICE"), BYTES("first")},
        {BYTES("TWICE"), BYTES("second")},
        {BYTES("EMPTY"), BYTES("")},
        {BYTES("AWS"), BYTES("a=b")},
    };
    char **environment = make(arena, own, ARRAY_COUNT(own), "python3.12");

    (void)state;
    assert_string_equal(value_of(environment, "AWS_ENDPOINT_URL_S3"), "https://elsewhere");
    assert_string_equal(value_of(environment, "AWS_ACCESS_KEY_ID"), "mine");
    assert_string_equal(value_of(environment, "AWS_SECRET_ACCESS_KEY"), "dynlog");
    assert_string_equal(value_of(environment, "AWS_REGION"), "eu-north-1");
    assert_string_equal(value_of(environment, "TZ"), "Europe/Stockholm");
    assert_string_equal(value_of(environment, "TWICE"), "second");
    assert_string_equal(value_of(environment, "EMPTY"), "");
    assert_string_equal(value_of(environment, "AWS"), "a=b");
}

static void what_is_inherited(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char **environment, **machine;

    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "of a real account", 1);
    setenv("AWS_SESSION_TOKEN", "of a real account", 1);
    setenv("SECRET", "x", 1);
    setenv("NODE_PATH", "/modules", 1);
    environment = make(arena, NULL, 0, "nodejs20.x");
    machine = environment_of_machine(arena);
    assert_string_equal(value_of(environment, "AWS_ACCESS_KEY_ID"), "dynlog");
    assert_null(value_of(environment, "AWS_SESSION_TOKEN"));
    assert_null(value_of(environment, "SECRET"));
    assert_string_equal(value_of(environment, "NODE_PATH"), "/modules");
    assert_string_equal(value_of(environment, "PATH"), getenv("PATH"));
    assert_null(value_of(machine, "AWS_ACCESS_KEY_ID"));
    assert_string_equal(value_of(machine, "PATH"), getenv("PATH"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lambdas_variables),
        cmocka_unit_test(who_wins),
        cmocka_unit_test(what_is_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
