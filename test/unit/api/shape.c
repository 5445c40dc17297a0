/* Shapes: types first, then constraints with their places and values, then what is refused by name.
 * The operations' own shapes are tested by the cases. */
#include "api/shape.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static bool is_lower(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < 'a' || text.ptr[i] > 'z')
            return false;
    return text.size > 0;
}

static const struct shape_pattern lower = {"[a-z]+", is_lower};

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape name = {
    .kind = SHAPE_STRING, .pattern = &lower, .or_arn = true, SHAPE_BETWEEN(2, 4)};
static const struct shape word = {.kind = SHAPE_STRING,
                                  .words = (const char *const[]){"ONE", "TWO", NULL}};
static const struct shape number = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, 9)};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape time_of = {.kind = SHAPE_TIMESTAMP};
static const struct shape_member inner_members[] = {
    SHAPE_MEMBER("Number", &number, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Needed", &text, SHAPE_REQUIRED),
    SHAPE_REFUSED("Later"),
};
static const struct shape inner = {
    .kind = SHAPE_STRUCTURE, .name = "Inner", SHAPE_MEMBERS(inner_members)};
static const struct shape list = {.kind = SHAPE_LIST, .element = &inner, SHAPE_BETWEEN(1, 2)};
static const struct shape words = {.kind = SHAPE_LIST, .element = &word};
static const struct shape map = {.kind = SHAPE_MAP, .key = &name, .element = &inner};
static const struct shape lists = {.kind = SHAPE_MAP, .element = &list, SHAPE_AT_MOST(1)};
static const struct shape short_text = {.kind = SHAPE_STRING, SHAPE_AT_MOST(3)};
static const struct shape texts = {.kind = SHAPE_MAP, .element = &short_text};

static const struct shape_member members[] = {
    SHAPE_MEMBER("Name", &name, SHAPE_OPTIONAL),     SHAPE_MEMBER("Word", &word, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Number", &number, SHAPE_OPTIONAL), SHAPE_MEMBER("Flag", &boolean, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Time", &time_of, SHAPE_OPTIONAL),  SHAPE_MEMBER("Inner", &inner, SHAPE_OPTIONAL),
    SHAPE_MEMBER("List", &list, SHAPE_OPTIONAL),     SHAPE_MEMBER("Words", &words, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Map", &map, SHAPE_OPTIONAL),       SHAPE_MEMBER("Lists", &lists, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Texts", &texts, SHAPE_OPTIONAL),   SHAPE_REFUSED("Refused"),
};
static const struct shape body_shape = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(members)};

static const struct shape_member parameter_members[] = {
    SHAPE_MEMBER("Other", &text, SHAPE_REQUIRED),
    SHAPE_MEMBER("Name", &name, SHAPE_PARAMETER),
};
static const struct shape parameter_shape = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(parameter_members)};

#define WRONG "SerializationException: "
#define ONE "ValidationException: 1 validation error detected: "
#define VALUE(value, at) "Value " value " at '" at "' failed to satisfy constraint: Member must "
#define TWO "ValidationException: 2 validation errors detected: "

static void expect(const struct shape *shape, const char *body, const char *expected)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *json = NULL;
    struct api_error error = {0};
    char found[API_ERROR_MESSAGE_SIZE + 64] = "";
    char *quoted = arena_copy_text(arena, bytes_of_text(body));

    for (char *at = quoted; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    assert_int_equal(json_parse(arena, bytes_of_text(quoted), &json, NULL), OK);
    if (shape_check(shape, json, "pack.", &error) != OK)
        snprintf(found, sizeof found, "%s: %s", api_error_name(error.kind), error.message);
    if (strcmp(found, expected) != 0)
        fail_msg("%s\n  expected: %s\n  answered: %s", body, expected, found);
}

static void test_good(void **state)
{
    static const char *const good[] = {
        "{}",
        "{'Name':null,'Refused':null}",
        "{'Unknown':[{'a':1}]}",
        "{'Name':'ab','Word':'TWO','Number':9,'Flag':'no','Time':1.5}",
        "{'Name':'abcd','Number':0,'Flag':false,'Time':'2026-01-01T00:00:00Z'}",
        "{'Name':'arn:ANY:THING:1:2:3'}",
        "{'Number':9.99}", /* the fraction is cut off */
        "{'Inner':{'Needed':''},'List':[{'Needed':'a'},{'Needed':'b','Number':1}]}",
        "{'Map':{'ab':{'Needed':'a'}},'Lists':{'any key':[{'Needed':'a'}]},'Texts':{'a':'abc'}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        expect(&body_shape, good[i], "");
}

static void test_types(void **state)
{
    (void)state;
    expect(&body_shape, "{'Name':1}", WRONG "NUMBER_VALUE cannot be converted to String");
    expect(&body_shape, "{'Name':1e3}", WRONG "DECIMAL_VALUE cannot be converted to String");
    expect(&body_shape, "{'Flag':'maybe'}", WRONG "Unexpected token received from parser");
    expect(&body_shape, "{'Number':'1'}", WRONG "STRING_VALUE cannot be converted to Integer");
    expect(&body_shape, "{'Time':true}", WRONG "TRUE_VALUE cannot be converted to Date");
    expect(&body_shape, "{'Inner':1}", WRONG "Unexpected field type");
    expect(&body_shape, "{'Inner':[]}", WRONG "Unrecognized collection type class pack.Inner");
    expect(&body_shape, "{'List':[1]}", WRONG "Unexpected value type in payload");
    expect(&body_shape, "{'List':{}}", WRONG "Start of structure or map found where not expected");
    expect(&body_shape, "{'Map':[]}",
           WRONG "Unrecognized collection type "
                 "java.util.Map<java.lang.String, pack.Inner>");
    expect(&body_shape, "{'Lists':[]}",
           WRONG "Unrecognized collection type "
                 "java.util.Map<java.lang.String, java.util.List<pack.Inner>>");
    expect(&body_shape, "{'Lists':{'a':[{'Number':{}}]}}",
           WRONG "Start of structure or map found where not expected");
    expect(&body_shape, "{'Lists':{'a':1}}",
           WRONG
           "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast "
           "to class java.lang.Class "
           "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
           "java.lang.Class are in module java.base of loader 'bootstrap')");
    expect(&body_shape, "{'Refused':1,'Name':'','Words':[7]}",
           WRONG "NUMBER_VALUE cannot be converted to String");
}

static void test_constraints(void **state)
{
    (void)state;
    expect(&body_shape, "{'Name':'a'}",
           ONE VALUE("'a'", "name") "have length greater than or equal to 2");
    expect(&body_shape, "{'Name':'abcde'}",
           ONE VALUE("'abcde'", "name") "have length less than or equal to 4");
    expect(&body_shape, "{'Name':'A'}",
           TWO VALUE("'A'", "name") "satisfy regular expression pattern: [a-z]+; " VALUE(
               "'A'", "name") "have length greater than or equal to 2");
    expect(&body_shape, "{'Word':'one'}",
           ONE VALUE("'one'", "word") "satisfy enum value set: [ONE, TWO]");
    expect(&body_shape, "{'Number':-1}",
           ONE VALUE("'-1'", "number") "have value greater than or equal to 0");
    expect(&body_shape, "{'Number':10}",
           ONE VALUE("'10'", "number") "have value less than or equal to 9");
    expect(&body_shape, "{'List':[]}",
           ONE VALUE("'[]'", "list") "have length greater than or equal to 1");
    expect(&body_shape, "{'Inner':{}}", ONE VALUE("null", "inner.needed") "not be null");
    expect(&body_shape, "{'List':[{'Needed':'a'},{}]}",
           ONE VALUE("null", "list.2.member.needed") "not be null");
    expect(&body_shape, "{'List':[null]}", ONE VALUE("null", "list.1.member") "not be null");
    expect(&body_shape, "{'Words':['ONE','x']}",
           ONE VALUE("'x'", "words.2.member") "satisfy enum value set: [ONE, TWO]");
    expect(&body_shape, "{'Map':{'ab':{}}}",
           ONE VALUE("null", "map.ab.member.needed") "not be null");
    expect(&body_shape, "{'Lists':{'k':[{}]}}",
           ONE VALUE("null", "lists.k.member.1.member.needed") "not be null");
}

/* A map tells of its keys and of its values as a whole. */
static void test_maps(void **state)
{
    (void)state;
    expect(&body_shape, "{'Map':{'TOO LONG':{'Needed':'a'}}}",
           ONE
           "Value '{TOO LONG=Inner(number=null, needed=a, later=null)}' at 'map' failed to satisfy "
           "constraint: Map keys must satisfy constraint: [Member must have length less than or "
           "equal to 4, Member must have length greater than or equal to 2, Member must satisfy "
           "regular expression pattern: [a-z]+]");
    expect(&body_shape, "{'Lists':{'k':[]}}",
           ONE
           "Value '{k=[]}' at 'lists' failed to satisfy constraint: Map value must satisfy "
           "constraint: [Member must have length less than or equal to 2, Member must have length "
           "greater than or equal to 1]");
    expect(&body_shape, "{'Texts':{'a':'abcd','b':'abcde'}}",
           ONE "Value '{a=abcd, b=abcde}' at 'texts' failed to satisfy constraint: Map value must "
               "satisfy constraint: [Member must have length less than or equal to 3]");
    expect(&body_shape, "{'Lists':{'a':[{'Needed':''}],'b':[{'Needed':''}]}}",
           ONE VALUE("'{a=[Inner(number=null, needed=, later=null)], "
                     "b=[Inner(number=null, needed=, later=null)]}'",
                     "lists") "have length less than or equal to 1");
}

/* Lengths are characters as Java counts them, and a shown value is cut at a whole one. */
static void test_characters(void **state)
{
    char body[4096] = "{'Texts':{'a':'", expected[4096];
    char shown[600] = "";
    size_t size = strlen(body);

    (void)state;
    expect(&body_shape, "{'Texts':{'a':'äöü'}}", "");
    expect(&body_shape, "{'Texts':{'a':'\xF0\x9F\x98\x80x'}}", ""); /* 2 and 1 */
    expect(&body_shape, "{'Texts':{'a':'\xF0\x9F\x98\x80xy'}}",
           ONE
           "Value '{a=\xF0\x9F\x98\x80xy}' at 'texts' failed to satisfy constraint: Map value must "
           "satisfy constraint: [Member must have length less than or equal to 3]");
    for (size_t i = 0; i < 300; i++) /* 600 bytes: 256 of them are shown */
        size += (size_t)snprintf(body + size, sizeof body - size, "ä");
    snprintf(body + size, sizeof body - size, "'}}");
    for (size_t i = 0; i < 256; i++)
        memcpy(shown + 2 * i, "ä", 2);
    snprintf(expected, sizeof expected,
             ONE
             "Value '{a=%s...}' at 'texts' failed to satisfy constraint: Map value must satisfy "
             "constraint: [Member must have length less than or equal to 3]",
             shown);
    expect(&body_shape, body, expected);
}

/* What is cut closes its brackets. */
static void test_long_lists(void **state)
{
    char body[2048] = "{'List':[", expected[2048] = "";
    size_t size = strlen(body), shown = 0;

    (void)state;
    for (size_t i = 0; i < 40; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "%s{'Needed':'abc'}",
                                 i > 0 ? "," : "");
    snprintf(body + size, sizeof body - size, "]}");
    shown = (size_t)snprintf(expected, sizeof expected, ONE "Value '[");
    for (size_t i = 0; i < 12; i++) /* 12 times 44 bytes are the first more than 512 */
        shown += (size_t)snprintf(expected + shown, sizeof expected - shown,
                                  "Inner(number=null, needed=abc, later=null), ");
    snprintf(expected + shown, sizeof expected - shown,
             "...]' at 'list' failed to satisfy constraint: Member must have length less than or "
             "equal to 2");
    expect(&body_shape, body, expected);
}

static const struct shape bare = {.kind = SHAPE_INTEGER, .bare = true, SHAPE_AT_LEAST(1)};
static const struct shape bare_list = {
    .kind = SHAPE_LIST, .element = &text, .bare = true, SHAPE_BETWEEN(1, 2)};
static const struct shape_member bare_members[] = {
    SHAPE_MEMBER("Inside", &bare_list, SHAPE_REQUIRED),
};
static const struct shape bare_inside = {
    .kind = SHAPE_STRUCTURE, .name = "Bare", SHAPE_MEMBERS(bare_members)};
static const struct shape bare_map = {.kind = SHAPE_MAP, .element = &bare_inside};
static const struct shape length_first = {
    .kind = SHAPE_STRING, .pattern = &lower, .length_first = true, SHAPE_BETWEEN(1, 3)};
static const struct shape_member alone_members[] = {
    SHAPE_MEMBER("Number", &number, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Name", &length_first, SHAPE_ALONE),
    SHAPE_MEMBER("Limit", &bare, SHAPE_OPTIONAL),
    SHAPE_MEMBER("Tables", &bare_map, SHAPE_OPTIONAL),
};
static const struct shape alone_shape = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(alone_members)};

static void test_alone_and_bare(void **state)
{
    (void)state;
    expect(&alone_shape, "{'Number':10}", ONE VALUE("null", "name") "not be null");
    expect(&alone_shape, "{'Number':10,'Name':''}",
           ONE VALUE("''", "name") "have length greater than or equal to 1");
    expect(&alone_shape, "{'Number':10,'Name':'ABCD'}",
           ONE VALUE("'ABCD'", "name") "have length less than or equal to 3");
    expect(&alone_shape, "{'Number':10,'Name':'AB'}",
           ONE VALUE("'AB'", "name") "satisfy regular expression pattern: [a-z]+");
    expect(&alone_shape, "{'Number':10,'Name':'ab','Limit':0}",
           TWO VALUE("'10'", "number") "have value less than or equal to 9; "
                                       "Value at 'Limit' failed to satisfy constraint: Member must "
                                       "have value greater than or equal to 1");
    expect(&alone_shape, "{'Name':'ab','Tables':{'one':{'Inside':[]}}}",
           ONE "Value at 'Tables.one.member.Inside' failed to satisfy constraint: Member must have "
               "length greater than or equal to 1");
    expect(&alone_shape, "{'Name':'ab','Tables':{'one':{'Inside':null}}}",
           ONE VALUE("null", "tables.one.member.inside") "not be null");
}

static void test_refused(void **state)
{
    (void)state;
    expect(&body_shape, "{'Refused':[]}",
           "ValidationException: dynlog does not support Refused yet");
    expect(&body_shape, "{'Refused':1,'Number':10}",
           ONE VALUE("'10'", "number") "have value less than or equal to 9");
    expect(&body_shape, "{'Inner':{'Needed':'','Later':1}}",
           "ValidationException: dynlog does not support Later yet");
    expect(&body_shape, "{'List':[{'Needed':''},{'Needed':'','Later':{}}]}",
           "ValidationException: dynlog does not support Later yet");
    expect(&body_shape, "{'Lists':{'k':[{'Needed':'','Later':false}]}}",
           "ValidationException: dynlog does not support Later yet");
}

static void test_parameter(void **state)
{
    (void)state;
    expect(&parameter_shape, "{}",
           "ValidationException: The parameter 'Name' is required but was "
           "not present in the request");
    expect(&parameter_shape, "{'Name':'a'}",
           TWO VALUE("null", "other") "not be null; " VALUE(
               "'a'", "name") "have length greater than or equal to 2");
    expect(&parameter_shape, "{'Name':'ab','Other':''}", "");
}

static void test_nothing(void **state)
{
    (void)state;
    expect(&shape_nothing, "{'Any':{'a':[1]}}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_types),
        cmocka_unit_test(test_constraints),    cmocka_unit_test(test_maps),
        cmocka_unit_test(test_characters),     cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_alone_and_bare), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_parameter),      cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
