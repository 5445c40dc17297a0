/* Tests of cli/append.c: races, lost answers and retries, against a server that answers by a
 * script. */
#include "cli/append.h"

#include "cli_test.h"

#define QUERY "DynamoDB_20120810.Query"
#define PUT "DynamoDB_20120810.PutItem"
#define GET "DynamoDB_20120810.GetItem"
#define NO_EVENT "{\"Items\":[],\"Count\":0}"
#define AT(n) "{\"Items\":[{\"sk\":{\"N\":\"" #n "\"}}],\"Count\":1}"
#define ITEM(n, type)                                                                              \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"" #n "\"},\"type\":{\"S\":\"" type        \
    "\"},\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":\"12\"}}}}"
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

#define ANSWERS_MAX 40

struct append_case {
    const char *name;
    int64_t expected;
    struct fake_answer answers[ANSWERS_MAX]; /* up to the first without `wanted` */
    enum status status;
    int64_t version;
};

static const struct append_case cases[] = {
    {"a new stream",
     APPEND_NEXT,
     {{QUERY, 200, NO_EVENT}, {"\"Item\":" ITEM(1, "signup"), 200, "{}"}},
     OK,
     1},
    {"the next version",
     APPEND_NEXT,
     {{QUERY, 200, AT(4)}, {"\"Item\":" ITEM(5, "signup"), 200, "{}"}},
     OK,
     5},
    {"the put has its condition",
     APPEND_NEXT,
     {{QUERY, 200, AT(4)}, {"\"ConditionExpression\":\"attribute_not_exists(pk)\"", 200, "{}"}},
     OK,
     5},
    {"somebody else was first, twice",
     APPEND_NEXT,
     {{QUERY, 200, AT(4)},
      {ITEM(5, "signup"), 400, LOST},
      {QUERY, 200, AT(5)},
      {ITEM(6, "signup"), 400, LOST},
      {QUERY, 200, AT(9)},
      {ITEM(10, "signup"), 200, "{}"}},
     OK,
     10},
    {"somebody else is always first",
     APPEND_NEXT,
     {LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      {QUERY, 200, AT(17)}},
     CONFLICT,
     17},

    {"expected and found", 4, {{QUERY, 200, AT(4)}, {ITEM(5, "signup"), 200, "{}"}}, OK, 5},
    {"expected none and found none",
     0,
     {{QUERY, 200, NO_EVENT}, {ITEM(1, "signup"), 200, "{}"}},
     OK,
     1},
    {"an older version expected", 3, {{QUERY, 200, AT(5)}}, CONFLICT, 5},
    {"a newer version expected leaves no gap", 7, {{QUERY, 200, AT(5)}}, CONFLICT, 5},
    {"expected, and lost between reading and writing",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 400, LOST}, {QUERY, 200, AT(5)}},
     CONFLICT,
     5},

    {"a lost answer, and the event is there",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5, "signup") "}"}},
     OK,
     5},
    {"a lost answer, and somebody else's event is there",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5, "other") "}"},
      {QUERY, 200, AT(5)}},
     CONFLICT,
     5},
    {"a lost answer, somebody else's event, and the next version",
     APPEND_NEXT,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5, "other") "}"},
      {QUERY, 200, AT(5)},
      {ITEM(6, "signup"), 200, "{}"}},
     OK,
     6},
    {"a lost request",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 0, NULL}, {ITEM(5, "signup"), 200, "{}"}},
     OK,
     5},
    {"a server's fault may have written",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 500, FAULT},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5, "signup") "}"}},
     OK,
     5},
    {"throttling wrote nothing",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 400, THROTTLED}, {PUT, 400, LOST}, {QUERY, 200, AT(5)}},
     CONFLICT,
     5},
    {"throttled six times",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED}},
     REFUSED,
     4},
    {"reading is tried again too",
     4,
     {{QUERY, 0, NULL}, {QUERY, 503, ""}, {QUERY, 200, AT(4)}, {PUT, 200, "{}"}},
     OK,
     5},
    {"no such table",
     APPEND_NEXT,
     {{QUERY, 400, "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"no\"}"}},
     REFUSED,
     0},
    {"a sort key that is no version", APPEND_NEXT, {{QUERY, 200, AT(1.5)}}, REFUSED, 0},
};

static struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_S, .bytes = bytes_of_text(text)};
}

static struct item signup(struct arena *arena)
{
    struct item item = {0};
    struct value payload = {.type = VALUE_M};

    item_set(arena, &payload.map, BYTES("id"), text_value("12"));
    item_set(arena, &item, BYTES("type"), text_value("signup"));
    item_set(arena, &item, BYTES("log"), text_value("users"));
    item_set(arena, &item, BYTES("payload"), payload);
    return item;
}

static void run_case(const struct append_case *one)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_server server;
    struct append append = {BYTES("users#12#stream"), signup(arena), one->expected};
    struct appended appended = {0};
    struct client_answer answer = {0};
    size_t count = 0;

    while (count < ANSWERS_MAX && one->answers[count].wanted != NULL)
        count++;
    fake_start(&server, one->answers, count);

    struct target target = {.url = server.url,
                            .host = "127.0.0.1",
                            .is_this_machine = true,
                            .region = "us-east-1",
                            .key_id = "x",
                            .secret = "x",
                            .table = "local-dynamodb-logs"};
    struct client *client = client_new(&target);

    client_never_pause(client);

    enum status status = cli_append(client, arena, &append, &appended, &answer);

    client_free(client);
    fake_stop(&server);
    assert_int_equal(status, one->status);
    assert_int_equal(appended.version, one->version);
}

static void test_appends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        print_message("  %s\n", cases[i].name);
        run_case(&cases[i]);
    }
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
     {{QUERY, 200, AT(5)}},
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
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_key_size),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
