/* Backups: of one moment whatever happens meanwhile, whole or not there. What they hold is compared
 * at random in recovery_model.c. */
#include "engine/backup_test.h"

#include "engine/backup_form.h"
#include "store/internal.h"

#include <signal.h>
#include <sys/resource.h>

static void put_number(struct test_engine *t, const char *table, size_t number)
{
    struct bytes text = arena_printf(t->arena, "{'pk':{'S':'item %zu'}}", number);

    test_put_item(t, table, (const char *)text.ptr);
}

static void fill(struct test_engine *t, const char *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_number(t, table, i);
}

static struct engine_backup find(struct test_engine *t, const struct engine_backup *backup,
                                 enum status expected)
{
    struct engine_backup found = {0};

    assert_int_equal(
        engine_backup_find(t->engine, backup->table_name, backup->id, t->arena, &found), expected);
    return found;
}

static struct backup_list list_all(struct test_engine *t)
{
    struct backup_list list = {.any_type = true, .to_ms = UINT64_MAX, .limit = 100};

    assert_int_equal(engine_backup_list(t->engine, &list, t->arena), OK);
    return list;
}

static void test_one_moment(void **state)
{
    struct test_engine t;
    struct test_backup making;
    struct engine_backup found;

    (void)state;
    test_engine_open(&t, NULL);
    t.engine->step_count_max = 3;
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    fill(&t, "t", 20);
    test_submit_backup(&t, &making, "t", "backup");
    put_number(&t, "t", 20);
    put_number(&t, "t", 21);
    assert_false(making.done); /* others go on meanwhile */
    test_drop(&t, "t");
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_wait_quiet(&t);
    assert_true(making.done);
    assert_int_equal(making.status, OK);
    found = find(&t, &making.change.backup, OK);
    assert_int_equal(found.item_count, 20);
    assert_true(found.available);
    assert_int_equal(found.created_ms, TEST_NOW_MS);
    assert_int_equal(found.expires_ms, 0);
    test_restore_backup(&t, &found, "r", NULL);
    test_wait_active(&t, "r");
    assert_int_equal(test_figures(&t, "r").item_count, 20);
    test_engine_close(&t);
}

static void test_refusals(void **state)
{
    struct test_engine t;
    struct test_backup making;
    struct engine_backup nothing = {.table_name = BYTES("t"), .id = BYTES("1-2")};
    struct backup_list list;

    (void)state;
    test_engine_open(&t, NULL);
    t.engine->step_count_max = 1;
    test_submit_backup(&t, &making, "t", "backup");
    test_wait_quiet(&t);
    test_expect_error("CreateBackup", making.status, &making.change.error,
                      "TableNotFoundException: Table not found: t");
    test_delete_backup(&t, &nothing,
                       "BackupNotFoundException: Backup not found: "
                       "arn:aws:dynamodb:us-east-1:000000000000:table/t/backup/1-2");
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    fill(&t, "t", 50);
    test_submit_backup(&t, &making, "t", "backup");
    put_number(&t, "t", 100);
    list = list_all(&t);
    assert_int_equal(list.count, 1);
    assert_false(list.backups[0].available);
    nothing.id = list.backups[0].id;

    char error[256];

    snprintf(error, sizeof error,
             "BackupInUseException: Backup is being created: "
             "arn:aws:dynamodb:us-east-1:000000000000:table/t/backup/%.*s",
             BYTES_ARG(nothing.id));
    test_delete_backup(&t, &nothing, error);
    snprintf(error, sizeof error, "BackupInUseException: Backup is being created: arn");
    test_restore_backup(&t, &nothing, "r", error);
    test_wait_quiet(&t);
    test_delete_backup(&t, &nothing, NULL);
    find(&t, &nothing, NOT_FOUND);
    test_engine_close(&t);
}

/* Stopping answers what is under way; the next start takes away what is not whole. */
static void test_stopped_in_the_middle(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_backup making;
    size_t items = 0;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    t.engine->step_count_max = 1;
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    fill(&t, "t", 30);
    test_submit_backup(&t, &making, "t", "backup");
    for (size_t i = 0; i < 5; i++)
        put_number(&t, "t", 100 + i);
    assert_false(making.done);
    test_engine_stop(&t);
    assert_true(making.done);
    assert_int_equal(making.status, CLOSED);
    test_engine_start(&t);
    items = test_count_all(&t, STORE_ITEMS);
    test_wait_quiet(&t);
    assert_int_equal(list_all(&t).count, 0);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 35);
    assert_true(items >= 35);
    test_engine_close(&t);
    test_folder_remove(folder);
}

static void test_names_of_backups_of_deleted_tables(void **state)
{
    struct test_engine t;
    struct backup_list list;

    (void)state;
    test_engine_open(&t, NULL);
    for (size_t i = 0; i < 3; i++) { /* the clock stands */
        test_create(&t, "t", VALUE_NULL, STREAM_NONE);
        test_recovery_on(&t, "t");
        fill(&t, "t", i);
        test_drop(&t, "t");
    }
    list = list_all(&t);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(bytes_equal_text(list.backups[i].name, "t$DeletedTableBackup"));
        assert_int_equal(list.backups[i].type, BACKUP_SYSTEM);
        assert_int_equal(list.backups[i].created_ms, TEST_NOW_MS + i);
        assert_int_equal(list.backups[i].expires_ms, TEST_NOW_MS + i + SYSTEM_BACKUP_LIFE_MS);
        assert_int_equal(list.backups[i].item_count, i);
    }
    assert_true(bytes_equal_text(list.backups[2].id, "01785000000002-00000000"));
    test_advance(&t, SYSTEM_BACKUP_LIFE_MS + 1);
    list = list_all(&t); /* the third has a millisecond to live */
    assert_int_equal(list.count, 1);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 2);
    test_advance(&t, 60000);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 0);
    test_engine_close(&t);
}

/* Names that sort differently with what stands behind them in keys. */
static void test_list_of_one_table(void **state)
{
    static const char *const names[] = {"a.b", "a-b", "aab", "a_b", "aa"};
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        test_create(&t, names[i], VALUE_NULL, STREAM_NONE);
        test_back_up(&t, names[i], "one");
        test_back_up(&t, names[i], "two");
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct backup_list list = {
            .table_name = bytes_of_text(names[i]), .to_ms = UINT64_MAX, .limit = 1};
        size_t seen = 0;

        do {
            assert_int_equal(engine_backup_list(t.engine, &list, t.arena), OK);
            assert_int_equal(list.count, 1);
            assert_true(bytes_equal_text(list.backups[0].table_name, names[i]));
            seen++;
            list.after_table_name = list.backups[0].table_name;
            list.after_id = list.backups[0].id;
        } while (list.more);
        assert_int_equal(seen, 2);
    }
    test_engine_close(&t);
}

/* ---- the disk ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void put_large(struct test_engine *t, size_t number)
{
    static const uint8_t bytes[300000];
    struct attribute attributes[] = {
        {BYTES("pk"), {.type = VALUE_S, .bytes = arena_printf(t->arena, "item %zu", number)}},
        {BYTES("v"), {.type = VALUE_B, .bytes = bytes_of(bytes, sizeof bytes)}},
    };
    struct item_write one = {
        .kind = WRITE_PUT, .table_name = BYTES("t"), .item = {attributes, ARRAY_COUNT(attributes)}};
    struct test_engine_write test = {.write = {.writes = &one, .count = 1}};

    assert_int_equal(test_write(t, &test), OK);
}

/* What was copied when the disk failed goes, as soon as the disk is well. */
static void test_failing_disk(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_backup making;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    t.store->repair_pause_ms = 0;
    t.engine->step_count_max = 1;
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    for (size_t i = 0; i < 20; i++)
        put_large(&t, i);
    test_submit_backup(&t, &making, "t", "backup");
    while (test_count_all(&t, STORE_ITEMS) < 25) /* some are copied */
        test_loop_turn(&t.loop);
    limit_files((rlim_t)64 << 10);
    while (!making.done)
        test_loop_turn(&t.loop);
    assert_int_equal(making.status, IO_ERROR);
    limit_files(RLIM_INFINITY);
    while (engine_busy(t.engine)) {
        while (timers_next_ms(t.timers) > clock_now_ms(t.clock) + JOB_RETRY_MS &&
               engine_busy(t.engine))
            test_loop_turn(&t.loop);
        test_advance_only(&t, JOB_RETRY_MS);
    }
    assert_int_equal(list_all(&t).count, 0);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 20);
    test_back_up(&t, "t", "again");
    assert_int_equal(list_all(&t).backups[0].item_count, 20);
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_moment),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_stopped_in_the_middle),
        cmocka_unit_test(test_names_of_backups_of_deleted_tables),
        cmocka_unit_test(test_list_of_one_table),
        cmocka_unit_test(test_failing_disk),
    };

    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE fails with EFBIG instead */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
