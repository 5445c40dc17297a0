/* Tests of mapping/life.c: pausing, changing, removing, forgetting. */
#include "fake_consumer.h"

static void on_paused(void *context)
{
    *(bool *)context = true;
}

static void pause_it(struct fake *fake)
{
    bool paused = false;

    mapping_pause(fake->mapping, on_paused, &paused);
    assert_false(paused); /* in a turn of its own */
    fake_release(fake);
    HARNESS_UNTIL(fake->test->h, (timers_run(fake->test->h->timers), paused));
}

/* The batch that is with the consumer ends; what came meanwhile waits. */
static void a_pause_and_a_resume(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");

    settings.batch_size = 2;
    fake->holds = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 4, 1);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    fake->holds = false;
    pause_it(fake);
    write_records(t, "a", 5, 1, 1);
    assert_string_equal(fake_log(fake), "1,2|");
    assert_false(mappings_busy(t->mappings));
    assert_int_equal(mapping_resume(fake->mapping), OK);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2|3,4|5|");
    fake_free(fake);
}

static void other_settings(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    struct api_error error = {0};

    fake->fail = ",1,";
    fake_add(fake, &settings);
    write_records(t, "a", 1, 3, 1);
    pause_it(fake); /* while it waits for its next attempt */
    settings.batch_size = 0;
    assert_int_equal(mapping_change(fake->mapping, &settings, &error), REFUSED);
    settings.batch_size = 1;
    settings.maximum_retry_attempts = 0;
    assert_int_equal(mapping_change(fake->mapping, &settings, &error), OK);
    assert_int_equal(mapping_resume(fake->mapping), OK);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1,2,3|1|2|3|");
    fake_free(fake);
}

struct forgetting {
    struct store_work work;
    struct mapping *mapping;
    bool done;
};

static void forget_run(struct store_batch *batch, struct store_work *work)
{
    mapping_forget(CONTAINER_OF(work, struct forgetting, work)->mapping, batch);
}

static void forget_done(struct store_work *work, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(work, struct forgetting, work)->done = true;
}

static void a_removal(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    struct forgetting forgetting = {.work = {.run = forget_run, .done = forget_done}};

    settings.trim_horizon = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    pause_it(fake);
    mapping_remove(fake->mapping); /* its cursor stays */
    fake_add(fake, &settings);
    assert_string_equal(fake_log(fake), "1,2|");
    pause_it(fake);
    forgetting.mapping = fake->mapping;
    store_submit(t->h->store, t->h->port, &forgetting.work);
    HARNESS_UNTIL(t->h, forgetting.done);
    mapping_remove(fake->mapping);
    assert_int_equal(mappings_count(t->mappings), 0);
    fake_add(fake, &settings); /* begins anew */
    assert_string_equal(fake_log(fake), "1,2|1,2|");
    fake_free(fake);
}

/* What was read of it is handed over; then it says that there is none, and nothing moves. */
static void a_stream_that_is_gone(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");

    fake_add(fake, &settings);
    fake->holds = true;
    write_records(t, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    pthread_mutex_lock(&t->shards_mutex);
    t->shard_count = 0;
    pthread_mutex_unlock(&t->shards_mutex);
    assert_string_equal(mapping_last_result(fake->mapping), MAPPING_PROBLEM_NO_STREAM);
    write_records(t, "a", 2, 1, 1); /* of another stream: it is none of ours any more */
    fake->holds = false;
    fake_release(fake);
    UNTIL_QUIET(t);
    assert_string_equal(fake_log(fake), "1|");
    assert_false(mappings_moving(t->mappings));
    assert_string_equal(mapping_last_result(fake->mapping), MAPPING_PROBLEM_NO_STREAM);
    pause_it(fake);
    assert_int_equal(mapping_resume(fake->mapping), OK);
    assert_string_equal(mapping_last_result(fake->mapping), MAPPING_PROBLEM_NO_STREAM);
    fake_free(fake);
}

/* A process that stops does not wait for a pause. */
static void a_stop_in_a_pause(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    static bool paused;

    paused = false;
    fake->holds = true;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, fake->held_count == 1);
    mapping_pause(fake->mapping, on_paused, &paused);
    mappings_stop(t->mappings);
    fake_release(fake);
    HARNESS_UNTIL(t->h, mappings_stop(t->mappings));
    assert_false(paused);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_pause_and_a_resume),  TEST(other_settings),    TEST(a_removal),
        TEST(a_stream_that_is_gone), TEST(a_stop_in_a_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
