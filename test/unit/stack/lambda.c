/* test/unit/stack/lambda.c - AWS::Lambda::* in templates: functions, mappings, versions, what is
 * wrong in them. A function's properties are in line 5. */
#include "stack_test.h"

#define FUNCTION(properties)                                                                       \
    "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      {" properties "}\n"
#define GOOD FUNCTION("Handler: index.h, Runtime: nodejs20.x, Code: {ZipFile: x}, FunctionName: fn")
#define OTHER(type, properties)                                                                    \
    GOOD "  O:\n    Type: " type "\n    Properties:\n      {" properties "}\n"
#define ARN "arn:aws:lambda:us-east-1:000000000000:function:fn"

static void function(void **state)
{
    LOADED loaded = load(FUNCTION(
        "Handler: a.b, Runtime: python3.12, Code: {ZipFile: 'x = 1'}, MemorySize: 256, "
        "ReservedConcurrentExecutions: 2, Environment: {Variables: {A: 1}}, Role: x, "
        "DeadLetterConfig: {TargetArn: 'arn:aws:sqs:r:1:q'}, LoggingConfig: {LogGroup: g}"));
    const struct stack_function *made = NULL;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->note_count, 0);
    made = &loaded.stack->functions[0];
    assert_bytes(made->name, "stack-F");
    assert_bytes(made->code.text, "x = 1");
    assert_int_equal(made->timeout_s, 3);
    assert_int_equal(made->memory_mb, 256);
    assert_int_equal(made->reserved_concurrency, 2);
    assert_int_equal(made->maximum_retry_attempts, -1);
    assert_bytes(made->dead_letter_arn, "arn:aws:sqs:r:1:q");
    assert_bytes(made->log_group, "g");
}

static void aliases(void **state)
{
    LOADED loaded = load(OTHER(
        "AWS::Lambda::Version",
        "FunctionName: !Ref F") "  A:\n    Type: AWS::Lambda::Alias\n    Properties: "
                                "{FunctionName: !Ref F, "
                                "Name: live, FunctionVersion: !GetAtt O.Version}\n"
                                "  M:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: "
                                "{FunctionName: !Ref A, EventSourceArn: 'arn:aws:sqs:r:1:q'}\n"
                                "Outputs: {V: {Value: !Ref O}, A: {Value: !GetAtt A.AliasArn}}\n");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->alias_count, 2);
    assert_bytes(loaded.stack->aliases[1].version, "1");
    assert_bytes(loaded.stack->outputs[0].value, ARN ":1");
    assert_bytes(loaded.stack->outputs[1].value, ARN ":live");
    assert_bytes(loaded.stack->mappings[0].function_name, ARN ":live");
    assert_int_equal(loaded.stack->mappings[0].batch_size, 10);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {FUNCTION("Handler: a.b, Runtime: nodejs20.x"), 3, 5, "F: expected Code"},
        {FUNCTION("Runtime: nodejs20.x, Code: {ZipFile: x}"), 3, 5,
         "expected Properties with Handler"},
        {FUNCTION("Handler: a.b, Code: {ZipFile: x}"), 3, 5, "expected Properties with Runtime"},
        {FUNCTION("Handler: a.b, Runtime: provided.al2023, Code: {ZipFile: x}"), 5, 54,
         "ZipFile: expected a Runtime of Node.js or Python"},
        {FUNCTION("Handler: a.b, Runtime: nodejs20.x, Code: {}"), 5, 49, "Code: expected ZipFile"},
        {FUNCTION("Handler: a.b, Runtime: nodejs20.x, Code: {ZipFile: x}, MemorySize: 64"), 5, 75,
         "MemorySize: expected a whole number from 128"},
        {OTHER("AWS::Lambda::EventSourceMapping", "EventSourceArn: 'arn:aws:sqs:r:1:q'"), 7, 5,
         "O: expected Properties with FunctionName"},
        {OTHER("AWS::Lambda::EventSourceMapping", "FunctionName: fn, EventSourceArn: x"), 9, 42,
         "EventSourceArn: expected the ARN"},
        {OTHER("AWS::Lambda::EventSourceMapping",
               "FunctionName: fn, EventSourceArn: 'arn:aws:dynamodb:r:1:table/t/stream/x'"),
         7, 5, "StartingPosition: expected LATEST or TRIM_HORIZON, got nothing"},
        {OTHER("AWS::Lambda::EventSourceMapping",
               "FunctionName: fn, EventSourceArn: 'arn:aws:sqs:r:1:q', BatchSize: 0"),
         9, 74, "BatchSize: expected a whole number from 1"},
        {OTHER("AWS::Lambda::EventInvokeConfig", "Qualifier: x"), 7, 5, "with FunctionName"},
        {OTHER("AWS::Lambda::EventInvokeConfig", "FunctionName: fn, MaximumRetryAttempts: 3"), 9,
         48, "MaximumRetryAttempts: expected a whole number from 0 to 2"},
        {OTHER("AWS::Lambda::EventInvokeConfig",
               "FunctionName: fn, DestinationConfig: {OnFailure: {Destination: x}}"),
         9, 71, "Destination: expected an ARN"},
        {OTHER("AWS::Lambda::Alias", "FunctionName: fn"), 7, 5, "O: expected Properties with Name"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void noted(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {FUNCTION("PackageType: Image, Code: {ImageUri: x}"), "F: container images are not run"},
        {FUNCTION("Handler: a.b, Runtime: nodejs20.x, Code: {S3Bucket: b, S3Key: k/a.zip}"),
         "F: its code is in S3"},
        {FUNCTION("Handler: index.b, Runtime: nodejs20.x, Code: {ZipFile: x}, Layers: [l]"),
         "Layers of a function"},
        {OTHER("AWS::Lambda::EventSourceMapping",
               "FunctionName: fn, EventSourceArn: 'arn:aws:kinesis:r:1:stream/s'"),
         "resource O: dynlog has no kinesis to read from"},
        {OTHER("AWS::Lambda::EventInvokeConfig", "FunctionName: other"),
         "resource O: no function of this stack"},
        {OTHER("AWS::Lambda::EventInvokeConfig", "FunctionName: fn, DestinationConfig: {OnSuccess: "
                                                 "{Destination: 'arn:aws:sns:r:1:t'}}"),
         "OnSuccess arn:aws:sns:r:1:t: results go to"},
        {OTHER("AWS::Lambda::Url", "TargetFunctionArn: x"), "dynlog has no AWS::Lambda::Url"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load(cases[i].text);

        assert_loaded(&loaded);
        if (loaded.stack->note_count != 1 ||
            bytes_find(loaded.stack->notes[0].text, bytes_of_text(cases[i].words)) == SIZE_MAX)
            fail_msg(
                "expected one note: %s; got %zu: %.*s", cases[i].words, loaded.stack->note_count,
                BYTES_ARG(loaded.stack->note_count > 0 ? loaded.stack->notes[0].text : BYTES("")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function),
        cmocka_unit_test(aliases),
        cmocka_unit_test(refused),
        cmocka_unit_test(noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
