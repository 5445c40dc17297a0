/* Tests of server/unmake.c: functions and mappings that the stack file had before it changed. */
#include "server_test.h"

#include "functions/change.h"

#define QUEUE_ARN(name) "arn:aws:sqs:us-east-1:000000000000:" name
#define NAMES_MAX 3

/* The stack file as it was, and as it is. */
struct two_stacks {
    struct server_test test;
    struct stack before;
};

static int set_up(void **state)
{
    struct two_stacks *two = mem_new(sizeof *two);

    server_test_open(&two->test);
    two->test.server.place = test_place;
    two->test.server.functions = two->test.t.functions;
    two->test.server.registry = two->test.t.registry;
    *state = two;
    return 0;
}

static int tear_down(void **state)
{
    struct two_stacks *two = *state;

    server_test_close(&two->test);
    mem_free(two);
    return 0;
}

/* ---- what there is ---- */

static void put_function(struct two_stacks *two, const char *name)
{
    struct api_error error;
    const struct function_settings settings = {
        .name = bytes_of_text(name),
        .handler = BYTES("a.b"),
        .runtime = BYTES("python3.12"),
        .folder = BYTES("/nowhere"),
        .timeout_s = 3,
        .memory_mb = 128,
        .reserved_concurrency = -1,
        .maximum_retry_attempts = -1,
        .retry_delay_ms = -1,
        .maximum_event_age_s = -1,
    };

    assert_int_equal(functions_put(two->test.t.functions, &settings, &error), OK);
}

static bool has_function(struct two_stacks *two, const char *name)
{
    return functions_find(two->test.t.functions, bytes_of_text(name)) != NULL;
}

static void declare_of_queue(struct two_stacks *two, const char *function, const char *arn)
{
    struct api_error error;
    const struct mapping_settings settings = {
        .function_name = bytes_of_text(function),
        .source = MAPPING_OF_QUEUE,
        .source_arn = bytes_of_text(arn),
        .batch_size = 10,
        .enabled = true,
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
    };

    assert_int_equal(mapping_registry_declare(two->test.t.registry, &settings, &error), OK);
}

static struct bytes stream_arn(struct two_stacks *two, const char *table_name)
{
    const struct table *table = engine_table_ref(two->test.t.engine, bytes_of_text(table_name));
    struct bytes arn =
        arn_make(two->test.server.arena, &test_place, "dynamodb", "table/%.*s/stream/%.*s",
                 BYTES_ARG(table->name), BYTES_ARG(table->stream.label));

    engine_table_unref(table);
    return arn;
}

static void declare_of_table(struct two_stacks *two, const char *function, const char *table_name)
{
    const struct table *table = NULL;
    struct api_error error;

    server_test_call(
        &two->test, "DynamoDB_20120810.CreateTable",
        arena_copy_text(
            two->test.server.arena,
            arena_printf(two->test.server.arena,
                         "{\"TableName\":\"%s\",\"BillingMode\":\"PAY_PER_REQUEST\","
                         "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\","
                         "\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"pk\","
                         "\"KeyType\":\"HASH\"}],\"StreamSpecification\":{\"StreamEnabled\":true,"
                         "\"StreamViewType\":\"NEW_IMAGE\"}}",
                         table_name)));
    table = engine_table_ref(two->test.t.engine, bytes_of_text(table_name));
    const struct mapping_settings settings = {
        .function_name = bytes_of_text(function),
        .source = MAPPING_OF_STREAM,
        .source_arn = stream_arn(two, table_name),
        .stream_id = table->stream.id,
        .view = "NEW_IMAGE",
        .batch_size = 10,
        .enabled = true,
        .trim_horizon = true,
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
    };

    assert_int_equal(mapping_registry_declare(two->test.t.registry, &settings, &error), OK);
    engine_table_unref(table);
}

static size_t count_mappings(struct two_stacks *two, struct bytes source_arn)
{
    struct mapping_registry_query query = {
        .source_arn = source_arn, .limit = 10, .arena = two->test.server.arena};

    mapping_registry_list(two->test.t.registry, &query);
    return query.count;
}

/* It is "Deleting" until what it is at has ended. */
static void assert_gone(struct two_stacks *two, struct bytes source_arn)
{
    for (size_t i = 0; i < 10 && count_mappings(two, source_arn) > 0; i++)
        test_api_advance(&two->test.t, 1000);
    assert_int_equal(count_mappings(two, source_arn), 0);
}

/* ---- what the files say ---- */

static void stack_has(struct stack *stack, struct arena *arena, const char *const names[NAMES_MAX])
{
    stack->functions = ARENA_NEW_ARRAY(arena, NAMES_MAX, struct stack_function);
    for (stack->function_count = 0; names[stack->function_count] != NULL; stack->function_count++)
        stack->functions[stack->function_count].name = bytes_of_text(names[stack->function_count]);
}

#define STACK_HAS(two, stack, ...)                                                                 \
    stack_has((stack), (two)->test.server.arena, (const char *const[NAMES_MAX]){__VA_ARGS__})

static struct stack_mapping of_queue(const char *function, const char *arn)
{
    return (struct stack_mapping){.source = STACK_MAPPING_QUEUE,
                                  .function_name = bytes_of_text(function),
                                  .queue_arn = bytes_of_text(arn)};
}

static struct stack_mapping of_table(const char *function, const char *table)
{
    return (struct stack_mapping){.source = STACK_MAPPING_STREAM,
                                  .function_name = bytes_of_text(function),
                                  .table_name = bytes_of_text(table)};
}

static void begin(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct server_test *test = CONTAINER_OF(server, struct server_test, server);
    struct two_stacks *two = CONTAINER_OF(test, struct two_stacks, test);

    unmake_start(server, &two->before, done);
}

/* What it tells. */
static void unmake(struct two_stacks *two, char told[TOLD_SIZE])
{
    assert_true(server_test_hear(&two->test, begin, told));
}

/* ---- functions ---- */

static void a_function_that_the_file_has_no_more_goes(void **state)
{
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    put_function(two, "stays");
    put_function(two, "goes");
    put_function(two, "comes");
    STACK_HAS(two, &two->before, "stays", "goes");
    STACK_HAS(two, &two->test.stack, "stays", "comes");
    unmake(two, told);
    assert_string_equal(told, "");
    assert_true(has_function(two, "stays"));
    assert_true(has_function(two, "comes"));
    assert_false(has_function(two, "goes"));
}

static void one_that_a_client_deleted_is_not_missed(void **state)
{
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    STACK_HAS(two, &two->before, "gone");
    unmake(two, told);
    assert_string_equal(told, "");
}

/* A client made another of its name meanwhile: that is the client's. */
static void one_that_a_client_made_stays(void **state)
{
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    server_test_call(
        &two->test, "AWSLambda.CreateFunction",
        "{\"FunctionName\":\"mine\",\"Runtime\":\"python3.12\",\"Role\":"
        "\"arn:aws:iam::000000000000:role/r\",\"Handler\":\"a.b\",\"Code\":{"
        "\"ZipFile\":\"UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAAEAAAAYS5weXhQSwECFAMUAAAAAAAA"
        "ACFcgxbcjAEAAAABAAAABAAAAAAAAAAAAAAApIEAAAAAYS5weVBLBQYAAAAAAQABADIAAAAjAAAA"
        "AAA=\"}}");
    STACK_HAS(two, &two->before, "mine");
    unmake(two, told);
    assert_string_equal(told, "");
    assert_true(has_function(two, "mine"));
}

/* ---- mappings ---- */

static void a_mapping_goes_with_its_function(void **state)
{
    struct stack_mapping mapping = of_queue("goes", QUEUE_ARN("q"));
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    server_test_call(&two->test, "AmazonSQS.CreateQueue", "{\"QueueName\":\"q\"}");
    put_function(two, "goes");
    declare_of_queue(two, "goes", QUEUE_ARN("q"));
    assert_int_equal(count_mappings(two, BYTES(QUEUE_ARN("q"))), 1);
    STACK_HAS(two, &two->before, "goes");
    two->before.mappings = &mapping;
    two->before.mapping_count = 1;
    unmake(two, told);
    assert_string_equal(told, "");
    assert_gone(two, BYTES(QUEUE_ARN("q")));
    assert_false(has_function(two, "goes"));
}

/* Function and source say which it is: settings may differ, and nothing else of the function goes.
 * A table's name may be the beginning of another's. */
static void only_the_mapping_of_that_source_goes(void **state)
{
    struct stack_mapping before[] = {of_table("f", "tab"), of_table("f", "table"),
                                     of_queue("f", QUEUE_ARN("q")), of_queue("f", QUEUE_ARN("p"))};
    struct stack_mapping after[] = {of_table("f", "table"), of_queue("f", QUEUE_ARN("p"))};
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    put_function(two, "f");
    server_test_call(&two->test, "AmazonSQS.CreateQueue", "{\"QueueName\":\"q\"}");
    server_test_call(&two->test, "AmazonSQS.CreateQueue", "{\"QueueName\":\"p\"}");
    declare_of_table(two, "f", "tab");
    declare_of_table(two, "f", "table");
    declare_of_queue(two, "f", QUEUE_ARN("q"));
    declare_of_queue(two, "f", QUEUE_ARN("p"));
    STACK_HAS(two, &two->before, "f");
    STACK_HAS(two, &two->test.stack, "f");
    two->before.mappings = before;
    two->before.mapping_count = ARRAY_COUNT(before);
    after[0].batch_size = 3;
    two->test.stack.mappings = after;
    two->test.stack.mapping_count = ARRAY_COUNT(after);
    unmake(two, told);
    assert_string_equal(told, "");
    assert_gone(two, stream_arn(two, "tab"));
    assert_int_equal(count_mappings(two, stream_arn(two, "table")), 1);
    assert_gone(two, BYTES(QUEUE_ARN("q")));
    assert_int_equal(count_mappings(two, BYTES(QUEUE_ARN("p"))), 1);
    assert_true(has_function(two, "f"));
}

static void a_mapping_that_a_client_deleted_is_not_missed(void **state)
{
    struct stack_mapping mapping = of_queue("f", QUEUE_ARN("q"));
    struct two_stacks *two = *state;
    char told[TOLD_SIZE];

    put_function(two, "f");
    STACK_HAS(two, &two->before, "f");
    STACK_HAS(two, &two->test.stack, "f");
    two->before.mappings = &mapping;
    two->before.mapping_count = 1;
    unmake(two, told);
    assert_string_equal(told, "");
    assert_true(has_function(two, "f"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_function_that_the_file_has_no_more_goes),
        TEST(one_that_a_client_deleted_is_not_missed),
        TEST(one_that_a_client_made_stays),
        TEST(a_mapping_goes_with_its_function),
        TEST(only_the_mapping_of_that_source_goes),
        TEST(a_mapping_that_a_client_deleted_is_not_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
