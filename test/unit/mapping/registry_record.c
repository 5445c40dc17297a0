/* Tests of mapping/registry_record.c: what is written reads back the same; what can't be read says
 * so. (docs/format/mapping.md) */
#include "mapping_test.h"

#include "mapping/registry_private.h"

#define UUID "14e0db71-5d35-4eb5-b481-8945cf9d10c2"

static struct mapping_registry_record of_stream(void)
{
    static const struct bytes filters[] = {{(const uint8_t *)"{\"eventName\":[\"INSERT\"]}", 24},
                                           {(const uint8_t *)"{}", 2}};
    static const struct mapping_registry_tag tags[] = {
        {{(const uint8_t *)"team", 4}, {(const uint8_t *)"a \"b\"", 5}}};

    return (struct mapping_registry_record){
        .uuid = BYTES(UUID),
        .settings =
            {
                .function_name = BYTES("orders:live"),
                .source_arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/now"),
                .stream_id = 7,
                .view = "NEW_IMAGE",
                .enabled = true,
                .batch_size = MAPPING_BATCH_SIZE_MAX,
                .batch_window_s = MAPPING_WINDOW_S_MAX,
                .trim_horizon = true,
                .parallelization_factor = 10,
                .bisect_on_error = true,
                .maximum_retry_attempts = -1,
                .maximum_record_age_s = 604800,
                .filters = filters,
                .filter_count = 2,
                .report_batch_item_failures = true,
                .tumbling_window_s = 900,
                .on_failure_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:failed"),
            },
        .tags = tags,
        .tag_count = 1,
        .modified_ms = 1769903999123,
    };
}

static struct mapping_registry_record of_queue(void)
{
    return (struct mapping_registry_record){
        .uuid = BYTES(UUID),
        .settings =
            {
                .function_name = BYTES("f"),
                .source = MAPPING_OF_QUEUE,
                .source_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:jobs"),
                .batch_size = 1,
                .maximum_concurrency = 2,
                .maximum_retry_attempts = -1,
                .maximum_record_age_s = -1,
            },
        .modified_ms = 1,
        .deleting = true,
    };
}

static void same_settings(const struct mapping_settings *a, const struct mapping_settings *b)
{
    assert_true(bytes_equal(a->function_name, b->function_name));
    assert_true(bytes_equal(a->source_arn, b->source_arn));
    assert_true(bytes_equal(a->on_failure_arn, b->on_failure_arn));
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->stream_id, b->stream_id);
    assert_true(a->view == b->view || strcmp(a->view, b->view) == 0);
    assert_int_equal(a->enabled, b->enabled);
    assert_int_equal(a->batch_size, b->batch_size);
    assert_int_equal(a->batch_window_s, b->batch_window_s);
    assert_int_equal(a->trim_horizon, b->trim_horizon);
    assert_int_equal(a->parallelization_factor, b->parallelization_factor);
    assert_int_equal(a->bisect_on_error, b->bisect_on_error);
    assert_int_equal(a->maximum_retry_attempts, b->maximum_retry_attempts);
    assert_int_equal(a->maximum_record_age_s, b->maximum_record_age_s);
    assert_int_equal(a->report_batch_item_failures, b->report_batch_item_failures);
    assert_int_equal(a->tumbling_window_s, b->tumbling_window_s);
    assert_int_equal(a->maximum_concurrency, b->maximum_concurrency);
    assert_int_equal(a->filter_count, b->filter_count);
    for (size_t i = 0; i < a->filter_count; i++)
        assert_true(bytes_equal(a->filters[i], b->filters[i]));
}

static void what_is_written_is_read(void **state)
{
    const struct mapping_registry_record all[] = {of_stream(), of_queue()};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bytes stored = mapping_registry_record_encode(arena, &all[i]);
        struct mapping_registry_record read;

        assert_int_equal(mapping_registry_record_decode(stored, arena, &read), OK);
        assert_true(bytes_equal(read.uuid, all[i].uuid));
        assert_int_equal(read.modified_ms, all[i].modified_ms);
        assert_int_equal(read.deleting, all[i].deleting);
        same_settings(&read.settings, &all[i].settings);
        assert_int_equal(read.tag_count, all[i].tag_count);
        for (size_t k = 0; k < read.tag_count; k++) {
            assert_true(bytes_equal(read.tags[k].name, all[i].tags[k].name));
            assert_true(bytes_equal(read.tags[k].value, all[i].tags[k].value));
        }
        assert_true(bytes_equal(mapping_registry_record_encode(arena, &read), stored));
    }
}

/* All members that a queue's needs, in pieces that a case leaves out or changes. */
#define BEGIN "{\"uuid\":\"" UUID "\",\"modified\":1,\"function\":\"f\",\"batchWindow\":0,"
#define SOURCE "\"source\":\"arn:aws:sqs:us-east-1:000000000000:jobs\","
#define REST "\"batchSize\":1,\"maximumConcurrency\":0"

static void what_can_not_be_read_says_so(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } cases[] = {
        {BEGIN SOURCE REST ",\"format\":1}", OK},
        {BEGIN SOURCE REST ",\"format\":1,\"unknown\":{\"a\":[]}}", OK},
        {BEGIN SOURCE REST ",\"format\":2}", NEWER_FORMAT},
        {BEGIN SOURCE REST "}", CORRUPT},
        {BEGIN SOURCE REST ",\"format\":1", CORRUPT},
        {"", CORRUPT},
        {"[]", CORRUPT},
        {BEGIN REST ",\"format\":1}", CORRUPT},
        {BEGIN "\"source\":\"jobs\"," REST ",\"format\":1}", CORRUPT},
        {BEGIN SOURCE "\"batchSize\":-1,\"maximumConcurrency\":0,\"format\":1}", CORRUPT},
        {BEGIN SOURCE "\"batchSize\":4294967296,\"maximumConcurrency\":0,\"format\":1}", CORRUPT},
        {BEGIN SOURCE "\"batchSize\":\"1\",\"maximumConcurrency\":0,\"format\":1}", CORRUPT},
        {BEGIN SOURCE "\"batchSize\":1,\"format\":1}", CORRUPT},
        /* a stream's needs its own members */
        {BEGIN "\"source\":\"arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s\"," REST
               ",\"format\":1}",
         CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct mapping_registry_record read;
        enum status status =
            mapping_registry_record_decode(bytes_of_text(cases[i].stored), arena, &read);

        if (status != cases[i].status)
            fail_msg("%d for %s", (int)status, cases[i].stored);
    }
}

/* Every piece of a record that breaks off is corrupt. */
static void what_breaks_off_is_corrupt(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct mapping_registry_record record = of_stream();
    struct bytes stored = mapping_registry_record_encode(arena, &record);
    struct mapping_registry_record read;

    (void)state;
    for (size_t size = 0; size < stored.size; size++)
        assert_int_equal(mapping_registry_record_decode(bytes_slice(stored, 0, size), arena, &read),
                         CORRUPT);
}

static void keys_are_in_the_range(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes key = mapping_registry_record_key(arena, BYTES(UUID));

    (void)state;
    assert_true(bytes_equal(key, BYTES("mapping/" UUID)));
    assert_true(bytes_compare(BYTES(REGISTRY_KEY_PREFIX), key) < 0);
    assert_true(bytes_compare(key, BYTES(REGISTRY_KEY_END)) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_can_not_be_read_says_so),
        cmocka_unit_test(what_breaks_off_is_corrupt),
        cmocka_unit_test(keys_are_in_the_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
