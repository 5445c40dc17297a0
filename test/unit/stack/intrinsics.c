/* test/unit/stack/intrinsics.c - Ref, Fn::GetAtt, Fn::Sub and the others, short and long. */
#include "stack_test.h"

static const char resources[] =
    "  other-fn_x:\n"
    "    handler: o.h\n"
    "resources:\n"
    "  Parameters:\n"
    "    Size: {Type: Number, Default: 5}\n"
    "    Secret: {Type: String}\n"
    "  Mappings:\n"
    "    Ports: {local: {http: 80}}\n"
    "  Conditions:\n"
    "    IsLocal: !Equals ['${opt:stage}', local]\n"
    "    IsNot: !Not [!Condition IsLocal]\n"
    "    Both: !And [!Condition IsLocal, !Condition IsNot]\n"
    "    Either: !Or [!Condition IsLocal, !Condition IsNot]\n"
    "    Loop: !Not [!Condition Loop]\n"
    "  Resources:\n"
    "    Table:\n"
    "      Type: AWS::DynamoDB::Table\n"
    "      Properties:\n"
    "        TableName: !Sub '${AWS::StackName}-t'\n"
    "        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"
    "        KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
    "        StreamSpecification: {StreamViewType: NEW_IMAGE}\n"
    "    Bus:\n"
    "      Type: AWS::Events::EventBus\n"
    "      Properties: {Name: bus}\n"
    "    Archive:\n"
    "      Type: AWS::Events::Archive\n"
    "      Properties: {SourceArn: !GetAtt Bus.Arn}\n"
    "    Topic: {Type: AWS::SNS::Topic}\n";

static void values(void **state)
{
    static const struct value_case cases[] = {
        {"!Ref AWS::Region", resources, "{\"v\":\"us-east-1\"}"},
        {"!Ref AWS::AccountId", resources, "{\"v\":\"000000000000\"}"},
        {"!Ref AWS::Partition", resources, "{\"v\":\"aws\"}"},
        {"!Ref AWS::StackName", resources, "{\"v\":\"s-local\"}"},
        {"[a, !Ref AWS::NoValue, b]", resources, "{\"v\":[\"a\",\"b\"]}"},
        {"{a: !Ref AWS::NoValue, b: 1}", resources, "{\"v\":{\"b\":1}}"},
        {"!Ref Table", resources, "{\"v\":\"s-local-t\"}"},
        {"{Ref: Table}", resources, "{\"v\":\"s-local-t\"}"},
        {"!Ref Bus", resources, "{\"v\":\"bus\"}"},
        {"!Ref Archive", resources, "{\"v\":\"s-local-Archive\"}"},
        {"!Ref FLambdaFunction", resources, "{\"v\":\"s-local-f\"}"},
        {"!Ref OtherDashfnUnderscorexLambdaFunction", resources, "{\"v\":\"s-local-other-fn_x\"}"},
        {"!Ref Size", resources, "{\"v\":\"5\"}"},
        {"!GetAtt Table.Arn", resources,
         "{\"v\":\"arn:aws:dynamodb:us-east-1:000000000000:table/s-local-t\"}"},
        {"!GetAtt [Table, StreamArn]", resources,
         "{\"v\":\"arn:aws:dynamodb:us-east-1:000000000000:table/s-local-t/stream/LABEL\"}"},
        {"{Fn::GetAtt: [Bus, Arn]}", resources,
         "{\"v\":\"arn:aws:events:us-east-1:000000000000:event-bus/bus\"}"},
        {"{Fn::GetAtt: Bus.Name}", resources, "{\"v\":\"bus\"}"},
        {"!GetAtt Archive.Arn", resources,
         "{\"v\":\"arn:aws:events:us-east-1:000000000000:archive/s-local-Archive\"}"},
        {"!GetAtt FLambdaFunction.Arn", resources,
         "{\"v\":\"arn:aws:lambda:us-east-1:000000000000:function:s-local-f\"}"},
        {"!Sub 'a-${Table}-${Bus.Arn}'", resources,
         "{\"v\":\"a-s-local-t-arn:aws:events:us-east-1:000000000000:event-bus/bus\"}"},
        {"!Sub ['${x}/${AWS::Region}/${!x}', {x: !Ref Bus}]", resources,
         "{\"v\":\"bus/us-east-1/${x}\"}"},
        {"{Fn::Sub: '${AWS::Partition}:${opt:stage}'}", resources, "{\"v\":\"aws:local\"}"},
        {"!Join ['-', [a, !Ref Bus, 1]]", resources, "{\"v\":\"a-bus-1\"}"},
        {"{Fn::Join: ['', []]}", resources, "{\"v\":\"\"}"},
        {"!Split [',', 'a,b,']", resources, "{\"v\":[\"a\",\"b\",\"\"]}"},
        {"!Select [1, !Split ['/', 'a/b']]", resources, "{\"v\":\"b\"}"},
        {"!FindInMap [Ports, local, http]", resources, "{\"v\":80}"},
        {"!If [IsLocal, a, b]", resources, "{\"v\":\"a\"}"},
        {"!If [IsNot, a, !Ref Bus]", resources, "{\"v\":\"bus\"}"},
        {"!If [Both, a, b]", resources, "{\"v\":\"b\"}"},
        {"!If [Either, [a], b]", resources, "{\"v\":[\"a\"]}"},
        {"[!If [Both, a, !Ref AWS::NoValue]]", resources, "{\"v\":[]}"},
        {"{deep: [{x: !Ref Bus}]}", resources, "{\"v\":{\"deep\":[{\"x\":\"bus\"}]}}"},
        {"{Ref: a, other: b}", resources, "{\"v\":{\"Ref\":\"a\",\"other\":\"b\"}}"},
    };

    (void)state;
    check_values(cases, ARRAY_COUNT(cases), NULL);
}

static void unknowable(void **state)
{
    static const struct {
        const char *value, *expected, *words;
    } cases[] = {
        {"!ImportValue theirs", "{\"v\":null}", "Fn::ImportValue theirs: its value is not known"},
        {"!Ref Topic", "{\"v\":null}", "Ref Topic: its value is not known"},
        {"!GetAtt Topic.Arn", "{\"v\":null}", "Fn::GetAtt Topic.Arn"},
        {"!GetAtt Table.Nothing", "{\"v\":null}", "Fn::GetAtt Table.Nothing"},
        {"!Ref Secret", "{\"v\":null}", "Ref Secret"},
        {"!Ref AWS::StackId", "{\"v\":null}", "Ref AWS::StackId"},
        {"!Ref ServerlessDeploymentBucket", "{\"v\":null}", "Ref ServerlessDeploymentBucket"},
        {"!Transform {Name: AWS::Include}", "{\"v\":null}", "Fn::Transform AWS::Include"},
        {"!Base64 {Fn::GetAtt: Table.StreamArn}", "{\"v\":null}", "Fn::Base64"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_value(cases[i].value, resources, NULL);

        assert_bytes(pattern_of(&loaded), cases[i].expected);
        assert_note(&loaded, 1, 8, 16, cases[i].words); /* 0: the topic itself */
        assert_int_equal(loaded.stack->note_count, 2);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *value, *words;
    } cases[] = {
        {"!Ref Buss",
         "Ref: expected the name of a resource of this stack, got \"Buss\"; did you mean \"Bus\"?"},
        {"!Ref [a]", "Ref: expected the name of a resource, got a list"},
        {"!GetAtt Tabel.Arn", "did you mean \"Table\"?"},
        {"!GetAtt Table", "Fn::GetAtt: expected Resource.Attribute, got \"Table\""},
        {"!GetAtt {a: b}", "Fn::GetAtt: expected Resource.Attribute or [Resource, Attribute]"},
        {"!Sub '${Nothing}'", "got \"Nothing\""},
        {"!Sub '${Bus'", "expected \"}\" behind \"${\""},
        {"!Sub [a]", "Fn::Sub: expected text, or [text, mapping]"},
        {"!Join [a]", "Fn::Join: expected [separator, [text, ...]]"},
        {"!Split ['', a]", "Fn::Split: expected [separator, text]"},
        {"!Select [2, [a, b]]", "Fn::Select: expected an index below 2, got 2"},
        {"!If [a]", "Fn::If: expected [condition, value, value]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_value(cases[i].value, resources, NULL);

        assert_refused(&loaded, 8, 16, cases[i].words);
    }
}

static void refused_inside(void **state)
{
    static const struct {
        const char *value;
        size_t line, column;
        const char *words;
    } cases[] = {
        {"!If [IsLocl, a, b]", 8, 21, "expected the name of one of the stack's Conditions"},
        {"!If [Loop, a, b]", 22, 17, "at most 32 functions that lead to each other"},
        {"!FindInMap [Ports, dev, http]", 8, 35, "a name that stands in the stack's Mappings"},
        {"!Join ['-', [[a]]]", 8, 29, "Fn::Join: expected text, got a list"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_value(cases[i].value, resources, NULL);

        assert_refused(&loaded, cases[i].line, cases[i].column, cases[i].words);
    }
}

static void resources_that_name_each_other(void **state)
{
    LOADED loaded = load("service: s\n"
                         "resources:\n"
                         "  Resources:\n"
                         "    A:\n"
                         "      Type: AWS::Events::EventBus\n"
                         "      Properties: {Name: !Ref B}\n"
                         "    B:\n"
                         "      Type: AWS::Events::EventBus\n"
                         "      Properties: {Name: !Ref A}\n");

    (void)state;
    assert_int_equal(loaded.status, REFUSED);
    assert_true(bytes_find(loaded.error.message, BYTES("that lead to each other")) != SIZE_MAX);
}

static void stream_of_a_table_without_one(void **state)
{
    LOADED loaded = load("service: s\n"
                         "functions:\n"
                         "  f:\n"
                         "    handler: h.h\n"
                         "    events:\n"
                         "      - stream:\n"
                         "          arn: !GetAtt T.StreamArn\n"
                         "resources:\n"
                         "  Resources:\n"
                         "    T:\n"
                         "      Type: AWS::DynamoDB::Table\n"
                         "      Properties:\n"
                         "        TableName: t\n"
                         "        AttributeDefinitions: []\n"
                         "        KeySchema: []\n");

    (void)state;
    assert_refused(&loaded, 7, 16, "expected a StreamSpecification in the table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(unknowable),
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_inside),
        cmocka_unit_test(resources_that_name_each_other),
        cmocka_unit_test(stream_of_a_table_without_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
