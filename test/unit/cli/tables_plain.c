/* Tests of cli/tables/plain.c: items as plain JSON and back. */
#include "cli/tables/plain.h"

#include "cli_test.h"

static const struct {
    const char *wire, *plain;
} cases[] = {
    {"{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"1\"},\"c\":{\"BOOL\":true},\"d\":{\"NULL\":true}}",
     "{\"a\":\"x\",\"b\":1,\"c\":true,\"d\":null}"},
    {"{\"n\":{\"N\":\"12345678901234567890123456789012345678\"},\"m\":{\"N\":\"-0.001\"}}",
     "{\"n\":12345678901234567890123456789012345678,\"m\":-0.001}"},
    {"{\"b\":{\"B\":\"aGVsbG8=\"},\"s\":{\"SS\":[\"x\",\"y\"]},\"n\":{\"NS\":[\"1\",\"2.5\"]},"
     "\"t\":{\"BS\":[\"aA==\"]}}",
     "{\"b\":{\"$binary\":\"aGVsbG8=\"},\"s\":{\"$stringSet\":[\"x\",\"y\"]},"
     "\"n\":{\"$numberSet\":[1,2.5]},\"t\":{\"$binarySet\":[\"aA==\"]}}"},
    {"{\"l\":{\"L\":[{\"N\":\"1\"},{\"L\":[]},{\"M\":{}}]},\"m\":{\"M\":{\"x\":{\"B\":\"\"}}}}",
     "{\"l\":[1,[],{}],\"m\":{\"x\":{\"$binary\":\"\"}}}"},
    /* maps that look like one of ours, also when they are inside one that does */
    {"{\"m\":{\"M\":{\"$binary\":{\"N\":\"3\"}}}}", "{\"m\":{\"$map\":{\"$binary\":3}}}"},
    {"{\"m\":{\"M\":{\"$map\":{\"M\":{\"$map\":{\"N\":\"3\"}}}}}}",
     "{\"m\":{\"$map\":{\"$map\":{\"$map\":{\"$map\":3}}}}}"},
    {"{\"m\":{\"M\":{\"$binary\":{\"N\":\"3\"},\"x\":{\"N\":\"1\"}}}}",
     "{\"m\":{\"$binary\":3,\"x\":1}}"},
    {"{\"m\":{\"M\":{\"$other\":{\"N\":\"3\"}}}}", "{\"m\":{\"$other\":3}}"},
    {"{\"$binary\":{\"S\":\"an attribute\"}}", "{\"$binary\":\"an attribute\"}"},
    {"{}", "{}"},
};

static struct item item_of(struct arena *arena, const char *text, bool dynamodb_json)
{
    const struct json *json = NULL;
    struct api_error error = {0};
    struct item item;

    assert_int_equal(json_parse(arena, bytes_of_text(text), &json, NULL), OK);
    if (tables_item_read(arena, json, dynamodb_json, &item, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return item;
}

static void test_there_and_back(void **state)
{
    static const struct tables_order none = {.count = 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer plain = BUFFER_INIT(1 << 16);
        AUTO(buffer_free) struct buffer wire = BUFFER_INIT(1 << 16);
        struct item item = item_of(arena, cases[i].wire, true), again;

        tables_item_print(&plain, &item, &none, false);
        assert_string_equal(arena_copy_text(arena, buffer_bytes(&plain)), cases[i].plain);
        again = item_of(arena, cases[i].plain, false);
        assert_true(item_equal(&item, &again));
        tables_item_print(&wire, &again, &none, true);
        assert_string_equal(arena_copy_text(arena, buffer_bytes(&wire)), cases[i].wire);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } texts[] = {
        {"[1]", "a JSON object was expected, not an array"},
        {"{\"a\":{\"$binary\":\"x\"}}", "ase64"},
        {"{\"a\":{\"$binary\":1}}", "\"$binary\" needs a string of base64, not a number"},
        {"{\"a\":{\"$stringSet\":[]}}", "\"$stringSet\" needs an array that is not empty"},
        {"{\"a\":{\"$stringSet\":[1]}}", "\"$stringSet\" needs strings, not a number"},
        {"{\"a\":{\"$stringSet\":[\"x\",\"x\"]}}", "duplicates"},
        {"{\"a\":{\"$numberSet\":[\"1\"]}}", "\"$numberSet\" needs numbers, not a string"},
        {"{\"a\":{\"$binarySet\":{}}}", "\"$binarySet\" needs an array"},
        {"{\"a\":{\"$map\":[]}}", "\"$map\" needs an object, not an array"},
        {"{\"a\":1e200}", "magnitude"},
        {"{\"a\":123456789012345678901234567890123456789}", "38 significant digits"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct json *json = NULL;
        struct api_error error = {0};
        struct item item;

        assert_int_equal(json_parse(arena, bytes_of_text(texts[i].text), &json, NULL), OK);
        assert_int_equal(tables_item_read(arena, json, false, &item, &error), REFUSED);
        assert_contains(error.message, texts[i].message);
    }
}

static enum status read_nested(size_t depth, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);
    const struct json *json = NULL;
    struct api_error error = {0};
    struct item item;

    buffer_append_text(&text, "{\"a\":");
    for (size_t i = 0; i < depth; i++)
        buffer_append_byte(&text, '[');
    buffer_append_byte(&text, '"');
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(&text, 'x');
    buffer_append_byte(&text, '"');
    for (size_t i = 0; i < depth; i++)
        buffer_append_byte(&text, ']');
    buffer_append_byte(&text, '}');
    assert_int_equal(json_parse(arena, buffer_bytes(&text), &json, NULL), OK);
    return tables_item_read(arena, json, false, &item, &error);
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(read_nested(ITEM_DEPTH_MAX, 1), OK);
    assert_int_equal(read_nested(ITEM_DEPTH_MAX + 1, 1), REFUSED);
    assert_int_equal(read_nested(ITEM_DEPTH_MAX + 30, 1), REFUSED);
    assert_int_equal(read_nested(0, ITEM_SIZE_MAX - 1), OK);
    assert_int_equal(read_nested(0, ITEM_SIZE_MAX), REFUSED);
}

static void test_order_and_indent(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer plain = BUFFER_INIT(1 << 16);
    AUTO(buffer_free) struct buffer indented = BUFFER_INIT(1 << 16);
    struct key_schema keys = {.attributes = {{BYTES("sk"), VALUE_N}, {BYTES("pk"), VALUE_S}},
                              .hash_count = 1,
                              .count = 2};
    struct tables_order order = {.count = 0};
    struct item item = item_of(
        arena, "{\"x\":[1,2],\"pk\":\"a\",\"sk\":1,\"m\":{\"y\":{},\"long\":\"0123456789012345\"}}",
        false);
    const struct json *json = NULL;

    (void)state;
    tables_order_add(&order, &keys);
    tables_order_add(&order, &keys);
    assert_int_equal(order.count, 2);
    tables_item_print(&plain, &item, &order, false);
    assert_int_equal(json_parse(arena, buffer_bytes(&plain), &json, NULL), OK);
    tables_indent(&indented, json, 30);
    assert_string_equal(arena_copy_text(arena, buffer_bytes(&indented)),
                        "{\n  \"sk\": 1,\n  \"pk\": \"a\",\n  \"x\": [1,2],\n  \"m\": {\n"
                        "    \"y\": {},\n    \"long\": \"0123456789012345\"\n  }\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_order_and_indent),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/tables_plain", tests, NULL, NULL);
}
