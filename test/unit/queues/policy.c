/* test/unit/queues/policy.c - RedrivePolicy, RedriveAllowPolicy, permissions. */
#include "queues/queues_test.h"

static struct test_queues t;

static void redrive_policies(void **state)
{
    static const struct {
        const char *value;
        uint32_t receives; /* 0: refused */
    } cases[] = {
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\",\"maxReceiveCount\":1}", 1},
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\",\"maxReceiveCount\":\"1000\"}", 1000},
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\",\"maxReceiveCount\":0}", 0},
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\",\"maxReceiveCount\":1001}", 0},
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\",\"maxReceiveCount\":1.5}", 0},
        {"{\"deadLetterTargetArn\":\"" TEST_ARN "d\"}", 0},
        {"{\"maxReceiveCount\":1}", 0},
        {"{\"deadLetterTargetArn\":\"arn:aws:sns:us-east-1:000000000000:d\",\"maxReceiveCount\":1}",
         0},
        {"[]", 0},
        {"{", 0},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct queue_settings settings = {.max_receives = 7};
        struct api_error error;
        enum status status =
            policy_read_redrive(&settings, bytes_of_text(cases[i].value), arena, &error);

        assert_int_equal(status, cases[i].receives > 0 ? OK : REFUSED);
        if (status != OK)
            continue;
        assert_int_equal(settings.max_receives, cases[i].receives);
        assert_true(bytes_equal_text(settings.dead_letter_arn, TEST_ARN "d"));
        assert_int_equal(policy_read_redrive(&settings, (struct bytes){NULL, 0}, arena, &error),
                         OK);
        assert_int_equal(settings.max_receives, 0); /* taken away */
    }
}

static void allow_policies(void **state)
{
    static const struct {
        const char *value;
        enum status status;
    } cases[] = {
        {"{\"redrivePermission\":\"allowAll\"}", OK},
        {"{\"redrivePermission\":\"denyAll\"}", OK},
        {"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"" TEST_ARN "q\"]}", OK},
        {"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[]}", REFUSED},
        {"{\"redrivePermission\":\"byQueue\"}", REFUSED},
        {"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"x\"]}", REFUSED},
        {"{\"redrivePermission\":\"allowAll\",\"sourceQueueArns\":[\"" TEST_ARN "q\"]}", REFUSED},
        {"{\"redrivePermission\":\"some\"}", REFUSED},
        {"{}", REFUSED},
        {"x", REFUSED},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(policy_check_allow(bytes_of_text(cases[i].value), arena, &error),
                         cases[i].status);
}

/* The dead-letter queue is there, of the same kind, and lets itself be used. */
static void targets(void **state)
{
#define REDRIVE(name)                                                                              \
    PAIRS("RedrivePolicy", "{\"deadLetterTargetArn\":\"" TEST_ARN name "\",\"maxReceiveCount\":"   \
                                                                       "1}")
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", REDRIVE("d")), REFUSED);
    assert_int_equal(test_create(&t, "d", NULL), OK);
    assert_int_equal(test_create(&t, "q", REDRIVE("d")), OK);
    assert_int_equal(test_create(&t, "d.fifo", PAIRS("FifoQueue", "true")), OK);
    assert_int_equal(test_set(&t, "q", REDRIVE("d.fifo")), REFUSED);
    assert_int_equal(
        test_set(&t, "d", PAIRS("RedriveAllowPolicy", "{\"redrivePermission\":\"denyAll\"}")), OK);
    assert_int_equal(test_create(&t, "other", REDRIVE("d")), REFUSED);
    assert_int_equal(test_set(&t, "d",
                              PAIRS("RedriveAllowPolicy",
                                    "{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":"
                                    "[\"" TEST_ARN "other\"]}")),
                     OK);
    assert_int_equal(test_create(&t, "other", REDRIVE("d")), OK);
    assert_int_equal(test_create(&t, "third", REDRIVE("d")), REFUSED);
    test_queues_close(&t);
}

static enum status permit(const char *label, const char *account, const char *action)
{
    struct bytes accounts[] = {bytes_of_text(account)}, actions[] = {bytes_of_text(action)};

    return test_change(&t, &(struct queue_change){.kind = QUEUE_ADD_PERMISSION,
                                                  .name = BYTES("q"),
                                                  .label = bytes_of_text(label),
                                                  .accounts = accounts,
                                                  .account_count = 1,
                                                  .actions = actions,
                                                  .action_count = 1});
}

static enum status forbid(const char *label)
{
    return test_change(&t, &(struct queue_change){.kind = QUEUE_REMOVE_PERMISSION,
                                                  .name = BYTES("q"),
                                                  .label = bytes_of_text(label)});
}

static void permissions(void **state)
{
    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_int_equal(permit("one", "123456789012", "SendMessage"), OK);
    assert_int_equal(permit("one", "123456789012", "SendMessage"),
                     REFUSED); /* the label is there */
    assert_int_equal(permit("two", "12345678901", "*"), REFUSED);
    assert_int_equal(permit("two", "123456789012", "DeleteQueue"), REFUSED);
    assert_int_equal(permit("t wo", "123456789012", "*"), REFUSED);
    assert_int_equal(permit("two", "123456789012", "*"), OK);
    assert_true(bytes_equal_text(
        test_view(&t, "q")->settings.policy,
        "{\"Version\":\"2008-10-17\",\"Id\":\"" TEST_ARN "q/SQSDefaultPolicy\",\"Statement\":["
        "{\"Sid\":\"one\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
        "\"arn:aws:iam::123456789012:root\"},\"Action\":\"SQS:SendMessage\",\"Resource\":"
        "\"" TEST_ARN "q\"},{\"Sid\":\"two\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
        "\"arn:aws:iam::123456789012:root\"},\"Action\":\"SQS:*\",\"Resource\":\"" TEST_ARN
        "q\"}]}"));
    assert_int_equal(forbid("three"), REFUSED);
    assert_int_equal(forbid("one"), OK);
    assert_int_equal(forbid("two"), OK);
    assert_int_equal(test_view(&t, "q")->settings.policy.size, 0); /* nothing is left of it */
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redrive_policies),
        cmocka_unit_test(allow_policies),
        cmocka_unit_test(targets),
        cmocka_unit_test(permissions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
