/* Tests of mapping/lane.c and part.c: what becomes of batches that fail, wholly or from a record
 * on, are not taken, or grow old. The consumer is a fake. */
#include "fake_consumer.h"

struct failing {
    const char *label;
    struct mapping_settings settings; /* only what differs */
    const char *fail, *response;
    const char *expected;
};

/* Records 1 to 8. A response is what the function says to each batch. */
static const struct failing failing[] = {
    {"none", {.maximum_retry_attempts = 0}, NULL, NULL, "1,2,3,4,5,6,7,8|"},
    {"no retries", {.maximum_retry_attempts = 0, .batch_size = 4}, ",2,", NULL, "1,2,3,4|5,6,7,8|"},
    {"two retries",
     {.maximum_retry_attempts = 2, .batch_size = 4},
     ",2,",
     NULL,
     "1,2,3,4|1,2,3,4|1,2,3,4|5,6,7,8|"},
    {"bisect",
     {.maximum_retry_attempts = 1, .bisect_on_error = true},
     ",6,",
     NULL,
     "1,2,3,4,5,6,7,8|1,2,3,4|5,6,7,8|5,6|5|6|6|7,8|"},
    {"bisect, the first is bad",
     {.maximum_retry_attempts = 0, .bisect_on_error = true},
     ",1,",
     NULL,
     "1,2,3,4,5,6,7,8|1,2,3,4|1,2|1|2|3,4|5,6,7,8|"},
    {"bisect, all are bad",
     {.maximum_retry_attempts = 0, .bisect_on_error = true, .batch_size = 4},
     ",1,2,3,4,",
     NULL,
     "1,2,3,4|1,2|1|2|3,4|3|4|5,6,7,8|"},
    {"batches of one are not halved",
     {.maximum_retry_attempts = 1, .bisect_on_error = true, .batch_size = 1},
     ",2,",
     NULL,
     "1|2|2|3|4|5|6|7|8|"},
    {"an answer that is not asked for",
     {.maximum_retry_attempts = 0},
     NULL,
     "{\"batchItemFailures\":[{\"itemIdentifier\":\"x\"}]}",
     "1,2,3,4,5,6,7,8|"},
    {"no such record",
     {.maximum_retry_attempts = 1, .report_batch_item_failures = true, .batch_size = 4},
     NULL,
     "{\"batchItemFailures\":[{\"itemIdentifier\":\"x\"}]}",
     "1,2,3,4|1,2,3,4|5,6,7,8|5,6,7,8|"},
};

static void failures_as_a_table(void **state)
{
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(failing); i++) {
        const struct failing *c = &failing[i];
        struct fake *fake = fake_new(t);
        struct mapping_settings settings = settings_of(c->label);

        settings.maximum_retry_attempts = c->settings.maximum_retry_attempts;
        settings.bisect_on_error = c->settings.bisect_on_error;
        settings.report_batch_item_failures = c->settings.report_batch_item_failures;
        settings.batch_size = c->settings.batch_size > 0 ? c->settings.batch_size : 100;
        settings.name = arena_printf(t->h->arena, "case%zu", i);
        fake->fail = c->fail;
        fake->response = c->response;
        fake_add(fake, &settings);
        write_records(t, "a", 1, 8, 1);
        run_clock(t);
        if (strcmp(fake_log(fake), c->expected) != 0)
            fail_msg("%s: %s", c->label, fake_log(fake));
        assert_int_equal(cursor_of(t), store_last_position(t->h->store));
        fake_free(fake);
        close_mappings(t, 0);
        harness_open_functions(t->h);
        open_mappings(t);
    }
}

/* Says that the bad records failed, all of them, in no order. */
static enum mapping_outcome report(struct fake *fake, struct mapping_handover *handover)
{
    AUTO(buffer_free) struct buffer answer = BUFFER_INIT(65536);
    bool comma = false;

    buffer_append_text(&answer, "{\"batchItemFailures\":[");
    for (size_t i = handover->count; i-- > 0;) {
        if (!fake_is_bad(fake, &handover->records[i]))
            continue;
        buffer_printf(&answer, "%s{\"itemIdentifier\":\"%s\"}", comma ? "," : "",
                      handover->records[i].identifier);
        comma = true;
    }
    buffer_append_text(&answer, "]}");
    return mapping_read_response(handover, fake->test->h->arena, buffer_bytes(&answer));
}

static const struct {
    bool bisect;
    int32_t retries;
    const char *fail, *expected;
} reports[] = {
    {false, 1, "", "1,2,3,4,5,6,7,8|"},
    /* what stands before the first one that failed is done with; the rest has one attempt left */
    {false, 1, ",3,7,", "1,2,3,4,5,6,7,8|3,4,5,6,7,8|"},
    {false, 2, ",3,", "1,2,3,4,5,6,7,8|3,4,5,6,7,8|3,4,5,6,7,8|"},
    {false, 0, ",3,", "1,2,3,4,5,6,7,8|"},
    /* bisected where it says, then a part whose first record fails is halved */
    {true, 0, ",3,", "1,2,3,4,5,6,7,8|3,4,5,6,7,8|3,4,5|3|4,5|6,7,8|"},
    {true, 1, ",8,", "1,2,3,4,5,6,7,8|8|8|"},
    {true, 0, ",1,2,", "1,2,3,4,5,6,7,8|1,2,3,4|1,2|1|2|3,4|5,6,7,8|"},
};

static void reports_as_a_table(void **state)
{
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(reports); i++) {
        struct fake *fake = fake_new(t);
        struct mapping_settings settings = settings_of("f");

        settings.name = arena_printf(t->h->arena, "case%zu", i);
        settings.report_batch_item_failures = true;
        settings.maximum_retry_attempts = reports[i].retries;
        settings.bisect_on_error = reports[i].bisect;
        fake->fail = reports[i].fail;
        fake->answer = report;
        fake_add(fake, &settings);
        write_records(t, "a", 1, 8, 1);
        run_clock(t);
        if (strcmp(fake_log(fake), reports[i].expected) != 0)
            fail_msg("case %zu: %s", i, fake_log(fake));
        fake_free(fake);
        close_mappings(t, 0);
        harness_open_functions(t->h);
        open_mappings(t);
    }
}

/* The cursor stands behind what was reported as handled, also after a crash. */
static void a_checkpoint_is_durable(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");

    settings.report_batch_item_failures = true;
    fake->fail = ",6,";
    fake->answer = report;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 8, 1);
    HARNESS_UNTIL(t->h, cursor_of(t) == 5);
    fake->fail = "";
    fake_restart(fake, &settings);
    assert_string_equal(fake_log(fake), "6,7,8|");
    fake_free(fake);
}

/* Not taken: it waits longer and longer, and no attempt counts. */
static void what_is_not_taken_comes_again(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    struct mapping_description description;

    settings.maximum_retry_attempts = 0;
    settings.bisect_on_error = true;
    fake->refuses = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    for (uint64_t delay_ms = 100; delay_ms < 2000; delay_ms *= 2)
        harness_advance(t->h, delay_ms);
    assert_string_equal(fake_log(fake), "1,2|1,2|1,2|1,2|1,2|1,2|");
    mappings_describe(t->mappings, 0, &description);
    assert_string_equal(description.last_result, MAPPING_PROBLEM_THROTTLED);
    assert_int_equal(mappings_waits(t->mappings).count, 1);
    fake->refuses = false;
    harness_advance(t->h, 3200);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|1,2|1,2|1,2|1,2|1,2|1,2|");
    mappings_describe(t->mappings, 0, &description);
    assert_string_equal(description.last_result, MAPPING_RESULT_OK);
    fake_free(fake);
}

/* A batch that waits for its turn (concurrency 0) is not held beyond its age. */
static void what_waits_grows_old(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");

    settings.maximum_record_age_s = 60;
    fake->holds = fake->waits = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    harness_advance(t->h, 60000);
    assert_int_equal(fake->held_count, 1);
    timers_run_upkeep(t->h->timers); /* may come early */
    assert_int_equal(fake->held_count, 1);
    harness_advance(t->h, 1);
    assert_int_equal(fake->held_count, 0);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|");
    assert_true(logged(t, "dropped 2 records that were older than 60 s"));
    assert_int_equal(cursor_of(t), 2);
    fake_free(fake);
}

/* Several lanes: batches overlap, and records of one key follow each other. */
static void lanes_overlap(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");

    settings.parallelization_factor = 4;
    settings.batch_size = 1;
    fake->holds = true;
    fake_add(fake, &settings);
    for (size_t i = 1; i <= 32 && fake->held_count < 4; i++) {
        const char *key = arena_copy_text(t->h->arena, arena_printf(t->h->arena, "key%zu", i));

        write_records(t, key, i, 1, 1);
    }
    assert_int_equal(fake->held_count, 4); /* at the same time */
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUIET(t);
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
    fake_free(fake);
}

/* The fault strikes by the order of records, not by that of ends. */
static void a_fault_repeats_a_batch(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    const struct fault fault = {.kind = FAULT_DUPLICATE, .probability = 1, .count = 2};
    struct api_error error = {0};

    settings.batch_size = 2;
    fake_add(fake, &settings);
    assert_int_equal(faults_add(t->h->faults, &fault, 1, &error), OK);
    write_records(t, "a", 1, 6, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|1,2|3,4|3,4|5,6|");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(failures_as_a_table),     TEST(reports_as_a_table),
        TEST(a_checkpoint_is_durable), TEST(what_is_not_taken_comes_again),
        TEST(what_waits_grows_old),    TEST(lanes_overlap),
        TEST(a_fault_repeats_a_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
