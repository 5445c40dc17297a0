/* schedule/due.c: the earliest first, whatever is set, moved and taken out; and its timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/id.h"
#include "schedule/due.h"

#define COUNT 200
#define ROUNDS 5000

static size_t fired;

static void fire(struct timer *timer)
{
    (void)timer;
    fired++;
}

static uint64_t chance(uint64_t below)
{
    uint64_t value = 0;

    id_random((uint8_t *)&value, sizeof value);
    return value % below;
}

static void check_heap(const struct due_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        assert_int_equal(queue->heap[i]->place, i + 1);
        assert_true(i == 0 || queue->heap[(i - 1) / 2]->at_ms <= queue->heap[i]->at_ms);
    }
}

static void test_against_looking_at_all(void **state)
{
    static struct due due[COUNT];
    struct clock *clock = clock_new_manual(0);
    struct timers *timers = timers_new(clock, NULL, NULL);
    struct due_queue queue;

    (void)state;
    due_init(&queue, timers, fire);
    for (size_t i = 0; i < COUNT; i++)
        due[i].at_ms = DUE_NEVER;
    for (size_t round = 0; round < ROUNDS; round++) {
        if (chance(3) > 0) {
            due_set(&queue, &due[chance(COUNT)], chance(5) == 0 ? DUE_NEVER : chance(1000));
        } else {
            uint64_t now = chance(1000), earliest = DUE_NEVER;
            struct due *taken = NULL;

            for (size_t i = 0; i < COUNT; i++)
                if (due[i].place > 0 && due[i].at_ms < earliest)
                    earliest = due[i].at_ms;
            taken = due_take(&queue, now);
            assert_true((taken != NULL) == (earliest <= now));
            assert_true(taken == NULL || (taken->at_ms == earliest && taken->place == 0));
        }
        check_heap(&queue);
    }
    due_release(&queue);
    timers_free(timers);
    clock_free(clock);
}

static void test_the_timer_follows_the_earliest(void **state)
{
    struct clock *clock = clock_new_manual(1000);
    struct timers *timers = timers_new(clock, NULL, NULL);
    struct due_queue queue;
    struct due a = {.at_ms = DUE_NEVER}, b = {.at_ms = DUE_NEVER};

    (void)state;
    due_init(&queue, timers, fire);
    due_arm(&queue);
    assert_true(timers_next_ms(timers) == UINT64_MAX);
    due_set(&queue, &a, 5000000);
    due_arm(&queue);
    assert_int_equal(timers_next_ms(timers), 5000000); /* a manual clock: no look before */
    due_set(&queue, &b, 2000);
    due_arm(&queue);
    assert_int_equal(timers_next_ms(timers), 2000);
    due_set(&queue, &b, DUE_NEVER);
    due_arm(&queue);
    assert_int_equal(timers_next_ms(timers), 5000000);
    due_set(&queue, &a, 500); /* past: at once */
    due_arm(&queue);
    fired = 0;
    assert_int_equal(timers_run(timers), 1);
    assert_int_equal(fired, 1);
    due_release(&queue);
    timers_free(timers);
    clock_free(clock);
}

static void test_a_real_clock_is_looked_at_every_minute(void **state)
{
    struct clock *clock = clock_new_real();
    struct timers *timers = timers_new(clock, NULL, NULL);
    struct due_queue queue;
    struct due due = {.at_ms = DUE_NEVER};

    (void)state;
    due_init(&queue, timers, fire);
    due_set(&queue, &due, clock_now_ms(clock) + 24 * DUE_LOOK_MS);
    due_arm(&queue);
    assert_true(timers_next_ms(timers) <= clock_waited_ms(clock) + DUE_LOOK_MS);
    due_release(&queue);
    timers_free(timers);
    clock_free(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_looking_at_all),
        cmocka_unit_test(test_the_timer_follows_the_earliest),
        cmocka_unit_test(test_a_real_clock_is_looked_at_every_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
