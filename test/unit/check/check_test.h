/* check/check_test.h - a folder that an engine filled, one row of it made wrong, and what the check
 * tells of it. */
#ifndef DYNLOG_TEST_CHECK_TEST_H
#define DYNLOG_TEST_CHECK_TEST_H

#include "engine/order_test.h"

#include "check/check.h"

struct test_check {
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    /* of the last test_check_run() */
    struct buffer found; /* "kind family key; " for each finding */
    struct buffer remarks;
    struct check_result result;
    enum status status;
    char message[STORE_MESSAGE_SIZE];
    bool gapless;
};

static inline void test_check_open(struct test_check *test)
{
    *test = (struct test_check){.found = BUFFER_INIT(1024 * 1024), .remarks = BUFFER_INIT(4096)};
    test_folder_make(test->folder);
    test_engine_open(&test->t, test->folder);
}

/* The engine goes, the folder stays. */
static inline void test_check_let_go(struct test_check *test)
{
    test_engine_close(&test->t);
}

static inline void test_check_end(struct test_check *test)
{
    buffer_free(&test->found);
    buffer_free(&test->remarks);
    test_folder_remove(test->folder);
}

/* ---- damage ---- */

struct test_damage {
    struct store_work work;
    enum store_family family;
    struct bytes key, value; /* value empty: the row goes */
    bool done;
};

static inline void test_damage_run(struct store_batch *batch, struct store_work *work)
{
    const struct test_damage *damage = CONTAINER_OF(work, struct test_damage, work);

    if (damage->value.size > 0)
        store_batch_put(batch, damage->family, damage->key, damage->value);
    else
        store_batch_delete(batch, damage->family, damage->key);
}

static inline void test_damage_done(struct store_work *work, enum status status)
{
    struct test_damage *damage = CONTAINER_OF(work, struct test_damage, work);

    assert_int_equal(status, OK);
    damage->done = true;
}

/* Puts (or, without a value, deletes) one row of a folder that nobody has open. */
static inline void test_damage_row(struct test_check *test, enum store_family family,
                                   struct bytes key, struct bytes value)
{
    struct test_damage damage = {.work = {.run = test_damage_run, .done = test_damage_done},
                                 .family = family,
                                 .key = key,
                                 .value = value};
    struct store *store = test_open(test->folder);
    struct test_loop loop;

    test_loop_open(&loop, store);
    store_submit(store, loop.port, &damage.work);
    while (!damage.done)
        test_loop_turn(&loop);
    store_close(store);
    test_loop_close(&loop);
}

/* The n-th row of a family, in the arena. */
static inline void test_row(struct test_check *test, enum store_family family, size_t at,
                            struct arena *arena, struct bytes *ret_key, struct bytes *ret_value)
{
    char message[STORE_MESSAGE_SIZE];
    struct store *store = NULL;
    struct store_iter *iter = NULL;
    struct bytes key, value;

    assert_int_equal(store_open_reading(test->folder, &store, message), OK);
    iter = store_iter_new(store, NULL, family, (struct bytes){0}, (struct bytes){0}, false);
    for (size_t i = 0; i <= at; i++)
        assert_true(store_iter_next(iter, &key, &value));
    *ret_key = arena_copy(arena, key);
    *ret_value = arena_copy(arena, value);
    store_iter_free(iter);
    store_close(store);
}

static inline void test_delete_row(struct test_check *test, enum store_family family, size_t at)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes key, value;

    test_row(test, family, at, arena, &key, &value);
    test_damage_row(test, family, key, (struct bytes){0});
}

/* ---- what is told ---- */

static inline void test_check_found(void *context, const struct check_finding *finding)
{
    struct test_check *test = context;

    buffer_printf(&test->found, "%s %s %.*s; ", finding->kind->word, finding->family,
                  BYTES_ARG(finding->key));
    assert_true(finding->expected.size > 0 && finding->there.size > 0);
}

static inline void test_check_part(void *context, const struct check_part *part)
{
    struct test_check *test = context;

    buffer_append(&test->remarks, part->remark);
}

static inline void test_check_run(struct test_check *test)
{
    struct check_options options = {
        .folder = test->folder,
        .gapless = test->gapless,
        .report = {.found = test_check_found, .part = test_check_part, .context = test}};

    buffer_clear(&test->found);
    buffer_clear(&test->remarks);
    test->status = check_run(&options, &test->result, test->message);
}

/* `expected`: every finding, as above; "" for none. */
static inline void test_expect_found(struct test_check *test, const char *expected)
{
    test_check_run(test);
    if (test->status != OK)
        fail_msg("it could not look: %s", test->message);
    if (!bytes_equal_text(buffer_bytes(&test->found), expected))
        fail_msg("\n  expected: %s\n  found:    %.*s", expected,
                 BYTES_ARG(buffer_bytes(&test->found)));
}

#endif
