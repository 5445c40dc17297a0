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
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_colour),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
