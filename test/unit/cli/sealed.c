/* Tests of cli/sealed.c and of the commands that open what is sealed: archive show, export and
 * import, and replay --from db; a script answers as the dynlog that has the keys. */
#include "cli/sealed.h"

#include "base/file.h"
#include "cli/archive_reader.h"
#include "cli_test.h"

#define SEAL "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* by its form */
#define EVENT(number_, log_, rest_)                                                                \
    "{\"id\":\"e" #number_ "\",\"detail-type\":\"stream changes\",\"source\":\"dynamodb-log\","    \
    "\"time\":\"2026-01-31T09:30:0" #number_ "Z\",\"detail\":{\"log\":\"" log_                     \
    "\",\"key\":{\"pk\":\"" log_ "#12#stream\",\"sk\":" #number_ "},\"type\":\"t\"," rest_ "}}"
#define SEALED(number_) EVENT(number_, "people", "\"payload\":{\"sealed\":\"" SEAL "\"}")
#define OWN EVENT(3, "plain", "\"payload\":{\"sealed\":\"" SEAL "\"}")
#define PLAIN EVENT(4, "plain", "\"payload\":{\"sealed\":\"by the notary\"}")
#define OPENED(number_) EVENT(number_, "people", "\"payload\":{\"name\":\"ada\"}")
#define FORGOTTEN(number_) EVENT(number_, "people", "\"payload\":{},\"forgotten\":true")

#define ASKED                                                                                      \
    "[{\"pk\":\"people#12#stream\",\"sk\":1,\"sealed\":\"" SEAL                                    \
    "\"},{\"pk\":\"people#12#stream\",\"sk\":2,\"sealed\":\"" SEAL                                 \
    "\"},{\"pk\":\"plain#12#stream\",\"sk\":3,\"sealed\":\"" SEAL "\"}]"
#define ANSWER "[{\"payload\":{\"name\":\"ada\"}},{\"forgotten\":true},{\"sealed\":false}]"
#define STATUS "{\"version\":\"0.1.0\",\"position\":1}"
#define TABLE_IS_ACTIVE                                                                            \
    {                                                                                              \
        "DescribeTable", 200,                                                                      \
            "{\"Table\":{\"TableStatus\":\"ACTIVE\",\"KeySchema\":[{\"AttributeName\":\"pk\","     \
            "\"KeyType\":\"HASH\"},{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],"             \
            "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},{"       \
            "\"AttributeName\":\"sk\",\"AttributeType\":\"N\"}]}}"                                 \
    }

/* ---- what an event looks like ---- */

static void test_looks(void **state)
{
    static const struct {
        const char *text;
        enum sealed_state state;
        bool forgotten;
    } cases[] = {
        {SEALED(1), SEALED_SHUT, false},
        {OWN, SEALED_SHUT, false}, /* who can tell? the dynlog */
        {PLAIN, SEALED_NOT, false},
        {OPENED(1), SEALED_NOT, false},
        {FORGOTTEN(1), SEALED_NOT, true},
        {EVENT(1, "u", "\"payload\":{\"a\":1},\"forgotten\":true"), SEALED_NOT, false},
        {EVENT(1, "u", "\"payload\":{\"forgotten\":true}"), SEALED_NOT, false},
        {EVENT(1, "u", "\"payload\":{\"sealed\":\"" SEAL "\",\"a\":1}"), SEALED_NOT, false},
        {"{\"a\":[{\"pk\":\"a#1#stream\",\"sk\":1,\"payload\":{\"sealed\" : \"" SEAL "\"}}]}",
         SEALED_SHUT, false},
        {EVENT(1, "u", "\"payload\":{\"in\":{\"sealed\":\"" SEAL "\"}}"), SEALED_NOT, false},
        {EVENT(1, "u", "\"payload\":\"sealed\""), SEALED_NOT, false},
        {"{\"detail\":{\"payload\":{\"sealed\":\"" SEAL "\"}}}", SEALED_NOT, false}, /* no key */
        {"{\"detail\":{\"key\":{\"pk\":\"a\",\"sk\":\"1\"},\"payload\":{\"sealed\":\"" SEAL "\"}}}",
         SEALED_NOT, false},
        {"\"sealed\"", SEALED_NOT, false},
        {"{\"sealed\"", SEALED_NOT, false},
        {"", SEALED_NOT, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct sealed_event event = {.text = bytes_of_text(cases[i].text)};

        cli_sealed_look(&event);
        if (event.state != cases[i].state || event.forgotten != cases[i].forgotten)
            fail_msg("%s: %d", cases[i].text, event.state);
    }
}

/* ---- commands ---- */

static char folder[64];

/* FILE is the archive, OTHER another one, URL the script's address, LINES a file. */
static struct cli_run command(bool terminal, const char *url, const char *words)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct cli_streams streams = {.terminal = terminal};
    struct bytes rest = bytes_of_text(words);

    while (rest.size > 0) {
        size_t blank = size_min(bytes_find_byte(rest, ' ', 0), rest.size);
        struct bytes word = bytes_slice(rest, 0, blank);

        if (bytes_equal_text(word, "FILE"))
            buffer_printf(&out, "%s/db", folder);
        else if (bytes_equal_text(word, "OTHER"))
            buffer_printf(&out, "%s/other", folder);
        else if (bytes_equal_text(word, "LINES"))
            buffer_printf(&out, "%s/lines", folder);
        else if (bytes_equal_text(word, "URL"))
            buffer_append_text(&out, url);
        else
            buffer_append(&out, word);
        rest = bytes_slice(rest, blank + 1, rest.size);
        buffer_append_byte(&out, rest.size > 0 ? ' ' : '\0');
    }
    return run_cli(&streams, (const char *)out.ptr);
}

static void expect(struct cli_run *run, int exit_status, const char *out, const char *err)
{
    if (run->exit_status != exit_status)
        fail_msg("exit status %d: %s%s", run->exit_status, run->out, run->err);
    if (out != NULL)
        assert_contains(run->out, out);
    assert_contains(run->err, err);
    cli_run_free(run);
}

static void import(const char *lines)
{
    char path[96];
    FILE *file = NULL;

    snprintf(folder, sizeof folder, "/tmp/dynlog-sealed-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lines", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(lines, file);
    fclose(file);

    struct cli_run run = command(false, "", "archive import LINES --archive FILE");

    expect(&run, CLI_DONE, "\"imported\":", "");
}

static void end(void)
{
    assert_int_equal(file_remove_folder(folder), OK);
}

#define ALL SEALED(1) "\n" SEALED(2) "\n" OWN "\n" PLAIN "\n"
#define ALL_OPENED OPENED(1) "\n" FORGOTTEN(2) "\n" OWN "\n" PLAIN "\n"

static void run_with(const struct fake_answer *answers, size_t count, bool terminal,
                     const char *words, int exit_status, const char *out, const char *err)
{
    struct fake_server server;
    struct cli_run run = {0};

    fake_start(&server, answers, count);
    run = command(terminal, server.url, words);
    fake_stop(&server);
    expect(&run, exit_status, out, err);
}

static void test_sealed_as_they_are(void **state)
{
    struct cli_run run = {0};

    (void)state;
    import(ALL);
    run = command(true, "", "archive show --archive FILE");
    assert_contains(run.out, "people/12        1  t     (sealed)\n");
    assert_contains(run.out, "plain/12         3  t     (sealed)\n");
    assert_contains(run.out, "plain/12         4  t     {\"sealed\":\"by the notary\"}\n");
    expect(&run, CLI_DONE, NULL, "--open asks the dynlog");
    run = command(false, "", "archive show --archive FILE");
    assert_string_equal(run.out, ALL);
    expect(&run, CLI_DONE, NULL, "");
    run = command(false, "", "archive export --archive FILE");
    assert_string_equal(run.out, ALL);
    expect(&run, CLI_DONE, NULL, "");
    run = command(false, "", "archive show --endpoint http://x --archive FILE");
    expect(&run, CLI_USAGE, NULL, "they need --open");
    run = command(false, "", "archive import LINES --open --archive FILE");
    expect(&run, CLI_USAGE, NULL, "archive import takes no --open");
    end();
}

static void test_opened(void **state)
{
    static const struct fake_answer answers[] = {{"GET /_dynlog/status", 200, STATUS},
                                                 {ASKED, 200, ANSWER}};
    static const struct fake_answer one[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"POST /_dynlog/unseal", 200, "[{\"payload\":{\"name\":\"ada\"}}]"}};
    struct cli_run run = {0};

    (void)state;
    import(ALL);
    run_with(answers, 2, true, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             "people/12        1  t     {\"name\":\"ada\"}\n", "");
    run_with(answers, 2, true, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             "people/12        2  t     (forgotten)\n", "");
    run_with(answers, 2, true, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             "plain/12         3  t     {\"sealed\":\"AQAAAAAA", "");
    run_with(answers, 2, false, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             ALL_OPENED, "");
    run_with(one, 2, false, "archive show e1 --open --archive FILE --endpoint URL", CLI_DONE,
             OPENED(1) "\n", "");
    run_with(answers, 2, false, "archive export LINES --open --archive FILE --endpoint URL",
             CLI_DONE, NULL, "");
    /* what was opened is imported as any other */
    run = command(false, "", "archive import LINES --archive OTHER");
    expect(&run, CLI_DONE, "\"imported\":4", "");
    run = command(false, "", "archive import LINES --archive FILE");
    expect(&run, CLI_DONE, "\"imported\":0,\"known\":4", "");
    end();
}

/* Events within an event, and all that stands around them, byte for byte. */
#define WITHIN(one_, two_)                                                                         \
    "{\"id\":\"e1\",\"detail-type\":\"d\",\"source\":\"s\",\"time\":\"2026-01-31T09:30:00Z\","     \
    "\"detail\":"                                                                                  \
    "{ \"n\": 1.50, \"of\": [{\"key\":{\"pk\":\"a#1#stream\",\"sk\":1},\"payload\":" one_          \
    ", \"x\": 1}, {\"pk\":\"a#1#stream\",\"sk\":2.0,\"payload\":" two_ "}]}}"

static void test_within(void **state)
{
    static const struct fake_answer answers[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"[{\"pk\":\"a#1#stream\",\"sk\":1,\"sealed\":\"" SEAL
         "\"},{\"pk\":\"a#1#stream\",\"sk\":2,\"sealed\":\"" SEAL "\"}]",
         200, "[{\"forgotten\":true},{\"payload\":[1]}]"}};

    (void)state;
    import(WITHIN("{\"sealed\":\"" SEAL "\"}", "{\"sealed\":\"" SEAL "\"}") "\n");
    run_with(answers, 2, false, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             WITHIN("{},\"forgotten\":true", "[1]") "\n", "");
    end();
}

/* More than are read together: each of them is asked about, in its place. */
#define MANY (2 * ARCHIVE_READER_EVENTS_MAX + 1)

static const char *answer_of(struct arena *arena, size_t from, size_t count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1024 * 1024);

    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s{\"payload\":%zu}", i > 0 ? "," : "[", from + i);
    buffer_append_byte(&out, ']');
    return arena_copy_text(arena, buffer_bytes(&out));
}

static void append_event(struct buffer *out, size_t number, const char *payload)
{
    buffer_printf(out,
                  "{\"id\":\"e%zu\",\"detail-type\":\"d\",\"source\":\"s\","
                  "\"time\":\"2026-01-31T09:30:00Z\",\"detail\":{\"key\":{\"pk\":"
                  "\"people#12#stream\",\"sk\":%zu},\"payload\":%s}}\n",
                  number, number, payload);
}

static void test_many(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer lines = BUFFER_INIT((size_t)1024 * 1024);
    AUTO(buffer_free) struct buffer opened = BUFFER_INIT((size_t)1024 * 1024);
    const size_t each = ARCHIVE_READER_EVENTS_MAX;
    const struct fake_answer answers[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"POST", 200, answer_of(arena, 0, each)},
        {"POST", 200, answer_of(arena, each, each)},
        {"\"sk\":256,\"sealed\":", 200, answer_of(arena, 2 * each, 1)},
    };

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        char number[32];

        snprintf(number, sizeof number, "%zu", i);
        append_event(&lines, i, "{\"sealed\":\"" SEAL "\"}");
        append_event(&opened, i, number);
    }
    buffer_append_byte(&lines, '\0');
    buffer_append_byte(&opened, '\0');
    import((const char *)lines.ptr);
    run_with(answers, 4, false, "archive show --open --archive FILE --endpoint URL", CLI_DONE,
             (const char *)opened.ptr, "");
    end();
}

/* What was forgotten shows itself without anybody being asked. */
static void test_forgotten(void **state)
{
    struct cli_run run = {0};

    (void)state;
    import(FORGOTTEN(1) "\n");
    run = command(true, "", "archive show --archive FILE");
    expect(&run, CLI_DONE, "people/12        1  t     (forgotten)\n", "");
    run = command(false, "", "archive show --archive FILE");
    expect(&run, CLI_DONE, "\"payload\":{},\"forgotten\":true}}\n", "");
    end();
}

static void test_not_opened(void **state)
{
    static const struct fake_answer refused[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"POST", 200, "[{\"refused\":true,\"message\":\"it was not sealed here\"}]"}};
    static const struct fake_answer no_dynlog[] = {{"GET /_dynlog/status", 400, "{}"}};
    static const struct fake_answer wrong[] = {{"GET /_dynlog/status", 200, STATUS},
                                               {"POST", 200, "[]"}};

    (void)state;
    import(SEALED(1) "\n");
    run_with(refused, 2, true, "archive show --open --archive FILE --endpoint URL", CLI_FAILED,
             "(sealed)", "1 of the events could not be opened");
    run_with(refused, 2, false, "archive show --open --archive FILE --endpoint URL", CLI_FAILED,
             SEALED(1) "\n", "can't open it: it was not sealed here. Name the dynlog that stored");
    run_with(refused, 2, false, "archive export --open --archive FILE --endpoint URL", CLI_FAILED,
             "", "it was not sealed here");
    run_with(no_dynlog, 1, false, "archive export --open --archive FILE --endpoint URL", CLI_FAILED,
             "", "is no dynlog");
    run_with(wrong, 2, false, "archive export --open --archive FILE --endpoint URL", CLI_FAILED, "",
             "answers with HTTP status 200");
    end();
}

/* ---- replays ---- */

#define ITEM(number_, rest_)                                                                       \
    "{\"pk\":{\"S\":\"people#12#stream\"},\"sk\":{\"N\":\"" #number_                               \
    "\"},\"type\":{\"S\":\"t\"},\"log\":{\"S\":\"people\"}," rest_ "}"
#define FORGOTTEN_ITEM(number_)                                                                    \
    ITEM(number_, "\"payload\":{\"M\":{}},\"forgotten\":{\"BOOL\":true}")

static void test_replays(void **state)
{
    static const struct fake_answer dry[] = {
        {"GET /_dynlog/status", 200, STATUS}, TABLE_IS_ACTIVE, {ASKED, 200, ANSWER}};
    /* the forgotten one is there already */
    static const struct fake_answer to_table[] = {
        {"GET /_dynlog/status", 200, STATUS},
        TABLE_IS_ACTIVE,
        {"POST /_dynlog/unseal", 200, "[{\"forgotten\":true}]"},
        {FORGOTTEN_ITEM(1), 400,
         "{\"__type\":\"TransactionCanceledException\",\"CancellationReasons\":[{\"Code\":"
         "\"ConditionalCheckFailed\",\"Item\":" FORGOTTEN_ITEM(1) "}]}"}};
    static const struct fake_answer to_bus[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"DescribeEventBus", 200, "{}"},
        {"POST /_dynlog/unseal", 200, "[{\"forgotten\":true}]"},
        {"\\\"payload\\\":{},\\\"forgotten\\\":true}", 200, "{\"Entries\":[{\"EventId\":\"1\"}]}"}};
    static const struct fake_answer closed[] = {
        {"GET /_dynlog/status", 200, STATUS}, TABLE_IS_ACTIVE, {"POST", 403, "{}"}};

    (void)state;
    import(ALL);
    run_with(dry, 3, false, "replay --from db --to table --dry-run --archive FILE --endpoint URL",
             CLI_DONE,
             ITEM(1, "\"payload\":{\"M\":{\"name\":{\"S\":\"ada\"}}}") "\n" FORGOTTEN_ITEM(2) "\n",
             "");
    run_with(dry, 3, true, "replay --from db --to table --dry-run --archive FILE --endpoint URL",
             CLI_DONE, "4 events would go to the table; nothing was sent.", "");
    run_with(closed, 3, false, "replay --from db --to table --archive FILE --endpoint URL",
             CLI_FAILED, "", "403");
    end();
    import(SEALED(1) "\n");
    run_with(to_table, 4, false, "replay --from db --to table --archive FILE --endpoint URL",
             CLI_DONE, "\"skipped\":1", "");
    run_with(to_bus, 4, false, "replay --from db --to bus --archive FILE --endpoint URL", CLI_DONE,
             "\"sent\":1", "");
    end();
}

/* Where the events go is no dynlog: one is named, or they are refused, each by its name. */
static void test_replays_elsewhere(void **state)
{
    static const struct fake_answer engine[] = {{"GET /_dynlog/status", 400, "{}"},
                                                TABLE_IS_ACTIVE};
    static const struct fake_answer opener[] = {
        {"GET /_dynlog/status", 200, STATUS},
        {"POST /_dynlog/unseal", 200, "[{\"payload\":{\"name\":\"ada\"}}]"}};
    struct fake_server server, asked;
    char words[512];

    (void)state;
    import(SEALED(1) "\n");
    run_with(engine, 2, false,
             "replay --from db --to table --dry-run --archive FILE --endpoint URL", CLI_DONE, "",
             "people#12#stream version 1 would fail: its payload is sealed, which only the dynlog "
             "that stored it opens");
    run_with(engine, 2, true, "replay --from db --to table --dry-run --archive FILE --endpoint URL",
             CLI_DONE, "0 events would go to the table, 1 would fail; nothing was sent.",
             "would fail");
    run_with(engine, 2, false, "replay --from db --to table --archive FILE --endpoint URL",
             CLI_FAILED, "\"failed\":1", "Name that one with --endpoint URL");
    fake_start(&server, engine, 2);
    fake_start(&asked, opener, 2);
    snprintf(words, sizeof words,
             "replay --from db --to table --dry-run --archive FILE --endpoint %s --to-endpoint %s",
             asked.url, server.url);

    struct cli_run run = command(false, "", words);

    fake_stop(&server);
    fake_stop(&asked);
    expect(&run, CLI_DONE, ITEM(1, "\"payload\":{\"M\":{\"name\":{\"S\":\"ada\"}}}"), "");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),     cmocka_unit_test(test_sealed_as_they_are),
        cmocka_unit_test(test_opened),    cmocka_unit_test(test_within),
        cmocka_unit_test(test_many),

        cmocka_unit_test(test_forgotten), cmocka_unit_test(test_not_opened),
        cmocka_unit_test(test_replays),   cmocka_unit_test(test_replays_elsewhere),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
