/* Tests of base/terminal.c: columns, lines that are broken, colour. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/terminal.h"

#include <locale.h>
#include <stdlib.h>

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(terminal_columns(BYTES("")), 0);
    assert_int_equal(terminal_columns(BYTES("abc")), 3);
    assert_int_equal(terminal_columns(BYTES("\xC3\xA9")), 1);     /* é */
    assert_int_equal(terminal_columns(BYTES("e\xCC\x81")), 1);    /* e, and its accent */
    assert_int_equal(terminal_columns(BYTES("\xE6\x97\xA5")), 2); /* a wide character */
    assert_int_equal(terminal_columns(BYTES("a\033\xFF"
                                            "b")),
                     4); /* what is not safe is one */
    assert_int_equal(terminal_columns(BYTES("a\xE2\x80\xAE"
                                            "b")),
                     3); /* from here to the left */
}

static void test_foreign(void **state)
{
#define X TERMINAL_UNSAFE
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"plain \xC3\xA9", "plain \xC3\xA9"},
        {"a\tb\nc", "a\tb\nc"},
        {"\033[31mred\033[0m", "\033[31mred\033[0m\033[0m"},
        {"\033[1;38:5:196mx", "\033[1;38:5:196mx\033[0m"}, /* ends, whatever the text forgot */
        {"\033[2J", X "[2J"},
        {"\033[31", X "[31"},
        {"\033[31;", X "[31;"},
        {"\033[?25l", X "[?25l"},
        {"\033]0;title\007", X "]0;title" X},
        {"\033]8;;http://evil.example\033\\x", X "]8;;http://evil.example" X "\\x"},
        {"\r\b\177", X X X},
        {"\xC2\x9B"
         "31m",
         X "31m"},           /* CSI as one character of Unicode */
        {"\x9B", X},         /* and as a byte */
        {"\xE2\x80\xAE", X}, /* the direction */
        {"\xE2\x81\xA6x\xE2\x81\xA9", X "x" X},
        {"\xFF\xC3", X X},
    };
#undef X

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1000);

        terminal_append_foreign(&out, bytes_of_text(cases[i].text));
        buffer_append_byte(&out, '\0');
        assert_string_equal((const char *)out.ptr, cases[i].shown);
    }
}

static void test_wrap(void **state)
{
    static const struct {
        const char *text;
        size_t at, indent, width;
        const char *lines;
    } cases[] = {
        {"", 0, 0, 80, "\n"},
        {"one two three", 0, 0, 80, "one two three\n"},
        {"one two three", 0, 0, 7, "one two\nthree\n"},
        {"one two three", 0, 2, 7, "one two\n  three\n"},
        {"one two three", 4, 0, 8, "one\ntwo\nthree\n"},
        {"one twotwotwotwo", 0, 0, 5, "one\ntwotwotwotwo\n"}, /* a word is not cut */
        {"one  two", 0, 0, 80, "one  two\n"},
        {"one two", 0, 0, SIZE_MAX, "one two\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1000);

        terminal_wrap(&out, bytes_of_text(cases[i].text), cases[i].at, cases[i].indent,
                      cases[i].width);
        buffer_append_byte(&out, '\0');
        assert_string_equal((const char *)out.ptr, cases[i].lines);
    }
}

static void test_colour(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_false(terminal_has_no_colour());
    setenv("NO_COLOR", "", 1);
    assert_false(terminal_has_no_colour());
    setenv("NO_COLOR", "1", 1);
    assert_true(terminal_has_no_colour());
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_true(terminal_has_no_colour());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_colour),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
