/* bus/change.c: settings, their errors in AWS's words, their order, and that they are durable. */
#include "bus/bus_test.h"

#define PATTERN BYTES("{\"source\":[\"shop\"]}")

/* ---- buses ---- */

static void test_buses(void **state)
{
    struct test_bus test;
    const struct bus_description **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_open(&test);
    assert_non_null(bus_find(test.bus, BYTES("default")));
    assert_non_null(bus_find(test.bus, BYTES("")));
    assert_null(bus_find(test.bus, BYTES("b")));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("about b"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("a.-_Z9"));

    const struct bus_description *found =
        bus_find(test.bus, bus_arn(test.bus, test.arena, BYTES("b")));

    assert_non_null(found);
    assert_true(bytes_equal_text(found->description, "about b"));
    assert_int_equal(found->created_ms, TEST_NOW_MS);
    bus_list(test.bus, BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 3);
    assert_true(bytes_equal_text(list[0]->name, "a.-_Z9"));
    assert_true(bytes_equal_text(list[1]->name, "b"));
    assert_true(bytes_equal_text(list[2]->name, "default"));
    bus_list(test.bus, BYTES("de"), test.arena, &list, &count);
    assert_int_equal(count, 1);
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("b"));
    assert_null(bus_find(test.bus, BYTES("b")));
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("b")); /* gone already */
    test_bus_close(&test);
}

static void test_buses_refused(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Event bus b already exists.",
                   .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Event bus default already exists.",
                   .kind = BUS_CREATE, .name = BYTES("default"));
    CHANGE_REFUSED(&test, API_VALIDATION, "Event bus name must not contain '/'.",
                   .kind = BUS_CREATE, .name = BYTES("a/b"));
    CHANGE_REFUSED(
        &test, API_VALIDATION,
        "1 validation error detected: Value 'a b' at 'name' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        .kind = BUS_CREATE, .name = BYTES("a b"));
    CHANGE_REFUSED(&test, API_VALIDATION, "Cannot delete event bus default.", .kind = BUS_DELETE,
                   .name = BYTES("default"));
    test_put_rule(&test, "b", "rule", "{\"a\":[1]}");
    CHANGE_REFUSED(&test, API_VALIDATION, "EventBus can't be deleted since it has rules.",
                   .kind = BUS_DELETE, .name = BYTES("b"));
    test_bus_close(&test);
}

static void test_bus_limit(void **state)
{
    struct test_bus test;
    struct test_change changes[BUS_COUNT_MAX];

    (void)state;
    test_bus_open(&test);
    for (size_t i = 1; i < BUS_COUNT_MAX; i++) { /* the default one is there */
        changes[i] = (struct test_change){
            .change = {.kind = BUS_CREATE, .name = arena_printf(test.arena, "b%zu", i)}};
        test_change_begin(&test, &changes[i]);
    }
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.", .kind = BUS_CREATE,
                   .name = BYTES("one-more"));
    for (size_t i = 1; i < BUS_COUNT_MAX; i++) {
        test_change_finish(&test, &changes[i]);
        assert_int_equal(changes[i].status, OK);
    }
    test_bus_close(&test);
}

/* ---- rules ---- */

static void test_rules(void **state)
{
    struct test_bus test;
    const struct bus_rule **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "b", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "", "a", "{\"source\":[\"shop\"]}");
    bus_list_rules(test.bus, BYTES(""), BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 2);
    assert_true(bytes_equal_text(list[0]->name, "a"));
    clock_advance(test.clock, 1000);
    /* put again: the targets and the time stay, the rest is new */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("b"), .pattern = BYTES("{\"a\":[1]}"),
              .role_arn = BYTES("arn:role"), .description = BYTES("words"));

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("default"), BYTES("b"));

    assert_non_null(rule);
    assert_true(bytes_equal_text(rule->pattern, "{\"a\":[1]}"));
    assert_true(bytes_equal_text(rule->role_arn, "arn:role"));
    assert_true(bytes_equal_text(rule->bus_name, "default"));
    assert_false(rule->enabled);
    assert_int_equal(rule->created_ms, TEST_NOW_MS);
    assert_int_equal(rule->target_count, 1);
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .name = BYTES("never-was"));
    test_bus_close(&test);
}

static void test_rules_refused(void **state)
{
    struct test_bus test;
    struct bytes long_name;

    (void)state;
    test_bus_open(&test);
    long_name = arena_printf(test.arena, "%065d", 0);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus x does not exist.",
                   .kind = BUS_PUT_RULE, .bus_name = BYTES("x"), .name = BYTES("r"),
                   .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "Parameter(s) EventPattern or ScheduleExpression must be specified.",
                   .kind = BUS_PUT_RULE, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_INVALID_EVENT_PATTERN,
                   "Event pattern is not valid. Reason: Empty objects are not allowed\n"
                   " at [Source: (String)\"{}\"; line: 1, column: 3]",
                   .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = BYTES("{}"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "1 validation error detected: Value "
                   "'00000000000000000000000000000000000000000000000000000000000000000' at 'name' "
                   "failed to satisfy constraint: Member must have length less than or equal to 64",
                   .kind = BUS_PUT_RULE, .name = long_name, .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "1 validation error detected: Value '' at 'name' failed to satisfy "
                   "constraint: Member must have length greater than or equal to 1",
                   .kind = BUS_PUT_RULE, .pattern = PATTERN);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = bytes_slice(long_name, 0, 64),
              .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_SET_RULE_STATE, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_REMOVE_TARGETS, .name = BYTES("r"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus x does not exist.",
                   .kind = BUS_DELETE_RULE, .bus_name = BYTES("x"), .name = BYTES("r"));
    test_put_rule(&test, "", "r", "{\"a\":[1]}");
    CHANGE_REFUSED(&test, API_VALIDATION, "Rule can't be deleted since it has targets.",
                   .kind = BUS_DELETE_RULE, .name = BYTES("r"));
    test_bus_close(&test);
}

/* ---- targets ---- */

static void test_targets(void **state)
{
    struct test_bus test;
    struct bus_target targets[BUS_TARGETS_MAX + 1];
    struct bytes ids[] = {BYTES("t0"), BYTES("t3"), BYTES("never-was")};

    (void)state;
    test_bus_open(&test);
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++)
        targets[i] = test_target(
            &test, arena_copy_text(test.arena, arena_printf(test.arena, "t%zu", i)), "f");
    targets[0].json = BYTES("{\"Id\":\"t0\",\"Other\":[1]}");
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN);
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = targets,
                   .target_count = BUS_TARGETS_MAX + 1);
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = targets,
              .target_count = BUS_TARGETS_MAX);
    targets[1].input = BYTES("5"); /* the same id again replaces */
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = &targets[1],
              .target_count = 1);

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES(""), BYTES("r"));

    assert_int_equal(rule->target_count, BUS_TARGETS_MAX);
    assert_true(bytes_equal_text(rule->targets[0].json, "{\"Id\":\"t0\",\"Other\":[1]}"));
    assert_true(bytes_equal_text(rule->targets[1].input, "5"));
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.",
                   .kind = BUS_PUT_TARGETS, .name = BYTES("r"),
                   .targets = &targets[BUS_TARGETS_MAX], .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_REMOVE_TARGETS, .name = BYTES("r"), .target_ids = ids,
              .target_count = ARRAY_COUNT(ids));
    rule = bus_find_rule(test.bus, BYTES(""), BYTES("r"));
    assert_int_equal(rule->target_count, 3);
    assert_true(bytes_equal_text(rule->targets[0].id, "t1"));
    assert_true(bytes_equal_text(rule->targets[2].id, "t4"));
    test_bus_close(&test);
}

static void refuse_target(struct test_bus *test, struct bus_target target, const char *message)
{
    CHANGE_REFUSED(test, API_VALIDATION, message, .kind = BUS_PUT_TARGETS, .name = BYTES("r"),
                   .targets = &target, .target_count = 1);
}

static void test_targets_refused(void **state)
{
    struct test_bus test;
    struct bus_target target;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN);
    target = test_target(&test, "t", "f");
    target.arn = BYTES("function");
    refuse_target(
        &test, target,
        "Parameter function is not valid. Reason: Provided Arn is not in correct format.");
    target = test_target(&test, "t", "f");
    target.input = BYTES("{");
    refuse_target(&test, target, "JSON syntax error in input for target t.");
    target.input = BYTES("{}");
    target.input_path = BYTES("$");
    refuse_target(
        &test, target,
        "Only one of Input, InputPath, or InputTransformer must be provided for target t.");
    target.input = BYTES("");
    target.input_path = BYTES("detail");
    refuse_target(&test, target, "InputPath for target t is invalid.");
    assert_int_equal(bus_find_rule(test.bus, BYTES(""), BYTES("r"))->target_count, 0);
    test_bus_close(&test);
}

/* ---- order ---- */

/* All at once, without waiting: each of one rule sees what the one before it did. */
static void test_changes_of_one_rule_in_order(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct bytes id = BYTES("t");
    size_t ended = 0;
    struct test_change changes[] = {
        {.change = {.kind = BUS_CREATE, .name = BYTES("b")}},
        {.change = {.kind = BUS_PUT_RULE,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .pattern = PATTERN,
                    .enabled = true}},
        {.change = {.kind = BUS_PUT_TARGETS,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .target_count = 1}},
        {.change = {.kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("r")}},
        {.change = {.kind = BUS_REMOVE_TARGETS,
                    .bus_name = BYTES("b"),
                    .name = BYTES("r"),
                    .target_ids = &id,
                    .target_count = 1}},
        {.change = {.kind = BUS_DELETE, .name = BYTES("b")}},
        {.change = {.kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("r")}},
        {.change = {.kind = BUS_DELETE, .name = BYTES("b")}},
    };
    static const enum status expected[] = {OK, OK, OK, REFUSED, OK, REFUSED, OK, OK};

    (void)state;
    test_bus_open(&test);
    target = test_target(&test, "t", "f");
    changes[2].change.targets = &target;
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        changes[i].ended = &ended;
        test_change_begin(&test, &changes[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_change_finish(&test, &changes[i]);
        assert_int_equal(changes[i].status, expected[i]);
        assert_int_equal(changes[i].order, i + 1);
    }
    assert_null(bus_find(test.bus, BYTES("b")));
    test_bus_close(&test);
}

/* A stack puts what is there already at every start: nothing is written. */
static void test_a_change_that_changes_nothing(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct test_change put = {
        .change = {.kind = BUS_PUT_RULE, .name = BYTES("r"), .pattern = PATTERN, .enabled = true}};
    struct test_change targets = {
        .change = {.kind = BUS_PUT_TARGETS, .name = BYTES("r"), .target_count = 1}};

    (void)state;
    test_bus_open(&test);
    target = test_target(&test, "t", "f");
    targets.change.targets = &target;
    assert_int_equal(test_change_do(&test, &put), OK);
    assert_int_equal(test_change_do(&test, &targets), OK);
    clock_advance(test.clock, 5);
    test_change_begin(&test, &put);
    assert_true(put.done);
    assert_int_equal(put.status, OK);
    test_change_begin(&test, &targets);
    assert_true(targets.done);
    assert_int_equal(targets.status, OK);
    test_bus_close(&test);
}

/* ---- durable ---- */

static void test_settings_are_there_again(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct store *store = NULL;
    struct test_bus test;
    struct bus_target target;
    struct bus_entry entry = test_entry("b", "{}");

    (void)state;
    test_folder_make(folder);
    store = test_open(folder);
    test_bus_attach(&test, store);
    target = test_target(&test, "t", "f");
    target.input_path = BYTES("$.detail");
    target.maximum_retry_attempts = 0;
    target.maximum_event_age_s = 3600;
    target.json = BYTES("{\"Id\":\"t\"}");
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("words"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("deleted"));
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("deleted"));
    test_put_rule(&test, "b", "deleted", "{\"source\":[\"shop\"]}");
    CHANGE_OK(&test, .kind = BUS_REMOVE_TARGETS, .bus_name = BYTES("b"), .name = BYTES("deleted"),
              .target_ids = &(struct bytes){(const uint8_t *)"1", 1}, .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("deleted"));
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .pattern = PATTERN, .enabled = true, .role_arn = BYTES("arn:role"));
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .bus_name = BYTES("b"), .name = BYTES("r"),
              .targets = &target, .target_count = 1);
    test_bus_detach(&test);
    store_close(store);

    store = test_open(folder);
    test_bus_attach(&test, store);
    assert_null(bus_find(test.bus, BYTES("deleted")));
    assert_null(bus_find_rule(test.bus, BYTES("b"), BYTES("deleted")));
    assert_non_null(bus_find(test.bus, BYTES("default")));
    assert_true(bytes_equal_text(bus_find(test.bus, BYTES("b"))->description, "words"));

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("b"), BYTES("r"));

    assert_non_null(rule);
    assert_true(rule->enabled);
    assert_true(bytes_equal_text(rule->role_arn, "arn:role"));
    assert_int_equal(rule->target_count, 1);
    assert_true(bytes_equal_text(rule->targets[0].json, "{\"Id\":\"t\"}"));
    assert_true(bytes_equal_text(rule->targets[0].input_path, "$.detail"));
    assert_int_equal(rule->targets[0].maximum_retry_attempts, 0);
    assert_int_equal(rule->targets[0].maximum_event_age_s, 3600);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 1);
    assert_true(bytes_equal_text(test.deliveries[0].payload, "{}"));
    test_bus_detach(&test);
    store_close(store);
    test_folder_remove(folder);
}

/* Settings that are not ours are told, not guessed at. */
static void test_damaged_settings(void **state)
{
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};
    static const struct {
        const char *key, *stored;
        enum status status;
    } damaged[] = {
        {"bus/b", "{", CORRUPT},
        {"bus/b", "{\"name\":\"b\"}", CORRUPT},
        {"bus/b", "{\"format\":1}", CORRUPT},
        {"bus/b", "{\"format\":2,\"name\":\"b\"}", NEWER_FORMAT},
        {"rule/default/r", "[]", CORRUPT},
        {"rule/x/r", "{\"format\":1,\"name\":\"r\",\"bus\":\"x\",\"pattern\":\"{}\"}", CORRUPT},
        {"rule/default/r", "{\"format\":3}", NEWER_FORMAT},
        {"rule/default/r",
         "{\"format\":1,\"name\":\"r\",\"bus\":\"default\",\"pattern\":\"{}\",\"enabled\":true,"
         "\"targets\":[{\"id\":\"t\",\"arn\":\"a\"}]}",
         CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(damaged); i++) {
        struct store *store = test_open(NULL);
        struct clock *clock = clock_new_manual(TEST_NOW_MS);
        struct bus_door door = {0};
        struct test_loop loop;
        struct bus *bus = NULL;

        test_loop_open(&loop, store);
        assert_int_equal(test_put(&loop, STORE_CATALOGUE, damaged[i].key, damaged[i].stored), OK);
        assert_int_equal(bus_open(store, loop.port, clock, &place, &door, &bus), damaged[i].status);
        test_loop_close(&loop);
        clock_free(clock);
        store_close(store);
    }
}

/* ---- rules with a schedule ---- */

static void test_scheduled_rules(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .enabled = true);
    assert_int_equal(test.rules_changed, 1);
    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));

    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS);
    clock_advance(test.clock, 1000);
    /* the same again changes nothing; targets and descriptions do not begin it anew */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .enabled = true);
    assert_int_equal(test.rules_changed, 1);
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .description = BYTES("d"), .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS);
    /* another expression does, and so does enabling it again */
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(2 days)"),
              .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS + 1000);
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("r"), .enabled = false);
    clock_advance(test.clock, 1000);
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("r"), .enabled = true);
    rule = bus_find_rule(test.bus, BYTES("default"), BYTES("r"));
    assert_int_equal(rule->scheduled_ms, TEST_NOW_MS + 2000);
    assert_int_equal(test.rules_changed, 5);
    CHANGE_REFUSED(&test, API_VALIDATION, "Parameter ScheduleExpression is not valid.",
                   .kind = BUS_PUT_RULE, .name = BYTES("x"), .schedule = BYTES("now"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   "ScheduleExpression is supported only on the default event bus.",
                   .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("x"),
                   .schedule = BYTES("rate(1 day)"));
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .name = BYTES("r"));
    assert_int_equal(test.rules_changed, 6);
    test_bus_close(&test);
}

/* All that a bus and a rule say is there after a start. */
static void test_settings_survive_a_start(void **state)
{
    const struct bus_tag tag = {BYTES("k"), BYTES("v \"quoted\"")};
    const struct bytes key = BYTES("k");
    struct test_bus test;
    struct store *store = test_open(NULL);

    (void)state;
    test_bus_attach(&test, store);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("d"),
              .kms_key = BYTES("key"), .dead_letter_arn = BYTES("arn"), .tags = &tag,
              .tag_count = 1);
    CHANGE_OK(&test, .kind = BUS_ALLOW, .name = BYTES("b"), .sid = BYTES("s"),
              .policy = BYTES("{\"Sid\":\"s\"}"));
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .pattern = BYTES("{\"a\":[1]}"), .enabled = true, .all_management_events = true,
              .tags = &tag, .tag_count = 1);
    test_bus_detach(&test);
    test_bus_attach(&test, store);

    const struct bus_description *bus = bus_find(test.bus, BYTES("b"));
    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("b"), BYTES("r"));

    assert_true(bytes_equal_text(bus->description, "d"));
    assert_true(bytes_equal_text(bus->kms_key, "key"));
    assert_true(bytes_equal_text(bus->dead_letter_arn, "arn"));
    assert_true(bytes_equal_text(bus->policy,
                                 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"s\"}]}"));
    assert_int_equal(bus->tag_count, 1);
    assert_true(bytes_equal(bus->tags[0].value, tag.value));
    assert_true(rule->enabled && rule->all_management_events);
    assert_int_equal(rule->tag_count, 1);
    assert_true(bytes_equal(rule->tags[0].key, tag.key));
    CHANGE_OK(&test, .kind = BUS_TAG_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .untagged = &key, .untagged_count = 1);
    assert_int_equal(bus_find_rule(test.bus, BYTES("b"), BYTES("r"))->tag_count, 0);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_TAG_RULE, .bus_name = BYTES("default"), .name = BYTES("r"));
    test_bus_detach(&test);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buses),
        cmocka_unit_test(test_buses_refused),
        cmocka_unit_test(test_bus_limit),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rules_refused),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_targets_refused),
        cmocka_unit_test(test_changes_of_one_rule_in_order),
        cmocka_unit_test(test_a_change_that_changes_nothing),
        cmocka_unit_test(test_settings_are_there_again),
        cmocka_unit_test(test_damaged_settings),
        cmocka_unit_test(test_scheduled_rules),
        cmocka_unit_test(test_settings_survive_a_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
