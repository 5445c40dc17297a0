/* Pages: where one ends, and where a reader that waits goes on. The rest is in engine/order_model.c
 * and engine/write_order.c: there are no events without an engine. */
#include "order/order_put_test.h"

static void take_position(struct store_batch *batch, struct test_work *work)
{
    work->position = store_batch_position(batch);
}

static void test_a_page_ends_by_its_size(void **state)
{
    struct world w;
    struct order_read read = {.table_id = TABLE, .size_max = 1200};
    struct order_page page;

    (void)state;
    open_world(&w);
    put(&w, "1", 1, 400);
    put(&w, "1", 2, 700);
    put(&w, "1", 3, 5000); /* at least one, however large it is */
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 2);
    assert_false(page.at_end);
    assert_int_equal(page.list[0].item.time_ms, 17);
    assert_int_equal(page.list[0].item.form.size, 400 + ITEM_TEXT_SIZE);
    read.after = page.next;
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 1);
    assert_true(page.at_end);
    close_world(&w);
}

/* What others write moves a waiting reader on, and it misses nothing. */
static void test_where_it_goes_on(void **state)
{
    struct world w;
    struct test_work work = {.body = take_position};
    struct order_read read = {.table_id = TABLE,
                              .filter = {.log = BYTES("users"), .type = BYTES("even")}};
    struct order_page page;
    uint64_t position = 0;

    (void)state;
    open_world(&w);
    put(&w, "1", 1, 0);
    test_submit(&w.loop, &work);
    assert_int_equal(test_finish(&w.loop, &work), OK);
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 0);
    assert_true(page.at_end);
    assert_int_equal(page.next, work.position);
    read.after = page.next;
    position = put(&w, "1", 2, 0);
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.next, position);
    close_world(&w);
}

/* Of a view nothing is known behind its last event. */
static void test_a_view(void **state)
{
    struct world w;
    struct order_read read = {.table_id = TABLE};
    struct order_page page;
    struct store_view *view = NULL;
    uint64_t position = 0, last = 0;

    (void)state;
    open_world(&w);
    position = put(&w, "1", 1, 0);
    view = store_view_new(w.store);
    put(&w, "1", 2, 0);
    assert_int_equal(order_read(w.store, view, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.next, position);
    assert_int_equal(order_last(w.store, view, TABLE, &read.filter, &last), OK);
    assert_int_equal(last, position);
    store_view_free(w.store, view);
    close_world(&w);
}

/* Bounds at the ends of the numbers, and a limit that is too large. */
static void test_bounds(void **state)
{
    struct world w;
    struct order_read read = {.table_id = TABLE, .limit = SIZE_MAX, .bare = true};
    struct order_page page;

    (void)state;
    open_world(&w);
    for (uint64_t i = 1; i <= ORDER_PAGE_COUNT_MAX + 1; i++)
        put(&w, "1", i, 0);
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, ORDER_PAGE_COUNT_MAX);
    assert_false(page.at_end);
    read.after = UINT64_MAX;
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_true(page.at_end && page.count == 0);
    read = (struct order_read){.table_id = TABLE, .backward = true, .before = 1};
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_true(page.at_end && page.count == 0);
    read.before = UINT64_MAX;
    read.after = UINT64_MAX - 1;
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_true(page.at_end && page.count == 0);
    close_world(&w);
}

/* ---- what is damaged ---- */

static void expect_told(enum status status)
{
    assert_true(status == OK || status == CORRUPT || status == NEWER_FORMAT);
}

static void look(void *context)
{
    const struct order_filter filters[] = {
        {{NULL, 0}, {NULL, 0}, {NULL, 0}},
        {.log = BYTES("users")},
        {.log = BYTES("users"), .id = BYTES("1")},
        {.type = BYTES("odd")},
    };
    struct world *w = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_count *counts = NULL;
    struct order_stream *streams = NULL;
    size_t count = 0;
    bool more = false;

    for (size_t i = 0; i < 2 * ARRAY_COUNT(filters); i++) {
        struct order_read read = {
            .table_id = TABLE, .filter = filters[i / 2], .backward = i % 2 != 0};
        struct order_page page;

        expect_told(order_read(w->store, NULL, &read, arena, &page));
    }
    expect_told(order_counts(w->store, NULL, TABLE, BYTES(""), arena, &counts, &count));
    expect_told(order_streams(w->store, NULL, TABLE, BYTES("users"), BYTES(""), 10, arena, &streams,
                              &count, &more));
}

/* It is told, and what is right is read again once it is. */
static void test_damaged_rows(void **state)
{
    struct world w;
    struct order_read read = {.table_id = TABLE};
    struct order_page page;

    (void)state;
    open_world(&w);
    put(&w, "1", 1, 0);
    put(&w, "1", 2, 0);
    put(&w, "2", 1, 0);
    put(&w, "1", 5, 0); /* the line goes on */
    put(&w, "1", 4, 0); /* a row */
    test_damage(&w.loop, STORE_ORDER, look, &w);
    test_damage(&w.loop, STORE_STREAMS, look, &w);
    test_damage(&w.loop, STORE_ITEMS, look, &w);
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    assert_int_equal(page.count, 5);
    close_world(&w);
}

/* An entry beside an item that is gone, one of a run that is not there, one whose id is no id. */
static void test_entries_of_nothing(void **state)
{
    static const uint8_t run_key[] = {0, 0, 0, TABLE, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9};
    uint8_t large[8 + 5000] = {0};
    struct world w;
    struct order_read read = {.table_id = TABLE};
    struct order_page page;

    (void)state;
    open_world(&w);
    for (uint64_t i = 1; i <= 9; i++)
        put(&w, "1", 2 * i - 1, 0); /* at positions 1 to 9, in run 1 */
    memset(large + 8, '1', sizeof large - 8);
    test_replace(&w.loop, STORE_ORDER, bytes_of(run_key, sizeof run_key),
                 bytes_of(large, sizeof large));
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), CORRUPT);
    test_replace(&w.loop, STORE_ORDER, bytes_of(run_key, sizeof run_key),
                 bytes_of((const uint8_t *)"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                           "1",
                          9));
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), CORRUPT);
    read.bare = true; /* who does not ask for items is told what stands there */
    assert_int_equal(order_read(w.store, NULL, &read, w.arena, &page), OK);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page_ends_by_its_size),
        cmocka_unit_test(test_where_it_goes_on),
        cmocka_unit_test(test_a_view),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_entries_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
