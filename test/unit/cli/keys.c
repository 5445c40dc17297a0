/* Tests of cli/keys.c: bytes as keys, a terminal that is restored. */
#include "cli/keys.h"

#include "terminal_test.h"

static void test_decode(void **state)
{
    static const struct {
        const char *bytes;
        bool ended;
        size_t size;
        enum key_kind kind;
        const char *text;
    } cases[] = {
        {"a", false, 1, KEY_TEXT, "a"},
        {"\xC3\xA5z", false, 2, KEY_TEXT, "\xC3\xA5"},
        {"\xC3", false, 0, KEY_UNKNOWN, ""},
        {"\xC3", true, 1, KEY_UNKNOWN, ""},
        {"\xFF", false, 1, KEY_UNKNOWN, ""},
        {"\xC3(", false, 1, KEY_UNKNOWN, ""},
        {"\xF0\x9F\x98\x80", false, 4, KEY_TEXT, "\xF0\x9F\x98\x80"},
        {"\r", false, 1, KEY_ENTER, ""},
        {"\n", false, 1, KEY_ENTER, ""},
        {"\t", false, 1, KEY_TAB, ""},
        {"\x7F", false, 1, KEY_BACKSPACE, ""},
        {"\x03", false, 1, KEY_CONTROL, "c"},
        {"\x1F", false, 1, KEY_UNKNOWN, ""},
        {"\033", false, 0, KEY_ESCAPE, ""},
        {"\033", true, 1, KEY_ESCAPE, ""},
        {"\033x", false, 1, KEY_ESCAPE, ""},
        {"\033[", false, 0, KEY_UNKNOWN, ""},
        {"\033[A", false, 3, KEY_UP, ""},
        {"\033OB", false, 3, KEY_DOWN, ""},
        {"\033[3~", false, 4, KEY_DELETE, ""},
        {"\033[1;5C", false, 6, KEY_UNKNOWN, ""},
        {"\033[12", true, 4, KEY_UNKNOWN, ""},
        {"\033[6~a", false, 4, KEY_PAGE_DOWN, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct key key;
        size_t size = cli_key_decode(bytes_of_text(cases[i].bytes), cases[i].ended, &key);

        if (size != cases[i].size)
            fail_msg("case %zu: %zu bytes", i, size);
        if (size == 0)
            continue;
        assert_int_equal(key.kind, cases[i].kind);
        if (key.kind == KEY_TEXT)
            assert_memory_equal(key.text, cases[i].text, key.size);
        if (key.kind == KEY_CONTROL)
            assert_int_equal(key.text[0], cases[i].text[0]);
    }
}

static void test_read(void **state)
{
    static const struct terminal_step steps[] = {{"go", "a\033[B\033"}, {"more", "\x03"}};
    static const enum key_kind expected[] = {KEY_TEXT, KEY_DOWN, KEY_ESCAPE};
    struct terminal terminal;
    struct keys keys;

    (void)state;
    terminal_open(&terminal, steps, ARRAY_COUNT(steps));
    assert_true(cli_keys_begin(&keys, &terminal.cli));
    fputs("go", terminal.cli.out);
    fflush(terminal.cli.out);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_int_equal(cli_keys_read(&keys).kind, expected[i]);
    fputs("more", terminal.cli.out);
    fflush(terminal.cli.out);
    assert_int_equal(cli_keys_read(&keys).text[0], 'c');
    cli_keys_end(&keys);
    terminal_close(&terminal);
}

/* What is typed ahead is the next question's. */
static void test_typed_ahead(void **state)
{
    static const struct terminal_step steps[] = {{"go", "\033q"}};
    struct terminal terminal;
    struct keys keys;

    (void)state;
    terminal_open(&terminal, steps, ARRAY_COUNT(steps));
    assert_true(cli_keys_begin(&keys, &terminal.cli));
    fputs("go", terminal.cli.out);
    fflush(terminal.cli.out);
    assert_int_equal(cli_keys_read(&keys).kind, KEY_ESCAPE);
    cli_keys_end(&keys);
    assert_true(cli_keys_begin(&keys, &terminal.cli));
    assert_int_equal(cli_keys_read(&keys).text[0], 'q');
    cli_keys_end(&keys);
    terminal_close(&terminal);
}

static void test_no_terminal(void **state)
{
    struct cli cli = {.in = fopen("/dev/null", "r"), .out = stdout};
    struct keys keys;

    (void)state;
    assert_false(cli_keys_begin(&keys, &cli));
    fclose(cli.in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_typed_ahead),
        cmocka_unit_test(test_no_terminal),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/keys", tests, NULL, NULL);
}
