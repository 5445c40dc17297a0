/* Tests of value/size.c. */
#include "value/tools.h"

static const struct {
    const char *json;
    size_t size;
} cases[] = {
    {"{\"S\":\"\"}", 0},
    {"{\"S\":\"abc\"}", 3},
    {"{\"S\":\"\\u00e9\"}", 2}, /* bytes, not characters */
    {"{\"B\":\"Zm9v\"}", 3},    /* bytes, not base64 */
    {"{\"N\":\"0\"}", 1},
    {"{\"N\":\"27\"}", 2},
    {"{\"N\":\"-27\"}", 3},
    {"{\"BOOL\":false}", 1},
    {"{\"NULL\":true}", 1},
    {"{\"L\":[]}", 3},
    {"{\"M\":{}}", 3},
    {"{\"L\":[{\"S\":\"ab\"},{\"S\":\"c\"}]}", 3 + 1 + 2 + 1 + 1},
    {"{\"M\":{\"key\":{\"S\":\"ab\"}}}", 3 + 1 + 3 + 2},
    {"{\"M\":{\"a\":{\"L\":[{\"M\":{}}]}}}", 3 + 1 + 1 + 3 + 1 + 3},
    {"{\"SS\":[\"ab\",\"c\"]}", 3},
    {"{\"NS\":[\"1\",\"123\"]}", 2 + 3},
    {"{\"BS\":[\"Zg==\",\"Zm8=\"]}", 3},
};

static void test_values(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value value = value_of(*state, cases[i].json);

        if (value_size(&value) != cases[i].size)
            fail_msg("%s counts for %zu", cases[i].json, value_size(&value));
    }
}

static void test_items(void **state)
{
    struct item empty = item_of(*state, "{}");
    struct item item = item_of(*state, "{\"string\":{\"S\":\"string\"},\"number\":{\"N\":\"27\"},"
                                       "\"buffer\":{\"B\":\"YnVmZmVy\"}}");

    assert_int_equal(item_size(&empty), 0);
    assert_int_equal(item_size(&item), 6 + 6 + 6 + 2 + 6 + 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ARENA_TEST(test_values), ARENA_TEST(test_items)};

    return cmocka_run_group_tests_name("value/size", tests, NULL, NULL);
}
