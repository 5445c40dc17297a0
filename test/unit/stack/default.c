/* test/unit/stack/default.c - the stack of a start without a file. */
#include "stack_test.h"

static void calls(void **state)
{
    static const struct {
        const char *target, *body;
    } expected[] = {
        {"DynamoDB_20120810.CreateTable",
         "{\"TableName\":\"local-dynamodb-logs\",\"BillingMode\":\"PAY_PER_REQUEST\","
         "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
         "{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"}],\"KeySchema\":[{\"AttributeName\":"
         "\"pk\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],"
         "\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":"
         "\"NEW_AND_OLD_IMAGES\"}}"},
        {"DynamoDB_20120810.UpdateTimeToLive",
         "{\"TableName\":\"local-dynamodb-logs\",\"TimeToLiveSpecification\":{"
         "\"AttributeName\":\"ttl\",\"Enabled\":true}}"},
        {"DynamoDB_20120810.CreateTable",
         "{\"TableName\":\"local-core\",\"BillingMode\":\"PAY_PER_REQUEST\","
         "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
         "{\"AttributeName\":\"sk\",\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":"
         "\"pk\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]}"},
        {"DynamoDB_20120810.UpdateTimeToLive",
         "{\"TableName\":\"local-core\",\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\","
         "\"Enabled\":true}}"},
        {"AWSEvents.CreateEventBus", "{\"Name\":\"dynamodb-log\"}"},
    };
    const struct stack_options options = {.account = "000000000000"};
    struct loaded loaded = {.arena = arena_new()};

    (void)state;
    loaded.stack = stack_default(loaded.arena, &options);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_call(&loaded, i, expected[i].target, expected[i].body);
    assert_int_equal(loaded.stack->call_count, ARRAY_COUNT(expected));
    assert_int_equal(loaded.stack->archive_count, 1);
    assert_bytes(loaded.stack->archives[0].name, "dynamodb-logs-archive");
    assert_bytes(loaded.stack->archives[0].bus_name, "dynamodb-log");
    assert_bytes(loaded.stack->archive_path, "db");
    assert_bytes(loaded.stack->stage, "local");
    assert_bytes(loaded.stack->region, "us-east-1");
    assert_int_equal(loaded.stack->retry_delay_ms, -1);
    assert_int_equal(loaded.stack->function_count + loaded.stack->mapping_count, 0);
    loaded_release(&loaded);
}

static void stage_with_a_quote(void **state)
{
    const struct stack_options options = {.stage = "a\"b", .account = "1"};
    struct loaded loaded = {.arena = arena_new()};
    const struct json *body = NULL;

    (void)state;
    loaded.stack = stack_default(loaded.arena, &options);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(json_parse(loaded.arena, loaded.stack->calls[i].body, &body, NULL), OK);
        assert_bytes(json_string(json_get(body, "TableName")),
                     i < 2 ? "a\"b-dynamodb-logs" : "a\"b-core");
    }
    loaded_release(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),
        cmocka_unit_test(stage_with_a_quote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
