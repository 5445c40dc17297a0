/* test/unit/streams/record.c - streams/record.c: one record as GetRecords and as Lambda show it. */
#include "records_test.h"

static const char *print(struct stream_test *t, const struct change *change, const char *view,
                         struct bytes source_arn)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 20);

    stream_record_print(&out, change, view, "us-east-1", source_arn);
    return arena_copy_text(t->arena, buffer_bytes(&out));
}

static struct change a_change(enum change_kind kind)
{
    return (struct change){
        .stream_id = 3,
        .position = 10,
        .kind = kind,
        .time_ms = TEST_NOW_MS + 999,
        .keys = BYTES("{\"pk\":{\"S\":\"a\"}}"),
    };
}

static void every_member_stands_where_aws_has_it(void **state)
{
    struct stream_test *t = *state;
    struct change change = a_change(CHANGE_MODIFY);

    change.new_image = BYTES("{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"2\"}}");
    change.old_image = BYTES("{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}}");
    assert_string_equal(
        print(t, &change, "NEW_AND_OLD_IMAGES", (struct bytes){NULL, 0}),
        "{\"eventID\":\"0000000300000000000000000000000a\",\"eventName\":\"MODIFY\","
        "\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"us-east-1\","
        "\"dynamodb\":{\"ApproximateCreationDateTime\":1767225600,"
        "\"Keys\":{\"pk\":{\"S\":\"a\"}},"
        "\"NewImage\":{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"2\"}},"
        "\"OldImage\":{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}},"
        "\"SequenceNumber\":\"100000000000000000010\",\"SizeBytes\":15,"
        "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}");
}

static void images_that_are_not_there_are_left_out(void **state)
{
    struct stream_test *t = *state;
    struct change change = a_change(CHANGE_REMOVE);
    const char *text = print(t, &change, "KEYS_ONLY", (struct bytes){NULL, 0});

    assert_non_null(strstr(text, "\"eventName\":\"REMOVE\""));
    assert_non_null(strstr(text, "\"SizeBytes\":3,"));
    assert_null(strstr(text, "Image\":"));
    assert_null(strstr(text, "userIdentity"));
    assert_null(strstr(text, "eventSourceARN"));
}

static void the_service_signs_with_its_name(void **state)
{
    struct stream_test *t = *state;
    struct change change = a_change(CHANGE_REMOVE);

    change.flags = CHANGE_BY_TTL;
    assert_non_null(strstr(print(t, &change, "KEYS_ONLY", (struct bytes){NULL, 0}),
                           "\"userIdentity\":{\"Type\":\"Service\","
                           "\"PrincipalId\":\"dynamodb.amazonaws.com\"}"));
    const char *text = print(t, &change, "KEYS_ONLY", BYTES("arn:x"));

    assert_non_null(strstr(text, "\"userIdentity\":{\"type\":\"Service\","
                                 "\"principalId\":\"dynamodb.amazonaws.com\"}"));
    assert_non_null(strstr(text, "\"eventSourceARN\":\"arn:x\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stream_test_open, stream_test_close)
        TEST(every_member_stands_where_aws_has_it),
        TEST(images_that_are_not_there_are_left_out),
        TEST(the_service_signs_with_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
