/* test/unit/server/made.c - what a stack file made, and a later one has not. */
#include "server_test.h"

struct thing { /* a struct stack_made as text */
    const char *what, *removal, *body;
};

static const struct thing rule = {"rule r", "AWSEvents.DeleteRule", "{\"Name\":\"r\"}"};
static const struct thing target = {"target q of rule r", "AWSEvents.RemoveTargets",
                                    "{\"Rule\":\"r\",\"Ids\":[\"q\"]}"};
static const struct thing queue = {"queue q", NULL, "{}"};

#define RULE_ENTRY "[\"rule r\",\"AWSEvents.DeleteRule\",\"{\\\"Name\\\":\\\"r\\\"}\"]"
#define TARGET_ENTRY                                                                               \
    "[\"target q of rule r\",\"AWSEvents.RemoveTargets\","                                         \
    "\"{\\\"Rule\\\":\\\"r\\\",\\\"Ids\\\":[\\\"q\\\"]}\"]"
#define QUEUE_ENTRY "[\"queue q\",\"\",\"{}\"]"

static int set_up(void **state)
{
    struct server_test *test = mem_new(sizeof *test);

    server_test_open(test);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    server_test_close(*state);
    mem_free(*state);
    return 0;
}

static struct stack_made made_of(const struct thing *thing)
{
    return (struct stack_made){.what = bytes_of_text(thing->what),
                               .removal = thing->removal,
                               .body = bytes_of_text(thing->body)};
}

/* The stack file of the next start: up to three things, NULL behind the last. */
static void file_has(struct server_test *test, const struct thing *const things[4])
{
    test->stack.made = ARENA_NEW_ARRAY(test->server.arena, 4, struct stack_made);
    for (test->stack.made_count = 0; things[test->stack.made_count] != NULL;
         test->stack.made_count++)
        test->stack.made[test->stack.made_count] = made_of(things[test->stack.made_count]);
}

#define FILE_HAS(test, ...) file_has((test), (const struct thing *const[4]){__VA_ARGS__})

/* A start from its beginning to its end, which tells nothing. */
static void start(struct server_test *test)
{
    char told[TOLD_SIZE];

    assert_true(server_test_run(test, made_begin));
    assert_true(server_test_hear(test, made_end, told));
    assert_string_equal(told, "");
}

static void assert_list(struct server_test *test, const char *key, const char *expected)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status =
        store_get(test->server.store, NULL, STORE_CATALOGUE, bytes_of_text(key), &value);
    const char *found =
        status == OK ? arena_copy_text(test->server.arena, value.bytes) : status_text(status);

    assert_string_equal(found, expected);
}

#define KEY SERVER_MADE_KEY "s-local"

static void make_rule_with_target(struct server_test *test)
{
    server_test_call(test, "AWSEvents.PutRule",
                     "{\"Name\":\"r\",\"EventPattern\":\"{\\\"source\\\":[\\\"a\\\"]}\"}");
    server_test_call(test, "AWSEvents.PutTargets",
                     "{\"Rule\":\"r\",\"Targets\":[{\"Id\":\"q\",\"Arn\":"
                     "\"arn:aws:sqs:us-east-1:000000000000:q\"}]}");
}

static bool rule_is_there(struct server_test *test)
{
    return bus_find_rule(test->t.bus, BYTES("default"), BYTES("r")) != NULL;
}

/* ---- remembered ---- */

static void what_is_made_is_remembered(void **state)
{
    struct server_test *test = *state;

    FILE_HAS(test, &queue, &rule, &target);
    assert_true(server_test_run(test, made_begin)); /* before anything is made */
    assert_list(test, KEY, "[" QUEUE_ENTRY "," RULE_ENTRY "," TARGET_ENTRY "]");
    assert_true(server_test_run(test, made_end));
    assert_list(test, KEY, "[" QUEUE_ENTRY "," RULE_ENTRY "," TARGET_ENTRY "]");
}

static void nothing_new_is_not_written(void **state)
{
    struct server_test *test = *state;

    FILE_HAS(test, NULL);
    start(test);
    assert_int_equal(test->t.loop.commits, 0);
    FILE_HAS(test, &queue);
    start(test);
    assert_int_equal(test->t.loop.commits, 1);
    start(test);
    assert_int_equal(test->t.loop.commits, 1);
}

static void each_stage_has_its_own(void **state)
{
    struct server_test *test = *state;

    FILE_HAS(test, &queue);
    start(test);
    test->stack.stage = BYTES("dev");
    FILE_HAS(test, &rule);
    start(test);
    assert_list(test, KEY, "[" QUEUE_ENTRY "]");
    assert_list(test, SERVER_MADE_KEY "s-dev", "[" RULE_ENTRY "]");
}

/* ---- removed ---- */

/* DeleteRule would refuse a rule that still has targets. */
static void the_last_is_removed_first(void **state)
{
    struct server_test *test = *state;
    char told[TOLD_SIZE];

    make_rule_with_target(test);
    FILE_HAS(test, &rule, &target);
    start(test);
    assert_true(rule_is_there(test));
    FILE_HAS(test, NULL);
    assert_true(server_test_run(test, made_begin));
    assert_true(rule_is_there(test));
    assert_list(test, KEY, "[" RULE_ENTRY "," TARGET_ENTRY "]");
    assert_true(server_test_hear(test, made_end, told));
    assert_false(rule_is_there(test));
    assert_list(test, KEY, "[]");
    assert_string_equal(told,
                        "note: serverless.yml:1:1: rule r is not in the stack file any more, and "
                        "is removed\n");
}

/* A start that ended after it had begun: the next one knows what both files had. */
static void a_crash_forgets_nothing(void **state)
{
    struct server_test *test = *state;
    char told[TOLD_SIZE];

    make_rule_with_target(test);
    FILE_HAS(test, &rule, &target);
    assert_true(server_test_run(test, made_begin));
    FILE_HAS(test, &queue);
    assert_true(server_test_run(test, made_begin));
    assert_list(test, KEY, "[" RULE_ENTRY "," TARGET_ENTRY "," QUEUE_ENTRY "]");
    FILE_HAS(test, &queue, &target);
    assert_true(server_test_run(test, made_begin));
    assert_list(test, KEY, "[" RULE_ENTRY "," QUEUE_ENTRY "," TARGET_ENTRY "]");
    FILE_HAS(test, &queue);
    assert_true(server_test_run(test, made_begin));
    assert_true(server_test_hear(test, made_end, told));
    assert_false(rule_is_there(test));
    assert_list(test, KEY, "[" QUEUE_ENTRY "]");
}

static void what_has_data_stays_and_is_told_once(void **state)
{
    struct server_test *test = *state;
    char told[TOLD_SIZE];

    FILE_HAS(test, &queue);
    start(test);
    test->server.stack_path = "stack.yml";
    FILE_HAS(test, NULL);
    assert_true(server_test_run(test, made_begin));
    assert_true(server_test_hear(test, made_end, told));
    assert_string_equal(told,
                        "note: stack.yml:1:1: queue q is not in the stack file any more, and stays "
                        "with its data\n");
    assert_list(test, KEY, "[]");
    start(test);
}

static void what_cant_be_removed_is_tried_again(void **state)
{
    struct server_test *test = *state;
    char told[TOLD_SIZE];

    make_rule_with_target(test); /* the target is a client's */
    FILE_HAS(test, &rule);
    start(test);
    FILE_HAS(test, NULL);
    assert_true(server_test_run(test, made_begin));
    assert_true(server_test_hear(test, made_end, told));
    assert_non_null(strstr(told, "rule r is not in the stack file any more, and can't be removed: "
                                 "Rule can't be deleted since it has targets."));
    assert_true(rule_is_there(test));
    assert_list(test, KEY, "[" RULE_ENTRY "]");

    server_test_call(test, target.removal, target.body);
    assert_true(server_test_run(test, made_begin));
    assert_true(server_test_hear(test, made_end, told));
    assert_false(rule_is_there(test));
    assert_list(test, KEY, "[]");
}

/* Or was never made: this dynlog does not know how. */
static void what_is_gone_already_is_forgotten(void **state)
{
    static const struct thing on_no_bus = {
        "target t of rule x of bus none", "AWSEvents.RemoveTargets",
        "{\"Rule\":\"x\",\"EventBusName\":\"none\",\"Ids\":[\"t\"]}"};
    static const struct thing unknown = {"target of another age", "AWSEvents.DeleteSomething",
                                         "{}"};
    struct server_test *test = *state;

    FILE_HAS(test, &on_no_bus, &unknown);
    start(test);
    FILE_HAS(test, NULL);
    start(test);
    assert_list(test, KEY, "[]");
}

/* ---- wrong ---- */

static void write_damage(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_put(batch, STORE_CATALOGUE, BYTES(KEY), BYTES("[[\"queue"));
}

static void a_damaged_list_is_told(void **state)
{
    struct server_test *test = *state;
    struct test_work damage = {.body = write_damage};
    char told[TOLD_SIZE];

    test_submit(&test->t.loop, &damage);
    while (!damage.done)
        test_api_turn(&test->t);
    FILE_HAS(test, &queue);
    assert_false(server_test_hear(test, made_begin, told));
    assert_non_null(strstr(told, "dynlog: the data folder can't be read: "));
    assert_list(test, KEY, "[[\"queue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_is_made_is_remembered),
        TEST(nothing_new_is_not_written),
        TEST(each_stage_has_its_own),
        TEST(the_last_is_removed_first),
        TEST(a_crash_forgets_nothing),
        TEST(what_has_data_stays_and_is_told_once),
        TEST(what_cant_be_removed_is_tried_again),
        TEST(what_is_gone_already_is_forgotten),
        TEST(a_damaged_list_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
