/* test/unit/streams/trigger.c - streams/trigger.c: each record becomes an event exactly once, whatever
 * fails in between. The bus is a fake one that puts nothing but the cursor. */
#include "records_test.h"

#include "streams/trigger.h"

#define NAME BYTES("trigger/1")

struct fake_bus {
    struct stream_test *t;
    struct buffer events; /* details that were put durably, a line each */
    struct trigger_put *put;
    struct store_work work;
    size_t puts, fail_next;
};

static void run_put(struct store_batch *batch, struct store_work *work)
{
    struct fake_bus *bus = CONTAINER_OF(work, struct fake_bus, work);

    bus->put->also(batch, bus->put);
}

static void put_done(struct store_work *work, enum status status)
{
    struct fake_bus *bus = CONTAINER_OF(work, struct fake_bus, work);
    struct trigger_put *put = bus->put;

    bus->put = NULL;
    for (size_t i = 0; status == OK && i < put->count; i++) {
        buffer_append(&bus->events, put->events[i].detail);
        buffer_append_byte(&bus->events, '\n');
    }
    put->done(put, status);
}

static void bus_put(void *context, struct trigger_put *put)
{
    struct fake_bus *bus = context;

    assert_null(bus->put); /* one at a time keeps the order */
    bus->puts++;
    if (bus->fail_next > 0) {
        bus->fail_next--;
        put->done(put, NO_SPACE);
        return;
    }
    bus->put = put;
    bus->work = (struct store_work){.run = run_put, .done = put_done};
    store_submit(bus->t->store, bus->t->loop.port, &bus->work);
}

static void bus_changed(void *context)
{
    (void)context;
}

static struct trigger *open_trigger(struct stream_test *t, struct fake_bus *bus)
{
    struct trigger_door door = {bus, bus_put, bus_changed};

    bus->t = t;
    bus->events.size_max = 1 << 20;
    return trigger_new(t->streams, t->store, t->timers, NAME, 1, 0, &door);
}

static void settle(struct stream_test *t, struct fake_bus *bus, struct trigger *trigger)
{
    streams_committed(t->streams, store_last_position(t->store));
    while (bus->put != NULL) {
        test_loop_turn(&t->loop);
        streams_committed(t->streams, store_last_position(t->store));
    }
    (void)trigger;
}

static void expect_events(struct fake_bus *bus, const char *expected)
{
    buffer_append_byte(&bus->events, '\0');
    assert_string_equal((const char *)bus->events.ptr, expected);
    bus->events.size--;
}

#define DETAIL                                                                                     \
    "{\"log\":\"users\",\"key\":{\"pk\":\"users#1#stream\",\"sk\":1},\"type\":\"signup\","          \
    "\"payload\":{\"id\":\"1\",\"n\":0.5}}\n"

static void an_event_of_a_log_is_put(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {0};
    struct trigger *trigger = open_trigger(t, &bus);

    test_write_event(t, TEST_IMAGE);
    assert_true(trigger_busy(trigger));
    settle(t, &bus, trigger);
    assert_false(trigger_busy(trigger));
    expect_events(&bus, DETAIL);
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    buffer_free(&bus.events);
}

static void other_records_are_skipped(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {0};
    struct trigger *trigger = open_trigger(t, &bus);

    test_write_event(t, "{\"pk\":{\"S\":\"users#1\"},\"sk\":{\"N\":\"1\"}}");
    test_write_event(t, "{\"pk\":{\"N\":\"7\"}}");
    test_write_record(t, (struct test_record){1, CHANGE_REMOVE, TEST_NOW_MS,
                                              "{\"pk\":{\"S\":\"users#1#stream\"}}", "", 0});
    test_write_record(t, (struct test_record){2, CHANGE_INSERT, TEST_NOW_MS,
                                              "{\"pk\":{\"S\":\"a\"}}", TEST_IMAGE, 0});
    settle(t, &bus, trigger);
    assert_int_equal(bus.events.size, 0);
    assert_false(trigger_busy(trigger));
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    buffer_free(&bus.events);
}

static void a_failed_put_is_put_again(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {.fail_next = 2};
    struct trigger *trigger = open_trigger(t, &bus);

    test_write_event(t, TEST_IMAGE);
    settle(t, &bus, trigger);
    assert_int_equal(bus.events.size, 0);
    assert_true(trigger_busy(trigger));
    for (int second = 0; second < 2; second++) {
        clock_advance(t->clock, 1000);
        timers_run(t->timers);
    }
    settle(t, &bus, trigger);
    assert_int_equal(bus.puts, 3);
    expect_events(&bus, DETAIL);
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    buffer_free(&bus.events);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {0};
    struct trigger *trigger = open_trigger(t, &bus);

    test_write_event(t, TEST_IMAGE);
    settle(t, &bus, trigger);
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    test_write_event(t, TEST_IMAGE); /* while nobody looks */

    trigger = open_trigger(t, &bus);
    settle(t, &bus, trigger);
    expect_events(&bus, DETAIL DETAIL);
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    buffer_free(&bus.events);
}

static void a_stop_waits_for_the_put_under_way(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {0};
    struct trigger *trigger = open_trigger(t, &bus);

    test_write_event(t, TEST_IMAGE);
    streams_committed(t->streams, store_last_position(t->store));
    assert_non_null(bus.put);
    assert_false(trigger_stop(trigger));
    while (bus.put != NULL)
        test_loop_turn(&t->loop);
    assert_true(trigger_stop(trigger));
    expect_events(&bus, DETAIL);
    trigger_free(trigger);
    buffer_free(&bus.events);
}

static void what_is_too_large_becomes_partial(void **state)
{
    struct stream_test *t = *state;
    struct fake_bus bus = {0};
    struct trigger *trigger = open_trigger(t, &bus);
    AUTO(buffer_free) struct buffer image = BUFFER_INIT(1 << 20);

    buffer_append_text(&image, "{\"pk\":{\"S\":\"users#1#stream\"},\"sk\":{\"N\":\"1\"},"
                               "\"payload\":{\"M\":{\"id\":{\"S\":\"1\"},\"text\":{\"S\":\"");
    for (size_t i = 0; i < TRIGGER_DETAIL_SIZE_MAX; i++)
        buffer_append_byte(&image, 'x');
    buffer_append_text(&image, "\"}}}}");
    buffer_append_byte(&image, '\0');
    test_write_event(t, (const char *)image.ptr);
    settle(t, &bus, trigger);
    expect_events(&bus, "{\"key\":{\"pk\":\"users#1#stream\",\"sk\":1},\"partial\":true,"
                        "\"payload\":{\"id\":\"1\"}}\n");
    assert_true(trigger_stop(trigger));
    trigger_free(trigger);
    buffer_free(&bus.events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stream_test_open, stream_test_close)
        TEST(an_event_of_a_log_is_put),       TEST(other_records_are_skipped),
        TEST(a_failed_put_is_put_again),      TEST(a_restart_goes_on_where_it_was),
        TEST(a_stop_waits_for_the_put_under_way), TEST(what_is_too_large_becomes_partial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
