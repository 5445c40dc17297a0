/* Listeners: told of every commit, in the order in which they came, and not when they left. */
#include "streams/streams_test.h"

struct listener {
    struct stream_listener listener;
    uint64_t last_position;
    size_t told;
    bool leaves; /* when it is told */
    struct listener *joins;
    struct streams *streams;
};

static void committed(struct stream_listener *listener, uint64_t last_position)
{
    struct listener *l = CONTAINER_OF(listener, struct listener, listener);

    l->told++;
    l->last_position = last_position;
    if (l->leaves)
        streams_unlisten(&l->listener);
    if (l->joins != NULL) {
        streams_listen(l->streams, &l->joins->listener);
        l->joins = NULL;
    }
}

static void join(struct test_streams *t, struct listener *l)
{
    l->listener.committed = committed;
    l->streams = t->streams;
    streams_listen(t->streams, &l->listener);
}

static void test_every_commit(void **state)
{
    struct test_streams t;
    struct listener a = {0}, b = {0};

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{}");
    join(&t, &a);
    assert_int_equal(a.told, 0);
    join(&t, &b);
    test_event(&t, 1, "{}");
    assert_int_equal(a.last_position, 2);
    assert_int_equal(b.last_position, 2);
    streams_unlisten(&a.listener);
    test_event(&t, 1, "{}");
    assert_int_equal(a.told, 1);
    assert_int_equal(b.last_position, 3);
    streams_unlisten(&b.listener);
    streams_unlisten(&b.listener); /* twice does no harm */
    test_streams_close(&t);
}

static void test_leaving_and_joining_meanwhile(void **state)
{
    struct test_streams t;
    struct listener late = {.listener.committed = committed};
    struct listener a = {.leaves = true}, b = {.joins = &late};

    (void)state;
    test_streams_open(&t, NULL);
    join(&t, &a);
    join(&t, &b);
    test_event(&t, 1, "{}");
    assert_int_equal(a.told, 1);
    assert_int_equal(b.told, 1);
    test_event(&t, 1, "{}");
    assert_int_equal(a.told, 1);
    assert_int_equal(b.told, 2);
    assert_true(late.told >= 1);
    streams_unlisten(&b.listener);
    streams_unlisten(&late.listener);
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_commit),
        cmocka_unit_test(test_leaving_and_joining_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
