/* bus/input.c: what of the event a target gets. */
#include "bus/bus_test.h"

#include "bus/internal.h"

#define EVENT                                                                                      \
    "{\"id\":\"7\",\"detail-type\":\"order\",\"detail\":{\"key\":{\"pk\":\"a.b\","                 \
    "\"s k\":[10,{\"x\":true}]},\"n\":1.50}}"

static const struct {
    const char *input, *path, *expected;
} cases[] = {
    {"", "", EVENT},
    {"", "$", EVENT},
    {"{\"constant\": 1}", "", "{\"constant\": 1}"},
    {"\"text\"", "", "\"text\""},
    {"", "$.detail-type", "\"order\""},
    {"", "$.detail.n", "1.50"},
    {"", "$.detail.key.pk", "\"a.b\""},
    {"", "$['detail'].key[\"s k\"][0]", "10"},
    {"", "$.detail.key['s k'][1]", "{\"x\":true}"},
    {"", "$.detail.key['s k'][1].x", "true"},
    {"", "$.detail.key['s k'][2]", "null"},
    {"", "$.detail.nothing.below", "null"},
    {"", "$.id.x", "null"},
    {"", "$.id[0]", "null"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *event = NULL;

    (void)state;
    assert_int_equal(json_parse(arena, BYTES(EVENT), &event, NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_target target = {.input = bytes_of_text(cases[i].input),
                                    .input_path = bytes_of_text(cases[i].path)};

        assert_true(cases[i].path[0] == '\0' || input_path_is_valid(target.input_path));
        assert_string_equal(arena_copy_text(arena, input_make(&target, arena, BYTES(EVENT), event)),
                            cases[i].expected);
    }
}

static void test_paths_that_are_none(void **state)
{
    static const char *const paths[] = {
        "",      "detail",  "$detail", "$.",    "$..a",
        "$.a.",  "$[",      "$[]",     "$[x]",  "$['a'",
        "$['a]", "$['a'x]", "$[-1]",   "$.a[1", "$[99999999999999999999]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        if (input_path_is_valid(bytes_of_text(paths[i])))
            fail_msg("%s is no path", paths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_paths_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
