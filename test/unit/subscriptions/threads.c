/* A group whose members are threads, each with a port of its own: every event once, in order per
 * stream. */
#include "subscriptions/subscriptions_test.h"

#include <stdatomic.h>

#define THREADS 4
#define STREAMS 7
#define EVENTS 700

static struct test_world w;
static _Atomic uint64_t handled[STREAMS];
static atomic_size_t total;

struct reader {
    pthread_t thread;
    struct test_loop loop; /* its own */
    struct test_join join;
};

static void wake_reader(void *context)
{
    struct reader *reader = context;

    test_loop_wake(&reader->loop);
}

static void answer(struct reader *reader, uint64_t position)
{
    struct test_answer test = {.answer = {.position = position, .done = test_answered}};

    subscription_answer(reader->join.join.member, reader->loop.port, &test.answer);
    while (!test.done)
        test_loop_turn(&reader->loop);
    assert_int_equal(test.status, OK);
}

static void *read_on(void *context)
{
    struct reader *reader = context;
    bool at_end = false;

    while (!at_end) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct subscription_event event;
        enum status status = subscription_next(reader->join.join.member, arena, &event, &at_end);

        if (status == OK) {
            size_t stream = (size_t)(event.event.id.ptr[0] - 'a');

            /* Nobody else is at this stream. */
            assert_int_equal(atomic_fetch_add(&handled[stream], 1) + 1, event.event.version);
            atomic_fetch_add(&total, 1);
            answer(reader, event.position);
        } else if (!at_end) {
            assert_int_equal(status, NOT_FOUND);
            test_loop_turn(&reader->loop);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    static struct reader readers[THREADS];

    (void)state;
    test_world_open(&w, NULL);
    for (uint64_t i = 0; i < EVENTS; i++) {
        char id[2] = {(char)('a' + i % STREAMS), '\0'};

        test_append(&w, "users", id, "t", i / STREAMS + 1);
    }
    for (size_t i = 0; i < THREADS; i++) {
        struct subscription_join *join = &readers[i].join.join;

        test_loop_open(&readers[i].loop, w.store);
        join->use = (struct subscription_use){
            .name = BYTES("g"), .group = true, .table_name = BYTES("table"), .table_id = TABLE};
        join->out_max = 1;
        join->tries_max = 1;
        join->wake = wake_reader;
        join->context = &readers[i];
        join->done = test_joined;
        subscription_join(w.subscriptions, w.loop.port, join);
        while (!readers[i].join.done)
            test_loop_turn(&w.loop);
        assert_int_equal(readers[i].join.status, OK);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&readers[i].thread, NULL, read_on, &readers[i]);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(readers[i].thread, NULL);
        subscription_leave(readers[i].join.join.member);
        test_loop_close(&readers[i].loop);
    }
    assert_int_equal(atomic_load(&total), EVENTS);
    test_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
