/* Tests of cli/append.c, against a server that answers by a script. (What an append asks for:
 * library/append.c.) */
#include "cli_test.h"

#include "value/value.h"

#define QUERY "DynamoDB_20120810.Query"
#define PUT "DynamoDB_20120810.PutItem"
#define GET "DynamoDB_20120810.GetItem"
#define NO_EVENT "{\"Items\":[],\"Count\":0}"
#define AT(n) "{\"Items\":[{\"sk\":{\"N\":\"" #n "\"}}],\"Count\":1}"
#define ITEM(n, type)                                                                              \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"" #n "\"},\"type\":{\"S\":\"" type        \
    "\"},\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":\"12\"}}}"
#define LOST                                                                                       \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","            \
    "\"message\":\"The conditional request failed\"}"
#define THROTTLED                                                                                  \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\","     \
    "\"message\":\"slower\"}"
#define FAULT "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\"}"
#define LOST_RACE                                                                                  \
    {QUERY, 200, AT(1)},                                                                           \
    {                                                                                              \
        PUT, 400, LOST                                                                             \
    }

/* ---- the command ---- */

struct command_case {
    const char *words; /* behind "append"; the endpoint is added */
    struct cli_streams streams;
    struct fake_answer answers[4];
    int exit_status;
    const char *out, *err;
};

static const struct command_case commands[] = {
    {"users 12 signup",
     {0},
     {{QUERY, 200, NO_EVENT}, {ITEM(1, "signup"), 200, "{}"}},
     CLI_DONE,
     "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\",\"payload\":{\"id\":"
     "\"12\"}}\n",
     ""},
    {"users 12 signup {\"n\":1.50,\"id\":12}",
     {0},
     {{QUERY, 200, NO_EVENT},
      {"\"payload\":{\"M\":{\"n\":{\"N\":\"1.5\"},\"id\":{\"N\":\"12\"}}}", 200, "{}"}},
     CLI_DONE,
     "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\",\"payload\":{\"n\":1.5,"
     "\"id\":12}}"
     "\n",
     ""},
    {"users 12 signup {\"n\":[]}",
     {.terminal = true},
     {{QUERY, 200, AT(3)},
      {"\"payload\":{\"M\":{\"id\":{\"S\":\"12\"},\"n\":{\"L\":[]}}}", 200, "{}"}},
     CLI_DONE,
     "users/12 version 4 signup\n",
     ""},
    {"users 12 signup --json",
     {.terminal = true},
     {{QUERY, 200, NO_EVENT}, {PUT, 200, "{}"}},
     CLI_DONE,
     "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\",\"payload\":{\"id\":"
     "\"12\"}}\n",
     ""},
    {"users 12 signup -",
     {.input = " {\"a\":\"å\"}\n"},
     {{QUERY, 200, NO_EVENT}, {"\"a\":{\"S\":\"å\"}", 200, "{}"}},
     CLI_DONE,
     "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\","
     "\"payload\":{\"id\":\"12\",\"a\":\"å\"}}\n",
     ""},
    {"users 12 signup --stage dev",
     {0},
     {{"\"TableName\":\"dev-dynamodb-logs\"", 200, NO_EVENT},
      {"\"TableName\":\"dev-dynamodb-logs\"", 200, "{}"}},
     CLI_DONE,
     "",
     ""},
    {"users 12 signup --table t --stage dev",
     {0},
     {{"\"TableName\":\"t\"", 200, NO_EVENT}, {"\"TableName\":\"t\"", 200, "{}"}},
     CLI_DONE,
     "",
     ""},

    {"users 12 x --expect 3",
     {0},
     {{QUERY, 200, AT(5)}},
     CLI_LOST_RACE,
     "",
     "users/12 is at version 5, not 3."},
    {"users 12 x --expect none",
     {0},
     {{PUT, 400, LOST}, {QUERY, 200, AT(5)}},
     CLI_LOST_RACE,
     "",
     "users/12 is at version 5, not new."},
    {"users 12 x --expect 3",
     {0},
     {{QUERY, 200, NO_EVENT}},
     CLI_LOST_RACE,
     "",
     "users/12 has no event yet, it is not at version 3."},
    {"users 12 x",
     {0},
     {{QUERY, 400, "{\"__type\":\"x#ResourceNotFoundException\"}"}},
     CLI_FAILED,
     "",
     "There is no table local-dynamodb-logs at http://127.0.0.1:"},
    {"users 12 x",
     {0},
     {{QUERY, 200, NO_EVENT},
      {PUT, 400, "{\"__type\":\"x#ValidationException\",\"message\":\"Item too big\"}"}},
     CLI_FAILED,
     "",
     "answers ValidationException: Item too big"},
    {"users 12 x", {0}, {{QUERY, 404, "<html>"}}, CLI_FAILED, "", "answers with HTTP status 404"},

    {"users 12 x --expect -1",
     {0},
     {{0}},
     CLI_USAGE,
     "",
     "--expect needs a version (a whole number) or none, not \"-1\"."},
    {"users 12 x --expect two", {0}, {{0}}, CLI_USAGE, "", "--expect needs a version"},
    {"us#ers 12 x", {0}, {{0}}, CLI_USAGE, "", "The log may not contain \"#\""},
    {"users 1#2 x", {0}, {{0}}, CLI_USAGE, "", "The id may not contain \"#\""},
    {"~ 12 x", {0}, {{0}}, CLI_USAGE, "", "The log may not be empty."},
    {"users ~ x", {0}, {{0}}, CLI_USAGE, "", "The id may not be empty."},
    {"users 12 ~", {0}, {{0}}, CLI_USAGE, "", "The type may not be empty."},
    {"users 12\xFF x", {0}, {{0}}, CLI_USAGE, "", "The id must be UTF-8 text."},
    {"users 12", {0}, {{0}}, CLI_USAGE, "", "TYPE is missing"},
    {"users 12 x []",
     {0},
     {{0}},
     CLI_USAGE,
     "",
     "JSON must be an object like {\"name\":\"test\"}, not an array."},
    {"users 12 x {\"a\":}", {0}, {{0}}, CLI_USAGE, "", "JSON is wrong in line 1, column 6"},
    {"users 12 x {\"a\":1e200}", {0}, {{0}}, CLI_USAGE, "", "JSON can't be stored: "},
    {"users 12 x -", {.input = ""}, {{0}}, CLI_USAGE, "", "JSON is wrong in line 1"},
};

static void test_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        const struct command_case *one = &commands[i];
        struct fake_server server;
        char words[512];
        size_t count = 0;

        while (count < ARRAY_COUNT(one->answers) && one->answers[count].wanted != NULL)
            count++;
        fake_start(&server, one->answers, count);
        snprintf(words, sizeof words, "append %s --endpoint %s", one->words, server.url);

        AUTO(cli_run_free) struct cli_run run = run_cli(&one->streams, words);

        fake_stop(&server);
        print_message("  %s\n", one->words);
        assert_contains(run.err, one->err);
        assert_contains(run.out, one->out);
        assert_int_equal(run.exit_status, one->exit_status);
        if (one->exit_status != CLI_DONE)
            assert_string_equal(run.out, "");
    }
}

static void test_key_size(void **state)
{
    static const struct cli_streams streams = {0};
    char words[KEY_HASH_SIZE_MAX + 128] = "append u ";
    size_t at = strlen(words), fits = KEY_HASH_SIZE_MAX - strlen("u##stream");

    (void)state;
    memset(words + at, 'i', fits + 1);
    memcpy(words + at + fits + 1, " x []", sizeof " x []");

    AUTO(cli_run_free) struct cli_run past = run_cli(&streams, words);

    assert_contains(past.err, "Log and id are too long");
    memcpy(words + at + fits, " x []", sizeof " x []");

    AUTO(cli_run_free) struct cli_run limit = run_cli(&streams, words);

    assert_contains(limit.err, "JSON must be an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_key_size),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
