/* Tests of cli/rebuild_rules.c: which events a function gets, in which form, by the rules that a
 * server tells. */
#include "cli_test.h"

#include "cli/rebuild.h"

#define ARN "arn:aws:lambda:eu-north-1:000000000000:function:f"
#define BUSES                                                                                      \
    {                                                                                              \
        "ListEventBuses", 200, "{\"EventBuses\":[{\"Name\":\"dynamodb-log\"}]}"                    \
    }
#define RULES(names_)                                                                              \
    {                                                                                              \
        "ListRuleNamesByTarget", 200, "{\"RuleNames\":[" names_ "]}"                               \
    }
#define RULE(state_, pattern_)                                                                     \
    {                                                                                              \
        "DescribeRule", 200,                                                                       \
            "{\"Arn\":\"arn:rule\",\"State\":\"" state_ "\",\"EventPattern\":\"" pattern_ "\"}"    \
    }
#define TARGETS(more_)                                                                             \
    {                                                                                              \
        "ListTargetsByRule", 200,                                                                  \
            "{\"Targets\":[{\"Id\":\"0\",\"Arn\":\"arn:another\"},{\"Id\":\"1\",\"Arn\":\"" ARN    \
            "\"" more_ "}]}"                                                                       \
    }
#define SIGNUPS "{\\\"detail\\\":{\\\"log\\\":[\\\"users\\\"],\\\"type\\\":[\\\"signup\\\"]}}"
#define USERS "{\\\"detail\\\":{\\\"log\\\":[\\\"users\\\"]}}"
#define LINE(pk_, type_)                                                                           \
    "{\"position\":7,\"time\":1767225600000,\"log\":\"users\",\"key\":{\"pk\":\"" pk_              \
    "\",\"sk\":3},\"type\":\"" type_                                                               \
    "\",\"payload\":{\"id\":\"12\",\"n\":1.50},\"meta\":{\"id\":\"e\"}}"

struct opened {
    struct arena *arena;
    struct cli cli;
    struct rebuild_options options;
    struct rebuild on;
    char *told;
    size_t told_size;
    struct rebuild_rules *rules;
    bool well;
};

static void load(struct opened *on, const struct fake_answer *answers, size_t count)
{
    struct fake_server server;
    int exit_status = CLI_DONE;

    *on = (struct opened){.arena = arena_new()};
    fake_start(&server, answers, count);
    on->cli = (struct cli){.arena = on->arena, .width = 80};
    on->cli.out = on->cli.err = open_memstream(&on->told, &on->told_size);
    on->options.target.endpoint = server.url;
    on->on =
        (struct rebuild){.cli = &on->cli,
                         .on = &on->options,
                         .client = cli_client_open(&on->cli, &on->options.target, &exit_status),
                         .function = "f",
                         .arn = ARN,
                         .account = "000000000000",
                         .region = "eu-north-1",
                         .ways = ARENA_NEW(on->arena, struct rebuild_ways)};
    assert_non_null(on->on.client);
    on->well = rebuild_rules_load(&on->on, ARN, &on->rules);
    on->on.ways->list[0] = (struct rebuild_way){.kind = REBUILD_BY_RULES, .rules = on->rules};
    on->on.ways->count = on->rules != NULL;
    fflush(on->cli.err);
    fake_stop(&server);
}

static void close_it(struct opened *on)
{
    rebuild_ways_free(on->on.ways);
    client_free(on->on.client);
    fclose(on->cli.err);
    free(on->told);
    arena_free(on->arena);
}

static size_t read_event(struct opened *on, const char *line, struct rebuild_event *ret)
{
    *ret = (struct rebuild_event){.arena = on->arena};
    assert_true(rebuild_event_read(&on->on, bytes_of_text(line), ret));
    return ret->part_count;
}

static void test_the_events_form(void **state)
{
    static const struct fake_answer answers[] = {BUSES, RULES("\"r\""), RULE("ENABLED", SIGNUPS),
                                                 TARGETS("")};
    struct opened on;
    struct rebuild_event event;

    (void)state;
    load(&on, answers, ARRAY_COUNT(answers));
    assert_true(on.well);
    assert_string_equal("users", rebuild_ways_log(&on.on));
    assert_true(bytes_equal_text(rebuild_ways_text(&on.on), "rule r of dynamodb-log"));
    assert_int_equal(read_event(&on, LINE("users#12#stream", "signup"), &event), 1);
    assert_int_equal(event.position, 7);
    assert_true(bytes_equal_text(event.id, "12") && bytes_equal_text(event.version, "3"));
    assert_string_equal(
        arena_copy_text(on.arena, event.parts[0].payload),
        "{\"version\":\"0\",\"id\":\"00000000-0000-4000-8000-000000000007\","
        "\"detail-type\":\"stream changes\",\"source\":\"dynamodb-log\","
        "\"account\":\"000000000000\",\"time\":\"2026-01-01T00:00:00.000Z\",\"region\":\"eu-north-"
        "1\","
        "\"replay-name\":\"rebuild-f\",\"resources\":[],\"detail\":{\"log\":\"users\","
        "\"key\":{\"pk\":\"users#12#stream\",\"sk\":3},\"type\":\"signup\","
        "\"payload\":{\"id\":\"12\",\"n\":1.50},\"meta\":{\"id\":\"e\"}}}");
    assert_int_equal(read_event(&on, LINE("users#12#stream", "other"), &event), 0);
    on.options.log = "orders"; /* --log narrows it */
    assert_int_equal(read_event(&on, LINE("users#12#stream", "signup"), &event), 0);
    close_it(&on);
}

static void test_no_events(void **state)
{
    static const struct fake_answer answers[] = {BUSES, RULES("\"r\""), RULE("ENABLED", USERS),
                                                 TARGETS("")};
    static const char *const lines[] = {"",
                                        "{}",
                                        LINE("users", "t"),
                                        LINE("users#stream", "t"),
                                        LINE("#stream", "t"),
                                        "{\"position\":7"};
    struct opened on;

    (void)state;
    load(&on, answers, ARRAY_COUNT(answers));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        struct rebuild_event event = {.arena = on.arena};

        assert_false(rebuild_event_read(&on.on, bytes_of_text(lines[i]), &event));
    }
    close_it(&on);
}

/* Each rule that takes an event gives it, through the input of its target; disabled ones do not. */
static void test_inputs(void **state)
{
    static const struct fake_answer answers[] = {BUSES,
                                                 RULES("\"one\",\"two\",\"off\""),
                                                 RULE("ENABLED", USERS),
                                                 TARGETS(",\"InputPath\":\"$.detail.payload\""),
                                                 RULE("ENABLED", SIGNUPS),
                                                 TARGETS(",\"Input\":\"{}\""),
                                                 RULE("DISABLED", USERS)};
    struct opened on;
    struct rebuild_event event;

    (void)state;
    load(&on, answers, ARRAY_COUNT(answers));
    assert_true(on.well);
    assert_int_equal(read_event(&on, LINE("users#12#stream", "signup"), &event), 2);
    assert_int_equal(read_event(&on, LINE("users#12#stream", "t"), &event), 1);
    assert_true(bytes_equal_text(event.parts[0].payload, "{\"id\":\"12\",\"n\":1.50}"));
    close_it(&on);
}

static void test_no_rules(void **state)
{
    static const struct fake_answer answers[] = {BUSES, RULES("")};
    struct opened on;

    (void)state;
    load(&on, answers, ARRAY_COUNT(answers));
    assert_true(on.well);
    assert_null(on.rules);
    close_it(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_events_form),
        cmocka_unit_test(test_no_events),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_no_rules),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
