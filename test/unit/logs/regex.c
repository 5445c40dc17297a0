/* logs/regex.c: each operator of AWS's page, what is no expression, how large one may be. */
#include "logs/logs_test.h"
#include "logs/regex.h"

static struct arena *arena;

static bool matches(const char *text, const char *message)
{
    const struct regex *regex = NULL;

    if (regex_parse(arena, bytes_of_text(text), &regex) != OK)
        fail_msg("%s: no expression", text);
    return regex_matches(regex, bytes_of_text(message));
}

static void test_operators(void **state)
{
    static const struct {
        const char *text, *message;
        bool matched;
    } rows[] = {
        {"AUTHORIZED", "[ERROR 401] UNAUTHORIZED REQUEST", true},
        {"^[hc]at", "hat", true},
        {"^[hc]at", "a hat", false},
        {"[hc]at$", "a cat", true},
        {"[hc]at$", "cats", false},
        {"^a$|^b$", "b", true},
        {"^a$|^b$", "ab", false},
        {"colou?r", "color", true},
        {"colou?r", "colouur", false},
        {"[abcx-z]", "y", true},
        {"^[abcx-z]$", "w", false},
        {"^a{3,5}$", "aa", false},
        {"^a{3,5}$", "aaaa", true},
        {"^a{3,5}$", "aaaaaa", false},
        {"^a{3, 5}$", "aaaaa", true},
        {"^a{2}$", "aaa", false},
        {"^a{,2}$", "", true},
        {"^a{,2}$", "aaa", false},
        {"^a{2,}$", "aaaaaaa", true},
        {"^a{2,}$", "a", false},
        {"^starting|^initializing|^shutting down", "shutting down now", true},
        {"^starting|^initializing|^shutting down", "skipping initializing", false},
        {"abcc|ab[^c]$", "aba", true},
        {"abcc|ab[^c]$", "aac", false},
        {"\\[.\\]", "x [7] y", true},
        {"\\[.\\]", "x [77] y", false},
        {"10\\.10\\.0\\.1", "10.10.0.1", true},
        {"10\\.10\\.0\\.1", "10010,051", false},
        {"10.10.0.1", "10010,051", true},
        {"^ab*c$", "ac", true},
        {"^ab*c$", "abbbc", true},
        {"^ab+c$", "ac", false},
        {"^ab+c$", "abbc", true},
        {".at", " at", true},
        {"\\d\\D", "1a", true},
        {"^\\d$", "a", false},
        {"a\\sb", "a\tb", true},
        {"a\\Sb", "a b", false},
        {"^\\w+$", "a_9Z", true},
        {"^\\W$", "-", true},
        {"\\x3A", "a:b", true},
        {"\\x28x", "(x", true},
        {"^.$", "\xC3\xA9", true},
        {"^[^a]$", "\xE2\x82\xAC", true},
        {"^\\w$", "\xC3\xA9", false},
        {"[.]", "x", false},
        {"[a-]", "-", true},
        {"[\\]a]", "]", true},
        {"[\\d-]+x", "1-2x", true},
        {"a-b", "a-b", true},
        {"", "", false},
    };

    (void)state;
    for (size_t i = 0; i + 1 < ARRAY_COUNT(rows); i++)
        if (matches(rows[i].text, rows[i].message) != rows[i].matched)
            fail_msg("%s: %s: not %d", rows[i].text, rows[i].message, rows[i].matched);
}

static void test_no_expression(void **state)
{
    static const char *const texts[] = {"",
                                        "(a)",
                                        "a!",
                                        "[",
                                        "[]",
                                        "[a",
                                        "[b-a]",
                                        "a{",
                                        "a{}",
                                        "a{2",
                                        "a{2,1}",
                                        "a{0}",
                                        "*",
                                        "+a",
                                        "?",
                                        "a**",
                                        "\\",
                                        "\\xG0",
                                        "\\x8F",
                                        "\\q!",
                                        "a$b",
                                        "a^b",
                                        "a|",
                                        "|a",
                                        "a||b",
                                        "}",
                                        "]",
                                        "\"",
                                        "\xC3\xA9",
                                        "[\xC3\xA9]",
                                        "a{99999999999999999999}"};
    const struct regex *regex = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (regex_parse(arena, bytes_of_text(texts[i]), &regex) == OK)
            fail_msg("%s: taken", texts[i]);
}

static void test_size(void **state)
{
    const struct regex *regex = NULL;

    (void)state;
    assert_int_equal(regex_parse(arena, BYTES("a{1000}"), &regex), OK);
    assert_int_equal(regex_parse(arena, BYTES("a{1001}"), &regex), TOO_LARGE);
    assert_int_equal(regex_parse(arena, BYTES("a{999}|b{2}"), &regex), TOO_LARGE);
    assert_int_equal(regex_parse(arena, BYTES("a{1000,}"), &regex), OK);
}

/* Backtracking would take longer than anybody waits. */
static void test_time(void **state)
{
    static char text[20001];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    assert_false(matches("a*a*a*a*a*a*a*a*a*a*b", text));
    assert_true(matches("a{500}$", text));
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_no_expression),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
