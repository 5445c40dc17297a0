/* Tests of mapping/poller.c: what is in a batch of a queue, and what becomes of its messages. */
#include "queue_mapping_test.h"

static void what_is_handled_is_deleted(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    send_jobs(t, "1,2,3");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3|");
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

static void what_failed_comes_again(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->fail = ",2,";
    send_jobs(t, "1,2");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(figures_of(t, "jobs"), "0 2 0");
    harness_advance(t->h, VISIBILITY_MS - 1);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|");
    fake->fail = NULL;
    harness_advance(t->h, 1);
    HARNESS_UNTIL(t->h, fake->calls == 2);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|1,2|");
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

static enum mapping_outcome report_the_bad(struct fake *fake, struct mapping_handover *handover)
{
    bool any = false;

    for (size_t i = 0; i < handover->count; i++) {
        handover->records[i].failed = fake_is_bad(fake, &handover->records[i]);
        any = any || handover->records[i].failed;
    }
    return any ? MAPPING_PARTLY_FAILED : MAPPING_HANDLED;
}

/* Each message for itself, not all from the first one on, as in a stream. */
static void what_is_reported_comes_again(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->answer = report_the_bad;
    fake->fail = ",2,";
    send_jobs(t, "1,2,3");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(figures_of(t, "jobs"), "0 1 0");
    fake->fail = NULL;
    harness_advance(t->h, VISIBILITY_MS);
    HARNESS_UNTIL(t->h, fake->calls == 2);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3|2|");
    fake_free(fake);
}

/* BatchSize or the window, whichever comes first. */
static void a_window_collects(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake;

    settings.batch_size = 5;
    settings.batch_window_s = 20;
    fake = fake_of_queue(t, &settings);
    send_jobs(t, "1,2");
    HARNESS_UNTIL(t->h, mappings_waits(t->mappings).count == 1);
    send_jobs(t, "3");
    HARNESS_UNTIL(t->h, !queues_busy(t->queues));
    harness_advance(t->h, 19999);
    assert_int_equal(fake->calls, 0);
    harness_advance(t->h, 1);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3|");
    send_jobs(t, "1,2,3");
    send_jobs(t, "4,5,6");
    HARNESS_UNTIL(t->h, fake->calls == 2);
    HARNESS_UNTIL(t->h, mappings_waits(t->mappings).count == 1);
    mappings_hurry(t->mappings);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3|1,2,3,4,5|6|");
    fake_free(fake);
}

static void what_is_not_taken_is_offered_again(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->refuses = true;
    send_jobs(t, "1");
    HARNESS_UNTIL(t->h, fake->calls == 1);
    assert_int_equal(mappings_waits(t->mappings).count, 1);
    harness_advance(t->h, 100);
    assert_int_equal(fake->calls, 2);
    harness_advance(t->h, 199); /* the waits grow */
    assert_int_equal(fake->calls, 2);
    fake->refuses = false;
    harness_advance(t->h, 1);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1|1|1|");
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

/* It waits for its turn until others can receive it; then it is the queue's again. */
static void what_waits_too_long_goes_back(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->holds = fake->waits = true;
    send_jobs(t, "1");
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    harness_advance(t->h, VISIBILITY_MS);
    HARNESS_UNTIL(t->h, fake->calls == 2); /* received again */
    assert_int_equal(fake->held_count, 1);
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

/* A pause does not wait for the turn of a batch that nobody has begun: reserved concurrency 0. */
static void a_pause_withdraws_what_waits(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->holds = fake->waits = true;
    send_jobs(t, "1,2");
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    pause_queue(fake);
    assert_int_equal(fake->held_count, 0);
    assert_false(mappings_busy(t->mappings));
    assert_string_equal(figures_of(t, "jobs"), "0 2 0"); /* until its visibility is over */
    harness_advance(t->h, VISIBILITY_MS);
    HARNESS_UNTIL(t->h, !queues_busy(t->queues));
    assert_int_equal(fake->calls, 1);
    fake->holds = false;
    assert_int_equal(mapping_resume(fake->mapping), OK);
    HARNESS_UNTIL(t->h, fake->calls == 2);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|1,2|");
    fake_free(fake);
}

/* Also while it waits to be offered again, or collects: what it has collected is handed over. */
static void a_pause_ends_what_waits_for_a_time(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct api_error error = {0};
    struct fake *fake = fake_of_queue(t, &settings);

    fake->refuses = true;
    send_jobs(t, "1");
    HARNESS_UNTIL(t->h, fake->calls == 1);
    pause_queue(fake);
    fake->refuses = false;
    settings.batch_window_s = 300;
    assert_int_equal(mapping_change(fake->mapping, &settings, &error), OK);
    assert_int_equal(mapping_resume(fake->mapping), OK);
    send_jobs(t, "2");
    HARNESS_UNTIL(t->h, mappings_waits(t->mappings).count == 1);
    pause_queue(fake);
    assert_string_equal(fake_log(fake), "1|2|");
    mapping_remove(fake->mapping);
    fake_free(fake);
}

/* Six megabytes are an event. */
static void a_batch_larger_than_an_event(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    char *body = ARENA_NEW_ARRAY(t->h->arena, 1000 * 1000 + 1, char);
    struct fake *fake;

    memset(body, 'x', 1000 * 1000);
    settings.batch_window_s = 5;
    change_queue(t, QUEUE_CREATE, "jobs");
    for (size_t i = 0; i < 8; i++)
        send_jobs(t, body);
    fake = fake_new(t);
    fake->holds = true;
    fake_add(fake, &settings);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    size_t first = fake->held[0]->count;
    size_t size = mapping_handover_texts(fake->held[0]).size;

    assert_in_range(size, 5 * 1000 * 1000, MAPPING_PAYLOAD_SIZE_MAX);
    fake->holds = false;
    fake_release(fake);
    harness_advance(t->h, 5000);
    UNTIL_QUEUE_QUIET(t);
    assert_true(first < 8 && fake->calls > 1);
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_handled_is_deleted),         TEST(what_failed_comes_again),
        TEST(what_is_reported_comes_again),       TEST(a_window_collects),
        TEST(what_is_not_taken_is_offered_again), TEST(what_waits_too_long_goes_back),
        TEST(a_pause_withdraws_what_waits),       TEST(a_pause_ends_what_waits_for_a_time),
        TEST(a_batch_larger_than_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
