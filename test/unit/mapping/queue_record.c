/* Tests of mapping/queue_record.c: messages as the developer guide shows them, member by member
 * (Lambda developer guide, "Using Lambda with Amazon SQS": the example events of a standard and of
 * a FIFO queue). Digests are Python's hashlib's. */
#include "mapping_test.h"

#include "mapping/queue_record.h"

#define MEMBERS_BEFORE                                                                             \
    "{\"messageId\":\"059f36b4-87a3-44ab-83d2-661975830a7d\","                                     \
    "\"receiptHandle\":\"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a\",\"body\":"

static struct queue_received message_of(const char *body)
{
    return (struct queue_received){
        .message =
            {
                .body = bytes_of_text(body),
                .sender_id = BYTES("AIDAIENQZJOLO23YVJ4VO"),
                .sent_ms = 1545082649183,
                .message_id = "059f36b4-87a3-44ab-83d2-661975830a7d",
            },
        .receipt_handle = BYTES("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a"),
        .first_received_ms = 1545082649185,
        .receive_count = 1,
    };
}

static void printed(const struct queue_received *received, const char *arn, const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);
    const struct queue_origin origin = {.arn = bytes_of_text(arn),
                                        .region = BYTES("us-east-2"),
                                        .fifo = bytes_end_with(bytes_of_text(arn), BYTES(".fifo"))};

    queue_record_print(&out, received, &origin);
    buffer_append_byte(&out, '\0');
    assert_string_equal((const char *)buffer_bytes(&out).ptr, expected);
}

static void a_standard_queues(void **state)
{
    const struct message_attribute attributes[] = {
        {BYTES("myAttribute"), BYTES("String"), BYTES("myValue"), false},
        {BYTES("bytes"), BYTES("Binary.png"), bytes_of("\0\xFF", 2), true},
    };
    struct queue_received received = message_of("Test message.");

    (void)state;
    received.message.attributes = attributes;
    received.message.attribute_count = ARRAY_COUNT(attributes);
    printed(&received, "arn:aws:sqs:us-east-2:123456789012:my-queue",
            MEMBERS_BEFORE
            "\"Test message.\",\"attributes\":{\"ApproximateReceiveCount\":\"1\","
            "\"SentTimestamp\":\"1545082649183\",\"SenderId\":\"AIDAIENQZJOLO23YVJ4VO\","
            "\"ApproximateFirstReceiveTimestamp\":\"1545082649185\"},"
            "\"messageAttributes\":{\"myAttribute\":{\"stringValue\":\"myValue\","
            "\"stringListValues\":[],\"binaryListValues\":[],\"dataType\":\"String\"},"
            "\"bytes\":{\"binaryValue\":\"AP8=\",\"stringListValues\":[],\"binaryListValues\":[],"
            "\"dataType\":\"Binary.png\"}},"
            "\"md5OfMessageAttributes\":\"94c9bf5a8df5374b1ef48b20639c7497\","
            "\"md5OfBody\":\"e4e68fb7bd0e697a0ae8f1bb342846b3\",\"eventSource\":\"aws:sqs\","
            "\"eventSourceARN\":\"arn:aws:sqs:us-east-2:123456789012:my-queue\","
            "\"awsRegion\":\"us-east-2\"}");
}

static void a_fifo_queues(void **state)
{
    struct queue_received received = message_of("Test message.");

    (void)state;
    received.message.group_id = BYTES("1");
    received.message.deduplication_id = BYTES("2");
    received.message.position = 42;
    received.message.trace_header = BYTES("Root=1-5759e988-bd862e3fe1be46a994272793");
    received.message.source_arn = BYTES("arn:aws:sqs:us-east-2:123456789012:before.fifo");
    received.receive_count = 3;
    printed(&received, "arn:aws:sqs:us-east-2:123456789012:fifo.fifo",
            MEMBERS_BEFORE
            "\"Test message.\",\"attributes\":{\"ApproximateReceiveCount\":\"3\","
            "\"AWSTraceHeader\":\"Root=1-5759e988-bd862e3fe1be46a994272793\","
            "\"SentTimestamp\":\"1545082649183\",\"SequenceNumber\":\"10000000000000000042\","
            "\"MessageGroupId\":\"1\",\"SenderId\":\"AIDAIENQZJOLO23YVJ4VO\","
            "\"MessageDeduplicationId\":\"2\","
            "\"DeadLetterQueueSourceArn\":\"arn:aws:sqs:us-east-2:123456789012:before.fifo\","
            "\"ApproximateFirstReceiveTimestamp\":\"1545082649185\"},\"messageAttributes\":{},"
            "\"md5OfBody\":\"e4e68fb7bd0e697a0ae8f1bb342846b3\",\"eventSource\":\"aws:sqs\","
            "\"eventSourceARN\":\"arn:aws:sqs:us-east-2:123456789012:fifo.fifo\","
            "\"awsRegion\":\"us-east-2\"}");
}

/* For filters: an object and an array stand in it as such, whatever else as text. */
static void bodies_for_filters(void **state)
{
    static const struct {
        const char *body, *text, *parsed;
    } cases[] = {
        {"{\"a\": [1, \"x\"]}", "\"{\\\"a\\\": [1, \\\"x\\\"]}\",", "{\"a\":[1,\"x\"]},"},
        {"[ ]", "\"[ ]\",", "[],"},
        {"12", "\"12\",", "\"12\","},
        {"null", "\"null\",", "\"null\","},
        {"\"quoted\"", "\"\\\"quoted\\\"\",", "\"\\\"quoted\\\"\","},
        {"{\"a\":", "\"{\\\"a\\\":\",", "\"{\\\"a\\\":\","},
        {"{} {}", "\"{} {}\",", "\"{} {}\","},
        {"line\nand \xC3\xA9", "\"line\\nand \xC3\xA9\",", "\"line\\nand \xC3\xA9\","},
    };
    const struct queue_origin origin = {.arn = BYTES("arn:aws:sqs:us-east-2:1:q"),
                                        .region = BYTES("us-east-2")};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(65536);
        AUTO(buffer_free) struct buffer parsed = BUFFER_INIT(65536);
        struct queue_received received = message_of(cases[i].body);

        queue_record_print(&text, &received, &origin);
        queue_record_print_parsed(&parsed, &received, &origin);
        for (size_t k = 0; k < 2; k++) {
            struct bytes got = buffer_bytes(k == 0 ? &text : &parsed);
            struct bytes rest = bytes_slice(got, sizeof MEMBERS_BEFORE - 1, got.size);
            const char *expected = k == 0 ? cases[i].text : cases[i].parsed;

            if (!bytes_start_with(rest, bytes_of_text(expected)))
                fail_msg("%s: %.*s", cases[i].body, BYTES_ARG(rest));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_standard_queues),
        cmocka_unit_test(a_fifo_queues),
        cmocka_unit_test(bodies_for_filters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
