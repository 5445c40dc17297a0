/* Tests of cli/tables/batch.c through `dynlog put`, and of query and scan, against a server that
 * answers by a script. */
#include "cli_test.h"

#define TABLE                                                                                      \
    "{\"Table\":{\"TableName\":\"t\",\"TableStatus\":\"ACTIVE\",\"ItemCount\":3,\"KeySchema\":[{"  \
    "\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":[{"                  \
    "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}]}}"
#define THREE "{\"pk\":\"a\"}\n{\"pk\":\"b\"}\n{\"pk\":\"c\"}\n"
#define LOST "{\"__type\":\"x#ConditionalCheckFailedException\",\"message\":\"no\"}"

static struct cli_run run_at(const struct fake_answer *answers, size_t count, const char *input,
                             const char *words)
{
    struct cli_streams streams = {.input = input};
    struct fake_server server;
    char line[1024];
    struct cli_run run;

    fake_start(&server, answers, count);
    snprintf(line, sizeof line, "%s --endpoint %s", words, server.url);
    run = run_cli(&streams, line);
    fake_stop(&server);
    return run;
}

static void assert_run(struct cli_run *run, int exit_status, const char *out, const char *err)
{
    if (run->exit_status != exit_status || strcmp(run->out, out) != 0)
        fail_msg("%d: %s%s", run->exit_status, run->out, run->err);
    assert_contains(run->err, err);
    cli_run_free(run);
}

/* What is left over is sent again, alone. */
static void test_left_over(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"BatchWriteItem", 200,
         "{\"UnprocessedItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"b\"}}}}]}}"},
        {"{\"RequestItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"b\"}}}}]}}", 200,
         "{\"UnprocessedItems\":{}}"},
    };
    struct cli_run run = run_at(answers, ARRAY_COUNT(answers), THREE, "put t -");

    (void)state;
    assert_run(&run, CLI_DONE, "{\"written\":3,\"failed\":0}\n", "");
}

/* One bad item does not take the others with it. */
static void test_refused_as_a_whole(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"BatchWriteItem", 400, "{\"__type\":\"x#ValidationException\",\"message\":\"bad\"}"},
        {"PutItem", 200, "{}"},
        {"PutItem", 400, "{\"__type\":\"x#ValidationException\",\"message\":\"b is bad\"}"},
        {"PutItem", 200, "{}"},
    };
    struct cli_run run = run_at(answers, ARRAY_COUNT(answers), THREE, "put t -");

    (void)state;
    assert_run(&run, CLI_FAILED, "{\"written\":2,\"failed\":1}\n", "Line 2: b is bad.");
}

/* The same key twice is two requests. */
static void test_the_same_key(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}}", 200, "{}"},
        {"{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"2\"}}", 200, "{}"},
    };
    struct cli_run run = run_at(answers, ARRAY_COUNT(answers),
                                "{\"pk\":\"a\",\"n\":1}\n{\"pk\":\"a\",\"n\":2}\n", "put t -");

    (void)state;
    assert_run(&run, CLI_DONE, "{\"written\":2,\"failed\":0}\n", "");
}

static void test_conditions(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"attribute_not_exists(#n0)", 200, "{}"},
        {"attribute_not_exists(#n0)", 400, LOST},
        {"attribute_not_exists(#n0)", 200, "{}"},
    };
    struct cli_run run = run_at(answers, ARRAY_COUNT(answers), THREE, "put t - --if-absent");

    (void)state;
    assert_run(&run, CLI_LOST_RACE, "{\"written\":2,\"failed\":1}\n",
               "Line 2: an item with this key is there already.");
}

/* A put whose answer was lost: what stands there is looked at. */
static void test_uncertain(void **state)
{
    static const struct fake_answer ours[] = {
        {"DescribeTable", 200, TABLE},
        {"PutItem", 0, ""},
        {"PutItem", 400, LOST},
        {"GetItem", 200, "{\"Item\":{\"n\":{\"N\":\"1\"},\"pk\":{\"S\":\"a\"}}}"},
    };
    static const struct fake_answer theirs[] = {
        {"DescribeTable", 200, TABLE},
        {"PutItem", 0, ""},
        {"PutItem", 400, LOST},
        {"GetItem", 200, "{\"Item\":{\"n\":{\"N\":\"2\"},\"pk\":{\"S\":\"a\"}}}"},
    };
    const char *words = "put t {\"pk\":\"a\",\"n\":1} --if-absent";
    struct cli_run run = run_at(ours, ARRAY_COUNT(ours), NULL, words);

    (void)state;
    assert_run(&run, CLI_DONE, "{\"written\":1,\"failed\":0}\n", "");
    run = run_at(theirs, ARRAY_COUNT(theirs), NULL, words);
    assert_run(&run, CLI_LOST_RACE, "{\"written\":0,\"failed\":1}\n", "is there already");
}

/* Nothing goes on when the table is gone; every line that was under way is told. */
static void test_stopped(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"BatchWriteItem", 400, "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"no\"}"},
        {"ListTables", 200, "{\"TableNames\":[\"other\"]}"},
    };
    struct cli_run run = run_at(answers, ARRAY_COUNT(answers), THREE, "put t -");

    (void)state;
    assert_contains(run.err, "Line 3: nobody said that it is written.");
    assert_run(&run, CLI_FAILED, "{\"written\":0,\"failed\":3}\n", "There is other.");
}

/* A page that is cut by the limit goes on behind its last item; pages of a filter are whole. */
static void test_pages(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"\"FilterExpression\":\"#n0 = :v0\"", 200,
         "{\"Items\":[{\"pk\":{\"S\":\"a\"}}],\"Count\":1,\"ScannedCount\":9,\"LastEvaluatedKey\":{"
         "\"pk\":{\"S\":\"k\"}}}"},
        {"\"ExclusiveStartKey\":{\"pk\":{\"S\":\"k\"}}", 200,
         "{\"Items\":[{\"pk\":{\"S\":\"l\"}},{\"pk\":{\"S\":\"m\"}}],\"Count\":2}"},
    };
    static const struct fake_answer malformed[] = {
        {"DescribeTable", 200, TABLE},
        {"Scan", 200, "{\"Items\":[{\"pk\":{\"X\":\"a\"}}]}"},
    };
    struct cli_run run =
        run_at(answers, ARRAY_COUNT(answers), NULL, "scan t --limit 2 --filter a=1");

    (void)state;
    assert_run(&run, CLI_DONE, "{\"pk\":\"a\"}\n{\"pk\":\"l\"}\n", "");
    run = run_at(malformed, ARRAY_COUNT(malformed), NULL, "scan t");
    assert_run(&run, CLI_FAILED, "", "an item is malformed");
}

/* A table in 80 columns: keys first, numbers to the right, control characters away. */
static void test_a_table(void **state)
{
    static const struct fake_answer answers[] = {
        {"DescribeTable", 200, TABLE},
        {"Scan", 200,
         "{\"Items\":[{\"name\":{\"S\":\"x\\u001b[31m\"},\"n\":{\"N\":\"7\"},\"pk\":{\"S\":\"a\"}},"
         "{\"pk\":{\"S\":\"b\"},\"n\":{\"N\":\"12\"},\"text\":{\"S\":"
         "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}}],"
         "\"Count\":2,\"ScannedCount\":5,\"ConsumedCapacity\":{\"CapacityUnits\":0.5}}"},
    };
    struct cli_streams streams = {.terminal = true};
    struct fake_server server;
    char line[256];
    struct cli_run run;

    (void)state;
    fake_start(&server, answers, ARRAY_COUNT(answers));
    snprintf(line, sizeof line, "scan t --endpoint %s", server.url);
    run = run_cli(&streams, line);
    fake_stop(&server);
    assert_string_equal(
        run.out, "pk  name     n  text\n"
                 "a   x\xEF\xBF\xBD[31m   7\n"
                 "b           12  "
                 "012345678901234567890123456789012345678901234567890123456789012\xE2\x80\xA6\n"
                 "2 items, 5 looked at, 0.5 read units\n");
    cli_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_over),    cmocka_unit_test(test_refused_as_a_whole),
        cmocka_unit_test(test_the_same_key), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_uncertain),    cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_pages),        cmocka_unit_test(test_a_table),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/tables_batch", tests, NULL, NULL);
}
