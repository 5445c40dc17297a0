/* Tests of mapping/failures.c: records of what was given up are in their queue, once. */
#include "fake_consumer.h"

static struct mapping_settings settings_with_queue(void)
{
    struct mapping_settings settings = settings_of("f");

    settings.on_failure_arn = BYTES(FAKE_QUEUE_ARN);
    settings.maximum_retry_attempts = 0;
    return settings;
}

static void what_is_given_up_is_in_the_queue(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_with_queue();

    settings.bisect_on_error = true;
    fake->fail = ",3,";
    fake_make_queue(t);
    fake_add(fake, &settings);
    write_records(t, "a", 1, 4, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3,4|1,2|3,4|3|4|");
    const char *messages = fake_messages(t);

    assert_true(text_has(messages, "RetryAttemptsExhausted 1 request-4 "));
    assert_true(text_has(messages, " 1|"));
    fake_restart(fake, &settings); /* the cursor is behind it */
    assert_string_equal(fake_log(fake), "");
    assert_string_equal(fake_messages(t), "");
    fake_free(fake);
}

static void what_was_too_old_says_so(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_with_queue();

    settings.maximum_record_age_s = 60;
    settings.maximum_retry_attempts = -1;
    fake->refuses = true;
    fake_make_queue(t);
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    harness_advance(t->h, 61000);
    UNTIL_QUIET(t);
    assert_true(bytes_start_with(bytes_of_text(fake_messages(t)), BYTES("RecordAgeExceeded 0 - ")));
    fake_free(fake);
}

/* No such queue: the log says it, and the mapping goes on. */
static void a_queue_that_is_gone(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_with_queue();

    fake->fail = ",1,";
    settings.batch_size = 1;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1|2|");
    assert_int_equal(cursor_of(t), 2);
    assert_true(logged(t, "is not in the queue of its OnFailure (" FAKE_QUEUE_ARN
                          "): there is no such queue"));
    fake_free(fake);
}

/* Of two lanes, one is ahead: what it gave up comes again after a crash, so its record waits. */
static void a_record_waits_for_the_cursor(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_with_queue();

    settings.parallelization_factor = 10;
    settings.batch_size = 1;
    fake->holds = true;
    fake_make_queue(t);
    fake_add(fake, &settings);
    write_records(t, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    struct mapping_handover *first = fake->held[0];

    fake->holds = false;
    fake->held_count = 0;
    fake->fail = ",7,";
    for (size_t i = 0; fake->calls < 2; i++) /* until a key is in another lane */
        write_records(t, arena_copy_text(t->h->arena, arena_printf(t->h->arena, "k%zu", i)), 7, 1,
                      1);
    for (size_t i = 0; i < 20; i++)
        uv_run(&t->h->loop, UV_RUN_NOWAIT);
    assert_string_equal(fake_messages(t), "");
    fake_end(fake, first);
    UNTIL_QUIET(t);
    assert_true(text_has(fake_messages(t), "RetryAttemptsExhausted 1"));
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_is_given_up_is_in_the_queue),
        TEST(what_was_too_old_says_so),
        TEST(a_queue_that_is_gone),
        TEST(a_record_waits_for_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
