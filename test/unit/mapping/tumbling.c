/* Tests of mapping/tumbling.c: windows, their state and their end, by a clock that the test moves.
 * The harness begins at a multiple of any window. */
#include "fake_consumer.h"

/* The state is how many records the window has seen; a part that fails keeps it as it is. */
static enum mapping_outcome count(struct fake *fake, struct mapping_handover *handover)
{
    const struct json *state = NULL;
    struct arena *arena = fake->test->h->arena;
    struct bytes answer;

    for (size_t i = 0; i < handover->count; i++)
        if (fake_is_bad(fake, &handover->records[i]))
            return MAPPING_FAILED;
    if (json_parse(arena, handover->window->state, &state, NULL) != OK)
        return MAPPING_FAILED;
    answer = arena_printf(arena, "{\"state\":{\"n\":%llu}}",
                          (unsigned long long)json_get_uint(state, "n", 0) +
                              (unsigned long long)handover->count);
    return mapping_read_response(handover, arena, answer);
}

static struct fake *windowed(struct test *t, struct mapping_settings *settings, uint32_t window_s)
{
    struct fake *fake = fake_new(t);

    *settings = settings_of("f");
    settings->tumbling_window_s = window_s;
    settings->batch_size = 2;
    fake->answer = count;
    return fake;
}

static void a_window_ends_at_its_time(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);

    fake_add(fake, &settings);
    write_records(t, "a", 1, 3, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2[0-60 {}]|3[0-60 {\"n\":2}]|");
    assert_int_equal(mappings_waits(t->mappings).count, 1);
    harness_advance(t->h, 59999);
    assert_int_equal(fake->calls, 2);
    harness_advance(t->h, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2[0-60 {}]|3[0-60 {\"n\":2}]|[0-60 {\"n\":3} final]|");
    assert_int_equal(mappings_waits(t->mappings).count, 0);
    buffer_clear(&fake->log);
    harness_advance(t->h, 200000);
    write_records(t, "a", 4, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "4[240-300 {}]|"); /* begins at a multiple */
    fake_free(fake);
}

/* What was not read yet when its time was over still belongs to it. */
static void a_later_record_ends_a_window(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 10);

    fake->holds = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 5, 1);
    harness_advance(t->h, 12000);
    write_records(t, "a", 6, 1, 1);
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2[0-10 {}]|3,4[0-10 {\"n\":2}]|5[0-10 {\"n\":4}]|"
                                        "[0-10 {\"n\":5} final]|6[10-20 {}]|");
    fake_free(fake);
}

static void a_state_survives_a_restart(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);

    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    fake_restart(fake, &settings);
    write_records(t, "a", 3, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "3[0-60 {\"n\":2}]|");
    fake_restart(fake, &settings);
    harness_advance(t->h, 60000); /* without any record after the start */
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "[0-60 {\"n\":3} final]|");
    fake_restart(fake, &settings);
    harness_advance(t->h, 60000);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), ""); /* it has ended */
    fake_free(fake);
}

static void a_failed_part_leaves_the_state(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);

    settings.maximum_retry_attempts = 0;
    settings.bisect_on_error = true;
    settings.batch_size = 4;
    fake->fail = ",2,";
    fake_add(fake, &settings);
    write_records(t, "a", 1, 4, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3,4[0-60 {}]|1,2[0-60 {}]|1[0-60 {}]|"
                                        "2[0-60 {\"n\":1}]|3,4[0-60 {\"n\":1}]|");
    fake_free(fake);
}

static enum mapping_outcome fail_the_end(struct fake *fake, struct mapping_handover *handover)
{
    return handover->window->is_final ? MAPPING_FAILED : count(fake, handover);
}

/* The end is tried again, and holds up what comes after it. */
static void an_end_that_fails(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);

    settings.maximum_retry_attempts = 1;
    settings.on_failure_arn = BYTES(FAKE_QUEUE_ARN);
    fake_make_queue(t);
    fake->answer = fail_the_end;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    harness_advance(t->h, 60000);
    write_records(t, "a", 3, 1, 1);
    assert_string_equal(fake_log(fake), "1,2[0-60 {}]|[0-60 {\"n\":2} final]|");
    harness_advance(t->h, 100);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake),
                        "1,2[0-60 {}]|[0-60 {\"n\":2} final]|[0-60 {\"n\":2} final]|3[60-120 {}]|");
    assert_true(logged(t, "dropped the state of a window after 2 attempts"));
    assert_true(text_has(fake_messages(t), "RetryAttemptsExhausted 2"));
    fake_free(fake);
}

static enum mapping_outcome grow(struct fake *fake, struct mapping_handover *handover)
{
    AUTO(buffer_free) struct buffer answer = BUFFER_INIT((size_t)4 * 1024 * 1024);

    buffer_append_text(&answer, "{\"state\":{\"x\":\"");
    for (size_t i = 0; i < MAPPING_STATE_SIZE_MAX; i++)
        buffer_append_byte(&answer, 'x');
    buffer_append_text(&answer, "\"}}");
    return mapping_read_response(handover, fake->test->h->arena, buffer_bytes(&answer));
}

/* More than 1 MB: the window is terminated early, and goes on with an empty state. */
static void a_state_that_is_too_large(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);
    const char *log;

    fake->answer = grow;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    log = fake_log(fake);
    assert_true(bytes_start_with(bytes_of_text(log), BYTES("1,2[0-60 {}]|[0-60 {\"x\":\"xxx")));
    assert_true(text_has(log, " early]|"));
    fake->answer = count;
    buffer_clear(&fake->log);
    write_records(t, "a", 3, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "3[0-60 {}]|"); /* the same window */
    fake_free(fake);
}

static void a_window_needs_one_lane(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);
    struct api_error error = {0};

    settings.parallelization_factor = 2;
    assert_int_equal(fake_try_add(fake, &settings, &error), REFUSED);
    assert_int_equal(error.kind, API_LAMBDA_INVALID_PARAMETER);
    settings.parallelization_factor = 1;
    settings.tumbling_window_s = MAPPING_TUMBLING_WINDOW_S_MAX + 1;
    assert_int_equal(fake_try_add(fake, &settings, &error), REFUSED);
    settings.tumbling_window_s = MAPPING_TUMBLING_WINDOW_S_MAX;
    assert_int_equal(fake_try_add(fake, &settings, &error), OK);
    UNTIL_QUIET(t);
    fake_free(fake);
}

/* A batch window does not hold records beyond the end of their tumbling window. */
static void a_batch_window_ends_with_it(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings;
    struct fake *fake = windowed(t, &settings, 60);

    settings.batch_window_s = 300;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 1, 1);
    harness_advance(t->h, 60000);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1[0-60 {}]|[0-60 {\"n\":1} final]|");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_window_ends_at_its_time),  TEST(a_later_record_ends_a_window),
        TEST(a_state_survives_a_restart), TEST(a_failed_part_leaves_the_state),
        TEST(an_end_that_fails),          TEST(a_state_that_is_too_large),
        TEST(a_window_needs_one_lane),    TEST(a_batch_window_ends_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
