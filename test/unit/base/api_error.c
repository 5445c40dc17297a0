/* Tests of base/api_error.c: names and statuses, and messages that are too long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/api_error.h"

static void test_names(void **state)
{
    static const struct {
        enum api_error_kind kind;
        const char *name;
        int http_status;
    } cases[] = {
        {API_NO_ERROR, "", 200},
        {API_VALIDATION, "ValidationException", 400},
        {API_CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailedException", 400},
        {API_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 400},
        {API_LAMBDA_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 404},
        {API_LAMBDA_RESOURCE_CONFLICT, "ResourceConflictException", 409},
        {API_REQUEST_TOO_LARGE, "RequestEntityTooLargeException", 413},
        {API_LAMBDA_TOO_MANY_REQUESTS, "TooManyRequestsException", 429},
        {API_INTERNAL, "InternalServerError", 500},
        {API_SERVICE_UNAVAILABLE, "ServiceUnavailable", 503},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_string_equal(api_error_name(cases[i].kind), cases[i].name);
        assert_int_equal(api_error_http_status(cases[i].kind), cases[i].http_status);
    }
    for (int kind = API_VALIDATION; kind <= API_SERVICE_UNAVAILABLE; kind++) {
        assert_true(strlen(api_error_name((enum api_error_kind)kind)) > 0);
        assert_in_range(api_error_http_status((enum api_error_kind)kind), 400, 599);
    }
}

static void test_filled(void **state)
{
    struct api_error error = {0};

    (void)state;
    assert_int_equal(api_refuse(&error, API_RESOURCE_IN_USE, "Table already exists: %s", "t"),
                     REFUSED);
    assert_int_equal(error.kind, API_RESOURCE_IN_USE);
    assert_string_equal(error.message, "Table already exists: t");
    assert_int_equal(api_invalid(&error, "%d of %d", 1, 2), REFUSED);
    assert_int_equal(error.kind, API_VALIDATION);
    assert_string_equal(error.message, "1 of 2");
    api_invalid(&error, "%s", "");
    assert_string_equal(error.message, "");
    assert_int_equal(error.extra.size, 0);
}

/* `before` plain letters, then one character again and again beyond the end. */
static void check_cut(size_t before, const char *character)
{
    static char text[2 * API_ERROR_MESSAGE_SIZE];
    struct api_error error = {0};
    size_t size = before, width = strlen(character);

    memset(text, 'a', before);
    for (; size + width < sizeof text; size += width)
        memcpy(text + size, character, width);
    text[size] = '\0';
    api_invalid(&error, "%s", text);

    size_t kept = strlen(error.message);

    assert_in_range(kept, API_ERROR_MESSAGE_SIZE - 1 - 4, API_ERROR_MESSAGE_SIZE - 1);
    assert_memory_equal(error.message, text, kept);
    assert_true(bytes_are_utf8(bytes_of_text(error.message)));
}

static void test_cut(void **state)
{
    (void)state;
    for (size_t before = 0; before < 8; before++) {
        check_cut(before, "b");
        check_cut(before, "\xC3\xA9");
        check_cut(before, "\xE2\x82\xAC");
        check_cut(before, "\xF0\x9F\x98\x80");
    }
}

static void test_longest(void **state)
{
    static char text[API_ERROR_MESSAGE_SIZE + 1];
    struct api_error error = {0};

    (void)state;
    memset(text, 'a', API_ERROR_MESSAGE_SIZE);
    api_invalid(&error, "%s", text); /* one more than fits */
    assert_int_equal(strlen(error.message), API_ERROR_MESSAGE_SIZE - 1);
    memcpy(text + API_ERROR_MESSAGE_SIZE - 3, "\xC3\xA9", 3); /* fits exactly, whole */
    api_invalid(&error, "%s", text);
    assert_string_equal(error.message, text);
}

static void test_of_status(void **state)
{
    struct api_error error = {0};

    (void)state;
    api_error_of_status(&error, NO_SPACE);
    assert_int_equal(error.kind, API_INTERNAL);
    assert_non_null(strstr(error.message, "full"));
    api_error_of_status(&error, IO_ERROR);
    assert_int_equal(error.kind, API_INTERNAL);
    assert_non_null(strstr(error.message, status_text(IO_ERROR)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),     cmocka_unit_test(test_filled),
        cmocka_unit_test(test_cut),       cmocka_unit_test(test_longest),
        cmocka_unit_test(test_of_status),
    };

    return cmocka_run_group_tests_name("base/api_error", tests, NULL, NULL);
}
