/* test/unit/stack/sam.c - AWS::Serverless::* as what SAM makes of it. Functions' properties start
 * in line 5. */
#include "stack_test.h"

#define HEAD "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n"
#define FUNCTION HEAD "    Type: AWS::Serverless::Function\n    Properties:\n"
#define CODE "      InlineCode: x\n      Handler: index.handler\n      Runtime: nodejs20.x\n"
#define EVENT(type, properties)                                                                    \
    FUNCTION CODE "      Events:\n        E:\n          Type: " type                               \
                  "\n          Properties: " properties "\n"
#define ARN "arn:aws:lambda:us-east-1:000000000000:function:stack-F"

static void function(void **state)
{
    LOADED loaded = load("Globals:\n  Function:\n    Runtime: python3.12\n    Timeout: 9\n"
                         "    Environment: {Variables: {A: 1, B: 2}}\n" FUNCTION
                         "      CodeUri: src\n      Handler: a.b\n      MemorySize: 512\n"
                         "      ReservedConcurrentExecutions: 1\n"
                         "      Environment: {Variables: {B: 3, T: !Ref T}}\n"
                         "      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Q.Arn}\n"
                         "  T:\n    Type: AWS::Serverless::SimpleTable\n"
                         "  Q:\n    Type: AWS::SQS::Queue\n");
    const struct stack_function *made = NULL;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->note_count, 0);
    assert_int_equal(loaded.stack->function_count, 1);
    made = &loaded.stack->functions[0];
    assert_bytes(made->key, "F");
    assert_bytes(made->name, "stack-F");
    assert_bytes(made->handler, "a.b");
    assert_bytes(made->runtime, "python3.12");
    assert_string_equal(made->code.folder, "./src");
    assert_int_equal(made->timeout_s, 9);
    assert_int_equal(made->memory_mb, 512);
    assert_int_equal(made->reserved_concurrency, 1);
    assert_int_equal(made->environment_count, 3);
    assert_bytes(made->environment[1].value, "3");
    assert_bytes(made->environment[2].value, "stack-T");
    assert_bytes(made->dead_letter_arn, "arn:aws:sqs:us-east-1:000000000000:stack-Q");
    assert_call(&loaded, 0, "DynamoDB_20120810.CreateTable",
                "{\"TableName\":\"stack-T\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\","
                "\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"id\","
                "\"KeyType\":\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\"}");
}

static void simple_table(void **state)
{
    LOADED loaded = load(HEAD "    Type: AWS::Serverless::SimpleTable\n    Properties:\n"
                              "      TableName: t\n      PrimaryKey: {Name: n, Type: Number}\n"
                              "      Tags: {a: b}\n");

    (void)state;
    assert_call(&loaded, 0, "DynamoDB_20120810.CreateTable",
                "{\"TableName\":\"t\",\"AttributeDefinitions\":[{\"AttributeName\":\"n\","
                "\"AttributeType\":\"N\"}],\"KeySchema\":[{\"AttributeName\":\"n\",\"KeyType\":"
                "\"HASH\"}],\"BillingMode\":\"PAY_PER_REQUEST\",\"Tags\":[{\"Key\":\"a\",\"Value\":"
                "\"b\"}]}");
}

static void stream(void **state)
{
    LOADED loaded = load(EVENT(
        "DynamoDB",
        "{Stream: 'arn:aws:dynamodb:us-east-1:1:table/t/stream/x', StartingPosition: LATEST, "
        "ParallelizationFactor: 4, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 2, "
        "MaximumRecordAgeInSeconds: 60, TumblingWindowInSeconds: 5, FunctionResponseTypes: "
        "[ReportBatchItemFailures], FilterCriteria: {Filters: [{Pattern: '{\"a\":[1]}'}]}, "
        "DestinationConfig: {OnFailure: {Type: SQS, Destination: 'arn:aws:sqs:r:1:q'}}}"));
    const struct stack_mapping *mapping = NULL;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->note_count, 0);
    assert_int_equal(loaded.stack->mapping_count, 1);
    mapping = &loaded.stack->mappings[0];
    assert_bytes(mapping->function_name, "stack-F");
    assert_bytes(mapping->table_name, "t");
    assert_int_equal(mapping->batch_size, 100);
    assert_false(mapping->trim_horizon);
    assert_int_equal(mapping->parallelization_factor, 4);
    assert_true(mapping->bisect_on_error);
    assert_int_equal(mapping->maximum_retry_attempts, 2);
    assert_int_equal(mapping->maximum_record_age_s, 60);
    assert_int_equal(mapping->tumbling_window_s, 5);
    assert_true(mapping->report_batch_item_failures);
    assert_int_equal(mapping->filter_count, 1);
    assert_bytes(mapping->filters[0], "{\"a\":[1]}");
    assert_bytes(mapping->on_failure_arn, "arn:aws:sqs:r:1:q");
}

static void queue(void **state)
{
    LOADED loaded =
        load(EVENT("SQS", "{Queue: 'arn:aws:sqs:r:1:q', BatchSize: 5, Enabled: false, "
                          "MaximumBatchingWindowInSeconds: 3, ScalingConfig: {MaximumConcurrency: "
                          "2}}"));
    const struct stack_mapping *mapping = NULL;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->mapping_count, 1);
    mapping = &loaded.stack->mappings[0];
    assert_int_equal(mapping->source, STACK_MAPPING_QUEUE);
    assert_bytes(mapping->queue_arn, "arn:aws:sqs:r:1:q");
    assert_int_equal(mapping->batch_size, 5);
    assert_int_equal(mapping->batch_window_s, 3);
    assert_int_equal(mapping->maximum_concurrency, 2);
    assert_false(mapping->enabled);
}

static void rules(void **state)
{
    static const char *const types[] = {"EventBridgeRule", "CloudWatchEvent"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        char text[1024];

        snprintf(text, sizeof text,
                 EVENT("%s", "{EventBusName: b, Pattern: {source: [a]}, Input: '{}', RetryPolicy: "
                             "{MaximumRetryAttempts: 3}, DeadLetterConfig: {Type: SQS}}"),
                 types[i]);

        LOADED loaded = load(text);

        assert_call_of(&loaded, "AmazonSQS.CreateQueue", 0, "{\"QueueName\":\"stack-FEQueue\"}");
        assert_call_of(&loaded, "AWSEvents.PutRule", 0,
                       "{\"Name\":\"stack-FE\",\"EventBusName\":\"b\",\"EventPattern\":\"{"
                       "\\\"source\\\":[\\\"a\\\"]}\",\"State\":\"ENABLED\"}");
        assert_call_of(
            &loaded, "AWSEvents.PutTargets", 0,
            "{\"Rule\":\"stack-FE\",\"EventBusName\":\"b\",\"Targets\":[{\"Id\":"
            "\"FELambdaTarget\",\"Arn\":\"" ARN "\",\"Input\":\"{}\",\"RetryPolicy\":{"
            "\"MaximumRetryAttempts\":3},\"DeadLetterConfig\":{\"Arn\":\"arn:aws:sqs:us-east-1:"
            "000000000000:stack-FEQueue\"}}]}");
    }
}

static void schedules(void **state)
{
    LOADED loaded =
        load(EVENT("Schedule", "{Schedule: rate(1 minute), Name: n, Enabled: false, Input: "
                               "'{\"a\":1}'}") "        V2:\n          Type: ScheduleV2\n"
                                               "          Properties: {ScheduleExpression: rate(1 "
                                               "hour), Input: '1'}\n");

    (void)state;
    assert_call_of(&loaded, "AWSEvents.PutRule", 0,
                   "{\"Name\":\"n\",\"EventBusName\":\"default\",\"ScheduleExpression\":"
                   "\"rate(1 minute)\",\"State\":\"DISABLED\"}");
    assert_call_of(&loaded, "AWSScheduler.CreateSchedule", 0,
                   "{\"Name\":\"FV2\",\"ScheduleExpression\":\"rate(1 hour)\","
                   "\"FlexibleTimeWindow\":{\"Mode\":\"OFF\"},\"Target\":{\"Arn\":\"" ARN "\","
                   "\"Input\":\"1\",\"RoleArn\":\"arn:aws:iam::000000000000:role/stack-local-"
                   "us-east-1-lambdaRole\"}}");
}

static void alias(void **state)
{
    LOADED loaded = load(
        FUNCTION CODE "      AutoPublishAlias: live\n      Events:\n        E:\n"
                      "          Type: EventBridgeRule\n          Properties: {Pattern: {a: [1]}}\n"
                      "Outputs:\n  A: {Value: !Ref F.Alias}\n  B: {Value: !Sub '${F.Version}'}\n"
                      "  C: {Value: !Ref FAliaslive}\n  D: {Value: !GetAtt FRole.Arn}\n");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->alias_count, 2);
    assert_bytes(loaded.stack->aliases[0].version, "1");
    assert_bytes(loaded.stack->aliases[1].name, "live");
    assert_bytes(loaded.stack->aliases[1].version, "1");
    assert_int_equal(loaded.stack->output_count, 4);
    assert_bytes(loaded.stack->outputs[0].value, ARN ":live");
    assert_bytes(loaded.stack->outputs[1].value, ARN ":1");
    assert_bytes(loaded.stack->outputs[2].value, ARN ":live");
    assert_bytes(loaded.stack->outputs[3].value, "arn:aws:iam::000000000000:role/stack-FRole");
    assert_call_of(&loaded, "AWSEvents.PutTargets", 0,
                   "{\"Rule\":\"stack-FE\",\"EventBusName\":\"default\",\"Targets\":[{\"Id\":"
                   "\"FELambdaTarget\",\"Arn\":\"" ARN ":live\"}]}");
}

static void invoke_config(void **state)
{
    LOADED loaded =
        load(FUNCTION CODE "      EventInvokeConfig:\n        MaximumRetryAttempts: 0\n"
                           "        MaximumEventAgeInSeconds: 60\n        DestinationConfig:\n"
                           "          OnSuccess: {Type: SQS}\n"
                           "          OnFailure: {Type: Lambda, Destination: !GetAtt F.Arn}\n");
    const struct stack_function *made = NULL;

    (void)state;
    assert_loaded(&loaded);
    made = &loaded.stack->functions[0];
    assert_int_equal(made->maximum_retry_attempts, 0);
    assert_int_equal(made->maximum_event_age_s, 60);
    assert_bytes(made->on_success.target,
                 "arn:aws:sqs:us-east-1:000000000000:stack-FEventInvokeConfigOnSuccessQueue");
    assert_int_equal(made->on_failure.kind, STACK_DESTINATION_FUNCTION);
    assert_call_of(&loaded, "AmazonSQS.CreateQueue", 0,
                   "{\"QueueName\":\"stack-FEventInvokeConfigOnSuccessQueue\"}");
}

static void noted(void **state)
{
    static const struct {
        const char *event, *words;
    } cases[] = {
        {EVENT("Api", "{Path: /, Method: get}"), "event E of F: dynlog serves no API Gateway"},
        {EVENT("S3", "{Bucket: b}"), "event E of F: dynlog has no S3"},
        {EVENT("SNS", "{Topic: t}"), "event E of F: dynlog has no SNS"},
        {FUNCTION CODE "      Layers: [x]\n", "Layers of a function: functions run without layers"},
        {FUNCTION CODE "      Timeot: 1\n", "unknown key \"Timeot\" of a function; did you mean"},
        {HEAD "    Type: AWS::Serverless::LayerVersion\n", "dynlog has no AWS::Serverless::Layer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load(cases[i].event);

        assert_loaded(&loaded);
        if (loaded.stack->note_count != 1 ||
            bytes_find(loaded.stack->notes[0].text, bytes_of_text(cases[i].words)) == SIZE_MAX)
            fail_msg(
                "expected one note: %s; got %zu: %.*s", cases[i].words, loaded.stack->note_count,
                BYTES_ARG(loaded.stack->note_count > 0 ? loaded.stack->notes[0].text : BYTES("")));
    }
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {EVENT("SQSS", "{}"), 11, 17, "expected a Type, as DynamoDB, SQS"},
        {EVENT("SQS", "{}"), 11, 11, "event E: expected Properties with Queue"},
        {EVENT("DynamoDB", "{Stream: a}"), 11, 11, "expected Properties with StartingPosition"},
        {EVENT("EventBridgeRule", "{}"), 11, 11, "expected Properties with Pattern"},
        {EVENT("Schedule", "{}"), 11, 11, "expected Properties with Schedule"},
        {EVENT("ScheduleV2", "{}"), 11, 11, "expected Properties with ScheduleExpression"},
        {FUNCTION "      InlineCode: x\n      Runtime: nodejs20.x\n", 4, 5, "with Handler"},
        {FUNCTION "      InlineCode: x\n      Handler: a.b\n", 4, 5, "with Runtime"},
        {FUNCTION CODE "      Timeout: 901\n", 9, 16, "Timeout: expected a whole number"},
        {FUNCTION CODE "  FRole: {Type: AWS::IAM::Role}\n", 9, 3, "SAM makes one with this name"},
        {FUNCTION CODE "      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: X}}}\n", 9,
         58, "OnFailure: expected Type: SQS"},
        {HEAD "    Type: AWS::Serverless::SimpleTable\n    Properties: {PrimaryKey: {Type: S}}\n",
         5, 37, "Type: expected String, Number or Binary"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function), cmocka_unit_test(simple_table),  cmocka_unit_test(stream),
        cmocka_unit_test(queue),    cmocka_unit_test(rules),         cmocka_unit_test(schedules),
        cmocka_unit_test(alias),    cmocka_unit_test(invoke_config), cmocka_unit_test(noted),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
