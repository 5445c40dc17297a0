/* Tests of functions/failure.c: the platform's own error payloads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/failure.h"

#include <signal.h>

static void assert_text(const struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->size, strlen(expected));
    assert_memory_equal(buffer->ptr, expected, buffer->size);
}

static void words_of_an_exit(void **state)
{
    static const struct {
        int64_t exit_status;
        int signal;
        const char *words;
    } cases[] = {
        {0, 0, "Runtime exited without providing a reason"},
        {1, 0, "Runtime exited with error: exit status 1"},
        {255, 0, "Runtime exited with error: exit status 255"},
        {0, SIGKILL, "Runtime exited with error: signal: killed"},
        {0, SIGSEGV, "Runtime exited with error: signal: segmentation fault"},
        {0, SIGABRT, "Runtime exited with error: signal: aborted"},
        {0, SIGTERM, "Runtime exited with error: signal: terminated"},
        {0, 40, "Runtime exited with error: signal: signal 40"},
    };
    char words[128];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        failure_exit_words(cases[i].exit_status, cases[i].signal, words, sizeof words);
        assert_string_equal(words, cases[i].words);
    }
}

static void payload_of_a_failure(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FAILURE_SIZE_MAX);
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    failure_print(&out, "Runtime.ExitError", "id", "a \"quoted\" reason");
    assert_text(&out,
                "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: id Error: a "
                "\\\"quoted\\\" reason\"}");
    assert_true(bytes_equal_text(failure_type(arena, buffer_bytes(&out)), "Runtime.ExitError"));
    assert_true(bytes_equal_text(failure_type(arena, failure_too_large()),
                                 "Function.ResponseSizeTooLarge"));
    assert_int_equal(failure_type(arena, BYTES("not json")).size, 0);
    assert_int_equal(failure_type(arena, BYTES("{}")).size, 0);
    assert_int_equal(failure_type(arena, BYTES("[1]")).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_an_exit),
        cmocka_unit_test(payload_of_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
