/* A change record as AWS prints it, field by field: each kind, each view, who did it, and the form
 * that functions get beside the form of GetRecords. (AWS: DynamoDB Streams API reference; Lambda
 * developer guide, "Using Lambda with DynamoDB".) */
#include "streams/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEYS "{\"Id\":{\"N\":\"101\"}}"
#define NEW "{\"Message\":{\"S\":\"New item!\"},\"Id\":{\"N\":\"101\"}}"
#define OLD "{\"Message\":{\"S\":\"Old\"},\"Id\":{\"N\":\"101\"}}"
#define ARN                                                                                        \
    "arn:aws:dynamodb:us-east-1:123456789012:table/ExampleTable/stream/2021-01-01T00:00:00.000"

#define HEAD(kind)                                                                                 \
    "{\"eventID\":\"00000007000000000000000000000111\",\"eventName\":\"" kind                      \
    "\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"us-east-1\","    \
    "\"dynamodb\":{\"ApproximateCreationDateTime\":1428537600,\"Keys\":" KEYS ","
#define TAIL(size, view)                                                                           \
    "\"SequenceNumber\":\"100000000000000000273\",\"SizeBytes\":" size                             \
    ",\"StreamViewType\":\"" view "\"}"

static struct change change_of(enum change_kind kind, const char *new_image, const char *old_image)
{
    return (struct change){
        .stream_id = 7,
        .position = 273,
        .kind = kind,
        .time_ms = 1428537600999,
        .keys = BYTES(KEYS),
        .new_image = bytes_of_text(new_image),
        .old_image = bytes_of_text(old_image),
    };
}

static void expect(const struct change *change, const char *view, struct bytes source_arn,
                   const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    stream_record_print(&out, change, view, "us-east-1", source_arn);
    if (!bytes_equal_text(buffer_bytes(&out), expected))
        fail_msg("expected: %s\nanswered: %.*s", expected, BYTES_ARG(buffer_bytes(&out)));
}

/* Names and values count: "Id" 2, 101 3; "Message" 7, "New item!" 9, "Old" 3. */
static void test_kinds(void **state)
{
    struct change insert = change_of(CHANGE_INSERT, NEW, NULL);
    struct change modify = change_of(CHANGE_MODIFY, NEW, OLD);
    struct change removed = change_of(CHANGE_REMOVE, NULL, OLD);

    (void)state;
    expect(&insert, "NEW_AND_OLD_IMAGES", BYTES(""),
           HEAD("INSERT") "\"NewImage\":" NEW "," TAIL("26", "NEW_AND_OLD_IMAGES") "}");
    expect(&modify, "NEW_AND_OLD_IMAGES", BYTES(""),
           HEAD("MODIFY") "\"NewImage\":" NEW ",\"OldImage\":" OLD
                          "," TAIL("41", "NEW_AND_OLD_IMAGES") "}");
    expect(&removed, "NEW_AND_OLD_IMAGES", BYTES(""),
           HEAD("REMOVE") "\"OldImage\":" OLD "," TAIL("20", "NEW_AND_OLD_IMAGES") "}");
}

/* The engine keeps no image that the view does not ask for. */
static void test_views(void **state)
{
    struct change keys = change_of(CHANGE_MODIFY, NULL, NULL);
    struct change new_image = change_of(CHANGE_MODIFY, NEW, NULL);
    struct change old_image = change_of(CHANGE_MODIFY, NULL, OLD);

    (void)state;
    expect(&keys, "KEYS_ONLY", BYTES(""), HEAD("MODIFY") TAIL("5", "KEYS_ONLY") "}");
    expect(&new_image, "NEW_IMAGE", BYTES(""),
           HEAD("MODIFY") "\"NewImage\":" NEW "," TAIL("26", "NEW_IMAGE") "}");
    expect(&old_image, "OLD_IMAGE", BYTES(""),
           HEAD("MODIFY") "\"OldImage\":" OLD "," TAIL("20", "OLD_IMAGE") "}");
}

/* What functions get says where it is from. */
static void test_for_lambda(void **state)
{
    struct change insert = change_of(CHANGE_INSERT, NEW, NULL);

    (void)state;
    expect(&insert, "NEW_IMAGE", BYTES(ARN),
           HEAD("INSERT") "\"NewImage\":" NEW
                          "," TAIL("26", "NEW_IMAGE") ",\"eventSourceARN\":\"" ARN "\"}");
}

/* Items that expired were removed by the service itself; the two forms spell that differently. */
static void test_time_to_live(void **state)
{
    struct change expired = change_of(CHANGE_REMOVE, NULL, OLD);

    (void)state;
    expired.flags = CHANGE_BY_TTL;
    expect(&expired, "OLD_IMAGE", BYTES(""),
           HEAD("REMOVE") "\"OldImage\":" OLD "," TAIL(
               "20", "OLD_IMAGE") ",\"userIdentity\":{\"Type\":\"Service\",\"PrincipalId\":"
                                  "\"dynamodb.amazonaws.com\"}}");
    expect(&expired, "OLD_IMAGE", BYTES(ARN),
           HEAD("REMOVE") "\"OldImage\":" OLD
                          "," TAIL("20", "OLD_IMAGE") ",\"userIdentity\":{\"type\":\"Service\","
                                                      "\"principalId\":\"dynamodb.amazonaws.com\"}"
                                                      ",\"eventSourceARN\":\"" ARN "\"}");
}

/* Ids are as different as records. */
static void test_event_ids(void **state)
{
    struct change first = change_of(CHANGE_INSERT, NULL, NULL), other = first;
    AUTO(buffer_free) struct buffer a = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer b = BUFFER_INIT(4096);

    (void)state;
    other.stream_id++;
    stream_record_print(&a, &first, "KEYS_ONLY", "us-east-1", BYTES(""));
    stream_record_print(&b, &other, "KEYS_ONLY", "us-east-1", BYTES(""));
    assert_false(bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),      cmocka_unit_test(test_views),
        cmocka_unit_test(test_for_lambda), cmocka_unit_test(test_time_to_live),
        cmocka_unit_test(test_event_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
