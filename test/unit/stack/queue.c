/* test/unit/stack/queue.c - AWS::SQS::Queue. Properties start in line 7. */
#include "stack_test.h"

#define HEAD                                                                                       \
    "service: s\nresources:\n  Resources:\n    Q:\n      Type: AWS::SQS::Queue\n      "            \
    "Properties:\n"

/* The attributes that no file has to say. */
#define USUAL                                                                                      \
    "\"DelaySeconds\":\"0\",\"MaximumMessageSize\":\"1048576\",\"MessageRetentionPeriod\":"        \
    "\"345600\",\"ReceiveMessageWaitTimeSeconds\":\"0\",\"VisibilityTimeout\":\"30\","             \
    "\"RedrivePolicy\":\"\",\"RedriveAllowPolicy\":\"\",\"KmsMasterKeyId\":\"\","                  \
    "\"KmsDataKeyReusePeriodSeconds\":\"300\""
#define URL "http://127.0.0.1/000000000000/"

static void defaults(void **state)
{
    LOADED loaded = load("service: s\nresources:\n  Resources:\n    Q: {Type: AWS::SQS::Queue}\n");

    (void)state;
    assert_call(&loaded, 0, "AmazonSQS.CreateQueue", "{\"QueueName\":\"s-local-Q\"}");
    assert_call(&loaded, 1, "AmazonSQS.SetQueueAttributes",
                "{\"QueueUrl\":\"" URL "s-local-Q\",\"Attributes\":{" USUAL "}}");
    assert_int_equal(loaded.stack->call_count, 2);
    assert_made(&loaded, 0, "queue s-local-Q", NULL, "{}");
    assert_int_equal(loaded.stack->note_count, 0);
}

static void everything(void **state)
{
    LOADED loaded = load(
        HEAD "        QueueName: q.fifo\n"
             "        FifoQueue: 'true'\n"
             "        Tags: [{Key: a, Value: 1}]\n"
             "        DelaySeconds: 900\n"
             "        MaximumMessageSize: '1024'\n"
             "        MessageRetentionPeriod: 60\n"
             "        ReceiveMessageWaitTimeSeconds: 20\n"
             "        VisibilityTimeout: 0\n"
             "        RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}\n"
             "        RedriveAllowPolicy: '{\"redrivePermission\":\"denyAll\"}'\n"
             "        KmsMasterKeyId: alias/aws/sqs\n"
             "        KmsDataKeyReusePeriodSeconds: 60\n"
             "        SqsManagedSseEnabled: false\n"
             "        ContentBasedDeduplication: true\n"
             "        DeduplicationScope: messageGroup\n"
             "        FifoThroughputLimit: perMessageGroupId\n"
             "    Dead:\n"
             "      Type: AWS::SQS::Queue\n"
             "      Properties: {FifoQueue: true}\n");

    (void)state;
    assert_call(&loaded, 0, "AmazonSQS.CreateQueue",
                "{\"QueueName\":\"q.fifo\",\"Attributes\":{\"FifoQueue\":\"true\"}}");
    assert_call(&loaded, 1, "AmazonSQS.TagQueue",
                "{\"QueueUrl\":\"" URL "q.fifo\",\"Tags\":{\"a\":\"1\"}}");
    assert_call(&loaded, 2, "AmazonSQS.CreateQueue",
                "{\"QueueName\":\"s-local-Dead.fifo\",\"Attributes\":{\"FifoQueue\":\"true\"}}");
    assert_call(
        &loaded, 3, "AmazonSQS.SetQueueAttributes",
        "{\"QueueUrl\":\"" URL "q.fifo\",\"Attributes\":{\"DelaySeconds\":\"900\","
        "\"MaximumMessageSize\":\"1024\",\"MessageRetentionPeriod\":\"60\","
        "\"ReceiveMessageWaitTimeSeconds\":\"20\",\"VisibilityTimeout\":\"0\","
        "\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"arn:aws:sqs:us-east-1:000000000000:"
        "s-local-Dead.fifo\\\",\\\"maxReceiveCount\\\":3}\","
        "\"RedriveAllowPolicy\":\"{\\\"redrivePermission\\\":\\\"denyAll\\\"}\","
        "\"KmsMasterKeyId\":\"alias/aws/sqs\",\"KmsDataKeyReusePeriodSeconds\":\"60\","
        "\"SqsManagedSseEnabled\":\"false\",\"ContentBasedDeduplication\":\"true\","
        "\"DeduplicationScope\":\"messageGroup\",\"FifoThroughputLimit\":\"perMessageGroupId\"}}");
    assert_int_equal(loaded.stack->call_count, 5);
    assert_int_equal(loaded.stack->note_count, 0);
}

static void a_name_is_cut_in_front(void **state)
{
    LOADED loaded =
        load("service: a-name-of-a-service-that-is-far-too-long-for-a-queue-to-have-it\n"
             "resources:\n  Resources:\n"
             "    QueueOfOrders: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}\n");

    (void)state;
    assert_call(&loaded, 0, "AmazonSQS.CreateQueue",
                "{\"QueueName\":\"a-name-of-a-service-that-is-far-too-long-for-a-queue-to-have--"
                "QueueOfOrders.fifo\",\"Attributes\":{\"FifoQueue\":\"true\"}}");
}

static void references(void **state)
{
    static const struct value_case cases[] = {
        {"!Ref Q", NULL, "{\"v\":\"http://127.0.0.1:PORT/000000000000/q\"}"},
        {"!GetAtt Q.QueueUrl", NULL, "{\"v\":\"http://127.0.0.1:PORT/000000000000/q\"}"},
        {"!GetAtt Q.Arn", NULL, "{\"v\":\"arn:aws:sqs:us-east-1:000000000000:q\"}"},
        {"!GetAtt Q.QueueName", NULL, "{\"v\":\"q\"}"},
    };
    static const char queue[] = "resources:\n  Resources:\n"
                                "    Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}\n";

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct value_case one = cases[i];

        one.more = queue;
        check_values(&one, 1, NULL);
    }
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "        QueueName: q\n        FifoQueue: true\n", 7, 20,
         "expected a name that ends with .fifo, because FifoQueue is true, got \"q\""},
        {HEAD "        QueueName: q.fifo\n", 7, 20,
         "expected FifoQueue: true with a name that ends with .fifo"},
        {HEAD "        QueueName: "
              "a23456789012345678901234567890123456789012345678901234567890123456789012345678901\n",
         7, 20, "QueueName: expected at most 80 characters, got 81"},
        {HEAD "        VisibilityTimeout: 43201\n", 7, 28, "from 0 to 43200, got 43201"},
        {HEAD "        ContentBasedDeduplication: true\n", 7, 36,
         "ContentBasedDeduplication: expected FifoQueue: true with it"},
        {HEAD "        RedrivePolicy: [a]\n", 7, 24, "RedrivePolicy: expected a mapping or JSON"},
        {HEAD "        Tags: x\n", 7, 15, "Tags: expected a list, got \"x\""},
        {HEAD "        - x\n", 7, 9, "Q: expected Properties to be a mapping, got a list"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void unknown_keys_are_noted(void **state)
{
    LOADED loaded = load(HEAD "        VisibiltyTimeout: 1\n");

    (void)state;
    assert_note(&loaded, 0, 7, 9, "of a queue; did you mean \"VisibilityTimeout\"?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(a_name_is_cut_in_front),
        cmocka_unit_test(references),
        cmocka_unit_test(refused),
        cmocka_unit_test(unknown_keys_are_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
