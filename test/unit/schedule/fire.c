/* schedule/fire.c: what is due happens at its time, once, with its next time in the same batch. */
#include "schedule/schedule_test.h"

static struct schedule_view get(struct test_schedules *t, const char *name)
{
    struct schedule_view view;

    assert_int_equal(
        schedules_get(t->schedules, BYTES("default"), bytes_of_text(name), t->arena, &view), OK);
    return view;
}

static bool is_there(struct test_schedules *t, const char *name)
{
    struct schedule_view view;

    return schedules_get(t->schedules, BYTES("default"), bytes_of_text(name), t->arena, &view) ==
           OK;
}

static void test_a_rate_begins_at_once(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(5 minutes)"));
    DUE_MINUTES(&t, 0, 0);
    test_advance(&t, 12 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 0, 5, 10);
    assert_int_equal(get(&t, "a").due_ms, TEST_NOW_MS + 15 * MINUTE_MS);
    test_schedules_close(&t);
}

static void test_sixty_times_an_hour_each_at_its_time(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "cron(* * * * ? *)"));
    assert_int_equal(t.due_count, 0);
    test_advance(&t, HOUR_MS);
    assert_int_equal(t.due_count, 60);
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(t.due[i].scheduled_ms, TEST_NOW_MS + (i + 1) * MINUTE_MS);
        assert_int_equal(t.due[i].happened_ms, t.due[i].scheduled_ms);
    }
    test_schedules_close(&t);
}

/* A manual clock that jumps: none is left out. */
static void test_a_jump_of_the_clock_in_a_test(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(1 minute)"));
    clock_advance(t.clock, 5 * MINUTE_MS);
    timers_run(t.timers);
    test_settle(&t);
    DUE_MINUTES(&t, 0, 0, 1, 2, 3, 4, 5);
    test_schedules_close(&t);
}

static void test_once(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("stays", "at(2026-07-25T17:30:00)"));
    test_must(&t, SCHEDULE_CREATE,
              SETTINGS_WITH("goes", "at(2026-07-25T17:40:00)", .delete_after = true));
    test_must(&t, SCHEDULE_CREATE, SETTINGS("past", "at(2026-07-25T17:19:59)"));
    test_must(&t, SCHEDULE_CREATE, SETTINGS("now", "at(2026-07-25T17:20:00)"));
    DUE_MINUTES(&t, 0, 0);
    test_advance(&t, 9 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 0);
    test_advance(&t, 24 * HOUR_MS);
    DUE_MINUTES(&t, 0, 0, 10, 20);
    assert_true(get(&t, "stays").due_ms == SCHEDULE_NEVER);
    assert_true(get(&t, "past").due_ms == SCHEDULE_NEVER);
    assert_false(is_there(&t, "goes"));
    /* its name is free again */
    test_must(&t, SCHEDULE_CREATE, SETTINGS("goes", "rate(1 hour)"));
    assert_int_equal(t.due_count, 4);
    test_schedules_close(&t);
}

static void test_start_and_end(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE,
              SETTINGS_WITH("a", "rate(10 minutes)", .start_ms = TEST_NOW_MS + 5 * MINUTE_MS,
                            .end_ms = TEST_NOW_MS + 25 * MINUTE_MS, .delete_after = true));
    test_advance(&t, HOUR_MS);
    DUE_MINUTES(&t, 0, 5, 15); /* the end is no due time any more */
    assert_false(is_there(&t, "a"));
    test_must(&t, SCHEDULE_CREATE,
              SETTINGS_WITH("b", "cron(0/30 * * * ? *)", .start_ms = TEST_NOW_MS + 3 * HOUR_MS));
    test_advance(&t, 3 * HOUR_MS);
    DUE_MINUTES(&t, 2, 190, 220);
    test_schedules_close(&t);
}

static void test_a_window(void **state)
{
    struct test_schedules t;
    uint64_t first[4];

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "cron(0 * * * ? *)", .window_minutes = 30));
    test_advance(&t, 4 * HOUR_MS + 11 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 40, 100, 160, 220);
    for (size_t i = 0; i < 4; i++) {
        first[i] = t.due[i].happened_ms - t.due[i].scheduled_ms;
        assert_true(first[i] < 30 * MINUTE_MS);
    }
    assert_false(first[0] == first[1] && first[1] == first[2] && first[2] == first[3]);
    test_schedules_close(&t);

    /* with the same seed the same moments, with another one others */
    for (uint64_t seed = 0; seed < 2; seed++) {
        bool same = true;

        t = (struct test_schedules){
            .arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS), .seed = seed};
        test_schedules_attach(&t);
        schedules_start(t.schedules);
        test_must(&t, SCHEDULE_CREATE,
                  SETTINGS_WITH("a", "cron(0 * * * ? *)", .window_minutes = 30));
        test_advance(&t, 4 * HOUR_MS + 11 * MINUTE_MS);
        assert_int_equal(t.due_count, 4);
        for (size_t i = 0; i < 4; i++)
            same = same && t.due[i].happened_ms - t.due[i].scheduled_ms == first[i];
        assert_true(same == (seed == 0));
        test_schedules_close(&t);
    }
}

static void test_disabled(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(10 minutes)"));
    struct schedule_settings off = SETTINGS("a", "rate(10 minutes)");

    off.enabled = false;
    test_must(&t, SCHEDULE_UPDATE, off);
    test_advance(&t, HOUR_MS);
    DUE_MINUTES(&t, 0, 0);
    test_must(&t, SCHEDULE_UPDATE, SETTINGS("a", "rate(10 minutes)"));
    test_advance(&t, 15 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 0, 60, 70);
    test_schedules_close(&t);
}

static void test_an_update_goes_on_or_begins_anew(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(10 minutes)"));
    test_advance(&t, 4 * MINUTE_MS);
    test_must(&t, SCHEDULE_UPDATE,
              SETTINGS_WITH("a", "rate(10 minutes)", .description = BYTES("another")));
    test_advance(&t, 10 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 0, 10);
    test_must(&t, SCHEDULE_UPDATE, SETTINGS("a", "rate(7 minutes)"));
    test_advance(&t, 10 * MINUTE_MS);
    DUE_MINUTES(&t, 0, 0, 10, 14, 21);
    test_schedules_close(&t);
}

static void test_missed_while_stopped(void **state)
{
    struct test_schedules t = {.arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS)};
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    t.folder = folder;
    test_schedules_attach(&t);
    schedules_start(t.schedules);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("once", "at(2026-07-25T17:30:00)"));
    test_must(&t, SCHEDULE_CREATE, SETTINGS("often", "cron(0/5 * * * ? *)"));
    test_must(&t, SCHEDULE_CREATE, SETTINGS("later", "at(2026-07-25T20:00:00)"));
    test_restart(&t, 62 * MINUTE_MS);
    assert_int_equal(t.due_count, 0); /* nothing before the start */
    schedules_start(t.schedules);
    test_settle(&t);
    assert_int_equal(t.due_count, 2);
    DUE_MINUTES(&t, 0, 5, 10); /* the first that was missed, and the one of the other */
    test_advance(&t, 8 * MINUTE_MS);
    DUE_MINUTES(&t, 2, 65, 70);
    /* what happened is not missed at the next start */
    test_restart(&t, 0);
    schedules_start(t.schedules);
    test_settle(&t);
    assert_int_equal(t.due_count, 4);
    test_schedules_close(&t);
    test_folder_remove(folder);
}

static size_t deliveries_in_store(struct test_schedules *t)
{
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_DELIVERIES, BYTES("d"), BYTES("e"), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    store_iter_free(iter);
    return count;
}

/* The process may end at any moment: what is in the store is the due time with its delivery, or
 * neither. Here it ends before anybody was told. */
static void test_one_batch(void **state)
{
    struct test_schedules t = {.arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS)};
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    t.folder = folder;
    test_schedules_attach(&t);
    schedules_start(t.schedules);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("once", "at(2026-07-25T17:30:00)"));
    for (size_t i = 1; i <= 3; i++) {
        clock_advance(t.clock, 10 * MINUTE_MS);
        timers_run(t.timers);
        test_settle(&t);
        assert_int_equal(deliveries_in_store(&t), 1);
        test_restart(&t, 0);
        schedules_start(t.schedules);
        test_settle(&t);
        assert_int_equal(deliveries_in_store(&t), 1);
    }
    assert_int_equal(t.due_count, 1);
    test_schedules_close(&t);
    test_folder_remove(folder);
}

/* Change and due time meet on the writer, in either order. */
static void test_races(void **state)
{
    struct test_schedules t;
    struct test_hold hold;
    struct test_change change = {
        .change = {.kind = SCHEDULE_DELETE,
                   .settings = {.group = BYTES("default"), .name = BYTES("a")}}};

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "at(2026-07-25T17:30:00)"));
    /* the deletion is first: nothing happens */
    test_hold_writer(&t.loop, &hold);
    test_begin(&t, &change);
    clock_advance(t.clock, 10 * MINUTE_MS);
    timers_run(t.timers);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    assert_int_equal(test_finish_change(&t, &change), OK);
    test_settle(&t);
    assert_int_equal(t.prepared, 1);
    assert_int_equal(t.due_count, 0);
    assert_int_equal(deliveries_in_store(&t), 0);
    /* the due time is first: it happens, and then it is gone */
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "at(2026-07-25T17:40:00)"));
    change.done = false;
    test_hold_writer(&t.loop, &hold);
    clock_advance(t.clock, 10 * MINUTE_MS);
    timers_run(t.timers);
    test_begin(&t, &change);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    assert_int_equal(test_finish_change(&t, &change), OK);
    test_settle(&t);
    assert_int_equal(t.due_count, 1);
    assert_false(is_there(&t, "a"));
    test_schedules_close(&t);
}

static void test_payloads(void **state)
{
    struct test_schedules t;
    struct schedule_settings settings = SETTINGS("a", "at(2026-07-25T17:20:00)");
    const struct json *event = NULL;

    (void)state;
    test_schedules_open(&t);
    settings.target.input =
        BYTES("<aws.scheduler.schedule-arn>|<aws.scheduler.scheduled-time>|<aws.scheduler.attempt-"
              "number>|<aws.scheduler.execution-id>|<aws.scheduler.other>|<aws");
    test_must(&t, SCHEDULE_CREATE, settings);
    assert_int_equal(t.due_count, 1);
    struct bytes expected = arena_printf(
        t.arena,
        "arn:aws:scheduler:us-east-1:000000000000:schedule/default/a|2026-07-25T17:20:00Z|1|%s|"
        "<aws.scheduler.other>|<aws",
        t.due[0].execution_id);

    assert_true(bytes_equal(t.due[0].payload, expected));
    assert_int_equal(strlen(t.due[0].execution_id), 16);
    test_must(&t, SCHEDULE_CREATE, SETTINGS("b", "at(2026-07-25T17:20:00)"));
    assert_int_equal(json_parse(t.arena, t.due[1].payload, &event, NULL), OK);
    assert_true(bytes_equal_text(json_string(json_get(event, "source")), "aws.scheduler"));
    assert_true(bytes_equal_text(json_string(json_get(event, "detail-type")), "Scheduled Event"));
    assert_true(bytes_equal_text(json_string(json_get(event, "detail")), "{}"));
    assert_true(bytes_equal_text(json_string(json_get(event, "time")), "2026-07-25T17:20:00Z"));
    assert_true(bytes_equal_text(json_string(json_at(json_get(event, "resources"), 0)),
                                 "arn:aws:scheduler:us-east-1:000000000000:schedule/default/b"));
    test_schedules_close(&t);
}

/* More than may be under way at once, all of them due at one moment. */
static void test_many(void **state)
{
    struct test_schedules t;
    size_t count = SCHEDULE_FIRING_MAX + 100;

    (void)state;
    test_schedules_open(&t);
    for (size_t i = 0; i < count; i++) {
        struct schedule_settings settings = SETTINGS("", "cron(0 18 * * ? *)");

        settings.name = arena_printf(t.arena, "s%zu", i);
        test_must(&t, SCHEDULE_CREATE, settings);
    }
    test_advance(&t, HOUR_MS);
    assert_int_equal(t.due_count, count);
    test_schedules_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rate_begins_at_once),
        cmocka_unit_test(test_sixty_times_an_hour_each_at_its_time),
        cmocka_unit_test(test_a_jump_of_the_clock_in_a_test),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_start_and_end),
        cmocka_unit_test(test_a_window),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_an_update_goes_on_or_begins_anew),
        cmocka_unit_test(test_missed_while_stopped),
        cmocka_unit_test(test_one_batch),
        cmocka_unit_test(test_races),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
