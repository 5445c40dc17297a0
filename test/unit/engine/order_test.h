/* engine/order_test.h - the order of events for tests: events as items, and pages as text. */
#ifndef DYNLOG_TEST_ENGINE_ORDER_TEST_H
#define DYNLOG_TEST_ENGINE_ORDER_TEST_H

#include "engine/engine_test.h"

#include "order/order.h"

static inline uint32_t test_table_id(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));
    uint32_t id = 0;

    assert_non_null(table);
    id = table->id;
    engine_table_unref(table);
    return id;
}

/* "users#1/2" of a type, as test_put_item() wants it. */
static inline const char *test_event(struct test_engine *t, const char *log, const char *id,
                                     int version, const char *type)
{
    return (const char *)arena_printf(t->arena,
                                      "{'pk':{'S':'%s#%s#stream'},'sk':{'N':'%d'},"
                                      "'log':{'S':'%s'},'type':{'S':'%s'}}%c",
                                      log, id, version, log, type, '\0')
        .ptr;
}

static inline void test_append(struct test_engine *t, const char *table, const char *log,
                               const char *id, int version, const char *type)
{
    test_put_item(t, table, test_event(t, log, id, version, type));
}

static inline void test_expect_sound(struct test_engine *t, const char *table)
{
    const char *wrong = order_check(t->store, test_table_id(t, table), t->arena);

    if (wrong != NULL)
        fail_msg("%s: %s", table, wrong);
}

/* "users#1/2 signup, users#2/1 signup": the events that the filter takes, in their order, by pages
 * of two. */
static inline void test_expect_order(struct test_engine *t, const char *table,
                                     struct order_filter filter, const char *expected)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);
    struct order_read read = {.table_id = test_table_id(t, table), .filter = filter, .limit = 2};
    struct order_page page;

    do {
        assert_int_equal(order_read(t->store, NULL, &read, arena, &page), OK);
        assert_false(page.filling);
        for (size_t i = 0; i < page.count; i++) {
            const struct order_event *event = &page.list[i].event;

            assert_true(page.list[i].position > read.after);
            read.after = page.list[i].position;
            buffer_printf(&out, "%s%.*s#%.*s/%llu %.*s", out.size > 0 ? ", " : "",
                          BYTES_ARG(event->log), BYTES_ARG(event->id),
                          (unsigned long long)event->version, BYTES_ARG(event->type));
        }
        assert_true(page.next >= read.after);
        read.after = page.next;
    } while (!page.at_end);
    test_expect_text(arena, table, buffer_bytes(&out), expected);
}

/* ---- a table as an older dynlog left it ---- */

static inline void test_make_old(struct store_batch *batch, struct test_work *work)
{
    struct test_engine *t = work->context;
    uint32_t id = (uint32_t)work->number;
    uint8_t from[4], to[4];
    struct bytes key, value;

    bytes_put_u32(from, id);
    bytes_put_u32(to, id + 1);

    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_ITEMS, bytes_of(from, 4), bytes_of(to, 4), false);

    while (store_iter_next(iter, &key, &value)) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct stored_item stored;
        struct item item;

        assert_int_equal(stored_item_read(value, &stored), OK);
        assert_int_equal(item_decode(arena, stored.form, &item), OK);
        store_batch_put(
            batch, STORE_ITEMS, key,
            stored_item_make(arena, &item, stored.size, false, (struct bytes){0}).value);
    }
    store_iter_free(iter);
    order_drop_table(batch, id);
}

static inline void test_age(struct test_engine *t, const char *table)
{
    struct test_work work = {
        .body = test_make_old, .context = t, .number = test_table_id(t, table)};

    test_submit(&t->loop, &work);
    assert_int_equal(test_finish(&t->loop, &work), OK);
    test_refuse(&t->loop);
}

#endif
