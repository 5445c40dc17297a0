/* pattern/complexity.c: which wildcards are too many. Where a comment says so, that is what people
 * were answered by EventBridge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pattern/compiled.h"

static const struct {
    const char *conditions;
    bool too_complex;
} cases[] = {
    {"\"a\",{\"prefix\":\"*\"},{\"numeric\":[\"<\",5]}", false},
    {"{\"wildcard\":\"*\"}", false},
    {"{\"wildcard\":\"no star\"}", false},
    {"{\"wildcard\":\"*/bin/*.jar\"}", false},
    /* EventBridge takes these four and refuses the next four */
    {"{\"wildcard\":\"*.bif\"},{\"wildcard\":\"*.tiff\"},{\"wildcard\":\"*.tif\"},"
     "{\"wildcard\":\"*.svs\"}",
     false},
    {"{\"wildcard\":\"*/datasync/*.bif\"},{\"wildcard\":\"*/datasync/*.tiff\"},"
     "{\"wildcard\":\"*/datasync/*.tif\"},{\"wildcard\":\"*/datasync/*.svs\"}",
     true},
    /* two of them it takes */
    {"{\"wildcard\":\"*/datasync/*.bif\"},{\"wildcard\":\"*/datasync/*.tif\"}", false},
    /* what repeats behind a star counts again and again */
    {"{\"wildcard\":\"*a*b*c*d*e*\"}", false},
    {"{\"wildcard\":\"*a*a*a*a*a*a*\"}", true},
    {"{\"wildcard\":\"*aaaaaaaaaaaaa\"}", true},
    {"{\"wildcard\":\"*aaaa\"}", false},
    {"{\"wildcard\":\"aaaaaaaaaaaaa*\"}", false},
    {"{\"wildcard\":\"*abcabcabc\"}", false},
    /* beginnings that differ do not add up, but for the quote: ten at most */
    {"{\"wildcard\":\"a*x\"},{\"wildcard\":\"b*x\"},{\"wildcard\":\"c*x\"},{\"wildcard\":\"d*x\"},{"
     "\"wildcard\":\"e*x\"},{\"wildcard\":\"f*x\"},{\"wildcard\":\"g*x\"},{\"wildcard\":\"h*x\"},{"
     "\"wildcard\":\"i*x\"},{\"wildcard\":\"j*x\"}",
     false},
    {"{\"wildcard\":\"a*x\"},{\"wildcard\":\"b*x\"},{\"wildcard\":\"c*x\"},{\"wildcard\":\"d*x\"},{"
     "\"wildcard\":\"e*x\"},{\"wildcard\":\"f*x\"},{\"wildcard\":\"g*x\"},{\"wildcard\":\"h*x\"},{"
     "\"wildcard\":\"i*x\"},{\"wildcard\":\"j*x\"},{\"wildcard\":\"k*x\"}",
     true},
    /* nor does what the wildcards of one anything-but share */
    {"{\"anything-but\":{\"wildcard\":[\"ab*\",\"ac*\",\"ad*\",\"ae*\",\"af*\",\"ag*\","
     "\"ah*\",\"ai*\",\"aj*\",\"ak*\",\"al*\",\"am*\"]}}",
     false},
    {"{\"anything-but\":{\"wildcard\":\"*aaaaaaaaaaaaa\"}}", true},
    {"{\"wildcard\":\"\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\\\\*\"}", false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct api_error error = {0};
        enum status st =
            pattern_check(arena_printf(arena, "{\"a\":[%s]}", cases[i].conditions), &error);

        if ((st != OK) != cases[i].too_complex)
            fail_msg("%s: %s", cases[i].conditions, error.message);
        if (st != OK)
            assert_string_equal(error.message,
                                "Event pattern is not valid. Reason: Rule is too complex - try "
                                "using fewer wildcard characters or fewer repeating character "
                                "sequences after a wildcard character");
    }
}

/* However long the wildcards are, the answer takes no longer than its limit. */
static void test_it_ends(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PATTERN_SIZE_MAX);
    struct api_error error = {0};

    (void)state;
    buffer_append_text(&text, "{\"a\":[");
    for (int i = 0; i < 3; i++) {
        buffer_printf(&text, "%s{\"wildcard\":\"*", i == 0 ? "" : ",");
        for (int j = 0; j < 400; j++)
            buffer_append_byte(&text, (uint8_t)('a' + (j * (i + 3) + j / 7) % 23));
        buffer_append_text(&text, "*x\"}");
    }
    buffer_append_text(&text, "]}");
    assert_false(buffer_failed(&text));
    enum status st = pattern_check(buffer_bytes(&text), &error);

    assert_true(st == OK || st == REFUSED);
}

/* Alternatives count together where the fields before are the same. */
static void test_alternatives(void **state)
{
    static const struct {
        const char *pattern;
        bool too_complex;
    } patterns[] = {
        {"{\"$or\":[{\"a\":[{\"wildcard\":\"*/d/*.e0\"}]},{\"a\":[{\"wildcard\":\"*/d/*.e1\"}]}]}",
         false},
        {"{\"$or\":[{\"a\":[{\"wildcard\":\"*/d/*.e0\"}]},{\"a\":[{\"wildcard\":\"*/d/"
         "*.e1\"}]},{\"a\":[{\"wildcard\":\"*/d/*.e2\"}]}]}",
         true},
        {"{\"$or\":[{\"a\":[{\"wildcard\":\"*/d/*.e0\"}]},{\"b\":[{\"wildcard\":\"*/d/"
         "*.e1\"}]},{\"c\":[{\"wildcard\":\"*/d/*.e2\"}]}]}",
         false},
        {"{\"A\":[1],\"$or\":[{\"a\":[{\"wildcard\":\"*/d/*.e0\"}]},{\"a\":[{\"wildcard\":\"*/d/"
         "*.e1\"}]},{\"a\":[{\"wildcard\":\"*/d/*.e2\"}]}]}",
         true},
        {"{\"$or\":[{\"A\":[1],\"a\":[{\"wildcard\":\"*/d/"
         "*.e0\"}]},{\"A\":[2],\"a\":[{\"wildcard\":\"*/d/"
         "*.e1\"}]},{\"A\":[3],\"a\":[{\"wildcard\":\"*/d/*.e2\"}]}]}",
         false},
        {"{\"a\":[{\"wildcard\":\"*/d/*.e0\"}],\"$or\":[{\"b\":[1]},{\"b\":[2]},{\"c\":[3]}]}",
         false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(patterns); i++) {
        struct api_error error = {0};
        enum status st = pattern_check(bytes_of_text(patterns[i].pattern), &error);

        if ((st != OK) != patterns[i].too_complex)
            fail_msg("%s: %s", patterns[i].pattern, error.message);
    }
}

/* What was taken once is matched, whatever it would be answered now. */
static void test_the_matcher_takes_all(void **state)
{
    struct matcher *matcher = matcher_new();
    struct bytes pattern = BYTES("{\"a\":[{\"wildcard\":\"*a*a*a*a*a*a*\"}]}");
    struct api_error error = {0};

    (void)state;
    assert_int_equal(pattern_check(pattern, &error), REFUSED);
    assert_int_equal(matcher_add(matcher, matcher, pattern, &error), OK);
    matcher_free(matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_alternatives),
        cmocka_unit_test(test_the_matcher_takes_all),
        cmocka_unit_test(test_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
