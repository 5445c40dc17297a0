/* Readers go in and out; the writer shuts the gate. */
#include "store/store_test.h"

#include "store/internal.h"

static void test_shut_waits_for_readers(void **state)
{
    struct gate gate;

    (void)state;
    gate_init(&gate);
    gate_enter(&gate, false);
    assert_false(gate_shut(&gate, 0));
    assert_false(gate_shut(&gate, 1));
    gate_enter(&gate, false); /* open again after a vain wait */
    gate_leave(&gate);
    gate_leave(&gate);
    assert_true(gate_shut(&gate, 0));
    gate_open(&gate);
    gate_enter(&gate, false);
    gate_leave(&gate);
    gate_clear(&gate);
}

/* Somebody who is inside comes in again even while the writer waits for him to leave. */
struct insider {
    struct gate gate;
    atomic_bool entered;
};

static void *shut_and_open(void *context)
{
    struct insider *insider = context;

    if (gate_shut(&insider->gate, 10000)) {
        if (!atomic_load(&insider->entered))
            abort();
        gate_open(&insider->gate);
        return insider;
    }
    return NULL;
}

static void test_insider_never_waits(void **state)
{
    struct insider insider = {.entered = false};
    void *shut = NULL;
    pthread_t thread;

    (void)state;
    gate_init(&insider.gate);
    gate_enter(&insider.gate, false);
    assert_int_equal(pthread_create(&thread, NULL, shut_and_open, &insider), 0);
    while (!atomic_load(&insider.gate.shut))
        sched_yield();
    gate_enter(&insider.gate, true);
    atomic_store(&insider.entered, true);
    gate_leave(&insider.gate);
    gate_leave(&insider.gate);
    pthread_join(thread, &shut);
    assert_ptr_equal(shut, &insider);
    gate_clear(&insider.gate);
}

/* ---- many ---- */

#define READERS 4
#define TURNS 2000
#define EXCHANGES 200

struct crowd {
    struct gate gate;
    int exchanged; /* not atomic: the gate alone keeps readers and writer apart */
    atomic_int turns;
};

static void *read_turns(void *context)
{
    struct crowd *crowd = context;

    for (int i = 0; i < TURNS; i++) {
        gate_enter(&crowd->gate, false);

        int before = crowd->exchanged;

        gate_enter(&crowd->gate, true);
        if (before % 2 != 0 || crowd->exchanged != before)
            abort();
        gate_leave(&crowd->gate);
        gate_leave(&crowd->gate);
        atomic_fetch_add(&crowd->turns, 1);
    }
    return NULL;
}

static void test_nobody_is_inside_while_it_is_shut(void **state)
{
    struct crowd crowd = {.exchanged = 0};
    pthread_t threads[READERS];

    (void)state;
    gate_init(&crowd.gate);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_turns, &crowd), 0);
    for (int i = 0; i < EXCHANGES; i++) {
        assert_true(gate_shut(&crowd.gate, 10000));
        crowd.exchanged++;
        sched_yield();
        crowd.exchanged++;
        gate_open(&crowd.gate);
    }
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.turns), READERS * TURNS);
    gate_clear(&crowd.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shut_waits_for_readers),
        cmocka_unit_test(test_insider_never_waits),
        cmocka_unit_test(test_nobody_is_inside_while_it_is_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
