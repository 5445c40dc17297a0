/* test/unit/stack/mappings.c - `stream` and `sqs` of a function. Events start in line 6. */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  f:\n    handler: h.h\n    events:\n"
#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2024-01-01T00:00:00.000"

static const struct stack_mapping *mapping_of(const struct loaded *loaded)
{
    assert_loaded(loaded);
    assert_int_equal(loaded->stack->mapping_count, 1);
    return &loaded->stack->mappings[0];
}

static void stream_defaults(void **state)
{
    static const char *const events[] = {
        "      - stream: " ARN "\n",
        "      - stream: {arn: '" ARN "'}\n",
        "      - stream: !Sub '" ARN "'\n",
        "      - stream: {type: dynamodb, arn: !Sub '" ARN "'}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        char text[512];

        snprintf(text, sizeof text, HEAD "%s", events[i]);

        LOADED loaded = load(text);
        const struct stack_mapping *mapping = mapping_of(&loaded);

        assert_bytes(mapping->function_name, "s-local-f");
        assert_bytes(mapping->table_name, "t");
        assert_int_equal(mapping->batch_size, 10);
        assert_int_equal(mapping->batch_window_s, 0);
        assert_int_equal(mapping->parallelization_factor, 1);
        assert_false(mapping->bisect_on_error);
        assert_int_equal(mapping->maximum_retry_attempts, -1);
        assert_int_equal(mapping->maximum_record_age_s, -1);
        assert_true(mapping->trim_horizon);
        assert_true(mapping->enabled);
        assert_int_equal(mapping->where.line, 6);
        assert_int_equal(mapping->where.column, 9);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void stream_fields(void **state)
{
    LOADED loaded = load(HEAD "      - stream:\n"
                              "          arn: " ARN "\n"
                              "          batchSize: 25\n"
                              "          batchWindow: 1\n"
                              "          startingPosition: LATEST\n"
                              "          parallelizationFactor: 4\n"
                              "          bisectBatchOnFunctionError: true\n"
                              "          maximumRetryAttempts: 0\n"
                              "          maximumRecordAgeInSeconds: 60\n"
                              "          enabled: false\n"
                              "          filterPatterns:\n"
                              "            - {eventName: [INSERT]}\n"
                              "            - '{\"eventName\": [\"REMOVE\"]}'\n"
                              "          functionResponseType: ReportBatchItemFailures\n"
                              "          tumblingWindowInSeconds: 900\n"
                              "          destinations: {onFailure: 'arn:aws:sqs:r:a:q'}\n");
    const struct stack_mapping *mapping = mapping_of(&loaded);

    (void)state;
    assert_int_equal(mapping->batch_size, 25);
    assert_int_equal(mapping->batch_window_s, 1);
    assert_int_equal(mapping->parallelization_factor, 4);
    assert_true(mapping->bisect_on_error);
    assert_int_equal(mapping->maximum_retry_attempts, 0);
    assert_int_equal(mapping->maximum_record_age_s, 60);
    assert_false(mapping->trim_horizon);
    assert_false(mapping->enabled);
    assert_int_equal(mapping->source, STACK_MAPPING_STREAM);
    assert_int_equal(mapping->filter_count, 2);
    assert_bytes(mapping->filters[0], "{\"eventName\":[\"INSERT\"]}");
    assert_bytes(mapping->filters[1], "{\"eventName\": [\"REMOVE\"]}");
    assert_true(mapping->report_batch_item_failures);
    assert_int_equal(mapping->tumbling_window_s, 900);
    assert_bytes(mapping->on_failure_arn, "arn:aws:sqs:r:a:q");
    assert_int_equal(loaded.stack->note_count, 0);
}

static void on_failure_forms(void **state)
{
    static const struct {
        const char *form, *arn, *note;
    } cases[] = {
        {"arn:aws:sqs:r:a:q", "arn:aws:sqs:r:a:q", NULL},
        {"{type: sqs, arn: 'arn:aws:sqs:r:a:q'}", "arn:aws:sqs:r:a:q", NULL},
        {"{arn: !Sub 'arn:aws:sqs:r:a:q'}", "arn:aws:sqs:r:a:q", NULL},
        {"!Sub 'arn:aws:sqs:r:a:q'", "arn:aws:sqs:r:a:q", NULL},
        {"{type: sns, arn: 'arn:aws:sns:r:a:t'}", "",
         "not acted on: onFailure arn:aws:sns:r:a:t: what fails for good goes to queues only"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text,
                 HEAD "      - stream: {arn: '" ARN "', destinations: {onFailure: %s}}\n",
                 cases[i].form);

        LOADED loaded = load(text);

        assert_bytes(mapping_of(&loaded)->on_failure_arn, cases[i].arn);
        assert_int_equal(loaded.stack->note_count, cases[i].note != NULL ? 1 : 0);
        if (cases[i].note != NULL)
            assert_true(bytes_find(loaded.stack->notes[0].text, bytes_of_text(cases[i].note)) !=
                        SIZE_MAX);
    }
}

#define QUEUE "arn:aws:sqs:us-east-1:000000000000:q"

static void queue_defaults(void **state)
{
    static const char *const events[] = {
        "      - sqs: " QUEUE "\n",
        "      - sqs: {arn: '" QUEUE "'}\n",
        "      - sqs: !Sub '" QUEUE "'\n",
        "      - sqs: {arn: !GetAtt q.Arn}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(events); i++) {
        char text[1024];

        snprintf(text, sizeof text,
                 HEAD "%sresources:\n  Resources:\n    q: {Type: AWS::SQS::Queue, Properties: "
                      "{QueueName: q}}\n",
                 events[i]);

        LOADED loaded = load(text);
        const struct stack_mapping *mapping = mapping_of(&loaded);

        assert_int_equal(mapping->source, STACK_MAPPING_QUEUE);
        assert_bytes(mapping->function_name, "s-local-f");
        assert_bytes(mapping->queue_arn, QUEUE);
        assert_int_equal(mapping->batch_size, 10);
        assert_int_equal(mapping->batch_window_s, 0);
        assert_int_equal(mapping->maximum_concurrency, 0);
        assert_int_equal(mapping->filter_count, 0);
        assert_false(mapping->report_batch_item_failures);
        assert_true(mapping->enabled);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void queue_fields(void **state)
{
    LOADED loaded = load(HEAD "      - sqs:\n"
                              "          arn: " QUEUE "\n"
                              "          batchSize: 10000\n"
                              "          maximumBatchingWindow: 300\n"
                              "          maximumConcurrency: 2\n"
                              "          enabled: false\n"
                              "          filterPatterns: [{body: {kind: [a]}}]\n"
                              "          functionResponseType: ReportBatchItemFailures\n"
                              "          bisectBatchOnFunctionError: true\n");
    const struct stack_mapping *mapping = mapping_of(&loaded);

    (void)state;
    assert_int_equal(mapping->batch_size, 10000);
    assert_int_equal(mapping->batch_window_s, 300);
    assert_int_equal(mapping->maximum_concurrency, 2);
    assert_int_equal(mapping->filter_count, 1);
    assert_bytes(mapping->filters[0], "{\"body\":{\"kind\":[\"a\"]}}");
    assert_true(mapping->report_batch_item_failures);
    assert_false(mapping->enabled);
    assert_int_equal(loaded.stack->note_count, 1); /* only streams are bisected */
}

static void stream_limits(void **state)
{
    static const struct {
        const char *field;
        int64_t smallest, largest;
    } cases[] = {
        {"batchSize", 1, 10000},
        {"batchWindow", 0, 300},
        {"parallelizationFactor", 1, 10},
        {"maximumRetryAttempts", -1, 10000},
        {"maximumRecordAgeInSeconds", -1, 604800},
        {"tumblingWindowInSeconds", 0, 900},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const int64_t values[] = {cases[i].smallest, cases[i].largest, cases[i].smallest - 1,
                                  cases[i].largest + 1};

        for (size_t k = 0; k < ARRAY_COUNT(values); k++) {
            char text[512];

            snprintf(text, sizeof text,
                     HEAD "      - stream:\n          arn: " ARN "\n          %s: %lld\n",
                     cases[i].field, (long long)values[k]);

            LOADED loaded = load(text);

            if (k < 2)
                assert_loaded(&loaded);
            else
                assert_refused(&loaded, 8, 13 + strlen(cases[i].field), cases[i].field);
        }
    }
}

static void streams_that_are_not_here(void **state)
{
    static const struct {
        const char *stream, *words;
    } cases[] = {
        {"arn:aws:kinesis:us-east-1:1:stream/k", "a stream of kinesis: only tables have streams"},
        {"{arn: !ImportValue x}", "Fn::ImportValue x"},
        {"{arn: '${cf:other.StreamArn}'}", "${cf:other.StreamArn} cannot be looked up offline"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text, HEAD "      - stream: %s\n", cases[i].stream);

        LOADED loaded = load(text);

        assert_loaded(&loaded);
        assert_int_equal(loaded.stack->mapping_count, 0);
        assert_true(bytes_find(loaded.stack->notes[0].text, bytes_of_text(cases[i].words)) !=
                    SIZE_MAX);
        if (i > 0)
            assert_note(&loaded, 1, 6, 9, "not acted on: a stream whose ARN is not known offline");
    }
}

static void stream_refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "      - stream: {batchSize: 1}\n", 6, 17, "stream: expected arn in it"},
        {HEAD "      - stream: [a]\n", 6, 17, "stream: expected an ARN or a mapping with arn"},
        {HEAD "      - stream: dynamodb\n", 6, 17, "arn: expected the ARN of a table's stream"},
        {HEAD "      - stream: arn:aws:dynamodb:r:a:table/t\n", 6, 17,
         "expected arn:aws:dynamodb:...:table/NAME/stream/..."},
        {HEAD "      - stream: arn:aws:dynamodb:r:a:table//stream/x\n", 6, 17, "expected arn:aws"},
        {HEAD "      - stream:\n          arn: " ARN "\n          batchSize: many\n", 8, 22,
         "batchSize: expected a whole number from 1 to 10000, got \"many\""},
        {HEAD "      - stream:\n          arn: " ARN "\n          startingPosition: AT_TIMESTAMP\n",
         8, 29, "expected LATEST or TRIM_HORIZON, got \"AT_TIMESTAMP\""},
        {HEAD "      - stream:\n          arn: " ARN "\n          maximumRecordAgeInSeconds: 59\n",
         8, 38, "expected -1, or 60 to 604800, got 59"},
        {HEAD "      - stream:\n          arn: " ARN "\n          enabled: maybe\n", 8, 20,
         "enabled: expected true or false, got \"maybe\""},
        {HEAD "      - stream:\n          arn: " ARN "\n          filterPatterns: []\n", 8, 27,
         "filterPatterns: expected a list of 1 to 10 patterns"},
        {HEAD "      - stream:\n          arn: " ARN "\n          filterPatterns: [1]\n", 8, 28,
         "filterPatterns: expected a mapping or JSON"},
        {HEAD "      - stream:\n          arn: " ARN "\n          functionResponseType: Batch\n", 8,
         33, "functionResponseType: expected ReportBatchItemFailures, got \"Batch\""},
        {HEAD "      - stream:\n          arn: " ARN
              "\n          destinations: {onFailure: {type: sqs}}\n",
         8, 37, "onFailure: expected arn in it"},
        {HEAD "      - stream:\n          arn: " ARN "\n          destinations: {onFailure: q}\n",
         8, 37, "onFailure: expected an ARN, got \"q\""},
        {HEAD "      - sqs: {batchSize: 1}\n", 6, 14, "sqs: expected arn in it"},
        {HEAD "      - sqs: q\n", 6, 14, "arn: expected the ARN of a queue, got \"q\""},
        {HEAD "      - sqs: " ARN "\n", 6, 14, "arn: expected the ARN of a queue"},
        {HEAD "      - sqs: {arn: '" QUEUE "', maximumConcurrency: 1}\n", 6, 89,
         "maximumConcurrency: expected a whole number from 2 to 1000, got 1"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_defaults), cmocka_unit_test(stream_fields),
        cmocka_unit_test(stream_limits),   cmocka_unit_test(streams_that_are_not_here),
        cmocka_unit_test(stream_refused),  cmocka_unit_test(on_failure_forms),
        cmocka_unit_test(queue_defaults),  cmocka_unit_test(queue_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
