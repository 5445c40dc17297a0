/* Tests of mapping/mapping.c and lane.c: batches, windows, failures, ages, lanes,
 * restarts. */
#include "mapping_test.h"

/* ---- tests ---- */

static void the_event_is_lambdas(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    const struct json *event = NULL;

    put_function(t, "f", "f.echo");
    add(t, &settings);
    write_records(t, "a#1#stream", 1, 2, 3);
    UNTIL_QUIET(t);
    const char *at = strstr(harness_log_text(t->h), "event {") + 6;

    assert_int_equal(json_parse(t->h->arena, bytes_of(at, strcspn(at, "\n")), &event, NULL), OK);
    const struct json *records = json_get(event, "Records");
    const struct json *first = json_at(records, 0);

    assert_int_equal(json_count(event), 1);
    assert_int_equal(json_count(records), 2);
    assert_string_equal(json_text_of(t->h, first, "eventName"), "INSERT");
    assert_string_equal(json_text_of(t->h, first, "eventSource"), "aws:dynamodb");
    assert_string_equal(json_text_of(t->h, first, "awsRegion"), "us-east-1");
    assert_string_equal(json_text_of(t->h, first, "eventSourceARN"),
                        "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/now");
    const struct json *image = json_get(json_get(first, "dynamodb"), "NewImage");

    assert_string_equal(json_text_of(t->h, json_get(image, "text"), "S"), "xxx");
}

static void batches_are_as_large_as_they_may(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.batch_size = 3;
    add(t, &settings);
    UNTIL_QUIET(t);
    write_records(t, "a", 1, 8, 1);
    assert_true(mappings_busy(t->mappings));
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2,3|4,5,6|7,8|");
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
    assert_true(t->changes > 0);
    struct mapping_description description;

    mappings_describe(t->mappings, 0, &description);
    assert_string_equal(description.state, "Enabled");
    assert_string_equal(description.last_result, "OK");
}

static void an_event_has_at_most_6_mb(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    add(t, &settings);
    write_records(t, "a", 1, 20, 400 * 1024);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15|16,17,18,19,20|");
}

static void pages_are_no_limit(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.batch_size = MAPPING_BATCH_SIZE_MAX;
    add(t, &settings);
    write_records(t, "a", 1, STREAM_READ_RECORDS_MAX + 500, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1500|");
}

static void a_window_collects(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.batch_size = 4;
    settings.batch_window_s = 5;
    add(t, &settings);
    write_one(t, 1);
    harness_advance(t->h, 3000);
    write_one(t, 2);
    harness_advance(t->h, 1999);
    assert_true(mappings_busy(t->mappings));
    assert_string_equal(batches(t), "");
    harness_advance(t->h, 1); /* five seconds after the first */
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|");
    write_records(t, "a", 3, 4, 1); /* full before its window ends */
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|3,4,5,6|");
}

static void a_failed_batch_is_tried_again(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    static const uint64_t delays_ms[] = {100, 200, 400, 800, 1600, 3200};
    char expected[256] = "";

    put_function(t, "f", "f.handler");
    settings.batch_size = 2;
    add(t, &settings);
    harness_write(t->h, "fail.2", "");
    write_records(t, "a", 1, 4, 1);
    for (size_t i = 0; i < ARRAY_COUNT(delays_ms); i++) {
        struct functions_figures figures;

        snprintf(expected + strlen(expected), 16, "1,2|");
        HARNESS_UNTIL(
            t->h, (functions_figures(t->h->functions, &figures), figures.errors_total == i + 1));
        assert_string_equal(batches(t), expected);
        harness_advance(t->h, delays_ms[i] - 1);
        assert_string_equal(batches(t), expected);
        if (i + 1 == ARRAY_COUNT(delays_ms)) {
            char path[128];

            snprintf(path, sizeof path, "%s/fail.2", t->h->folder);
            assert_int_equal(unlink(path), 0);
        }
        assert_int_equal(cursor_of(t), 0);
        harness_advance(t->h, 1);
    }
    UNTIL_QUIET(t);
    snprintf(expected + strlen(expected), 16, "1,2|3,4|");
    assert_string_equal(batches(t), expected);
    assert_int_equal(cursor_of(t), 4);
}

static void attempts_have_an_end(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.batch_size = 2;
    settings.maximum_retry_attempts = 2;
    add(t, &settings);
    harness_write(t->h, "fail.2", "");
    write_records(t, "a", 1, 4, 1);
    run_clock(t);
    assert_string_equal(batches(t), "1,2|1,2|1,2|3,4|");
    assert_true(logged(t, "dropped 2 records after 3 attempts"));
    assert_int_equal(cursor_of(t), 4);
}

/* 1..8 with a bad 6: halves until the bad one is alone. */
static void bisecting_finds_the_bad_one(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.bisect_on_error = true;
    settings.maximum_retry_attempts = 1;
    add(t, &settings);
    harness_write(t->h, "fail.6", "");
    write_records(t, "a", 1, 8, 1);
    run_clock(t);
    assert_string_equal(batches(t), "1,2,3,4,5,6,7,8|1,2,3,4|5,6,7,8|5,6|5|6|6|7,8|");
    assert_true(logged(t, "dropped 1 records after 2 attempts"));
    assert_int_equal(cursor_of(t), 8);
}

static void old_records_are_not_handed_over(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    struct functions_figures figures;

    put_function(t, "f", "f.handler");
    settings.maximum_record_age_s = 60;
    add(t, &settings);
    harness_write(t->h, "fail.1", "");
    write_one(t, 1);
    HARNESS_UNTIL(t->h, (functions_figures(t->h->functions, &figures), figures.errors_total == 1));
    write_one(t, 2);
    harness_advance(t->h, 30000);
    HARNESS_UNTIL(t->h, (functions_figures(t->h->functions, &figures), figures.errors_total == 2));
    write_one(t, 3);
    harness_advance(t->h, 30001); /* the first two are too old now */
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1|1|3|");
    assert_true(logged(t, "dropped 1 records that were older than 60 s"));
}

static void lanes_keep_the_order_of_a_key(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    const char *log;

    put_function(t, "f", "f.slow");
    settings.parallelization_factor = 10;
    add(t, &settings);
    /* one key is held: others go on, and so does nothing of its own */
    harness_write(t->h, "hold.a1", "");
    write_records(t, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, logged(t, "begin a1\n"));
    write_records(t, "a", 2, 1, 1);
    static const char *const keys[] = {"b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
    size_t others = 0;

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        write_records(t, keys[i], 1, 1, 1);
    /* at least one of five keys is in another lane than "a" (hashes are seeded: not always all) */
    HARNESS_UNTIL(t->h, logged(t, "end b1\n") || logged(t, "end c1\n") || logged(t, "end d1\n") ||
                            logged(t, "end e1\n") || logged(t, "end f1\n"));
    assert_false(logged(t, "begin a2\n"));
    assert_int_equal(cursor_of(t), 0); /* the first is not done with */
    char path[128];

    snprintf(path, sizeof path, "%s/hold.a1", t->h->folder);
    assert_int_equal(unlink(path), 0);
    UNTIL_QUIET(t);
    log = harness_log_text(t->h);
    assert_true(strstr(log, "end a1\n") < strstr(log, "begin a2\n"));
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        others += logged(
            t, arena_copy_text(t->h->arena, arena_printf(t->h->arena, "end %s1\n", keys[i])));
    assert_int_equal(others, ARRAY_COUNT(keys));
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
}

static void where_a_mapping_begins(void **state)
{
    struct test *t = *state;
    struct mapping_settings latest = settings_of("latest"), first = settings_of("first");

    put_function(t, "latest", "f.handler");
    put_function(t, "first", "f.handler");
    write_records(t, "a", 1, 2, 1);
    add(t, &latest);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "");
    first.trim_horizon = true;
    add(t, &first);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|");
    write_one(t, 3);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|3|3|");
}

static void a_restart_goes_on(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    struct mapping_description before, after;

    put_function(t, "f", "f.handler");
    settings.batch_size = 2;
    add(t, &settings);
    mappings_describe(t->mappings, 0, &before);
    UNTIL_QUIET(t);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    harness_write(t->h, "fail.3", "");
    write_records(t, "a", 3, 2, 1);
    HARNESS_UNTIL(t->h, logged(t, "batch 3,4"));
    close_mappings(t, 0);
    harness_open_functions(t->h);
    open_mappings(t);
    char path[128];

    snprintf(path, sizeof path, "%s/fail.3", t->h->folder);
    assert_int_equal(unlink(path), 0);
    write_one(t, 5); /* while there is no mapping */
    buffer_clear(&t->h->log);
    put_function(t, "f", "f.handler");
    add(t, &settings);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "3,4|5|");
    mappings_describe(t->mappings, 0, &after);
    assert_string_equal(before.uuid, after.uuid);
    assert_int_equal(strlen(after.uuid), 36);
}

static void a_disabled_mapping_rests(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    struct mapping_description description;

    put_function(t, "f", "f.handler");
    settings.enabled = false;
    add(t, &settings);
    write_one(t, 1);
    UNTIL_QUIET(t);
    mappings_describe(t->mappings, 0, &description);
    assert_string_equal(description.state, "Disabled");
    assert_string_equal(description.last_result, "No records processed");
    assert_string_equal(batches(t), "");
}

/* A function that is not there yet: its records wait. */
static void a_function_that_comes_later(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    struct mapping_description description;

    settings.maximum_retry_attempts = 1;
    settings.bisect_on_error = true;
    add(t, &settings);
    write_records(t, "a", 1, 2, 1);
    mappings_describe(t->mappings, 0, &description);
    assert_string_equal(description.last_result, "PROBLEM: Function not found");
    put_function(t, "f", "f.handler");
    harness_advance(t->h, 100);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|");
}

static void settings_have_limits(void **state)
{
    struct test *t = *state;
    const struct {
        struct mapping_settings settings;
        const char *message; /* NULL: fine */
    } cases[] = {
        {{.batch_size = 1, .maximum_record_age_s = -1}, NULL},
        {{.batch_size = 10000, .maximum_record_age_s = 60}, NULL},
        {{.batch_size = 0},
         "Value '0' at 'batchSize' failed to satisfy constraint: Member must have "
         "value greater than or equal to 1"},
        {{.batch_size = 10001},
         "Value '10001' at 'batchSize' failed to satisfy constraint: Member "
         "must have value less than or equal to 10000"},
        {{.batch_size = 1, .batch_window_s = 301},
         "Value '301' at 'maximumBatchingWindowInSeconds'"},
        {{.batch_size = 1, .parallelization_factor = 11}, "Value '11' at 'parallelizationFactor'"},
        {{.batch_size = 1, .maximum_retry_attempts = 10001},
         "Value '10001' at 'maximumRetryAttempts'"},
        {{.batch_size = 1, .maximum_retry_attempts = -2}, "Value '-2' at 'maximumRetryAttempts'"},
        {{.batch_size = 1, .maximum_record_age_s = 59},
         "Value '59' at 'maximumRecordAgeInSeconds'"},
        {{.batch_size = 1, .maximum_record_age_s = 604801}, "Value '604801' at 'maximumRecordAge"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct mapping_settings settings = cases[i].settings;
        struct api_error error = {0};

        settings.function_name = BYTES("f");
        settings.source_arn = BYTES("arn");
        settings.stream_id = (uint32_t)(100 + i);
        settings.view = "KEYS_ONLY";
        enum status st = mappings_add(t->mappings, &settings, NULL, NULL, &error);

        assert_int_equal(st, cases[i].message == NULL ? OK : REFUSED);
        if (cases[i].message != NULL) {
            assert_int_equal(error.kind, API_VALIDATION);
            assert_true(text_has(error.message, cases[i].message));
        }
    }
    assert_int_equal(mappings_count(t->mappings), 2);
    UNTIL_QUIET(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_event_is_lambdas),
        TEST(batches_are_as_large_as_they_may),
        TEST(an_event_has_at_most_6_mb),
        TEST(pages_are_no_limit),
        TEST(a_window_collects),
        TEST(a_failed_batch_is_tried_again),
        TEST(attempts_have_an_end),
        TEST(bisecting_finds_the_bad_one),
        TEST(old_records_are_not_handed_over),
        TEST(lanes_keep_the_order_of_a_key),
        TEST(where_a_mapping_begins),
        TEST(a_restart_goes_on),
        TEST(a_disabled_mapping_rests),
        TEST(a_function_that_comes_later),
        TEST(settings_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
