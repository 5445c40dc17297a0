/* test/unit/stack/table.c - a table's calls. The properties start in line 6. */
#include "stack_test.h"

#define HEAD                                                                                       \
    "service: s\n"                                                                                 \
    "resources:\n"                                                                                 \
    "  Resources:\n"                                                                               \
    "    T:\n"                                                                                     \
    "      Type: AWS::DynamoDB::Table\n"                                                           \
    "      Properties:\n"
#define KEYS                                                                                       \
    "        TableName: t\n"                                                                       \
    "        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"                      \
    "        KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
#define KEYS_BODY                                                                                  \
    "{\"TableName\":\"t\","                                                                        \
    "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],"               \
    "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}]"

static void create_table(void **state)
{
    static const struct {
        const char *properties, *members;
    } cases[] = {
        {"", ""},
        {"BillingMode: PAY_PER_REQUEST", "\"BillingMode\":\"PAY_PER_REQUEST\""},
        {"ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: '2'}",
         "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,\"WriteCapacityUnits\":2}"},
        {"OnDemandThroughput: {MaxReadRequestUnits: 5}",
         "\"OnDemandThroughput\":{\"MaxReadRequestUnits\":5}"},
        {"StreamSpecification: {StreamViewType: KEYS_ONLY}",
         "\"StreamSpecification\":{\"StreamViewType\":\"KEYS_ONLY\",\"StreamEnabled\":true}"},
        {"SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: k}",
         "\"SSESpecification\":{\"Enabled\":true,\"SSEType\":\"KMS\",\"KMSMasterKeyId\":\"k\"}"},
        {"SSESpecification: {SSEEnabled: 'false'}", "\"SSESpecification\":{\"Enabled\":false}"},
        {"Tags: [{Key: a, Value: 1}]", "\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"}]"},
        {"TableClass: STANDARD", "\"TableClass\":\"STANDARD\""},
        {"DeletionProtectionEnabled: true", "\"DeletionProtectionEnabled\":true"},
        {"GlobalSecondaryIndexes: [{IndexName: g, KeySchema: [{AttributeName: a, KeyType: HASH}], "
         "Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [b, c]}, "
         "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}}]",
         "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"g\",\"KeySchema\":[{\"AttributeName\":\"a\","
         "\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"INCLUDE\","
         "\"NonKeyAttributes\":[\"b\",\"c\"]},\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,"
         "\"WriteCapacityUnits\":1}}]"},
        {"LocalSecondaryIndexes: [{IndexName: l, KeySchema: [{AttributeName: a, KeyType: HASH}], "
         "Projection: {ProjectionType: ALL}}]",
         "\"LocalSecondaryIndexes\":[{\"IndexName\":\"l\",\"KeySchema\":[{\"AttributeName\":\"a\","
         "\"KeyType\":\"HASH\"}],\"Projection\":{\"ProjectionType\":\"ALL\"}}]"},
        {"PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}", ""},
        {"ContributorInsightsSpecification: {Enabled: true}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[4096], expected[4096];

        snprintf(text, sizeof text, HEAD KEYS "        %s\n", cases[i].properties);
        snprintf(expected, sizeof expected, KEYS_BODY "%s%s}",
                 cases[i].members[0] != '\0' ? "," : "", cases[i].members);

        LOADED loaded = load(text);

        assert_call(&loaded, 0, "DynamoDB_20120810.CreateTable", expected);
        assert_int_equal(loaded.stack->call_count, 1);
        assert_int_equal(loaded.stack->note_count, 0);
        assert_bytes(loaded.stack->calls[0].resource, "T");
        assert_int_equal(loaded.stack->calls[0].where.line, 5);
        assert_int_equal(loaded.stack->calls[0].where.column, 7);
    }
}

static void calls_of_their_own(void **state)
{
    LOADED loaded =
        load(HEAD KEYS "        TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}\n"
                       "        PointInTimeRecoverySpecification:\n"
                       "          PointInTimeRecoveryEnabled: true\n"
                       "          RecoveryPeriodInDays: 7\n");

    (void)state;
    assert_call(&loaded, 0, "DynamoDB_20120810.CreateTable", KEYS_BODY "}");
    assert_call(&loaded, 1, "DynamoDB_20120810.UpdateTimeToLive",
                "{\"TableName\":\"t\",\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\","
                "\"Enabled\":true}}");
    assert_call(&loaded, 2, "DynamoDB_20120810.UpdateContinuousBackups",
                "{\"TableName\":\"t\",\"PointInTimeRecoverySpecification\":{"
                "\"PointInTimeRecoveryEnabled\":true,\"RecoveryPeriodInDays\":7}}");
    assert_int_equal(loaded.stack->call_count, 3);
}

/* It may have been on before. */
static void time_to_live_is_switched_off(void **state)
{
    LOADED loaded =
        load(HEAD KEYS "        TimeToLiveSpecification: {AttributeName: ttl, Enabled: false}\n");

    (void)state;
    assert_call(&loaded, 1, "DynamoDB_20120810.UpdateTimeToLive",
                "{\"TableName\":\"t\",\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\","
                "\"Enabled\":false}}");
    assert_int_equal(loaded.stack->call_count, 2);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"service: s\nresources:\n  Resources:\n    T:\n      Type: AWS::DynamoDB::Table\n", 5, 7,
         "a table: expected AttributeDefinitions in it"},
        {HEAD "        KeySchema: []\n", 7, 9, "a table: expected AttributeDefinitions in it"},
        {HEAD "        TableName: t\n        AttributeDefinitions: []\n", 7, 9,
         "a table: expected KeySchema in it"},
        {HEAD "        TableName: [t]\n        AttributeDefinitions: []\n        KeySchema: []\n",
         7, 20, "TableName: expected text, got a list"},
        {HEAD KEYS "        BillingMode: {}\n", 10, 22,
         "BillingMode: expected text, got a mapping"},
        {HEAD KEYS "        Tags: x\n", 10, 15, "Tags: expected a list, got \"x\""},
        {HEAD KEYS "        Tags: [x]\n", 10, 16, "a tag: expected a mapping, got \"x\""},
        {HEAD KEYS "        Tags: [{Key: x}]\n", 10, 16, "a tag: expected Value in it"},
        {HEAD KEYS "        ProvisionedThroughput:\n          ReadCapacityUnits: many\n"
                   "          WriteCapacityUnits: 1\n",
         11, 30,
         "ReadCapacityUnits: expected a whole number from 0 to 9223372036854775807, got "
         "\"many\""},
        {HEAD KEYS "        SSESpecification: {SSEEnabled: maybe}\n", 10, 40,
         "SSEEnabled: expected true or false, got \"maybe\""},
        {HEAD KEYS "        StreamSpecification: true\n", 10, 30,
         "StreamSpecification: expected a mapping, got true"},
        {HEAD KEYS "        StreamSpecification: {}\n", 10, 30,
         "StreamSpecification: expected StreamViewType in it"},
        {HEAD KEYS "        GlobalSecondaryIndexes:\n          - IndexName: g\n", 11, 13,
         "an index: expected KeySchema in it"},
        {HEAD KEYS "        TimeToLiveSpecification: {Enabled: 3}\n", 10, 44,
         "Enabled: expected true or false, got 3"},
        {HEAD KEYS "        TimeToLiveSpecification: {Enabled: true}\n", 10, 34,
         "TimeToLiveSpecification: expected AttributeName in it"},
        {HEAD KEYS "        TimeToLiveSpecification: on\n", 10, 34,
         "TimeToLiveSpecification: expected a mapping, got \"on\""},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void unknown_properties_are_noted(void **state)
{
    LOADED loaded = load(HEAD KEYS "        BilingMode: PAY_PER_REQUEST\n"
                                   "        KinesisStreamSpecification: {StreamArn: x}\n");

    (void)state;
    assert_note(&loaded, 0, 10, 9,
                "unknown key \"BilingMode\" of a table; did you mean \"BillingMode\"?");
    assert_note(&loaded, 1, 11, 9, "unknown key \"KinesisStreamSpecification\" of a table");
    assert_int_equal(loaded.stack->note_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_table),
        cmocka_unit_test(calls_of_their_own),
        cmocka_unit_test(time_to_live_is_switched_off),
        cmocka_unit_test(refused),
        cmocka_unit_test(unknown_properties_are_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
