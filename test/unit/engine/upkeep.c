/* What the clock takes away: history, backups of deleted tables. */
#include "engine/backup_test.h"

static void expect_records(struct test_engine *t, size_t count)
{
    assert_int_equal(test_count_all(t, STORE_HISTORY), count);
}

/* ---- trimming ---- */

#define DAY_MS ((uint64_t)24 * 60 * 60 * 1000)

static void put_number(struct test_engine *t, size_t number)
{
    struct bytes text = arena_printf(t->arena, "{'pk':{'S':'a'},'v':{'N':'%zu'}}", number);

    test_put_item(t, "t", (const char *)text.ptr);
}

static void test_trimming_by_the_clock(void **state)
{
    static const uint32_t one_day = 1;
    struct test_engine t = {.step_count_max = 0};

    (void)state;
    test_engine_open(&t, NULL);
    t.engine->step_count_max = 3; /* several steps */
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_recovery(&t, "t", &one_day);
    for (size_t i = 0; i < 10; i++)
        put_number(&t, i);
    test_advance(&t, DAY_MS);
    for (size_t i = 0; i < 5; i++)
        put_number(&t, 100 + i);
    expect_records(&t, 15);
    /* clients that cut a fraction off may ask for up to a second before the earliest moment */
    test_advance(&t, 999);
    expect_records(&t, 15);
    test_advance(&t, 60001);
    expect_records(&t, 5);
    test_advance(&t, DAY_MS);
    expect_records(&t, 0);
    test_engine_close(&t);
}

/* A longer period keeps more from then on, and brings nothing back. */
static void test_periods(void **state)
{
    static const uint32_t one_day = 1, two_days = 2;
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_recovery(&t, "t", &one_day);
    put_number(&t, 1);
    test_advance(&t, DAY_MS + 120000);
    expect_records(&t, 0);
    assert_int_equal(test_window(&t, "t").earliest_ms, TEST_NOW_MS + 120000);
    test_recovery(&t, "t", &two_days);
    assert_int_equal(test_window(&t, "t").earliest_ms, TEST_NOW_MS + 120000);
    put_number(&t, 2);
    test_advance(&t, DAY_MS + DAY_MS / 2);
    expect_records(&t, 1);
    assert_int_equal(test_window(&t, "t").earliest_ms, TEST_NOW_MS + 120000 + DAY_MS / 2);
    test_recovery(&t, "t", &one_day);
    test_advance(&t, 60000);
    expect_records(&t, 0);
    test_engine_close(&t);
}

/* While a restore walks over a history nothing of it goes. */
static void test_not_while_it_is_read(void **state)
{
    static const uint32_t one_day = 1;
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_recovery(&t, "t", &one_day);
    for (size_t i = 0; i < 50; i++)
        put_number(&t, i);
    t.engine->step_count_max = 1;
    test_restore_past(&t, "t", TEST_NOW_MS, "r", NULL);
    test_advance_only(&t, 2 * DAY_MS); /* the look is behind the restore's next step */
    put_number(&t, 100);
    expect_records(&t, 51);
    test_wait_quiet(&t);
    test_expect_item(&t, "r", "{'pk':{'S':'a'}}", "{'pk':{'S':'a'},'v':{'N':'49'}}");
    test_advance(&t, 60000);
    expect_records(&t, 1);
    test_engine_close(&t);
}

/* Several tables in one look, one of them dropped in the middle of it. */
static void test_several_tables(void **state)
{
    static const uint32_t one_day = 1;
    static const char *const names[] = {"aaa", "bbb", "ccc"};
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    t.engine->step_count_max = 2;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        test_create(&t, names[i], VALUE_NULL, STREAM_NONE);
        test_recovery(&t, names[i], &one_day);
        test_put_item(&t, names[i], "{'pk':{'S':'a'}}");
        test_put_item(&t, names[i], "{'pk':{'S':'b'}}");
        test_put_item(&t, names[i], "{'pk':{'S':'c'}}");
    }
    expect_records(&t, 9);
    test_advance_only(&t, 2 * DAY_MS);
    test_recovery(&t, "bbb", NULL);
    test_drop(&t, "ccc");
    test_wait_quiet(&t);
    expect_records(&t, 0);
    test_engine_close(&t);
}

/* ---- when somebody looks ---- */

static bool is_waiting(const struct test_engine *t)
{
    return timers_next_ms(t->timers) != UINT64_MAX;
}

static void test_nobody_looks_without_need(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_back_up(&t, "t", "for good");
    test_advance(&t, 60000);
    assert_false(is_waiting(&t));
    test_recovery_on(&t, "t");
    assert_true(is_waiting(&t));
    test_advance(&t, 60000);
    assert_true(is_waiting(&t));
    test_recovery(&t, "t", NULL);
    test_advance(&t, 60000);
    assert_false(is_waiting(&t));
    test_engine_close(&t);
}

/* What a process before left to be taken away. */
static void test_after_a_restart(void **state)
{
    struct test_engine t;
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_recovery_on(&t, "t");
    test_put_item(&t, "t", "{'pk':{'S':'a'}}");
    test_drop(&t, "t");
    test_engine_stop(&t);
    test_engine_start(&t);
    assert_true(is_waiting(&t));
    test_advance(&t, SYSTEM_BACKUP_LIFE_MS);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 0);
    test_advance(&t, 60000);
    assert_false(is_waiting(&t));
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trimming_by_the_clock),     cmocka_unit_test(test_periods),
        cmocka_unit_test(test_not_while_it_is_read),      cmocka_unit_test(test_several_tables),
        cmocka_unit_test(test_nobody_looks_without_need), cmocka_unit_test(test_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
