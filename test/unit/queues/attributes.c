/* test/unit/queues/attributes.c - attributes of queues as text: defaults, limits, what is told. */
#include "queues/queues_test.h"

static struct arena *arena;
static struct api_error error;

static enum status set(struct queue_settings *settings, const char *name, const char *value)
{
    error = (struct api_error){0};
    return settings_set(settings, bytes_of_text(name), bytes_of_text(value), true, arena, &error);
}

static const char *told(const struct queue_settings *settings, const char *name)
{
    struct queue_pair pair;

    for (size_t i = 0; settings_at(settings, i, arena, &pair); i++)
        if (bytes_equal_text(pair.name, name))
            return arena_copy_text(arena, pair.value);
    return NULL;
}

static void defaults(void **state)
{
    static const char *const expected[][2] = {
        {"VisibilityTimeout", "30"},
        {"MaximumMessageSize", "1048576"},
        {"MessageRetentionPeriod", "345600"},
        {"DelaySeconds", "0"},
        {"ReceiveMessageWaitTimeSeconds", "0"},
        {"SqsManagedSseEnabled", "true"},
    };
    struct queue_settings settings;
    struct queue_pair pair;
    size_t count = 0;

    (void)state;
    settings_init(&settings, false);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_string_equal(told(&settings, expected[i][0]), expected[i][1]);
    while (settings_at(&settings, count, arena, &pair))
        count++;
    assert_int_equal(count, ARRAY_COUNT(expected));
    settings_init(&settings, true);
    assert_string_equal(told(&settings, "FifoQueue"), "true");
    assert_string_equal(told(&settings, "DeduplicationScope"), "queue");
    assert_string_equal(told(&settings, "FifoThroughputLimit"), "perQueue");
    assert_string_equal(told(&settings, "ContentBasedDeduplication"), "false");
}

/* At the limit, and one past it. */
static void limits(void **state)
{
    static const struct {
        const char *name;
        const char *good[2], *bad[2];
    } cases[] = {
        {"VisibilityTimeout", {"0", "43200"}, {"-1", "43201"}},
        {"MaximumMessageSize", {"1024", "1048576"}, {"1023", "1048577"}},
        {"MessageRetentionPeriod", {"60", "1209600"}, {"59", "1209601"}},
        {"DelaySeconds", {"0", "900"}, {"-1", "901"}},
        {"ReceiveMessageWaitTimeSeconds", {"0", "20"}, {"", "21"}},
        {"KmsDataKeyReusePeriodSeconds", {"60", "86400"}, {"59", "86401"}},
        {"ContentBasedDeduplication", {"true", "FALSE"}, {"1", ""}},
        {"DeduplicationScope", {"queue", "messageGroup"}, {"Queue", ""}},
        {"FifoThroughputLimit", {"perQueue", "perMessageGroupId"}, {"none", ""}},
        {"Policy", {"", "{}"}, {"[]", "{"}},
    };
    struct queue_settings settings;

    (void)state;
    settings_init(&settings, true);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(set(&settings, cases[i].name, cases[i].good[j]), OK);
            assert_int_equal(set(&settings, cases[i].name, cases[i].bad[j]), REFUSED);
            assert_int_equal(error.kind, API_INVALID_ATTRIBUTE_VALUE);
        }
}

static void what_a_standard_queue_has_not(void **state)
{
    struct queue_settings settings;

    (void)state;
    settings_init(&settings, false);
    assert_int_equal(set(&settings, "ContentBasedDeduplication", "true"), REFUSED);
    assert_string_equal(error.message, "Unknown Attribute ContentBasedDeduplication.");
    assert_int_equal(set(&settings, "DeduplicationScope", "queue"), REFUSED);
    assert_string_equal(
        error.message,
        "You can specify the DeduplicationScope only when FifoQueue is set to true.");
    assert_int_equal(set(&settings, "Nothing", "1"), REFUSED);
    assert_int_equal(set(&settings, "QueueArn", "x"), REFUSED); /* is told, not set */
}

static void one_kind_of_encryption(void **state)
{
    struct queue_settings settings;

    (void)state;
    settings_init(&settings, false);
    assert_int_equal(set(&settings, "KmsMasterKeyId", "alias/a"), OK);
    assert_string_equal(told(&settings, "SqsManagedSseEnabled"), "false");
    assert_int_equal(set(&settings, "SqsManagedSseEnabled", "true"), OK);
    assert_null(told(&settings, "KmsMasterKeyId"));
}

/* By what they mean: CreateQueue of a queue that is there. */
static void differences(void **state)
{
    const struct queue_pair same[] = {{BYTES("VisibilityTimeout"), BYTES("030")},
                                      {BYTES("FifoQueue"), BYTES("True")}};
    const struct queue_pair other[] = {{BYTES("DelaySeconds"), BYTES("1")}};
    struct queue_settings settings;
    struct bytes name;

    (void)state;
    settings_init(&settings, true);
    assert_int_equal(settings_differ(&settings, same, 2, arena, &error, &name), OK);
    assert_int_equal(name.size, 0);
    assert_int_equal(settings_differ(&settings, other, 1, arena, &error, &name), OK);
    assert_true(bytes_equal_text(name, "DelaySeconds"));
}

static void what_may_be_asked_for(void **state)
{
    (void)state;
    assert_true(queue_attribute_is_known(BYTES("All")));
    assert_true(queue_attribute_is_known(BYTES("QueueArn")));
    assert_true(queue_attribute_is_known(BYTES("RedrivePolicy")));
    assert_false(queue_attribute_is_known(BYTES("SenderId")));
    assert_false(queue_attribute_is_known((struct bytes){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(limits),
        cmocka_unit_test(what_a_standard_queue_has_not),
        cmocka_unit_test(one_kind_of_encryption),
        cmocka_unit_test(differences),
        cmocka_unit_test(what_may_be_asked_for),
    };
    int failed = 0;

    arena = arena_new();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
