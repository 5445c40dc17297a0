/* Tests of value/item.c. */
#include "value/tools.h"

static void test_type_names(void **state)
{
    static const char *const names[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
    static const char *const others[] = {"", "s", "X", "BOO", "BOOLE", "Null", "SN", "LS", "MM"};
    enum value_type type = VALUE_S;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_true(value_type_of_name(bytes_of_text(names[i]), &type));
        assert_int_equal(type, i);
        assert_string_equal(value_type_name(type), names[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(value_type_of_name(bytes_of_text(others[i]), &type));
}

static struct value text(const char *text_)
{
    return (struct value){.type = VALUE_S, .bytes = bytes_of_text(text_)};
}

static void test_set_and_remove(void **state)
{
    struct item item = {0};

    assert_null(item_get_text(&item, "a"));
    item_set(*state, &item, BYTES("a"), text("1"));
    item_set(*state, &item, BYTES("b"), text("2"));
    item_set(*state, &item, BYTES("c"), text("3"));
    assert_string_equal(text_of_item(*state, &item),
                        "{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"},\"c\":{\"S\":\"3\"}}");
    item_set(*state, &item, BYTES("b"), text("4"));
    assert_true(bytes_equal_text(item_get_text(&item, "b")->bytes, "4"));
    item_remove(&item, BYTES("x"));
    assert_int_equal(item.count, 3);
    item_remove(&item, BYTES("b"));
    assert_string_equal(text_of_item(*state, &item), "{\"a\":{\"S\":\"1\"},\"c\":{\"S\":\"3\"}}");
    item_remove(&item, BYTES("c"));
    item_remove(&item, BYTES("a"));
    assert_int_equal(item.count, 0);
    assert_null(item_get_text(&item, "a"));
}

/* Appending to a shallow copy leaves the first one alone. */
static void test_append_to_a_sharer(void **state)
{
    struct item first = item_of(*state, "{\"a\":{\"S\":\"1\"}}"), second = first;

    item_set(*state, &second, BYTES("b"), text("2"));
    item_set(*state, &first, BYTES("c"), text("3"));
    assert_string_equal(text_of_item(*state, &first), "{\"a\":{\"S\":\"1\"},\"c\":{\"S\":\"3\"}}");
    assert_string_equal(text_of_item(*state, &second), "{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}}");
}

/* A copy outlives the arena and the text of what it was made from. */
static void test_copy(void **state)
{
    static const char stored[] =
        "{\"s\":{\"S\":\"x\\\"y\"},\"n\":{\"N\":\"-1.5\"},\"b\":{\"B\":\"Zm9v\"},"
        "\"t\":{\"BOOL\":true},\"z\":{\"NULL\":true},\"m\":{\"M\":{\"k\":{\"L\":[{\"S\":\"v\"}]}}},"
        "\"ss\":{\"SS\":[\"a\"]},\"ns\":{\"NS\":[\"1\"]},\"bs\":{\"BS\":[\"Zg==\"]},\"e\":{\"M\":{}"
        "}}";
    struct arena *other = arena_new();
    char *borrowed = mem_copy_text(stored);
    struct item item = {0};

    assert_int_equal(item_decode(other, bytes_of_text(borrowed), &item), OK);

    struct item copy = item_copy(*state, &item);

    arena_free(other);
    mem_free(borrowed);
    assert_string_equal(text_of_item(*state, &copy), stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_type_names),
        ARENA_TEST(test_set_and_remove),
        ARENA_TEST(test_append_to_a_sharer),
        ARENA_TEST(test_copy),
    };

    return cmocka_run_group_tests_name("value/item", tests, NULL, NULL);
}
