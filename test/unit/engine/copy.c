/* Pages of a copy: whole, in order, each from where the one before ended. */
#include "engine/engine_test.h"

#define ITEMS 25

static uint32_t id_of(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));
    uint32_t id = table->id;

    engine_table_unref(table);
    return id;
}

static void open_tables(struct test_engine *t)
{
    test_engine_open(t, NULL);
    test_create(t, "before", VALUE_N, STREAM_NONE);
    test_create(t, "t", VALUE_N, STREAM_NONE);
    test_create(t, "behind", VALUE_N, STREAM_NONE);
    test_put_item(t, "before", "{'pk':{'S':'z'},'sk':{'N':'1'}}");
    test_put_item(t, "behind", "{'pk':{'S':'a'},'sk':{'N':'1'}}");
    for (size_t i = 0; i < ITEMS; i++) {
        struct bytes text =
            arena_printf(t->arena, "{'pk':{'S':'%zu'},'sk':{'N':'%zu'}}", i / 10, i % 10);

        test_put_item(t, "t", (const char *)text.ptr);
    }
}

static void test_pages(void **state)
{
    static const size_t limits[] = {1, 2, 7, ITEMS - 1, ITEMS, ITEMS + 1, 1000};
    struct test_engine t;

    (void)state;
    open_tables(&t);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        struct bytes after = {0}, last = {0};
        struct copy_page page = {0};
        size_t count = 0;

        t.engine->step_count_max = limits[i];
        while (!page.is_last) {
            assert_int_equal(copy_read(t.engine, NULL, id_of(&t, "t"), after, t.arena, &page), OK);
            assert_true(page.count <= limits[i]);
            for (size_t k = 0; k < page.count; k++) {
                assert_true(bytes_compare(after, page.items[k].key) < 0);
                after = page.items[k].key;
                assert_true(page.items[k].item.size > 0);
            }
            count += page.count;
        }
        assert_int_equal(count, ITEMS);
        assert_int_equal(copy_last_key(t.engine, id_of(&t, "t"), t.arena, &last), OK);
        assert_true(bytes_equal(last, after));
    }
    test_engine_close(&t);
}

static void test_nothing_there(void **state)
{
    struct test_engine t;
    struct copy_page page;
    struct bytes last = BYTES("x");

    (void)state;
    open_tables(&t);
    assert_int_equal(copy_read(t.engine, NULL, 1000, last, t.arena, &page), OK);
    assert_int_equal(page.count, 0);
    assert_true(page.is_last);
    assert_int_equal(copy_last_key(t.engine, 1000, t.arena, &last), OK);
    assert_int_equal(last.size, 0);
    test_engine_close(&t);
}

/* A view shows its moment, whatever is written since. */
static void test_a_view(void **state)
{
    struct test_engine t;
    struct store_view *view = NULL;
    struct copy_page page;

    (void)state;
    open_tables(&t);
    view = store_view_new(t.store);
    test_drop(&t, "t");
    assert_int_equal(
        copy_read(t.engine, view, id_of(&t, "before") + 1, (struct bytes){0}, t.arena, &page), OK);
    assert_int_equal(page.count, ITEMS);
    store_view_free(t.store, view);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_a_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
