/* test/unit/stack/regex.c - the regular expressions of AllowedPattern. */
#include "stack_test.h"

#include "stack/regex.h"

static void answers(void **state)
{
    static const struct {
        const char *pattern, *text;
        enum regex_answer answer;
    } cases[] = {
        {"", "", REGEX_MATCHES},
        {"", "a", REGEX_DIFFERS},
        {"abc", "abc", REGEX_MATCHES},
        {"abc", "abcd", REGEX_DIFFERS},
        {"a.c", "axc", REGEX_MATCHES},
        {"[a-z][a-z0-9-]*", "a-1", REGEX_MATCHES},
        {"[a-z][a-z0-9-]*", "A", REGEX_DIFFERS},
        {"^[a-zA-Z]+$", "Abc", REGEX_MATCHES},
        {"[^0-9]+", "ab", REGEX_MATCHES},
        {"[^0-9]+", "a1", REGEX_DIFFERS},
        {"[]a]+", "]a", REGEX_MATCHES},
        {"[\\w.]+@\\w+\\.com", "a.b@c.com", REGEX_MATCHES},
        {"\\d{4}", "2026", REGEX_MATCHES},
        {"\\d{4}", "202", REGEX_DIFFERS},
        {"\\d{2,}", "1", REGEX_DIFFERS},
        {"\\d{2,3}", "1234", REGEX_DIFFERS},
        {"\\d{2,3}", "123", REGEX_MATCHES},
        {"(dev|prod)-\\d?", "prod-", REGEX_MATCHES},
        {"(dev|prod)-\\d?", "test-1", REGEX_DIFFERS},
        {"(?:ab)+", "ababab", REGEX_MATCHES},
        {"(a|ab)(c|bcd)(d*)", "abcd", REGEX_MATCHES},
        {"(a*)*", "aaa", REGEX_MATCHES},
        {"(a*)+b", "aaa", REGEX_DIFFERS},
        {"a*?b", "aab", REGEX_MATCHES},
        {"|a", "", REGEX_MATCHES},
        {"[\\s\\S]*", "a\nb", REGEX_MATCHES},
        {"((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.|$)){4}", "10.0.255.1", REGEX_MATCHES},
        {"(?=a)a", "a", REGEX_UNSUPPORTED},
        {"(a)\\1", "aa", REGEX_UNSUPPORTED},
        {"a++", "aa", REGEX_UNSUPPORTED},
        {"(a", "a", REGEX_UNSUPPORTED},
        {"[a", "a", REGEX_UNSUPPORTED},
        {"*", "a", REGEX_UNSUPPORTED},
        {"a{x}", "a", REGEX_UNSUPPORTED},
        {"[a-z&&[^b]]", "a", REGEX_UNSUPPORTED},
        {"(((a*)*)*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", REGEX_UNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        enum regex_answer answer =
            regex_match(bytes_of_text(cases[i].pattern), bytes_of_text(cases[i].text));

        if (answer != cases[i].answer)
            fail_msg("%s against %s: %d", cases[i].pattern, cases[i].text, (int)answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
