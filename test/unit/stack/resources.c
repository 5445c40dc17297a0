/* test/unit/stack/resources.c - buses, archives, conditions of resources, types that are not made.
 */
#include "stack_test.h"

#define HEAD "service: s\nresources:\n  Resources:\n"

static void buses(void **state)
{
    LOADED loaded = load(HEAD "    Archive:\n" /* stands before its bus */
                              "      Type: AWS::Events::Archive\n"
                              "      Properties:\n"
                              "        SourceArn: !GetAtt Bus.Arn\n"
                              "        RetentionDays: 30\n"
                              "        EventPattern: {source: [a]}\n"
                              "    Bus:\n"
                              "      Type: AWS::Events::EventBus\n"
                              "      Properties:\n"
                              "        Name: bus\n"
                              "        Description: d\n"
                              "        Tags: [{Key: k, Value: v}]\n"
                              "    Again:\n"
                              "      Type: AWS::Events::EventBus\n"
                              "      Properties: {Name: bus}\n"
                              "    Default:\n"
                              "      Type: AWS::Events::EventBus\n"
                              "      Properties: {Name: default}\n");

    (void)state;
    assert_call(
        &loaded, 0, "AWSEvents.CreateEventBus",
        "{\"Name\":\"bus\",\"Description\":\"d\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}");
    assert_string_equal(loaded.stack->calls[0].update, "AWSEvents.UpdateEventBus");
    assert_bytes(loaded.stack->calls[0].update_body, "{\"Name\":\"bus\",\"Description\":\"d\"}");
    assert_int_equal(loaded.stack->call_count, 1);
    assert_int_equal(loaded.stack->note_count, 0);
    assert_made(&loaded, 0, "bus bus", NULL, "{}");
    assert_made(&loaded, 1, "archive s-local-Archive", NULL, "{}");
    assert_int_equal(loaded.stack->archive_count, 1);
    assert_bytes(loaded.stack->archives[0].name, "s-local-Archive");
    assert_bytes(loaded.stack->archives[0].bus_name, "bus");
    assert_bytes(loaded.stack->archives[0].pattern, "{\"source\":[\"a\"]}");
    assert_int_equal(loaded.stack->archives[0].retention_days, 30);
}

static void archive_of_another_bus(void **state)
{
    LOADED loaded = load(HEAD "    A:\n"
                              "      Type: AWS::Events::Archive\n"
                              "      Properties:\n"
                              "        ArchiveName: a\n"
                              "        SourceArn: arn:aws:events:us-east-1:1:event-bus/theirs\n"
                              "        EventPattern: '{\"source\":[\"a\"]}'\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateEventBus", "{\"Name\":\"theirs\"}");
    assert_note(&loaded, 0, 8, 20,
                "the bus theirs is not one of this stack's: it is made here too");
    assert_bytes(loaded.stack->archives[0].pattern, "{\"source\":[\"a\"]}");
}

static void types(void **state)
{
    LOADED loaded =
        load(HEAD "    Topic: {Type: AWS::SNS::Topic}\n"
                  "    Role: {Type: AWS::IAM::Role}\n"
                  "    Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Topic]}}\n"
                  "    Own: {Type: Custom::Thing}\n"
                  "  Outputs: {a: {Value: !Ref Nowhere}}\n"
                  "  extensions: {a: {}}\n"
                  "  Resorces: {}\n");

    (void)state;
    assert_note(&loaded, 0, 9, 3, "extensions of resources");
    assert_note(&loaded, 1, 10, 3, "did you mean \"Resources\"?");
    assert_note(&loaded, 2, 4, 5, "resource Topic: dynlog has no AWS::SNS::Topic");
    assert_note(&loaded, 3, 7, 5, "resource Own: dynlog has no Custom::Thing");
    assert_int_equal(loaded.stack->note_count, 4);
}

static void log_groups(void **state)
{
    LOADED loaded = load(
        HEAD
        "    A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /a, RetentionInDays: '7'}}\n"
        "    B: {Type: AWS::Logs::LogGroup}\n"
        "    C: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /c, KmsKeyId: k, "
        "LogGroupClass: INFREQUENT_ACCESS, Tags: [{Key: a, Value: b}], FieldIndexPolicies: [], "
        "DataProtectionPolicy: {}}}\n");

    (void)state;
    assert_call(&loaded, 0, "Logs_20140328.CreateLogGroup", "{\"logGroupName\":\"/a\"}");
    assert_call(&loaded, 1, "Logs_20140328.PutRetentionPolicy",
                "{\"logGroupName\":\"/a\",\"retentionInDays\":7}");
    assert_call(&loaded, 2, "Logs_20140328.CreateLogGroup", "{\"logGroupName\":\"s-local-B\"}");
    assert_call(&loaded, 3, "Logs_20140328.DeleteRetentionPolicy",
                "{\"logGroupName\":\"s-local-B\"}");
    assert_call(&loaded, 4, "Logs_20140328.CreateLogGroup",
                "{\"logGroupName\":\"/c\",\"kmsKeyId\":\"k\",\"logGroupClass\":"
                "\"INFREQUENT_ACCESS\",\"tags\":{\"a\":\"b\"}}");
    assert_true(
        bytes_end_with(loaded.stack->notes[0].text,
                       BYTES("DataProtectionPolicy of a log group: what is logged is not masked")));
    assert_int_equal(loaded.stack->note_count, 1);
}

static void conditions(void **state)
{
    static const char text[] = "service: s\n"
                               "resources:\n"
                               "  Conditions:\n"
                               "    Local: !Equals ['${opt:stage}', local]\n"
                               "  Resources:\n"
                               "    Bus:\n"
                               "      Type: AWS::Events::EventBus\n"
                               "      Condition: Local\n"
                               "      Properties: {Name: bus}\n";
    LOADED local = load_stage(text, "local");
    LOADED dev = load_stage(text, "dev");

    (void)state;
    assert_loaded(&local);
    assert_loaded(&dev);
    assert_int_equal(local.stack->call_count, 1);
    assert_int_equal(dev.stack->call_count, 0);
}

static void lists_are_merged(void **state)
{
    LOADED loaded = load("service: s\n"
                         "resources:\n"
                         "  - Resources:\n"
                         "      A: {Type: AWS::Events::EventBus, Properties: {Name: a}}\n"
                         "  - Outputs: {}\n"
                         "  - Resources:\n"
                         "      B: {Type: AWS::Events::EventBus, Properties: {Name: !Ref A2}}\n"
                         "      A2: {Type: AWS::Events::EventBus, Properties: {Name: c}}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateEventBus", "{\"Name\":\"a\"}");
    assert_call(&loaded, 1, "AWSEvents.CreateEventBus", "{\"Name\":\"c\"}");
    assert_int_equal(loaded.stack->call_count, 2);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"service: s\nresources: x\n", 2, 12, "resources: expected a mapping, got \"x\""},
        {HEAD "    A: x\n", 4, 8, "A: expected a resource with a Type"},
        {HEAD "    A: {Properties: {}}\n", 4, 8, "A: expected a resource with a Type"},
        {HEAD "    A: {Type: AWS::Events::EventBus}\n", 4, 8, "A: expected Properties with Name"},
        {HEAD "    A: {Type: AWS::Events::Archive, Properties: {}}\n", 4, 8,
         "A: expected Properties with SourceArn"},
        {HEAD "    A: {Type: AWS::Events::Archive, Properties: {SourceArn: 'arn:aws:s3:::b'}}\n", 4,
         61, "SourceArn: expected the ARN of an event bus"},
        {HEAD "    A:\n      Type: AWS::Events::Archive\n      Properties:\n"
              "        SourceArn: bus\n        RetentionDays: -1\n",
         8, 24, "RetentionDays: expected a whole number from 0"},
        {HEAD "    A: {Type: AWS::SQS::Queue, Condition: Nowhere}\n", 4, 43,
         "Condition: expected the name of one of the stack's Conditions"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buses),      cmocka_unit_test(archive_of_another_bus),
        cmocka_unit_test(types),      cmocka_unit_test(log_groups),
        cmocka_unit_test(conditions), cmocka_unit_test(lists_are_merged),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
