/* Spaces of keys: held, let go, dropped in any order; and what their record on disk is. */
#include "engine/engine_test.h"

/* One run() on the writer's thread. */
struct space_work {
    struct test_work work;
    struct arena *arena;
    void (*act)(struct store_batch *batch, struct arena *arena, struct space *space);
    uint32_t id;
    enum status status;
    struct space loaded;
};

static void body(struct store_batch *batch, struct test_work *work)
{
    struct space_work *test = CONTAINER_OF(work, struct space_work, work);
    struct space space;

    test->status = space_load(batch, test->arena, STORE_ITEMS, test->id, &space);
    test->loaded = space;
    if (test->status == OK && test->act != NULL)
        test->act(batch, test->arena, &space);
}

static enum status act_on(struct test_engine *t, uint32_t id, struct space *ret,
                          void (*act)(struct store_batch *batch, struct arena *arena,
                                      struct space *space))
{
    struct space_work test = {.work = {.body = body}, .arena = t->arena, .act = act, .id = id};

    assert_int_equal(test_do(&t->loop, &test.work), OK);
    if (ret != NULL)
        *ret = test.loaded;
    return test.status;
}

static void put_body(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[5] = {0};

    bytes_put_u32(key, *(const uint32_t *)work->context);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, sizeof key), BYTES("item"));
}

static void put(struct test_engine *t, uint32_t id)
{
    struct test_work work = {.body = put_body, .context = &id};

    assert_int_equal(test_do(&t->loop, &work), OK);
}

static size_t count(struct test_engine *t, enum store_family family, const char *from,
                    const char *to)
{
    struct store_iter *iter =
        store_iter_new(t->store, NULL, family, bytes_of_text(from), bytes_of_text(to), false);
    struct bytes key, value;
    size_t found = 0;

    while (store_iter_next(iter, &key, &value))
        found++;
    store_iter_free(iter);
    return found;
}

static void expect(struct test_engine *t, size_t items, size_t records)
{
    assert_int_equal(count(t, STORE_ITEMS, "", ""), items);
    assert_int_equal(count(t, STORE_CATALOGUE, "engine/readers/", "engine/readers0"), records);
}

static void test_nobody_reads(void **state)
{
    struct test_engine t;
    struct space space;

    (void)state;
    test_engine_open(&t, NULL);
    put(&t, 7);
    put(&t, 8);
    assert_int_equal(act_on(&t, 7, &space, NULL), OK);
    assert_int_equal(space.readers, 0);
    assert_false(space.dropped);
    assert_int_equal(act_on(&t, 7, NULL, space_drop), OK);
    expect(&t, 1, 0);
    test_engine_close(&t);
}

static void test_dropped_while_two_read(void **state)
{
    struct test_engine t;
    struct space space;

    (void)state;
    test_engine_open(&t, NULL);
    put(&t, 7);
    put(&t, 8);
    act_on(&t, 7, NULL, space_hold);
    act_on(&t, 7, NULL, space_hold);
    act_on(&t, 7, NULL, space_drop);
    expect(&t, 2, 1);
    act_on(&t, 7, &space, space_release);
    assert_int_equal(space.readers, 2);
    assert_true(space.dropped);
    expect(&t, 2, 1);
    act_on(&t, 7, NULL, space_release);
    expect(&t, 1, 0); /* of 8 */
    test_engine_close(&t);
}

static void test_held_and_let_go(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    put(&t, UINT32_MAX - 1);
    act_on(&t, UINT32_MAX - 1, NULL, space_hold);
    act_on(&t, UINT32_MAX - 1, NULL, space_release);
    expect(&t, 1, 0);
    act_on(&t, UINT32_MAX - 1, NULL, space_drop);
    expect(&t, 0, 0);
    test_engine_close(&t);
}

/* ---- the record ---- */

static void put_record(struct store_batch *batch, struct test_work *work)
{
    const struct bytes *value = work->context;

    store_batch_put(batch, STORE_CATALOGUE, BYTES("engine/readers/00000007"), *value);
}

static void test_wrong_records(void **state)
{
    static const struct {
        struct bytes value;
        enum status status;
    } cases[] = {
        {{(const uint8_t *)"\1\0\0\0\3\0", 6}, OK},
        {{(const uint8_t *)"\1\0\0\0\3\1", 6}, OK},
        {{(const uint8_t *)"\1\0\0\0\3\2", 6}, CORRUPT},
        {{(const uint8_t *)"\1\0\0\0\3", 5}, CORRUPT},
        {{(const uint8_t *)"\1\0\0\0\3\0\0", 7}, CORRUPT},
        {{(const uint8_t *)"\0\0\0\0\3\0", 6}, CORRUPT},
        {{(const uint8_t *)"\2", 1}, NEWER_FORMAT},
        {{(const uint8_t *)"", 0}, CORRUPT},
    };
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes value = cases[i].value;
        struct test_work work = {.body = put_record, .context = &value};
        struct space space;

        assert_int_equal(test_do(&t.loop, &work), OK);
        assert_int_equal(act_on(&t, 7, &space, NULL), cases[i].status);
        if (cases[i].status == OK)
            assert_int_equal(space.readers, 3);
    }
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_reads),
        cmocka_unit_test(test_dropped_while_two_read),
        cmocka_unit_test(test_held_and_let_go),
        cmocka_unit_test(test_wrong_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
