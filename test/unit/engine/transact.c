/* TransactWriteItems: all or none, with the reason of each; and its tokens. */
#include "engine/engine_test.h"

#include "engine/internal.h"

#define WRITES_MAX 4

struct transact_case {
    const char *name;
    struct test_step steps[WRITES_MAX]; /* up to the first without an item; on table "t" */
    const char *other_table;            /* of the last step */
    const char *error;                  /* of the whole */
    bool cancelled;
    const char *a_after; /* item "a": {'pk':{'S':'a'},'n':{'N':'1'}} before */
};

#define A "{'pk':{'S':'a'}}"
#define A_BEFORE "{'pk':{'S':'a'},'n':{'N':'1'}}"
#define FAILED "ConditionalCheckFailedException: The conditional request failed"

static const struct transact_case cases[] = {
    {.name = "every kind at once",
     .steps = {{.kind = WRITE_UPDATE,
                .item = A,
                .update = "SET n = n + n",
                .condition = "attribute_exists(pk)"},
               {.kind = WRITE_PUT, .item = "{'pk':{'S':'p'}}"},
               {.kind = WRITE_DELETE, .item = "{'pk':{'S':'d'}}", .idle = true},
               {.kind = WRITE_CHECK,
                .item = "{'pk':{'S':'c'}}",
                .condition = "attribute_not_exists(pk)",
                .idle = true}},
     .a_after = "{'pk':{'S':'a'},'n':{'N':'2'}}"},
    {.name = "one fails, none is done",
     .steps = {{.kind = WRITE_DELETE, .item = A},
               {.kind = WRITE_CHECK,
                .item = "{'pk':{'S':'c'}}",
                .condition = "attribute_exists(pk)",
                .error = FAILED}},
     .cancelled = true,
     .a_after = A_BEFORE},
    {.name = "each has its own reason",
     .steps = {{.kind = WRITE_CHECK,
                .item = A,
                .condition = "n > :n",
                .values = "{':n':{'N':'1'}}",
                .return_old_on_failure = true,
                .error = FAILED,
                .old = A_BEFORE},
               {.kind = WRITE_PUT,
                .item = "{'k':{'S':'p'}}",
                .error = "ValidationException: One or more parameter values were invalid: Missing "
                         "the key pk in the item"},
               {.kind = WRITE_UPDATE,
                .item = "{'pk':{'S':'u'}}",
                .update = "SET n = n + n",
                .error = "ValidationException: The provided expression refers to an attribute "
                         "that does not exist in the item"},
               {.kind = WRITE_PUT, .item = "{'pk':{'S':'q'}}"}},
     .cancelled = true,
     .a_after = A_BEFORE},
    {.name = "one item twice",
     .steps = {{.kind = WRITE_CHECK, .item = A, .condition = "attribute_exists(pk)"},
               {.kind = WRITE_DELETE, .item = A}},
     .error = "ValidationException: Transaction request cannot include multiple operations on one "
              "item",
     .a_after = A_BEFORE},
    {.name = "an empty key is the request's fault, whatever the others are",
     .steps = {{.kind = WRITE_CHECK, .item = A, .condition = "attribute_not_exists(pk)"},
               {.kind = WRITE_DELETE, .item = "{'pk':{'S':''}}"},
               {.kind = WRITE_DELETE, .item = A}},
     .error = "ValidationException: One or more parameter values are not valid. The "
              "AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
     .a_after = A_BEFORE},
    {.name = "one key in two tables",
     .steps = {{.kind = WRITE_DELETE, .item = A}, {.kind = WRITE_PUT, .item = A}},
     .other_table = "other"},
    {.name = "no such table",
     .steps = {{.kind = WRITE_DELETE, .item = A}, {.kind = WRITE_PUT, .item = A}},
     .other_table = "nothing",
     .error = "ResourceNotFoundException: Requested resource not found",
     .a_after = A_BEFORE},
};

static void run_case(struct test_engine *t, const struct transact_case *c)
{
    struct item_write writes[WRITES_MAX];
    struct test_engine_write test = {.write = {.writes = writes, .atomic = true}};
    size_t count = 0, done = 0;
    uint64_t before = store_last_position(t->store);

    while (count < WRITES_MAX && c->steps[count].item != NULL) {
        writes[count] = test_item_write(t, "t", &c->steps[count]);
        count++;
    }
    if (c->other_table != NULL)
        writes[count - 1].table_name = bytes_of_text(c->other_table);
    test.write.count = count;

    enum status status = test_write(t, &test);

    test_expect_error(c->name, status, &test.write.error, c->error);
    for (size_t i = 0; c->error == NULL && i < count; i++) {
        test_expect_error(c->name, writes[i].status, writes[i].error, c->steps[i].error);
        test_expect_text(t->arena, c->name, writes[i].old, c->steps[i].old);
        assert_true(c->cancelled || c->steps[i].idle == (writes[i].position == 0));
        done += writes[i].position != 0;
    }
    assert_int_equal(store_last_position(t->store), before + done);
    test_expect_item(t, "t", A, c->a_after);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct test_engine t;

        test_engine_open(&t, NULL);
        test_create(&t, "t", VALUE_NULL, STREAM_NEW_IMAGE);
        test_create(&t, "other", VALUE_NULL, STREAM_NONE);
        test_put_item(&t, "t", A_BEFORE);
        run_case(&t, &cases[i]);
        test_engine_close(&t);
    }
}

static struct item large_item(struct arena *arena, size_t number, size_t size)
{
    struct item item = {ARENA_NEW_ARRAY(arena, 2, struct attribute), 2};
    size_t rest = 0;

    item.attributes[0] = (struct attribute){
        BYTES("pk"), {.type = VALUE_S, .bytes = arena_printf(arena, "%04zu", number)}};
    item.attributes[1] = (struct attribute){BYTES("v"), {.type = VALUE_B}};
    rest = size - item_size(&item);
    item.attributes[1].value.bytes = bytes_of(arena_alloc(arena, rest), rest);
    return item;
}

/* 11 items of 4 MB / 11, and one byte more. */
static void test_size_of_transaction(void **state)
{
    const size_t size = ENGINE_TRANSACTION_SIZE_MAX / 11;
    struct test_engine t;
    struct item_write writes[11];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    for (size_t over = 0; over <= 1; over++) {
        struct test_engine_write test = {
            .write = {.writes = writes, .count = ARRAY_COUNT(writes), .atomic = true}};

        for (size_t i = 0; i < ARRAY_COUNT(writes); i++)
            writes[i] = (struct item_write){
                .kind = WRITE_PUT,
                .table_name = BYTES("t"),
                .item = large_item(t.arena, over * 100 + i,
                                   i > 0 ? size : ENGINE_TRANSACTION_SIZE_MAX - 10 * size + over)};
        test_expect_error("4 MB", test_write(&t, &test), &test.write.error,
                          over == 0 ? NULL
                                    : "ValidationException: Transaction request size cannot "
                                      "exceed 4194304 bytes");
    }
    assert_int_equal(test_figures(&t, "t").item_count, 11);
    test_engine_close(&t);
}

/* Puts are too large together before anything else is looked at: they need no stored item. */
static void test_size_comes_before_conditions(void **state)
{
    struct test_engine t;
    struct item_write writes[12];
    struct test_engine_write test = {
        .write = {.writes = writes, .count = ARRAY_COUNT(writes), .atomic = true}};
    const struct test_step failing = {
        .kind = WRITE_CHECK, .item = "{'pk':{'S':'c'}}", .condition = "attribute_exists(pk)"};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    writes[0] = test_item_write(&t, "t", &failing);
    for (size_t i = 1; i < ARRAY_COUNT(writes); i++)
        writes[i] = (struct item_write){.kind = WRITE_PUT,
                                        .table_name = BYTES("t"),
                                        .item = large_item(t.arena, i, ITEM_SIZE_MAX)};
    test_expect_error("4 MB", test_write(&t, &test), &test.write.error,
                      "ValidationException: Transaction request size cannot exceed 4194304 bytes");
    test_engine_close(&t);
}

static void spoil_items(struct store_batch *batch, struct test_work *work)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(work->context, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value))
        store_batch_put(batch, STORE_ITEMS, key, BYTES("\1"));
}

/* What the disk does is no reason of an action, and never a success. */
static void test_an_item_that_cannot_be_read(void **state)
{
    struct test_engine t;
    const struct test_step check = {
        .kind = WRITE_CHECK, .item = A, .condition = "attribute_exists(pk)"};
    const struct test_step put = {.kind = WRITE_PUT, .item = "{'pk':{'S':'b'}}"};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_put_item(&t, "t", A_BEFORE);

    struct test_work work = {.body = spoil_items, .context = t.store};
    struct item_write writes[] = {test_item_write(&t, "t", &put), test_item_write(&t, "t", &check)};
    struct test_engine_write test = {.write = {.writes = writes, .count = 2, .atomic = true}};

    assert_int_equal(test_do(&t.loop, &work), OK);
    assert_int_equal(test_write(&t, &test), CORRUPT);
    test_expect_item(&t, "t", "{'pk':{'S':'b'}}", NULL);
    test_engine_close(&t);
}

/* Items of one partition count together, also those that one transaction brings. */
static void test_size_of_a_collection(void **state)
{
    static const char *const items[] = {
        "{'pk':{'S':'p'},'sk':{'N':'1'},'l':{'S':'a'}}", /* 3 + 4 + 2, and as much in the index */
        "{'pk':{'S':'p'},'sk':{'N':'2'},'l':{'S':'a'}}",
        "{'pk':{'S':'q'},'sk':{'N':'1'},'l':{'S':'a'}}",
    };
    struct test_engine t;
    struct item_write writes[ARRAY_COUNT(items)];
    struct test_engine_write test = {
        .write = {.writes = writes, .count = ARRAY_COUNT(items), .atomic = true}};
    struct table_index index = {.name = BYTES("local"), .kind = INDEX_LOCAL};
    struct test_table_change made = {.change = {.kind = TABLE_CREATE, .name = BYTES("t")}};
    uint64_t size = 0;

    (void)state;
    test_engine_open(&t, NULL);
    key_schema_add(&index.key, BYTES("pk"), VALUE_S, true);
    key_schema_add(&index.key, BYTES("l"), VALUE_S, false);
    made.change.wanted = test_schema(VALUE_N, STREAM_NONE);
    made.change.wanted.indexes = &index;
    made.change.wanted.index_count = 1;
    assert_int_equal(test_change_table(&t, &made), OK);
    for (size_t i = 0; i < ARRAY_COUNT(items); i++)
        writes[i] =
            test_item_write(&t, "t", &(struct test_step){.kind = WRITE_PUT, .item = items[i]});
    for (size_t i = 0; i < ARRAY_COUNT(items); i++)
        size += i < 2 ? 2 * item_size(&writes[i].item) : 0;

    t.engine->collection_size_max = size - 1;
    assert_int_equal(test_write(&t, &test), OK);
    test_expect_error(items[0], writes[0].status, writes[0].error, NULL);
    test_expect_error(items[1], writes[1].status, writes[1].error,
                      "ItemCollectionSizeLimitExceededException: Collection size exceeded.");
    test_expect_error(items[2], writes[2].status, writes[2].error, NULL);
    assert_int_equal(test_figures(&t, "t").item_count, 0);

    t.engine->collection_size_max = size;
    assert_int_equal(test_write(&t, &test), OK);
    for (size_t i = 0; i < ARRAY_COUNT(items); i++)
        test_expect_error(items[i], writes[i].status, writes[i].error, NULL);
    assert_int_equal(writes[1].collection_size, size);
    assert_int_equal(test_figures(&t, "t").item_count, 3);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_size_of_transaction),
        cmocka_unit_test(test_size_comes_before_conditions),
        cmocka_unit_test(test_an_item_that_cannot_be_read),
        cmocka_unit_test(test_size_of_a_collection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
