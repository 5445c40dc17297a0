/* pattern/matcher.c: what matches. docs/patterns.md is a table of cases here: every pattern that it
 * shows is tried on every event that it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "pattern/pattern.h"
#include "pattern/source_root.h"

static bool matches(const char *pattern, const char *event)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *parsed = NULL;
    struct api_error error = {0};
    bool matched = false;

    assert_int_equal(json_parse(arena, bytes_of_text(event), &parsed, NULL), OK);
    if (pattern_test(bytes_of_text(pattern), parsed, &matched, &error) != OK)
        fail_msg("%s: %s", pattern, error.message);
    return matched;
}

static const struct {
    const char *pattern, *event;
    bool matches;
} cases[] = {
    /* a name with dots is a path */
    {"{\"a.b\":[1]}", "{\"a\":{\"b\":1}}", true},
    {"{\"a\":{\"b\":[1]}}", "{\"a.b\":1}", true},
    {"{\"a\":{\"\":[1]}}", "{\"a\":{\"\":1}}", true},
    {"{\"a\":{\"\":[1]}}", "{\"a\":{\"b\":1}}", false},
    {"{\"\":[1]}", "{\"\":1}", true},
    {"{\"a\\u0000b\":[1]}", "{\"a\\u0000b\":1}", true},
    {"{\"a\\u0000b\":[1]}", "{\"a\\u0000c\":1}", false},
    /* values have a type */
    {"{\"a\":[\"1\"]}", "{\"a\":1}", false},
    {"{\"a\":[1]}", "{\"a\":\"1\"}", false},
    {"{\"a\":[\"true\"]}", "{\"a\":true}", false},
    {"{\"a\":[\"null\"]}", "{\"a\":null}", false},
    {"{\"a\":[true]}", "{\"a\":true}", true},
    {"{\"a\":[true]}", "{\"a\":false}", false},
    {"{\"a\":[false]}", "{\"a\":false}", true},
    {"{\"a\":[null]}", "{\"a\":null}", true},
    {"{\"a\":[null]}", "{}", false},
    {"{\"a\":[\"\"]}", "{\"a\":\"\"}", true},
    {"{\"a\":[\"é\"]}", "{\"a\":\"\\u00e9\"}", true},
    /* arrays: any element; arrays in arrays too */
    {"{\"a\":[2]}", "{\"a\":[1,2,3]}", true},
    {"{\"a\":[2]}", "{\"a\":[[1],[2]]}", true},
    {"{\"a\":[4]}", "{\"a\":[1,2,3]}", false},
    {"{\"a\":[2]}", "{\"a\":[]}", false},
    {"{\"a\":{\"b\":[2]}}", "{\"a\":[{\"b\":1},{\"b\":2}]}", true},
    {"{\"a\":{\"b\":[2]}}", "{\"a\":[[{\"b\":1}],[{\"b\":2}]]}", true},
    /* array consistency */
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":2}]}", true},
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":9},{\"b\":9,\"c\":2}]}", false},
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1},{\"c\":2}]}", false},
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":9},{\"b\":1,\"c\":2}]}", true},
    {"{\"a\":{\"b\":[1]},\"x\":{\"c\":[2]}}", "{\"a\":[{\"b\":9},{\"b\":1}],\"x\":[{\"c\":2}]}",
     true},
    {"{\"a\":{\"b\":{\"c\":[1],\"d\":[2]},\"e\":[3]}}",
     "{\"a\":[{\"b\":[{\"c\":1},{\"d\":2}],\"e\":3},{\"b\":[{\"c\":1,\"d\":2}],\"e\":9}]}", false},
    {"{\"a\":{\"b\":{\"c\":[1],\"d\":[2]},\"e\":[3]}}",
     "{\"a\":[{\"b\":[{\"c\":9},{\"c\":1,\"d\":2}],\"e\":3}]}", true},
    {"{\"a\":{\"b\":{\"c\":[1]},\"e\":{\"d\":[2]}}}",
     "{\"a\":[{\"b\":[{\"c\":1}],\"e\":[{\"d\":9}]},{\"b\":[{\"c\":9}],\"e\":[{\"d\":2}]}]}",
     false},
    {"{\"a\":{\"b\":{\"c\":[1]},\"e\":{\"d\":[2]}}}",
     "{\"a\":[{\"b\":[{\"c\":9},{\"c\":1}],\"e\":[{\"d\":9},{\"d\":2}]}]}", true},
    {"{\"a\":{\"b\":[1],\"c\":[{\"exists\":false}]}}", "{\"a\":[{\"b\":1},{\"c\":2}]}", false},
    /* mixed arrays: a scalar stands outside the elements */
    {"{\"o\":{\"a\":[3],\"b\":[1]}}", "{\"o\":[{\"a\":[1,[2],3],\"b\":1}]}", true},
    {"{\"o\":{\"a\":[2],\"b\":[1]}}", "{\"o\":[{\"a\":[1,[2],3],\"b\":1}]}", true},
    {"{\"o\":{\"a\":[{\"numeric\":[\">\",0]}],\"b\":[1]}}",
     "{\"o\":[{\"a\":[1,[2],3],\"b\":9},{\"a\":[[1],2,[3]],\"b\":1}]}", true},
    /* exists: leaves only */
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":{\"b\":1}}", false},
    {"{\"a\":[{\"exists\":false}]}", "{\"a\":{\"b\":1}}", true},
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":[]}", false},
    {"{\"a\":[{\"exists\":false}]}", "{\"a\":[]}", true},
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":null}", true},
    {"{\"a\":[{\"exists\":false}]}", "{\"a\":null}", false},
    {"{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":\"x\"}", true},
    {"{\"a\":[{\"exists\":false},\"x\"]}", "{\"a\":\"y\"}", false},
    {"{\"a\":[{\"exists\":false},\"x\"]}", "{}", true},
    {"{\"a\":[{\"exists\":false}],\"b\":[1]}", "{\"b\":1}", true},
    {"{\"a\":[{\"exists\":false}],\"b\":[1]}", "{\"b\":1,\"a\":2}", false},
    /* prefix and suffix */
    {"{\"a\":[{\"prefix\":\"\"}]}", "{\"a\":\"x\"}", true},
    {"{\"a\":[{\"prefix\":\"\"}]}", "{\"a\":1}", false},
    {"{\"a\":[{\"suffix\":\"\"}]}", "{\"a\":\"\"}", true},
    {"{\"a\":[{\"prefix\":\"abc\"}]}", "{\"a\":\"ab\"}", false},
    {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"ÄB\"}}]}", "{\"a\":\"äbc\"}", true},
    {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\"Bc\"}}]}", "{\"a\":\"ÄBC\"}", true},
    {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\"Bc\"}}]}", "{\"a\":\"abcd\"}", false},
    /* anything-but: any other leaf, of any type */
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"x\"}", false},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":1}", true},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":null}", true},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{}", false},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":[\"x\",\"y\"]}", true},
    {"{\"a\":[{\"anything-but\":[1,3e2]}]}", "{\"a\":300.0}", false},
    {"{\"a\":[{\"anything-but\":[1,3e2]}]}", "{\"a\":\"300\"}", true},
    {"{\"a\":[{\"anything-but\":{\"prefix\":[\"a\",\"b\"]}}]}", "{\"a\":\"bc\"}", false},
    {"{\"a\":[{\"anything-but\":{\"prefix\":[\"a\",\"b\"]}}]}", "{\"a\":\"cb\"}", true},
    {"{\"a\":[{\"anything-but\":{\"suffix\":\"b\"}}]}", "{\"a\":\"cb\"}", false},
    {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[\"AB\"]}}]}", "{\"a\":\"aB\"}", false},
    {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[\"AB\"]}}]}", "{\"a\":\"aBc\"}", true},
    {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*x*\"}}]}", "{\"a\":\"axb\"}", false},
    {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*x*\"}}]}", "{\"a\":\"ab\"}", true},
    /* wildcard */
    {"{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":\"\"}", true},
    {"{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":1}", false},
    {"{\"a\":[{\"wildcard\":\"\"}]}", "{\"a\":\"\"}", true},
    {"{\"a\":[{\"wildcard\":\"a*a\"}]}", "{\"a\":\"a\"}", false},
    {"{\"a\":[{\"wildcard\":\"a*a\"}]}", "{\"a\":\"aa\"}", true},
    {"{\"a\":[{\"wildcard\":\"*ab*ab*\"}]}", "{\"a\":\"xabab\"}", true},
    {"{\"a\":[{\"wildcard\":\"*ab*ab*\"}]}", "{\"a\":\"xabxb\"}", false},
    {"{\"a\":[{\"wildcard\":\"a*b*c\"}]}", "{\"a\":\"abbc\"}", true},
    {"{\"a\":[{\"wildcard\":\"a*bc*c\"}]}", "{\"a\":\"abc\"}", false},
    {"{\"a\":[{\"wildcard\":\"\\\\*\\\\\\\\*\"}]}", "{\"a\":\"*\\\\x\"}", true},
    {"{\"a\":[{\"wildcard\":\"\\\\*\\\\\\\\*\"}]}", "{\"a\":\"x\\\\x\"}", false},
    /* numbers by value, at any precision */
    {"{\"a\":[300]}", "{\"a\":3.0e2}", true},
    {"{\"a\":[9007199254740993]}", "{\"a\":9007199254740992}", false},
    {"{\"a\":[{\"numeric\":[\"=\",300]}]}", "{\"a\":3e2}", true},
    {"{\"a\":[{\"numeric\":[\">\",9007199254740992]}]}", "{\"a\":9007199254740993}", true},
    {"{\"a\":[{\"numeric\":[\"<\",0]}]}", "{\"a\":-1e-400}", true},
    {"{\"a\":[{\"numeric\":[\"=\",5]}]}", "{\"a\":\"5\"}", false},
    {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":0}", false},
    {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":5.0}", true},
    {"{\"a\":[{\"numeric\":[\">=\",0,\"<\",5]}]}", "{\"a\":-0}", true},
    {"{\"a\":[{\"numeric\":[\">=\",0,\"<\",5]}]}", "{\"a\":5}", false},
    /* cidr */
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.0.255\"}", true},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.1.0\"}", false},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"no address\"}", false},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":10}", false},
    /* $or, beside and inside */
    {"{\"s\":[1],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"s\":1,\"b\":2}", true},
    {"{\"s\":[1],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"s\":1,\"b\":1}", false},
    {"{\"s\":[1],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"s\":2,\"a\":1,\"b\":2}", false},
    {"{\"d\":{\"$or\":[{\"a\":[1],\"c\":[1]},{\"$or\":[{\"b\":[2]},{\"e\":[3]}]}]}}",
     "{\"d\":{\"e\":3}}", true},
    {"{\"d\":{\"$or\":[{\"a\":[1],\"c\":[1]},{\"$or\":[{\"b\":[2]},{\"e\":[3]}]}]}}",
     "{\"d\":{\"a\":1}}", false},
    /* events that are no objects match nothing but absence */
    {"{\"a\":[{\"exists\":false}]}", "[1]", true},
    {"{\"a\":[1]}", "[{\"a\":1}]", false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        if (matches(cases[i].pattern, cases[i].event) != cases[i].matches)
            fail_msg("%s should %smatch %s", cases[i].pattern, cases[i].matches ? "" : "not ",
                     cases[i].event);
}

/* ---- the examples of docs/patterns.md ---- */

/* The next ``` block from *at; false at the end of the page. */
static bool next_block(struct bytes page, size_t *at, struct bytes *ret_kind,
                       struct bytes *ret_text)
{
    struct bytes rest = bytes_slice(page, *at, page.size);
    size_t open = bytes_find(rest, BYTES("\n```"));

    if (open == SIZE_MAX)
        return false;
    size_t line_end = bytes_find_byte(rest, '\n', open + 1);
    struct bytes inside = bytes_slice(rest, line_end, rest.size);
    size_t close = bytes_find(inside, BYTES("\n```"));

    assert_true(close != SIZE_MAX);
    *ret_kind = bytes_slice(rest, open + 4, line_end - open - 4);
    *ret_text = bytes_slice(inside, 1, close - 1);
    *at += line_end + close + 4;
    return true;
}

static void try_lines(const char *pattern, char *block, bool yes)
{
    assert_non_null(pattern);
    for (char *line = block; line != NULL;) { /* one event a line */
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end++ = '\0';
        if (matches(pattern, line) != yes)
            fail_msg("%s should %smatch %s", pattern, yes ? "" : "not ", line);
        line = end;
    }
}

static void expect_refused(const char *pattern)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *event = NULL;
    struct api_error error = {0};
    bool matched = false;

    assert_int_equal(json_parse(arena, BYTES("{}"), &event, NULL), OK);
    if (pattern_test(bytes_of_text(pattern), event, &matched, &error) != REFUSED)
        fail_msg("%s should be refused", pattern);
    assert_int_equal(error.kind, API_INVALID_EVENT_PATTERN);
}

/* How many blocks the page has. */
static size_t try_page(const char *path)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes page, kind, text;
    const char *pattern = NULL;
    size_t blocks = 0;

    assert_int_equal(file_read(arena, path, 1 << 20, &page), OK);
    for (size_t at = 0; next_block(page, &at, &kind, &text); blocks++) {
        char *block = arena_copy_text(arena, text);

        if (bytes_equal_text(kind, "json pattern"))
            pattern = block;
        else if (bytes_equal_text(kind, "json refused"))
            expect_refused(block);
        else if (bytes_equal_text(kind, "json matches"))
            try_lines(pattern, block, true);
        else if (bytes_equal_text(kind, "json does not match"))
            try_lines(pattern, block, false);
        else
            fail_msg("%s: an unknown kind of block: %.*s", path, BYTES_ARG(kind));
    }
    return blocks;
}

static void test_examples_of_the_page(void **state)
{
    (void)state;
    assert_true(try_page(SOURCE_ROOT "/docs/patterns.md") > 30);
}

static void test_patterns_of_the_user_guide(void **state)
{
    (void)state;
    assert_true(try_page(SOURCE_ROOT "/test/unit/pattern/cases/user_guide.md") > 180);
}

/* ---- many rules ---- */

struct counter {
    size_t counts[64];
    size_t total;
};

static void count_rule(void *context, void *rule)
{
    struct counter *counter = context;

    counter->total++;
    counter->counts[(uintptr_t)rule]++;
}

static void count_matches(struct matcher *matcher, const char *event, struct counter *counter)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *parsed = NULL;

    *counter = (struct counter){0};
    assert_int_equal(json_parse(arena, bytes_of_text(event), &parsed, NULL), OK);
    matcher_match(matcher, parsed, count_rule, counter);
}

static void add(struct matcher *matcher, uintptr_t rule, const char *pattern)
{
    struct api_error error = {0};

    if (matcher_add(matcher, (void *)rule, bytes_of_text(pattern), &error) != OK)
        fail_msg("%s", error.message);
}

/* A rule is told of once, however many of its branches and values hold. */
static void test_once_each(void **state)
{
    struct matcher *matcher = matcher_new();
    struct counter counter;

    (void)state;
    add(matcher, 1, "{\"a\":[1,2,{\"numeric\":[\">\",0]},{\"exists\":true}]}");
    add(matcher, 2, "{\"$or\":[{\"a\":[1]},{\"b\":[1]},{\"c\":[{\"exists\":false}]}]}");
    count_matches(matcher, "{\"a\":[1,2,1],\"b\":1}", &counter);
    assert_int_equal(counter.counts[1], 1);
    assert_int_equal(counter.counts[2], 1);
    count_matches(matcher, "{\"a\":[1,2,1],\"b\":1}", &counter);
    assert_int_equal(counter.total, 2);
    matcher_free(matcher);
}

static void test_replacing_and_removing(void **state)
{
    struct matcher *matcher = matcher_new();
    struct counter counter;
    struct api_error error = {0};

    (void)state;
    for (uintptr_t rule = 1; rule < 60; rule++)
        add(matcher, rule,
            "{\"s\":[\"x\"],\"d\":{\"t\":[\"y\",{\"prefix\":\"z\"},"
            "{\"suffix\":{\"equals-ignore-case\":\"Q\"}},{\"cidr\":\"::/8\"},null]}}");
    count_matches(matcher, "{\"s\":\"x\",\"d\":{\"t\":\"zz\"}}", &counter);
    assert_int_equal(counter.total, 59);
    add(matcher, 7, "{\"s\":[\"other\"]}");
    count_matches(matcher, "{\"s\":\"x\",\"d\":{\"t\":null}}", &counter);
    assert_int_equal(counter.total, 58);
    assert_int_equal(counter.counts[7], 0);
    /* a pattern that is refused leaves the old one */
    assert_int_equal(matcher_add(matcher, (void *)(uintptr_t)7, BYTES("{}"), &error), REFUSED);
    count_matches(matcher, "{\"s\":\"other\"}", &counter);
    assert_int_equal(counter.total, 1);
    for (uintptr_t rule = 1; rule < 60; rule += 2)
        matcher_remove(matcher, (void *)rule);
    matcher_remove(matcher, (void *)(uintptr_t)1); /* not there: no harm */
    count_matches(matcher, "{\"s\":\"x\",\"d\":{\"t\":\"qQ\"}}", &counter);
    assert_int_equal(counter.total, 29);
    for (uintptr_t rule = 2; rule < 60; rule += 2)
        matcher_remove(matcher, (void *)rule);
    count_matches(matcher, "{\"s\":\"x\",\"d\":{\"t\":\"y\"}}", &counter);
    assert_int_equal(counter.total, 0);
    matcher_free(matcher);
}

/* Names that begin or end alike, of all sizes around a word's; more of them than are looked
 * through, and fewer again. */
static void test_many_names(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct matcher *matcher = matcher_new();
    struct counter counter;
    char names[40][24];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t size = i % 20;

        memset(names[i], 'n', sizeof names[i]);
        names[i][size] = '\0';
        if (i >= 20 && size > 0)
            names[i][i % 3 == 0 ? 0 : size - 1] = 'm';
    }
    for (size_t i = 1; i < ARRAY_COUNT(names); i++)
        if (i != 20)
            add(matcher, i,
                arena_copy_text(arena, arena_printf(arena, "{\"d\":{\"%s\":[1]}}", names[i])));
    for (size_t left = ARRAY_COUNT(names); left > 1; left--) {
        for (size_t i = 1; i < ARRAY_COUNT(names); i++) {
            struct bytes event = arena_printf(arena, "{\"d\":{\"x\":0,\"%s\":1,\"\":2}}", names[i]);

            count_matches(matcher, arena_copy_text(arena, event), &counter);
            assert_int_equal(counter.counts[i], i < left && i != 20);
        }
        matcher_remove(matcher, (void *)(uintptr_t)(left - 1));
    }
    matcher_free(matcher);
}

/* What is sieved before it is asked holds as it does alone. */
static void test_wildcards_among_others(void **state)
{
    static const char *const wildcards[] = {
        "*",       "*a*",        "a*",  "*a",    "a",      "*ab*",    "ab*ba", "*ab*ab*", "*a*b*",
        "*ba*",    "b*b*b",      "*aa", "aa*",   "*aab*",  "*abab*",  "a*a*a", "*bb*aa*", "",
        "*\\\\**", "*\\\\\\\\*", "*c*", "*abc*", "abcabc", "abc*abc", "*cb*",  "*bca*",
    };
    static const char *const values[] = {
        "",     "a",    "b",   "ab",     "ba", "aa", "bb",  "aba",    "bab",     "abab", "baba",
        "aabb", "bbaa", "a*b", "a\\\\b", "*",  "c",  "abc", "abcabc", "abcxabc", "cba",  "bca",
    };
    struct matcher *matcher = matcher_new();
    char pattern[128], event[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wildcards); i++) {
        snprintf(pattern, sizeof pattern, "{\"a\":[{\"wildcard\":\"%s\"}]}", wildcards[i]);
        add(matcher, i, pattern);
    }
    for (size_t j = 0; j < ARRAY_COUNT(values); j++) {
        struct counter counter;

        snprintf(event, sizeof event, "{\"a\":[1,\"%s\"]}", values[j]);
        count_matches(matcher, event, &counter);
        for (size_t i = 0; i < ARRAY_COUNT(wildcards); i++) {
            snprintf(pattern, sizeof pattern, "{\"a\":[{\"wildcard\":\"%s\"}]}", wildcards[i]);
            assert_int_equal(counter.counts[i], matches(pattern, event));
        }
    }
    matcher_free(matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_examples_of_the_page),
        cmocka_unit_test(test_patterns_of_the_user_guide),
        cmocka_unit_test(test_once_each),
        cmocka_unit_test(test_replacing_and_removing),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_wildcards_among_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
