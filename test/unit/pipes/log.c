/* Tests of pipes/log.c: which records a batch leaves in its log group at which level, and what is
 * in them. */
#include "pipes_test.h"

#include <stdlib.h>

#define GROUP "/pipes/p"
#define GROUP_ARN "arn:aws:logs:us-east-1:000000000000:log-group:" GROUP
#define CONFIGURATION(level, more)                                                                 \
    "{\"Level\":\"" level "\",\"CloudwatchLogsLogDestination\":{\"LogGroupArn\":\"" GROUP_ARN      \
    "\"}" more "}"
#define WITH_DATA ",\"IncludeExecutionData\":[\"ALL\"]"
#define RECORDS_MAX 20

struct read_records {
    const struct json *records[RECORDS_MAX];
    struct bytes texts[RECORDS_MAX];
    size_t count;
};

/* ---- a batch ---- */

/* enrichment: the handler's body; NULL: there is none. One batch of two records. */
static void run_batch(struct pipe_test *test, const char *enrichment, const char *configuration)
{
    struct harness *h = test->t->h;

    if (enrichment != NULL) {
        harness_write(
            h, "f.js",
            arena_copy_text(
                h->arena, arena_printf(h->arena, "exports.f = async (e) => { %s }\n", enrichment)));
        put_function(test->t, "f", "f.f");
    }
    write_records(test->t, "a", 1, 2, 1);
    assert_int_equal(
        pipe_test_change_now(
            test,
            (struct pipe_change){
                .kind = PIPE_CREATE,
                .settings = {.source = BYTES(PIPE_TEST_STREAM),
                             .target = BYTES(PIPE_TEST_QUEUE),
                             .enrichment = enrichment != NULL ? BYTES(PIPE_TEST_FUNCTION)
                                                              : (struct bytes){NULL, 0}},
                .source_parameters = pipe_test_json(
                    test, "{\"DynamoDBStreamParameters\":{\"StartingPosition\":\"TRIM_HORIZON\","
                          "\"MaximumRetryAttempts\":0,\"BatchSize\":2}}"),
                .log_configuration = pipe_test_json(test, configuration)}),
        OK);
    pipe_test_run(test);
    HARNESS_UNTIL(h, !logs_busy(test->logs));
}

/* What is in the pipe's stream of its group. */
static struct read_records read_group(struct pipe_test *test, const char *group)
{
    struct arena *arena = test->t->h->arena;
    struct read_records ret = {.count = 0};
    struct log_read read = {.group = logs_find(test->logs, bytes_of_text(group)),
                            .stream_name = BYTES("p"),
                            .end_ms = UINT64_MAX,
                            .from_head = true,
                            .limit = RECORDS_MAX,
                            .arena = arena};

    if (read.group == NULL)
        return ret;
    assert_int_equal(logs_read(test->logs, &read), OK);
    for (; ret.count < read.count; ret.count++) {
        struct bytes text = arena_copy(arena, read.events[ret.count].message);

        ret.texts[ret.count] = text;
        assert_int_equal(json_parse(arena, text, &ret.records[ret.count], NULL), OK);
    }
    return ret;
}

/* "EXECUTION_STARTED(INFO) ..." */
static struct bytes steps_of(struct pipe_test *test)
{
    struct read_records found = read_group(test, GROUP);
    struct bytes steps = {NULL, 0};

    for (size_t i = 0; i < found.count; i++) {
        struct bytes step = json_get_string(found.records[i], "messageType");
        struct bytes level = json_get_string(found.records[i], "logLevel");

        steps = arena_printf(test->t->h->arena, "%.*s%s%.*s(%.*s)", BYTES_ARG(steps),
                             i > 0 ? " " : "", BYTES_ARG(step), BYTES_ARG(level));
    }
    return steps;
}

/* ---- levels ---- */

#define ENTERED(stage) stage "_STAGE_ENTERED(INFO) "
#define SUCCEEDED(stage) stage "_STAGE_SUCCEEDED(INFO) "
#define STARTED "EXECUTION_STARTED(INFO) "
#define SUCCESS "EXECUTION_SUCCEEDED(INFO)"
#define TARGET_FAILED                                                                              \
    "TARGET_INVOCATION_FAILED(ERROR) TARGET_STAGE_FAILED(ERROR) EXECUTION_FAILED(ERROR)"
#define ENRICHMENT_FAILED                                                                          \
    "ENRICHMENT_INVOCATION_FAILED(ERROR) ENRICHMENT_STAGE_FAILED(ERROR) EXECUTION_FAILED(ERROR)"

static const struct leveled {
    const char *label, *configuration, *enrichment, *refuse, *expected;
} table[] = {
    {"nothing is said", NULL, NULL, "sk", ""},
    {"off", CONFIGURATION("OFF", ""), NULL, "sk", ""},
    {"errors, and there are none", CONFIGURATION("ERROR", ""), NULL, NULL, ""},
    {"errors", CONFIGURATION("ERROR", ""), NULL, "sk", TARGET_FAILED},
    {"errors of an enrichment", CONFIGURATION("ERROR", ""), "throw new Error('no')", NULL,
     ENRICHMENT_FAILED},
    {"info", CONFIGURATION("INFO", ""), NULL, NULL,
     STARTED ENTERED("TARGET") SUCCEEDED("TARGET") SUCCESS},
    {"info, and it fails", CONFIGURATION("INFO", ""), NULL, "sk",
     STARTED ENTERED("TARGET") TARGET_FAILED},
    {"info with an enrichment", CONFIGURATION("INFO", ""), "return e", NULL,
     STARTED ENTERED("ENRICHMENT") SUCCEEDED("ENRICHMENT") ENTERED("TARGET") SUCCEEDED("TARGET")
         SUCCESS},
    {"nothing is left", CONFIGURATION("INFO", ""), "return []", NULL,
     STARTED ENTERED("ENRICHMENT") SUCCEEDED("ENRICHMENT") "TARGET_STAGE_SKIPPED(INFO) " SUCCESS},
    {"trace", CONFIGURATION("TRACE", ""), "return [1]", NULL,
     STARTED ENTERED(
         "ENRICHMENT") "ENRICHMENT_INVOCATION_STARTED(TRACE) "
                       "ENRICHMENT_INVOCATION_SUCCEEDED(TRACE) " SUCCEEDED("ENRICHMENT") ENTERED(
                           "TARGET") "TARGET_INVOCATION_STARTED(TRACE) "
                                     "TARGET_INVOCATION_SUCCEEDED(TRACE) " SUCCEEDED("TARGET")
                                         SUCCESS},
};

static void levels_as_a_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        const struct leveled *c = &table[i];
        struct pipe_test *test = NULL;

        pipe_test_set_up((void **)&test);
        test->refuse = c->refuse;
        run_batch(test, c->enrichment, c->configuration);
        struct bytes steps = steps_of(test);

        if (!bytes_equal_text(steps, c->expected))
            fail_msg("%s:\n%.*s, not\n%s", c->label, BYTES_ARG(steps), c->expected);
        pipe_test_tear_down((void **)&test);
    }
}

/* ---- records ---- */

static void a_record_says_whose_it_is(void **state)
{
    struct pipe_test *test = *state;
    struct read_records found;
    struct bytes id = {NULL, 0};

    test->refuse = "sk";
    run_batch(test, NULL, CONFIGURATION("INFO", ""));
    found = read_group(test, GROUP);
    assert_int_equal(found.count, 5);
    id = json_get_string(found.records[0], "executionId");
    assert_int_equal(id.size, ID_UUID_SIZE - 1);
    for (size_t i = 0; i < found.count; i++) {
        const struct json *record = found.records[i];

        assert_true(bytes_equal_text(json_get_string(record, "resourceArn"),
                                     "arn:aws:pipes:us-east-1:000000000000:pipe/p"));
        assert_true(bytes_equal(json_get_string(record, "executionId"), id));
        assert_true(json_get_uint(record, "timestamp", 0) > 0);
        assert_null(json_get(record, "payload"));
        assert_int_equal(json_get(record, "error") != NULL, i >= 2);
    }
    const struct json *error = json_get(found.records[2], "error");

    assert_true(bytes_equal_text(json_get_string(error, "message"), "NO_RESOURCE: not found"));
    assert_true(bytes_equal_text(json_get_string(error, "awsService"), "target"));
}

static struct bytes payload_of(const struct read_records *found, const char *step,
                               bool *ret_truncated)
{
    for (size_t i = 0; i < found->count; i++)
        if (bytes_equal_text(json_get_string(found->records[i], "messageType"), step)) {
            *ret_truncated = json_count(json_get(found->records[i], "truncatedFields")) > 0;
            assert_true(found->texts[i].size <= (size_t)256 * 1024);
            return json_get_string(found->records[i], "payload");
        }
    return (struct bytes){NULL, 0};
}

static void payloads_come_when_they_are_asked_for(void **state)
{
    struct pipe_test *test = *state;
    struct read_records found;
    bool truncated = true;

    run_batch(test, "return [{ n: e.length }]", CONFIGURATION("TRACE", WITH_DATA));
    found = read_group(test, GROUP);
    struct bytes batch = payload_of(&found, "EXECUTION_STARTED", &truncated);

    assert_true(bytes_start_with(batch, BYTES("[{\"eventID\":")));
    assert_true(bytes_find(batch, BYTES("\"eventSource\":\"aws:dynamodb\"")) != SIZE_MAX);
    assert_false(truncated);
    assert_true(bytes_equal_text(payload_of(&found, "ENRICHMENT_INVOCATION_SUCCEEDED", &truncated),
                                 "[{\"n\":2}]"));
    assert_true(bytes_equal_text(payload_of(&found, "TARGET_INVOCATION_STARTED", &truncated),
                                 "[{\"n\":2}]"));
    assert_int_equal(payload_of(&found, "EXECUTION_SUCCEEDED", &truncated).size, 0);
}

static const struct large {
    const char *label, *enrichment;
    size_t size; /* of the payload that is left */
} larges[] = {
    {"letters", "return ['a'.repeat(250000)]", 200 * 1024 - 1}, /* the quote before them counts 2 */
    {"whole characters", "return ['\\u00e9'.repeat(125000)]", 200 * 1024 - 2},
    {"escaped ones", "return ['\"'.repeat(60000)]", (200 * 1024 - 1) / 4 * 2 + 2},
};

/* AWS: a record has at most 256 KB, and says what was cut. */
static void what_is_too_large_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(larges); i++) {
        struct pipe_test *test = NULL;
        bool truncated = false;

        pipe_test_set_up((void **)&test);
        run_batch(test, larges[i].enrichment, CONFIGURATION("TRACE", WITH_DATA));
        struct read_records found = read_group(test, GROUP);
        struct bytes payload = payload_of(&found, "ENRICHMENT_INVOCATION_SUCCEEDED", &truncated);

        if (!truncated || payload.size != larges[i].size)
            fail_msg("%s: %zu bytes are left, not %zu", larges[i].label, payload.size,
                     larges[i].size);
        pipe_test_tear_down((void **)&test);
    }
}

/* ---- another group ---- */

static void a_pipe_that_changes_logs_where_it_is_told(void **state)
{
    struct pipe_test *test = *state;

    run_batch(test, NULL, CONFIGURATION("INFO", ""));
    assert_int_equal(
        pipe_test_change_now(
            test,
            (struct pipe_change){
                .kind = PIPE_UPDATE,
                .log_configuration = pipe_test_json(
                    test, "{\"Level\":\"INFO\",\"CloudwatchLogsLogDestination\":{"
                          "\"LogGroupArn\":\"arn:aws:logs:us-east-1:000000000000:log-group:"
                          "/other\"}}")}),
        OK);
    write_records(test->t, "a", 3, 2, 1);
    pipe_test_run(test);
    HARNESS_UNTIL(test->t->h, !logs_busy(test->logs));
    assert_int_equal(read_group(test, GROUP).count, 4);
    assert_int_equal(read_group(test, "/other").count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_test_set_up, pipe_test_tear_down)
        cmocka_unit_test(levels_as_a_table),
        TEST(a_record_says_whose_it_is),
        TEST(payloads_come_when_they_are_asked_for),
        cmocka_unit_test(what_is_too_large_is_cut),
        TEST(a_pipe_that_changes_logs_where_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
