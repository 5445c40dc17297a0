/* Item collections: at their limit, and one byte past it, for every kind of write. That their sizes
 * are right whatever is written: index.c. */
#include "engine/index_test.h"

#define EXCEEDED "ItemCollectionSizeLimitExceededException: Collection size exceeded."

/* 'pk' (2 + 1), 'sk' (2 + 2), 'a' (1 + size): 8 + size; its entry, KEYS_ONLY, has all of it. */
static const struct test_index by_a = {"by_a", INDEX_LOCAL, "pk:S / a:S", PROJECTION_KEYS_ONLY,
                                       NULL};

#define ITEM_SIZE(size) ((uint64_t)2 * (8 + (size)))

static void open_with_limit(struct test_engine *t, uint64_t size_max)
{
    test_engine_open(t, NULL);
    test_create_indexed(t, "t", "pk:S / sk:N", STREAM_NONE, &by_a, 1);
    test_create(t, "plain", VALUE_N, STREAM_NONE);
    t->engine->collection_size_max = size_max;
}

static const char *item_of(struct test_engine *t, char pk, int sk, size_t size)
{
    static const char text[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    assert_true(size < sizeof text);
    return (const char *)arena_printf(t->arena,
                                      "{'pk':{'S':'%c'},'sk':{'N':'%d'},'a':{'S':'%.*s'}}", pk, sk,
                                      (int)size, text)
        .ptr;
}

static struct test_step put_of(struct test_engine *t, char pk, int sk, size_t size)
{
    return (struct test_step){.kind = WRITE_PUT, .item = item_of(t, pk, sk, size)};
}

static uint64_t size_after(struct test_engine *t, const struct test_step *step)
{
    struct item_write write;

    test_step_on(t, "t", step, &write);
    assert_int_equal(write.collection_key.count, 1);
    return write.collection_size;
}

static void expect_refused(struct test_engine *t, struct test_step step)
{
    step.error = EXCEEDED;
    test_step_on(t, "t", &step, NULL);
}

static void test_puts(void **state)
{
    struct test_engine t;
    struct test_step step;

    (void)state;
    open_with_limit(&t, ITEM_SIZE(10) + ITEM_SIZE(20));
    step = put_of(&t, 'p', 1, 10);
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(10));
    expect_refused(&t, put_of(&t, 'p', 2, 21));
    step = put_of(&t, 'p', 2, 20);
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(10) + ITEM_SIZE(20));
    step.idle = true; /* at the limit, the same again is no more */
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(10) + ITEM_SIZE(20));
    expect_refused(&t, put_of(&t, 'p', 1, 11));
    expect_refused(&t, put_of(&t, 'p', 3, 1));
    step = put_of(&t, 'q', 1, 10); /* another partition */
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(10));
    step = put_of(&t, 'p', 1, 9);
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(9) + ITEM_SIZE(20));
    step = (struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'p'},'sk':{'N':'2'}}"};
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(9));
    step = put_of(&t, 'p', 3, 20);
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(9) + ITEM_SIZE(20));
    test_engine_close(&t);
}

/* What is too large already may shrink, and be changed where it does not grow. */
static void test_above_the_limit(void **state)
{
    struct test_engine t;
    struct test_step step;

    (void)state;
    open_with_limit(&t, 1000);
    step = put_of(&t, 'p', 1, 60);
    size_after(&t, &step);
    step = put_of(&t, 'p', 2, 60);
    size_after(&t, &step);
    t.engine->collection_size_max = 10;
    expect_refused(&t, put_of(&t, 'p', 3, 1));
    step = (struct test_step){WRITE_PUT, .item = "{'pk':{'S':'p'},'sk':{'N':'1'},'b':{'S':''}}"};
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(60) + 3 + 4 + 1); /* no entry: no 'a' */
    step = (struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'p'},'sk':{'N':'2'}}"};
    assert_int_equal(size_after(&t, &step), 3 + 4 + 1);
    step = (struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'p'},'sk':{'N':'1'}}"};
    assert_int_equal(size_after(&t, &step), 0);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

static void test_update(void **state)
{
    static const char key[] = "{'pk':{'S':'p'},'sk':{'N':'10'}}";
    struct test_engine t;
    struct test_step step = {WRITE_UPDATE, .item = key, .update = "SET a = :a",
                             .values = "{':a':{'S':'xxxx'}}"};

    (void)state;
    open_with_limit(&t, ITEM_SIZE(4));
    assert_int_equal(size_after(&t, &step), ITEM_SIZE(4));
    step.values = "{':a':{'S':'xxxxx'}}";
    expect_refused(&t, step);
    test_expect_item(&t, "t", key, "{'pk':{'S':'p'},'sk':{'N':'10'},'a':{'S':'xxxx'}}");
    step.update = "SET more = :a"; /* not in the index: counts once, and is too much all the same */
    expect_refused(&t, step);
    step = (struct test_step){WRITE_UPDATE, .item = key, .update = "REMOVE a"};
    assert_int_equal(size_after(&t, &step), 3 + 4);
    test_engine_close(&t);
}

/* ---- one item with its entries ---- */

static const char *large_item(struct test_engine *t, const char *more, size_t size)
{
    char *text = arena_alloc(t->arena, size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    return (const char *)arena_printf(
               t->arena, "{'pk':{'S':'p'},'sk':{'N':'1'}%s,'large':{'S':'%s'}}", more, text)
        .ptr;
}

/* The item and its entries in local indexes have 400 KB together: here it counts once, or twice and
 * a little more. */
static void test_an_item_with_its_entries(void **state)
{
    static const struct test_index indexes[] = {
        {"all", INDEX_LOCAL, "pk:S / a:S", PROJECTION_ALL, NULL},
        {"keys", INDEX_LOCAL, "pk:S / a:S", PROJECTION_KEYS_ONLY, NULL},
        {"global", INDEX_GLOBAL, "a:S", PROJECTION_ALL, NULL},
    };
    const size_t once = ITEM_SIZE_MAX - 3 - 4 - 5;
    const size_t twice = (ITEM_SIZE_MAX - (3 + 4 + 2)) / 2 - 3 - 4 - 5 - 2;
    struct test_engine t;
    struct test_step put = {.kind = WRITE_PUT};
    struct test_step update = {WRITE_UPDATE, .item = "{'pk':{'S':'p'},'sk':{'N':'1'}}",
                               .update = "SET a = :a", .values = "{':a':{'S':'a'}}"};

    (void)state;
    test_engine_open(&t, NULL);
    test_create_indexed(&t, "t", "pk:S / sk:N", STREAM_NONE, indexes, ARRAY_COUNT(indexes));
    put.item = large_item(&t, "", once);
    test_step_on(&t, "t", &put, NULL);
    put.item = large_item(&t, ",'a':{'S':'a'}", twice);
    test_step_on(&t, "t", &put, NULL);
    put.error = "ValidationException: Item size has exceeded the maximum allowed size";
    put.item = large_item(&t, ",'a':{'S':'a'}", twice + 1);
    test_step_on(&t, "t", &put, NULL);
    put.item = large_item(&t, "", once + 1);
    test_step_on(&t, "t", &put, NULL);
    put = (struct test_step){WRITE_PUT, .item = large_item(&t, "", twice + 1)};
    test_step_on(&t, "t", &put, NULL);
    update.error = "ValidationException: Item size to update has exceeded the maximum allowed size";
    test_step_on(&t, "t", &update, NULL);
    put.item = large_item(&t, "", twice);
    test_step_on(&t, "t", &put, NULL);
    update.error = NULL;
    test_step_on(&t, "t", &update, NULL);
    test_engine_close(&t);
}

/* ---- several at once ---- */

struct several {
    struct test_engine_write test;
    struct item_write writes[4];
};

static enum status write_several(struct test_engine *t, struct several *several,
                                 const struct test_step *steps, size_t count, bool atomic)
{
    several->test = (struct test_engine_write){
        .write = {.writes = several->writes, .count = count, .atomic = atomic}};
    for (size_t i = 0; i < count; i++)
        several->writes[i] = test_item_write(t, "t", &steps[i]);
    return test_write(t, &several->test);
}

static void expect_write(const struct item_write *write, uint64_t size, const char *error)
{
    test_expect_error("a write", write->status, write->error, error);
    if (error == NULL)
        assert_int_equal(write->collection_size, size);
}

static void test_batch(void **state)
{
    struct test_engine t;
    struct several several;

    (void)state;
    open_with_limit(&t, 2 * ITEM_SIZE(9));

    const struct test_step steps[] = {put_of(&t, 'p', 11, 9), put_of(&t, 'p', 12, 9),
                                      put_of(&t, 'p', 13, 9), put_of(&t, 'q', 11, 9)};

    assert_int_equal(write_several(&t, &several, steps, ARRAY_COUNT(steps), false), OK);
    expect_write(&several.writes[0], ITEM_SIZE(9), NULL);
    expect_write(&several.writes[1], 2 * ITEM_SIZE(9), NULL);
    expect_write(&several.writes[2], 0, EXCEEDED);
    expect_write(&several.writes[3], ITEM_SIZE(9), NULL);
    assert_int_equal(test_figures(&t, "t").item_count, 3);
    test_engine_close(&t);
}

/* Together they must fit; what one gives back another may take, in their order. */
static void test_transaction(void **state)
{
    struct test_engine t;
    struct several several;

    (void)state;
    open_with_limit(&t, 2 * ITEM_SIZE(9));

    const struct test_step three[] = {put_of(&t, 'p', 11, 9), put_of(&t, 'p', 12, 9),
                                      put_of(&t, 'p', 13, 9)};
    const struct test_step exchange[] = {
        {WRITE_DELETE, .item = "{'pk':{'S':'p'},'sk':{'N':'11'}}"},
        put_of(&t, 'p', 13, 9),
        {WRITE_CHECK, .item = "{'pk':{'S':'p'},'sk':{'N':'12'}}",
         .condition = "attribute_exists(pk)"},
    };

    assert_int_equal(write_several(&t, &several, three, 3, true), OK);
    expect_write(&several.writes[0], ITEM_SIZE(9), NULL);
    expect_write(&several.writes[2], 0, EXCEEDED);
    assert_int_equal(test_figures(&t, "t").item_count, 0);
    assert_int_equal(test_count_entries(&t, 0), 0);

    assert_int_equal(write_several(&t, &several, three, 2, true), OK);
    expect_write(&several.writes[1], 2 * ITEM_SIZE(9), NULL);
    assert_int_equal(write_several(&t, &several, exchange, 3, true), OK);
    expect_write(&several.writes[0], ITEM_SIZE(9), NULL);
    expect_write(&several.writes[1], 2 * ITEM_SIZE(9), NULL);
    assert_int_equal(several.writes[2].collection_key.count, 0); /* a check writes nothing */
    assert_int_equal(test_figures(&t, "t").item_count, 2);
    test_engine_close(&t);
}

/* ---- tables without a local index have none ---- */

static void test_none(void **state)
{
    static const struct test_index global = {"by_a", INDEX_GLOBAL, "pk:S / a:S", PROJECTION_ALL,
                                             NULL};
    struct test_engine t;
    struct item_write write;
    struct test_step step;

    (void)state;
    open_with_limit(&t, 1);
    test_create_indexed(&t, "global", "pk:S / sk:N", STREAM_NONE, &global, 1);
    step = put_of(&t, 'p', 1, 60);
    test_step_on(&t, "plain", &step, &write);
    assert_int_equal(write.collection_key.count, 0);
    test_step_on(&t, "global", &step, &write);
    assert_int_equal(write.collection_key.count, 0);
    assert_int_equal(test_count_entries(&t, 0), 1);
    test_engine_close(&t);
}

static void test_over_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_step step;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create_indexed(&t, "t", "pk:S / sk:N", STREAM_NONE, &by_a, 1);
    step = put_of(&t, 'p', 1, 10);
    size_after(&t, &step);
    test_engine_stop(&t);
    test_engine_start(&t);
    assert_int_equal(t.engine->collection_size_max, ENGINE_COLLECTION_SIZE_MAX);
    step = put_of(&t, 'p', 2, 10);
    assert_int_equal(size_after(&t, &step), 2 * ITEM_SIZE(10));
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts),   cmocka_unit_test(test_above_the_limit),
        cmocka_unit_test(test_update), cmocka_unit_test(test_an_item_with_its_entries),
        cmocka_unit_test(test_batch),  cmocka_unit_test(test_transaction),
        cmocka_unit_test(test_none),   cmocka_unit_test(test_over_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
