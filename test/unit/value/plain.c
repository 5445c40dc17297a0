/* Tests of value/plain.c. */
#include "value/tools.h"

static const char *plain_of(struct arena *arena, const struct value *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);

    value_print_plain(&out, value);
    return arena_copy_text(arena, buffer_bytes(&out));
}

static void test_print(void **state)
{
    static const struct {
        const char *value, *plain;
    } cases[] = {
        {"{\"S\":\"a\\\"b\"}", "\"a\\\"b\""},
        {"{\"N\":\"1e3\"}", "1000"},
        {"{\"N\":\"-0.5\"}", "-0.5"},
        {"{\"B\":\"Zm9v\"}", "\"Zm9v\""},
        {"{\"BOOL\":true}", "true"},
        {"{\"BOOL\":false}", "false"},
        {"{\"NULL\":true}", "null"},
        {"{\"M\":{}}", "{}"},
        {"{\"M\":{\"id\":{\"S\":\"12\"},\"n\":{\"N\":\"1\"}}}", "{\"id\":\"12\",\"n\":1}"},
        {"{\"L\":[{\"S\":\"a\"},{\"L\":[]}]}", "[\"a\",[]]"},
        {"{\"SS\":[\"a\",\"b\"]}", "[\"a\",\"b\"]"},
        {"{\"NS\":[\"1\",\"2.5\"]}", "[1,2.5]"},
        {"{\"BS\":[\"Zg==\"]}", "[\"Zg==\"]"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value value = value_of(*state, cases[i].value);

        assert_string_equal(plain_of(*state, &value), cases[i].plain);
    }
}

static void test_read(void **state)
{
    static const struct {
        const char *plain, *value;
    } cases[] = {
        {"\"a\"", "{\"S\":\"a\"}"},
        {"1.50", "{\"N\":\"1.5\"}"},
        {"-0", "{\"N\":\"0\"}"},
        {"1E+2", "{\"N\":\"100\"}"},
        {"12345678901234567890123456789012345678",
         "{\"N\":\"12345678901234567890123456789012345678\"}"},
        {"true", "{\"BOOL\":true}"},
        {"false", "{\"BOOL\":false}"},
        {"null", "{\"NULL\":true}"},
        {"[]", "{\"L\":[]}"},
        {"[1,\"a\",null]", "{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"},{\"NULL\":true}]}"},
        {"{}", "{\"M\":{}}"},
        {"{\"id\":\"12\",\"x\":{\"y\":[{}]}}",
         "{\"M\":{\"id\":{\"S\":\"12\"},\"x\":{\"M\":{\"y\":{\"L\":[{\"M\":{}}]}}}}}"},
        {"{\"a\":1,\"a\":2}", "{\"M\":{\"a\":{\"N\":\"2\"}}}"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value value = {0};
        struct api_error error = {0};

        assert_int_equal(
            value_from_plain_json(*state, json_of(*state, cases[i].plain), &value, &error), OK);
        assert_string_equal(text_of_value(*state, &value), cases[i].value);
    }
}

static void test_refused(void **state)
{
    AUTO(buffer_free) struct buffer deep = BUFFER_INIT(1024);
    struct value value = {0};
    struct api_error error = {0};

    assert_int_equal(
        value_from_plain_json(*state, json_of(*state, "{\"a\":[1e126]}"), &value, &error), REFUSED);
    assert_non_null(strstr(error.message, "Number overflow"));
    for (int i = 0; i < ITEM_DEPTH_MAX; i++)
        buffer_append_byte(&deep, '[');
    for (int i = 0; i < ITEM_DEPTH_MAX; i++)
        buffer_append_byte(&deep, ']');
    const char *deepest = arena_copy_text(*state, buffer_bytes(&deep));

    assert_int_equal(value_from_plain_json(*state, json_of(*state, deepest), &value, &error), OK);

    const char *deeper = (const char *)arena_printf(*state, "[%s]", deepest).ptr;

    assert_int_equal(value_from_plain_json(*state, json_of(*state, deeper), &value, &error),
                     REFUSED);
    assert_non_null(strstr(error.message, "Nesting Levels"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_print),
        ARENA_TEST(test_read),
        ARENA_TEST(test_refused),
    };

    return cmocka_run_group_tests_name("value/plain", tests, NULL, NULL);
}
