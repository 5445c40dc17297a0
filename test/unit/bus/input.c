/* bus/input.c: which of its inputs a target gets, and what is refused of them. */
#include "bus/bus_test.h"

#include "bus/input.h"

#define EVENT                                                                                      \
    "{\"id\":\"7\",\"detail-type\":\"order\",\"resources\":[\"a\",\"b\"],"                         \
    "\"detail\":{\"key\":{\"pk\":\"a.b\",\"list\":[10,{\"x\":true}]},\"n\":1.50}}"

static const struct {
    const char *input, *path, *expected;
} cases[] = {
    {"", "", EVENT},
    {"", "$", EVENT},
    {"{\"constant\": 1}", "", "{\"constant\": 1}"},
    {"\"text\"", "", "\"text\""},
    {"", "$.detail-type", "\"order\""},
    {"", "$.detail.n", "1.50"},
    {"", "$.detail.key", "{\"pk\":\"a.b\",\"list\":[10,{\"x\":true}]}"},
    {"", "$.resources[*]", "[\"a\",\"b\"]"},
    {"", "$.detail.nothing.below", "null"},
    {"", "$.detail.nothing[*]", "[]"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct input_event event = {.text = BYTES(EVENT)};

    (void)state;
    assert_int_equal(json_parse(arena, event.text, &event.json, NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_target target = {.input = bytes_of_text(cases[i].input),
                                    .input_path = bytes_of_text(cases[i].path)};
        struct api_error error;
        struct bytes made;

        assert_int_equal(input_check(arena, &target, &error), OK);
        assert_true(input_make(&target, &event, arena, &made));
        assert_string_equal(arena_copy_text(arena, made), cases[i].expected);
    }
}

static void test_a_template_before_all(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct input_event event = {.text = BYTES(EVENT)};
    struct bus_input_path path = {BYTES("type"), BYTES("$.detail-type")};
    struct bus_target target = {
        .input_template = BYTES("<type>"), .input_paths = &path, .input_path_count = 1};
    struct bytes made;

    (void)state;
    assert_int_equal(json_parse(arena, event.text, &event.json, NULL), OK);
    assert_true(input_make(&target, &event, arena, &made));
    assert_string_equal(arena_copy_text(arena, made), "\"order\"");
}

static void expect_refused(const struct bus_target *target, const char *message)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    assert_int_equal(input_check(arena, target, &error), REFUSED);
    assert_string_equal(error.message, message);
}

static void test_what_is_refused(void **state)
{
    static const char only_one[] = "Only one of Input, InputPath, or InputTransformer must be "
                                   "provided for target t.";
    const struct bus_input_path path = {BYTES("a"), BYTES("$.detail['x']")};
    const struct bytes id = BYTES("t"), text = BYTES("\"x\"");

    (void)state;
    expect_refused(&(struct bus_target){.id = id, .input = text, .input_path = BYTES("$")},
                   only_one);
    expect_refused(&(struct bus_target){.id = id, .input = text, .input_template = text}, only_one);
    expect_refused(&(struct bus_target){.id = id, .input_path = text, .input_template = text},
                   only_one);
    expect_refused(&(struct bus_target){.id = id, .input = BYTES("x")},
                   "JSON syntax error in input for target t.");
    expect_refused(&(struct bus_target){.id = id, .input_path = BYTES("detail")},
                   "InputPath for target t is invalid.");
    expect_refused(
        &(struct bus_target){
            .id = id, .input_template = BYTES("<a>"), .input_paths = &path, .input_path_count = 1},
        "InputPath for target t is invalid.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_a_template_before_all),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
