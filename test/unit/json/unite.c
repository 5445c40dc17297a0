/* Tests of json/unite.c: of two members with one name the last counts, at any depth. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "json/json.h"

static const struct json *parsed(struct arena *arena, struct bytes text)
{
    const struct json *value = NULL;

    if (json_parse(arena, text, &value, NULL) != OK)
        fail_msg("refused: %.*s", BYTES_ARG(text));
    return value;
}

static void test_cases(void **state)
{
    static const struct {
        const char *text, *united;
    } cases[] = {
        {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"a\":1,\"b\":2,\"a\":null}", "{\"b\":2,\"a\":null}"},
        {"{\"a\":1,\"\\u0061\":2.50}", "{\"a\":2.50}"}, /* numbers keep their text */
        {"{\"\":1,\"\":\"\"}", "{\"\":\"\"}"},
        {"[{\"x\":{\"a\":[1],\"a\":[{\"b\":1,\"b\":2}]}},{}]", "[{\"x\":{\"a\":[{\"b\":2}]}},{}]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);

        json_print(&out, json_unite(arena, parsed(arena, bytes_of_text(cases[i].text))));
        if (!bytes_equal_text(buffer_bytes(&out), cases[i].united))
            fail_msg("%s: %.*s", cases[i].text, BYTES_ARG(buffer_bytes(&out)));
    }
}

static void test_nothing_to_unite(void **state)
{
    static const char *const texts[] = {
        "1", "\"a\"", "null", "[]", "{}", "{\"a\":{\"a\":{\"a\":1}}}", "[{\"a\":1},{\"a\":1}]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct json *value = parsed(arena, bytes_of_text(texts[i]));

        assert_ptr_equal(json_unite(arena, value), value);
    }
}

/* Few and many members take different ways; with names that repeat, and without. */
static void test_many(void **state)
{
    static const size_t counts[] = {15, 16, 17, 500};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

        buffer_append_byte(&text, '{');
        for (size_t k = 0; k < counts[i]; k++) /* counts are not multiples of 7 */
            buffer_printf(&text, "%s\"k%zu\":%zu", k > 0 ? "," : "", k * 7 % counts[i], k);
        size_t size = text.size;

        buffer_append_byte(&text, '}');
        const struct json *once = parsed(arena, buffer_bytes(&text));

        assert_ptr_equal(json_unite(arena, once), once);
        text.size = size;
        buffer_append_text(&text, ",\"k3\":\"last\"}");
        const struct json *united = json_unite(arena, parsed(arena, buffer_bytes(&text)));

        assert_int_equal(json_count(united), counts[i]);
        assert_true(bytes_equal_text(json_string(json_get(united, "k3")), "last"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nothing_to_unite),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
