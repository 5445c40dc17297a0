/* Values, views and iterators. */
#include "store/store_test.h"

/* "a b c ..." -> the keys between the bounds, in order, as one text */
static void expect_keys(struct store *store, const struct store_view *view, const char *from,
                        const char *to, bool backward, const char *expected)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(4096);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, view, STORE_ITEMS, bytes_of_text(from), bytes_of_text(to), backward);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        assert_true(bytes_equal(key, value));
        if (keys.size > 0)
            buffer_append_text(&keys, " ");
        buffer_append(&keys, key);
    }
    assert_false(store_iter_next(iter, &key, &value));
    assert_int_equal(store_iter_status(iter), OK);
    if (!bytes_equal_text(buffer_bytes(&keys), expected))
        fail_msg("[%s, %s): \"%.*s\", expected \"%s\"", from, to, BYTES_ARG(buffer_bytes(&keys)),
                 expected);
}

static void put_key(struct test_loop *loop, const char *key)
{
    assert_int_equal(test_put(loop, STORE_ITEMS, key, key), OK);
}

static void test_iterator_bounds(void **state)
{
    static const struct {
        const char *from, *to, *forward, *backward;
    } cases[] = {
        {"", "", "b bb d f", "f d bb b"},
        {"b", "f", "b bb d", "d bb b"},
        {"b", "g", "b bb d f", "f d bb b"},
        {"bb", "", "bb d f", "f d bb"},
        {"ba", "e", "bb d", "d bb"},
        {"", "b", "", ""},
        {"", "ba", "b", "b"},
        {"f", "", "f", "f"},
        {"g", "", "", ""},
        {"c", "c", "", ""},
        {"d", "d", "", ""},
        {"e", "c", "", ""},
    };
    struct store *store = test_open(NULL);
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    expect_keys(store, NULL, "", "", false, "");
    expect_keys(store, NULL, "", "", true, "");
    put_key(&loop, "d");
    put_key(&loop, "bb");
    put_key(&loop, "f");
    put_key(&loop, "b");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        expect_keys(store, NULL, cases[i].from, cases[i].to, false, cases[i].forward);
        expect_keys(store, NULL, cases[i].from, cases[i].to, true, cases[i].backward);
    }
    test_loop_close(&loop);
    store_close(store);
}

static void test_view_stands_still(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    put_key(&loop, "a");

    struct store_view *view = store_view_new(store);
    struct store_iter *iter = store_iter_new(store, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);
    struct bytes key, value;

    put_key(&loop, "b");
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "changed"), OK);
    test_expect(store, view, STORE_ITEMS, "a", "a");
    test_expect(store, view, STORE_ITEMS, "b", NULL);
    expect_keys(store, view, "", "", false, "a");
    expect_keys(store, view, "", "", true, "a");
    assert_true(store_iter_next(iter, &key, &value));
    assert_true(bytes_equal_text(value, "a"));
    assert_false(store_iter_next(iter, &key, &value));
    test_expect(store, NULL, STORE_ITEMS, "a", "changed");
    test_expect(store, NULL, STORE_ITEMS, "b", "b");
    store_iter_free(iter);
    store_view_free(store, view);
    test_loop_close(&loop);
    store_close(store);
}

static void test_value_outlives_its_change(void **state)
{
    struct store *store = test_open(NULL);
    struct store_value value = {0};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    put_key(&loop, "a");
    assert_int_equal(store_get(store, NULL, STORE_ITEMS, BYTES("a"), &value), OK);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "changed"), OK);
    assert_true(bytes_equal_text(value.bytes, "a"));
    store_value_release(&value);
    assert_null(value.bytes.ptr);
    store_value_release(&value);
    test_loop_close(&loop);
    store_close(store);
}

static void test_nothing_to_free(void **state)
{
    (void)state;
    store_iter_free(NULL);
    store_view_free(NULL, NULL);
    store_close(NULL);
    store_port_free(NULL);
}

/* Keys are any bytes: NULs, 0xff, and as long as DynamoDB's largest (2,048 + 1,024 and our
 * framing). */
static void test_any_key(void **state)
{
    struct store *store = test_open(NULL);
    uint8_t keys[][4] = {{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0xff, 0, 0}, {0xff, 0xff, 0xff, 0xff}};
    uint8_t *large = mem_new(4096);
    struct test_loop loop;
    struct bytes key, value;
    size_t found = 0;

    (void)state;
    memset(large, 0xff, 4096);
    test_loop_open(&loop, store);
    for (size_t i = 0; i <= ARRAY_COUNT(keys); i++) {
        struct test_pair pair = {
            STORE_ITEMS, i < ARRAY_COUNT(keys) ? bytes_of(keys[i], 4) : bytes_of(large, 4096),
            BYTES("v")};
        struct test_work work = {.body = test_put_body, .context = &pair};

        assert_int_equal(test_do(&loop, &work), OK);
    }

    struct store_iter *iter = store_iter_new(store, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);

    for (; store_iter_next(iter, &key, &value); found++)
        assert_true(found < ARRAY_COUNT(keys) ? bytes_equal(key, bytes_of(keys[found], 4))
                                              : bytes_equal(key, bytes_of(large, 4096)));
    assert_int_equal(found, ARRAY_COUNT(keys) + 1);
    store_iter_free(iter);
    test_loop_close(&loop);
    mem_free(large);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iterator_bounds),           cmocka_unit_test(test_view_stands_still),
        cmocka_unit_test(test_value_outlives_its_change), cmocka_unit_test(test_any_key),
        cmocka_unit_test(test_nothing_to_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
