/* Tests of cli/rebuild_ways.c and rebuild_event.c: by which ways a function gets events, as a
 * server tells, what an event is on each of them, and what is refused by name. */
#include "cli_test.h"

#include "cli/rebuild.h"

#define ARN "arn:aws:lambda:eu-north-1:000000000000:function:f"
#define STREAM "arn:aws:dynamodb:eu-north-1:000000000000:table/logs/stream/now"
#define QUEUE "arn:aws:sqs:eu-north-1:000000000000:jobs"

/* Standing: what is asked for again and again. The names are in the order of requests. */
#define NO_RULES                                                                                   \
    {                                                                                              \
        "ListRuleNamesByTarget", 200, "{\"RuleNames\":[]}"                                         \
    }
#define BUSES                                                                                      \
    {                                                                                              \
        "ListEventBuses", 200, "{\"EventBuses\":[{\"Name\":\"bus\"}]}"                             \
    }
#define RULE                                                                                       \
    {                                                                                              \
        "DescribeRule", 200,                                                                       \
            "{\"Arn\":\"arn:rule\",\"State\":\"ENABLED\",\"EventPattern\":"                        \
            "\"{\\\"detail\\\":{\\\"log\\\":[\\\"users\\\"]}}\"}"                                  \
    }
#define VERSIONS                                                                                   \
    {                                                                                              \
        "f/versions", 200, "{\"Versions\":[]}"                                                     \
    }
#define NO_ALIASES                                                                                 \
    {                                                                                              \
        "f/aliases", 200, "{\"Aliases\":[]}"                                                       \
    }
#define PIPES                                                                                      \
    {                                                                                              \
        "/v1/pipes?TargetPrefix=", 200, "{\"Pipes\":[]}"                                           \
    }
#define TABLE                                                                                      \
    {                                                                                              \
        "DescribeTable", 200,                                                                      \
            "{\"Table\":{\"LatestStreamArn\":\"" STREAM                                            \
            "\",\"StreamSpecification\":{\"StreamViewType\":\"NEW_IMAGE\"}}}"                      \
    }
#define MAPPINGS(source_, function_, more_)                                                        \
    {                                                                                              \
        "/event-source-mappings", 200,                                                             \
            "{\"EventSourceMappings\":[{\"UUID\":\"u\",\"State\":\"Enabled\",\"BatchSize\":7,"     \
            "\"EventSourceArn\":\"" source_ "\",\"FunctionArn\":\"" function_ "\"" more_ "}]}"     \
    }
#define LINE                                                                                       \
    "{\"position\":7,\"time\":1767225600000,\"log\":\"users\",\"key\":{\"pk\":"                    \
    "\"users#12#stream\",\"sk\":3},\"type\":\"signup\",\"payload\":{\"n\":1.50},"                  \
    "\"item\":{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"3\"},\"type\":{\"S\":\"signup\"" \
    "},\"payload\":{\"M\":{\"n\":{\"N\":\"1.5\"}}}}}"

struct opened {
    struct arena *arena;
    struct cli cli;
    struct rebuild_options options;
    struct rebuild on;
    struct fake_server server;
    char *told;
    size_t told_size;
    bool well;
};

static void load(struct opened *on, const struct fake_answer *standing, size_t count,
                 const char *into)
{
    int exit_status = CLI_DONE;

    *on = (struct opened){.arena = arena_new()};
    fake_start_standing(&on->server, NULL, NULL, 0, standing, count);
    on->cli = (struct cli){.arena = on->arena, .width = 80};
    on->cli.out = on->cli.err = open_memstream(&on->told, &on->told_size);
    on->options = (struct rebuild_options){
        .target.endpoint = on->server.url, .target.table = "logs", .into = into};
    on->on =
        (struct rebuild){.cli = &on->cli,
                         .on = &on->options,
                         .client = cli_client_open(&on->cli, &on->options.target, &exit_status),
                         .function = "f",
                         .arn = ARN};
    assert_non_null(on->on.client);
    on->well = rebuild_ways_load(&on->on);
    fflush(on->cli.err);
}

static void close_it(struct opened *on)
{
    rebuild_ways_free(on->on.ways);
    client_free(on->on.client);
    fclose(on->cli.err);
    fake_stop(&on->server);
    free(on->told);
    arena_free(on->arena);
}

static void expect_refused(const struct fake_answer *standing, size_t count, const char *into,
                           const char *why)
{
    struct opened on;

    load(&on, standing, count, into);
    assert_false(on.well);
    if (strstr(on.told, why) == NULL)
        fail_msg("no \"%s\" in: %s", why, on.told);
    close_it(&on);
}

/* ---- the stream ---- */

static void test_a_stream(void **state)
{
    static const struct fake_answer standing[] = {
        NO_RULES, BUSES,      VERSIONS,
        TABLE,    NO_ALIASES, MAPPINGS(STREAM, ARN ":live", ",\"FunctionResponseTypes\":[\"R\"]"),
        PIPES};
    struct opened on;
    struct rebuild_event event;
    const struct rebuild_way *way = NULL;

    (void)state;
    load(&on, standing, ARRAY_COUNT(standing), NULL);
    assert_true(on.well);
    assert_int_equal(on.on.ways->count, 1);
    way = &on.on.ways->list[0];
    assert_int_equal(way->kind, REBUILD_BY_STREAM);
    assert_string_equal(way->qualifier, "live");
    assert_int_equal(way->settings.batch_size, 7);
    assert_true(way->settings.report_batch_item_failures);
    assert_true(bytes_equal_text(rebuild_ways_text(&on.on), "the stream of logs (to live)"));
    assert_null(rebuild_ways_log(&on.on));
    event = (struct rebuild_event){.arena = on.arena};
    assert_true(rebuild_event_read(&on.on, BYTES(LINE), &event));
    assert_int_equal(event.part_count, 1);
    assert_string_equal(
        arena_copy_text(on.arena, event.parts[0].payload),
        "{\"eventID\":\"00000000000000000000000000000007\",\"eventName\":\"INSERT\","
        "\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"eu-north-1\","
        "\"dynamodb\":{\"ApproximateCreationDateTime\":1767225600,"
        "\"Keys\":{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"3\"}},"
        "\"NewImage\":{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"3\"},"
        "\"type\":{\"S\":\"signup\"},\"payload\":{\"M\":{\"n\":{\"N\":\"1.5\"}}}},"
        "\"SequenceNumber\":\"100000000000000000007\",\"SizeBytes\":67,"
        "\"StreamViewType\":\"NEW_IMAGE\"},\"eventSourceARN\":\"" STREAM "\"}");
    close_it(&on);
}

static void test_filters(void **state)
{
    static const struct fake_answer standing[] = {
        NO_RULES,
        BUSES,
        VERSIONS,
        TABLE,
        NO_ALIASES,
        MAPPINGS(STREAM, ARN,
                 ",\"FilterCriteria\":{\"Filters\":[{\"Pattern\":"
                 "\"{\\\"dynamodb\\\":{\\\"Keys\\\":{\\\"sk\\\":{\\\"N\\\":[\\\"4\\\"]}}}}\"}]}"),
        PIPES};
    struct opened on;
    struct rebuild_event event;

    (void)state;
    load(&on, standing, ARRAY_COUNT(standing), NULL);
    assert_true(on.well);
    assert_null(on.on.ways->list[0].qualifier);
    event = (struct rebuild_event){.arena = on.arena};
    assert_true(rebuild_event_read(&on.on, BYTES(LINE), &event));
    assert_int_equal(event.part_count, 0);
    close_it(&on);
}

/* ---- a queue ---- */

static void test_a_queue(void **state)
{
    static const struct fake_answer standing[] = {
        {"\"TargetArn\":\"" QUEUE, 200, "{\"RuleNames\":[\"r\"]}"},
        {"ListTargetsByRule", 200,
         "{\"Targets\":[{\"Id\":\"1\",\"Arn\":\"" QUEUE "\",\"InputPath\":\"$.detail.key\"}]}"},
        NO_RULES,
        BUSES,
        RULE,
        VERSIONS,
        NO_ALIASES,
        MAPPINGS(QUEUE, ARN, ""),
        PIPES};
    struct opened on;
    struct rebuild_event event;

    (void)state;
    load(&on, standing, ARRAY_COUNT(standing), NULL);
    assert_true(on.well);
    assert_true(
        bytes_equal_text(rebuild_ways_text(&on.on), "rule r of bus through the queue jobs"));
    assert_string_equal(rebuild_ways_log(&on.on), "users");
    event = (struct rebuild_event){.arena = on.arena};
    assert_true(rebuild_event_read(&on.on, BYTES(LINE), &event));
    assert_int_equal(event.part_count, 1);
    assert_string_equal(event.parts[0].identifier, "00000000-0000-4000-8000-000000000007");
    assert_string_equal(
        arena_copy_text(on.arena, event.parts[0].payload),
        "{\"messageId\":\"00000000-0000-4000-8000-000000000007\",\"receiptHandle\":\"rebuild\","
        "\"body\":\"{\\\"pk\\\":\\\"users#12#stream\\\",\\\"sk\\\":3}\",\"attributes\":{"
        "\"ApproximateReceiveCount\":\"1\",\"SentTimestamp\":\"1767225600000\","
        "\"SenderId\":\"000000000000\",\"ApproximateFirstReceiveTimestamp\":\"1767225600000\"},"
        "\"messageAttributes\":{},\"md5OfBody\":\"8c60a869a05dee93f2ae339061d313f3\","
        "\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"" QUEUE
        "\",\"awsRegion\":\"eu-north-1\"}");
    close_it(&on);
}

/* ---- what is refused ---- */

static void test_what_is_refused(void **state)
{
    static const struct fake_answer none[] = {
        NO_RULES,   BUSES, VERSIONS,
        NO_ALIASES, PIPES, {"/event-source-mappings", 200, "{\"EventSourceMappings\":[]}"}};
    static const struct fake_answer elsewhere[] = {NO_RULES,   BUSES, VERSIONS,
                                                   NO_ALIASES, PIPES, MAPPINGS(QUEUE, ARN, "")};
    static const struct fake_answer another[] = {NO_RULES,   BUSES, VERSIONS,
                                                 NO_ALIASES, PIPES, MAPPINGS(STREAM, ARN "f", "")};
    static const struct fake_answer tumbling[] = {
        NO_RULES,
        BUSES,
        VERSIONS,
        NO_ALIASES,
        PIPES,
        TABLE,
        MAPPINGS(STREAM, ARN, ",\"TumblingWindowInSeconds\":60")};
    static const struct fake_answer piped[] = {
        NO_RULES,
        BUSES,
        VERSIONS,
        NO_ALIASES,
        TABLE,
        MAPPINGS(STREAM, ARN, ""),
        {"/v1/pipes?TargetPrefix=", 200,
         "{\"Pipes\":[{\"Name\":\"p\",\"Source\":\"arn:source\",\"Target\":\"" ARN
         "\",\"DesiredState\":\"RUNNING\"}]}"}};
    static const struct fake_answer numbered[] = {
        NO_RULES, BUSES, VERSIONS, NO_ALIASES, PIPES, TABLE, MAPPINGS(STREAM, ARN ":3", "")};
    static const struct fake_answer shared[] = {
        NO_RULES,
        BUSES,
        VERSIONS,
        PIPES,
        TABLE,
        MAPPINGS(STREAM, ARN ":live", ""),
        {"f/aliases", 200,
         "{\"Aliases\":[{\"Name\":\"live\",\"FunctionVersion\":\"1\",\"RoutingConfig\":"
         "{\"AdditionalVersionWeights\":{\"2\":0.1}}}]}"}};

    (void)state;
    expect_refused(none, ARRAY_COUNT(none), NULL, "No enabled rule of a bus has f as its target");
    expect_refused(another, ARRAY_COUNT(another), NULL, "No enabled rule of a bus has f");
    expect_refused(elsewhere, ARRAY_COUNT(elsewhere), NULL, "its mappings read " QUEUE);
    expect_refused(tumbling, ARRAY_COUNT(tumbling), NULL, "in tumbling windows");
    expect_refused(piped, ARRAY_COUNT(piped), NULL, "The pipe p gives f events of arn:source");
    expect_refused(numbered, ARRAY_COUNT(numbered), "new", "Version 3 of f gets events");
    expect_refused(shared, ARRAY_COUNT(shared), "new", "The alias live of f shares its events");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_a_queue),
        cmocka_unit_test(test_what_is_refused),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
