/* Tests of json/read.c: what is refused and where, numbers, look-ups, iteration, depth. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "json/json.h"

static struct arena *arena;

static int start(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const struct json *parsed(const char *text)
{
    const struct json *value = NULL;

    if (json_parse(arena, bytes_of_text(text), &value, NULL) != OK)
        fail_msg("refused: %s", text);
    return value;
}

static void test_errors(void **state)
{
    static const struct {
        const char *text;
        size_t line, column;
    } cases[] = {
        {"", 1, 1},
        {"{\"a\":1,}", 1, 7},
        {"[1,]", 1, 3},
        {"[1 2]", 1, 4},
        {"{\n  \"a\": 1,\n  b: 2\n}", 3, 3},
        {"[\n\n\n  nul\n]", 4, 3},
        {"1 2", 1, 3},
        {"{}\n{}", 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct json *value = NULL;
        struct json_error error = {0};

        assert_int_equal(json_parse(arena, bytes_of_text(cases[i].text), &value, &error),
                         MALFORMED);
        assert_null(value);
        assert_non_null(error.message);
        if (error.line != cases[i].line || error.column != cases[i].column)
            fail_msg("%s: line %zu column %zu (%s)", cases[i].text, error.line, error.column,
                     error.message);
    }
}

static void test_refusals(void **state)
{
    static const char *const cases[] = {
        " ",
        "{",
        "[",
        "\"",
        "]",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "'a'",
        "[,1]",
        "{,}",
        "tru",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "// c\n1",
        "/* c */ 1",
        "1 // c", /* comments */
        "01",
        "-01",
        "+1",
        "-",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "--1", /* numbers */
        "\"\n\"",
        "\"\t\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"a\\\"", /* strings */
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"", /* halves of pairs */
        "\"\xFF\"",
        "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\xE2\x82\"",
        "\"\xF4\x90\x80\x80\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct json *value = NULL;

        if (json_parse(arena, bytes_of_text(cases[i]), &value, NULL) != MALFORMED)
            fail_msg("taken: %s", cases[i]);
    }

    const struct json *value = NULL;

    assert_int_equal(json_parse(arena, BYTES("1\0"), &value, NULL), MALFORMED);
    assert_int_equal(json_parse(arena, BYTES("\"a\0b\""), &value, NULL), MALFORMED);
    assert_int_equal(json_parse(arena, (struct bytes){0}, &value, NULL), MALFORMED);
}

/* `depth` arrays, or objects, inside each other. */
static struct bytes nested(size_t depth, bool objects)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&out, objects ? "{\"a\":" : "[");
    buffer_append_text(&out, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_byte(&out, objects ? '}' : ']');
    return arena_copy(arena, buffer_bytes(&out));
}

static void test_depth(void **state)
{
    (void)state;
    for (int objects = 0; objects <= 1; objects++) {
        const struct json *value = NULL;
        struct json_error error = {0};
        size_t width = objects ? 5 : 1, depth = 0;

        assert_int_equal(json_parse(arena, nested(JSON_DEPTH_MAX, objects), &value, &error), OK);
        for (; json_count(value) == 1; depth++)
            value = objects ? json_get(value, "a") : json_at(value, 0);
        assert_int_equal(depth, JSON_DEPTH_MAX);
        assert_true(json_is(value, JSON_NUMBER));
        assert_int_equal(json_parse(arena, nested(JSON_DEPTH_MAX + 1, objects), &value, &error),
                         MALFORMED);
        assert_string_equal(error.message, "nested too deeply");
        assert_int_equal(error.offset, JSON_DEPTH_MAX * width);
        assert_int_equal(error.column, JSON_DEPTH_MAX * width + 1);
    }
}

static void test_brackets_in_strings_are_not_depth(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    (void)state;
    buffer_append_text(&out, "[\"\\\"");
    for (int i = 0; i < 200; i++)
        buffer_append_text(&out, "[{");
    buffer_append_text(&out, "\"");
    for (int i = 0; i < 200; i++) /* beside each other */
        buffer_append_text(&out, ",[{}]");
    buffer_append_text(&out, "]");

    const struct json *value = NULL;

    assert_int_equal(json_parse(arena, buffer_bytes(&out), &value, NULL), OK);
    assert_int_equal(json_count(value), 201);
    assert_int_equal(json_string(json_at(value, 0)).size, 401);
}

static void test_types(void **state)
{
    static const struct {
        const char *text, *name;
        enum json_type type;
    } cases[] = {
        {"null", "null", JSON_NULL},          {"true", "a boolean", JSON_BOOL},
        {"false", "a boolean", JSON_BOOL},    {"0", "a number", JSON_NUMBER},
        {"-1.5e-3", "a number", JSON_NUMBER}, {"\"\"", "a string", JSON_STRING},
        {"[]", "an array", JSON_ARRAY},       {" \t\r\n{} \n", "an object", JSON_OBJECT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct json *value = parsed(cases[i].text);

        assert_int_equal(json_type(value), cases[i].type);
        assert_string_equal(json_type_name(value), cases[i].name);
        for (int type = JSON_NULL; type <= JSON_OBJECT; type++)
            assert_int_equal(json_is(value, (enum json_type)type),
                             (enum json_type)type == cases[i].type);
    }
    assert_true(json_bool(parsed("true")));
    assert_false(json_bool(parsed("false")));
    assert_false(json_bool(parsed("1")));
    assert_false(json_bool(parsed("\"true\"")));
}

static void test_numbers_keep_their_text(void **state)
{
    static const char *const cases[] = {
        "0",
        "-0",
        "1",
        "1.0",
        "1.50",
        "1e3",
        "1E+3",
        "-1.5e-3",
        "1e999",
        "18446744073709551616",
        "12345678901234567890123456789012345678",
        "-0.00000000000000000000000000000000000001",
        "1.2345678901234567890123456789012345678901234567890123456789012345678901234567890",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_true(bytes_equal_text(json_number_text(parsed(cases[i])), cases[i]));
    assert_int_equal(json_number_text(parsed("\"1\"")).size, 0);
    assert_int_equal(json_number_text(NULL).size, 0);
}

static void test_int64(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-7", true, -7},
        {"1.0", true, 1},
        {"-1.000", true, -1},
        {"1e3", true, 1000},
        {"1.5e1", true, 15},
        {"1500e-2", true, 15},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9007199254740993", true, 9007199254740993}, /* no double has it */
        {"9007199254740991.0", true, 9007199254740991},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"9007199254740993.0", false, 0}, /* a double would be another number */
        {"1.5", false, 0},
        {"-0.1", false, 0},
        {"1e-1", false, 0},
        {"1e30", false, 0},
        {"1e999", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
    };
    int64_t value = 12345;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        value = 12345;
        if (json_int64(parsed(cases[i].text), &value) != cases[i].good ||
            value != (cases[i].good ? cases[i].value : 12345))
            fail_msg("%s: %lld", cases[i].text, (long long)value);
    }
    assert_false(json_int64(NULL, &value));
}

static void test_members(void **state)
{
    const struct json *object =
        parsed("{\"a\":0,\"b\":-1,\"c\":9223372036854775807,\"d\":\"text\"}");
    uint64_t value = 12345;

    (void)state;
    assert_true(json_uint64(json_get(object, "a"), &value));
    assert_int_equal(value, 0);
    assert_true(json_uint64(json_get(object, "c"), &value));
    assert_int_equal(value, INT64_MAX);
    assert_false(json_uint64(json_get(object, "b"), &value));
    assert_false(json_uint64(json_get(object, "d"), &value));
    assert_false(json_uint64(NULL, &value));
    assert_int_equal(value, INT64_MAX);
    assert_int_equal(json_get_uint(object, "a", 7), 0);
    assert_int_equal(json_get_uint(object, "b", 7), 7);
    assert_int_equal(json_get_uint(object, "d", 7), 7);
    assert_int_equal(json_get_uint(object, "none", 7), 7);
    assert_true(bytes_equal_text(json_get_string(object, "d"), "text"));
    assert_int_equal(json_get_string(object, "a").size, 0);
    assert_int_equal(json_get_string(object, "none").size, 0);
}

static void test_double(void **state)
{
    double value = 0;

    (void)state;
    assert_true(json_double(parsed("-1.5e2"), &value));
    assert_true(value == -150.0);
    assert_true(json_double(parsed("0.5000000000000000000000000000000000000000000000000000000000"
                                   "00000000000000000000"),
                            &value));
    assert_true(value == 0.5);
    assert_false(json_double(parsed("\"1\""), &value));
    assert_false(json_double(NULL, &value));
    assert_true(value == 0.5);
}

static void test_strings(void **state)
{
    static const struct {
        const char *text;
        struct bytes value;
    } cases[] = {
        {"\"\"", {(const uint8_t *)"", 0}},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", {(const uint8_t *)"\"\\/\b\f\n\r\t", 8}},
        {"\"a\\u0000b\"", {(const uint8_t *)"a\0b", 3}},
        {"\"\\u0041\\u00e9\\u20AC\"", {(const uint8_t *)"A\xC3\xA9\xE2\x82\xAC", 6}},
        {"\"\\ud83d\\ude00\"", {(const uint8_t *)"\xF0\x9F\x98\x80", 4}},
        {"\"\xF0\x9F\x98\x80\x7F\"", {(const uint8_t *)"\xF0\x9F\x98\x80\x7F", 5}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_true(bytes_equal(json_string(parsed(cases[i].text)), cases[i].value));
}

static void test_lookups(void **state)
{
    const struct json *value =
        parsed("{\"a\":{\"b\":[1,{\"c\":\"deep\"}]},\"\":0,\"x\\u0000y\":1,\"n\":null}");

    (void)state;
    assert_int_equal(json_count(value), 4);
    assert_true(bytes_equal_text(
        json_string(json_get(json_at(json_get(json_get(value, "a"), "b"), 1), "c")), "deep"));
    assert_non_null(json_get(value, ""));
    assert_non_null(json_get_bytes(value, BYTES("x\0y")));
    assert_null(json_get(value, "x"));
    assert_null(json_get(value, "A"));
    assert_true(json_is(json_get(value, "n"), JSON_NULL)); /* there, and null */
    assert_false(json_is(json_get(value, "none"), JSON_NULL));
}

static void test_wrong_types_chain_to_nothing(void **state)
{
    static const char *const texts[] = {"null", "true", "1", "\"a\"", "[]", "{}"};

    (void)state;
    for (size_t i = 0; i <= ARRAY_COUNT(texts); i++) {
        const struct json *value = i < ARRAY_COUNT(texts) ? parsed(texts[i]) : NULL;
        struct json_iter it = json_iter(value);

        assert_null(json_get(value, "a"));
        assert_null(json_get_bytes(value, BYTES("a")));
        assert_null(json_at(value, 0));
        assert_null(json_get(json_at(json_get(value, "a"), 3), "b"));
        assert_int_equal(json_count(value), 0);
        assert_false(json_next(&it));
        assert_false(json_next(&it));
    }
    assert_null(json_get(parsed("[1]"), "a"));
    assert_null(json_at(parsed("{\"a\":1}"), 0));
    assert_null(json_at(parsed("[1]"), 1));
    assert_int_equal(json_string(parsed("1")).size, 0);
    assert_int_equal(json_string(NULL).size, 0);
    assert_string_equal(json_type_name(NULL), "nothing");
    assert_false(json_is(NULL, JSON_NULL));
    assert_false(json_bool(NULL));
}

static void test_iteration(void **state)
{
    static const char *const names[] = {"z", "a", "", "m"};
    const struct json *object = parsed("{\"z\":0,\"a\":[[],{}],\"\":{\"q\":1},\"m\":3}");
    const struct json *array = parsed("[0,[9,9],{\"a\":[9]},3]");
    size_t count = 0;

    (void)state;
    for (struct json_iter it = json_iter(object); json_next(&it); count++) {
        assert_int_equal(it.index, count);
        assert_true(bytes_equal_text(it.name, names[count])); /* in the order of the text */
        assert_ptr_equal(it.value, json_get(object, names[count]));
    }
    assert_int_equal(count, 4);
    count = 0;
    for (struct json_iter it = json_iter(array); json_next(&it); count++) {
        assert_int_equal(it.index, count);
        assert_int_equal(it.name.size, 0);
        assert_ptr_equal(it.value, json_at(array, count));
    }
    assert_int_equal(count, 4);
}

static void test_text_is_borrowed_by_nobody(void **state)
{
    char text[] = "{\"name\":\"value\",\"n\":12345}";
    const struct json *value = parsed(text);

    (void)state;
    memset(text, 'x', sizeof text - 1); /* the document lives in the arena alone */
    assert_true(bytes_equal_text(json_string(json_get(value, "name")), "value"));
    assert_true(bytes_equal_text(json_number_text(json_get(value, "n")), "12345"));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_errors),    TEST(test_refusals),
        TEST(test_depth),     TEST(test_brackets_in_strings_are_not_depth),
        TEST(test_types),     TEST(test_numbers_keep_their_text),
        TEST(test_int64),     TEST(test_members),
        TEST(test_double),    TEST(test_strings),
        TEST(test_lookups),   TEST(test_wrong_types_chain_to_nothing),
        TEST(test_iteration), TEST(test_text_is_borrowed_by_nobody),
    };

    return cmocka_run_group_tests_name("json/read", tests, NULL, NULL);
}
