/* Tests of cli/fake.c and cli/fake_write.c against a server that answers by a script: nothing is
 * overwritten, what is there is counted, refusals for now are asked again. */
#include "cli_test.h"

#define CANCELED(reasons_)                                                                         \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\","               \
    "\"Message\":\"no\",\"CancellationReasons\":[" reasons_ "]}"
#define NONE "{\"Code\":\"None\"}"
#define FAILED(item_) "{\"Code\":\"ConditionalCheckFailed\",\"Item\":" item_ "}"
#define USER_0 "4181b152-fb77-416f-969c-646d52269d62"
#define USER_1 "528bbb6d-bfaa-4791-8fee-789c5ebd96ec"
#define SIGNUP(name_)                                                                              \
    "{\"pk\":{\"S\":\"users#" USER_0 "#stream\"},\"sk\":{\"N\":\"1\"},\"log\":{\"S\":\"users\"},"  \
    "\"type\":{\"S\":\"signup\"},\"payload\":{\"M\":{\"id\":{\"S\":\"" USER_0 "\"},"               \
    "\"email\":{\"S\":\"sara.ivanova76@example.net\"},\"name\":{\"S\":\"" name_ "\"}}}}"
#define FIRST "\"firstId\":\"" USER_0 "\""

struct fake_case {
    const char *words;
    bool terminal;
    struct fake_answer answers[8];
    int exit_status;
    const char *out, *err;
};

static const struct fake_case cases[] = {
    {"fake 2 --in-flight 1 --endpoint URL",
     false,
     {{"\"TransactItems\":[{\"Put\":{\"TableName\":\"local-dynamodb-logs\",\"ConditionExpression\":"
       "\"attribute_not_exists(pk)\",\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\",\"Item\":"
       "{\"pk\":{\"S\":\"users#" USER_0 "#stream\"},\"sk\":{\"N\":\"1\"}",
       200, "{}"},
      {"\"addPhoneNumber\"", 200, "{}"},
      {"\"verifyPhoneNumber\"", 200, "{}"},
      {"\"addLocation\"", 200, "{}"}},
     CLI_DONE,
     "{\"table\":\"local-dynamodb-logs\",\"log\":\"users\",\"users\":2,\"events\":8,\"seed\":1,"
     "\"written\":8,\"skipped\":0,\"different\":0," FIRST,
     ""},
    /* the first is there with the same content, whatever the order of attributes */
    {"fake 2 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 400, CANCELED(FAILED(SIGNUP("Sara Ivanova")) "," NONE)},
      {"\"Item\":{\"pk\":{\"S\":\"users#" USER_1, 200, "{}"},
      {"addPhoneNumber", 200, "{}"},
      {"verifyPhoneNumber", 200, "{}"},
      {"addLocation", 200, "{}"}},
     CLI_DONE,
     "\"written\":7,\"skipped\":1,\"different\":0",
     ""},
    /* something else stands there */
    {"fake 1 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 400, CANCELED(FAILED(SIGNUP("Somebody")))},
      {"addPhoneNumber", 200, "{}"},
      {"verifyPhoneNumber", 200, "{}"},
      {"addLocation", 200, "{}"}},
     CLI_FAILED,
     "\"written\":3,\"skipped\":0,\"different\":1",
     "At 1 of the keys other events stand; they were left alone: users#" USER_0 "#stream/1."},
    /* busy for now; and an answer that was lost: what stands there is ours */
    {"fake 1 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 400, CANCELED("{\"Code\":\"TransactionConflict\"}")},
      {"signup", 0, NULL},
      {"signup", 400, CANCELED(FAILED(SIGNUP("Sara Ivanova")))},
      {"addPhoneNumber", 200, "{}"},
      {"verifyPhoneNumber", 200, "{}"},
      {"addLocation", 200, "{}"}},
     CLI_DONE,
     "\"written\":4,\"skipped\":0",
     ""},
    /* what is no answer to a transaction */
    {"fake 1 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 400, CANCELED(NONE "," NONE)}},
     CLI_FAILED,
     NULL,
     "answers TransactionCanceledException: no"},
    {"fake 1 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 400, CANCELED("{\"Code\":\"ValidationError\"}")}},
     CLI_FAILED,
     NULL,
     "TransactionCanceledException"},
    {"fake 1 --in-flight 1 --endpoint URL",
     false,
     {{"signup", 200, "{}"}, {"addPhone", 400, "{\"__type\":\"x#ResourceNotFoundException\"}"}},
     CLI_FAILED,
     "\"written\":1",
     "There is no table local-dynamodb-logs"},
    {"fake 1 --in-flight 1 --endpoint URL --stage dev",
     true,
     {{"dev-dynamodb-logs", 200, "{}"},
      {"addPhone", 200, "{}"},
      {"verify", 200, "{}"},
      {"addLoc", 200, "{}"}},
     CLI_DONE,
     "Written: 4 events to dev-dynamodb-logs in ",
     ""},
    {"fake 1 --endpoint http://127.0.0.1:1",
     false,
     {{0}},
     CLI_UNREACHABLE,
     NULL,
     "Nothing answers at http://127.0.0.1:1. Start dynlog"},
    {"fake 0", false, {{0}}, CLI_USAGE, NULL, "N is a whole number from 1 to 10000000, not \"0\"."},
    {"fake 10000001", false, {{0}}, CLI_USAGE, NULL, "N is a whole number"},
    {"fake ten", false, {{0}}, CLI_USAGE, NULL, "not \"ten\""},
    {"fake 1 --log a#b", false, {{0}}, CLI_USAGE, NULL, "#"},
    {"fake 1 --in-flight 65", false, {{0}}, CLI_USAGE, NULL, "from 1 to 64"},
    {"fake 1 --print", false, {{0}}, CLI_DONE, "\"version\":4,\"type\":\"addLocation\"", ""},
};

static void run_case(const struct fake_case *one)
{
    struct cli_streams streams = {.terminal = one->terminal};
    struct fake_server server;
    AUTO(arena_release) struct arena *arena = arena_new();
    const char *words = one->words, *url = strstr(words, "URL");
    size_t count = 0;

    while (count < ARRAY_COUNT(one->answers) && one->answers[count].wanted != NULL)
        count++;
    fake_start(&server, one->answers, count);
    if (url != NULL)
        words = arena_copy_text(
            arena, arena_printf(arena, "%.*s%s%s", (int)(url - words), words, server.url, url + 3));

    AUTO(cli_run_free) struct cli_run run = run_cli(&streams, words);

    fake_stop(&server);
    if (one->out != NULL)
        assert_contains(run.out, one->out);
    else
        assert_string_equal(run.out, "");
    assert_contains(run.err, one->err);
    if (one->err[0] == '\0')
        assert_string_equal(run.err, "");
    assert_int_equal(run.exit_status, one->exit_status);
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        print_message("  dynlog %s\n", cases[i].words);
        run_case(&cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
