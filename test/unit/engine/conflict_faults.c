/* Conflicts on demand: which operation uses one up, how they are shown, and what is refused. */
#include "engine/engine_test.h"

#define CONFLICT "TransactionConflictException: Transaction is ongoing for the item"

static struct engine_fault fault(struct test_engine *t, const char *table, const char *key,
                                 uint64_t count)
{
    return (struct engine_fault){
        .table_name = bytes_of_text(table), .key = test_item(t->arena, key), .count = count};
}

static void add(struct test_engine *t, const char *table, const char *key, uint64_t count)
{
    struct engine_fault given = fault(t, table, key, count);
    struct api_error error;

    assert_int_equal(engine_add_faults(t->engine, &given, 1, &error), OK);
}

/* "t{'pk':{'S':'a'}}*2 t*1" */
static void expect_faults(struct test_engine *t, const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct engine_fault *faults = NULL;
    size_t count = 0;

    engine_faults(t->engine, t->arena, &faults, &count);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%.*s%.*s*%llu", i > 0 ? " " : "", BYTES_ARG(faults[i].table_name),
                      BYTES_ARG(faults[i].key_text), (unsigned long long)faults[i].count);
    test_expect_text(t->arena, "faults", buffer_bytes(&out), expected);
}

static void put(struct test_engine *t, const char *table, const char *item, const char *error)
{
    const struct test_step step = {.kind = WRITE_PUT, .item = item, .error = error};
    struct item_write one = test_item_write(t, table, &step);
    struct test_engine_write test = {.write = {.writes = &one, .count = 1}};

    assert_int_equal(test_write(t, &test), OK);
    test_expect_error(item, one.status, one.error, error);
}

static void test_faults(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_create(&t, "two", VALUE_N, STREAM_NONE);
    expect_faults(&t, "");
    add(&t, "t", "{'pk':{'S':'a'}}", 2);
    add(&t, "two", "{'sk':{'N':'1.0'},'pk':{'S':'a'}}", 1);
    add(&t, "t", NULL, 1);
    expect_faults(&t, "t{'pk':{'S':'a'}}*2 two{'sk':{'N':'1'},'pk':{'S':'a'}}*1 t*1");

    put(&t, "t", "{'pk':{'S':'a'}}", CONFLICT);
    put(&t, "two", "{'pk':{'S':'a'},'sk':{'N':'2'}}", NULL);
    put(&t, "two", "{'pk':{'S':'a'},'sk':{'N':'1'}}", CONFLICT);
    put(&t, "two", "{'pk':{'S':'a'},'sk':{'N':'1'}}", NULL);
    expect_faults(&t, "t{'pk':{'S':'a'}}*1 t*1");
    put(&t, "t", "{'pk':{'S':'b'}}", CONFLICT); /* any item */
    expect_faults(&t, "t{'pk':{'S':'a'}}*1");
    put(&t, "t", "{'pk':{'S':'b'}}", NULL);
    put(&t, "t", "{'pk':{'S':'a'}}", CONFLICT);
    expect_faults(&t, "");
    put(&t, "t", "{'pk':{'S':'a'}}", NULL);
    assert_int_equal(engine_conflicts(t.engine), 4);

    add(&t, "t", NULL, 1);
    add(&t, "t", "{'pk':{'S':'a'}}", 1);
    engine_clear_faults(t.engine);
    expect_faults(&t, "");
    put(&t, "t", "{'pk':{'S':'a'},'n':{'N':'1'}}", NULL);
    add(&t, "t", "{'pk':{'S':'a'}}", 1); /* after a clear */
    put(&t, "t", "{'pk':{'S':'a'}}", CONFLICT);
    add(&t, "t", NULL, 1); /* one that waits when the engine closes */
    test_engine_close(&t);
}

static void test_refusals(void **state)
{
    struct test_engine t;
    struct engine_fault two[2], many[ENGINE_FAULTS_MAX];
    static const struct {
        const char *table, *key, *error;
    } cases[] = {
        {"none", "{'pk':{'S':'a'}}", "ResourceNotFoundException: Requested resource not found"},
        {"t", "{'pk':{'N':'1'}}",
         "ValidationException: The provided key element does not match the schema"},
        {"t", "{'pk':{'S':''}}",
         "ValidationException: One or more parameter values are not valid. The AttributeValue for "
         "a key attribute cannot contain an empty string value. Key: pk"},
    };
    struct api_error error;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    two[0] = fault(&t, "t", NULL, 1);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        two[1] = fault(&t, cases[i].table, cases[i].key, 1);
        test_expect_error(cases[i].key, engine_add_faults(t.engine, two, 2, &error), &error,
                          cases[i].error);
        expect_faults(&t, ""); /* none of both */
    }
    for (size_t i = 0; i < ENGINE_FAULTS_MAX; i++)
        many[i] = two[0];
    assert_int_equal(engine_add_faults(t.engine, many, ENGINE_FAULTS_MAX, &error), OK);
    test_expect_error("one more", engine_add_faults(t.engine, many, 1, &error), &error,
                      "ValidationException: No more than 1000 faults wait at once; DELETE forgets "
                      "them");
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
