/* Tests of cli/cli.c and of the commands that ask: help, wrong lines, and what is printed of
 * answers. */
#include "cli_test.h"

struct line_case {
    const char *words;
    struct cli_streams streams;
    struct fake_answer answers[8];
    int exit_status;
    const char *out[4], *err; /* parts; err "" means nothing */
};

#define STATUS(position_)                                                                          \
    "{\"version\":\"0.1.0\",\"data\":\".dynlog\",\"stage\":\"local\",\"pid\":0,\"uptimeMs\":"      \
    "61000,"                                                                                       \
    "\"ports\":{\"api\":8000,\"events\":4010,\"lambda\":3002},\"position\":" #position_            \
    ",\"tables\":[{\"name\":\"local-core\",\"items\":1234,\"bytes\":5678,\"stream\":false}],"      \
    "\"functions\":[\"a\",\"b\"],\"invocations\":{\"running\":1,\"retrying\":2,\"total\":3},"      \
    "\"archive\":{\"path\":\"db\",\"behind\":true},\"idle\":false}"
#define LINE(position_, version_)                                                                  \
    "{\"position\":" #position_ ",\"log\":\"users\",\"key\":{\"pk\":"                              \
    "\"users#12#stream\",\"sk\":" #version_ "},\"type\":\"t\",\"payload\":{}}\n"
#define EVENT(position_, version_)                                                                 \
    "{\"position\":" #position_ ",\"log\":\"users\",\"id\":\"12\",\"version\":" #version_          \
    ",\"type\":\"t\",\"payload\":{}}\n"
#define ITEM(n)                                                                                    \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"" #n "\"},\"log\":{\"S\":\"users\"},"     \
    "\"type\":{\"S\":\"t\"},\"payload\":{\"M\":{}}}"
#define FORGOTTEN_ITEM                                                                             \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"},\"log\":{\"S\":\"users\"},"          \
    "\"type\":{\"S\":\"t\"},\"payload\":{\"M\":{}},\"forgotten\":{\"BOOL\":true}}"
#define FORGOTTEN_LINE(position_, version_)                                                        \
    "{\"position\":" #position_ ",\"log\":\"users\",\"key\":{\"pk\":"                              \
    "\"users#12#stream\",\"sk\":" #version_                                                        \
    "},\"type\":\"t\",\"payload\":{},\"forgotten\":true}\n"
#define KEY "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"2\"}}"
#define READ(n)                                                                                    \
    "{\"log\":\"users\",\"id\":\"12\",\"version\":" #n ",\"type\":\"t\",\"payload\":{}}\n"

static const struct line_case cases[] = {
    /* help */
    {"help", {0}, {{0}}, CLI_DONE, {"Usage: dynlog COMMAND", "append  "}, ""},
    {"--help", {0}, {{0}}, CLI_DONE, {"Usage: dynlog COMMAND"}, ""},
    {"-h", {0}, {{0}}, CLI_DONE, {"Usage: dynlog COMMAND"}, ""},
    {"help append",
     {0},
     {{0}},
     CLI_DONE,
     {"Usage: dynlog append [LOG] [ID] [TYPE] [JSON] [options]"},
     ""},
    {"append --help", {0}, {{0}}, CLI_DONE, {"Usage: dynlog append", "Example"}, ""},
    {"help nothing", {0}, {{0}}, CLI_USAGE, {0}, "There is no command \"nothing\"."},
    {"help a b", {0}, {{0}}, CLI_USAGE, {0}, "\"b\" is one argument too many."},
    {"version", {0}, {{0}}, CLI_DONE, {"dynlog " DYNLOG_VERSION "\n"}, ""},
    {"--version", {0}, {{0}}, CLI_DONE, {"dynlog " DYNLOG_VERSION "\n"}, ""},
    {"version x", {0}, {{0}}, CLI_USAGE, {0}, "this command takes none."},
    {"help", {.terminal = true, .colour = true}, {{0}}, CLI_DONE, {"\033[1mappend\033[0m"}, ""},
    /* wrong lines */
    {"apend", {0}, {{0}}, CLI_USAGE, {0}, "There is no command \"apend\". Did you mean append?"},
    {"--json read", {0}, {{0}}, CLI_USAGE, {0}, "The command comes first"},
    {"read users", {0}, {{0}}, CLI_USAGE, {0}, "dynlog read: ID is missing"},
    {"read users 12 --from 3 --to 2", {0}, {{0}}, CLI_USAGE, {0}, "--from 3 is above --to 2."},
    {"read users 12 --limit 0", {0}, {{0}}, CLI_USAGE, {0}, "--limit needs a whole number from 1"},
    {"status x", {0}, {{0}}, CLI_USAGE, {0}, "takes none"},
    {"start --threads 65", {0}, {{0}}, CLI_USAGE, {0}, "from 1 to 64"},
    {"start --port 65536", {0}, {{0}}, CLI_USAGE, {0}, "from 0 to 65535"},
    {"start --private a#b", {0}, {{0}}, CLI_USAGE, {0}, "--private needs the name of a log"},
    {"start --memory --data x", {0}, {{0}}, CLI_USAGE, {0}, "choose one"},
    {"tail --region eu-north-1 --profile x", {0}, {{0}}, CLI_USAGE, {0}, "no profile \"x\""},

    /* private: which logs there are, and one more */
    {"private --endpoint URL",
     {0},
     {{"GET", 200, STATUS(7)},
      {"GET /_dynlog/private", 200,
       "{\"logs\":[{\"log\":\"people\",\"declaredAt\":1785000000.123}]}"}},
     CLI_DONE,
     {"{\"log\":\"people\",\"private\":true,\"since\":\"2026-07-25T17:20:00.123Z\"}\n"},
     ""},
    {"private --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(7)},
      {"GET /_dynlog/private", 200,
       "{\"logs\":[{\"log\":\"people\",\"declaredAt\":1785000000.123}]}"}},
     CLI_DONE,
     {"LOG     SINCE (UTC)\npeople  2026-07-25 17:20:00\n"},
     ""},
    {"private --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(7)}, {"GET /_dynlog/private", 200, "{\"logs\":[]}"}},
     CLI_DONE,
     {0},
     "No log is private"},
    {"private people --endpoint URL",
     {0},
     {{"GET", 200, STATUS(7)}, {"POST /_dynlog/private?log=people ", 200, "{}"}},
     CLI_DONE,
     {"{\"log\":\"people\",\"private\":true}\n"},
     ""},

    /* read: pages, in JSON lines and as a table */
    {"read users 12 --endpoint URL",
     {0},
     {{"\":from\":{\"N\":\"0\"},\":to\":{\"N\":\"9223372036854775807\"}", 200,
       "{\"Items\":[" ITEM(1) "," ITEM(2) "],\"LastEvaluatedKey\":" KEY "}"},
      {"\":from\":{\"N\":\"3\"}", 200, "{\"Items\":[" ITEM(3) "]}"}},
     CLI_DONE,
     {READ(1) READ(2) READ(3)},
     ""},
    {"read users 12 --endpoint URL",
     {.terminal = true},
     {{"\"ScanIndexForward\":true", 200, "{\"Items\":[" ITEM(1) "]}"}},
     CLI_DONE,
     {"VERSION  TYPE  PAYLOAD\n      1  t     {}\n"},
     ""},
    {"read users 12 --endpoint URL",
     {.terminal = true},
     {{"Query", 200, "{\"Items\":[" FORGOTTEN_ITEM "]}"}},
     CLI_DONE,
     {"VERSION  TYPE  PAYLOAD\n      1  t     (forgotten)\n"},
     ""},
    {"read users 12 --endpoint URL",
     {0},
     {{"Query", 200, "{\"Items\":[" FORGOTTEN_ITEM "]}"}},
     CLI_DONE,
     {"\"type\":\"t\",\"payload\":{},\"forgotten\":true}\n"},
     ""},
    {"read users 12 --backward --limit 2 --from 1 --to 7 --endpoint URL",
     {0},
     {{"\"ScanIndexForward\":false,\"ConsistentRead\":true,\"Limit\":2", 200,
       "{\"Items\":[" ITEM(3) "," ITEM(2) "],\"LastEvaluatedKey\":" KEY "}"}},
     CLI_DONE,
     {READ(3) READ(2)},
     ""},
    {"read users 99 --endpoint URL",
     {.terminal = true},
     {{"Query", 200, "{\"Items\":[]}"}},
     CLI_DONE,
     {0},
     "users/99 has no events."},
    {"read users 99 --endpoint URL", {0}, {{"Query", 200, "{\"Items\":[]}"}}, CLI_DONE, {0}, ""},
    {"read users 99 --endpoint URL",
     {0},
     {{"Query", 200, "{\"Items\":[{\"sk\":{\"N\":\"x\"}}]}"}},
     CLI_FAILED,
     {0},
     "something that is no item"},

    /* status */
    {"status --endpoint URL",
     {0},
     {{"GET /_dynlog/status ", 200, STATUS(7)}},
     CLI_DONE,
     {STATUS(7) "\n"},
     ""},
    {"status --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(1234)}},
     CLI_DONE,
     {"up for 1 min 1 s", "  data      .dynlog, position 1,234\n",
      "  local-core  1,234  5.7 kB  no\n",
      "  in flight 1 invocation running, 2 waiting for their next try, the archive\n"},
     ""},
    {"status --endpoint URL", {0}, {{"GET", 404, "<html>"}}, CLI_FAILED, {0}, "is no dynlog"},
    {"status --endpoint URL", {0}, {{"GET", 200, "{}"}}, CLI_FAILED, {0}, "is no dynlog"},
    {"status --endpoint URL",
     {0},
     {{"GET", 403, "{\"__type\":\"InvalidSignatureException\",\"message\":\"no\"}"}},
     CLI_FAILED,
     {0},
     "InvalidSignatureException: no (Keys are"},
    {"status --endpoint http://127.0.0.1:1",
     {0},
     {{0}},
     CLI_UNREACHABLE,
     {0},
     "Nothing answers at http://127.0.0.1:1. Start dynlog"},
    {"stop --endpoint http://127.0.0.1:1", {0}, {{0}}, CLI_UNREACHABLE, {0}, "nothing to stop"},

    /* drain */
    {"drain --endpoint URL",
     {0},
     {{"GET", 200, STATUS(7)}, {"POST /_dynlog/drain ", 200, "{\"drained\":true}"}},
     CLI_DONE,
     {"{\"drained\":true,\"waitedMs\":"},
     ""},
    {"drain --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(7)}, {"POST", 200, "{}"}},
     CLI_DONE,
     {"Drained: no record"},
     "Waiting: 1 invocation running, 2 waiting for their next try"},

    /* stop: it is gone when another process answers, or none */
    {"stop --endpoint URL",
     {0},
     {{"GET /_dynlog/status", 200, "{\"version\":\"1\",\"position\":1,\"pid\":4194304}"},
      {"POST /_dynlog/stop ", 202, "{}"},
      {"GET /_dynlog/status", 200, "{\"version\":\"1\",\"position\":1,\"pid\":4194304}"},
      {"GET /_dynlog/status", 200, STATUS(1)}},
     CLI_DONE,
     {"{\"stopped\":true,\"pid\":4194304,\"tookMs\":"},
     ""},
    {"stop --endpoint URL",
     {0},
     {{"GET", 200, STATUS(1)}, {"POST", 403, "{\"__type\":\"AccessDeniedException\"}"}},
     CLI_FAILED,
     {0},
     "answers AccessDeniedException"},

    /* tail: nothing comes twice, a broken connection is made again behind the last event */
    {"tail --count 2 --log u --type t --endpoint URL",
     {0},
     {{"GET", 200, STATUS(7)},
      {"GET /_dynlog/log?from=7&log=u&table=local-dynamodb-logs&type=t ", 200,
       LINE(7, 1) LINE(9, 2) "\n" LINE(12, 3)}},
     CLI_DONE,
     {EVENT(9, 2) EVENT(12, 3)},
     ""},
    {"tail --count 3 --from 0 --table x --endpoint URL",
     {0},
     {{"GET", 200, STATUS(7)},
      {"/_dynlog/log?from=0&table=x ", 200, LINE(3, 1) LINE(5, 2)},
      {"GET /_dynlog/status", 200, STATUS(9)},
      {"/_dynlog/log?from=5&table=x ", 200, LINE(5, 2) LINE(9, 3)}},
     CLI_DONE,
     {EVENT(3, 1) EVENT(5, 2) EVENT(9, 3)},
     ""},
    {"tail --count 2 --from 20 --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(21)},
      {"/_dynlog/log?from=20&table=local-dynamodb-logs ", 200, LINE(21, 1)},
      {"GET /_dynlog/status", 200, STATUS(1)},
      {"/_dynlog/log?from=0&table=local-dynamodb-logs ", 200, LINE(1, 1)}},
     CLI_DONE,
     {"users/12                   1  t                  {}\n"},
     "has an empty store"},
    {"tail --count 1 --from 20 --endpoint URL",
     {.terminal = true},
     {{"GET", 200, STATUS(21)}, {"/_dynlog/log?from=20", 200, FORGOTTEN_LINE(21, 1)}},
     CLI_DONE,
     {"users/12                   1  t                  (forgotten)\n"},
     ""},
    {"tail --endpoint URL --from 3",
     {0},
     {{"GET", 200, STATUS(7)}, {"GET", 400, "{\"message\":\"no\"}"}},
     CLI_FAILED,
     {0},
     " refuses this: no."},
    {"tail --endpoint URL",
     {0},
     {{"GET", 400, "{}"}, {"DescribeTable", 200, "{\"Table\":{}}"}},
     CLI_FAILED,
     {0},
     "has no change stream"},
};

static void run_case(const struct line_case *one)
{
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

    AUTO(cli_run_free) struct cli_run run = run_cli(&one->streams, words);

    fake_stop(&server);
    for (size_t i = 0; i < ARRAY_COUNT(one->out) && one->out[i] != NULL; i++)
        assert_contains(run.out, one->out[i]);
    if (one->out[0] == NULL)
        assert_string_equal(run.out, "");
    assert_contains(run.err, one->err);
    if (one->err[0] == '\0' && !one->streams.terminal)
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

/* Every command has its help, with an example, in lines that fit. */
static void test_help(void **state)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);
    static const struct cli_streams streams = {0};

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char words[64], example[64];

        snprintf(words, sizeof words, "%s --help", all[i]->name);
        snprintf(example, sizeof example, "dynlog %s", all[i]->name);

        AUTO(cli_run_free) struct cli_run run = run_cli(&streams, words);

        assert_contains(run.out, "\nExample\n  ");
        assert_contains(strstr(run.out, "\nExample\n"), example);
        for (const char *line = run.out; *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= 80);
    }
}

static void test_nothing(void **state)
{
    char *argv[] = {(char[]){"dynlog"}, NULL}, *text = NULL;
    size_t size = 0;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct cli cli = {.arena = arena, .out = open_memstream(&text, &size), .width = 80};

    (void)state;
    cli.err = cli.out;
    assert_int_equal(cli_run(&cli, 1, argv), CLI_USAGE);
    fclose(cli.out);
    assert_contains(text, "Usage: dynlog COMMAND");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_nothing),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
