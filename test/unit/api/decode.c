/* Members of a body, and what stands for those that are not there. */
#include "api/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const struct json *parse(const char *text)
{
    const struct json *json = NULL;

    assert_int_equal(json_parse(arena, bytes_of_text(text), &json, NULL), OK);
    return json;
}

static void test_member(void **state)
{
    const struct json *body = parse("{\"a\":1,\"n\":null,\"e\":\"\"}");

    (void)state;
    assert_non_null(decode_member(body, "a"));
    assert_null(decode_member(body, "n"));
    assert_null(decode_member(body, "A"));
    assert_null(decode_member(NULL, "a"));
    assert_true(decode_has(body, "e"));
    assert_false(decode_has(body, "n"));
    assert_false(decode_has(body, "x"));
}

static void test_string(void **state)
{
    const struct json *body = parse("{\"s\":\"text\",\"n\":null,\"e\":\"\"}");

    (void)state;
    assert_true(bytes_equal_text(decode_string(body, "s"), "text"));
    assert_int_equal(decode_string(body, "e").size, 0);
    assert_int_equal(decode_string(body, "n").size, 0);
    assert_int_equal(decode_string(body, "x").size, 0);
    assert_int_equal(decode_string(NULL, "x").size, 0);
}

static void test_bool(void **state)
{
    static const struct {
        const char *value;
        bool otherwise, expected;
    } cases[] = {
        {"true", false, true},    {"false", true, false},    {"null", true, true},
        {"null", false, false},   {"\"true\"", false, true}, {"\"TRUE\"", false, true},
        {"\"yes\"", false, true}, {"\"1\"", false, true},    {"\"false\"", true, false},
        {"\"No\"", true, false},  {"\"0\"", true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes text = arena_printf(arena, "{\"b\":%s}", cases[i].value);
        const struct json *body = parse(arena_copy_text(arena, text));

        if (decode_bool(body, "b", cases[i].otherwise) != cases[i].expected)
            fail_msg("%s", cases[i].value);
    }
    assert_true(decode_bool(NULL, "b", true));
}

static void test_int(void **state)
{
    static const struct {
        const char *value;
        int64_t expected;
    } cases[] = {
        {"0", 0},        {"-7", -7},    {"9007199254740993", INT64_C(9007199254740993)},
        {"1.0", 1},      {"1e3", 1000}, {"34.56", 34},
        {"-34.56", -34}, {"0.999", 0},  {"null", 42},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes text = arena_printf(arena, "{\"i\":%s}", cases[i].value);
        const struct json *body = parse(arena_copy_text(arena, text));

        if (decode_int(body, "i", 42) != cases[i].expected)
            fail_msg("%s", cases[i].value);
    }
    assert_int_equal(decode_int(NULL, "i", -1), -1);
}

static void test_word(void **state)
{
    static const char *const words[] = {"NONE", "TOTAL", "INDEXES"};
    const struct json *body = parse("{\"a\":\"INDEXES\",\"b\":\"total\",\"n\":null}");

    (void)state;
    assert_int_equal(decode_word(body, "a", words, ARRAY_COUNT(words), 0), 2);
    assert_int_equal(decode_word(body, "b", words, ARRAY_COUNT(words), 1), 1);
    assert_int_equal(decode_word(body, "n", words, ARRAY_COUNT(words), 7), 7);
    assert_int_equal(decode_word(body, "x", words, ARRAY_COUNT(words), 7), 7);
}

static void test_refuse(void **state)
{
    struct api_error error = {0};

    (void)state;
    assert_int_equal(decode_refuse(&error, BYTES("v"), "member", "Member must be %d", 7), REFUSED);
    assert_int_equal(error.kind, API_VALIDATION);
    assert_string_equal(error.message,
                        "1 validation error detected: Value 'v' at 'member' failed to "
                        "satisfy constraint: Member must be 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member), cmocka_unit_test(test_string), cmocka_unit_test(test_bool),
        cmocka_unit_test(test_int),    cmocka_unit_test(test_word),   cmocka_unit_test(test_refuse),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
