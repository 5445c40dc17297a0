/* Tests of mapping/queue_source.c: how many batches at a time, filters, what is hidden, queues that
 * come and go. */
#include "queue_mapping_test.h"

static void five_batches_at_a_time(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake;

    settings.batch_size = 1;
    fake = fake_of_queue(t, &settings);
    fake->holds = true;
    send_jobs(t, "1,2,3,4,5,6,7");
    HARNESS_UNTIL(t->h, fake->held_count == 5);
    HARNESS_UNTIL(t->h, !queues_busy(t->queues));
    assert_string_equal(figures_of(t, "jobs"), "2 5 0");
    fake_release(fake);
    HARNESS_UNTIL(t->h, fake->held_count == 2);
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

static void maximum_concurrency(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake;

    settings.batch_size = 1;
    settings.maximum_concurrency = 2;
    fake = fake_of_queue(t, &settings);
    fake->holds = true;
    send_jobs(t, "1,2,3");
    HARNESS_UNTIL(t->h, fake->held_count == 2);
    HARNESS_UNTIL(t->h, !queues_busy(t->queues));
    assert_int_equal(fake->calls, 2);
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUEUE_QUIET(t);
    assert_int_equal(fake->calls, 3);
    fake_free(fake);
}

/* A group waits for its first message; the other one goes on. */
static void groups_keep_their_order(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN ".fifo");
    struct fake *fake = fake_new(t);

    settings.batch_size = 1;
    change_queue(t, QUEUE_CREATE, "jobs.fifo");
    fake->holds = true;
    fake_add(fake, &settings);
    send_to(t, "jobs.fifo", "a", "a1,a2,a3");
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    send_to(t, "jobs.fifo", "b", "b1");
    HARNESS_UNTIL(t->h, fake->held_count == 2);
    HARNESS_UNTIL(t->h, !queues_busy(t->queues));
    fake->holds = false;
    fake_release(fake);
    HARNESS_UNTIL(t->h, fake->calls == 4);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "a1|b1|a2|a3|");
    fake_free(fake);
}

/* What matches no filter is deleted and is in no batch. */
static void filters(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    const struct bytes patterns[] = {BYTES("{\"body\":[\"1\",\"4\"]}")};
    struct fake *fake;

    settings.filters = patterns;
    settings.filter_count = 1;
    fake = fake_of_queue(t, &settings);
    send_jobs(t, "1,2,3,4");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1,4|");
    assert_string_equal(figures_of(t, "jobs"), "0 0 0");
    fake_free(fake);
}

static const char *last_result(struct test *t)
{
    struct mapping_description description;

    mappings_describe(t->mappings, 0, &description);
    return description.last_result;
}

/* It is read again when it is there again. */
static void a_queue_that_comes_and_goes(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_new(t);

    fake_add(fake, &settings);
    assert_string_equal(last_result(t), MAPPING_PROBLEM_NO_QUEUE);
    change_queue(t, QUEUE_CREATE, "jobs");
    assert_string_equal(last_result(t), MAPPING_RESULT_NONE);
    send_jobs(t, "1");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(last_result(t), MAPPING_RESULT_OK);
    change_queue(t, QUEUE_DELETE, "jobs");
    assert_string_equal(last_result(t), MAPPING_PROBLEM_NO_QUEUE);
    assert_false(mappings_busy(t->mappings));
    assert_false(mappings_moving(t->mappings));
    harness_advance(t->h, 61000); /* a name is free again after a minute */
    change_queue(t, QUEUE_CREATE, "jobs");
    send_jobs(t, "2");
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(fake_log(fake), "1|2|");
    change_queue(t, QUEUE_DELETE, "jobs");
    pause_queue(fake);
    mapping_remove(fake->mapping);
    fake_free(fake);
}

/* The batch ends after its queue; its messages went with it. */
static void a_queue_that_goes_under_a_batch(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->holds = true;
    send_jobs(t, "1");
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    change_queue(t, QUEUE_DELETE, "jobs");
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUEUE_QUIET(t);
    assert_string_equal(last_result(t), MAPPING_PROBLEM_NO_QUEUE);
    assert_int_equal(mappings_hidden(t->mappings).count, 0);
    fake_free(fake);
}

/* Failed messages will come: they are told, and can be hurried. */
static void failed_messages_are_hidden(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of_queue(JOBS_ARN);
    struct fake *fake = fake_of_queue(t, &settings);

    fake->fail = ",1,";
    send_jobs(t, "1,2");
    UNTIL_QUEUE_QUIET(t);
    struct waits waits = mappings_hidden(t->mappings);

    assert_int_equal(waits.count, 2);
    assert_int_equal(waits.due_ms, clock_now_ms(t->h->clock) + VISIBILITY_MS);
    fake->fail = NULL;
    mappings_hurry(t->mappings);
    HARNESS_UNTIL(t->h, fake->calls == 2);
    UNTIL_QUEUE_QUIET(t);
    assert_int_equal(mappings_hidden(t->mappings).count, 0);
    assert_string_equal(fake_log(fake), "1,2|1,2|");
    fake_free(fake);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(five_batches_at_a_time),      TEST(maximum_concurrency),
        TEST(groups_keep_their_order),     TEST(filters),
        TEST(a_queue_that_comes_and_goes), TEST(a_queue_that_goes_under_a_batch),
        TEST(failed_messages_are_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
