/* bus/input_path.c: what is a path, and what it points at. */
#include "bus/bus_test.h"

#include "bus/input.h"
#include "json/path.h"

#define EVENT                                                                                      \
    "{\"id\":\"7\",\"detail-type\":\"order\",\"detail\":{\"a/b\":1,\"a_b\":2,"                     \
    "\"items\":[{\"sku\":\"x\",\"n\":[1,2]},{\"sku\":\"y\"},{\"n\":[3]},5],\"none\":null,"         \
    "\"deep\":[[1],[2,[3]]]}}"

static const struct {
    const char *path, *expected; /* NULL: points at nothing */
} cases[] = {
    {"$", EVENT},
    {"$.id", "7"},
    {"$.detail-type", "order"},
    {"$.detail.a/b", "1"},
    {"$.detail.a_b", "2"},
    {"$.detail.items[0]", "{\"sku\":\"x\",\"n\":[1,2]}"},
    {"$.detail.items[1].sku", "y"},
    {"$.detail.items[0].n[1]", "2"},
    {"$.detail.deep[1][1][0]", "3"},
    {"$.detail.none", "null"},
    {"$.detail.items[4]", NULL},
    {"$.detail.items[4].sku", NULL},
    {"$.nothing.below", NULL},
    {"$.id.x", NULL},
    {"$.id[0]", NULL},
    {"$.detail[0]", NULL},
    {"$.detail.items.sku", NULL},
    /* stars: always an array */
    {"$.detail.items[*].sku", "[\"x\",\"y\"]"},
    {"$.detail.items[*].n[*]", "[1,2,3]"},
    {"$.detail.items.*.sku", "[\"x\",\"y\"]"},
    {"$.detail.deep[*]", "[[1],[2,[3]]]"},
    {"$.detail.deep[*][*]", "[1,2,[3]]"},
    {"$.detail.deep[*][0]", "[1,2]"},
    {"$.detail.items[1].*", "[\"y\"]"},
    {"$.id[*]", "[]"},
    {"$.nothing.*", "[]"},
    {"$.*.none", "[null]"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *event = NULL;

    (void)state;
    assert_int_equal(json_parse(arena, BYTES(EVENT), &event, NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes path = bytes_of_text(cases[i].path);
        struct input_value value = {JSON_NULL, {NULL, 0}};

        assert_true(json_path_is_valid(path));
        bool found = input_path_follow(path, event, arena, &value);

        if (found != (cases[i].expected != NULL) ||
            (found && !bytes_equal_text(value.text, cases[i].expected)))
            fail_msg("%s gives %.*s", cases[i].path, BYTES_ARG(value.text));
    }
}

static void test_paths_that_are_none(void **state)
{
    static const char *const paths[] = {
        "",        "detail", "$detail", "$.",         "$..a",  "$.a.",  "$[",
        "$[]",     "$[x]",   "$['a']",  "$.a[\"b\"]", "$[-1]", "$.a[1", "$[99999999999999999999]",
        "$.a[**]", "@.a",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        if (json_path_is_valid(bytes_of_text(paths[i])))
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
