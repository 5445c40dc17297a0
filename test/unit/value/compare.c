/* Tests of value/compare.c. */
#include "value/tools.h"

static const struct {
    const char *a, *b;
    bool equal;
} cases[] = {
    {"{\"S\":\"a\"}", "{\"S\":\"a\"}", true},
    {"{\"S\":\"a\"}", "{\"S\":\"b\"}", false},
    {"{\"S\":\"1\"}", "{\"N\":\"1\"}", false},
    {"{\"S\":\"Zg==\"}", "{\"B\":\"Zg==\"}", false},
    {"{\"N\":\"1\"}", "{\"N\":\"1.000\"}", true},
    {"{\"N\":\"0\"}", "{\"N\":\"-0\"}", true},
    {"{\"N\":\"1\"}", "{\"N\":\"-1\"}", false},
    {"{\"B\":\"Zg==\"}", "{\"B\":\"Zg==\"}", true},
    {"{\"BOOL\":true}", "{\"BOOL\":true}", true},
    {"{\"BOOL\":true}", "{\"BOOL\":false}", false},
    {"{\"NULL\":true}", "{\"NULL\":true}", true},
    {"{\"NULL\":true}", "{\"BOOL\":true}", false},
    {"{\"L\":[]}", "{\"L\":[]}", true},
    {"{\"L\":[]}", "{\"M\":{}}", false},
    {"{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", "{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", true},
    {"{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", "{\"L\":[{\"N\":\"2\"},{\"N\":\"1\"}]}", false},
    {"{\"L\":[{\"N\":\"1\"}]}", "{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", false},
    {"{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"2\"}}}",
     "{\"M\":{\"b\":{\"N\":\"2\"},\"a\":{\"N\":\"1\"}}}", true},
    {"{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"2\"}}}",
     "{\"M\":{\"b\":{\"N\":\"1\"},\"a\":{\"N\":\"2\"}}}", false},
    {"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"b\":{\"N\":\"1\"}}}", false},
    {"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"1\"}}}", false},
    {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"b\",\"a\"]}", true},
    {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"b\",\"c\"]}", false},
    {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"a\"]}", false},
    {"{\"NS\":[\"1\",\"10\"]}", "{\"NS\":[\"1e1\",\"1.0\"]}", true},
    {"{\"BS\":[\"Zg==\",\"\"]}", "{\"BS\":[\"\",\"Zg==\"]}", true},
    {"{\"SS\":[\"1\"]}", "{\"NS\":[\"1\"]}", false},
    {"{\"L\":[{\"SS\":[\"a\",\"b\"]}]}", "{\"L\":[{\"SS\":[\"b\",\"a\"]}]}", true},
};

static void test_equal(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value a = value_of(*state, cases[i].a), b = value_of(*state, cases[i].b);

        if (value_equal(&a, &b) != cases[i].equal || value_equal(&b, &a) != cases[i].equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        assert_true(value_equal(&a, &a) && value_equal(&b, &b));
    }
}

static void test_compare(void **state)
{
    static const struct {
        const char *less, *more;
    } pairs[] = {
        {"{\"S\":\"\"}", "{\"S\":\"a\"}"},
        {"{\"S\":\"a\"}", "{\"S\":\"aa\"}"},
        {"{\"S\":\"Z\"}", "{\"S\":\"a\"}"},
        {"{\"S\":\"z\"}", "{\"S\":\"\\u00e9\"}"},
        {"{\"S\":\"\\uffff\"}", "{\"S\":\"\\ud800\\udc00\"}"}, /* by code point, not UTF-16 */
        {"{\"N\":\"9\"}", "{\"N\":\"10\"}"},
        {"{\"N\":\"-10\"}", "{\"N\":\"-9\"}"},
        {"{\"B\":\"fw==\"}", "{\"B\":\"gA==\"}"}, /* 7F and 80: unsigned */
        {"{\"B\":\"AA==\"}", "{\"B\":\"AAA=\"}"},
    };
    static const struct {
        const char *a, *b;
    } without_order[] = {
        {"{\"S\":\"1\"}", "{\"N\":\"1\"}"},     {"{\"BOOL\":true}", "{\"BOOL\":true}"},
        {"{\"NULL\":true}", "{\"NULL\":true}"}, {"{\"L\":[]}", "{\"L\":[]}"},
        {"{\"M\":{}}", "{\"M\":{}}"},           {"{\"SS\":[\"a\"]}", "{\"SS\":[\"a\"]}"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        struct value a = value_of(*state, pairs[i].less), b = value_of(*state, pairs[i].more);
        int order = 0;

        assert_true(value_compare(&a, &b, &order) && order < 0);
        assert_true(value_compare(&b, &a, &order) && order > 0);
        assert_true(value_compare(&a, &a, &order) && order == 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(without_order); i++) {
        struct value a = value_of(*state, without_order[i].a);
        struct value b = value_of(*state, without_order[i].b);
        int order = 77;

        assert_false(value_compare(&a, &b, &order));
        assert_int_equal(order, 77);
    }
}

/* A thousand attributes in the opposite order: sorted, not searched each. */
static void test_large_items(void **state)
{
    const size_t count = 1000;
    struct item a = {ARENA_NEW_ARRAY(*state, count, struct attribute), count};
    struct item b = {ARENA_NEW_ARRAY(*state, count, struct attribute), count};

    for (size_t i = 0; i < count; i++) {
        a.attributes[i].name = arena_printf(*state, "%zu", i);
        a.attributes[i].value = value_of(*state, "{\"NS\":[\"1\",\"2\"]}");
        b.attributes[count - 1 - i] = a.attributes[i];
    }
    assert_true(item_equal(&a, &b));
    b.attributes[500].name = BYTES("other");
    assert_false(item_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_equal),
        ARENA_TEST(test_compare),
        ARENA_TEST(test_large_items),
    };

    return cmocka_run_group_tests_name("value/compare", tests, NULL, NULL);
}
