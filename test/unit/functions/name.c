/* Tests of functions/name.c: every way to speak of a function, and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/functions.h"

#define ARN "arn:aws:lambda:us-east-1:000000000000:function:"
#define CHARS_64 "1234567890123456789012345678901234567890123456789012345678901234"
#define CHARS_128 CHARS_64 CHARS_64

static void names_and_qualifiers(void **state)
{
    static const struct {
        const char *text, *name, *qualifier;
    } cases[] = {
        {"f", "f", "$LATEST"},
        {"f:$LATEST", "f", "$LATEST"},
        {"f:3", "f", "3"},
        {"f:live", "f", "live"},
        {"function:f", "f", "$LATEST"},
        {"function:f:3", "f", "3"},
        {"000000000000:function:f", "f", "$LATEST"},
        {"000000000000:function:f:live", "f", "live"},
        {ARN "f", "f", "$LATEST"},
        {ARN "f:$LATEST", "f", "$LATEST"},
        {ARN "f:live", "f", "live"},
        {"arn:aws-cn:lambda:cn-north-1:123456789012:function:f:3", "f", "3"},
        {"function", "function", "$LATEST"}, /* a function of this name */
        {"functionf", "functionf", "$LATEST"},
        /* limits, and one past them */
        {CHARS_64, CHARS_64, "$LATEST"},
        {CHARS_64 "5", "", NULL},
        {ARN CHARS_64 "5", "", NULL},
        {"f:" CHARS_128, "f", CHARS_128},
        {"f:" CHARS_128 "5", "", NULL},
        /* none */
        {"", "", NULL},
        {":", "", NULL},
        {":3", "", NULL},
        {"f:", "", NULL},
        {"f:1:2", "", NULL},
        {"function:", "", NULL},
        {ARN, "", NULL},
        {ARN "f:", "", NULL},
        {ARN "f:1:2", "", NULL},
        {"arn:aws:lambda:us-east-1:000000000000:layer:f", "", NULL},
        {"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:f", "", NULL},
        {"arn:aws:sqs:us-east-1:000000000000:function:f", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes qualifier = {NULL, 0};
        struct bytes name = function_name_split(bytes_of_text(cases[i].text), &qualifier);

        if (!bytes_equal_text(name, cases[i].name) ||
            (cases[i].qualifier != NULL && !bytes_equal_text(qualifier, cases[i].qualifier)))
            fail_msg("%s: %.*s, %.*s", cases[i].text, BYTES_ARG(name), BYTES_ARG(qualifier));
    }
}

/* $LATEST is what a bare name means, so it is left out; others stay with the name. */
static void a_qualified_name(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"f", "f"},          {"f:$LATEST", "f"},      {"f:3", "f:3"},
        {ARN "f", "f"},      {ARN "f:$LATEST", "f"},  {ARN "f:live", "f:live"},
        {"function:f", "f"}, {"function:f:3", "f:3"}, {"0:function:f:live", "f:live"},
        {"f:", ""},          {"f:1:2", ""},           {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes name = function_name_of(bytes_of_text(cases[i].text));

        if (!bytes_equal_text(name, cases[i].name))
            fail_msg("%s: %.*s", cases[i].text, BYTES_ARG(name));
    }
}

/* What is read is read the same again. */
static void a_qualified_name_reads_back(void **state)
{
    static const char *const texts[] = {"f", "f:3", ARN "f:live", "0:function:f", "f:$LATEST"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct bytes once = function_name_of(bytes_of_text(texts[i]));
        struct bytes twice = function_name_of(once);

        assert_true(once.size > 0);
        assert_true(bytes_equal(once, twice));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_qualifiers),
        cmocka_unit_test(a_qualified_name),
        cmocka_unit_test(a_qualified_name_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
