/* PutItem, GetItem and DeleteItem, one after the other on one table. */
#include "engine/engine_test.h"

#define ITEM "'pk':{'S':'a'},'sk':{'N':'1'}"

static const struct test_step steps[] = {
    /* what stands there already */
    {.kind = WRITE_PUT, .item = "{" ITEM ",'v':{'N':'1.0'}}"},
    {.kind = WRITE_PUT, .item = "{" ITEM ",'v':{'N':'1'}}", .idle = true},
    {.kind = WRITE_PUT, .item = "{'v':{'N':'1'}," ITEM "}", .idle = true}, /* in another order */
    {.kind = WRITE_PUT,
     .item = "{" ITEM ",'v':{'N':'2'}}",
     .returns = RETURN_ALL_OLD,
     .returned = "{" ITEM ",'v':{'N':'1'}}"},
    {.kind = WRITE_PUT, .item = "{" ITEM ",'s':{'SS':['x','y']}}"},
    {.kind = WRITE_PUT, .item = "{" ITEM ",'s':{'SS':['y','x']}}", .idle = true},
    /* conditions */
    {.kind = WRITE_PUT,
     .item = "{" ITEM "}",
     .condition = "attribute_not_exists(pk)",
     .error = "ConditionalCheckFailedException: The conditional request failed"},
    {.kind = WRITE_PUT,
     .item = "{" ITEM "}",
     .condition = "attribute_not_exists(pk)",
     .return_old_on_failure = true,
     .error = "ConditionalCheckFailedException: The conditional request failed",
     .old = "{" ITEM ",'s':{'SS':['x','y']}}"},
    {.kind = WRITE_PUT,
     .item = "{'pk':{'S':'b'},'sk':{'N':'1'}}",
     .condition = "attribute_exists(pk)",
     .return_old_on_failure = true,
     .error = "ConditionalCheckFailedException: The conditional request failed"},
    {.kind = WRITE_PUT,
     .item = "{" ITEM ",'v':{'N':'3'}}",
     .condition = "contains(s, :x)",
     .values = "{':x':{'S':'x'}}"},
    {.kind = WRITE_PUT,
     .item = "{'pk':{'S':'n'},'sk':{'N':'-1'}}",
     .condition = "attribute_not_exists(pk)",
     .returns = RETURN_ALL_OLD},
    /* deleting */
    {.kind = WRITE_DELETE,
     .item = "{" ITEM "}",
     .condition = "v = :v",
     .values = "{':v':{'N':'4'}}",
     .error = "ConditionalCheckFailedException: The conditional request failed"},
    {.kind = WRITE_DELETE,
     .item = "{" ITEM "}",
     .condition = "v = :v",
     .values = "{':v':{'N':'3'}}",
     .returns = RETURN_ALL_OLD,
     .returned = "{" ITEM ",'v':{'N':'3'}}"},
    {.kind = WRITE_DELETE, .item = "{" ITEM "}", .returns = RETURN_ALL_OLD, .idle = true},
    {.kind = WRITE_DELETE,
     .item = "{" ITEM "}",
     .condition = "attribute_exists(pk)",
     .error = "ConditionalCheckFailedException: The conditional request failed"},
    /* checking */
    {.kind = WRITE_CHECK,
     .item = "{'pk':{'S':'n'},'sk':{'N':'-1'}}",
     .condition = "attribute_exists(pk)",
     .idle = true},
    {.kind = WRITE_CHECK,
     .item = "{" ITEM "}",
     .condition = "attribute_exists(pk)",
     .error = "ConditionalCheckFailedException: The conditional request failed"},
    /* keys */
    {.kind = WRITE_PUT,
     .item = "{'sk':{'N':'1'}}",
     .error = "ValidationException: One or more parameter values were invalid: "
              "Missing the key pk in the item"},
    {.kind = WRITE_PUT,
     .item = "{'pk':{'N':'1'},'sk':{'N':'1'}}",
     .error = "ValidationException: One or more parameter values were invalid: "
              "Type mismatch for key pk expected: S actual: N"},
    {.kind = WRITE_PUT,
     .item = "{'pk':{'S':'a'},'sk':{'BOOL':true}}",
     .error = "ValidationException: One or more parameter values were invalid: "
              "Type mismatch for key sk expected: N actual: BOOL"},
    {.kind = WRITE_DELETE,
     .item = "{'pk':{'S':'a'}}",
     .error = "ValidationException: The provided key element does not match the schema"},
    {.kind = WRITE_DELETE,
     .item = "{" ITEM ",'v':{'N':'3'}}",
     .error = "ValidationException: The provided key element does not match the schema"},
};

static void test_steps(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "things", VALUE_N, STREAM_NONE);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        test_step_on(&t, "things", &steps[i], NULL);
    test_expect_item(&t, "things", "{" ITEM "}", NULL);
    test_expect_item(&t, "things", "{'sk':{'N':'-1.0'},'pk':{'S':'n'}}",
                     "{'pk':{'S':'n'},'sk':{'N':'-1'}}");
    test_step_on(&t, "nothing",
                 &(struct test_step){.kind = WRITE_PUT,
                                     .item = "{" ITEM "}",
                                     .error = "ResourceNotFoundException: "
                                              "Requested resource not found"},
                 NULL);
    test_engine_close(&t);
}

static struct item item_of_size(struct arena *arena, size_t size)
{
    struct item item = test_item(arena, "{'pk':{'S':'large'},'sk':{'N':'1'},'v':{'S':''}}");
    size_t rest = size - item_size(&item);

    item.attributes[2].value.bytes = bytes_of(memset(arena_alloc(arena, rest), 'x', rest), rest);
    assert_int_equal(item_size(&item), size);
    return item;
}

static void test_item_size(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "things", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (size_t over = 0; over <= 1; over++) {
        struct item_write one = {.kind = WRITE_PUT,
                                 .table_name = BYTES("things"),
                                 .item = item_of_size(t.arena, ITEM_SIZE_MAX + over)};
        struct test_engine_write test = {.write = {.writes = &one, .count = 1}};

        assert_int_equal(test_write(&t, &test), OK);
        test_expect_error("400 KB and a byte", one.status, one.error,
                          over == 0 ? NULL
                                    : "ValidationException: Item size has exceeded the maximum "
                                      "allowed size");
    }
    assert_int_equal(test_figures(&t, "things").size_bytes, ITEM_SIZE_MAX);

    struct test_step grow = {.kind = WRITE_UPDATE,
                             .item = "{'pk':{'S':'large'},'sk':{'N':'1'}}",
                             .update = "SET w = :w",
                             .values = "{':w':{'S':''}}",
                             .error = "ValidationException: Item size to update has exceeded the "
                                      "maximum allowed size"};

    test_step_on(&t, "things", &grow, NULL);
    test_engine_close(&t);
}

static void test_sizes_for_capacity(void **state)
{
    struct test_engine t;
    struct item_write one;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_PUT, .item = "{'pk':{'S':'a'}}"}, &one);
    assert_int_equal(one.old_size, 0);
    assert_int_equal(one.new_size, 3);
    test_step_on(&t, "t",
                 &(struct test_step){.kind = WRITE_PUT, .item = "{'pk':{'S':'a'},'v':{'S':'bc'}}"},
                 &one);
    assert_int_equal(one.old_size, 3);
    assert_int_equal(one.new_size, 6);
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = "{'pk':{'S':'a'}}"},
                 &one);
    assert_int_equal(one.old_size, 6);
    assert_int_equal(one.new_size, 0);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_item_size),
        cmocka_unit_test(test_sizes_for_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
