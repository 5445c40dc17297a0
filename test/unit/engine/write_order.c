/* What writes do to the order of events: each kind, alone and in transactions, with indexes, times
 * to live, backups and the past. */
#include "engine/backup_test.h"
#include "engine/order_test.h"

#define ALL ((struct order_filter){0})

static struct order_filter of(const char *log, const char *id, const char *type)
{
    return (struct order_filter){
        .log = bytes_of_text(log), .id = bytes_of_text(id), .type = bytes_of_text(type)};
}

static void open_with_table(struct test_engine *t)
{
    test_engine_open(t, NULL);
    test_create(t, "log", VALUE_N, STREAM_NONE);
}

static void expect_types(struct test_engine *t, const char *table, const char *log,
                         const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct order_count *counts = NULL;
    size_t count = 0;

    assert_int_equal(order_counts(t->store, NULL, test_table_id(t, table), bytes_of_text(log),
                                  t->arena, &counts, &count),
                     OK);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%.*s.%.*s %llu", i > 0 ? ", " : "", BYTES_ARG(counts[i].log),
                      BYTES_ARG(counts[i].type), (unsigned long long)counts[i].events);
    test_expect_text(t->arena, "counts", buffer_bytes(&out), expected);
}

static void test_readers(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_table(&t);
    test_append(&t, "log", "users", "2", 1, "signup");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_append(&t, "log", "orders", "1", 1, "placed");
    test_append(&t, "log", "users", "1", 2, "moved");
    test_append(&t, "log", "users", "10", 1, "signup");
    test_put_item(&t, "log", "{'pk':{'S':'users#1#row'},'sk':{'N':'1'}}");
    test_expect_order(&t, "log", ALL,
                      "users#2/1 signup, users#1/1 signup, orders#1/1 placed, users#1/2 moved, "
                      "users#10/1 signup");
    test_expect_order(&t, "log", of("users", "", ""),
                      "users#2/1 signup, users#1/1 signup, users#1/2 moved, users#10/1 signup");
    test_expect_order(&t, "log", of("users", "", "signup"),
                      "users#2/1 signup, users#1/1 signup, users#10/1 signup");
    test_expect_order(&t, "log", of("", "", "placed"), "orders#1/1 placed");
    test_expect_order(&t, "log", of("users", "1", ""), "users#1/1 signup, users#1/2 moved");
    test_expect_order(&t, "log", of("users", "1", "moved"), "users#1/2 moved");
    test_expect_order(&t, "log", of("nothing", "", ""), "");
    expect_types(&t, "log", "", "orders.placed 1, users.moved 1, users.signup 3");
    expect_types(&t, "log", "users", "users.moved 1, users.signup 3");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
}

static uint64_t position_of(struct test_engine *t, struct order_filter filter)
{
    uint64_t position = 0;

    assert_int_equal(order_last(t->store, NULL, test_table_id(t, "log"), &filter, &position), OK);
    return position;
}

static void test_overwritten(void **state)
{
    struct test_engine t;
    uint64_t position = 0;

    (void)state;
    open_with_table(&t);
    test_append(&t, "log", "users", "1", 1, "signup");
    test_append(&t, "log", "users", "2", 1, "signup");
    position = position_of(&t, of("users", "1", ""));
    test_append(&t, "log", "users", "1", 1, "renamed"); /* another type, the same place */
    assert_int_equal(position_of(&t, of("users", "1", "")), position);
    test_expect_order(&t, "log", ALL, "users#1/1 renamed, users#2/1 signup");
    expect_types(&t, "log", "", "users.renamed 1, users.signup 1");
    test_step_on(&t, "log",
                 &(struct test_step){.kind = WRITE_UPDATE,
                                     .item = "{'pk':{'S':'users#1#stream'},'sk':{'N':'1'}}",
                                     .update = "SET more = :m",
                                     .values = "{':m':{'S':'x'}}"},
                 NULL);
    assert_int_equal(position_of(&t, of("users", "1", "")), position);
    /* no event any more, and then another one */
    test_put_item(&t, "log", "{'pk':{'S':'users#1#stream'},'sk':{'N':'1'}}");
    test_expect_order(&t, "log", ALL, "users#2/1 signup");
    test_expect_sound(&t, "log");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_expect_order(&t, "log", ALL, "users#2/1 signup, users#1/1 signup");
    test_step_on(&t, "log",
                 &(struct test_step){.kind = WRITE_DELETE,
                                     .item = "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'}}"},
                 NULL);
    test_expect_order(&t, "log", ALL, "users#1/1 signup");
    expect_types(&t, "log", "", "users.signup 1");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
}

static void test_transactions(void **state)
{
    struct test_engine t;
    struct item_write writes[3];
    const char *items[3];

    (void)state;
    open_with_table(&t);
    items[0] = test_event(&t, "a", "1", 1, "x");
    items[1] = test_event(&t, "b", "1", 1, "y");
    items[2] = test_event(&t, "a", "1", 2, "z");
    for (size_t i = 0; i < 3; i++)
        writes[i] =
            test_item_write(&t, "log", &(struct test_step){.kind = WRITE_PUT, .item = items[i]});

    struct test_engine_write test = {.write = {.writes = writes, .count = 3, .atomic = true}};

    assert_int_equal(test_write(&t, &test), OK);
    test_expect_order(&t, "log", ALL, "a#1/1 x, b#1/1 y, a#1/2 z");
    expect_types(&t, "log", "", "a.x 1, a.z 1, b.y 1");
    test_append(&t, "log", "c", "1", 1, "x"); /* runs' numbers are not given twice */
    test_expect_order(&t, "log", ALL, "a#1/1 x, b#1/1 y, a#1/2 z, c#1/1 x");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
}

static void test_streams(void **state)
{
    struct test_engine t;
    struct order_stream *streams = NULL;
    size_t count = 0;
    bool more = false;
    uint32_t id = 0;

    (void)state;
    open_with_table(&t);
    id = test_table_id(&t, "log");
    test_append(&t, "log", "users", "2", 1, "signup");
    test_append(&t, "log", "users", "10", 2, "moved"); /* in no order of versions */
    test_append(&t, "log", "users", "10", 1, "signup");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_append(&t, "log", "users", "1", 2, "moved");
    test_append(&t, "log", "userz", "7", 1, "signup");
    test_put_item(&t, "log", "{'pk':{'S':'users#1#stream'},'sk':{'N':'9'}}"); /* no event */
    assert_int_equal(order_streams(t.store, NULL, id, BYTES("users"), BYTES(""), 2, t.arena,
                                   &streams, &count, &more),
                     OK);
    assert_int_equal(count, 2);
    assert_true(more);
    assert_true(bytes_equal_text(streams[0].id, "1"));
    assert_int_equal(streams[0].version, 2);
    assert_true(bytes_equal_text(streams[1].id, "10"));
    assert_int_equal(streams[1].version, 2);
    assert_int_equal(order_streams(t.store, NULL, id, BYTES("users"), BYTES("10"), 2, t.arena,
                                   &streams, &count, &more),
                     OK);
    assert_int_equal(count, 1);
    assert_false(more);
    assert_true(bytes_equal_text(streams[0].id, "2"));
    test_engine_close(&t);
}

static void test_a_table_that_goes(void **state)
{
    struct test_engine t;
    uint32_t id = 0;
    struct order_read read = {0};
    struct order_page page;

    (void)state;
    open_with_table(&t);
    id = read.table_id = test_table_id(&t, "log");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_drop(&t, "log");
    assert_int_equal(order_read(t.store, NULL, &read, t.arena, &page), OK);
    assert_true(page.filling && page.count == 0); /* nothing is known of it */
    test_create(&t, "log", VALUE_N, STREAM_NONE);
    assert_int_not_equal(test_table_id(&t, "log"), id);
    test_expect_order(&t, "log", ALL, "");
    test_engine_close(&t);
}

static void test_restored(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_table(&t);
    test_append(&t, "log", "users", "2", 1, "signup");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_append(&t, "log", "users", "1", 2, "moved");

    struct engine_backup backup = test_back_up(&t, "log", "backup");

    test_step_on(&t, "log",
                 &(struct test_step){.kind = WRITE_DELETE,
                                     .item = "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'}}"},
                 NULL);
    test_restore_backup(&t, &backup, "copy", NULL);
    while (engine_busy(t.engine))
        test_loop_turn(&t.loop);
    test_expect_order(&t, "copy", ALL, "users#2/1 signup, users#1/1 signup, users#1/2 moved");
    test_expect_sound(&t, "copy");
    test_append(&t, "copy", "users", "0", 1, "signup");
    test_expect_order(&t, "copy", ALL,
                      "users#2/1 signup, users#1/1 signup, users#1/2 moved, users#0/1 signup");
    test_expect_order(&t, "log", ALL, "users#1/1 signup, users#1/2 moved");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers),           cmocka_unit_test(test_overwritten),
        cmocka_unit_test(test_transactions),      cmocka_unit_test(test_streams),
        cmocka_unit_test(test_a_table_that_goes), cmocka_unit_test(test_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
