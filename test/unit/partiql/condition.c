/* What a WHERE means for an item: IS, IN, functions, and conditions that are compared with values.
 */
#include "case.h"

#define ITEM                                                                                       \
    "{'pk': {'S': 'a'}, 'n': {'N': '1'}, 's': {'S': 'str'}, 'flag': {'S': 'right'}, 'yes': "       \
    "{'BOOL': true}, 'nul': {'NULL': true}, 'm': {'M': {'x': {'L': [{'N': '7'}]}}}, 'ss': {'SS': " \
    "['a', 'b']}, 'b': {'B': 'AQI='}}"

static const char *const true_ones[] = {
    "attribute_exists(ss) AND ATTRIBUTE_NOT_EXISTS (nope)",
    "attribute_exists(m.x) AND attribute_exists(m.x[0]) AND NOT attribute_exists(m.x[1])",
    "s IS NOT MISSING AND nope IS MISSING AND NOT s IS MISSING",
    "nul IS NULL AND s IS NOT NULL AND nope IS NOT NULL AND NOT nope IS NULL",
    "yes IS BOOL AND yes IS BOOLEAN AND s IS STRING AND n IS NUMERIC AND m IS STRUCT",
    "m IS TUPLE AND m.x IS LIST AND b IS BLOB AND 'x' IS STRING AND 1 IS NOT STRING",
    "1 IS NOT MISSING AND NULL IS NULL",
    "size(s) = 3 AND size(ss) > 1 AND 2 = size(b) AND SIZE(m) = 1",
    "attribute_type(ss, 'SS') AND attribute_type(m.x, 'L')",
    "contains(s, 'tr') AND contains(ss, 'a') AND contains(m.x, 7) AND NOT contains(ss, 'z')",
    "begins_with(s, 'st') AND NOT begins_with(s, 'tr') AND NOT begins_with(nope, 'x')",
    "n BETWEEN 0 AND 5 AND n NOT BETWEEN 2 AND 5 AND n IN [2, 1] AND n NOT IN (2, 3)",
    "n = 1 AND n <> 2 AND n != 2 AND n < 2 AND n <= 1 AND n > 0 AND n >= 1",
    "n <> 'a' AND NOT n < 'a' AND nope <> 1",
    "m.x[0] = 7 AND m.x = [7] AND m = {'x': [7]} AND ss = <<'b', 'a'>>",
    "n = 2 OR n = 1 AND s = 'str'",
    "1 = 1 AND 'a' < 'b'",

    /* conditions as values */
    "attribute_exists(nope) = false AND true = attribute_exists(n)",
    "attribute_exists(n) <> 1 AND contains(nope, 'z') = false",
    "(n BETWEEN 0 AND 5) = true AND (n = 5 OR flag = 'x') = false",
    "attribute_exists(nope) IN [true, false] AND n IN [1, attribute_exists(n)]",
    "attribute_exists(n) = attribute_exists(flag) AND attribute_exists(n) = yes",
    "(attribute_exists(n) = true) = true",
    "yes = (n = 1) AND NOT yes = (n = 2)",
};

static const char *const false_ones[] = {
    "attribute_exists(n) = 1",
    "NOT attribute_exists(n) = true",
    "(attribute_exists(n) = true) = false",
    "attribute_exists(n) = flag",
    "attribute_exists(n) = nope",
    "attribute_exists(nope) = size(s)",
    "attribute_exists(n) = attribute_exists(nope)",
    "attribute_exists(n) IN [false, 1, 'x']",
    "nul IS NOT NULL",
    "nope IS NULL",
    "1 IS MISSING",
    "size(n) = 1",
    "size(nope) < 5",
    "n = '1'",
    "ss = ['a', 'b']",
    "m.x[0].y = 7",
};

static bool holds(const char *where, const char *item)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct partiql_read read;
    struct api_error error = {0};
    bool answer = false;
    struct bytes text = arena_printf(arena, "SELECT * FROM users WHERE %s", where);

    if (partiql_plan_read(case_parse(arena, arena_copy_text(arena, text), NULL), &case_other_keys,
                          NULL, arena, &read, &error) != OK ||
        expr_holds(read.ranges[0].filter, case_item(arena, item), arena, &answer, &error) != OK)
        fail_msg("%s: %s", where, error.message);
    return answer;
}

static void test_true(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(true_ones); i++)
        if (!holds(true_ones[i], ITEM))
            fail_msg("%s does not hold", true_ones[i]);
}

static void test_false(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(false_ones); i++)
        if (holds(false_ones[i], ITEM))
            fail_msg("%s holds", false_ones[i]);
}

/* Comparing conditions takes them twice, and again twice: it must end. */
static void test_explosion(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
    struct partiql_read read;
    struct api_error error = {0};
    enum status status = OK;

    (void)state;
    buffer_append_text(&text, "SELECT * FROM users WHERE a = 1");
    for (size_t i = 0; i < 100; i++)
        buffer_append_text(&text, " = (a = b)");
    status = partiql_plan_read(case_parse(arena, arena_copy_text(arena, buffer_bytes(&text)), NULL),
                               &case_other_keys, NULL, arena, &read, &error);
    case_expect_error("100 conditions compared", status, &error,
                      "The request has too many conditions or attributes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true),
        cmocka_unit_test(test_false),
        cmocka_unit_test(test_explosion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
