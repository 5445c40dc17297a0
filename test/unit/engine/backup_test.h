/* engine/backup_test.h - backups and restores for tests: begun, waited for, looked at. */
#ifndef DYNLOG_TEST_ENGINE_BACKUP_TEST_H
#define DYNLOG_TEST_ENGINE_BACKUP_TEST_H

#include "engine/engine_test.h"

#include "engine/backup.h"

/* ---- backups ---- */

struct test_backup {
    struct backup_change change;
    bool done;
    enum status status;
};

static inline void test_backed_up(struct backup_change *change, enum status status)
{
    struct test_backup *test = CONTAINER_OF(change, struct test_backup, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline void test_submit_backup(struct test_engine *t, struct test_backup *test,
                                      const char *table, const char *name)
{
    *test = (struct test_backup){.change = {.table_name = bytes_of_text(table),
                                            .name = bytes_of_text(name),
                                            .arena = test_arena(t),
                                            .done = test_backed_up}};
    engine_backup_create(t->engine, &test->change);
}

/* A backup of the table as it is now. */
static inline struct engine_backup test_back_up(struct test_engine *t, const char *table,
                                                const char *name)
{
    struct test_backup test;

    test_submit_backup(t, &test, table, name);
    while (!test.done)
        test_loop_turn(&t->loop);
    test_expect_error(name, test.status, &test.change.error, NULL);
    return test.change.backup;
}

static inline void test_delete_backup(struct test_engine *t, const struct engine_backup *backup,
                                      const char *error)
{
    struct test_backup test = {.change = {.table_name = backup->table_name,
                                          .id = backup->id,
                                          .arena = test_arena(t),
                                          .done = test_backed_up}};

    engine_backup_delete(t->engine, &test.change);
    while (!test.done)
        test_loop_turn(&t->loop);
    test_expect_error("DeleteBackup", test.status, &test.change.error, error);
}

/* ---- restores ---- */

struct test_restore {
    struct table_source source;
    bool done;
    enum status status;
};

static inline void test_restore_begun(struct table_change *change, enum status status)
{
    struct table_source *source = CONTAINER_OF(change, struct table_source, change);
    struct test_restore *test = CONTAINER_OF(source, struct test_restore, source);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline enum status test_no_overrides(struct table_change *change, struct table *table,
                                            struct api_error *reterr)
{
    (void)change, (void)table, (void)reterr;
    return OK;
}

static inline void test_submit_restore(struct test_engine *t, struct test_restore *test,
                                       const char *name)
{
    test->done = false;
    test->source.change = (struct table_change){.kind = TABLE_CREATE,
                                                .name = bytes_of_text(name),
                                                .edit = test_no_overrides,
                                                .arena = test_arena(t),
                                                .done = test_restore_begun};
    engine_restore_table(t->engine, &test->source);
}

static inline void test_begin_restore(struct test_engine *t, struct test_restore *test,
                                      const char *name, const char *error)
{
    test_submit_restore(t, test, name);
    while (!test->done)
        test_loop_turn(&t->loop);
    test_expect_error(name, test->status, &test->source.change.error, error);
}

static inline void test_restore_backup(struct test_engine *t, const struct engine_backup *backup,
                                       const char *name, const char *error)
{
    struct test_restore test = {.source = {.backup_arn = BYTES("arn"),
                                           .table_name = backup->table_name,
                                           .backup_id = backup->id}};

    test_begin_restore(t, &test, name, error);
}

/* time_ms 0: now. */
static inline void test_restore_past(struct test_engine *t, const char *source, uint64_t time_ms,
                                     const char *name, const char *error)
{
    struct test_restore test = {.source = {.table_name = bytes_of_text(source),
                                           .latest = time_ms == 0,
                                           .time_ms = time_ms}};

    test_begin_restore(t, &test, name, error);
}

static inline bool test_is_active(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));

    engine_table_unref(table);
    return table != NULL;
}

static inline void test_wait_active(struct test_engine *t, const char *name)
{
    while (!test_is_active(t, name))
        test_loop_turn(&t->loop);
}

static inline void test_wait_quiet(struct test_engine *t)
{
    while (engine_busy(t->engine))
        test_loop_turn(&t->loop);
}

/* Moves the clock, and begins what is due then. */
static inline void test_advance_only(struct test_engine *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    timers_run(t->timers);
}

/* And waits for it. */
static inline void test_advance(struct test_engine *t, uint64_t by_ms)
{
    test_advance_only(t, by_ms);
    test_wait_quiet(t);
}

/* ---- settings ---- */

static inline enum status test_edit_recovery(struct table_change *change, struct table *table,
                                             struct api_error *reterr)
{
    const uint32_t *days = change->context;

    (void)reterr;
    table->point_in_time_recovery = days != NULL;
    table->recovery_period_days = days != NULL ? *days : 0;
    return OK;
}

/* days NULL: off. */
static inline void test_recovery(struct test_engine *t, const char *table, const uint32_t *days)
{
    union {
        const void *in;
        void *out;
    } context = {days};
    struct test_table_change test = {.change = {.kind = TABLE_UPDATE,
                                                .name = bytes_of_text(table),
                                                .edit = test_edit_recovery,
                                                .context = context.out}};

    assert_int_equal(test_change_table(t, &test), OK);
}

static inline void test_recovery_on(struct test_engine *t, const char *table)
{
    static const uint32_t most = RECOVERY_PERIOD_DAYS_MAX;

    test_recovery(t, table, &most);
}

static inline struct recovery_window test_window(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));

    assert_non_null(table);
    assert_true(table->point_in_time_recovery);

    struct recovery_window window = engine_recovery_window(t->engine, table);

    engine_table_unref(table);
    return window;
}

/* ---- what is on disk ---- */

static inline size_t test_count_keys(struct test_engine *t, enum store_family family,
                                     struct bytes from, struct bytes to)
{
    struct store_iter *iter = store_iter_new(t->store, NULL, family, from, to, false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    assert_int_equal(store_iter_status(iter), OK);
    store_iter_free(iter);
    return count;
}

static inline size_t test_count_all(struct test_engine *t, enum store_family family)
{
    return test_count_keys(t, family, (struct bytes){0}, (struct bytes){0});
}

#endif
