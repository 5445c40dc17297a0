/* What every kind of change leaves in the change stream, for every view type. */
#include "engine/engine_test.h"

#define OLD "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'old'}}"
#define NEW "{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'new'}}"
#define KEY "{'pk':{'S':'a'},'sk':{'N':'1'}}"

struct view_case {
    enum stream_view view;
    bool new_image, old_image;
};

static const struct view_case views[] = {
    {STREAM_KEYS_ONLY, false, false},
    {STREAM_NEW_IMAGE, true, false},
    {STREAM_OLD_IMAGE, false, true},
    {STREAM_NEW_AND_OLD_IMAGES, true, true},
};

static const struct test_step steps[] = {
    {.kind = WRITE_PUT, .item = OLD},
    {.kind = WRITE_PUT, .item = OLD, .idle = true},
    {.kind = WRITE_UPDATE, .item = KEY, .update = "SET v = :v", .values = "{':v':{'S':'new'}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET v = :v",
     .values = "{':v':{'S':'new'}}",
     .idle = true},
    {.kind = WRITE_DELETE, .item = KEY},
    {.kind = WRITE_DELETE, .item = KEY, .idle = true},
};

static const struct {
    enum change_kind kind;
    const char *new_image, *old_image;
} records[] = {
    {CHANGE_INSERT, OLD, NULL},
    {CHANGE_MODIFY, NEW, OLD},
    {CHANGE_REMOVE, NULL, NEW},
};

static struct table_stream stream_of(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));
    struct table_stream stream = table->stream;

    engine_table_unref(table);
    stream.label = (struct bytes){0};
    return stream;
}

static size_t read_records(struct test_engine *t, struct change *changes, size_t count_max)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_CHANGES, (struct bytes){0}, (struct bytes){0}, false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value)) {
        assert_true(count < count_max);
        key = arena_copy(t->arena, key);
        value = arena_copy(t->arena, value);
        assert_int_equal(change_decode(key, value, &changes[count++]), OK);
    }
    return count;
}

static void test_views(void **state)
{
    (void)state;
    for (size_t v = 0; v < ARRAY_COUNT(views); v++) {
        struct test_engine t;
        struct change changes[ARRAY_COUNT(steps)];

        test_engine_open(&t, NULL);
        test_create(&t, "t", VALUE_N, views[v].view);
        for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
            test_step_on(&t, "t", &steps[i], NULL);
            clock_advance(t.clock, 1);
        }
        assert_int_equal(read_records(&t, changes, ARRAY_COUNT(steps)), ARRAY_COUNT(records));
        for (size_t i = 0; i < ARRAY_COUNT(records); i++) {
            assert_int_equal(changes[i].stream_id, stream_of(&t, "t").id);
            assert_int_equal(changes[i].shard, 0);
            assert_int_equal(changes[i].position, i + 2); /* 1: where its shard begins */
            assert_int_equal(changes[i].kind, records[i].kind);
            assert_int_equal(changes[i].time_ms, TEST_NOW_MS + 2 * i);
            test_expect_text(t.arena, "keys", changes[i].keys, KEY);
            test_expect_text(t.arena, "new image", changes[i].new_image,
                             views[v].new_image ? records[i].new_image : NULL);
            test_expect_text(t.arena, "old image", changes[i].old_image,
                             views[v].old_image ? records[i].old_image : NULL);
        }
        test_engine_close(&t);
    }
}

static void test_no_stream_no_records(void **state)
{
    struct test_engine t;
    struct change changes[1];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NONE);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        test_step_on(&t, "t", &steps[i], NULL);
    assert_int_equal(read_records(&t, changes, 1), 0);
    assert_int_equal(store_last_position(t.store), ARRAY_COUNT(records)); /* places all the same */
    test_engine_close(&t);
}

static void test_keys_in_the_order_of_the_schema(void **state)
{
    struct test_engine t;
    struct change changes[1];
    struct item_write one;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_KEYS_ONLY);
    one = test_item_write(
        &t, "t",
        &(struct test_step){.kind = WRITE_PUT,
                            .item = "{'v':{'S':'x'},'sk':{'N':'1'},'pk':{'S':'a'}}"});
    one.change_flags = CHANGE_BY_TTL;

    struct test_engine_write work = {.write = {.writes = &one, .count = 1}};

    assert_int_equal(test_write(&t, &work), OK);
    assert_int_equal(read_records(&t, changes, 1), 1);
    test_expect_text(t.arena, "keys", changes[0].keys, KEY);
    assert_int_equal(changes[0].flags, CHANGE_BY_TTL);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_no_stream_no_records),
        cmocka_unit_test(test_keys_in_the_order_of_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
