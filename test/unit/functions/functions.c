/* Tests of functions/functions.c and invoke.c: names, settings, what is refused. */
#include "harness.h"

#include "functions/function.h"

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

static void names_of_a_function(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"f", "f"},
        {"f:$LATEST", "f"},
        {"f:1", "f:1"},
        {"f:", ""},
        {"f:1:2", ""},
        {"function:f", "f"},
        {"000000000000:function:f:live", "f:live"},
        {"000000000000:function:f", "f"},
        {"000000000000:function:f:$LATEST", "f"},
        {"arn:aws:lambda:us-east-1:000000000000:function:f", "f"},
        {"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", "f"},
        {"arn:aws:lambda:eu-west-1:123456789012:function:f", "f"},
        {"arn:aws:lambda:us-east-1:000000000000:function:f:prod", "f:prod"},
        {"arn:aws:lambda:us-east-1:000000000000:layer:f", ""},
        {"arn:aws:sqs:us-east-1:000000000000:function:f", ""},
        {"", ""},
        {"1234567890123456789012345678901234567890123456789012345678901234",
         "1234567890123456789012345678901234567890123456789012345678901234"},
        {"12345678901234567890123456789012345678901234567890123456789012345", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes name = function_name_of(bytes_of_text(cases[i].text));

        if (!bytes_equal_text(name, cases[i].name))
            fail_msg("%s: %.*s", cases[i].text, BYTES_ARG(name));
    }
}

static void functions_are_in_name_order(void **state)
{
    static const char *const names[] = {"m", "b", "z", "a", "b", "ab"};
    static const char *const sorted[] = {"a", "ab", "b", "m", "z"};
    struct harness *h = *state;
    const struct function_settings **list = NULL;
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct function_settings settings = harness_settings(h, names[i], "nodejs20.x", "x.y");

        settings.memory_mb = (uint32_t)(100 + i);
        harness_put(h, &settings);
    }
    functions_list(h->functions, h->arena, &list, &count);
    assert_int_equal(count, ARRAY_COUNT(sorted));
    for (size_t i = 0; i < count; i++)
        assert_true(bytes_equal_text(list[i]->name, sorted[i]));
    assert_int_equal(functions_find(h->functions, BYTES("b"))->memory_mb, 104); /* the later one */
    assert_null(functions_find(h->functions, BYTES("c")));
    assert_true(bytes_equal_text(functions_arn(h->functions, h->arena, BYTES("b")),
                                 "arn:aws:lambda:us-east-1:000000000000:function:b"));
}

/* Whoever put them may forget the bytes. */
static void settings_are_copied(void **state)
{
    struct harness *h = *state;
    char name[] = "f", handler[] = "x.handler", value[] = "value";
    struct function_variable variable = {bytes_of_text("NAME"), bytes_of_text(value)};
    struct function_settings settings = harness_settings(h, name, "nodejs20.x", handler);

    settings.environment = &variable;
    settings.environment_count = 1;
    harness_put(h, &settings);
    memset(name, 'q', strlen(name));
    memset(handler, 'q', strlen(handler));
    memset(value, 'q', strlen(value));
    const struct function_settings *found = functions_find(h->functions, BYTES("f"));

    assert_non_null(found);
    assert_true(bytes_equal_text(found->handler, "x.handler"));
    assert_true(bytes_equal_text(found->environment[0].value, "value"));
}

static void what_is_refused(void **state)
{
    struct harness *h = *state;
    struct function_settings fine = harness_settings(h, "f", "nodejs20.x", "x.handler");
    struct function_settings cases[10];
    static const struct {
        enum api_error_kind kind;
        const char *message;
    } expected[] = {
        {API_VALIDATION, "Value '' at 'functionName'"},
        {API_VALIDATION, "Value 'a b' at 'functionName'"},
        {API_VALIDATION, "at 'functionName'"},
        {API_LAMBDA_INVALID_PARAMETER, "Value java21 at 'runtime'"},
        {API_LAMBDA_INVALID_PARAMETER, "Runtime and Handler are mandatory"},
        {API_VALIDATION,
         "Value '0' at 'timeout' failed to satisfy constraint: Member must have value "
         "greater than or equal to 1"},
        {API_VALIDATION, "Value '901' at 'timeout' failed to satisfy constraint: Member must have "
                         "value less than or equal to 900"},
        {API_LAMBDA_INVALID_PARAMETER, "absolute path"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        cases[i] = fine;
    cases[0].name = BYTES("");
    cases[1].name = BYTES("a b");
    cases[2].name = BYTES("12345678901234567890123456789012345678901234567890123456789012345");
    cases[3].runtime = BYTES("java21");
    cases[4].handler = BYTES("");
    cases[5].timeout_s = 0;
    cases[6].timeout_s = 901;
    cases[7].folder = BYTES("relative");
    cases[8].timeout_s = 900;
    cases[8].name = BYTES("1234567890123456789012345678901234567890123456789012345678901234");
    cases[9].runtime = BYTES("provided");
    cases[9].handler = BYTES("");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct api_error error = {0};
        enum status st = functions_put(h->functions, &cases[i], &error);

        assert_int_equal(st, i < ARRAY_COUNT(expected) ? REFUSED : OK);
        if (i < ARRAY_COUNT(expected)) {
            assert_int_equal(error.kind, expected[i].kind);
            if (!text_has(error.message, expected[i].message))
                fail_msg("%s", error.message);
        }
    }
}

static void a_function_that_is_not_there(void **state)
{
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"no", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:no"},
        {"f:7", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7"},
        {"arn:aws:lambda:us-east-1:000000000000:function:no",
         "Function not found: arn:aws:lambda:us-east-1:000000000000:function:no"},
    };
    struct harness *h = *state;
    struct function_settings settings = harness_settings(h, "f", "nodejs20.x", "x.handler");

    harness_put(h, &settings);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct call *call = call_start(h, cases[i].name, "{}");

        assert_true(call->done);
        assert_int_equal(call->status, REFUSED);
        assert_int_equal(call->invocation.error.kind, API_LAMBDA_RESOURCE_NOT_FOUND);
        assert_string_equal(call->invocation.error.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(names_of_a_function), TEST(functions_are_in_name_order),  TEST(settings_are_copied),
        TEST(what_is_refused),     TEST(a_function_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
