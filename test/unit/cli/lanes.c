/* Tests of cli/lanes.c: order in a stream, what is settled, stopping, and that all is dropped. */
#include "cli/lanes.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#define STREAMS 20
#define THINGS 2000

struct seen {
    pthread_mutex_t lock;
    uint64_t last[STREAMS];
    size_t ran, dropped;
    uint64_t fails_at; /* number; 0: none */
};

struct thing {
    uint64_t number;
};

static bool run(void *context, unsigned lane, void *what)
{
    struct seen *seen = context;
    struct thing *thing = what;
    bool well = thing->number != seen->fails_at;

    (void)lane;
    pthread_mutex_lock(&seen->lock);
    if (well) {
        assert(seen->last[thing->number % STREAMS] < thing->number);
        seen->last[thing->number % STREAMS] = thing->number;
        seen->ran++;
    }
    pthread_mutex_unlock(&seen->lock);
    return well;
}

static void drop(void *context, void *what)
{
    struct seen *seen = context;

    pthread_mutex_lock(&seen->lock);
    seen->dropped++;
    pthread_mutex_unlock(&seen->lock);
    mem_free(what);
}

static size_t give_all(struct lanes *lanes)
{
    size_t given = 0;

    for (uint64_t number = 1; number <= THINGS; number++) {
        struct thing *thing = mem_new(sizeof *thing);
        char stream[16];
        enum lanes_given how = LANES_FULL;

        snprintf(stream, sizeof stream, "%d", (int)(number % STREAMS));
        thing->number = number;
        while (how == LANES_FULL)
            how = lanes_give(lanes, bytes_of_text(stream), number, thing, 100);
        if (how == LANES_STOPPED) {
            mem_free(thing);
            break;
        }
        given++;
    }
    return given;
}

static void test_all_run_in_order(void **state)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct lanes *lanes = lanes_new(&(struct lanes_work){8, &seen, run, drop});

    (void)state;
    assert_int_equal(THINGS, give_all(lanes));
    while (!lanes_wait(lanes, 100))
        ;
    assert_int_equal(THINGS, lanes_settled(lanes));
    lanes_pass(lanes, THINGS + 5);
    assert_int_equal(THINGS + 5, lanes_settled(lanes));
    lanes_free(lanes);
    assert_int_equal(THINGS, seen.ran);
    assert_int_equal(THINGS, seen.dropped);
}

static void test_what_fails_is_not_settled(void **state)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .fails_at = 777};
    struct lanes *lanes = lanes_new(&(struct lanes_work){8, &seen, run, drop});
    size_t given = give_all(lanes);

    (void)state;
    while (!lanes_wait(lanes, 100))
        ;
    assert_true(lanes_settled(lanes) < 777);
    lanes_free(lanes);
    assert_int_equal(given, seen.dropped);
    assert_true(seen.ran < given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_run_in_order),
        cmocka_unit_test(test_what_fails_is_not_settled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
