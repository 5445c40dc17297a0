/* Which events stand in the line of their stream: what an append writes in STORE_STREAMS, and what
 * a record keeps. That readers see all of it, whatever happens: engine/order_model.c. */
#include "order/order_put_test.h"

#include "order/internal.h"

/* "line 1 4 3; row 2" - the record's first version, run and floor; versions of rows. */
static void expect_rows(struct world *w, const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct store_iter *iter =
        store_iter_new(w->store, NULL, STORE_STREAMS, (struct bytes){0}, (struct bytes){0}, false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct order_line line;

        if (out.size > 0)
            buffer_append_text(&out, "; ");
        if (order_line_read(value, &line) == OK)
            buffer_printf(&out, "line %llu %llu %llu", (unsigned long long)line.first,
                          (unsigned long long)line.run, (unsigned long long)line.floor);
        else
            buffer_printf(&out, "row %llu", (unsigned long long)bytes_get_u64(value.ptr));
    }
    store_iter_free(iter);
    if (!bytes_equal_text(buffer_bytes(&out), expected))
        fail_msg("\n  expected: %s\n  found:    %.*s", expected, BYTES_ARG(buffer_bytes(&out)));

    const char *wrong = order_check(w->store, TABLE, w->arena);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void put_all(struct world *w, uint64_t first, uint64_t last)
{
    for (uint64_t version = first; version <= last; version++)
        put(w, "1", version, 0);
}

static void remove_event(struct store_batch *batch, struct test_work *work)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct order_work order = {.batch = batch, .arena = arena};
    struct order_event event = {.log = BYTES("users"),
                                .id = BYTES("1"),
                                .type = work->number % 2 != 0 ? BYTES("odd") : BYTES("even"),
                                .version = work->number};
    struct order_run *run = NULL;
    struct item_head head;
    struct bytes value;

    order_item_key(&key, TABLE, &event);
    assert_int_equal(store_batch_get(batch, STORE_ITEMS, buffer_bytes(&key), &value), OK);
    assert_int_equal(item_head_read(value, &head), OK);
    assert_int_equal(order_load(&order, TABLE, &event, &run), OK);
    order_remove(&order, run, &event, head.position);
    store_batch_delete(batch, STORE_ITEMS, buffer_bytes(&key));
    order_store(&order);
}

static void take_away(struct world *w, uint64_t version)
{
    struct test_work work = {.body = remove_event, .number = version};

    assert_int_equal(test_do(&w->loop, &work), OK);
}

/* ---- appends ---- */

static void test_appends_write_nothing(void **state)
{
    struct world w;

    (void)state;
    open_world(&w);
    put_all(&w, 1, 5);
    expect_rows(&w, "");
    test_refuse(&w.loop); /* what was noted goes */
    put_all(&w, 6, 9);
    put(&w, "2", 1, 0);
    expect_rows(&w, "");
    close_world(&w);
}

/* A stream that does not begin with 1; gaps, small ones and one that ends the line; and what comes
 * into them. */
static void test_gaps(void **state)
{
    struct world w;

    (void)state;
    open_world(&w);
    put_all(&w, 5, 6);
    expect_rows(&w, "line 5 5 0");
    put_all(&w, 8, 9);
    expect_rows(&w, "line 5 8 2");
    put(&w, "1", 7, 0);
    expect_rows(&w, "line 5 8 2; row 7");
    put(&w, "1", 4, 0);
    put_all(&w, 10, 11);
    expect_rows(&w, "line 5 8 2; row 7; row 4");
    put(&w, "1", 20, 0);
    put(&w, "1", 21, 0);
    expect_rows(&w, "line 5 8 2; row 7; row 4; row 20; row 21");
    put(&w, "1", 12, 0);
    expect_rows(&w, "line 5 8 2; row 7; row 4; row 20; row 21");
    close_world(&w);
}

/* ---- what goes ---- */

static void test_from_the_front(void **state)
{
    struct world w;

    (void)state;
    open_world(&w);
    put_all(&w, 1, 4);
    take_away(&w, 1);
    expect_rows(&w, "line 2 2 1");
    take_away(&w, 2);
    put(&w, "1", 5, 0);
    expect_rows(&w, "line 3 3 2");
    put(&w, "1", 2, 0);
    expect_rows(&w, "line 3 3 2; row 2");
    take_away(&w, 3);
    take_away(&w, 4);
    take_away(&w, 2);
    take_away(&w, 5);
    expect_rows(&w, ""); /* of a stream without events nothing stays */
    put_all(&w, 6, 7);
    expect_rows(&w, "line 6 6 0");
    close_world(&w);
}

static void test_in_the_middle_and_at_the_end(void **state)
{
    struct world w;

    (void)state;
    open_world(&w);
    put_all(&w, 1, 6);
    take_away(&w, 3);
    expect_rows(&w, "line 1 4 3");
    put(&w, "1", 3, 0);
    expect_rows(&w, "line 1 4 3; row 3");
    take_away(&w, 2); /* below the run: it is stepped over */
    put(&w, "1", 7, 0);
    expect_rows(&w, "line 1 4 3; row 3");
    take_away(&w, 7);
    put(&w, "1", 7, 0); /* again: it is a new event */
    expect_rows(&w, "line 1 8 8; row 3; row 7");
    put(&w, "1", 8, 0);
    expect_rows(&w, "line 1 8 8; row 3; row 7");
    close_world(&w);
}

/* ---- a group that is refused ---- */

static void test_refused(void **state)
{
    struct event_text text = {.id = "1", .type = "even", .version = 2, .fails = true};
    struct test_work work = {.body = put_event, .context = &text};
    struct world w;

    (void)state;
    open_world(&w);
    put(&w, "1", 1, 0);
    assert_int_equal(test_do(&w.loop, &work), IO_ERROR);
    put(&w, "2", 1, 0); /* it gets the position that was refused */
    put(&w, "1", 3, 0); /* behind a version that never was */
    expect_rows(&w, "line 1 3 1");
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_write_nothing),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_from_the_front),
        cmocka_unit_test(test_in_the_middle_and_at_the_end),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
