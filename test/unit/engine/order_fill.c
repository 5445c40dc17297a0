/* The order of a table that an older dynlog wrote: filled at the start, in steps, over restarts and
 * beside writes. What is older is made by taking away what is new. */
#include "engine/order_test.h"

#include <inttypes.h>

#define ALL ((struct order_filter){0})

static void settle(struct test_engine *t)
{
    while (engine_busy(t->engine))
        test_loop_turn(&t->loop);
}

static void restart(struct test_engine *t)
{
    test_engine_stop(t);
    test_engine_start(t);
}

/* ---- */

static void test_in_the_order_of_changes(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "log", VALUE_N, STREAM_KEYS_ONLY);
    test_append(&t, "log", "users", "2", 1, "signup");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_append(&t, "log", "users", "2", 2, "moved");
    test_append(&t, "log", "users", "2", 1, "renamed"); /* changes are no appends */
    test_put_item(&t, "log", "{'pk':{'S':'row'},'sk':{'N':'1'}}");
    test_age(&t, "log");
    restart(&t);
    settle(&t);
    test_expect_order(&t, "log", ALL, "users#2/1 renamed, users#1/1 signup, users#2/2 moved");
    test_expect_sound(&t, "log");
    test_append(&t, "log", "users", "0", 1, "signup");
    test_expect_order(&t, "log", ALL,
                      "users#2/1 renamed, users#1/1 signup, users#2/2 moved, users#0/1 signup");
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* Events without change records are before those with one. */
static void test_in_the_order_of_keys(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_table_change stream = {.change = {.kind = TABLE_UPDATE, .name = BYTES("log")}};

    (void)state;
    (void)stream;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "log", VALUE_N, STREAM_NONE);
    test_append(&t, "log", "users", "2", 1, "signup");
    test_append(&t, "log", "users", "10", 1, "signup");
    test_append(&t, "log", "users", "1", 2, "moved");
    test_append(&t, "log", "users", "1", 1, "signup");
    test_age(&t, "log");
    restart(&t);
    settle(&t);
    test_expect_order(&t, "log", ALL,
                      "users#1/1 signup, users#1/2 moved, users#10/1 signup, users#2/1 signup");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* Steps of one event, with a restart after each, and writes between them. */
static void test_over_restarts_beside_writes(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    bool is_filled = false;
    size_t starts = 0;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    t.step_count_max = 1;
    test_create(&t, "log", VALUE_N, STREAM_NEW_IMAGE);
    for (int i = 1; i <= 6; i++)
        test_append(&t, "log", "users", i % 2 != 0 ? "odd" : "even", (i + 1) / 2, "counted");
    test_age(&t, "log");
    while (!is_filled) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct order_read read = {.table_id = test_table_id(&t, "log")};
        struct order_page page;

        assert_int_equal(order_read(t.store, NULL, &read, arena, &page), OK);
        assert_true(page.filling && page.count == 0 && page.next == 0);
        restart(&t); /* each start takes a step, the stop waits for it */
        starts++;
        if (starts == 3) {
            test_append(&t, "log", "users", "odd", 1, "overwritten");
            test_append(&t, "log", "users", "late", 1, "appended");
            test_step_on(
                &t, "log",
                &(struct test_step){.kind = WRITE_DELETE,
                                    .item = "{'pk':{'S':'users#even#stream'},'sk':{'N':'3'}}"},
                NULL);
        }
        assert_int_equal(order_is_filled(t.store, NULL, test_table_id(&t, "log"), &is_filled), OK);
    }
    settle(&t);
    assert_true(starts > 3);
    test_expect_order(&t, "log", ALL,
                      "users#odd/1 overwritten, users#even/1 counted, users#odd/2 counted, "
                      "users#even/2 counted, users#odd/3 counted, users#late/1 appended");
    test_expect_sound(&t, "log");
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_order_of_changes),
        cmocka_unit_test(test_in_the_order_of_keys),
        cmocka_unit_test(test_over_restarts_beside_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
