/* test/unit/stack/template.c - CloudFormation templates: the top level, what all resources have,
 * loops, and whole templates as tools generate them. */
#include "stack_test.h"

#include "stack/stack_data.h"

#define BUS "  B:\n    Type: AWS::Events::EventBus\n    Properties: {Name: b}\n"
#define QUEUE "  Q: {Type: AWS::SQS::Queue}\n"

static void forms(void **state)
{
    static const char *const texts[] = {
        "Resources:\n" QUEUE,
        "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}",
        "AWSTemplateFormatVersion: 2010-09-09\nDescription: d\nResources:\n" QUEUE,
        "Transform: [AWS::Serverless-2016-10-31]\nResources:\n" QUEUE,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        LOADED loaded = load(texts[i]);

        assert_call(&loaded, 0, "AmazonSQS.CreateQueue", "{\"QueueName\":\"stack-Q\"}");
        assert_int_equal(loaded.stack->note_count, 0);
        assert_bytes(loaded.stack->stage, "local");
    }
}

static void stages(void **state)
{
    LOADED loaded = load_stage("Resources:\n" QUEUE, "dev");

    (void)state;
    assert_call(&loaded, 0, "AmazonSQS.CreateQueue", "{\"QueueName\":\"stack-dev-Q\"}");
    assert_bytes(loaded.stack->service, "stack");
    assert_bytes(loaded.stack->stage, "dev");
}

static void conditions_of_resources(void **state)
{
    LOADED loaded = load("Conditions:\n  No: !Equals [a, b]\n  Yes: !Not [!Condition No]\n"
                         "Resources:\n  Q: {Type: AWS::SQS::Queue, Condition: No}\n"
                         "  R: {Type: AWS::SQS::Queue, Condition: Yes, DependsOn: [Q],"
                         " DeletionPolicy: Retain, UpdateReplacePolicy: Delete}\n"
                         "Outputs:\n  O: {Value: !GetAtt Q.Arn, Condition: No}\n"
                         "  P: {Value: !GetAtt R.Arn, Export: {Name: x}}\n");

    (void)state;
    assert_call(&loaded, 0, "AmazonSQS.CreateQueue", "{\"QueueName\":\"stack-R\"}");
    assert_int_equal(loaded.stack->output_count, 1);
    assert_bytes(loaded.stack->outputs[0].name, "P");
    assert_bytes(loaded.stack->outputs[0].value, "arn:aws:sqs:us-east-1:000000000000:stack-R");
}

static void functions_of_values(void **state)
{
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"!Base64 abc", "YWJj"},
        {"!Sub '${AWS::StackName}'", "stack"},
        {"!Select [1, !GetAZs eu-west-1]", "eu-west-1b"},
        {"!Select [2, !GetAZs '']", "us-east-1c"},
        {"!Select [1, !Cidr [10.0.0.0/16, 4, 8]]", "10.0.1.0/24"},
        {"!Length [a, b, c]", "3"},
        {"!ToJsonString {a: [1, !Ref Q]}",
         "{\"a\":[1,\"http://127.0.0.1:PORT/000000000000/stack-Q\"]}"},
        {"!FindInMap [M, a, b]", "c"},
        {"!FindInMap [M, a, z, {DefaultValue: d}]", "d"},
        {"!FindInMap [Z, a, z, {DefaultValue: !Ref AWS::Region}]", "us-east-1"},
        {"!If [Yes, a, b]", "a"},
        {"!Ref Bucket", "stack-Bucket"},
        {"!GetAtt Bucket.Arn", "arn:aws:s3:::stack-Bucket"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[1024];

        snprintf(text, sizeof text,
                 "Mappings: {M: {a: {b: c}}}\nConditions: {Yes: !Equals [1, 1]}\nResources:\n" QUEUE
                 "  Bucket: {Type: AWS::S3::Bucket}\nOutputs:\n  O: {Value: %s}\n",
                 cases[i].value);

        LOADED loaded = load(text);

        assert_loaded(&loaded);
        assert_int_equal(loaded.stack->output_count, 1);
        assert_bytes(filled(&loaded, loaded.stack->outputs[0].value), cases[i].expected);
    }
}

static void loops(void **state)
{
    LOADED loaded = load("Transform: AWS::LanguageExtensions\n"
                         "Parameters: {Names: {Type: CommaDelimitedList, Default: 'a.1,b'}}\n"
                         "Resources:\n"
                         "  Fn::ForEach::Queues:\n"
                         "    - Name\n"
                         "    - !Ref Names\n"
                         "    - Queue&{Name}:\n"
                         "        Type: AWS::SQS::Queue\n"
                         "        Properties:\n"
                         "          QueueName: !Join ['-', [q, !Ref Name, !Sub '${Name}']]\n"
                         "  Fn::ForEach::Outer:\n"
                         "    - X\n"
                         "    - [c]\n"
                         "    - Fn::ForEach::Inner:\n"
                         "        - Y\n"
                         "        - [d, e]\n"
                         "        - '${X}${Y}': {Type: AWS::SQS::Queue}\n");

    (void)state;
    assert_call_of(&loaded, "AmazonSQS.CreateQueue", 0, "{\"QueueName\":\"q-a.1-a.1\"}");
    assert_call_of(&loaded, "AmazonSQS.CreateQueue", 1, "{\"QueueName\":\"q-b-b\"}");
    assert_call_of(&loaded, "AmazonSQS.CreateQueue", 2, "{\"QueueName\":\"stack-cd\"}");
    assert_call_of(&loaded, "AmazonSQS.CreateQueue", 3, "{\"QueueName\":\"stack-ce\"}");
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"Resources: {}\n", 1, 1, "expected Resources, with one resource"},
        {"AWSTemplateFormatVersion: 2010-09-09\n", 1, 1, "expected Resources"},
        {"Resources:\n  Q: {Type: AWS::SQS::Queue, DependsOn: [Q, Z]}\n", 2, 45,
         "DependsOn of Q: expected the name of a resource of this stack, got \"Z\""},
        {"Resources:\n  Q: {Type: AWS::SQS::Queue, DeletionPolicy: Keep}\n", 2, 46,
         "DeletionPolicy of Q: expected Delete, Retain"},
        {"Resources:\n  Q: {Type: AWS::SQS::Queue, Condition: No}\n", 2, 41, "stack's Conditions"},
        {"Resources:\n" QUEUE "Outputs: {O: {Value: !Ref Z}}\n", 3, 22, "got \"Z\""},
        {"Resources:\n" QUEUE "Outputs: {O: {}}\n", 3, 14, "output O: expected a Value"},
        {"Conditions: {C: !And [!Equals [a, a]]}\nResources:\n" QUEUE, 1, 17,
         "Fn::And: expected a list of 2 to 10 conditions"},
        {"Conditions: {No: !Equals [a, b]}\nResources:\n"
         "  Q: {Type: AWS::SQS::Queue, Condition: No}\nOutputs: {O: {Value: !Ref Q}}\n",
         4, 22, "the Condition of Q does not hold"},
        {"Resources:\n" QUEUE "Outputs: {O: {Value: !Length x}}\n", 3, 22, "Fn::Length: expected"},
        {"Resources:\n" QUEUE "Outputs: {O: {Value: !Base64 [x]}}\n", 3, 22,
         "Fn::Base64: expected"},
        {"Resources:\n" QUEUE "Outputs: {O: {Value: !ToJsonString x}}\n", 3, 22,
         "Fn::ToJsonString"},
        {"Resources:\n" QUEUE "Outputs: {O: {Value: !Select [0, !Cidr [10.0.0.0/24, 4, 8]]}}\n", 3,
         34, "Fn::Cidr: expected blocks that 10.0.0.0/24 has room for"},
        {"Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Q: [a, [b]]\n", 3, 3,
         "expected [identifier"},
        {"Transform: AWS::LanguageExtensions\nResources:\n"
         "  Fn::ForEach::Q: [a, [b, c], {Q: {Type: AWS::SQS::Queue}}]\n",
         3, 35, "\"Q\" would stand twice"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void noted(void **state)
{
    static const struct {
        const char *text;
        size_t line, column;
        const char *words;
    } cases[] = {
        {"Resources:\n" QUEUE "Ressources: {}\n", 3, 1, "did you mean \"Resources\""},
        {"Resources:\n" QUEUE "Transform: Macro\n", 3, 12,
         "Transform Macro: macros run only in AWS"},
        {"Resources:\n" QUEUE "Rules: {R: {Assertions: []}}\n", 3, 9, "Rules: R"},
        {"Resources:\n  T: {Type: AWS::SNS::Topic}\n", 2, 3, "dynlog has no AWS::SNS::Topic"},
        {"Resources:\n  Q: {Type: AWS::SQS::Queue, Propertys: {}}\n", 2, 30,
         "unknown key \"Propertys\" of a resource; did you mean \"Properties\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load(cases[i].text);

        assert_note(&loaded, 0, cases[i].line, cases[i].column, cases[i].words);
        assert_int_equal(loaded.stack->note_count, 1);
    }
}

static void settings(void **state)
{
    LOADED loaded =
        load("Metadata: {dynlog: {archive: db, shards: 3}, other: 1}\nResources:\n" QUEUE);

    (void)state;
    assert_loaded(&loaded);
    assert_bytes(loaded.stack->archive_path, "db");
    assert_int_equal(loaded.stack->shard_count, 3);
}

/* A bus by the old custom resource of the Serverless Framework. */
static void custom_event_bridge(void **state)
{
    LOADED loaded = load(
        "Resources:\n" BUS "  F:\n    Type: AWS::Lambda::Function\n    Properties: {FunctionName: "
        "fn, Handler: index.h, Runtime: nodejs20.x, Code: {ZipFile: x}}\n"
        "  C:\n    Type: Custom::EventBridge\n    Version: 1\n    Properties:\n"
        "      FunctionName: fn\n      EventBridgeConfig: {RuleName: r, EventBus: b, State: "
        "DISABLED, Pattern: {a: [1]}, InputPath: $.x}\n");

    (void)state;
    assert_call_of(&loaded, "AWSEvents.PutRule", 0,
                   "{\"Name\":\"r\",\"EventBusName\":\"b\",\"EventPattern\":\"{\\\"a\\\":[1]}\","
                   "\"State\":\"DISABLED\"}");
    assert_call_of(&loaded, "AWSEvents.PutTargets", 0,
                   "{\"Rule\":\"r\",\"EventBusName\":\"b\",\"Targets\":[{\"Id\":\"r-target\","
                   "\"Arn\":\"arn:aws:lambda:us-east-1:000000000000:function:fn\",\"InputPath\":"
                   "\"$.x\"}]}");
}

/* ---- what tools generate ---- */

/* The users' example: three functions, one mapping, one rule. */
static void check_users(const struct loaded *loaded)
{
    size_t rules = 0;

    assert_loaded(loaded);
    assert_int_equal(loaded->stack->mapping_count, 1);
    assert_int_equal(loaded->stack->mappings[0].batch_size, 25);
    assert_int_equal(loaded->stack->archive_count, 1);
    for (size_t i = 0; i < loaded->stack->call_count; i++)
        rules += strcmp(loaded->stack->calls[i].target, "AWSEvents.PutTargets") == 0 ? 1 : 0;
    assert_int_equal(rules, 1);
}

/* The archive is not there: each function is noted and left out. */
static void packaged(void **state)
{
    static const char *const tools[] = {"serverless-2", "serverless-3", "osls"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(tools); i++) {
        char path[1024];

        snprintf(path, sizeof path,
                 STACK_DATA "/generated/%s/cloudformation-template-update-stack.json", tools[i]);

        const struct stack_options options = {.path = path, .account = "000000000000"};
        LOADED loaded = {.arena = arena_new()};

        loaded.status = stack_load(loaded.arena, &options, &loaded.stack, &loaded.error);
        assert_loaded(&loaded);
        assert_bytes(loaded.stack->service, "users-node");
        assert_int_equal(loaded.stack->function_count, 0);
        assert_int_equal(loaded.stack->archive_count, 1);
        assert_int_equal(loaded.stack->note_count, 3);
        for (size_t k = 0; k < loaded.stack->note_count; k++)
            assert_true(bytes_find(loaded.stack->notes[k].text,
                                   BYTES("its code is in S3, and no file of that name")) !=
                        SIZE_MAX);
    }
}

static void cdk(void **state)
{
    const struct stack_options options = {
        .path = STACK_DATA "/generated/cdk/UsersStack.template.json", .account = "000000000000"};
    LOADED loaded = {.arena = arena_new()};

    (void)state;
    loaded.status = stack_load(loaded.arena, &options, &loaded.stack, &loaded.error);
    assert_loaded(&loaded);
    assert_bytes(loaded.stack->service, "UsersStack");
    assert_int_equal(loaded.stack->note_count, 4); /* each function's code */
    assert_int_equal(loaded.stack->output_count, 1);
}

/* With code that is in the template: all of it is there. */
static void users(void **state)
{
    LOADED loaded = load(
        "Resources:\n"
        "  L:\n    Type: AWS::DynamoDB::GlobalTable\n    Properties:\n"
        "      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
        "      BillingMode: PAY_PER_REQUEST\n"
        "      StreamSpecification: {StreamViewType: NEW_IMAGE}\n"
        "      Replicas: [{Region: eu-west-1}, {Region: !Ref AWS::Region, TableClass: STANDARD, "
        "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}}]\n" BUS
        "  A: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt B.Arn}}\n"
        "  F:\n    Type: AWS::Lambda::Function\n    Properties: {Handler: index.h, Runtime: "
        "nodejs20.x, Code: {ZipFile: 'exports.h = 1'}, Timeout: '7'}\n"
        "  M:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: {FunctionName: !Ref F, "
        "EventSourceArn: !GetAtt L.StreamArn, StartingPosition: LATEST, BatchSize: 25}\n"
        "  R:\n    Type: AWS::Events::Rule\n    Properties: {EventBusName: !Ref B, EventPattern: "
        "{a: [1]}, Targets: [{Id: x, Arn: !GetAtt F.Arn}]}\n");

    (void)state;
    check_users(&loaded);
    assert_int_equal(loaded.stack->note_count, 0);
    assert_call(&loaded, 0, "DynamoDB_20120810.CreateTable",
                "{\"TableName\":\"stack-L\",\"BillingMode\":\"PAY_PER_REQUEST\","
                "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],"
                "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}],"
                "\"StreamSpecification\":{\"StreamViewType\":\"NEW_IMAGE\",\"StreamEnabled\":true},"
                "\"TableClass\":\"STANDARD\"}");
    assert_call(&loaded, 1, "DynamoDB_20120810.UpdateContinuousBackups",
                "{\"TableName\":\"stack-L\",\"PointInTimeRecoverySpecification\":{"
                "\"PointInTimeRecoveryEnabled\":true}}");
    assert_bytes(loaded.stack->functions[0].code.text, "exports.h = 1");
    assert_int_equal(loaded.stack->functions[0].timeout_s, 7);
    assert_int_equal(loaded.stack->functions[0].memory_mb, 128);
    assert_bytes(loaded.stack->mappings[0].table_name, "stack-L");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(stages),
        cmocka_unit_test(conditions_of_resources),
        cmocka_unit_test(functions_of_values),
        cmocka_unit_test(loops),
        cmocka_unit_test(refused),
        cmocka_unit_test(noted),
        cmocka_unit_test(settings),
        cmocka_unit_test(custom_event_bridge),
        cmocka_unit_test(packaged),
        cmocka_unit_test(cdk),
        cmocka_unit_test(users),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
