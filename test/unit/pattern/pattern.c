/* pattern/pattern.c: what is no pattern is refused with AWS's reason and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pattern/compiled.h"

/* reason NULL: it is a pattern. A comment says where the place is AWS's own answer. */
static const struct {
    const char *pattern, *reason;
    size_t line, column;
} cases[] = {
    {"{\"source\":[\"a\"]}", NULL, 0, 0},
    /* AWS's answer to this very text, twice */
    {"{\"source\": [\"aws.health\"], \"detail\": {}}", "Empty objects are not allowed", 1, 40},
    {"{\"source\":[\"test.event-pattern\"],\"detail\":{\"lenderId\":\"LenderA\"}}",
     "\"lenderId\" must be an object or an array", 1, 56},
    {"", "empty where JSON was expected", 1, 1},
    {"[]", "Filter is not an object", 1, 2},
    {"{}", "Empty objects are not allowed", 1, 3},
    {"{\"a\":[]}", "Empty arrays are not allowed", 1, 8},
    {"{\"a\":5}", "\"a\" must be an object or an array", 1, 7},
    {"{\n \"a\":\n  5}", "\"a\" must be an object or an array", 3, 4},
    {"{\"a\":[[1]]}", "Match value must be String, number, true, false, or null", 1, 8},
    {"{\"a\":[{}]}", "Match expression name not found", 1, 9},
    {"{\"a\":[{\"b\":1}]}", "Unrecognized match type b", 1, 13},
    {"{\"a\":[{\"prefix\":1}]}", "prefix match pattern must be a string", 1, 18},
    {"{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}", "Only one key allowed in match expression", 1,
     31},
    {"{\"a\":[{\"prefix\":{}}]}", "Prefix expression name not found", 1, 19},
    {"{\"a\":[{\"prefix\":{\"x\":\"y\"}}]}", "Unsupported prefix pattern: x", 1, 23},
    {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":1}}]}",
     "equals-ignore-case match pattern must be a string", 1, 40},
    {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"x\"}}]}", NULL, 0, 0},
    {"{\"a\":[{\"suffix\":true}]}", "suffix match pattern must be a string", 1, 21},
    {"{\"a\":[{\"suffix\":[\":x\"]}]}", "suffix match pattern must be a string", 1, 18},
    {"{\"a\":[{\"suffix\":{\"prefix\":\"x\"}}]}", "Unsupported suffix pattern: prefix", 1, 28},
    {"{\"a\":[{\"exactly\":1}]}", "exact match pattern must be a string", 1, 19},
    {"{\"a\":[{\"exactly\":\"x\"}]}", NULL, 0, 0},
    {"{\"a\":[{\"equals-ignore-case\":[]}]}", "equals-ignore-case match pattern must be a string",
     1, 30},
    {"{\"a\":[{\"exists\":\"true\"}]}", "exists match pattern must be either true or false.", 1,
     18},
    {"{\"a\":[{\"exists\":true,\"x\":1}]}", "Only one key allowed in match expression", 1, 27},
    {"{\"a\":[{\"cidr\":1}]}", "prefix match pattern must be a string", 1, 16},
    {"{\"a\":[{\"cidr\":\"10.0.0.0\"}]}", "Malformed CIDR, one '/' required", 1, 16},
    {"{\"a\":[{\"cidr\":\"10.0.0/8\"}]}", "Nonstandard IP address: 10.0.0", 1, 16},
    {"{\"a\":[{\"wildcard\":\"a**b\"}]}", "Consecutive wildcard characters at pos 2", 1, 20},
    {"{\"a\":[{\"wildcard\":\"a\\\\b\"}]}", "Invalid escape character at pos 2", 1, 20},
    {"{\"a\":[{\"wildcard\":\"a\\\\\"}]}", "Invalid escape character at pos 2", 1, 20},
    {"{\"a\":[{\"wildcard\":\"a\\\\*\\\\\\\\*\"}]}", NULL, 0, 0},
    {"{\"a\":[{\"numeric\":5}]}", "Value of numeric must be an array.", 1, 19},
    {"{\"a\":[{\"numeric\":[]}]}", "Invalid member in numeric match: ]", 1, 20},
    {"{\"a\":[{\"numeric\":[5]}]}", "Invalid member in numeric match: 5", 1, 20},
    {"{\"a\":[{\"numeric\":[\"!=\",5]}]}", "Unrecognized numeric range operator: !=", 1, 25},
    {"{\"a\":[{\"numeric\":[\"=\",\"5\"]}]}", "Value of equals must be numeric", 1, 24},
    {"{\"a\":[{\"numeric\":[\">\"]}]}", "Value of > must be numeric", 1, 23},
    {"{\"a\":[{\"numeric\":[\"=\",5,6]}]}", "Too many elements in numeric expression", 1, 26},
    {"{\"a\":[{\"numeric\":[\"<\",5,\">\",6]}]}", "Too many elements in numeric expression", 1, 26},
    {"{\"a\":[{\"numeric\":[\">\",5,6]}]}", "Bad value in numeric range: 6", 1, 26},
    {"{\"a\":[{\"numeric\":[\">\",5,\">\",6]}]}", "Bad numeric range operator: >", 1, 26},
    {"{\"a\":[{\"numeric\":[\">\",5,\"<\",\"6\"]}]}", "Value of < must be numeric", 1, 30},
    {"{\"a\":[{\"numeric\":[\">\",5,\"<\",6,7]}]}", "Too many terms in numeric range expression", 1,
     32},
    {"{\"a\":[{\"numeric\":[\">\",6,\"<\",6]}]}", "Bottom must be less than top", 1, 31},
    {"{\"a\":[{\"numeric\":[\">=\",5,\"<=\",6]}]}", NULL, 0, 0},
    {"{\"a\":[{\"numeric\":[\">\",5],\"x\":1}]}", "Too many elements in numeric expression", 1, 31},
    {"{\"a\":[{\"anything-but\":true}]}",
     "Value of anything-but must be an array or single string/number value.", 1, 27},
    {"{\"a\":[{\"anything-but\":[]}]}",
     "Inside anything but list, either all values are number or string, mixed type is not "
     "supported",
     1, 25},
    {"{\"a\":[{\"anything-but\":[1,\"x\"]}]}",
     "Inside anything but list, either all values are number or string, mixed type is not "
     "supported",
     1, 30},
    {"{\"a\":[{\"anything-but\":[null]}]}",
     "Inside anything but list, start|null|boolean is not supported.", 1, 28},
    {"{\"a\":[{\"anything-but\":{}}]}", "Anything-But expression name not found", 1, 25},
    {"{\"a\":[{\"anything-but\":{\"exists\":true}}]}", "Unsupported anything-but pattern: exists",
     1, 37},
    {"{\"a\":[{\"anything-but\":{\"prefix\":\"\"}}]}", "Null prefix/suffix not allowed", 1, 34},
    {"{\"a\":[{\"anything-but\":{\"suffix\":[1]}}]}",
     "prefix/suffix match pattern must be a string", 1, 35},
    {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[1]}}]}",
     "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.", 1,
     47},
    {"{\"a\":[{\"anything-but\":{\"wildcard\":[1]}}]}", "wildcard match pattern must be a string",
     1, 37},
    {"{\"a\":[{\"anything-but\":{\"wildcard\":[\"a*\",\"b\"]}}]}", NULL, 0, 0},
    {"{\"$or\":{}}", "It must be an Array followed with $or.", 1, 9},
    {"{\"$or\":[1,2]}", "Only JSON object is allowed in array of $or relationship.", 1, 10},
    {"{\"$or\":[{\"a\":[1]}]}", "There must have at least 2 Objects in $or relationship.", 1, 19},
    {"{\"$or\":[{\"a\":[1]},{\"prefix\":[2]}]}",
     "prefix is Ruler reserved fieldName which cannot be used inside $or.", 1, 30},
    {"{\"$or\":[{\"a\":[1]},{}]}", "Empty objects are not allowed", 1, 21},
    {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", NULL, 0, 0},
    {"{\"prefix\":[1]}", NULL, 0, 0},
};

static void test_reasons_and_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct pattern pattern = {0};
        struct api_error error = {0};
        enum status st = pattern_compile(arena, bytes_of_text(cases[i].pattern), &pattern, &error);

        if (cases[i].reason == NULL) {
            if (st != OK)
                print_error("%s: %s\n", cases[i].pattern, error.message);
            assert_int_equal(st, OK);
            continue;
        }
        assert_int_equal(st, REFUSED);
        assert_int_equal(error.kind, API_INVALID_EVENT_PATTERN);
        struct bytes expected =
            arena_printf(arena,
                         "Event pattern is not valid. Reason: %s\n at [Source: (String)\"%s\"; "
                         "line: %zu, column: %zu]",
                         cases[i].reason, cases[i].pattern, cases[i].line, cases[i].column);

        assert_string_equal(error.message, arena_copy_text(arena, expected));
    }
}

static enum status compile_text(struct arena *arena, struct bytes text, struct api_error *error)
{
    struct pattern pattern = {0};

    return pattern_compile(arena, text, &pattern, error);
}

static void test_no_json(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(compile_text(arena, BYTES("{\"a\":\n[1,]}"), &error), REFUSED);
    assert_int_equal(error.kind, API_INVALID_EVENT_PATTERN);
    assert_non_null(strstr(error.message, "; line: 2, column: "));
    assert_int_equal(compile_text(arena, BYTES("{\"a\":[1]} x"), &error), REFUSED);
}

static struct bytes pattern_of_size(struct arena *arena, size_t size)
{
    uint8_t *text = arena_alloc(arena, size);

    memset(text, 'x', size);
    memcpy(text, "{\"a\":[\"", 7);
    memcpy(text + size - 3, "\"]}", 3);
    return bytes_of(text, size);
}

static void test_size_limit(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(compile_text(arena, pattern_of_size(arena, PATTERN_SIZE_MAX), &error), OK);
    assert_int_equal(compile_text(arena, pattern_of_size(arena, PATTERN_SIZE_MAX + 1), &error),
                     REFUSED);
    assert_int_equal(error.kind, API_VALIDATION);
}

/* A message repeats the first 500 bytes of a pattern and says how many there are more. */
static void test_long_source(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = pattern_of_size(arena, 600);
    struct api_error error = {0};
    uint8_t *broken = arena_alloc(arena, 600);

    (void)state;
    memcpy(broken, text.ptr, 600);
    broken[599] = ']';
    assert_int_equal(compile_text(arena, bytes_of(broken, 600), &error), REFUSED);
    assert_non_null(strstr(error.message, "xxx\"[truncated 100 chars]; line: 1, column: "));
}

/* `count` times $or of two: 2 to the power of count branches. */
static struct bytes pattern_of_ors(struct arena *arena, size_t count)
{
    struct buffer out = BUFFER_INIT(PATTERN_SIZE_MAX);

    buffer_append_text(&out, "{\"a\":[1]");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, ",\"d%zu\":{\"$or\":[{\"x\":[1]},{\"y\":[1]}]}", i);
    buffer_append_text(&out, "}");

    struct bytes text = arena_copy(arena, buffer_bytes(&out));

    buffer_free(&out);
    return text;
}

static void test_branch_limit(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pattern pattern = {0};
    struct api_error error = {0};

    (void)state;
    assert_int_equal(pattern_compile(arena, pattern_of_ors(arena, 9), &pattern, &error), OK);
    assert_int_equal(pattern.branch_count, 512);
    assert_int_equal(pattern.branches[0].field_count, 10);
    assert_int_equal(compile_text(arena, pattern_of_ors(arena, 10), &error), REFUSED);
    assert_non_null(strstr(error.message, "Rule is too complex"));
}

/* A path that is named again replaces what was said before: AWS does so too. */
static void test_same_path_again(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pattern pattern = {0};
    struct api_error error = {0};

    (void)state;
    assert_int_equal(pattern_compile(arena, BYTES("{\"a\":[1],\"$or\":[{\"a\":[2]},{\"b\":[3]}]}"),
                                     &pattern, &error),
                     OK);
    assert_int_equal(pattern.branch_count, 2);
    assert_int_equal(pattern.branches[0].field_count, 1);
    assert_true(bytes_equal_text(
        pattern.branches[0].fields[0].conditions[0].operands[0].leaf.number.digits, "2"));
    assert_int_equal(pattern.branches[1].field_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons_and_places), cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_size_limit),         cmocka_unit_test(test_long_source),
        cmocka_unit_test(test_branch_limit),       cmocka_unit_test(test_same_path_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
