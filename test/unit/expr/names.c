/* Placeholders: which of them somebody used. */
#include "case.h"

static void use(struct arena *arena, const char *expression, struct expr_names *names)
{
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};

    if (expr_parse_condition(arena, EXPR_CONDITION, bytes_of_text(expression), names, &condition,
                             &error) != OK)
        fail_msg("%s: %s", expression, error.message);
}

static void test_unused(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names names =
        case_names(arena, "{'#a':'a','#b':'b','#c':'c'}", "{':a':{'N':'1'},':b':{'N':'2'}}");
    struct api_error error = {0};

    (void)state;
    assert_int_equal(expr_finish(&names, &error), REFUSED);
    case_expect_error(arena, "nothing used", &error,
                      "Value provided in ExpressionAttributeNames unused in expressions: "
                      "keys: {#a, #b, #c}");
    use(arena, "x.#b = :a", &names);
    assert_int_equal(expr_finish(&names, &error), REFUSED);
    case_expect_error(arena, "#b used", &error,
                      "Value provided in ExpressionAttributeNames unused in expressions: "
                      "keys: {#a, #c}");
    use(arena, "#a = #c", &names); /* a second expression of the request */
    assert_int_equal(expr_finish(&names, &error), REFUSED);
    case_expect_error(arena, "names used", &error,
                      "Value provided in ExpressionAttributeValues unused in expressions: "
                      "keys: {:b}");
    use(arena, "a BETWEEN :a AND :b", &names);
    assert_int_equal(expr_finish(&names, &error), OK);
}

static void test_none(void **state)
{
    struct expr_names names = {0};
    struct api_error error = {0};

    (void)state;
    assert_int_equal(expr_finish(&names, &error), OK);
}

/* Too many for a message: it is cut, and nothing else happens. */
static void test_many_unused(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names names = {.names = ARENA_NEW_ARRAY(arena, 1000, struct expr_name),
                               .name_count = 1000};
    struct api_error error = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        names.names[i].placeholder = arena_printf(arena, "#placeholder%u", i);
    assert_int_equal(expr_finish(&names, &error), REFUSED);
    assert_non_null(strstr(error.message, "keys: {#placeholder0, #placeholder1, "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unused),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_many_unused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
