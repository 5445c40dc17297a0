/* Tests of base/timer.c: order, what callbacks may do, the next due time and who is told of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/timer.h"

#include <time.h>

#define THINGS 500

/* Stands in for the C library's: the machine's clocks as test_machine_clock_is_set() sets them. */
static uint64_t machine_ms, machine_monotonic_ms;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    uint64_t ms = id == CLOCK_REALTIME ? machine_ms : machine_monotonic_ms;

    ret->tv_sec = (time_t)(ms / 1000);
    ret->tv_nsec = (long)(ms % 1000) * 1000000;
    return 0;
}

/* One clock, its timers, and what fired, in order. */
static struct clock *clock_;
static struct timers *timers;
static size_t fired[4 * THINGS], fired_count, changes;

struct thing {
    struct timer timer;
    size_t number;
    struct thing *other; /* for callbacks that touch another */
    uint64_t at_ms;
};

static void note(struct timer *timer)
{
    fired[fired_count++] = CONTAINER_OF(timer, struct thing, timer)->number;
}

static void note_change(void *context)
{
    assert_ptr_equal(context, &changes);
    changes++;
}

static int start(void **state)
{
    (void)state;
    clock_ = clock_new_manual(1000);
    timers = timers_new(clock_, note_change, &changes);
    fired_count = changes = 0;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    timers_free(timers);
    clock_free(clock_);
    return 0;
}

static void test_nothing(void **state)
{
    struct thing a = {.timer.fire = note};

    (void)state;
    assert_ptr_equal(timers_clock(timers), clock_);
    assert_true(timers_next_ms(timers) == UINT64_MAX);
    assert_int_equal(timers_run(timers), 0);
    assert_false(timer_is_set(&a.timer));
    timer_cancel(timers, &a.timer);
    timers_free(NULL);
}

static void test_due(void **state)
{
    struct thing a = {.timer.fire = note};

    (void)state;
    timer_set_after(timers, &a.timer, 10);
    assert_true(timer_is_set(&a.timer));
    assert_int_equal(timers_next_ms(timers), 1010);
    clock_advance(clock_, 9);
    assert_int_equal(timers_run(timers), 0);
    clock_advance(clock_, 1);
    assert_int_equal(timers_run(timers), 1);
    assert_false(timer_is_set(&a.timer));
    assert_int_equal(timers_run(timers), 0);
    timer_set_at(timers, &a.timer, 5); /* long past */
    assert_int_equal(timers_run(timers), 1);
    assert_int_equal(fired_count, 2);
}

static void test_same_millisecond_in_order_set(void **state)
{
    struct thing things[100] = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(things); i++) {
        things[i] = (struct thing){.timer.fire = note, .number = i};
        timer_set_at(timers, &things[i].timer, 2000);
    }
    timer_set_at(timers, &things[0].timer, 2000); /* set again: the last now */
    clock_advance(clock_, 1000);
    assert_int_equal(timers_run(timers), 100);
    for (size_t i = 0; i < 99; i++)
        assert_int_equal(fired[i], i + 1);
    assert_int_equal(fired[99], 0);
}

/* Hundreds of timers set, moved and cancelled; what fires follows due time and order of setting. */
static void test_model(void **state)
{
    static struct thing things[THINGS];
    static uint64_t orders[THINGS];
    uint64_t random = 7, order = 0;
    size_t set = 0;

    (void)state;
    for (size_t step = 0; step < 4 * THINGS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;

        size_t i = (size_t)(random >> 33) % THINGS;

        things[i].number = i;
        things[i].timer.fire = note;
        if (random >> 60 < 4) {
            timer_cancel(timers, &things[i].timer);
        } else {
            things[i].at_ms = 1000 + (random >> 40) % 50;
            orders[i] = ++order;
            timer_set_at(timers, &things[i].timer, things[i].at_ms);
        }
    }
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < THINGS; i++)
        if (timer_is_set(&things[i].timer)) {
            set++;
            next = things[i].at_ms < next ? things[i].at_ms : next;
        }
    assert_true(timers_next_ms(timers) == next);
    clock_advance(clock_, 100);
    assert_int_equal(timers_run(timers), set);
    for (size_t i = 1; i < fired_count; i++) {
        const struct thing *a = &things[fired[i - 1]], *b = &things[fired[i]];

        assert_true(a->at_ms < b->at_ms ||
                    (a->at_ms == b->at_ms && orders[a->number] < orders[b->number]));
    }
    assert_true(timers_next_ms(timers) == UINT64_MAX);
}

static void note_and_set_again(struct timer *timer)
{
    struct thing *thing = CONTAINER_OF(timer, struct thing, timer);

    note(timer);
    timer_set_at(timers, timer, thing->at_ms);
}

static void test_set_while_running_waits(void **state)
{
    struct thing again = {.timer.fire = note_and_set_again, .number = 1};
    struct thing late = {.timer.fire = note, .number = 2};

    (void)state;
    again.at_ms = 3; /* due at once, and before everything else */
    timer_set_at(timers, &again.timer, 1001);
    timer_set_at(timers, &late.timer, 1002);
    clock_advance(clock_, 10);
    assert_int_equal(timers_run(timers), 2); /* everything that was due, and once */
    assert_int_equal(fired[0], 1);
    assert_int_equal(fired[1], 2);
    assert_true(timer_is_set(&again.timer));
    assert_true(timers_next_ms(timers) <= clock_now_ms(clock_));
    again.at_ms = 5000;
    assert_int_equal(timers_run(timers), 1);
    assert_int_equal(timers_next_ms(timers), 5000);
    timer_cancel(timers, &again.timer);
}

static void note_and_cancel(struct timer *timer)
{
    struct thing *thing = CONTAINER_OF(timer, struct thing, timer);

    note(timer);
    timer_cancel(timers, timer); /* itself: harmless */
    timer_cancel(timers, &thing->other->timer);
}

static void test_cancel_while_running(void **state)
{
    struct thing due = {.timer.fire = note, .number = 2};
    struct thing first = {.timer.fire = note_and_cancel, .number = 1, .other = &due};

    (void)state;
    timer_set_at(timers, &first.timer, 1001);
    timer_set_at(timers, &due.timer, 1001);
    clock_advance(clock_, 1);
    assert_int_equal(timers_run(timers), 1);
    assert_int_equal(fired_count, 1);
    assert_false(timer_is_set(&due.timer));
}

static void test_changed(void **state)
{
    struct thing a = {.timer.fire = note}, b = {.timer.fire = note};

    (void)state;
    timer_set_at(timers, &a.timer, 2000);
    assert_int_equal(changes, 1);
    timer_set_at(timers, &b.timer, 3000); /* behind the next */
    assert_int_equal(changes, 1);
    timer_cancel(timers, &b.timer);
    assert_int_equal(changes, 1);
    timer_set_at(timers, &b.timer, 1500); /* before it */
    assert_int_equal(changes, 2);
    timer_cancel(timers, &b.timer);
    assert_int_equal(changes, 3);
    timer_cancel(timers, &b.timer);
    assert_int_equal(changes, 3);
    timer_set_at(timers, &a.timer, 2500);
    assert_int_equal(changes, 4);
    clock_advance(clock_, 5000);
    timers_run(timers);
    assert_int_equal(changes, 5);
}

/* Somebody sets the machine's time, back or forward: a wait lasts as long as it was to last. */
static void test_machine_clock_is_set(void **state)
{
    static const int64_t steps_ms[] = {-3600000, -1, 0, 1, 3600000};
    struct clock *machine = clock_new_real();
    struct timers *waits = timers_new(machine, NULL, NULL);
    struct thing after = {.timer.fire = note, .number = 1}, at = {.timer.fire = note, .number = 2};

    (void)state;
    machine_ms = 1700000000000;
    machine_monotonic_ms = 5000;
    for (size_t i = 0; i < ARRAY_COUNT(steps_ms); i++) {
        fired_count = 0;
        timer_set_after(waits, &after.timer, 3000);
        timer_set_at(waits, &at.timer, clock_now_ms(machine) + 3001);
        machine_ms = (uint64_t)((int64_t)machine_ms + steps_ms[i]);
        assert_int_equal(timers_run(waits), 0);
        machine_ms += 2999;
        machine_monotonic_ms += 2999;
        assert_int_equal(timers_run(waits), 0);
        assert_int_equal(timers_next_ms(waits), clock_waited_ms(machine) + 1);
        machine_ms += 1;
        machine_monotonic_ms += 1;
        assert_int_equal(timers_run(waits), 1);
        machine_ms += 1;
        machine_monotonic_ms += 1;
        assert_int_equal(timers_run(waits), 1);
        assert_int_equal(fired[0], 1);
        assert_int_equal(fired[1], 2);
    }
    timers_free(waits);
    clock_free(machine);
}

/* Upkeep fires in its time like the others, but it is no step, and all of it can be made to look.
 */
static void test_upkeep(void **state)
{
    struct thing step = {.timer.fire = note, .number = 1};
    struct thing upkeep = {.timer = {.fire = note, .upkeep = true}, .number = 2};
    struct thing later = {.timer = {.fire = note, .upkeep = true}, .number = 3};

    (void)state;
    assert_true(timers_next_step_ms(timers) == UINT64_MAX);
    timer_set_after(timers, &upkeep.timer, 10);
    assert_int_equal(timers_next_ms(timers), 1010);
    assert_true(timers_next_step_ms(timers) == UINT64_MAX);
    timer_set_after(timers, &step.timer, 10);
    timer_set_after(timers, &later.timer, 1000);
    assert_int_equal(timers_next_step_ms(timers), 1010);
    clock_advance(clock_, 10);
    assert_int_equal(timers_run(timers), 2); /* in the order in which they were set */
    assert_int_equal(fired[0], 2);
    assert_int_equal(fired[1], 1);
    timer_set_after(timers, &upkeep.timer, 500);
    timer_set_after(timers, &step.timer, 20);
    assert_int_equal(timers_run_upkeep(timers), 2);
    assert_int_equal(fired_count, 4);
    assert_int_equal(timers_run_upkeep(timers), 0);
    assert_true(timer_is_set(&step.timer));
    timer_cancel(timers, &step.timer);
    timer_set_after(timers, &upkeep.timer, 1);
    timer_cancel(timers, &upkeep.timer);
    assert_true(timers_next_ms(timers) == UINT64_MAX);
}

static void look_again(struct timer *timer)
{
    note(timer);
    timer_set_after(timers, timer, 0);
}

/* What sets itself again at once has looked, and looks again next time. */
static void test_upkeep_looks_once(void **state)
{
    struct thing a = {.timer = {.fire = look_again, .upkeep = true}, .number = 1};
    struct thing b = {.timer = {.fire = look_again, .upkeep = true}, .number = 2};

    (void)state;
    timer_set_after(timers, &a.timer, 100);
    timer_set_after(timers, &b.timer, 50);
    assert_int_equal(timers_run_upkeep(timers), 2);
    assert_int_equal(fired[0] + fired[1], 3);
    assert_int_equal(timers_run_upkeep(timers), 2);
    timer_cancel(timers, &a.timer);
    timer_cancel(timers, &b.timer);
}

static void test_nobody_is_told(void **state)
{
    struct timers *alone = timers_new(clock_, NULL, NULL);
    struct thing a = {.timer.fire = note};

    (void)state;
    timer_set_after(alone, &a.timer, 0);
    assert_int_equal(timers_run(alone), 1);
    timers_free(alone);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),
        TEST(test_due),
        TEST(test_same_millisecond_in_order_set),
        TEST(test_model),
        TEST(test_set_while_running_waits),
        TEST(test_cancel_while_running),
        TEST(test_changed),
        TEST(test_machine_clock_is_set),
        TEST(test_upkeep),
        TEST(test_upkeep_looks_once),
        TEST(test_nobody_is_told),
    };

    return cmocka_run_group_tests_name("base/timer", tests, NULL, NULL);
}
