/* Tests of cli/prompt.c, prompt_line.c and prompt_plain.c: questions answered in a pseudo terminal,
 * and without one. */
#include "cli/prompt.h"

#include "terminal_test.h"

static const struct prompt_choice tables[] = {
    {"local-core", "2 items"},
    {"local-dynamodb-logs", "4,000 items"},
    {"other", NULL},
};

static void assert_selects(const char *keys, enum prompt_end expected, size_t at)
{
    const struct terminal_step steps[] = {{"Esc goes back", keys}};
    struct terminal terminal;
    size_t answer = 0;

    terminal_open(&terminal, steps, ARRAY_COUNT(steps));

    struct prompt prompt = cli_prompt(&terminal.cli);

    assert_false(prompt.plain);
    assert_int_equal(cli_prompt_select(&prompt, "Table", tables, ARRAY_COUNT(tables), &answer),
                     expected);
    if (expected == PROMPT_ANSWERED)
        assert_int_equal(answer, at);
    terminal_close(&terminal);
    if (expected == PROMPT_ANSWERED)
        assert_contains(terminal.shown, tables[at].text);
}

static void test_select(void **state)
{
    (void)state;
    assert_selects("\r", PROMPT_ANSWERED, 0);
    assert_selects("\033[B\r", PROMPT_ANSWERED, 1);
    assert_selects("\033[A\r", PROMPT_ANSWERED, 2);
    assert_selects("\033[F\033[A\r", PROMPT_ANSWERED, 1);
    assert_selects("LOGS\r", PROMPT_ANSWERED, 1);
    assert_selects("x\r\x7F\033[6~\r", PROMPT_ANSWERED, 2); /* nothing matched: Enter waits */
    assert_selects("\033", PROMPT_BACK, 0);
    assert_selects("\x03", PROMPT_QUIT, 0);
    assert_selects("\x04", PROMPT_QUIT, 0);
}

static void assert_line(const char *initial, const char *keys, enum prompt_end expected,
                        const char *text)
{
    static const char *const suggestions[] = {"users#12#stream", "users#17#stream", "orders#1"};
    const struct terminal_step steps[] = {{"a help", keys}};
    struct prompt_line line = {"a help", initial, suggestions, ARRAY_COUNT(suggestions)};
    struct terminal terminal;
    const char *answer = NULL;

    terminal_open(&terminal, steps, ARRAY_COUNT(steps));

    struct prompt prompt = cli_prompt(&terminal.cli);

    assert_int_equal(cli_prompt_line(&prompt, "pk", &line, &answer), expected);
    if (expected == PROMPT_ANSWERED)
        assert_string_equal(answer, text);
    terminal_close(&terminal);
}

static void test_line(void **state)
{
    (void)state;
    assert_line(NULL, "abc\r", PROMPT_ANSWERED, "abc");
    assert_line(NULL, "\r", PROMPT_ANSWERED, "");
    assert_line("abc",
                "\x7F"
                "d\r",
                PROMPT_ANSWERED, "abd");
    assert_line("abc", "\033[D\033[DX\033[3~\r", PROMPT_ANSWERED, "aXc");
    assert_line("one two",
                "\x17"
                "2\x01<\x05>\r",
                PROMPT_ANSWERED, "<one 2>");
    assert_line("abc",
                "\x15"
                "d\r",
                PROMPT_ANSWERED, "d");
    assert_line("abc",
                "\033[H\x0B"
                "e\r",
                PROMPT_ANSWERED, "e");
    assert_line(NULL, "\xC3\xA5\xC3\xA4\x7F!\r", PROMPT_ANSWERED, "\xC3\xA5!");
    assert_line(NULL, "us\t7\r", PROMPT_ANSWERED, "users#17");
    assert_line(NULL, "us\t\t\r", PROMPT_ANSWERED, "users#12#stream");
    assert_line(NULL, "\033[B\033[B\r", PROMPT_ANSWERED, "users#17#stream");
    assert_line(NULL, "ord\033[B\033[B\r", PROMPT_ANSWERED, "ord");
    assert_line(NULL, "ord\033[A\r", PROMPT_ANSWERED, "orders#1");
    assert_line(NULL,
                "a\x04"
                "b\r",
                PROMPT_ANSWERED, "ab");
    assert_line(NULL, "a\033", PROMPT_BACK, NULL);
    assert_line(NULL, "a\x03", PROMPT_QUIT, NULL);
    assert_line(NULL, "\x04", PROMPT_QUIT, NULL);
}

/* Longer than the terminal is wide, and longer than a line may be. */
static void test_long_lines(void **state)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(1 << 20);
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

    (void)state;
    for (size_t i = 0; i < 200; i++)
        buffer_append_text(&text, "\xC3\xA5");
    buffer_append(&keys, buffer_bytes(&text));
    buffer_append_byte(&keys, '\r');
    buffer_append_byte(&keys, 0);
    buffer_append_byte(&text, 0);
    assert_line(NULL, (const char *)keys.ptr, PROMPT_ANSWERED, (const char *)text.ptr);
}

static void test_keys_and_confirm(void **state)
{
    static const struct terminal_step steps[] = {
        {"q quit", "xN"}, {"q quit", ""}, {"really", "y"}, {"sure", "\r"}};
    static const struct prompt_key rows[] = {{'b', "back"}, {'n', "next"}, {'q', "quit"}};
    struct terminal terminal;
    char key = 0;
    bool yes = false;

    (void)state;
    terminal_open(&terminal, steps, ARRAY_COUNT(steps));

    struct prompt prompt = cli_prompt(&terminal.cli);

    assert_int_equal(cli_prompt_key(&prompt, rows, ARRAY_COUNT(rows), &key), PROMPT_ANSWERED);
    assert_int_equal(key, 'n');
    assert_int_equal(cli_prompt_confirm(&prompt, "really", &yes), PROMPT_ANSWERED);
    assert_true(yes);
    assert_int_equal(cli_prompt_confirm(&prompt, "sure", &yes), PROMPT_ANSWERED);
    assert_false(yes);
    terminal_close(&terminal);
}

static void test_plain(void **state)
{
    const char *input = "9\nlocal\n2\n<\nother\nabc\n\nx\nn\nyes\n";
    static const struct prompt_key rows[] = {{'b', "back"}, {'n', "next"}};
    AUTO(arena_release) struct arena *arena = arena_new();
    char *out = NULL, key = 0;
    size_t out_size = 0, at = 0;
    struct cli cli = {.arena = arena,
                      .in = fmemopen((void *)(uintptr_t)input, strlen(input), "r"),
                      .out = open_memstream(&out, &out_size),
                      .width = 80};
    struct prompt prompt = cli_prompt(&cli);
    struct prompt_line line = {.initial = "first"};
    const char *text = NULL;
    bool yes = false;

    (void)state;
    assert_true(prompt.plain);
    assert_int_equal(cli_prompt_select(&prompt, "Table", tables, 3, &at), PROMPT_ANSWERED);
    assert_int_equal(at, 1);
    assert_int_equal(cli_prompt_select(&prompt, "Table", tables, 3, &at), PROMPT_BACK);
    assert_int_equal(cli_prompt_select(&prompt, "Table", tables, 3, &at), PROMPT_ANSWERED);
    assert_int_equal(at, 2);
    assert_int_equal(cli_prompt_line(&prompt, "pk", &line, &text), PROMPT_ANSWERED);
    assert_string_equal(text, "abc");
    assert_int_equal(cli_prompt_line(&prompt, "pk", &line, &text), PROMPT_ANSWERED);
    assert_string_equal(text, "first");
    assert_int_equal(cli_prompt_key(&prompt, rows, 2, &key), PROMPT_ANSWERED);
    assert_int_equal(key, 'n');
    assert_int_equal(cli_prompt_confirm(&prompt, "really", &yes), PROMPT_ANSWERED);
    assert_true(yes);
    assert_int_equal(cli_prompt_select(&prompt, "Table", tables, 3, &at), PROMPT_QUIT);
    fclose(cli.in);
    fclose(cli.out);
    assert_contains(out, "   2  local-dynamodb-logs  4,000 items");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),     cmocka_unit_test(test_line),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_keys_and_confirm),
        cmocka_unit_test(test_plain),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/prompt", tests, NULL, NULL);
}
