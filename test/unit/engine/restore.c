/* Restores: what may be done with a table while it is made, with its source, and what becomes of
 * both when something goes wrong. What a restored table holds is compared at random in
 * recovery_model.c. */
#include "engine/backup_test.h"

#include "engine/backup_form.h"
#include "store/internal.h"

#include <signal.h>
#include <sys/resource.h>

#define ITEMS 60

static void put_number(struct test_engine *t, const char *table, size_t number, size_t value)
{
    struct bytes text =
        arena_printf(t->arena, "{'pk':{'S':'item %zu'},'v':{'N':'%zu'}}", number, value);

    test_put_item(t, table, (const char *)text.ptr);
}

/* A table "t" of ITEMS items with a backup, and jobs that take an item a step. */
static struct engine_backup open_with_backup(struct test_engine *t, const char *folder)
{
    struct engine_backup backup;

    test_engine_open(t, folder);
    test_create(t, "t", VALUE_NULL, STREAM_NONE);
    for (size_t i = 0; i < ITEMS; i++)
        put_number(t, "t", i, 1);
    backup = test_back_up(t, "t", "backup");
    t->engine->step_count_max = 1;
    return backup;
}

static void expect_change(struct test_engine *t, enum table_change_kind kind, const char *name,
                          const char *error)
{
    struct test_table_change test = {.change = {.kind = kind,
                                                .name = bytes_of_text(name),
                                                .wanted = test_schema(VALUE_NULL, STREAM_NONE),
                                                .edit = test_edit_recovery}};
    enum status status = test_change_table(t, &test);

    test_expect_error(name, status, &test.change.error, error);
}

static void test_creating(void **state)
{
    struct test_engine t;
    struct engine_backup backup = open_with_backup(&t, NULL);
    struct test_step put = {.kind = WRITE_PUT,
                            .item = "{'pk':{'S':'a'}}",
                            .error = "ResourceNotFoundException: Requested resource not found"};
    struct test_backup making;
    const struct table *table = NULL;

    (void)state;
    test_restore_backup(&t, &backup, "r", NULL);
    table = engine_table_ref_any(t.engine, BYTES("r"));
    assert_non_null(table);
    assert_true(table->restore.in_progress);
    assert_true(bytes_equal_text(table->restore.backup_arn, "arn"));
    assert_true(bytes_equal_text(table->restore.table_arn,
                                 "arn:aws:dynamodb:us-east-1:000000000000:table/t"));
    assert_int_equal(table->restore.date_time_ms, backup.created_ms);
    engine_table_unref(table);

    assert_false(test_is_active(&t, "r"));
    test_step_on(&t, "r", &put, NULL);
    expect_change(&t, TABLE_CREATE, "r", "ResourceInUseException: Table is being used: r");
    expect_change(&t, TABLE_DELETE, "r",
                  "ResourceInUseException: Attempt to change a resource which is still in use: "
                  "Table is being created: r");
    expect_change(&t, TABLE_UPDATE, "r",
                  "ResourceNotFoundException: Requested resource not found: Table: r not found");
    test_submit_backup(&t, &making, "r", "early");
    while (!making.done)
        test_loop_turn(&t.loop);
    test_expect_error("CreateBackup", making.status, &making.change.error,
                      "TableNotFoundException: Table not found: r");
    test_restore_past(&t, "r", 0, "s", "TableNotFoundException: Table not found: r");
    assert_false(test_is_active(&t, "r"));

    test_wait_active(&t, "r");
    table = engine_table_ref(t.engine, BYTES("r"));
    assert_false(table->restore.in_progress);
    engine_table_unref(table);
    put.error = NULL;
    test_step_on(&t, "r", &put, NULL);
    expect_change(&t, TABLE_DELETE, "r", NULL);
    test_engine_close(&t);
}

/* What a time to live keeps for itself goes with it. */
static enum status enable_ttl(struct table_change *change, struct table *table,
                              struct api_error *reterr)
{
    (void)change, (void)reterr;
    table->ttl_attribute = BYTES("expires");
    table->ttl_enabled = true;
    return OK;
}

static void test_time_to_live_is_left_behind(void **state)
{
    struct test_engine t;
    struct test_table_change enable = {
        .change = {.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = enable_ttl}};
    struct engine_backup backup;
    const struct table *table = NULL;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    assert_int_equal(test_change_table(&t, &enable), OK);
    assert_int_equal(enable.change.table.index_count, 1);
    test_put_item(&t, "t", "{'pk':{'S':'old'},'expires':{'N':'1'}}");
    backup = test_back_up(&t, "t", "backup");
    test_restore_backup(&t, &backup, "r", NULL);
    test_wait_active(&t, "r");

    table = engine_table_ref(t.engine, BYTES("r"));
    assert_false(table->ttl_enabled);
    assert_int_equal(table->ttl_attribute.size, 0);
    assert_int_equal(table->index_count, 0);
    engine_table_unref(table);
    assert_int_equal(
        test_change_table(&t, &(struct test_table_change){.change = {.kind = TABLE_UPDATE,
                                                                     .name = BYTES("r"),
                                                                     .edit = enable_ttl}}),
        OK);
    test_engine_close(&t);
}

static void test_in_use(void **state)
{
    struct test_engine t;
    struct engine_backup backup = open_with_backup(&t, NULL);
    struct engine_backup other;
    char error[256];

    (void)state;
    t.engine->step_count_max = JOB_STEP_COUNT_MAX;
    other = test_back_up(&t, "t", "other");
    t.engine->step_count_max = 1;
    test_restore_backup(&t, &backup, "r", NULL);
    test_restore_backup(&t, &other, "r",
                        "TableInUseException: Table: r is already being restored from backup: arn");
    test_restore_backup(&t, &backup, "s",
                        "BackupInUseException: Backup is being used to restore another table: arn");
    snprintf(error, sizeof error,
             "BackupInUseException: Backup is being used to restore table: "
             "arn:aws:dynamodb:us-east-1:000000000000:table/t/backup/%.*s",
             BYTES_ARG(backup.id));
    test_delete_backup(&t, &backup, error);
    test_wait_active(&t, "r");
    test_restore_backup(&t, &other, "r", "TableAlreadyExistsException: Table already exists: r");
    test_delete_backup(&t, &backup, NULL);
    test_delete_backup(&t, &other, NULL);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 2 * ITEMS);
    test_engine_close(&t);
}

static void test_limit(void **state)
{
    struct test_engine t;
    struct engine_backup backup = open_with_backup(&t, NULL);

    (void)state;
    t.engine->restore_count = RESTORES_MAX;
    test_restore_backup(&t, &backup, "r",
                        "LimitExceededException: Subscriber limit exceeded: Only 50 restore "
                        "operations can be done simultaneously");
    t.engine->restore_count = RESTORES_MAX - 1;
    test_restore_backup(&t, &backup, "r", NULL);
    t.engine->restore_count -= RESTORES_MAX - 1;
    test_wait_active(&t, "r");
    test_engine_close(&t);
}

/* ---- the source goes meanwhile ---- */

static void expect_values(struct test_engine *t, const char *table, size_t value)
{
    assert_int_equal(test_figures(t, table).item_count, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        struct bytes key = arena_printf(t->arena, "{'pk':{'S':'item %zu'}}", i);
        struct bytes item =
            arena_printf(t->arena, "{'pk':{'S':'item %zu'},'v':{'N':'%zu'}}", i, value);

        test_expect_item(t, table, (const char *)key.ptr, (const char *)item.ptr);
    }
}

static void test_recovery_is_turned_off_meanwhile(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_backup(&t, NULL);
    test_recovery_on(&t, "t");
    test_restore_past(&t, "t", 0, "r", NULL);
    test_recovery(&t, "t", NULL);
    test_restore_past(&t, "t", 0, "s",
                      "PointInTimeRecoveryUnavailableException: Point in time recovery is not "
                      "enabled for table 't'");
    for (size_t i = 0; i < ITEMS; i++) /* its history goes on for the restore */
        put_number(&t, "t", i, 2);
    test_wait_active(&t, "r");
    expect_values(&t, "r", 1);
    expect_values(&t, "t", 2);
    assert_true(test_count_all(&t, STORE_HISTORY) > 0);
    test_advance(&t, 60000);
    assert_int_equal(test_count_all(&t, STORE_HISTORY), 0);
    put_number(&t, "t", 0, 3);
    assert_int_equal(test_count_all(&t, STORE_HISTORY), 0);
    test_engine_close(&t);
}

static void test_the_table_is_deleted_meanwhile(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_backup(&t, NULL);
    test_recovery_on(&t, "t");
    put_number(&t, "t", 0, 2);
    put_number(&t, "t", 0, 1);
    test_restore_past(&t, "t", 0, "r", NULL);
    test_recovery(&t, "t", NULL);
    test_drop(&t, "t"); /* leaves no backup: recovery is off */
    test_wait_active(&t, "r");
    expect_values(&t, "r", 1);
    test_wait_quiet(&t);
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 2 * ITEMS); /* of "r", of the backup */
    assert_int_equal(test_count_all(&t, STORE_HISTORY), 0);
    test_engine_close(&t);
}

/* ---- what goes wrong ---- */

static void damage_body(struct store_batch *batch, struct test_work *work)
{
    const uint32_t *id = work->context;
    uint8_t key[6] = {0};

    bytes_put_u32(key, *id);
    memset(key + 4, 0xFF, 2);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, sizeof key), BYTES("\1"));
}

static void test_damaged_source(void **state)
{
    struct test_engine t;
    struct engine_backup backup = open_with_backup(&t, NULL);
    struct test_work damage = {.body = damage_body, .context = &backup.items_id};

    (void)state;
    assert_int_equal(test_do(&t.loop, &damage), OK);
    test_restore_backup(&t, &backup, "r", NULL);
    test_wait_quiet(&t);
    assert_null(engine_table_ref_any(t.engine, BYTES("r")));
    assert_string_equal(t.said,
                        "the table r can't be restored: stored data is damaged; it was given "
                        "up, and the table is gone");
    assert_int_equal(test_count_all(&t, STORE_ITEMS), 2 * ITEMS + 1);
    test_delete_backup(&t, &backup, NULL);
    test_create(&t, "r", VALUE_NULL, STREAM_NONE);
    test_engine_close(&t);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* It waits, and goes on. */
static void test_failing_disk(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct engine_backup backup;

    (void)state;
    test_folder_make(folder);
    backup = open_with_backup(&t, folder);
    t.store->repair_pause_ms = 0;
    test_restore_backup(&t, &backup, "r", NULL);
    limit_files(4096);
    while (timers_next_ms(t.timers) > clock_now_ms(t.clock) + JOB_RETRY_MS)
        test_loop_turn(&t.loop);
    test_advance_only(&t, JOB_RETRY_MS);
    while (timers_next_ms(t.timers) > clock_now_ms(t.clock) + JOB_RETRY_MS)
        test_loop_turn(&t.loop);
    assert_false(test_is_active(&t, "r"));
    limit_files(RLIM_INFINITY);
    while (!test_is_active(&t, "r")) {
        if (timers_next_ms(t.timers) <= clock_now_ms(t.clock) + JOB_RETRY_MS)
            test_advance_only(&t, JOB_RETRY_MS);
        test_loop_turn(&t.loop);
    }
    expect_values(&t, "r", 1);
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* A record of a restore whose table is not there: the engine does not start on it. */
static void lost_body(struct store_batch *batch, struct test_work *work)
{
    struct test_engine *t = work->context;
    struct restore_record record = {.table_id = 77, .table_name = BYTES("lost"), .items_id = 78};

    store_batch_put(batch, STORE_CATALOGUE, restore_key(t->arena, 77),
                    restore_print(t->arena, &record));
}

static void test_a_record_without_its_table(void **state)
{
    struct test_engine t;
    struct test_work lost = {.body = lost_body, .context = &t};
    struct engine *second = NULL;

    (void)state;
    test_engine_open(&t, NULL);
    assert_int_equal(test_do(&t.loop, &lost), OK);
    assert_int_equal(engine_open(t.store, t.clock, &test_place, &second), OK);

    struct engine_door door = {.port = t.loop.port, .timers = t.timers};

    assert_int_equal(engine_start(second, &door), CORRUPT);
    assert_true(engine_stop(second));
    engine_close(second);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creating),
        cmocka_unit_test(test_time_to_live_is_left_behind),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_recovery_is_turned_off_meanwhile),
        cmocka_unit_test(test_the_table_is_deleted_meanwhile),
        cmocka_unit_test(test_damaged_source),
        cmocka_unit_test(test_failing_disk),
        cmocka_unit_test(test_a_record_without_its_table),
    };

    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE fails with EFBIG instead */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
