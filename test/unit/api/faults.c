/* What POST /_dynlog/faults takes and refuses; a body that is wrong anywhere adds nothing. */
#include "api/api_test.h"

#include "api/dynlog/dynlog.h"

#define CONFLICT(text) "{\"TransactionConflict\":[" text "]}"
#define T "\"TableName\":\"tab\""

static const struct {
    const char *body, *error; /* NULL: taken */
    size_t faults;            /* that wait then */
} cases[] = {
    {"{}", NULL, 0},
    {CONFLICT(""), NULL, 0},
    {CONFLICT("{" T "}"), NULL, 1},
    {CONFLICT("{" T ",\"Key\":{\"pk\":{\"S\":\"a\"}},\"Count\":1000000},{" T ",\"Count\":2.0}"),
     NULL, 2},
    {CONFLICT("{\"TableName\":\"arn:aws:dynamodb:us-east-1:000000000000:table/tab\",\"Key\":null,"
              "\"Count\":1}"),
     "Key is an object, as in GetItem; leave it out for any item", 0},
    {CONFLICT("{\"TableName\":\"arn:aws:dynamodb:us-east-1:000000000000:table/tab\"}"), NULL, 1},

    {"", "The body is not JSON: empty where JSON was expected, at line 1, column 1", 0},
    {"{", NULL, SIZE_MAX}, /* some words about JSON */
    {"[]", "Faults are an object with a list for each kind", 0},
    {"{\"Throttling\":[]}", "dynlog knows no fault Throttling", 0},
    {"{\"TransactionConflict\":{}}", "TransactionConflict is a list", 0},
    {CONFLICT("1"), "A TransactionConflict is an object with TableName, Key and Count", 0},
    {CONFLICT("{}"), "TableName is missing", 0},
    {CONFLICT("{\"TableName\":1}"), "TableName is missing", 0},
    {CONFLICT("{" T ",\"Times\":1}"),
     "Times is no member of a TransactionConflict, which has TableName, Key and Count", 0},
    {CONFLICT("{" T "},{" T ",\"Count\":0}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":1000001}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":1.5}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":\"1\"}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Key\":{}}"), "Key is an object, as in GetItem; leave it out for any item",
     0},
    {CONFLICT("{" T ",\"Key\":{\"pk\":{\"N\":\"1\"}}}"),
     "The provided key element does not match the schema", 0},
    {CONFLICT("{" T "},{\"TableName\":\"none\"}"), "Requested resource not found", 0},
};

static void test_bodies(void **state)
{
    struct test_api t;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_answer made;

    (void)state;
    test_api_open(&t);
    made = test_api_call(
        &t, arena, "DynamoDB_20120810.CreateTable",
        BYTES("{\"TableName\":\"tab\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":"
              "[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],\"KeySchema\":"
              "[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}]}"));
    assert_int_equal(made.http_status, 200);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct api_call call = {.api = t.api,
                                .on = &t.api->services,
                                .arena = arena,
                                .body_text = bytes_of_text(cases[i].body)};
        struct engine_fault *faults = NULL;
        size_t count = 0;
        bool taken = api_add_faults(&call) == OK, words = cases[i].faults == SIZE_MAX;

        if (taken != (cases[i].error == NULL && !words))
            fail_msg("%s: %s", cases[i].body, taken ? "taken" : call.error.message);
        if (cases[i].error != NULL && strcmp(call.error.message, cases[i].error) != 0)
            fail_msg("%s: %s", cases[i].body, call.error.message);
        engine_faults(t.engine, arena, &faults, &count);
        assert_int_equal(count, words ? 0 : cases[i].faults);
        engine_clear_faults(t.engine);
    }
    test_api_close(&t);
}

/* ---- the kinds that every hop asks about ---- */

#define ONE(kind, text) "{\"" kind "\":[" text "]}"

static const struct {
    const char *body, *error; /* NULL: taken */
    const char *shown;        /* what GET then has of it */
} armed_cases[] = {
    {ONE("Throttle", "{}"), NULL, "\"Throttle\":[{\"Probability\":1,\"Count\":1}]"},
    {"{\"Seed\":42,\"Throttle\":[{" T ",\"Operation\":\"PutItem\",\"Probability\":0.25}]}", NULL,
     "\"Throttle\":[{\"Operation\":\"PutItem\",\"TableName\":\"tab\",\"Probability\":0.25}]"},
    {ONE("Throttle", "{\"Service\":\"dynamodbstreams\",\"Probability\":0.1,\"Count\":3}"), NULL,
     "[{\"Service\":\"dynamodbstreams\",\"Probability\":0.1,\"Count\":3}]"},
    {ONE("Throttle", "{\"EventBusName\":\"arn:aws:events:us-east-1:000000000000:event-bus/b\","
                     "\"ErrorCode\":\"InternalFailure\"}"),
     NULL, "[{\"EventBusName\":\"b\",\"ErrorCode\":\"InternalFailure\",\"Probability\":1,"},
    {ONE("TargetFailure", "{\"RuleName\":\"r\",\"ErrorCode\":\"THROTTLING\",\"Retriable\":false}"),
     NULL,
     "\"TargetFailure\":[{\"RuleName\":\"r\",\"ErrorCode\":\"THROTTLING\",\"Retriable\":false"},
    {ONE("Duplicate", "{\"Count\":2}"), NULL, "\"Duplicate\":[{\"Probability\":1,\"Count\":2}]"},
    {ONE("Reorder", "{\"Probability\":1}"), NULL, "\"Reorder\":[{\"Probability\":1}]"},
    {ONE("Delay", "{\"Milliseconds\":86400000," T "}"), NULL,
     "\"Delay\":[{\"TableName\":\"tab\",\"Milliseconds\":86400000,"},
    {ONE("KillWorker", "{\"When\":\"Start\"}"), NULL, "\"KillWorker\":[{\"When\":\"Start\","},

    {"{\"Seed\":-1}", "Seed is a whole number from 0 to 9007199254740992", NULL},
    {"{\"Seed\":1.5}", "Seed is a whole number from 0 to 9007199254740992", NULL},
    {ONE("Throttle", "1"),
     "A Throttle is an object with Service, Operation, TableName, FunctionName, EventBusName, "
     "QueueName, ErrorCode, Probability and Count",
     NULL},
    {ONE("Throttle", "{\"RuleName\":\"r\"}"),
     "RuleName is no member of a Throttle, which has Service, Operation, TableName, FunctionName, "
     "EventBusName, QueueName, ErrorCode, Probability and Count",
     NULL},
    {ONE("Throttle", "{\"TableName\":\"none\"}"), "There is no table none", NULL},
    {ONE("Throttle", "{\"QueueName\":\"none\"}"), "There is no queue none", NULL},
    {ONE("Throttle", "{\"Operation\":\"putItem\"}"), "There is no operation putItem", NULL},
    {ONE("Throttle", "{\"Service\":\"s3\"}"),
     "There is no service s3: dynamodb, dynamodbstreams, events, lambda and sqs are some", NULL},
    {ONE("Throttle", "{\"Service\":5}"), "Service is a name", NULL},
    {ONE("Throttle", "{\"Probability\":0}"), "Probability is a number above 0, at most 1", NULL},
    {ONE("Throttle", "{\"Probability\":1.01}"), "Probability is a number above 0, at most 1", NULL},
    {ONE("Throttle", "{\"Probability\":\"1\"}"), "Probability is a number above 0, at most 1",
     NULL},
    {ONE("Throttle", "{\"Count\":0}"), "Count is a whole number from 1 to 1000000", NULL},
    {ONE("Throttle", "{\"ErrorCode\":\"THROTTLING\"}"),
     "ErrorCode is ThrottlingException or InternalFailure, for entries of PutEvents", NULL},
    {ONE("TargetFailure", "{\"ErrorCode\":\"OOPS\"}"),
     "ErrorCode is one of EventBridge's: THROTTLING, NO_RESOURCE, ERROR_FROM_TARGET, TIMEOUT, "
     "CONNECTION_FAILURE ...",
     NULL},
    {ONE("TargetFailure", "{\"Retriable\":1}"), "Retriable is true or false", NULL},
    {ONE("Delay", "{}"), "A Delay needs Milliseconds", NULL},
    {ONE("Delay", "{\"Milliseconds\":0}"), "Milliseconds is a whole number from 1 to 86400000",
     NULL},
    {ONE("Delay", "{\"Milliseconds\":86400001}"),
     "Milliseconds is a whole number from 1 to 86400000", NULL},
    {ONE("KillWorker", "{\"When\":\"Now\"}"), "When is Start or End", NULL},
    /* one that is wrong, and nothing of the body is taken */
    {"{\"Duplicate\":[{}],\"TransactionConflict\":[{\"TableName\":\"none\"}]}",
     "Requested resource not found", NULL},
    {"{\"Duplicate\":[{}],\"Reorder\":[{\"TableName\":\"tab\"}]}",
     "TableName is no member of a Reorder, which has FunctionName, QueueName, Probability and "
     "Count",
     NULL},
};

static void make_table(struct test_api *t, struct arena *arena, const char *billing)
{
    struct test_answer made = test_api_call(
        t, arena, "DynamoDB_20120810.CreateTable",
        arena_printf(arena,
                     "{\"TableName\":\"tab\",%s,\"AttributeDefinitions\":"
                     "[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],\"KeySchema\":"
                     "[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}]}",
                     billing));

    assert_int_equal(made.http_status, 200);
}

#define ON_DEMAND "\"BillingMode\":\"PAY_PER_REQUEST\""
#define PROVISIONED "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,\"WriteCapacityUnits\":1}"

static struct api_call call_of(struct test_api *t, struct arena *arena, const char *body)
{
    return (struct api_call){
        .api = t->api, .on = &t->api->services, .arena = arena, .body_text = bytes_of_text(body)};
}

static bool shows(struct api_call *call, const char *text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    api_print_faults(call, &out);
    return bytes_find(buffer_bytes(&out), bytes_of_text(text)) != SIZE_MAX;
}

static void test_armed_bodies(void **state)
{
    struct test_api t;
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    test_api_open(&t);
    make_table(&t, arena, ON_DEMAND);
    for (size_t i = 0; i < ARRAY_COUNT(armed_cases); i++) {
        struct api_call call = call_of(&t, arena, armed_cases[i].body);
        bool taken = api_add_faults(&call) == OK;

        if (taken != (armed_cases[i].error == NULL))
            fail_msg("%s: %s", armed_cases[i].body, taken ? "taken" : call.error.message);
        if (!taken && strcmp(call.error.message, armed_cases[i].error) != 0)
            fail_msg("%s: %s", armed_cases[i].body, call.error.message);
        if (taken && !shows(&call, armed_cases[i].shown))
            fail_msg("%s is not shown", armed_cases[i].body);
        if (!taken &&
            !shows(&call, "\"TransactionConflict\":[],\"Throttle\":[],\"TargetFailure\":[],"
                          "\"Duplicate\":[],\"Reorder\":[],\"Delay\":[],\"KillWorker\":[]}"))
            fail_msg("%s left something", armed_cases[i].body);
        api_clear_faults(&call);
    }
    test_api_close(&t);
}

/* ---- throttled as AWS does it ---- */

static const struct {
    const char *billing, *fault, *target, *body;
    int http_status;
    const char *answer; /* a part of it */
} throttled[] = {
    {PROVISIONED, "{" T "}", "DynamoDB_20120810.PutItem", "{" T ",\"Item\":{\"pk\":{\"S\":\"a\"}}}",
     400,
     "#ProvisionedThroughputExceededException\",\"message\":\"The level of configured provisioned "
     "throughput for the table was exceeded. Consider increasing your provisioning level with the "
     "UpdateTable "
     "API.\",\"ThrottlingReasons\":[{\"reason\":\"TableWriteProvisionedThroughputExceeded\","
     "\"resource\":\"arn:aws:dynamodb:us-east-1:000000000000:table/tab\"}]"},
    {ON_DEMAND, "{\"Service\":\"dynamodb\"}", "DynamoDB_20120810.Scan", "{" T "}", 400,
     "#ThrottlingException\",\"message\":\"Throughput exceeds the current capacity of your table"},
    {ON_DEMAND, "{\"Operation\":\"DescribeTable\"}", "DynamoDB_20120810.DescribeTable", "{" T "}",
     400,
     "#ThrottlingException\",\"message\":\"Rate of requests exceeds the allowed throughput.\""},
    {ON_DEMAND, "{" T "}", "DynamoDB_20120810.TransactWriteItems",
     "{\"TransactItems\":[{\"Delete\":{" T ",\"Key\":{\"pk\":{\"S\":\"a\"}}}}]}", 400,
     "#ThrottlingException"},
    {ON_DEMAND, "{" T "}", "DynamoDB_20120810.BatchGetItem",
     "{\"RequestItems\":{\"tab\":{\"Keys\":[{\"pk\":{\"S\":\"a\"}}]}}}", 400,
     "#ThrottlingException"},
    {ON_DEMAND, "{" T ",\"Count\":1}", "DynamoDB_20120810.BatchWriteItem",
     "{\"RequestItems\":{\"tab\":[{\"DeleteRequest\":{\"Key\":{\"pk\":{\"S\":\"a\"}}}},"
     "{\"DeleteRequest\":{\"Key\":{\"pk\":{\"S\":\"b\"}}}}]}}",
     200,
     "{\"UnprocessedItems\":{\"tab\":[{\"DeleteRequest\":{\"Key\":{\"pk\":{\"S\":\"a\"}}}}]}}"},
    {PROVISIONED, "{" T ",\"Probability\":1}", "DynamoDB_20120810.BatchWriteItem",
     "{\"RequestItems\":{\"tab\":[{\"DeleteRequest\":{\"Key\":{\"pk\":{\"S\":\"a\"}}}}]}}", 400,
     "#ProvisionedThroughputExceededException"},
    {ON_DEMAND, "{\"EventBusName\":\"default\",\"Count\":1}", "AWSEvents.PutEvents",
     "{\"Entries\":[{\"Source\":\"s\",\"DetailType\":\"d\",\"Detail\":\"{}\"},{\"Source\":\"s\","
     "\"DetailType\":\"d\",\"Detail\":\"{}\"}]}",
     200,
     "{\"Entries\":[{\"ErrorCode\":\"ThrottlingException\",\"ErrorMessage\":\"Rate exceeded\"},"
     "{\"EventId\":"},
    {ON_DEMAND, "{\"Operation\":\"PutEvents\",\"ErrorCode\":\"InternalFailure\"}",
     "AWSEvents.PutEvents",
     "{\"Entries\":[{\"Source\":\"s\",\"DetailType\":\"d\",\"Detail\":\"{}\"}]}", 200,
     "{\"ErrorCode\":\"InternalFailure\",\"ErrorMessage\":\"Internal Service Failure\"}],"
     "\"FailedEntryCount\":1"},
    {ON_DEMAND, "{\"Service\":\"events\"}", "AWSEvents.ListEventBuses", "{}", 400,
     "ThrottlingException\",\"message\":\"Rate exceeded\""},
    {ON_DEMAND, "{\"Service\":\"sqs\"}", "AmazonSQS.ListQueues", "{}", 403, "#RequestThrottled\""},
    /* what it does not fit is served */
    {ON_DEMAND, "{\"Service\":\"sqs\"}", "DynamoDB_20120810.Scan", "{" T "}", 200, "\"Count\":0"},
    {ON_DEMAND, "{" T ",\"Operation\":\"Query\"}", "DynamoDB_20120810.Scan", "{" T "}", 200,
     "\"Count\":0"},
    /* what is wrong for itself is told so, and uses nothing up */
    {ON_DEMAND, "{" T "}", "DynamoDB_20120810.Scan", "{" T ",\"Limit\":0}", 400,
     "ValidationException"},
};

static void test_throttled(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(throttled); i++) {
        struct test_api t;
        AUTO(arena_release) struct arena *arena = arena_new();
        struct test_answer answer;

        test_api_open(&t);
        make_table(&t, arena, throttled[i].billing);
        struct api_call call = call_of(
            &t, arena,
            arena_copy_text(arena, arena_printf(arena, ONE("Throttle", "%s"), throttled[i].fault)));

        assert_int_equal(api_add_faults(&call), OK);
        answer = test_api_call(&t, arena, throttled[i].target, bytes_of_text(throttled[i].body));
        if (answer.http_status != throttled[i].http_status ||
            bytes_find(answer.body, bytes_of_text(throttled[i].answer)) == SIZE_MAX)
            fail_msg("%s: %d %.*s", throttled[i].body, answer.http_status, BYTES_ARG(answer.body));
        test_api_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bodies),
                                       cmocka_unit_test(test_armed_bodies),
                                       cmocka_unit_test(test_throttled)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
