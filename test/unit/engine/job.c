/* Jobs on a store in memory: their chain, their failures, their ends. */
#include "engine/engine_test.h"

#include "engine/job.h"

/* Puts one key a step: what it says, and the number of the step. */
struct test_job {
    struct job job;
    const char *name;
    size_t steps, steps_wanted; /* `steps` are durable */
    size_t failures;            /* of step(), before it goes well */
    enum status failure;
    size_t tried, told; /* calls of step() and stepped() */
    bool ended;
    enum status status;
};

static enum status put_one(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct test_job *test = CONTAINER_OF(job, struct test_job, job);
    char key[64];

    test->tried++;
    if (test->failures > 0) {
        test->failures--;
        return test->failure;
    }
    snprintf(key, sizeof key, "%s %zu", test->name, test->steps);
    store_batch_put(batch, STORE_CURSORS, bytes_of_text(key), BYTES("put"));
    *ret_done = test->steps + 1 == test->steps_wanted;
    return OK;
}

static void told(struct job *job, enum status status)
{
    struct test_job *test = CONTAINER_OF(job, struct test_job, job);

    test->told++;
    if (status == OK)
        test->steps++;
}

static void ended(struct job *job, enum status status)
{
    struct test_job *test = CONTAINER_OF(job, struct test_job, job);

    assert_false(test->ended);
    test->ended = true;
    test->status = status;
}

static struct test_job test_job_of(const char *name, size_t steps)
{
    return (struct test_job){.job = {.step = put_one, .stepped = told, .ended = ended},
                             .name = name,
                             .steps_wanted = steps};
}

/* ---- the place they run in ---- */

struct place {
    struct store *store;
    struct test_loop loop;
    struct clock *clock;
    struct timers *timers;
    struct jobs jobs;
    size_t changes;
};

static void changed(void *context)
{
    struct place *place = context;

    place->changes++;
}

static void place_open(struct place *place)
{
    *place = (struct place){.store = test_open(NULL), .clock = clock_new_manual(TEST_NOW_MS)};
    test_loop_open(&place->loop, place->store);
    place->timers = timers_new(place->clock, NULL, NULL);
    jobs_init(&place->jobs, place->store, place->loop.port, place->timers, changed, place);
}

static void place_close(struct place *place)
{
    assert_true(jobs_stop(&place->jobs));
    timers_free(place->timers);
    clock_free(place->clock);
    test_loop_close(&place->loop);
    store_close(place->store);
}

static void finish(struct place *place, const struct test_job *test)
{
    while (!test->ended)
        test_loop_turn(&place->loop);
}

/* ---- cases ---- */

static void test_steps_in_order(void **state)
{
    struct place place;
    struct test_job one = test_job_of("one", 3), two = test_job_of("two", 1);

    (void)state;
    place_open(&place);
    job_start(&place.jobs, &one.job);
    job_start(&place.jobs, &two.job);
    assert_int_equal(jobs_count(&place.jobs), 2);
    finish(&place, &one);
    finish(&place, &two);
    assert_int_equal(one.status, OK);
    assert_int_equal(one.steps, 3);
    assert_int_equal(one.told, 3);
    assert_int_equal(two.steps, 1);
    assert_int_equal(jobs_count(&place.jobs), 0);
    assert_int_equal(place.changes, 2);
    test_expect(place.store, NULL, STORE_CURSORS, "one 0", "put");
    test_expect(place.store, NULL, STORE_CURSORS, "one 2", "put");
    test_expect(place.store, NULL, STORE_CURSORS, "one 3", NULL);
    test_expect(place.store, NULL, STORE_CURSORS, "two 0", "put");
    place_close(&place);
}

static void test_a_failure_ends_it(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 2);

    (void)state;
    place_open(&place);
    job.failures = 1;
    job.failure = NO_SPACE;
    job_start(&place.jobs, &job.job);
    finish(&place, &job);
    assert_int_equal(job.status, NO_SPACE);
    assert_int_equal(job.tried, 1);
    assert_int_equal(job.told, 1);
    place_close(&place);
}

static void test_it_keeps_trying(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 2);

    (void)state;
    place_open(&place);
    job.job.keeps_trying = true;
    job.failures = 2;
    job.failure = IO_ERROR;
    job_start(&place.jobs, &job.job);
    for (size_t i = 1; i <= 2; i++) {
        while (job.told < i)
            test_loop_turn(&place.loop);
        assert_false(job.ended);
        assert_int_equal(jobs_count(&place.jobs), 1);
        assert_int_equal(timers_next_ms(place.timers), clock_now_ms(place.clock) + JOB_RETRY_MS);
        clock_advance(place.clock, JOB_RETRY_MS);
        timers_run(place.timers);
    }
    finish(&place, &job);
    assert_int_equal(job.status, OK);
    assert_int_equal(job.tried, 4);
    assert_int_equal(job.steps, 2);
    place_close(&place);
}

/* Damage does not go away by itself. */
static void test_damage_ends_what_keeps_trying(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 2);

    (void)state;
    place_open(&place);
    job.job.keeps_trying = true;
    job.failures = 1;
    job.failure = CORRUPT;
    job_start(&place.jobs, &job.job);
    finish(&place, &job);
    assert_int_equal(job.status, CORRUPT);
    place_close(&place);
}

static void test_cancel(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 100), last = test_job_of("last", 1);

    (void)state;
    place_open(&place);
    job_start(&place.jobs, &job.job);
    job_cancel(&job.job); /* while its first step is under way */
    assert_false(job.ended);
    finish(&place, &job);
    assert_int_equal(job.status, CLOSED);
    assert_int_equal(job.steps, 1);
    job_start(&place.jobs, &last.job);
    job_cancel(&last.job);
    finish(&place, &last);
    assert_int_equal(last.status, OK);
    place_close(&place);
}

static void test_cancel_what_waits(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 2);

    (void)state;
    place_open(&place);
    job.job.keeps_trying = true;
    job.failures = 1;
    job.failure = NO_SPACE;
    job_start(&place.jobs, &job.job);
    while (job.told == 0)
        test_loop_turn(&place.loop);
    job_cancel(&job.job);
    assert_true(job.ended);
    assert_int_equal(job.status, CLOSED);
    assert_int_equal(timers_next_ms(place.timers), UINT64_MAX);
    place_close(&place);
}

static void test_stop(void **state)
{
    struct place place;
    struct test_job running = test_job_of("running", 100), waiting = test_job_of("waiting", 2),
                    late = test_job_of("late", 1);

    (void)state;
    place_open(&place);
    waiting.job.keeps_trying = true;
    waiting.failures = 1;
    waiting.failure = NO_SPACE;
    job_start(&place.jobs, &waiting.job);
    while (waiting.told == 0)
        test_loop_turn(&place.loop);
    job_start(&place.jobs, &running.job);
    assert_false(jobs_stop(&place.jobs));
    assert_true(waiting.ended);
    assert_false(running.ended);
    finish(&place, &running);
    assert_int_equal(running.status, CLOSED);
    assert_int_equal(running.steps, 1);
    assert_true(jobs_stop(&place.jobs));
    job_start(&place.jobs, &late.job);
    assert_true(late.ended);
    assert_int_equal(late.status, CLOSED);
    assert_int_equal(late.tried, 0);
    place_close(&place);
}

/* Others' writes go between the steps of a job, not behind all of them. */
static void test_others_go_between(void **state)
{
    struct place place;
    struct test_job job = test_job_of("job", 50);

    (void)state;
    place_open(&place);
    job_start(&place.jobs, &job.job);
    assert_int_equal(test_put(&place.loop, STORE_CURSORS, "other", "put"), OK);
    assert_true(job.steps < 50);
    assert_false(job.ended);
    finish(&place, &job);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_in_order),
        cmocka_unit_test(test_a_failure_ends_it),
        cmocka_unit_test(test_it_keeps_trying),
        cmocka_unit_test(test_damage_ends_what_keeps_trying),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_what_waits),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_others_go_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
