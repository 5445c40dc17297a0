/* Tests of base/arn.c: made, taken apart, refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arn.h"

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

static void test_make(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_true(bytes_equal_text(arn_make(arena, &place, "dynamodb", "table/%s", "users"),
                                 "arn:aws:dynamodb:us-east-1:000000000000:table/users"));
    assert_true(bytes_equal_text(arn_make(arena, &place, "lambda", "function:%s:%d", "f", 7),
                                 "arn:aws:lambda:us-east-1:000000000000:function:f:7"));
}

static void test_parse(void **state)
{
    struct arn arn = {0};

    (void)state;
    assert_true(arn_parse(BYTES("arn:aws:lambda:us-east-1:000000000000:function:f:7"), &arn));
    assert_true(bytes_equal_text(arn.partition, "aws"));
    assert_true(bytes_equal_text(arn.service, "lambda"));
    assert_true(bytes_equal_text(arn.region, "us-east-1"));
    assert_true(bytes_equal_text(arn.account, "000000000000"));
    assert_true(bytes_equal_text(arn.resource, "function:f:7")); /* the rest, with its colons */
    assert_true(arn_parse(BYTES("arn:aws:s3:::bucket"), &arn));  /* parts may be empty */
    assert_int_equal(arn.region.size, 0);
    assert_int_equal(arn.account.size, 0);
    assert_true(bytes_equal_text(arn.resource, "bucket"));
}

static void test_refusals(void **state)
{
    static const char *const cases[] = {
        "",
        "arn",
        "arn:",
        "users",
        "arn:aws:dynamodb:us-east-1:000000000000",
        "arn:aws:dynamodb:us-east-1:000000000000:",
        "arn:aws:dynamodb:us-east-1",
        "ARN:aws:dynamodb:us-east-1:000000000000:table/users",
        " arn:aws:s3:::bucket",
        ":::::x",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arn arn = {.service = BYTES("untouched")};

        if (arn_parse(bytes_of_text(cases[i]), &arn))
            fail_msg("taken: %s", cases[i]);
        assert_true(bytes_equal_text(arn.service, "untouched"));
    }
}

static void test_round(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct arn arn = {0};

    (void)state;
    assert_true(arn_parse(arn_make(arena, &place, "events", "rule/%s/%s", "bus", "r"), &arn));
    assert_true(bytes_equal_text(arn.service, "events"));
    assert_true(bytes_equal_text(arn.resource, "rule/bus/r"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_round),
    };

    return cmocka_run_group_tests_name("base/arn", tests, NULL, NULL);
}
