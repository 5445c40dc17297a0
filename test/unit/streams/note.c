/* Tests of streams/note.c: which shards may have something new. */
#include "streams_test.h"

static void a_shard_without_news(void **state)
{
    struct streams *streams;
    const struct stream_door door = {0};
    struct clock *clock = clock_new_manual(0);
    struct timers *timers = timers_new(clock, NULL, NULL);

    (void)state;
    streams = streams_new(NULL, NULL, timers, &door);
    assert_true(streams_may_have(streams, 1, 0, 0)); /* nobody keeps notes: who knows */
    streams_keep_notes(streams);
    assert_false(streams_may_have(streams, 1, 0, 0));
    streams_note(streams, 1, 0, 7);
    streams_note(streams, 1, 3, 9);
    streams_note(streams, 2, 0, 5);
    assert_true(streams_may_have(streams, 1, 0, 6));
    assert_false(streams_may_have(streams, 1, 0, 7));
    assert_true(streams_may_have(streams, 1, 3, 8));
    assert_false(streams_may_have(streams, 1, 1, 0));
    assert_false(streams_may_have(streams, 2, 0, 5));
    streams_note(streams, 2, 0, 6);
    assert_true(streams_may_have(streams, 2, 0, 5));
    streams_free(streams);
    timers_free(timers);
    clock_free(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shard_without_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
