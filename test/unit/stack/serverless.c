/* test/unit/stack/serverless.c - whole files: the shape of a real stack field by field, stages, the
 * top level, custom, and what is wrong in files that are joined by ${file(...)}. */
#include "stack_test.h"

#include "stack/stack_data.h"

static struct loaded load_file(const char *name, const char *stage, const char *region)
{
    struct loaded loaded = {.arena = arena_new()};
    char *path =
        arena_copy_text(loaded.arena, arena_printf(loaded.arena, "%s/%s", STACK_DATA, name));
    struct stack_options *options = ARENA_NEW(loaded.arena, struct stack_options);

    *options = (struct stack_options){
        .path = path, .stage = stage, .region = region, .account = "000000000000"};
    loaded.status = stack_load(loaded.arena, options, &loaded.stack, &loaded.error);
    return loaded;
}

/* ---- the whole shape ---- */

#define TABLE(name, sort_key_type)                                                                 \
    "{\"TableName\":\"" name "\",\"AttributeDefinitions\":[{\"AttributeName\":\"pk\","             \
    "\"AttributeType\":\"S\"},{\"AttributeName\":\"sk\",\"AttributeType\":\"" sort_key_type        \
    "\"}],\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"                         \
    "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],\"BillingMode\":\"PAY_PER_REQUEST\""
#define FUNCTION_ARN(name) "arn:aws:lambda:us-east-1:000000000000:function:" name

/* Of a function: its log group, as the Framework makes it. */
#define LOG_GROUP(key)                                                                             \
    {"Logs_20140328.CreateLogGroup", key,                                                          \
     "{\"logGroupName\":\"/aws/lambda/users-local-" key "\"}"},                                    \
    {                                                                                              \
        "Logs_20140328.PutRetentionPolicy", key,                                                   \
            "{\"logGroupName\":\"/aws/lambda/users-local-" key "\",\"retentionInDays\":5}"         \
    }

static void whole_calls(void **state)
{
    static const struct {
        const char *target, *resource, *body;
    } expected[] = {
        {"DynamoDB_20120810.CreateTable", "logs",
         TABLE("local-logs", "N") ",\"StreamSpecification\":{\"StreamViewType\":"
                                  "\"NEW_AND_OLD_IMAGES\",\"StreamEnabled\":true},"
                                  "\"SSESpecification\":{\"Enabled\":true},"
                                  "\"Tags\":[{\"Key\":\"table\",\"Value\":\"local-logs\"}]}"},
        {"DynamoDB_20120810.UpdateTimeToLive", "logs",
         "{\"TableName\":\"local-logs\",\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\","
         "\"Enabled\":true}}"},
        {"DynamoDB_20120810.UpdateContinuousBackups", "logs",
         "{\"TableName\":\"local-logs\",\"PointInTimeRecoverySpecification\":{"
         "\"PointInTimeRecoveryEnabled\":true}}"},
        {"DynamoDB_20120810.CreateTable", "core", TABLE("local-core", "S") "}"},
        {"AWSEvents.CreateEventBus", "eventBus", "{\"Name\":\"users\"}"},
        LOG_GROUP("archive"),
        {"AWSEvents.PutRule", "archive",
         "{\"Name\":\"users-local-archive-rule-1\",\"EventBusName\":\"users\",\"EventPattern\":"
         "\"{\\\"source\\\":[\\\"users\\\"]}\",\"State\":\"ENABLED\"}"},
        {"AWSEvents.PutTargets", "archive",
         "{\"Rule\":\"users-local-archive-rule-1\",\"EventBusName\":\"users\",\"Targets\":[{"
         "\"Id\":\"users-local-archive-rule-1-target\",\"Arn\":\"" FUNCTION_ARN(
             "users-local-archive") "\"}]}"},
        LOG_GROUP("project"),
        {"AWSEvents.PutRule", "project",
         "{\"Name\":\"users-local-project-rule-1\",\"EventBusName\":\"users\",\"EventPattern\":"
         "\"{\\\"source\\\":[\\\"users\\\"],\\\"detail-type\\\":[\\\"stream changes\\\"],"
         "\\\"detail\\\":{\\\"log\\\":[\\\"users\\\"],\\\"type\\\":[\\\"signup\\\","
         "\\\"addLocation\\\"]}}\",\"State\":\"ENABLED\"}"},
        {"AWSEvents.PutTargets", "project",
         "{\"Rule\":\"users-local-project-rule-1\",\"EventBusName\":\"users\",\"Targets\":[{"
         "\"Id\":\"users-local-project-rule-1-target\",\"Arn\":\"" FUNCTION_ARN(
             "users-local-project") "\"}]}"},
        LOG_GROUP("failed"),
        LOG_GROUP("trigger"),
    };
    LOADED loaded = load_file("users/serverless.yml", "local", NULL);

    (void)state;
    assert_loaded(&loaded);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_call(&loaded, i, expected[i].target, expected[i].body);
        assert_bytes(loaded.stack->calls[i].resource, expected[i].resource);
    }
    assert_int_equal(loaded.stack->call_count, ARRAY_COUNT(expected));
    assert_string_equal(loaded.stack->calls[0].where.file, STACK_DATA "/users/tables.yml");
    assert_int_equal(loaded.stack->calls[0].where.line, 14);
    assert_int_equal(loaded.stack->calls[0].where.column, 3);
}

static void check_environment(const struct stack_function *function, const char *const *expected)
{
    for (size_t i = 0; i < function->environment_count; i++) {
        assert_non_null(expected[2 * i]);
        assert_bytes(function->environment[i].name, expected[2 * i]);
        assert_bytes(function->environment[i].value, expected[2 * i + 1]);
    }
    assert_null(expected[2 * function->environment_count]);
}

static void whole_functions(void **state)
{
    static const char *const shared[] = {
        "MONITOR", "true", "MONITOR_PORT", "31000", "REUSE_CONNECTIONS", "1", NULL};
    static const char *const own[] = {
        "MONITOR",    "true",       "MONITOR_PORT", "none", "REUSE_CONNECTIONS", "1", "LOGS_TABLE",
        "local-logs", "CORE_TABLE", "local-core",   NULL};
    LOADED loaded = load_file("users/serverless.yml", NULL, NULL);
    const struct stack_function *functions = NULL;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->function_count, 4);
    functions = loaded.stack->functions;

    assert_bytes(functions[0].key, "archive");
    assert_bytes(functions[0].handler, "src/archive.handler");
    assert_bytes(functions[0].runtime, "nodejs18.x");
    assert_int_equal(functions[0].timeout_s, 6);
    assert_int_equal(functions[0].memory_mb, 1024);
    assert_int_equal(functions[0].reserved_concurrency, -1);
    assert_int_equal(functions[0].on_failure.kind, STACK_DESTINATION_NONE);
    check_environment(&functions[0], shared);

    assert_bytes(functions[1].name, "users-local-project");
    assert_int_equal(functions[1].timeout_s, 7);
    assert_int_equal(functions[1].memory_mb, 256);
    assert_int_equal(functions[1].reserved_concurrency, 1);
    assert_int_equal(functions[1].on_failure.kind, STACK_DESTINATION_FUNCTION);
    assert_bytes(functions[1].on_failure.target, "users-local-failed");
    check_environment(&functions[1], own);

    assert_bytes(functions[2].runtime, "nodejs20.x");
    assert_bytes(functions[3].key, "trigger");
}

static void whole_rest(void **state)
{
    LOADED loaded = load_file("users/serverless.yml", "local", NULL);
    const struct stack *stack = loaded.stack;

    (void)state;
    assert_loaded(&loaded);
    assert_bytes(stack->service, "users");
    assert_bytes(stack->stage, "local");
    assert_bytes(stack->region, "us-east-1");
    assert_bytes(stack->account, "000000000000");
    assert_string_equal(stack->folder, STACK_DATA "/users");

    assert_int_equal(stack->mapping_count, 1);
    assert_bytes(stack->mappings[0].function_name, "users-local-trigger");
    assert_bytes(stack->mappings[0].table_name, "local-logs");
    assert_int_equal(stack->mappings[0].batch_size, 25);
    assert_int_equal(stack->mappings[0].batch_window_s, 1);
    assert_int_equal(stack->mappings[0].parallelization_factor, 4);
    assert_true(stack->mappings[0].bisect_on_error);
    assert_false(stack->mappings[0].trim_horizon);
    assert_true(stack->mappings[0].enabled);

    assert_int_equal(stack->archive_count, 1);
    assert_bytes(stack->archives[0].name, "users-archive");
    assert_bytes(stack->archives[0].bus_name, "users");
    assert_int_equal(stack->archives[0].pattern.size, 0);
    assert_int_equal(stack->archives[0].retention_days, 0);

    assert_int_equal(stack->retry_delay_ms, 1500);
    assert_int_equal(stack->maximum_retry_attempts, 4);
    assert_int_equal(stack->events_port, 4011);
    assert_int_equal(stack->lambda_port, 3003);
    assert_bytes(stack->archive_path, "db");

    assert_note(&loaded, 0, 67, 13, "the environment variable STACK_TEST_COMMIT is not set");
    assert_int_equal(stack->note_count, 1);
}

static void another_stage(void **state)
{
    static const char *const shared[] = {
        "MONITOR", "false", "MONITOR_PORT", "", "REUSE_CONNECTIONS", "1", NULL};
    LOADED loaded = load_file("users/serverless.yml", "dev", "eu-west-1");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->function_count, 3); /* archive is for local alone */
    assert_bytes(loaded.stack->functions[0].name, "users-dev-project");
    check_environment(&loaded.stack->functions[2], shared);
    assert_bytes(loaded.stack->mappings[0].table_name, "dev-logs");
    assert_bytes(loaded.stack->region, "eu-west-1");
    assert_int_equal(loaded.stack->call_count, 13);
}

/* ---- files and environment ---- */

static void sources(void **state)
{
    static const char *const local[] = {"WHOLE",   "words",
                                        "ITEM",    "b",
                                        "JSON",    "7",
                                        "TEXT",    "a ${self:service} text",
                                        "MISSING", "default",
                                        "PROGRAM", "not run",
                                        "BACK",    "files-local",
                                        "BUS",     "default-bus",
                                        "ONLY",    "default",
                                        "SET",     "here",
                                        "UNSET",   "local",
                                        "BOOLEAN", "true",
                                        "PLACE",   "eu-north-1/000000000000/local",
                                        NULL};

    (void)state;
    setenv("STACK_TEST_SET", "here", 1);
    setenv("STACK_TEST_FLAG", "1", 1);

    LOADED first = load_file("files/serverless.yml", NULL, NULL);
    LOADED second = load_file("files/serverless.yml", "dev", NULL);

    assert_loaded(&first);
    check_environment(&first.stack->functions[0], local);
    assert_int_equal(first.stack->note_count, 0);
    assert_loaded(&second);
    assert_bytes(second.stack->region, "eu-west-1");
    assert_bytes(second.stack->functions[0].environment[7].value, "dev-bus");
}

static void wrong_files(void **state)
{
    static const struct {
        const char *name, *file;
        size_t line, column;
        const char *words;
    } cases[] = {
        {"wrong/table-without-key.yml", "wrong/table.yml", 3, 3,
         "a table: expected AttributeDefinitions in it"},
        {"wrong/bad-file.yml", "wrong/bad.yml", 2, 2, "bad YAML: did not find expected ',' or ']'"},
        {"wrong/itself.yml", "wrong/itself.yml", 3, 6, "leads back to itself"},
        {"wrong/cycle.yml", "wrong/cycle-a.yml", 1, 4, "leads back to itself"},
        {"wrong/bytes.yml", "wrong/bytes.yml", 2, 13, "bytes.txt: expected UTF-8 text"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_file(cases[i].name, NULL, NULL);

        assert_refused(&loaded, cases[i].line, cases[i].column, cases[i].words);
        assert_true(
            bytes_end_with(bytes_of_text(loaded.error.where.file), bytes_of_text(cases[i].file)));
    }
}

static void no_such_file(void **state)
{
    LOADED loaded = load_file("none.yml", NULL, NULL);

    (void)state;
    assert_int_equal(loaded.status, NOT_FOUND);
}

/* ---- stage and region ---- */

static void stages(void **state)
{
    static const struct {
        const char *provider, *option, *expected;
    } cases[] = {
        {"{name: aws}", NULL, "local"},
        {"{stage: prod}", NULL, "prod"},
        {"{stage: prod}", "dev", "dev"},
        {"{stage: '${opt:stage}'}", NULL, "local"},
        {"{stage: \"${opt:stage, 'dev'}\"}", NULL, "dev"},
        {"{stage: \"${opt:stage, 'dev'}\"}", "prod", "prod"},
        {"{stage: '${opt:stage, self:custom.stage}'}", NULL, "test"},
        {"{stage: '${sls:stage}'}", NULL, "local"},
        {"{stage: 5}", NULL, "5"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        snprintf(text, sizeof text,
                 "service: s\nprovider: %s\ncustom: {stage: test}\nfunctions:\n"
                 "  f:\n    handler: ${opt:stage}.${sls:stage}.${self:provider.stage}\n",
                 cases[i].provider);

        LOADED loaded = load_stage(text, cases[i].option);
        char handler[64];

        snprintf(handler, sizeof handler, "%s.%s.%s", cases[i].expected, cases[i].expected,
                 cases[i].expected);
        assert_loaded(&loaded);
        assert_bytes(loaded.stack->stage, cases[i].expected);
        assert_bytes(loaded.stack->functions[0].handler, handler);
    }
}

/* ---- the top level and custom ---- */

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"provider: {name: aws}\n", 1, 1, "expected service: with the name of the stack"},
        {"service:\n", 1, 9, "expected service: with the name of the stack"},
        {"service: [a]\n", 1, 10, "service: expected text, got a list"},
        {"service: s\nprovider: aws\n", 2, 11, "provider: expected a mapping, got \"aws\""},
        {"service: s\nprovider: {stage: [a]}\n", 2, 19, "provider.stage: expected text"},
        {"service: s\ncustom: x\n", 2, 9, "custom: expected a mapping, got \"x\""},
        {"service: s\ncustom:\n  serverless-offline-aws-eventbridge: {port: 0}\n", 3, 46,
         "port: expected a whole number from 1 to 65535, got 0"},
        {"service: s\ncustom:\n  serverless-offline-aws-eventbridge: {port: 65536}\n", 3, 46,
         "got 65536"},
        {"service: s\ncustom:\n  serverless-offline-aws-eventbridge: {retryDelayMs: -1}\n", 3, 54,
         "retryDelayMs: expected a whole number from 0"},
        {"service: s\ncustom:\n  serverless-offline: {lambdaPort: x}\n", 3, 36,
         "lambdaPort: expected a whole number"},
        {"service: s\ncustom:\n  dynlog: {archive: [a]}\n", 3, 21, "archive: expected text"},
        {"service: s\ncustom:\n  dynlog: {shards: 0}\n", 3, 20,
         "shards: expected a whole number from 1 to 100"},
        {"service: s\ncustom:\n  dynlog: {shards: 101}\n", 3, 20,
         "shards: expected a whole number from 1 to 100"},
        {"service: s\ncustom:\n  dynlog: {private: people}\n", 3, 21,
         "private: expected a list of logs, got \"people\""},
        {"service: s\ncustom:\n  dynlog: {private: [a, b#c]}\n", 3, 25,
         "private: expected the name of a log, 1 to 2000 bytes without \"#\", got \"b#c\""},
        {"service: s\ncustom:\n  dynlog: {private: [{a: 1}]}\n", 3, 22, "private: expected"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void notes(void **state)
{
    LOADED loaded = load("service: {name: s}\n"
                         "functons: {}\n"
                         "useDotenv: true\n"
                         "layers: {}\n"
                         "provider: {name: aws, layers: [x], runtim: y, tracing: {lambda: true}}\n"
                         "custom: {dynlog: {archiv: db}, anything: 1}\n"
                         "zzzzzz: 1\n");

    (void)state;
    assert_note(&loaded, 0, 2, 1,
                "not acted on: unknown key \"functons\" of the stack file; did you mean "
                "\"functions\"?");
    assert_note(&loaded, 1, 3, 1, "useDotenv of the stack file");
    assert_note(&loaded, 2, 4, 1, "layers of the stack file");
    assert_note(&loaded, 3, 7, 1, "unknown key \"zzzzzz\" of the stack file");
    assert_note(&loaded, 4, 5, 23, "layers of provider");
    assert_note(&loaded, 5, 5, 36, "did you mean \"runtime\"?");
    assert_note(&loaded, 6, 6, 19, "did you mean \"archive\"?");
    assert_int_equal(loaded.stack->note_count, 7);
    assert_bytes(loaded.stack->service, "s");
}

static void private_logs(void **state)
{
    LOADED loaded = load("service: s\ncustom: {dynlog: {private: [people, guests, people, 7]}}\n");

    (void)state;
    assert_int_equal(loaded.stack->private_log_count, 3);
    assert_bytes(loaded.stack->private_logs[1].log, "guests");
    assert_int_equal(loaded.stack->private_logs[1].where.column, 37);
    assert_bytes(loaded.stack->private_logs[2].log, "7");
}

static void shards(void **state)
{
    LOADED loaded = load("service: s\ncustom: {dynlog: {shards: 4}}\n");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->shard_count, 4);
    assert_int_equal(loaded.stack->note_count, 0);
}

static void nothing_said(void **state)
{
    LOADED loaded = load("service: s\n");

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(loaded.stack->retry_delay_ms, -1);
    assert_int_equal(loaded.stack->maximum_retry_attempts, -1);
    assert_int_equal(loaded.stack->events_port, 0);
    assert_int_equal(loaded.stack->lambda_port, 0);
    assert_int_equal(loaded.stack->archive_path.size, 0);
    assert_int_equal(loaded.stack->shard_count, 0);
    assert_int_equal(loaded.stack->call_count, 0);
    assert_string_equal(loaded.stack->folder, ".");
}

/* Functions that share a mapping share its notes. */
static void notes_are_given_once(void **state)
{
    LOADED loaded = load("service: s\n"
                         "custom:\n"
                         "  shared: &shared {handler: h.h, layers: [x]}\n"
                         "functions:\n"
                         "  a: *shared\n"
                         "  b: {<<: *shared}\n");

    (void)state;
    assert_note(&loaded, 0, 3, 34, "layers of a function");
    assert_int_equal(loaded.stack->note_count, 1);
    assert_int_equal(loaded.stack->function_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_calls),  cmocka_unit_test(whole_functions),
        cmocka_unit_test(whole_rest),   cmocka_unit_test(another_stage),
        cmocka_unit_test(sources),      cmocka_unit_test(wrong_files),
        cmocka_unit_test(no_such_file), cmocka_unit_test(stages),
        cmocka_unit_test(refused),      cmocka_unit_test(notes),
        cmocka_unit_test(private_logs), cmocka_unit_test(shards),
        cmocka_unit_test(nothing_said), cmocka_unit_test(notes_are_given_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
