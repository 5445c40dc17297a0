/* Tests of json/write.c: commas, nesting, escapes, and text that comes back as it went in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "json/json.h"

#include <stdio.h>

static struct buffer out;

static int start(void **state)
{
    (void)state;
    out = BUFFER_INIT(64 * 1024);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

static void check_out(const char *expected)
{
    assert_false(buffer_failed(&out));
    if (!bytes_equal_text(buffer_bytes(&out), expected))
        fail_msg("%.*s instead of %s", BYTES_ARG(buffer_bytes(&out)), expected);
}

static void test_commas_and_nesting(void **state)
{
    struct json_writer w = JSON_WRITER(&out);

    (void)state;
    json_begin_object(&w);
    json_key(&w, "a");
    json_begin_array(&w);
    json_begin_array(&w);
    json_end_array(&w);
    json_begin_object(&w);
    json_end_object(&w);
    json_write_int(&w, 1);
    json_write_null(&w);
    json_end_array(&w);
    json_key_bytes(&w, BYTES("b\""));
    json_begin_object(&w);
    json_member_int(&w, "c", -1);
    json_member_bool(&w, "d", true);
    json_end_object(&w);
    json_member_text(&w, "e", "text");
    json_member_text(&w, "f", NULL);
    json_member_string(&w, "g", (struct bytes){0});
    json_member_set(&w, "left out", (struct bytes){0});
    json_member_set(&w, "h", BYTES("i"));
    json_member_uint(&w, "j", UINT64_MAX);
    json_member_epoch(&w, "l", 0);
    json_member_epoch_set(&w, "m", 0);
    json_member_epoch_set(&w, "n", 1785000000123);
    json_key(&w, "k");
    json_write_bool(&w, false);
    json_end_object(&w);
    check_out("{\"a\":[[],{},1,null],\"b\\\"\":{\"c\":-1,\"d\":true},\"e\":\"text\",\"f\":null,"
              "\"g\":\"\",\"h\":\"i\",\"j\":18446744073709551615,\"l\":0.000,\"n\":1785000000.123,"
              "\"k\":false}");
}

static void test_every_value_is_separated(void **state)
{
    struct json_writer w = JSON_WRITER(&out);

    (void)state;
    json_begin_array(&w);
    for (int round = 0; round < 2; round++) {
        json_write_string(&w, BYTES("s"));
        json_write_text(&w, "t");
        json_write_text(&w, NULL);
        json_write_int(&w, 1);
        json_write_uint(&w, 2);
        json_write_bool(&w, true);
        json_write_null(&w);
        json_write_epoch(&w, 3);
        json_write_raw(&w, BYTES("{\"raw\": [ ]}"));
        json_begin_array(&w);
        json_end_array(&w);
        json_begin_object(&w);
        json_end_object(&w);
    }
    json_end_array(&w);
    check_out("[\"s\",\"t\",null,1,2,true,null,0.003,{\"raw\": [ ]},[],{},"
              "\"s\",\"t\",null,1,2,true,null,0.003,{\"raw\": [ ]},[],{}]");
}

static void test_numbers(void **state)
{
    struct json_writer w = JSON_WRITER(&out);

    (void)state;
    json_begin_array(&w);
    json_write_int(&w, 0);
    json_write_int(&w, INT64_MIN);
    json_write_int(&w, INT64_MAX);
    json_write_uint(&w, UINT64_MAX);
    json_write_epoch(&w, 0);
    json_write_epoch(&w, 999);
    json_write_epoch(&w, 1000);
    json_write_epoch(&w, 1785000000123);
    json_write_epoch(&w, 1785000000050);
    json_end_array(&w);
    check_out("[0,-9223372036854775808,9223372036854775807,18446744073709551615,0.000,0.999,1.000,"
              "1785000000.123,1785000000.050]");
}

static void test_every_byte_escaped(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        uint8_t text[3] = {'a', (uint8_t)c, 'z'};
        char expected[16];
        const char *letters = "\"\"\\\\\bb\ff\nn\rr\tt"; /* a byte, then its letter */
        char letter = 0;

        for (const char *at = letters; *at != '\0'; at += 2)
            letter = (uint8_t)*at == c ? at[1] : letter;
        if (letter != 0)
            snprintf(expected, sizeof expected, "\"a\\%cz\"", letter);
        else if (c < 0x20)
            snprintf(expected, sizeof expected, "\"a\\u%04xz\"", c);
        else
            snprintf(expected, sizeof expected, "\"a%cz\"", (char)c);
        buffer_clear(&out);
        json_append_string(&out, bytes_of(text, sizeof text));
        check_out(expected);
    }
}

static void test_strings(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\n", "\"\\n\""},
        {"\"\"", "\"\\\"\\\"\""},
        {"\nends\\", "\"\\nends\\\\\""},
        {"/", "\"/\""},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F",
         "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        buffer_clear(&out);
        json_append_string(&out, bytes_of_text(cases[i].text));
        check_out(cases[i].json);
    }
    buffer_clear(&out);
    json_append_string(&out, (struct bytes){0});
    check_out("\"\"");
}

static void test_every_control_byte_comes_back(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *value = NULL;
    uint8_t text[0x80];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    json_append_string(&out, bytes_of(text, sizeof text));
    assert_int_equal(json_parse(arena, buffer_bytes(&out), &value, NULL), OK);
    assert_true(bytes_equal(json_string(value), bytes_of(text, sizeof text)));
}

static void test_print_equals_input(void **state)
{
    static const char *const cases[] = {
        "null",
        "true",
        "false",
        "-1.50e+3",
        "12345678901234567890123456789012345678",
        "\"\"",
        "\"a\\u0000\\n\\\"\\\\/\xE2\x82\xAC\"",
        "[]",
        "{}",
        "[[],[[]],{},[{}],0]",
        "{\"z\":1,\"a\":{\"\":[1.0,1e3,-0]},\"x\\u001fy\":null}",
        "{\"Item\":{\"id\":{\"S\":\"7\"},\"n\":{\"N\":\"0.10\"},\"l\":{\"L\":[{\"BOOL\":true}]}}}",
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct json *value = NULL;

        assert_int_equal(json_parse(arena, bytes_of_text(cases[i]), &value, NULL), OK);
        buffer_clear(&out);
        json_print(&out, value);
        check_out(cases[i]);
    }
}

static void test_value_among_others(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct json_writer w = JSON_WRITER(&out);
    const struct json *value = NULL;

    (void)state;
    assert_int_equal(json_parse(arena, BYTES(" { \"a\" : [ 1 , 2 ] } "), &value, NULL), OK);
    json_begin_array(&w);
    json_write_value(&w, value);
    json_write_value(&w, json_get(value, "a"));
    json_write_value(&w, json_get(value, "none")); /* what is not there is null */
    json_write_int(&w, 3);
    json_end_array(&w);
    check_out("[{\"a\":[1,2]},[1,2],null,3]");
}

static void test_full_buffer(void **state)
{
    AUTO(buffer_free) struct buffer exact = BUFFER_INIT(13), small = BUFFER_INIT(12);
    struct json_writer w = JSON_WRITER(&exact), less = JSON_WRITER(&small);

    (void)state;
    json_begin_array(&w);
    json_write_text(&w, "\n");
    json_write_int(&w, 123456);
    assert_false(buffer_failed(&exact));
    json_end_array(&w);
    assert_false(buffer_failed(&exact));
    assert_true(bytes_equal_text(buffer_bytes(&exact), "[\"\\n\",123456]"));
    json_begin_array(&less);
    json_write_text(&less, "\n");
    json_write_int(&less, 123456);
    assert_false(buffer_failed(&small));
    json_end_array(&less);
    assert_true(buffer_failed(&small));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_commas_and_nesting),
        TEST(test_every_value_is_separated),
        TEST(test_numbers),
        TEST(test_every_byte_escaped),
        TEST(test_strings),
        TEST(test_every_control_byte_comes_back),
        TEST(test_print_equals_input),
        TEST(test_value_among_others),
        TEST(test_full_buffer),
    };

    return cmocka_run_group_tests_name("json/write", tests, NULL, NULL);
}
