/* schedule/change.c: changes of schedules and groups, what is refused, and that they are durable.
 */
#include "schedule/schedule_test.h"

#define FOUND(t, group_, name_)                                                                    \
    (schedules_get((t)->schedules, BYTES(group_), BYTES(name_), (t)->arena,                        \
                   &(struct schedule_view){0}) == OK)
#define GROUP(name_) ((struct schedule_settings){.group = BYTES(name_)})

static void test_schedules(void **state)
{
    struct test_schedules t;
    struct schedule_view view;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE,
              SETTINGS_WITH("a", "cron(0 12 * * ? *)", .timezone = BYTES("UTC"),
                            .description = BYTES("one"), .window_minutes = 3));
    assert_int_equal(schedules_get(t.schedules, BYTES("default"), BYTES("a"), t.arena, &view), OK);
    assert_true(
        bytes_equal_text(view.arn, "arn:aws:scheduler:us-east-1:000000000000:schedule/default/a"));
    assert_true(bytes_equal_text(view.settings.description, "one"));
    assert_int_equal(view.settings.window_minutes, 3);
    assert_int_equal(view.created_ms, TEST_NOW_MS);
    test_refused(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(1 day)"), API_SCHEDULER_CONFLICT,
                 "Schedule a already exists.");
    test_advance(&t, 1000);
    test_must(&t, SCHEDULE_UPDATE, SETTINGS("a", "cron(0 12 * * ? *)"));
    assert_int_equal(schedules_get(t.schedules, BYTES("default"), BYTES("a"), t.arena, &view), OK);
    assert_int_equal(view.settings.description.size, 0); /* not said: gone */
    assert_int_equal(view.settings.window_minutes, 0);
    assert_int_equal(view.created_ms, TEST_NOW_MS);
    assert_int_equal(view.modified_ms, TEST_NOW_MS + 1000);
    test_must(&t, SCHEDULE_DELETE, SETTINGS("a", ""));
    test_refused(&t, SCHEDULE_DELETE, SETTINGS("a", ""), API_SCHEDULER_NOT_FOUND,
                 "Schedule a does not exist.");
    test_refused(&t, SCHEDULE_UPDATE, SETTINGS("a", "rate(1 day)"), API_SCHEDULER_NOT_FOUND,
                 "Schedule a does not exist.");
    test_refused(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "rate(1 day)", .group = BYTES("no")),
                 API_SCHEDULER_NOT_FOUND, "Schedule group no does not exist.");
    test_schedules_close(&t);
}

static void test_what_is_refused(void **state)
{
    struct test_schedules t;
    struct schedule_settings settings = SETTINGS("a", "rate(1 day)");

    (void)state;
    test_schedules_open(&t);
    test_refused(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(1 week)"), API_VALIDATION,
                 "Invalid Schedule Expression rate(1 week).");
    test_refused(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "rate(1 day)", .timezone = BYTES("Mars")),
                 API_VALIDATION, "Invalid ScheduleExpressionTimezone Mars.");
    test_refused(&t, SCHEDULE_CREATE,
                 SETTINGS_WITH("a", "rate(1 day)", .timezone = BYTES("../../etc/passwd")),
                 API_VALIDATION, "Invalid ScheduleExpressionTimezone ../../etc/passwd.");
    test_refused(
        &t, SCHEDULE_CREATE,
        SETTINGS_WITH("a", "rate(1 day)", .start_ms = TEST_NOW_MS - SCHEDULE_START_PAST_MS - 1),
        API_VALIDATION, "The StartDate you specify cannot be earlier than 5 minutes ago.");
    test_refused(&t, SCHEDULE_CREATE,
                 SETTINGS_WITH("a", "rate(1 day)", .start_ms = TEST_NOW_MS, .end_ms = TEST_NOW_MS),
                 API_VALIDATION, "The EndDate you specify must be later than the StartDate.");
    test_refused(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "rate(1 day)", .end_ms = TEST_NOW_MS),
                 API_VALIDATION, "The EndDate you specify cannot be in the past.");
    settings.target.arn = BYTES("queue");
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "Provided Arn is not in correct format.");
    settings.target.arn = BYTES("arn:aws:ecs:us-east-1:000000000000:cluster/c");
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "dynlog does not deliver schedules to ecs "
                 "(arn:aws:ecs:us-east-1:000000000000:cluster/c); targets are functions, SQS "
                 "queues and event buses");
    settings.target.arn = BYTES("arn:aws:scheduler:::aws-sdk:ec2:stopInstances");
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "dynlog does not have the universal target aws-sdk:ec2:stopInstances; targets are "
                 "functions, SQS queues and event buses by their ARNs");
    settings.target.arn = BYTES("arn:aws:lambda:us-east-1:000000000000:function:f");
    settings.target.input = BYTES("no json");
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "The Input of this target must be well-formed JSON.");
    settings.target.arn = BYTES("arn:aws:events:us-east-1:000000000000:event-bus/b");
    settings.target.input = (struct bytes){NULL, 0};
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "EventBridgeParameters must be specified for an event bus.");
    settings.target.detail_type = settings.target.source = BYTES("x");
    settings.target.input = BYTES("[1]");
    test_refused(&t, SCHEDULE_CREATE, settings, API_VALIDATION,
                 "The Input of an event bus must be a JSON object.");
    test_refused(&t, SCHEDULE_DELETE_GROUP, GROUP("default"), API_VALIDATION,
                 "The schedule group default can't be deleted.");
    test_schedules_close(&t);
}

static void test_start_at_the_limit(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    test_must(
        &t, SCHEDULE_CREATE,
        SETTINGS_WITH("a", "rate(2 minutes)", .start_ms = TEST_NOW_MS - SCHEDULE_START_PAST_MS));
    assert_int_equal(t.due_count, 0); /* its ticks: one minute ago, and in one minute */
    test_advance(&t, MINUTE_MS);
    DUE_MINUTES(&t, 0, 1);
    /* both dates say nothing of what happens once */
    test_must(&t, SCHEDULE_CREATE,
              SETTINGS_WITH("b", "at(2026-07-25T17:30:00)", .start_ms = 1, .end_ms = 2));
    test_schedules_close(&t);
}

static void test_groups(void **state)
{
    struct test_schedules t;
    struct schedule_group_view group;

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE_GROUP, GROUP("g"));
    test_refused(&t, SCHEDULE_CREATE_GROUP, GROUP("g"), API_SCHEDULER_CONFLICT,
                 "Schedule group g already exists.");
    test_refused(&t, SCHEDULE_CREATE_GROUP, GROUP("default"), API_SCHEDULER_CONFLICT,
                 "Schedule group default already exists.");
    test_must(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "rate(1 minute)", .group = BYTES("g")));
    test_must(&t, SCHEDULE_CREATE, SETTINGS("a", "rate(1 minute)"));
    test_must(&t, SCHEDULE_CREATE_GROUP, GROUP("g2"));
    test_must(&t, SCHEDULE_CREATE, SETTINGS_WITH("a", "rate(1 minute)", .group = BYTES("g2")));
    assert_int_equal(t.due_count, 3);
    test_must(&t, SCHEDULE_DELETE_GROUP, GROUP("g"));
    assert_false(FOUND(&t, "g", "a"));
    assert_true(FOUND(&t, "default", "a") && FOUND(&t, "g2", "a"));
    assert_int_equal(schedules_get_group(t.schedules, BYTES("g"), t.arena, &group), NOT_FOUND);
    assert_int_equal(schedules_get_group(t.schedules, BYTES("default"), t.arena, &group), OK);
    assert_int_equal(group.created_ms, 0);
    test_advance(&t, MINUTE_MS);
    assert_int_equal(t.due_count, 5);
    test_refused(&t, SCHEDULE_DELETE_GROUP, GROUP("g"), API_SCHEDULER_NOT_FOUND,
                 "Schedule group g does not exist.");
    test_schedules_close(&t);
}

/* A schedule that is made and its group that is deleted in one group of the writer's. */
static void test_a_group_goes_with_what_came_just_before(void **state)
{
    struct test_schedules t;
    struct test_hold hold;
    struct test_change made = {
        .change = {.kind = SCHEDULE_CREATE,
                   .settings = SETTINGS_WITH("a", "rate(1 minute)", .group = BYTES("g"))}};
    struct test_change deleted = {
        .change = {.kind = SCHEDULE_DELETE_GROUP, .settings = GROUP("g")}};
    struct test_change late = {
        .change = {.kind = SCHEDULE_CREATE,
                   .settings = SETTINGS_WITH("b", "rate(1 minute)", .group = BYTES("g"))}};

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE_GROUP, GROUP("g"));
    test_hold_writer(&t.loop, &hold);
    test_begin(&t, &made);
    test_begin(&t, &deleted);
    test_begin(&t, &late);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    assert_int_equal(test_finish_change(&t, &made), OK);
    assert_int_equal(test_finish_change(&t, &deleted), OK);
    assert_int_equal(test_finish_change(&t, &late), REFUSED);
    test_settle(&t);
    assert_false(FOUND(&t, "g", "a") || FOUND(&t, "g", "b"));
    test_advance(&t, HOUR_MS);
    assert_true(t.due_count <= 1);
    test_schedules_close(&t);
}

static void test_tags(void **state)
{
    struct test_schedules t;
    struct schedule_group_view group;
    struct schedule_tag tags[] = {{BYTES("b"), BYTES("2")}, {BYTES("a"), BYTES("1")}};
    struct schedule_tag more[] = {{BYTES("b"), BYTES("3")}, {BYTES("none"), BYTES("")}};
    struct test_change change = {
        .change = {
            .kind = SCHEDULE_CREATE_GROUP, .settings = GROUP("g"), .tags = tags, .tag_count = 2}};

    (void)state;
    test_schedules_open(&t);
    assert_int_equal(test_change(&t, &change), OK);
    change = (struct test_change){.change = {
                                      .kind = SCHEDULE_TAG,
                                      .settings = GROUP("g"),
                                      .tags = more,
                                      .tag_count = 1,
                                  }};
    assert_int_equal(test_change(&t, &change), OK);
    assert_int_equal(schedules_get_group(t.schedules, BYTES("g"), t.arena, &group), OK);
    assert_int_equal(group.tag_count, 2);
    assert_true(bytes_equal_text(group.tags[0].key, "a"));
    assert_true(bytes_equal_text(group.tags[1].value, "3"));
    change = (struct test_change){.change = {
                                      .kind = SCHEDULE_UNTAG,
                                      .settings = GROUP("g"),
                                      .tags = more,
                                      .tag_count = 2,
                                  }};
    assert_int_equal(test_change(&t, &change), OK);
    assert_int_equal(schedules_get_group(t.schedules, BYTES("g"), t.arena, &group), OK);
    assert_int_equal(group.tag_count, 1);
    test_refused(&t, SCHEDULE_TAG, GROUP("no"), API_SCHEDULER_NOT_FOUND,
                 "Schedule group no does not exist.");
    test_must(&t, SCHEDULE_TAG, GROUP("default")); /* it gets a record, and stays the default one */
    test_schedules_close(&t);
}

static void test_the_limit_of_groups(void **state)
{
    struct test_schedules t;
    size_t made = 0;

    (void)state;
    test_schedules_open(&t);
    for (; made < SCHEDULE_GROUPS_MAX; made++)
        test_must(&t, SCHEDULE_CREATE_GROUP,
                  (struct schedule_settings){.group = arena_printf(t.arena, "g%zu", made)});
    test_refused(&t, SCHEDULE_CREATE_GROUP, GROUP("more"), API_SCHEDULER_QUOTA,
                 "The number of schedule groups is at its limit of 500.");
    test_must(&t, SCHEDULE_DELETE_GROUP, GROUP("g0"));
    test_must(&t, SCHEDULE_CREATE_GROUP, GROUP("more"));
    test_schedules_close(&t);
}

/* ---- tokens ---- */

static enum status with_token(struct test_schedules *t, enum schedule_change_kind kind,
                              const char *name, const char *token, const char *request)
{
    struct schedule_settings settings = SETTINGS("", "rate(1 day)");
    struct test_change change = {.change = {.kind = kind,
                                            .client_token = bytes_of_text(token),
                                            .request = bytes_of_text(request)}};

    settings.name = bytes_of_text(name);
    change.change.settings = settings;
    return test_change(t, &change);
}

static size_t tokens_in_store(struct test_schedules *t)
{
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_CATALOGUE, BYTES(KEY_TOKEN),
                                             BYTES("scheduler/token0"), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    store_iter_free(iter);
    return count;
}

static void test_tokens(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t1", "x"), OK);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t1", "x"), OK);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t1", "y"), REFUSED);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t2", "x"), REFUSED);
    assert_int_equal(with_token(&t, SCHEDULE_DELETE, "a", "t3", "z"), OK);
    assert_int_equal(with_token(&t, SCHEDULE_DELETE, "a", "t3", "z"), OK);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t1", "x"), OK); /* done already */
    assert_false(FOUND(&t, "default", "a"));
    test_advance(&t, SCHEDULE_TOKEN_MS);
    assert_int_equal(with_token(&t, SCHEDULE_CREATE, "a", "t1", "x"), OK);
    assert_true(FOUND(&t, "default", "a"));
    test_schedules_close(&t);
}

static void test_tokens_die_out(void **state)
{
    struct test_schedules t;

    (void)state;
    test_schedules_open(&t);
    for (size_t i = 0; i < 20; i++) {
        const char *name = arena_copy_text(t.arena, arena_printf(t.arena, "s%zu", i));

        assert_int_equal(with_token(&t, SCHEDULE_CREATE, name, name, "x"), OK);
    }
    assert_int_equal(tokens_in_store(&t), 20);
    test_advance(&t, SCHEDULE_TOKEN_MS + 1);
    for (size_t i = 0; i < 8; i++) {
        const char *name = arena_copy_text(t.arena, arena_printf(t.arena, "t%zu", i));

        assert_int_equal(with_token(&t, SCHEDULE_CREATE, name, name, "x"), OK);
    }
    assert_int_equal(tokens_in_store(&t), 8);
    test_schedules_close(&t);
}

/* ---- pages ---- */

static void test_pages(void **state)
{
    static const char *const names[] = {"a", "a-1", "a.b", "ab", "b"};
    struct test_schedules t;
    struct schedule_page page = {.limit = 2};
    char seen[200] = "";

    (void)state;
    test_schedules_open(&t);
    test_must(&t, SCHEDULE_CREATE_GROUP, GROUP("e"));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct schedule_settings settings = SETTINGS("", "cron(0 0 1 1 ? *)");

        settings.name = bytes_of_text(names[i]);
        settings.enabled = i != 1;
        test_must(&t, SCHEDULE_CREATE, settings);
        settings.group = BYTES("e");
        test_must(&t, SCHEDULE_CREATE, settings);
    }
    for (bool more = true; more; more = page.after.size > 0) {
        page.count = 0;
        page.next = (struct bytes){NULL, 0};
        assert_int_equal(schedules_list(t.schedules, t.arena, &page), OK);
        for (size_t i = 0; i < page.count; i++)
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.*s/%.*s ",
                     BYTES_ARG(page.schedules[i].settings.group),
                     BYTES_ARG(page.schedules[i].settings.name));
        page.after = page.next;
    }
    assert_string_equal(seen, "default/a default/a-1 default/a.b default/ab default/b e/a e/a-1 "
                              "e/a.b e/ab e/b ");
    page = (struct schedule_page){
        .limit = 100, .group = BYTES("e"), .name_prefix = BYTES("a"), .state = 1};
    assert_int_equal(schedules_list(t.schedules, t.arena, &page), OK);
    assert_int_equal(page.count, 3);
    page = (struct schedule_page){.limit = 100, .state = 2};
    assert_int_equal(schedules_list(t.schedules, t.arena, &page), OK);
    assert_int_equal(page.count, 2);
    page = (struct schedule_page){.limit = 1};
    assert_int_equal(schedules_list_groups(t.schedules, t.arena, &page), OK);
    assert_true(bytes_equal_text(page.groups[0].name, "default"));
    page = (struct schedule_page){.limit = 1, .after = page.next};
    assert_int_equal(schedules_list_groups(t.schedules, t.arena, &page), OK);
    assert_true(bytes_equal_text(page.groups[0].name, "e") && page.next.size == 0);
    test_schedules_close(&t);
}

static void test_durable(void **state)
{
    struct test_schedules t = {.arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS)};
    struct schedule_settings settings =
        SETTINGS_WITH("a", "cron(30 2 * * ? *)", .timezone = BYTES("UTC"),
                      .description = BYTES("d"), .kms_key_arn = BYTES("k"), .start_ms = TEST_NOW_MS,
                      .end_ms = TEST_NOW_MS * 2, .window_minutes = 7, .delete_after = true);
    struct schedule_view before, after;
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    t.folder = folder;
    test_schedules_attach(&t);
    settings.target =
        (struct schedule_target){QUEUE_ARN,  BYTES("role"), BYTES("\"in\n\""), BYTES("letters"),
                                 BYTES("g"), {NULL, 0},     {NULL, 0},         3,
                                 77};
    test_must(&t, SCHEDULE_CREATE, settings);
    assert_int_equal(schedules_get(t.schedules, BYTES("default"), BYTES("a"), t.arena, &before),
                     OK);
    test_restart(&t, 0);
    assert_int_equal(schedules_get(t.schedules, BYTES("default"), BYTES("a"), t.arena, &after), OK);
    struct schedule_record records[2] = {{.view = before}, {.view = after}};

    assert_true(
        bytes_equal(schedule_encode(t.arena, &records[0]), schedule_encode(t.arena, &records[1])));
    assert_int_equal(after.settings.target.retry_attempts, 3);
    assert_int_equal(after.settings.target.event_age_s, 77);
    assert_true(bytes_equal_text(after.settings.target.input, "\"in\n\""));
    test_schedules_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_start_at_the_limit),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_a_group_goes_with_what_came_just_before),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_the_limit_of_groups),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_die_out),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_durable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
